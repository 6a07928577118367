#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# takes: 90
"""Connections to listeners that arrive as packets: who is not attached, on this node or
on another, or behind a pod, reaches them as who is; nobody else's packets are touched.

   pods "app" (attached) and "free" (not), "vm" behind "app" -- virtual IPs, at the
   node, or at "app" for "vm" -- raw server in pod "web"; "far" on another node
"""

import contextlib
import errno
import itertools
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from endpoints import OK, VIP, VIP6, WEB
from l7 import (Backend, Client, Counters, Net, apply, close_connections, drained, equal,
                in_pod, meshctl, parameter, read_file, request, run_in, run_tests,
                sent_meanwhile, stats, test, true, until, write_file)
from network import attempt, forwarding, nft
from segment import ACK, RST, SYN, checksum, send_segment

BOTH = (VIP, VIP6)
SILENT, SILENT6 = "10.96.0.2", "fd00:96::2"     # these take no packets
ADDRESSES = {"node": ("10.2.0.1", "fd00:2::1"), "app": ("10.2.0.10", "fd00:2::10"),
             "free": ("10.2.0.11", "fd00:2::11"), "far": ("10.3.0.30", "fd00:3::30"),
             "vm": ("10.5.0.2", "fd00:5::2"), "web": (WEB, "fd00:2::20"),
             "two": ("10.7.0.1", "fd00:7::1")}
net = web = None


def of(pod, vip):
    return ADDRESSES[pod][":" in vip]


def mesh(packets=True, listener=None, cluster=None):
    apply({
        "clusters": [{"name": "web", "connect_timeout": "2s",
                      "endpoints": [{"address": WEB, "port": 9000}],
                      **(cluster or {})}],
        "route_tables": [{"name": "main", "virtual_hosts": [
            {"name": "any", "domains": ["*"],
             "routes": [{"action": {"cluster": "web"}}]}]}],
        "listeners": [
            {"name": f"{vip}-{taken}", "address": vip, "port": 80, "protocol": "http",
             "route_table": "main", "packets": taken, **(listener or {})}
            for vip, taken in ((VIP, packets), (VIP6, packets), (SILENT, False),
                               (SILENT6, False))]})


def tcp_mesh(cluster=None, **listener):
    apply({
        "clusters": [{"name": "web", "connect_timeout": "2s",
                      "endpoints": [{"address": WEB, "port": 9000}],
                      **(cluster or {})}],
        "listeners": [
            {"name": vip, "address": vip, "port": 80, "protocol": "tcp",
             "cluster": "web", "packets": True, **listener} for vip in BOTH]})


def exchange(c, body=b"", answer=OK, wanted=b"ok"):
    """A request and its answer; the connection that the server had it on, and its head."""
    fields = (f"Content-Length: {len(body)}",) if body else ()
    c.send(request("/", *fields, host="a", method="POST" if body else "GET"))
    if body:
        c.sock.settimeout(0)
        sent = 0
    conn, head = web.request()
    got = b""
    while body and len(got) < len(body):
        if sent < len(body):
            with contextlib.suppress(BlockingIOError):
                sent += c.sock.send(body[sent:sent + 65536])
        with contextlib.suppress(BlockingIOError):
            conn.sock.settimeout(0.01)
            with contextlib.suppress(socket.timeout):
                conn.fill()
        got += conn.buffer
        conn.buffer = b""
    equal(got, body)
    if body:
        c.sock.settimeout(30)
        conn.sock.settimeout(30)
    conn.send(answer)
    reply, said = c.response()
    equal((reply.status, said), (200, wanted))
    return conn, head


TRACING = "/sys/kernel/tracing"
SEEN, SEEN_OUT = ["packet_in_v4", "packet_in_v6"], ["packet_out_v4", "packet_out_v6"]


def tell(name, text):
    with open(f"{TRACING}/{name}", "w", encoding="ascii") as f:
        f.write(text)


def hooked(pod):
    """The functions of the module's that see a packet which arrives in a namespace."""
    for address in ADDRESSES[pod]:
        attempt("web", address, 9, 20)      # so that neighbours know each other
    tell("set_ftrace_filter", "\n".join(SEEN + SEEN_OUT) + "\n")
    tell("trace", "")
    tell("current_tracer", "function")
    try:
        for address in ADDRESSES[pod]:
            equal(attempt("web", address, 9, 20), "ECONNREFUSED")
        with open(f"{TRACING}/trace", encoding="ascii") as f:
            said = f.read()
    finally:
        tell("current_tracer", "nop")
        tell("set_ftrace_filter", "")
    return [f for f in SEEN + SEEN_OUT if f in said]


def syn6(extra=b"", port=40200):
    """A SYN over IPv6, perhaps behind an extension header, of which the first byte is
    for the type of what follows."""
    tcp = struct.pack("!HHIIBBHHH", port, 80, 1, 0, 5 << 4, 2, 1024, 0, 0)
    source = socket.inet_pton(socket.AF_INET6, of("free", VIP6))
    to = socket.inet_pton(socket.AF_INET6, VIP6)
    pseudo = source + to + struct.pack("!II", len(tcp), 6)
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
    head = struct.pack("!IHBB", 6 << 28, len(extra) + len(tcp),
                       44 if extra else 6, 64) + source + to
    with in_pod("free"), socket.socket(socket.AF_INET6, socket.SOCK_RAW, 255) as s:
        s.setsockopt(socket.IPPROTO_IPV6, 36, 1)    # IPV6_HDRINCL
        s.sendto(head + extra + tcp, (VIP6, 0))


# The first, as connection tracking puts fragments together.
@test("a SYN of IPv6 in a fragment, whole or not, is not taken")
def _():
    mesh()

    def answered(extra):
        with in_pod("free"), socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                                           socket.htons(0x86dd)) as s:
            s.settimeout(0.5)
            syn6(extra)
            end = time.monotonic() + 3
            while time.monotonic() < end:
                with contextlib.suppress(socket.timeout):
                    packet = s.recv(2000)
                    if packet[6] == 6 and packet[53] == 0x12:
                        return True
        return False
    equal([answered(extra) for extra in (
        b"", struct.pack("!BBHI", 6, 0, 0, 1), struct.pack("!BBHI", 6, 0, 1, 2))],
        [True, False, False])


@test("who is not attached reaches a listener, and is told its address")
def _():
    mesh()
    for pod, source in ("free", "node"), ("far", "node"), ("vm", "app"):
        for vip in BOTH:
            grown = Counters()
            c = Client(pod, vip)
            equal(c.sock.getpeername()[:2], (vip, 80))
            conn, head = exchange(c)
            equal((pod, vip, head.get("x-forwarded-for")), (pod, vip, of(pod, vip)))
            # The cluster's endpoint has but one address.
            equal(conn.sock.getpeername()[0], "::ffff:" + of(source, VIP))
            equal(grown("intercepted_packets", "downstream_connections",
                        "intercepted_http"), [1, 1, 0])
            c.close()
            web.close_all()


