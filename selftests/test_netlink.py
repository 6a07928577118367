#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Objects in generic netlink: added, changed, removed, dumped."""

import errno
import os
import random
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from l7 import equal, run_tests, true
from l7nl import ENUMS, UAPI, Genl
from l7nl_tables import OPTIONS
from nltest import (DEFAULTS, EVERYTHING, HTTP, LIMITS_OTHER, NEW, ROUTES, alone,
                    base, generation, load, refused)


@alone("a namespace without a mesh: empty answers")
def _():
    g = Genl()
    info = g.do("INFO_GET")[0]
    equal((info["GENERATION"], info["CONFIG_BYTES"]), (0, 0))
    equal(info["CONFIG_BYTES_MAX"], 256 << 20)
    true(info["VERSION"])
    equal(g.objects(), [])
    equal(g.dump("ATTACHED_GET"), [])
    equal({s["STAT"]["VALUE"] for s in g.dump("STATS_GET")}, {0})
    g.do("FLUSH")
    g.do("DRAIN")
    refused(errno.ENOENT, g.do, "TXN_COMMIT", text="no transaction is open")
    refused(errno.ENOENT, g.do, "TXN_ABORT")
    refused(errno.ENOENT, g.delete, CLUSTER={"NAME": "a"}, path="CLUSTER.NAME")


@alone("every kind, every attribute, one by one: dumped as it was added")
def _():
    g = Genl()
    for o in EVERYTHING:
        g.do("ADD", o)
    equal(g.objects(), EVERYTHING)
    equal(generation(g), len(EVERYTHING))


@alone("the same in one transaction, and its dump loads again")
def _():
    g = Genl()
    equal(load(g, EVERYTHING), 1)
    dump = g.objects()
    equal(dump, EVERYTHING)
    equal(load(g, dump), 2)
    equal(g.objects(), EVERYTHING)
    equal({o["GENERATION"] for o in g.dump("GET")}, {2})


@alone("plain options take either end of what is allowed, all together")
def _():
    g = base(Genl())
    for kind, options in OPTIONS.items():
        g.do("ADD", NEW[kind])
        for end in 1, 2:
            wanted = {name: option[end] for name, option in options.items()}
            g.do("SET", {kind: {"NAME": "n", **wanted}})
            got = next(o[kind] for o in g.objects() if o.get(kind, {}).get("NAME") == "n")
            equal({name: got[name] for name in wanted}, wanted)


@alone("GET of one kind")
def _():
    g = base(Genl())
    for name, kind in ENUMS["l7mesh_kind"][1:]:
        name = name[len("L7MESH_KIND_"):]
        equal(g.objects(KIND=kind), [o for o in EVERYTHING if name in o])
    refused(errno.ERANGE, g.dump, "GET", {"KIND": 0})
    refused(errno.ERANGE, g.dump, "GET", {"KIND": len(ENUMS["l7mesh_kind"])})


