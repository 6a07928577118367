#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""HTTP exchanges and TCP connections, with every allocation beneath the module
failing once: the right answer, a refusal or a reset, and all is well afterwards.

   client in pod "app" -- virtual IPs -- http_server.py in pod "web"
"""

import contextlib
import functools
import hashlib
import os
import socket
import ssl
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
import faults
from faults import REFUSED, answer, attempt, sweep
from l7 import (Client, Counters, Net, all_ended, apply, close_clients, drained, equal,
                meshctl, netns_cookie, request, run_tests, test, true, until)
from l7nl import Genl

VIP, VIP6, L4, L4V6 = "10.96.0.1", "fd00:96::1", "10.96.0.2", "fd00:96::2"
TUNNEL, PROXIED, TLS = "10.96.0.3", "10.96.0.4", "10.96.0.5"
WEB, WEB6 = "10.2.0.20", "fd00:2::20"
VIP_IN = "10.96.0.6"
CONFIG = {
    "clusters": [
        {"name": "web", "connect_timeout": "3s", "response_timeout": "5s",
         "endpoints": [{"address": "10.2.0.20", "port": 9000}]},
        {"name": "sticky", "lb": "ring_hash",
         "hash": [{"cookie": "sid", "cookie_ttl": 60}],
         "endpoints": [{"address": "10.2.0.20", "port": 9000}]},
        {"name": "twice", "lb": "round_robin", "endpoints": [
            {"address": "10.2.0.20", "port": 9000},
            {"address": "fd00:2::20", "port": 9000}]},
        {"name": "web6",
         "endpoints": [{"address": "fd00:2::20", "port": 9000}]},
    ],
    "route_tables": [{"name": "tls", "virtual_hosts": [
        {"name": "v", "domains": ["*"], "routes": [{"action": {"cluster": "web"}}]}]},
                     {"name": "t", "virtual_hosts": [
        {"name": "v", "domains": ["web"], "routes": [
            {"match": {"path": {"exact": "/direct"}},
             "action": {"direct_response": {"status": 200, "body": "direct"}}},
            {"match": {"path": {"exact": "/old"}},
             "action": {"redirect": {"path": "/new", "status": 301}}},
            {"action": {"cluster": "web"}}]},
        {"name": "again", "domains": ["again"], "routes": [
            {"action": {"cluster": "web"}, "timeout": "10s",
             "mirrors": [{"cluster": "web"}],
             "retry": {"on": "connect_failure,reset,5xx", "status": "200",
                       "num_retries": 2, "backoff": "1ms"}}]},
        {"name": "late", "domains": ["late"], "routes": [
            {"action": {"cluster": "twice"}, "timeout": "10s",
             "retry": {"on": "connect_failure,reset", "num_retries": 2,
                       "per_try_timeout": "1ms",
                       "hedge_on_per_try_timeout": True}}]},
        {"name": "policy", "domains": ["policy"], "routes": [
            {"match": {"path": {"regex": "/p/(a|b)*"},
                       "headers": [{"name": "x-n", "range":
                                    {"start": 0, "end": 10}}]},
             "action": {"cluster": "sticky",
                        "rewrite": {"path": "/", "host": "web"}},
             "request_headers": [{"name": "x-a", "value": "%PROTOCOL%"}],
             "response_headers": [{"name": "x-id",
                                   "value": "%REQ(x-request-id)%"}],
             "cors": {"allow_origins": ["*"]}},
            {"action": {"redirect": {"scheme": "https"}},
             "response_headers": [{"name": "x-b", "value": "b"}]}]}]}],
    "listeners": [
        {"name": "http", "address": VIP, "port": 80, "protocol": "http",
         "route_table": "t"},
        {"name": "http6", "address": VIP6, "port": 80, "protocol": "http",
         "route_table": "t", "max_connections_per_source": 100,
         "max_requests_per_source": 100},
        {"name": "tunnel", "address": TUNNEL, "port": 80, "protocol": "http",
         "route_table": "t", "connect": "terminate",
         "expect_continue": "answer", "normalize_path": True,
         "x_forwarded_host": True, "forwarded": True, "via": True,
         "traceparent": True},
        {"name": "proxied", "address": PROXIED, "port": 80, "protocol": "http",
         "route_table": "t", "proxy_protocol": True,
         "trusted_sources": ["10.2.0.0/24"]},
        {"name": "tls", "address": TLS, "port": 443, "protocol": "tls",
         "route_table": "tls"},
        {"name": "auto", "address": TLS, "port": 80, "protocol": "auto",
         "route_table": "t", "tls_route_table": "tls", "cluster": "web"},
        {"name": "tcp", "address": L4, "port": 9000, "protocol": "tcp",
         "cluster": "web"},
        {"name": "tcp6", "address": L4V6, "port": 9000, "protocol": "tcp",
         "cluster": "web6"},
    ],
}

genl = None


get = functools.partial(request, host="web")


def one(message, status=200, body=b"web\n", address=VIP, sizes=None):
    def run():
        c = Client("app", address, sizes=sizes)
        c.send(message)
        return answer(c, status, body)
    return lambda: attempt(run)


def well():
    """The mesh serves, as if nothing had been."""
    close_clients()
    equal(one(get("/"))(), "ok")
    close_clients()


def swept(name, operation, after=well):
    equal(sweep(name, operation, after), "ok")


@test("a request on a connection of its own, IPv4 and IPv6", 1200)
def _():
    for address in VIP, VIP6:
        swept(f"GET {address}", one(get("/"), address=address), after=drain)


def drain():
    """No pooled leg is left: the next request opens one."""
    well()
    genl.do("DRAIN")
    until(lambda: all_ended(genl.counters()))


@test("the second request of a connection, on a pooled leg", 1200)
def _():
    clients = []

    def ready():
        well()
        c = Client("app", VIP)
        c.send(get("/"))
        equal(answer(c, 200, b"web\n"), "ok")
        clients.append(c)

    def again():
        c = clients.pop()
        c.send(get("/"))
        return answer(c, 200, b"web\n")
    ready()
    swept("second GET", lambda: attempt(again), after=ready)


@test("bodies in chunks, both ways", 1200)
def _():
    body = os.urandom(20000)
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in
                       (body[i:i + 1777] for i in range(0, len(body), 1777)))
    swept("POST", one(
        get("/", "Transfer-Encoding: chunked", method="POST") + chunked +
        b"0\r\n\r\n", body=hashlib.sha256(body).hexdigest().encode() + b"\n"))
    swept("GET of chunks", one(get("/?size=100000"), body=b"x" * 100000))
    swept("GET of chunks, small buffers", one(
        get("/?size=30000"), body=b"x" * 30000, sizes=2048))


@test("answers of the mesh itself", 1200)
def _():
    swept("direct response", one(get("/direct"), body=b"direct"))
    swept("redirect", one(get("/old"), 301, None))
    bad = b"GET / HTTP/1.1\r\nHost: web\r\nHost: web\r\n\r\n"

    def refuse():
        c = Client("app", VIP)
        c.send(bad)
        return answer(c, 400, None)
    swept("400", lambda: attempt(refuse))


@test("what routes do: rewrites, header operations, a cookie, CORS", 1200)
def _():
    def ask(path, status, body, *wanted):
        def run():
            c = Client("app", VIP)
            c.send(request(path, "Origin: o", "x-n: 7", host="policy"))
            head, got = c.response()
            if head.status in REFUSED:
                return f"{head.status}"
            equal((head.status, got), (status, body or got))
            # All of it, or no answer at all.
            for name in wanted:
                true(head.get(name), (name, head.raw))
            return "ok"
        return lambda: attempt(run)
    swept("policies", ask("/p/ab", 200, b"web\n", "set-cookie", "x-id",
                          "access-control-allow-origin"), after=drain)
    swept("redirect", ask("/other", 301, None, "location", "x-b"))


@test("retries: a body that is sent again", 1200)
def _():
    body = bytes(30000)

    def run():
        c = Client("app", VIP)
        c.send(request("/", f"Content-Length: {len(body)}", host="again",
                       method="PUT") + body)
        return answer(c, 200, hashlib.sha256(body).hexdigest().encode() + b"\n")
    swept("retries", lambda: attempt(run), after=drain)


@test("hedging: a body that is sent to two who are late", 1200)
def _():
    body = bytes(30000)
    grown = Counters()

    def run():
        c = Client("app", VIP)
        c.send(request("/", f"Content-Length: {len(body)}", host="late",
                       method="PUT") + body)
        return answer(c, 200, hashlib.sha256(body).hexdigest().encode() + b"\n")
    swept("hedging", lambda: attempt(run), after=drain)
    true(grown("upstream_hedged") > 10)


@test("a head in many pieces", 1200)
def _():
    message = get("/", *[f"X-Field-{i}: {i * 'v'}" for i in range(60)])

    def slowly():
        c = Client("app", VIP)
        c.send_slowly(message, 200)
        return answer(c, 200, b"web\n")
    swept("pieces", lambda: attempt(slowly))


@test("CONNECT, and a request in its tunnel", 1200)
def _():
    def connect():
        c = Client("app", TUNNEL)
        c.send(request("web:80", host="web:80", method="CONNECT"))
        head = c.head()
        if head.status in REFUSED:
            return f"{head.status}"
        equal(head.status, 200)
        c.send(get("/"))
        return answer(c, 200, b"web\n")
    swept("CONNECT", lambda: attempt(connect))


@test("a body for which the mesh says 100, with all forwarding fields", 1200)
def _():
    body = b"body"

    def expect():
        c = Client("app", TUNNEL)
        c.send(get("/a/../", f"Content-Length: {len(body)}",
                   "Expect: 100-continue", method="POST"))
        head = c.head()
        if head.status in REFUSED:
            return f"{head.status}"
        equal(head.status, 100)
        c.send(body)
        return answer(c, 200, hashlib.sha256(body).hexdigest().encode() + b"\n")
    swept("Expect", lambda: attempt(expect))


@test("a TCP connection: to its endpoint, or not at all", 1200)
def _():
    def connect(address):
        c = Client("app", address, port=9000)
        equal(c.sock.getpeername()[:2], (address, 9000))
        c.send(get("/"))
        return answer(c, 200, b"web\n")
    for address in L4, L4V6:
        swept(f"connect {address}", lambda a=address: attempt(
            lambda: connect(a)))


def proxy_header(tlvs):
    """Version 2, from 192.0.2.7:7 to 10.96.0.4:80."""
    block = (socket.inet_aton("192.0.2.7") + socket.inet_aton(PROXIED) +
             struct.pack("!HH", 7, 80) + tlvs)
    return (b"\r\n\r\n\0\r\nQUIT\n" + b"\x21\x11" +
            struct.pack("!H", len(block)) + block)


@test("a PROXY header, in one piece and in many, with more than there is room for at once",
      1200)
def _():
    tlv = b"\xe0" + struct.pack("!H", 1000) + bytes(1000)
    for name, tlvs, piece in ("whole", b"", 4096), ("pieces", tlv, 97), ("large", tlv, 4096):
        def told(tlvs=tlvs, piece=piece):
            c = Client("app", PROXIED)
            c.send_slowly(proxy_header(tlvs) + get("/"), piece)
            return answer(c, 200, b"web\n")
        swept(f"PROXY header, {name}", lambda told=told: attempt(told))


def client_hello():
    said = ssl.MemoryBIO()
    context = ssl.create_default_context()
    tls = context.wrap_bio(ssl.MemoryBIO(), said, server_hostname="web")
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return said.read()


@test("a ClientHello, and what tells it from HTTP", 1200)
def _():
    hello = client_hello()

    def greets(port, piece):
        c = Client("app", TLS, port)
        c.send_slowly(hello, piece)
        # It comes to a server that takes it for bad HTTP.
        return "ok" if c.fill() else "ended"
    for port, piece in (443, 4096), (443, 50), (80, 50):
        swept(f"ClientHello, port {port}, {piece} bytes at a time",
              lambda port=port, piece=piece: attempt(lambda: greets(port, piece)))

    def http():
        c = Client("app", TLS)
        c.send_slowly(get("/"), 3)
        return answer(c, 200, b"web\n")
    swept("HTTP where TLS might be", lambda: attempt(http))


def with_policy(rule):
    """Of pod "web", asked by a listener at its own address, and by one hop."""
    own = [{"name": "own", "virtual_hosts": [
        {"name": "v", "domains": ["*"], "routes": [{"action": {"cluster": "web"}}]}]}]
    return {**CONFIG, "route_tables": CONFIG["route_tables"] + own,
            "clusters": [{"name": "web", "endpoints": [
                {"address": WEB, "port": 9000}]}, *CONFIG["clusters"][1:]],
            "listeners": CONFIG["listeners"] + [
                {"name": "in", "address": WEB, "port": 9000, "protocol": "http",
                 "route_table": "own", "packets": True, "inbound": True,
                 "source": "keep"},
                {"name": "out", "address": VIP_IN, "port": 80, "protocol": "http",
                 "route_table": "own"}],
            "workloads": [
                {"name": "web", "addresses": [WEB, WEB6], "netns": netns_cookie("web"),
                 "exempt_node": False},
                {"name": "app", "addresses": ["10.2.0.10", "fd00:2::10"],
                 "netns": netns_cookie("app")}],
            "authorization": [{"name": "p", "rules": [{"to": [rule]}]}]}


@test("requests that policies are asked for, by two hops and by one", 1200)
def _():
    """The first request takes two in any case, and leaves a connection for the next one."""
    def met(path):
        drain()
        equal(one(get(path), address=VIP_IN)(), "ok")
    meshctl("attach", "web")
    for rule, path, hops in (({"ports": ["9000"]}, "/%61%20b", 1), ({"paths": ["/*"]}, "/a", 1),
                             ({"paths": ["/*"]}, "/%61%20b", 0)):
        apply(with_policy(rule))
        met(path)
        grown = Counters()
        equal(one(get(path), address=VIP_IN)(), "ok")
        grown.reach("requests_one_hop", hops)
        close_clients()
        swept(f"{path}, {2 - hops} hops", one(get(path), address=VIP_IN),
              after=lambda p=path, h=hops: met(p) if h else drain())
    meshctl("detach", "web")
    apply(CONFIG)


@test("every connection and every leg has ended")
def _():
    drained()


def main():
    global genl
    faults.set_up()
    genl = Genl()
    net = Net(app=10, web=20)
    try:
        net("net_python", "web", 9000)
        apply(CONFIG)
        meshctl("attach", "app")
        well()
        return run_tests(close_clients)
    finally:
        faults.arm(0)
        meshctl("flush")
        net.down()


if __name__ == "__main__":
    sys.exit(main())
