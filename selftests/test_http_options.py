#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What a listener's HTTP options do, seen in the bytes on either side: limits and
timeouts, normal paths, forwarding fields, upgrades, CONNECT.

   client in pod "app" -- virtual IPs, one for each set of options -- raw server
   in pod "web"
"""

import hashlib
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from l7 import (Backend, Client, Counters, apply, close_connections, equal, meshctl,
                note, pods_of_a_mesh, request, run_tests, test, true, until)

WEB, APP, APP6 = "10.2.0.20", "10.2.0.10", "fd00:2::10"
VIP6 = "fd00:96::1"
OPTIONS = {
    "plain": {},
    "small": {"max_header_bytes": 400, "max_headers": 4, "max_uri_bytes": 40,
              "max_body_bytes": 1000},
    "hasty": {"headers_timeout": "500ms", "request_timeout": "4s",
              "idle_timeout": "1500ms", "stream_idle_timeout": "2500ms"},
    "thrice": {"max_requests_per_connection": 3},
    "old": {"max_connection_duration": "2s"},
    "narrow": {"buffer_limit": 16384},
    "normal": {"normalize_path": True},
    "merged": {"merge_slashes": True},
    "decoded": {"normalize_path": True, "merge_slashes": True,
                "escaped_slashes": "decode"},
    "strict": {"escaped_slashes": "reject"},
    "answers": {"expect_continue": "answer"},
    "bare": {"x_request_id": False, "x_forwarded_for": False,
             "x_forwarded_proto": False, "upgrade": "none"},
    "full": {"x_forwarded_host": True, "forwarded": True, "via": True,
             "traceparent": True, "upgrade": "any"},
    "behind": {"trusted_hops": 2},
    "proxy": {"connect": "forward"},
    "dashes": {"headers_with_underscores": "reject"},
    "dropping": {"headers_with_underscores": "drop"},
    "tunnel": {"connect": "terminate", "stream_idle_timeout": "3s"},
}
VIPS = {name: f"10.96.1.{i}" for i, name in enumerate(OPTIONS, 1)}
CLUSTER = {"max_idle": 8, "connect_timeout": "60s", "response_timeout": "60s"}
CONFIG = {
    "clusters": [
        {"name": "web", **CLUSTER,
         "endpoints": [{"address": WEB, "port": 9000}]},
        {"name": "hashed", **CLUSTER, "hash": [{"source_address": True}],
         "endpoints": [{"address": WEB, "port": 9001 + i} for i in range(4)]},
        {"name": "nobody", "endpoints": [{"address": WEB, "port": 9}]},
    ],
    "route_tables": [{
        "name": "main",
        "virtual_hosts": [
            {"name": "hashed", "domains": ["hashed"],
             "routes": [{"action": {"cluster": "hashed"}}]},
            {"name": "nobody", "domains": ["nobody"],
             "routes": [{"action": {"cluster": "nobody"}}]},
            # Its heads are edited for longer than softirq has time.
            {"name": "dear", "domains": ["dear"],
             "routes": [{"action": {"cluster": "web"},
                         "request_headers": [{"name": f"x-{i}", "op": "remove"}
                                             for i in range(60)]}]},
            {"name": "paths", "domains": ["paths"],
             "routes": [{"match": {"path": {"prefix": "/"}},
                         "action": {"cluster": "web"}}]},
            {"name": "any", "domains": ["*"],
             "routes": [{"match": {"path": {"prefix": "/private"}},
                         "action": {"direct_response": {"status": 403}}},
                        {"match": {"headers": [{"name": "a_b",
                                                "present": True}]},
                         "action": {"direct_response": {"status": 402}}},
                        {"action": {"cluster": "web"}}]}],
    }],
    "listeners": [
        {"name": name, "address": VIPS[name], "port": 80, "protocol": "http",
         "route_table": "main", **options}
        for name, options in OPTIONS.items()
    ] + [{"name": "full6", "address": VIP6, "port": 80, "protocol": "http",
          "route_table": "main", **OPTIONS["full"]}],
}

web = None
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def client(listener, **more):
    return Client("app", VIPS.get(listener, listener), **more)


def get(path="/", *fields, host="a", **more):
    return request(path, *fields, host=host, **more)


def exchange(c, message, answer=OK):
    """One request all the way: the head that the server saw, the response's."""
    c.send(message)
    conn, head = web.request()
    conn.send(answer)
    return head, c.response()[0]


def refused(listener, message, status, counter):
    """A request that no endpoint hears of."""
    grown = Counters()
    c = client(listener)
    c.send(message)
    c.refusal(status)
    equal(grown(counter), 1)
    web.quiet(0.1)


