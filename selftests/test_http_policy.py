#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What routes match and what they do: every kind of match, both orders, rewrites,
redirects, header operations, CORS, load balancing; seen in the bytes on
either side.

   clients in pods "app", "own" -- virtual IPs -- raw servers in pod "web"
"""

import json
import math
import os
import re
import select
import selectors
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from endpoints import OK, Endpoints
from l7 import (Backend, Client, Counters, apply, close_clients, close_connections,
                equal, meshctl, netns_cookie, note, pods_of_a_mesh, request, run_in,
                run_tests, stats, test, true, until)
from xxh64 import rotated, xxh64

WEB, APP, APP6 = "10.2.0.20", "10.2.0.10", "fd00:2::10"
VIP, VIP2, VIP6 = "10.96.0.1", "10.96.0.2", "fd00:96::1"
web = None


def says(text, **match):
    return {"match": match,
            "action": {"direct_response": {"status": 200, "body": text}}}


def to_web(match=None, more=None, **action):
    return {"match": match or {}, "action": {"cluster": "web", **action},
            **(more or {})}


def host(name, routes, **more):
    return {"name": name, "domains": [name], "routes": routes, **more}


def mesh(*hosts, hops=0, **options):
    """A mesh in which every listener leads to these virtual hosts."""
    apply({
        "clusters": [
            {"name": "web", "endpoints": [{"address": WEB, "port": 9000}]},
            {"name": "nobody"}],
        "route_tables": [{"name": "main", "virtual_hosts": list(hosts)}],
        "listeners": [
            {"name": name, "address": address, "port": port,
             "protocol": "http", "route_table": "main", "trusted_hops": hops,
             **options}
            for name, address, port in (("one", VIP, 80), ("two", VIP2, 8080),
                                        ("six", VIP6, 80))]})


def ask(c, path, *fields, host, method="GET"):
    """A request that the mesh answers: status, body, head."""
    c.send(request(path, *fields, host=host, method=method))
    head, body = c.response(method)
    return head.status, body.decode(), head


def exchange(c, message, answer=OK):
    """One request all the way: the head that the server saw, the response's."""
    c.send(message)
    conn, head = web.request()
    conn.send(answer)
    return head, c.response()[0]


def line(head):
    return head.raw.split(b"\r\n")[0].decode()


# ---- matching ----

def check(name, cases, **more):
    """Each (request's arguments, body of the answer), by both families."""
    for address in VIP, VIP6:
        c = Client("app", address)
        for arguments, wanted in cases:
            equal((arguments, ask(c, *arguments, host=name, **more)[1]),
                  (arguments, wanted))


@test("paths: raw prefix, suffix, template, regular expression")
def _():
    mesh(host("paths", [
        says("suffix", path={"suffix": ".jpg"}),
        says("template", path={"template": "/users/{id}/posts/*"}),
        says("rest", path={"template": "/files/{name}/**"}),
        says("regex", path={"regex": r"/v[12]/item-\d{2,3}(/.*)?"}),
        says("raw", path={"raw_prefix": "/raw/ab"}),
        says("any"),
    ]))
    check("paths", [
        (("/a/b.jpg",), "suffix"), (("/raw/abc.jpg?x",), "suffix"),
        (("/a.jpg/b",), "any"), (("/users/7/posts/9?x=y",), "template"),
        (("/users/7/posts/",), "any"), (("/users//posts/9",), "any"),
        (("/users/7/posts/9/",), "any"), (("/files/a/",), "rest"),
        (("/files/a/b/c",), "rest"), (("/files/a",), "any"),
        (("/v1/item-12",), "regex"), (("/v2/item-123/x",), "regex"),
        (("/v3/item-12",), "any"), (("/v1/item-1234",), "any"),
        (("/x/v1/item-12",), "any"), (("/raw/ab",), "raw"),
        (("/raw/abc/d",), "raw"), (("/raw/a",), "any")])


@test("headers and query: suffix, contains, regex, range, inverted")
def _():
    def on(text, where, **how):
        return says(text, path={"prefix": "/" + where},
                    **{where: [{"name": "x", **how}]})
    routes = []
    for where in "headers", "query":
        routes += [
            on("suffix", where, suffix=".org"),
            on("contains", where, contains="mid"),
            on("regex", where, regex="(ab|cd)+"),
            on("range", where, range={"start": -5, "end": 10}),
            on("not", where, exact="yes", invert=True),
            on("absent", where, present=False)]
    mesh(host("values", routes))
    cases = [("a.org", "suffix"), ("amida", "contains"), ("abcdab", "regex"),
             ("-5", "range"), ("9", "range"), ("10", "not"), ("-6", "not"),
             ("abc", "not"), ("", "not")]
    check("values", [(("/headers", f"X: {v}"), t) for v, t in cases])
    check("values", [((f"/query?x={v}",), t) for v, t in cases])
    check("values", [(("/headers",), "absent"), (("/query?y",), "absent"),
                     (("/headers", "x: yes"), "Not Found\n"),
                     # Several values are one, joined by commas.
                     (("/headers", "x: yes", "x: no"), "not"),
                     (("/headers", "x: 1a", "x: 3"), "not"),
                     (("/headers", "x: a", "X: b.org"), "suffix"),
                     (("/headers", "x: amida", "X: b"), "contains")])


@test("headers: several values of a field are matched as if joined by commas")
def _():
    def on(text, **how):
        return says(text, headers=[{"name": "x", **how}])
    mesh(host("joined", [
        on("exact", exact="a,b,,c"), on("suffix", suffix="d,,e"),
        on("contains", contains="mid,,d"), on("prefix", prefix="pre,fix,"),
        on("regex", regex="r+(,[0-9]+)*"),
        on("range", range={"start": 1, "end": 9}),
        on("not", exact="no", invert=True), says("any")]))
    check("joined", [
        (("/", *(f"X: {v}" for v in values)), wanted) for values, wanted in (
            (("a", "b", "", "c"), "exact"), (("a,b", ",c"), "exact"),
            (("a,b,,c",), "exact"), (("a", "b", "c"), "not"),
            (("a", "b", "", "c", ""), "not"), (("b", "a", "", "c"), "not"),
            (("x", "xd", "", "e"), "suffix"), (("d,", "e"), "suffix"),
            (("d", "e"), "not"), (("amid", "", "de"), "contains"),
            (("x", "a mid,,d", "y"), "contains"), (("mid,", "d"), "contains"),
            (("mid", "d"), "not"), (("pre", "fix", ""), "prefix"),
            (("pre", "fixed"), "not"), (("pre,fix", "x"), "prefix"),
            (("pre", "fix"), "not"), (("rr", "12", "3"), "regex"),
            (("rr", "12", "x"), "not"), (("r", ""), "not"),
            (("1", "2"), "not"), (("3",), "range"), (("no",), "any"),
            (("no", "no"), "not"), ((), "any"))])


