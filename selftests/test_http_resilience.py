#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# takes: 150
"""What the mesh does when endpoints fail: timeouts, retries; seen in the bytes on
either side.

   clients in pod "app" -- virtual IPs -- raw servers in pod "web"
"""

import contextlib
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from endpoints import (OK, VIP, VIP6, WEB, Endpoints, answer, apply_route, ask,
                       still_active)
from l7 import (Backend, Client, Counters, Stream, apply, close_clients,
                close_connections, equal, in_pod, meshctl, note, pods_of_a_mesh,
                request, run_tests, stats, test, true, until)

MIB = 1 << 20
PORTS = range(9100, 9104)
NOBODY = 9
many = None


def mesh(cluster=None, ports=PORTS, **route):
    apply_route(ports, cluster, **route)


def apply_clusters(clusters):
    """Of all endpoints; the requests for /NAME go to the cluster of that name."""
    apply({
        "clusters": [{"name": name, "lb": "round_robin", "max_idle": 0, **options,
                      "endpoints": [{"address": WEB, "port": port} for port in PORTS]}
                     for name, options in clusters.items()],
        "route_tables": [{"name": "main", "virtual_hosts": [
            {"name": "any", "domains": ["*"],
             "routes": [{"match": {"path": {"exact": f"/{name}"}},
                         "action": {"cluster": name}} for name in clusters]}]}],
        "listeners": [{"name": "4", "address": VIP, "port": 80, "protocol": "http",
                       "route_table": "main"}]})


def fail_first(on, first, method="GET", body=b"", address=VIP, **retry):
    """A request of which the first try ends so, and the second well: where both
    were."""
    mesh(retry={"on": on, **retry})
    c = Client("app", address)
    ask(c, method, body)
    one, conn, head = many.taken()
    equal(conn.body(head), body)
    first(one, conn)
    two, conn, head = many.taken()
    equal(conn.body(head), body)
    conn.send(OK)
    equal(c.response()[0].status, 200)
    return one, two


def responds(status):
    def respond(_, conn):
        conn.send(answer(status, body=b"why"))
    return respond


def resets(which, conn):
    many.refuse(which, conn)


def closes(which, conn):
    many.refuse(which, conn, Stream.close)


def half_a_head(which, conn):
    conn.send(b"HTTP/1.1 200 OK\r\nX: ")
    many.refuse(which, conn, Stream.close)


def nonsense(_, conn):
    conn.send(b"HTTP/1.1 nonsense\r\n\r\n")


# ---- retries ----

@test("retries: each condition, and the status that it stands for")
def _():
    grown = Counters()
    cases = [("5xx", responds(500)), ("5xx", responds(599)), ("5xx", resets),
             ("gateway_error", responds(502)), ("gateway_error", responds(503)),
             ("gateway_error", responds(504)), ("gateway_error", closes),
             ("retriable_4xx", responds(409)), ("reset", resets),
             ("reset", closes), ("reset", half_a_head), ("reset", nonsense)]
    for address in VIP, VIP6:
        for on, first in cases:
            one, two = fail_first(on, first, address=address)
            true(one != two, (on, one))
            close_clients()
    mesh(retry={"status": "404,418"})
    for status in 404, 418:
        c = Client("app", VIP)
        ask(c)
        many.taken()[1].send(answer(status))
        many.taken()[1].send(OK)
        equal(c.response()[0].status, 200)
    equal(grown("upstream_retries"), 2 * len(cases) + 2)
    equal(grown("upstream_retries_exhausted"), 0)


@test("retries: what no condition names is passed on")
def _():
    for on, statuses in (("gateway_error", (500, 501, 505, 409, 404)),
                         ("retriable_4xx", (408, 404, 500, 503)),
                         ("reset", (500, 503)), ("connect_failure", (503,)),
                         ("5xx", (499, 409, 301, 200))):
        mesh(retry={"on": on})
        for status in statuses:
            c = Client("app", VIP)
            ask(c)
            many.taken()[1].send(answer(status, body=b"mine"))
            head, body = c.response()
            equal((on, head.status, body), (on, status, b"mine"))
    mesh(retry={"on": "connect_failure"})
    c = Client("app", VIP)
    ask(c)
    resets(*many.taken()[:2])
    equal(c.response()[0].status, 502)
    many.quiet()


@test("retries: an endpoint that says that a limit is reached is not asked again")
def _():
    mesh(retry={"on": "5xx"})
    for field in "X-Envoy-Overloaded: true", "x-envoy-ratelimited:":
        c = Client("app", VIP)
        ask(c)
        many.taken()[1].send(answer(503, field))
        equal(c.response()[0].status, 503)
        many.quiet()


@test("retries: so many, and then the last answer is the client's")
def _():
    for tries in 1, 3, 6:
        grown = Counters()
        mesh(retry={"on": "5xx", "num_retries": tries, "backoff": "1ms"})
        c = Client("app", VIP)
        ask(c)
        for i in range(tries + 1):
            many.taken()[1].send(answer(503, body=b"%d" % i))
        head, body = c.response()
        equal((head.status, body), (503, b"%d" % tries))
        many.quiet()
        equal(grown("upstream_retries", "upstream_retries_exhausted"),
              [tries, 1])
        # The connection goes on.
        ask(c)
        many.taken()[1].send(OK)
        equal(c.response()[0].status, 200)


@test("retries: nobody listens: all four are asked, then 503")
def _():
    mesh(ports=[NOBODY, 10, 11, 12], retry={"on": "connect_failure",
                                            "num_retries": 3})
    c = Client("app", VIP)
    before = {e["port"]: e["failures"] for e in stats()["endpoints"]}
    equal(set(before.values()), {0})
    ask(c)
    equal(c.response()[0].status, 503)
    equal([e["failures"] for e in stats()["endpoints"]], [1, 1, 1, 1])


@test("retries: a connection that is refused is no harm to any method")
def _():
    for method in "GET", "POST", "PATCH":
        mesh(ports=[NOBODY, PORTS[0]], retry={"on": "connect_failure"})
        for _ in range(4):
            c = Client("app", VIP)
            ask(c, method, b"body" if method != "GET" else b"")
            _, conn, head = many.taken()
            equal(conn.body(head), b"body" if method != "GET" else b"")
            conn.send(OK)
            equal(c.response()[0].status, 200)


