#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# takes: 60
"""Which listener a connection is for: by ports, addresses, networks of clients and
interfaces; whoever none is for goes on as if there were none.

   pods "app" (attached), "free" (not) at the bridge mesh0, "far" behind wan0; servers of
   the node's own at the listeners' addresses; clients of whole networks in each pod
"""

import contextlib
import ipaddress
import os
import random
import select
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from l7 import (PATIENCE, Client, Counters, Net, Stream, apply, close_connections, drained,
                equal, in_pod, meshctl, request, run_in, run_tests, test, true)

# Of the node, two of each family.
A, B, A6, B6 = "10.96.0.1", "10.96.0.2", "fd00:96::1", "fd00:96::2"
PORTS = (80, 90, 8000, 8001, 8005, 8010, 8011)
NODE = {4: "10.2.0.1", 6: "fd00:2::1"}
# Where clients are: each has networks of its own.
CLIENTS = {"app": ("10.8.0.0/16", "fd00:8::/32"), "free": ("10.9.0.0/16", "fd00:9::/32"),
           "far": ("10.7.0.0/16", "fd00:7::/32")}
WAYS = {"app": ("10.2.0.10", "fd00:2::10"), "free": ("10.2.0.11", "fd00:2::11"),
        "far": ("10.4.0.2", "fd00:4::2")}
servers = {}


def listener(name, address, port=80, **more):
    return {"name": name, "address": address, "port": port, "protocol": "http",
            "route_table": "names", **more}


def mesh(*listeners):
    """Each listener answers its name."""
    apply({"listeners": list(listeners), "route_tables": [{
        "name": "names", "virtual_hosts": [{"name": "any", "domains": ["*"], "routes": [
            {"match": {"listener": l["name"]},
             "action": {"direct_response": {"status": 200, "body": l["name"]}}}
            for l in listeners if l["protocol"] == "http"] or [
                {"action": {"direct_response": {"status": 404}}}]}]}]})


def bound_to(source):
    def make(family, kind):
        sock = socket.socket(family, kind)
        if source:
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, 78, 1)     # IPV6_FREEBIND
            sock.bind((source, 0))
        return sock
    return make


def connection(pod, address, port=80, source=None):
    return Client(pod, address, port, make=bound_to(source))


def said(c):
    c.send(request("/", host="a"))
    return c.response()[1].decode()


def took(pod, address, port=80, source=None):
    """Who takes a connection: the name of a listener, or "server"; None if nobody does."""
    try:
        c = connection(pod, address, port, source)
    except ConnectionRefusedError:
        return None
    server = servers[port]
    c.send(request("/", host="a"))
    ready = select.select([c.sock, server], [], [], PATIENCE)[0]
    try:
        if server in ready:
            server.accept()[0].close()
            return "server"
        return c.response()[1].decode()
    finally:
        c.close()


def both(*cases):
    """Of each: (listener that takes it, pod, address, port, source)."""
    equal([(took(*case[1:]), *case[1:]) for case in cases], list(cases))


def refused(text, *args):
    done = subprocess.run(["meshctl", *args], stderr=subprocess.PIPE, text=True, check=False)
    true(done.returncode and text in done.stderr, (args, done.stderr))


# ---- ports ----

def ranges(address, **more):
    return (listener(f"one-{address}", address, 8005, **more),
            listener(f"range-{address}", address, 8000, port_end=8010, **more),
            listener(f"next-{address}", address, 8011, port_end=65535, **more))


@test("a port has its listener, else that of its range, else that of any port")
def _():
    for with_any in False, True:
        mesh(*(l for a in (A, A6) for l in ranges(a)),
             *(listener(f"any-{a}", a, 0) for a in (A, A6) if with_any))
        for a in A, A6:
            other = f"any-{a}" if with_any else "server"
            both((f"range-{a}", "app", a, 8000), (f"range-{a}", "app", a, 8001),
                 (f"one-{a}", "app", a, 8005), (f"range-{a}", "app", a, 8010),
                 (f"next-{a}", "app", a, 8011), (other, "app", a, 80))
            # It takes no packets, and others' addresses are theirs.
            both(("server", "free", a, 8005))
        for a in B, B6:
            both(("server", "app", a, 8005))


