#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# takes: 130
"""Priorities, localities, subsets, slow start: which of many endpoints a request may go to
at all. Envoy's arithmetic, value for value where there is a hash.

   clients in pod "app" -- a virtual IP -- raw servers in pod "web"
"""

import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from endpoints import OK, VIP, WEB, Endpoints, answer, ask
from l7 import (Client, apply, close_clients, close_connections, equal, meshctl, note,
                pods_of_a_mesh, run_tests, stats, test, true)
from xxh64 import xxh64

PORTS = range(9100, 9108)
GOLDEN = 0x9e3779b97f4a7c15
M64 = (1 << 64) - 1
many = None


def mesh(*places, lb="ring_hash", **cluster):
    """A mesh whose endpoints are at these places: (priority, locality)."""
    apply({
        "clusters": [{
            "name": "c", "lb": lb, "max_idle": 0, **cluster,
            **({"hash": [{"header": "x-user"}]} if "hash" in lb or
               lb == "maglev" else {}),
            "endpoints": [{"address": WEB, "port": port, "priority": p,
                           **({"locality": at} if at else {})}
                          for port, (p, at) in zip(PORTS, places)]}],
        "route_tables": [{"name": "main", "virtual_hosts": [
            {"name": "any", "domains": ["*"],
             "routes": [{"action": {"cluster": "c"}}]}]}],
        "listeners": [{"name": "one", "address": VIP, "port": 80,
                       "protocol": "http", "route_table": "main"}]})


def where(c, *fields, status=None, path="/"):
    """Which endpoint got a request."""
    ask(c, "GET", b"", *fields, path=path)
    which, conn, _ = many.taken()
    conn.send(answer(status) if status else OK)
    c.response()
    return which


def drain(*which):
    for i in which:
        meshctl("drain", "endpoint", "c", f"{WEB}:{PORTS[i]}")


def undrain(*which):
    for i in which:
        meshctl("drain", "endpoint", "c", f"{WEB}:{PORTS[i]}", "end")


def users(n=50):
    return [(f"user-{i}", xxh64(f"user-{i}".encode())) for i in range(n)]


def goes(allowed):
    """Each user goes to an endpoint that is allowed for its hash."""
    c = Client("app", VIP)
    seen = set()
    for user, h in users():
        got = where(c, f"x-user: {user}")
        true(got in allowed(h), (user, h % 100, got, allowed(h)))
        equal(where(c, f"x-user: {user}"), got)
        seen.add(got)
    c.close()
    return seen


def by_load(*levels):
    """Of (percent, endpoints) each."""
    def allowed(h):
        point = h % 100
        for load, endpoints in levels:
            if point < load:
                return endpoints
            point -= load
        raise AssertionError(levels)
    return allowed


@test("priorities: a hash goes to the first, and on as far as that one is ill",
      600)
def _():
    places = [(0, None)] * 4 + [(1, None)] * 2 + [(7, None)] * 2
    for lb in "ring_hash", "maglev":
        mesh(*places, lb=lb)
        first, second, third = {0, 1, 2, 3}, {4, 5}, {6, 7}
        equal(goes(by_load((100, first))), first)
        drain(0)
        equal(goes(by_load((100, first - {0}))), {1, 2, 3})
        drain(1)
        equal(goes(by_load((70, {2, 3}), (30, second))), {2, 3, 4, 5})
        drain(2)
        equal(goes(by_load((35, {3}), (65, second))), {3, 4, 5})
        drain(4)
        equal(goes(by_load((35, {3}), (65, {5}))), {3, 5})
        drain(5)
        equal(goes(by_load((35, {3}), (65, third))), {3, 6, 7})
        drain(3, 6)
        equal(goes(by_load((100, {7}))), {7})
        undrain(*range(8))
        equal(goes(by_load((100, first))), first)
        close_clients()


