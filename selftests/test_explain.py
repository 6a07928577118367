#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What explain says of a request is what becomes of it when it is made, and asking
changes nothing; route test finds what differs from a table of expectations.

   clients in pod "app" -- virtual IPs -- a raw server in pod "web"
"""

import json
import os
import re
import select
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from endpoints import OK, VIP, VIP6, WEB
from l7 import (PATIENCE, Backend, Client, apply, close_connections, equal, meshctl,
                pods_of_a_mesh, run_tests, stats, test, true)

APP, APP6 = "10.2.0.10", "fd00:2::10"
VIP_TCP, VIP_PROXY, VIP_ANY = "10.96.0.2", "10.96.0.3", "10.96.0.4"
ANY_PORT = 8080
web = None


def op(name, value=None, kind="set"):
    return {"name": name, "op": kind, **({"value": value} if value else {})}


ROUTES = [
    {"match": {"path": {"exact": "/exact"}, "method": "POST"},
     "action": {"cluster": "web"}},
    {"match": {"path": {"prefix": "/old"}},
     "action": {"redirect": {"prefix": "/new", "scheme": "https",
                             "status": 308}}},
    {"match": {"path": {"template": "/users/{id}"},
               "headers": [{"name": "x-a", "present": True},
                           {"name": "x-b", "exact": "1"}]},
     "action": {"cluster": "web",
                "rewrite": {"template": "/by-id/{id}", "host": "inner"}}},
    {"match": {"query": [{"name": "q", "exact": "1"}]},
     "action": {"direct_response": {"status": 200, "body": "direct\n"}},
     "response_headers": [op("x-q", "%REQ(host)%")]},
    {"match": {"path": {"prefix": "/cors"}}, "action": {"cluster": "web"},
     "cors": {"allow_origins": ["http://good"], "allow_methods": "GET"}},
    {"match": {"path": {"prefix": "/abort"}}, "action": {"cluster": "web"},
     "fault": {"abort": 418}},
    {"match": {"path": {"prefix": "/nobody"}}, "action": {"cluster": "nobody"}},
    {"match": {"path": {"prefix": "/named"}},
     "action": {"cluster_header": "x-cluster"}},
    {"match": {"source": "10.9.0.0/16"}, "action": {"cluster": "nobody"}},
    {"match": {"listener": "6", "path": {"prefix": "/six"}},
     "action": {"direct_response": {"status": 206, "body": "six\n"}}},
    {"match": {"source_netns": 4}, "action": {"cluster": "nobody"}},
    {"match": {"fraction": "0%"}, "action": {"cluster": "nobody"}},
    {"match": {"path": {"prefix": "/plain"}},
     "action": {"cluster": "web", "subset": "some"},
     "timeout": "9s", "retry": {"on": "reset", "per_try_timeout": "8s",
                                "hedge_on_per_try_timeout": True},
     "rate_limit": {"max_tokens": 1000000},
     "request_headers": [op("x-who", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"),
                         op("x-where", "%UPSTREAM_REMOTE_ADDRESS%"),
                         op("x-gone", kind="remove")]},
]


def mesh(**options):
    apply({
        "clusters": [
            {"name": "web", "hash": [{"header": "x-user"}],
             "circuit_breakers": {"max_requests": 1000},
             "outlier_detection": {"consecutive_5xx": 100},
             "failure_accrual": {"max_failures": 100},
             "subsets": [{"name": "some", "metadata": "a=b"}],
             "endpoints": [{"address": WEB, "port": 9000,
                            "metadata": "a=b"}]},
            {"name": "nobody"}],
        "route_tables": [{"name": "main", "virtual_hosts": [
            {"name": "shop", "domains": ["shop", "*.shop"], "routes": ROUTES,
             "request_headers": [op("x-host", "shop")]},
            {"name": "exact", "domains": ["specific"], "order": "specific",
             "routes": [
                 {"action": {"direct_response": {"status": 203}}},
                 {"match": {"path": {"prefix": "/a"}},
                  "action": {"direct_response": {"status": 201}}},
                 {"match": {"path": {"exact": "/a/b"}},
                  "action": {"direct_response": {"status": 202}}}]}]}],
        "listeners": [
            {"name": name, "address": address, "port": port,
             "protocol": "http", "route_table": "main",
             "rate_limit": {"max_tokens": 1000000}, **options}
            for name, address, port in (("4", VIP, 80), ("6", VIP6, 80),
                                        ("any", VIP_ANY, 0))] + [
            {"name": "tcp", "address": VIP_TCP, "port": 80, "protocol": "tcp",
             "cluster": "web"},
            {"name": "proxied", "address": VIP_PROXY, "port": 80,
             "protocol": "tcp", "proxy": {"address": "127.0.0.1",
                                          "port": 15001}}]})


def explain(listener, method, url, *headers, source=None):
    words = [method, url]
    for header in headers:
        words += ["header", header]
    if source:
        words += ["source", source]
    return json.loads(meshctl("-j", "explain", listener, *words))


# What is different each time, or is about a connection: its port, its end.
CHANGING = re.compile(r"^(x-request-id|date|traceparent): .*$", re.M)
PORT = re.compile(r"(10\.2\.0\.10|\[fd00:2::10\]):\d+")


def steady(text):
    return PORT.sub(r"\1", CHANGING.sub(r"\1", text))


def told(message):
    """An explained head, as text."""
    return steady("\r\n".join([message["line"], *message["headers"], "", ""]))


def made(c, method, target, host, headers, body):
    """Makes the request: what the server got, or None, and what the client got."""
    lines = [f"{method} {target} HTTP/1.1", f"host: {host}", *headers]
    c.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)
    served = None
    while not select.select([c.sock], [], [], 0)[0]:
        select.select([c.sock, web.selector.fileno()], [], [], PATIENCE)
        conn = None if served else web.poll()
        if conn:
            served = conn.head()
            conn.exactly(len(body))
            conn.send(OK)
    head, content = c.response(method)
    return served, head, content


def as_made(method, url, *headers, body=b"", addresses=(VIP, VIP6)):
    """Explains a request, and makes it: both are one. The explanation."""
    host, slash, path = url.removeprefix("http://").partition("/")
    for address in addresses:
        listener = "6" if ":" in address else "4"
        source = APP6 if ":" in address else APP
        said = explain(listener, method, url, *headers, source=source)
        served, head, content = made(Client("app", address), method,
                                     slash + path or "/", host, headers, body)
        equal(served and steady(served.raw.decode()),
              told(said["request"]) if "request" in said else None)
        if served:
            equal((said["endpoint"], "status" in said),
                  (f"{WEB}:9000", False))
            continue
        equal(said["status"], head.status)
        equal(told(said["response"]), steady(head.raw.decode()))
        equal(said["response"].get("body", ""), content.decode())
    return said


def mismatches(said):
    return [(m["route"], m["differs"], m.get("of")) for m in said["mismatches"]]


@test("routes: the one that matches, and why those before it do not")
def _():
    mesh()
    said = as_made("GET", "http://a.shop/plain/x?q=2", "X-Gone: 1", "x-a: 2")
    equal((said["route_table"], said["virtual_host"], said["route"]["index"]),
          ("main", "shop", 12))
    equal(mismatches(said), [
        (0, "path", "/exact"), (1, "path", "/old"), (2, "path", "/users/{id}"),
        (3, "query", "q"), (4, "path", "/cors"), (5, "path", "/abort"),
        (6, "path", "/nobody"), (7, "path", "/named"), (8, "source", None),
        (9, "path", "/six"), (10, "source_netns", None),
        (11, "fraction", None)])
    equal(said["policies"], ["listener_rate_limit", "rate_limit", "timeout",
                             "retry", "circuit_breakers", "outlier_detection",
                             "failure_accrual", "hedging"])
    equal((said["cluster"], said["subset"]), ("web", "some"))
    said = as_made("GET", "http://shop/exact", "x-a: 2")
    equal(mismatches(said)[0], (0, "method", "POST"))
    equal((said["status"], said["reason"]), (404, "reply_404_no_route"))
    true("route" not in said)
    said = as_made("GET", "http://shop/users/7", "x-a: 1")
    equal(mismatches(said)[2], (2, "header", "x-b"))
    said = as_made("GET", "http://shop/six", addresses=[VIP])
    equal(mismatches(said)[9], (9, "listener", "6"))
    equal(as_made("GET", "http://shop/six", addresses=[VIP6])["status"], 206)


@test("virtual hosts: none, and one whose most specific route comes first")
def _():
    mesh()
    said = as_made("GET", "http://other/")
    equal((said["status"], "virtual_host" in said, said["mismatches"]),
          (404, False, []))
    said = as_made("GET", "http://specific/a/c")
    equal((said["status"], said["route"]["index"], mismatches(said)),
          (201, 1, [(2, "path", "/a/b")]))
    equal(mismatches(as_made("GET", "http://specific/z")),
          [(2, "path", "/a/b"), (1, "path", "/a")])


@test("what the endpoint gets: rewrites, header operations, a body to come")
def _():
    mesh()
    said = as_made("POST", "http://shop/exact", "content-length: 3", body=b"abc")
    equal((said["route"]["index"], said["cluster"]), (0, "web"))
    said = as_made("GET", "http://shop/users/7?x=y", "x-a: 1", "x-b: 1")
    equal(said["request"]["line"], "GET /by-id/7?x=y HTTP/1.1")
    true("host: inner" in said["request"]["headers"])
    as_made("GET", "http://shop/plain", "connection: keep-alive, x-hop",
            "x-hop: 1", "x-forwarded-for: 1.2.3.4")
    as_made("GET", "http://shop/named", "x-cluster: web")


@test("what the client gets from the mesh: redirects, answers, faults, refusals")
def _():
    mesh()
    said = as_made("GET", "http://shop/old/a?b")
    equal((said["status"], said["reason"]), (308, "reply_redirect"))
    true("location: https://shop/new/a?b" in said["response"]["headers"])
    said = as_made("GET", "http://shop/?q=1")
    equal(said["response"]["body"], "direct\n")
    true("x-q: shop" in said["response"]["headers"])
    as_made("HEAD", "http://shop/?q=1")
    said = as_made("GET", "http://shop/abort")
    equal((said["reason"], "fault_abort" in said["policies"]),
          ("reply_fault_abort", True))
    said = as_made("GET", "http://shop/nobody")
    equal((said["reason"], said["cluster"]), ("reply_503_no_endpoint", "nobody"))
    said = as_made("GET", "http://shop/named", "x-cluster: none")
    equal((said["reason"], "cluster" in said), ("reply_503_no_endpoint", False))
    said = as_made("OPTIONS", "http://shop/cors", "origin: http://good",
                   "access-control-request-method: GET")
    equal((said["reason"], "cors" in said["policies"]),
          ("reply_preflight", True))
    true("cors" not in as_made("GET", "http://shop/cors",
                               "origin: http://bad")["policies"])


@test("what the listener refuses: bad heads, limits, paths that leave")
def _():
    mesh(max_headers=5, max_uri_bytes=40, max_body_bytes=10,
         normalize_path=True, merge_slashes=True, escaped_slashes="reject",
         headers_with_underscores="reject")
    for reason, arguments in (
            ("reply_400_bad_request", ("GET", "http://shop/", "host: b", "host: c")),
            ("reply_400_bad_request", ("GET", "http://shop/a%2Fb")),
            ("reply_400_header_underscore", ("GET", "http://shop/", "x_y: z")),
            ("reply_413_body_too_large", ("POST", "http://shop/exact",
                                          "content-length: 11")),
            ("reply_414_uri_too_long", ("GET", "http://shop/" + 60 * "a")),
            ("reply_431_too_many_header_fields",
             ("GET", "http://shop/", *(f"a{i}: b" for i in range(6)))),
            ("reply_501_not_implemented", ("CONNECT", "shop:80"))):
        said = explain("4", *arguments)
        equal((arguments, said["reason"]), (arguments, reason))
    said = as_made("GET", "http://shop//plain/./a/../b")
    equal(said["request"]["line"], "GET /plain/b HTTP/1.1")


@test("hashes: the endpoint of a user, and none without the header")
def _():
    apply({
        "clusters": [{"name": "web", "hash": [{"header": "x-user"}],
                      "endpoints": [{"address": WEB, "port": 9000 + i}
                                    for i in range(8)]}],
        "route_tables": [{"name": "main", "virtual_hosts": [
            {"name": "any", "domains": ["*"],
             "routes": [{"action": {"cluster": "web"}}]}]}],
        "listeners": [{"name": "4", "address": VIP, "port": 80,
                       "protocol": "http", "route_table": "main"}]})
    backends = {f"{WEB}:9000": web}
    for port in range(9001, 9008):
        backends[f"{WEB}:{port}"] = Backend("web", port)
    for user in range(12):
        said = explain("4", "GET", "http://x/", f"x-user: {user}")
        equal(said["endpoint"],
              explain("4", "GET", "http://x/", f"x-user: {user}")["endpoint"])
        true(said["hash"].startswith("0x"))
        c = Client("app", VIP)
        c.send(f"GET / HTTP/1.1\r\nhost: x\r\nx-user: {user}\r\n\r\n".encode())
        conn, _ = backends[said["endpoint"]].request()
        conn.send(OK)
        equal(c.response()[0].status, 200)
    true("hash" not in explain("4", "GET", "http://x/"))


@test("the client is the one that trusted proxies name")
def _():
    mesh(trusted_hops=1)
    said = explain("4", "GET", "http://shop/plain",
                   "x-forwarded-for: 10.9.1.1", source="10.2.0.10")
    equal((said["client"], said["route"]["index"]), ("10.9.1.1", 8))


@test("listeners: TCP, with a proxy, on any port")
def _():
    mesh()
    said = json.loads(meshctl("-j", "explain", "tcp"))
    equal((said["protocol"], said["cluster"], said["endpoint"]),
          ("tcp", "web", f"{WEB}:9000"))
    equal(json.loads(meshctl("-j", "explain", "proxied"))["endpoint"],
          "127.0.0.1:15001")
    said = explain("any", "GET", f"http://shop:{ANY_PORT}/old")
    true("location: https://shop/new" in said["response"]["headers"])


@test("asking counts nothing, takes no token and no turn")
def _():
    apply({
        "clusters": [{"name": "web", "lb": "round_robin",
                      "endpoints": [{"address": WEB, "port": 9000 + i}
                                    for i in range(2)]}],
        "route_tables": [{"name": "main", "virtual_hosts": [
            {"name": "any", "domains": ["*"], "routes": [
                {"action": {"cluster": "web"},
                 "rate_limit": {"max_tokens": 1, "fill_interval": "60m"}}]}]}],
        "listeners": [{"name": "4", "address": VIP, "port": 80,
                       "protocol": "http", "route_table": "main"}]})
    before = stats()
    first = explain("4", "GET", "http://x/")
    for _ in range(20):
        said = explain("4", "GET", "http://x/")
        equal((said["endpoint"], "status" in said), (first["endpoint"], False))
    equal(stats(), before)


def refused(status, *words, file=None):
    done = subprocess.run(["meshctl", *words], input=file, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    equal((words, done.returncode), (words, status))
    return done.stderr


@test("what cannot be explained is an error that says why")
def _():
    mesh()
    equal(refused(2, "explain", "none", "http://shop/"),
          "meshctl: the kernel refused: there is no such listener\n")
    equal(refused(2, "explain", "4"),
          "meshctl: the kernel refused: HEAD is missing: the listener's "
          "protocol is http\n")
    for words, why in ((("http://shop/",), "HEAD is given, and the listener's protocol is "
                                           "neither http nor auto"),
                       (("server_name", "a"), "SERVER_NAME is given, and the listener's "
                                              "protocol is neither tls nor auto")):
        said = refused(2, "explain", "tcp", *words)
        true(said.startswith("meshctl: the kernel refused: " + why), said)
    for words in (("4", "shop/"), ("4", "/"), ("4", "https://shop/"), ("4", "http:///"),
                  ("4", "GET", "http://a", "x"),
                  ("4", "http://a", "header", "nothing"),
                  ("4", "http://a", "source", "1.2"),
                  ("4", "http://a", "header", "a: b\r\nc: d"),
                  ("4", "http://a/\r\n"), ()):
        refused(1, "explain", *words)


@test("people read it: routes, policies, the request")
def _():
    mesh()
    lines = meshctl("explain", "4", "http://shop/plain", "header", "x-user: 7",
                    "source", APP).split("\n")
    for line in ("listener      4", f"client        {APP}",
                 "virtual host  shop", "  route 3     no: query q",
                 "  route 12    yes: path_prefix /plain => cluster web "
                 "subset some", "cluster       web",
                 "subset        some", "request", "  GET /plain HTTP/1.1",
                 f"  x-who: {APP}"):
        true(line in lines, (line, lines))


TESTS = """
tests:
  - listener: "4"
    url: http://shop/plain
    expect:
      virtual_host: shop
      route: 12
      cluster: web
      policies: [retry]
      request: GET /plain HTTP/1.1
      request_headers: ["x-host: shop"]
      request_headers_absent: [x-gone]
  - title: moved
    listener: "4"
    url: http://shop/old/x
    expect:
      status: %d
      response_headers: ["location: https://shop/new/%s"]
