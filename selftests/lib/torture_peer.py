#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What talks through the mesh during torture.py: a server, and clients of every
kind. Every byte of a body is checked, by both.

    torture_peer.py serve HTTP-PORT ECHO-PORT
    torture_peer.py call CONNECTIONS CALM EXCUSES REPORT

A body of n bytes with a seed is SHAKE-128 of the seed. A client that is told
anything but the right answer asks EXCUSES (see Excuses) whether an event of the
controller's explains it. On SIGTERM it writes what it counted to REPORT, JSON:
{"done": {kind: n}, "excused": {"kind outcome": n}, "wrong": [text, ...]}.
"""

import asyncio
import collections
import contextlib
import hashlib
import json
import mmap
import os
import random
import signal
import socket
import struct
import sys
import time

PATIENCE = 90
WRONG_MAX = 20


def body_of(seed, n):
    return hashlib.shake_128(b"%d" % seed).digest(n)


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Wrong(Exception):
    """Bytes that are not what was sent: nothing excuses that."""


# ---- excuses ----

class Excuses:
    """When each kind of event last began and ended, in a shared file.

    Times are of the monotonic clock; an end of 0 is none yet. What came of an
    event may show a while after its end: grace.
    """

    # What an event may do to a request, by the outcome that the client sees.
    EVENTS = {
        "unload": {"404", "timeout", "unreachable", "refused", "reset",
                   "ended"},
        "detach": {"404", "timeout", "unreachable", "refused", "reset",
                   "ended"},
        "endpoint": {"502", "503", "504", "reset", "ended", "refused",
                     "timeout", "unreachable"},
        "memory": {"503", "502", "504", "no memory", "reset", "ended",
                   "timeout"},
        "drain": {"reset", "ended"},
    }
    # Of a calm client's endpoints and namespace nothing is taken away.
    CALM = ("unload", "drain")
    NAMES = list(EVENTS)
    GRACE = 20

    def __init__(self, path):
        with open(path, "r+b") as f:
            self.area = mmap.mmap(f.fileno(), 0)

    @classmethod
    def make(cls, path):
        with open(path, "wb") as f:
            f.write(bytes(16 * len(cls.NAMES)))
        return cls(path)

    @contextlib.contextmanager
    def event(self, name):
        at = 16 * self.NAMES.index(name)
        struct.pack_into("=dd", self.area, at, time.monotonic(), 0)
        try:
            yield
        finally:
            struct.pack_into("=d", self.area, at + 8, time.monotonic())

    def ages(self):
        """How long ago each kind began and ended last, for people."""
        now = time.monotonic()
        times = (struct.unpack_from("=dd", self.area, 16 * i)
                 for i in range(len(self.NAMES)))
        return ", ".join(f"{name} {now - begin:.0f} to {now - end:.0f} s ago"
                         for name, (begin, end) in zip(self.NAMES, times)
                         if begin)

    def find(self, outcome, since, calm):
        """The event that explains it, or None."""
        for i, name in enumerate(self.NAMES):
            begin, end = struct.unpack_from("=dd", self.area, 16 * i)
            if calm and name not in self.CALM:
                continue
            if begin and outcome in self.EVENTS[name] and \
                    (end < begin or end + self.GRACE > since):
                return name
        return None


# ---- the server ----

async def read_head(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    start, *lines = head[:-4].split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines)
    return start, fields


async def read_body(reader, fields):
    if fields.get("transfer-encoding") == "chunked":
        body = b""
        while True:
            size = int(await reader.readuntil(b"\r\n"), 16)
            body += (await reader.readexactly(size + 2))[:-2]
            if not size:
                return body
    return await reader.readexactly(int(fields.get("content-length", 0)))


def chunked(data):
    pieces = [data[i:i + 4093] for i in range(0, len(data), 4093)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + \
        b"0\r\n\r\n"


async def answer(reader, writer):
    """GET /SEED/N/c: that body, c: in chunks. POST: the digest of what came."""
    start, fields = await read_head(reader)
    method, target, _ = start.split(" ")
    if method == "POST":
        body = digest(await read_body(reader, fields)).encode()
        flags = ""
    else:
        seed, n, flags = target[1:].split("/")
        body = body_of(int(seed), int(n))
    if "c" in flags:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                     chunked(body))
    else:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" %
                     len(body) + body)
    await writer.drain()


async def serve_http(reader, writer):
    with contextlib.suppress(OSError, EOFError):
        while True:
            await answer(reader, writer)
    writer.close()


async def serve_echo(reader, writer):
    with contextlib.suppress(OSError, EOFError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def serve(http, echo):
    for port, function in ((http, serve_http), (echo, serve_echo)):
        await asyncio.start_server(function, None, int(port), backlog=4096,
                                   limit=1 << 20)
    await asyncio.Event().wait()


# ---- clients ----

HOSTS = {True: ("10.96.0.1", "fd00:96::1"), False: ("10.96.0.2", "fd00:96::2")}
ECHO = {True: 7001, False: 7002}


class Connection:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, port, calm, rcvbuf=0):
        host = random.choice(HOSTS[calm])
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        sock.setblocking(False)
        if rcvbuf:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        try:
            await asyncio.get_running_loop().sock_connect(sock, (host, port))
            return cls(*await asyncio.open_connection(
                sock=sock, limit=4096 if rcvbuf else 1 << 18))
        except BaseException:
            sock.close()
            raise

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def response(self):
        """(status, body)"""
        start, fields = await read_head(self.reader)
        return start.split(" ")[1], await read_body(self.reader, fields)

    def close(self):
        self.writer.transport.abort()


class Refused(Exception):
    """The mesh's own answer: a status."""


def size():
    return random.choice((0, 10, 1000, 1000, 30000, random.randrange(200000)))


