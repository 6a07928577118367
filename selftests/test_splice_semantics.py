#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# takes: 80
"""What a program sees of a spliced connection is what it sees of TCP's: each
program here runs on plain connections, then on spliced ones, and has to tell the
same of both.
"""

import array
import ctypes
import errno
import fcntl
import mmap
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from bpf import (MAP_CREATE, MAP_UPDATE, PROG_ATTACH, bpf, instruction, libc,
                 load_program)
from l7 import equal, meshctl, note, run_tests, test, true, until

SIOCATMARK, TCP_INQ, TCP_CM_INQ = 0x8905, 36, 36
TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ = 19, 20, 21
SO_ZEROCOPY, MSG_ZEROCOPY, MSG_ERRQUEUE = 60, 0x4000000, 0x2000
SO_TIMESTAMPING, TCP_ZEROCOPY_RECEIVE = 37, 35
KIB, MIB = 1 << 10, 1 << 20

LIB = os.path.join(os.path.dirname(os.path.realpath(__file__)), "lib")
URING_STREAM = os.path.join(LIB, "uring_stream")
SOCKMAP_RACE = os.path.join(LIB, "sockmap_race")

AREA = 1 << 17

libc.mmap.restype = ctypes.c_size_t
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int,
                      ctypes.c_int, ctypes.c_int, ctypes.c_long]
programs = {}
plain = {}


def program(name):
    def register(function):
        programs[name] = function
        return function
    return register


def connected(client):
    """That socket, and the one that it is connected to now."""
    family = client.family
    with socket.socket(family) as listener:
        listener.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        listener.listen()
        client.connect(listener.getsockname()[:2])
        server, _ = listener.accept()
    server.settimeout(10)
    return client, server


def pair(family=socket.AF_INET):
    client = socket.socket(family)
    client.settimeout(10)
    client, server = connected(client)
    for a, b in (client, server), (server, client):
        a.sendall(b"x")
        b.recv(1)
    return client, server


def outcome(function, *args):
    """What it returned, or the name of its error."""
    try:
        return function(*args)
    except TimeoutError:
        return "timeout"
    except OSError as e:
        return errno.errorcode.get(e.errno, str(e))


def ioctl(sock, request):
    value = array.array("i", [0])
    fcntl.ioctl(sock, request, value)
    return value[0]


def fill(sock):
    """Until nothing has been taken for a while: how much."""
    sock.setblocking(False)
    n, last = 0, time.monotonic()
    while time.monotonic() < last + 0.5:
        try:
            n += sock.send(b"f" * 50000)
            last = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
    return n


def exactly(sock, n):
    left = n
    while left:
        piece = sock.recv(min(left, MIB))
        if not piece:
            break
        left -= len(piece)
    return n - left


@program("MSG_PEEK, MSG_TRUNC and MSG_WAITALL")
def _(a, b):
    a.sendall(b"0123456789")
    said = [b.recv(4, socket.MSG_PEEK), b.recv(4, socket.MSG_PEEK), b.recv(2)]
    buffer = bytearray(3)
    said += [b.recv_into(buffer, 3, socket.MSG_TRUNC), bytes(buffer)]
    threading.Timer(0.1, a.sendall, (b"abcdef",)).start()
    said.append(b.recv(11, socket.MSG_WAITALL))
    return said


@program("urgent data, in its place and inline")
def _(a, b):
    said = []
    for inline in False, True:
        b.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, inline)
        a.sendall(b"before")
        a.send(b"!", socket.MSG_OOB)
        a.sendall(b"after")
        until(lambda: ioctl(b, termios.FIONREAD) >= 6)
        poller = select.poll()
        poller.register(b, select.POLLIN | select.POLLPRI)
        said.append(poller.poll(1000)[0][1] & select.POLLPRI)
        said.append(b.recv(100))
        said.append(ioctl(b, SIOCATMARK))
        if not inline:
            said.append(b.recv(1, socket.MSG_OOB))
        time.sleep(0.1)
        said.append(b.recv(100))
    return said


