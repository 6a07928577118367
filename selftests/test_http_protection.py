#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Rate limits and faults, seen in the bytes on either side.

   clients in pods "app", "own" -- virtual IPs -- raw servers in pod "web"
"""

import contextlib
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from endpoints import (OK, VIP, VIP6, Endpoints, answer, apply_route, ask,
                       still_active)
from l7 import (Client, Counters, close_connections, closed_from_now, equal, fork,
                meshctl, note, pods_of_a_mesh, run_tests, test, true, until)

PORTS = range(9100, 9102)
HOUR = "60m"
many = None


def direct(listener=None, **route):
    """A mesh that answers by itself."""
    apply_route([], listener=listener, **{
        "action": {"direct_response": {"status": 200}}, **route})


def status(c, *fields, path="/"):
    ask(c, "GET", b"", *fields, path=path)
    return c.response()[0].status


# ---- rate limits ----

@test("rate limit: so many at once, then 429 and when it is worth to try again")
def _():
    grown = Counters()
    direct(rate_limit={"max_tokens": 5, "fill_interval": HOUR})
    for address, wanted in ((VIP, [200, 200, 200]), (VIP6, [200, 200, 429]),
                            (VIP, [429, 429, 429])):
        c = Client("app", address)
        equal([status(c) for _ in range(3)], wanted)
    equal(grown("reply_429_rate_limited"), 4)
    ask(c)
    head, _ = c.response()
    equal((head.status, head.get("x-ratelimit-limit"),
           head.get("x-ratelimit-remaining")), (429, "5", "0"))
    for name in "retry-after", "x-ratelimit-reset":
        true(3500 < int(head.get(name)) <= 3600, head.raw)


@test("rate limit: a change of something else fills no bucket")
def _():
    limit = {"rate_limit": {"max_tokens": 2, "fill_interval": HOUR}}
    direct(**limit)
    c = Client("app", VIP)
    equal([status(c) for _ in range(3)], [200, 200, 429])
    direct(**limit)
    equal(status(c), 429)
    meshctl("set", "virtual_host", "main/any", "order", "specific")
    equal(status(c), 429)
    meshctl("add", "route", "main/any", "0", "path_exact", "/other",
            "direct_response", "200")
    equal([status(c), status(c, path="/other")], [429, 200])
    meshctl("set", "route", "main/any", "1", "timeout", "5s")
    equal(status(c), 429)
    meshctl("set", "route", "main/any", "1", "max_tokens", "1",
            "fill_interval", "60m")
    equal([status(c), status(c)], [200, 429])


@test("rate limit: exact, whoever asks, from wherever, at the same time")
def _():
    direct(rate_limit={"max_tokens": 1000, "fill_interval": HOUR})
    children = []
    for i in range(4):
        ready, tell = os.pipe()
        pid = fork()
        if not pid:
            good = 0
            try:
                c = Client(("app", "own")[i % 2], (VIP, VIP6)[i // 2])
                for _ in range(400):
                    good += status(c) == 200
            finally:
                os.write(tell, b"%d" % good)
                os._exit(0)
        os.close(tell)
        children.append((pid, ready))
    got = []
    for pid, ready in children:
        got.append(int(os.read(ready, 10)))
        os.close(ready)
        os.waitpid(pid, 0)
    note(got)
    equal(sum(got), 1000)


@test("rate limit: it fills as it is told to")
def _():
    direct(rate_limit={"max_tokens": 20, "tokens_per_fill": 20,
                       "fill_interval": "2s"})
    c = Client("app", VIP)
    start = time.monotonic()
    good = sum(status(c) == 200 for _ in range(20))
    # What is there in the end is what was at first and what came meanwhile.
    while time.monotonic() < start + 3:
        good += status(c) == 200
    took = time.monotonic() - start
    note(f"{good} in {took:.2f} s")
    true(good <= 20 + took * 10 + 1, good)
    true(good >= 20 + 3 * 10 - 5, good)


@test("rate limit: of each value of a header, of each client")
def _():
    direct(rate_limit={"max_tokens": 2, "fill_interval": HOUR,
                       "header": "X-User"})
    c = Client("app", VIP)
    for user in "a", "b", "A", "x" * 1000:
        equal([status(c, f"x-user: {user}") for _ in range(3)],
              [200, 200, 429])
    equal([status(c) for _ in range(4)], [200] * 4)
    # An empty one is a value, and hides no other.
    equal([status(c, "x-user:") for _ in range(3)], [200, 200, 429])
    equal([status(c, "x-user:", "x-user: me") for _ in range(3)], [200, 200, 429])
    direct(rate_limit={"max_tokens": 2, "fill_interval": HOUR,
                       "source_address": True})
    for pod in "app", "own":
        for address, wanted in (VIP, [200, 200, 429]), (VIP6, [200, 200, 429]):
            got = [status(Client(pod, address)) for _ in range(3)]
            equal((pod, address, got), (pod, address, wanted))


@test("rate limit: more values than there is room for are not refused for it")
def _():
    direct(rate_limit={"max_tokens": 1, "fill_interval": HOUR,
                       "header": "x-user", "max_keys": 1})
    c = Client("app", VIP)
    equal([status(c, f"x-user: {i}") for i in range(200)], [200] * 200)
    equal([status(c, "x-user: 199"), status(c, "x-user: 198")], [429, 429])


@test("rate limit: of a listener, whatever its routes say")
def _():
    direct({"rate_limit": {"max_tokens": 3, "fill_interval": HOUR}},
           match={"path": {"exact": "/"}})
    for address in VIP, VIP6:
        c = Client("app", address)
        equal([status(c), status(c, path="/none"), status(c), status(c)],
              [200, 404, 200, 429])
    meshctl("set", "listener", "4", "idle_timeout", "1m")
    equal(status(Client("app", VIP)), 429)
    meshctl("set", "listener", "4", "rate_limit", "none")
    equal(status(Client("app", VIP)), 200)


@test("rate limit: a body that is not read ends the connection")
def _():
    direct(rate_limit={"max_tokens": 1, "fill_interval": HOUR})
    c = Client("app", VIP)
    equal(status(c), 200)
    ask(c, "PUT", b"x" * 100000)
    c.refusal(429)


# ---- faults ----

@test("fault: an answer instead of the endpoint's, of so many requests")
def _():
    grown = Counters()
    direct(fault={"abort": 418})
    c = Client("app", VIP)
    equal([status(c), status(c)], [418, 418])
    direct(fault={"abort": 503, "abort_fraction": "25%"})
    got = [status(c) for _ in range(2000)]
    n = got.count(503)
    note(n)
    # mean 500, standard deviation 19.4: eight of them
    true(345 < n < 655 and got.count(200) == 2000 - n, n)
    equal(grown("reply_fault_abort"), n + 2)
    direct(fault={"abort": 503, "abort_fraction": "0%"})
    equal({status(c) for _ in range(50)}, {200})


@test("fault: a delay, then the request goes its way, body and all")
def _():
    grown = Counters()
    apply_route(PORTS, fault={"delay": "500ms"}, timeout="400ms")
    for address in VIP, VIP6:
        c = Client("app", address)
        start = time.monotonic()
        ask(c, "PUT", b"x" * 20000)
        many.quiet(0.2)
        _, conn, head = many.taken()
        true(time.monotonic() - start >= 0.5)
        equal(conn.body(head), b"x" * 20000)
        conn.send(OK)
        equal(c.response()[0].status, 200)
    c = Client("app", VIP)
    ask(c)
    time.sleep(0.1)
    c.reset()
    many.quiet(0.8)
    direct(fault={"delay": "300ms", "abort": 404})
    c = Client("app", VIP)
    start = time.monotonic()
    equal(status(c), 404)
    true(time.monotonic() - start >= 0.3)
    equal(grown("fault_delays"), 4)


@test("fault: as requests ask for it, where they may")
def _():
    direct(fault={"by_header": True})
    c = Client("app", VIP)
    for value, wanted in ("418", 418), ("200", 200), ("199", 200), ("600", 200), \
            ("x", 200), ("41", 200), ("", 200), ("00000000418", 200):
        equal((value, status(c, f"X-Envoy-Fault-Abort-Request: {value}")),
              (value, wanted))
    start = time.monotonic()
    equal(status(c, "x-envoy-fault-delay-request: 300"), 200)
    true(time.monotonic() - start >= 0.3)
    direct(fault={"by_header": True, "abort": 503, "delay": HOUR})
    c = Client("app", VIP)
    equal(status(c, "x-envoy-fault-delay-request: 0"), 503)
    direct(fault={"abort": 503, "abort_fraction": "0%"})
    c = Client("app", VIP)
    equal(status(c, "x-envoy-fault-abort-request: 418"), 200)


@test("fault: a response at a rate, whole, with a length and in chunks")
def _():
    body = os.urandom(30000)
    for rate, fields in ({"response_rate": 20000}, ()), \
            ({"by_header": True}, ("x-envoy-fault-throughput-response: 20",)):
        apply_route(PORTS, fault=rate)
        c = Client("app", VIP)
        for chunked in False, True:
            start = time.monotonic()
            ask(c, "GET", b"", *fields)
            _, conn, _ = many.taken()
            if chunked:
                conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                          b"\r\n%x\r\n%s\r\n0\r\n\r\n" %
                          (len(body), body))
            else:
                conn.send(answer(200, body=body))
            true(c.response()[1] == body, "the body is another")
            took = time.monotonic() - start
            note(f"{took:.2f} s")
            true(took >= 1.3, took)
    ask(c, "GET", b"", *fields)
    _, conn, _ = many.taken()
    conn.send(answer(200, body=body))
    equal(c.head().status, 200)
    c.reset()
    still_active(0)


@test("fault: a rate, of so many responses")
def _():
    grown = Counters()
    apply_route(PORTS, fault={"response_rate": 1000000,
                              "rate_fraction": "50%"})
    c = Client("app", VIP)
    for _ in range(600):
        ask(c)
        _, conn, _ = many.taken()
        conn.send(OK)
        equal(c.response()[0].status, 200)
    n = grown("fault_response_rates")
    note(n)
    # mean 300, standard deviation 12.2: eight of them
    true(202 < n < 398, n)


# ---- limits of a source ----

def refused_connections(n, *addresses):
    """So many are reset as soon as they are accepted."""
    for address in addresses:
        for _ in range(n):
            # Within connect(), if it is early.
            with contextlib.suppress(ConnectionResetError):
                equal(Client("app", address).was_reset(), b"")


@test("connections of a source: one more is reset, until one of them ends")
def _():
    grown = closed_from_now()
    direct({"max_connections_per_source": 2})
    kept = [Client("app", a) for a in (VIP, VIP, VIP6, VIP6)]
    equal([status(c) for c in kept], [200] * 4)
    refused_connections(3, VIP, VIP6)
    # Another address has its own, and so has another namespace with it.
    others = [Client("own", VIP) for _ in range(2)]
    equal([status(c) for c in others + kept], [200] * 6)
    equal(grown("downstream_source_limited"), 6)
    kept[0].close()
    kept[2].reset()
    until(lambda: grown("downstream_connections_closed") == 8)
    again = [Client("app", a) for a in (VIP, VIP6)]
    equal([status(c) for c in again], [200] * 2)
    refused_connections(1, VIP, VIP6)
    # A limit that comes later counts who comes later.
    meshctl("set", "listener", "4", "max_connections_per_source", "0")
    equal(status(Client("app", VIP)), 200)
    meshctl("set", "listener", "4", "max_connections_per_source", "3")
    equal(status(Client("app", VIP)), 200)
    refused_connections(1, VIP)


def answered(c, conn):
    """A client has its answer. Its request counts for a moment longer."""
    conn.send(OK)
    equal(c.response()[0].status, 200)
    still_active(0)


def served(c):
    """One request, which is refused or answered."""
    ask(c)
    found = many.poll(0.2)
    if not found:
        return c.response()[0].status == 200
    found[1].head()
    answered(c, found[1])
    return True


@test("requests of a source: one more is answered 429, also while one is a tunnel")
def _():
    grown = Counters()
    apply_route(PORTS, listener={"max_requests_per_source": 1})
    first, second = Client("app", VIP), Client("app", VIP)
    ask(first)
    _, conn, _ = many.taken()
    equal([status(second), status(second)], [429, 429])
    for address in VIP6, VIP:
        other = Client("own" if address == VIP else "app", address)
        ask(other)
        _, its, _ = many.taken()
        its.send(OK)
        equal(other.response()[0].status, 200)
    answered(first, conn)
    ask(second)
    _, conn, _ = many.taken()
    equal(status(first), 429)
    answered(second, conn)
    ask(first, "GET", b"", "Connection: Upgrade", "Upgrade: websocket")
    _, conn, _ = many.taken()
    conn.send(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\n"
              b"Upgrade: websocket\r\n\r\n")
    equal(first.head().status, 101)
    equal(status(second), 429)
    first.reset()
    still_active(0)
    until(lambda: served(second))
    equal(grown("reply_429_source_limited") >= 4, True)


@test("requests of a source: a limit counts who was connected before it came")
def _():
    apply_route(PORTS)
    first, second = Client("app", VIP), Client("app", VIP)
    equal([served(first), served(second)], [True, True])
    meshctl("set", "listener", "4", "max_requests_per_source", "1")
    ask(first)
    _, conn, _ = many.taken()
    equal(status(second), 429)
    answered(first, conn)
    equal([served(second), served(first)], [True, True])


@test("requests of a source: one after which its connection lingers counts once")
def _():
    apply_route(PORTS, listener={"max_requests_per_source": 1})
    closed = closed_from_now()
    kept, other = Client("app", VIP), Client("app", VIP)
    for c in kept, other:
        ask(c)
        answered(c, many.taken()[1])
    for n in range(1, 4):
        last = Client("app", VIP)
        ask(last, "GET", b"", "Connection: close")
        many.taken()[1].send(OK)
        equal(last.response()[0].status, 200)
        last.ended()
        last.close()
        closed.reach("downstream_connections_closed", n)
        # There is room for one, and no more.
        ask(kept)
        _, conn, _ = many.taken()
        equal(status(other), 429)
        answered(kept, conn)


@test("limits of a source: 500 connections come and go, from two namespaces", 300)
def _():
    grown = closed_from_now()
    direct({"max_connections_per_source": 1000, "max_requests_per_source": 1000})
    children = []
    for pod in "app", "own":
        for _ in range(2):
            pid = fork()
            if not pid:
                bad = 1
                try:
                    for _ in range(125):
                        c = Client(pod, VIP)
                        equal(status(c), 200)
                        c.close()
                    bad = 0
                finally:
                    os._exit(bad)
            children.append(pid)
    equal([os.waitpid(pid, 0)[1] for pid in children], [0] * 4)
    # Nobody is counted any more.
    until(lambda: grown("downstream_connections_closed") == 500)
    meshctl("set", "listener", "4", "max_connections_per_source", "1",
            "max_requests_per_source", "1")
    kept = [Client(pod, VIP) for pod in ("app", "own")]
    equal([status(c) for c in kept], [200] * 2)
    refused_connections(2, VIP)


def main():
    global many
    with pods_of_a_mesh("app", "own", app=10, own=11, web=20):
        many = Endpoints("web", PORTS)
        direct()
        return run_tests(close_connections, closes=True)


if __name__ == "__main__":
    sys.exit(main())
