#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# takes: 60
"""Listeners of protocol tls: a client is connected with the server that it asks for, and
nobody but that server ends its TLS. Those of protocol auto: HTTP, TLS and what is neither
come to one port.

   pods "app" (attached), "free" (not) -- virtual IPs -- pod "web": raw servers, OpenSSL's
   and nginx
"""

import contextlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from endpoints import OK, VIP, VIP6, WEB
from hello import hello
from l7 import (Backend, Client, Counters, Net, apply, close_connections, drained, equal,
                in_pod, meshctl, note, parameter, request, run_in, run_tests, sent_meanwhile,
                stats, test, true, until)

BOTH = (VIP, VIP6)
# A name, and the port of the server that its virtual host leads to.
NAMES = {"a.example": 9001, "x.b.example": 9002, "other": 9003}
PORTS = sorted(NAMES.values())
HTTP, OTHER = 9004, 9003        # of an auto listener
UNRECOGNIZED = b"\x15\x03\x01\0\x02\x02\x70"
net = None
raw = {}
made = ""


def route(cluster, **more):
    return {"action": {"cluster": cluster}, **more}


def hosts(default=True, **more):
    """Virtual hosts for NAMES."""
    found = [{"name": "a", "domains": ["a.example"], "routes": [route("c9001", **more)]},
             {"name": "b", "domains": ["*.b.example"], "routes": [route("c9002", **more)]}]
    if default:
        found.append({"name": "any", "domains": ["*"], "routes": [route("c9003", **more)]})
    return found


def config(virtual_hosts, clusters=None, **listener):
    return {
        "clusters": clusters or [
            {"name": f"c{port}", "connect_timeout": "5s",
             "endpoints": [{"address": WEB, "port": port}]} for port in PORTS],
        "route_tables": [{"name": "main", "virtual_hosts": virtual_hosts}],
        "listeners": [{"name": vip, "address": vip, "port": 443, "protocol": "tls",
                       "route_table": "main", "packets": True, **listener}
                      for vip in BOTH]}


def mesh(virtual_hosts=None, clusters=None, **listener):
    apply(config(virtual_hosts or hosts(), clusters, **listener))


def records(text, size):
    """The message of one record, in records of so many bytes."""
    message = text[5:]
    return b"".join(b"\x16\x03\x01" + struct.pack("!H", len(message[i:i + size])) +
                    message[i:i + size] for i in range(0, len(message), size))


def post_quantum(name):
    """A hello that is longer than a packet, by a share of SecP384r1MLKEM1024."""
    text = hello(name)
    share = struct.pack("!HHHHH", 51, 2 + 4 + 1665, 4 + 1665, 0x11ed, 1665) + b"k" * 1665
    body = text[9:]
    at = 34 + 1 + body[34]
    at += 2 + struct.unpack_from("!H", body, at)[0]
    at += 1 + body[at]
    others, i = b"", at + 2
    while i < len(body):
        kind, size = struct.unpack_from("!HH", body, i)
        if kind != 51:
            others += body[i:i + 4 + size]
        i += 4 + size
    body = body[:at] + struct.pack("!H", len(others + share)) + others + share
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + struct.pack("!H", len(message)) + message


def client(pod="app", vip=VIP):
    return Client(pod, vip, 443)


def arrives(text, port, pod="app", vip=VIP, send=Client.send):
    """It comes to a server as it was sent; both ends of the tunnel."""
    c = client(pod, vip)
    send(c, text)
    server = raw[port].accept()
    equal(server.exactly(len(text)), text)
    return c, server


def ends(c, port):
    c.close()
    raw[port].close_all()


@test("a client is connected with the server that it asks for, whoever it is")
def _():
    mesh()
    for pod in "app", "free":
        for vip in BOTH:
            for name, port in NAMES.items():
                grown = Counters()
                text = hello(name)
                c, server = arrives(text, port, pod, vip)
                equal(c.sock.getpeername()[:2], (vip, 443))
                server.send(b"220 hello")
                equal(c.exactly(9), b"220 hello")
                c.send(b"more")
                equal(server.exactly(4), b"more")
                equal((pod, grown("intercepted_tls", "intercepted_packets", "requests",
                                  "downstream_connections", "upstream_legs_opened")),
                      (pod, [pod == "app", pod == "free", 0, 1, 1]))
                ends(c, port)


@test("names match as domains do: exactly, by their end, or whatever they are")
def _():
    mesh()
    for name, port in (("A.Example", 9001), ("x.a.example", 9003), ("b.example", 9003),
                       ("y.x.B.example", 9002), (None, 9003), ("localhost", 9003)):
        ends(arrives(hello(name), port)[0], port)


@test("a hello may come in any pieces, in any records, and with more behind it")
def _():
    mesh()
    text = hello("a.example", ["h2", "http/1.1"])
    for vip in BOTH:
        for sent in (text, hello("a.example", tls12=True), records(text, 1),
                     records(text, 100), post_quantum("a.example"),
                     text + b"\x14\x03\x03\0\x01\x01\x17\x03\x03\0\x05early",
                     text + os.urandom(50000)):
            ends(arrives(sent, 9001, vip=vip)[0], 9001)
        for sent in text, records(text, 3):
            ends(arrives(sent, 9001, vip=vip, send=Client.send_slowly)[0], 9001)


