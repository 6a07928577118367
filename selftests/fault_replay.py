#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What is kept to be sent again, with every allocation beneath the module failing: the
right answer, a refusal or a reset, and nobody is ever sent half of something.

   client in pod "app" -- virtual IP -- two servers in pod "web" that take nothing but
   whole requests: one declines each, and one answers before it has read all of it
"""

import contextlib
import functools
import os
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
import faults
from faults import REFUSED, answer, attempt, sweep
from l7 import (Client, Net, Stream, apply, close_clients, drained, equal, in_pod,
                meshctl, request, run_tests, test)

VIP = "10.96.0.1"
DECLINES, HASTY = 9001, 9002
CONFIG = {
    "clusters": [
        {"name": "strict", "lb": "round_robin", "response_timeout": "20s",
         "endpoints": [{"address": "10.2.0.20", "port": port}
                       for port in (DECLINES, HASTY)]}],
    "route_tables": [{"name": "t", "virtual_hosts": [
        {"name": "kept", "domains": ["kept"], "routes": [
            {"action": {"cluster": "strict"}, "timeout": "60s",
             "request_headers": [{"name": f"x-{i}", "value": "%REQ(x-long)%"}
                                 for i in range(2)],
             "response_headers": [{"name": "x-again", "value": "%REQ(x-long)%"}],
             "retry": {"on": "5xx", "num_retries": 3, "backoff": "1ms"}}]}]}],
    "listeners": [
        # Less than a body has room on its way.
        {"name": "kept", "address": VIP, "port": 80, "protocol": "http",
         "route_table": "t", "buffer_limit": 16384}],
}

BODY = os.urandom(30000)
CHUNKS = [BODY[i:i + 1777] for i in range(0, len(BODY), 1777)]
TRAILER = b"X-Trailer: " + b"t" * 1500 + b"\r\n"
LONG = "l" * 3000
STARTS = "PUT / HTTP/1.1", "GET / HTTP/1.1"
# What has come that none may send.
wrong = []

get = functools.partial(request, host="kept")


def take(conn, body):
    """Bytes that are these, or end before."""
    try:
        came = conn.exactly(len(body))
    except (EOFError, ConnectionResetError):
        came = conn.buffer
        if body.startswith(came):
            raise
    if came != body:
        wrong.append(came[:1000])
        raise EOFError


def take_request(conn, reply):
    """One who is hasty answers before he has read all of it."""
    head = conn.head()
    if head.start not in STARTS:
        wrong.append(head.raw)
        raise EOFError
    if head.get("transfer-encoding"):
        take(conn, b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in CHUNKS) +
             b"0\r\n" + TRAILER + b"\r\n")
        conn.send(reply)
    elif head.get("content-length"):
        hasty = b" 200 " in reply
        take(conn, BODY[:1000])
        if hasty:
            conn.send(reply)
        take(conn, BODY[1000:])
        if not hasty:
            conn.send(reply)
    else:
        conn.send(reply)


def serve(sock, reply):
    with contextlib.suppress(EOFError, OSError), sock:
        conn = Stream(sock)
        while True:
            take_request(conn, reply)


def accept(listener, reply):
    with contextlib.suppress(OSError):
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0], reply),
                             daemon=True).start()


def begin_strict(port, status):
    reply = (f"HTTP/1.1 {status} S\r\nContent-Length: 5\r\nX-Long: {LONG}\r\n\r\n"
              "whole").encode()
    with in_pod("web"):
        listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind(("10.2.0.20", port))
    listener.listen(256)
    threading.Thread(target=accept, args=(listener, reply), daemon=True).start()
    return listener


def put(*fields):
    return request("/", *fields, host="kept", method="PUT")


KEPT_BODIES = {
    "a length": put(f"Content-Length: {len(BODY)}") + BODY,
    "chunks": put("Transfer-Encoding: chunked") +
    b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in CHUNKS) + b"0\r\n" + TRAILER +
    b"\r\n",
}


def of_strict(message, c=None):
    """The outcome of a request, perhaps of a connection that is there."""
    def run():
        client = c or Client("app", VIP)
        client.send(message)
        return answer(client, 200, b"whole")
    told = attempt(run)
    equal(wrong, [])
    return told


def none_is_half():
    """Whatever waits in pools is used, and nobody is sent the rest of another's."""
    close_clients()
    for _ in range(4):
        equal(of_strict(get("/")), "ok")
    close_clients()


def swept(body, times=1):
    clients = []

    def ready():
        none_is_half()
        clients.append(Client("app", VIP))
        equal(of_strict(get("/"), clients[-1]), "ok")

    ready()
    equal(sweep(f"{body}, {times} at a time",
                lambda: of_strict(KEPT_BODIES[body], clients.pop()), ready,
                times=times), "ok")


@test("a body that is sent again: no leg that has half of it is used again", 1200)
def _():
    swept("a length")


@test("chunks and trailers that are sent again: no such leg either", 1200)
def _():
    swept("chunks")


@test("the same while four allocations fail, one behind the other", 1200)
def _():
    swept("chunks", times=4)


@test("long heads, and long fields of routes, both ways", 1200)
def _():
    def ask():
        c = Client("app", VIP)
        c.send(get("/", f"X-Long: {LONG}"))
        head, got = c.response()
        if head.status in REFUSED:
            return f"{head.status}"
        # All of it, or no answer at all.
        equal((head.status, got, head.get("x-long"), head.get("x-again")),
              (200, b"whole", LONG, LONG))
        return "ok"
    equal(sweep("long", lambda: attempt(ask), none_is_half), "ok")


@test("every connection and every leg has ended")
def _():
    drained()


def main():
    faults.set_up()
    net = Net(app=10, web=20)
    listeners = []
    try:
        listeners += [begin_strict(DECLINES, 503), begin_strict(HASTY, 200)]
        apply(CONFIG)
        meshctl("attach", "app")
        none_is_half()
        return run_tests(close_clients)
    finally:
        faults.arm(0)
        meshctl("flush")
        for listener in listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        net.down()


if __name__ == "__main__":
    sys.exit(main())