@test("retries: what is not idempotent is not sent twice")
def _():
    mesh(retry={"on": "5xx,reset,gateway_error", "num_retries": 3})
    for method in "POST", "PATCH", "LOCK":
        for first, status in (responds(503), 503), (resets, 502):
            c = Client("app", VIP)
            ask(c, method, b"body")
            which, conn, head = many.taken()
            equal(conn.body(head), b"body")
            first(which, conn)
            equal(c.response()[0].status, status)
            many.quiet(0.1)


@test("retries: a body is sent again, whole, with a length and in chunks")
def _():
    for size in 1, 1000, 40000:
        body = os.urandom(size)
        for method in "PUT", "DELETE":
            fail_first("5xx", responds(503), method, body)
            fail_first("reset", resets, method, body)
    body = os.urandom(20000)
    mesh(retry={"on": "5xx"})
    c = Client("app", VIP)
    c.send(request("/", "Transfer-Encoding: chunked", "Trailer: x-t", host="a",
                   method="PUT"))
    for i in range(0, len(body), 5000):
        c.send(b"%x\r\n%s\r\n" % (5000, body[i:i + 5000]))
    c.send(b"0\r\nX-T: t\r\n\r\n")
    for status in 500, 200:
        _, conn, head = many.taken()
        equal(head.get("transfer-encoding"), "chunked")
        got, _, trailers = conn.chunked()
        equal((got, trailers), (body, [b"X-T: t\r\n"]))
        conn.send(answer(status))
    equal(c.response()[0].status, 200)


@test("retries: half a body: what came is sent again, then the rest")
def _():
    body = os.urandom(30000)
    mesh(retry={"on": "5xx,reset"})
    for end in responds(503), resets:
        c = Client("app", VIP)
        c.send(request("/", "Content-Length: 30000", host="a", method="PUT") +
               body[:10000])
        which, conn, _ = many.taken()
        equal(conn.exactly(10000), body[:10000])
        end(which, conn)
        _, conn, _ = many.taken()
        equal(conn.exactly(10000), body[:10000])
        c.send_slowly(body[10000:], 4000)
        equal(conn.exactly(20000), body[10000:])
        conn.send(OK)
        equal(c.response()[0].status, 200)
        # It went to its end well: the next request can be understood.
        ask(c)
        many.taken()[1].send(OK)
        equal(c.response()[0].status, 200)


@test("retries: a leg that has but a part of what is sent again is not used again")
def _():
    body = os.urandom(256 * 1024)
    port = PORTS[0] + 50
    deaf = Backend("web", port, sizes=4096)
    # Less than the body has room on its way.
    mesh(ports=[port], cluster={"max_idle": 8}, listener={"buffer_limit": 16384},
         retry={"on": "5xx", "replay_limit": MIB, "backoff": "1ms"})
    c = Client("app", VIP)
    c.send(request("/", f"Content-Length: {len(body)}", host="a", method="PUT"))
    conn, _ = deaf.request()
    for at in range(0, len(body), 4096):
        c.send(body[at:at + 4096])
        equal(conn.exactly(4096), body[at:at + 4096])
    conn.send(answer(503))
    # Now it reads no more than a part, and says that it needs none of it.
    conn, _ = deaf.request()
    equal(conn.exactly(1000), body[:1000])
    conn.send(OK)
    equal(c.response()[0].status, 200)
    with contextlib.suppress(ConnectionResetError):
        conn.rest()
    deaf.close_all()
    c = Client("app", VIP)
    ask(c)
    conn, head = deaf.request()
    equal(head.start, "GET / HTTP/1.1")
    conn.send(OK)
    equal(c.response()[0].status, 200)


@test("retries: a client that has shut down its side gets its answer")
def _():
    mesh(retry={"on": "5xx"})
    c = Client("app", VIP)
    ask(c, "PUT", b"x" * 10000)
    c.shut()
    for status in 503, 200:
        _, conn, head = many.taken()
        equal(conn.body(head), b"x" * 10000)
        conn.send(answer(status))
    equal(c.response()[0].status, 200)


@test("retries: a body beyond the limit is sent once")
def _():
    mesh(retry={"on": "5xx", "replay_limit": 8192})
    c = Client("app", VIP)
    ask(c, "PUT", b"x" * 20000)
    _, conn, head = many.taken()
    equal(conn.body(head), b"x" * 20000)
    conn.send(answer(503, body=b"mine"))
    head, body = c.response()
    equal((head.status, body), (503, b"mine"))
    many.quiet(0.1)
    # Of single bytes the memory counts.
    c.send(request("/", "Content-Length: 100", host="a", method="PUT"))
    _, conn, head = many.taken()
    for _ in range(100):
        c.send(b"x")
        conn.exactly(1)
    conn.send(answer(503))
    equal(c.response()[0].status, 503)
    many.quiet(0.1)


@test("retries: a client that goes away during a try or a pause is forgotten")
def _():
    mesh(retry={"on": "5xx", "backoff": "60m", "num_retries": 3})
    for when in range(2):
        c = Client("app", VIP)
        ask(c, "PUT", b"x" * 1000)
        _, conn, head = many.taken()
        conn.body(head)
        if when:
            conn.send(answer(503))
            time.sleep(0.1)
        c.reset()
        still_active(0)
    many.quiet(0.1)


@test("retries: the pause grows, up to its limit, and never beyond the timeout")
def _():
    mesh(retry={"on": "5xx", "backoff": "60m"}, timeout="300ms")
    grown = Counters()
    c = Client("app", VIP)
    ask(c)
    many.taken()[1].send(answer(503))
    equal(c.response()[0].status, 504)
    equal(grown("reply_504_route_timeout"), 1)
    many.quiet(0.1)
    mesh(retry={"on": "5xx", "backoff": "60m", "max_backoff": "60m",
                "num_retries": 2}, timeout="1s")
    c = Client("app", VIP)
    ask(c)
    many.taken()[1].send(answer(503))
    many.quiet(0.5)
    equal(c.response()[0].status, 504)


