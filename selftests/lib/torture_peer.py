#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What talks through the mesh during torture.py: a server, and clients of every
kind. Every byte of a body is checked, by both.

    torture_peer.py serve HTTP-PORT ECHO-PORT UDP-PORT
    torture_peer.py call CONNECTIONS WHO TARGETS EXCUSES REPORT

WHO of ROLES calls TARGETS, names of some that are separated by commas. A body of n
bytes with a seed is SHAKE-128 of the seed. A client that is told anything but the
right answer asks EXCUSES (see Excuses) whether an event of the controller's explains
it, or a policy (see Policies); one that policies forbid to be answered must not be.
On SIGTERM it writes what it counted to REPORT, JSON: {"done": {kind: n}, "excused":
{"kind outcome": n}, "judged": {text: n}, "wrong": [text, ...]}.
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
import typing

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
        self.policies = Policies(self.area, 16 * len(self.NAMES))

    @classmethod
    def make(cls, path):
        with open(path, "wb") as f:
            f.write(bytes(16 * len(cls.NAMES) + 8))
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

    def find(self, outcome, since, events):
        """The event that explains it, of these, or None."""
        for i, name in enumerate(self.NAMES):
            begin, end = struct.unpack_from("=dd", self.area, 16 * i)
            if name not in events:
                continue
            if begin and outcome in self.EVENTS[name] and \
                    (end < begin or end + self.GRACE > since):
                return name
        return None


# ---- policies ----

# Who calls a workload, as its policies tell them apart; None: who calls none.
ROLES = ("friend", "stranger")
JUDGED = ("http", "echo")


def may(role, service):
    """The bit of it."""
    return 1 << (2 * ROLES.index(role) + JUDGED.index(service))


EVERYTHING = sum(may(r, s) for r in ROLES for s in JUDGED)


class Policies:
    """What policies let whom do, in the same file: a number that grows with each
    change, and the bits of may(), or UNKNOWN while it is changed."""

    UNKNOWN = 0x80
    # What a change may do to an attempt in whose time it falls: its connection is
    # refused or cut, or the mesh's own one to the workload is.
    CHANGED = {"403", "502", "503", "refused", "reset", "ended"}
    # What forbids an attempt, for all of its time, makes of it.
    DENIED = {"http": {"403"}, "echo": {"refused", "reset", "ended"}}

    def __init__(self, area, at):
        self.area, self.at = area, at

    def now(self):
        # Of native size: it is read and written at once.
        return struct.unpack_from("@Q", self.area, self.at)[0]

    def tell(self, bits):
        struct.pack_into("@Q", self.area, self.at,
                         ((self.now() >> 8) + 1) << 8 | bits)

    def held(self, since):
        """Those that held all of the time since then, or None."""
        return None if since & self.UNKNOWN or since != self.now() else since


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


class Echo(asyncio.DatagramProtocol):
    transport = None

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.transport.sendto(data, addr)


async def serve(http, echo, udp):
    for port, function in ((http, serve_http), (echo, serve_echo)):
        await asyncio.start_server(function, None, int(port), backlog=4096,
                                   limit=1 << 20)
    # Of both families.
    await asyncio.get_running_loop().create_datagram_endpoint(Echo, ("::", int(udp)))
    await asyncio.Event().wait()


# ---- clients ----

class Target(typing.NamedTuple):
    """What is called: its addresses, the port of each service, which events may fail
    it, and whether policies judge who calls it."""
    hosts: tuple
    ports: dict
    events: tuple = tuple(Excuses.NAMES)
    judged: bool = False


# Where a workload's applications listen.
HTTP, TCP, UDP = 8080, 9090, 9091
CART = ("10.2.0.31", "fd00:2::31")
TARGETS = {
    "calm": Target(("10.96.0.1", "fd00:96::1"),
                   {"http": 80, "echo": 7001, "udp": 7001}, Excuses.CALM),
    "wild": Target(("10.96.0.2", "fd00:96::2"),
                   {"http": 80, "echo": 7002, "udp": 7002}),
    # A workload, by its own addresses and by virtual ones.
    "cart": Target(CART, {"http": HTTP, "echo": TCP}, Excuses.CALM, True),
    "cart-vip": Target(("10.96.0.3", "fd00:96::3"), {"http": 80, "echo": 7003},
                       Excuses.CALM, True)}


class Connection:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, host, port, rcvbuf=0):
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


class Datagrams:
    """A UDP socket: what it sends may be lost, what comes has to be an answer."""

    def __init__(self, host, port):
        self.sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET,
                                  socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.connect((host, port))
        self.sent = set()

    async def ask(self, data):
        """Until it is answered; an answer may be one to what was sent before."""
        self.sent.add(data)
        while True:
            self.sock.send(data)
            with contextlib.suppress(asyncio.TimeoutError):
                if await asyncio.wait_for(self.answer(), 1) == data:
                    return

    async def answer(self):
        data = await asyncio.get_running_loop().sock_recv(self.sock, 65536)
        if data not in self.sent:
            raise Wrong(f"a datagram of {len(data)} bytes that nobody has sent")
        return data

    def close(self):
        self.sock.close()


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


async def datagram(c):
    n = random.choice((1, 100, 1400, 8000))
    await c.ask(body_of(random.getrandbits(32), n))