def get(seed, n, flags=""):
    return f"GET /{seed}/{n}/{flags} HTTP/1.1\r\nHost: t\r\n" \
        f"x-user: {seed}\r\n\r\n".encode()


async def check(c, wanted):
    status, body = await c.response()
    if status != "200":
        raise Refused(status)
    if body != wanted:
        raise Wrong(f"a body of {len(body)} bytes, {digest(body)}, where "
                    f"{len(wanted)}, {digest(wanted)}, was to come")


async def get_some(c, flags="", pipelined=1):
    wanted = [(random.getrandbits(32), size()) for _ in range(pipelined)]
    await c.send(b"".join(get(seed, n, flags) for seed, n in wanted))
    for seed, n in wanted:
        await check(c, body_of(seed, n))


async def post_some(c, in_chunks):
    body = body_of(random.getrandbits(32), size())
    framing, data = (b"Transfer-Encoding: chunked", chunked(body)) \
        if in_chunks else (b"Content-Length: %d" % len(body), body)
    await c.send(b"POST / HTTP/1.1\r\nHost: t\r\n" + framing + b"\r\n\r\n" +
                 data)
    await check(c, digest(body).encode())


async def keep_alive(c):
    await get_some(c)


async def get_chunks(c):
    await get_some(c, "c")


async def pipeline(c):
    await get_some(c, pipelined=4)


async def post(c):
    await post_some(c, False)


async def post_chunks(c):
    await post_some(c, True)


async def idle(c):
    await get_some(c)
    await asyncio.sleep(random.uniform(1, 10))


async def slow(c):
    """The buffers are small, so the server has to wait."""
    seed, n = random.getrandbits(32), 60000
    await c.send(get(seed, n))
    await asyncio.sleep(1)
    await check(c, body_of(seed, n))


async def rude(c):
    """Goes in the middle; what a server does with that is its own affair."""
    if random.random() < 0.5:
        await c.send(get(1, 200000))
        await c.reader.read(random.choice((1, 100, 5000)))
    else:
        await c.send(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 99999\r\n"
                     b"\r\n" + bytes(random.choice((0, 1, 50000))))
    c.close()


async def echo(c):
    data = body_of(random.getrandbits(32), size() + 1)
    await c.send(data)
    if await c.reader.readexactly(len(data)) != data:
        raise Wrong("other bytes came back")


# kind: what it does, how often on a connection, and on which.
KINDS = {f.__name__: (f, often) for f, often in (
    (keep_alive, 50), (get_chunks, 20), (pipeline, 10), (post, 20),
    (post_chunks, 20), (idle, 100), (slow, 5), (rude, 1), (echo, 20))}
KINDS["once"] = (keep_alive, 1)


def outcome_of(error):
    if isinstance(error, Refused):
        return str(error)
    if isinstance(error, (asyncio.TimeoutError, TimeoutError)):
        return "timeout"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, (ConnectionResetError, BrokenPipeError)):
        return "reset"
    if isinstance(error, EOFError):
        return "ended"
    if isinstance(error, OSError) and error.errno in (12, 105):
        return "no memory"
    if isinstance(error, OSError) and error.errno in (101, 113):
        return "unreachable"
    return repr(error)


class Caller:
    def __init__(self, calm, excuses):
        self.calm, self.excuses = calm, excuses
        self.done = collections.Counter()
        self.excused = collections.Counter()
        self.wrong = []

    async def one(self, kind):
        """A connection from its begin to its end."""
        function, often = KINDS[kind]
        port = ECHO[self.calm] if kind == "echo" else 80
        # A connection may be told to end while its last exchange goes on: that
        # shows when the next begins.
        last = since = time.monotonic()
        c = None
        try:
            c = await asyncio.wait_for(Connection.open(
                port, self.calm, 4096 if kind == "slow" else 0), PATIENCE)
            for _ in range(random.randrange(often) + 1):
                last, since = since, time.monotonic()
                await asyncio.wait_for(function(c), PATIENCE)
                self.done[kind] += 1
        except Wrong as error:
            self.wrong.append(f"{kind}: {error}")
        except (OSError, EOFError, Refused, asyncio.TimeoutError) as error:
            self.failed(kind, outcome_of(error), last)
            await asyncio.sleep(random.random())
        finally:
            if c:
                c.close()

    def failed(self, kind, outcome, since):
        if kind == "rude" and outcome in ("reset", "ended"):
            self.done[kind] += 1
            return
        event = self.excuses.find(outcome, since, self.calm)
        if event:
            self.excused[f"{outcome} ({event})"] += 1
        elif len(self.wrong) < WRONG_MAX:
            ago = time.monotonic() - since
            self.wrong.append(f"{kind}: {outcome}, of what began {ago:.1f} s "
                              f"ago; {self.excuses.ages()}")

    async def forever(self, kind):
        await asyncio.sleep(3 * random.random())
        while True:
            await self.one(kind)

    def report(self, path):
        with open(path + ".new", "w", encoding="utf-8") as f:
            json.dump({"done": self.done, "excused": self.excused,
                       "wrong": self.wrong}, f)
        os.rename(path + ".new", path)


async def call(connections, calm, excuses, report):
    caller = Caller(calm == "1", Excuses(excuses))
    kinds = list(KINDS)
    # Their names are kept: a task that nobody refers to may vanish.
    tasks = [asyncio.create_task(caller.forever(kinds[i % len(kinds)]))
             for i in range(int(connections))]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    while not stop.is_set():
        # A process that is killed has told what it knew.
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(stop.wait(), 5)
        caller.report(report)
        for task in tasks:
            if task.done():
                task.result()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run({"serve": serve, "call": call}[sys.argv[1]](*sys.argv[2:]))