@test("hosts: a port is ignored, or is a part of the name")
def _():
    def table(mode):
        return {
            "route_tables": [{"name": "main", "virtual_hosts": [
                {"name": name, "domains": [name], "routes": [says(name)]}
                for name in ("a.example", "a.example:81", "*.example",
                             "*.example:82", "www.*", "[fd00::1]:83", "*")]}],
            "listeners": [{"name": "one", "address": VIP, "port": 80,
                           "protocol": "http", "route_table": "main",
                           **mode}]}
    for mode, cases in (
            ({}, (("A.example", "a.example"), ("a.example:81", "a.example"),
                  ("b.example:82", "*.example"), ("[fd00::1]:83", "*"))),
            ({"host_port": "match"}, (
                ("A.example", "a.example"), ("A.example:81", "a.example:81"),
                ("a.example:80", "*"), ("b.example:82", "*.example:82"),
                ("b.example:1", "*"), ("www.c:5", "www.*"),
                ("[FD00::1]:83", "[fd00::1]:83"), ("[fd00::1]", "*")))):
        apply(table(mode))
        c = Client("app", VIP)
        for name, wanted in cases:
            equal((name, ask(c, "/", host=name)[1]), (name, wanted))


@test("hosts: a final dot is not a part of the name, and is passed on")
def _():
    only = [{"name": "host", "regex": "only.example(:80)?"}]
    hosts = (
        {"name": "only", "domains": ["only.example"], "routes": [
            {"match": {"path": {"prefix": "/moved"}},
             "action": {"redirect": {"path": "/new"}}},
            to_web({"headers": only}), says("another")]},
        host("*.port.example:80", [says("port")]),
        host("dotted.example.", [says("dotted")]),
        host("*", [says("any")]))
    for mode in "ignore", "match":
        mesh(*(hosts if mode == "ignore" else (
            {**hosts[0], "domains": ["only.example", "only.example:80"]},
            *hosts[1:])), host_port=mode)
        c = Client("app", VIP)
        for name in ("only.example", "only.example.", "only.example.:80",
                     "ONLY.example.") * 2:
            # Of the field that is matched the case counts.
            if name[0] == "O":
                equal(ask(c, "/", host=name)[1], "another")
                continue
            equal(exchange(c, request("/", host=name))[0].get("host"), name)
            equal(exchange(c, request(f"http://{name}/x", host="other"))[0]
                  .get("host"), name)
        for name, where in (("only.example.", "only.example"),
                            ("only.example.:99", "only.example:99")):
            if mode == "ignore" or ":" not in name:
                equal(ask(c, "/moved", host=name)[2].get("location"),
                      f"http://{where}/new")
        equal(ask(c, "/", host="dotted.example")[1], "dotted")
        equal(ask(c, "/", host="dotted.example.")[1], "dotted")
        for name in "a.port.example.:80", "a" * 300 + ".port.example.:80":
            equal(ask(c, "/", host=name)[1],
                  "port" if mode == "match" else "any")
    for name in "only.example..", "only.example..:80", ".", ".:80":
        c = Client("app", VIP)
        c.send(request("/", host=name))
        c.refusal(400)
    web.quiet(0.1)


@test("the client: its network, its namespace, the listener")
def _():
    cookie = netns_cookie("own")
    mesh(host("client", [
        says("own", source_netns=cookie, path={"prefix": "/netns"}),
        says("app", source=f"{APP}/32", path={"prefix": "/source"}),
        says("near", source="10.2.0.0/16", path={"prefix": "/source"}),
        says("six", source="fd00:2::/64", path={"prefix": "/source"}),
        says("two", listener="two"),
        says("any")]))
    for pod, address, port, netns, source, rest in (
            ("app", VIP, 80, "any", "app", "any"),
            ("own", VIP, 80, "own", "near", "any"),
            ("app", VIP2, 8080, "two", "app", "two"),
            ("app", VIP6, 80, "any", "six", "any")):
        c = Client(pod, address, port)
        equal([ask(c, p, host="client")[1] for p in ("/netns", "/source", "/")],
              [netns, source, rest])


@test("the client's network is the one that trusted proxies name")
def _():
    mesh(host("client", [says("far", source="203.0.113.0/24"), says("near")]),
         hops=1)
    c = Client("app", VIP)
    equal(ask(c, "/", "X-Forwarded-For: 203.0.113.7", host="client")[1], "far")
    equal(ask(c, "/", "X-Forwarded-For: 203.0.114.7", host="client")[1], "near")
    equal(ask(c, "/", host="client")[1], "near")


@test("fractions: of 2,000 requests about a quarter, another quarter, none, the rest")
def _():
    mesh(host("lots", [
        says("none", fraction="0%"), says("first", fraction="25%"),
        says("second", fraction="50%"), says("rest", fraction="100%")]))
    c = Client("app", VIP)
    got = {}
    for _ in range(2000):
        answer = ask(c, "/", host="lots")[1]
        got[answer] = got.get(answer, 0) + 1
    note(got)
    # One lot for all fractions of a request, as in Envoy: 25, 25 and 50 of 100.
    # Standard deviations of 19.4 and 22.4: eight of them.
    true(345 < got["first"] < 655 and 345 < got["second"] < 655 and
         821 < got["rest"] < 1179 and len(got) == 3, got)


ORDERED = [
    says("all"),
    says("prefix", path={"prefix": "/a"}),
    says("long prefix", path={"prefix": "/a/b"}),
    says("GET", path={"prefix": "/a/b"}, method="GET"),
    says("GET header", path={"prefix": "/a/b"}, method="GET",
         headers=[{"name": "x", "present": True}]),
    says("GET query", path={"prefix": "/a/b"}, method="GET",
         query=[{"name": "q", "present": True}]),
    says("regex", path={"regex": "/a/b/c.*"}),
    says("exact", path={"exact": "/a/b/c"}),
    says("exact too", path={"exact": "/a/b/c"}),
]


@test("order: the first route that matches, or the most specific one")
def _():
    mesh(host("first", ORDERED[::-1]), host("all", ORDERED),
         host("specific", ORDERED, order="specific"))
    check("all", [((p,), "all") for p in ("/", "/a", "/a/b/c")])
    check("first", [(("/a/b/c",), "exact too")])
    check("specific", [
        (("/a/b/c",), "exact"), (("/a/b/c?q", "X: 1"), "exact"),
        (("/a/b/cd",), "regex"), (("/a/b/d?q", "X: 1"), "GET header"),
        (("/a/b/d?q",), "GET query"), (("/a/b/d",), "GET"),
        (("/a/c",), "prefix"), (("/b",), "all")])
    check("specific", [(("/a/b/d",), "long prefix")], method="PUT")


@test("order: 300 routes, each of which is found, whatever stands around it")
def _():
    routes = []
    for i in range(100):
        routes += [says(f"exact {i}", path={"exact": f"/x/{i}"}),
                   says(f"prefix {i}", path={"prefix": f"/y/{i}/"}),
                   says(f"raw {i}", path={"raw_prefix": f"/z{i}-"})]
    routes.insert(150, says("early", headers=[{"name": "x", "exact": "1"}]))
    mesh(host("many", routes), host("sorted", routes, order="specific"))
    for i in range(0, 100, 7):
        cases = [((f"/x/{i}",), f"exact {i}"), ((f"/x/{i}/",), "Not Found\n"),
                 ((f"/y/{i}/a/b",), f"prefix {i}"), ((f"/y/{i}",), f"prefix {i}"),
                 ((f"/z{i}-a/b",), f"raw {i}"), ((f"/z{i}",), "Not Found\n")]
        check("many", cases)
        check("sorted", cases)
        check("many", [((f"/x/{i}", "X: 1"),
                        f"exact {i}" if i < 50 else "early")])
        check("sorted", [((f"/x/{i}", "X: 1"), f"exact {i}")])


