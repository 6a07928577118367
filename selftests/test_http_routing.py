#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Which route, which cluster, which endpoint: requests from a pod to three nginx
pods and to the mesh itself, by curl, asyncio, http.client, node and wrk.

   pod app (attached) ... pods a, b, c with nginx; pod own has a mesh of its own
"""

import asyncio
import collections
import http.client
import json
import os
import re
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from l7 import (LIB, Client, Counters, apply, close_clients, equal, in_pod,
                meshctl, note, pods_of_a_mesh, run_in, run_tests, test, true)
from xxh64 import xxh64

VIP, VIP6 = "10.96.0.10", "fd00:96::10"
PODS = {"a": "10.2.0.21", "b": "10.2.0.22", "c": "fd00:2::23"}
net = None


def endpoints(pods="abc"):
    return [{"address": PODS[p], "port": 8080} for p in pods]


def says(text, **match):
    """A route of the mesh's own answer."""
    return {"match": match,
            "action": {"direct_response": {"status": 200, "body": text}}}


def to(path, action):
    return {"match": {"path": {"prefix": path}}, "action": action}


def prefix(path):
    return {"prefix": path}


def header(name, **how):
    return [{"name": name, **how}]


MATCHES = [
    says("exact path", path={"exact": "/exact"}),
    says("POST", path=prefix("/method"), method="POST,PUT"),
    says("not POST", path=prefix("/method")),
    says("header exact", path=prefix("/header"),
         headers=header("X-Canary", exact="1")),
    says("header prefix", path=prefix("/header"),
         headers=header("user-agent", prefix="curl/")),
    says("two headers", path=prefix("/header"),
         headers=header("a", exact="1") + header("b", exact="2")),
    says("header present", path=prefix("/header"),
         headers=header("here", present=True)),
    says("header absent", path=prefix("/header"),
         headers=header("cookie", present=False)),
    says("no header matched", path=prefix("/header")),
    says("query exact", path=prefix("/query"), query=header("v", exact="2")),
    says("query prefix", path=prefix("/query"), query=header("v", prefix="be")),
    says("query present", path=prefix("/query"),
         query=header("debug", present=True)),
    says("no query matched", path=prefix("/query")),
    says("first", path=prefix("/order")),
    says("second", path=prefix("/order/more")),
    says("deep segment", path=prefix("/seg/ment")),
    says("segment", path=prefix("/seg/")),
    {"match": {"path": {"exact": "/old"}},
     "action": {"redirect": {"path": "/new", "status": 301}}},
    to("/moved", {"redirect": {"host": "other.example", "status": 308}}),
    to("/teapot", {"direct_response": {"status": 418, "body": "short\nstout"}}),
    to("/nothing", {"direct_response": {"status": 204}}),
    to("/a", {"cluster": "a"}),
    to("/users", {"cluster": "users"}),
    to("/source", {"cluster": "source"}),
    to("/turns", {"cluster": "turns"}),
    to("/chance", {"cluster": "chance"}),
    to("/weighted", {"weighted_clusters": [
        {"name": "a", "weight": 90}, {"name": "b", "weight": 10},
        {"name": "c", "weight": 0}]}),
    to("/empty", {"cluster": "empty"}),
    says("rest"),
]
HOSTS = {
    "exact": ["exact.example", "alias.example"],
    "suffix": ["*.example"],
    "long-suffix": ["*.deep.example"],
    "prefix": ["www.*"],
    "long-prefix": ["www.shop.*"],
    "address": ["10.96.0.10", "[fd00:96::10]"],
    "any": ["*"],
}
CONFIG = {
    "clusters": [
        {"name": p, "endpoints": endpoints(p)} for p in PODS
    ] + [
        {"name": "users", "hash": [{"header": "X-User"}, {"header": "x-id"}],
         "endpoints": endpoints()},
        {"name": "source", "hash": [{"source_address": True}],
         "endpoints": endpoints()},
        {"name": "turns", "lb": "round_robin", "endpoints": endpoints()},
        {"name": "chance", "lb": "random", "endpoints": endpoints()},
        {"name": "empty"},
    ],
    "route_tables": [
        {"name": "hosts", "virtual_hosts": [
            {"name": name, "domains": domains, "routes": [says(name)]}
            for name, domains in HOSTS.items()]},
        {"name": "strict", "virtual_hosts": [
            {"name": "only", "domains": ["only.example"], "routes": [
                says("only", path=prefix("/only"))]}]},
        {"name": "matches", "virtual_hosts": [
            {"name": "all", "domains": ["*"], "routes": MATCHES}]},
    ],
    "listeners": [
        {"name": f"{table}{family}", "address": address, "port": port,
         "protocol": "http", "route_table": table}
        for family, address in ((4, VIP), (6, VIP6))
        for port, table in ((80, "matches"), (81, "hosts"), (82, "strict"))
    ],
}


