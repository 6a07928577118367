#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Structured fuzzing of the netlink interface, inside the VM.

    netlink.py SECONDS KEPT [SEED]

"make fuzz TARGETS=netlink" runs it on the debug kernel. An input is a few messages on
one socket: made by the rules of the interface, of a small world of names so
that they refer to each other, then broken here and there, in structure or in
bytes. What runs code of the module that no input did (KCOV) is kept in the
folder KEPT and broken again. A process on each CPU does that, while clients
call the listeners that come and go, in the same namespace.

What must hold, besides the kernel having nothing to report:
  - every message is answered, by the end or by an error of those that are
    meant for it, and one that is about the content says why in words;
  - what was accepted can be read, and what is read can be configured again in
    another namespace, where it reads the same.
The last lines are figures, as libFuzzer has them. Exit 1 if something does not
hold: the input is printed, and left in KEPT as "finding-...".
"""

import collections
import contextlib
import ctypes
import errno
import fcntl
import hashlib
import mmap
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
# pylint: disable=wrong-import-position
from l7nl import (ENUMS, INTEGERS, NLA_F_NESTED, NLM_F_ACK, NLM_F_DUMP, TOP,
                  UAPI, Genl, Refused, attrs_of, encode)
from nltest import CLONE_NEWNET, Pod, unshare

KCOV_INIT_TRACE, KCOV_ENABLE, KCOV_WORDS = 0x80086301, 0x6364, 1 << 16
COMMANDS = [n[len("L7MESH_CMD_"):] for n, v in ENUMS["l7mesh_cmd"]
            if v and n != "L7MESH_CMD_MAX"]
DUMPS = ("GET", "ATTACHED_GET", "STATS_GET", "MAGLEV_GET", "EXPLAIN")
CHANGES = ("ADD", "ADD", "ADD", "SET", "DEL")
KINDS = ("CLUSTER", "ENDPOINT", "LISTENER", "ROUTE_TABLE", "VIRTUAL_HOST",
         "ROUTE")
# Errors that are about what a message says, so the message says which.
ABOUT_CONTENT = (errno.EINVAL, errno.ERANGE, errno.ENOENT, errno.EEXIST,
                 errno.EBUSY, errno.E2BIG, errno.EMSGSIZE, errno.ENOSPC)
# And about who asks, the moment, memory, or the message's frame.
OTHERS = (errno.EOPNOTSUPP, errno.EPERM, errno.EBADF, errno.ESRCH,
          errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN, errno.EINTR)
SERVER = "127.0.0.1", 9000


# ---- the world: few values, so that they meet ----

NAMES = ("a", "b", "web", "t", "v", "x" * 63, "x" * 64, "", "é", "a b")
STRINGS = {
    "DOMAINS": ("*", "web", "*.example", "web.*", "a.b.example", "**", ""),
    "PATH_EXACT": ("/", "/a", "/a/b", "no", "/" + "p" * 4000),
    "PATH_PREFIX": ("/", "/a", "/a/", "no", ""),
    "METHOD": ("GET", "POST", "G T", ""),
    "HEADER": ("x-user", "Cookie", "bad name", ""),
    "HOST": ("other", "other:80", "a/b", ""),
    "PATH": ("/new", "new", ""),
    "EXACT": ("1", "", "v" * 300), "PREFIX": ("1", "", "a"),
}
IPS = ("10.96.0.1", "10.96.0.2", "127.0.0.1", "fd00:96::1", "::1", "0.0.0.0",
       "::", "224.0.0.1", "::ffff:10.96.0.1", "fe80::1")
HEADS = [f"{line} HTTP/1.1\r\nHost: {host}\r\n{rest}\r\n".encode()
         for line in ("GET /a", "POST /a/b?x=1", "OPTIONS *", "CONNECT web:80",
                      "GET http://web/x")
         for host in ("web", "a.example:80")
         for rest in ("", "x-user: 1\r\n", "Content-Length: 5\r\n", "bad")]
NUMBERS = (0, 1, 2, 3, 80, 100, 200, 301, 404, 500, 1009, 9000, 65535, 65537,
           5000011, 86400000, 1 << 31, (1 << 32) - 1)


def choose(rng, name, spec):
    """A value for an attribute, most often one that makes sense."""
    if isinstance(spec, list):
        return [choose(rng, name, spec[0])
                for _ in range(rng.choice((0, 1, 1, 2, 3)))]
    if isinstance(spec, tuple):
        return choose_nest(rng, spec)
    if spec == "flag":
        return rng.random() < 0.7
    if spec == "str":
        return rng.choice(STRINGS.get(name, NAMES)).encode().decode("latin-1")
    if spec == "ip":
        return rng.choice(IPS)
    if name == "HEAD" and rng.random() < 0.9:
        return rng.choice(HEADS)
    if spec == "bin":
        return rng.randbytes(rng.choice((0, 1, 4, 16, 100, 5000)))
    if name in ("PROTOCOL", "LB", "KIND", "PRESENT"):
        return rng.choice((0, 1, 1, 2, 2, 3, 4, 7)) % (1 << 8)
    if name == "NETNS_FD":
        return rng.choice(fds + [0, 1, 1 << 20])
    if name == "NETNS_PID":
        return rng.choice([os.getpid(), 1, 1 << 22])
    bits = 8 * struct.calcsize(INTEGERS[spec])
    return rng.choice(NUMBERS) % (1 << bits)


def choose_nest(rng, spec):
    """Pairs, so that one may be missing or there twice."""
    names = list(spec[1])
    if spec[0] == "ACTION":
        names = [rng.choice(names)]
    pairs = [(n, choose(rng, n, spec[1][n])) for n in names
             if rng.random() < 0.8]
    if pairs and rng.random() < 0.05:
        pairs.append(rng.choice(pairs))
    return pairs


def sensible(rng):
    """An object that is most often accepted, for others to refer to."""
    name = rng.choice(NAMES[:5])
    web = {"ADDRESS": SERVER[0], "PORT": SERVER[1]}
    return rng.choice((
        {"CLUSTER": {"NAME": name, "TABLE_SIZE": 1009,
                     "LB": rng.randrange(1, 4)}},
        {"ENDPOINT": {"CLUSTER": name, **web, "WEIGHT": rng.randrange(1, 9)}},
        {"ROUTE_TABLE": {"NAME": name}},
        {"VIRTUAL_HOST": {"ROUTE_TABLE": name, "NAME": "v",
                          "DOMAINS": [rng.choice(STRINGS["DOMAINS"][:5])]}},
        {"ROUTE": {"ROUTE_TABLE": name, "VIRTUAL_HOST": "v",
                   "ACTION": {"CLUSTER": rng.choice(NAMES[:5])}}},
        {"LISTENER": {"NAME": name, "ADDRESS": rng.choice(IPS[:2]),
                      "PORT": 80, "PROTOCOL": 1,
                      "ROUTE_TABLE": rng.choice(NAMES[:5])}},
        {"LISTENER": {"NAME": name, "ADDRESS": "10.96.0.2", "PORT": 81,
                      "PROTOCOL": 2, "CLUSTER": rng.choice(NAMES[:5])}}))


# ---- messages ----

Message = collections.namedtuple("Message", "cmd flags payload")


def make_message(rng):
    cmd = rng.choice(COMMANDS + list(CHANGES) * 3)
    flags = NLM_F_DUMP if cmd in DUMPS and rng.random() < 0.95 else 0
    if cmd in CHANGES:
        kind = rng.choice(KINDS)
        value = sensible(rng) if rng.random() < 0.5 else \
            {kind: choose(rng, kind, TOP[1][kind])}
    else:
        names = rng.sample(list(TOP[1]), rng.choice((0, 1, 1, 2)))
        value = {n: choose(rng, n, TOP[1][n]) for n in names}
        for name, cmds in (("NETNS_FD", ("ATTACH", "DETACH")),
                           ("CLUSTER_NAME", ("MAGLEV_GET",)),
                           ("EXPLAIN", ("EXPLAIN",))):
            if cmd in cmds:
                value = {name: choose(rng, name, TOP[1][name])}
    with contextlib.suppress(struct.error, UnicodeError, OSError):
        return Message(UAPI["L7MESH_CMD_" + cmd], flags, encode(TOP, value))
    return Message(UAPI["L7MESH_CMD_" + cmd], flags, b"")


def attributes(payload, at=0, depth=0):
    """(offset, length) of every attribute, also of those within."""
    with contextlib.suppress(ValueError, struct.error):
        for _, inner, where in attrs_of(payload):
            yield at + where, 4 + len(inner)
            kind = struct.unpack_from("=H", payload, where + 2)[0]
            if kind & NLA_F_NESTED and depth < 8:
                yield from attributes(inner, at + where + 4, depth + 1)


def break_payload(rng, payload):
    data = bytearray(payload)
    places = list(attributes(payload))
    way = rng.randrange(8)
    if not places or way == 0:
        for _ in range(rng.randrange(1, 4)):
            data.insert(rng.randrange(len(data) + 1), rng.randrange(256))
    elif way == 1:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif way == 2:
        del data[rng.randrange(len(data)):]
    else:
        at, length = rng.choice(places)
        if way == 3:
            struct.pack_into("=H", data, at, rng.choice(
                (0, 3, 4, length - 1, length + 1, length + 4, 65535)) & 65535)
        elif way == 4:
            struct.pack_into("=H", data, at + 2, rng.choice(
                (0, 1, 2, 5, 30, 255)) | rng.choice((0, NLA_F_NESTED, 1 << 14)))
        elif way == 5:
            padded = length + 3 & ~3
            data[at:at] = data[at:at + padded] * rng.choice((1, 2, 40))
        elif way == 6:
            del data[at:at + (length + 3 & ~3)]
        elif length > 4:
            i = at + rng.randrange(4, length)
            data[i:i + 1] = bytes([rng.choice((0, 1, 127, 128, 255))])
    return bytes(data[:60000])


def mutate(rng, messages, others):
    messages = list(messages)
    for _ in range(rng.choice((1, 1, 2, 4))):
        way, i = rng.random(), rng.randrange(len(messages))
        if way < 0.5:
            m = messages[i]
            messages[i] = m._replace(payload=break_payload(rng, m.payload))
        elif way < 0.6:
            messages[i] = messages[i]._replace(cmd=rng.randrange(24))
        elif way < 0.8:
            messages.insert(i, make_message(rng))
        elif way < 0.9 and others:
            messages[i:] = rng.choice(others)[:4]
        elif len(messages) > 1:
            del messages[i]
    return messages[:12]


def pack(messages):
    return b"".join(struct.pack("<BHH", *m[:2], len(m.payload)) + m.payload
                    for m in messages)


def unpack(data):
    messages, at = [], 0
    while at + 5 <= len(data):
        cmd, flags, length = struct.unpack_from("<BHH", data, at)
        messages.append(Message(cmd, flags, data[at + 5:at + 5 + length]))
        at += 5 + length
    return messages


# ---- coverage ----

def map_shared(fd, size):
    """Python's own mmap() wants a file with a size."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int,
                          ctypes.c_int, ctypes.c_int, ctypes.c_long)
    area = libc.mmap(None, size, mmap.PROT_READ | mmap.PROT_WRITE,
                     mmap.MAP_SHARED, fd, 0)
    if area == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "mmap")
    return area


