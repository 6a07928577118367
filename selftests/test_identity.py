#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# takes: 60
"""Whose connections they are: what the mesh connects for a client is the client's,
for firewalls, cgroups and routes, and nobody else ever uses it. And where from: the
mesh takes no ports from its clients, and without one nothing passes.

   clients of several users and cgroups in pod "app" -- virtual IPs -- raw servers
   in pod "web"
"""

import contextlib
import errno
import json
import os
import re
import resource
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from bpf import EXIT, Attached, instruction
from endpoints import OK, VIP, VIP6, WEB
from l7 import (Backend, Client, Counters, Net, Stream, apply, drained, equal, in_pod,
                meshctl, note, request, run_in, run_tests, test, true, until)
from nltest import begin_child, went_well
from slabs import redirects

WEB6 = "fd00:2::20"
CGROUP = "/sys/fs/cgroup/l7mesh-identity"
USER, GROUP, OTHER, MARK, PRIORITY, AF11 = 1000, 2000, 1001, 7, 5, 0x28
net = web = None


def mesh(cluster=None, **route):
    apply({
        "clusters": [
            {"name": "4", "connect_timeout": "500ms", **(cluster or {}),
             "endpoints": [{"address": WEB, "port": 9000}]},
            {"name": "6", "connect_timeout": "500ms", **(cluster or {}),
             "endpoints": [{"address": WEB6, "port": 9000}]}],
        "route_tables": [{"name": name, "virtual_hosts": [
            {"name": "any", "domains": ["*"],
             "routes": [{"action": {"cluster": name}, **route}]}]}
            for name in "46"],
        "listeners": [
            {"name": name, "address": vip, "port": 80, "protocol": "http",
             "route_table": name} for name, vip in (("4", VIP), ("6", VIP6))]})


@contextlib.contextmanager
def in_cgroup():
    """A socket stays where it was made."""
    def enter(cgroup):
        with open(f"{cgroup}/cgroup.procs", "w", encoding="ascii") as procs:
            procs.write(str(os.getpid()))
    enter(CGROUP)
    try:
        yield
    finally:
        enter("/sys/fs/cgroup")


@contextlib.contextmanager
def as_user(uid, gid):
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def owned(uid=0, gid=0, cgroup=False, options=()):
    """Makes sockets that belong to somebody; with options of SOL_SOCKET."""
    def make(*args):
        with in_cgroup() if cgroup else contextlib.nullcontext():
            with as_user(uid, gid):
                sock = socket.socket(*args)
        for option in options:
            sock.setsockopt(*option)
        return sock
    return make


def client(address=VIP, **owner):
    return Client("app", address, make=owned(**owner))


def served(c):
    """A request, and its answer by the server: the server's connection."""
    c.send(request("/", host="a"))
    conn, _ = web.request()
    conn.send(OK)
    equal(c.response()[0].status, 200)
    return conn


def refused(c, reason):
    """A request that is answered by the mesh, for a reason, and reaches nobody."""
    counters = Counters()
    c.send(request("/", host="a"))
    equal(c.response()[0].status, 503)
    equal(counters.all("reply_"), {reason: 1})
    equal(web.poll(0.3), None)


def in_app(*command):
    """As run_in(), but with the cgroups where they are."""
    with in_pod("app"):
        return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


@contextlib.contextmanager
def nft(*rules):
    """Rules for what the pod sends to the endpoints, and counters a, b, c ..."""
    counters = "".join(f"counter {name} {{ }}\n" for name in "abcdefgh")
    rules = "\n".join(f"tcp dport 9000 {rule}" for rule in rules)
    in_app("nft", f"""table inet identity {{
        {counters}
        chain output {{
            type filter hook output priority 0
            {rules}
        }}
    }}""")
    try:
        yield
    finally:
        in_app("nft", "delete table inet identity")


def counted():
    """What the counters that were used have counted."""
    found = json.loads(in_app("nft", "-j", "list counters"))["nftables"]
    return {c["counter"]["name"]: c["counter"]["packets"]
            for c in found if c.get("counter", {}).get("packets")}


# A single failure ends the use of an endpoint, for everybody.
STRICT = {"outlier_detection": {"consecutive_5xx": 1,
                                "max_ejection_percent": 100}}


@test("a firewall's rules for a user hold for what goes through the mesh, and are not "
      "the endpoint's failure")