"""


def route_test(text, *more):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        done = subprocess.run(["meshctl", *more[:1], "route", "test", file.name,
                               *more[1:]], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
        return (done.returncode, done.stdout.replace(file.name, "FILE"),
                done.stderr.replace(file.name, "FILE"))


@test("route test: a table of requests passes, or says what differs where")
def _():
    mesh()
    equal(route_test(TESTS % (308, "x")),
          (0, "ok 1 - GET http://shop/plain\nok 2 - moved\n1..2\n", ""))
    status, out, _ = route_test(TESTS % (301, "y"))
    equal(status, 3)
    equal(out.split("\n")[1:4], [
        "not ok 2 - moved",
        "# FILE:13:5: status: 308 is found; 301 is expected",
        "# FILE:13:5: response_headers: \"location: https://shop/new/x\" is "
        "found; \"location: https://shop/new/y\" is expected"])
    status, out, _ = route_test(TESTS % (301, "x"), "-j")
    equal((status, [t["passed"] for t in json.loads(out)]), (3, [True, False]))


@test("route test: a file's errors name line and field; a listener that is none")
def _():
    mesh()
    equal(route_test("tests:\n  - url: http://a\n    expect: {status: 9}\n")[::2],
          (1, "FILE:2:5: tests[0].listener: missing\n"
              "FILE:3:22: tests[0].expect.status: \"9\" is not an integer 200 "
              "to 599\n"))
    equal(route_test("tests:\n  - listener: x\n    url: http://a/\n"
                     "    expect: {}\n"),
          (2, "", "meshctl: the kernel refused: there is no such listener\n"))
    equal(route_test("tests:\n  - listener: x\n    url: y\n    expect: {}\n")[2],
          "FILE:2:5: tests[0]: url: \"y\" is found; http://HOST/PATH or /PATH "
          "is needed\n")


@test("route test -f: a mesh file is tried in a namespace of its own")
def _():
    mesh()
    before = meshctl("-j", "show"), stats()
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump({
            "route_tables": [{"name": "t", "virtual_hosts": [
                {"name": "v", "domains": ["*"], "routes": [
                    {"action": {"direct_response": {"status": 204}}}]}]}],
            "listeners": [{"name": "l", "address": "10.0.0.1", "port": 80,
                           "protocol": "http", "route_table": "t"}]}, file)
        file.flush()
        done = subprocess.run(
            ["meshctl", "route", "test", "-", "-f", file.name], text=True,
            input="tests: [{listener: l, url: 'http://a', expect: {status: 204}}]",
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    equal((done.returncode, done.stdout, done.stderr),
          (0, "ok 1 - GET http://a\n1..1\n", ""))
    equal((meshctl("-j", "show"), stats()), before)


@test("what is imported from Gateway API routes as Gateway API says")
def _():
    here = os.path.join(os.path.dirname(os.path.realpath(__file__)), "meshctl",
                        "gateway-api")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(meshctl("import", "gateway-api",
                           *(f"{here}/{n}.yaml" for n in ("shop", "services"))))
        file.flush()
        meshctl("route", "test", f"{here}/shop.tests.yaml", "-f", file.name)


@test("what is imported from Envoy's configuration routes as Envoy does")
def _():
    here = os.path.join(os.path.dirname(os.path.realpath(__file__)), "meshctl",
                        "envoy")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(meshctl("import", "envoy", "-a", VIP, f"{here}/shop.yaml"))
        file.flush()
        meshctl("route", "test", f"{here}/shop.tests.yaml", "-f", file.name)


@test("a route table of ten thousand routes is explained whole")
def _():
    routes = [{"match": {"path": {"exact": f"/{i}"}},
               "action": {"direct_response": {"status": 204}}}
              for i in range(10000)]
    apply({
        "route_tables": [{"name": "t", "virtual_hosts": [
            {"name": "v", "domains": ["*"], "routes": routes}]}],
        "listeners": [{"name": "4", "address": VIP, "port": 80,
                       "protocol": "http", "route_table": "t"}]})
    said = explain("4", "GET", "http://x/9999")
    equal((said["route"]["index"], len(said["mismatches"]),
           said["mismatches"][9998]),
          (9999, 9999, {"route": 9998, "differs": "path", "of": "/9998"}))


def main():
    global web  # pylint: disable=global-statement
    with pods_of_a_mesh("app", app=10, web=20):
        web = Backend("web", 9000)
        mesh()
        return run_tests(close_connections, closes=True)


if __name__ == "__main__":
    sys.exit(main())