# ---- rewriting ----

@test("rewrite: host, whole path, prefix, template; the query stays")
def _():
    def rewrite(match, **how):
        return to_web({"path": match}, rewrite=how)
    mesh(host("rw", [
        rewrite({"exact": "/exact"}, prefix="/other"),
        rewrite({"prefix": "/whole"}, path="/all"),
        rewrite({"prefix": "/foo"}, prefix="/xyz"),
        rewrite({"prefix": "/bar/"}, prefix="/"),
        rewrite({"raw_prefix": "/raw-"}, prefix="/r/"),
        rewrite({"template": "/u/{id}/{rest=**}"}, template="/{rest}/of/{id}"),
        to_web(rewrite={"host": "inner:81"})]))
    for path, wanted in (
            ("/exact", "/other"), ("/whole/a?b=c", "/all?b=c"),
            ("/foo/bar", "/xyz/bar"), ("/foo", "/xyz"), ("/foo/", "/xyz/"),
            ("/foo?q", "/xyz?q"), ("/foo//x", "/xyz//x"),
            ("/bar/baz", "/baz"), ("/bar", "/"), ("/bar/", "/"),
            ("/raw-x/y", "/r/x/y"), ("/u/7/a/b?x", "/a/b/of/7?x"),
            ("/u/7/", "/of/7")):
        for target in path, "http://rw" + path:
            head, _ = exchange(Client("app", VIP), request(target, host="rw"))
            equal((target, line(head)), (target, f"GET {wanted} HTTP/1.1"))
            equal(head.get("host"), "rw")
    c = Client("app", VIP6)
    head, _ = exchange(c, request("/x", host="rw"))
    equal((line(head), head.all("host")), ("GET /x HTTP/1.1", ["inner:81"]))
    head, _ = exchange(c, request("*", host="rw", method="OPTIONS"))
    equal((line(head), head.get("host")), ("OPTIONS * HTTP/1.1", "inner:81"))


@test("rewrite: a path that grows from nothing to 8,000 bytes")
def _():
    mesh(host("grow", [to_web({"path": {"template": "/{a}"}},
                              rewrite={"template": "/" + "{a}/" * 16})]))
    for a in "x", "0123456789" * 50:
        head, _ = exchange(Client("app", VIP), request("/" + a, host="grow"))
        equal(line(head), f"GET /{(a + '/') * 16} HTTP/1.1")
    # More than a head may be.
    c = Client("app", VIP)
    c.send(request("/" + "x" * 4000, host="grow"))
    c.refusal(400)


@test("rewrite: what would make a dot segment that there was not is 400")
def _():
    def rewrite(match, **how):
        return to_web({"path": match}, rewrite=how)
    routes = [
        rewrite({"raw_prefix": "/x"}, prefix="/"),
        rewrite({"raw_prefix": "/in-"}, prefix="/app/"),
        rewrite({"template": "/two/{a}/{b}"}, template="/{a}{b}"),
        rewrite({"template": "/dot/{a}"}, template="/.{a}"),
        rewrite({"template": "/escape/{a}/{b}"}, template="/%{a}/{b}"),
        rewrite({"prefix": "/whole"}, path="/w/../all"),
        rewrite({"prefix": "/pre"}, prefix="/p"),
        rewrite({"regex": "/r.*"}, path="/regex"),
        {"match": {"path": {"raw_prefix": "/moved"}},
         "action": {"redirect": {"prefix": "/"}}},
        to_web()]
    made = ["/x../secret", "/x./secret", "/x..", "/x.", "/x..?q", "/in-../secret",
            "/escape/2e./b", "/escape/41/b", "/moved../secret", "http://made/x../secret",
            "/x..;/secret", "/x..;a=b/secret", "/x.;", "/x..%3Ba/secret"]
    raw = ["/x%2e%2E/secret", "/x.%2e/secret", "/x..%2fsecret", "/x..%5Csecret",
           "/x..\\secret", "/two/./.", "/two/.%2e/%2fa", "/dot/.", "/dot/%2e",
           "/dot/%2E%2fa"]
    for options in {}, {"normalize_path": True}, {"merge_slashes": True}:
        mesh(host("made", routes), **options)
        grown, refused = Counters(), made + (
            raw if "normalize_path" not in options else
            ["/x%2e%2E/secret", "/x..\\secret"])
        for path in refused:
            c = Client("app", VIP)
            c.send(request(path, host="made"))
            head, _ = c.response()
            equal((path, head.status, head.get("connection")),
                  (path, 400, "close"))
        equal(grown("reply_400_bad_request"), len(refused))
        web.quiet(0.1)
        c = Client("app", VIP)
        for path, wanted in (
                ("/x.a/secret", "/.a/secret"), ("/x.../b", "/.../b"),
                ("/xa/b..", "/a/b.."), ("/in-..a/b", "/app/..a/b"),
                ("/two/a../b", "/a..b"), ("/dot/a", "/.a"),
                # The operator's own are as he wrote them.
                ("/whole/..a", "/w/../all"), ("/r../x", "/regex")):
            head, _ = exchange(c, request(path, host="made"))
            equal((path, line(head)), (path, f"GET {wanted} HTTP/1.1"))
    # What a client may send without a rewrite it may send with one.
    mesh(host("made", routes))
    head, _ = exchange(Client("app", VIP), request("/pre/../a", host="made"))
    equal(line(head), "GET /p/../a HTTP/1.1")


@test("rewrite: no path begins with two slashes; merged, none has them")
def _():
    routes = [
        to_web({"path": {"raw_prefix": "/x/"}}, rewrite={"prefix": "/"}),
        to_web({"path": {"prefix": "/bar"}}, rewrite={"prefix": "/"}),
        to_web({"path": {"raw_prefix": "/in"}}, rewrite={"prefix": "/app/"}),
        to_web({"path": {"template": "/t/{a}/{rest=**}"}},
               rewrite={"template": "/{rest}/{a}"}),
        {"match": {"path": {"raw_prefix": "/moved/"}},
         "action": {"redirect": {"prefix": "/"}}}]
    for merged in False, True:
        mesh(host("two", routes), merge_slashes=merged)
        c = Client("app", VIP)
        for path, wanted in (
                ("/x//evil.example", "/evil.example"),
                ("/x////evil.example", "/evil.example"), ("/x//", "/"),
                ("/bar//evil.example", "/evil.example"), ("/bar//", "/"),
                ("/t/a//evil.example", "/evil.example/a"), ("/t/a/", "/a"),
                ("/in/b", "/app/b" if merged else "/app//b")):
            head, _ = exchange(c, request(path, host="two"))
            equal((path, line(head)), (path, f"GET {wanted} HTTP/1.1"))
        equal(ask(c, "/moved//evil.example", host="two")[2].get("location"),
              "http://two/evil.example")