def _():
    mesh(cluster=STRICT)
    for address in VIP, VIP6:
        with nft(f"meta skuid {USER} reject with tcp reset"):
            served(client(address))
            refused(client(address, uid=USER), "reply_503_connect_failure")
            served(client(address, uid=OTHER))
        with nft(f"meta skgid {GROUP} reject with tcp reset"):
            served(client(address, uid=USER))
            refused(client(address, gid=GROUP), "reply_503_connect_failure")


@test("packets of a connection have their client's uid, gid, mark, priority, DSCP "
      "and cgroup, from the first to the last")
def _():
    mesh()
    mine = (f"meta skuid {USER}", f"meta skgid {GROUP}", f"meta mark {MARK}",
            f"meta priority 0:{PRIORITY}")
    for address, ip, level, option in (
            (VIP, "ip", socket.IPPROTO_IP, socket.IP_TOS),
            (VIP6, "ip6", socket.IPPROTO_IPV6, socket.IPV6_TCLASS)):
        traits = mine + (f"{ip} dscp af11",
                         'socket cgroupv2 level 1 "l7mesh-identity"')
        for flag in "syn", "fin":
            flags = f"tcp flags & {flag} == {flag}"
            with nft(f"{flags} counter name a",
                     *[f"{flags} {trait} counter name {name}"
                       for trait, name in zip(traits, "bcdefgh")]):
                served(client(address, uid=USER, gid=GROUP, cgroup=True,
                              options=((level, option, AF11),
                                       (socket.SOL_SOCKET, socket.SO_MARK, MARK),
                                       (socket.SOL_SOCKET, socket.SO_PRIORITY,
                                        PRIORITY))))
                drained()
                counts = counted()
                equal(set(counts), set("abcdefg"))
                equal(set(counts.values()), {counts["a"]})


@test("a mark chooses the route of what goes through the mesh")
def _():
    mesh()
    rule = ("rule", "add", "fwmark", str(MARK), "to", WEB, "prohibit")
    run_in("app", "ip", *rule)
    try:
        c = client(options=((socket.SOL_SOCKET, socket.SO_MARK, MARK),))
        refused(c, "reply_503_connect_not_permitted")
        served(client())
    finally:
        run_in("app", "ip", "rule", "del", *rule[2:])


CGROUP_SKB, CGROUP_SOCK_ADDR = 8, 18
EGRESS, CONNECT4, CONNECT6 = 1, 10, 11
PEERNAME4, PEERNAME6, SOCKNAME4, SOCKNAME6 = 29, 30, 31, 32
LOAD_BYTES = 26

# To 127.0.0.0/8 and ::1
LOOPBACK_ONLY = (
    instruction(0xb7, 2, 0),                         # r2 = 0
    instruction(0xbf, 0xa3), instruction(0x07, 3, -40),  # r3 = fp - 40
    instruction(0xb7, 4, 40),                        # r4 = 40
    instruction(0x85, 0, LOAD_BYTES),
    instruction(0x71, 0xa1, 0, -40),                 # r1 = version
    instruction(0x77, 1, 4),
    instruction(0x55, 1, 6, 3),                      # not 6: over there
    instruction(0x71, 0xa0, 0, -16),                 # r0 = first of destination
    instruction(0x15, 0, 0, 5), instruction(0x05, 0, 0, 2),
    instruction(0x71, 0xa0, 0, -24),
    instruction(0x15, 0, 127, 2),
    instruction(0xb7, 0, 0), instruction(EXIT),
    instruction(0xb7, 0, 1), instruction(EXIT))


def to_port(port):
    """Everything but connect() to a port."""
    return (instruction(0x61, 0x12, 0, 24),          # r2 = ctx->user_port
            instruction(0xb7, 0, 1),
            instruction(0x55, 2, socket.htons(port), 1),
            instruction(0xb7, 0, 0), instruction(EXIT))


@test("a cgroup that may send to loopback alone reaches nobody through the mesh")
def _():
    mesh(cluster=STRICT)
    with Attached(CGROUP, EGRESS, CGROUP_SKB, *LOOPBACK_ONLY):
        for address in VIP, VIP6:
            served(client(address))
            refused(client(address, cgroup=True), "reply_503_connect_timeout")
            served(client(address))


@test("a cgroup's program for connect() decides on what the mesh connects, and "
      "its refusal is not the endpoint's failure")