@test("priorities: the overprovisioning factor, and a threshold that nobody reaches")
def _():
    mesh(*[(0, None)] * 4, *[(1, None)] * 4, overprovisioning_factor=100)
    drain(0)
    goes(by_load((75, {1, 2, 3}), (25, {4, 5, 6, 7})))
    # 25 + 25 of 100: each half of what there is, and the rest is nobody's.
    drain(1, 2, 4, 5, 6)
    meshctl("set", "cluster", "c", "panic_threshold", "0")
    goes(by_load((50, {3}), (50, {7})))


@test("priorities: without a hash they are shares of the load", 300)
def _():
    # 35 and 65 percent; standard deviation of 600: 11.7
    for lb in "round_robin", "random", "least_request", "peak_ewma":
        mesh(*[(0, None)] * 4, *[(1, None)] * 2, lb=lb)
        drain(0, 1, 2)
        c = Client("app", VIP)
        got = [where(c) for _ in range(600)]
        note(f"{lb}: {[got.count(i) for i in range(6)]}")
        equal({i for i in range(6) if i in got}, {3, 4, 5})
        true(210 - 94 < got.count(3) < 210 + 94, got.count(3))
        c.close()


def eject(which):
    """These fail until they are ejected."""
    c = Client("app", VIP)
    for i in range(1000):
        up = [e["port"] - PORTS[0] for e in stats()["endpoints"]
              if not e["ejected_ms"]]
        if not set(up) & which:
            break
        ask(c, "GET", b"", f"x-user: {i}")
        got, conn, _ = many.taken()
        conn.send(answer(500) if got in which else OK)
        c.response()
    else:
        raise AssertionError("they are not ejected")
    c.close()


@test("panic: one priority uses all that it has; if all do, size is what counts", 300)
def _():
    outlier = {"consecutive_5xx": 1, "base_ejection_time": "60m",
               "max_ejection_percent": 100}
    mesh((0, None), (0, None), *[(1, None)] * 4, outlier_detection=outlier)
    eject({0, 2, 3})
    # 70 and 70: nobody panics.
    goes(by_load((70, {1}), (30, {4, 5})))
    meshctl("flush")
    mesh(*[(0, None)] * 4, *[(1, None)] * 4, outlier_detection=outlier)
    eject({0, 1, 2, 4, 5})
    # 35 and 70 make 100 in sum.
    goes(by_load((35, {3}), (65, {6, 7})))
    eject({0, 1, 2, 4, 5, 6})
    # 35 and 35: half of 70 each; one of four is below 50 percent: both panic.
    goes(by_load((50, {0, 1, 2, 3}), (50, {4, 5, 6, 7})))
    meshctl("flush")
    mesh((0, None), *[(1, None)] * 5, outlier_detection=outlier)
    eject({0, 1, 2, 3, 4, 5})
    # 100 / 6 of 1 and 500 / 6 of 5, and what is left is the first's.
    goes(by_load((17, {0}), (83, {1, 2, 3, 4, 5})))


def by_weight(*shares):
    """Of (weight, endpoints) each, as the hash's place in the whole."""
    def allowed(h):
        point = (h * GOLDEN & M64) * sum(w for w, _ in shares) >> 64
        for weight, endpoints in shares:
            if point < weight:
                return endpoints
            point -= weight
        raise AssertionError(shares)
    return allowed


@test("localities: their weights, less what they lack; of each priority apart", 300)
def _():
    places = [(0, "a"), (0, "a"), (0, "b"), (0, "b"), (1, "b"), (1, "a")]
    localities = [{"name": "b", "weight": 300}, {"name": "a"}]
    for lb in "ring_hash", "maglev":
        mesh(*places, lb=lb, localities=localities)
        equal(goes(by_weight((30000, {2, 3}), (100, {0, 1}))) - {0, 1}, {2, 3})
        meshctl("set", "cluster", "c", "locality", "b=3", "locality", "a")
        equal(goes(by_weight((300, {2, 3}), (100, {0, 1}))), {0, 1, 2, 3})
        drain(2)
        # 70 percent of b's weight; three of four are enough for the priority.
        equal(goes(by_weight((210, {3}), (100, {0, 1}))), {0, 1, 3})
        drain(3)
        equal(goes(lambda h: {0, 1} if h % 100 < 70 else
                   by_weight((300, {4}), (100, {5}))(h)), {0, 1, 4, 5})
        undrain(2, 3)
        close_clients()