def ask(c, path, *fields, host="any.host", method="GET", body=b""):
    """One request on a connection: status, body, head."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    c.send(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
    head, answer = c.response(method)
    return head.status, answer.decode(), head




def on_both(port):
    """A connection by each family."""
    for address in (VIP, VIP6):
        yield Client("app", address, port)


@test("hosts: exact, longest suffix, longest prefix, any; no port, any case")
def _():
    cases = {
        "exact.example": "exact", "ALIAS.example:8080": "exact",
        "x.example": "suffix", "x.y.Example": "suffix", ".example": "any",
        "example": "any", "x.deep.example": "long-suffix",
        "deep.example": "suffix", "www.org": "prefix",
        "www.shop.org:80": "long-prefix", "www.": "any",
        "www.example": "suffix", "10.96.0.10": "address",
        "[fd00:96::10]:81": "address", "elsewhere.org": "any",
        "exact.example.org": "any",
    }
    for c in on_both(81):
        for host, wanted in cases.items():
            equal((host, ask(c, "/", host=host)[1]), (host, wanted))


@test("no virtual host, no route: 404, and the connection goes on")
def _():
    grown = Counters()
    for c in on_both(82):
        equal(ask(c, "/only", host="only.example")[:2], (200, "only"))
        equal(ask(c, "/only", host="other.example")[:2], (404, "Not Found\n"))
        equal(ask(c, "/other", host="only.example")[:2], (404, "Not Found\n"))
        equal(ask(c, "/only", host="only.example")[:2], (200, "only"))
    equal(grown("reply_404_no_route", "reply_direct_response"), [4, 4])


@test("paths, methods, headers, query, order")
def _():
    cases = [
        (("/exact",), "exact path"), (("/exact?q",), "exact path"),
        (("/exact/",), "rest"), (("/exactly",), "rest"), (("/Exact",), "rest"),
        (("/seg",), "segment"), (("/seg/",), "segment"),
        (("/seg/x",), "segment"), (("/segment",), "rest"),
        (("/seg/ment",), "deep segment"), (("/seg/mental",), "segment"),
        (("/order/more",), "first"),
        (("/method",), "not POST"),
        (("/header", "x-canary: 1", "Cookie: c"), "header exact"),
        (("/header", "X-CANARY:1"), "header exact"),
        (("/header", "x-canary: 0", "x-canary: 1", "Cookie: c"),
         "no header matched"),  # it is "0,1", as Envoy joins them
        (("/header", "x-canary: 11", "Cookie: c"), "no header matched"),
        (("/header", "User-Agent: curl/8", "Cookie: c"), "header prefix"),
        (("/header", "a: 1", "b: 2", "Cookie: c"), "two headers"),
        (("/header", "a: 1", "Cookie: c"), "no header matched"),
        (("/header", "Here:", "Cookie: c"), "header present"),
        (("/header",), "header absent"),
        (("/query?a=b&v=2",), "query exact"),
        (("/query?v=22",), "no query matched"),
        (("/query?v=beta&x",), "query prefix"),
        (("/query?debug",), "query present"),
        (("/query?nodebug",), "no query matched"),
    ]
    for c in on_both(80):
        for request, wanted in cases:
            equal((request, ask(c, *request)[1]), (request, wanted))
        equal(ask(c, "/method", method="PUT")[1], "POST")
        equal(ask(c, "/method", method="POST", body=b"x")[1], "POST")


@test("redirects")
def _():
    for c in on_both(80):
        status, _, head = ask(c, "/old?a=b")
        equal((status, head.get("location")), (301, "http://any.host/new?a=b"))
        status, _, head = ask(c, "/moved/x?y")
        equal((status, head.get("location")),
              (308, "http://other.example/moved/x?y"))


@test("direct responses")
def _():
    for c in on_both(80):
        equal(ask(c, "/teapot")[:2], (418, "short\nstout"))
        equal(ask(c, "/nothing")[:2], (204, ""))


@test("no endpoint: 503")
def _():
    for c in on_both(80):
        equal(ask(c, "/empty")[0], 503)
        equal(ask(c, "/a")[:2], (200, "a\n"))


def count(answers):
    return {k.strip(): v for k, v in collections.Counter(answers).items()}


@test("round robin: exactly in turn, over IPv4 and IPv6 endpoints")
def _():
    answers = []
    for c in on_both(80):
        answers += [ask(c, "/turns")[1] for _ in range(150)]
    equal(count(answers), {"a": 100, "b": 100, "c": 100})
    equal(answers[:3] * 100, answers)


@test("random: every endpoint has about a third")
def _():
    c = Client("app", VIP)
    answers = count(ask(c, "/chance")[1] for _ in range(600))
    # mean 200, standard deviation 11.5: seven of them
    true(all(120 < answers.get(pod, 0) < 280 for pod in PODS), answers)


@test("weighted clusters: 90, 10, 0")
def _():
    answers = collections.Counter()
    for c in on_both(80):
        answers += count(ask(c, "/weighted")[1] for _ in range(500))
    note(answers)
    equal(answers["c"], 0)
    # mean 100, standard deviation 9.5: seven of them
    true(33 < answers["b"] < 167, answers)
    equal(answers["a"] + answers["b"], 1000)


# ---- Maglev ----

def maglev(name):
    """A cluster's table, as a function from a value to a pod."""
    table = json.loads(meshctl("-j", "show", "maglev", name))
    pods = {address: pod for pod, address in PODS.items()}
    names = [pods[e["address"]] for e in table["endpoints"]]
    return lambda value: names[table["entries"][xxh64(value.encode()) %
                                                table["size"]]] + "\n"