def _():
    mesh(cluster=STRICT)
    for address, attach in (VIP, CONNECT4), (VIP6, CONNECT6):
        with Attached(CGROUP, attach, CGROUP_SOCK_ADDR, *to_port(9000)):
            for _ in range(3):
                refused(client(address, cgroup=True),
                        "reply_503_connect_not_permitted")
            served(client(address))


# Turns a port's last bit around: twice would be as if never.
OTHER_PORT = (
    instruction(0x61, 0x12, 0, 24),                  # r2 = ctx->user_port
    instruction(0xa7, 2, socket.htons(1)),
    instruction(0x63, 0x21, 0, 24),
    instruction(0xb7, 0, 1), instruction(EXIT))


@test("a cgroup's programs for names are told, once, what the mesh answers")
def _():
    mesh()
    for address, *attach in (VIP, PEERNAME4, SOCKNAME4), (VIP6, PEERNAME6, SOCKNAME6):
        sock = client(address, cgroup=True).sock
        local = sock.getsockname()
        peername, sockname = (Attached(CGROUP, name, CGROUP_SOCK_ADDR, *OTHER_PORT)
                              for name in attach)
        with peername, sockname:
            equal(sock.getpeername()[:2], (address, 80 ^ 1))
            equal(sock.getsockname(), (local[0], local[1] ^ 1, *local[2:]))
        equal(sock.getpeername()[:2], (address, 80))


@test("connections wait in pools for their own client alone")
def _():
    mesh()
    owners = ({}, {"uid": USER}, {"gid": GROUP}, {"cgroup": True},
              {"options": ((socket.SOL_SOCKET, socket.SO_MARK, MARK),)},
              {"options": ((socket.SOL_SOCKET, socket.SO_PRIORITY, PRIORITY),)},
              {"options": ((socket.IPPROTO_IP, socket.IP_TOS, AF11),)})
    counters = Counters()
    first = [served(client(**owner)) for owner in owners]
    equal(len({conn.sock for conn in first}), len(owners))
    equal(counters("upstream_legs_opened", "upstream_legs_reused"),
          [len(owners), 0])
    for owner, conn in reversed(list(zip(owners, first))):
        equal(served(client(**owner)), conn)
    equal(counters("upstream_legs_opened", "upstream_legs_reused"),
          [len(owners), len(owners)])


@test("what a socket is told after connect() changes nothing")
def _():
    mesh()
    c = client()
    first = served(c)
    c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)
    equal(served(c), first)
    equal(served(client()), first)


@test("a mirror's copy is its client's")
def _():
    copies = Backend("web", 9001)
    apply({
        "clusters": [
            {"name": "web", "endpoints": [{"address": WEB, "port": 9000}]},
            {"name": "copies", "endpoints": [{"address": WEB, "port": 9001}]}],
        "route_tables": [{"name": "main", "virtual_hosts": [
            {"name": "any", "domains": ["*"], "routes": [
                {"action": {"cluster": "web"},
                 "mirrors": [{"cluster": "copies"}]}]}]}],
        "listeners": [{"name": "4", "address": VIP, "port": 80,
                       "protocol": "http", "route_table": "main"}]})
    counters = Counters()
    with nft():
        in_app("nft", "add rule inet identity output "
               f"tcp dport 9001 meta skuid {USER} reject with tcp reset")
        served(client(uid=USER))
        counters.reach("mirrored_requests_failed", 1)
        copies.quiet()
        served(client())
        copies.request()


TRACING = "/sys/kernel/tracing"
PROBES = """p:l7label/clone security_sk_clone from=%di to=%si
p:l7label/connect tcp_connect sk=%di
"""


def trace(name, value):
    with open(f"{TRACING}/{name}", "w", encoding="ascii") as f:
        f.write(value)


@contextlib.contextmanager
def labelling():
    """A function that tells which socket was made another's like, and which connected;
    or None, where there are no labels."""
    if not os.path.exists(f"{TRACING}/kprobe_events"):
        subprocess.run(["mount", "-t", "tracefs", "none", TRACING], check=False)
    try:
        trace("kprobe_events", PROBES)
    except OSError:
        yield None
        return

    def seen():
        with open(f"{TRACING}/trace", encoding="ascii") as f:
            lines = f.read()
        return (re.findall(r"clone: .* from=(\w+) to=(\w+)", lines),
                re.findall(r"connect: .* sk=(\w+)", lines))

    trace("trace", "")
    trace("events/l7label/enable", "1")
    try:
        yield seen
    finally:
        trace("events/l7label/enable", "0")
        trace("kprobe_events", "")