@test("redirect: scheme, host, port, path, prefix, query")
def _():
    def redirect(where, **how):
        return {"match": {"path": {"prefix": where}},
                "action": {"redirect": how}}
    mesh(host("moved", [
        redirect("/scheme", scheme="https"),
        redirect("/http", scheme="http"),
        redirect("/host", host="else.where"),
        redirect("/hostport", host="else.where:81"),
        redirect("/port", port=8443),
        redirect("/own", scheme="https", port=443),
        redirect("/odd", scheme="https", port=80),
        redirect("/path", path="/new", status=302),
        redirect("/prefix", prefix="/", status=308),
        redirect("/strip", strip_query=True, status=307)]))
    def leads(c, path, location, *fields, **how):
        got = ask(c, path, *fields, **{"host": "moved", **how})
        equal((path, got[2].get("location")), (path, location))
    cases = [
        ("/scheme/a?q=1", 301, "https://moved/scheme/a?q=1"),
        ("/http", 301, "http://moved/http"),
        ("/hostport", 301, "http://else.where:81/hostport"),
        ("/port?", 301, "http://moved:8443/port"),
        ("/own", 301, "https://moved/own"),
        ("/odd", 301, "https://moved:80/odd")]
    # Where nothing of the origin is given it is the listener's.
    own_cases = [
        ("/host/x", 301, "else.where", "/host/x"),
        ("/path/a?q", 302, "moved", "/new?q"),
        ("/prefix/a/b", 308, "moved", "/a/b"), ("/prefix", 308, "moved", "/"),
        # What begins with two would be another host, were it alone.
        ("/prefix//evil.example/x", 308, "moved", "/evil.example/x"),
        ("/strip?q", 307, "moved", "/strip")]
    for address, port, own in ((VIP, 80, ""), (VIP2, 8080, ":8080"),
                               (VIP6, 80, "")):
        c = Client("app", address, port)
        for path, status, location in cases + [
                (p, s, f"http://{h}{own}{rest}") for p, s, h, rest in own_cases]:
            got = ask(c, path, host="moved")
            equal((path, got[0], got[2].get("location")),
                  (path, status, location))
        # The port of the request's Host is kept if the rest of it is.
        leads(c, "/http", "http://moved/http", host="moved:99")
        leads(c, "/host", f"http://else.where{own}/host", host="moved:99")
        leads(c, "/path", "http://MOVED:99/new", host="MOVED:99")
        leads(c, "/path", "http://moved/new", host="moved:80")
        leads(c, "/path", f"http://moved{own}/new", host="moved:")
        leads(c, "http://moved:98/path", "http://moved:98/new", host="x")
        # Who says that it is https is not trusted.
        leads(c, "/path", f"http://moved{own}/new", "x-forwarded-proto: https")
    out = run_in("app", "curl", "-s", "-o", "/dev/null", "-w",
                 "%{redirect_url}", "-H", "Host: moved",
                 f"http://{VIP}/path/x?a=b")
    equal(out, "http://moved/new?a=b")


@test("redirect: what a client says of itself is an origin, or 400; a proxy's scheme")
def _():
    mesh({"name": "any", "domains": ["*"],
          "routes": [{"action": {"redirect": {"strip_query": True}}}]}, hops=1)
    c = Client("app", VIP)
    for told, location in (
            ("//evil.example/x?r=1", "http://h//evil.example/x"),
            ("/\\evil.example", "http://h/\\evil.example"),
            ("/%0d%0aset-cookie:a", "http://h/%0d%0aset-cookie:a")):
        equal(ask(c, told, host="h")[2].get("location"), location)
    for told in "h@evil.example", "h/evil", "h\\evil", "h#", "h?", "h:8o", "h h":
        c = Client("app", VIP)
        equal((told, ask(c, "/", host=told)[0]), (told, 400))
    c = Client("app", VIP2, 8080)
    for fields, location in (
            (("x-forwarded-proto: https",), "https://h/x"),
            (("x-forwarded-proto: http",), "http://h:8080/x"),
            (("x-forwarded-proto: gopher",), "http://h:8080/x"), ((), "http://h:8080/x")):
        equal(ask(c, "/x", *fields, host="h")[2].get("location"), location)
    equal(ask(c, "/x", "x-forwarded-proto: https", host="h:444")[2]
          .get("location"), "https://h:444/x")
    equal(ask(c, "*", host="h", method="OPTIONS")[2].get("location"),
          "http://h:8080")


@test("redirect: HTTP/1.0 without Host is sent to the address")
def _():
    mesh({"name": "any", "domains": ["*"],
          "routes": [{"action": {"redirect": {"scheme": "https"}}}]})
    for address, name in (VIP, VIP), (VIP6, f"[{VIP6}]"):
        c = Client("app", address)
        c.send(b"GET /x HTTP/1.0\r\n\r\n")
        equal(c.response()[0].get("location"), f"https://{name}/x")


@test("cluster from a header; none of that name, or no header: 503")
def _():
    grown = Counters()
    mesh(host("named", [{"action": {"cluster_header": "X-Cluster"}}]))
    c = Client("app", VIP)
    exchange(c, request("/", "x-cluster: web", host="named"))
    for fields in ("x-cluster: nobody",), ("x-cluster: other",), ():
        equal(ask(c, "/", *fields, host="named")[0], 503)
    exchange(c, request("/", "X-CLUSTER: web", host="named"))
    equal(grown("reply_503_no_endpoint"), 3)


# ---- header operations ----

def op(name, value=None, how="set"):
    return {"name": name, "op": how, **({"value": value} if value else {})}


@test("request headers: set, add, add if absent, remove; the virtual host last")
def _():
    mesh(host("ops", [to_web(more={"request_headers": [
        op("x-set", "route"), op("x-add", "route", "add"),
        op("x-keep", "route", "add_if_absent"), op("x-gone", how="remove"),
        op("x-late", "route"), op("x-both", "route", "add"),
        op("x-order", "route"), op("x-order", how="remove"),
        op("x-forwarded-for", "me"), op("x-request-id", how="remove")]})],
              request_headers=[op("x-late", "host"), op("x-both", "host", "add"),
                               op("x-keep", "host", "add_if_absent"),
                               op("x-new", "host", "add_if_absent")]))
    c = Client("app", VIP)
    head, _ = exchange(c, request(
        "/", "X-Set: a", "x-set: b", "X-Add: client", "X-Keep: client",
        "X-Gone: 1", "x-late: client", "X-Order: client", "other: 1",
        host="ops"))
    for name, wanted in (
            ("x-set", ["route"]), ("x-add", ["client", "route"]),
            ("x-keep", ["client"]), ("x-gone", []), ("x-late", ["host"]),
            ("x-both", ["route", "host"]), ("x-new", ["host"]),
            # What removes comes first, as in Envoy, wherever it is listed.
            ("x-order", ["route"]),
            ("x-forwarded-for", ["me"]), ("x-request-id", []),
            ("x-forwarded-proto", ["http"]), ("other", ["1"]),
            ("host", ["ops"])):
        equal((name, head.all(name)), (name, wanted))
    head, _ = exchange(c, request("/", host="ops"))
    equal([head.all(n) for n in ("x-keep", "x-add", "x-gone")],
          [["route"], ["route"], []])


TRAILERS = [b"X-Set: evil\r\n", b"x-gone: 1\r\n", b"X-GON: kept\r\n",
            b"X-Gone-Not: kept\r\n", b"x-host: evil\r\n", b"X-Add: kept\r\n",
            b"x-absent:kept\r\n", b"X-Gone:\r\n", b"Y: z\r\n",
            b"x-" + b"long" * 100 + b": kept\r\n", b"x-gone: 2\r\n"]
KEPT = [t for t in TRAILERS if b"kept" in t or b"Y" in t]
EDIT = [{"name": "x-set", "value": "1"}, {"name": "X-Gone", "op": "remove"},
        {"name": "x-add", "value": "1", "op": "add"},
        {"name": "x-absent", "value": "1", "op": "add_if_absent"}]