@test("Maglev: each value of the header goes where the table says")
def _():
    equal(xxh64(b""), 0xEF46DB3751D8E999)
    equal(xxh64(b"abc"), 0x44BC2CF5AD770999)
    where = maglev("users")
    seen = set()
    for c in on_both(80):
        for i in range(100):
            user = f"user-{i}" * (1 + i % 3)
            answer = ask(c, "/users", f"x-user: {user}")[1]
            equal((user, answer), (user, where(user)))
            seen.add(answer)
    equal(len(seen), 3)


@test("Maglev: the first policy that yields a value; none: any endpoint")
def _():
    where = maglev("users")
    c = Client("app", VIP)
    for i in range(20):
        equal(ask(c, "/users", f"x-id: {i}")[1], where(str(i)))
        equal(ask(c, "/users", f"x-id: {i}", "X-USER: me")[1], where("me"))
    equal(len({ask(c, "/users")[1] for _ in range(100)}), 3)


@test("Maglev: by the client's address, as it is without a mesh")
def _():
    where = maglev("source")
    for c, address in zip(on_both(80), ("10.2.0.10", "fd00:2::10")):
        for _ in range(5):
            equal(ask(c, "/source")[1], where(address))


@test("each request of a connection has a route of its own")
def _():
    grown = Counters()
    c = Client("app", VIP)
    for i in range(60):
        path, wanted = (("/a", "a\n"), ("/exact", "exact path"),
                        ("/users", None))[i % 3]
        answer = ask(c, path)[1]
        equal(answer, wanted or answer)
    equal(grown("downstream_connections", "requests", "reply_direct_response"),
          [1, 60, 20])


# ---- clients ----

@test("curl: keep-alive, both families, a name, POST, redirects")
def _():
    net("net_hosts", "app", f"{VIP} shop.example")
    net("net_hosts", "app", f"{VIP6} shop.example")
    for family in ("-4", "-6"):
        out = run_in("app", "curl", "-s", family, "-w", "%{remote_ip} "
                     "%{num_connects}\n", *["http://shop.example/a"] * 3)
        vip = VIP if family == "-4" else VIP6
        equal(out, "".join(f"a\n{vip} {n}\n" for n in (1, 0, 0)))
    out = run_in("app", "curl", "-sL", "-o", "/dev/null", "-w",
                 "%{url_effective}", "http://shop.example/old")
    equal(out, "http://shop.example/new")
    out = run_in("app", "curl", "-s", "-d", "@/bin/true", "-H",
                 "Expect: 100-continue", "http://shop.example/method")
    equal(out, "POST")