@test("localities: an endpoint without one has nothing, but as the last resort")
def _():
    mesh((0, "a"), (0, None), (0, "b"), lb="round_robin",
         localities=[{"name": "a"}, {"name": "b"}])
    c = Client("app", VIP)
    equal({where(c) for _ in range(60)}, {0, 2})
    drain(0, 2)
    equal({where(c) for _ in range(10)}, {1})
    meshctl("set", "cluster", "c", "panic_threshold", "0")
    undrain(0)
    equal({where(c) for _ in range(10)}, {0})


@test("localities: endpoints move, are added and go; no request fails", 300)
def _():
    mesh((0, "a"), (0, "a"), (0, "b"), (1, "b"), lb="least_request",
         localities=[{"name": "a"}, {"name": "b"}])
    c = Client("app", VIP)
    for _ in range(5):
        for words in (("set", 0, "priority", "2"), ("set", 1, "locality", "b"),
                      ("del", 2), ("set", 0, "priority", "0", "locality", ""),
                      ("add", 2, "priority", "5", "locality", "a"),
                      ("set", 0, "locality", "a"), ("set", 1, "locality", "a"),
                      ("set", 2, "priority", "0", "locality", "b")):
            meshctl(words[0], "endpoint", "c", f"{WEB}:{PORTS[words[1]]}",
                    *words[2:])
            where(c)
    equal({where(c) for _ in range(60)}, {0, 1, 2})


def versions(*metadata, actions, lb="round_robin", **cluster):
    """A mesh whose endpoints have this metadata, with a route /0, /1, ... for each
    action; no endpoint is drained."""
    meshctl("flush")
    apply({
        "clusters": [{
            "name": "c", "lb": lb, "max_idle": 0,
            "subsets": [{"name": "v1", "metadata": "version=v1"},
                        {"name": "v2", "metadata": "version=v2"},
                        {"name": "canary",
                         "metadata": "stage=canary,version=v2"}],
            **({"hash": [{"header": "x-user"}]} if lb in ("maglev", "ring_hash")
               else {}),
            **cluster,
            "endpoints": [{"address": WEB, "port": port,
                           **(at if isinstance(at, dict) else
                              {"metadata": at})}
                          for port, at in zip(PORTS, metadata)]}],
        "route_tables": [{"name": "main", "virtual_hosts": [
            {"name": "any", "domains": ["*"], "routes": [
                {"match": {"path": {"exact": f"/{i}"}}, "action": action}
                for i, action in enumerate(actions)]}]}],
        "listeners": [{"name": "one", "address": VIP, "port": 80,
                       "protocol": "http", "route_table": "main"},
                      {"name": "l4", "address": VIP, "port": 81,
                       "protocol": "tcp", "cluster": "c"}]})


def reached(path, n=40, port=80):
    """Where requests of a path go, each on a connection of its own: how many."""
    counts = {}
    for i in range(n):
        c = Client("app", VIP, port)
        got = where(c, f"x-user: {i}", path=path)
        counts[got] = counts.get(got, 0) + 1
        c.close()
    return counts


V1, V2, CANARY = ({"cluster": "c", "subset": n} for n in ("v1", "v2", "canary"))


@test("subsets: their endpoints, and no other; without one all", 600)
def _():
    for lb in ("round_robin", "random", "least_request", "maglev",
               "ring_hash"):
        versions("version=v1", "version=v2", "a=b,version=v2,stage=canary",
                 "version=v11", "", "stage=canary,version=v1", lb=lb,
                 actions=[V1, V2, CANARY, {"cluster": "c"}])
        equal((lb, set(reached("/0"))), (lb, {0, 5}))
        equal((lb, set(reached("/1"))), (lb, {1, 2}))
        equal((lb, set(reached("/2", 10))), (lb, {2}))
        equal((lb, set(reached("/3", 80))), (lb, set(range(6))))
    equal(set(reached("/", 80, port=81)), set(range(6)))