def send_chunked(stream, piece, trailers):
    stream.send_slowly(b"5\r\nhello\r\n0\r\n" + b"".join(trailers) + b"\r\n",
                       piece)


@test("request headers: what is set or removed does not come as a trailer")
def _():
    mesh(host("ops", [to_web(more={"request_headers": EDIT})],
              request_headers=[op("x-host", how="remove")]))
    c = Client("app", VIP)
    for piece in 1, 7, 2000:
        for trailers, kept in (TRAILERS, KEPT), (TRAILERS[:1], []), ([], []):
            c.send(request("/", "Transfer-Encoding: chunked", host="ops",
                           method="POST"))
            send_chunked(c, piece, trailers)
            conn, _ = web.request()
            body, _, got = conn.chunked()
            equal((piece, body, got), (piece, b"hello", kept))
            conn.send(OK)
            equal(c.response()[0].status, 200)


@test("response headers: what is set or removed does not come as a trailer")
def _():
    mesh(host("ops", [to_web(more={"response_headers": EDIT})],
              response_headers=[op("x-host", how="remove")]))
    c = Client("app", VIP)
    for piece in 1, 7, 2000:
        for trailers, kept in (TRAILERS, KEPT), (TRAILERS[:1], []), ([], []):
            c.send(request("/", host="ops"))
            conn, _ = web.request()
            conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            send_chunked(conn, piece, trailers)
            c.head()
            body, _, got = c.chunked()
            equal((piece, body, got), (piece, b"hello", kept))


@test("headers of a weighted cluster: not as trailers, either")
def _():
    mesh(host("ops", [{"action": {"weighted_clusters": [
        {"name": "web", "weight": 1, "request_headers": EDIT,
         "response_headers": EDIT}]}}]))
    c = Client("app", VIP)
    c.send(request("/", "Transfer-Encoding: chunked", host="ops",
                   method="POST"))
    send_chunked(c, 2000, TRAILERS[:4])
    conn, _ = web.request()
    equal(conn.chunked()[2], TRAILERS[2:4])
    conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    send_chunked(conn, 2000, TRAILERS[:4])
    c.head()
    equal(c.chunked()[2], TRAILERS[2:4])


@test("add_if_absent: behind what added nothing, as if that were not there")
def _():
    mesh(host("ops", [to_web(more={"request_headers": [
        op("x-set", "%REQ(x-login)%"), op("x-set", "guest", "add_if_absent"),
        op("x-add", "%REQ(x-login)%", "add"),
        op("x-add", "guest", "add_if_absent")]})]))
    c = Client("app", VIP)
    for fields, wanted in (
            ((), [["guest"], ["guest"]]),
            (("x-login: me",), [["me"], ["me"]]),
            (("x-set: you", "x-add: you"), [["guest"], ["you"]])):
        head, _ = exchange(c, request("/", *fields, host="ops"))
        equal([head.all("x-set"), head.all("x-add")], wanted)


@test("headers of a weighted cluster: of those requests that it gets, and first")
def _():
    def split(name, weight):
        return {"name": name, "weight": weight,
                "request_headers": [op("x-which", name), op("x-late", name),
                                    op("x-all", name, "add"),
                                    op("x-gone", how="remove")],
                "response_headers": [op("x-which", name),
                                     op("x-both", "cluster")]}
    mesh(host("split", [{
        "match": {},
        "action": {"weighted_clusters": [split("web", 1), split("nobody", 1)]},
        "request_headers": [op("x-late", "route"), op("x-all", "route", "add")],
        "response_headers": [op("x-both", "route")]}],
              request_headers=[op("x-all", "host", "add")]))
    c = Client("app", VIP)
    seen = set()
    while len(seen) < 2:
        c.send(request("/", "X-Gone: 1", host="split"))
        ready, _, _ = select.select([c.sock, web.selector.fileno()], [], [], 10)
        if c.sock not in ready:
            conn, head = web.request()
            equal([head.all(n) for n in ("x-which", "x-late", "x-all", "x-gone")],
                  [["web"], ["route"], ["web", "route", "host"], []])
            conn.send(OK)
        head, _ = c.response()
        equal((head.get("x-which"), head.status, head.get("x-both")),
              ("web", 200, "route") if head.status == 200 else
              ("nobody", 503, "route"))
        seen.add(head.status)


@test("request headers: a body follows whole")
def _():
    mesh(host("ops", [to_web(more={"request_headers": [op("x-a", "1")]})]))
    c = Client("app", VIP)
    c.send(request("/", "Content-Length: 5", host="ops", method="POST") +
           b"hello")
    conn, head = web.request()
    equal((head.get("x-a"), conn.exactly(5)), ("1", b"hello"))
    conn.send(OK)
    equal(c.response()[1], b"ok")


@test("request headers: what a client makes too large is 431, and never left out")
def _():
    mesh(host("ops", [to_web(more={"request_headers": [
        op("x-large", "%REQ(big)%" * 7), op("x-small", "%REQ(small)%")]})],
              request_headers=[op("x-tenant", "t" * 200)]))
    grown = Counters()
    c = Client("app", VIP)
    # All that is added is 60 KiB at most: 7 n + 11, 12, 212.
    most = (60 * 1024 - 11 - 12 - 212) // 7
    head, _ = exchange(c, request("/", "Big: " + "b" * most, "Small: s",
                                  "X-Tenant: me", host="ops"))
    equal([len(head.get(n)) for n in ("big", "x-large", "x-small", "x-tenant")],
          [most, 7 * most, 1, 200])
    for size in most + 1, 20000, 60000:
        equal(ask(c, "/", f"Big: {'b' * size}", "Small: s", "X-Tenant: me",
                  host="ops")[0], 431)
    # The connection goes on, and no endpoint has seen them.
    head, _ = exchange(c, request("/last", host="ops"))
    equal((line(head), head.get("x-large"), len(head.get("x-tenant"))),
          ("GET /last HTTP/1.1", None, 200))
    equal(grown("reply_431_header_operations"), 3)


@test("response headers: what is too large is 500 without them, and never left out")
def _():
    ops = {"response_headers": [op("x-copy", "%RESP(big)%" * 9),
                                op("x-echo", "%REQ(big)%" * 9)]}
    mesh(host("ops", [
        to_web({"path": {"prefix": "/web"}}, ops),
        {**says("direct", path={"prefix": "/direct"}), **ops},
        {"match": {"path": {"prefix": "/moved"}},
         "action": {"redirect": {"path": "/"}}, **ops}],
              response_headers=[op("x-host", "yes")]))
    grown = Counters()
    c = Client("app", VIP)
    big = "Big: " + "b" * 8000

    def answered(size):
        return (b"HTTP/1.1 200 OK\r\nBig: " + b"b" * size +
                b"\r\nContent-Length: 2\r\n\r\nok")
    for size, status in (8000, 500), (6000, 200), (8000, 500):
        head = exchange(c, request("/web", host="ops"), answered(size))[1]
        equal((head.status, head.get("x-host"), bool(head.get("x-copy"))),
              (status, "yes", status == 200))
    for path in "/web", "/direct", "/moved":
        if path == "/web":
            got = exchange(c, request(path, big, host="ops"))[1]
        else:
            got = ask(c, path, big, host="ops")[2]
        equal((path, got.status, got.all("x-host"), got.all("location")),
              (path, 500, [], []))
    equal((grown("reply_500_header_operations"), grown("reply_redirect"),
           grown("reply_direct_response")), (5, 0, 0))


