#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# takes: 190
# timeout: 3000
"""Two sockets of one node pass bytes without packets, and nobody can tell."""

import contextlib
import hashlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
import bpf
from l7 import (PATIENCE, Client, Counters, Net, apply, equal, fork, in_pod, meshctl,
                note, request, run_in, run_tests, test, true, until)
from l7nl import Genl, attrs_of
from missing_page import is_stuck, missing_page

MIB = 1 << 20


# Whether every new connection is.
all_spliced = False


def load(policy=None, **parameters):
    global all_spliced
    all_spliced = policy == "all" and not parameters
    subprocess.run(["rmmod", "l7mesh"], check=False,
                   stderr=subprocess.DEVNULL)
    subprocess.run(["insmod", os.environ["L7MESH_KO"],
                    *(f"{k}={v}" for k, v in parameters.items())], check=True)
    if policy:
        meshctl("splice", policy)


def ask(*command):
    return json.loads(meshctl("-j", *command))


def splices(**end):
    """The pairs that have an end like this."""
    pairs = ask("show", "splices")
    return [p for p in pairs if any(end.items() <= p[side].items()
                                    for side in ("client", "server"))]


def is_spliced(sock, wanted=True):
    """The same without a process. A work may have to do it: what is wanted is
    waited for."""
    port = sock.getsockname()[1]
    end = time.monotonic() + (PATIENCE if wanted else 0)
    while True:
        pairs = [m["SPLICE_PAIR"] for m in Genl().dump("SPLICES_GET")]
        if any(port in (p["CLIENT"]["PORT"], p["SERVER"]["PORT"])
               for p in pairs):
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(0.05)


def received(device, pod=None):
    """Bytes and packets that a device has received."""
    with in_pod(pod), open("/proc/thread-self/net/dev", encoding="ascii") as f:
        for line in f:
            name, _, counters = line.partition(":")
            if name.strip() == device:
                return [int(n) for n in counters.split()[:2]]
    raise AssertionError(f"no device {device}")


def packets():
    return received("lo")[1]


LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}


opened = []


def down(net):
    """A socket that is open would keep its namespace."""
    while opened:
        opened.pop().close()
    net.down()


def pair(family=socket.AF_INET, settle=True, pods=(None, None), host=None):
    """A connected client and server."""
    with in_pod(pods[1]):
        listener = socket.socket(family)
    with listener, in_pod(pods[0]):
        listener.bind((host or LOOPBACK[family], 0))
        listener.listen()
        client = socket.create_connection(listener.getsockname()[:2], 10)
        server, _ = listener.accept()
        server.settimeout(PATIENCE)
    if pods != (None, None):
        opened.extend((client, server))
    if settle and all_spliced:
        true(is_spliced(client))
    if settle:
        # One exchange, so that no delayed acknowledgement is left.
        for a, b in (client, server), (server, client):
            a.sendall(b"x")
            equal(b.recv(1), b"x")
    return client, server


def exactly(sock, n):
    data = bytearray()
    while len(data) < n:
        piece = sock.recv(min(n - len(data), 1 << 20))
        true(piece, f"ended after {len(data)} of {n}")
        data += piece
    return bytes(data)


def stream(a, b, data):
    digest = hashlib.sha256()
    left = len(data)

    def read():
        nonlocal left
        while left:
            piece = b.recv(1 << 18)
            if not piece:
                break
            digest.update(piece)
            left -= len(piece)
    reader = threading.Thread(target=read)
    reader.start()
    a.sendall(data)
    reader.join(60)
    true(not reader.is_alive(), "the reader hangs")
    equal((left, digest.hexdigest()), (0, hashlib.sha256(data).hexdigest()))


@test("no packets, both ways, both families")
def _():
    for family in socket.AF_INET, socket.AF_INET6:
        client, server = pair(family)
        before = packets()
        for size in 1, 100, 3000, 3001, 20000, 65536:
            data = os.urandom(size)
            client.sendall(data)
            equal(exactly(server, size), data)
            server.sendall(data)
            equal(exactly(client, size), data)
        equal(packets(), before)
        client.close()
        equal(server.recv(1), b"")
        server.close()


@test("pods on a bridge: no packets", 600)
def _():
    net = Net(app=10, web=20)
    try:
        for family, host in ((socket.AF_INET, "10.2.0.20"),
                             (socket.AF_INET6, "fd00:2::20")):
            client, server = pair(family, pods=("app", "web"), host=host)
            before, _ = received("eth0", "web")
            data = os.urandom(50000)
            for a, b in (client, server), (server, client):
                a.sendall(data)
                equal(exactly(b, len(data)), data)
            # Neighbours may ask for each other meanwhile.
            true(received("eth0", "web")[0] - before < 1000)
            client.close()
            equal(server.recv(1), b"")
    finally:
        down(net)


@test("streams")
def _():
    client, server = pair()
    before = packets()
    data = os.urandom(16 * MIB)
    stream(client, server, data)
    stream(server, client, data)
    note(f"{packets() - before} packets")