@alone("ADD of what exists is refused, SET and DEL of what does not exist")
def _():
    g = base(Genl())
    key = {"CLUSTER": "CLUSTER.NAME", "ENDPOINT": "ENDPOINT.ADDRESS",
           "LISTENER": "LISTENER.NAME", "ROUTE_TABLE": "ROUTE_TABLE.NAME",
           "VIRTUAL_HOST": "VIRTUAL_HOST.NAME", "SPLICE": "SPLICE",
           "WORKLOAD": "WORKLOAD.NAME", "AUTHORIZATION": "AUTHORIZATION.NAME"}
    for o in EVERYTHING:
        kind = next(iter(o))
        if kind in key:
            refused(errno.EEXIST, g.do, "ADD", o, path=key[kind],
                    text="exists already")
    vhost = {"ROUTE_TABLE": "t", "VIRTUAL_HOST": "v", "INDEX": len(ROUTES)}
    absent = [
        ({"CLUSTER": {"NAME": "z"}}, "CLUSTER.NAME"),
        ({"ENDPOINT": {"CLUSTER": "a", "ADDRESS": "10.0.0.1", "PORT": 81}},
         "ENDPOINT.ADDRESS"),
        ({"ENDPOINT": {"CLUSTER": "z", "ADDRESS": "10.0.0.1", "PORT": 80}},
         "ENDPOINT.CLUSTER"),
        ({"LISTENER": {"NAME": "z"}}, "LISTENER.NAME"),
        ({"ROUTE_TABLE": {"NAME": "z"}}, "ROUTE_TABLE.NAME"),
        ({"VIRTUAL_HOST": {"ROUTE_TABLE": "t", "NAME": "z"}},
         "VIRTUAL_HOST.NAME"),
        ({"VIRTUAL_HOST": {"ROUTE_TABLE": "z", "NAME": "v"}},
         "VIRTUAL_HOST.ROUTE_TABLE"),
        ({"ROUTE": vhost}, "ROUTE.INDEX"),
        ({"ROUTE": {**vhost, "VIRTUAL_HOST": "z"}}, "ROUTE.VIRTUAL_HOST"),
        ({"ROUTE": {**vhost, "ROUTE_TABLE": "z"}}, "ROUTE.ROUTE_TABLE"),
    ]
    for cmd in "SET", "DEL":
        for o, path in absent:
            refused(errno.ENOENT, g.do, cmd, o, path=path)
    refused(errno.ENOENT, g.add, path="ENDPOINT.CLUSTER",
            text="no such cluster",
            ENDPOINT={"CLUSTER": "z", "ADDRESS": "10.0.0.1", "PORT": 80})
    refused(errno.ENOENT, g.add, path="ROUTE.INDEX", text=f"{len(ROUTES)} routes",
            ROUTE={**vhost, "INDEX": len(ROUTES) + 1, "ACTION": {"CLUSTER": "a"}})
    equal((generation(g), g.objects()), (1, EVERYTHING))


def own_hash(g, policies):
    """Of the route that has hash policies of its own."""
    g.do("SET", {"ROUTE": {"ROUTE_TABLE": "t", "VIRTUAL_HOST": "v", "INDEX": 8,
                           "HASH": policies}})


