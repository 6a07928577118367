#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# takes: 60
"""The PROXY protocol: who a trusted proxy names is the client for all that the mesh does,
nobody else is believed, and clusters that want it are told who the client is.

   pods "app" (attached) and "free" (not: its connections arrive as packets) --
   virtual IPs -- raw servers, HAProxy and nginx in pod "web"
"""

import contextlib
import os
import socket
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from endpoints import OK, VIP, VIP6, WEB, Endpoints
from l7 import (Backend, Client, Counters, Net, apply, close_connections, closed_from_now,
                drained, equal, meshctl, request, run_in, run_tests, stats, test, true,
                until)

BOTH = (VIP, VIP6)
PODS = ("app", "free")
ADDRESSES = {"app": ("10.2.0.10", "fd00:2::10"), "free": ("10.2.0.11", "fd00:2::11")}
# Documentation's: nobody has them here.
FIRST, SECOND = ("198.51.100.7", "2001:db8::7"), ("198.51.100.8", "2001:db8::8")
TRUSTED = ["10.2.0.8/29", "fd00:2::/64"]
PORTS = range(9001, 9005)
net = web = many = None


def of(addresses, vip):
    return addresses[":" in vip]


def source(pod, vip):
    return of(ADDRESSES[pod], vip)


# ---- headers ----

def v1(client, to="192.0.2.1", port=5000, to_port=443):
    return f"PROXY TCP{6 if ':' in client else 4} {client} {to} {port} " \
        f"{to_port}\r\n".encode()


def packed(address):
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


START = b"\r\n\r\n\0\r\nQUIT\n"


def v2(client, to="192.0.2.1", port=5000, to_port=443, tlvs=b"", how=None):
    block = packed(client) + packed(to) + struct.pack("!HH", port, to_port) + tlvs
    how = how or (0x21 if ":" in client else 0x11)
    return START + struct.pack("!BBH", 0x21, how, len(block)) + block


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def tlv(kind, value):
    return struct.pack("!BH", kind, len(value)) + value


def summed(header):
    """A header of which the end is a checksum's TLV, with the right one."""
    return header[:-4] + struct.pack("!I", crc32c(header))


def headers(client, to):
    """All spellings of one."""
    tlvs = tlv(2, b"name") + tlv(4, b"\0\0") + tlv(0xe0, b"x" * 700) + tlv(3, bytes(4))
    return [v1(client, to), v2(client, to), v2(client, to, tlvs=tlv(5, b"id")),
            summed(v2(client, to, tlvs=tlvs)),
            v2(client, to, tlvs=tlv(0xe1, b"y" * 3900))]


# Who sends these is itself the client.
SILENT = [b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN ffff::1 ::1 1 2\r\n",
          START + b"\x20\0\0\0", START + b"\x20\x11\0\x0c" + packed("192.0.2.9") * 3,
          START + b"\x21\0\0\x05" + b"abcde",
          v2("192.0.2.9", how=0x12), START + b"\x21\x31\0\xd8" + bytes(216)]


# ---- meshes ----

def routes(*items):
    return [{"name": "main", "virtual_hosts": [
        {"name": "any", "domains": ["*"], "routes": list(items)}]}]


def mesh(listener=None, cluster=None, tcp=False, first=()):
    apply({
        "clusters": [
            {"name": "web", "connect_timeout": "5s",
             "endpoints": [{"address": WEB, "port": 9000}], **(cluster or {})},
            {"name": "many", "lb": "maglev", "hash": [{"source_address": True}],
             "endpoints": [{"address": WEB, "port": port} for port in PORTS]}],
        "route_tables": routes(*first, {"action": {"cluster": "web"}}),
        "listeners": [
            {"name": vip, "address": vip, "port": 80,
             **({"protocol": "tcp", "cluster": "web"} if tcp else
                {"protocol": "http", "route_table": "main"}),
             "packets": True, "proxy_protocol": True, "trusted_sources": TRUSTED,
             **(listener or {})} for vip in BOTH]})


def asked(c, before=b"", server=None):
    """A request all the way, perhaps behind other bytes: the head that the server saw."""
    c.send(before + request("/", host="a"))
    conn, head = (server or web).request()
    conn.send(OK)
    equal(c.response()[1], b"ok")
    return head


def connections():
    return [(pod, vip) for pod in PODS for vip in BOTH]