@test("more than the buffers hold is written ahead, as in TCP")
def _():
    def ahead():
        client, server = pair()
        client.setblocking(False)
        n = 0
        data = os.urandom(100000)
        digest = hashlib.sha256()
        last = time.monotonic()
        while time.monotonic() < last + 1:
            try:
                k = client.send(data)
                digest.update(data[:k])
                n += k
                last = time.monotonic()
            except BlockingIOError:
                time.sleep(0.01)
        client.setblocking(True)
        got = hashlib.sha256(exactly(server, n))
        equal(got.hexdigest(), digest.hexdigest())
        return n
    spliced = ahead()
    load(splice=0)
    plain = ahead()
    load("all")
    note(f"spliced {spliced}, plain {plain}")
    true(spliced > plain / 2)


@test("half-close, then the other way")
def _():
    client, server = pair()
    client.sendall(b"a" * 1000)
    client.shutdown(socket.SHUT_WR)
    equal(exactly(server, 1000), b"a" * 1000)
    equal(server.recv(1), b"")
    server.sendall(b"b" * 100000)
    server.close()
    equal(exactly(client, 100000), b"b" * 100000)
    equal(client.recv(1), b"")


@test("unread data: reset")
def _():
    client, server = pair()
    client.sendall(b"a" * 1000)
    server.close()
    try:
        client.recv(1)
        raise AssertionError("no reset")
    except ConnectionResetError:
        pass


@test("a peer that is gone")
def _():
    client, server = pair()
    server.close()
    equal(client.recv(1), b"")
    client.send(b"x")
    time.sleep(0.1)
    try:
        client.send(b"x")
        raise AssertionError("no error")
    except (BrokenPipeError, ConnectionResetError):
        pass


@test("connections that are older than the module stay TCP's", 300)
def _():
    subprocess.run(["rmmod", "l7mesh"], check=True)
    pairs = [pair(family, settle=False) for family in LOOPBACK]
    pairs[0][0].sendall(b"under way")
    load("all")
    equal(exactly(pairs[0][1], 9), b"under way")
    for client, server in pairs:
        true(not is_spliced(client, False))
        before = packets()
        for a, b in (client, server), (server, client):
            stream(a, b, os.urandom(MIB))
        true(packets() > before)
    load("all")
    for client, server in pairs:
        client.close()
        equal(server.recv(1), b"")
        server.close()


@test("20 connections at once, and the module goes and comes", 900)
def _():
    stop = threading.Event()
    failures, exchanged = [], [0]

    def talk():
        try:
            while not stop.is_set():
                client, server = pair(settle=False)
                for _ in range(50):
                    data = os.urandom(20000)
                    client.sendall(data)
                    equal(exactly(server, len(data)), data)
                    server.sendall(data[:100])
                    equal(exactly(client, 100), data[:100])
                    exchanged[0] += 1
                client.close()
                equal(server.recv(1), b"")
                server.close()
        except Exception as e:  # pylint: disable=broad-exception-caught
            failures.append(repr(e))
    threads = [threading.Thread(target=talk) for _ in range(20)]
    for t in threads:
        t.start()
    try:
        for _ in range(3):
            time.sleep(0.5)
            load("all")
    finally:
        stop.set()
        for t in threads:
            t.join(60)
    equal(failures, [])
    note(f"{exchanged[0]} exchanges")


@test("the module goes while a writer is blocked", 300)
def _():
    client, server = pair()
    data = os.urandom(8 * MIB)
    digest = []
    writer = threading.Thread(target=client.sendall, args=(data,))
    writer.start()
    time.sleep(0.5)

    def read():
        time.sleep(1)
        digest.append(hashlib.sha256(exactly(server, len(data))).hexdigest())
    reader = threading.Thread(target=read)
    reader.start()
    load("all")
    writer.join(30)
    reader.join(30)
    equal(digest, [hashlib.sha256(data).hexdigest()])


@test("a writer that is blocked does not keep the module, and goes on by TCP", 300)
def _():
    data = os.urandom(4 * MIB)
    pairs = [pair() for _ in range(2)]
    # The second's messages all go by TCP: from the first byte it sleeps there.
    pairs[1][0].setblocking(False)
    ahead = 0
    while True:
        try:
            ahead += pairs[1][0].send(data)
        except BlockingIOError:
            break
    pairs[1][0].setblocking(True)
    writers = [threading.Thread(target=client.sendall, args=(data,))
               for client, _ in pairs]
    for writer in writers:
        writer.start()
    time.sleep(0.5)
    before = time.monotonic()
    subprocess.run(["rmmod", "l7mesh"], check=True, timeout=PATIENCE)
    note(f"rmmod took {time.monotonic() - before:.1f} s")
    true(all(writer.is_alive() for writer in writers))
    for i, (_, server) in enumerate(pairs):
        if i:
            exactly(server, ahead)
        equal(hashlib.sha256(exactly(server, len(data))).hexdigest(),
              hashlib.sha256(data).hexdigest())
        writers[i].join(PATIENCE)
        true(not writers[i].is_alive())
    load("all")


def hang_in_recv(sock):
    """A process that owns a socket until it is killed."""
    pid = fork()
    if not pid:
        with contextlib.suppress(BaseException):
            signal.alarm(0)
            sock.recv_into(missing_page())
        os._exit(1)  # pylint: disable=protected-access
    return pid