@test("packets: ranges of ports are taken, and no other port is")
def _():
    mesh(*(l for a in (A, A6) for l in ranges(a, packets=True)))
    for a in A, A6:
        both((f"range-{a}", "free", a, 8000), (f"one-{a}", "far", a, 8005),
             (f"range-{a}", "far", a, 8010), (f"next-{a}", "free", a, 8011),
             ("server", "free", a, 90))


@test("a range goes where it is led to, and the client's port is what it was")
def _():
    apply({"clusters": [{"name": "c", "endpoints": [{"address": NODE[4], "port": 90}]}],
           "listeners": [{"name": "l", "address": A, "port": 8000, "port_end": 8010,
                          "protocol": "tcp", "cluster": "c", "packets": True}]})
    for pod in "app", "free":
        c = connection(pod, A, 8010)
        equal(c.sock.getpeername()[:2], (A, 8010))
        server = Stream(servers[90].accept()[0])
        c.send(b"hello")
        equal(server.exactly(5), b"hello")
        server.sock.close()
        c.close()


@test("ranges are changed while connections are open: the next request sees it")
def _():
    mesh(listener("l", A, 8000, port_end=8010), listener("m", A, 8011))
    c, d = connection("app", A, 8001), connection("app", A, 8010)
    equal((said(c), said(d)), ("l", "l"))
    meshctl("set", "listener", "l", f"{A}:8000-8005")
    c.send(request("/", host="a"))
    equal(c.response()[0].status, 200)
    d.send(request("/", host="a"))
    equal(d.response()[0].status, 404)
    both(("l", "app", A, 8001), ("server", "app", A, 8010))
    meshctl("set", "listener", "l", f"{A}:8001")
    both(("l", "app", A, 8001), ("server", "app", A, 8000), ("server", "app", A, 8005))
    meshctl("set", "listener", "l", "port_end", "8003")
    true("8001-8003" in meshctl("show", "listener", "l"))


@test("ranges of an address that overlap are refused, with both their names")
def _():
    mesh(listener("low", A, 8000, port_end=8010), listener("high", A, 8020, port_end=8030))
    for ports in "8010-8020", "7000-8000", "8005-8006", "7000-9000", "8000-8009", "8030-8031":
        refused("overlap", "add", "listener", "new", f"{A}:{ports}", "protocol", "http",
                "route_table", "names")
    refused('"low" and "new" have ranges', "add", "listener", "new", f"{A}:8010-8019",
            "protocol", "http", "route_table", "names")
    refused("the same address and port", "add", "listener", "new", f"{A}:8000-8010",
            "protocol", "http", "route_table", "names")
    for fits in f"{A}:8011-8019", f"{A}:8005", f"{A}:0", f"{B}:8000-8010":
        meshctl("add", "listener", "new", fits, "protocol", "http", "route_table", "names")
        meshctl("del", "listener", "new")


# ---- addresses ----

@test("a listener is at each of its addresses, of either family, with its ports")
def _():
    mesh(listener("l", A, 8000, port_end=8001, addresses=[B6, B], packets=True),
         listener("m", A6, 80, addresses=[B]))
    for pod in "app", "free":
        both(*(("l", pod, a, port) for a in (A, B, B6) for port in (8000, 8001)),
             ("server", pod, A6, 8000), ("server", pod, A, 80))
    both(("m", "app", A6), ("m", "app", B), ("server", "free", B))
    c = connection("app", B6, 8001)
    meshctl("set", "listener", "l", "addresses", B)
    c.send(request("/", host="a"))
    equal(c.response()[0].status, 404)
    both(("server", "app", B6, 8001), ("l", "app", B, 8001))
    meshctl("set", "listener", "l", "addresses", "none")
    both(("server", "app", B, 8001), ("server", "free", B, 8001), ("l", "free", A, 8001))