@alone("SET changes what is given and leaves the rest")
def _():
    g = base(Genl())
    now = {i: {k: dict(v) for k, v in o.items()}
           for i, o in enumerate(EVERYTHING)}

    def change(i, kind, key, **new):
        g.do("SET", {kind: {**{k: now[i][kind][k] for k in key}, **new}})
        now[i][kind].update(new)
        equal(g.objects(), list(now.values()))

    refused(errno.EINVAL, g.set, CLUSTER={"NAME": "a", "HASH": []},
            text='route 8 of virtual host "v" has hash policies')
    own_hash(g, [])
    del now[15]["ROUTE"]["HASH"]
    for new in ({"LB": 1}, {"TABLE_SIZE": 257}, {"CONNECT_TIMEOUT": 9},
                {"HASH": [{"HEADER": "y"}]}, {"RESPONSE_TIMEOUT": 8},
                {"IDLE_TIMEOUT": 7}, {"MAX_IDLE": 0}, {"HASH": []},
                {"LB": 3}, {"RING_MIN": 8388608}, {"RING_MIN": 9},
                {"RING_MAX": 9}, {"LB": 5}, {"CHOICES": 3}, {"DECAY": 1},
                *({n: DEFAULTS[n]} for n in LIMITS_OTHER),
                {"LOCALITIES": [{"NAME": "y" * 63, "WEIGHT": 2},
                                {"NAME": "z", "WEIGHT": 1}]},
                {"SUBSETS": [{"NAME": "none", "METADATA": "a=b"},
                             {"NAME": "s" * 63, "METADATA": "c=d"}]},
                {"HEALTH_CHECK": {
                    "INTERVAL": 1, "TIMEOUT": 1000, "JITTER": 0,
                    "NO_TRAFFIC_INTERVAL": 60000, "UNHEALTHY_THRESHOLD": 3,
                    "HEALTHY_THRESHOLD": 2}},
                {"HASH": [{"COOKIE": "c"}, {"COOKIE": "d", "COOKIE_TTL": 0},
                          {"COOKIE": "e", "COOKIE_TTL": 31536000,
                           "COOKIE_PATH": "/"}, {"QUERY": "q[]"},
                          {"PATH": True}]}, {}):
        change(0, "CLUSTER", ["NAME"], **new)
    g.do("SET", {"CLUSTER": {"NAME": "a", "SESSION": {"COOKIE": "s"}}})
    now[0]["CLUSTER"]["SESSION"] = {"COOKIE": "s", "TTL": 0}
    equal(g.objects(), list(now.values()))
    g.do("SET", {"CLUSTER": {"NAME": "a", "SESSION": {}}})
    del now[0]["CLUSTER"]["SESSION"]
    equal(g.objects(), list(now.values()))
    g.do("SET", {"CLUSTER": {"NAME": "a", "HEALTH_CHECK": {}}})
    del now[0]["CLUSTER"]["HEALTH_CHECK"]
    g.do("SET", {"CLUSTER": {"NAME": "a", "HEALTH_CHECK": {"INTERVAL": 7}}})
    now[0]["CLUSTER"]["HEALTH_CHECK"] = {
        "INTERVAL": 7, "TIMEOUT": 1000, "JITTER": 0,
        "NO_TRAFFIC_INTERVAL": 60000, "UNHEALTHY_THRESHOLD": 3,
        "HEALTHY_THRESHOLD": 2}
    for new in ({"WEIGHT": 5}, {"PRIORITY": 1}, {"LOCALITY": "z"},
                {"LOCALITY": "y" * 63}, {"METADATA": "a=b"}, {}):
        change(2, "ENDPOINT", ["CLUSTER", "ADDRESS", "PORT"], **new)
    g.do("SET", {"ENDPOINT": {"CLUSTER": "a", "ADDRESS": "10.0.0.2",
                              "PORT": 65535, "LOCALITY": "",
                              "METADATA": ""}})
    del now[2]["ENDPOINT"]["LOCALITY"], now[2]["ENDPOINT"]["METADATA"]
    equal(g.objects(), list(now.values()))
    refused(errno.ENOENT, g.set, CLUSTER={"NAME": "a", "LOCALITIES": []},
            text='no locality "' + "y" * 63 + '", in which its endpoint')
    refused(errno.ENOENT, g.set, CLUSTER={"NAME": "a", "SUBSETS": []},
            text='refers to subset "none", which cluster "a" does not have')
    equal(g.objects(), list(now.values()))
    for new in ({"DOMAINS": ["only.example"]}, {"ORDER": 0},
                {"REQUEST_HEADERS": [{"NAME": "x-b", "OP": 3}]},
                {"RESPONSE_HEADERS": [{"NAME": "x-c", "VALUE": "c", "OP": 1}]},
                {}):
        change(6, "VIRTUAL_HOST", ["ROUTE_TABLE", "NAME"], **new)
    keys = ["ROUTE_TABLE", "VIRTUAL_HOST", "INDEX"]
    change(7, "ROUTE", keys, MATCH={"METHOD": "PUT"})
    change(7, "ROUTE", keys, ACTION={"CLUSTER": "a"})
    change(8, "ROUTE", keys, ACTION=ROUTES[2]["ACTION"],
           MATCH=ROUTES[0]["MATCH"])
    change(7, "ROUTE", keys, MATCH={"PATH_REGEX": "/.*"})
    change(7, "ROUTE", keys, ACTION={"CLUSTER": "b"})
    change(7, "ROUTE", keys, REQUEST_HEADERS=[{"NAME": "x-b", "OP": 3}])
    change(7, "ROUTE", keys,
           RESPONSE_HEADERS=[{"NAME": "x-c", "VALUE": "c", "OP": 1}])
    change(7, "ROUTE", keys, CORS={"ALLOW_ORIGINS": ["*"],
                                   "ALLOW_CREDENTIALS": 0})
    change(7, "ROUTE", keys, TIMEOUT=1)
    change(7, "ROUTE", keys, RETRY={
        "ON": 8, "STATUS": b"\x64\0", "NUM_RETRIES": 2, "PER_TRY_TIMEOUT": 1,
        "BACKOFF": 1, "MAX_BACKOFF": 1, "REPLAY_LIMIT": 0,
        "AVOID_PREVIOUS_HOSTS": 0, "HEDGE_ON_PER_TRY_TIMEOUT": 1})
    i = len(now) - 1
    for new in ({"POLICY": 3}, {"EXCEPT": [{"PORT": 1}]}, {"EXCEPT": []},
                {"BYPASS_SHAPING": 0}, {}):
        change(i, "SPLICE", [], **new)
    i = next(i for i, o in now.items()
             if o.get("LISTENER", {}).get("PORT") == 81)
    change(i, "LISTENER", ["NAME"], PORT=82, REQUEST_TIMEOUT=77)
    for name, value in HTTP.items():
        change(i, "LISTENER", ["NAME"], **{name: value})
    change(i, "LISTENER", ["NAME"], ADDRESS="10.96.0.9")
    for new in ({"PORT": 1, "PORT_END": 2}, {"PORT_END": 65535},
                {"ADDRESSES": ["10.96.1.1", "10.96.1.2"]}, {"ADDRESSES": ["10.96.1.2"]},
                {"FROM": [b"\x0a\0\0\0\x08", bytes(5)]}, {"FROM": [bytes(5)]}):
        change(i, "LISTENER", ["NAME"], **new)
    g.set(LISTENER={"NAME": "proxy", "ADDRESSES": [], "FROM": [], "PORT_END": 0})
    for name in "ADDRESSES", "FROM", "PORT_END":
        del now[i]["LISTENER"][name]
    k = next(k for k, o in now.items() if o.get("LISTENER", {}).get("NAME") == "http")
    for new in {"PACKETS": 1, "INTERFACE": "a" * 15}, {"INTERFACE": "x"}:
        change(k, "LISTENER", ["NAME"], **new)
    g.set(LISTENER={"NAME": "http", "INTERFACE": ""})
    del now[k]["LISTENER"]["INTERFACE"]
    change(i, "LISTENER", ["NAME"], PROXY_ADDRESS="127.0.0.2", PROXY_PORT=1)
    # Another target takes the place of the old one.
    g.set(LISTENER={"NAME": "proxy", "CLUSTER": "b"})
    for name in "PROXY_ADDRESS", "PROXY_PORT":
        del now[i]["LISTENER"][name]
    now[i]["LISTENER"]["CLUSTER"] = "b"
    got = g.objects(KIND=UAPI["L7MESH_KIND_LISTENER"])
    equal(got[-1], now[i])
    g.set(LISTENER={"NAME": "proxy", "PROTOCOL": 1, "ROUTE_TABLE": "t"})
    refused(errno.EINVAL, g.set, LISTENER={"NAME": "proxy", "PROTOCOL": 0},
            path="LISTENER.PROTOCOL")