@program("SIOCINQ, SIOCOUTQ and TCP_INQ")
def _(a, b):
    b.setsockopt(socket.IPPROTO_TCP, TCP_INQ, 1)
    a.sendall(b"x" * 7000)
    until(lambda: ioctl(b, termios.FIONREAD) == 7000)
    until(lambda: ioctl(a, termios.TIOCOUTQ) == 0)
    data, cmsgs, *_ = b.recvmsg(1000, 100)
    inq = [struct.unpack("i", d)[0] for _, t, d in cmsgs if t == TCP_CM_INQ]
    return len(data), inq, ioctl(b, termios.FIONREAD)


@program("SO_RCVLOWAT and poll")
def _(a, b):
    b.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1000)
    poller = select.poll()
    poller.register(b, select.POLLIN)
    a.sendall(b"x" * 900)
    said = [poller.poll(100)]
    a.sendall(b"x" * 200)
    said += [len(poller.poll(5000)), len(b.recv(2000))]
    return said


@program("EPOLLET and EPOLLONESHOT, both sides")
def _(a, b):
    said = []
    for flag in select.EPOLLET, select.EPOLLONESHOT:
        epoll = select.epoll()
        epoll.register(b, select.EPOLLIN | flag)
        a.sendall(b"one")
        said.append([e for _, e in epoll.poll(5)])
        said.append(epoll.poll(0.05))
        a.sendall(b"two")
        said.append([e for _, e in epoll.poll(0.2)])
        said.append(b.recv(100))
        epoll.close()
    epoll = select.epoll()
    epoll.register(a, select.EPOLLOUT | select.EPOLLET)
    said.append([e for _, e in epoll.poll(5)])
    n = fill(a)
    said.append(epoll.poll(0.05))
    said.append(exactly(b, n) == n)
    said.append([e for _, e in epoll.poll(5)])
    return said


@program("SO_RCVTIMEO and SO_SNDTIMEO")
def _(a, b):
    for sock in a, b:
        sock.settimeout(None)
    short = struct.pack("ll", 0, 200000)
    b.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, short)
    a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, short)
    said = [outcome(b.recv, 1)]
    sent = 0
    while isinstance(n := outcome(a.send, b"x" * 100000), int):
        sent += n
    said += [n, sent > MIB]
    b.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 5, 0))
    said.append(exactly(b, sent) == sent)
    return said


@program("half-close and the end")
def _(a, b):
    a.sendall(b"x" * 5000)
    a.shutdown(socket.SHUT_WR)
    said = [exactly(b, 5000), b.recv(1), outcome(a.send, b"x")]
    b.sendall(b"y" * 3000)
    said.append(exactly(a, 3000))
    b.close()
    said.append(a.recv(1))
    return said


@program("SHUT_RD")
def _(a, b):
    b.shutdown(socket.SHUT_RD)
    said = [b.recv(1)]
    a.sendall(b"late")
    time.sleep(0.1)
    said += [b.recv(10), b.recv(10)]
    return said


@program("RST: unread data, and SO_LINGER 0")
def _(a, b):
    a.sendall(b"x" * 100)
    # What has not come yet is not unread.
    b.recv(1, socket.MSG_PEEK)
    b.close()
    said = [outcome(a.recv, 1), outcome(a.send, b"x")]
    a, b = pair()
    b.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    b.close()
    said += [outcome(a.recv, 1), outcome(a.send, b"x")]
    return said


@program("SO_LINGER n")
def _(a, b):
    a.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 5))
    a.sendall(b"x" * 10000)
    a.close()
    return exactly(b, 10000), b.recv(1)


@program("the peer closes while a send is blocked")
def _(a, b):
    a.settimeout(None)
    threading.Timer(0.4, b.close).start()
    # Which of the two it is depends on whether the FIN is seen before the RST.
    said = outcome(a.sendall, b"x" * (32 * MIB))
    return said in ("EPIPE", "ECONNRESET"), outcome(a.send, b"x")


@program("disconnect by AF_UNSPEC, and again")
def _(a, b):
    a.sendall(b"first")
    unspec = struct.pack("H14x", socket.AF_UNSPEC)
    said = [libc.connect(a.fileno(), unspec, len(unspec)), exactly(b, 5),
            outcome(b.recv, 1), outcome(a.send, b"x")]
    with socket.socket(a.family) as listener:
        listener.bind(("", 0))
        listener.listen()
        host = "127.0.0.1" if a.family == socket.AF_INET else "::1"
        a.connect((host, listener.getsockname()[1]))
        c, _ = listener.accept()
    for x, y in (a, c), (c, a):
        x.sendall(b"again")
        said.append(y.recv(100))
    return said