@test("response headers: of endpoints, of the mesh's own answers, of failures")
def _():
    ops = {"response_headers": [op("x-status", "%RESPONSE_CODE%"),
                                op("server", how="remove"),
                                op("x-same", "%RESP(x-up)%")]}
    mesh(host("ops", [
        to_web({"path": {"prefix": "/web"}}, ops),
        {**says("direct", path={"prefix": "/direct"}), **ops},
        {"match": {"path": {"prefix": "/moved"}},
         "action": {"redirect": {"path": "/"}}, **ops},
        {"action": {"cluster": "nobody"}, **ops}],
              response_headers=[op("x-host", "yes")]))
    c = Client("app", VIP)
    _, head = exchange(c, request("/web", host="ops"),
                       b"HTTP/1.1 203 Fine\r\nServer: me\r\nX-Up: up\r\n"
                       b"Content-Length: 2\r\n\r\nok")
    equal([head.status] + [head.all(n) for n in
                           ("x-status", "server", "x-same", "x-host")],
          [203, ["203"], [], ["up"], ["yes"]])
    for path, status, body in (("/direct", 200, "direct"),
                               ("/moved", 301, "Moved Permanently\n"),
                               ("/other", 503, "Service Unavailable\n")):
        got, text, head = ask(c, path, host="ops")
        equal((got, text, head.all("x-status"), head.all("x-host"),
               head.all("x-same")), (status, body, [str(status)], ["yes"], []))


@test("response headers: not of 100 Continue, but of 101")
def _():
    mesh(host("ops", [to_web(more={"response_headers": [op("x-a", "1")]})]))
    c = Client("app", VIP)
    c.send(request("/", "Upgrade: websocket", "Connection: upgrade", host="ops"))
    conn, _ = web.request()
    conn.send(b"HTTP/1.1 100 Continue\r\n\r\n"
              b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n"
              b"Connection: upgrade\r\n\r\nhi")
    first, second = c.head(), c.head()
    equal([(h.status, h.get("x-a")) for h in (first, second)],
          [(100, None), (101, "1")])
    equal(c.exactly(2), b"hi")


@test("variables: addresses, the cluster, the protocol, fields, the request's id")
def _():
    values = {
        "x-client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
        "x-client-port": "%DOWNSTREAM_REMOTE_ADDRESS%",
        "x-to": "%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%",
        "x-to-port": "%DOWNSTREAM_LOCAL_PORT%",
        "x-local": "%DOWNSTREAM_LOCAL_ADDRESS%",
        "x-up": "%UPSTREAM_REMOTE_ADDRESS%",
        "x-cluster": "%UPSTREAM_CLUSTER%", "x-protocol": "%PROTOCOL%",
        "x-user": "user=%REQ(user)%; 100%%", "x-none": "%REQ(none)%",
        "x-id": "%REQ(X-Request-Id)%"}
    ops = [op(n, v) for n, v in values.items()]
    mesh(host("vars", [to_web(more={"request_headers": ops,
                                    "response_headers": ops})]))
    for vip, client, local in ((VIP, APP, f"{VIP}:80"),
                               (VIP6, APP6, f"[{VIP6}]:80")):
        c = Client("app", vip)
        port = c.sock.getsockname()[1]
        own = f"[{client}]:{port}" if ":" in client else f"{client}:{port}"
        request_head, response_head = exchange(
            c, request("/", "User: me%PROTOCOL%", host="vars"))
        for head in request_head, response_head:
            for name, wanted in (
                    ("x-client", client), ("x-client-port", own), ("x-to", vip),
                    ("x-to-port", "80"), ("x-local", local),
                    ("x-up", f"{WEB}:9000"), ("x-cluster", "web"),
                    ("x-protocol", "HTTP/1.1"),
                    ("x-user", "user=me%PROTOCOL%; 100%"), ("x-none", None)):
                equal((name, head.get(name)), (name, wanted))
            equal(head.get("x-id"), request_head.get("x-request-id"))
        equal(len(request_head.get("x-request-id")), 36)
    head, answer = exchange(c, request("/", "X-Request-ID: mine", host="vars"))
    equal([h.get("x-id") for h in (head, answer)], ["mine", "mine"])


# ---- CORS ----

CORS = {"allow_origins": ["https://shop.example", "https://*.shop.example"],
        "allow_methods": "GET, PUT", "allow_headers": "x-a, x-b",
        "expose_headers": "x-c", "max_age": 600, "allow_credentials": True}


@test("CORS: a preflight of an origin that is allowed is answered here")
def _():
    grown = Counters()
    mesh(host("cors", [to_web(more={"cors": CORS})]))
    c = Client("app", VIP)
    for origin in "https://shop.example", "https://a.b.shop.example":
        status, body, head = ask(
            c, "/", f"Origin: {origin}", "Access-Control-Request-Method: PUT",
            host="cors", method="OPTIONS")
        equal((status, body), (200, ""))
        for name, wanted in (
                ("access-control-allow-origin", [origin]),
                ("access-control-allow-methods", ["GET, PUT"]),
                ("access-control-allow-headers", ["x-a, x-b"]),
                ("access-control-max-age", ["600"]),
                ("access-control-allow-credentials", ["true"]),
                ("access-control-expose-headers", []), ("vary", ["origin"])):
            equal((name, head.all(name)), (name, wanted))
    equal(grown("reply_preflight"), 2)
    web.quiet(0.1)


@test("CORS: any method and any field, also with credentials, and then by name")
def _():
    asked = ("Origin: https://a", "Access-Control-Request-Method: PATCH",
             "Access-Control-Request-Headers: x-a,authorization")
    names = [f"access-control-{n}" for n in (
        "allow-origin", "allow-credentials", "allow-methods", "allow-headers",
        "expose-headers")]
    some = {"allow_origins": ["*"], "allow_methods": "GET, *",
            "allow_headers": "*", "expose_headers": "*"}
    mesh(host("cors", [
        to_web({"path": {"prefix": "/any"}}, {"cors": some}),
        to_web(more={"cors": {**some, "allow_credentials": True}})]))
    c = Client("app", VIP)
    for path, fields, wanted in (
            ("/any", asked, [["https://a"], [], ["GET, *"], ["*"], []]),
            ("/", asked, [["https://a"], ["true"], ["PATCH"],
                          ["x-a,authorization"], []]),
            ("/", asked[:2], [["https://a"], ["true"], ["PATCH"], [], []])):
        head = ask(c, path, *fields, host="cors", method="OPTIONS")[2]
        equal((path, [head.all(n) for n in names]), (path, wanted))
    theirs = (b"HTTP/1.1 200 OK\r\nAccess-Control-Expose-Headers: x-b\r\n"
              b"Content-Length: 0\r\n\r\n")
    for path, wanted in (("/any", [["https://a"], [], [], [], ["*"]]),
                         ("/", [["https://a"], ["true"], [], [], ["x-b"]])):
        _, head = exchange(c, request(path, asked[0], host="cors"), theirs)
        equal((path, [head.all(n) for n in names]), (path, wanted))


