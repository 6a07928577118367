#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""HTTP between a client and a server that send and check exact bytes.

   client in pod "app" -- virtual IPs, in-kernel engine -- raw server in pod
   "web"; nginx in pod "files"
"""

import functools
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from l7 import (PATIENCE, TIMES_SLOWER, Backend, Client, Counters, SentMemory,
                Stream, all_ended, apply, close_clients, closed_from_now, equal,
                in_pod, meshctl, note, pods_of_a_mesh, request, run_in, run_tests,
                stats, test, true, until)

VIP, VIP6, HASTY = "10.96.0.1", "fd00:96::1", "10.96.0.2"
WEB = "10.2.0.20"
MIB = 1 << 20
IP_MTU_DISCOVER = 10


def cluster(name, port, address=WEB, **more):
    return {"name": name, "max_idle": 0, "connect_timeout": "60s",
            "response_timeout": "60s", **more,
            "endpoints": [{"address": address, "port": port}]}


CLUSTERS = [
    cluster("raw", 9000),
    cluster("pooled", 9001, max_idle=8),
    cluster("tiny", 9002),
    cluster("one-idle", 9003, max_idle=1),
    cluster("short-idle", 9004, max_idle=8, idle_timeout="1s"),
    cluster("refused", 9),
    cluster("hole", 80, address="10.3.0.9", connect_timeout="500ms"),
    cluster("silent", 9000, response_timeout="500ms"),
    cluster("files", 8080, address="10.2.0.21"),
    cluster("far", 9000, address="10.5.0.2"),
    {"name": "empty"},
]
CONFIG = {
    "clusters": CLUSTERS,
    "route_tables": [{
        "name": "main",
        "virtual_hosts": [
            {"name": c["name"], "domains": [c["name"]],
             "routes": [{"match": {"path": {"exact": "/direct"}},
                         "action": {"direct_response": {"status": 200,
                                                        "body": "direct"}}},
                        {"action": {"cluster": c["name"]}}]}
            for c in CLUSTERS
        ] + [{"name": "any", "domains": ["*"],
              "routes": [{"match": {"method": "OPTIONS"},
                          "action": {"cluster": "raw"}},
                         {"match": {"path": {"prefix": "/"}},
                          "action": {"cluster": "raw"}}]}],
    }],
    "listeners": [
        {"name": "main", "address": VIP, "port": 80, "protocol": "http",
         "route_table": "main"},
        {"name": "main6", "address": VIP6, "port": 80, "protocol": "http",
         "route_table": "main"},
        {"name": "hasty", "address": HASTY, "port": 80, "protocol": "http",
         "route_table": "main", "headers_timeout": "500ms",
         "idle_timeout": "1500ms"},
    ],
}

web = pooled = tiny = one_idle = short_idle = None
net = None


def client(address=VIP, **more):
    return Client("app", address, **more)


get = functools.partial(request, host="raw")


def reply(body=b"", *fields, status="200 OK"):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def exchange(c, request=None, answer=None, server=None, method="GET"):
    """One request all the way: what the server saw, what the client got."""
    c.send(request or get())
    conn, head = (server or web).request()
    conn.send(answer or reply(b"hello"))
    return (conn, head, *c.response(method))


# ---- heads ----

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


@test("a request arrives as it was sent, with what the mesh adds")
def _():
    c = client()
    _, head, answer, body = exchange(c, get("/a/b?c=d&e", "X-Mixed: A  b",
                                            "accept:*/*"))
    true(re.fullmatch(
        rb"GET /a/b\?c=d&e HTTP/1\.1\r\nhost: raw\r\nX-Mixed: A  b\r\n"
        rb"accept: \*/\*\r\nx-forwarded-for: 10\.2\.0\.10\r\n"
        rb"x-forwarded-proto: http\r\nx-request-id: " +
        UUID.encode() + rb"\r\n\r\n", head.raw), head.raw)
    equal(answer.raw, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
    equal(body, b"hello")


@test("of a request that is plain not a byte changes, nor of its response")
def _():
    answer = b"HTTP/1.1 404 Not  Here\r\nX-A:  b\r\nCONTENT-LENGTH: 5\r\n\r\n"
    _, head, got, body = exchange(
        client(), b"GET /a/../b?x HTTP/1.1\r\nX-Before: 1\r\nHOST: Raw:8\r\n"
        b"X-After: 2\r\n\r\n", answer + b"hello")
    true(head.raw.startswith(b"GET /a/../b?x HTTP/1.1\r\nX-Before: 1\r\n"
                             b"HOST: Raw:8\r\nX-After: 2\r\n"
                             b"x-forwarded-for: "), head.raw)
    # White space before a value is none of it.
    equal(got.raw, answer.replace(b"X-A:  b", b"X-A: b").replace(
        b"CONTENT-LENGTH", b"content-length"))
    equal(body, b"hello")


@test("a plain response of many sizes arrives as it was sent")
def _():
    c = client()
    for size in (0, 1, 2000, 2999, 3000, 3001, 16384, 70000):
        head = f"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: {size}\r\n\r\n"
        wanted = bytes(i * 7 % 251 for i in range(size))
        _, _, got, body = exchange(c, get("/"), head.encode() + wanted)
        equal(got.raw, head.encode())
        true(body == wanted, size)


@test("x-request-id and x-forwarded-proto that are there are kept")
def _():
    _, head, _, _ = exchange(client(), get("/", "X-Request-Id: mine",
                                           "X-Forwarded-Proto: https"))
    equal(head.all("x-request-id"), ["mine"])
    equal(head.all("x-forwarded-proto"), ["https"])


@test("hop-by-hop fields of a request go no further")
def _():
    _, head, answer, _ = exchange(client(), get(
        "/", "Connection: X-Secret, keep-alive", "X-Secret: 1",
        "Keep-Alive: timeout=5", "Proxy-Connection: keep-alive", "TE: trailers",
        "Upgrade: h2c", "X-Public: 1"))
    equal([name.lower() for name, _ in head.fields],
          ["host", "x-public", "x-forwarded-for", "x-forwarded-proto",
           "x-request-id"])
    equal(answer.get("connection"), None)


@test("hop-by-hop fields of a response go no further")
def _():
    c = client()
    for _ in range(2):
        _, _, answer, _ = exchange(c, answer=reply(
            b"x", "Connection: close, X-Hop", "X-Hop: 1",
            "Keep-Alive: timeout=1", "Server: s", "Set-Cookie: a",
            "Set-Cookie: b"))
        equal([name.lower() for name, _ in answer.fields],
              ["server", "set-cookie", "set-cookie", "content-length"])


@test("an absolute target is passed on in origin form, and names the host")
def _():
    _, head, _, _ = exchange(client(), get("http://RAW:80/p?q", host="other"))
    equal((head.start, head.get("host")), ("GET /p?q HTTP/1.1", "RAW:80"))
    _, head, _, _ = exchange(client(), get("http://raw", host="other"))
    equal(head.start, "GET / HTTP/1.1")


@test("OPTIONS *")
def _():
    _, head, _, _ = exchange(client(), get("*", method="OPTIONS", host="nobody"))
    equal(head.start, "OPTIONS * HTTP/1.1")


@test("heads of one byte a segment, both ways")
def _():
    c = client()
    c.send_slowly(get("/slow", "A: b"))
    conn, head = web.request()
    equal((head.start, head.get("a")), ("GET /slow HTTP/1.1", "b"))
    conn.send_slowly(reply(b"byte by byte"))
    equal(c.response()[1], b"byte by byte")


def head_of(size):
    """A request of exactly so many bytes."""
    start = get("/", "X-Filler: ")
    return start[:-4] + b"f" * (size - len(start)) + b"\r\n\r\n"


@test("a head of 60 KiB is passed on, both ways")
def _():
    c = client()
    request = head_of(60 * 1024)
    equal(len(request), 60 * 1024)
    filler = "r" * 50000
    _, head, answer, body = exchange(c, request,
                                     reply(b"x", f"X-Filler: {filler}"))
    equal(len(head.get("x-filler")), 60 * 1024 - len(get("/", "X-Filler: ")))
    equal((answer.get("x-filler"), body), (filler, b"x"))
    c.send_slowly(request, 997)
    conn, head = web.request()
    equal(len(head.get("x-filler")), 60 * 1024 - len(get("/", "X-Filler: ")))
    conn.send(reply(b"again"))
    equal(c.response()[1], b"again")


@test("a head of one byte more: 431")
def _():
    grown = Counters()
    c = client()
    c.send(head_of(60 * 1024 + 1))
    c.refusal(431)
    equal(grown("reply_431_header_fields_too_large"), 1)


@test("100 fields are passed on, 101 are 431")
def _():
    fields = [f"X-{i}: {i}" for i in range(99)]
    _, head, _, _ = exchange(client(), get("/", *fields))
    equal(head.all("x-98"), ["98"])
    equal(len(head.fields), 103)
    c = client()
    c.send(get("/", *fields, "One: more"))
    c.refusal(431)


@test("a target of 8192 bytes is passed on, a longer one is 414")
def _():
    target = "/" + "u" * 8191
    _, head, _, _ = exchange(client(), get(target))
    equal(head.start, f"GET {target} HTTP/1.1")
    grown = Counters()
    c = client()
    c.send(get(target + "u"))
    c.refusal(414)
    equal(grown("reply_414_uri_too_long"), 1)


MALFORMED = {
    "no version": b"GET /\r\nHost: raw\r\n\r\n",
    "two spaces": b"GET  / HTTP/1.1\r\nHost: raw\r\n\r\n",
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a target without a slash": get("here"),
    "space before the colon": get("/", "A : b"),
    "a folded field": get("/", "A: b\r\n c"),
    "a NUL in a value": get("/", "A: \0"),
    "a bare CR": get("/", "A: b\rc"),
    "a field without a name": get("/", ": b"),
    "no Host": b"GET / HTTP/1.1\r\nA: b\r\n\r\n",
    "two Hosts": get("/", "Host: raw"),
    "two Content-Lengths": get("/", "Content-Length: 1", "Content-Length: 2"),
    "Content-Length of a list": get("/", "Content-Length: 1, 1"),
    "a negative Content-Length": get("/", "Content-Length: -1"),
    "a signed Content-Length": get("/", "Content-Length: +1"),
    "a Content-Length over 64 bits":
        get("/", "Content-Length: 18446744073709551616"),
    "both framings": get("/", "Content-Length: 1", "Transfer-Encoding: chunked"),
    "chunked in HTTP/1.0": get("/", "Transfer-Encoding: chunked",
                               version="1.0"),
}


@test("malformed requests: 400, and nothing reaches the endpoint")
def _():
    grown = Counters()
    for name, malformed in MALFORMED.items():
        c = client()
        c.send(malformed)
        try:
            c.refusal(400)
        except Exception as e:
            raise AssertionError(name) from e
    equal(grown("reply_400_bad_request"), len(MALFORMED))
    web.quiet(0.1)


@test("a transfer coding but chunked: 501; a version but 1.x: 505")
def _():
    c = client()
    c.send(get("/", "Transfer-Encoding: gzip, chunked"))
    c.refusal(501)
    c = client()
    c.send(get("/", version="2.0"))
    c.refusal(505)


# ---- bodies ----

@test("bodies by Content-Length, both ways, one connection")
def _():
    c = client()
    for size in (0, 1, 1000, 70000):
        sent, answered = b"q" * size, b"a" * size
        c.send(get("/", f"Content-Length: {size}", method="POST") + sent)
        conn, head = web.request()
        equal(head.all("content-length"), [str(size)])
        equal(conn.exactly(size), sent)
        conn.send(reply(answered))
        equal(c.response()[1], answered)


CHUNKED = (b"5;ext=1;b=\"c\"\r\nhello\r\n00A\r\n0123456789\r\n"
           b"0;last\r\nX-Sum: 1\r\nX-More: two\r\n\r\n")


def check_chunked(stream):
    body, lines, trailers = stream.chunked()
    equal(body, b"hello0123456789")
    equal(lines, [b"5\r\n", b"a\r\n", b"0\r\n"])
    equal(trailers, [b"X-Sum: 1\r\n", b"X-More: two\r\n"])


@test("chunked request: extensions dropped, trailers kept")
def _():
    c = client()
    for piece in (1, 7, 1000):
        c.send(get("/", "Transfer-Encoding: chunked", method="POST"))
        c.send_slowly(CHUNKED, piece)
        conn, head = web.request()
        equal(head.all("transfer-encoding"), ["chunked"])
        equal(head.get("content-length"), None)
        check_chunked(conn)
        conn.send(reply(b"ok"))
        equal(c.response()[1], b"ok")


@test("chunked response: extensions dropped, trailers kept")
def _():
    c = client()
    for piece in (1, 7, 1000):
        c.send(get())
        conn, _ = web.request()
        conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n")
        conn.send_slowly(CHUNKED, piece)
        equal(c.head().all("transfer-encoding"), ["chunked"])
        check_chunked(c)


@test("many small chunks and a large one")
def _():
    c = client()
    c.send(get())
    conn, _ = web.request()
    chunks = [os.urandom(n % 50 + 1) for n in range(2000)]
    chunks.append(os.urandom(300000))
    body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in chunks)
    sender = threading.Thread(target=conn.send, args=(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body +
        b"0\r\n\r\n",))
    sender.start()
    got = c.response()[1]
    sender.join()
    true(got == b"".join(chunks), "the body differs")


def changed_behind(sender, receiver, size):
    """A chunked body that is another request by the time it is read."""
    trailer = b"X-A: " + b"a" * size + b"\r\n"
    data = b"3e8\r\n" + b"d" * 1000 + b"\r\n0\r\n" + trailer + b"\r\n"
    other = b"\r\nGET /secret HTTP/1.1\r\nHost: raw\r\n\r\n"
    sent = SentMemory(data)
    sent.send(sender)
    until(lambda: receiver.unread() == len(data))
    sent.bytes[:] = (other * len(data))[:len(data)]
    body, lines, trailers = receiver.chunked()
    sent.close()
    equal((len(body), lines, trailers),
          (1000, [b"3e8\r\n", b"0\r\n"], [trailer]))
    equal(receiver.buffer, b"")


TRAILERS = 100, 600, 1500, 8000


@test("chunks and trailers of a request are those that were looked at, whatever "
      "the client makes of its memory")
def _():
    c = client()
    for size in TRAILERS:
        c.send(get("/", "Transfer-Encoding: chunked", method="POST"))
        conn, _ = web.request()
        changed_behind(c, conn, size)
        conn.send(reply(b"ok"))
        equal(c.response()[1], b"ok")


@test("chunks and trailers of a response are those that were looked at, whatever "
      "the endpoint makes of its memory")
def _():
    c = client()
    for size in TRAILERS:
        c.send(get())
        conn, _ = web.request()
        conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        c.head()
        changed_behind(conn, c, size)


@test("a chunk that is malformed: a request is 400, a response is cut")
def _():
    c = client()
    c.send(get("/", "Transfer-Encoding: chunked", method="POST") +
           b"5\r\nhelloX")
    c.refusal(400)
    web.close_all()
    grown = Counters()
    c = client()
    c.send(get())
    conn, _ = web.request()
    conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
              b"5\r\nhello\r\nZZ\r\n")
    true(not c.was_reset().endswith(b"0\r\n\r\n"))
    equal(grown("responses_cut_by_upstream"), 1)


@test("a trailer that decides how a head is read: a request is 400, a response is cut")
def _():
    names = (b"Host", b"content-length", b"Authorization", b"If-Match",
             b"if-none-match", b"If-Modified-Since", b"if-unmodified-since",
             b"If-Range", b"Via", b"traceparent", b"Tracestate")
    for name in names:
        c = client()
        c.send(get("/", "Transfer-Encoding: chunked", method="POST") +
               b"5\r\nhello\r\n0\r\nX-T: t\r\n" + name + b": 1\r\n\r\n")
        c.refusal(400)
        web.close_all()
    grown = Counters()
    for name in names[:2]:
        c = client()
        c.send(get())
        conn, _ = web.request()
        conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  b"5\r\nhello\r\n0\r\n" + name + b": 1\r\n\r\n")
        true(not c.was_reset().endswith(b"\r\n\r\n"))
    equal(grown("responses_cut_by_upstream"), 2)


@test("a response that lasts until the connection closes")
def _():
    c = client()
    c.send(get())
    conn, _ = web.request()
    conn.send(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\nno ")
    conn.send(b"length")
    web.forget(conn)
    head = c.head()
    equal(head.get("connection"), "close")
    equal(head.get("content-length"), None)
    equal(c.rest(), b"no length")


@test("an HTTP/1.0 response")
def _():
    c = client()
    c.send(get())
    conn, _ = web.request()
    conn.send(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold")
    web.forget(conn)
    head, body = c.response()
    equal((head.start, body), ("HTTP/1.1 200 OK", b"old"))
    exchange(c)


@test("HEAD, 204 and 304 have no body, and the connection goes on")
def _():
    c = client()
    _, head, answer, _ = exchange(
        c, get(method="HEAD"), method="HEAD",
        answer=b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    equal((head.start, answer.get("content-length")), ("HEAD / HTTP/1.1", "1000"))
    _, _, answer, _ = exchange(c, answer=b"HTTP/1.1 204 No Content\r\n\r\n")
    equal(answer.status, 204)
    _, _, answer, _ = exchange(
        c, answer=b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n"
                  b"ETag: x\r\n\r\n")
    equal((answer.status, answer.get("etag")), (304, "x"))
    _, _, _, body = exchange(c)
    equal(body, b"hello")


@test("responses with one meaning: normalised, and nothing behind it is a response")
def _():
    grown = Counters()
    c = client()
    for start, fields, behind, status, length, kept in (
            ("204 No Content", "Content-Length: 5", b"hello", 204, None, False),
            ("204 No Content", "Content-Length: 5", b"", 204, None, False),
            ("204 No Content", "Content-Length: 0", b"", 204, None, True),
            ("204 No Content", "Transfer-Encoding: chunked", b"0\r\n\r\n", 204,
             None, False),
            ("204 No Content", "Transfer-Encoding: chunked", b"", 204, None,
             False),
            ("304 Not Modified", "Transfer-Encoding: chunked", b"0\r\n\r\n", 304,
             None, False),
            ("304 Not Modified", "Content-Length: 5", b"", 304, "5", True),
            ("200", "Content-Length: 5", b"hello", 200, "5", True),
            ("200 OK", "Content-Length: 5\r\nContent-Length: 5", b"hello", 200,
             "5", True),
            ("404", "Content-Length: 0", b"", 404, "0", True)):
        c.send(get())
        conn, _ = web.request()
        conn.send(f"HTTP/1.1 {start}\r\n{fields}\r\n\r\n".encode() + behind)
        head, body = c.response()
        case = (start, fields, behind)
        equal((case, head.status, head.all("transfer-encoding"),
               head.get("content-length"), body),
              (case, status, [], length, behind if status == 200 else b""))
        if len(start) == 3:
            equal(head.start, f"HTTP/1.1 {start} ")
        if not kept:
            conn.gone()
    exchange(c)
    equal(grown("reply_502_bad_response"), 0)


@test("chunks: white space and extensions that are none, of a response")
def _():
    c = client()
    for line in b"5  ", b"5\t", b"5;", b"5 ; a=", b"5;a b":
        c.send(get())
        conn, _ = web.request()
        conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                  line + b"\r\nhello\r\n0" + line[1:] + b"\r\n\r\n")
        c.head()
        equal(c.chunked()[:2], (b"hello", [b"5\r\n", b"0\r\n"]))


@test("chunks: a malformed extension of a request: 400")
def _():
    grown = Counters()
    for line in b"5;", b"5 ;a", b"5;a=", b"5;a=b,c":
        c = client()
        c.send(get("/", "Transfer-Encoding: chunked", method="POST") + line +
               b"\r\nhello\r\n0\r\n\r\n")
        c.refusal(400)
    equal(grown("reply_400_bad_request"), 4)
    web.close_all()


@test("HEAD of a local reply")
def _():
    c = client()
    c.send(get("/direct", method="HEAD") + get("/direct"))
    head = c.head()
    equal((head.status, head.get("content-length")), (200, "6"))
    equal(c.response()[1], b"direct")


@test("interim responses are passed on; not to HTTP/1.0")
def _():
    c = client()
    c.send(get())
    conn, _ = web.request()
    conn.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
              b"HTTP/1.1 102 Processing\r\n\r\n" + reply(b"final"))
    head = c.head()
    equal((head.status, head.get("link")), (103, "</a>"))
    equal(c.head().status, 102)
    equal(c.response()[1], b"final")
    c = client()
    c.send(get(version="1.0"))
    conn, _ = web.request()
    conn.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" + reply(b"final"))
    equal(c.head().status, 200)
    equal(c.rest(), b"final")


@test("Expect: 100-continue is between client and endpoint")
def _():
    c = client()
    c.send(get("/", "Expect: 100-continue", "Content-Length: 4", method="PUT"))
    conn, head = web.request()
    equal(head.get("expect"), "100-continue")
    c.quiet()
    conn.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    equal(c.head().status, 100)
    c.send(b"body")
    equal(conn.exactly(4), b"body")
    conn.send(reply(b"stored"))
    equal(c.response()[1], b"stored")
    # The endpoint does not want it.
    c.send(get("/", "Expect: 100-continue", "Content-Length: 4", method="PUT"))
    conn, _ = web.request()
    conn.send(reply(b"no", status="417 Expectation Failed"))
    head, body = c.response()
    equal((head.status, body), (417, b"no"))
    # A body may or may not follow now: nobody can tell.
    equal(head.get("connection"), "close")


@test("a response before the request's end")
def _():
    c = client()
    c.send(get("/", "Content-Length: 1000000", method="POST") + b"x" * 1000)
    conn, _ = web.request()
    conn.send(reply(b"enough", status="413 Content Too Large"))
    head, body = c.response()
    equal((head.status, body, head.get("connection")), (413, b"enough", "close"))


def post(path="/", size=64 * MIB):
    """The head and the beginning of a request that is longer than anybody reads."""
    return get(path, f"Content-Length: {size}", method="POST") + b"x" * 1000


def early_direct(c):
    c.send(post("/direct"))
    equal(c.response()[1], b"direct")


def early_long(c):
    """What does not fit into the client's socket waits in the mesh's."""
    body = os.urandom(300000)
    c.send(post())
    conn, _ = web.request()
    sender = threading.Thread(target=conn.send, args=(reply(body),))
    sender.start()
    equal(c.head().status, 200)
    c.send(bytes(20000))
    equal(c.exactly(len(body)), body)
    sender.join()
    web.close_all()


@test("a response before the request's end reaches a client that goes on sending")
def _():
    for answered in early_direct, early_long:
        for address in VIP, VIP6:
            closed = closed_from_now()
            c = client(address, sizes=4096)
            answered(c)
            # Within the time after which the rest is not read any more.
            for _ in range(100 // TIMES_SLOWER ** 2):
                c.send(bytes(10000))
            c.ended()
            equal(closed("downstream_connections_closed"), 0)
            c.close()
            closed.reach("downstream_connections_closed", 1)


def takes(c, data):
    """Whether the other end is still there."""
    try:
        c.send(data)
        return True
    except (ConnectionResetError, BrokenPipeError):
        return False


@test("a client that has its response, and sends on or stays, is left in the end")
def _():
    closed = closed_from_now()
    sends, stays = client(), client()
    for c in sends, stays:
        c.send(post("/direct"))
        equal(c.response()[1], b"direct")
        c.ended()
    equal(closed("downstream_connections_closed"), 0)
    until(lambda: not takes(sends, b"x"))
    closed.reach("downstream_connections_closed", 2)


# ---- connections ----

@test("pipelined requests are answered in order")
def _():
    c = client()
    paths = [f"/{i}" for i in range(8)]
    c.send(b"".join(get(path) if i % 4 else get("/direct")
                    for i, path in enumerate(paths)))
    for i, path in enumerate(paths):
        if i % 4 == 0:
            equal(c.response()[1], b"direct")
            continue
        conn, head = web.request()
        equal(head.start, f"GET {path} HTTP/1.1")
        conn.send(reply(path.encode()))
        equal(c.response()[1], path.encode())


@test("pipelined: what the mesh has answered itself is not sent on for what follows")
def _():
    pooled.close_all()
    ask = functools.partial(get, host="pooled")
    c = client()
    exchange(c, ask(), server=pooled)
    for last in "ab":
        c.send(ask("/first"))
        conn, _ = pooled.request()
        # Each in buffers of its own, for which nobody has time as yet; then in one run,
        # as there is a leg.
        c.send(ask("/direct"))
        time.sleep(0.1)
        c.send_slowly(ask(f"/{last}"), 20)
        time.sleep(0.1)
        conn.send(reply(b"first"))
        equal([c.response()[1] for _ in "12"], [b"first", b"direct"])
        conn, head = pooled.request()
        equal(head.start, f"GET /{last} HTTP/1.1")
        conn.send(reply(b"last"))
        equal(c.response()[1], b"last")


@test("pipelined requests with bodies")
def _():
    c = client()
    c.send(b"".join(get("/", f"Content-Length: {n}", method="POST") + b"b" * n
                    for n in (3, 0, 5000)) +
           get("/", "Transfer-Encoding: chunked", method="POST") + CHUNKED +
           get("/last"))
    for n in (3, 0, 5000):
        conn, _ = web.request()
        equal(conn.exactly(n), b"b" * n)
        conn.send(reply(b"%d" % n))
    conn, _ = web.request()
    check_chunked(conn)
    conn.send(reply(b"chunked"))
    conn, head = web.request()
    equal(head.start, "GET /last HTTP/1.1")
    conn.send(reply(b"last"))
    equal([c.response()[1] for _ in range(5)],
          [b"3", b"0", b"5000", b"chunked", b"last"])


@test("Connection: close closes after the response")
def _():
    c = client()
    _, _, answer, _ = exchange(c, get("/", "Connection: close"))
    equal(answer.get("connection"), "close")
    c.ended()


@test("what an endpoint can still change of a head is not what the client gets")
def _():
    answer = reply(b"x" * 44)
    c = client()
    c.send(get())
    conn, _ = web.request()
    # Its pages are sent as they are, not copied.
    with os.fdopen(os.memfd_create("answer"), "wb", 0) as f:
        f.write(answer)
        equal(os.sendfile(conn.sock.fileno(), f.fileno(), 0, len(answer)), len(answer))
        equal(c.sock.recv(1, socket.MSG_PEEK), b"H")
        os.pwrite(f.fileno(), answer.replace(b"44", b"00"), 0)
        head = c.head()
    equal(head.raw, answer[:-44])
    c.exactly(44)
    exchange(c)


@test("HTTP/1.0: closed after the response, or kept alive if asked")
def _():
    c = client()
    conn, head, answer, _ = exchange(c, get(version="1.0"))
    equal((head.start, answer.get("connection")), ("GET / HTTP/1.1", "close"))
    c.ended()
    c = client()
    for _ in range(2):
        _, _, answer, _ = exchange(c, get("/", "Connection: keep-alive",
                                          version="1.0"))
        equal(answer.get("connection"), "keep-alive")
    # Chunks are nothing to HTTP/1.0.
    c.send(get("/", "Connection: keep-alive", version="1.0"))
    conn, _ = web.request()
    conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED)
    head = c.head()
    equal((head.get("transfer-encoding"), head.get("connection")),
          (None, "close"))
    equal(c.rest(), b"hello0123456789")


@test("HTTP/1.0 without Host gets the address that was called")
def _():
    c = client()
    c.send(b"GET / HTTP/1.0\r\n\r\n")
    conn, head = web.request()
    true(head.get("host") in (VIP, VIP + ":80"), head.get("host"))
    conn.send(reply())
    c.response()


@test("a client that shuts down its half gets the response")
def _():
    c = client()
    c.send(get())
    c.shut()
    conn, _ = web.request()
    conn.send(reply(b"x" * 100000))
    equal(len(c.response()[1]), 100000)
    c.ended()


@test("IPv6 client, IPv4 endpoint; and its addresses")
def _():
    c = client(VIP6)
    _, _, _, body = exchange(c)
    equal(body, b"hello")
    equal(c.sock.getpeername()[:2], (VIP6, 80))
    equal(c.sock.getsockname()[0], "fd00:2::10")
    c = client()
    equal(c.sock.getpeername(), (VIP, 80))
    equal(c.sock.getsockname()[0], "10.2.0.10")


@test("an idle connection is closed after its idle_timeout")
def _():
    c = client(HASTY)
    start = time.monotonic()
    exchange(c)
    c.ended()
    true(time.monotonic() - start > 1.4, "too soon")


# ---- failures ----

@test("no endpoint: 503, and the connection goes on")
def _():
    grown = Counters()
    c = client()
    c.send(get(host="empty"))
    head, body = c.response()
    equal((head.status, body, head.get("connection")),
          (503, b"Service Unavailable\n", None))
    exchange(c)
    equal(grown("reply_503_no_endpoint"), 1)


@test("an endpoint that refuses the connection: 503")
def _():
    grown = Counters()
    c = client()
    c.send(get(host="refused"))
    equal(c.response()[0].status, 503)
    equal(grown("reply_503_connect_failure"), 1)
    failures = {e["cluster"]: e["failures"] for e in stats()["endpoints"]}
    equal(failures["refused"], 1)
    exchange(c)


@test("an endpoint that cannot be reached: 503 after connect_timeout")
def _():
    run_in("app", "ip", "route", "replace", "10.3.0.9", "via", WEB)
    grown = Counters()
    c = client()
    start = time.monotonic()
    c.send(get(host="hole"))
    equal(c.response()[0].status, 503)
    true(time.monotonic() - start > 0.4, "too soon")
    equal(grown("reply_503_connect_timeout"), 1)
    exchange(c)


@test("an endpoint that says nothing: 504 after response_timeout")
def _():
    grown = Counters()
    c = client()
    c.send(get(host="silent"))
    conn, _ = web.request()
    equal(c.response()[0].status, 504)
    equal(grown("reply_504_response_timeout"), 1)
    conn.gone()
    exchange(c)


@test("a request head that takes too long: 408")
def _():
    grown = Counters()
    c = client(HASTY)
    c.send(get()[:-2])
    c.refusal(408)
    equal(grown("reply_408_headers_timeout"), 1)


def bad_response(*fields, start=b"HTTP/1.1 200 OK"):
    return b"\r\n".join([start, *fields]) + b"\r\n\r\n"


BAD_RESPONSES = {
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "an empty line before": b"\r\nHTTP/1.1 200 OK\r\n\r\n",
    "a bare LF": b"HTTP/1.1 200 OK\nA: b\r\n\r\n",
    "a bare LF after a field": b"HTTP/1.1 200 OK\r\nA: b\n\r\n",
    "a bare CR in a value": bad_response(b"A: b\rc"),
    "a NUL in a value": bad_response(b"A: b\0c"),
    "a control character in a value": bad_response(b"A: b\1c"),
    "a space before the colon": bad_response(b"A : b"),
    "an empty name": bad_response(b": b"),
    "a line without a colon": bad_response(b"nonsense"),
    "HTTP/1.2": bad_response(start=b"HTTP/1.2 200 OK"),
    "HTTP/2.0": bad_response(start=b"HTTP/2.0 200 OK"),
    "a status of two digits": bad_response(start=b"HTTP/1.1 20 OK"),
    "a status of four digits": bad_response(start=b"HTTP/1.1 2000 OK"),
    "a status below 100": bad_response(start=b"HTTP/1.1 099 OK"),
    "a signed Content-Length": bad_response(b"Content-Length: +1"),
    "a list for Content-Length": bad_response(b"Content-Length: 1, 1"),
    "no value for Content-Length": bad_response(b"Content-Length:"),
    "a Content-Length of 2^64+1":
        bad_response(b"Content-Length: 18446744073709551617"),
    "chunked twice": bad_response(b"Transfer-Encoding: chunked, chunked"),
    "chunked that is not last": bad_response(b"Transfer-Encoding: chunked, gzip"),
    "another coding first": bad_response(b"Transfer-Encoding: gzip, chunked"),
    "two Transfer-Encodings": bad_response(b"Transfer-Encoding: chunked",
                                           b"Transfer-Encoding: chunked"),
    "chunked in HTTP/1.0": bad_response(b"Transfer-Encoding: chunked",
                                        start=b"HTTP/1.0 200 OK"),
    "103 with a body": bad_response(b"Content-Length: 1",
                                    start=b"HTTP/1.1 103 Early Hints"),
    "a folded field": b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
    "two Content-Lengths":
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    "both framings": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n",
    "an unknown coding":
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "an upgrade nobody asked for":
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "a head without an end": b"HTTP/1.1 200 OK\r\nA: " + b"x" * 62000,
}


@test("a bad response: 502, its leg is closed, and the connection goes on")
def _():
    grown = Counters()
    c = client()
    for name, answer in BAD_RESPONSES.items():
        c.send(get())
        conn, _ = web.request()
        try:
            conn.send(answer)
            equal(c.response()[0].status, 502)
            conn.gone()
        except Exception as e:
            raise AssertionError(name) from e
    equal(grown("reply_502_bad_response"), len(BAD_RESPONSES))


@test("an endpoint that ends before its response: 502")
def _():
    grown = Counters()
    c = client()
    for answer in (b"", b"HTTP/1.1 200 OK\r\nConte"):
        for end in (Stream.close, Stream.reset):
            c.send(get())
            conn, _ = web.request()
            conn.send(answer)
            web.forget(conn, end)
            equal(c.response()[0].status, 502)
    equal(grown("reply_502_upstream_reset"), 4)
    exchange(c)


@test("an endpoint that dies in the middle of a body: the client sees a cut")
def _():
    grown = Counters()
    for fields, body in ((b"Content-Length: 10", b"half"),
                         (b"Transfer-Encoding: chunked", b"a\r\nhalf"),
                         (b"Transfer-Encoding: chunked", b"4\r\nhalf\r\n")):
        for end in (Stream.close, Stream.reset):
            c = client()
            c.send(get())
            conn, _ = web.request()
            conn.send(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n\r\n" + body)
            c.until(b"half")
            web.forget(conn, end)
            c.was_reset()
    # So is a body until close that ends by a reset.
    c = client()
    c.send(get())
    conn, _ = web.request()
    conn.send(b"HTTP/1.1 200 OK\r\n\r\nhalf")
    c.until(b"half")
    web.forget(conn, Stream.reset)
    c.was_reset()
    equal(grown("responses_cut_by_upstream"), 7)


@test("a client that goes in the middle of a response ends the leg")
def _():
    grown = Counters()
    c = client()
    c.send(get())
    conn, _ = web.request()
    conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
    c.until(b"half")
    c.reset()
    conn.gone()
    grown.reach("requests_abandoned_by_client", 1)


@test("a client that goes in the middle of a request ends the leg")
def _():
    grown = Counters()
    for end in (Stream.close, Stream.reset):
        c = client()
        c.send(get("/", "Content-Length: 1000", method="POST") + b"half")
        conn, _ = web.request()
        equal(conn.exactly(4), b"half")
        end(c)
        conn.gone()
    grown.reach("requests_abandoned_by_client", 2)


@test("a client that goes while its request waits for an endpoint")
def _():
    for _ in range(3):
        c = client()
        c.send(get(host="hole"))
        c.reset()
    grown = Counters()
    c = client()
    c.send(get())
    conn, _ = web.request()
    c.reset()
    conn.gone()
    grown.reach("requests_abandoned_by_client", 1)


@test("a stranger at the in-kernel listener is reset")
def _():
    grown = Counters()
    client(VIP6).close()
    ports = []
    for name in ("tcp", "tcp6"):
        table = run_in("app", "cat", f"/proc/net/{name}").splitlines()[1:]
        ports += [int(row.split()[1].split(":")[1], 16) for row in table
                  if row.split()[3] == "0A"]
    equal(len(ports), 2)
    for address, port in zip(("127.0.0.1", "::1"), ports):
        try:
            c = client(address, port=port)
            c.send(get())
            equal(c.was_reset(), b"")
        except (ConnectionResetError, BrokenPipeError):
            pass
    grown.reach("downstream_strangers_reset", 2)


# ---- pooled legs ----

@test("requests of many clients share pooled legs")
def _():
    pooled.close_all()
    grown, before = Counters(), pooled.accepted
    for i in range(10):
        c = client()
        exchange(c, get(f"/{i}", host="pooled"), server=pooled)
        exchange(c, get(f"/{i}b", host="pooled"), server=pooled)
        if i % 2:
            c.close()
    equal(pooled.accepted, before + 1)
    equal(grown("upstream_legs_opened", "upstream_legs_reused"), [1, 19])


@test("a leg is not pooled when the endpoint says close, or after half a request")
def _():
    pooled.close_all()
    c = client()
    before = pooled.accepted
    for _ in range(2):
        exchange(c, get(host="pooled"), reply(b"x", "Connection: close"),
                 pooled)
    equal(pooled.accepted, before + 2)
    c.send(get("/", "Content-Length: 10", host="pooled", method="POST"))
    conn, _ = pooled.request()
    conn.send(reply(b"early"))
    c.response()
    conn.gone()


@test("a pooled leg that the endpoint closes at the wrong moment: GET is retried")
def _():
    pooled.close_all()
    grown = Counters()
    c = client()
    exchange(c, get(host="pooled"), server=pooled)
    c.send(get("/again", host="pooled"))
    conn, _ = pooled.request()
    pooled.forget(conn)
    conn, head = pooled.request()
    equal(head.start, "GET /again HTTP/1.1")
    conn.send(reply(b"second try"))
    equal(c.response()[1], b"second try")
    equal(grown("upstream_requests_retried"), 1)
    # Once only.
    c.send(get("/again", host="pooled"))
    for _ in range(2):
        conn, _ = pooled.request()
        pooled.forget(conn)
    equal(c.response()[0].status, 502)


@test("POST is not retried, nor anything of which a response has begun")
def _():
    pooled.close_all()
    grown = Counters()
    c = client()
    exchange(c, get(host="pooled"), server=pooled)
    c.send(get("/", "Content-Length: 1", host="pooled", method="POST") + b"x")
    conn, _ = pooled.request()
    conn.exactly(1)
    pooled.forget(conn)
    equal(c.response()[0].status, 502)
    exchange(c, get(host="pooled"), server=pooled)
    c.send(get(host="pooled"))
    conn, _ = pooled.request()
    conn.send(b"HTTP/1.1 2")
    pooled.forget(conn)
    equal(c.response()[0].status, 502)
    equal(grown("upstream_requests_retried"), 0)


@test("a pooled leg that the endpoint has closed is not used")
def _():
    pooled.close_all()
    c = client()
    before = pooled.accepted
    for _ in range(3):
        conn, _, _, body = exchange(c, get(host="pooled"), server=pooled)
        equal(body, b"hello")
        pooled.forget(conn)
    equal(pooled.accepted, before + 3)


@test("what an endpoint says unasked for spoils its leg")
def _():
    pooled.close_all()
    c = client()
    conn, _, _, _ = exchange(c, get(host="pooled"), server=pooled)
    conn.send(reply(b"poison"))
    conn.gone()
    _, _, _, body = exchange(c, get(host="pooled"), reply(b"clean"), pooled)
    equal(body, b"clean")


@test("max_idle and idle_timeout bound the pool")
def _():
    clients = [client() for _ in range(4)]
    for c in clients:
        c.send(get(host="one-idle"))
    conns = [one_idle.request()[0] for _ in clients]
    for conn in conns:
        conn.send(reply(b"x"))
    for c in clients:
        c.response()
    until(lambda: sum(conn.alive() for conn in conns) == 1)
    c = client()
    grown = Counters()
    conn, _, _, _ = exchange(c, get(host="short-idle"), server=short_idle)
    until(lambda: not conn.alive(), 10)
    equal(grown("upstream_legs_idle_timeout"), 1)


# ---- much ----

def pattern(size):
    block = os.urandom(MIB)
    for i in range(size // MIB):
        yield struct.pack(">Q", i) + block[8:]


def drain(stream, size, pause=0.0):
    crc = 0
    while size:
        if not stream.buffer:
            true(stream.fill(), f"EOF, {size} bytes missing")
            time.sleep(pause)
        data = stream.buffer[:size]
        stream.buffer = stream.buffer[size:]
        size -= len(data)
        crc = zlib.crc32(data, crc)
    return crc


def crc_of_file(path):
    crc = 0
    with open(path, "rb") as file:
        while data := file.read(MIB):
            crc = zlib.crc32(data, crc)
    return crc


@test("64 MiB from nginx and 64 MiB to nginx", limit=300)
def _():
    path = f"{net.dir}/files/www/big"
    with open(path, "wb") as file:
        for block in pattern(64 * MIB):
            file.write(block)
    wanted = crc_of_file(path)
    c = client()
    c.send(get("/file/big", host="files"))
    head = c.head()
    equal(head.get("content-length"), str(64 * MIB))
    equal(drain(c, 64 * MIB), wanted)
    crc = 0
    c.send(get("/file/up", f"Content-Length: {64 * MIB}", host="files",
               method="PUT"))
    for block in pattern(64 * MIB):
        crc = zlib.crc32(block, crc)
        c.send(block)
    equal(c.response()[0].status, 201)
    equal(crc_of_file(f"{net.dir}/files/www/up"), crc)


def tcp_pages():
    with open("/proc/net/sockstat", encoding="ascii") as file:
        return int(re.search(r"TCP:.* mem (\d+)", file.read()).group(1))


def memory():
    """MiB of the kernel's memory in use, page cache and processes left out."""
    with open("/proc/meminfo", encoding="ascii") as file:
        info = dict(re.findall(r"(\w+): +(\d+) kB", file.read()))
    return int(info["Slab"]) >> 10