# ---- who is believed, and for what ----

@test("who a trusted proxy names is the client: of either version, in any pieces")
def _():
    mesh()
    for pod, vip in connections():
        for named in FIRST:
            to = "2001:db8::1" if ":" in named else "192.0.2.1"
            for header in headers(named, to):
                grown = Counters()
                c = Client(pod, vip)
                head = asked(c, header)
                equal((header, head.get("x-forwarded-for")), (header, named))
                # So it stays.
                equal(asked(c).get("x-forwarded-for"), named)
                equal(grown("downstream_proxy_headers", "requests"), [1, 2])
                c.close()
        for header in (v1(FIRST[0]), summed(v2(FIRST[0], tlvs=tlv(3, bytes(4))))):
            c = Client(pod, vip)
            c.send_slowly(header)
            equal(asked(c).get("x-forwarded-for"), FIRST[0])
            c.close()
        # A request in the same piece, of which some is missing.
        c = Client(pod, vip)
        c.send_slowly(v2(FIRST[0]) + request("/", host="a"), 50)
        conn, head = web.request()
        equal(head.get("x-forwarded-for"), FIRST[0])
        conn.send(OK)
        c.response()
        c.close()


@test("IPv4 that is written as IPv6 is IPv4")
def _():
    mesh()
    for header in v1("::ffff:198.51.100.7", "::ffff:192.0.2.1"), \
            v2("::ffff:198.51.100.7", "::ffff:192.0.2.1"):
        equal(asked(Client("app", VIP), header).get("x-forwarded-for"), FIRST[0])


@test("a local connection, and one of which nothing is known, is the proxy's own")
def _():
    mesh()
    for pod, vip in connections():
        for header in SILENT:
            c = Client(pod, vip)
            head = asked(c, header)
            equal((header, head.get("x-forwarded-for")), (header, source(pod, vip)))
            c.close()


@test("hash policies go by who is named, not by who is connected")
def _():
    mesh(first=[{"match": {"path": {"prefix": "/"}}, "action": {"cluster": "many"}}])
    seen = {}
    for i in range(12):
        named = f"198.51.100.{i}"
        for pod, vip in connections():
            c = Client(pod, vip)
            c.send(v1(named) + request("/", host="a"))
            which, conn, _ = many.taken()
            conn.send(OK)
            c.response()
            c.close()
            equal((named, seen.setdefault(named, which)), (named, which))
    true(len(set(seen.values())) > 1, seen)


@test("routes' sources and x-forwarded-for of trusted hops are of who is named")
def _():
    mesh(first=[{"match": {"source": f"{a}/{bits}"},
                 "action": {"direct_response": {"status": 418}}}
                for a, bits in zip(FIRST, (32, 128))])
    for pod, vip in connections():
        for named, other in zip(FIRST, SECOND):
            c = Client(pod, vip)
            c.send(v1(named, named) + request("/", host="a"))
            equal(c.response()[0].status, 418)
            equal(asked(Client(pod, vip), v2(other, other)).get("x-forwarded-for"), other)


@test("limits of a source count who is named")
def _():
    grown = closed_from_now()
    mesh(listener={"max_connections_per_source": 1})
    for vip in BOTH:
        kept = Client("app", vip)
        asked(kept, v1(of(FIRST, vip), of(SECOND, vip)))
        # From another pod, and yet the same.
        c = Client("free", vip)
        c.send(v1(of(FIRST, vip), of(SECOND, vip)) + request("/", host="a"))
        c.was_reset()
        asked(Client("app", vip), v1(of(SECOND, vip), of(FIRST, vip)))
        kept.close()
    equal(grown("downstream_source_limited"), 2)
    close_connections()
    drained()
    asked(Client("app", VIP), v1(FIRST[0]))


@test("who is not trusted has no header to send: it is a bad request")
def _():
    mesh(listener={"trusted_sources": ["10.2.0.11/32", "fd00:2::11/128"]})
    for vip in BOTH:
        c = Client("app", vip)
        equal(asked(c).get("x-forwarded-for"), source("app", vip))
        for header in headers(of(FIRST, vip), of(SECOND, vip)):
            grown = Counters()
            c = Client("app", vip)
            c.send(header + request("/", host="a"))
            c.refusal(400)
            equal(grown("reply_400_bad_request", "downstream_proxy_headers"), [1, 0])
        equal(asked(Client("free", vip), v1(FIRST[0])).get("x-forwarded-for"), FIRST[0])
    web.quiet(0.1)