@test("subsets: a split between two of one cluster; what each does to headers")
def _():
    versions("version=v1", "version=v2", "version=v1", actions=[
        {"weighted_clusters": [
            {"name": "c", "weight": 1, "subset": "v1"},
            {"name": "c", "weight": 1, "subset": "v2", "response_headers": [
                {"name": "x-version", "value": "two"}]}]}])
    c = Client("app", VIP)
    seen = set()
    for _ in range(100):
        ask(c, path="/0")
        which, conn, _ = many.taken()
        conn.send(OK)
        equal(c.response()[0].get("x-version"), "two" if which == 1 else None)
        seen.add(which)
    equal(seen, {0, 1, 2})


@test("subsets: one that has no endpoint: 503, or all if that is wanted")
def _():
    versions("version=v1", "version=v1", actions=[V1, V2])
    c = Client("app", VIP)
    before = stats()["counters"]["reply_503_no_endpoint"]
    ask(c, path="/1")
    equal(c.response()[0].status, 503)
    equal(stats()["counters"]["reply_503_no_endpoint"], before + 1)
    meshctl("set", "cluster", "c", "subset_fallback", "any_endpoint")
    equal(set(reached("/1")), {0, 1})
    meshctl("add", "endpoint", "c", f"{WEB}:{PORTS[4]}", "metadata",
            "version=v2")
    equal(set(reached("/1", 5)), {4})
    for i in 0, 1, 4:
        meshctl("del", "endpoint", "c", f"{WEB}:{PORTS[i]}")
    ask(c, path="/1")
    equal(c.response()[0].status, 503)


@test("subsets: who is ill leaves it to others of the subset, to the last", 300)
def _():
    versions("version=v1", "version=v2", "version=v2", "version=v1",
             actions=[V2])
    drain(1)
    equal(set(reached("/0", 10)), {2})
    drain(2)
    true(set(reached("/0")) <= {1, 2})
    # Priorities, localities and tables are of the subset's endpoints.
    for lb in "maglev", "ring_hash":
        versions({"priority": 0, "metadata": "version=v1"},
                 {"priority": 1, "metadata": "version=v2"},
                 {"priority": 1, "metadata": "version=v2"},
                 {"priority": 2, "metadata": "version=v2", "locality": "a"},
                 localities=[{"name": "a"}], lb=lb, actions=[V2])
        users_at = {i: reached_by(i) for i in range(30)}
        equal(set(users_at.values()), {1, 2})
        equal({i: reached_by(i) for i in range(30)}, users_at)
        drain(1, 2)
        equal({reached_by(i) for i in range(30)}, {3})


def reached_by(user):
    c = Client("app", VIP)
    got = where(c, f"x-user: {user}", path="/0")
    c.close()
    return got


@test("subsets: a retry and explain stay within")
def _():
    versions("version=v1", "version=v2", "version=v1", actions=[
        V1, {"cluster": "c"}])
    meshctl("set", "route", "main/any", "0", "path_exact", "/0", "cluster", "c",
            "subset", "v1", "retry_on", "5xx", "num_retries", "2", "backoff",
            "1ms")
    c = Client("app", VIP)
    for _ in range(5):
        ask(c, path="/0")
        seen = []
        for status in 500, 500, 200:
            which, conn, _ = many.taken()
            conn.send(answer(status))
            seen.append(which)
        equal(c.response()[0].status, 200)
        equal(set(seen), {0, 2})
    for _ in range(10):
        shown = json.loads(meshctl("-j", "explain", "one", "GET",
                                   "http://a/0"))
        true(shown["endpoint"] in (f"{WEB}:{PORTS[0]}", f"{WEB}:{PORTS[2]}"),
             shown)


