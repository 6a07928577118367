# SPDX-License-Identifier: GPL-2.0
"""What random changes must add up to: the obvious implementation."""

import random

from nltest import DEFAULTS, HTTP


class Model:
    """Clusters, route tables and listeners, by name and in order."""

    def __init__(self):
        self.clusters, self.tables, self.listeners = {}, {}, {}

    def copy(self):
        new = Model()
        new.clusters = {n: (dict(c), dict(e))
                        for n, (c, e) in self.clusters.items()}
        new.tables = {n: {v: (list(d), list(r)) for v, (d, r) in t.items()}
                      for n, t in self.tables.items()}
        new.listeners = {n: dict(l) for n, l in self.listeners.items()}
        return new

    def sound(self):
        used = {l["ROUTE_TABLE"] for l in self.listeners.values()}
        wanted = {r["ACTION"]["CLUSTER"] for t in self.tables.values()
                  for _, routes in t.values() for r in routes}
        ports = [l["PORT"] for l in self.listeners.values()]
        return (used <= set(self.tables) and wanted <= set(self.clusters)
                and len(set(ports)) == len(ports))

    def objects(self):
        def key(e):
            return f"{e[0]}:{e[1]}"
        for name, (settings, endpoints) in self.clusters.items():
            yield {"CLUSTER": {"NAME": name, **DEFAULTS, **settings}}
            for e in sorted(endpoints, key=key):
                yield {"ENDPOINT": {"CLUSTER": name, "ADDRESS": e[0],
                                    "PORT": e[1], "WEIGHT": endpoints[e],
                                    "PRIORITY": 0}}
        for name, table in self.tables.items():
            yield {"ROUTE_TABLE": {"NAME": name}}
            for host, (domains, routes) in table.items():
                yield {"VIRTUAL_HOST": {"ROUTE_TABLE": name, "NAME": host,
                                        "DOMAINS": domains, "ORDER": 0}}
                for i, r in enumerate(routes):
                    yield {"ROUTE": {"TIMEOUT": 0, "PRIORITY": 0,
                                     "ROUTE_TABLE": name, "VIRTUAL_HOST": host,
                                     "INDEX": i, **r}}
        for name, l in self.listeners.items():
            yield {"LISTENER": {"NAME": name, "ADDRESS": "10.96.0.1",
                                "PROTOCOL": 1, **HTTP, **l}}

    def cluster(self, cmd, name, endpoint, value):
        if not endpoint:
            exists = name in self.clusters
            if exists == (cmd == "ADD"):
                return False, {"CLUSTER": {"NAME": name}}
            o = {"CLUSTER": {"NAME": name, "MAX_IDLE": value}}
            if cmd == "DEL":
                del self.clusters[name], o["CLUSTER"]["MAX_IDLE"]
            else:
                self.clusters.setdefault(name, ({}, {}))[0]["MAX_IDLE"] = value
            return True, o
        o = {"ENDPOINT": {"CLUSTER": name, "ADDRESS": endpoint[0],
                          "PORT": endpoint[1]}}
        endpoints = self.clusters.get(name, (None, None))[1]
        if endpoints is None or (endpoint in endpoints) == (cmd == "ADD"):
            return False, o
        if cmd == "DEL":
            del endpoints[endpoint]
        else:
            o["ENDPOINT"]["WEIGHT"] = endpoints[endpoint] = value
        return True, o

    def table(self, cmd, name, host, index, value):
        table = self.tables.get(name)
        if not host:
            o = {"ROUTE_TABLE": {"NAME": name}}
            if (table is not None) == (cmd == "ADD"):
                return False, o
            if cmd == "DEL":
                del self.tables[name]
            else:
                self.tables.setdefault(name, {})
            return True, o
        if index is None:
            o = {"VIRTUAL_HOST": {"ROUTE_TABLE": name, "NAME": host}}
            good = table is not None and (host in table) != (cmd == "ADD")
            if cmd != "DEL":
                o["VIRTUAL_HOST"]["DOMAINS"] = [f"{host}.{value}.example"]
            if good and cmd == "DEL":
                del table[host]
            elif good:
                table[host] = (o["VIRTUAL_HOST"]["DOMAINS"],
                               table.get(host, ([], []))[1])
            return good, o
        o = {"ROUTE": {"ROUTE_TABLE": name, "VIRTUAL_HOST": host,
                       "INDEX": index}}
        new = {"MATCH": {"PATH_EXACT": f"/{value}"},
               "ACTION": {"CLUSTER": f"c{value % 6}"}}
        routes = (table or {}).get(host, (None, None))[1]
        good = routes is not None and \
            index < len(routes) + (1 if cmd == "ADD" else 0)
        if cmd != "DEL":
            o["ROUTE"].update(new)
        if good:
            routes[index:index + (cmd != "ADD")] = [] if cmd == "DEL" else [new]
        return good, o

    def listener(self, cmd, name, value):
        o = {"LISTENER": {"NAME": name}}
        good = (name in self.listeners) != (cmd == "ADD")
        new = {"PORT": value % 12, "ROUTE_TABLE": f"t{value % 3}"}
        if cmd != "DEL":
            o["LISTENER"].update(ADDRESS="10.96.0.1", PROTOCOL=1, **new)
        if good and cmd == "DEL":
            del self.listeners[name]
        elif good:
            self.listeners.setdefault(name, {}).update(new)
        return good, o

    def step(self):
        """A random change: command, whether it is possible, object."""
        cmd = random.choice(("ADD", "ADD", "SET", "DEL"))
        what = random.randrange(10)
        value = random.randint(1, 999)
        if what < 4:
            endpoint = (f"10.0.0.{random.randint(1, 12)}", 80)
            good, o = self.cluster(cmd, f"c{random.randrange(6)}",
                                   what and endpoint, value)
        elif what < 9:
            good, o = self.table(cmd, f"t{random.randrange(3)}",
                                 what > 4 and f"h{random.randrange(4)}",
                                 random.randrange(5) if what > 6 else None,
                                 value)
        else:
            good, o = self.listener(cmd, f"l{random.randrange(6)}", value)
        return cmd, good, o