@alone("SET with nothing in a policy removes it from a route")
def _():
    g = base(Genl())
    now = [{k: dict(v) for k, v in o.items()} for o in EVERYTHING]
    routes = {name: next(o["ROUTE"] for o in now if name in o.get("ROUTE", {}))
              for name in ("CORS", "RETRY", "RATE_LIMIT", "FAULT", "MIRRORS")}
    for name, route in routes.items():
        key = {k: route[k] for k in ("ROUTE_TABLE", "VIRTUAL_HOST", "INDEX")}
        had = route.pop(name)
        for none in ({}, {"ALLOW_ORIGINS": []}) if name == "CORS" else (type(had)(),):
            g.set(ROUTE={**key, name: had})
            g.set(ROUTE={**key, name: none})
            equal(g.objects(), now)


@alone("DEL removes what belongs to it")
def _():
    g = base(Genl())
    for o in ({"LISTENER": {"NAME": "http"}}, {"LISTENER": {"NAME": "tcp"}}):
        g.do("DEL", o)
    refused(errno.ENOENT, g.delete, CLUSTER={"NAME": "a"}, path="CLUSTER.NAME",
            text='virtual host "v" refers to cluster "a"')
    g.delete(VIRTUAL_HOST={"ROUTE_TABLE": "t", "NAME": "v"})
    g.delete(CLUSTER={"NAME": "a"})
    left = [o for o in EVERYTHING
            if o in ({"CLUSTER": {"NAME": "b", **DEFAULTS}},
                     {"ROUTE_TABLE": {"NAME": "t"}})
            or o.get("VIRTUAL_HOST", {}).get("NAME") == "w"
            or o.get("LISTENER", {}).get("NAME") == "proxy" or "SPLICE" in o
            or "WORKLOAD" in o or "AUTHORIZATION" in o]
    equal(g.objects(), left)
    g.delete(ROUTE_TABLE={"NAME": "t"})
    g.delete(CLUSTER={"NAME": "b"})
    g.delete(LISTENER={"NAME": "proxy"})
    g.delete(SPLICE={})
    for name in "w", "x":
        g.delete(WORKLOAD={"NAME": name})
    for name in "p", "q":
        g.delete(AUTHORIZATION={"NAME": name})
    equal(g.objects(), [])
    refused(errno.ENOENT, g.delete, SPLICE={}, path="SPLICE")
    refused(errno.ENOENT, g.set, SPLICE={"POLICY": 3}, path="SPLICE")
    g.add(SPLICE={})
    equal(g.objects(), [{"SPLICE": {"POLICY": 0, "EXCEPT": [],
                                    "BYPASS_SHAPING": 0}}])
    # What was removed can be made again, and has nothing of the old.
    load(g, EVERYTHING)
    g.do("FLUSH")
    equal(g.objects(), [])
    g.add(CLUSTER={"NAME": "a"})
    equal(g.objects(), [{"CLUSTER": {"NAME": "a", **DEFAULTS}}])