@test("addresses: what collides is refused")
def _():
    mesh(listener("l", A, 80, addresses=[A6]), listener("m", B))
    new = ("protocol", "http", "route_table", "names")
    refused('"l" and "new" have the same address and port', "add", "listener", "new",
            f"[{B6}]:80", *new, "addresses", A6)
    refused("same address and port", "set", "listener", "m", "addresses", A)
    refused("there twice", "set", "listener", "m", "addresses", B6, "addresses", B6)
    refused("there twice", "set", "listener", "m", "addresses", B)
    refused("of one family", "add", "listener", "new", "10.96.0.9:80", "protocol", "tcp",
            "proxy", "127.0.0.1:1", "addresses", "fd00:96::9")
    both(("l", "app", A6), ("m", "app", B))


@test("addresses: a listener's clients are counted together")
def _():
    mesh(listener("l", A, addresses=[B], max_connections_per_source=1))
    c = connection("app", A)
    equal(said(c), "l")
    grown = Counters()
    with contextlib.suppress(ConnectionResetError):
        connection("app", B).was_reset()
    grown.reach("downstream_source_limited", 1)


# ---- clients ----

@test("from: of listeners of one address and port that of the smallest network is asked")
def _():
    for rest in False, True:
        mesh(*(listener(f"{name}-{a}", a, packets=True, **more) for a in (A, A6)
               for name, more in (
                   ("wide", {"from": ["10.0.0.0/8", "fd00::/16"]}),
                   ("app", {"from": [*CLIENTS["app"]]}),
                   ("one", {"from": ["10.8.1.1/32", "fd00:8::1:1/128",
                                     "10.9.0.0/17", "fd00:9::/33"]}),
                   *([("rest", {})] if rest else []))))
        for a, sources in ((A, ("10.8.1.1", "10.8.1.2", "10.9.1.1", "10.9.200.1",
                                "10.7.0.1")),
                           (A6, ("fd00:8::1:1", "fd00:8::1:2", "fd00:9::1",
                                 "fd00:9:8000::1", "fd00:7::1"))):
            both((f"one-{a}", "app", a, 80, sources[0]), (f"app-{a}", "app", a, 80, sources[1]),
                 (f"one-{a}", "free", a, 80, sources[2]),
                 (f"wide-{a}", "free", a, 80, sources[3]),
                 (f"wide-{a}", "far", a, 80, sources[4]),
                 # What it would have without a mesh.
                 (f"wide-{a}", "app", a, 80, None))


@test("from: whom no listener is for goes on as if there were none")
def _():
    mesh(listener("l", A, 0, packets=True, addresses=[A6],
                  **{"from": ["10.8.0.0/24", "fd00:8::/64", "10.9.0.0/24", "fd00:9::/64"]}))
    grown = Counters()
    for a, inside, outside in ((A, "10.8.0.1", "10.8.1.1"), (A6, "fd00:8::1", "fd00:8:1::1")):
        both(("l", "app", a, 80, inside), ("server", "app", a, 80, outside),
             ("server", "app", a, 8005, None))
    for a, inside, outside in ((A, "10.9.0.1", "10.9.1.1"), (A6, "fd00:9::1", "fd00:9:1::1")):
        both(("l", "free", a, 80, inside), ("server", "free", a, 80, outside))
    equal(grown("intercepted_http", "intercepted_packets"), [2, 2])
    equal(grown.all("packets_"), {})
    equal(grown.all("bypassed_"), {})