# ---- what is no header ----

def refused(pod, vip, data, counter, end=lambda c: None):
    grown = Counters()
    c = Client(pod, vip)
    c.send(data)
    end(c)
    equal((data, c.was_reset()), (data, b""))
    equal((data, grown.all("downstream_proxy_header")), (data, {counter: 1}))


@test("a trusted peer that sends something else is reset")
def _():
    mesh()
    for pod, vip in connections():
        for data in request("/", host="a"), b"\r\n\r\nGET", b"\0", b"PROXX":
            refused(pod, vip, data, "downstream_proxy_header_absent")
    web.quiet(0.1)


@test("a header that is wrong is reset, however it is wrong")
def _():
    mesh()
    wrong = summed(v2(FIRST[0], tlvs=tlv(3, bytes(4))))
    bad = [b"PROXY TCP4 198.51.100.7 192.0.2.1 5000\r\n", b"PROXY TCP9 a b 1 2\r\n",
           b"PROXY TCP4 198.51.100.7 192.0.2.1 5000 443\n", b"PROXY " + b"x" * 101,
           b"PROXY TCP6 198.51.100.7 192.0.2.1 5000 443\r\n",
           wrong[:17] + b"\xff" + wrong[18:], START + b"\x21\x11\0\x04abcd",
           START + b"\x31\x11\0\x0c" + bytes(12), START + b"\x22\0\0\0",
           v2(FIRST[0], how=0x51), v2(FIRST[0], how=0x13),
           v2(FIRST[0], tlvs=b"\x05\0\x09id"), START + b"\x21\x11\xff\xff"]
    for pod, vip in connections():
        for data in bad:
            refused(pod, vip, data + request("/", host="a"),
                    "downstream_proxy_header_malformed")
        for data in v1(FIRST[0])[:-1], v2(FIRST[0])[:20]:
            refused(pod, vip, data, "downstream_proxy_header_malformed", Client.shut)
    web.quiet(0.1)


@test("a header that does not come in time is reset; who only connects may go")
def _():
    mesh(listener={"headers_timeout": "300ms", "idle_timeout": "60s"})
    for pod, vip in connections():
        for data in b"", b"PROX", v2(FIRST[0])[:20]:
            refused(pod, vip, data, "downstream_proxy_header_timeout")
        grown = Counters()
        c = Client(pod, vip)
        c.shut()
        c.ended()
        equal(grown.all("downstream_proxy_header"), {})
        # What follows a header has the time that it has without.
        c = Client(pod, vip)
        c.send(v1(FIRST[0]))
        c.quiet(0.6)
        asked(c)
    mesh(listener={"headers_timeout": "60s"})


@test("who waits with a header is ended by a drain")
def _():
    mesh(listener={"headers_timeout": "1000s"})
    waiting = [Client(pod, vip) for pod, vip in connections()]
    for c in waiting:
        c.send(b"")
    until(lambda: stats()["counters"]["downstream_connections"] >=
          stats()["counters"]["downstream_connections_closed"] + len(waiting))
    meshctl("drain")
    for c in waiting:
        c.ended()


# ---- bytes that are no HTTP ----

@test("tcp: bytes behind a header go to an endpoint, of attached and other clients")
def _():
    mesh(tcp=True)
    big = os.urandom(100000)
    for pod, vip in connections():
        for header in headers(of(FIRST, vip), of(SECOND, vip))[:3]:
            grown = Counters()
            c = Client(pod, vip)
            equal(c.sock.getpeername()[:2], (vip, 80))
            c.send_slowly(header[:20])
            c.send(header[20:] + b"hello")
            server = web.accept()
            equal(server.exactly(5), b"hello")
            server.send(b"220 " + big)
            equal(c.exactly(4 + len(big)), b"220 " + big)
            c.shut()
            server.ended()
            server.send(b"bye")
            web.forget(server)
            equal(c.rest(), b"bye")
            equal(grown("downstream_proxy_headers", "upstream_legs_opened",
                        "intercepted_relay", "intercepted_packets"),
                  [1, 1, pod == "app", pod == "free"])
        refused(pod, vip, b"SSH-2.0-x\r\n", "downstream_proxy_header_absent")
        refused(pod, vip, v1(FIRST[0])[:-2] + b"\n\n", "downstream_proxy_header_malformed")