class Coverage:
    """What of the module this thread has run; nothing without KCOV."""

    def __init__(self):
        self.seen = set()
        self.words = None
        with contextlib.suppress(OSError):
            fd = os.open("/sys/kernel/debug/kcov", os.O_RDWR)
            fcntl.ioctl(fd, KCOV_INIT_TRACE, KCOV_WORDS)
            area = map_shared(fd, KCOV_WORDS * 8)
            fcntl.ioctl(fd, KCOV_ENABLE, 0)
            self.words = (ctypes.c_uint64 * KCOV_WORDS).from_address(area)

    def begin(self):
        if self.words:
            self.words[0] = 0

    def grown(self):
        """Whether something ran that never had."""
        if not self.words:
            return False
        n = self.words[0]
        new = set(self.words[1:1 + n]) - self.seen
        self.seen |= new
        return bool(new)


# ---- what must hold ----

class Finding(Exception):
    pass


def one_message(g, m):
    """Sends it; 0 or the errno of the answer."""
    request = g.message(g.family, m.cmd, m.payload, m.flags | NLM_F_ACK)
    try:
        g.sock.send(request)
        g.answer(request)
        return 0
    except Refused as error:
        if error.errno not in ABOUT_CONTENT + OTHERS:
            raise Finding(f"an error not meant for it: {error}") from error
        if error.errno in ABOUT_CONTENT and not error.text and \
                error.missing is None and error.path is None:
            raise Finding(f"an error without a reason: {error}") from error
        return error.errno
    except TimeoutError as error:
        raise Finding("no answer") from error
    except OSError as error:
        if error.errno in (errno.ENOBUFS, errno.EMSGSIZE):
            return error.errno
        raise