@alone("routes keep their order: ADD before an index, DEL, SET")
def _():
    g = Genl()
    g.add(ROUTE_TABLE={"NAME": "t"})
    g.add(VIRTUAL_HOST={"ROUTE_TABLE": "t", "NAME": "v", "DOMAINS": ["*"]})
    where = {"ROUTE_TABLE": "t", "VIRTUAL_HOST": "v"}
    random.seed(1)
    model = []
    for i in range(60):
        action = {"DIRECT_RESPONSE": {"STATUS": 200 + i}}
        at = random.randint(0, len(model))
        if i % 5 == 4:
            at = min(at, len(model) - 1)
            g.delete(ROUTE={**where, "INDEX": at})
            del model[at]
        elif i % 7 == 6:
            at = min(at, len(model) - 1)
            g.set(ROUTE={**where, "INDEX": at, "ACTION": action})
            model[at] = action
        elif at == len(model):
            g.add(ROUTE={**where, "ACTION": action})
            model.append(action)
        else:
            g.add(ROUTE={**where, "INDEX": at, "ACTION": action})
            model.insert(at, action)
    equal([o["ROUTE"]["ACTION"] for o in
           g.objects(KIND=UAPI["L7MESH_KIND_ROUTE"])], model)


@alone("endpoints are sorted by key, and keep their place in a dump")
def _():
    g = Genl()
    g.add(CLUSTER={"NAME": "c", "LB": 1})
    addresses = ["10.0.0.2", "10.0.0.10", "fd00::1", "10.0.0.1", "9.0.0.1",
                 "fd00::2", "192.168.0.1"]
    ports = [80, 8080, 9]
    keys = []
    for address in addresses:
        for port in ports:
            g.add(ENDPOINT={"CLUSTER": "c", "ADDRESS": address, "PORT": port})
            host = f"[{address}]" if ":" in address else address
            keys.append((f"{host}:{port}", address, port))
    got = [(o["ENDPOINT"]["ADDRESS"], o["ENDPOINT"]["PORT"])
           for o in g.objects() if "ENDPOINT" in o]
    equal(got, [k[1:] for k in sorted(keys)])
    # A mapped IPv6 address is the IPv4 address.
    refused(errno.EEXIST, g.add, path="ENDPOINT.ADDRESS", ENDPOINT={
        "CLUSTER": "c", "ADDRESS": "::ffff:10.0.0.1", "PORT": 80})