def kernel_says(words):
    return words in subprocess.run(["dmesg"], check=True, text=True,
                                   stdout=subprocess.PIPE).stdout


@test("a reader that waits for a page keeps the module alone, which says who it is", 300)
def _():
    held, other = pair(), pair()
    pid = hang_in_recv(held[1])
    try:
        held[0].sendall(b"x")
        until(lambda: is_stuck(pid))
        with subprocess.Popen(["rmmod", "l7mesh"]) as rmmod:
            until(lambda: kernel_says(
                f"socket of inode {os.fstat(held[1].fileno()).st_ino} in"))
            for a, b in other, other[::-1]:
                a.sendall(b"goes on")
                equal(exactly(b, 7), b"goes on")
            equal(rmmod.poll(), None)
            os.kill(pid, signal.SIGKILL)
            equal(rmmod.wait(PATIENCE), 0)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    load("all")


# ---- whose connections ----

PODS = {"app": 10, "web": 20, "other": 30, "own": 40}
VIP, VIP_OTHER = "10.96.0.9", "10.96.0.10"


def connect(a, b, port=0, vip=None):
    """A pair between two pods, which have exchanged something."""
    with in_pod(b):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("0.0.0.0", port))
        listener.listen()
    host = f"10.2.0.{PODS[b]}" if b and a != b else "127.0.0.1"
    if b is None and a:
        host = "10.2.0.1"
    to = (vip, 80) if vip else (host, listener.getsockname()[1])
    with listener, in_pod(a):
        client = socket.create_connection(to, 10)
        server, _ = listener.accept()
    opened.extend((client, server))
    for x, y in (client, server), (server, client):
        x.sendall(b"hello")
        equal(y.recv(5), b"hello")
    return client, server


def between(a, b, wanted, **how):
    """Whether a connection of the one to the other is spliced."""
    client, server = connect(a, b, **how)
    spliced = is_spliced(server, wanted)
    client.close()
    equal(server.recv(1), b"")
    server.close()
    return spliced


def comes_to_be_spliced(a, b):
    """The answer about a namespace may be a second old, and a BPF link goes after a grace
    period."""
    def tried():
        _, server = connect(a, b)
        try:
            return until(lambda: is_spliced(server, False), 0.3)
        except AssertionError:
            return False
    until(tried, 10, f"{a} to {b} is not spliced")


def pods():
    net = Net(**PODS)
    load()
    for pod in "app", "web":
        meshctl("attach", pod)
    meshctl("add", "cluster", "c")
    meshctl("add", "endpoint", "c", f"10.2.0.{PODS['web']}:8080")
    meshctl("add", "listener", "l", f"{VIP}:80", "protocol", "tcp", "cluster",
            "c")
    meshctl("add", "cluster", "d")
    meshctl("add", "endpoint", "d", f"10.2.0.{PODS['other']}:8080")
    meshctl("add", "listener", "m", f"{VIP_OTHER}:80", "protocol", "tcp",
            "cluster", "d")
    return net


@test("the policy says whose connections: mesh, attached, all, off", 600)
def _():
    net = pods()
    try:
        meshed = {"vip": VIP, "port": 8080}
        cases = [
            # who, and whether under no policy, mesh, attached, all, off
            ("app", "web", meshed, "yyyyn"),
            ("app", "other", {**meshed, "vip": VIP_OTHER}, "yyyyn"),
            ("app", "web", {}, "nnyyn"),
            ("app", "app", {}, "nnyyn"),
            (None, "app", {}, "nnyyn"),
            ("app", None, {}, "nnyyn"),
            (None, None, {}, "nnyyn"),
            ("app", "other", {}, "nnnyn"),
            ("other", "app", {}, "nnnyn"),
            ("other", "other", {}, "nnnyn"),
            ("app", "own", {}, "nnnnn"),
            ("own", "other", {}, "nnnnn"),
            ("own", "own", {}, "nnnnn"),
        ]
        meshctl("-n", "own", "add", "cluster", "its")
        for i, policy in enumerate((None, "mesh", "attached", "all", "off")):
            if policy:
                meshctl("splice", policy)
            wanted = [answers[i] == "y" for _, _, _, answers in cases]
            got = [between(a, b, w, **how)
                   for (a, b, how, _), w in zip(cases, wanted)]
            equal((policy, got), (policy, wanted))
        # Another namespace's mesh decides about its own alone.
        meshctl("splice", "off")
        meshctl("-n", "own", "splice", "all")
        equal([between("own", "own", False), between("own", "other", False),
               between("own", "app", False), between("other", "other", False)],
              [False] * 4)
        equal(len(own_splices()), 1)
    finally:
        down(net)
        load("all")


def splices_of(pod):
    with in_pod(pod):
        return Genl().dump("SPLICES_GET")


def own_splices():
    """Those of the mesh of "own" while it has a connection with itself."""
    client, server = connect("own", "own")
    with client, server, in_pod("own"):
        true(is_spliced(server))
        return splices_of("own")