@test("a client that reads nothing: what is in flight is bounded", limit=300)
def _():
    before, slab = tcp_pages(), memory()
    c = client()
    c.send(get("/file/big", host="files"))
    until(lambda: c.fill())
    last = -1
    while last != (now := tcp_pages()):
        last = now
        time.sleep(0.5)
    true((now - before) * 4096 < 32 * MIB, f"{now - before} pages")
    true(memory() - slab < 32, f"slab grew by {memory() - slab} MiB")
    equal(c.head().status, 200)
    drain(c, 64 * MIB)


@test("an endpoint that reads nothing: what is in flight is bounded", limit=300)
def _():
    before = tcp_pages()
    c = client()
    c.sock.settimeout(2)
    c.send(get("/", f"Content-Length: {64 * MIB}", method="POST"))
    sent = 0
    try:
        while sent < 64 * MIB:
            sent += c.sock.send(b"z" * MIB)
    except TimeoutError:
        pass
    true(sent < 32 * MIB, f"{sent} bytes were taken")
    true((tcp_pages() - before) * 4096 < 32 * MIB)
    conn, _ = web.request()
    reader = threading.Thread(target=drain, args=(conn, 64 * MIB))
    reader.start()
    c.sock.settimeout(2 * PATIENCE)
    c.send(b"z" * (64 * MIB - sent))
    reader.join()
    conn.send(reply(b"all"))
    equal(c.response()[1], b"all")