@test("what is connected for a client is given the client's security label")
def _():
    mesh()
    for address, uid in (VIP, 7001), (VIP6, 7002):
        drained()
        with labelling() as seen:
            if not seen:
                note("no security modules in this kernel")
                return
            # Nobody was this user before, whose identity would be taken again.
            served(client(address, uid=uid))
            clones, connects = seen()
        # The client's socket is the first; the identity's keeps its label.
        kept = [to for one, to in clones if one == connects[0]]
        given = [to for one, to in clones if one in kept]
        true(set(given) & set(connects[1:]), (clones, connects))


# ---- addresses and ports ----

VIPS = {VIP: "one", "10.96.0.2": "two", VIP6: "three", "fd00:96::2": "four"}
PROXIED, PROXIED6 = "10.96.0.3", "fd00:96::3"
EACH = 80


def answers():
    """Each virtual IP answers its name."""
    apply({
        "route_tables": [{"name": name, "virtual_hosts": [
            {"name": "any", "domains": ["*"],
             "routes": [{"action": {"direct_response": {
                 "status": 200, "body": name}}}]}]} for name in VIPS.values()],
        "listeners": [
            {"name": name, "address": vip, "port": 80, "protocol": "http",
             "route_table": name} for vip, name in VIPS.items()] + [
            {"name": f"proxied{name}", "address": vip, "port": 80,
             "protocol": "tcp", "proxy": {"address": address, "port": 15001}}
            for name, vip, address in ((4, PROXIED, "127.0.0.1"),
                                       (6, PROXIED6, "::1"))]})


def answered(c, vip):
    """By the one that was asked."""
    equal(c.sock.getpeername()[:2], (vip, 80))
    c.send(request("/", host="a"))
    equal(c.response()[1], VIPS[vip].encode())


def sysctl(pod, name, value):
    with in_pod(pod), open(f"/proc/sys/net/{name}", "w", encoding="ascii") as f:
        f.write(value)


@contextlib.contextmanager
def ports(pod, first, last):
    sysctl(pod, "ipv4/ip_local_port_range", f"{first} {last}")
    try:
        yield
    finally:
        sysctl(pod, "ipv4/ip_local_port_range", "32768 60999")


def from_port(port):
    def make(*args):
        sock = socket.socket(*args)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("", port))
        return sock
    return make


@test("one source port reaches each virtual IP")
def _():
    answers()
    clients = [(Client("app", vip, make=from_port(45678)), vip) for vip in VIPS]
    for c, vip in clients:
        equal(c.sock.getsockname()[1], 45678)
        answered(c, vip)