@test("ports can be excepted: asked for, connected to", 600)
def _():
    net = pods()
    try:
        meshctl("splice", "all", "except", "80", "except", "7777")
        equal(between("app", "web", False, vip=VIP, port=8080), False)
        equal(between("app", "web", False, port=7777), False)
        equal(between("app", "web", True, port=8080), True)
        meshctl("splice", "except", "8080")
        equal(between("app", "web", False, vip=VIP, port=8080), False)
        equal(between("app", "web", True, port=7777), True)
        meshctl("splice", "except", "none")
        equal(between("app", "web", True, vip=VIP, port=8080), True)
    finally:
        down(net)
        load("all")


@test("off takes effect at the next send, and nothing is lost")
def _():
    client, server = pair()
    true(is_spliced(client))
    client.sendall(b"a" * 5000)
    before = packets()
    meshctl("splice", "off")
    equal(splices(), [])
    equal(packets(), before)
    client.sendall(b"b" * 5000)
    true(packets() > before)
    equal(exactly(server, 10000), b"a" * 5000 + b"b" * 5000)
    before = packets()
    server.sendall(b"c" * 5000)
    equal(exactly(client, 5000), b"c" * 5000)
    true(packets() > before)
    # What is there is not spliced again, what is new is.
    meshctl("splice", "all")
    true(not is_spliced(client, False))
    other = pair()
    true(is_spliced(other[0]))
    client.close()
    equal(server.recv(1), b"")


@test("a namespace that is detached, or a mesh that goes, cuts what it allowed", 600)
def _():
    net = pods()
    try:
        meshctl("splice", "attached")
        client, server = connect("app", "web")
        true(is_spliced(server))
        meshctl("detach", "web")
        equal(splices(), [])
        client.sendall(b"x" * 100)
        equal(exactly(server, 100), b"x" * 100)
        client.close()
        meshctl("-n", "own", "splice", "attached")
        meshctl("-n", "own", "attach", "web")
        client, server = connect("own", "web")
        with in_pod("own"):
            true(is_spliced(server))
        meshctl("-n", "own", "detach", "web")
        equal(len(splices_of("own")), 0)
        client.sendall(b"x" * 100)
        equal(exactly(server, 100), b"x" * 100)
    finally:
        down(net)
        load("all")


def tc(*words, pod=None):
    """Whether the kernel has it."""
    into = ["ip", "netns", "exec", pod] if pod else []
    done = subprocess.run([*into, "tc", *words], check=False,
                          capture_output=True, text=True)
    if done.returncode:
        note(f"tc {' '.join(words)}: {done.stderr}")
    return not done.returncode


@test("where packets are shaped or policed nothing is spliced, unless asked", 600)
def _():
    net = pods()
    shaped = [
        (None, "lo", "root netem delay 1ms", (None, None)),
        ("web", "eth0", "root netem delay 1ms", ("app", "web")),
        ("web", "eth0", "root tbf rate 1gbit burst 10mb latency 1ms",
         ("web", "app")),
        ("app", "eth0", "ingress", ("app", "web")),
        ("app", "eth0", "clsact", ("app", "web")),
        (None, "pod20", "root netem delay 1ms", ("app", "web")),
        ("app", "eth0", "root handle 1: prio", None),
        ("app", "eth0", "parent 1:1 netem delay 1ms", ("app", "web")),
    ]
    try:
        meshctl("splice", "all")
        count = 0
        for pod, device, qdisc, ends in shaped:
            if not tc("qdisc", "add", "dev", device, *qdisc.split(), pod=pod):
                continue
            # The answer about a namespace may be a second old.
            time.sleep(1.1)
            if not ends:
                equal((qdisc, between("app", "web", True)), (qdisc, True))
                continue
            count += 1
            equal((qdisc, between(*ends, False)), (qdisc, False))
            # Loopback of a namespace has nothing to do with the others.
            equal(between("other", "other", True), True)
            meshctl("splice", "bypass_shaping", "true")
            equal((qdisc, between(*ends, True)), (qdisc, True))
            meshctl("splice", "bypass_shaping", "false")
            kind = qdisc if " " not in qdisc else "root"
            tc("qdisc", "del", "dev", device, kind, pod=pod)
            comes_to_be_spliced(*ends)
        note(f"{count} of {len(shaped) - 1} kinds")
    finally:
        down(net)
        load("all")


def tree_of_queues(width):
    """For tc: each of prio's 16 bands has a prio, and some of their bands have, too."""
    parents = [(1, band) for band in range(1, 17)]
    parents += [(handle, band) for handle in range(2, 18)
                for band in range(1, 17)][:width]
    yield "qdisc add dev eth0 root handle 1: prio bands 16"
    for handle, (above, band) in enumerate(parents, 2):
        yield (f"qdisc add dev eth0 parent {above:x}:{band:x} handle {handle:x}: "
               "prio bands 16")


