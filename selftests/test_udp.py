#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# takes: 90
"""Listeners of protocol udp: whatever a program sends with, it reaches an endpoint and
sees no other address than the listener's; a flow stays where it is as long as that is
there.

   pods "app" (attached), "free" (not) -- virtual IPs -- echo servers in pod "web"
"""

import contextlib
import ctypes
import errno
import json
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from endpoints import VIP, VIP6, WEB
from l7 import (LIB, Backend, Counters, Net, apply, equal, in_pod, meshctl, note,
                program_in, run_in, run_tests, stats, test, true, until)
from network import nft
from xxh64 import xxh64

BOTH = (VIP, VIP6)
WEBS = {VIP: WEB, VIP6: "fd00:2::20"}
APP = {VIP: "10.2.0.10", VIP6: "fd00:2::10"}
PORTS = (9001, 9002, 9003, 9004)
net = echo = server = None


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class Echo(threading.Thread):
    """Servers in the pod "web", at each port of both families. Each answers what it is
    sent, behind its port and who has sent it."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socks = {}
        with in_pod("web"):
            for port in PORTS:
                for address in WEBS.values():
                    s = socket.socket(family(address), socket.SOCK_DGRAM)
                    if ":" in address:
                        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    s.bind((address, port))
                    self.socks[s] = port
        self.stopped = False
        self.start()

    def run(self):
        while not self.stopped:
            for s in select.select(list(self.socks), [], [], 0.2)[0]:
                data, peer = s.recvfrom(65536)
                head = f"{self.socks[s]} {peer[0]} {peer[1]} ".encode()
                with contextlib.suppress(OSError):
                    s.sendto((head + data)[:65000], peer)

    def close(self):
        self.stopped = True
        self.join()
        for s in self.socks:
            s.close()


def listener(vip, cluster=None, **more):
    return {"name": f"udp-{vip}", "address": vip, "port": 53, "protocol": "udp",
            "cluster": cluster or f"c-{vip}", **more}


def clusters(ports, **more):
    return [{"name": f"c-{vip}", **more,
             "endpoints": [{"address": WEBS[vip], "port": port} for port in ports]}
            for vip in BOTH]


def mesh(ports=(9001,), cluster=None, listeners=(), **more):
    apply({"clusters": clusters(ports, **(cluster or {})),
           "listeners": [listener(vip, **more) for vip in BOTH] + list(listeners)})


def sock(vip, pod="app", source=None):
    with in_pod(pod):
        s = socket.socket(family(vip), socket.SOCK_DGRAM)
    s.settimeout(5)
    if source:
        s.bind(source)
    return s


def connected(vip, pod="app", source=None):
    s = sock(vip, pod, source)
    s.connect((vip, 53))
    return s


def read(answer):
    port, address, source, data = answer.split(b" ", 3)
    return int(port), address.decode(), int(source), data


def ask(s, data=b"x"):
    """By a connected socket: which port has answered."""
    s.send(data)
    port, _, _, said = read(s.recv(65536))
    equal(said, data)
    return port


def moves(s, where):
    """It gets to one of these ports at last; a datagram may be lost meanwhile."""
    s.settimeout(0.5)

    def there():
        with contextlib.suppress(OSError):
            return ask(s, os.urandom(4)) in where
        return False
    until(there)
    s.settimeout(5)


def tracked(pod="app"):
    return int(run_in(pod, "cat", "/proc/sys/net/netfilter/nf_conntrack_count"))


def forget(pod="app"):
    """As if nothing had been sent for a long time."""
    run_in(pod, "conntrack", "-F", stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def repeated(step):
    """Again and again, meanwhile."""
    stop = threading.Event()

    def go_on():
        while not stop.is_set():
            step()
    t = threading.Thread(target=go_on)
    t.start()
    try:
        yield
    finally:
        stop.set()
        t.join()


@contextlib.contextmanager
def seen_on_the_way(vip):
    """Whether the node sees a datagram to a virtual address."""
    at, want = (24, socket.inet_pton(socket.AF_INET6, vip)) if ":" in vip else (
        16, socket.inet_aton(vip))
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)) as s:
        s.settimeout(0.3)

        def any_seen():
            with contextlib.suppress(socket.timeout):
                while True:
                    packet = s.recv(2000)
                    if packet[at:at + len(want)] == want:
                        return True
            return False
        yield any_seen


# ---- whatever it is sent with ----

@test("a connected socket reaches an endpoint, and sees the listener's address alone")
def _():
    mesh()
    for vip in BOTH:
        grown = Counters()
        s = connected(vip)
        equal(s.getpeername()[:2], (vip, 53))
        for _ in range(5):
            s.send(b"hello")
            data, peer = s.recvfrom(1000)
            equal(peer[:2], (vip, 53))
            # The endpoint sees the client's own.
            equal(read(data), (9001, APP[vip], s.getsockname()[1], b"hello"))
        data, _, _, peer = connected_recvmsg(s)
        equal((peer[:2], data), ((vip, 53), b"again"))
        equal(grown("intercepted_udp", "refused_no_endpoint"), [1, 0])
        s.close()
    said = {(e["address"], e["port"]): e["connections"] for e in stats()["endpoints"]}
    equal(said, {(WEBS[vip], 9001): 1 for vip in BOTH})


def connected_recvmsg(s):
    s.send(b"again")
    data, ancillary, flags, peer = s.recvmsg(1000)
    return read(data)[3], ancillary, flags, peer


@test("a socket that is not connected sends to several listeners, and knows who answers")
def _():
    other = {VIP: "10.96.0.3", VIP6: "fd00:96::3"}
    mesh(listeners=[{**listener(other[vip], f"c-{vip}"), "port": 54} for vip in BOTH])
    for vip in BOTH:
        s = sock(vip)
        for to in (vip, 53), (other[vip], 54), (vip, 53):
            s.sendto(b"a", to)
            data, peer = s.recvfrom(1000)
            equal((peer[:2], read(data)[3]), (to, b"a"))
            s.sendmsg([b"b", b"c"], [], 0, to)
            data, _, _, peer = s.recvmsg(1000)
            equal((peer[:2], read(data)[3]), (to, b"bc"))
        s.close()


class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


class Msghdr(ctypes.Structure):
    _fields_ = [("name", ctypes.c_void_p), ("namelen", ctypes.c_uint),
                ("iov", ctypes.POINTER(Iovec)), ("iovlen", ctypes.c_size_t),
                ("control", ctypes.c_void_p), ("controllen", ctypes.c_size_t),
                ("flags", ctypes.c_int)]


class Mmsghdr(ctypes.Structure):
    _fields_ = [("hdr", Msghdr), ("len", ctypes.c_uint)]


@test("sendmmsg(): all of the datagrams")
def _():
    mesh()
    libc = ctypes.CDLL(None, use_errno=True)
    for vip in BOTH:
        to = (struct.pack("=H", socket.AF_INET6) + struct.pack("!HI", 53, 0) +
              socket.inet_pton(socket.AF_INET6, vip) + bytes(4) if ":" in vip else
              struct.pack("=H", socket.AF_INET) + struct.pack("!H", 53) +
              socket.inet_aton(vip) + bytes(8))
        name = ctypes.create_string_buffer(to, len(to))
        texts = [ctypes.create_string_buffer(b"%d" % i, 1) for i in range(3)]
        list_ = (Mmsghdr * 3)()
        for m, text in zip(list_, texts):
            m.hdr.iov = ctypes.pointer(Iovec(ctypes.addressof(text), 1))
            m.hdr.iovlen = 1
            m.hdr.name, m.hdr.namelen = ctypes.addressof(name), len(to)
        s = sock(vip)
        equal(libc.sendmmsg(s.fileno(), list_, 3, 0), 3)
        got = [s.recvfrom(1000) for _ in range(3)]
        equal([(peer[:2], read(data)[3]) for data, peer in got],
              [((vip, 53), b"%d" % i) for i in range(3)])
        s.close()


@test("io_uring, in the system call and by its workers")
def _():
    mesh()
    subprocess.run(["make", "-s", "-C", LIB, "udp_send"], check=True)
    for vip in BOTH:
        for how in [], ["async"]:
            s = sock(vip)
            s.settimeout(None)
            done = subprocess.run([f"{LIB}/udp_send", str(s.fileno()), vip, "53", *how],
                                  input=b"ring", stdout=subprocess.PIPE, check=True,
                                  pass_fds=[s.fileno()], timeout=30)
            peer, data = done.stdout.split(b"\n", 1)
            equal((peer, read(data)[3]), (f"{vip} 53".encode(), b"ring"))
            s.close()


@test("a socket of both families reaches an IPv4 listener")
def _():
    mesh()
    with in_pod("app"):
        s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.connect(("::ffff:" + VIP, 53))
    s.send(b"x")
    data, peer = s.recvfrom(1000)
    equal((peer[:2], read(data)[3]), (("::ffff:" + VIP, 53), b"x"))
    s.close()


@test("datagrams that do not fit into a packet, both ways")
def _():
    mesh()
    for vip in BOTH:
        s = connected(vip)
        for size in 1, 1400, 1600, 8000, 60000:
            equal(ask(s, os.urandom(size)), 9001)
        s.close()


# ---- which endpoint ----

@test("hash source_address: a source stays with one endpoint, several spread")
def _():
    more = {VIP: [f"10.2.0.{n}" for n in range(110, 130)],
            VIP6: [f"fd00:2::1:{n}" for n in range(110, 130)]}
    for vip in BOTH:
        for address in more[vip]:
            run_in("app", "ip", "addr", "add", address + ("/64" if ":" in vip else "/24"),
                   "dev", "eth0", *(["nodad"] if ":" in vip else []))
    mesh(PORTS, {"lb": "maglev", "hash": [{"source_address": True}]})
    for vip in BOTH:
        used = set()
        for address in more[vip]:
            ports = set()
            for _ in range(3):
                s = connected(vip, source=(address, 0))
                ports.add(ask(s))
                s.close()
            equal(len(ports), 1)
            used |= ports
        true(len(used) > 1, used)
        for address in more[vip]:
            run_in("app", "ip", "addr", "del", address + ("/64" if ":" in vip else "/24"),
                   "dev", "eth0")


def where_from(vip, sources):
    """Which endpoint these ports of the client's get to, as if for the first time."""
    forget()
    where = []
    for port in sources:
        s = connected(vip, source=(APP[vip], port))
        where.append(ask(s))
        s.close()
    return where