@test("a namespace has as many connections as without a mesh")
def _():
    answers()
    for vip in VIPS:
        answered(Client("app", vip), vip)   # from here on there is a port of ours
    drained()
    with ports("app", 40000, 40099):
        clients = [(Client("app", vip), vip) for vip in VIPS for _ in range(EACH)]
        for c, vip in clients[::EACH // 2]:
            answered(c, vip)


@test("who binds to loopback reaches no virtual IP, and is nobody else")
def _():
    answers()
    for vip in VIPS:
        v4 = "." in vip
        for address in ("127.0.0.1", "127.9.8.7") if v4 else ("::1",):
            with in_pod("app"):
                sock = socket.socket(socket.AF_INET if v4 else socket.AF_INET6)
            with sock:
                sock.bind((address, 0))
                equal((vip, address, sock.connect_ex((vip, 80))),
                      (vip, address, errno.EINVAL))


def not_available(pod, vip, **how):
    counters = Counters()
    try:
        Client(pod, vip, **how)
    except OSError as e:
        equal(e.errno, errno.EADDRNOTAVAIL)
    else:
        raise AssertionError("it was connected")
    equal(counters("refused_no_loopback", "bypassed_no_loopback"), [1, 0])


@test("without a port for the mesh there are no connections")
def _():
    answers()
    net("net_pod", "full=30")
    meshctl("attach", "full")
    try:
        with in_pod("full"):
            server = socket.create_server(("::", 40000), family=socket.AF_INET6,
                                          dualstack_ipv6=True)
        with server, ports("full", 40000, 40000):
            for vip in VIP, VIP6:
                not_available("full", vip, make=from_port(45678))
        for vip in VIP, VIP6:
            answered(Client("full", vip), vip)
        drained()
    finally:
        net("net_remove", "full")


FEW = 20


def fill_pool(address):
    """As many idle connections to the endpoint as there are ports."""
    clients = [Client("few", address) for _ in range(FEW)]
    for c in clients:
        c.send(request("/", host="a"))
    conns = [web.request()[0] for _ in clients]
    for conn in conns:
        conn.send(OK)
    for c in clients:
        equal(c.response()[0].status, 200)
        c.reset()   # who closes keeps its port for a while
    return conns


@test("idle connections of the mesh's give up their ports to another client")
def _():
    mesh(cluster={"max_idle": 2 * FEW})
    net("net_pod", "few=33")
    meshctl("attach", "few")
    try:
        for vip in VIP, VIP6:
            served(Client("few", vip))   # from here on there is a port of ours
        drained()
        with ports("few", 40000, 40000 + FEW - 1):
            for vip in VIP, VIP6:
                conns = fill_pool(vip)
                other = Client("few", vip, make=owned(uid=USER))
                served(other)
                # All that were idle, as the others would be in the way next time.
                for conn in conns:
                    if conn.sock.fileno() >= 0:   # nobody has seen its end
                        conn.gone()
                other.reset()
                web.close_all()
    finally:
        net("net_remove", "few")


@test("who destroys the mesh's own sockets has them opened anew")
def _():
    answers()
    for vip in VIP, VIP6:
        answered(Client("app", vip), vip)
        run_in("app", "ss", "-K", "-tln")
        answered(Client("app", vip), vip)


@test("a loopback that is up, but has not its address, lets nothing pass")
def _():
    answers()
    for vip, proxied, address, again in (
            (VIP, PROXIED, "127.0.0.1/8", "127.0.0.1/32"),
            (VIP6, PROXIED6, "::1/128", "::1/128")):
        answered(Client("app", vip), vip)
        run_in("app", "ip", "addr", "del", address, "dev", "lo")
        try:
            not_available("app", vip)
            not_available("app", proxied)
            run_in("app", "ip", "addr", "add", again, "dev", "lo")
            answered(Client("app", vip), vip)
        finally:
            run_in("app", "ip", "addr", "replace", address, "dev", "lo")


STRANGERS = 300


def strangers(address, port):
    """Connect to the mesh's own port, and wait for nothing."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with in_pod("app"):
        socks = [socket.socket(family) for _ in range(STRANGERS)]
    for sock in socks:
        sock.setblocking(False)
        sock.connect_ex((address, port))
    return socks


def acceptors():
    """Where the mesh listens in the pod: address and port."""
    found = [line.split()[3].rsplit(":", 1)
             for line in run_in("app", "ss", "-Hltn").splitlines()]
    return [(address.replace("0.0.0.0%lo", "127.0.0.1").strip("[]"), int(port))
            for address, port in found]


@test("who comes to the mesh's own port is reset, and keeps nobody out")
def _():
    answers()
    for vip in VIPS:
        answered(Client("app", vip), vip)
    places = acceptors()
    equal({address for address, _ in places}, {"127.0.0.1", "::1"})
    counters = Counters()
    for address, port in places:
        socks = strangers(address, port)
        for vip in VIPS:
            answered(Client("app", vip), vip)
        for sock in socks:
            sock.close()
    counters.reach("downstream_strangers_reset", STRANGERS * len(places))
    for _, port in places:
        for address in "10.2.0.10", "fd00:2::10":
            with in_pod("web"), socket.socket(
                    socket.AF_INET6 if ":" in address else socket.AF_INET) as sock:
                equal(sock.connect_ex((address, port)), errno.ECONNREFUSED)


# ---- who has the client's port or address afterwards ----

PORT = 5555
DELAY = 0.1


def taking(address, uid):
    """Makes sockets of a user's that have the same port."""
    def make(*args):
        sock = owned(uid=uid)(*args)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, PORT))
        return sock
    return make


def hide(c):
    """What comes over loopback does not find this socket any more."""
    c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")