@test("from: ranges and any port have their clients, too")
def _():
    nets = {"app": ["10.8.0.0/16", "fd00:8::/32"]}
    mesh(*(listener(f"{name}-{a}", a, port, packets=True, **more) for a in (A, A6)
           for name, port, more in (
               ("range", 8000, {"port_end": 8010}),
               ("mine", 8000, {"port_end": 8010, "from": nets["app"]}),
               ("any", 0, {"from": nets["app"]}),
               ("one", 8005, {"from": ["10.7.0.0/16", "fd00:7::/32"]}))))
    for a, mine, far in (A, "10.8.0.1", "10.7.0.1"), (A6, "fd00:8::1", "fd00:7::1"):
        both((f"mine-{a}", "app", a, 8001, mine), (f"range-{a}", "app", a, 8001),
             (f"any-{a}", "app", a, 80, mine), ("server", "app", a, 80),
             (f"one-{a}", "far", a, 8005, far), (f"range-{a}", "far", a, 8001, far),
             # The port has listeners, so the range is not asked.
             ("server", "app", a, 8005, mine), ("server", "far", a, 80, far))


@test("from: what an attached client is bound to, a device or another family, stays so")
def _():
    mesh(listener("l", A, addresses=[A6], **{"from": ["10.2.0.10/32", "fd00:2::10/128"]}))
    both(("l", "app", A), ("l", "app", A6))
    for a in A, A6:
        grown = Counters()

        def make(family, kind):
            sock = socket.socket(family, kind)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
            return sock
        c = Client("app", a, make=make)
        servers[80].accept()[0].close()
        c.close()
        equal(grown("bypassed_bound_device", "intercepted_http"), [1, 0])
    # IPv4 by a socket of IPv6.
    with in_pod("app"), socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as s:
        s.settimeout(PATIENCE)
        s.connect((f"::ffff:{A}", 80))
        s.sendall(request("/", host="a"))
        equal(Stream(s).head().status, 200)


@test("from: the proxy's own address counts, whomever it names")
def _():
    mesh(*(listener(name, A, packets=True, proxy_protocol=True, trusted_sources=[net],
                    **{"from": [net]}) for name, net in
           (("free", "10.9.0.0/16"), ("app", "10.8.0.0/16"))))
    for pod, source, named in ("free", "10.9.0.1", "10.8.0.9"), ("app", "10.8.0.1", "10.9.0.9"):
        c = connection(pod, A, source=source)
        c.send(f"PROXY TCP4 {named} {A} 1 80\r\n".encode())
        equal([said(c), said(c)], [pod, pod])
        c.close()


@test("from: a change holds for the next request, and drain ends only the listener's")
def _():
    mesh(listener("l", A), listener("m", A, **{"from": ["10.8.0.0/16"]}))
    c, d = connection("app", A, source="10.8.0.1"), connection("app", A)
    equal((said(c), said(d)), ("m", "l"))
    meshctl("drain", "listener", "m", "deadline", "1ms")
    c.gone()
    equal(said(d), "l")
    c = connection("app", A, source="10.8.0.1")
    equal(said(c), "m")
    meshctl("set", "listener", "m", "from", "10.9.0.0/16")
    equal((said(c), said(d)), ("l", "l"))
    meshctl("set", "listener", "l", "from", "10.10.0.0/16")
    c.send(request("/", host="a"))
    equal(c.response()[0].status, 404)


@test("from: tcp connections go to the cluster of whose they are")
def _():
    apply({"clusters": [{"name": str(port), "endpoints": [{"address": NODE[4], "port": port}]}
                        for port in (80, 90)],
           "listeners": [{"name": str(port), "address": A, "port": 8000, "protocol": "tcp",
                          "cluster": str(port), "packets": True, **more}
                         for port, more in ((80, {}), (90, {"from": ["10.8.0.0/16",
                                                                     "10.9.0.0/16"]}))]})
    for pod, source, port in (("app", None, 80), ("app", "10.8.0.1", 90), ("free", None, 80),
                              ("free", "10.9.0.1", 90)):
        c = connection(pod, A, 8000, source)
        server = Stream(servers[port].accept()[0])
        server.send(b"x")
        equal(c.exactly(1), b"x")
        server.sock.close()
        c.close()


def matches(networks_of, source):
    """The name of the smallest network that an address is in, or None."""
    found = [(n.prefixlen, name) for n, name in networks_of if source in n]
    return max(found)[1] if found else None