@program("sendfile and splice")
def _(a, b):
    said = []
    with open("/tmp/splice.data", "wb+") as f:
        data = os.urandom(300000)
        f.write(data)
        f.flush()
        got = []
        reader = threading.Thread(target=lambda: got.append(
            receive(b, 2 * len(data))))
        reader.start()
        offset = 0
        while offset < len(data):
            offset += os.sendfile(a.fileno(), f.fileno(), offset,
                                  len(data) - offset)
        r, w = os.pipe()
        offset = 0
        while offset < len(data):
            n = os.splice(f.fileno(), w, 65536, offset)
            offset += n
            while n:
                n -= os.splice(r, a.fileno(), n)
        reader.join(20)
        said.append(got == [data + data])
    b.settimeout(None)
    a.sendall(data[:50000])
    got = b""
    while len(got) < 50000:
        n = os.splice(b.fileno(), w, 65536)
        got += os.read(r, n)
    said.append(got == data[:50000])
    return said


def receive(sock, n):
    data = bytearray()
    while len(data) < n and (piece := sock.recv(n - len(data))):
        data += piece
    return bytes(data)


class IoVec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


@program("vmsplice")
def _(a, b):
    data = os.urandom(60000)
    memory = ctypes.create_string_buffer(data, len(data))
    vec = IoVec(ctypes.addressof(memory), len(data))
    r, w = os.pipe()
    fcntl.fcntl(w, fcntl.F_SETPIPE_SZ, 1 << 17)
    n = libc.vmsplice(w, ctypes.byref(vec), 1, 0)
    said = [n == len(data)]
    while n > 0:
        n -= os.splice(r, a.fileno(), n)
    said.append(receive(b, len(data)) == data)
    os.close(r)
    os.close(w)
    return said


@program("TCP_ZEROCOPY_RECEIVE")
def _(a, b):
    data = os.urandom(1 << 18)
    got = bytearray()
    writer = threading.Thread(target=a.sendall, args=(data,))
    writer.start()
    area = libc.mmap(None, AREA, mmap.PROT_READ, mmap.MAP_SHARED, b.fileno(), 0)
    while len(got) < len(data):
        # address, length, recv_skip_hint, inq, err
        request = ctypes.create_string_buffer(
            struct.pack("QIIIi", area, AREA, 0, 0, 0), 24)
        size = ctypes.c_int(24)
        if libc.getsockopt(b.fileno(), socket.IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE,
                           request, ctypes.byref(size)):
            return os.strerror(ctypes.get_errno())
        _, mapped, hint, _, _ = struct.unpack("QIIIi", request.raw)
        got += ctypes.string_at(area, mapped)
        if hint or not mapped:
            got += b.recv(hint or len(data))
    libc.munmap(ctypes.c_void_p(area), ctypes.c_size_t(AREA))
    writer.join(10)
    return got == data


@program("MSG_ZEROCOPY with its completion")
def _(a, b):
    a.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, 1)
    a.sendall(b"direct")
    said = [a.send(b"z" * 20000, MSG_ZEROCOPY), exactly(b, 20006)]
    poller = select.poll()
    poller.register(a, 0)
    said.append(poller.poll(5000)[0][1] & select.POLLERR)
    _, cmsgs, _, _ = a.recvmsg(100, 200, MSG_ERRQUEUE)
    said.append([struct.unpack("IBBBBII", d[:16])[1:3] for _, _, d in cmsgs])
    a.sendall(b"direct again")
    said.append(b.recv(100))
    return said


@program("MSG_MORE, TCP_CORK, TCP_NODELAY: every byte")
def _(a, b):
    a.send(b"more", socket.MSG_MORE)
    a.send(b"done")
    said = [receive(b, 8)]
    a.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    a.send(b"corked")
    a.send(b"too")
    a.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
    said.append(receive(b, 9))
    a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    a.send(b"now")
    said.append(receive(b, 3))
    return said


@program("TCP_USER_TIMEOUT")
def _(a, b):
    a.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 500)
    a.settimeout(None)
    return outcome(a.sendall, b"x" * (64 * MIB))