def place_of(c):
    """Where the mesh has taken a client to: address and port."""
    port = c.sock.getsockname()[1]
    peer = run_in("app", "ss", "-Htn", "sport", "=", f":{port}").split()[4]
    address, port = peer.rsplit(":", 1)
    return address.strip("[]"), int(port)


def is_not_answered(address, make, _):
    """The client gives up before it hears of the other end."""
    with in_pod("app"):
        sock = make(socket.AF_INET6 if ":" in address else socket.AF_INET,
                    socket.SOCK_STREAM)
    sock.settimeout(DELAY)
    try:
        sock.connect((address, 80))
    except TimeoutError:
        sock.close()
    else:
        raise AssertionError("it was connected")


def is_not_heard(address, make, port):
    """The other end never hears that the client is connected."""
    in_app("nft", f"""table inet deaf {{
        chain input {{
            type filter hook input priority 0
            tcp dport {port} tcp flags & (syn | ack | rst) == ack drop
        }}
    }}""")
    try:
        Client("app", address, make=make).reset()
        time.sleep(3 * DELAY)
    finally:
        in_app("nft", "delete table inet deaf")


@contextlib.contextmanager
def slow_loopback():
    run_in("app", "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay",
           f"{DELAY}s")
    try:
        yield
    finally:
        run_in("app", "tc", "qdisc", "del", "dev", "lo", "root")


@test("a request is its own client's, whoever has had its port before")
def _():
    mesh()
    for address, own in (VIP, "127.0.0.1"), (VIP6, "::1"):
        c = client(address)
        served(c)
        place = place_of(c)
        with slow_loopback():
            for gives_up in is_not_answered, is_not_heard:
                gives_up(address, taking("", USER), place[1])
                time.sleep(4 * DELAY)
                counters = Counters()
                thief = Client("app", *place, make=taking(own, OTHER))
                thief.send(request("/stolen", host="a"))
                hide(thief)
                counters.reach("downstream_strangers_reset", 1)
                equal(web.poll(0.3), None)
                thief.reset()
            c = client(address, uid=USER)
            c.send(request("/hidden", host="a"))
            hide(c)
            conn, head = web.request()
            equal(head.start, "GET /hidden HTTP/1.1")
            conn.send(OK)
            c.reset()


# ---- many who are gone before anybody accepts ----

SCALE = int(os.environ.get("L7MESH_SCALE", "1"))
MANY = 300 // SCALE
SLACK = 300		# of what is counted, in whole slabs


def bound(address, port, uid):
    with in_pod("app"), as_user(uid, 0):
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("", port))
    return Stream(sock)


def come_and_go(cpu, address):
    """Clients of one user that reset at once, every other one before another user's
    with the same port. Nobody accepts meanwhile: this does not let the CPU go."""
    os.sched_setaffinity(0, {cpu})
    first = 10000 + 1000 * cpu
    gone = [bound(address, port, USER) for port in range(first, first + 2 * MANY)]
    stay = [bound(address, first + 2 * i, OTHER) for i in range(MANY)]
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    for i, c in enumerate(gone):
        c.sock.connect((address, 80))
        c.reset()
        if i % 2 == 0:
            stay[i // 2].sock.connect((address, 80))
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    for c in stay:
        c.send(request("/", host="a"))
        equal(c.head().status, 200)
        c.close()


def serve_while(pids):
    """Answers what comes while these children are there."""
    left = set(pids)
    while left:
        conn = web.poll(0.05)
        if conn:
            conn.head()
            conn.send(OK)
        left -= {pid for pid in left
                 if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)}


@test("many who are gone before they are accepted, beside who has their ports then", 300)
def _():
    mesh({"max_idle": 8})
    for address in VIP, VIP6:
        served(client(address))
        begin, grown = redirects(), Counters()
        cpus = sorted(os.sched_getaffinity(0))[:2]
        with nft(f"meta skuid {USER} counter name a",
                 f"meta skuid {OTHER} counter name b"):
            pids = [begin_child(come_and_go, cpu, address) for cpu in cpus]
            serve_while(pids)
            true(all([went_well(pid) for pid in pids]), "see above")
            # Nobody is served as somebody else.
            equal(list(counted()), ["b"])
        reset, taken = grown("downstream_strangers_reset", "downstream_connections")
        note(f"{reset} were gone whose port another had, {taken} were taken")
        equal(reset + taken, 3 * MANY * len(cpus))
        true(0 < reset <= MANY * len(cpus))
        web.close_all()
        drained()
        until(lambda before=begin: redirects() < before + SLACK, 30, "they are kept")