@test("a flow that was forgotten comes to its endpoint again; others to others")
def _():
    sources = range(20000, 20040)
    for hashed in [], [{"five_tuple": True}], [{"header": "x"}, {"five_tuple": True}]:
        mesh(PORTS, {"lb": "maglev", "hash": hashed})
        for vip in BOTH:
            before = where_from(vip, sources)
            equal(set(before), set(PORTS))
            equal(where_from(vip, sources), before)


@test("hash five_tuple: a flow goes where the Maglev table says")
def _():
    mesh(PORTS, {"lb": "maglev", "hash": [{"five_tuple": True}]})
    for vip in BOTH:
        table = json.loads(meshctl("-j", "show", "maglev", f"c-{vip}"))

        def wanted(port, vip=vip, table=table):
            ends = [f"[{a}]:{p}" if ":" in a else f"{a}:{p}"
                    for a, p in ((APP[vip], port), (vip, 53))]
            entry = table["entries"][xxh64(" ".join(ends).encode()) % table["size"]]
            return table["endpoints"][entry]["port"]
        sources = range(20000, 20040)
        equal(where_from(vip, sources), [wanted(port) for port in sources])


@test("hash five_tuple: an endpoint that goes takes only its own flows along")
def _():
    sources = range(20000, 20040)
    mesh(PORTS, {"lb": "maglev", "hash": [{"five_tuple": True}]})
    for vip in BOTH:
        before = where_from(vip, sources)
        meshctl("del", "endpoint", f"c-{vip}", f"[{WEBS[vip]}]:9003" if ":" in vip
                else f"{WEBS[vip]}:9003")
        after = where_from(vip, sources)
        true(9003 not in after, after)
        # Maglev moves few others.
        stayed = [a == b for a, b in zip(after, before) if b != 9003]
        true(stayed.count(True) > 0.8 * len(stayed), (before, after))