@test("tiny buffers and slow readers, both ways at once", limit=300)
def _():
    size = 256 * 1024
    block = os.urandom(size)
    crc = zlib.crc32(block)
    c = client(sizes=2048)
    c.send(get("/", f"Content-Length: {size}", host="tiny", method="POST"))
    sender = threading.Thread(target=c.send, args=(block,))
    sender.start()
    conn, _ = tiny.request()
    equal(drain(conn, size, 0.001), crc)
    sender.join()
    sender = threading.Thread(target=conn.send, args=(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
        b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in
                 (block[i:i + 1999] for i in range(0, size, 1999))) +
        b"0\r\n\r\n",))
    sender.start()
    equal(c.head().status, 200)
    equal(zlib.crc32(c.chunked()[0]), crc)
    sender.join()


@test("100 slow clients at once", limit=300)
def _():
    grown = Counters()
    clients = [client() for _ in range(100)]
    for c in clients:
        c.send(get("/", host="files"))
    served = sum(c.response()[1] == b"files\n" for c in clients)
    equal((served, grown.all("reply_")), (100, {}))


# ---- the whole ----

@test("drain ends idle connections and keeps busy ones to their end")
def _():
    idle, busy = client(), client()
    exchange(idle)
    busy.send(get())
    conn, _ = web.request()
    meshctl("drain")
    idle.ended()
    conn.send(reply(b"still served"))
    _, body = busy.response()
    equal(body, b"still served")
    busy.ended()