@test("CORS: other requests are passed on, and the mesh says who may read")
def _():
    mesh(host("cors", [to_web(more={
        "cors": CORS, "response_headers": [
            op("access-control-allow-origin", "*")]})]))
    theirs = (b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: https://x\r\n"
              b"Vary: accept\r\nContent-Length: 0\r\n\r\n")
    c = Client("app", VIP)
    _, head = exchange(c, request("/", "Origin: https://a.shop.example",
                                  host="cors"), theirs)
    for name, wanted in (
            ("access-control-allow-origin", ["https://a.shop.example"]),
            ("access-control-allow-credentials", ["true"]),
            ("access-control-expose-headers", ["x-c"]),
            ("access-control-allow-methods", []),
            ("vary", ["accept", "origin"])):
        equal((name, head.all(name)), (name, wanted))


@test("CORS: of others, and of no origin, nothing is said")
def _():
    mesh(host("cors", [to_web(more={"cors": CORS})]))
    c = Client("app", VIP)
    for fields in (("Origin: https://shop.example.evil",),
                   ("Origin: https://xshop.example",),
                   ("Origin: http://shop.example",), ("Origin: null",), ()):
        head, answer = exchange(c, request(
            "/", *fields, "Access-Control-Request-Method: PUT", host="cors",
            method="OPTIONS"))
        equal(line(head), "OPTIONS / HTTP/1.1")
        equal(answer.all("access-control-allow-origin"), [])
    head, answer = exchange(c, request("/", "Origin: https://shop.example",
                                       host="cors", method="OPTIONS"))
    equal((line(head), answer.get("access-control-allow-origin")),
          ("OPTIONS / HTTP/1.1", "https://shop.example"))


# ---- load balancing ----

PORTS = range(9100, 9104)
NOBODY = 9
many = None


def hashed(lb, *policies, weights=(1, 1, 1, 1), ports=PORTS, **more):
    """A mesh whose only cluster has four endpoints, picked by these policies."""
    apply({
        "clusters": [{
            "name": "c", "lb": lb, "hash": list(policies), **more,
            "endpoints": [{"address": WEB, "port": port, "weight": w}
                          for port, w in zip(ports, weights)]}],
        "route_tables": [{"name": "main", "virtual_hosts": [
            {"name": "any", "domains": ["*"],
             "routes": [{"action": {"cluster": "c"}}]}]}],
        "listeners": [{"name": "one", "address": VIP, "port": 80,
                       "protocol": "http", "route_table": "main"}]})


def where(c, path="/", *fields, vip=VIP):
    """Which endpoint got a request, and the response's head."""
    c.send(request(path, *fields, host=vip))
    which, conn, _ = many.taken()
    conn.send(OK)
    return which, c.response()[0]


def ring(weights, least, most):
    """Envoy's ring_hash_lb.cc: (hash, endpoint), sorted."""
    total = sum(weights)
    smallest = min(w / total for w in weights)
    scale = min(math.ceil(smallest * least) / smallest, most)
    entries, target, current = [], 0.0, 0
    for i, w in enumerate(weights):
        target += scale * (w / total)
        k = 0
        while current < target:
            entries.append((xxh64(f"{WEB}:{PORTS[i]}_{k}".encode()), i))
            k += 1
            current += 1
    return sorted(entries)


def at_ring(entries, h):
    return next((i for e, i in entries if e >= h), entries[0][1])


def on_ring(entries, value):
    return at_ring(entries, xxh64(value.encode()))


@test("ring_hash: each value goes where Envoy's ring says, by weight")
def _():
    for weights, least, most in (((1, 1, 1, 1), 1024, 8388608),
                                 ((1, 2, 3, 9), 7, 8388608),
                                 ((5, 1, 1, 1), 100, 100)):
        hashed("ring_hash", {"header": "x-user"}, weights=weights,
               ring_min=least, ring_max=most)
        entries = ring(weights, least, most)
        c = Client("app", VIP)
        for i in range(40):
            user = f"user-{i}"
            equal((user, where(c, "/", f"x-user: {user}")[0]),
                  (user, on_ring(entries, user)))
        close_clients()


@test("hash policies: query parameter, path; the first that yields a value")
def _():
    entries = ring((1, 1, 1, 1), 1024, 8388608)
    hashed("ring_hash", {"header": "x-user"}, {"query": "id"}, {"path": True})
    c = Client("app", VIP)
    for i in range(20):
        equal(where(c, f"/p{i}?id")[0], on_ring(entries, ""))
        equal(where(c, f"/p{i}?x=1&id=q{i}&id=z")[0], on_ring(entries, f"q{i}"))
        equal(where(c, f"/p{i}?no=id")[0], on_ring(entries, f"/p{i}"))
        equal(where(c, f"/p?id=q{i}", f"X-User: u{i}")[0],
              on_ring(entries, f"u{i}"))


def envoy_hash(*found):
    """HashPolicyImpl::generateHash(): of each policy (value or None, terminal)."""
    value = None
    for one, terminal in found:
        if one is not None:
            one = xxh64(one.encode())
            value = one if value is None else rotated(value, 1) ^ one
        if terminal and value is not None:
            break
    return value


@test("hash policies: combined as Envoy's, until one that is terminal")
def _():
    entries = ring((1, 1, 1, 1), 1024, 8388608)

    def follows(policies, *cases):
        hashed("ring_hash", *({**p, **({} if last else {"combine": True})}
                              for p, last in policies))
        c = Client("app", VIP)
        for path, fields, values in cases:
            wanted = envoy_hash(*zip(values, (last for _, last in policies)))
            got = where(c, path, *fields)[0]
            if wanted is not None:
                equal((policies, path, fields, got),
                      (policies, path, fields, at_ring(entries, wanted)))
        close_clients()
    many_users = [("/", (f"x-user: u{i}", f"x-id: i{i % 3}"), (f"u{i}", f"i{i % 3}"))
                  for i in range(12)]
    user, ident = {"header": "x-user"}, {"header": "x-id"}
    follows([(user, False), (ident, False)], *many_users,
            # The same twice is not nothing.
            ("/", ("x-user: a", "x-id: a"), ("a", "a")),
            ("/", ("x-id: a",), (None, "a")), ("/", ("x-user: a",), ("a", None)),
            ("/", ("x-user:", "x-id:"), ("", "")))
    follows([(user, True), (ident, False)], *many_users,
            ("/", ("x-id: a",), (None, "a")))
    # One that is terminal and has no value ends it too, if there was one.
    follows([(user, False), (ident, True), ({"path": True}, False)], *many_users,
            ("/p", ("x-user: a",), ("a", None, "/p")),
            ("/p", (), (None, None, "/p")))
    follows([({"source_address": True}, False), ({"query": "id"}, False),
             ({"cookie": "sid"}, False), (user, True)],
            ("/", (), (APP, None, None, None)),
            ("/?id=q", ("x-user: a",), (APP, "q", None, "a")),
            ("/?id=q", ("cookie: sid=s", "x-user: a"), (APP, "q", "s", "a")),
            ("/?id", ("cookie: sid=",), (APP, "", None, None)))
    # All values of a field, sorted and without anything between them.
    follows([(user, True)],
            *(("/", tuple(f"x-user: {v}" for v in order), ("abbb",))
              for order in (("a", "b", "bb"), ("bb", "b", "a"), ("b", "a", "bb"))),
            ("/", ("x-user: zz", "X-User:", "x-user: z"), ("zzz",)),
            ("/", tuple(f"x-user: {v:02}" for v in range(12, 0, -1)),
             ("010203040506070809101112",)))