@test("subsets: endpoints move, come and go under load; no request fails", 300)
def _():
    versions("version=v1", "version=v2", "version=v1", lb="least_request",
             actions=[V1, {"cluster": "c"}])
    c = Client("app", VIP)
    for _ in range(5):
        for words, allowed in (
                (("set", 1, "metadata", "version=v1"), {0, 1, 2}),
                (("set", 0, "metadata", "version=v2,x=y"), {1, 2}),
                (("del", 2), {1}),
                (("add", 2, "metadata", "x=y,version=v1"), {1, 2}),
                (("set", 1, "metadata", ""), {2}),
                (("set", 2, "weight", "7"), {2}),
                (("set", 0, "metadata", "version=v1"), {0, 2})):
            meshctl(words[0], "endpoint", "c", f"{WEB}:{PORTS[words[1]]}",
                    *words[2:])
            for _ in range(4):
                got = where(c, path="/0")
                true(got in allowed, (words, got))
            where(c, path="/1")
    meshctl("set", "cluster", "c", "subset", "v1:version=v2")
    equal(len(stats()["endpoints"]), 3)
    ask(c, path="/0")
    equal(c.response()[0].status, 503)


def session(c, cookie=None, path="/0", status=None):
    """Which endpoint got a request, and the cookie that its client is given."""
    ask(c, "GET", b"", *([f"Cookie: a=b; {cookie}"] if cookie else []),
        path=path)
    which, conn, _ = many.taken()
    conn.send(answer(status) if status else OK)
    given = c.response()[0].get("set-cookie")
    return which, given and given.split("; ")


@test("session affinity: the endpoint that the cookie names, and no other", 300)
def _():
    affinity = {"session_affinity": {"cookie": "sid", "ttl": 60, "path": "/"}}
    for lb in "round_robin", "maglev", "least_request":
        versions("", "", "", "", lb=lb, actions=[{"cluster": "c"}], **affinity)
        c = Client("app", VIP)
        ids = {}
        for _ in range(60):
            which, given = session(c)
            equal(given[1:], ["Max-Age=60", "Path=/", "HttpOnly"])
            equal(given[0], ids.setdefault(which, given[0]))
        if lb == "maglev":
            continue
        equal((len(ids), len(set(ids.values()))), (4, 4))
        for which, cookie in ids.items():
            want = xxh64(f"{WEB}:{PORTS[which]}".encode(), 2)
            equal(cookie, f'sid="{want:016x}"')
            for text in cookie, cookie.replace('"', "") + "; x=y":
                for _ in range(5):
                    equal(session(c, text), (which, None))
            said = json.loads(meshctl("-j", "explain", "one", "GET",
                                      "http://a/0", "header",
                                      f"Cookie: {cookie}"))
            equal((said["endpoint"], said["policies"]),
                  (f"{WEB}:{PORTS[which]}", ["session_affinity"]))
        # Others come and go: nobody moves.
        meshctl("add", "endpoint", "c", f"{WEB}:{PORTS[4]}")
        meshctl("del", "endpoint", "c", f"{WEB}:{PORTS[0]}")
        for which in 1, 2, 3:
            equal(session(c, ids[which]), (which, None))
        # What names nobody, or is none, is given another.
        for cookie in ids[0], "sid=", "sid=1", 'sid="' + "0" * 16 + '"', \
                "sid=" + "z" * 16, "sid=" + "f" * 300:
            which, given = session(c, cookie)
            true(which in (1, 2, 3, 4) and given, (cookie, which, given))
        # Who is drained has none of them any more.
        drain(1)
        which, given = session(c, ids[1])
        true(which != 1 and given)
        equal(session(c, given[0]), (which, None))
        undrain(1)
        equal(session(c, ids[1]), (1, None))
        c.close()