def at_first_send(*args):
    sock = socket.socket(*args)
    sock.setsockopt(socket.IPPROTO_TCP, 30, 1)     # TCP_FASTOPEN_CONNECT
    return sock


@test("a client is known by SYN cookies and by Fast Open, too")
def _():
    mesh()
    net("net_pod", "fresh=32")
    try:
        # For clients and servers, without a cookie, whatever the socket says.
        sysctl("fresh", "ipv4/tcp_fastopen", str(0x607))
        meshctl("attach", "fresh")
        counters = Counters()
        for cookies in "1", "2":
            sysctl("fresh", "ipv4/tcp_syncookies", cookies)
            for address in VIP, VIP6:
                for make in socket.socket, at_first_send:
                    served(Client("fresh", address, make=make))
        equal(counters("downstream_strangers_reset"), 0)
        drained()
    finally:
        net("net_remove", "fresh")


def original(sock):
    """What a proxy is told of a connection: an address, or None."""
    six = sock.family == socket.AF_INET6
    try:
        told = sock.getsockopt(socket.IPPROTO_IPV6 if six else socket.IPPROTO_IP,
                               80, 28 if six else 16)
    except OSError:
        return None
    port, = struct.unpack("!2xH", told[:4])
    return (socket.inet_ntop(sock.family, told[8:24] if six else told[4:8]), port)


def from_address(address):
    def make(*args):
        sock = socket.socket(*args)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, PORT))
        return sock
    return make


@test("a proxy in another namespace is told of its own client, not of who has that "
      "one's address elsewhere")
def _():
    apply({"listeners": [
        {"name": f"{name}{vip}", "address": f"{vips}{vip}", "port": 80,
         "protocol": "tcp", "proxy": {"address": address, "port": 15001}}
        for name, vips, address in (("4-", "10.96.0.", WEB), ("6-", "fd00:96::", WEB6))
        for vip in (3, 4)]})
    net("net_pod", "thief=31")
    meshctl("attach", "web")
    meshctl("attach", "thief")
    try:
        for mine, proxy, vips, bits, device in (
                ("10.2.0.10", WEB, "10.96.0.", 32, b""),
                ("fd00:2::10", WEB6, "fd00:96::", 128, b"eth0")):
            told_of_its_client(mine, proxy, vips, bits, device)
    finally:
        meshctl("detach", "web")
        net("net_remove", "thief")


def told_of_its_client(mine, proxy, vips, bits, device):
    """The thief has both addresses, and takes its own connections."""
    family = socket.AF_INET6 if ":" in mine else socket.AF_INET
    for address in mine, proxy:
        run_in("thief", "ip", "addr", "add", f"{address}/{bits}", "dev", "lo",
               *(["nodad"] if family == socket.AF_INET6 else []))
    servers = []
    for pod in "web", "thief":
        with in_pod(pod):
            servers.append(socket.create_server((proxy, 15001), family=family))
    servers[0].setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
    servers[0].settimeout(10)

    def comes(pod, address, port=80):
        return Client(pod, address, port, make=from_address(mine))

    wanted = (f"{vips}3", 80)
    with servers[0], servers[1]:
        c = comes("app", wanted[0])
        conn, _ = servers[0].accept()
        equal(original(conn), wanted)
        thief = comes("thief", f"{vips}4")
        equal(original(conn), wanted)
        c.send(b"hello")
        equal(conn.recv(10), b"hello")
        equal(original(conn), wanted)
        c.reset()
        conn.close()
        c = comes("app", wanted[0])
        conn, _ = servers[0].accept()
        equal(original(conn), wanted)
        c.reset()
        conn.close()
        comes("app", proxy, 15001)
        conn, _ = servers[0].accept()
        equal(original(conn), None)
        conn.close()
        thief.reset()


def main():
    global net, web  # pylint: disable=global-statement
    resource.setrlimit(resource.RLIMIT_NOFILE, (65536, 65536))
    net = Net(app=10, web=20)
    os.makedirs(CGROUP, exist_ok=True)
    try:
        web = Backend("web", 9000)
        meshctl("attach", "app")
        return run_tests(drained)
    finally:
        net.down()
        os.rmdir(CGROUP)


sys.exit(main())