@test("a hello that is longer than a socket may buffer is read all the same")
def _():
    mesh(buffer_limit=2048)
    ends(arrives(records(post_quantum("a.example"), 1), 9001)[0], 9001)


@test("a name that no virtual host has is answered by an alert, and counted")
def _():
    mesh(hosts(default=False))
    for pod in "app", "free":
        for vip in BOTH:
            for name in "c.example", None:
                grown = Counters()
                c = client(pod, vip)
                c.send(hello(name) + b"x" * 10000)
                equal(c.rest(), UNRECOGNIZED)
                equal(grown("tls_unrecognized_name", "relays_failed", "tls_bad_hello",
                            "upstream_legs_opened"), [1, 0, 0, 0])
                c.close()
    said = openssl("app", VIP, "c.example")
    true("unrecognized name" in said, said)
    ends(arrives(hello("a.example"), 9001)[0], 9001)


@test("what is no TLS, or not as it should be, is reset, and counted")
def _():
    mesh()
    text = hello("a.example")
    at = text.index(b"a.example")
    for sent in (b"GET / HTTP/1.1\r\n\r\n", b"\x80\x2e\x01\x03\x01", b"\x16\x02",
                 text[:5] + b"\x02", records(text, 1)[:6] + b"\x16\x03\x01\0\0",
                 b"\x16\x03\x01\x02\0\x01\0\xff\xff", text[:at] + b"127.0.0.1",
                 text[:at] + b"a.exampl." + text[at + 9:],
                 text[:at] + b"a.exam/le" + text[at + 9:]):
        for vip in BOTH:
            if sent[:at] == text[:at]:
                sent = sent.ljust(len(text), b"\0")
            grown = Counters()
            c = client(vip=vip)
            c.send(sent)
            equal((sent, c.was_reset()), (sent, b""))
            equal((sent, grown("tls_bad_hello", "upstream_legs_opened")), (sent, [1, 0]))
            c.close()


@test("a hello has the limit of a head")
def _():
    mesh(max_header_bytes=1000)
    grown = Counters()
    c = client()
    c.send(post_quantum("a.example"))
    c.was_reset()
    equal(grown("tls_bad_hello"), 1)
    ends(arrives(hello("a.example"), 9001)[0], 9001)


@test("who says nothing, or not all of it, is not waited for")
def _():
    mesh(headers_timeout="500ms")
    text = hello("a.example")
    for pod in "app", "free":
        for vip in BOTH:
            grown = Counters()
            c = client(pod, vip)
            c.ended()
            c.close()
            equal(grown("downstream_idle_timeout", "tls_hello_timeout"), [1, 0])
            c = client(pod, vip)
            with contextlib.suppress(ConnectionError):
                # Each byte comes in time, and all of them do not.
                for byte in text:
                    c.send(bytes([byte]))
                    time.sleep(0.02)
            c.gone()
            c.close()
            grown.reach("tls_hello_timeout", 1)
    # When there is a tunnel that is no limit any more.
    c, server = arrives(text, 9001)
    time.sleep(1)
    server.send(b"late")
    equal(c.exactly(4), b"late")
    ends(c, 9001)


@test("a client that ends before its hello does is let go, and so is one that is drained")
def _():
    mesh()
    for sent in b"", hello("a.example")[:100]:
        for vip in BOTH:
            c = client(vip=vip)
            c.send(sent)
            c.shut()
            c.ended()
            c.close()
            c = client(vip=vip)
            c.send(sent)
            c.reset()
    c = client()
    meshctl("drain")
    c.ended()
    drained()


@test("each half of a tunnel ends by itself, and a reset is one at the other end")
def _():
    mesh()
    for vip in BOTH:
        c = client(vip=vip)
        text = hello("a.example")
        c.send(text)
        c.shut()
        server = raw[9001].accept()
        equal(server.exactly(len(text)), text)
        server.ended()
        server.send(b"the rest")
        equal(c.exactly(8), b"the rest")
        raw[9001].forget(server)
        c.ended()
        c.close()
        c, server = arrives(text, 9001, vip=vip)
        c.reset()
        server.was_reset()
        raw[9001].forget(server)
        c, server = arrives(text, 9001, vip=vip)
        raw[9001].selector.unregister(server.sock)
        raw[9001].conns.remove(server)
        server.reset()
        c.was_reset()
        c.close()


@test("all bytes pass, past TCP where both ends are of this node")
def _():
    mesh()
    big, some = os.urandom(1 << 20), os.urandom(50000)
    for pod in "app", "free":
        for vip in BOTH:
            def is_spliced(pod=pod, vip=vip):
                grown = Counters()
                c, server = arrives(hello("a.example"), 9001, pod, vip)
                for one, other in (c, server), (server, c):
                    one.send(some)
                    equal(other.exactly(len(some)), some)
                direct, by_tcp = grown("splice_direct_bytes", "splice_tcp_bytes")
                ends(c, 9001)
                return direct >= 4 * len(some) and by_tcp < 2000
            until(is_spliced)
            c, server = arrives(hello("a.example"), 9001, pod, vip)
            for one, other in (c, server), (server, c):
                with sent_meanwhile(one, big):
                    equal(other.exactly(len(big)), big)
            ends(c, 9001)