@test("retries: an interim response was passed on: no other try")
def _():
    mesh(retry={"on": "5xx,reset", "status": "103"})
    c = Client("app", VIP)
    ask(c)
    which, conn, _ = many.taken()
    conn.send(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
    equal(c.head().status, 103)
    conn.send(answer(503))
    equal(c.response()[0].status, 503)
    many.quiet(0.1)


@test("retries: where it has failed it is not tried again, while there are others")
def _():
    for lb in "random", "maglev", "ring_hash", "least_request", "peak_ewma":
        mesh({"lb": lb, "hash": [{"header": "x-user"}]},
             retry={"on": "5xx", "num_retries": 5, "backoff": "1ms"})
        for i in range(4):
            c = Client("app", VIP)
            ask(c, "GET", b"", f"x-user: {i}")
            seen = []
            for _ in range(6):
                which, conn, _ = many.taken()
                seen.append(which)
                conn.send(answer(500))
            equal(c.response()[0].status, 500)
            equal((lb, sorted(seen[:4])), (lb, [0, 1, 2, 3]))
            close_clients()
    mesh({"lb": "ring_hash", "hash": [{"header": "x-user"}]},
         retry={"on": "5xx", "num_retries": 3, "avoid_previous_hosts": False})
    c = Client("app", VIP)
    ask(c, "GET", b"", "x-user: 1")
    seen = set()
    for _ in range(4):
        which, conn, _ = many.taken()
        seen.add(which)
        conn.send(answer(500))
    equal(len(seen), 1)


@test("retries: another endpoint of one hash is the same each time")
def _():
    for lb in "maglev", "ring_hash":
        mesh({"lb": lb, "hash": [{"header": "x-user"}]}, retry={"on": "5xx"})
        others = {}
        for _ in range(3):
            for user in range(8):
                c = Client("app", VIP)
                ask(c, "GET", b"", f"x-user: {user}")
                many.taken()[1].send(answer(500))
                which, conn, _ = many.taken()
                conn.send(OK)
                c.response()
                equal(others.setdefault(user, which), which)
                close_clients()


# ---- timeouts ----

@test("timeouts: of each try, and of all together")
def _():
    grown = Counters()
    mesh(retry={"on": "reset", "num_retries": 2, "per_try_timeout": "200ms"})
    c = Client("app", VIP)
    ask(c)
    seen = set()
    for _ in range(2):
        which, conn, _ = many.taken()
        seen.add(which)
    which, conn, _ = many.taken()
    conn.send(OK)
    equal(c.response()[0].status, 200)
    equal(len(seen | {which}), 3)
    ask(c)
    for _ in range(3):
        many.taken()
    equal(c.response()[0].status, 504)
    equal(grown("reply_504_response_timeout", "upstream_retries"), [1, 4])
    mesh(retry={"on": "reset", "num_retries": 100, "per_try_timeout": "100ms"},
         timeout="1s")
    c = Client("app", VIP)
    before = sum(e["requests"] for e in stats()["endpoints"])
    ask(c)
    equal(c.response()[0].status, 504)
    equal(grown("reply_504_route_timeout"), 1)
    tries = sum(e["requests"] for e in stats()["endpoints"]) - before
    note(f"{tries} tries")
    true(2 <= tries <= 12, tries)


@test("timeouts: the route's runs from the request's end to the response's")
def _():
    mesh(timeout="500ms")
    c = Client("app", VIP)
    c.send(request("/", "Content-Length: 4", host="a", method="PUT"))
    _, conn, _ = many.taken()
    time.sleep(0.8)
    c.send(b"body")
    equal(conn.exactly(4), b"body")
    conn.send(OK)
    equal(c.response()[0].status, 200)
    ask(c)
    _, conn, _ = many.taken()
    conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome")
    equal(c.head().status, 200)
    equal(c.was_reset()[:4], b"some")
    with contextlib.suppress(ConnectionResetError):
        conn.ended()
    # Between requests it does not run.
    c = Client("app", VIP)
    for _ in range(2):
        ask(c)
        many.taken()[1].send(OK)
        equal(c.response()[0].status, 200)
        time.sleep(0.7)


@test("timeouts: of a connection that nobody answers")
def _():
    mesh({"connect_timeout": "100ms"}, ports=[PORTS[0]],
         retry={"on": "connect_failure", "num_retries": 2})
    grown = Counters()
    meshctl("set", "cluster", "c", "connect_timeout", "100ms")
    meshctl("add", "endpoint", "c", "10.2.0.99:9100", "weight", "1000000")
    meshctl("del", "endpoint", "c", f"{WEB}:9100")
    c = Client("app", VIP)
    ask(c)
    equal(c.response()[0].status, 503)
    equal(grown("reply_503_connect_timeout", "upstream_retries"), [1, 2])


# ---- hedging ----

def hedging(cluster=None, ports=PORTS, **retry):
    """A try that is late goes on beside the next one."""
    mesh(cluster, ports, retry={
        "on": "5xx", "per_try_timeout": "100ms", "num_retries": 1,
        "hedge_on_per_try_timeout": True, **retry})


def hedged(c=None, method="GET", body=b"", tries=2):
    """A request that is late so often, less one: its client, and its tries."""
    c = c or Client("app", VIP)
    ask(c, method, body)
    found = []
    for _ in range(tries):
        which, conn, head = many.taken()
        equal(conn.body(head), body)
        true(which not in [i for i, _ in found], "an endpoint had it twice")
        found.append((which, conn))
    return c, found


def find_lost(*tries):
    """Their connections are closed, and the mesh never heard of them."""
    for which, conn in tries:
        conn.ended()
        many[which].forget(conn)


@test("hedging: whoever answers first, first or last; the other is closed")
def _():
    for address in VIP, VIP6:
        for winner in 0, 1:
            grown = Counters()
            hedging()
            c, tries = hedged(Client("app", address), "PUT", b"body")
            many.quiet()
            tries[winner][1].send(answer(200, body=b"%d" % winner))
            head, body = c.response()
            equal((head.status, body), (200, b"%d" % winner))
            find_lost(tries[1 - winner])
            equal(grown("upstream_hedged", "upstream_hedged_won",
                        "upstream_retries"), [1, winner, 1])
            # The connection goes on.
            ask(c)
            many.taken()[1].send(OK)
            equal(c.response()[0].status, 200)
            close_clients()


@test("hedging: four are out; each of them may be first, and is used again")
def _():
    hedging({"max_idle": 8}, num_retries=3)
    c = Client("app", VIP)
    for winner in 0, 1, 2, 3, 2, 1, 0:
        _, tries = hedged(c, tries=4)
        tries[winner][1].send(OK)
        equal(c.response()[0].status, 200)
        find_lost(*(t for i, t in enumerate(tries) if i != winner))
    equal(sum(e["requests"] for e in stats()["endpoints"]), 7 * 4)
    still_active(0)
    true(sum(e["connections"] for e in stats()["endpoints"]) < 7 * 4)


@test("hedging: a bad answer is tried again as any other, beside who is out")
def _():
    hedging(on="gateway_error")
    c, tries = hedged()
    tries[1][1].send(answer(503, body=b"no more tries"))
    equal(c.response()[1], b"no more tries")
    find_lost(tries[0])
    hedging(on="gateway_error", num_retries=2, backoff="1ms")
    c, tries = hedged()
    tries[1][1].send(answer(503))
    third = many.taken()[:2]
    true(third[0] not in (tries[0][0], tries[1][0]))
    tries[0][1].send(answer(200, body=b"first"))
    head, body = c.response()
    equal((head.status, body), (200, b"first"))
    find_lost(third)


@test("hedging: who resets, closes or talks nonsense leaves it to the other")
def _():
    grown = Counters()
    for which in 0, 1:
        for end in resets, closes, nonsense, half_a_head:
            hedging(on="connect_failure")
            c, tries = hedged()
            end(*tries[which])
            many.quiet(0.1)
            tries[1 - which][1].send(answer(201))
            equal(c.response()[0].status, 201)
            close_clients()
            many.close_all()
    c, tries = hedged()
    for t in tries:
        resets(*t)
    equal(c.response()[0].status, 502)
    equal(grown("reply_502_upstream_reset"), 1)


@test("hedging: half an answer is one; so is an interim one")
def _():
    hedging({"response_timeout": "60s"})
    c, tries = hedged()
    tries[0][1].send(b"HTTP/1.1 200 OK\r\nContent-Le")
    time.sleep(0.3)
    tries[1][1].send(OK)
    time.sleep(0.1)
    tries[0][1].send(b"ngth: 5\r\n\r\nfirst")
    equal(c.response()[1], b"first")
    many.close_all()
    c, tries = hedged()
    tries[1][1].send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
    equal(c.head().status, 103)
    find_lost(tries[0])
    tries[1][1].send(OK)
    equal(c.response()[0].status, 200)


@test("hedging: not of what is not idempotent, nor of a body that is not kept")
def _():
    grown = Counters()
    hedging({"response_timeout": "1s"})
    for method, body in ("POST", b"x"), ("PUT", b"x" * 70000):
        c = Client("app", VIP)
        ask(c, method, body)
        which, conn, head = many.taken()
        conn.body(head)
        many.quiet(0.5)
        equal(c.response()[0].status, 504)
        many.refuse(which, conn)
    equal(grown("upstream_hedged"), 0)


@test("hedging: who is late has failed; all that are out are too late: 504")
def _():
    grown = Counters()
    hedging({"response_timeout": "3s", "panic_threshold": 0,
             "outlier_detection": {"consecutive_gateway_failure": 1,
                                   "max_ejection_percent": 100}})
    c, tries = hedged()
    equal(ejected(), [tries[0][0]])
    equal(c.response()[0].status, 504)
    find_lost(*tries)
    equal(grown("upstream_hedged", "upstream_hedged_won",
                "reply_504_response_timeout"), [1, 0, 1])


@test("hedging: the route's timeout is for all tries; a client that resets")
def _():
    grown = Counters()
    mesh(timeout="2s", retry={
        "on": "5xx", "per_try_timeout": "50ms", "num_retries": 3,
        "hedge_on_per_try_timeout": True})
    c, tries = hedged(tries=4)
    equal(c.response()[0].status, 504)
    find_lost(*tries)
    equal(grown("reply_504_route_timeout", "upstream_hedged"), [1, 3])
    hedging()
    c, tries = hedged()
    c.reset()
    find_lost(*tries)


@test("hedging: the route's time is over when nobody else is there to be asked")
def _():
    grown = Counters()
    for times in ("100ms", "400ms"), ("200ms", "200ms"), ("200ms", "201ms"):
        mesh({"panic_threshold": 0,
              "outlier_detection": {"consecutive_gateway_failure": 1,
                                    "max_ejection_percent": 100}},
             PORTS[:1], timeout=times[1],
             retry={"on": "5xx", "per_try_timeout": times[0], "num_retries": 3,
                    "hedge_on_per_try_timeout": True})
        c = Client("app", VIP)
        ask(c)
        late = many.taken()[:2]
        equal(c.response()[0].status, 504)
        find_lost(late)
    equal(grown("reply_504_route_timeout"), 3)


@test("hedging: an answer with which its connection ends is one")
def _():
    for splice in "mesh", "off":
        for winner in 0, 1:
            hedging({"response_timeout": "60s"})
            meshctl("splice", splice)
            c, tries = hedged()
            conn = tries[winner][1]
            # Both in one packet, or as close together as can be.
            conn.sock.send(answer(200, body=b"bye"), socket.MSG_MORE)
            conn.shut()
            equal(c.response()[1], b"bye")
            close_clients()
            many.close_all()
    meshctl("splice", "mesh")


@test("hedging: counts among connections and retries, and does without")
def _():
    grown = Counters()
    hedging({"connect_timeout": "200ms",
             "circuit_breakers": {"max_connections": 1}})
    c = Client("app", VIP)
    ask(c)
    conn = many.taken()[1]
    many.quiet(0.6)
    conn.send(answer(200, body=b"alone"))
    equal(c.response()[1], b"alone")
    equal(grown("upstream_requests_pending", "reply_503_overflow"), [1, 0])
    # What one has held is free again.
    hedging({"circuit_breakers": {"max_connections": 2}})
    for winner in 0, 1, 0:
        c, tries = hedged()
        tries[winner][1].send(OK)
        c.response()
        find_lost(tries[1 - winner])
    hedging({"circuit_breakers": {"max_retries": 1}})
    (one, tries), two = hedged(), Client("app", VIP)
    ask(two)
    conn = many.taken()[1]
    many.quiet(0.4)
    equal(grown("upstream_retries_overflow"), 1)
    conn.send(OK)
    two.response()
    tries[0][1].send(OK)
    one.response()


@test("hedging: who waits for the connection of one that is lost has it then")
def _():
    for end in resets, closes:
        grown = Counters()
        hedging({"circuit_breakers": {"max_connections": 1}})
        c = Client("app", VIP)
        ask(c)
        one, conn = many.taken()[:2]
        grown.reach("upstream_requests_pending", 1)
        end(one, conn)
        two, conn = many.taken()[:2]
        true(one != two)
        conn.send(OK)
        equal(c.response()[0].status, 200)
        equal(grown("upstream_hedged", "upstream_hedged_won", "reply_503_overflow"),
              [1, 0, 0])
        still_active(0)


@test("hedging: nobody listens elsewhere: the first one answers")
def _():
    hedging(ports=[PORTS[0], NOBODY], on="connect_failure")
    for _ in range(4):
        c = Client("app", VIP)
        ask(c)
        conn = many.taken()[1]
        many.quiet(0.5)
        conn.send(OK)
        equal(c.response()[0].status, 200)


# ---- circuit breakers ----

def hold(n=1, **more):
    """So many requests that last: (client, connection of the endpoint)."""
    held = []
    for _ in range(n):
        c = Client("app", VIP)
        ask(c, **more)
        held.append((c, many.taken()[1]))
    return held


def let_go(held):
    for c, conn in held:
        conn.send(OK)
        equal(c.response()[0].status, 200)


def refused(c=None):
    """A request that the mesh refuses to pass on, and says why."""
    c = c or Client("app", VIP)
    ask(c)
    head, _ = c.response()
    equal((head.status, head.get("x-envoy-overloaded")), (503, "true"))


@test("limits: so many requests at one time, across changes")
def _():
    grown = Counters()
    mesh({"circuit_breakers": {"max_requests": 3}})
    held = hold(3)
    refused()
    let_go(held[:1])
    still_active(2)
    c = Client("app", VIP)
    ask(c)
    _, conn, _ = many.taken()
    refused()
    meshctl("set", "cluster", "c", "max_idle", "1")
    meshctl("set", "route", "main/any", "0", "timeout", "1m")
    refused()
    held[1][0].reset()
    still_active(2)
    let_go(hold())
    let_go([(c, conn)] + held[2:])
    still_active(0)
    let_go(hold(3))
    equal(grown("reply_503_overflow"), 3)
    # Without a limit nobody is counted: one that is set later begins at nothing.
    mesh()
    held = hold(2)
    mesh({"circuit_breakers": {"max_requests": 1}})
    let_go(hold())
    let_go(held)


@test("limits: a request that has its answer counts no more, who closes when he likes")
def _():
    mesh({"circuit_breakers": {"max_requests": 2}})
    clients = []
    for _ in range(2):
        c = Client("app", VIP)
        ask(c, "GET", b"", "Connection: close")
        _, conn, _ = many.taken()
        conn.send(OK)
        equal(c.response()[0].status, 200)
        clients.append(c)
    still_active(0)
    let_go(hold(2))


@test("limits: routes of high priority have their own, also of a tunnel")
def _():
    mesh({"max_idle": 0, "connect_timeout": "1m",
          "circuit_breakers": {"max_requests": 2, "max_connections": 9},
          "circuit_breakers_high": {"max_requests": 9, "max_connections": 1,
                                    "max_pending_requests": 1}})
    meshctl("add", "route", "main/any", "0", "path_prefix", "/high", "cluster",
            "c", "priority", "high")
    held = hold(2)
    refused()
    high, next_ = Client("app", VIP), Client("app", VIP)
    ask(high, "GET", b"", "Connection: Upgrade", "Upgrade: websocket",
        path="/high")
    _, conn, _ = many.taken()
    conn.send(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\n"
              b"Upgrade: websocket\r\n\r\n")
    equal(high.head().status, 101)
    # It is the one connection; one may wait for it, and no more.
    ask(next_, path="/high")
    many.quiet(0.1)
    late = Client("app", VIP)
    ask(late, path="/high")
    equal(late.response()[0].status, 503)
    # The one that waits does count as active.
    let_go(held[:1])
    still_active(2)
    let_go(hold())
    still_active(2)
    refused_now = hold()
    refused()
    high.reset()
    _, conn, head = many.taken()
    equal(head.start, "GET /high HTTP/1.1")
    conn.send(OK)
    equal(next_.response()[0].status, 200)
    let_go(held[1:] + refused_now)


@test("limits: so many connections; who is over it waits for its turn")
def _():
    grown = Counters()
    for idle in 0, 10:
        mesh({"max_idle": idle, "connect_timeout": "1m", "circuit_breakers": {
            "max_connections": 2, "max_pending_requests": 4}})
        held = hold(2)
        waiting = []
        for i in range(4):
            waiting.append(Client("app", VIP))
            ask(waiting[-1], path=f"/{i}")
            time.sleep(0.05)
        refused()
        many.quiet(0.1)
        for i in range(4):
            let_go(held[:1])
            _, conn, head = many.taken()
            equal(head.start, f"GET /{i} HTTP/1.1")
            held = held[1:] + [(waiting[i], conn)]
            many.quiet(0.05)
        let_go(held)
        let_go(hold(2))
        close_clients()
        many.close_all()
    equal(grown("upstream_requests_pending", "reply_503_overflow"), [8, 2])


@test("limits: who waits too long, or goes away, is in nobody's way")
def _():
    grown = Counters()
    mesh({"connect_timeout": "500ms",
          "circuit_breakers": {"max_connections": 1}})
    held = hold()
    refused()
    equal(grown("upstream_requests_pending", "reply_503_overflow"), [1, 1])
    mesh({"connect_timeout": "1m", "circuit_breakers": {"max_connections": 1}})
    gone = [Client("app", VIP) for _ in range(3)]
    last = Client("app", VIP)
    for c in gone + [last]:
        ask(c)
        time.sleep(0.05)
    gone[1].reset()
    time.sleep(0.1)
    # Its turn comes at the moment at which it goes.
    gone[0].reset()
    let_go(held)
    _, conn, _ = many.taken()
    let_go([(gone[2], conn)])
    _, conn, _ = many.taken()
    let_go([(last, conn)])


@test("limits: without connections to spare tunnels and retries count as well")
def _():
    mesh({"connect_timeout": "200ms", "circuit_breakers": {
        "max_connections": 1, "max_pending_requests": 0}},
         retry={"on": "5xx", "backoff": "1ms"})
    c = Client("app", VIP)
    ask(c)
    many.taken()[1].send(answer(500))
    _, conn, _ = many.taken()
    refused()
    let_go([(c, conn)])
    still_active(0)
    c = Client("app", VIP)
    ask(c, "GET", b"", "Connection: upgrade", "Upgrade: websocket")
    which, conn, _ = many.taken()
    conn.send(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\n"
              b"Upgrade: websocket\r\n\r\n")
    equal(c.head().status, 101)
    refused()
    many.refuse(which, conn)
    c.gone()
    meshctl("set", "cluster", "c", "max_pending_requests", "1")
    let_go(hold())


@test("limits: so many retries at one time; or a share of the requests")
def _():
    for limits, allowed in (({"max_retries": 2}, 2),
                            ({"retry_budget": "50%",
                              "min_retry_concurrency": 1}, 3),
                            ({"retry_budget": "1%",
                              "min_retry_concurrency": 1}, 1),
                            ({"retry_budget": "1%", "max_retries": 1,
                              "min_retry_concurrency": 4}, 4)):
        grown = Counters()
        mesh({"circuit_breakers": limits}, retry={"on": "5xx", "backoff": "60m"},
             timeout="10m")
        held = hold(6)
        for _, conn in held:
            conn.send(answer(503))
        until(lambda: sum(grown("upstream_retries", "upstream_retries_overflow")) == 6)
        equal((limits, grown("upstream_retries")), (limits, allowed))
        # Who is not tried again has his answer.
        until(lambda: sum(c.unread() > 0 for c, _ in held) == 6 - allowed)
        for c, _ in held:
            if c.unread():
                equal(c.response()[0].status, 503)
        close_clients()


@test("limits: 60 clients, 3 connections: never more, and all are answered")
def _():
    mesh({"max_idle": 2, "connect_timeout": "1m", "circuit_breakers": {
        "max_connections": 3}})
    clients = [Client("app", VIP) for _ in range(60)]
    for c in clients:
        ask(c)
    served, held = 0, []
    while served < 60:
        found = many.poll(0.1 if held else 10)
        if found:
            found[1].head()
            held.append(found[1])
            true(len(held) <= 3, len(held))
            continue
        for conn in held:
            conn.send(OK)
        served += len(held)
        held = []
    for c in clients:
        equal(c.response()[0].status, 200)


# ---- outlier detection ----

def sick(which, status=500, n=1, path="/"):
    """So many requests to each endpoint, of which those in @which answer so; how
    many each had."""
    counts = [0] * len(many)
    c = Client("app", VIP)
    for _ in range(n * len(many)):
        ask(c, path=path)
        i, conn, _ = many.taken()
        counts[i] += 1
        conn.send(answer(status) if i in which else OK)
        c.response()
    c.close()
    return counts


def ejected(cluster="c"):
    return [e["port"] - PORTS[0] for e in stats()["endpoints"]
            if e["ejected_ms"] and e["cluster"] == cluster]


@test("outliers: so many failures in a row, and it has no requests for a while")
def _():
    for what, status in (("consecutive_5xx", 500), ("consecutive_5xx", 504),
                         ("consecutive_gateway_failure", 503)):
        grown = Counters()
        mesh({"outlier_detection": {what: 3, "base_ejection_time": "5s",
                                    "interval": "60m"}})
        sick({2}, status, 2)
        equal(ejected(), [])
        sick({2}, status)
        equal(ejected(), [2])
        equal(sick(set(), n=5)[2], 0)
        equal(grown.all("outlier_"), {f"outlier_ejected_{what}": 1})
        until(lambda: not ejected())
        true(all(sick(set(), n=2)), "it has requests again")
        # The second time is longer.
        sick({2}, status, 3)
        ms = stats()["endpoints"][2]["ejected_ms"]
        true(5000 < ms <= 10000, ms)
        meshctl("flush")


@test("outliers: what is not enforced is only counted")
def _():
    for what, status in (("consecutive_5xx", 500),
                         ("consecutive_gateway_failure", 503)):
        grown = Counters()
        mesh({"outlier_detection": {what: 2, f"enforcing_{what}": 0}})
        sick({2}, status, 5)
        equal(ejected(), [])
        equal(grown.all("outlier_"), {"outlier_ejections_not_enforced": 2})
        meshctl("flush")


def nobody_was_there():
    """Where nobody listens somebody did: each endpoint has answered the client."""
    with in_pod("web"):
        listener = socket.create_server((WEB, NOBODY))
    c = Client("app", VIP)
    for _ in range(4):
        ask(c)
        found = many.poll(0.3)
        if found:
            found[1].head()
            found[1].send(OK)
        else:
            conn = listener.accept()[0]
            conn.recv(65536)
            conn.sendall(OK)
            conn.close()
        equal(c.response()[0].status, 200)
    c.close()
    listener.close()


@test("outliers: who cannot be reached by somebody who never has is not blamed for it")
def _():
    grown = Counters()
    mesh({"outlier_detection": {"consecutive_5xx": 1, "max_ejection_percent": 100}},
         ports=[PORTS[0], NOBODY])
    c = Client("app", VIP)
    for _ in range(4):
        ask(c)
        found = many.poll(0.3)
        if found:
            found[1].head()
            found[1].send(OK)
        equal(c.response()[0].status, 200 if found else 503)
    c.close()
    equal(ejected(), [])
    equal(grown("reply_503_connect_failure"), 2)


@test("outliers: failures on the way there are told from answers, if that is wanted")
def _():
    grown = Counters()
    mesh({"panic_threshold": 0, "outlier_detection": {
        "consecutive_5xx": 2, "max_ejection_percent": 100,
        "consecutive_local_origin_failure": 3}},
         ports=[*PORTS[:3], NOBODY])
    nobody_was_there()

    def round_of(n):
        """Of n times four requests, the first endpoint resets its own."""
        c = Client("app", VIP)
        for _ in range(4 * n):
            ask(c)
            found = many.poll(0.3)
            if found:
                found[1].head()
                if found[0] == 0:
                    many.refuse(*found)
                else:
                    found[1].send(OK)
            c.response()
        c.close()
    round_of(2)
    equal(ejected(), [])
    equal(grown.all("outlier_"), {})
    round_of(1)
    equal([e["port"] for e in stats()["endpoints"] if e["ejected_ms"]],
          [NOBODY, PORTS[0]])
    equal(grown.all("outlier_"),
          {"outlier_ejected_consecutive_local_origin_failure": 2})
    sick({1}, n=4)
    equal(grown.all("outlier_"),
          {"outlier_ejected_consecutive_local_origin_failure": 2,
           "outlier_ejected_consecutive_5xx": 1})


def fails(which, n):
    """So many requests to it fail; others do not."""
    c = Client("app", VIP)
    while n:
        ask(c)
        i, conn, _ = many.taken()
        conn.send(answer(500) if i == which else OK)
        n -= i == which
        c.response()
    c.close()


def on_probation(which):
    """Its time is over: the one request that it has, and its client."""
    until(lambda: not ejected())
    for _ in range(100):
        c = Client("app", VIP)
        ask(c)
        i, conn, _ = many.taken()
        if i == which:
            return c, conn
        conn.send(OK)
        c.response()
        c.close()
    raise AssertionError("no request came")


@test("failure accrual: shut, then one request decides: for twice as long, or open", 120)
def _():
    grown = Counters()
    mesh({"failure_accrual": {"max_failures": 3, "min_penalty": "4s",
                              "max_penalty": "10s", "jitter": 0}})
    fails(2, 2)
    sick(set())
    fails(2, 2)
    equal(ejected(), [])
    fails(2, 1)
    equal(ejected(), [2])
    true(0 < stats()["endpoints"][2]["ejected_ms"] <= 4000)
    equal(sick(set(), n=3)[2], 0)
    for least, most in ((4000, 8000), (8000, 10000)):
        c, conn = on_probation(2)
        equal((ejected(), sick(set(), n=3)[2]), ([2], 0))
        conn.send(answer(503))
        equal(c.response()[0].status, 503)
        ms = stats()["endpoints"][2]["ejected_ms"]
        true(least < ms <= most, ms)
    c, conn = on_probation(2)
    conn.send(OK)
    c.response()
    equal(ejected(), [])
    true(all(sick(set(), n=2)), "it has requests again")
    equal(grown.all("failure_accrual"), {"failure_accrual_shut": 1})
    fails(2, 2)
    equal(ejected(), [])
    fails(2, 1)
    true(0 < stats()["endpoints"][2]["ejected_ms"] <= 4000)


@test("failure accrual: who refuses, and a probation whose client goes away")
def _():
    mesh({"failure_accrual": {"max_failures": 1, "min_penalty": "2s",
                              "max_penalty": "2s", "jitter": 0}})
    c = Client("app", VIP)
    ask(c)
    which, conn = many.poll(10)
    conn.head()
    many.refuse(which, conn)
    equal(c.response()[0].status, 502)
    equal(ejected(), [which])
    c, conn = on_probation(which)
    c.reset()
    many.refuse(which, conn)
    equal(ejected(), [which])
    c, conn = on_probation(which)
    conn.send(OK)
    c.response()
    equal(ejected(), [])


@test("failure accrual: what nobody observes the outcome of is no probation")
def _():
    accrual = {"max_failures": 1, "min_penalty": "1s", "max_penalty": "60m",
               "jitter": 0}
    mesh({"failure_accrual": accrual}, ports=PORTS[:2])
    meshctl("add", "cluster", "first")
    meshctl("add", "endpoint", "first", f"{WEB}:{PORTS[3]}")
    meshctl("add", "route", "main/any", "0", "path_exact", "/copied", "cluster",
            "first", "mirror", "c")
    meshctl("add", "listener", "l4", f"{VIP}:81", "protocol", "tcp", "cluster", "c")
    for port in 80, 81:
        fails(1, 1)
        until(lambda: not ejected())
        for _ in range(10):
            c = Client("app", VIP, port)
            ask(c, path="/copied")
            many.taken()[1].send(OK)
            if port == 80:
                many.taken()[1].send(OK)
            c.response()
            c.close()
        equal(ejected(), [])
        c, conn = on_probation(1)
        equal(ejected(), [1])
        conn.send(OK)
        c.response()
        equal(ejected(), [])


@test("outliers: a good answer in between; what the detector does not count")
def _():
    mesh({"outlier_detection": {"consecutive_5xx": 3}})
    for _ in range(3):
        sick({1}, n=2)
        sick(set())
    sick({1}, 499, 10)
    equal(ejected(), [])
    mesh({"outlier_detection": {"consecutive_gateway_failure": 3}})
    sick({1}, 500, 10)
    sick({1}, 505, 10)
    equal(ejected(), [])


@test("outliers: who refuses, resets or is late fails like a gateway")
def _():
    cluster = {"max_idle": 0, "outlier_detection": {
        "consecutive_gateway_failure": 3, "max_ejection_percent": 100}}
    mesh(cluster, ports=[*PORTS[:3], NOBODY])
    nobody_was_there()
    mesh({"response_timeout": "2s", **cluster}, ports=[*PORTS[:3], NOBODY])
    c = Client("app", VIP)
    seen = [0] * 4
    while min(seen) < 3:
        ask(c)
        found = None
        while not found and not c.unread():
            found = many.poll(0.05)
        if found and found[0] == 0:
            found[1].head()
            many.refuse(*found)
        elif found and found[0] == 1:
            found[1].head()
            found[1].send(OK)
        elif found:
            found[1].head()
        status = c.response()[0].status
        which = 3 if not found else found[0]
        equal((which, status), (which, (502, 200, 504, 503)[which]))
        seen[which] += 1
    equal([e["port"] for e in stats()["endpoints"] if not e["ejected_ms"]],
          [PORTS[1]])


@test("outliers: no more than their share; with most of them gone all are used")
def _():
    grown = Counters()
    mesh({"outlier_detection": {"consecutive_5xx": 1}})
    sick({0, 1, 2, 3}, n=4)
    equal(len(ejected()), 1)
    true(grown("outlier_ejections_refused") > 4)
    meshctl("flush")
    mesh({"outlier_detection": {"consecutive_5xx": 1,
                                "max_ejection_percent": 100}})
    sick({0, 1}, n=1)
    equal(ejected(), [0, 1])
    equal(sick(set(), n=3)[:2], [0, 0])
    sick({2}, n=1)
    equal(ejected(), [0, 1, 2])
    true(all(sick(set(), n=2)), "one of four is less than half: panic")
    meshctl("set", "cluster", "c", "panic_threshold", "25")
    equal(sick(set(), n=3)[:3], [0, 0, 0])


@test("outliers: success rates and shares of failures are compared", 300)
def _():
    rate = {"success_rate_stdev_factor": 1500, "success_rate_minimum_hosts": 4,
            "success_rate_request_volume": 5}
    share = {"failure_percentage_threshold": 60,
             "failure_percentage_minimum_hosts": 4,
             "failure_percentage_request_volume": 5}
    # A cluster for each, so that their intervals pass at the same time.
    interval, cases = 8, {}
    for detector, name in ((rate, "success_rate"),
                           (share, "failure_percentage")):
        for more, wanted in (({}, [3]), ({f"{name}_minimum_hosts": 5}, []),
                             ({f"{name}_request_volume": 1000}, [])):
            cases[f"c{len(cases)}"] = {**detector, **more}, wanted
    grown = Counters()
    apply_clusters({name: {"outlier_detection": {"interval": f"{interval}s", **detector}}
                    for name, (detector, _) in cases.items()})

    for name in cases:
        sick(set(), path=f"/{name}")
    time.sleep(interval + 0.1)
    # With the first answer after its end an interval is looked at, and the next begins.
    for name in cases:
        sick(set(), path=f"/{name}")
        sick({3}, n=6, path=f"/{name}")
        equal((name, ejected(name)), (name, []))
    time.sleep(interval + 0.1)
    for name, (_, wanted) in cases.items():
        sick(set(), path=f"/{name}")
        equal((name, ejected(name)), (name, wanted))
    equal(grown.all("outlier_"), {"outlier_ejected_success_rate": 1,
                                  "outlier_ejected_failure_percentage": 1})


@test("outliers: of a hash, only those of the ejected endpoint move, each to one place")
def _():
    for lb in "maglev", "ring_hash":
        mesh({"lb": lb, "hash": [{"header": "x-user"}], "max_idle": 5,
              "outlier_detection": {"consecutive_5xx": 3}})

        def place(user, status=200):
            c = Client("app", VIP)
            ask(c, "GET", b"", f"x-user: {user}")
            which, conn, _ = many.taken()
            conn.send(answer(status))
            c.response()
            c.close()
            return which
        users = range(40)
        before = {u: place(u) for u in users}
        lost = before[0]
        for _ in range(3):
            place(0, 500)
        equal(ejected(), [lost])
        after = {u: place(u) for u in users}
        again = {u: place(u) for u in users}
        equal(after, again)
        true(lost not in after.values(), after)
        equal({u: w for u, w in after.items() if before[u] != lost},
              {u: w for u, w in before.items() if w != lost})
        true(len({w for u, w in after.items() if before[u] == lost}) > 1,
             "not all to one")
        meshctl("flush")


# ---- drain ----

@test("drain of an endpoint: no new request; what it has it may finish")
def _():
    mesh({"max_idle": 4})
    busy = hold(4)
    by_port = {conn.sock.getsockname()[1]: (c, conn) for c, conn in busy}
    meshctl("drain", "endpoint", "c", f"{WEB}:{PORTS[1]}")
    equal([e["draining"] for e in stats()["endpoints"]],
          [False, True, False, False])
    equal(sick(set(), n=3)[1], 0)
    let_go(list(by_port.values()))
    # Its leg is not kept, the others' are.
    by_port[PORTS[1]][1].ended()
    # What else is changed changes nothing of it.
    meshctl("set", "endpoint", "c", f"{WEB}:{PORTS[1]}", "weight", "5")
    equal(sick(set(), n=3)[1], 0)
    for port in PORTS[0], PORTS[2], PORTS[3]:
        meshctl("drain", "endpoint", "c", f"{WEB}:{port}")
    # There is no other: better those than none.
    true(any(sick(set())))
    meshctl("drain", "endpoint", "c", f"{WEB}:{PORTS[2]}", "end")
    equal([bool(n) for n in sick(set())], [False, False, True, False])


@test("drain of an endpoint: idle connections are closed, late ones reset")
def _():
    mesh({"max_idle": 4}, ports=PORTS[:2])
    let_go(hold(2))
    (idle,) = many[0].conns
    true(idle.alive())
    meshctl("drain", "endpoint", "c", f"{WEB}:{PORTS[0]}")
    idle.ended()
    meshctl("drain", "endpoint", "c", f"{WEB}:{PORTS[0]}", "end")
    c, conn = hold()[0]
    while conn not in many[0].conns:
        let_go([(c, conn)])
        c, conn = hold()[0]
    meshctl("drain", "endpoint", "c", f"{WEB}:{PORTS[0]}", "deadline", "300ms")
    c.gone()
    conn.gone()
    let_go(hold())


@test("drain of a listener: its connections, not those of another")
def _():
    mesh()
    busy, idle = Client("app", VIP), Client("app", VIP)
    other = Client("app", VIP6)
    for c in busy, idle, other:
        ask(c)
        let_go([(c, many.taken()[1])])
    ask(busy)
    _, conn, _ = many.taken()
    meshctl("drain", "listener", "4")
    idle.ended()
    conn.send(OK)
    head, _ = busy.response()
    equal((head.status, head.get("connection")), (200, "close"))
    busy.ended()
    ask(other)
    let_go([(other, many.taken()[1])])
    late = Client("app", VIP)
    ask(late)
    _, conn, _ = many.taken()
    meshctl("drain", "listener", "4", "deadline", "300ms")
    late.gone()
    true(other.alive())
    ask(other)
    let_go([(other, many.taken()[1])])


@test("drain: a deadline for everything")
def _():
    mesh()
    held = hold(2)
    ask(held[0][0])
    meshctl("drain", "deadline", "300ms")
    for c, conn in held:
        c.gone()
        conn.gone()


def after_each():
    """What is known of an endpoint goes with it."""
    close_connections()
    meshctl("flush")


def main():
    global many
    with pods_of_a_mesh("app", app=10, web=20):
        many = Endpoints("web", PORTS)
        mesh()
        return run_tests(after_each, closes=True)


if __name__ == "__main__":
    sys.exit(main())