@test("from: many networks, within each other and side by side, lead where they should")
def _():
    chosen = random.Random(23)
    for a, base, bits in (A, "10.8.0.0", (16, 32)), (A6, "fd00:8::", (32, 128)):
        wide = 8 * len(ipaddress.ip_address(base).packed)
        start, nets = int(ipaddress.ip_address(base)), {}
        points = [start + chosen.getrandbits(16) for _ in range(12)]
        for _ in range(250):
            length = chosen.randint(*bits)
            point = chosen.choice(points) ^ chosen.getrandbits(chosen.choice((2, 8, 16)))
            net = ipaddress.ip_network((point >> wide - length << wide - length, length))
            nets.setdefault(net, f"l{len(nets) % 9}")
        names = {f"l{i}" for i in range(9)}
        mesh(*(listener(name, a, **{"from": [str(n) for n, of in nets.items() if of == name]})
               for name in names))
        for _ in range(60):
            point = chosen.choice(points) ^ chosen.getrandbits(chosen.choice((1, 6, 14)))
            source = ipaddress.ip_address(point)
            both((matches(nets.items(), source) or "server", "app", a, 80, str(source)))


@test("from: what collides, and what would be for nobody, is refused")
def _():
    mesh(listener("l", A, **{"from": ["10.8.0.0/16", "10.8.0.0/16"]}), listener("m", A),
         listener("n", A, packets=True, interface="mesh0"))
    new = ("add", "listener", "new", f"{A}:80", "protocol", "http", "route_table", "names")
    same = "the same address, port, interface and network of clients"
    refused(same, *new, "from", "10.9.0.0/16", "from", "10.8.0.0/16")
    refused("the same address and port", *new)
    refused(same, *new, "packets", "true", "interface", "mesh0")
    refused("no network is IPv4", *new, "from", "fd00::/8")
    refused("from", "set", "listener", "m", "from", "fd00::/8")
    refused("is not a network", *new, "from", "10.8.0.1/16")
    meshctl(*new, "from", "10.8.0.0/17")
    meshctl("set", "listener", "new", "from", "0.0.0.0/0")
    meshctl("set", "listener", "new", "from", "10.8.0.0/16", "packets", "true",
            "interface", "mesh0")
    refused("the same address and port", "set", "listener", "l", "from", "none")


@test("explain: a listener that is for other clients says so")
def _():
    mesh(listener("l", A, 8000, port_end=8010, **{"from": ["10.8.0.0/16"]}))
    meshctl("explain", "l", "GET", "http://a/", "source", "10.8.0.1")
    meshctl("explain", "l", "GET", "http://a/")
    refused("for other clients", "explain", "l", "GET", "http://a/", "source", "10.9.0.1")


# ---- interfaces ----

@test("interface: packets that arrive by it are taken, no others, and no connect()")
def _():
    for rest in False, True:
        mesh(*(listener(f"{name}-{a}", a, packets=True, **more) for a in (A, A6)
               for name, more in (("bridge", {"interface": "mesh0"}),
                                  ("near", {"interface": "mesh0",
                                            "from": ["10.9.1.0/24", "fd00:9:1::/48"]}),
                                  *([("rest", {})] if rest else []))))
        for a, near in (A, "10.9.1.1"), (A6, "fd00:9:1::1"):
            grown = Counters()
            both((f"bridge-{a}", "free", a), (f"near-{a}", "free", a, 80, near),
                 (f"rest-{a}" if rest else "server", "far", a))
            equal(grown("intercepted_http"), 0)
            # A connect() is none of the bridge's: but if it is nobody's, it gets there.
            both((f"rest-{a}" if rest else f"bridge-{a}", "app", a))
            equal(grown("intercepted_http"), int(rest))