@test("source: keep: the server sees the client's own address")
def _():
    mesh(source="keep")
    addresses = {"app": "10.2.0.10", "free": "10.2.0.11"}
    # As where each pod has a link of its own: what the server answers comes by the node.
    way = ("ip", "route", "add", addresses["free"], "via", "10.2.0.1")
    run_in("web", *way)
    try:
        for pod, address in addresses.items():
            grown = Counters()
            c = client(pod)
            c.send(hello("a.example"))
            try:
                until(lambda: raw[9001].selector.select(0), 10)
            except AssertionError:
                note(f"{pod}: {grown.all('')}")
                raise
            server = raw[9001].accept()
            equal((pod, server.sock.getpeername()[0]), (pod, "::ffff:" + address))
            ends(c, 9001)
    finally:
        run_in("web", "ip", "route", "del", addresses["free"])


@test("an endpoint that cannot be reached: another is tried where the route says so")
def _():
    def cluster(*ports):
        return [{"name": "c", "lb": "round_robin", "connect_timeout": "5s",
                 "endpoints": [{"address": WEB, "port": port} for port in ports]}]
    retry = {"retry": {"on": "connect_failure", "num_retries": 3,
                       "backoff": "1ms", "avoid_previous_hosts": True}}
    for vip in BOTH:
        mesh([{"name": "a", "domains": ["*"], "routes": [route("c", **retry)]}],
             cluster(9009, 9001))
        grown = Counters()
        for _ in range(4):
            ends(arrives(hello("a.example"), 9001, vip=vip)[0], 9001)
        true(grown("upstream_retries") >= 1)
        # Not where it says nothing of it.
        mesh([{"name": "a", "domains": ["*"], "routes": [route("c")]}], cluster(9009))
        grown = Counters()
        c = client(vip=vip)
        c.send(hello("a.example"))
        c.was_reset()
        equal(grown("relays_failed", "upstream_retries"), [1, 0])
        c.close()
        meshctl("del", "endpoint", "c", f"{WEB}:9009")
        c = client(vip=vip)
        c.send(hello("a.example"))
        c.was_reset()
        grown.reach("refused_no_endpoint", 1)
        c.close()


def servers_of(n, text, port=443):
    """To which of them so many connections come, one after the other."""
    seen = set()
    for _ in range(n):
        c = Client("app", VIP, port)
        c.send(text)
        seen.update(until(lambda: [p for p in PORTS if raw[p].poll()]))
        c.close()
        for each in PORTS:
            raw[each].close_all()
    return seen


@test("clusters have their weights, and those that hash by source keep their clients")
def _():
    weighted = {"action": {"weighted_clusters": [{"name": "c9001", "weight": 1},
                                                 {"name": "c9002", "weight": 1}]}}
    mesh([{"name": "a", "domains": ["*"], "routes": [weighted]}])
    equal(servers_of(40, hello("a.example")), {9001, 9002})
    mesh([{"name": "a", "domains": ["*"], "routes": [route("all")]}],
         [{"name": "all", "lb": "maglev", "endpoints": [
             {"address": WEB, "port": port} for port in PORTS],
           "hash": [{"source_address": True}]}])
    equal(len(servers_of(10, hello("a.example"))), 1)


def manifests():
    """Of Gateway API: TLS for two names, and TCP for two servers, or for one that is
    not there, too."""
    def made(kind, name, **more):
        return {"kind": kind, "apiVersion": "gateway.networking.k8s.io/v1",
                "metadata": {"name": name, "labels": {"kubernetes.io/service-name": name}},
                **more}

    def routes(kind, name, *services, **more):
        return made(kind, name, spec={
            "parentRefs": [{"name": "gw", "sectionName": kind if more else name}],
            "rules": [{"backendRefs": [{"name": s, "port": 80} for s in services]}],
            **more})
    for service, port in ("one", 9001), ("two", 9002):
        yield made("Service", service, spec={"clusterIP": "None",
                                             "ports": [{"port": 80}]})
        yield made("EndpointSlice", service, addressType="IPv4", ports=[{"port": port}],
                   endpoints=[{"addresses": [WEB]}])
    yield made("Gateway", "gw", spec={"addresses": [{"value": VIP}], "listeners": [
        {"name": "TLSRoute", "port": 443, "protocol": "TLS",
         "tls": {"mode": "Passthrough"}},
        {"name": "tcp", "port": 5432, "protocol": "TCP"},
        {"name": "bad", "port": 5433, "protocol": "TCP"},
        {"name": "none", "port": 5434, "protocol": "TCP"}]})
    yield routes("TLSRoute", "a", "one", hostnames=["a.example"])
    yield routes("TLSRoute", "b", "two", hostnames=["*.b.example"])
    yield routes("TLSRoute", "c", "nobody", hostnames=["c.example"])
    yield routes("TCPRoute", "tcp", "one", "two")
    yield routes("TCPRoute", "bad", "one", "nobody")


