#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# takes: 100
"""Who may reach a workload: connections to it, and requests that a listener takes at its
own address.

   pods "front" and "other" (not attached), the node itself -- pod "cart" (attached),
   whose network namespace is that of the workload "cart"
"""

import contextlib
import errno
import fcntl
import json
import os
import resource
import select
import socket
import subprocess
import sys
import termios
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from endpoints import OK
from hello import hello
from l7 import (Backend, Client, Counters, Net, apply, close_connections, drained,
                equal, in_pod, meshctl, netns_cookie, note, request, run_in, run_tests,
                stats, test, true, until, write_file)
from l7nl import Genl, Refused
from missing_page import give_pages, is_stuck, missing_page
from network import attempt, forwarding, nft, no_redirects
from segment import ACK, PSH, send_segment

PORT = 9000             # where the application listens
ADDRESSES = {"node": ("10.2.0.1", "fd00:2::1"), "front": ("10.2.0.10", "fd00:2::10"),
             "other": ("10.2.0.11", "fd00:2::11"), "cart": ("10.2.0.20", "fd00:2::20")}
CART = ADDRESSES["cart"]
FRONT = "cluster.local/ns/shop/sa/front"
net = cart = other = None


def workloads(**options):
    return [
        {"name": "cart", "namespace": "shop", "service_account": "cart",
         "addresses": list(CART), "labels": "app=cart,tier=back", "netns": netns_cookie("cart"),
         "exempt_node": False, **options},
        {"name": "front", "namespace": "shop", "service_account": "front",
         "addresses": list(ADDRESSES["front"]), "labels": "app=front", "netns": 0}]


def local(pod):
    """The same workloads, another of which is on this node, too."""
    return [{**w, "netns": netns_cookie(pod)} if w["name"] == pod else w for w in workloads()]


def peer(conn):
    return conn.sock.getpeername()[0].removeprefix("::ffff:")


@contextlib.contextmanager
def attached(pod):
    meshctl("attach", pod)
    try:
        yield
    finally:
        meshctl("detach", pod)


def move_addresses(of, old, new):
    for a, bits in zip(ADDRESSES[of], (24, 64)):
        options = ["nodad"] if ":" in a else []
        run_in(old, "ip", "addr", "del", f"{a}/{bits}", "dev", "eth0")
        run_in(new, "ip", "addr", "add", f"{a}/{bits}", "dev", "eth0", *options)
    run_in("cart", "ip", "neigh", "flush", "all")


@contextlib.contextmanager
def taken(pod, by):
    """Somebody has a pod's addresses."""
    move_addresses(pod, pod, by)
    try:
        yield
    finally:
        move_addresses(pod, by, pod)
        for via in ADDRESSES["node"]:
            run_in(pod, "ip", "route", "replace", "default", "via", via)


def policy(name="p", rules=(), **more):
    return {"name": name, "rules": list(rules), **more}


def guard(*policies, **options):
    """These policies, and no listener."""
    apply({"workloads": workloads(**options), "authorization": list(policies)})


def inbound(*policies, listener=None, who=None, more=None, others=(), **options):
    """The same, and the engine takes what comes to the application's own port."""
    config = {
        "clusters": [{"name": f"own{i}", "max_idle": 0, "endpoints": [
            {"address": a, "port": PORT}]} for i, a in enumerate(CART)],
        "route_tables": [{"name": f"in{i}", "virtual_hosts": [
            {"name": "any", "domains": ["*"],
             "routes": [{"action": {"cluster": f"own{i}"}}]}]} for i in range(2)],
        "listeners": [{"name": f"in{i}", "address": a, "port": PORT, "protocol": "http",
                       "route_table": f"in{i}", "packets": True, "inbound": True,
                       "source": "keep", **(listener or {})}
                      for i, a in enumerate(CART)] + list(others)}
    apply({"workloads": who or workloads(**options), "authorization": list(policies),
           **{kind: objects + (more or {}).get(kind, [])
              for kind, objects in config.items()}})


def who_connects(pods=("front", "other", "node"), port=PORT):
    """Of these pods, and both families, who reaches the application; nobody in between."""
    reached = []
    for pod in pods:
        got = {attempt(None if pod == "node" else pod, to, port, 20) for to in CART}
        true(got in ({None}, {"ECONNREFUSED"}), (pod, got))
        if got == {None}:
            reached.append(pod)
    cart.close_all()
    return reached


FROM_FRONT = {"from": [{"principals": [FRONT]}]}


@test("connections: nobody asks without policies, and rules say who may connect")
def _():
    for policies, reach in (
            ((), ["front", "other", "node"]),
            ([policy(rules=[FROM_FRONT])], ["front"]),
            ([policy(rules=[{"from": [{"principals": ["*/sa/front"]}]}])], ["front"]),
            ([policy(rules=[{"from": [{"principals": ["*"]}]}])], ["front"]),
            ([policy(rules=[{"from": [{"not_principals": ["*"]}]}])], ["other", "node"]),
            ([policy(rules=[{"from": [{"namespaces": ["sh*"]}]}])], ["front"]),
            ([policy(rules=[{"from": [{"ip_blocks": ["10.2.0.11", "fd00:2::11/128"]}]}])],
             ["other"]),
            ([policy(rules=[{"from": [{"ip_blocks": ["10.2.0.0/24", "fd00:2::/64"],
                                       "not_ip_blocks": ["10.2.0.1/32", "fd00:2::1"]}]}])],
             ["front", "other"]),
            ([policy(rules=[{"when": [{"key": "source.namespace", "values": ["shop"]}]}])],
             ["front"]),
            ([policy(rules=[{"to": [{"ports": ["9000"]}]}])], ["front", "other", "node"]),
            ([policy(rules=[{"to": [{"ports": ["9001"]}]}])], []),
            ([policy(rules=[{"to": [{"not_ports": ["9001"]}]}])],
             ["front", "other", "node"]),
            ([policy()], []),
            ([policy(rules=[{}])], ["front", "other", "node"]),
            ([policy(rules=[{}]), policy("d", [FROM_FRONT], action="deny")],
             ["other", "node"]),
            ([policy("d", action="deny")], ["front", "other", "node"]),
            ([policy("d", [{}], action="deny", audit=True)], ["front", "other", "node"]),
            ([policy("d", [{}], action="audit")], ["front", "other", "node"]),
            ([policy(rules=[FROM_FRONT], selector="app=cart,tier=back")], ["front"]),
            ([policy(rules=[FROM_FRONT], selector="app=other")], ["front", "other", "node"]),
            ([policy(rules=[FROM_FRONT], namespace="shop")], ["front"]),
            ([policy(rules=[FROM_FRONT], namespace="else")], ["front", "other", "node"])):
        guard(*policies)
        equal((policies, who_connects()), (policies, reach))


@test("connections: conditions on HTTP never allow one, and are left out of what denies")
def _():
    get = {"to": [{"methods": ["GET"], "ports": [str(PORT)]}]}
    guard(policy(rules=[get]))
    equal(who_connects(), [])
    guard(policy(rules=[{"to": [{"methods": ["GET"]}, {"ports": [str(PORT)]}]}]))
    equal(who_connects(), [])
    guard(policy(rules=[get], action="deny"))
    equal(who_connects(), [])
    guard(policy(rules=[{**get, **FROM_FRONT}], action="deny"))
    equal(who_connects(), ["other", "node"])


@test("connections: each is counted; by no answer if the workload wants that")
def _():
    guard(policy(rules=[FROM_FRONT]), policy("a", [{}], action="audit"),
          policy("d", [FROM_FRONT], action="deny", audit=True))
    grown = Counters()
    equal(who_connects(("front", "other")), ["front"])
    equal(grown("authorization_allowed", "authorization_refused", "authorization_audited",
                "authorization_would_deny"), [2, 2, 4, 2])
    guard(policy(), refuse="drop")
    grown = Counters()
    for to in CART:
        equal(attempt("front", to, PORT, 1), "silence")
    true(grown("authorization_refused") >= 2)


@test("connections: within the workload's namespace nobody asks, nor once it is bound no more")
def _():
    guard(policy())
    for to in *CART, "127.0.0.1", "::1":
        equal(attempt("cart", to, PORT), None)
    equal(who_connects(), [])
    meshctl("del", "workload", "cart")
    equal(who_connects(), ["front", "other", "node"])
    guard(policy())
    equal(who_connects(), [])
    meshctl("detach", "cart")
    equal(who_connects(), ["front", "other", "node"])
    meshctl("attach", "cart")
    equal(who_connects(), [])
    meshctl("flush")
    equal(who_connects(), ["front", "other", "node"])