# ---- limits ----

@test("max_header_bytes: a head of exactly so many passes, a byte more is 431")
def _():
    c = client("small")
    room = 400 - len(get("/", "X: "))
    exchange(c, get("/", "X: " + "x" * room))
    refused("small", get("/", "X: " + "x" * (room + 1)), 431,
            "reply_431_header_fields_too_large")


@test("max_header_bytes: an endless head is 431 when it has so many bytes")
def _():
    refused("small", b"GET / HTTP/1.1\r\nX: " + b"x" * 400, 431,
            "reply_431_header_fields_too_large")


@test("max_headers: so many fields pass, one more is 431")
def _():
    exchange(client("small"), get("/", "A: 1", "B: 2", "C: 3"))
    refused("small", get("/", "A: 1", "B: 2", "C: 3", "D: 4"), 431,
            "reply_431_too_many_header_fields")


@test("max_uri_bytes: a target of exactly so many passes, a byte more is 414")
def _():
    exchange(client("small"), get("/" + "x" * 39))
    refused("small", get("/" + "x" * 40), 414, "reply_414_uri_too_long")
    refused("small", get("/?" + "x" * 39), 414, "reply_414_uri_too_long")


@test("max_body_bytes: a length of exactly so many passes, one more is 413")
def _():
    c = client("small")
    c.send(get("/", "Content-Length: 1000", method="POST") + b"x" * 1000)
    conn, _ = web.request()
    equal(conn.exactly(1000), b"x" * 1000)
    conn.send(OK)
    equal(c.response()[0].status, 200)
    refused("small", get("/", "Content-Length: 1001", "Expect: 100-continue",
                         method="POST"), 413, "reply_413_body_too_large")


@test("max_body_bytes: chunks of exactly so many pass, one byte more is 413")
def _():
    head = get("/", "Transfer-Encoding: chunked", method="POST")
    c = client("small")
    c.send(head + b"1f4\r\n" + b"x" * 500 + b"\r\n1F4\r\n" + b"y" * 500 +
           b"\r\n0\r\n\r\n")
    conn, _ = web.request()
    equal(conn.chunked()[0], b"x" * 500 + b"y" * 500)
    conn.send(OK)
    equal(c.response()[0].status, 200)
    grown = Counters()
    c = client("small")
    c.send(head + b"1f4\r\n" + b"x" * 500 + b"\r\n1f5\r\n" + b"y" * 501)
    conn, _ = web.request()
    c.refusal(413)
    equal(grown("reply_413_body_too_large"), 1)
    # What the endpoint has is not a whole message, and it will get no more.
    true(not conn.until(b"xxxxx\r\n").endswith(b"0\r\n\r\n"))
    conn.gone()


@test("max_body_bytes is for requests: responses may be longer")
def _():
    c = client("small")
    c.send(get())
    conn, _ = web.request()
    conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"z" * 5000)
    equal(c.response()[1], b"z" * 5000)


@test("headers_timeout: half a head is 408")
def _():
    refused("hasty", get()[:-2], 408, "reply_408_headers_timeout")


@test("headers_timeout: a byte now and then does not help")
def _():
    grown = Counters()
    c = client("hasty")
    start = time.monotonic()
    try:
        for byte in get("/", "X: " + "x" * 200):
            c.send(bytes([byte]))
            time.sleep(0.05)
        raise AssertionError("all of it was taken")
    except (BrokenPipeError, ConnectionResetError):
        pass
    true(time.monotonic() - start < 9)
    equal(grown("reply_408_headers_timeout"), 1)


@test("request_timeout: a body that dribbles on is 408")
def _():
    grown = Counters()
    c = client("hasty")
    c.send(get("/", "Content-Length: 1000", method="POST"))
    conn, _ = web.request()
    for _ in range(6):
        c.send(b"x")
        time.sleep(0.5)
    until(lambda: grown("reply_408_request_timeout") == 1)
    c.refusal(408)
    equal(conn.rest(), b"x" * 6)


@test("request_timeout: a request that is whole may wait for its response")
def _():
    c = client("hasty")
    c.send(get("/", "Content-Length: 1", method="POST") + b"x")
    conn, _ = web.request()
    conn.exactly(1)
    time.sleep(5)
    conn.send(OK)
    equal(c.response()[0].status, 200)


@test("stream_idle_timeout: a body that stands still is 408")
def _():
    grown = Counters()
    c = client("hasty")
    c.send(get("/", "Content-Length: 1000", method="POST"))
    web.request()
    c.refusal(408)
    equal(grown("reply_408_stream_idle_timeout"), 1)