def earlier_connections_took(family, how_long):
    """Those to the loopback address: TCP remembers it."""
    option, address = (("-4", "127.0.0.1") if family == socket.AF_INET else
                       ("-6", "::1"))
    route = ["local", address, "dev", "lo", "table", "local"]
    subprocess.run(["ip", option, "route", "del", *route], check=True)
    subprocess.run(["ip", option, "route", "add", *route, "proto", "kernel",
                    *how_long], check=True)
    subprocess.run(["ip", "tcp_metrics", "flush"], check=True)
    for sock in pair(family):
        sock.close()


def rto(sock):
    """tcpi_rto, in seconds"""
    raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    return struct.unpack_from("I", raw, 8)[0] / 1e6


@program("the retransmission timeout is the connection's own")
def _(a, _):
    try:
        earlier_connections_took(a.family, ["rtt", "40s"])
        return [rto(sock) < 40 for sock in pair(a.family)]
    finally:
        earlier_connections_took(a.family, [])


@program("keepalive")
def _(a, b):
    a.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option in socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL:
        a.setsockopt(socket.IPPROTO_TCP, option, 1)
    a.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2)
    a.sendall(b"x")
    b.recv(1)
    time.sleep(4)
    a.sendall(b"alive")
    return b.recv(10)


def info(sock):
    raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    # tcpi_bytes_acked, tcpi_bytes_received; tcpi_bytes_sent
    return (*struct.unpack_from("QQ", raw, 120), *struct.unpack_from("Q", raw, 200))


@program("TCP_INFO's byte counters")
def _(a, b):
    for n in 1, 5000, 100000:
        a.sendall(b"x" * n)
        exactly(b, n)
    b.sendall(b"y" * 10)
    exactly(a, 10)
    time.sleep(0.3)
    return info(a), info(b)


@program("SO_TIMESTAMPING")
def _(a, b):
    # software, received and sent
    b.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, (1 << 4) | (1 << 3))
    a.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, (1 << 4) | (1 << 1))
    # A work begins to stamp packets.
    time.sleep(0.2)
    a.sendall(b"when?")
    data, cmsgs, *_ = b.recvmsg(100, 200)
    said = [data, [(level, kind) for level, kind, _ in cmsgs]]
    time.sleep(0.1)
    _, cmsgs, *_ = a.recvmsg(100, 200, MSG_ERRQUEUE)
    said.append(sorted((level, kind) for level, kind, _ in cmsgs))
    return said


@program("dup, fork and passing of descriptors")
def _(a, b):
    other = a.dup()
    a.close()
    other.sendall(b"dup")
    said = [receive(b, 3)]
    pid = os.fork()
    if not pid:
        other.sendall(b"child")
        os._exit(0)
    os.waitpid(pid, 0)
    said.append(receive(b, 5))
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    socket.send_fds(left, [b"fd"], [other.fileno()])
    _, fds, *_ = socket.recv_fds(right, 10, 1)
    other.close()
    os.write(fds[0], b"passed")
    said.append(receive(b, 6))
    os.close(fds[0])
    said.append(b.recv(1))
    return said


@program("ss -K")
def _(a, b):
    a.sendall(b"x")
    port = a.getsockname()[1]
    done = subprocess.run(["ss", "-K", "-t", "sport", "=", str(port)],
                          check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return (done.returncode, outcome(a.send, b"x"), outcome(b.recv, 1),
            outcome(b.recv, 1))


@program("TCP_REPAIR")
def _(a, b):
    a.sendall(b"x" * 1000)
    exactly(b, 1000)
    a.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    a.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, 2)
    sent = a.getsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ)
    a.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, -1)
    b.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    b.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, 1)
    got = b.getsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ)
    b.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, -1)
    a.sendall(b"after")
    return sent == got, b.recv(100)


SO_INCOMING_CPU = 49


@program("SO_INCOMING_CPU")
def _(a, b):
    where, seen = os.sched_getaffinity(0), []
    # Else it may go from where an ACK comes.
    a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for cpu in sorted(where):
        os.sched_setaffinity(0, {cpu})
        for size in 1, 1000:
            a.sendall(b"x" * size)
            exactly(b, size)
            seen.append(b.getsockopt(socket.SOL_SOCKET, SO_INCOMING_CPU))
        a.sendall(b"appended to what is there")
        a.sendall(b"x" * 100)
        seen.append(b.getsockopt(socket.SOL_SOCKET, SO_INCOMING_CPU))
        exactly(b, 125)
    os.sched_setaffinity(0, where)
    return seen