@test("more queues than anybody looks at pass for ones that shape", 600)
def _():
    net = pods()
    try:
        meshctl("splice", "all")
        # 17 and 256, and those beneath.
        for width, spliced in (0, True), (120, False):
            run_in("web", "tc", "-batch", "-", stdin=None,
                   input="".join(f"{line}\n" for line in tree_of_queues(width)))
            # The answer about a namespace may be a second old.
            time.sleep(1.1)
            equal((width, between("app", "web", spliced)), (width, spliced))
            tc("qdisc", "del", "dev", "eth0", "root", pod="web")
    finally:
        down(net)
        load("all")


SCHED_CLS, XDP = 3, 6
BPF_XDP, TCX_INGRESS, TCX_EGRESS = 37, 46, 47
XDP_PASS, TCX_NEXT, XDP_GENERIC = 2, -1, 2


def attach(kind, result, where, flags=0):
    """Returns a function that attaches to a pod's device, and detaches."""
    def attached(pod):
        with in_pod(pod):
            device = socket.if_nametoindex("eth0")
            program = bpf.load_program(kind, *bpf.returning(result))
            link = bpf.link(program, device, where, flags)
        return lambda: os.close(link)
    return attached


def chain(pod):
    run_in(pod, "nft", "table netdev t { chain c {\n"
           "type filter hook ingress device eth0 priority 0\n}\n}")
    return lambda: run_in(pod, "nft", "delete table netdev t")


def netkit(pod):
    run_in(pod, "ip", "link", "add", "nk0", "type", "netkit")
    return lambda: run_in(pod, "ip", "link", "del", "nk0")


@test("where programs look at a device's packets nothing is spliced", 600)
def _():
    net = pods()
    look = {
        "a chain": chain,
        "XDP": attach(XDP, XDP_PASS, BPF_XDP, XDP_GENERIC),
        "tcx, ingress": attach(SCHED_CLS, TCX_NEXT, TCX_INGRESS),
        "tcx, egress": attach(SCHED_CLS, TCX_NEXT, TCX_EGRESS),
        "netkit": netkit,
    }
    try:
        meshctl("splice", "all")
        for name, begin in look.items():
            try:
                end = begin("web")
            except (OSError, subprocess.CalledProcessError) as e:
                note(f"{name}: not on this kernel: {e}")
                continue
            note(name)
            # The answer about a namespace may be a second old.
            time.sleep(1.1)
            equal((name, between("app", "web", False)), (name, False))
            equal(between("other", "other", True), True)
            end()
            comes_to_be_spliced("app", "web")
    finally:
        down(net)
        load("all")


@test("show splices and the counters tell what went which way, and whose it is")
def _():
    load("all")
    client, server = pair()
    base = {"client": 1, "server": 1}

    def end(side):
        (p,) = splices(port=client.getsockname()[1])
        return p[side]
    equal([end("client")["tcp_bytes"], end("client")["direct_bytes"]],
          [0, base["client"]])
    client.sendall(b"x" * 1000)
    client.sendall(b"x" * 50000)
    exactly(server, 51000)
    server.send(b"!", socket.MSG_OOB)
    got = end("client")
    equal((got["direct_bytes"], got["direct_messages"], got["tcp_bytes"],
           got["fallbacks"]), (51001, 3, 0, {}))
    equal((got["pid"], got["command"]),
          (os.getpid(), open("/proc/self/comm", encoding="ascii").read()
           .strip()))
    equal(got["netns"], os.stat("/proc/self/ns/net").st_ino)
    equal([got["address"], got["port"]], list(client.getsockname()))
    got = end("server")
    equal((got["direct_bytes"], got["tcp_bytes"], got["tcp_messages"],
           got["fallbacks"]),
          (1, 1, 1, {"splice_tcp_special_message": 1}))
    equal([got["address"], got["port"]], list(server.getsockname()))
    counters = ask("stats")["counters"]
    equal({k: counters[k] for k in (
        "spliced_connections", "splice_direct_bytes", "splice_direct_messages",
        "splice_tcp_bytes", "splice_tcp_messages",
        "splice_tcp_special_message")}, {
            "spliced_connections": 1, "splice_direct_bytes": 51002,
            "splice_direct_messages": 4, "splice_tcp_bytes": 1,
            "splice_tcp_messages": 1, "splice_tcp_special_message": 1})
    client.close()
    equal(splices(), [])


@test("the engine's leg that is spliced no more sends no more packets than another",
      300)
def _():
    load()
    net = Net(app=10, web=20)
    try:
        net("net_nginx", "web")
        apply({
            "clusters": [{"name": "c", "endpoints": [
                {"address": "10.2.0.20", "port": 8080}]}],
            "route_tables": [{"name": "t", "virtual_hosts": [
                {"name": "v", "domains": ["*"],
                 "routes": [{"action": {"cluster": "c"}}]}]}],
            "listeners": [{"name": "l", "address": VIP, "port": 80,
                           "protocol": "http", "route_table": "t"}]})
        meshctl("attach", "app")
        meshctl("attach", "web")

        def exchange(client, n):
            before = received("eth0", "web")[1]
            for _ in range(n):
                client.send(request(host="h"))
                equal(client.response()[1], b"web\n")
            return received("eth0", "web")[1] - before

        def packets_of(policy):
            """Of 100 requests that begin so, and end without splicing."""
            meshctl("drain")
            meshctl("splice", policy)
            client = Client("app", VIP)
            counters = Counters()
            exchange(client, 5)
            equal(counters("splice_direct_messages") > 0, policy == "mesh")
            meshctl("splice", "off")
            exchange(client, 5)
            return exchange(client, 100)
        plain = packets_of("off")
        spliced = packets_of("mesh")
        note(f"{plain} packets, {spliced} where it was spliced")
        # There are delayed ACKs besides where it is slow.
        true(spliced <= plain + 40)
    finally:
        down(net)