# kind: what it does, how often on a connection, and to which service.
KINDS = {f.__name__: (f, often, "http") for f, often in (
    (keep_alive, 50), (get_chunks, 20), (pipeline, 10), (post, 20),
    (post_chunks, 20), (idle, 100), (slow, 5), (rude, 1))}
KINDS["once"] = (keep_alive, 1, "http")
KINDS["echo"] = (echo, 20, "echo")
KINDS["datagram"] = (datagram, 20, "udp")


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


class Attempt:
    """A connection to a target, and what was known of policies when it began and when
    each exchange on it did."""

    def __init__(self, kind, targets, policies):
        self.kind = kind
        self.function, self.often, self.service = KINDS[kind]
        self.name = random.choice([t for t in targets
                                   if self.service in TARGETS[t].ports])
        self.target = TARGETS[self.name]
        self.policies = policies
        # A connection may be told to end while its last exchange goes on: that
        # shows when the next begins.
        self.last = self.since = (time.monotonic(), policies.now())
        self.exchanges = 0
        # One that began while nobody may have asked is not asked about later.
        self.is_asked = self.target.judged

    async def open(self):
        host, port = random.choice(self.target.hosts), self.target.ports[self.service]
        if self.service == "udp":
            return Datagrams(host, port)
        c = await asyncio.wait_for(Connection.open(
            host, port, 4096 if self.kind == "slow" else 0), PATIENCE)
        self.is_asked &= self.policies.held(self.since[1]) is not None
        return c

    async def exchange(self, c):
        if self.exchanges:
            self.last, self.since = self.since, (time.monotonic(), self.policies.now())
        await asyncio.wait_for(self.function(c), PATIENCE)
        self.exchanges += 1

    def held(self):
        """The policies that the latest exchange was judged by, and no others; or None.
        Connections, unlike requests, are judged as they begin."""
        if not self.is_asked or self.kind == "rude" or \
                (self.service == "echo" and self.exchanges > 1):
            return None
        return self.policies.held(self.since[1])


class Caller:
    def __init__(self, role, targets, excuses):
        self.role, self.targets, self.excuses = role, targets, excuses
        self.done = collections.Counter()
        self.excused = collections.Counter()
        self.judged = collections.Counter()
        self.wrong = []

    def kinds(self):
        """Of one connection after the other."""
        targets = [TARGETS[t] for t in self.targets]
        services = {s for t in targets for s in t.ports}
        # Policies judge requests and connections: of these there is but one kind.
        more = ["echo"] * 5 if any(t.judged for t in targets) else []
        return [kind for kind, (_, _, s) in KINDS.items() if s in services] + more

    async def one(self, kind):
        """A connection from its begin to its end."""
        a = Attempt(kind, self.targets, self.excuses.policies)
        c = None
        try:
            c = await a.open()
            for _ in range(random.randrange(a.often) + 1):
                await a.exchange(c)
                self.done[kind] += 1
                self.answered(a)
        except Wrong as error:
            self.wrong.append(f"{kind}: {error}")
        except (OSError, EOFError, Refused, asyncio.TimeoutError) as error:
            self.failed(a, outcome_of(error))
            await asyncio.sleep(random.random())
        finally:
            if c:
                c.close()

    def may(self, a, policies):
        return policies & may(self.role, a.service)

    def answered(self, a):
        held = a.held()
        if held is None:
            return
        if self.may(a, held):
            self.judged[f"{self.role} {a.name} {a.service}: answered"] += 1
        else:
            self.complain(a, "was answered, and may not be")

    def refused(self, a, outcome):
        """Whether policies explain it: how, or None."""
        if not a.target.judged:
            return None
        # A status is the answer to the latest request, an end may be one of before.
        held = a.policies.held((a.since if outcome.isdigit() else a.last)[1])
        if held is None:
            return "policies" if outcome in a.policies.CHANGED else None
        if not self.may(a, held) and outcome in a.policies.DENIED[a.service]:
            self.judged[f"{self.role} {a.name} {a.service}: refused"] += 1
            return "policy"
        return None

    def failed(self, a, outcome):
        if a.kind == "rude" and outcome in ("reset", "ended"):
            self.done[a.kind] += 1
            return
        why = self.refused(a, outcome) or self.excuses.find(
            outcome, a.last[0], a.target.events)
        if why:
            self.excused[f"{outcome} ({why})"] += 1
        else:
            self.complain(a, outcome)

    def complain(self, a, what):
        if len(self.wrong) < WRONG_MAX:
            ago = time.monotonic() - a.last[0]
            self.wrong.append(
                f"{a.kind} to {a.name}: {what}, of what began {ago:.1f} s ago, exchange "
                f"{a.exchanges}, policies {a.last[1]:#x} {a.since[1]:#x} "
                f"{a.policies.now():#x}; {self.excuses.ages()}")

    async def forever(self, kind):
        await asyncio.sleep(3 * random.random())
        while True:
            await self.one(kind)

    def report(self, path):
        with open(path + ".new", "w", encoding="utf-8") as f:
            json.dump({"done": self.done, "excused": self.excused,
                       "judged": self.judged, "wrong": self.wrong}, f)
        os.rename(path + ".new", path)


async def call(connections, role, targets, excuses, report):
    caller = Caller(role, targets.split(","), Excuses(excuses))
    kinds = caller.kinds()
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