TCP_ULP, SOL_TLS, TLS_TX, TLS_RX = 31, 282, 1, 2


def encrypt(sock, way):
    """AES-128-GCM of TLS 1.2, one key for all."""
    sock.setsockopt(SOL_TLS, way, struct.pack("HH8s16s4s8s", 0x303, 51,
                                              b"iv" * 4, b"key." * 4, b"salt",
                                              bytes(8)))


@program("kTLS with a cipher, both ways")
def _(a, b):
    # In the backlog and in the queue there may be bytes from before.
    a.sendall(b"clear")
    said = []
    for sock in a, b:
        said.append(outcome(sock.setsockopt, socket.IPPROTO_TCP, TCP_ULP,
                            b"tls"))
    said.append(receive(b, 5))
    for sock in a, b:
        for way in TLS_TX, TLS_RX:
            said.append(outcome(encrypt, sock, way))
    for x, y in (a, b), (b, a):
        data = os.urandom(200000)
        writer = threading.Thread(target=x.sendall, args=(data,))
        writer.start()
        said.append(receive(y, len(data)) == data)
        writer.join(10)
    a.close()
    said.append(b.recv(1))
    return said


SOCKMAP, SK_SKB, STREAM_VERDICT, REDIRECT_MAP = 15, 14, 5, 52


def redirecting_map():
    """What comes to a socket that is in it is sent by the first."""
    sockmap = bpf(MAP_CREATE, "IIII", SOCKMAP, 4, 4, 2)
    verdict = load_program(
        SK_SKB,
        instruction(0x18, 0x12, sockmap), instruction(0),   # r2 = map
        instruction(0xb7, 3, 0), instruction(0xb7, 4, 0),   # r3 = r4 = 0
        instruction(0x85, 0, REDIRECT_MAP), instruction(0x95))
    bpf(PROG_ATTACH, "III", sockmap, verdict, STREAM_VERDICT)
    return sockmap, verdict


def put(sockmap, key, sock):
    key, value = ctypes.c_int(key), ctypes.c_int(sock.fileno())
    bpf(MAP_UPDATE, "IIQQQ", sockmap, 0, ctypes.addressof(key),
        ctypes.addressof(value), 0)


@program("a sockmap takes the sockets")
def _(a, b):
    c, d = pair(a.family)
    a.sendall(b"before")
    said = [b.recv(10)]
    sockmap, verdict = redirecting_map()
    put(sockmap, 0, c)
    put(sockmap, 1, b)
    data = os.urandom(100000)
    writer = threading.Thread(target=a.sendall, args=(data,))
    writer.start()
    d.settimeout(10)
    said.append(receive(d, len(data)) == data)
    writer.join(10)
    b.sendall(b"the other way")
    said.append(a.recv(100))
    os.close(verdict)
    os.close(sockmap)
    a.close()
    said.append(b.recv(1))
    return said


@program("a sockmap takes sockets that are sent to")
def _(a, _):
    if a.family == socket.AF_INET6:
        return True
    done = subprocess.run([SOCKMAP_RACE, "100"], check=False, timeout=50,
                          stdout=subprocess.PIPE, text=True)
    return [done.returncode, done.stdout]


@program("MPTCP")
def _(a, b):
    family = a.family
    said = []
    try:
        listener = socket.socket(family, socket.SOCK_STREAM, 262)
    except OSError as e:
        return e.errno
    with listener:
        listener.bind((a.getsockname()[0], 0))
        listener.listen()
        client = socket.socket(family, socket.SOCK_STREAM, 262)
        client.connect(listener.getsockname()[:2])
        server, _ = listener.accept()
    for x, y in (client, server), (server, client):
        x.sendall(b"m" * 30000)
        said.append(exactly(y, 30000))
    client.close()
    said.append(server.recv(1))
    return said


@program("io_uring, a receive that goes on")
def _(a, b):
    said = []
    for x, y in (a, b), (b, a):
        fds = x.fileno(), y.fileno()
        said.append(subprocess.run(
            [URING_STREAM, *map(str, fds), "700000"], check=True, timeout=30,
            pass_fds=fds, stdout=subprocess.PIPE).stdout)
    return said