@contextlib.contextmanager
def unshaped():
    """The wire to the other node is shaped, and nothing of this node's is spliced."""
    subprocess.run(["tc", "qdisc", "del", "dev", "wan0", "root"], check=True)
    try:
        yield
    finally:
        subprocess.run(["tc", "qdisc", "add", "dev", "wan0", "root", "netem", "delay",
                        "1ms"], check=True)


def passes_by_splice(pod, vip, body):
    grown = Counters()
    c = Client(pod, vip)
    exchange(c, body=body)
    c.close()
    web.close_all()
    direct, by_tcp = grown("splice_direct_bytes", "splice_tcp_bytes")
    return direct >= 2 * len(body) and not by_tcp


def all_pass_by_splice():
    body = os.urandom(100000)
    for pod in "free", "vm":
        for vip in BOTH:
            # That the shaping is gone is seen after a moment.
            until(lambda pod=pod, vip=vip: passes_by_splice(pod, vip, body))


@test("an endpoint may be told the client's port, too")
def _():
    apply({
        "clusters": [{"name": "web", "endpoints": [{"address": WEB, "port": 9000}]}],
        "route_tables": [{"name": "main", "virtual_hosts": [
            {"name": "any", "domains": ["*"], "request_headers": [
                {"name": "x-client", "value": "%DOWNSTREAM_REMOTE_ADDRESS%"}],
             "routes": [{"action": {"cluster": "web"}}]}]}],
        "listeners": [{"name": "l", "address": VIP, "port": 80, "protocol": "http",
                       "route_table": "main", "packets": True}]})
    for pod in "app", "free", "far":
        c = Client(pod, VIP)
        address, port = c.sock.getsockname()
        if pod == "app":
            address = of("app", VIP)
        equal(exchange(c)[1].get("x-client"), f"{address}:{port}")
        c.close()


@test("between sockets of this node bytes pass by splice")
def _():
    mesh()
    with unshaped():
        all_pass_by_splice()


@test("many requests, and large bodies, pass both ways")
def _():
    mesh()
    big = os.urandom(1 << 20)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(big) + big
    for pod in "free", "far":
        for vip in BOTH:
            c = Client(pod, vip)
            for _ in range(10):
                exchange(c)
            exchange(c, body=big)
            # The answer is larger than buffers are: somebody has to send meanwhile.
            c.send(request("/", host="a"))
            conn, _ = web.request()
            with sent_meanwhile(conn, answer):
                equal(c.response()[1], big)
            c.close()
            web.close_all()


@test("a client that shuts down its half has its answer; one that resets is given up")
def _():
    mesh()
    for vip in BOTH:
        c = Client("free", vip)
        c.send(request("/", host="a"))
        c.shut()
        conn, _ = web.request()
        conn.send(OK)
        equal(c.response()[1], b"ok")
        c.ended()
        grown = Counters()
        c = Client("free", vip)
        c.send(request("/", host="a"))
        web.request()
        c.reset()
        grown.reach("requests_abandoned_by_client", 1)
        web.close_all()


@test("a port, and an address, that takes no packets is left alone")
def _():
    mesh()
    grown = Counters()
    for vip in BOTH:
        true(attempt("free", vip, 81) is not None)
    for vip in SILENT, SILENT6:
        true(attempt("free", vip) is not None)
    equal(grown.all("packets_"), {})
    equal(grown("intercepted_packets"), 0)
    # It is what it was for who is attached.
    for vip in SILENT, SILENT6:
        exchange(Client("app", vip))


@test("what a connection that is gone is still sent is answered by a reset")
def _():
    mesh(listener={"idle_timeout": "100ms"})
    for vip in BOTH:
        c = Client("free", vip)
        c.ended()
        c.send(b"x")
        until(lambda c=c: c.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) ==
              errno.EPIPE)


@test("tcp: bytes go to an endpoint as they are, whoever speaks first")
def _():
    tcp_mesh()
    big = os.urandom(1 << 20)
    for pod in "free", "far", "vm":
        for vip in BOTH:
            grown = Counters()
            c = Client(pod, vip)
            server = web.accept()
            equal(c.sock.getpeername()[:2], (vip, 80))
            equal(server.sock.getpeername()[0],
                  "::ffff:" + of("app" if pod == "vm" else "node", VIP))
            server.send(b"220 hello")
            equal(c.exactly(9), b"220 hello")
            for one, other in (c, server), (server, c):
                with sent_meanwhile(one, big):
                    equal(other.exactly(len(big)), big)
            equal(grown("intercepted_packets", "requests", "tunnels_opened",
                        "upstream_legs_opened"), [1, 0, 0, 1])
            # Each half ends by itself.
            c.shut()
            server.ended()
            server.send(b"the rest")
            equal(c.exactly(8), b"the rest")
            web.forget(server)
            c.ended()
            c.close()


@test("tcp: what is sent before the endpoint is reached arrives; so does a reset")
def _():
    tcp_mesh()
    for vip in BOTH:
        c = Client("free", vip)
        c.send(b"early")
        c.shut()
        server = web.accept()
        equal(server.exactly(5), b"early")
        server.ended()
        server.reset()
        web.selector.unregister(server.sock)
        web.conns.remove(server)
        c.was_reset()
        c.close()
        for meets in False, True:       # before the way to the endpoint is open, or later
            c = Client("free", vip)
            server = web.accept()
            if meets:
                c.send(b"x")
                server.exactly(1)
            c.reset()
            server.was_reset()
            web.forget(server)
        c = Client("free", vip)
        server = web.accept()
        server.send(b"half")
        equal(c.exactly(4), b"half")
        meshctl("drain", "deadline", "1ms")
        server.was_reset()
        c.was_reset()
        web.forget(server)


@test("tcp: where no endpoint can be reached the connection is reset, and counted")
def _():
    tcp_mesh()
    for vip in BOTH:
        # Nobody listens at the one, and then there is none.
        meshctl("add", "endpoint", "web", f"{WEB}:9001")
        meshctl("del", "endpoint", "web", f"{WEB}:9000")
        grown = Counters()
        with contextlib.suppress(ConnectionResetError):
            Client("free", vip).was_reset()
        grown.reach("relays_failed", 1)
        meshctl("del", "endpoint", "web", f"{WEB}:9001")
        with contextlib.suppress(ConnectionResetError):
            Client("free", vip).was_reset()
        grown.reach("refused_no_endpoint", 1)
        meshctl("add", "endpoint", "web", f"{WEB}:9000")