@test("stream_idle_timeout: a response that stands still is cut")
def _():
    grown = Counters()
    c = client("hasty")
    c.send(get())
    conn, _ = web.request()
    conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    true(c.was_reset().endswith(b"half"))
    equal(grown("streams_timed_out"), 1)
    conn.gone()


@test("idle_timeout: a connection without a request is closed")
def _():
    grown = Counters()
    c = client("hasty")
    exchange(c, get())
    c.ended()
    equal(grown("downstream_idle_timeout"), 1)
    client("hasty").ended()
    equal(grown("downstream_idle_timeout"), 2)


@test("max_requests_per_connection: the last one is told, and is the last")
def _():
    grown = Counters()
    c = client("thrice")
    c.send(get() * 4)
    for wanted in (None, None, "close"):
        conn, _ = web.request()
        conn.send(OK)
        equal(c.response()[0].get("connection"), wanted)
    c.ended()
    web.quiet(0.1)
    equal(grown("downstream_max_requests_per_connection", "requests"), [1, 3])


@test("max_connection_duration: idle, it is closed; busy, after the response")
def _():
    grown = Counters()
    start = time.monotonic()
    client("old").ended()
    true(time.monotonic() - start > 1.9, "too soon")
    equal(grown("downstream_max_connection_duration"), 1)
    c = client("old")
    exchange(c, get())
    c.send(get())
    conn, _ = web.request()
    time.sleep(2.2)
    conn.send(OK)
    head, body = c.response()
    equal((head.get("connection"), body), ("close", b"ok"))
    c.ended()


@test("max_connection_duration: a keep-alive connection is closed in time")
def _():
    c = client("old")
    exchange(c, get())
    c.ended()


@test("buffer_limit bounds what is in flight, both ways", limit=300)
def _():
    big, far = 4 << 20, {}
    for listener in "plain", "narrow":
        grown = Counters()
        c = client(listener, sizes=4096)
        c.send(get())
        conn, _ = web.request()
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % big)
        conn.sock.setblocking(False)
        sent, still = 0, 0
        while still < 5 and sent < big:
            try:
                sent += conn.sock.send(b"z" * min(65536, big - sent))
                still = 0
            except BlockingIOError:
                still += 1
                time.sleep(0.1)
        conn.sock.settimeout(30)
        true(sent == big or grown("downstream_buffer_full"), sent)
        note(f"{listener}: {sent} bytes were taken of a response that nobody read")
        far[listener] = sent
        c.reset()
        web.close_all()
    true(far["narrow"] < far["plain"], far)


@test("buffer_limit: bodies still pass, whole")
def _():
    body = os.urandom(300000)
    c = client("narrow")
    c.send(get("/", f"Content-Length: {len(body)}", method="POST"))
    conn, _ = web.request()
    at = 0
    for i in range(0, len(body), 10000):
        c.send(body[i:i + 10000])
        equal(conn.exactly(10000), body[at:at + 10000])
        at += 10000
    conn.send(OK)
    equal(c.response()[0].status, 200)


# ---- paths ----

def seen_path(listener, path, **more):
    head, _ = exchange(client(listener), get(path, **more))
    return head.start.split(" ")[1]


def is_private(listener, path):
    c = client(listener)
    c.send(get(path))
    equal(c.response()[0].status, 403)
    web.quiet(0.05)


@test("without an option a path is matched and passed on as it was sent")
def _():
    for path in ("/x/../private", "//private", "/%70rivate", "/a%2Fb/./c\\d",
                 "/%zz"):
        equal(seen_path("plain", path), path)


@test("normalize_path: no spelling of a path gets around its route")
def _():
    for path in ("/private", "/x/../private", "/./private/a", "/%70rivate",
                 "/x/%2e%2E/private?q", "/..\\private", "/%2e/private/../private"):
        is_private("normal", path)
    equal(seen_path("normal", "/a/./b/../c%7E%c3?x=/../%7e"),
          "/a/c~%C3?x=/../%7e")
    equal(seen_path("normal", "http://a/x/../y?z"), "/y?z")
    equal(seen_path("normal", "http://a?z"), "/?z")
    # As long as it was, on a connection on which what came may go on as it came.
    for _ in range(3):
        equal(seen_path("normal", "/a\\b"), "/a/b")


@test("normalize_path: what cannot be decoded is 400")
def _():
    for path in "/%00", "/a%", "/%4", "/%gg":
        refused("normal", get(path), 400, "reply_400_bad_request")