@test("what is imported of TLSRoutes and TCPRoutes goes where Gateway API says")
def _():
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [*manifests()]})
    apply(json.loads(meshctl("-j", "import", "gateway-api", "-", file=text)))
    ends(arrives(hello("a.example"), 9001)[0], 9001)
    ends(arrives(hello("x.y.b.example"), 9002)[0], 9002)
    c = client()
    c.send(hello("d.example"))
    equal(c.rest(), UNRECOGNIZED)
    c.close()
    c = client()
    c.send(hello("c.example"))
    c.was_reset()
    c.close()
    equal(servers_of(40, b"SELECT 1", 5432), {9001, 9002})
    for port in 5433, 5434:
        grown = Counters()
        try:
            Client("app", VIP, port)
            raise AssertionError(f"port {port} is answered")
        except ConnectionRefusedError:
            equal(grown("refused_no_endpoint"), 1)


@test("the configuration is the one of when the hello is whole")
def _():
    mesh()
    text = hello("a.example")
    grown = Counters()
    c = client()
    c.send(text[:50])
    grown.reach("downstream_connections", 1)
    mesh([{"name": "a", "domains": ["*"], "routes": [route("c9002")]}])
    c.send(text[50:])
    server = raw[9002].accept()
    equal(server.exactly(len(text)), text)
    # A tunnel outlives it.
    meshctl("flush")
    server.send(b"still")
    equal(c.exactly(5), b"still")
    ends(c, 9002)


@test("a hello is not gathered where the namespace holds too much")
def _():
    mesh()
    with parameter("namespace_bytes_max", 0):
        for vip in BOTH:
            grown = Counters()
            c = client(vip=vip)
            c.send(hello("a.example"))
            c.was_reset()
            equal(grown("relays_failed"), 1)
            c.close()


@test("a listener's clients are bounded as others are")
def _():
    mesh(max_connections_per_source=1)
    for vip in BOTH:
        c, _ = arrives(hello("a.example"), 9001, vip=vip)
        grown = Counters()
        with contextlib.suppress(ConnectionResetError):
            client(vip=vip).was_reset()
        grown.reach("downstream_source_limited", 1)
        ends(c, 9001)
        drained()


@test("what limits a listener's requests limits connections that say what they want")
def _():
    text = hello("a.example")
    mesh(max_requests_per_source=1)
    for vip in BOTH:
        c, _ = arrives(text, 9001, vip=vip)
        grown = Counters()
        other = client(vip=vip)
        other.send(text)
        other.was_reset()
        equal(grown("relays_failed", "upstream_legs_opened"), [1, 0])
        ends(c, 9001)
        drained()
        ends(arrives(text, 9001, vip=vip)[0], 9001)
        drained()
    mesh(rate_limit={"max_tokens": 2, "tokens_per_fill": 1, "fill_interval": "60m"})
    for _ in range(2):
        ends(arrives(text, 9001)[0], 9001)
    c = client()
    c.send(text)
    c.was_reset()