@test("connections: those that are there stay; a policy holds for the next one")
def _():
    guard()
    clients = [Client("other", to, PORT) for to in CART]
    conns = [cart.accept() for _ in clients]
    guard(policy())
    for to in CART:
        equal(attempt("other", to, PORT), "ECONNREFUSED")
    for c, conn in zip(clients, conns):
        c.send(b"still there")
        equal(conn.exactly(11), b"still there")


def tcp(family):
    return socket.socket(family, socket.SOCK_STREAM)


def mptcp(family):
    return socket.socket(family, socket.SOCK_STREAM, 262)


def mptcp_server():
    """None: the kernel knows no MPTCP, as the debug kernel."""
    try:
        server = mptcp(socket.AF_INET6)
    except OSError:
        true(not os.environ.get("EXPECT_ALL_FEATURES"), "no MPTCP")
        note("no MPTCP")
        return None
    server.bind(("::", PORT + 1))
    server.listen(64)
    return server


def on_device(family):
    s = tcp(family)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
    return s


def sends_with_syn(s, to):
    with contextlib.suppress(BlockingIOError):
        s.sendto(b"early", 0x20000000, to)      # MSG_FASTOPEN


def gets_in(pod, make, how, port=PORT):
    """Of both families; None if they differ."""
    got = set()
    for to in CART:
        family = socket.AF_INET6 if ":" in to else socket.AF_INET
        with in_pod(pod), make(family) as s:
            s.settimeout(20)
            try:
                how(s, (to, port))
                until(lambda s=s: select.select([], [s], [], 0)[1])
                got.add(not s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
            except ConnectionRefusedError:
                got.add(False)
    return got.pop() if len(got) == 1 else None


@test("connections: SYN cookies, fast open, MPTCP and bound devices change nothing")
def _():
    # Data with a SYN are taken without having been here before.
    run_in("other", "sysctl", "-qw", "net.ipv4.tcp_fastopen=5")
    ways = [(tcp, socket.socket.connect, PORT), (on_device, socket.socket.connect, PORT),
            (tcp, sends_with_syn, PORT)]
    with in_pod("cart"):
        server = mptcp_server()
    if server:
        ways += [(mptcp, socket.socket.connect, PORT), (mptcp, socket.socket.connect, PORT + 1)]
    try:
        for cookies in "2", "1":
            run_in("cart", "sysctl", "-qw", f"net.ipv4.tcp_syncookies={cookies}",
                   "net.ipv4.tcp_fastopen=1539")
            for policies, result in ([policy()], False), ((), True):
                guard(*policies)
                equal((cookies, policies, [gets_in("other", *way) for way in ways]),
                      (cookies, policies, [result] * len(ways)))
                cart.close_all()
    finally:
        if server:
            server.close()
        run_in("cart", "sysctl", "-qw", "net.ipv4.tcp_fastopen=1")


LOSES_ACKS = f"""
    table inet kube {{
        chain out {{
            type filter hook output priority 0;
            tcp dport {PORT} tcp flags & (syn | ack) == ack drop
        }}
    }}"""


@contextlib.contextmanager
def cookies(pod):
    """Each SYN is answered by a cookie, and what it brings back is all that is known."""
    path = "/proc/sys/net/ipv4/tcp_syncookies"
    with in_pod(pod):
        write_file(path, 2)
    try:
        yield
    finally:
        with in_pod(pod):
            write_file(path, 1)


@test("connections: who brings a SYN cookie is asked once more")
def _():
    with cookies("cart"):
        for to in CART:
            for then, allowed in (((), True), ([policy()], False),
                                  ([policy("d", [{}], action="deny")], False)):
                guard()
                with nft(LOSES_ACKS, "other"):
                    c = Client("other", to, PORT)
                    cart.quiet()
                    guard(*then)
                grown = Counters()
                c.send(b"hello")
                if allowed:
                    equal(cart.accept().exactly(5), b"hello")
                    cart.close_all()
                else:
                    c.was_reset()
                    cart.quiet()
                equal(grown("authorization_refused"), int(not allowed))
                c.close()
        # A local client is who it is by its socket, which has had an answer.
        guard(policy(rules=[FROM_FRONT]))
        equal(who_connects(), ["front"])


MASQUERADE = f"""
    table inet kube {{
        chain pre {{ type nat hook prerouting priority -100;
            iifname != "lo" tcp dport 7000 dnat ip to {CART[0]}:{PORT}
            iifname != "lo" tcp dport 7000 dnat ip6 to [{CART[1]}]:{PORT}
        }}
        chain post {{ type nat hook postrouting priority 100;
            ip daddr {CART[0]} ip saddr != 10.2.0.1 masquerade
            ip6 daddr {CART[1]} ip6 saddr != fd00:2::1 masquerade
        }}
    }}"""


@test("connections: the node's own pass if they may, but not what it puts its address to")
def _():
    guard(policy())
    equal(who_connects(), [])
    guard(policy(), exempt_node=True)
    grown = Counters()
    equal(who_connects(), ["node"])
    equal(grown("authorization_exempt"), 2)
    with forwarding(), nft(MASQUERADE):
        for to in ADDRESSES["node"]:
            equal(attempt("other", to, 7000), "ECONNREFUSED")
        equal(who_connects(("node",)), ["node"])
        guard()
        for to in ADDRESSES["node"]:
            equal(attempt("other", to, 7000), None)
    # A proxy on the node that speaks as its clients do is not the node.
    guard(policy(), exempt_node=True)
    for family, to, source in zip((socket.AF_INET, socket.AF_INET6), CART, ADDRESSES["other"]):
        grown = Counters()
        with tcp(family) as s:
            s.setsockopt(*((socket.IPPROTO_IPV6, 75) if ":" in to else (socket.SOL_IP, 19)), 1)
            s.bind((source, 0))
            s.setblocking(False)
            s.connect_ex((to, PORT))
            grown.reach("authorization_refused", 1)
        equal(grown("authorization_exempt"), 0)


@test("connections: what the mesh itself connects for others is not the node's")
def _():
    """A listener of the node's that takes packets, and has what is the workload's."""
    vip = "10.96.0.7"
    for policies, result in ([policy()], None), ((), b"ok"):
        apply({"workloads": workloads(exempt_node=True), "authorization": list(policies),
               "clusters": [{"name": "c", "connect_timeout": "2s", "endpoints": [
                   {"address": CART[0], "port": PORT}]}],
               "listeners": [{"name": "l", "address": vip, "port": 80, "protocol": "tcp",
                              "cluster": "c", "packets": True}]})
        if result:
            c = Client("other", vip)
            conn = cart.accept()
            c.send(b"hello")
            equal(conn.exactly(5), b"hello")
            c.close()
        else:
            # Perhaps before connect() is back.
            with contextlib.suppress(ConnectionResetError):
                Client("other", vip).was_reset()
            cart.quiet(0.1)
        cart.close_all()


@test("connections: a local workload is who its namespace is, whoever has its address")
def _():
    who = local("front")
    with attached("front"):
        apply({"workloads": who, "authorization": [policy(rules=[FROM_FRONT])]})
        grown = Counters()
        equal(who_connects(), ["front"])
        grown.reach("authorization_unproven", 0)
        answer = json.loads(meshctl("-j", "authz", "cart", "from", "front"))
        equal((answer["source"], answer["identity_kind"]), ("front", "kernel"))
        with taken("front", by="other"):
            for to, source in zip(CART, ADDRESSES["front"]):
                equal(attempt("other", to, PORT, source=source), "ECONNREFUSED")
            grown.reach("authorization_unproven", 2)
            apply({"workloads": who, "authorization": [
                policy(rules=[{"from": [{"not_principals": ["*"]}]}])]})
            for to, source in zip(CART, ADDRESSES["front"]):
                equal(attempt("other", to, PORT, 20, source=source), None)
        cart.close_all()
        apply({"workloads": who, "authorization": [policy(rules=[FROM_FRONT])]})
        equal(who_connects(), ["front"])


def bound_to_device(family, kind):
    s = socket.socket(family, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
    return s


@test("connections: who does not prove who it is, is denied what it would be")
def _():
    """By a device, or an address or a port that is not its socket's."""
    deny = policy("d", [FROM_FRONT], action="deny")
    snat = f"""
        table inet kube {{
            chain c {{ type nat hook postrouting priority 100;
                ip daddr {CART[0]} tcp dport {PORT} snat ip to {ADDRESSES["front"][0]}:20000-30000
            }}
        }}"""
    with attached("front"):
        for policies, by_device, by_port in (([deny], False, False),
                                             ([policy(rules=[FROM_FRONT])], True, False),
                                             ([policy(rules=[{}])], True, True)):
            apply({"workloads": local("front"), "authorization": policies})
            for to in CART:
                with contextlib.ExitStack() as stack:
                    if not by_device:
                        stack.enter_context(refuses())
                    Client("front", to, PORT, make=bound_to_device).close()
            with nft(snat, "front"):
                equal((policies, attempt("front", CART[0], PORT, 20)),
                      (policies, None if by_port else "ECONNREFUSED"))
            cart.close_all()


@contextlib.contextmanager
def refuses():
    try:
        yield
        raise AssertionError("it was not refused")
    except ConnectionRefusedError:
        pass


@test("connections: an address and a port of one that was prove nothing")
def _():
    """What was closed by the pod waits there (TIME_WAIT), when another has its address."""
    with attached("front"):
        apply({"workloads": local("front"), "authorization": [policy(rules=[FROM_FRONT])]})
        ports = []
        for to in CART:
            c = Client("front", to, PORT)
            conn = cart.accept()
            ports.append(c.sock.getsockname()[1])
            c.close()
            cart.forget(conn)
        until(lambda: "TIME-WAIT" in run_in("front", "ss", "-Htan"))
        with taken("front", by="other"):
            for to, source, port in zip(CART, ADDRESSES["front"], ports):
                with in_pod("other"), refuses(), socket.socket(
                        socket.AF_INET6 if ":" in to else socket.AF_INET) as s:
                    s.settimeout(20)
                    s.bind((source, port))
                    s.connect((to, PORT))


DNAT = f"""
    table inet kube {{
        chain c {{ type nat hook HOOK priority -100;
            ip daddr 10.96.0.8 tcp dport 80 dnat ip to {CART[0]}:{PORT}
            ip6 daddr fd00:96::8 tcp dport 80 dnat ip6 to [{CART[1]}]:{PORT}
        }}
    }}"""


@contextlib.contextmanager
def answers_by_the_node():
    """So that they are translated back."""
    ways = [way for pod in ("front", "other")
            for way in zip(ADDRESSES[pod], ADDRESSES["node"])]
    for to, via in ways:
        run_in("cart", "ip", "route", "add", to, "via", via)
    try:
        yield
    finally:
        for to, via in ways:
            run_in("cart", "ip", "route", "del", to, "via", via)


@test("connections: who it is from is known where NAT has chosen what it is to")
def _():
    vips = "10.96.0.8", "fd00:96::8"
    with attached("front"), forwarding(), answers_by_the_node():
        apply({"workloads": local("front"), "authorization": [policy(rules=[FROM_FRONT])]})
        for pod, hook in ((None, "prerouting"), ("front", "output")):
            with nft(DNAT.replace("HOOK", hook), pod):
                grown = Counters()
                equal([attempt("front", vip, 80, 20) for vip in vips], [None, None])
                grown.reach("authorization_unproven", 0)
        with nft(DNAT.replace("HOOK", "prerouting")):
            equal([attempt("other", vip, 80, 20) for vip in vips], ["ECONNREFUSED"] * 2)
    cart.close_all()


@test("connections: ports that are excluded nobody asks for")
def _():
    for ports, reach in ((f"22,{PORT - 1}-{PORT + 1}", ["front", "other", "node"]),
                         (f"{PORT + 1}-65535,{PORT - 1}", []), ("", [])):
        guard(policy(), exclude_ports=ports)
        equal((ports, who_connects()), (ports, reach))
    guard(policy(), exclude_ports=str(PORT))
    true(attempt("other", CART[0], PORT + 1) == "ECONNREFUSED")
    inbound(policy(), exclude_ports=str(PORT))
    equal(ask("other", "/a"), (200, "/a"))


@test("connections: a namespace with a workload takes no others' packets for a listener")
def _():
    vip = "10.96.0.7"
    run_in("other", "ip", "route", "replace", f"{vip}/32", "via", CART[0])
    try:
        apply({"workloads": workloads(),
               "clusters": [{"name": "c", "endpoints": [
                   {"address": ADDRESSES["front"][0], "port": PORT}]}],
               "listeners": [{"name": "l", "address": vip, "port": 80, "protocol": "tcp",
                              "cluster": "c", "packets": True}]})
        grown = Counters()
        true(attempt("other", vip, 80, 2) is not None)
        equal(grown("intercepted_packets"), 0)
        meshctl("del", "workload", "cart")
        grown = Counters()
        equal(attempt("other", vip, 80, 20), None)
        grown.reach("intercepted_packets", 1)
    finally:
        run_in("other", "ip", "route", "del", f"{vip}/32")


@test("connections: a server's name that nobody has heard is neither allowed nor passed by")
def _():
    named = {"when": [{"key": "connection.sni", "values": ["a.example"]}]}
    others = {"when": [{"key": "connection.sni", "not_values": ["a.example"]}]}
    for rule, action, reach in ((named, "allow", []), (others, "allow", []),
                                (named, "deny", []), (others, "deny", [])):
        guard(policy(rules=[rule], action=action))
        equal((rule, action, who_connects(("other",))), (rule, action, reach))


class Decided:
    """What policies and workloads have counted since this was made, but for zeros."""

    def __init__(self):
        self.before = self.now()

    @staticmethod
    def now():
        said = stats()
        return {(o["name"], name): n
                for kind in ("authorization", "workloads") for o in said[kind]
                for name, n in o.items() if name != "name"}

    @classmethod
    def all(cls, what):
        return {f"{name} {what}": n for (name, of), n in cls.now().items() if of == what}

    def __call__(self):
        return {f"{name} {what}": n - self.before.get((name, what), 0)
                for (name, what), n in self.now().items()
                if n != self.before.get((name, what), 0)}


ALLOW_FRONT = policy("a", [FROM_FRONT])
DENY_FRONT = policy("d", [FROM_FRONT], action="deny")
AUDIT_ALL = policy("all", [{}], action="audit")


@test("counters: each policy counts the connections that it decides, a workload the rest")
def _():
    for policies, counted in (
            ([ALLOW_FRONT, AUDIT_ALL],
             {"a allowed": 2, "all audited": 4, "cart connections_refused": 2}),
            ([DENY_FRONT], {"d denied": 2}),
            ([{**ALLOW_FRONT, "name": "b", "action": "allow"}, DENY_FRONT],
             {"d denied": 2, "cart connections_refused": 2}),
            ([{**DENY_FRONT, "audit": True}], {"d would_deny": 2}),
            ([{**ALLOW_FRONT, "audit": True}], {"a would_allow": 2, "cart would_refuse": 2}),
            ([policy("n"), {**ALLOW_FRONT, "audit": True}],
             {"a would_allow": 2, "cart connections_refused": 4}),
            ([policy("o", [{}]), {**ALLOW_FRONT, "audit": True}],
             {"o allowed": 4, "a would_allow": 2})):
        guard(*policies)
        decided = Decided()
        who_connects(("front", "other"))
        equal((policies, decided()), (policies, counted))


@test("counters: requests are counted as connections are")
def _():
    get = {"to": [{"methods": ["GET"]}]}
    for policies, counted in (
            ([policy("g", [get]), policy("all", [{}], action="audit")],
             {"g allowed": 1, "all audited": 2, "cart requests_refused": 1}),
            ([policy("d", [get], action="deny")], {"d denied": 1}),
            ([policy("d", [get], action="deny", audit=True)], {"d would_deny": 1}),
            ([policy("g", [get], audit=True)], {"g would_allow": 1, "cart would_refuse": 1})):
        inbound(*policies)
        decided = Decided()
        statuses([req(), req(method="PUT")])
        equal((policies, decided()), (policies, counted))


@test("counters: they go on over a change, but for one of the action; who is exempt is none")
def _():
    guard(ALLOW_FRONT)
    decided = Decided()
    for more in {}, {"audit": True}, {"rules": []}, {"rules": [FROM_FRONT]}:
        guard({**ALLOW_FRONT, **more}, node=f"{len(more)}", exempt_node=True)
        who_connects(("front", "node"))
    equal(decided(), {"a allowed": 4, "a would_allow": 2, "cart would_refuse": 2,
                      "cart connections_refused": 2})
    guard({**ALLOW_FRONT, "action": "deny"})
    equal({what: n for (name, what), n in Decided.now().items() if name == "a"},
          {"denied": 0, "would_deny": 0, "cut": 0})


# ---- what is there ----

NODE = ADDRESSES["node"]
FROM_NODE = {"from": [{"ip_blocks": list(NODE)}]}


def cut(*policies, change=None, server=None, **options):
    """These policies, which forbid the node nothing, once they have ended what they end:
    of two of the node's own connections one ends with a second change, which is looked at
    when all is done of the first."""
    server = server or cart
    own = [Client(None, to, server.sock.getsockname()[1]) for to in CART]
    for _ in own:
        server.accept()
    for i, c in enumerate(own):
        (change or guard)(*policies, *[
            policy(f"own{k}", [{"from": [{"ip_blocks": [NODE[k]]}]}], action="deny",
                   cut=True) for k in range(i + 1)], **options)
        c.was_reset()


def speaks(pair):
    c, conn = pair
    c.send(b"ping")
    conn.send(conn.exactly(4))
    return c.exactly(4) == b"ping"


def opened(pod):
    """A connection by either family."""
    return [(Client(pod, to, PORT), cart.accept()) for to in CART]


@test("cut: what is there and is not allowed any more, or denied, is reset; all else stays")
def _():
    for policies, ends, counted in (
            ([policy("a", [FROM_FRONT, FROM_NODE], cut=True)], "other", {"a cut": 2}),
            ([policy("a", [FROM_FRONT]), policy("b", [FROM_NODE], cut=True)], "other",
             {"b cut": 2}),
            ([{**DENY_FRONT, "cut": True}], "front", {"d cut": 2}),
            ([DENY_FRONT, policy("e", [FROM_FRONT], action="deny", cut=True)], "front",
             {"e cut": 2}),
            ([policy("a", [FROM_FRONT, FROM_NODE])], None, {}),
            ([DENY_FRONT, policy("o", [{"to": [{"ports": ["1"]}]}], action="deny", cut=True)],
             None, {}),
            ([policy("a", [FROM_NODE], cut=True, audit=True)], None, {}),
            ([{**DENY_FRONT, "cut": True, "audit": True}], None, {}),
            ([policy("n", [FROM_FRONT], action="audit", cut=True)], None, {}),
            ([policy("a", [FROM_NODE], cut=True, selector="app=else")], None, {})):
        guard()
        there = {pod: opened(pod) for pod in ("front", "other")}
        grown = Counters()
        cut(*policies)
        for pod, pairs in there.items():
            if pod == ends:
                equal([c.was_reset() for c, _ in pairs], [b"", b""])
            else:
                equal((policies, pod, [speaks(p) for p in pairs]),
                      (policies, pod, [True, True]))
        own = {"own0 cut": 1, "own1 cut": 1}
        equal((policies, {what: n for (what, n) in Decided.all("cut").items() if n}),
              (policies, {**counted, **own}))
        equal(grown("authorization_cut"), 2 + sum(counted.values()))
        cart.close_all()


@test("cut: a workload that is somebody else's by now is asked for as that")
def _():
    guard(policy("a", [FROM_FRONT, FROM_NODE], cut=True))
    there = opened("front")
    meshctl("set", "workload", "front", "service_account", "else")
    equal([c.was_reset() for c, _ in there], [b"", b""])


@test("cut: what the pod's programs have begun stays, and so does what is within it")
def _():
    guard()
    pairs = []
    for to in ADDRESSES["other"]:
        pairs.append((Client("cart", to, PORT), other.accept()))
        # And from a port of its choice.
        pairs.append((Client("cart", to, PORT, make=from_port(PORT + 3)), other.accept()))
    pairs += opened("cart")
    cut(policy("a", [FROM_NODE], cut=True))
    equal([speaks(p) for p in pairs], [True] * 6)


def from_port(port):
    def make(family, kind):
        s = socket.socket(family, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("", port))
        return s
    return make


@test("cut: what a listener has taken stays, and so does its connection to the application")
def _():
    """The application has that from the client's address, of which it is not known there."""
    inbound()
    there = []
    for to in CART:
        c = Client("front", to, PORT)
        c.send(request("/a", host="cart"))
        there.append((c, cart.request()[0]))
    cut(policy("d", [{"to": [{"ports": [str(PORT)], "paths": ["/never"]}]}],
               action="deny", cut=True),
        change=inbound, server=Backend("cart", PORT + 4))
    for c, conn in there:
        conn.send(OK)
        equal(c.response()[0].status, 200)


@test("cut: the node's own stays, where it is exempt")
def _():
    guard(exempt_node=True)
    pairs, others = opened(None), opened("other")
    grown = Counters()
    guard(policy("a", cut=True), exempt_node=True)
    equal([c.was_reset() for c, _ in others], [b"", b""])
    grown.reach("authorization_exempt", 2)
    equal([speaks(p) for p in pairs], [True, True])


@test("cut: spliced connections are reset on both ends")
def _():
    meshctl("attach", "other")
    try:
        for splice in {"policy": "attached"}, {"policy": "off"}:
            apply({"splice": splice, "workloads": workloads()})
            there = opened("other")
            equal([speaks(p) for p in there], [True, True])
            equal(len(json.loads(meshctl("-j", "show", "splices"))),
                  2 if splice["policy"] == "attached" else 0)
            apply({"splice": splice, "workloads": workloads(),
                   "authorization": [policy("a", cut=True)]})
            for c, conn in there:
                c.was_reset()
                equal(gone(conn), True)
            cart.close_all()
    finally:
        meshctl("detach", "other")


def gone(conn):
    """Who was cut off hears of it, by whatever error."""
    try:
        conn.sock.recv(1)
        return False
    except OSError as e:
        return e.errno in (errno.ECONNABORTED, errno.ECONNRESET)


def send_missing(conn):
    with contextlib.suppress(OSError):
        conn.sock.send(missing_page())


@test("cut: a program that keeps a socket locked keeps up that one alone")
def _():
    meshctl("attach", "other")
    bound = {"name": "other", "addresses": list(ADDRESSES["other"]), "exempt_node": False,
             "netns": netns_cookie("other")}
    try:
        apply({"workloads": workloads() + [bound]})
        locked, free = opened("front")
        elsewhere = Client("front", ADDRESSES["other"][0], PORT)
        other.accept()
        sender = threading.Thread(target=send_missing, args=(locked[1],))
        sender.start()
        until(lambda: is_stuck(os.getpid()))
        for i in range(2):
            apply({"workloads": workloads() + [bound],
                   "authorization": [policy(f"a{i}", cut=True)]})
        free[0].was_reset()
        elsewhere.was_reset()
        true(sender.is_alive() and locked[0].alive())
    finally:
        give_pages()
        meshctl("detach", "other")
    equal(locked[0].was_reset().strip(b"\0"), b"")
    sender.join()


@test("cut: connections by MPTCP are cut as well")
def _():
    with in_pod("cart"):
        server = mptcp_server()
    if not server:
        return
    with server:
        guard()
        clients = [Client("other", to, PORT + 1, make=lambda family, kind: mptcp(family))
                   for to in CART]
        conns = [server.accept()[0] for _ in clients]
        grown = Counters()
        guard(policy("a", cut=True))
        grown.reach("authorization_cut", 2)
        for c, conn in zip(clients, conns):
            conn.settimeout(0.3)
            with contextlib.suppress(OSError):
                c.send(b"more")
                equal(conn.recv(1), b"")
            conn.close()


@test("cut: a thousand at once, accepted or not, and changes meanwhile")
def _():
    guard()
    stays = opened("front")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    with in_pod("cart"):
        server = socket.create_server(("", PORT + 2), backlog=2000)
    with server:
        clients = [Client("other", CART[0], PORT + 2) for _ in range(1000)]
        accepted = [server.accept()[0] for _ in range(500)]
        grown = Counters()
        for i in range(5):
            guard(policy("a", [FROM_FRONT], cut=True), policy(f"n{i}", [FROM_FRONT]))
        for c in clients:
            c.was_reset()
        grown.reach("authorization_cut", 1000)
        for s in accepted:
            s.close()
    equal([speaks(p) for p in stays], [True, True])


# ---- HTTP ----

def ask(pod, path="/", *fields, method="GET", host="cart", to=CART[0], client=None):
    """The status of an answer, and what was asked for as the application sees it."""
    c = client or Client(pod, to, PORT)
    c.send(request(path, *fields, host=host, method=method))
    seen = None
    if cart_asked(c):
        conn, head = cart.request()
        seen = head.start.split()[1]
        conn.send(OK[:-2] if method == "HEAD" else OK)
    reply, body = c.response(method)
    if reply.status == 403:
        equal((seen, body), (None, b"rbac: access denied"))
    if not client:
        c.close()
    return reply.status, seen


def cart_asked(c):
    """Whether a request reaches the application, before its client has an answer."""
    asked = []

    def either():
        asked[:] = [cart.poll(), select.select([c.sock], [], [], 0)[0]]
        return any(asked)
    until(either)
    return bool(asked[0])


def statuses(requests, pod="front"):
    return [ask(pod, *args, **options)[0] for args, options in requests]


def req(*args, **options):
    return args, options


@test("requests: methods, paths, hosts and fields say which may be")
def _():
    for rule, requests, wanted in (
            ({"to": [{"methods": ["GET", "HEA*"]}]},
             [req(), req(method="HEAD"), req(method="PUT")], [200, 200, 403]),
            ({"to": [{"paths": ["/a"]}]},
             [req("/a"), req("/a?x"), req("/a/"), req("/A"), req("/")],
             [200, 200, 403, 403, 403]),
            ({"to": [{"paths": ["/a/*", "*.css"], "not_paths": ["/a/b"]}]},
             [req("/a/"), req("/a/c"), req("/a/b"), req("/x.css"), req("/x.css/y")],
             [200, 200, 403, 200, 403]),
            ({"to": [{"paths": ["/u/{*}/p", "/r/{**}", "/s/{**}/t"]}]},
             [req("/u/7/p"), req("/u/7/8/p"), req("/u//p"), req("/r/1/2"), req("/r/"),
              req("/r"), req("/s/1/2/t"), req("/s/t"), req("/s/1/t/")],
             [200, 403, 403, 200, 200, 403, 200, 403, 403]),
            ({"to": [{"hosts": ["shop.example", "*.wild.example"]}]},
             [req(host="Shop.EXAMPLE"), req(host="a.wild.example"),
              req(host="shop.example:80"), req(host="wild.example")],
             [200, 200, 403, 403]),
            ({"when": [{"key": "request.headers[X-Team]", "values": ["red", "bl*"],
                        "not_values": ["black"]}]},
             [req("/", "x-team: red"), req("/", "X-TEAM: blue"), req("/", "x-team: black"),
              req("/"), req("/", "x-team: re"), req("/", "x-team: blue", "x-team: red"),
              req("/", "x-team: red", "x-team: red")],
             [200, 200, 403, 403, 403, 200, 403]),
            ({"when": [{"key": "request.headers[x-team]", "values": ["a,b", "*,c"]}]},
             [req("/", "x-team: a", "x-team: b"), req("/", "x-team: z", "x-team: c"),
              req("/", "x-team: a"), req("/", "x-team: a", "x-team: b", "x-team: d")],
             [200, 200, 403, 403]),
            ({"when": [{"key": "request.headers[x-team]", "not_values": ["*"]}]},
             [req(), req("/", "x-team: a")], [200, 403]),
            ({"when": [{"key": "destination.port", "values": [str(PORT)]},
                       {"key": "destination.ip", "values": [CART[0]]}]},
             [req(), req(to=CART[1])], [200, 403]),
            ({**FROM_FRONT, "to": [{"ports": [str(PORT)]}]}, [req()], [200])):
        inbound(policy(rules=[rule]))
        equal((rule, statuses(requests)), (rule, wanted))


@test("requests: deny comes first; what nobody may is counted, and ends no connection")
def _():
    inbound(policy(rules=[{}]),
            policy("d", [{"to": [{"paths": ["/admin*"]}]}], action="deny"),
            policy("dry", [{"to": [{"paths": ["/b"]}]}], action="deny", audit=True))
    grown = Counters()
    c = Client("front", CART[0], PORT)
    equal([ask("front", path, client=c)[0] for path in ("/a", "/admin/x", "/b", "/a")],
          [200, 403, 200, 200])
    equal(grown("reply_403_authorization", "authorization_allowed",
                "authorization_would_deny", "downstream_connections"), [1, 3, 1, 1])
    meshctl("add", "authorization", "all", "action", "deny", "rule", "{}")
    equal(ask("front", "/a", client=c)[0], 403)
    meshctl("del", "authorization", "all")
    equal(ask("front", "/a", client=c)[0], 200)


@test("requests: who asks is who has the address, whoever it says that it is")
def _():
    inbound(policy(rules=[FROM_FRONT]))
    equal([ask(pod, to=to)[0] for pod in ("front", "other") for to in CART],
          [200, 200, 403, 403])
    remote = {"remote_ip_blocks": ["192.0.2.7"]}
    inbound(policy(rules=[{"from": [remote]}]), listener={"trusted_hops": 1})
    equal([ask("front", "/", "x-forwarded-for: 192.0.2.7")[0],
           ask("front", "/", "x-forwarded-for: 192.0.2.8")[0], ask("front")[0]],
          [200, 403, 403])


@test("requests: no spelling of a path gets around a policy, and what goes on is what was "
      "allowed")
def _():
    inbound(policy(rules=[{}]),
            policy("d", [{"to": [{"paths": ["/admin", "/admin/*"]}]}], action="deny"))
    for path in ("/admin", "/admin/", "//admin", "/./admin", "/x/../admin", "/%61dmin",
                 "/x/%2e%2e/admin", "/x/%2E./admin", "/admin%2fx", "/x%2f..%2fadmin",
                 "/\\admin", "/admin/.", "/admin/x/..", "///admin//x", "/x/..%5cadmin"):
        equal((path, ask("front", path)), (path, (403, None)))
    equal(ask("front", "/x/../b//c"), (200, "/b/c"))
    inbound(policy(rules=[{}]),
            policy("d", [{"to": [{"paths": ["/v1/users:delete", "/caf\u00e9"]}]}],
                   action="deny"))
    for path in "/v1/users:delete", "/v1/users%3Adelete", "/v1/user%73%3adelete", \
            "/caf%c3%a9", "/caf%C3%A9":
        equal((path, ask("front", path)), (path, (403, None)))
    equal(ask("front", "/v1/users%3Alist"), (200, "/v1/users%3Alist"))
    inbound(policy(rules=[{"to": [{"paths": ["/public/*"]}]}]))
    equal([ask("front", path)[0] for path in (
        "/public/a", "/public/../admin", "/public/..%2fadmin", "/public//a",
        "/public%2fa")], [200, 403, 403, 200, 200])
    equal(ask("front", "/public/%00")[0], 400)


@test("requests: those of the workload itself, and the node's if they may, are not asked for")
def _():
    inbound(policy())
    equal([ask("front")[0], ask(None)[0]], [403, 403])
    equal(ask("cart")[0], 200)
    inbound(policy(), exempt_node=True)
    equal([ask("front")[0], ask(None)[0]], [403, 200])


@test("requests: a port that a file says is http has them asked for, without a listener")
def _():
    def of(protocol, **more):
        return {"workloads": workloads(ports=[{"port": PORT, "protocol": protocol},
                                              {"port": PORT + 1, "protocol": "http"}]),
                "authorization": [policy(rules=[{**FROM_FRONT,
                                                 "to": [{"paths": ["/a*"]}]}])], **more}

    def answers():
        return [ask("front", path, to=to)[0] for to in CART for path in ("/a", "/b", "/b/../a")]
    apply(of("http"))
    equal(answers(), [200, 403, 200] * 2)
    equal([ask("other", "/a", to=to)[0] for to in CART], [403, 403])
    names = [f"inbound/cart/{at}:{port}" for at in (CART[0], f"[{CART[1]}]")
             for port in (PORT, PORT + 1)]
    has = json.loads(meshctl("-j", "export"))
    equal([sorted(o["name"] for o in has[kind])
           for kind in ("clusters", "route_tables", "listeners")], [sorted(names)] * 3)
    meshctl("diff", "--exit-code", "-f", "-", file=json.dumps(of("http")))
    meshctl("apply", "-f", "-", file=json.dumps(has))
    equal(answers(), [200, 403, 200] * 2)
    apply(of("tcp"))
    equal(who_connects(("front",)), [])
    # At one of its addresses the file has a listener of its own.
    apply(of("http",
             route_tables=[{"name": "own", "virtual_hosts": [
                 {"name": "any", "domains": ["*"],
                  "routes": [{"action": {"direct_response": {"status": 418}}}]}]}],
             listeners=[{"name": "own", "address": CART[0], "port": PORT,
                         "protocol": "http", "route_table": "own", "packets": True,
                         "inbound": True, "source": "keep"}]))
    equal(answers(), [418, 403, 418, 200, 403, 200])


@test("requests: a tcp listener at the workload's address asks as connections are asked")
def _():
    for policies, reach in ((), ["front", "other"]), ([policy(rules=[FROM_FRONT])], ["front"]):
        apply({"workloads": workloads(), "authorization": list(policies),
               "clusters": [{"name": "own", "endpoints": [
                   {"address": CART[0], "port": PORT}]}],
               "listeners": [{"name": "in", "address": CART[0], "port": 80,
                              "protocol": "tcp", "cluster": "own", "packets": True,
                              "inbound": True}]})
        got = []
        for pod in "front", "other":
            # Who may not is reset, perhaps before connect() is back.
            with contextlib.suppress(ConnectionResetError):
                c = Client(pod, CART[0])
                c.send(b"hello")
                if cart_asked(c):
                    equal(cart.conn().exactly(5), b"hello")
                    got.append(pod)
                else:
                    c.was_reset()
            close_connections()
        equal(got, reach)


@test("requests: a mesh before the workload's takes no port that its own has towards it", 240)
def _():
    """Both have a client's address to the same application, by hundreds of connections."""
    vip, n = "10.96.0.7", 200 // int(os.environ.get("L7MESH_SCALE", "1"))
    no_redirects("cart")
    inbound(more={
        "clusters": [{"name": "c", "endpoints": [{"address": CART[0], "port": PORT}]}],
        "route_tables": [{"name": "t", "virtual_hosts": [
            {"name": "any", "domains": ["*"], "routes": [{"action": {"cluster": "c"}}]}]}]},
        others=[{"name": "l", "address": vip, "port": 80, "protocol": "http",
                 "route_table": "t", "packets": True, "source": "keep"}])
    with forwarding(), answers_by_the_node():
        clients, conns = [], []
        for _ in range(n):
            clients.append(Client("other", vip))
            clients[-1].send(request("/", host="cart"))
            conns.append(cart.request()[0])
        equal({peer(conn) for conn in conns}, {ADDRESSES["other"][0]})
        for conn in conns:
            conn.send(OK)
        equal([c.response()[0].status for c in clients], [200] * n)


@test("requests: a SYN that the listener does not get does not get around it")
def _():
    """One behind an IPv6 extension header is the kernel's own to handle."""
    for listener in {}, {"interface": "eth0"}:
        inbound(listener=listener)
        with in_pod("front"), tcp(socket.AF_INET6) as s:
            # A destination option of padding.
            s.setsockopt(socket.IPPROTO_IPV6, 59, b"\0\0\1\4\0\0\0\0")
            s.settimeout(20)
            with contextlib.suppress(ConnectionRefusedError):
                s.connect((CART[1], PORT))
                raise AssertionError("it is connected")
        equal(ask("front", to=CART[1])[0], 200)


@test("requests: nobody outside can speak in the name of what the listener sends on")
def _():
    inbound()
    c = Client("front", CART[0], PORT)
    c.send(request("/a", host="cart"))
    conn = cart.accept()
    port = conn.sock.getpeername()[1]
    equal((peer(conn), port >= 61000), (ADDRESSES["front"][0], True))
    grown = Counters()
    for flags in ACK, PSH | ACK:
        send_segment("front", (ADDRESSES["front"][0], port), (CART[0], PORT), flags)
    grown.reach("packets_dropped_bad_source", 2)
    conn.head()
    conn.send(OK)
    equal(c.response()[0].status, 200)


# ---- what would be ----

@test("authz says of each connection and request what becomes of it")
def _():
    inbound(policy(rules=[{**FROM_FRONT, "to": [{"paths": ["/a*"]}]},
                          {"from": [{"ip_blocks": ["10.2.0.11"]}]}]),
            policy("d", [{"to": [{"methods": ["PUT"]}]}], action="deny"))

    def said(*words):
        done = subprocess.run(["meshctl", "-j", "authz", "cart", *words], text=True,
                              stdout=subprocess.PIPE, check=False)
        answer = json.loads(done.stdout)
        equal(done.returncode, 0 if answer["allowed"] else 3)
        return answer["allowed"], answer.get("policy")
    port = "port", str(PORT), "from"
    equal([said(*port, "front", "path", "/abc"), said(*port, "front", "path", "/b"),
           said(*port, "10.2.0.11", "path", "/b"),
           said(*port, "front", "path", "/a", "method", "PUT"),
           said(*port, "front", "path", "/b/../a")],
          [(True, "p"), (False, None), (True, "p"), (False, "d"), (True, "p")])
    equal(statuses([req("/abc"), req("/b"), req("/a", method="PUT"), req("/b/../a")]),
          [200, 403, 403, 200])
    equal(ask("other", "/b")[0], 200)
    equal([said(*port, who) for who in ("front", "10.2.0.11")],
          [(False, "d"), (False, "d")])
    guard(policy("d", [{"to": [{"methods": ["PUT"]}]}], action="deny"))
    equal(who_connects(("front", "other")), [])


@test("authz says what becomes of a connection by the server that it asks for by TLS")
def _():
    named = {"when": [{"key": "connection.sni", "values": ["a.example"]}]}
    asks = [(), ("server_name", "a.example"), ("server_name", "A.example"),
            ("server_name", "b.example"), ("server_name", ""), ("path", "/")]
    for action, allowed in (("allow", [0, 1, 1, 0, 0, 0]), ("deny", [0, 0, 0, 1, 1, 1])):
        guard(policy(rules=[named], action=action))
        equal((action, [int(not subprocess.run(
            ["meshctl", "authz", "cart", "from", "front", *words], check=False,
            stdout=subprocess.DEVNULL).returncode) for words in asks]), (action, allowed))
    for name, why in (("1.2.3.4", "no host's name in a certificate"),):
        done = subprocess.run(["meshctl", "authz", "cart", "server_name", name], text=True,
                              stderr=subprocess.PIPE, check=False)
        equal((done.returncode, why in done.stderr), (2, True))


@test("requests: where a listener has no socket just now, on_failure says what becomes of them")
def _():
    """Somebody destroys it; the next SYN is the first to miss it."""
    for on_failure, engine in ("closed", 1), ("open", 0):
        inbound(policy(rules=[FROM_FRONT]), on_failure=on_failure)
        equal([ask("front", to=to)[0] for to in CART], [200, 200])
        for to in CART:
            # The address of RFC 7600, and that of RFC 6666.
            own = "[100::1]" if ":" in to else "192.0.0.8"
            killed = run_in("cart", "ss", "-HKntl", "src", own).splitlines()
            equal((to, len(killed)), (to, 1))
            grown = Counters()
            equal((on_failure, ask("front", to=to)[0]), (on_failure, 200))
            grown.reach("requests", engine)
        equal(attempt("other", CART[0], PORT, 20), None)
        equal(ask("other")[0], 403)
        close_connections()


@test("requests: a local workload is who its namespace is, whoever has its address")
def _():
    def ask_from(pod, to, source):
        c = Client(pod, to, PORT, make=lambda *args: bound(source, *args))
        status = ask(pod, to=to, client=c)[0]
        c.close()
        return status

    def bound(source, *args):
        s = socket.socket(*args)
        s.bind((source, 0))
        return s
    ends = list(zip(CART, ADDRESSES["front"]))
    with attached("front"):
        inbound(policy(rules=[FROM_FRONT]), who=local("front"))
        grown = Counters()
        equal([ask("front", to=to)[0] for to in CART], [200, 200])
        c = Client("front", CART[0], PORT)
        equal([ask("front", client=c)[0] for _ in range(3)], [200] * 3)
        grown.reach("authorization_unproven", 0)
        with taken("front", by="other"):
            equal([ask_from("other", *end) for end in ends], [403, 403])
            grown.reach("authorization_unproven", 2)
        c.close()
        equal([ask("front", to=to)[0] for to in CART], [200, 200])


@contextlib.contextmanager
def one_hop(*policies, action=None, more=None, listener=None):
    """Pod "front" is attached, too, and reaches cart by a Service of the mesh's."""
    with attached("front"):
        inbound(*policies, who=local("front"), listener=listener, more={
            "clusters": [{"name": f"cart{i}", "endpoints": [{"address": a, "port": PORT}]}
                         for i, a in enumerate(CART)],
            "route_tables": [{"name": f"out{i}", "virtual_hosts": [
                {"name": "any", "domains": ["*"],
                 "routes": [{"action": {"cluster": f"cart{i}", **(action or {})},
                             **(more or {})}]}]} for i in range(2)],
            "listeners": [{"name": f"out{i}", "address": vip, "port": 80,
                           "protocol": "http", "route_table": f"out{i}"}
                          for i, vip in enumerate(HOP_VIPS)]})
        # One that has taken two hops, and is left.
        for vip in HOP_VIPS:
            ask_vip("/a", vip=vip)
        yield


HOP_VIPS = "10.96.0.9", "fd00:96::9"


def ask_vip(path="/", *fields, vip=HOP_VIPS[0], **options):
    c = Client("front", vip)
    try:
        return ask("front", path, *fields, client=c, **options)
    finally:
        c.close()


ONE_HOP = policy(rules=[{**FROM_FRONT, "to": [{"ports": [str(PORT)]}]}])


@test("one hop: a pod's request to a pod is read once, and both sides' policies hold")
def _():
    peers = []

    def seen(vip):
        c = Client("front", vip)
        c.send(request("/a", host="cart"))
        conn, _ = cart.request()
        peers.append(peer(conn))
        conn.send(OK)
        equal(c.response()[0].status, 200)
        c.close()
    with one_hop(ONE_HOP, action={"rewrite": {"path": "/b"}}):
        grown = Counters()
        for vip in HOP_VIPS:
            seen(vip)
        equal(peers, list(ADDRESSES["front"]))
        grown.reach("requests_one_hop", 2)
        equal(grown("requests"), 2)
        equal(ask_vip("/a", method="PUT"), (200, "/b"))
        grown.reach("requests_one_hop", 3)
        # Others are asked by the listener, as ever, and so are those who ask it.
        equal([ask("other", "/a")[0], ask("front", "/a")[0]], [403, 200])
        equal(grown("requests_one_hop"), 3)


@test("one hop: a leg that is there serves what may be, and nothing that may not")
def _():
    with one_hop(ONE_HOP):
        grown = Counters()
        c = Client("front", HOP_VIPS[0])
        equal([ask("front", path, client=c) for path in ("/a", "/b")],
              [(200, "/a"), (200, "/b")])
        grown.reach("requests_one_hop", 2)
        equal(grown("upstream_legs_opened"), 1)
        for rule, statuses, hops in (
                ({"from": [{"principals": ["x"]}]}, [403], 0),
                ({"to": [{"paths": ["/c"]}]}, [403, 200], 1),
                (ONE_HOP["rules"][0], [200, 200], 2)):
            grown = Counters()
            meshctl("set", "authorization", "p", "rule", json.dumps(rule))
            equal((rule, [ask("front", path, client=c)[0]
                          for path in ("/a", "/c")[:len(statuses)]]), (rule, statuses))
            grown.reach("requests_one_hop", hops)
        c.close()


@test("one hop: policies may ask for a method, a host and a path")
def _():
    def asked(expected, requests):
        for vip in HOP_VIPS:
            grown = Counters()
            seen = [ask_vip(path, method=method, host=host, vip=vip)
                    for method, host, path in requests]
            equal(seen, [(200, path) if ok else (403, None)
                         for ok, (_, _, path) in zip(expected, requests)])
            grown.reach("requests_one_hop", sum(expected))
            grown.reach("requests", 2 * len(requests) - sum(expected))
    allow = policy(rules=[{**FROM_FRONT, "to": [
        {"methods": ["GET", "HEAD"], "paths": ["/a*"], "hosts": ["cart", "x.test"]}]}])
    with one_hop(allow):
        asked([1, 1, 0, 0, 0], [
            ("GET", "cart", "/a"), ("HEAD", "x.test", "/a/b?c"), ("PUT", "cart", "/a"),
            ("GET", "y.test", "/a"), ("GET", "cart", "/b")])
    deny = policy("d", [{"to": [{"paths": ["/a/x"]}]}], action="deny")
    with one_hop(allow, deny):
        asked([1, 0, 1], [("GET", "cart", "/a/xx"), ("GET", "cart", "/a/x"),
                          ("GET", "cart", "/a/x/")])


@test("one hop: no spelling evades what asks for a path")
def _():
    """What the listener there would write otherwise, it is left to."""
    with one_hop(policy(rules=[{"to": [{"not_paths": ["/a/secret*"]}]}])):
        grown = Counters()
        for path in ("/a/secret", "/a//secret", "/a/./secret", "/a/%73ecret",
                     "/a/b/../secret", "/a/b/..\\secret", "/a%2Fsecret", "//a/secret",
                     "/a/b/%2e%2e/secret", "/a/%2E/secret?x"):
            equal((path, ask_vip(path)), (path, (403, None)))
        equal([ask_vip("/a/b//c"), ask_vip("/a/%62"), ask_vip("/a/.b"), ask_vip("/a/b.")],
              [(200, "/a/b/c"), (200, "/a/b"), (200, "/a/.b"), (200, "/a/b.")])
        grown.reach("requests_one_hop", 1)


@test("one hop: what asks for more, and what does more, takes two")
def _():
    paths = policy(rules=[{"to": [{"paths": ["/a*"]}]}])
    fields = policy(rules=[{"when": [{"key": "request.headers[x]", "values": ["1"]}]}])
    with one_hop(fields):
        grown = Counters()
        equal([ask_vip("/a", "X: 1")[0], ask_vip("/a")[0]], [200, 403])
        equal(grown("requests_one_hop"), 0)
    for listener in {"trusted_hops": 1}, {"source": "auto"}, {"max_requests_per_source": 9}:
        with one_hop(ONE_HOP, listener=listener):
            grown = Counters()
            equal(ask_vip("/a")[0], 200)
            equal((listener, grown("requests_one_hop")), (listener, 0))
    # What is sent is what is judged.
    for action, path, expected in (({"rewrite": {"path": "/a"}}, "/b", (200, "/a")),
                                   ({"rewrite": {"path": "/b"}}, "/a", (403, None)),
                                   ({"rewrite": {"host": "cart"}}, "/a", (200, "/a"))):
        with one_hop(paths, action=action):
            grown = Counters()
            equal((action, ask_vip(path)), (action, expected))
            equal(grown("requests_one_hop"), 0)


@test("one hop: an HTTP/1.0 request has the host that it is given on the way")
def _():
    def ask_old(vip, *fields):
        c = Client("front", vip)
        c.send("\r\n".join(["GET /a HTTP/1.0", *fields, "", ""]).encode())
        if cart_asked(c):
            cart.request()[0].send(OK)
        status = c.response()[0].status
        c.close()
        return status
    with one_hop(policy(rules=[FROM_FRONT]),
                 policy("d", [{"to": [{"hosts": ["*"], "paths": ["/a"]}]}], action="deny")):
        equal([ask_old(vip) for vip in HOP_VIPS], [403, 403])
    with one_hop(policy(rules=[{"to": [{"hosts": ["cart"]}]}])):
        grown = Counters()
        equal([ask_old(HOP_VIPS[0], "Host: cart"), ask_old(HOP_VIPS[0])], [200, 403])
        grown.reach("requests_one_hop", 1)


def as_user(uid, *args):
    os.seteuid(uid)
    try:
        return socket.socket(*args)
    finally:
        os.seteuid(0)


@test("one hop: whom the rules between both pods do not let, nobody lets")
def _():
    """Of a pod, of its users: who has no connection of two hops has none of one."""
    def asks(uid):
        c = Client("front", HOP_VIPS[0], make=lambda *args: as_user(uid, *args))
        status = ask("front", "/a", client=c)[0]
        c.close()
        return status
    rules = "add table inet kube\n" \
        "add chain inet kube {0} {{ type filter hook {0} priority -300; }}\n" \
        "add rule inet kube {0} {1} tcp flags syn tcp dport {2} reject with tcp reset\n"
    with one_hop(ONE_HOP), nft(rules.format("output", "meta skuid 1000", PORT), pod="front"):
        grown = Counters()
        equal([asks(uid) for uid in (1000, 0, 1000, 0)], [503, 200, 503, 200])
        grown.reach("requests_one_hop", 2)
    with one_hop(ONE_HOP):
        close_connections()
        meshctl("drain")
        drained()
        with nft(rules.format("input", "meta iifname eth0", PORT), pod="cart"):
            grown = Counters()
            equal([asks(0), asks(0)], [503, 503])
            equal(grown("requests_one_hop"), 0)


@test("one hop: what is sent never is in the client's pod's hands")
def _():
    # The leg that has met the rules may still acknowledge something.
    rules = "".join(f"add rule inet kube o {family} daddr {a} "
                    "tcp flags & psh == psh counter\n"
                    for family, a in zip(("ip", "ip6"), CART))
    with one_hop(policy(rules=[{**FROM_FRONT, "to": [{"paths": ["/a"]}]}])):
        with nft("add table inet kube\n"
                 "add chain inet kube o { type filter hook output priority -300; }\n" +
                 rules, pod="front"):
            equal([ask_vip("/a", vip=vip) for vip in HOP_VIPS], [(200, "/a")] * 2)
            said = run_in("front", "nft", "list", "table", "inet", "kube")
            equal(said.count("packets 0 bytes 0"), 2)


@test("one hop: a server's namespace may be detached meanwhile, and attached again")
def _():
    with one_hop(ONE_HOP):
        grown = Counters()
        equal(ask_vip("/a")[0], 200)
        grown.reach("requests_one_hop", 1)
        drained()
        meshctl("detach", "cart")
        try:
            equal([ask_vip("/b")[0] for _ in range(2)], [200, 200])
            equal(grown("requests_one_hop"), 1)
        finally:
            meshctl("attach", "cart")
        equal(ask_vip("/c")[0], 200)
        grown.reach("requests_one_hop", 2)


@contextlib.contextmanager
def another_server(name, n):
    """A pod whose requests take one hop, and what listens there. It ends with its pod."""
    at = f"10.2.0.{n}"
    net("net_pod", f"{name}={n}")
    meshctl("attach", name)
    server = Backend(name, PORT)
    with one_hop(policy(rules=[FROM_FRONT])):
        meshctl("add", "workload", name, "namespace", "shop", "labels", "app=cart",
                "address", at, "netns", str(netns_cookie(name)))
        for what in (("cluster", "there"), ("endpoint", "there", f"{at}:{PORT}"),
                     ("route_table", "there"),
                     ("virtual_host", "there/any", "domain", "*"),
                     ("route", "there/any", "cluster", "there"),
                     ("listener", "there", f"{at}:{PORT}", "protocol", "http", "packets",
                      "true", "inbound", "true", "source", "keep", "route_table", "there"),
                     ("listener", "to", "10.96.0.10:80", "protocol", "http",
                      "route_table", "there")):
            meshctl("add", *what)
        yield server
        server.close()
        net("net_remove", name)
        until(lambda: not os.path.exists(f"/sys/class/net/pod{n}"))


@test("one hop: a server's namespace goes, though nobody reads what it has sent")
def _():
    grown = Counters()
    with another_server("brief", 21) as server:
        c, idle = (Client("front", "10.96.0.10", sizes=4096) for _ in range(2))
        for _ in "two hops", "one":
            idle.send(request("/", host="a"))
            server.request()[0].send(OK)
            equal(idle.response()[0].status, 200)
        c.send(request("/", host="a"))
        conn, _ = server.request()
        # As much as the leg takes, whose client takes hardly any of it.
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 65536)
        grown.reach("requests_one_hop", 2)
        until(lambda: not fcntl.ioctl(conn.sock, termios.TIOCOUTQ, bytes(4)).strip(b"\0"))
    c.was_reset()


VIPS = "10.96.0.7", "fd00:96::7"
TO_CART = [{"name": f"tcp{i}", "address": vip, "port": 80, "protocol": "tcp",
            "cluster": f"own{i}"} for i, vip in enumerate(VIPS)] + [
           {"name": f"http{i}", "address": vip, "port": 81, "protocol": "http",
            "route_table": f"in{i}"} for i, vip in enumerate(VIPS)]


def explained(listener, *words):
    """Of whom, from whom, of what, whether, and by what."""
    words = ["http://cart" + w if w[:1] == "/" else w for w in words]
    said = json.loads(meshctl("-j", "explain", listener, *words))
    of = said.get("authorization", {})
    return [of.get(key) for key in ("workload", "from", "of", "verdict", "policy")]


@test("explain says what authorization says where a connection or request ends")
def _():
    get = {**FROM_FRONT, "to": [{"methods": ["GET"], "paths": ["/a*"]}]}
    policies = policy("get", [get]), policy("d", [{"to": [{"paths": ["/a/x"]}]}],
                                            action="deny")
    for i, front in enumerate(ADDRESSES["front"]):
        source = "source", front
        inbound(*policies, others=TO_CART)
        # At the listener of the workload's own, and through another: each request.
        for listener in f"in{i}", f"http{i}":
            of = ["cart", "front", "request"]
            for words, result in ((["/a"], ["allowed", "get"]),
                                  (["/b/%2e%2e/%61"], ["allowed", "get"]),
                                  (["PUT", "/a"], ["not_allowed", None]),
                                  (["/a/x"], ["denied", "d"])):
                equal((listener, words, explained(listener, *words, *source)),
                      (listener, words, of + result))
            equal(explained(listener, "/a", "source", ADDRESSES["other"][i]),
                  ["cart", None, "request", "not_allowed", None])
        equal(statuses([req("/a", to=CART[i]), req("/b/%2e%2e/%61", to=CART[i]),
                        req("/a", method="PUT", to=CART[i]), req("/a/x", to=CART[i])]),
              [200, 200, 403, 403])
        refused = json.loads(meshctl("-j", "explain", f"in{i}", "PUT", "http://cart/a", *source))
        equal((refused["status"], refused["reason"], refused["response"]["body"]),
              (403, "reply_403_authorization", "rbac: access denied"))
        # Nobody reads requests there.
        equal(explained(f"tcp{i}", *source), ["cart", "front", "connection", "denied", "d"])
        inbound(policy("get", [get]), listener={"inbound": False, "port": PORT + 1},
                others=TO_CART)
        equal(explained(f"http{i}", "/a", *source),
              ["cart", "front", "connection", "not_allowed", None])
        inbound(policy("f", [FROM_FRONT]), listener={"inbound": False, "port": PORT + 1},
                others=TO_CART)
        equal(explained(f"tcp{i}", *source), ["cart", "front", "connection", "allowed", "f"])
        true("cart from front, the connection: allowed by f" in
             meshctl("explain", f"tcp{i}", *source))


@test("connections: policies ask for the server that a tls listener is told, and so does explain")
def _():
    named = {"when": [{"key": "connection.sni", "values": ["a.example"]}]}
    vips = [{"name": f"vip{i}", "address": vip, "port": 443, "protocol": "tls",
             "route_table": f"in{i}"} for i, vip in enumerate(VIPS)]
    for action, reach in ("allow", ["a.example"]), ("deny", ["b.example", ""]):
        inbound(policy("n", [named], action=action), listener={"protocol": "tls"}, others=vips)
        for i, to in enumerate(CART):
            for name in "a.example", "b.example", "":
                verdict = {("allow", True): "allowed", ("allow", False): "not_allowed",
                           ("deny", True): "unasked", ("deny", False): "denied"}[
                               action, name in reach]
                words = "server_name", name, "source", ADDRESSES["front"][i]
                for listener in f"in{i}", f"vip{i}":
                    equal((action, name, explained(listener, *words)[:4]),
                          (action, name, ["cart", "front", "connection", verdict]))
                said = json.loads(meshctl("-j", "explain", f"in{i}", *words))
                equal((name, said.get("reason"), "endpoint" in said),
                      (name, *((None, True) if name in reach else
                               ("authorization_refused", False))))
                grown = Counters()
                c = Client("front", to, PORT)
                c.send(hello(name or None))
                if name in reach:
                    server = cart.accept()
                    equal(server.exactly(len(hello(name or None)))[:1], b"\x16")
                else:
                    c.was_reset()
                    grown.reach("authorization_refused", 1)
                c.close()
                cart.close_all()
    # Where nobody reads it there is no name.
    inbound(policy("n", [named]), listener={"inbound": False, "port": PORT + 1}, others=vips)
    equal(explained("vip0", "server_name", "a.example")[:4],
          ["cart", None, "connection", "not_allowed"])


@test("explain knows a program by its namespace; asks nobody within it, or without a guard")
def _():
    nothing = [None] * 5
    inbound(policy("f", [FROM_FRONT]), others=TO_CART)
    meshctl("set", "workload", "front", "netns", str(netns_cookie("front")))
    for i in range(2):
        equal(explained(f"http{i}", "/", "source_netns", str(netns_cookie("front"))),
              ["cart", "front", "request", "allowed", "f"])
        equal(explained(f"tcp{i}", "source_netns", str(netns_cookie("cart"))), nothing)
        equal(explained(f"http{i}", "/"), ["cart", None, "request", "not_allowed", None])
    inbound(others=TO_CART)
    equal(explained("tcp0"), ["cart", None, "connection", "unasked", None])
    meshctl("del", "workload", "cart")
    equal(explained("tcp0"), nothing)


@test("a thousand policies, each for somebody else, are no obstacle, and too many values are")
def _():
    others = [policy(f"p{i}", [{"from": [{"principals": [f"cluster.local/ns/n/sa/s{i}"]}]}])
              for i in range(1000)]
    guard(*others, policy("mine", [FROM_FRONT]))
    equal(who_connects(), ["front"])
    blocks = [{"from": [{"ip_blocks": [f"192.0.{i}.{k}/32" for k in range(250)]}]}
              for i in range(90)]
    try:
        guard(*[policy(f"p{i}", [r]) for i, r in enumerate(blocks)])
        raise AssertionError("it was taken")
    except AssertionError as e:
        true('workload "cart" may have to compare' in str(e), str(e))


@test("a workload is in one namespace, and has its addresses alone; the node is none")
def _():
    guard()
    g = Genl()
    with contextlib.closing(g):
        for attrs, text in (
                ({"ADDRESSES": [CART[0]]}, "same address, 10.2.0.20"),
                ({"NETNS": netns_cookie("cart")}, "in the same network namespace"),
                ({"NETNS": netns_cookie(None)}, "in the mesh's own network namespace")):
            try:
                g.add(WORKLOAD={"NAME": "w", **attrs})
                raise AssertionError(f"{attrs} was taken")
            except Refused as e:
                true(text in e.text, e.text)


def main():
    global net, cart, other  # pylint: disable=global-statement
    net = Net(front=10, other=11, cart=20)
    try:
        cart, other = Backend("cart", PORT), Backend("other", PORT)
        meshctl("attach", "cart")
        return run_tests(lambda: (close_connections(), drained()))
    finally:
        meshctl("flush")
        net.down()


sys.exit(main())