@alone("notifications: the object, then the generation")
def _():
    g, monitor = Genl(), Genl()
    monitor.subscribe()
    n = 0
    for o in EVERYTHING:
        g.do("ADD", o)
        n += 1
        equal(monitor.event(), ("ADD", {"GENERATION": n, **o}))
        equal(monitor.event(), ("CHANGED", {"GENERATION": n}))
    g.set(CLUSTER={"NAME": "b", "MAX_IDLE": 7})
    equal(monitor.event()[1]["CLUSTER"], {"NAME": "b", **DEFAULTS,
                                          "MAX_IDLE": 7})
    monitor.event()
    keys = ({"ENDPOINT": {"CLUSTER": "a", "ADDRESS": "fd00::1", "PORT": 1}},
            {"ROUTE": {"ROUTE_TABLE": "t", "VIRTUAL_HOST": "v", "INDEX": 1}},
            {"VIRTUAL_HOST": {"ROUTE_TABLE": "t", "NAME": "w"}},
            {"LISTENER": {"NAME": "http"}}, {"LISTENER": {"NAME": "tcp"}},
            {"ROUTE_TABLE": {"NAME": "t"}}, {"CLUSTER": {"NAME": "a"}},
            {"SPLICE": {}})
    for o in keys:
        g.do("DEL", o)
        name, got = monitor.event()
        got.pop("GENERATION")
        equal((name, got), ("DEL", o))
        equal(monitor.event()[0], "CHANGED")
    load(g, EVERYTHING)
    equal(monitor.event()[0], "CHANGED")
    g.do("FLUSH")
    equal(monitor.event()[0], "CHANGED")
    refused(errno.ENOENT, g.delete, CLUSTER={"NAME": "z"})
    g.do("TXN_BEGIN")
    g.add(CLUSTER={"NAME": "z"})
    g.do("TXN_ABORT")
    # A large object as well.
    big = {"HEADERS": [{"NAME": f"h{i}", "EXACT": "x" * 4000}
                       for i in range(13)]}
    g.add(ROUTE_TABLE={"NAME": "t"})
    g.add(VIRTUAL_HOST={"ROUTE_TABLE": "t", "NAME": "v", "DOMAINS": ["*"]})
    route = {"ROUTE_TABLE": "t", "VIRTUAL_HOST": "v", "MATCH": big,
             "ACTION": {"DIRECT_RESPONSE": {"STATUS": 200}}, "TIMEOUT": 0,
             "PRIORITY": 0}
    g.add(ROUTE=route)
    for _ in range(4):
        monitor.event()
    name, got = monitor.event()
    equal((name, got["ROUTE"]), ("ADD", {**route, "INDEX": 0}))
    equal(g.objects()[-1], {"ROUTE": {**route, "INDEX": 0}})


@alone("maglev: the table in pieces, with or without hash policies")
def _():
    g = base(Genl())
    eps = [{**o["ENDPOINT"]} for o in EVERYTHING if "ENDPOINT" in o]

    def table(name):
        answers = g.dump("MAGLEV_GET", {"CLUSTER_NAME": name})
        shown = [o["ENDPOINT"] for o in answers if "ENDPOINT" in o]
        pieces = [o["MAGLEV"] for o in answers if "MAGLEV" in o]
        equal(pieces[0]["FIRST"], 0)
        entries = b""
        for p in pieces:
            equal(p["FIRST"] * 4, len(entries))
            entries += p["ENTRIES"]
        entries = struct.unpack(f"={len(entries) // 4}I", entries)
        equal(len(entries), pieces[0]["SIZE"])
        return shown, entries

    equal(table("a")[0], eps[:2])
    for ep in eps:
        g.set(ENDPOINT={**ep, "PRIORITY": 0, "LOCALITY": ""})
        ep.update(PRIORITY=0)
        ep.pop("LOCALITY", None)
    shown, entries = table("a")
    equal((shown, len(entries)), (eps, 251))
    true(entries.count(1) > 240, "weights count for nothing")
    g.set(CLUSTER={"NAME": "a", "TABLE_SIZE": 65537})
    for ep in eps:
        g.set(ENDPOINT={**ep, "WEIGHT": 1})
    _, entries = table("a")
    equal(len(entries), 65537)
    true(max(map(entries.count, range(3))) - min(map(entries.count, range(3)))
         < 656, "unbalanced")
    own_hash(g, [])
    g.set(CLUSTER={"NAME": "a", "HASH": []})
    equal(table("a")[1], entries)
    equal(table("b"), ([], ()))
    g.set(CLUSTER={"NAME": "b", "LB": 2})
    refused(errno.EINVAL, g.dump, "MAGLEV_GET", {"CLUSTER_NAME": "b"},
            text="not maglev")
    refused(errno.ENOENT, g.dump, "MAGLEV_GET", {"CLUSTER_NAME": "z"},
            text="no such cluster")
    refused(errno.EINVAL, g.dump, "MAGLEV_GET", text="CLUSTER_NAME is missing")