@test("tcp: a listener with a proxy takes no packets, and says so")
def _():
    said = subprocess.run(
        ["meshctl", "add", "listener", "p", "10.96.0.9:80", "protocol", "tcp", "proxy",
         "10.2.0.20:15001", "packets", "true"], stderr=subprocess.PIPE, text=True,
        check=False)
    true(said.returncode and "packets" in said.stderr, said)


@test("tcp: a listener's clients are bounded as others are")
def _():
    tcp_mesh(max_connections_per_source=1)
    for vip in BOTH:
        first = Client("free", vip)
        web.accept()
        grown = Counters()
        with contextlib.suppress(ConnectionResetError):
            Client("free", vip).was_reset()
        grown.reach("downstream_source_limited", 1)
        first.close()
        web.close_all()


@test("tcp: an endpoint is chosen as for connect(), of no earlier request's head")
def _():
    other = Backend("web", 9002)
    both = {"endpoints": [{"address": WEB, "port": port} for port in (9000, 9002)]}
    policies = [{"header": "x-user"}, {"cookie": "session"}, {"query": "user"},
                {"path": True}]
    mesh()
    for vip in BOTH:
        # What its head says is not to be found in what follows.
        c = Client("free", vip)
        c.send(request("/somewhere?user=me", "X-User: me", "Cookie: session=me",
                       *(f"X-{i}: {'v' * 200}" for i in range(60)), host="a"))
        web.request()[0].send(OK)
        c.response()
        c.close()
    web.close_all()
    for hashed, wanted in (policies, 2), ([*policies, {"source_address": True}], 1):
        tcp_mesh({"lb": "maglev", "hash": hashed, "session_affinity": {"cookie": "s"},
                  **both})
        for vip in BOTH:
            for _ in range(20):
                Client("free", vip)
            until(lambda: accepted(web) + accepted(other) == 20)
            equal((hashed, sum(1 for b in (web, other) if b.conns)), (hashed, wanted))
            for b in web, other:
                b.close_all()


def accepted(backend):
    """How many connections it has, those included that wait to be accepted."""
    while select.select([backend.sock], [], [], 0)[0]:
        backend.accept()
    return len(backend.conns)


@test("tcp: connections that succeed are in between those that fail")
def _():
    tcp_mesh({"outlier_detection": {"consecutive_gateway_failure": 2,
                                    "base_ejection_time": "10m",
                                    "max_ejection_percent": 100}})
    grown = Counters()
    for _ in range(3):
        c = Client("free", VIP)
        web.accept()
        c.close()
        web.close_all()
        web.sock.shutdown(socket.SHUT_RDWR)         # it listens no more
        with contextlib.suppress(ConnectionResetError):
            Client("free", VIP).was_reset()
        web.sock.listen(512)
    grown.reach("relays_failed", 3)
    equal(grown.all("outlier_ejected"), {})


def unhooked(*pods):
    """There is no hook, once connections that had one are over for a while."""
    until(lambda: not any(hooked(pod) for pod in pods), 40)


@contextlib.contextmanager
def no_early_demux(*pods):
    """A packet has no destination from its connection, but by a hook or a route."""
    path = "/proc/sys/net/ipv4/ip_early_demux"
    try:
        for pod in (None, *pods):
            with in_pod(pod):
                write_file(path, 0)
        yield
    finally:
        for pod in (None, *pods):
            with in_pod(pod):
                write_file(path, 1)


@test("a listener that takes no packets any more, or is gone, answers on what it took")
@no_early_demux()
def _():
    mesh()
    clients = [Client("free", vip) for vip in BOTH]
    for c in clients:
        exchange(c)
    mesh(packets=False)
    for c in clients:
        exchange(c)
    meshctl("flush")
    time.sleep(0.5)
    for c in clients:
        # As to who came by connect().
        c.send(request("/", host="a"))
        equal(c.response()[0].status, 404)
        c.ended()
        c.close()
    unhooked("node")


@test("tcp: a listener that is gone lets connections go on")
@no_early_demux()
def _():
    tcp_mesh()
    pairs = []
    for vip in BOTH:
        c = Client("free", vip)
        c.send(b"first")
        pairs.append((c, web.accept()))
        equal(pairs[-1][1].exactly(5), b"first")
    meshctl("flush")
    time.sleep(0.5)
    for c, conn in pairs:
        conn.send(b"after")
        equal(c.exactly(5), b"after")
        c.send(b"all")
        equal(conn.exactly(3), b"all")


@test("detach lets connections that came as packets go on, and their legs")
@no_early_demux("app")
def _():
    mine = Backend("app", 9001)
    keeping("tcp", endpoints={vip: (of("app", vip), 9001) for vip in BOTH})
    pairs = []
    for vip in BOTH:
        c = Client("vm", vip)
        pairs.append((c, mine.accept()))
        equal(peer(pairs[-1][1]), of("vm", vip))
    meshctl("detach", "app")
    time.sleep(0.5)
    try:
        for c, conn in pairs:
            conn.send(b"after")
            equal(c.exactly(5), b"after")
            c.send(b"all")
            equal(conn.exactly(3), b"all")
            c.close()
            mine.forget(conn)
        unhooked("app")
    finally:
        meshctl("attach", "app")


@test("there is a hook where packets are taken, and only there")
def _():
    mesh(packets=False)
    unhooked("node", "app")
    mesh()
    equal([hooked(pod) for pod in ("node", "app")], [SEEN, SEEN])
    unhooked("free")
    meshctl("attach", "free")
    equal(hooked("free"), SEEN)
    meshctl("detach", "free")
    unhooked("free")
    mesh(packets=False)
    unhooked("node", "app")
    mesh()
    equal([hooked(pod) for pod in ("node", "app")], [SEEN, SEEN])
    # What leaves is only looked at where legs have clients' addresses, or had.
    keeping()
    equal([hooked(pod) for pod in ("node", "app")], [SEEN + SEEN_OUT] * 2)
    meshctl("flush")
    unhooked("node", "app")


@test("a namespace goes whose packets are taken, with connections")
def _():
    mesh()
    net("net_pod", "short=40")
    run_in("short", "sysctl", "-qw", "net.ipv4.ip_forward=1")
    meshctl("attach", "short")
    subprocess.run(["ip", "netns", "add", "guest"], check=True)
    run_in("guest", "ip", "link", "add", "eth0", "type", "veth", "peer", "name", "tap0",
           "netns", "short")
    for pod, dev, address in ("guest", "eth0", "10.6.0.2"), ("short", "tap0", "10.6.0.1"):
        run_in(pod, "ip", "addr", "add", f"{address}/30", "dev", dev)
        run_in(pod, "ip", "link", "set", dev, "up")
    run_in("guest", "ip", "route", "add", "default", "via", "10.6.0.1")
    c = Client("guest", VIP)
    exchange(c)
    net("net_remove", "short")
    net("net_until", 30, "net_gone", "40")
    c.close()
    subprocess.run(["ip", "netns", "del", "guest"], check=True)