@test("tcp: who is not trusted has his bytes passed on, whoever speaks first")
def _():
    mesh(tcp=True, listener={"trusted_sources": ["192.0.2.0/24"]})
    for pod, vip in connections():
        c = Client(pod, vip)
        server = web.accept()
        server.send(b"220 hello")
        equal(c.exactly(9), b"220 hello")
        c.send(v1(FIRST[0]))
        equal(server.until(b"\n"), v1(FIRST[0]))


@test("tcp: hash policies and limits of a source go by who is named")
def _():
    mesh(tcp=True, listener={"cluster": "many", "max_connections_per_source": 1})
    seen = {}
    for i in range(12):
        named = f"198.51.100.{i}"
        for pod, vip in connections():
            c = Client(pod, vip)
            c.send(v1(named) + b"x")
            which, conn = many.poll(30)
            equal(conn.exactly(1), b"x")
            equal((named, seen.setdefault(named, which)), (named, which))
            if not i and (pod, vip) == connections()[0]:
                second = Client("free", VIP)
                second.send(v1(named) + b"x")
                second.was_reset()
            c.close()
            conn.ended()
            many[which].forget(conn)
            drained()
    true(len(set(seen.values())) > 1, seen)


# ---- what endpoints are told ----

def sending(version, tcp=False, **cluster):
    mesh(tcp=tcp, listener={"proxy_protocol": False, "trusted_sources": []},
         cluster={"proxy_protocol": version, **cluster})


def told(server, version):
    """The header that a connection begins with: who, at which port, has asked for what,
    and what is said besides."""
    if version == "v1":
        line = server.until(b"\r\n").decode()
        words = line[:-2].split(" ")
        equal(words[0], "PROXY")
        if words[1] == "UNKNOWN":
            return None
        kind, client, to, port, to_port = words[1:]
        equal(kind, "TCP6" if ":" in client else "TCP4")
        client, to = (plain(packed(a)) for a in (client, to))
        return client, int(port), to, int(to_port), b""
    start = server.exactly(16)
    equal(start[:12], START)
    command, how, length = struct.unpack("!BBH", start[12:])
    block = server.exactly(length)
    if command == 0x20:
        equal((how, block), (0, b""))
        return None
    equal(command, 0x21)
    size = {0x11: 4, 0x21: 16}[how]
    port, to_port = struct.unpack("!HH", block[2 * size:2 * size + 4])
    return (plain(block[:size]), port, plain(block[size:2 * size]), to_port,
            block[2 * size + 4:])


def plain(address):
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6,
                            address)


def from_here(c, pod, vip):
    """What an endpoint is told of a client that no proxy has named."""
    return source(pod, vip), c.sock.getsockname()[1], vip, 80, b""


def introduced(c, version, before=b""):
    """A request by a connection that is new to the server: what it was told."""
    c.send(before + request("/", host="a"))
    server = web.conn()
    said_first = told(server, version)
    equal(server.head().get("host"), "a")
    server.send(OK)
    equal(c.response()[1], b"ok")
    return said_first


@test("an endpoint is told who the client is, and what it has asked for")
def _():
    for version in "v1", "v2":
        sending(version)
        for pod, vip in connections():
            c = Client(pod, vip)
            equal(introduced(c, version), from_here(c, pod, vip))
            # Once a connection.
            grown = Counters()
            asked(c)
            equal(grown("upstream_legs_opened", "upstream_legs_reused"), [0, 1])


@test("a connection to an endpoint is never another client's")
def _():
    for version in "v1", "v2":
        sending(version)
        close_connections()
        drained()
        first = Client("app", VIP)
        introduced(first, version)
        for pod, vip in ("app", VIP), ("app", VIP6), ("free", VIP), ("free", VIP6):
            grown = Counters()
            c = Client(pod, vip)
            equal(introduced(c, version), from_here(c, pod, vip))
            equal(grown("upstream_legs_opened", "upstream_legs_reused"), [1, 0])
        grown = Counters()
        asked(first)
        equal(grown("upstream_legs_opened", "upstream_legs_reused"), [0, 1])