def reads_as_configured(there, elsewhere):
    """What is there can be configured elsewhere, and reads the same."""
    with contextlib.closing(elsewhere.genl()) as other:
        other.do("TXN_BEGIN", {"REPLACE": True})
        try:
            for o in there:
                o.get("ROUTE", {}).pop("INDEX", None)
                other.do("ADD", o)
            other.do("TXN_COMMIT")
        except Refused as error:
            raise Finding(f"cannot be configured again: {error} {o}") \
                from error
        again = other.objects()
        other.do("FLUSH")
    for o in there + again:
        o.get("ROUTE", {}).pop("INDEX", None)
    if there != again:
        raise Finding(f"reads differently: {there} {again}")


class Fuzzer:
    def __init__(self, seed, kept):
        self.rng = random.Random(seed)
        self.kept = kept
        self.inputs = self.messages = self.accepted = 0
        self.cover = Coverage()
        self.elsewhere = Pod()
        self.corpus = []
        for folder in os.path.join(HERE, "corpus", "netlink"), kept:
            for name in sorted(os.listdir(folder)):
                with open(os.path.join(folder, name), "rb") as f:
                    self.run(unpack(f.read()))

    def next(self):
        rng = self.rng
        if self.corpus and rng.random() < 0.7:
            return mutate(rng, rng.choice(self.corpus), self.corpus)
        return [make_message(rng) for _ in range(rng.choice((1, 2, 4, 8)))]

    def run(self, messages):
        self.inputs += 1
        self.cover.begin()
        try:
            with contextlib.closing(Genl()) as g:
                g.sock.settimeout(60)
                for m in messages:
                    self.messages += 1
                    self.accepted += not one_message(g, m)
        except Finding as finding:
            self.keep("finding", messages)
            raise Finding(f"{finding}\n{messages}") from finding
        if self.cover.grown():
            self.corpus.append(messages)
            self.keep("input", messages)

    def keep(self, what, messages):
        data = pack(messages)
        name = f"{what}-{hashlib.sha1(data).hexdigest()[:16]}"
        with open(os.path.join(self.kept, name), "wb") as f:
            f.write(data)

    def check(self):
        """Others may change it meanwhile, but a dump is of one moment. Then it
        ends, so that the world stays small."""
        with contextlib.closing(Genl()) as g:
            # A number that was made up may have been its descriptor's.
            with contextlib.suppress(Refused):
                g.do("DETACH", {"NETNS_FD": self.elsewhere.fd})
            reads_as_configured(g.objects(), self.elsewhere)
            g.do("FLUSH")


