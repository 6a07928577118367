#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Mirrored requests: what the copies are, how many, and that nobody waits for them.

   clients in pod "app" -- virtual IPs -- raw servers in pod "web"
"""

import contextlib
import math
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from endpoints import OK, VIP, VIP6, WEB, answer
from l7 import (Backend, Client, Counters, SentMemory, apply, close_connections,
                equal, fork, meshctl, pods_of_a_mesh, request, run_tests, stats, test,
                true, until)

web = copies = more = None
COUNTERS = ("mirrored_requests", "mirrored_requests_failed",
            "mirrored_requests_dropped")


def mesh(*mirrors, route=None, cluster=None):
    apply({
        "clusters": [
            {"name": "web", "endpoints": [{"address": WEB, "port": 9000}]},
            {"name": "copies", **(cluster or {}),
             "endpoints": [{"address": WEB, "port": 9001}]},
            {"name": "more", "endpoints": [{"address": WEB, "port": 9002}]},
            {"name": "closed", "endpoints": [{"address": WEB, "port": 1}]},
            {"name": "nobody"}],
        "route_tables": [{"name": "main", "virtual_hosts": [
            {"name": "any", "domains": ["*"], "routes": [
                {"action": {"cluster": "web"}, "mirrors": list(mirrors),
                 **(route or {})}]}]}],
        "listeners": [
            {"name": name, "address": vip, "port": 80, "protocol": "http",
             "route_table": "main"} for name, vip in (("4", VIP), ("6", VIP6))]})


def served(c, message, body=b""):
    """A request and its answer, which the mirror has no part in: what the server
    got."""
    c.send(message + body)
    conn, head = web.request()
    got = conn.exactly(len(body)) if body else b""
    conn.send(OK)
    equal(c.response()[0].status, 200)
    return head, got


def copy(backend, body=b""):
    """The next copy: its head and body; its answer is not waited for."""
    conn, head = backend.request()
    got = conn.exactly(len(body)) if body else b""
    conn.send(answer(500, body=b"nobody reads this"))
    conn.ended()
    return head, got


def nothing(backend):
    """No request comes, whatever ends."""
    true(not backend.poll(0.3), "a request came")


@test("a copy is what the endpoint got, but for its host, on its own connection")
def _():
    mesh({"cluster": "copies"}, route={
        "action": {"cluster": "web", "rewrite": {"prefix": "/new"}},
        "match": {"path": {"prefix": "/old"}},
        "request_headers": [{"name": "x-a", "value": "b"}]})
    for address in VIP, VIP6:
        c = Client("app", address)
        for host, shadow in (("a.example", "a.example-shadow"),
                             ("a.example:80", "a.example-shadow:80"),
                             ("[::1]", "[::1]-shadow"),
                             ("[::1]:80", "[::1]-shadow:80"),
                             ("a.example.", "a.example-shadow."),
                             ("a.example.:80", "a.example-shadow.:80")):
            counters = Counters()
            head, _ = served(c, request("/old/x?y", "X-B: c", host=host))
            equal(head.start, "GET /new/x?y HTTP/1.1")
            other, _ = copy(copies)
            equal(other.raw, head.raw
                  .replace(f"host: {host}\r\n".encode(),
                           f"host: {shadow}\r\n".encode())
                  .replace(b"\r\nx-a: b", b"\r\nconnection: close\r\nx-a: b"))
            equal(counters(*COUNTERS), [1, 0, 0])


@contextlib.contextmanager
def alternating(sent, *texts):
    """Another process writes one text after the other, over and over."""
    pid = fork()
    if not pid:
        while True:
            for text in texts:
                sent.bytes[:len(text)] = text
                for _ in range(50):
                    pass
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def send_alternating(sent):
    """Returns whether the endpoint got a whole request, which it answers."""
    c = Client("app", VIP)
    c.send(request("/", "Transfer-Encoding: chunked", host="a", method="PUT"))
    conn, _ = web.request()
    sent.send(c)
    try:
        conn.chunked()
    except (EOFError, ConnectionError):
        # It was looked at while it was neither of the texts.
        web.forget(conn)
        return False
    conn.send(OK)
    equal(c.response()[0].status, 200)
    return True


@test("a copy ends where the request did, whatever the client makes of its memory")
def _():
    mesh({"cluster": "copies"})
    long, short = b"%020x\r\n" % 40, b"0\r\n\r\nGET / HTTP/1.1\r\n"
    sent = SentMemory(long + b"d" * 40 + b"\r\n" + b"1\r\n!\r\n" * 600 +
                      b"0\r\n\r\n")
    counters, copied = Counters(), 0
    with alternating(sent, long, short):
        for _ in range(25):
            copied += send_alternating(sent)
            while copies.poll(0.01):
                conn, _ = copies.request()
                conn.chunked()
                conn.send(OK)
                conn.ended()
                copies.forget(conn)
    sent.close()
    true(copied, "no request was whole")
    mirrored, failed, dropped = counters(*COUNTERS)
    equal((mirrored, failed, dropped), (copied, 0, 0))


@test("what a header operation takes away is no trailer of a copy, nor of a retry")
def _():
    mesh({"cluster": "copies"}, {"cluster": "more"}, route={
        "request_headers": [{"name": "x-gone", "op": "remove"},
                            {"name": "x-set", "value": "1"}],
        "retry": {"on": "5xx", "num_retries": 1}})
    for piece in 3, 50000:
        for sent, kept in (
                (b"X-Gone: 1\r\nX-T: t\r\nx-set: 2\r\n", [b"X-T: t\r\n"]),
                (b"x-gone:" + b"1" * 8000 + b"\r\nX: y\r\n", [b"X: y\r\n"]),
                (b"X-Gone: 1\r\n", []), (b"", []),
                (b"X-T: t\r\n", [b"X-T: t\r\n"])):
            if piece == 3 and len(sent) > 1000:
                continue
            c = Client("app", VIP)
            c.send(request("/", "Transfer-Encoding: chunked", host="a",
                           method="PUT"))
            c.send_slowly(b"5\r\nhello\r\n1\r\n!\r\n0\r\n" + sent + b"\r\n",
                          piece)
            for status in 500, 200:
                conn, _ = web.request()
                got = conn.chunked()
                equal((status, got[0], got[2]), (status, b"hello!", kept))
                conn.send(answer(status))
            equal(c.response()[0].status, 200)
            for backend in copies, more:
                conn, _ = backend.request()
                got = conn.chunked()
                equal((got[0], got[2]), (b"hello!", kept))
                conn.quiet(0.05)
                conn.send(OK)
                conn.ended()


@test("unchanged, without \"-shadow\"; several mirrors")
def _():
    mesh({"cluster": "copies", "shadow": False}, {"cluster": "more"})
    served(Client("app", VIP), request(host="a"))
    equal(copy(copies)[0].get("host"), "a")
    equal(copy(more)[0].get("host"), "a-shadow")


@test("bodies: with a length, in chunks, with 100-continue; HEAD")
def _():
    mesh({"cluster": "copies"})
    for size in 1, 10000, 300000:
        body = os.urandom(size)
        c = Client("app", VIP)
        equal(served(c, request(f"/{size}", f"Content-Length: {size}", host="a",
                                method="POST"), body)[1], body)
        head, got = copy(copies, body)
        equal((head.get("content-length"), got), (str(size), body))
    c = Client("app", VIP)
    chunks = b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"
    served(c, request("/", "Transfer-Encoding: chunked", host="a",
                      method="PUT"), chunks)
    conn, head = copies.request()
    equal(conn.chunked()[0], b"hello!")
    conn.send(OK)
    c = Client("app", VIP)
    c.send(request("/", "Content-Length: 2", "Expect: 100-continue", host="a",
                   method="POST"))
    conn, head = web.request()
    equal(head.get("expect"), "100-continue")
    conn.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    equal(c.head().status, 100)
    c.send(b"hi")
    equal(conn.exactly(2), b"hi")
    conn.send(OK)
    c.response()
    head, got = copy(copies, b"hi")
    equal((head.get("expect"), got), (None, b"hi"))
    c.send(request("/", host="a", method="HEAD"))
    conn, _ = web.request()
    conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
    c.response("HEAD")
    conn, head = copies.request()
    conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
    conn.ended()


@test("a body that is too large is not mirrored, and passes")
def _():
    mesh({"cluster": "copies"})
    counters = Counters()
    body = os.urandom(3 << 20)
    c = Client("app", VIP)
    c.send(request("/", f"Content-Length: {len(body)}", host="a", method="POST"))
    conn, _ = web.request()
    for at in range(0, len(body), 65536):
        c.send(body[at:at + 65536])
        equal(conn.exactly(65536), body[at:at + 65536])
    conn.send(OK)
    equal(c.response()[0].status, 200)
    equal(counters(*COUNTERS), [0, 0, 1])
    nothing(copies)


@test("nobody waits: mirrors that refuse, say nothing, have no endpoint")
def _():
    mesh({"cluster": "copies"}, {"cluster": "closed"}, {"cluster": "nobody"},
         cluster={"connect_timeout": "100ms", "response_timeout": "200ms"})
    counters = Counters()
    c = Client("app", VIP)
    for _ in range(20):
        served(c, request(host="a"))
    # Not one of them is answered.
    until(lambda: counters("mirrored_requests_failed") == 40)
    equal(counters(*COUNTERS), [40, 40, 20])
    counters.reach("responses", 20)
    equal(counters("requests"), 20)


@test("a copy goes on when its client has gone, and so has the request")
def _():
    mesh({"cluster": "copies"})
    counters = Counters()
    body = bytes(100000)
    c = Client("app", VIP)
    c.send(request("/", f"Content-Length: {len(body)}", host="a", method="PUT") + body)
    conn, _ = web.request()
    conn.exactly(len(body))
    # All of it is sent, and nobody reads the copy before all else is over.
    counters.reach("mirrored_requests", 1)
    c.reset()
    conn.ended()
    counters.reach("requests_abandoned_by_client", 1)
    equal(copy(copies, body)[1], body)
    equal(counters(*COUNTERS), [1, 0, 0])


@test("a fraction of the requests")
def _():
    p, n = 0.25, 2000
    mesh({"cluster": "closed", "fraction": "25%"},
         {"cluster": "nobody", "fraction": "0%"})
    counters = Counters()
    c = Client("app", VIP)
    for _ in range(n):
        served(c, request(host="a"))
    sent, dropped = counters("mirrored_requests", "mirrored_requests_dropped")
    # Seven standard deviations: one run in 10^11 is beyond.
    true(abs(sent - p * n) < 7 * math.sqrt(n * p * (1 - p)), sent)
    equal(dropped, 0)


@test("a copy is sent however long the client makes its head")
def _():
    mesh({"cluster": "copies"}, cluster={
        "lb": "maglev", "hash": [{"cookie": f"c{i}"} for i in range(16)]})
    counters = Counters()
    c = Client("app", VIP)
    for size in 3, 3000, 15000, 50000:
        head, _ = served(c, request("/", "Cookie: " + ";" * size, host="a"))
        equal(len(head.get("cookie")), size)
        equal(len(copy(copies)[0].get("cookie")), size)
    counters.reach("mirrored_requests", 4)
    equal(counters("mirrored_requests_dropped"), 0)


@test("copies are sent however much is edited in each of them")
def _():
    names = [f"x-{i}" for i in range(60)]
    mesh({"cluster": "copies"}, {"cluster": "more"}, {"cluster": "closed"}, route={
        "request_headers": [{"name": name, "value": "%REQ(x-a)%" * 4}
                            for name in names]})
    counters = Counters()
    served(Client("app", VIP), request("/", "X-A: 1", host="a"))
    for backend in copies, more:
        head, _ = copy(backend)
        equal([head.get(name) for name in names], ["1" * 4] * len(names))
    counters.reach("mirrored_requests", 3)
    equal(counters("mirrored_requests_dropped"), 0)


@test("retried requests are mirrored once; what never gets to an endpoint is not")
def _():
    mesh({"cluster": "copies"}, route={
        "retry": {"on": "5xx", "num_retries": 2, "backoff": "1ms"}})
    counters = Counters()
    c = Client("app", VIP)
    c.send(request("/", "Content-Length: 4", host="a", method="PUT") + b"body")
    for reply in answer(503), answer(503), OK:
        conn, _ = web.request()
        equal(conn.exactly(4), b"body")
        conn.send(reply)
    equal(c.response()[0].status, 200)
    equal(copy(copies, b"body")[1], b"body")
    nothing(copies)
    equal(counters(*COUNTERS), [1, 0, 0])
    mesh({"cluster": "copies"}, route={"action": {"cluster": "nobody"}})
    c.send(request(host="a"))
    equal(c.response()[0].status, 503)
    nothing(copies)


@test("mirrors on the command line, and what is shown of them")
def _():
    mesh()
    meshctl("set", "route", "main/any", "0", "mirror", "copies=12.5%", "mirror",
            "more,unchanged")
    true("mirror copies=12.5% mirror more=100%,unchanged"
         in meshctl("show", "route"), meshctl("show", "route"))
    meshctl("set", "route", "main/any", "0", "mirror", "more")
    served(Client("app", VIP), request(host="a"))
    equal(copy(more)[0].get("host"), "a-shadow")
    meshctl("set", "route", "main/any", "0", "mirror", "none")
    served(Client("app", VIP), request(host="a"))
    nothing(more)


@test("copies that are under way end with the namespace, or when all is unloaded")
def _():
    mesh({"cluster": "copies"}, cluster={"response_timeout": "60m"})
    c = Client("app", VIP)
    for _ in range(10):
        served(c, request(host="a"))
    equal(len({copies.request()[0] for _ in range(10)}), 10)
    time.sleep(0.1)
    true(stats()["counters"]["mirrored_requests"] >= 10)


def main():
    global web, copies, more  # pylint: disable=global-statement
    with pods_of_a_mesh("app", app=10, web=20):
        web, copies, more = (Backend("web", 9000 + i) for i in range(3))
        mesh()
        return run_tests(close_connections, closes=True)


if __name__ == "__main__":
    sys.exit(main())