@test("round_robin: flows take turns")
def _():
    mesh(PORTS, {"lb": "round_robin"})
    for vip in BOTH:
        socks = [connected(vip) for _ in range(8)]
        ports = [ask(s) for s in socks]
        equal(sorted(ports), sorted(PORTS * 2))
        # And stay.
        equal([ask(s) for s in socks], ports)
        for s in socks:
            s.close()


# ---- what changes ----

@test("an endpoint that goes: its flows go on at another, those of others where they are")
def _():
    mesh(PORTS, {"lb": "round_robin"})
    for vip in BOTH:
        socks = {}
        while set(socks) != set(PORTS):
            s = connected(vip)
            socks.setdefault(ask(s), s)
        grown = Counters()
        meshctl("del", "endpoint", f"c-{vip}", f"[{WEBS[vip]}]:9002" if ":" in vip
                else f"{WEBS[vip]}:9002")
        moves(socks[9002], {9001, 9003, 9004})
        equal(socks[9002].getpeername()[:2], (vip, 53))
        for port in 9001, 9003, 9004:
            equal(ask(socks[port]), port)
        true(grown("udp_flows_ended") >= 1)


@test("a flow stays over changes that do not concern it, and where an endpoint comes")
def _():
    mesh((9001,))
    for vip in BOTH:
        s = connected(vip)
        equal(ask(s), 9001)
        grown = Counters()
        for port in 9002, 9003, 9004:
            meshctl("add", "endpoint", f"c-{vip}", f"[{WEBS[vip]}]:{port}" if ":" in vip
                    else f"{WEBS[vip]}:{port}")
        meshctl("set", "cluster", f"c-{vip}", "lb", "random")
        meshctl("set", "listener", f"udp-{vip}", "from",
                "::/0" if ":" in vip else "0.0.0.0/0")
        meshctl("add", "cluster", f"other-{vip}")
        for _ in range(10):
            equal(ask(s), 9001)
            time.sleep(0.1)
        equal(grown("udp_flows_ended", "intercepted_udp"), [0, 0])
        s.close()