@test("a leg that was in use when the mesh was drained is not pooled")
def _():
    pooled.close_all()
    c = client()
    c.send(get(host="pooled"))
    conn, _ = pooled.request()
    meshctl("drain")
    conn.send(reply(b"the last"))
    equal(c.response()[1], b"the last")
    conn.ended()
    before = pooled.accepted
    for _ in range(2):
        exchange(client(), get(host="pooled"), server=pooled)
    equal(pooled.accepted, before + 1)


def reassembled(pod):
    """How many packets were put together from fragments."""
    with in_pod(pod), open("/proc/thread-self/net/snmp",
                           encoding="ascii") as f:
        names, values = [x.split() for x in f if x.startswith("Ip:")]
    return int(values[names.index("ReasmOKs")])


def far_away():
    """10.5.0.2 is web's, behind a router whose link to app takes 600 bytes."""
    for line in """
            netns add hop
            link add far netns web type veth peer name far netns hop
            link add near netns app type veth peer name near netns hop
            -n web addr add 10.5.0.2/24 dev far
            -n hop addr add 10.5.0.1/24 dev far
            -n hop addr add 10.6.0.1/24 dev near
            -n app addr add 10.6.0.2/24 dev near
            -n web link set far up
            -n hop link set far up
            -n hop link set near up mtu 600
            -n app link set near up
            -n web route add 10.6.0.0/24 via 10.5.0.1
            -n app route add 10.5.0.0/24 via 10.6.0.1
            """.strip().split("\n"):
        subprocess.run(["ip", *line.split()], check=True)
    run_in("hop", "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")