def pair_from(family, first):
    """A pair whose client's numbers begin there."""
    client = socket.socket(family)
    client.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    client.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, 2)
    client.setsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ, struct.pack("I", first))
    client.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, -1)
    return connected(client)


@program("numbers past 2^32")
def _(a, _):
    # load_splice.py sends more than that.
    a, b = pair_from(a.family, (1 << 32) - 3 * MIB)
    data = os.urandom(MIB)
    said = []
    for _ in range(8):
        writer = threading.Thread(target=a.sendall, args=(data,))
        writer.start()
        said.append(receive(b, len(data)) == data)
        writer.join(10)
        b.sendall(b"back")
        said.append(receive(a, 4))
    time.sleep(0.3)
    # What is sent again is counted as sent.
    said += [info(a)[:2], info(b)[:2]]
    a.close()
    said.append(b.recv(1))
    return said


UFFD, UFFDIO_API, UFFDIO_REGISTER, UFFDIO_ZEROPAGE = \
    323, 0xc018aa3f, 0xc020aa00, 0xc020aa04


class Hold:
    """Memory where whoever writes to it waits until it is let go."""

    def __init__(self):
        self.at = libc.mmap(None, 4096, mmap.PROT_READ | mmap.PROT_WRITE,
                            mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
        self.fd = libc.syscall(UFFD, os.O_CLOEXEC)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "userfaultfd")
        fcntl.ioctl(self.fd, UFFDIO_API, struct.pack("QQQ", 0xaa, 0, 0))
        fcntl.ioctl(self.fd, UFFDIO_REGISTER,
                    struct.pack("QQQQ", self.at, 4096, 1, 0))

    def let_go(self):
        fcntl.ioctl(self.fd, UFFDIO_ZEROPAGE,
                    struct.pack("QQQq", self.at, 4096, 0, 0))
        os.close(self.fd)


class StuckReader:
    """Who reads what @a sends, in a system call of @b's that lasts until it is let go."""

    def __init__(self, a, b, data):
        self.hold, self.got = Hold(), []
        a.sendall(data)
        self.thread = threading.Thread(target=lambda: self.got.append(
            libc.recv(b.fileno(), ctypes.c_void_p(self.hold.at), len(data), 0)))
        self.thread.start()
        time.sleep(0.3)

    def let_go(self):
        self.hold.let_go()
        self.thread.join(10)


def without_timestamps(family):
    with open("/proc/sys/net/ipv4/tcp_timestamps", "r+", encoding="ascii") as f:
        f.write("0")
        f.flush()
        connection = pair(family)
        f.seek(0)
        f.write("1")
    return connection


@program("while a reader is stuck in its system call")
def _(a, b):
    a, b = without_timestamps(a.family)
    a.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, 1)
    try:
        reader = StuckReader(a, b, b"first")
    except OSError as e:
        return [e.errno]
    # It has the socket now. To TCP, "P" at the right place is a length of a header.
    pieces = [letter * 100 for i in range(20) for letter in (b"P", b"%d" % (i % 10))]
    sent = b"".join(pieces)
    for i in range(0, len(pieces), 2):
        a.sendall(pieces[i])
        # By TCP, always; of what is kept.
        a.send(pieces[i + 1], MSG_ZEROCOPY)
    time.sleep(0.1)
    reader.let_go()
    return reader.got, receive(b, len(sent)) == sent