@test("of connections whose client an endpoint was told the latest are kept")
def _():
    sending("v1", max_idle=2)
    clients = [Client("app", VIP) for _ in range(4)]
    for c in clients:
        introduced(c, "v1")
    grown = Counters()
    asked(clients[3])
    asked(clients[2])
    equal(grown("upstream_legs_opened", "upstream_legs_reused"), [0, 2])
    introduced(clients[0], "v1")
    equal(grown("upstream_legs_opened", "upstream_legs_reused"), [1, 2])


@test("a header is added, left out or another when the cluster's option changes")
def _():
    sending("v1")
    c = Client("app", VIP)
    introduced(c, "v1")
    meshctl("set", "cluster", "web", "proxy_protocol", "off")
    asked(c)
    meshctl("set", "cluster", "web", "proxy_protocol", "v2")
    other = Client("app", VIP)
    equal(introduced(other, "v2"), from_here(other, "app", VIP))
    asked(other)


@test("who was named is named again, with what the proxy has said besides")
def _():
    more = tlv(2, b"name") + tlv(0xe0, b"x" * 700)
    for version in "v1", "v2":
        mesh(cluster={"proxy_protocol": version})
        for pod, vip in connections():
            for named, to in ((FIRST[0], "192.0.2.1"), (FIRST[1], "2001:db8::1")):
                c = Client(pod, vip)
                equal(introduced(c, version, v1(named, to)), (named, 5000, to, 443, b""))
                c = Client(pod, vip)
                header = summed(v2(named, to, 4999, tlvs=tlv(4, b"xx") + more +
                                   tlv(3, bytes(4))))
                equal(introduced(c, version, header),
                      (named, 4999, to, 443, more if version == "v2" else b""))
                asked(c)
                # What else was said is of one connection, whoever it names.
                grown = Counters()
                other = Client(pod, vip)
                if version == "v1":
                    asked(other, header)
                else:
                    introduced(other, version, header)
                equal(grown("upstream_legs_reused"), int(version == "v1"))
                close_connections()
                drained()
            c = Client(pod, vip)
            equal(introduced(c, version, START + b"\x20\0\0\0"), from_here(c, pod, vip))


@test("one address of IPv4 makes none of the other's: IPv6 says both")
def _():
    for version in "v1", "v2":
        mesh(cluster={"proxy_protocol": version})
        c = Client("app", VIP)
        port = 5000 + int(version[1])
        equal(introduced(c, version, v2("::ffff:198.51.100.7", FIRST[1], port)),
              ("::ffff:198.51.100.7", port, FIRST[1], 443, b""))


@test("source keep: endpoints are connected to from who is named, or not at all")
def _():
    mesh(listener={"source": "keep"})
    for vip in BOTH:
        named = of(FIRST, vip)
        c = Client("free", vip)
        c.send(v1(named, named) + request("/", host="a"))
        if ":" in vip:
            # The endpoint has no address of that family.
            equal(c.response()[0].status, 503)
        else:
            conn, _ = web.request()
            equal(conn.sock.getpeername()[0], "::ffff:" + named)
            conn.send(OK)
            c.response()
        for pod, bad in ("app", named), ("free", "0.0.0.0"), ("free", "127.0.0.1"), \
                ("free", "224.0.0.1"), ("free", "::"), ("free", "::1"), ("free", "ff02::1"):
            grown = Counters()
            c = Client(pod, vip)
            c.send(v1(bad, bad) + request("/", host="a"))
            equal((bad, c.response()[0].status), (bad, 503))
            equal(grown("reply_503_source_not_kept"), 1)
    web.quiet(0.1)


@test("bodies follow a header, both ways")
def _():
    body = os.urandom(300000)
    for version in "v1", "v2":
        sending(version)
        for pod, vip in connections():
            c = Client(pod, vip)
            c.send(request("/", f"Content-Length: {len(body)}", host="a", method="POST"))
            server = web.conn()
            told(server, version)
            server.head()
            for i in range(0, len(body), 30000):
                c.send(body[i:i + 30000])
                equal(server.exactly(30000), body[i:i + 30000])
            server.send(OK)
            equal(c.response()[1], b"ok")