@test("a response in fragments of IP packets")
def _():
    far_away()
    meshctl("splice", "off")
    # Nothing tells the server that its packets are too large.
    web.sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, 0)
    try:
        before = reassembled("app")
        body = os.urandom(300000)
        for _ in range(2):
            c = client()
            c.send(get(host="far"))
            web.request()[0].send(reply(body))
            equal(c.response()[1], body)
            close_clients()
        true(reassembled("app") > before + 100, "there were no fragments")
    finally:
        web.sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, 1)
        # What still has to say goodbye through it would try for minutes.
        close_clients()
        web.close_all()
        meshctl("drain")
        until(lambda: all_ended(stats()["counters"]))
        subprocess.run(["ip", "netns", "del", "hop"], check=True)
        meshctl("splice", CONFIG["splice"])


def sent_directly():
    return stats()["counters"]["splice_direct_messages"]


direct_before = 0


@test("bytes went the way that the policy says")
def _():
    direct = sent_directly() - direct_before
    note(f"{direct} messages went directly")
    equal(direct > 500, CONFIG["splice"] != "off")


def after_each():
    close_clients()
    for backend in (web, tiny, one_idle, short_idle):
        backend.close_all()


def main(splice="mesh"):
    CONFIG["splice"] = splice
    global net, web, pooled, tiny, one_idle, short_idle, direct_before
    direct_before = sent_directly()
    with pods_of_a_mesh("app", app=10, web=20, files=21) as net:
        net("net_nginx", "files")
        web, pooled = Backend("web", 9000), Backend("web", 9001)
        tiny = Backend("web", 9002, 2048)
        one_idle, short_idle = Backend("web", 9003), Backend("web", 9004)
        apply(CONFIG)
        return run_tests(after_each, closes=True)


if __name__ == "__main__":
    sys.exit(main())