@test("session affinity: who has a session is given no cookie of a hash")
def _():
    versions("", "", lb="maglev", actions=[{"cluster": "c"}],
             hash=[{"cookie": "h", "cookie_ttl": 60}],
             session_affinity={"cookie": "sid"})
    c = Client("app", VIP)
    # With the longer one the hash is dear, and asked for beforehand.
    for size in 10, 4000:
        more = "p=" + "x" * size
        which, given = session(c, more)
        true(given[0].startswith("sid="), given)
        equal(session(c, f"{given[0]}; {more}"), (which, None))


@test("session affinity: without a ttl; of subsets, priorities, retries")
def _():
    versions("version=v1", "version=v2", {"metadata": "version=v1",
                                          "priority": 1},
             actions=[V1, {"cluster": "c"}],
             session_affinity={"cookie": "sid"})
    c = Client("app", VIP)
    of = {}
    for path in "/0", "/1":
        for _ in range(8):
            which, given = session(c, path=path)
            equal(given[1:], ["HttpOnly"])
            of[which] = given[0]
    equal(set(of), {0, 1})
    low = f'sid="{xxh64(f"{WEB}:{PORTS[2]}".encode(), 2):016x}"'
    equal(session(c, low), (2, None))
    which, given = session(c, of[1])
    equal((which, given[0]), (0, of[0]))
    equal(session(c, of[1], path="/1"), (1, None))
    meshctl("set", "route", "main/any", "1", "path_exact", "/1", "cluster", "c",
            "retry_on", "5xx", "backoff", "1ms")
    ask(c, "GET", b"", f"Cookie: {of[1]}", path="/1")
    which, conn, _ = many.taken()
    equal(which, 1)
    conn.send(answer(500))
    which, conn, _ = many.taken()
    equal(which, 0)
    conn.send(OK)
    true(c.response()[0].get("set-cookie").startswith(of[0]))
    meshctl("set", "cluster", "c", "session_affinity", "none")
    equal(session(c, of[1])[1], None)


@test("a tried endpoint is avoided, whatever its priority")
def _():
    mesh((0, None), (1, None), lb="round_robin")
    meshctl("set", "route", "main/any", "0", "match", "any", "cluster", "c",
            "retry_on", "5xx", "num_retries", "1")
    c = Client("app", VIP)
    ask(c)
    which, conn, _ = many.taken()
    equal(which, 0)
    conn.send(answer(500))
    which, conn, _ = many.taken()
    equal(which, 1)
    conn.send(OK)
    equal(c.response()[0].status, 200)


@test("slow start: a new endpoint has a part of its share, then all", 300)
def _():
    window = 8
    for lb in "round_robin", "least_request":
        mesh((0, None), lb=lb)
        time.sleep(window / 2)
        c = Client("app", VIP)
        # The old one has half of its weight at least.
        meshctl("set", "cluster", "c", "slow_start_window", f"{window}s")
        meshctl("add", "endpoint", "c", f"{WEB}:{PORTS[1]}")
        begin = time.monotonic()
        got = [where(c) for _ in range(200)]
        part = max((time.monotonic() - begin) / window, 0.1)
        # Of new and old together, in the worst case; six standard deviations.
        share = part / (part + 0.5)
        note(f"{lb}: {got.count(1)} of 200, {share:.2f} at most")
        true(0 < got.count(1) < 200 * share + 42, got.count(1))
        time.sleep(window)
        got = [where(c) for _ in range(200)]
        true(58 < got.count(1) < 142, got.count(1))
        c.close()


@test("slow start: not of a hash, whose owner stays")
def _():
    mesh((0, None), (0, None), slow_start_window="60m", slow_start_min_weight=1)
    c = Client("app", VIP)
    for user, _ in users(20):
        first = where(c, f"x-user: {user}")
        equal({where(c, f"x-user: {user}") for _ in range(5)}, {first})


def after_each():
    close_connections()
    meshctl("flush")


def main():
    global many
    with pods_of_a_mesh("app", app=10, web=20):
        many = Endpoints("web", PORTS)
        return run_tests(after_each, closes=True)


if __name__ == "__main__":
    sys.exit(main())