def dnat(priority=-100, to=9004):
    """Somebody's translation of all that is for port 53."""
    return "".join(f"""
table {family_} kube {{
    chain out {{
        type nat hook output priority {priority}
        udp dport 53 dnat to {end}:{to}
    }}
}}""" for family_, end in (("ip", WEB), ("ip6", f"[{WEBS[VIP6]}]")))


@test("a flow from before the listener is taken over, however it was translated")
def _():
    for rules in None, dnat():
        apply({"clusters": clusters((9001,))})
        with nft(rules, "app") if rules else contextlib.nullcontext():
            for vip in BOTH:
                s = connected(vip)
                if rules:
                    equal(ask(s), 9004)
                else:
                    s.send(b"lost")
                meshctl("add", "listener", "new", f"[{vip}]:53" if ":" in vip else
                        f"{vip}:53", "protocol", "udp", "cluster", f"c-{vip}")
                moves(s, {9001})
                meshctl("del", "listener", "new")
                s.close()


@test("a listener that goes lets go of its flows")
def _():
    for vip in BOTH:
        mesh()
        s = connected(vip)
        equal(ask(s), 9001)
        grown = Counters()
        meshctl("del", "listener", f"udp-{vip}")
        grown.reach("udp_flows_ended", 1)
        s.settimeout(0.5)
        with contextlib.suppress(OSError):
            ask(s)
            raise AssertionError("it is still answered")
        s.close()