@alone("explain: a request, a connection; what is wrong is refused with a reason")
def _():
    g = base(Genl())
    http = next(o["LISTENER"] for o in EVERYTHING
                if o.get("LISTENER", {}).get("PROTOCOL") ==
                UAPI["L7MESH_PROTOCOL_HTTP"])
    tcp = next(o["LISTENER"] for o in EVERYTHING if
               o.get("LISTENER", {}).get("CLUSTER"))
    head = b"GET / HTTP/1.1\r\nHost: nobody.example\r\n\r\n"

    def ask(**question):
        return g.dump("EXPLAIN", {"EXPLAIN": question})
    said = ask(LISTENER=http["NAME"], HEAD=head, SOURCE="fd00::9",
               SOURCE_NETNS=7, PORT=8080)
    equal(said[0]["EXPLANATION"]["CLIENT"], "fd00::9")
    true(set(said[0]["EXPLANATION"]) >= {"PROTOCOL", "ROUTE_TABLE", "POLICIES"})
    true(all("MISMATCH" in o for o in said if len(o) == 1 and
             not set(o) & {"EXPLANATION", "ROUTE", "REQUEST_HEAD", "RESPONSE"}))
    said = ask(LISTENER=tcp["NAME"])
    equal((len(said), said[0]["EXPLANATION"]["CLUSTER"]), (1, tcp["CLUSTER"]))
    for code, text, question in (
            (errno.EINVAL, "EXPLAIN is missing", None),
            (errno.EINVAL, "LISTENER is missing", {}),
            (errno.ENOENT, "no such listener", {"LISTENER": "z"}),
            (errno.EINVAL, "HEAD is missing", {"LISTENER": http["NAME"]}),
            (errno.EINVAL, "HEAD is given",
             {"LISTENER": tcp["NAME"], "HEAD": head}),
            (errno.EINVAL, "there can be one of them",
             {"LISTENER": http["NAME"], "HEAD": head, "SERVER_NAME": "a"}),
            (errno.EINVAL, "neither tls nor auto",
             {"LISTENER": tcp["NAME"], "SERVER_NAME": "a"}),
            (errno.ERANGE, "", {"LISTENER": tcp["NAME"], "SERVER_NAME": 254 * "a"}),
            (errno.EINVAL, "up to the blank line",
             {"LISTENER": http["NAME"], "HEAD": head[:-1]}),
            (errno.EINVAL, "up to the blank line",
             {"LISTENER": http["NAME"], "HEAD": head + b"x"}),
            (errno.EINVAL, "up to the blank line",
             {"LISTENER": http["NAME"], "HEAD": b""}),
            (errno.EINVAL, "nobody can connect",
             {"LISTENER": tcp["NAME"], "SOURCE": "0.0.0.0"}),
            (errno.ERANGE, "", {"LISTENER": tcp["NAME"], "PORT": 0}),
            (errno.ERANGE, "", {"LISTENER": http["NAME"],
                                "HEAD": bytes(65001)})):
        refused(code, g.dump, "EXPLAIN", {} if question is None else
                {"EXPLAIN": question}, text=text)
    equal(generation(g), 1)


@alone("stats: every counter, every endpoint, every policy, every workload with a namespace")
def _():
    g = base(Genl())
    answers = g.dump("STATS_GET")
    names = [o["STAT"]["NAME"] for o in answers if "STAT" in o]
    equal(len(names), len(set(names)))
    true("intercepted_l4" in names and "requests" in names, names)
    equal([o["ENDPOINT_STATS"] for o in answers if "ENDPOINT_STATS" in o],
          [{**{k: o["ENDPOINT"][k] for k in ("CLUSTER", "ADDRESS", "PORT")},
            "CONNECTIONS": 0, "REQUESTS": 0, "FAILURES": 0,
            "ACTIVE": 0, "EJECTED": 0, "DRAINING": 0, "HEALTHY": 0}
           for o in EVERYTHING if "ENDPOINT" in o])
    equal([o["AUTHORIZATION_STATS"] for o in answers if "AUTHORIZATION_STATS" in o],
          [{"NAME": "p", "AUDITED": 0}, {"NAME": "q", "ALLOWED": 0, "WOULD_ALLOW": 0, "CUT": 0}])
    equal([o["WORKLOAD_STATS"] for o in answers if "WORKLOAD_STATS" in o],
          [{"NAME": "w", "CONNECTIONS_REFUSED": 0, "REQUESTS_REFUSED": 0,
            "WOULD_REFUSE": 0}])


if __name__ == "__main__":
    sys.exit(run_tests())