# ---- traffic ----

def serve():
    """A server of responses without an end of work, in this namespace."""
    def one(sock):
        with sock, contextlib.suppress(OSError):
            while sock.recv(65536):
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    listener = socket.create_server(SERVER, backlog=64)
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=one, args=(sock,), daemon=True).start()


def call():
    """Whatever comes of it; the module's own checks are what matters. Not all
    the time: the fuzzers want the CPUs as well."""
    while True:
        time.sleep(0.1)
        target = random.choice((("10.96.0.1", 80), ("10.96.0.2", 80),
                                ("10.96.0.2", 81), ("10.96.0.1", 80)))
        with contextlib.suppress(OSError), \
                socket.create_connection(target, 1) as sock:
            for _ in range(random.randrange(1, 10)):
                path = random.choice(("/", "/a", "/a/b", "/%s" % ("x" * 99)))
                sock.sendall(f"GET {path} HTTP/1.1\r\nHost: web\r\n"
                             f"x-user: {random.random()}\r\n\r\n".encode())
                if not sock.recv(65536):
                    break
                answered[0] += 1


def traffic(tell):
    for work in (serve, call, call):
        threading.Thread(target=work, daemon=True).start()
    while True:
        time.sleep(0.5)
        os.pwrite(tell, b"%12d" % answered[0], 0)