@test("merge_slashes")
def _():
    is_private("merged", "//private")
    is_private("merged", "///private//x")
    equal(seen_path("merged", "//a///b/../c%2F//d"), "/a/b/../c%2F/d")


@test("escaped_slashes decode, with both others")
def _():
    for path in ("/%2Fprivate", "/x%2f..%5cprivate", "/x/%2e%2e%2F/private"):
        is_private("decoded", path)
    equal(seen_path("decoded", "/a%2Fb%5Cc"), "/a/b/c")


@test("escaped_slashes reject")
def _():
    refused("strict", get("/a%2fb"), 400, "reply_400_bad_request")
    refused("strict", get("/a%5Cb"), 400, "reply_400_bad_request")
    equal(seen_path("strict", "/a/../b?x=%2F"), "/a/../b?x=%2F")


@test("OPTIONS * is no path to be made normal")
def _():
    head, _ = exchange(client("decoded"), get("*", method="OPTIONS"))
    equal(head.start, "OPTIONS * HTTP/1.1")


# ---- names with underscores ----

def chunked(*trailers):
    return (get("/", "Transfer-Encoding: chunked", method="POST") +
            b"2\r\nhi\r\n0\r\n" + b"".join(trailers) + b"\r\n")


def seen_trailers(listener, *trailers):
    c = client(listener)
    c.send(chunked(*trailers))
    conn, _ = web.request()
    got = conn.chunked()[2]
    conn.send(OK)
    equal(c.response()[0].status, 200)
    return got


@test("headers_with_underscores allow: they are fields as any")
def _():
    head, _ = exchange(client("plain"), get("/", "X_Y: 1", "x-y: 2"))
    equal((head.get("x_y"), head.get("x-y")), ("1", "2"))
    c = client("plain")
    c.send(get("/", "A_B: 1"))
    equal(c.response()[0].status, 402)
    equal(seen_trailers("plain", b"X_Y: 1\r\n"), [b"X_Y: 1\r\n"])


@test("headers_with_underscores reject: 400, of trailers as well")
def _():
    for field in "X_Y: 1", "_: 1", "a_b:", "x_y: 1\r\nX-Y: 2":
        refused("dashes", get("/", "X-A: b", field), 400,
                "reply_400_header_underscore")
    head, _ = exchange(client("dashes"), get("/_", "X-Y: _", host="a_b"))
    equal((head.get("x-y"), head.get("host")), ("_", "a_b"))
    equal(seen_trailers("dashes", b"X-Y: _\r\n"), [b"X-Y: _\r\n"])
    grown = Counters()
    c = client("dashes")
    c.send(chunked(b"X-Y: 1\r\n", b"X_Y: 1\r\n"))
    c.refusal(400)
    equal(grown("reply_400_header_underscore", "reply_400_bad_request"), [1, 0])
    web.close_all()


@test("headers_with_underscores drop: neither matched nor passed on")
def _():
    for _ in range(3):
        c = client("dropping")
        for fields in ("a_b: 1",), ("a: 1", "A_B: 2", "X_Y:", "b: 3"):
            head, _ = exchange(c, get("/", *fields))
            equal([n for n, _ in head.fields if "_" in n], [])
            equal(head.get("a"), "1" if "a: 1" in fields else None)
    equal(seen_trailers("dropping", b"X_Y: 1\r\n", b"X-Y: 2\r\n", b"_:\r\n"),
          [b"X-Y: 2\r\n"])
    # Without one, not a byte changes.
    head, _ = exchange(client("dropping"), get("/", "X-ODD: A"))
    true(b"X-ODD: A\r\n" in head.raw, head.raw)


# ---- forwarding fields ----

@test("x-forwarded-for: the client's address, behind what is there")
def _():
    head, _ = exchange(client("plain"), get())
    equal(head.all("x-forwarded-for"), [APP])
    head, _ = exchange(client("plain"), get("/", "X-Forwarded-For: 9.9.9.9"))
    equal(head.all("x-forwarded-for"), [f"9.9.9.9, {APP}"])
    head, _ = exchange(client("plain"), get(
        "/", "X-Forwarded-For: 1.1.1.1,unknown", "a: b",
        "x-forwarded-for:2.2.2.2"))
    equal(head.all("x-forwarded-for"), ["1.1.1.1,unknown", f"2.2.2.2, {APP}"])
    head, _ = exchange(client("plain"), get("/", "X-Forwarded-For:"))
    equal(head.all("x-forwarded-for"), [APP])