@program("a sender asks what has not arrived, whose reader was in its system call")
def _(a, b):
    try:
        reader = StuckReader(a, b, b"first")
    except OSError as e:
        return [e.errno]
    a.sendall(b"second")
    reader.let_go()
    until(lambda: ioctl(a, termios.TIOCOUTQ) == 0)
    a.sendall(b"third")
    got = receive(b, 11)
    until(lambda: ioctl(a, termios.TIOCOUTQ) == 0)
    return got


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def sniffed_pair():
    """A pair, and what its client's next segment begins with: ports, numbers."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                       socket.htons(0x0800)) as sniffer:
        sniffer.bind(("lo", 0x0800))
        sniffer.settimeout(10)
        a, b = without_timestamps(socket.AF_INET)
        ports = [x.getsockname()[1] for x in (a, b)]
        numbers = {}
        while len(numbers) < 2:
            packet = sniffer.recv(2000)
            ends = struct.unpack("!HH", packet[20:24])
            if packet[9] == socket.IPPROTO_TCP and packet[33] & 2 and \
                    sorted(ends) == sorted(ports):
                # The SYN is one, and one byte has been sent.
                numbers[ends[0]] = struct.unpack("!I", packet[24:28])[0] + 2
    return a, b, ports + [numbers[x] & 0xffffffff for x in ports]


def send_raw(begin, data):
    """As if the client had sent it. An even number of bytes."""
    loopback = socket.inet_aton("127.0.0.1")
    head = struct.pack("!HHIIBBHHH", *begin, 5 << 4, 0x18, 512, 0, 0)
    length = len(head) + len(data)
    pseudo = loopback + loopback + struct.pack("!HH", 6, length)
    head = (head[:16] + struct.pack("!H", checksum(pseudo + head + data)) +
            head[18:])
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 1, 0, 64, 6, 0)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW,
                       socket.IPPROTO_RAW) as raw:
        raw.sendto(ip + loopback + loopback + head + data, ("127.0.0.1", 0))


@program("bytes of a raw socket")
def _(a, b):
    if a.family != socket.AF_INET:
        return []
    a, b, begin = sniffed_pair()
    send_raw(begin, b"ZZ")
    said = [receive(b, 2)]
    a.sendall(b"hello")
    said.append(receive(b, 3))
    a.sendall(b"again")
    said.append(receive(b, 5))
    b.sendall(b"the other way")
    said.append(receive(a, 13))
    a.close()
    said.append(b.recv(1))
    return said


@program("bytes of a raw socket, while the reader is in its system call")
def _(a, b):
    if a.family != socket.AF_INET:
        return []
    a, b, begin = sniffed_pair()
    # An ACK of more than has been sent is none: nothing is to wait for one.
    a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        reader = StuckReader(a, b, b"ab")
    except OSError as e:
        return [e.errno]
    begin[2] = begin[2] + 2 & 0xffffffff
    send_raw(begin, b"ZZ")
    time.sleep(0.3)
    # All of it came already; some; none.
    for data in b"c", b"def", b"gh":
        a.sendall(data)
    reader.let_go()
    said = [receive(b, 6)]
    a.sendall(b"again")
    said.append(receive(b, 5))
    a.close()
    said.append(b.recv(1))
    return said


@program("tiny buffers")
def _(a, b):
    for sock in a, b:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    a.settimeout(None)
    b.settimeout(None)
    data = os.urandom(40000)
    got = []
    reader = threading.Thread(target=lambda: got.append(receive(b, len(data))))
    reader.start()
    a.sendall(data)
    reader.join()
    return got == [data]


def load(*parameters):
    subprocess.run(["rmmod", "l7mesh"], check=False, stderr=subprocess.DEVNULL)
    subprocess.run(["insmod", os.environ["L7MESH_KO"], *parameters], check=True)


def observe(function):
    return [function(*pair(f)) for f in (socket.AF_INET, socket.AF_INET6)]


class Hangs(Exception):
    pass


def hangs(*_):
    raise Hangs("hangs")


def attempt(name):
    signal.signal(signal.SIGALRM, hangs)
    signal.alarm(60)
    start = time.monotonic()
    try:
        return observe(programs[name])
    except Exception:  # pylint: disable=broad-except
        return traceback.format_exc(limit=-3)
    finally:
        signal.alarm(0)
        note(f"plain: {name}: {time.monotonic() - start:.1f} s")


def register_all():
    for name, function in programs.items():
        @test(name, 120)
        def _(name=name, function=function):
            note(f"plain: {plain[name]}")
            true(isinstance(plain[name], list), "fails on plain TCP")
            equal(observe(function), plain[name])


def main():
    subprocess.run(["make", "-s", "-C", LIB, "sockmap_race", "uring_stream"],
                   check=True)
    subprocess.run(["modprobe", "-q", "tls"], check=False)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    load("splice=0")
    for name in programs:
        if not sys.argv[1:] or any(w in name for w in sys.argv[1:]):
            plain[name] = attempt(name)
    load("splice=1")
    meshctl("splice", "all")
    register_all()
    return run_tests()


if __name__ == "__main__":
    sys.exit(main())
