#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# takes: 60
"""Who reaches what, under which policy: the result of each connection, whom the server
sees, and what is counted.

   "front" attached, "other" not; the node; "far" on another node; "vm", whose link is a
   tap device -- in pod "cart", a workload that is attached: at PORT a server to which
   connections are judged, at WEB one whose requests are -- each by its own address, and
   by a virtual one
"""

import contextlib
import os
import select
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
import tapped
from endpoints import OK
from l7 import (Backend, Client, Counters, Net, apply, close_connections, drained,
                equal, meshctl, netns_cookie, note, request, run_in, run_tests, test)
from network import answers_by_the_node, forwarding

PORT, WEB = 9000, 9080
ADDRESSES = {"front": ("10.2.0.10", "fd00:2::10"), "other": ("10.2.0.11", "fd00:2::11"),
             "node": ("10.2.0.1", "fd00:2::1"), "far": ("10.3.0.30", "fd00:3::30"),
             "vm": ("10.2.0.40", "fd00:2::40")}
CART = "10.2.0.20", "fd00:2::20"
VIPS = "10.96.0.1", "fd00:96::1"
WHOM = "client"         # the service account that policies name, ...
CLIENTS = "front", "far"        # ... which these have
POLICIES = {"none": [],
            "allow": [{"name": "p", "rules": [{"from": [{"principals": ["*/sa/client"]}]}]}],
            "deny": [{"name": "p", "action": "deny",
                      "rules": [{"from": [{"principals": ["*/sa/client"]}]}]}]}
net = None
servers = {}


def workload(name, addresses, **more):
    account = WHOM if name in CLIENTS else "server" if name == "cart" else "stranger"
    return {"name": name, "namespace": "shop", "service_account": account,
            "labels": f"name={name}", "addresses": list(addresses), **more}


def cluster(name, address, port):
    return {"name": name, "endpoints": [{"address": address, "port": port}]}


def table(name, to):
    return {"name": name, "virtual_hosts": [
        {"name": "any", "domains": ["*"], "routes": [{"action": {"cluster": to}}]}]}


def mesh(policies):
    """Everything by both families; the source is kept, so that policies see it."""
    families = range(2)
    taken = {"packets": True, "source": "keep"}
    apply({
        "workloads": [workload("cart", CART, netns=netns_cookie("cart"), exempt_node=False),
                      workload("front", ADDRESSES["front"], netns=netns_cookie("front")),
                      *[workload(w, a) for w, a in ADDRESSES.items() if w != "front"]],
        "authorization": [{"selector": "name=cart", **p} for p in policies],
        "clusters": [c for i in families for c in (cluster(f"tcp{i}", CART[i], PORT),
                                                   cluster(f"web{i}", CART[i], WEB),
                                                   cluster(f"own{i}", CART[i], WEB))],
        "route_tables": [t for i in families for t in (table(f"web{i}", f"web{i}"),
                                                       table(f"own{i}", f"own{i}"))],
        "listeners": [ls for i in families for ls in (
            {"name": f"tcp{i}", "address": VIPS[i], "port": PORT, "protocol": "tcp",
             "cluster": f"tcp{i}", **taken},
            {"name": f"web{i}", "address": VIPS[i], "port": WEB, "protocol": "http",
             "route_table": f"web{i}", **taken},
            {"name": f"own{i}", "address": CART[i], "port": WEB, "protocol": "http",
             "route_table": f"own{i}", "inbound": True, **taken})]})


def peer(conn):
    return conn.sock.getpeername()[0].removeprefix("::ffff:")


def asked(c, server):
    """The connection on which what @c has sent comes to a server; None if @c is told
    something before."""
    conn = None
    while not conn and not select.select([c.sock], [], [], 0)[0]:
        conn = server.poll(0.02)
    return conn


def connects(pod, to):
    """What becomes of a connection to the server that judges connections, and whom that
    sees."""
    seen = None
    try:
        c = Client(pod, to, PORT)
        c.send(b"hello")
        conn = asked(c, servers[PORT])
        if conn:
            seen = peer(conn)
            equal(conn.exactly(5), b"hello")
            conn.send(b"answer")
        equal(c.exactly(6), b"answer")
        return "answered", seen
    except (ConnectionRefusedError, ConnectionResetError, EOFError) as e:
        return type(e).__name__, seen


def asks(pod, to):
    c = Client(pod, to, WEB)
    c.send(request("/", host="cart"))
    conn = asked(c, servers[WEB])
    seen = None
    if conn:
        seen = peer(conn)
        conn.head()
        conn.send(OK)
    return c.response()[0].status, seen


def reach(pod, to):
    return {PORT: connects, WEB: asks}[to[1]](None if pod == "node" else pod, to[0])


def may(who, policy):
    return policy == "none" or (who in CLIENTS) == (policy == "allow")


def refusals(who, by_vip):
    """By a RST to the SYN, or of a connection that the mesh has taken before."""
    if by_vip and who in ("other", "far", "vm"):
        return "ConnectionResetError", "EOFError"
    return ("ConnectionRefusedError",)


def check(who, family, by_vip, port, policy):
    to = (VIPS if by_vip else CART)[family]
    one_hop = who == "front" and by_vip and port == WEB
    if one_hop and may(who, policy):
        # The first one takes two.
        reach(who, (to, port))
    grown = Counters()
    result, seen = reach(who, (to, port))
    where = who, to, port, policy
    note(f"{who:6}{to:12}{port:6} {policy:6} {result} {seen or ''}")
    if may(who, policy):
        equal((where, result, seen), (where, {PORT: "answered", WEB: 200}[port],
                                      ADDRESSES[who][family]))
        equal((where, grown("requests_one_hop")), (where, int(one_hop)))
        grown.reach("authorization_allowed", 1)
        equal(grown("authorization_refused", "reply_403_authorization"), [0, 0])
    else:
        equal((where, seen), (where, None))
        if port == WEB:
            equal((where, result), (where, 403))
            grown.reach("reply_403_authorization", 1)
        else:
            equal((where, result in refusals(who, by_vip)), (where, True))
            grown.reach("authorization_refused", 1)
        equal(grown("authorization_allowed"), 0)
    grown.reach("authorization_unproven", 0)
    close_connections()


def everybody(policy):
    who = [w for w in ADDRESSES if w != "vm" or tapped.available()]
    with contextlib.ExitStack() as stack:
        if "vm" in who:
            stack.enter_context(tapped.tapped("vm", 40))
        mesh(POLICIES[policy])
        for w in who:
            for family in range(2):
                for by_vip in False, True:
                    for port in PORT, WEB:
                        check(w, family, by_vip, port, policy)


@test("without a policy everybody reaches everything", 600)
def _():
    everybody("none")


@test("where a policy allows some, they reach everything and others nothing", 600)
def _():
    everybody("allow")


@test("where a policy denies some, they reach nothing and others everything", 600)
def _():
    everybody("deny")


def main():
    global net  # pylint: disable=global-statement
    net = Net(front=10, other=11, cart=20)
    try:
        net("net_far", "delay 1ms", "far=30")
        run_in("router", "ip", "route", "add", "10.96.0.0/16", "via", "10.4.0.1")
        run_in("router", "ip", "route", "add", "fd00:96::/64", "via", "fd00:4::1")
        for who in "other", "vm":
            answers_by_the_node("cart", ADDRESSES[who])
        servers.update({port: Backend("cart", port) for port in (PORT, WEB)})
        meshctl("attach", "cart")
        meshctl("attach", "front")
        with forwarding():
            return run_tests(lambda: (close_connections(), drained()))
    finally:
        meshctl("flush")
        net.down()


sys.exit(main())