@test("http.client")
def _():
    for vip in (VIP, VIP6):
        conn = http.client.HTTPConnection(vip, 80)
        with in_pod("app"):
            conn.connect()
        for i in range(20):
            conn.request("GET", "/users", headers={"x-user": f"user-{i}"})
            response = conn.getresponse()
            equal((response.status, response.read().decode()),
                  (200, response.headers["X-Pod"] + "\n"))
        conn.close()


async def talk(vip, n):
    """Requests of one asyncio connection."""
    reader, writer = await asyncio.open_connection(vip, 80)
    for _ in range(n):
        writer.write(b"GET /turns HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
        await reader.readexactly(size)
        true(head.startswith(b"HTTP/1.1 200"), head)
    writer.close()


async def talk_all():
    await asyncio.gather(*[talk(vip, 10) for vip in (VIP, VIP6) * 10])


@test("asyncio: 20 connections at once")
def _():
    grown = Counters()
    with in_pod("app"):
        asyncio.run(talk_all())
    equal(grown("requests"), 200)
    grown.reach("responses", 200)


@test("node: an agent with keep-alive")
def _():
    grown = Counters()
    url = f"http://{VIP}/turns"
    out = run_in("app", "node", f"{LIB}/node_client.js", "90", "3", url).splitlines()
    equal(out, [f"{url} {line}" for line in ("30 200 a", "30 200 b", "30 200 c",
                                             "sockets 3")])
    equal(grown("downstream_connections", "requests"), [3, 90])


@test("wrk")
def _():
    grown = Counters()
    out = run_in("app", "wrk", "-t", "1", "-c", "8", "-d", "3",
                 f"http://{VIP}/turns")
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    true("Non-2xx" not in out and "Socket errors" not in out, out)
    true(requests > 0, out)
    note(f"{requests} requests")
    # Up to one more of each connection was on its way at the end.
    true(requests <= grown("requests") <= requests + 8, grown("requests"))


# ---- whose mesh ----

@test("a mesh in the pod's own namespace")
def _():
    config = {"clusters": [{"name": "x", "endpoints": endpoints("b")}],
              "route_tables": [{"name": "t", "virtual_hosts": [
                  {"name": "v", "domains": ["*"], "routes": [
                      {"action": {"cluster": "x"}}]}]}],
              "listeners": [{"name": "l", "address": VIP, "port": 80,
                             "protocol": "http", "route_table": "t"}]}
    meshctl("-n", "own", "apply", "-f", "-", file=json.dumps(config))
    equal(run_in("own", "curl", "-s", f"http://{VIP}/a"), "b\n")
    equal(run_in("app", "curl", "-s", f"http://{VIP}/a"), "a\n")
    meshctl("-n", "own", "flush")
    try:
        run_in("own", "curl", "-sm", "2", f"http://{VIP}/a")
        raise AssertionError("an answer without a mesh")
    except subprocess.CalledProcessError:
        pass


@test("attach and detach take effect at once; kept connections end")
def _():
    c = Client("app", VIP)
    equal(ask(c, "/a")[1], "a\n")
    meshctl("detach", "app")
    with in_pod("app"):
        sock = socket.socket()
    sock.settimeout(1)
    try:
        sock.connect((VIP, 80))
        raise AssertionError("connected without a mesh")
    except OSError:
        pass
    # The connection that was there ends, at the latest with its next request.
    try:
        c.send(b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        head, body = c.response()
        equal((head.status, body, head.get("connection")),
              (200, b"a\n", "close"))
        c.ended()
    except (EOFError, ConnectionError):
        pass
    meshctl("attach", "app")
    equal(ask(Client("app", VIP), "/a")[1], "a\n")


@test("a change is what the next request sees, on connections that exist")
def _():
    c = Client("app", VIP)
    equal(ask(c, "/a")[1], "a\n")
    meshctl("add", "endpoint", "a", "10.2.0.22:8080")
    meshctl("del", "endpoint", "a", "10.2.0.21:8080")
    equal(ask(c, "/a")[1], "b\n")
    apply(CONFIG)
    equal(ask(c, "/a")[1], "a\n")
    meshctl("del", "listener", "matches4")
    equal(ask(c, "/a")[0], 404)
    c.ended()
    apply(CONFIG)


def main():
    global net
    with pods_of_a_mesh("app", app=10, a=21, b=22, c=23, own=30) as net:
        for pod in PODS:
            net("net_nginx", pod)
        apply(CONFIG)
        return run_tests(close_clients)


if __name__ == "__main__":
    sys.exit(main())