@test("hash policies: a route's own go before its cluster's")
def _():
    entries = ring((1, 1, 1, 1), 1024, 8388608)
    hashed("ring_hash", {"header": "x-user"})
    meshctl("add", "route", "main/any", "0", "path_prefix", "/own", "cluster", "c",
            "hash", "query:id", "hash", "cookie:sid,ttl=0")
    c = Client("app", VIP)
    for i in range(12):
        equal(where(c, "/", f"x-user: u{i}")[0], on_ring(entries, f"u{i}"))
        equal(where(c, f"/own?id=q{i}", f"x-user: u{i}")[0],
              on_ring(entries, f"q{i}"))
    _, head = where(c, "/own", "x-user: me")
    true(head.get("set-cookie").startswith("sid="), head.raw)
    meshctl("set", "route", "main/any", "0", "hash", "none")
    got, head = where(c, "/own?id=q1", "x-user: me")
    equal((got, head.all("set-cookie")), (on_ring(entries, "me"), []))


@test("hash policies: a cookie; without TTL none is given")
def _():
    entries = ring((1, 1, 1, 1), 1024, 8388608)
    hashed("ring_hash", {"cookie": "sid"}, {"header": "x-user"})
    c = Client("app", VIP)
    for i, cookie in enumerate((
            "sid=v{}", "a=b; sid=v{}", "sid=v{}; a=b", "xsid=1;sid=v{};",
            'sid="v{}"', "SID=x; sid=v{}")):
        got, head = where(c, "/", "Cookie: " + cookie.format(i), "x-user: me")
        equal((cookie, got), (cookie, on_ring(entries, f"v{i}")))
        equal(head.all("set-cookie"), [])
    got, head = where(c, "/", "Cookie: a=1", "Cookie: sid=two", "x-user: me")
    equal(got, on_ring(entries, "two"))
    for cookie in "Cookie: xsid=1; Sid=2", "Cookie: sid", "X: 1":
        got, head = where(c, "/", cookie, "x-user: me")
        equal((got, head.all("set-cookie")), (on_ring(entries, "me"), []))


@test("hash policies: a cookie that is given leads its client to one endpoint")
def _():
    for lb in "ring_hash", "maglev":
        hashed(lb, {"cookie": "sid", "cookie_ttl": 600, "cookie_path": "/x"})
        seen = set()
        for _ in range(12):
            c = Client("app", VIP)
            got, head = where(c)
            (cookie,) = head.all("set-cookie")
            value = re.fullmatch(r'sid="([0-9a-f]{16})"; Max-Age=600; Path=/x; '
                                 r'HttpOnly', cookie).group(1)
            seen.add(value)
            for _ in range(3):
                again, head = where(c, "/", f"Cookie: sid={value}")
                equal((again, head.all("set-cookie")), (got, []))
        equal(len(seen), 12)
        close_clients()
    hashed("ring_hash", {"cookie": "sid", "cookie_ttl": 0})
    _, head = where(Client("app", VIP))
    true(re.fullmatch(r'sid="[0-9a-f]{16}"; HttpOnly', head.get("set-cookie")),
         head.raw)


def hold(n):
    """So many requests that last: (endpoint, its connection, client) of each."""
    held = []
    for _ in range(n):
        c = Client("app", VIP)
        c.send(request("/", host="a"))
        which, conn, _ = many.taken()
        # Until it is answered nothing more is to be heard of it.
        many[which].selector.unregister(conn.sock)
        held.append((which, conn, c))
    return held


def let_go(held):
    for which, conn, c in held:
        many[which].selector.register(conn.sock, selectors.EVENT_READ, conn)
        conn.send(OK)
        c.response()


def active():
    return [e["active"] for e in stats()["endpoints"]]


@test("least_request: requests that last are spread by weight; a free one is found")
def _():
    for weights, wanted in (((1, 1, 1, 1), [6, 6, 6, 6]),
                            ((1, 2, 3, 6), [2, 4, 6, 12])):
        # With 16 choices the least loaded is missed once in 10^2 to 10^5 times.
        hashed("least_request", weights=weights, choices=16)
        held = hold(24)
        got = [sum(w == i for w, _, _ in held) for i in range(4)]
        note(f"weights {weights}: {got}")
        equal(active(), got)
        true(all(abs(g - w) <= 3 for g, w in zip(got, wanted)), got)
        let_go(held)
        until(lambda: not any(active()), why=active())
        close_clients()


@test("least_request: two choices are better than one, without load weights decide")
def _():
    hashed("least_request", weights=(9, 1, 1, 1))
    c = Client("app", VIP)
    got = [where(c)[0] for _ in range(400)]
    # mean 300, standard deviation 8.7: eight of them
    true(230 < got.count(0) < 370, got.count(0))


@test("a request that is refused, reset or abandoned is no load any more")
def _():
    hashed("least_request")
    held = hold(3)
    held[0][1].reset()
    many[held[0][0]].conns.remove(held[0][1])
    equal(held[0][2].response()[0].status, 502)
    held[1][2].reset()
    until(lambda: sum(active()) == 1, why=active())
    many[held[1][0]].conns.remove(held[1][1])
    held[1][1].close()
    let_go(held[2:])
    until(lambda: not any(active()), why=active())


@test("stats() of the tests is what meshctl says")
def _():
    hashed("random")
    held = hold(2)
    equal(stats(), json.loads(meshctl("-j", "stats")))
    true(sum(e["active"] for e in stats()["endpoints"]) == 2)
    let_go(held)


@test("peak_ewma: who is slow once is avoided, until it is forgotten")
def _():
    hashed("peak_ewma", choices=16, decay="60m")
    c = Client("app", VIP)
    slow = None
    for _ in range(12):
        c.send(request("/", host="a"))
        which, conn, _ = many.taken()
        if slow is None:
            slow = which
            time.sleep(2)
        conn.send(OK)
        c.response()
    # The others are unknown at first, and then are far below two seconds.
    got = [where(c)[0] for _ in range(100)]
    equal(got.count(slow), 0)
    hashed("peak_ewma", choices=16, decay="100ms")
    time.sleep(2)
    got = [where(c)[0] for _ in range(100)]
    true(slow in got, got)


@test("peak_ewma: who refuses at once is not a fast one")
def _():
    hashed("peak_ewma", choices=16, decay="60m", ports=[*PORTS[:3], NOBODY])
    c = Client("app", VIP)
    for _ in range(30):
        c.send(request("/", host="a"))
        ready = select.select([b.selector.fileno() for b in many] +
                              [c.sock.fileno()], [], [], 10)[0]
        for b in many:
            if b.selector.fileno() in ready:
                b.request()[0].send(OK)
        c.response()
    equal({where(c)[0] for _ in range(50)} - {0, 1, 2}, set())
    failures = {e["port"]: e["failures"] for e in stats()["endpoints"]}
    note(failures)
    true(1 <= failures[NOBODY] <= 4, failures)


def main():
    global web, many
    with pods_of_a_mesh("app", "own", app=10, own=11, web=20):
        web = Backend("web", 9000)
        many = Endpoints("web", PORTS)
        mesh(host("nothing", []))
        return run_tests(close_connections, closes=True)


if __name__ == "__main__":
    sys.exit(main())
