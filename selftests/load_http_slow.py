#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# timeout: 3000
"""10,000 clients that mean no good, and one that must not notice: slow heads (a
byte now and then), slow bodies, slow readers of large responses, and connections
that say nothing.

   10,000 clients in pod "app" -- a virtual IP ------- nginx in pod "web"
   one more there -------------- another virtual IP -- nginx in pod "calm"

What each of them takes of the kernel's memory is printed and bounded; how long
others wait is printed, as an emulated machine's clock proves nothing, and each of
them gets its answer. L7MESH_SCALE divides the number of clients.
"""

import os
import resource
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from l7 import (Client, Counters, all_ended, apply, close_clients, equal,
                in_pod, meshctl, note, pods_of_a_mesh, request, run_tests,
                stats, test, true, until)
from slabs import kernel_memory

SCALE = int(os.environ.get("L7MESH_SCALE", "1"))
CLIENTS = 10000 // SCALE
VIP, SLOW = "10.96.0.1", "10.96.0.2"
ASKED = 300
# A page of a listener that expects no good of its clients.
WARY = {"headers_timeout": "60s", "request_timeout": "2m", "idle_timeout": "60s",
        "stream_idle_timeout": "60s", "buffer_limit": 16384,
        "max_header_bytes": 8192}
CONFIG = {
    "clusters": [{"name": name, "connect_timeout": "60s",
                  "response_timeout": "0s", "max_idle": 16,
                  "endpoints": [{"address": address, "port": 8080}]}
                 for name, address in (("web", "10.2.0.20"),
                                       ("calm", "10.2.0.21"))],
    "route_tables": [{"name": "t", "virtual_hosts": [
        {"name": "calm", "domains": ["calm"],
         "routes": [{"action": {"cluster": "calm"}}]},
        {"name": "v", "domains": ["*"],
         "routes": [{"action": {"cluster": "web"}}]}]}],
    "listeners": [
        {"name": "l", "address": VIP, "port": 80, "protocol": "http",
         "route_table": "t"},
        {"name": "slow", "address": SLOW, "port": 80, "protocol": "http",
         "route_table": "t", **WARY}],
}
net = None


def buffers():
    """Bytes that all TCP sockets' buffers hold."""
    with open("/proc/net/sockstat", encoding="ascii") as f:
        return next(int(line.split()[-1]) for line in f
                    if line.startswith("TCP:")) * 4096


def kernel_bytes():
    """In objects, and in the pages of sockets' buffers, which may be both: the
    larger of what was and what is counts, so this is too much if anything."""
    return kernel_memory() + buffers()


class Crowd:
    """Many connections at once, of which little is asked."""

    def __init__(self, n, address, first):
        self.socks = []
        for _ in range(n):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(60)
            sock.connect((address, 80))
            if first:
                sock.sendall(first)
            self.socks.append(sock)

    def each(self, data):
        for sock in self.socks:
            sock.sendall(data)

    def close(self):
        for sock in self.socks:
            sock.close()


def percentile(times, p):
    return sorted(times)[min(len(times) - 1, int(len(times) * p / 100))] * 1000


def ask_all():
    """Requests of one who means well, a few on each connection: their times."""
    times, c = [], None
    for i in range(ASKED):
        if i % 10 == 0:
            close_clients()
            c = Client("app", VIP)
        start = time.monotonic()
        c.send(request("/", host="calm"))
        head, body = c.response()
        times.append(time.monotonic() - start)
        equal((head.status, body), (200, b"calm\n"))
    close_clients()
    return times


def say(what, times):
    note(f"{what}: {len(times)} requests of another, half within "
         f"{percentile(times, 50):.1f} ms, 99% within "
         f"{percentile(times, 99):.1f} ms")


def suffer(what, first, more, limit, address=SLOW):
    """A crowd, while another asks; what each of it takes."""
    meshctl("drain")
    until(lambda: all_ended(stats()["counters"]), 60)
    time.sleep(1)
    before = kernel_bytes()
    with in_pod("app"):
        crowd = Crowd(CLIENTS, address, first)
    try:
        say(what, ask_all())
        if more:
            crowd.each(more)
            say(f"{what}, each moving", ask_all())
        took = (kernel_bytes() - before) // CLIENTS
        note(f"{what}: {took} bytes each, sockets of both ends included")
        true(SCALE > 1 or took < limit, f"{took} of {limit} bytes")
    finally:
        crowd.close()
    until(lambda: all_ended(stats()["counters"]) or meshctl("drain"), 120)


@test("alone", 600)
def _():
    say("alone", ask_all())


@test("connections that say nothing", 900)
def _():
    suffer("silent", None, None, 16384)


@test("slow heads", 900)
def _():
    suffer("slow heads", b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"x", 20480)


@test("slow bodies", 900)
def _():
    suffer("slow bodies", request("/file/up", "Content-Length: 100000",
                                  host="a", method="PUT") + b"x", b"x", 65536)


@test("slow readers", 900)
def _():
    with open(f"{net.dir}/web/www/big", "wb") as file:
        file.write(b"z" * 1000000)
    suffer("slow readers", request("/file/big", host="a"), None, 262144)


@test("when their time is over they are gone, each counted", 900)
def _():
    grown = Counters()
    n = CLIENTS // 10
    with in_pod("app"):
        crowd = Crowd(n, SLOW, b"GET / HTTP/1.1\r\n")
    until(lambda: grown("reply_408_headers_timeout") == n, 300)
    for sock in crowd.socks:
        got = b""
        while piece := sock.recv(4096):
            got += piece
        true(got.startswith(b"HTTP/1.1 408 "), got)
    crowd.close()


def main():
    global net
    resource.setrlimit(resource.RLIMIT_NOFILE, (65536, 65536))
    os.environ["NET_CONNECTIONS"] = "24000"
    with pods_of_a_mesh("app", app=10, web=20, calm=21) as net:
        net("net_nginx", "web")
        net("net_nginx", "calm")
        apply(CONFIG)
        return run_tests(close_clients)


if __name__ == "__main__":
    sys.exit(main())