@test("the parameter switches it off, whatever the policy")
def _():
    load("all", splice="n")
    client, _ = pair()
    before = packets()
    client.sendall(b"x" * 100)
    true(packets() > before)
    equal(splices(), [])
    load("all")


# ---- other addresses ----

NAT = """
table inet n {
	chain out {
		type nat hook output priority -100
		ip daddr 10.99.0.1 tcp dport 80 dnat ip to 10.2.0.20:8080
		ip6 daddr fd00:99::1 tcp dport 80 dnat ip6 to [fd00:2::20]:8080
	}
	chain firewall {
		type filter hook output priority 10
		ct state invalid drop
	}
	chain post {
		type nat hook postrouting priority 100
		ip daddr 10.2.0.20 tcp dport 8080 snat ip to 10.2.0.10:40000-50000
		ip6 daddr fd00:2::20 tcp dport 8080 snat ip6 to [fd00:2::10]:40000-50000
	}
}
"""


@test("addresses and ports that are translated on the way do not hide the peer", 600)
def _():
    load("all")
    net = Net(app=10, web=20)
    try:
        run_in("app", "nft", NAT)
        for family, vip, any_ in ((socket.AF_INET, "10.99.0.1", "0.0.0.0"),
                                  (socket.AF_INET6, "fd00:99::1", "::")):
            with in_pod("web"):
                listener = socket.socket(family)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind((any_, 8080))
                listener.listen()
            with listener, in_pod("app"):
                client = socket.create_connection((vip, 80), 10)
                server, _ = listener.accept()
            opened.extend((client, server))
            true(client.getpeername()[:2] == (vip, 80))
            true(server.getpeername()[1] in range(40000, 50001))
            true(is_spliced(client))
            for a, b in (client, server), (server, client):
                a.sendall(b"x")
                equal(b.recv(1), b"x")
            before, _ = received("eth0", "web")
            for a, b in (client, server), (server, client):
                a.sendall(b"y" * 50000)
                equal(exactly(b, 50000), b"y" * 50000)
            true(received("eth0", "web")[0] - before < 1000)
            client.close()
            equal(server.recv(1), b"")
    finally:
        down(net)


NODE_NAT = """
table ip t {
	chain pre {
		type nat hook prerouting priority -100
		ip daddr 10.99.0.1 tcp dport 80 dnat to 10.2.0.20:8080
	}
	chain post {
		type nat hook postrouting priority 100
		ip saddr 10.2.0.10 ip daddr 10.2.0.20 masquerade
	}
}
"""


# As above, where the pod's own IPVS translates, and where a firewall lets pass what it
# knows, and nothing else.
FIREWALL = """
table inet f {
	chain in {
		type filter hook input priority 10
		tcp dport 8082 tcp flags & (fin | syn | rst | ack) == syn accept
		ct state established accept
		tcp dport 8082 drop
	}
}
"""
ESTABLISHED = "net.netfilter.nf_conntrack_tcp_timeout_established"
SOON = 6
# Nobody tells for how long IPVS remembers: a packet each 15 seconds has to do.
IPVS_SOON = 20


def forgets_soon(pod):
    """What tracks connections there forgets those of which it hears nothing."""
    run_in(pod, "sysctl", "-qw", f"{ESTABLISHED}={SOON}",
           "net.netfilter.nf_conntrack_tcp_loose=0")


@contextlib.contextmanager
def node_nat():
    subprocess.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"], check=True)
    subprocess.run(["nft", NODE_NAT], check=True)
    before = subprocess.check_output(["sysctl", "-n", ESTABLISHED], text=True)
    subprocess.run(["sysctl", "-qw", f"{ESTABLISHED}={SOON}"], check=True)
    try:
        yield
    finally:
        subprocess.run(["sysctl", "-qw", f"{ESTABLISHED}={before.strip()}"],
                       check=True)
        subprocess.run(["nft", "delete table ip t"], check=True)


def firewall():
    run_in("web", "nft", FIREWALL)
    forgets_soon("web")


def ipvs():
    """False: this kernel has none."""
    if subprocess.run(["modprobe", "-aq", "ip_vs", "ip_vs_rr"], check=False).returncode:
        note("no IPVS on this kernel")
        return False
    run_in("app", "ipvsadm", "-A", "-t", "10.99.0.3:80", "-s", "rr")
    run_in("app", "ipvsadm", "-a", "-t", "10.99.0.3:80", "-r", "10.2.0.20:8081", "-m")
    run_in("app", "ipvsadm", "--set", str(IPVS_SOON), "0", "0")
    return True


def known_by_ipvs():
    return "ESTABLISHED" in run_in("app", "ipvsadm", "-Lnc")