@test("drain: flows stay, others come to other endpoints; with a deadline they leave")
def _():
    for vip in BOTH:
        mesh(PORTS[:2], {"lb": "round_robin"})
        socks = {}
        while set(socks) != {9001, 9002}:
            s = connected(vip)
            socks.setdefault(ask(s), s)
        end = f"[{WEBS[vip]}]:9001" if ":" in vip else f"{WEBS[vip]}:9001"
        meshctl("drain", "endpoint", f"c-{vip}", end)
        equal({ask(connected(vip)) for _ in range(6)}, {9002})
        equal(ask(socks[9001]), 9001)
        meshctl("drain", "endpoint", f"c-{vip}", end, "deadline", "500ms")
        moves(socks[9001], {9002})
        equal(ask(socks[9002]), 9002)
        meshctl("drain", "endpoint", f"c-{vip}", end, "end")


@contextlib.contextmanager
def accepts(port):
    """Somebody who passes health checks."""
    with in_pod("web"):
        s = socket.create_server(("::", port), family=socket.AF_INET6,
                                 dualstack_ipv6=True)
    s.settimeout(0.1)

    def accept():
        with contextlib.suppress(OSError):
            s.accept()[0].close()
    with contextlib.closing(s), repeated(accept):
        yield


def all_well():
    return all(e.get("healthy") for e in stats()["endpoints"])


@test("an endpoint that has become ill loses its flows to one that is well")
def _():
    mesh(PORTS[:2], {"lb": "round_robin", "panic_threshold": 0, "health_check": {
        "interval": "200ms", "timeout": "5s", "unhealthy_threshold": 1,
        "healthy_threshold": 1, "no_traffic_interval": "200ms"}})
    with accepts(9002):
        for vip in BOTH:
            with accepts(9001):
                until(all_well)
                socks = {}
                while set(socks) != set(PORTS[:2]):
                    s = connected(vip)
                    socks.setdefault(ask(s), s)
            moves(socks[9001], {9002})
            equal(ask(socks[9002]), 9002)


# ---- refusals ----