@test("a forwarding field that Connection nominates is not believed")
def _():
    head, _ = exchange(client("plain"), get(
        "/", "Connection: x-forwarded-for, x-request-id",
        "X-Forwarded-For: 9.9.9.9", "X-Request-Id: mine"))
    equal(head.all("x-forwarded-for"), [APP])
    true(head.get("x-request-id") not in (None, "mine"))


@test("everything off: a request is what was sent")
def _():
    c = client("bare")
    c.send(get("/", "A: b"))
    conn, head = web.request()
    equal(head.raw, b"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n")
    conn.send(OK)


@test("x-forwarded-host, forwarded, via: made when absent")
def _():
    head, _ = exchange(client("full"), get(host="a.example:81"))
    equal(head.get("x-forwarded-host"), "a.example:81")
    equal(head.get("forwarded"), f'for={APP};host="a.example:81";proto=http')
    equal(head.get("via"), "1.1 l7mesh")
    head, _ = exchange(client(VIP6), get(host="[fd00::1]"))
    equal(head.get("forwarded"), f'for="[{APP6}]";host="[fd00::1]";proto=http')
    equal(head.get("x-forwarded-for"), APP6)


@test("x-forwarded-host is kept; forwarded and via are appended to")
def _():
    head, _ = exchange(client("full"), get(
        "/", "X-Forwarded-Host: there", "Forwarded: for=_x", "Via: 1.0 p",
        "Via: 1.1 q", version="1.1"))
    equal(head.get("x-forwarded-host"), "there")
    equal(head.get("forwarded"), f'for=_x, for={APP};host="a";proto=http')
    equal(head.all("via"), ["1.0 p", "1.1 q, 1.1 l7mesh"])
    c = client("full")
    c.send(b"GET / HTTP/1.0\r\n\r\n")
    conn, head = web.request()
    equal((head.get("via"), head.get("x-forwarded-host")), ("1.0 l7mesh", None))
    equal(head.get("forwarded"), f"for={APP};proto=http")
    conn.send(OK)


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@test("traceparent: passed on if it is well-formed, with its state")
def _():
    for trace in (TRACE, TRACE.replace("00-0a", "01-0a") + "-more"):
        head, _ = exchange(client("full"), get(
            "/", f"Traceparent: {trace}", "Tracestate: a=b"))
        equal((head.get("traceparent"), head.get("tracestate")), (trace, "a=b"))