@contextlib.contextmanager
def without_ports(pod):
    """No socket gets a port that it does not ask for by name."""
    path = "/proc/sys/net/ipv4/ip_local_reserved_ports"
    with in_pod(pod):
        write_file(path, "1-65535")
    try:
        yield
    finally:
        with in_pod(pod):
            write_file(path, "\n")


@test("a pod that lets nothing be taken keeps nobody from a configuration, and goes around "
      "none")
def _():
    meshctl("flush")
    net("net_pod", "short=40")
    meshctl("attach", "short")
    grown = Counters()
    try:
        with without_ports("short"):
            mesh()
            equal(grown("packets_not_taken_in_attached"), 1)
            c = Client("free", VIP)
            exchange(c)
            c.close()
            equal(attempt("free", "10.2.0.40", 80), "ECONNREFUSED")
            run_in("short", "ip", "addr", "add", f"{VIP}/32", "dev", "lo")
            run_in("free", "ip", "route", "add", VIP, "via", "10.2.0.40")
            # Nobody listens there: it would be refused, had it not been dropped.
            equal(attempt("free", VIP, 80, 1), "silence")
            true(grown("packets_dropped_no_acceptor") >= 1)
        until(lambda: attempt("free", VIP, 80, 1) is None, 30)
    finally:
        run_in("free", "ip", "route", "del", VIP, check=False)
        net("net_remove", "short")
        net("net_until", 30, "net_gone", "40")


@test("SYN cookies")
def _():
    mesh()
    with open("/proc/sys/net/ipv4/tcp_syncookies", "r+", encoding="ascii") as f:
        f.write("2")
    try:
        for pod in "free", "far":
            for vip in BOTH:
                c = Client(pod, vip)
                exchange(c)
                c.close()
    finally:
        with open("/proc/sys/net/ipv4/tcp_syncookies", "w", encoding="ascii") as f:
            f.write("1")


def fast_opened():
    """How many connections of the node's began with data in their SYN."""
    with open("/proc/net/netstat", encoding="ascii") as f:
        names, values = (line.split() for line in f if line.startswith("TcpExt:"))
    return int(dict(zip(names, values))["TCPFastOpenPassive"])


def fast_opens(family, kind):
    """What is sent first goes with the SYN, if it may."""
    s = socket.socket(family, kind)
    s.setsockopt(socket.IPPROTO_TCP, 30, 1)         # TCP_FASTOPEN_CONNECT
    return s


@contextlib.contextmanager
def fast_open(node, pods):
    """What the node takes with a SYN, and what pods send with it, forgetful of the past."""
    def tell_all(node, pods):
        write_file("/proc/sys/net/ipv4/tcp_fastopen", node)
        for pod in "free", "far":
            run_in(pod, "sysctl", "-qw", f"net.ipv4.tcp_fastopen={pods}")
            run_in(pod, "ip", "tcp_metrics", "flush")
        # The acceptors are opened anew, and so know.
        for own in "192.0.0.8", "[100::1]":
            subprocess.run(["ss", "-HKntl", "src", own], check=True,
                           stdout=subprocess.DEVNULL)
    tell_all(node, pods)
    try:
        yield
    finally:
        tell_all(1, 1)


def arrives_once(pod, vip, body):
    c = Client(pod, vip, make=fast_opens)
    with sent_meanwhile(c, body):
        server = web.accept()
        equal(server.exactly(len(body)), body)
    c.send(b"later")
    equal(server.exactly(5), b"later")
    server.send(b"answer")
    equal(c.exactly(6), b"answer")
    c.shut()
    server.ended()
    c.close()
    web.forget(server)


@test("data in the SYN arrive once and whole, taken with it or sent again")
def _():
    # Not taken; taken from who has a cookie, which the first one gets; taken from anybody.
    for node, pods, taken in (1, 5, 0), (0x403, 1, 2), (0x603, 5, 3):
        with fast_open(node, pods):
            for pod, dev in ("free", "mesh0"), ("far", "wan0"):
                for listener in {}, {"interface": dev}:
                    for vip in BOTH:
                        tcp_mesh(**listener)
                        # Its acceptor is there.
                        Client(pod, vip).close()
                        web.forget(web.accept())
                        run_in(pod, "ip", "tcp_metrics", "flush")
                        before = fast_opened()
                        for n in 1, 100, 100000:
                            arrives_once(pod, vip, os.urandom(n))
                        equal((node, pod, listener, vip, fast_opened() - before),
                              (node, pod, listener, vip, taken))
                mesh()
                for vip in BOTH:
                    for body in b"", os.urandom(100000):
                        c = Client(pod, vip, make=fast_opens)
                        exchange(c, body=body)
                        c.close()
                        web.close_all()