@test("an endpoint's closed port is the listener's: ECONNREFUSED")
def _():
    mesh((9009,))
    for vip in BOTH:
        s = connected(vip)
        s.send(b"x")
        try:
            s.recv(100)
            raise AssertionError("it was answered")
        except ConnectionRefusedError:
            pass
        s.close()
        # Who asks is told about which address.
        s = sock(vip)
        level, option = ((socket.IPPROTO_IPV6, 25) if ":" in vip else
                         (socket.IPPROTO_IP, 11))   # IPV6_RECVERR, IP_RECVERR
        s.setsockopt(level, option, 1)
        s.sendto(b"x", (vip, 53))
        until(lambda s=s: select.select([], [], [s], 0)[2] or
              s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        _, ancillary, _, about = s.recvmsg(100, 1000, socket.MSG_ERRQUEUE)
        equal((about[:2], struct.unpack("=I", ancillary[0][2][:4])[0]),
              ((vip, 53), errno.ECONNREFUSED))
        s.close()


@test("without an endpoint a datagram is refused, counted, and goes nowhere")
def _():
    mesh(())
    for vip in BOTH:
        with seen_on_the_way(vip) as seen:
            grown = Counters()
            for s in connected(vip), sock(vip):
                for _ in range(2):
                    try:
                        s.sendto(b"x", (vip, 53))
                        raise AssertionError("it was sent")
                    except ConnectionRefusedError:
                        pass
                s.close()
            equal(grown("refused_no_endpoint", "intercepted_udp"), [4, 0])
            equal(seen(), False)


def refused(wanted, *command):
    done = subprocess.run(["meshctl", *command], check=False, stderr=subprocess.PIPE,
                          text=True)
    true(done.returncode and wanted in done.stderr, (done.returncode, done.stderr))


@test("what no udp listener has is refused by name")
def _():
    mesh()
    for words in (["packets", "true"], ["source", "keep"], ["max_headers", "5"],
                  ["proxy_protocol", "true"], ["idle_timeout", "1s"]):
        refused(f"listener.{words[0]}: a udp listener has no such option", "set",
                "listener", f"udp-{VIP}", *words)
    refused("has no policies", "set", "listener", f"udp-{VIP}", "max_tokens", "5")
    new = "add", "listener", "new", "10.96.0.9:53", "protocol", "udp"
    refused("listener.proxy: not allowed with protocol udp", *new, "proxy", "127.0.0.1:1")
    refused("listener.cluster: missing", *new)
    refused("has a proxy_protocol", "set", "cluster", f"c-{VIP}", "proxy_protocol", "v2")
    refused("has an IPv4 endpoint", "add", "endpoint", f"c-{VIP6}", "10.2.0.20:1")
    refused("has an IPv6 endpoint", "add", "endpoint", f"c-{VIP}", "[fd00:2::20]:1")
    refused("the same address and port", *new[:3], f"{VIP}:53", *new[4:], "cluster",
            f"c-{VIP}")
    # What is as it is by default is not.
    meshctl("set", "listener", f"udp-{VIP}", "idle_timeout", "5m", "packets", "false")


@test("what is exported, shown and explained")
def _():
    mesh(PORTS, {"hash": [{"five_tuple": True, "combine": True}, {"source_address": True}]},
         port_end=60)
    exported = meshctl("export")
    meshctl("diff", "--exit-code", "-f", "-", file=exported)
    true("five_tuple: true" in exported and "protocol: udp" in exported, exported)
    for vip in BOTH:
        shown = meshctl("show", "listener", f"udp-{vip}")
        true("udp" in shown and f"c-{vip}" in shown, shown)
        said = json.loads(meshctl("-j", "explain", f"udp-{vip}"))
        equal((said["protocol"], said["cluster"]), ("udp", f"c-{vip}"))
        true(said["endpoint"].rsplit(":", 1)[1] in map(str, PORTS), said)
    meshctl("set", "cluster", f"c-{VIP}", "hash", "five_tuple")
    true("hash: [{five_tuple: true}]" in meshctl("export"))


# ---- beside others ----

@test("tcp and udp listeners share an address and a port")
def _():
    mesh((9003,), listeners=[{**listener(vip), "name": f"tcp-{vip}", "protocol": "tcp"}
                             for vip in BOTH])
    for vip in BOTH:
        equal(ask(connected(vip)), 9003)
        with in_pod("app"), socket.create_connection((vip, 53), 10) as c:
            conn = server.accept()
            c.sendall(b"hello")
            equal(conn.exactly(5), b"hello")
        meshctl("del", "listener", f"tcp-{vip}")
        equal(ask(connected(vip)), 9003)


@test("a udp listener takes no TCP, and a tcp listener no datagram")
def _():
    mesh()
    for vip in BOTH:
        grown = Counters()
        with in_pod("app"), socket.socket(family(vip), socket.SOCK_STREAM) as c:
            c.settimeout(0.5)
            true(c.connect_ex((vip, 53)))
        equal(grown("intercepted_l4", "intercepted_udp"), [0, 0])
    mesh(protocol="tcp")
    for vip in BOTH:
        grown = Counters()
        s = connected(vip)
        s.settimeout(0.5)
        with contextlib.suppress(OSError):
            ask(s)
            raise AssertionError("it was answered")
        equal(grown.all("intercepted_"), {})


@test("from: who it is not for goes on without it")
def _():
    mesh(**{"from": ["10.2.0.110/32", "fd00:2::110/128"]})
    for vip in BOTH:
        grown = Counters()
        with seen_on_the_way(vip) as seen:
            connected(vip).send(b"x")
            equal(seen(), True)
        equal(grown("intercepted_udp"), 0)


@test("a DNAT of nft's, of the same address, does not win")
def _():
    mesh()
    for priority in -199, -100:
        with nft(dnat(priority), "app"):
            for vip in BOTH:
                equal(ask(connected(vip)), 9001)
                # What is not for a listener is theirs.
                s = sock(vip)
                s.connect(("10.96.0.9" if vip == VIP else "fd00:96::9", 53))
                equal(ask(s), 9004)


@test("who is not attached is not concerned, nor tracked")
def _():
    mesh()
    before = tracked("free")
    for vip in BOTH:
        s = connected(vip, "free")
        s.send(b"x")
        s.settimeout(0.3)
        with contextlib.suppress(OSError):
            s.recv(100)
            raise AssertionError("it was answered")
    equal(tracked("free"), before)


@test("a namespace is tracked only while there is a udp listener")
def _():
    apply({"clusters": clusters((9001,))})

    def is_tracked():
        forget()
        for address in WEBS.values():
            s = sock(address)
            s.sendto(b"x", (address, 9001))
            s.recv(100)
            s.close()
        return tracked() > 0
    until(lambda: not is_tracked())
    mesh()
    equal(is_tracked(), True)
    meshctl("del", "listener", f"udp-{VIP}")
    equal(is_tracked(), True)
    meshctl("del", "listener", f"udp-{VIP6}")
    until(lambda: not is_tracked())


# ---- namespaces, and the end ----

@contextlib.contextmanager
def traffic(pod):
    """Datagrams of many flows, all the time."""
    stop = threading.Event()

    def send():
        with in_pod(pod):
            while not stop.is_set():
                for vip in BOTH:
                    with socket.socket(family(vip), socket.SOCK_DGRAM) as s, \
                            contextlib.suppress(OSError):
                        s.sendto(b"x", (vip, 53))
                        s.sendto(b"x", (vip, 53))
    threads = [threading.Thread(target=send) for _ in range(2)]
    for t in threads:
        t.start()
    try:
        yield
    finally:
        stop.set()
        for t in threads:
            t.join()


@test("many changes while datagrams are sent")
def _():
    mesh(PORTS, {"lb": "round_robin"})
    with traffic("app"):
        for i in range(30):
            mesh(PORTS[:i % 4], {"lb": "round_robin"})
        apply({"clusters": []})
        mesh(PORTS)
    for vip in BOTH:
        true(ask(connected(vip)) in PORTS)


@test("a namespace is detached, and ends, while it sends")
def _():
    mesh()
    net("net_pod", "guest=40")
    meshctl("attach", "guest")
    grown = Counters()
    with traffic("guest"):
        grown_some = Counters()
        until(lambda: grown_some("intercepted_udp") > 10)
        meshctl("detach", "guest")
        meshctl("attach", "guest")
        s = connected(VIP, "guest")
        equal(ask(s), 9001)
        meshctl("detach", "guest")
        s.settimeout(0.5)
        until(lambda: not answered(s))
        s.close()
        meshctl("attach", "guest")
    net("net_remove", "guest")
    until(lambda: subprocess.run([f"{LIB}/net.sh", "net_gone", "40"], check=False,
                                 env={**os.environ, "NET_DIR": net.dir}).returncode == 0)
    true(grown("intercepted_udp") > 10)


def answered(s):
    with contextlib.suppress(OSError):
        ask(s)
        return True
    return False


# ---- other people's programs ----

@contextlib.contextmanager
def dnsmasq(folder, port):
    command = ["dnsmasq", "--keep-in-foreground", f"--port={port}", "--bind-interfaces",
               f"--listen-address={WEB}", f"--listen-address={WEBS[VIP6]}",
               "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root",
               "--pid-file=", "--local=/test/", "--host-record=name.test,10.9.0.9,fd00:9::9",
               *(f"--txt-record=long.test,{'x' * 200}{i}" for i in range(12))]
    with program_in("web", folder, *command):
        yield


@test("dig and glibc ask dnsmasq behind a listener, whatever is long over TCP")
def _():
    mesh((5353,), listeners=[{**listener(vip), "name": f"tcp-{vip}", "protocol": "tcp"}
                             for vip in BOTH])
    with tempfile.TemporaryDirectory() as folder, dnsmasq(folder, 5353):
        for vip in BOTH:
            def dig(*args, vip=vip):
                return run_in("app", "dig", f"@{vip}", "+short", "+tries=3", *args)
            until(lambda vip=vip: run_in("app", "dig", f"@{vip}", "+short", "+tries=1",
                                         "name.test", check=False) == "10.9.0.9\n")
            equal(dig("name.test", "AAAA"), "fd00:9::9\n")
            equal(len(dig("long.test", "TXT").splitlines()), 12)
            os.makedirs("/etc/netns/app", exist_ok=True)
            with open("/etc/netns/app/resolv.conf", "w", encoding="ascii") as f:
                f.write(f"nameserver {vip}\n")
            equal(sorted({line.split()[0] for line in
                          run_in("app", "getent", "ahosts", "name.test").splitlines()}),
                  ["10.9.0.9", "fd00:9::9"])
            grown = Counters()
            equal(run_in("app", "getent", "ahosts", "none.test", check=False), "")
            true(grown("intercepted_udp") >= 1)
            os.unlink("/etc/netns/app/resolv.conf")


@contextlib.contextmanager
def quic_servers(folder, ports):
    run_in("web", "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
           "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{folder}/key", "-out",
           f"{folder}/cert", "-subj", "/CN=quic.test", "-days", "9",
           stderr=subprocess.DEVNULL)
    with contextlib.ExitStack() as all_:
        for port in ports:
            os.mkdir(f"{folder}/{port}")
            with open(f"{folder}/{port}/file", "wb") as f:
                f.write(b"%d" % port + os.urandom(200000))
            all_.enter_context(program_in(
                "web", f"{folder}/{port}", "gtlsserver", "-q", "-d", f"{folder}/{port}", "*",
                str(port), f"{folder}/key", f"{folder}/cert"))
        yield


@test("QUIC: a connection stays with its endpoint, whatever comes and goes meanwhile")
def _():
    ports = (9443, 9444, 9445)
    mesh(ports, {"lb": "round_robin"})
    with tempfile.TemporaryDirectory() as folder, quic_servers(folder, ports):
        for vip in BOTH:
            until(lambda vip=vip: quic(folder, vip))
            with changes(vip):
                for _ in range(5):
                    true(quic(folder, vip))


@contextlib.contextmanager
def changes(vip):

    def change():
        for what in "add", "del":
            meshctl(what, "endpoint", f"c-{vip}", f"[{WEBS[vip]}]:9449"
                    if ":" in vip else f"{WEBS[vip]}:9449",
                    *(["weight", "1", "priority", "1"] if what == "add" else []))
    with repeated(change):
        yield


def quic(folder, vip):
    """Whether a file comes whole."""
    with tempfile.TemporaryDirectory(dir=folder) as to:
        done = subprocess.run(
            ["ip", "netns", "exec", "app", "gtlsclient", "-q", "--exit-on-all-streams-close",
             f"--download={to}", vip, "53", "https://quic.test/file"], check=False,
            timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            with open(f"{to}/file", "rb") as f:
                got = f.read()
        except FileNotFoundError:
            note(done.stderr[-500:])
            return False
    with open(f"{folder}/{got[:4].decode()}/file", "rb") as f:
        return got == f.read()


@test("the module is unloaded while datagrams are sent, and leaves no flow behind")
def _():
    mesh()
    # Without NAT's other users there would be nothing to see.
    with nft(dnat(to=9003), "app"):
        s = connected(VIP)
        equal(ask(s), 9001)
        with traffic("app"):
            subprocess.run(["rmmod", "l7mesh"], check=True)
        try:
            left = run_in("app", "conntrack", "-L", "-p", "udp", "--dst-nat",
                          stderr=subprocess.DEVNULL)
            true("sport=9003" in left and "sport=9001" not in left, left[:500])
            # It is as without a mesh.
            equal(ask(s), 9003)
        finally:
            subprocess.run(["insmod", os.environ["L7MESH_KO"]], check=True)
            meshctl("attach", "app")


def main():
    global net, echo, server  # pylint: disable=global-statement
    net = Net(app=10, free=11, web=20)
    try:
        echo = Echo()
        server = Backend("web", 9003)
        meshctl("attach", "app")
        return run_tests(forget)
    finally:
        echo.close()
        meshctl("flush")
        net.down()


sys.exit(main())