@test("tcp: an endpoint is told of attached clients and of others, whoever speaks first")
def _():
    for version in "v1", "v2":
        sending(version, tcp=True)
        for pod, vip in connections():
            grown = Counters()
            c = Client(pod, vip)
            server = web.accept()
            equal(told(server, version), from_here(c, pod, vip))
            server.send(b"220 hello")
            equal(c.exactly(9), b"220 hello")
            c.send(b"x" * 1000)
            equal(server.exactly(1000), b"x" * 1000)
            c.shut()
            server.ended()
            web.forget(server)
            c.ended()
            equal(grown("intercepted_l4", "intercepted_relay", "intercepted_packets"),
                  [0, pod == "app", pod == "free"])


@test("a tunnel's endpoint is told as well, and one that is tried after another")
def _():
    mesh(listener={"proxy_protocol": False, "trusted_sources": [], "connect": "terminate"},
         cluster={"proxy_protocol": "v1",
                  "endpoints": [{"address": WEB, "port": 9000},
                                {"address": WEB, "port": 9, "weight": 1000}]},
         first=[{"match": {"path": {"prefix": "/"}}, "action": {"cluster": "web"},
                 "retry": {"on": "connect_failure", "num_retries": 10}}])
    for pod, vip in connections():
        c = Client(pod, vip)
        equal(introduced(c, "v1"), from_here(c, pod, vip))
    sending("v1")
    meshctl("set", "listener", VIP, "connect", "terminate")
    c = Client("app", VIP)
    c.send(b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n")
    server = web.accept()
    equal(told(server, "v1"), from_here(c, "app", VIP))
    equal(c.head().status, 200)
    c.send(b"ping")
    equal(server.exactly(4), b"ping")


@test("copies of requests begin with a header")
def _():
    for version in "v1", "v2":
        sending(version)
        meshctl("add", "cluster", "copies", "proxy_protocol", version)
        meshctl("add", "endpoint", "copies", f"{WEB}:9001")
        meshctl("set", "route", "main/any", "0", "mirror", "copies")
        c = Client("app", VIP)
        equal(introduced(c, version), from_here(c, "app", VIP))
        copy = many[0].conn()
        equal(told(copy, version), from_here(c, "app", VIP))
        equal(copy.head().get("host"), "a-shadow")
        copy.send(OK)


@test("health checks are the mesh's own: they name nobody")
def _():
    for i, version in enumerate(("v1", "v2")):
        for j, path in enumerate(({"path": "/health"}, {})):
            server = many[2 * i + j]
            sending(version, endpoints=[{"address": WEB, "port": PORTS[2 * i + j]}],
                    health_check={"interval": "200ms", "timeout": "5s", **path})
            # Checks begin with the first use.
            c = Client("app", VIP)
            c.send(request("/", host="a"))
            seen = set()

            def look(server=server, version=version, path=path, seen=seen):
                conn = server.poll(0.1)
                if conn:
                    first = told(conn, version)
                    if first or path:
                        seen.add((first is None, conn.head().start.split(" ")[1]))
                        conn.send(OK)
                    else:
                        seen.add((True, None))
                    server.forget(conn)
                return len(seen) == 2
            until(look)
            equal(seen, {(False, "/"), (True, path.get("path"))})


# ---- configuration ----

def said(*args):
    done = subprocess.run(["meshctl", *args], stderr=subprocess.PIPE, text=True,
                          stdout=subprocess.DEVNULL, check=False)
    return done.stderr if done.returncode else None


@test("who is trusted can be changed, exported and read; nonsense is refused by name")
def _():
    mesh()
    meshctl("set", "listener", VIP, "trusted_sources", "192.0.2.0/24")
    exported = meshctl("export")
    true("trusted_sources: [192.0.2.0/24]" in exported, exported)
    meshctl("apply", "-f", "-", file=exported)
    equal(meshctl("export"), exported)
    equal(asked(Client("app", VIP)).get("x-forwarded-for"), source("app", VIP))
    for words, text in (
            (("trusted_sources", "none"), "needs"),
            (("trusted_sources", "192.0.2.1/24"), "192.0.2.1/24"),
            (("trusted_sources", "192.0.2.0/33"), "192.0.2.0/33")):
        error = said("set", "listener", VIP, *words)
        true(error and text in error and "trusted_sources" in error, error)
    error = said("add", "listener", "p", "10.96.0.8:80", "protocol", "tcp", "proxy",
                 "127.0.0.1:1", "proxy_protocol", "true", "trusted_sources", "10.0.0.0/8")
    true(error and "proxy_protocol" in error, error)
    meshctl("set", "listener", VIP, "proxy_protocol", "false", "trusted_sources", "none")
    true("trusted_sources" not in meshctl("-j", "show", "listener", VIP))


# ---- real programs ----

@contextlib.contextmanager
def haproxy(pod, port, to, options="", bind="", mode="http"):
    path = f"{net.dir}/{pod}/proxy.cfg"
    with open(path, "w", encoding="ascii") as f:
        f.write(f"""
global
    maxconn 100
    pidfile {path}.pid
defaults
    mode {mode}
    timeout connect 10s
    timeout client 60s
    timeout server 60s
frontend in
    bind :::{port} v4v6 {bind}
    {"http-response set-header x-src %[src]" if mode == "http" else ""}
    default_backend out
backend out
    server one {to} {options}
""")
    run_in(pod, "haproxy", "-D", "-q", "-f", path)
    try:
        yield
    finally:
        with open(f"{path}.pid", encoding="ascii") as f:
            for pid in f.read().split():
                os.kill(int(pid), 9)


@test("HAProxy's headers, and curl's, are understood", 240)
def _():
    mesh()
    port = 8000
    for pod, vip in connections():
        to = f"[{vip}]:80" if ":" in vip else f"{vip}:80"
        for options in "send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c":
            port += 1
            with haproxy(pod, port, to, options):
                # From the other pod, by that pod's proxy.
                other = PODS[pod == "app"]
                at = source(pod, vip)
                c = Client(other, at, port)
                equal((options, asked(c).get("x-forwarded-for")),
                      (options, source(other, vip)))
                c.close()
        child = subprocess.Popen(
            ["ip", "netns", "exec", pod, "curl", "-gsS", "--haproxy-protocol",
             f"http://{to}/"], stdout=subprocess.PIPE, text=True)
        conn, head = web.request()
        # Of an intercepted connection it names the address that it has.
        true(head.get("x-forwarded-for") in (source(pod, vip), "127.0.0.1", "::1"),
             head.raw)
        conn.send(OK)
        equal(child.communicate()[0], "ok")


@contextlib.contextmanager
def nginx(pod, port):
    home = f"{net.dir}/{pod}"
    with open(f"{home}/proxy.conf", "w", encoding="ascii") as f:
        f.write(f"""
pid {home}/proxy.pid;
error_log {home}/proxy.error.log;
events {{}}
http {{
    access_log off;
    server {{
        listen [::]:{port} ipv6only=off proxy_protocol;
        return 200 "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_addr";
    }}
}}
""")
    run_in(pod, "nginx", "-p", home, "-c", f"{home}/proxy.conf")
    try:
        yield
    finally:
        with open(f"{home}/proxy.pid", encoding="ascii") as f:
            os.kill(int(f.read()), 15)


@test("HAProxy and nginx understand what they are told", 240)
def _():
    with nginx("web", 9010), haproxy("web", 9011, f"{WEB}:9000", bind="accept-proxy"):
        for version in "v1", "v2":
            for pod, vip in connections():
                sending(version, endpoints=[{"address": WEB, "port": 9010}])
                c = Client(pod, vip)
                c.send(request("/", host="a"))
                equal(c.response()[1].decode(),
                      f"{source(pod, vip)} {c.sock.getsockname()[1]} {vip}")
                c.close()
                sending(version, endpoints=[{"address": WEB, "port": 9011}])
                c = Client(pod, vip)
                c.send(request("/", host="a"))
                conn, _ = web.request()
                conn.send(OK)
                equal(c.response()[0].get("x-src"), source(pod, vip))
                c.close()
                # By TCP, from a connection that is not the client's.
                sending(version, tcp=True, endpoints=[{"address": WEB, "port": 9010}])
                c = Client(pod, vip)
                c.send(request("/", host="a"))
                equal(c.response()[1].decode(),
                      f"{source(pod, vip)} {c.sock.getsockname()[1]} {vip}")
                c.close()


def main():
    global net, web, many  # pylint: disable=global-statement
    net = Net(app=10, free=11, web=20)
    try:
        for pod in PODS + ("web",):
            os.makedirs(f"{net.dir}/{pod}", exist_ok=True)
        web = Backend("web", 9000)
        many = Endpoints("web", PORTS)
        meshctl("attach", "app")
        return run_tests(lambda: (close_connections(), drained()))
    finally:
        meshctl("flush")
        net.down()


sys.exit(main())