@test("a port that is used again at once, by who closed first or second")
def _():
    mesh()

    def from_port(family, kind):
        s = socket.socket(family, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # None that is given to who asks for none.
        s.bind(("", 20000))
        return s
    for vip in BOTH:
        for fields in (), ("Connection: close",):
            for _ in range(2):
                c = Client("free", vip, make=from_port)
                c.send(request("/", *fields, host="a"))
                conn, _ = web.request()
                conn.send(OK)
                equal(c.response()[1], b"ok")
                if fields:
                    c.ended()
                    c.close()
                else:
                    c.reset()
                web.close_all()


def dnat(port=9100):
    return f"""
        table inet kube {{
            chain pre {{ type nat hook prerouting priority -100;
                ip daddr {VIP} tcp dport 80 dnat ip to {WEB}:{port}
                ip6 daddr {VIP6} tcp dport 80 dnat ip6 to [fd00:2::20]:{port}
            }}
            chain post {{ type nat hook postrouting priority 100;
                ip daddr {WEB} masquerade
                ip6 daddr fd00:2::20 masquerade
            }}
        }}"""


@test("kube-proxy's DNAT of the same address does not win; what it had stays its own")
def _():
    meshctl("flush")
    proxied = Backend("web", 9100)
    with forwarding(), nft(dnat()):
        before = {}
        for vip in BOTH:
            before[vip] = Client("free", vip)
            before[vip].send(b"early")
            conn = proxied.conn()
            equal(conn.exactly(5), b"early")
            before[vip].conn = conn
        mesh()
        for vip in BOTH:
            grown = Counters()
            c = Client("free", vip)
            conn, _ = exchange(c)
            equal(grown("intercepted_packets"), 1)
            equal(conn.sock.getpeername()[0], "::ffff:" + of("node", VIP))
            c.close()
            before[vip].send(b"later")
            equal(before[vip].conn.exactly(5), b"later")
            before[vip].conn.send(b"back")
            equal(before[vip].exactly(4), b"back")
        mesh(packets=False)
        until(lambda: not hooked("node"))
        for vip in BOTH:
            c = Client("free", vip)
            c.send(b"again")
            equal(proxied.conn().exactly(5), b"again")
            proxied.close_all()
    proxied.close_all()


@test("a connection that conntrack has forgotten, or never seen, is not DNATed")
def _():
    for bridged in False, True:
        bridge_calls(bridged)
        try:
            mesh()
            for vip in BOTH:
                c = Client("free", vip)
                exchange(c)
                with forwarding(), nft(dnat()):
                    exchange(c)
                    subprocess.run(["conntrack", "-F"], check=True,
                                   stderr=subprocess.DEVNULL)
                    exchange(c)
                c.close()
        finally:
            bridge_calls(False)


@test("IPVS has the same address, and does not win")
def _():
    meshctl("flush")
    for vip, real in (f"{VIP}:80", f"{WEB}:9100"), (f"[{VIP6}]:80", "[fd00:2::20]:9100"):
        subprocess.run(["ipvsadm", "-A", "-t", vip, "-s", "rr"], check=True)
        subprocess.run(["ipvsadm", "-a", "-t", vip, "-r", real, "-m"], check=True)
    subprocess.run(["ip", "link", "add", "kube-ipvs0", "type", "dummy"], check=True)
    for vip, length in (VIP, 32), (VIP6, 128):
        subprocess.run(["ip", "addr", "add", f"{vip}/{length}", "dev", "kube-ipvs0"],
                       check=True)
    try:
        with forwarding():
            mesh()
            for vip in BOTH:
                grown = Counters()
                c = Client("free", vip)
                exchange(c)
                equal(grown("intercepted_packets"), 1)
                c.close()
    finally:
        subprocess.run(["ipvsadm", "-C"], check=True)
        subprocess.run(["ip", "link", "del", "kube-ipvs0"], check=True)


@test("without conntrack, and with a firewall that drops what is invalid")
def _():
    mesh()
    stateful = """
        table inet kube {
            chain in { type filter hook input priority 0;
                ct state invalid counter drop
            }
        }"""
    for vip in BOTH:
        exchange(Client("free", vip))
    with nft(stateful):
        for vip in BOTH:
            c = Client("free", vip)
            exchange(c)
            exchange(c)
            c.close()
        equal(counted_by("inet kube"), [0])


def bridge_calls(on):
    """Whether netfilter sees packets while they are bridged."""
    subprocess.run(["modprobe", "br_netfilter"], check=True)
    for family in "ip", "ip6":
        with open(f"/proc/sys/net/bridge/bridge-nf-call-{family}tables", "w",
                  encoding="ascii") as f:
            f.write("1" if on else "0")


def counted_by(table):
    """The packets of the rules with a counter."""
    said = json.loads(subprocess.run(["nft", "-j", "list", "table", *table.split()],
                                     check=True, stdout=subprocess.PIPE).stdout)
    return [e["counter"]["packets"] for o in said["nftables"] if "rule" in o
            for e in o["rule"]["expr"] if "counter" in e]


@test("a bridge whose packets iptables sees")
def _():
    mesh()
    behind = f"""
        table inet kube {{
            chain behind {{ type filter hook prerouting priority 0;
                ip daddr {VIP} counter
                ip6 daddr {VIP6} counter
            }}
        }}"""
    for on in False, True:
        bridge_calls(on)
        try:
            with nft(behind):
                for vip in BOTH:
                    for body in b"", os.urandom(100000):
                        c = Client("free", vip)
                        exchange(c, body=body)
                        c.close()
                # What is bridged is delivered from the hook.
                equal([bool(n) for n in counted_by("inet kube")], [not on] * 2)
        finally:
            bridge_calls(False)


def is_taken(source):
    """A SYN of this source has been answered."""
    return source in subprocess.run(
        ["ss", "-Hnt", "state", "syn-recv", "sport", "=", ":80"], check=True,
        stdout=subprocess.PIPE, text=True).stdout


@test("a source that nobody can have, or that rp_filter refuses, is dropped")
def _():
    mesh()
    path = "/proc/sys/net/ipv4/conf/mesh0/rp_filter"
    # What does not seem to begin a connection may do so, by a SYN cookie.
    for source in "10.2.0.1", "127.0.0.1", "255.255.255.255", "224.0.0.1":
        for flags in SYN, ACK, RST | ACK:
            grown = Counters()
            send_segment("free", (source, 40100), (VIP, 80), flags)
            until(lambda grown=grown: grown("packets_dropped_bad_source"), 5,
                  (source, flags))
    for strict, source, dropped in ("1", "10.3.0.77", 1), ("1", "10.2.0.77", 0), \
            ("2", "10.3.0.77", 0):
        with open(path, "w", encoding="ascii") as f:
            f.write(strict)
        grown = Counters()
        send_segment("free", (source, 40100), (VIP, 80))
        if dropped:
            grown.reach("packets_dropped_bad_source", 1)
        else:
            until(lambda source=source: is_taken(source), 10, (strict, source))
            equal(grown("packets_dropped_bad_source"), 0)
    with open(path, "w", encoding="ascii") as f:
        f.write("0")


def links():
    return [int(read_file(f"/sys/class/net/l{i}/statistics/tx_packets")) for i in (1, 2)]


@contextlib.contextmanager
def two_links():
    """The pod "two" has an address that is none of its two links', and sends by the first."""
    subprocess.run(["ip", "netns", "add", "two"], check=True)
    run_in("two", "ip", "link", "set", "lo", "up")
    for address in ADDRESSES["two"]:
        run_in("two", "ip", "addr", "add", address, "dev", "lo")
    for i in 1, 2:
        subprocess.run(["ip", "link", "add", f"l{i}", "type", "veth", "peer", "name",
                        f"l{i}", "netns", "two"], check=True)
        for pod, n in (None, 1), ("two", 2):
            command = ["ip", *(["-n", pod] if pod else [])]
            for words in (f"addr add 10.7.{i}.{n}/30 dev l{i}",
                          f"addr add fd00:7:{i}::{n}/126 dev l{i} nodad",
                          f"link set l{i} up"):
                subprocess.run([*command, *words.split()], check=True)
    sends_by(1)
    try:
        yield
    finally:
        subprocess.run(["ip", "netns", "del", "two"], check=True)
        until(lambda: not os.path.exists("/sys/class/net/l1"))


def sends_by(i):
    for gateway, source in zip((f"10.7.{i}.1", f"fd00:7:{i}::1"), ADDRESSES["two"]):
        run_in("two", "ip", "route", "replace", "default", "via", gateway, "src", source)


def answered_by(*ways):
    """The node's ways to "two"."""
    for to, gateway in zip(ADDRESSES["two"], ("10.7.{}.2", "fd00:7:{}::2")):
        subprocess.run(["ip", "route", "replace", to, *itertools.chain.from_iterable(
            ["nexthop", "via", gateway.format(i), "dev", f"l{i}"] for i in ways)],
            check=True)


@contextlib.contextmanager
def hashed_by_ports():
    """Each connection has a way of its own, where there are several."""
    paths = [f"/proc/sys/net/ipv{v}/fib_multipath_hash_policy" for v in (4, 6)]
    for path in paths:
        write_file(path, 1)
    try:
        yield
    finally:
        for path in paths:
            write_file(path, 0)


@test("several equal ways back to a client: each connection goes one of them")
def _():
    with two_links(), hashed_by_ports():
        answered_by(1, 2)
        for begin in mesh, keeping:
            begin()
            for vip in BOTH:
                before, grown = links(), Counters()
                for _ in range(16):
                    c = Client("two", vip)
                    conn, head = exchange(c, body=bytes(20000))
                    equal(head.get("x-forwarded-for"), of("two", vip))
                    if begin is keeping:
                        equal(peer(conn), of("two", vip))
                    c.close()
                    web.close_all()
                equal(grown("intercepted_packets"), 16)
                sent = [now - then for now, then in zip(links(), before)]
                true(min(sent) > 10, sent)
        tcp_mesh()
        for vip in BOTH:
            for _ in range(16):
                c = Client("two", vip)
                c.send(b"x")
                equal(web.conn().exactly(1), b"x")
                close_connections()


@test("the answer leaves by another device than the SYN came by, or the next packet does")
def _():
    big = os.urandom(300000)
    with two_links():
        answered_by(2)
        mesh()
        for vip in BOTH:
            before = links()
            c = Client("two", vip)
            exchange(c, body=big)
            sent = [now - then for now, then in zip(links(), before)]
            true(sent[0] < 10 < sent[1], sent)
            for by in 2, 1:
                sends_by(by)
                answered_by(by)
                exchange(c, body=big)
            answered_by(2)
            exchange(c)
            c.close()
        # Where it is to come back by the same device, it is dropped, as any other.
        for strict, error in ("1", "silence"), ("2", None), ("0", None):
            write_file("/proc/sys/net/ipv4/conf/l1/rp_filter", strict)
            grown = Counters()
            equal((strict, attempt("two", VIP, 80, 3 if error else 20)), (strict, error))
            true(bool(grown("packets_dropped_bad_source")) == bool(error))


@test("a path with a smaller MTU: its ICMP errors reach the connection")
def _():
    mesh()
    big = os.urandom(300000)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(big) + big
    for family in "-4", "-6":
        run_in("router", "ip", family, "route", "change",
               "10.3.0.0/24" if family == "-4" else "fd00:3::/64",
               "via", "10.4.0.6" if family == "-4" else "fd00:4::6", "mtu", "1300")
    try:
        for vip in BOTH:
            c = Client("far", vip)
            c.send(request("/", host="a"))
            conn, _ = web.request()
            conn.send(answer)
            equal(c.response()[1], big)
            c.close()
            web.close_all()
    finally:
        for family in "-4", "-6":
            run_in("router", "ip", family, "route", "change",
                   "10.3.0.0/24" if family == "-4" else "fd00:3::/64",
                   "via", "10.4.0.6" if family == "-4" else "fd00:4::6")


@test("an acceptor that somebody destroys is made again")
def _():
    mesh()
    # The address of RFC 7600, and that of RFC 6666.
    for vip, own in (VIP, "192.0.0.8"), (VIP6, "[100::1]"):
        exchange(Client("free", vip))
        said = subprocess.run(["ss", "-HKntl", "src", own], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        equal((vip, len(said.splitlines())), (vip, 1))
        c = Client("free", vip)
        exchange(c)
        c.close()


@test("a program may bind a listener's port, if it says that addresses may be shared")
def _():
    mesh()
    for vip in BOTH:
        c = Client("free", vip)
        exchange(c)
        family = c.sock.family
        with socket.socket(family, socket.SOCK_STREAM) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            s.bind(("", 80))
            s.listen()
            exchange(c)
            exchange(Client("free", vip))


@test("a listener at the node's own address leaves the node's programs alone")
def _():
    local = [of("node", vip) for vip in BOTH]
    apply({"clusters": [{"name": "web", "endpoints": [{"address": WEB, "port": 9000}]}],
           "listeners": [{"name": a, "address": a, "port": 8085, "protocol": "tcp",
                          "cluster": "web", "packets": True} for a in local]})
    for address, there in zip(local, (WEB, "fd00:2::20")):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        # From the listener's port, and to another port.
        with socket.socket(family, socket.SOCK_STREAM) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((address, 8085))
            s.settimeout(20)
            s.connect((there, 9000))
            s.sendall(b"x")
            equal(web.conn().exactly(1), b"x")
        with socket.socket(family, socket.SOCK_STREAM) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((address, 8086))
            s.listen()
            s.settimeout(20)
            c = Client("free", address, 8086)
            conn, _ = s.accept()
            c.send(b"y")
            equal(conn.recv(1), b"y")
            conn.close()
        grown = Counters()
        c = Client("free", address, 8085)
        c.send(b"z")
        equal(web.conn().exactly(1), b"z")
        equal(grown("intercepted_packets"), 1)
        close_connections()


@test("who has bound a listener's address without a right to it gets no packets")
def _():
    mesh()
    with in_pod("free"):
        server = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    server.bind(("::", 9300))
    server.listen()
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as s:
        s.setsockopt(socket.IPPROTO_IPV6, 78, 1)    # IPV6_FREEBIND
        s.bind((VIP6, 5000))
        s.settimeout(3)
        try:
            s.connect((of("free", VIP6), 9300))
            got = "a connection"
        except (socket.timeout, OSError) as e:
            got = type(e).__name__
    server.close()
    true(got in ("timeout", "TimeoutError", "ConnectionRefusedError", "OSError"), got)


@test("policies of a listener hold: an address has so many connections")
def _():
    mesh(listener={"max_connections_per_source": 1})
    for vip in BOTH:
        first = Client("free", vip)
        exchange(first)
        grown = Counters()
        with contextlib.suppress(ConnectionResetError):
            Client("free", vip).was_reset()
        grown.reach("downstream_source_limited", 1)
        first.close()


@test("nobody's control group pays: a namespace has so many as its limit lets it")
def _():
    mesh()
    with parameter("namespace_bytes_max", 40000):
        for vip in BOTH:
            drained()
            grown = Counters()
            some = []
            while not grown("downstream_no_memory"):
                with contextlib.suppress(ConnectionResetError):
                    some.append(Client("free", vip))
                    if some[8:]:
                        break
                time.sleep(0.1)
            grown.reach("downstream_no_memory", 1)
            true(len(some) > 1, some)
            # Who is attached has his own.
            exchange(Client("app", vip))
            for c in some:
                c.close()
            drained()
            exchange(Client("free", vip))


# ---- the client's address is kept towards the endpoint ----

WEB6 = "fd00:2::20"
OF_NODE = {VIP: "10.2.0.1", VIP6: "fd00:2::1"}


def keeping(protocol="http", cluster=None, endpoints=None, **listener):
    """Listeners of both families, each with endpoints of its own family."""
    ends = endpoints or {VIP: (WEB, 9000), VIP6: (WEB6, 9000)}
    apply({
        "clusters": [{"name": vip, "connect_timeout": "2s",
                      "endpoints": [{"address": ends[vip][0], "port": ends[vip][1]}],
                      **(cluster or {})} for vip in BOTH],
        "route_tables": [{"name": vip, "virtual_hosts": [
            {"name": vip, "domains": ["*"],
             "routes": [{"action": {"cluster": vip}}]}]} for vip in BOTH],
        "listeners": [
            {"name": vip, "address": vip, "port": 80, "protocol": protocol,
             ("route_table" if protocol == "http" else "cluster"): vip, "packets": True,
             "source": "keep", **listener} for vip in BOTH]})


def peer(conn):
    return conn.sock.getpeername()[0].removeprefix("::ffff:")


@contextlib.contextmanager
def seen_of(pod, vip, source):
    """Counts the TCP segments that a pod has from an address."""
    v6 = ":" in vip
    at, want = (8, socket.inet_pton(socket.AF_INET6, source)) if v6 else (
        12, socket.inet_aton(source))
    with in_pod(pod):
        s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                          socket.htons(0x86dd if v6 else 0x800))
    with s:
        s.settimeout(0.5)

        def count():
            n = 0
            with contextlib.suppress(socket.timeout):
                while True:
                    packet = s.recv(2000)
                    n += (packet[at:at + len(want)] == want and
                          packet[6 if v6 else 9] == 6)
            return n
        yield count


@contextlib.contextmanager
def by_the_node(pod, other):
    """As where each pod has a link of its own."""
    def ways(what):
        for a, b in (pod, other), (other, pod):
            for vip in BOTH:
                run_in(a, "ip", "route", what, of(b, vip), "via", OF_NODE[vip])
    ways("add")
    try:
        yield
    finally:
        ways("del")


@test("source: keep: the endpoint sees the client's own address, and answers it")
def _():
    with by_the_node("web", "free"):
        each_sees_the_client()


def each_sees_the_client():
    big = os.urandom(300000)
    for protocol in "http", "tcp":
        keeping(protocol)
        for pod in "far", "vm", "free":
            for vip in BOTH:
                grown = Counters()
                c = Client(pod, vip)
                conn = exchange(c, body=big)[0] if protocol == "http" else web.accept()
                equal(peer(conn), of(pod, vip))
                true(61000 <= conn.sock.getpeername()[1], conn.sock.getpeername())
                grown.reach("intercepted_packets", 1)
                grown.reach("upstream_legs_opened", 1)
                if protocol == "tcp":
                    for one, other in (c, conn), (conn, c):
                        with sent_meanwhile(one, big):
                            equal(other.exactly(len(big)), big)
                    c.shut()
                    conn.ended()
                    web.forget(conn)
                    c.ended()
                c.close()


def from_address(pod, vip, source):
    def make(family, kind):
        sock = socket.socket(family, kind)
        sock.bind(source if isinstance(source, tuple) else (source, 0))
        return sock
    return Client(pod, vip, make=make)


@test("source: keep: between sockets of this node bytes pass by splice")
def _():
    keeping()
    with unshaped(), by_the_node("web", "free"):
        all_pass_by_splice()


@test("source: keep: of connect(), what the client has bound, or would have")
def _():
    keeping()
    run_in("app", "ip", "addr", "add", "10.2.0.110/32", "dev", "eth0")
    try:
        c = Client("app", VIP)
        equal(peer(exchange(c)[0]), of("app", VIP))
        c.close()
        c = from_address("app", VIP, "10.2.0.110")
        equal(peer(exchange(c)[0]), "10.2.0.110")
        c.close()
    finally:
        run_in("app", "ip", "addr", "del", "10.2.0.110/32", "dev", "eth0")


@contextlib.contextmanager
def more_addresses(pod, *addresses):
    for address in addresses:
        run_in(pod, "ip", "addr", "add", address, "dev", "eth0",
               *(["nodad"] if ":" in address else []))
    try:
        yield
    finally:
        for address in addresses:
            run_in(pod, "ip", "addr", "del", address, "dev", "eth0")


@test("source: keep: a connection to an endpoint is kept for the same client alone")
def _():
    others = {VIP: "10.3.0.130", VIP6: "fd00:3::130"}
    with more_addresses("far", "10.3.0.130/24", "fd00:3::130/64"):
        for max_idle, reused in (100, 3), (1, 2):
            keeping(cluster={"max_idle": max_idle})
            for vip in BOTH:
                grown = Counters()
                who = [of("far", vip), others[vip]]
                # The latest takes the place of another's where there is but one; the
                # first finds its own from before.
                for source in who[0], who[0], who[1], who[0], who[1]:
                    c = from_address("far", vip, source)
                    equal(peer(exchange(c)[0]), source)
                    c.close()
                equal(grown("upstream_legs_reused"), reused)


@test("source: keep: what an endpoint of this very namespace answers stays there")
def _():
    mine = Backend(None, 9001)
    keeping(endpoints={vip: (OF_NODE[vip], 9001) for vip in BOTH})
    for vip in BOTH:
        with seen_of("far", vip, OF_NODE[vip]) as count:
            c = Client("far", vip)
            c.send(request("/", host="a"))
            conn, _ = mine.request()
            equal(peer(conn), of("far", vip))
            conn.send(OK)
            equal(c.response()[1], b"ok")
            c.close()
            mine.forget(conn)
            equal(count(), 0)


@test("source: keep: the client sees nothing of it, to the last packet")
def _():
    keeping(cluster={"max_idle": 0})
    for vip in BOTH:
        with seen_of("far", vip, WEB6 if ":" in vip else WEB) as count:
            grown = Counters()
            c = Client("far", vip)
            conn, _ = exchange(c)
            # The mesh closes it; the endpoint does so later.
            grown.reach("upstream_legs_closed", 1)
            conn.ended()
            time.sleep(1)
            conn.send(b"late")
            web.forget(conn)
            equal(count(), 0)
            c.close()


@test("source: keep: the client's own connections to the endpoint go on beside")
def _():
    keeping()
    for vip, to in (VIP, WEB), (VIP6, WEB6):
        c = Client("far", vip)
        conn, _ = exchange(c)
        own = Client("far", to, 9000)
        server = web.accept()
        equal(peer(server), of("far", vip))
        own.send(b"hello")
        equal(server.exactly(5), b"hello")
        server.send(b"there")
        equal(own.exactly(5), b"there")
        exchange(c)


def refused(pod, vip, n=1, source=None):
    for _ in range(n):
        c = from_address(pod, vip, source) if source else Client(pod, vip)
        c.send(request("/", host="a"))
        equal(c.response()[0].status, 503)
        c.close()


def failures_of(counters):
    """What is known against endpoints."""
    return sum(e.get("failures", 0) for e in counters["endpoints"])


@test("source: keep: where it cannot be kept the request is refused, the endpoint not "
      "blamed")
def _():
    keeping(endpoints={VIP: (WEB6, 9000), VIP6: (WEB, 9000)})
    for vip in BOTH:
        grown = Counters()
        refused("far", vip, 3)
        equal(grown("reply_503_source_not_kept", "reply_503_connect_failure"), [3, 0])
    # An endpoint that calls itself; an address that is one on its link alone.
    keeping()
    for vip in BOTH:
        grown = Counters()
        refused("web", vip)
        equal(grown("reply_503_source_not_kept"), 1)
    with in_pod("free"):
        index = socket.if_nametoindex("eth0")
    with more_addresses("free", "fe80::11/64"):
        grown = Counters()
        refused("free", VIP6, source=("fe80::11", 0, 0, index))
        equal(grown("reply_503_source_not_kept"), 1)
    equal(failures_of(stats()), 0)


@test("source: keep: that one client cannot be answered is no other's failure")
def _():
    keeping(cluster={"connect_timeout": "1s", "outlier_detection": {
        "consecutive_5xx": 1, "consecutive_gateway_failure": 1,
        "consecutive_local_origin_failure": 1, "max_ejection_percent": 100}})
    for vip in BOTH:
        c = Client("far", vip)
        exchange(c)
        # To it the endpoint answers by the bridge.
        grown = Counters()
        refused("free", vip, 2)
        equal(grown("reply_503_source_not_kept"), 0)
        equal([e.get("ejected_ms", 0) for e in stats()["endpoints"]], [0, 0])
        exchange(c)


@test("source: keep: a listener that keeps it no more lets connections go on")
def _():
    mine = Backend(None, 9002)
    ends = {vip: (OF_NODE[vip], 9002) for vip in BOTH}
    keeping("tcp", endpoints=ends)
    pairs = []
    for vip in BOTH:
        c = Client("far", vip)
        pairs.append((c, mine.accept()))
    keeping("tcp", endpoints=ends, source="auto")
    for c, conn in pairs:
        conn.send(b"after")
        equal(c.exactly(5), b"after")
        c.send(b"all")
        equal(conn.exactly(3), b"all")
        equal(peer(conn), of("far", VIP if "." in peer(conn) else VIP6))


@test("source: keep: a client may have hundreds of connections at a time")
def _():
    keeping("tcp")
    for vip in BOTH:
        grown = Counters()
        some = [Client("far", vip) for _ in range(200)]
        for _ in some:
            equal(peer(web.accept()), of("far", vip))
        equal(grown("relays_failed"), 0)
        for c in some:
            c.close()
        web.close_all()


@test("source: keep: what a raw socket sends in an endpoint's name stays here, too")
def _():
    mine = Backend(None, 9003)
    keeping("tcp", endpoints={vip: (OF_NODE[vip], 9003) for vip in BOTH})
    for vip in BOTH:
        c = Client("far", vip)
        conn = mine.accept()
        port = conn.sock.getpeername()[1]
        segment = struct.pack("!HHIIBBHHH", 9003, port, 1, 1, 5 << 4, 4, 1024, 0, 0)
        with seen_of("far", vip, OF_NODE[vip]) as count, socket.socket(
                socket.AF_INET6 if ":" in vip else socket.AF_INET, socket.SOCK_RAW,
                socket.IPPROTO_TCP) as raw:
            for _ in range(3):
                raw.sendto(segment, (of("far", vip), 0))
            equal(count(), 0)
        conn.send(b"on")
        equal(c.exactly(2), b"on")


@test("source: keep: a listener with a proxy keeps none, and says so")
def _():
    for with_packets, wrong in (True, "packets"), (False, "source"):
        done = subprocess.run(
            ["meshctl", "add", "listener", "p", "10.96.0.7:80", "protocol", "tcp", "proxy",
             "127.0.0.1:1", *(["packets", "true"] if with_packets else
                              ["source", "keep"])],
            check=False, stderr=subprocess.PIPE, text=True)
        true(done.returncode and "proxy" in done.stderr and wrong in done.stderr.lower(),
             (done.returncode, done.stderr))


def main():
    global net, web  # pylint: disable=global-statement
    net = Net(app=10, free=11, web=20)
    try:
        net("net_far", "delay 1ms", "far=30")
        run_in("router", "ip", "route", "add", "10.96.0.0/16", "via", "10.4.0.1")
        run_in("router", "ip", "route", "add", "fd00:96::/64", "via", "fd00:4::1")
        subprocess.run(["ip", "netns", "add", "vm"], check=True)
        run_in("vm", "ip", "link", "add", "eth0", "type", "veth", "peer", "name", "tap0",
               "netns", "app")
        for pod, dev, n in ("vm", "eth0", 2), ("app", "tap0", 1):
            for address in f"10.5.0.{n}/30", f"fd00:5::{n}/126":
                run_in(pod, "ip", "addr", "add", address, "dev", dev,
                       *(["nodad"] if ":" in address else []))
            run_in(pod, "ip", "link", "set", dev, "up")
        run_in("vm", "ip", "link", "set", "lo", "up")
        run_in("vm", "ip", "route", "add", "default", "via", "10.5.0.1")
        run_in("vm", "ip", "route", "add", "default", "via", "fd00:5::1")
        subprocess.run(["ip", "route", "add", "10.5.0.0/30", "via", of("app", VIP)],
                       check=True)
        subprocess.run(["ip", "route", "add", "fd00:5::/126", "via", of("app", VIP6)],
                       check=True)
        web = Backend("web", 9000)
        meshctl("attach", "app")
        return run_tests(lambda: (close_connections(), drained()))
    finally:
        subprocess.run(["ip", "netns", "del", "vm"], check=False)
        meshctl("flush")
        net.down()


sys.exit(main())