def by(address, port):
    """A spliced pair of which the client has called @address."""
    with in_pod("web"):
        listener = socket.create_server(("10.2.0.20", port))
    with listener, in_pod("app"):
        client = socket.create_connection(address, 10)
        server, _ = listener.accept()
    server.settimeout(PATIENCE)
    opened.extend((client, server))
    true(is_spliced(client), f"{address} is not spliced")
    for a, b in (client, server), (server, client):
        a.sendall(b"x")
        equal(b.recv(1), b"x")
    return client, server


def stay_busy(pairs, seconds):
    """One way alone: there is a packet in the other, too. How many messages"""
    end = time.monotonic() + seconds
    sent = 0
    while time.monotonic() < end:
        for client, server in pairs:
            client.sendall(b"y")
            equal(server.recv(1), b"y")
            sent += 1
        time.sleep(0.1)
    return sent


@test("a busy connection's entries of NAT, IPVS and a firewall do not run out", 600)
def _():
    load("all")
    net = Net(app=10, web=20)
    try:
        # First, as nothing that is tracked says anything of this one.
        pairs = [by(("10.99.0.3", 80), 8081)] if ipvs() else []
        has_ipvs = bool(pairs)
        true(not has_ipvs or known_by_ipvs(), "IPVS does not know it")
        firewall()
        with node_nat():
            pairs += [by(("10.99.0.1", 80), 8080), by(("10.2.0.20", 8082), 8082)]
            sides = [("eth0", "app"), ("eth0", "web")]
            seen = [received(*side)[1] for side in sides]
            sent = stay_busy(pairs, IPVS_SOON + SOON)
            for side, n in zip(sides, seen):
                n = received(*side)[1] - n
                note(f"{sent} messages, {side[1]} has received {n} packets")
                true(3 * len(pairs) <= n < 80 * len(pairs))
            true(not has_ipvs or known_by_ipvs(), "IPVS has forgotten it")
            for client, server in pairs:
                true(is_spliced(client))
                client.close()
                equal(server.recv(1), b"")
    finally:
        down(net)


ZONE = """
table inet z {
	chain out { type filter hook output priority -300; ct zone set 7; }
	chain in { type filter hook prerouting priority -300; ct zone set 7; }
	chain firewall {
		type filter hook output priority 10
		ct state invalid drop
	}
}
"""


@test("what is tracked in another zone is not spliced", 600)
def _():
    load("all")
    net = Net(app=10, web=20)
    try:
        for pod, zone in ("app", "7"), ("web", "7"), ("app", None):
            rules = ZONE if zone else ZONE.replace("ct zone set 7", "accept")
            run_in(pod, "nft", rules)
            grown = Counters()
            equal((pod, zone, between("app", "web", not zone)),
                  (pod, zone, not zone))
            equal(grown("splice_unpaired_tracked_elsewhere"), bool(zone))
            run_in(pod, "nft", "delete table inet z")
    finally:
        down(net)


# ---- strangers ----

NETLINK_NETFILTER, CT_GET, DUMP, NLMSG_DONE = 12, 0x100 | 1, 0x301, 3
TUPLE, PROTOCOL, SOURCE_PORT = 1, 2, 2
PROTOINFO, TCP_INFO, TCP_FLAGS, LIBERAL = 4, 1, (4, 5), 8


def within(data, *path):
    """A nested attribute of netlink's."""
    for wanted in path:
        data = next(inner for kind, inner, _ in attrs_of(data) if kind == wanted)
    return data


def unchecked():
    """Of each connection that is tracked here, by the client's port, whether its
    windows are not checked, of each direction."""
    found = {}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as s:
        s.send(struct.pack("=IHHIIBBH", 20, CT_GET, DUMP, 1, 0, socket.AF_INET, 0, 0))
        while True:
            data = s.recv(1 << 20)
            while data:
                size, kind = struct.unpack_from("=IH", data)
                if kind == NLMSG_DONE:
                    return found
                entry = data[20:size]
                data = data[size + 3 & ~3:]
                port, = struct.unpack("!H", within(entry, TUPLE, PROTOCOL,
                                                   SOURCE_PORT))
                info = within(entry, PROTOINFO, TCP_INFO)
                found[port] = [bool(within(info, flags)[0] & LIBERAL)
                               for flags in TCP_FLAGS]


def connect_by_nat(listener, pod, **to):
    with in_pod(pod):
        client = socket.create_connection(("10.99.0.1", 80), 10, **to)
        server, _ = listener.accept()
    opened.extend((client, server))
    return client, client.getsockname()[1]


@test("what is tracked of a neighbour's connection is not touched by one that has its "
      "addresses", 600)