@test("traceparent: begun anew if it is absent or malformed, without its state")
def _():
    bad = ["", "x", TRACE[:-1], TRACE + "0", TRACE.upper(), "ff" + TRACE[2:],
           TRACE.replace("-", "_"), TRACE[:3] + "0" * 32 + TRACE[35:],
           TRACE[:36] + "0" * 16 + TRACE[52:], "01" + TRACE[2:] + "x"]
    seen = set()
    for fields in [[]] + [[f"traceparent: {b}"] for b in bad] + [
            [f"traceparent: {TRACE}"] * 2]:
        head, _ = exchange(client("full"), get("/", "tracestate: a=b", *fields))
        trace = head.get("traceparent")
        true(re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", trace), trace)
        equal(head.get("tracestate"), None)
        seen.add(trace)
    equal((len(seen), TRACE in seen), (len(bad) + 2, False))


@test("traceparent and b3 pass untouched where nobody asks for them")
def _():
    fields = ["traceparent: x", "tracestate: y", "b3: 1-2", "X-B3-TraceId: 3",
              "Forwarded: z", "Via: 1.1 w", "X-Forwarded-Host: v"]
    head, _ = exchange(client("plain"), get("/", *fields))
    equal([": ".join(f) for f in head.fields[1:8]], fields)


@test("trusted_hops: the client is whom the trusted proxies name")
def _():
    backends = [Backend("web", 9001 + i) for i in range(4)]

    def chosen(listener, *forwarded):
        c = client(listener)
        c.send(get("/", *(f"X-Forwarded-For: {f}" for f in forwarded),
                   host="hashed"))
        backend = until(lambda: next((b for b in backends
                                      if b.selector.select(0)), None))
        conn, _ = backend.request()
        conn.send(OK)
        equal(c.response()[0].status, 200)
        return backends.index(backend)

    def spread(*lists):
        return len({chosen("behind", *f) for f in lists})

    # The second from the end decides, wherever lines are broken.
    addresses = [f"10.7.0.{i}" for i in range(12)] + ["fd00::7"]
    true(spread(*[[f"{a}, 10.8.0.1"] for a in addresses]) > 1)
    equal(spread(*[[f"{a}, 10.7.0.1, 10.8.0.1"] for a in addresses]), 1)
    for a in addresses:
        equal(chosen("behind", a, "10.8.0.1"), chosen("behind", f"{a},x"))
    # Too short, or no address: the peer. Not trusted: the peer.
    peer = chosen("plain")
    for lists in ([], ["10.7.0.1"], ["unknown, 10.8.0.1"], ["[::1]:7, 1.1.1.1"],
                  [", ,10.7.0.1"]):
        equal(chosen("behind", *lists), peer)
    for a in addresses:
        equal(chosen("plain", f"{a}, 10.8.0.1"), peer)


# ---- Expect ----

@test("expect_continue answer: the mesh says 100, the endpoint hears nothing of it")
def _():
    c = client("answers")
    c.send(get("/", "Content-Length: 4", "Expect: 100-continue", method="PUT"))
    equal(c.head().start, "HTTP/1.1 100 Continue")
    c.send(b"body")
    conn, head = web.request()
    equal((head.get("expect"), conn.exactly(4)), (None, b"body"))
    conn.send(OK)
    equal(c.response()[0].status, 200)


@test("expect_continue answer: not to who does not wait, nor to a refusal")
def _():
    c = client("answers")
    c.send(get("/", "Content-Length: 4", "Expect: 100-continue", method="PUT") +
           b"body")
    conn, head = web.request()
    equal((head.get("expect"), conn.exactly(4)), (None, b"body"))
    conn.send(OK)
    equal(c.head().start, "HTTP/1.1 200 OK")
    c = client("answers")
    c.send(get("/private", "Content-Length: 4", "Expect: 100-continue",
               method="PUT"))
    equal(c.head().status, 403)
    c = client("answers")
    c.send(b"GET / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    time.sleep(0.2)
    c.send(b"ok")
    conn, head = web.request()
    equal(head.get("expect"), "100-continue")
    conn.exactly(2)
    conn.send(OK)
    equal(c.head().start, "HTTP/1.1 200 OK")


# ---- tunnels ----

WEBSOCKET = ("Connection: Upgrade", "Upgrade: websocket",
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
             "Sec-WebSocket-Version: 13")
SWITCH = (b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
          b"Upgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n")


def websocket(listener="plain", early=b"", host="a"):
    """A tunnel: its two ends."""
    c = client(listener)
    c.send(get("/chat", *WEBSOCKET, host=host) + early)
    conn, head = web.request()
    equal([v.lower() for v in (head.get("connection"), head.get("upgrade"))],
          ["upgrade", "websocket"])
    equal(head.get("sec-websocket-version"), "13")
    conn.send(SWITCH)
    head = c.head()
    equal((head.status, head.get("connection"), head.get("upgrade"),
           head.get("sec-websocket-accept")),
          (101, "upgrade", "websocket", "x"))
    return c, conn


@test("websocket: bytes both ways, unchanged, whatever they look like")
def _():
    grown = Counters()
    c, conn = websocket()
    for data in (b"\x81\x05hello", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 1000):
        c.send(data)
        equal(conn.exactly(len(data)), data)
        conn.send(data[::-1])
        equal(c.exactly(len(data)), data[::-1])
    equal(grown("tunnels_opened", "responses", "requests"), [1, 1, 1])


@test("websocket: what is sent with the head and with the 101 is not lost")
def _():
    c = client("plain")
    c.send(get("/", *WEBSOCKET) + b"early")
    conn, _ = web.request()
    conn.send(SWITCH + b"first")
    equal(c.head().status, 101)
    equal((c.exactly(5), conn.exactly(5)), (b"first", b"early"))


@test("websocket: each side ends for itself")
def _():
    for first in 0, 1:
        ends = websocket()
        one, other = ends[first], ends[1 - first]
        one.send(b"last")
        one.shut()
        equal(other.rest(), b"last")
        other.send(b"after")
        equal(one.exactly(5), b"after")
        other.close() if first else web.forget(other)
        one.ended()


@test("websocket: a reset is passed on, both ways")
def _():
    c, conn = websocket()
    c.reset()
    conn.was_reset()
    c, conn = websocket()
    web.forget(conn, lambda s: s.reset())
    c.was_reset()


@test("websocket: 8 MiB both ways at once, through small buffers", limit=300)
def _():
    c, conn = websocket("narrow")
    size, ends = 8 << 20, []
    for stream in c, conn:
        stream.sock.setblocking(False)
        ends.append({"s": stream, "sent": 0, "got": 0, "in": hashlib.md5(),
                     "out": hashlib.md5()})
    block = os.urandom(1 << 16)
    end = time.monotonic() + 200
    while any(e["got"] < size for e in ends) and time.monotonic() < end:
        for e in ends:
            at = e["sent"] % len(block)
            piece = block[at:at + size - e["sent"]]
            try:
                n = e["s"].sock.send(piece) if piece else 0
                e["out"].update(piece[:n])
                e["sent"] += n
            except BlockingIOError:
                pass
            try:
                data = e["s"].sock.recv(1 << 16)
                e["in"].update(data)
                e["got"] += len(data)
            except BlockingIOError:
                pass
    equal([e["got"] for e in ends], [size, size])
    equal(ends[0]["in"].digest(), ends[1]["out"].digest())
    equal(ends[1]["in"].digest(), ends[0]["out"].digest())


@test("an upgrade that the endpoint declines goes on as HTTP")
def _():
    c = client("plain")
    c.send(get("/", *WEBSOCKET) + get("/next"))
    conn, _ = web.request()
    conn.send(OK)
    equal(c.response()[0].status, 200)
    same, head = web.request()
    equal((same is conn, head.start), (True, "GET /next HTTP/1.1"))
    conn.send(OK)
    equal(c.response()[0].status, 200)


@test("an upgrade that is not allowed goes on as a plain request")
def _():
    for listener, protocol in (("bare", "websocket"), ("plain", "h2c"),
                               ("plain", "websocket, h2c")):
        head, _ = exchange(client(listener), get(
            "/", "Connection: upgrade, http2-settings",
            f"Upgrade: {protocol}", "HTTP2-Settings: x"))
        for name in "connection", "upgrade", "http2-settings":
            equal(head.get(name), None)
    # With a body it would have to be read first.
    c = client("full")
    c.send(get("/", "Connection: upgrade", "Upgrade: x", "Content-Length: 1",
               method="POST") + b"x")
    conn, head = web.request()
    equal(head.get("upgrade"), None)
    conn.send(OK)


@test("upgrade any: another protocol, one of several")
def _():
    c = client("full")
    c.send(get("/", "Connection: upgrade", "Upgrade: foo/2, bar"))
    conn, head = web.request()
    equal(head.get("upgrade"), "foo/2, bar")
    conn.send(b"HTTP/1.1 101 Yes\r\nConnection: upgrade\r\nUpgrade: Bar\r\n\r\n")
    equal(c.head().get("upgrade"), "Bar")
    c.send(b"x")
    equal(conn.exactly(1), b"x")


@test("a 101 that was not asked for, or to something else: 502, leg closed")
def _():
    grown = Counters()
    for fields, answer in (
            ((), SWITCH), (WEBSOCKET[1:], SWITCH),
            (WEBSOCKET, SWITCH.replace(b"websocket", b"h2c")),
            (WEBSOCKET, SWITCH.replace(b"Connection: Upgrade\r\n", b"")),
            (WEBSOCKET, SWITCH.replace(b"Upgrade: websocket\r\n", b"")),
            (WEBSOCKET, SWITCH.replace(b"1.1 101", b"1.0 101"))):
        c = client("plain")
        c.send(get("/", *fields))
        conn, _ = web.request()
        conn.send(answer)
        equal(c.response()[0].status, 502)
        conn.gone()
        web.close_all()
    equal(grown("reply_502_bad_response", "tunnels_opened"), [6, 0])


@test("a leg that was a tunnel is never used again")
def _():
    c, conn = websocket()
    c.shut()
    conn.ended()
    conn.shut()
    c.ended()
    c = client("plain")
    c.send(get())
    true(web.request()[0] is not conn)


@test("stream_idle_timeout ends a tunnel in which nothing moves")
def _():
    grown = Counters()
    c, conn = websocket("hasty")
    for _ in range(4):
        time.sleep(0.8)
        c.send(b"x")
        equal(conn.exactly(1), b"x")
    c.was_reset()
    conn.was_reset()
    equal(grown("streams_timed_out"), 1)


@test("a tunnel outlives its configuration and a drain")
def _():
    c, conn = websocket()
    meshctl("flush")
    meshctl("drain")
    c.send(b"still")
    equal(conn.exactly(5), b"still")
    apply(CONFIG)
    conn.send(b"here")
    equal(c.exactly(4), b"here")


@test("a tunnel goes where its bytes come, though its head was left to the work")
def _():
    for host in "a", "dear":
        c, conn = websocket(host=host)
        c.send(b"begin")
        equal(conn.exactly(5), b"begin")
        grown = Counters()
        for _ in range(50):
            c.send(b"up")
            equal(conn.exactly(2), b"up")
            conn.send(b"down")
            equal(c.exactly(4), b"down")
        runs = grown("engine_runs_deferred")
        note(f"{host}: {runs} runs of the work")
        true(runs < 50, (host, runs))


@test("CONNECT is 501 unless the listener says otherwise")
def _():
    grown = Counters()
    c = client("plain")
    c.send(request("a:443", host="a:443", method="CONNECT"))
    c.refusal(501)
    equal(grown("reply_501_not_implemented"), 1)
    web.quiet(0.1)


@test("what is sent behind a CONNECT that fails is no request")
def _():
    for listener, host in (("plain", "a"), ("proxy", "paths"),
                           ("tunnel", "nobody")):
        c = client(listener)
        c.send(request(f"{host}:80", host=host, method="CONNECT") + get())
        equal(c.response()[0].get("connection"), "close")
        c.gone()
    web.quiet(0.1)


@test("CONNECT with a body is 400")
def _():
    for field in "Content-Length: 3", "Transfer-Encoding: chunked":
        refused("proxy", request("a:443", field, host="a", method="CONNECT"),
                400, "reply_400_bad_request")


@test("CONNECT needs a route without a path")
def _():
    c = client("proxy")
    c.send(request("paths:443", host="paths:443", method="CONNECT"))
    equal(c.response()[0].status, 404)


@test("CONNECT forward: the endpoint opens the tunnel")
def _():
    c = client("proxy")
    c.send(request("b.example:443", host="other", method="CONNECT"))
    conn, head = web.request()
    equal((head.start, head.get("host")),
          ("CONNECT b.example:443 HTTP/1.1", "b.example:443"))
    conn.send(b"HTTP/1.1 200 Fine\r\nContent-Length: 5\r\n\r\n")
    head = c.head()
    equal((head.status, head.get("content-length")), (200, None))
    c.send(b"up")
    conn.send(b"down")
    equal((conn.exactly(2), c.exactly(4)), (b"up", b"down"))


@test("CONNECT forward: the endpoint has a long authority twice, whatever Host was")
def _():
    for length in 200, 240, 300, 1000, 4000:
        name = "b" * length + ":443"
        c = client("proxy")
        c.send(request(name, host="a", method="CONNECT"))
        conn, head = web.request()
        equal((head.start, head.get("host")), (f"CONNECT {name} HTTP/1.1", name))
        conn.send(b"HTTP/1.1 200 Fine\r\n\r\n")
        equal(c.head().status, 200)
        c.send(b"up")
        equal(conn.exactly(2), b"up")


@test("CONNECT forward: a refusal of the endpoint is passed on, and the end")
def _():
    c = client("proxy")
    c.send(request("b:443", host="b:443", method="CONNECT"))
    conn, _ = web.request()
    conn.send(b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno")
    equal((c.response()[1]), b"no")
    c.ended()


@test("CONNECT terminate: the endpoint hears bytes, and no HTTP")
def _():
    grown = Counters()
    # A leg that waits in the pool has spoken HTTP.
    exchange(client("plain"), get())
    c = client("tunnel")
    c.send(request("a:5432", host="a:5432", method="CONNECT") + b"early")
    equal(c.head().status, 200)
    conn = web.conn()
    equal(conn.exactly(5), b"early")
    conn.send(b"hello")
    equal(c.exactly(5), b"hello")
    c.shut()
    conn.ended()
    conn.send(b"bye")
    web.forget(conn)
    equal(c.rest(), b"bye")
    equal(grown("tunnels_opened"), 1)


@test("CONNECT terminate: an endpoint that refuses is 503")
def _():
    c = client("tunnel")
    c.send(request("nobody:80", host="nobody:80", method="CONNECT"))
    equal(c.response()[0].status, 503)


@test("100 tunnels at once, each with its own bytes")
def _():
    pairs = [websocket() for _ in range(100)]
    for i, (c, conn) in enumerate(pairs):
        c.send(b"%03d" % i)
        conn.send(b"%03d" % (999 - i))
    for i, (c, conn) in enumerate(pairs):
        equal((conn.exactly(3), c.exactly(3)), (b"%03d" % i, b"%03d" % (999 - i)))


def main():
    global web
    with pods_of_a_mesh("app", app=10, web=20):
        web = Backend("web", 9000)
        apply(CONFIG)
        return run_tests(close_connections, closes=True)


if __name__ == "__main__":
    sys.exit(main())