@test("interface: is known by the name that it has")
def _():
    mesh(listener("l", A, packets=True, interface="wan0"))
    both(("l", "far", A), ("server", "free", A))
    meshctl("set", "listener", "l", "interface", "lan9")
    both(("server", "far", A))
    subprocess.run(["ip", "link", "set", "wan0", "down"], check=True)
    subprocess.run(["ip", "link", "set", "wan0", "name", "lan9"], check=True)
    try:
        far_is_reached("lan9")
        both(("l", "far", A))
        meshctl("set", "listener", "l", "interface", "")
        both(("l", "far", A), ("l", "free", A))
    finally:
        subprocess.run(["ip", "link", "set", "lan9", "down"], check=True)
        subprocess.run(["ip", "link", "set", "lan9", "name", "wan0"], check=True)
        far_is_reached("wan0")


@test("interface: an address of a client that comes by another one is not taken there")
def _():
    mesh(listener("l", A, packets=True, interface="wan0"),
         listener("m", A, packets=True, **{"from": ["10.9.0.0/16"]}))
    both(("l", "far", A, 80, "10.7.0.1"), ("m", "free", A, 80, "10.9.0.1"),
         ("server", "free", A))
    c = connection("far", A)
    equal([said(c), said(c)], ["l", "l"])
    meshctl("set", "listener", "l", "interface", "mesh0")
    c.send(request("/", host="a"))
    equal(c.response()[0].status, 404)


@test("interface: without packets, and as no interface is called, it is refused")
def _():
    mesh(listener("l", A, packets=True, interface="mesh0"))
    refused("only with packets", "add", "listener", "m", f"{B}:80", "protocol", "http",
            "route_table", "names", "interface", "mesh0")
    refused("INTERFACE needs PACKETS", "set", "listener", "l", "packets", "false")
    for name in "a/b", "a b", "..", "a" * 16:
        refused("interface", "set", "listener", "l", "interface", name)
    meshctl("set", "listener", "l", "interface", "", "packets", "false")


# ---- the network ----

def far_is_reached(dev):
    """What wan0 loses when it goes down."""
    commands = [["ip", "link", "set", dev, "up"],
                ["ip", "addr", "replace", "fd00:4::1/126", "dev", dev, "nodad"]]
    for net, way in zip(("10.3.0.0/24", "fd00:3::/64"), WAYS["far"]):
        commands.append(["ip", "route", "replace", net, "via", way])
    for net, way in zip(CLIENTS["far"], WAYS["far"]):
        commands.append(["ip", "route", "replace", net, "via", way])
    for command in commands:
        subprocess.run(command, check=True)


def set_up(net):
    net("net_far", "delay 1ms", "far=30")
    run_in("router", "ip", "route", "add", "10.96.0.0/16", "via", "10.4.0.1")
    run_in("router", "ip", "route", "add", "fd00:96::/64", "via", "fd00:4::1")
    for far, way in zip(CLIENTS["far"], ("10.4.0.6", "fd00:4::6")):
        run_in("router", "ip", "route", "add", far, "via", way)
    for far, way in zip(CLIENTS["far"], ("10.3.0.30", "fd00:3::30")):
        run_in("node2", "ip", "route", "add", far, "via", way)
    for address in f"{A}/32", f"{B}/32", f"{A6}/128", f"{B6}/128":
        subprocess.run(["ip", "addr", "add", address, "dev", "lo",
                        *(["nodad"] if ":" in address else [])], check=True)
    for pod, ways in WAYS.items():
        for client, way in zip(CLIENTS[pod], ways):
            run_in(pod, "ip", "route", "add", "local", client, "dev", "lo")
            subprocess.run(["ip", "route", "replace", client, "via", way], check=True)
    for port in PORTS:
        servers[port] = socket.create_server(("::", port), family=socket.AF_INET6,
                                             dualstack_ipv6=True)


def main():
    net = Net(app=10, free=11)
    try:
        set_up(net)
        meshctl("attach", "app")
        return run_tests(lambda: (close_connections(), drained()))
    finally:
        meshctl("flush")
        for server in servers.values():
            server.close()
        for address in f"{A}/32", f"{B}/32", f"{A6}/128", f"{B6}/128":
            subprocess.run(["ip", "addr", "del", address, "dev", "lo"], check=False)
        net.down()


sys.exit(main())