def _():
    load("all")
    net = Net(app=10, web=20, other=30)
    subprocess.run(["modprobe", "nf_conntrack_netlink"], check=True)
    try:
        subprocess.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"], check=True)
        subprocess.run(["nft", NODE_NAT], check=True)
        with in_pod("web"):
            listener = socket.create_server(("10.2.0.20", 8080))
        with listener:
            meshctl("splice", "off")
            _, port = connect_by_nat(listener, "app")
            meshctl("splice", "all")
            spliced, own = connect_by_nat(listener, "app")
        true(is_spliced(spliced))
        equal((unchecked()[own], unchecked()[port]), ([True] * 2, [False] * 2))
        for address in "10.2.0.10", "10.99.0.1":
            run_in("other", "ip", "addr", "add", f"{address}/32", "dev", "lo")
        with in_pod("other"):
            listener = socket.create_server(("10.99.0.1", 80))
        with listener:
            double, _ = connect_by_nat(listener, "other",
                                       source_address=("10.2.0.10", port))
        true(is_spliced(double))
        equal(unchecked()[port], [False] * 2)
    finally:
        subprocess.run(["nft", "delete table ip t"], check=False)
        down(net)


SOL_PACKET, PACKET_VNET_HDR, ETH_P_ALL = 263, 15, 3


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def wire(stop):
    """Two namespaces on a wire that is a program: frames are copied."""
    for name in "left", "right", "relay":
        ip("netns", "add", name)
        ip("-n", name, "link", "set", "lo", "up")
    for i, name in enumerate(("left", "right"), 1):
        ip("-n", "relay", "link", "add", name, "type", "veth", "peer", "name",
           "eth0", "netns", name)
        ip("-n", "relay", "link", "set", name, "up", "promisc", "on")
        ip("-n", name, "addr", "add", f"10.7.0.{i}/24", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")
    with in_pod("relay"):
        ends = [socket.socket(socket.AF_PACKET, socket.SOCK_RAW) for _ in "12"]
        for s, name in zip(ends, ("left", "right")):
            s.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
            s.bind((name, ETH_P_ALL))
            s.settimeout(0.2)
    copied = [0]

    def copy(a, b):
        while not stop.is_set():
            try:
                frame, address = a.recvfrom(1 << 17)
            except TimeoutError:
                continue
            # Its own are heard as well.
            if address[2] != socket.PACKET_OUTGOING:
                b.send(frame)
                copied[0] += 1
    for a, b in (ends, ends[::-1]):
        threading.Thread(target=copy, args=(a, b), daemon=True).start()
    return copied


@test("a program that copies packets, numbers and all, is not bypassed", 600)
def _():
    load("all")
    stop = threading.Event()
    try:
        copied = wire(stop)
        with in_pod("right"):
            listener = socket.socket()
            listener.bind(("10.7.0.2", 0))
            listener.listen()
        with listener, in_pod("left"):
            client = socket.create_connection(listener.getsockname(), 10)
            server, _ = listener.accept()
        equal(splices(), [])
        before = copied[0]
        for a, b in (client, server), (server, client):
            a.sendall(b"x" * 1000)
            equal(exactly(b, 1000), b"x" * 1000)
        true(copied[0] >= before + 2)
        client.close()
        equal(server.recv(1), b"")
    finally:
        stop.set()
        time.sleep(0.5)
        for name in "left", "right", "relay":
            subprocess.run(["ip", "netns", "del", name], check=False)


TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ = 19, 20, 21
RECV_QUEUE, SEND_QUEUE = 1, 2


def first_numbers(capture):
    """The first of a client and of its server, from their handshake."""
    seen = {}
    while len(seen) < 2:
        frame = capture.recv(2000)
        if frame[12:14] != b"\x08\x00" or frame[23] != socket.IPPROTO_TCP:
            continue
        tcp = frame[14 + (frame[14] & 15) * 4:]
        if tcp[13] & 0x17 in (0x02, 0x12):
            seen[tcp[13] & 0x17] = struct.unpack("!I", tcp[4:8])[0] + 1
    return [n & 0xffffffff for n in (seen[0x02], seen[0x12])]


@test("a socket made up with another's numbers gets no byte of it", 600)
def _():
    load("all")
    net = Net(app=10, web=20, other=30)
    try:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as capture:
            capture.bind(("pod10", ETH_P_ALL))
            client, server = connect("app", "web")
            # Both have sent "hello".
            send, receive = ((n + 5) & 0xffffffff
                             for n in first_numbers(capture))
        true(is_spliced(client))
        with in_pod("other"):
            thief = socket.socket()
            thief.setsockopt(socket.SOL_TCP, TCP_REPAIR, 1)
            for queue, seq in (SEND_QUEUE, receive), (RECV_QUEUE, send):
                thief.setsockopt(socket.SOL_TCP, TCP_REPAIR_QUEUE, queue)
                thief.setsockopt(socket.SOL_TCP, TCP_QUEUE_SEQ,
                                 struct.pack("=I", seq))
            thief.connect(client.getsockname())
            thief.setsockopt(socket.SOL_TCP, TCP_REPAIR, 0)
            thief.settimeout(1)
            opened.append(thief)
        equal(splices(port=thief.getsockname()[1]), [])
        client.sendall(b"secret")
        equal(exactly(server, 6), b"secret")
        try:
            equal(thief.recv(1), b"")
        except (TimeoutError, ConnectionResetError):
            pass
    finally:
        down(net)


def main():
    load("all")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    return run_tests()


if __name__ == "__main__":
    sys.exit(main())