@test("many connections at one time, each with its own server", 240)
def _():
    mesh()
    text = {name: hello(name) for name in NAMES}
    names = list(NAMES) * 40
    clients = []
    for i, name in enumerate(names):
        c = client("app" if i % 2 else "free", BOTH[i // 2 % 2])
        c.send(text[name][:30 + i])
        clients.append(c)
    for i, name in enumerate(names):
        clients[i].send(text[name][30 + i:])
    for name, port in NAMES.items():
        for _ in range(40):
            server = raw[port].accept()
            equal(server.exactly(len(text[name])), text[name])
            server.send(name.encode())
    for c, name in zip(clients, names):
        equal(c.exactly(len(name)), name.encode())
        c.close()
    for port in PORTS:
        raw[port].close_all()


def refused(virtual_host, **listener):
    wanted = config([virtual_host], **listener)
    done = subprocess.run(["meshctl", "apply", "-f", "-"], input=json.dumps(wanted),
                          text=True, stderr=subprocess.PIPE, check=False)
    true(done.returncode, "it was accepted")
    return done.stderr


@test("what makes no sense of TLS is refused, with its name and why")
def _():
    def host(*routes, **more):
        return {"name": "vh", "domains": ["a.example"],
                "routes": list(routes) or [route("c9001")], **more}
    field = {"request_headers": [{"name": "x", "value": "y"}]}
    for virtual_host, why in (
            (host(route("c9001", match={"path": {"exact": "/"}})), "a path"),
            (host(route("c9001", match={"path": {"prefix": "/a"}})), "a path"),
            (host(route("c9001", match={"method": "GET"})), "a method"),
            (host(route("c9001", match={"headers": [{"name": "x", "present": True}]})),
             "headers"),
            (host(route("c9001", match={"query": [{"name": "x", "present": True}]})),
             "query parameters"),
            (host(route("c9001", match={"source": "10.0.0.0/8"})), "a source"),
            (host(route("c9001", match={"fraction": "50%"})), "a fraction"),
            (host({"action": {"direct_response": {"status": 200}}}),
             "does not lead to a cluster"),
            (host({"action": {"redirect": {"host": "b"}}}), "does not lead to a cluster"),
            (host({"action": {"cluster_header": "x"}}), "header is to name"),
            (host({"action": {"cluster": "c9001", "rewrite": {"host": "b"}}}), "rewrite"),
            (host(route("c9001", **field)), "operations on headers"),
            (host(**field), "operations on headers"),
            (host(route("c9001", timeout="1s")), "timeout"),
            (host(route("c9001", fault={"abort": 500})),
             "policy other than retry"),
            (host(route("c9001"), route("c9002")), "several routes")):
        said = refused(virtual_host)
        true('"vh"' in said and why in said, said)
    said = refused(host(), route_table=None, cluster="c9001")
    true("route_table" in said, said)
    # The same for a change of the table that is in use.
    mesh([host()])
    with contextlib.suppress(AssertionError):
        meshctl("add", "route", "main/vh", "match", "any", "cluster", "c9002")
        raise SystemExit("it was accepted")
    mesh([host(route("c9001", match={"path": {"prefix": "/"}}))])


@test("a table that is used changes by single commands, and a host without route is none")
def _():
    mesh(hosts(default=False))
    meshctl("add", "virtual_host", "main/c", "domain", "c.example")
    c = client()
    c.send(hello("c.example"))
    equal(c.rest(), UNRECOGNIZED)
    meshctl("add", "route", "main/c", "match", "any", "cluster", "c9003")
    ends(arrives(hello("c.example"), 9003)[0], 9003)
    meshctl("del", "route", "main/c", "0")
    c = client()
    c.send(hello("c.example"))
    equal(c.rest(), UNRECOGNIZED)


@test("what was configured is told, and can be configured again")
def _():
    mesh()
    told = meshctl("export")
    true("protocol: tls" in told, told)
    meshctl("flush")
    meshctl("apply", "-f", "-", file=told)
    equal(meshctl("export"), told)


# ---- explain ----

SOURCES = {VIP: "10.2.0.10", VIP6: "fd00:2::10"}       # of pod "app"


def explained(vip, *words):
    return json.loads(meshctl("-j", "explain", vip, *words))


def not_explained(*words):
    done = subprocess.run(["meshctl", "explain", *words], stderr=subprocess.PIPE, text=True,
                          check=False)
    true(done.returncode, words)
    return done.stderr


def goes_as_told(said, vip, text):
    """The client says this, and a server has it: the one that explain has named."""
    port = int(said["endpoint"].rsplit(":", 1)[1])
    equal((said["endpoint"], "reason" in said, "status" in said),
          (f"{WEB}:{port}", False, False))
    ends(arrives(text, port, vip=vip)[0], port)


@test("explain: the server that a client's connection is told to get is the one it gets")
def _():
    wanted = config(hosts() + [
        {"name": "all", "domains": ["all.example"],
         "routes": [route("all", retry={"on": "connect_failure"})]}])
    wanted["clusters"].append(
        {"name": "all", "lb": "maglev", "hash": [{"source_address": True}],
         "endpoints": [{"address": WEB, "port": port} for port in PORTS]})
    apply(wanted)
    before, told = stats(), []
    for vip in BOTH:
        for name, host in (("a.example", "a"), ("A.Example", "a"), ("y.x.B.example", "b"),
                           ("b.example", "any"), ("", "any"), ("all.example", "all")):
            said = explained(vip, "server_name", name, "source", SOURCES[vip])
            equal([said.get(key) for key in ("listener", "server_name", "protocol", "client",
                                             "route_table", "virtual_host")],
                  [vip, name, "tls", SOURCES[vip], "main", host])
            equal((said["cluster"], said["route"]["action"]["cluster"], said["mismatches"]),
                  (said["route"]["action"]["cluster"], said["cluster"], []))
            equal((host, "hash" in said, said["policies"]),
                  (host, host == "all", ["retry"] if host == "all" else []))
            told.append((said, vip, name))
        equal(explained(vip)["virtual_host"], "any")
    equal(stats(), before)
    for said, vip, name in told:
        goes_as_told(said, vip, hello(name or None))
    lines = meshctl("explain", VIP, "server_name", "a.example").split("\n")
    for line in ("server name   a.example", "virtual host  a",
                 "  route 0     yes: any => cluster c9001", "cluster       c9001",
                 f"endpoint      {WEB}:9001, this time"):
        true(line in lines, (line, lines))


@test("explain: what refuses a connection is told as it is counted")
def _():
    mesh(hosts(default=False) +
         [{"name": "none", "domains": ["none.example"], "routes": [route("none")]},
          {"name": "empty", "domains": ["empty.example"], "routes": []}],
         config([])["clusters"] + [{"name": "none"}], rate_limit={"max_tokens": 1000})
    for vip in BOTH:
        for name, why in (("unknown.example", "tls_unrecognized_name"),
                          ("", "tls_unrecognized_name"),
                          ("empty.example", "tls_unrecognized_name"),
                          ("none.example", "refused_no_endpoint")):
            said = explained(vip, "server_name", name)
            equal((name, said["reason"], "endpoint" in said, "status" in said, said["policies"],
                   said.get("virtual_host")),
                  (name, why, False, False, ["listener_rate_limit"],
                   "none" if name == "none.example" else None))
            grown = Counters()
            c = client(vip=vip)
            c.send(hello(name or None))
            if why == "tls_unrecognized_name":
                equal(c.rest(), UNRECOGNIZED)
            else:
                c.was_reset()
            grown.reach(why, 1)
            c.close()
    for name in "a.example.", "10.96.0.1", "a..example":
        true("is reset" in not_explained(VIP, "server_name", name))
    for words, why in (((VIP, "server_name", "a b"), "server_name: "),
                       ((VIP, "server_name", "a" * 254), "server_name: "),
                       ((VIP, "GET", "http://a.example/"), "neither http nor auto"),
                       ((VIP, "http://a/", "server_name", "a"), "only one of them")):
        said = not_explained(*words)
        true(why in said, (words, said))
    for protocol in ("tcp", "cluster", "c9001"), ("http", "route_table", "main"):
        meshctl("set", "listener", VIP, "protocol", *protocol)
        said = not_explained(VIP, "server_name", "a.example")
        true("neither tls nor auto" in said or "HEAD is missing" in said, said)


@test("explain: route test has a table of the servers that clients ask for")
def _():
    mesh()
    tests = [{"listener": VIP, "server_name": "a.example",
              "expect": {"virtual_host": "a", "cluster": "c9001", "endpoint": f"{WEB}:9001"}},
             {"listener": VIP, "expect": {"virtual_host": "any"}}]
    equal(meshctl("route", "test", "-", file=json.dumps({"tests": tests})),
          f"ok 1 - {VIP} a.example\nok 2 - {VIP}\n1..2\n")


# ---- auto ----

def auto(tls=True, **listener):
    """HTTP goes to one server, TLS by its name, the rest to another."""
    wanted = config(hosts(default=False), protocol="auto", cluster=f"c{OTHER}",
                    **{"detect_timeout": "20s", **listener})
    wanted["clusters"].append(
        {"name": "web", "endpoints": [{"address": WEB, "port": HTTP}]})
    wanted["route_tables"].append(
        {"name": "web", "virtual_hosts": [{"name": "any", "domains": ["*"],
                                           "routes": [route("web")]}]})
    for l in wanted["listeners"]:
        l["route_table"] = "web"
        if tls:
            l["tls_route_table"] = "main"
    return wanted


def serve(c, path="/", body=b""):
    """The next request, and its answer."""
    conn, head = raw[HTTP].request()
    equal(head.start.split(" ")[1], path)
    if body:
        equal(conn.exactly(len(body)), body)
    conn.send(OK)
    equal(c.response()[1], b"ok")
    return head


@test("auto: HTTP, TLS and what is neither go their ways")
def _():
    apply(auto())
    for pod in "app", "free":
        for vip in BOTH:
            grown = Counters()
            c = client(pod, vip)
            c.send(request("/1", host="a"))
            true(serve(c, "/1").get("x-forwarded-for"))
            c.send(request("/2", host="a"))
            serve(c, "/2")
            ends(c, HTTP)
            ends(arrives(hello("a.example"), 9001, pod, vip)[0], 9001)
            c, server = arrives(b"SSH-2.0-x\r\n", OTHER, pod, vip)
            server.send(b"SSH-2.0-y\r\n")
            equal(c.until(b"y\r\n"), b"SSH-2.0-y\r\n")
            c.shut()
            server.ended()
            ends(c, OTHER)
            equal((pod, grown("intercepted_auto", "requests", "detect_timeout")),
                  (pod, [3 * (pod == "app"), 2, 0]))


@test("auto: what is said may come in any pieces")
def _():
    apply(auto())
    for vip in BOTH:
        c = client(vip=vip)
        c.send_slowly(request("/slow", host="a"))
        serve(c, "/slow")
        ends(c, HTTP)
        # More of it than is looked at at first: bodies, further requests.
        c = client(vip=vip)
        c.send(request("/1", "Content-Length: 3", host="a", method="POST") + b"abc" +
               request("/2", host="a") + request("/3", host="a"))
        serve(c, "/1", b"abc")
        serve(c, "/2")
        serve(c, "/3")
        ends(c, HTTP)
        ends(arrives(hello("a.example"), 9001, vip=vip, send=Client.send_slowly)[0], 9001)
        ends(arrives(b"EHLO mail.example\r\n", OTHER, vip=vip,
                     send=Client.send_slowly)[0], OTHER)


@test("behind a proxy that says who its clients are, and before servers that ask for it")
def _():
    header = b"PROXY TCP4 198.51.100.7 192.0.2.1 1234 443\r\n"
    text = hello("a.example")
    options = {"proxy_protocol": True, "trusted_sources": ["10.2.0.0/24", "fd00:2::/64"]}
    for apply_it in (lambda: mesh(**options),
                     lambda: apply(auto(**options))):
        apply_it()
        for pod in "app", "free":
            c = client(pod)
            c.send(header + text)
            server = raw[9001].accept()
            equal(server.exactly(len(text)), text)
            ends(c, 9001)
            # Without one it is reset.
            grown = Counters()
            c = client(pod)
            c.send(text)
            c.was_reset()
            grown.reach("downstream_proxy_header_absent", 1)
            c.close()
    # What bounds a connection does so from its beginning.
    mesh(headers_timeout="60s", max_connection_duration="1s", **options)
    grown = Counters()
    c = client()
    c.send(header + text[:50])
    c.was_reset()
    grown.reach("tls_hello_timeout", 1)
    c.close()
    mesh(clusters=[{"name": f"c{port}", "proxy_protocol": "v1",
                    "endpoints": [{"address": WEB, "port": port}]} for port in PORTS],
         **options)
    c = client()
    c.send(header + text)
    server = raw[9001].accept()
    equal(server.exactly(len(header + text)), header + text)
    ends(c, 9001)


@test("auto: what begins like HTTP or TLS and is neither is left as it is")
def _():
    apply(auto())
    for vip in BOTH:
        for text in (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /\r\n", b"get key\r\n",
                     b"OPTIONS sip:a SIP/2.0\r\n", b"\x16\x02\x01", b"\x00" * 100,
                     b"G" * 40, b"*1\r\n$4\r\nPING\r\n", os.urandom(1) * 20000):
            ends(arrives(text, OTHER, vip=vip)[0], OTHER)
    # Not TLS without a table for that.
    apply(auto(tls=False))
    ends(arrives(hello("a.example"), OTHER)[0], OTHER)


@test("auto: a client that waits for the server is connected with the cluster")
def _():
    apply(auto(detect_timeout="300ms"))
    for pod in "app", "free":
        for vip in BOTH:
            grown = Counters()
            c = client(pod, vip)
            server = raw[OTHER].accept()
            server.send(b"220 hello\r\n")
            equal(c.until(b"\r\n"), b"220 hello\r\n")
            c.send(b"GET / HTTP/1.1\r\n")
            equal(server.until(b"\r\n"), b"GET / HTTP/1.1\r\n")
            equal(grown("detect_timeout", "requests"), [1, 0])
            ends(c, OTHER)
            # Nor is what is not said waited for.
            ends(arrives(b"GET /ab", OTHER, pod, vip)[0], OTHER)
            ends(arrives(b"\x16", OTHER, pod, vip)[0], OTHER)
            equal(grown("detect_timeout"), 3)


@test("auto: a client that ends: without a word it is let go, else what it said goes on")
def _():
    apply(auto())
    for vip in BOTH:
        grown = Counters()
        c = client(vip=vip)
        c.shut()
        c.ended()
        c.close()
        equal(grown("upstream_legs_opened"), 0)
        c = client(vip=vip)
        c.send(b"GET")
        c.shut()
        server = raw[OTHER].accept()
        equal(server.rest(), b"GET")
        server.send(b"bye")
        raw[OTHER].forget(server)
        equal(c.rest(), b"bye")
        c.close()
        # Who closes at once wants no answer, but what it has said to arrive.
        c = client(vip=vip)
        c.send(b"metric 1\n")
        c.close()
        server = raw[OTHER].accept()
        equal(server.rest(), b"metric 1\n")
        raw[OTHER].forget(server)


@test("auto: what is HTTP, or TLS, is refused as such")
def _():
    apply(auto())
    for vip in BOTH:
        grown = Counters()
        c = client(vip=vip)
        c.send(b"GET / HTTP/1.1\r\nno field\r\n\r\n")
        c.refusal(400)
        c = client(vip=vip)
        with contextlib.suppress(OSError):
            c.send(b"GET /" + b"a" * 70000)
        true(c.head().status in (414, 431))
        c = client(vip=vip)
        c.send(hello("unknown.example"))
        equal(c.rest(), UNRECOGNIZED)
        c = client(vip=vip)
        c.send(b"\x16\x03\x01\0\0")
        c.was_reset()
        equal(grown("reply_400_bad_request", "tls_unrecognized_name", "tls_bad_hello"),
              [1, 1, 1])


@test("auto: explain says where HTTP, TLS and what is neither go, as they go")
def _():
    for tls in True, False:
        apply(auto(tls=tls))
        for vip in BOTH:
            said = explained(vip, "http://a/")
            equal((said["route_table"], said["endpoint"]), ("web", f"{WEB}:{HTTP}"))
            for name in "a.example", "x.b.example":
                said = explained(vip, "server_name", name)
                equal((said["protocol"], said.get("route_table"),
                       said.get("virtual_host")),
                      ("auto", *(("main", name[-9]) if tls else (None, None))))
                goes_as_told(said, vip, hello(name))
            said = explained(vip)
            equal((said["cluster"], "route_table" in said, said["policies"]),
                  (f"c{OTHER}", False, []))
            goes_as_told(said, vip, b"SSH-2.0-x\r\n")
            for name in "unknown.example", "":
                equal((tls, explained(vip, "server_name", name).get("reason")),
                      (tls, "tls_unrecognized_name" if tls else None))


@test("auto: a listener needs what it leads to, and is told whole")
def _():
    apply(auto())
    told = meshctl("export")
    for field in "protocol: auto", "tls_route_table: main", f"cluster: c{OTHER}":
        true(field in told, told)
    meshctl("flush")
    meshctl("apply", "-f", "-", file=told)
    equal(meshctl("export"), told)
    true(f"{WEB}:{HTTP}" in meshctl("explain", VIP, "GET", "http://a/"))
    for missing in "route_table", "cluster":
        wanted = auto()
        del wanted["listeners"][0][missing]
        done = subprocess.run(["meshctl", "apply", "-f", "-"], input=json.dumps(wanted),
                              text=True, stderr=subprocess.PIPE, check=False)
        true(done.returncode and missing in done.stderr, done)
    for name, more in ("http", ()), ("tcp", ("cluster", "c9001")), (
            "auto", ("route_table", "web", "tls_route_table", "main", "cluster", "c9003")):
        meshctl("set", "listener", VIP, "protocol", name, *more)
        true(f"protocol: {name}" in meshctl("export"))
    for bad in ("protocol", "http", "tls_route_table", "main"), \
            ("proxy", "127.0.0.1:1"), ("tls_route_table", "web"), ("cluster", "none"):
        done = subprocess.run(["meshctl", "set", "listener", VIP, *bad],
                              stderr=subprocess.PIPE, check=False)
        # An HTTP table of one route without conditions would do for TLS as well.
        equal((bad, bool(done.returncode)), (bad, bad[1] != "web"))


# ---- programs ----

def certificate(name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "3650", "-subj",
                    f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout",
                    f"{made}/{name}.key", "-out", f"{made}/{name}.crt"],
                   check=True, stderr=subprocess.DEVNULL)


def openssl(pod, vip, name, *options):
    """What s_client says: of whom the certificate is, and what became of it."""
    host = f"[{vip}]" if ":" in vip else vip
    return run_in(pod, "openssl", "s_client", "-connect", f"{host}:443", "-servername",
                  name, *options, stderr=subprocess.STDOUT, check=False)


@contextlib.contextmanager
def servers():
    """OpenSSL's server, and nginx, each with a certificate of its own."""
    with open(f"{made}/nginx.conf", "w", encoding="ascii") as f:
        f.write(f"daemon off; pid {made}/nginx.pid; error_log {made}/error.log;\n"
                "events {}\nhttp { access_log off; server {\n"
                "listen 9102 ssl; listen [::]:9102 ssl; "
                f"ssl_certificate {made}/x.b.example.crt;\n"
                f"ssl_certificate_key {made}/x.b.example.key;\n"
                'location / { return 200 "nginx\\n"; } } }\n')
    commands = [
        ["openssl", "s_server", "-accept", "9101", "-www", "-quiet", "-cert",
         f"{made}/a.example.crt", "-key", f"{made}/a.example.key"],
        ["nginx", "-p", made, "-e", f"{made}/error.log", "-c", f"{made}/nginx.conf"]]
    with in_pod("web"):
        # pylint: disable=consider-using-with
        children = [subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                    for command in commands]
    try:
        for port in 9101, 9102:
            until(lambda port=port: answers(port))
        yield
    finally:
        for child in children:
            child.terminate()
            child.wait()


def answers(port):
    with in_pod("web"), socket.socket() as s:
        return not s.connect_ex(("127.0.0.1", port))


@test("curl and openssl: each server is asked by its name, and proves it", 240)
def _():
    for name in "a.example", "x.b.example":
        certificate(name)
    mesh(clusters=[{"name": f"c{port}", "endpoints": [
        {"address": WEB, "port": port + 100}]} for port in PORTS])
    with servers():
        for pod in "app", "free":
            for vip in BOTH:
                for name, said in ("a.example", "s_server"), ("x.b.example", "nginx"):
                    got = run_in(pod, "curl", "-sS", "--resolve", f"{name}:443:{vip}",
                                 "--cacert", f"{made}/{name}.crt", f"https://{name}/")
                    true(said in got, (name, got))
                    for version in "-tls1_2", "-tls1_3":
                        got = openssl(pod, vip, name, version, "-CAfile",
                                      f"{made}/{name}.crt", "-verify_hostname", name,
                                      "-verify_return_error")
                        true("Verify return code: 0 (ok)" in got or
                             "Verification: OK" in got, got)


def main():
    global net, made  # pylint: disable=global-statement
    net = Net(app=10, free=11, web=20)
    made = tempfile.mkdtemp(prefix="l7mesh-tls.")
    try:
        for port in *PORTS, HTTP:
            raw[port] = Backend("web", port)
        meshctl("attach", "app")
        return run_tests(lambda: (close_connections(), drained()), closes=True)
    finally:
        meshctl("flush")
        net.down()
        shutil.rmtree(made)


sys.exit(main())