# ---- all of it ----

fds, answered = [], [0]


def fuzz(seed, seconds, kept, tell):
    end = time.monotonic() + seconds
    fuzzer = Fuzzer(seed, kept)
    try:
        while time.monotonic() < end:
            fuzzer.run(fuzzer.next())
            if fuzzer.rng.random() < 0.02:
                fuzzer.check()
    finally:
        fuzzer.elsewhere.leave()
        os.pwrite(tell, struct.pack("=4Q", fuzzer.inputs, fuzzer.messages,
                                    fuzzer.accepted, len(fuzzer.cover.seen)), 0)


def fork(function, *args):
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        function(*args)
        code = 0
    except Finding as finding:
        print(f"does not hold: {finding}", flush=True)
    except BaseException:  # pylint: disable=broad-except
        traceback.print_exc()
    finally:
        os._exit(code)


def note_file():
    return os.memfd_create("note")


def main():
    seconds, kept = int(sys.argv[1]), sys.argv[2]
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else time.time_ns()
    print(f"# seed {seed}", flush=True)
    os.makedirs(kept, exist_ok=True)
    if not os.path.exists("/sys/kernel/debug/kcov"):
        subprocess.run(["mount", "-t", "debugfs", "none", "/sys/kernel/debug"],
                       stderr=subprocess.DEVNULL, check=False)
    unshare(CLONE_NEWNET)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    pods = Pod(), Pod()
    fds.extend(pod.fd for pod in pods)
    served = note_file()
    os.pwrite(served, b"0", 0)
    caller = fork(traffic, served)
    notes = [note_file() for _ in range(os.cpu_count())]
    workers = [fork(fuzz, seed + i, seconds, kept, note)
               for i, note in enumerate(notes)]
    failed = sum(os.waitstatus_to_exitcode(os.waitpid(w, 0)[1]) != 0
                 for w in workers)
    os.kill(caller, signal.SIGKILL)
    print(f"# {int(os.pread(served, 12, 0))} requests of clients were answered")
    counts = [struct.unpack("=4Q", os.pread(note, 32, 0).ljust(32, b"\0"))
              for note in notes]
    inputs, messages, accepted, _ = map(sum, zip(*counts))
    print(f"# {messages} messages, {accepted} of them accepted\n"
          f"# cov: {max(c[3] for c in counts)}\n"
          f"stat::number_of_executed_units: {inputs}\n"
          f"stat::average_exec_per_sec: {inputs // seconds}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
