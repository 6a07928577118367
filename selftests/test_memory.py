#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# takes: 90
# timeout: 900
"""Memory has an owner, and a limit: what is really gone is what is accounted."""

import contextlib
import json
import os
import resource
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from control_group import Group, use_memory
from l7 import (PATIENCE, Counters, equal, fork, meshctl, note, read_file, run_tests,
                test, true, until, write_file)
from missing_page import missing_page, stuck_threads
from slabs import slabs, used

MIB = 1 << 20
SCALE = int(os.environ.get("L7MESH_SCALE", "1"))
TIMES = int(os.environ.get("L7MESH_TIMES", "1"))	# as many at limits: load_memory.py

SIZES = 700, 3000, 3001, 5000, 9000, 20001, 32769, 65535

# Of everything else that takes and gives memory meanwhile, such as a huge page; more on
# the debug kernel, which takes notes.
NOISE = (3 if SCALE == 1 else 6) * MIB

# What the slabs of buffers' heads and the like take beyond what they are counted as.
MARGIN = 1.05


def accounted():
    """Bytes that TCP's sockets are charged."""
    for line in read_file("/proc/net/sockstat").splitlines():
        if line.startswith("TCP:"):
            return int(line.split()[-1]) * 4096
    raise AssertionError("no line of TCP's")


TCP_MEM = "/proc/sys/net/ipv4/tcp_mem"


@contextlib.contextmanager
def tcp_mem(*pages):
    before = read_file(TCP_MEM)
    write_file(TCP_MEM, " ".join(map(str, pages)))
    try:
        yield
    finally:
        write_file(TCP_MEM, before)


def connect(listener):
    client = socket.create_connection(listener.getsockname(), PATIENCE)
    server, _ = listener.accept()
    return client, server


def settle(pairs):
    """They are spliced if they are to be, and no acknowledgement is left."""
    for client, server in pairs:
        for a, b in (client, server), (server, client):
            a.sendall(b"x")
            equal(b.recv(1), b"x")


@contextlib.contextmanager
def connections(n, policy="all"):
    meshctl("splice", policy)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        pairs = [connect(listener) for _ in range(n)]
    spliced = Counters()
    settle(pairs)
    settle(pairs)
    if policy == "all":
        true(spliced("splice_direct_messages") >= 2 * n)
    for ends in pairs:
        for end in ends:
            end.setblocking(False)
    try:
        yield pairs
    finally:
        for ends in pairs:
            for end in ends:
                end.close()


def fill(sock, size, stop=1, most=64 * MIB):
    """How much a socket takes, until it has said so many times that it is full."""
    data = os.urandom(size)
    n = 0
    while stop and n < most:
        try:
            n += sock.send(data)
        except BlockingIOError:
            stop -= 1
            if stop:
                time.sleep(0.02)
    return n


@test("at tcp_mem's limit a reader that does not read is given what TCP gives it")
def _():
    took = {}
    with connections(8, "off") as others:
        for _, server in others:
            fill(server, 65536)
        for policy in "off", "all":
            with connections(1, policy) as ((client, server),):
                with tcp_mem(1, 1, 1):
                    took[policy] = fill(client, 65536, stop=20)
                # And all of it comes, when there is memory again.
                client.setblocking(True)
                server.settimeout(PATIENCE)
                left = took[policy]
                while left:
                    left -= len(server.recv(min(left, MIB)))
    note(took)
    true(took["all"] <= 2 * took["off"] + 256 * 1024)


@test("what is spliced at the limit may be joined to by TCP")
def _():
    with connections(1) as ((client, server),):
        with tcp_mem(1, 1, 1):
            client.send(b"a" * 10)
            time.sleep(0.1)
        # By TCP, which joins it to what is queued. A wrong count is a WARN later.
        with open("/proc/self/exe", "rb") as f:
            equal(os.sendfile(client.fileno(), f.fileno(), 0, 200), 200)
        got = b""
        server.settimeout(PATIENCE)
        while len(got) < 210:
            got += server.recv(1000)
        equal(got[:10], b"a" * 10)


def filled(n, policy, sizes):
    """Memory that is gone and that is accounted, when nobody reads."""
    with connections(n, policy) as pairs:
        gone, counted = -used(), -accounted()
        for i, ends in enumerate(pairs):
            for end in ends:
                fill(end, sizes[i % len(sizes)])
        time.sleep(0.5)
        gone += used()
        counted += accounted()
    note(f"{policy}, {sizes}: {gone >> 10} KiB gone, {counted >> 10} accounted")
    return gone, counted


@test("memory that is gone is accounted, whatever the messages' sizes", 300)
def _():
    n = 150 // SCALE
    for sizes in (3001,), SIZES:
        gone, counted = filled(n, "all", sizes)
        true(gone <= counted * MARGIN + NOISE)


@contextlib.contextmanager
def mixed(n):
    """Connections half of which are spliced, that do not block."""
    with socket.create_server(("127.0.0.1", 0)) as plain, \
            socket.create_server(("127.0.0.1", 0)) as spliced:
        meshctl("splice", "all", "except", str(plain.getsockname()[1]))
        pairs = [connect(listener)
                 for listener in (plain, spliced) * (n // 2)]
    direct = Counters()
    settle(pairs)
    settle(pairs)
    true(direct("splice_direct_messages") >= n // 2)
    for ends in pairs:
        for end in ends:
            end.setblocking(False)
    try:
        yield pairs
    finally:
        for ends in pairs:
            for end in ends:
                end.close()
        meshctl("splice", "all", "except", "none")


def fill_all(pairs):
    """Both ways, in turns; how much each end has taken."""
    took = {}
    for _ in range(3):
        for i, ends in enumerate(pairs):
            for j, end in enumerate(ends):
                took[end] = took.get(end, 0) + fill(end, SIZES[(i + j) %
                                                               len(SIZES)])
    return took


def all_go_on(pairs, took):
    """What has been taken comes, and more. What a receiver had no memory for TCP sends
    again, when it has doubled its time for that some times."""
    for client, server in pairs:
        for a, b in (client, server), (server, client):
            b.settimeout(10 * PATIENCE)
            left = took[a]
            while left:
                piece = len(b.recv(min(left, MIB)))
                true(piece, "ended")
                left -= piece
    settle(pairs)


@test("at tcp_mem's limit no more is gone than is accounted, and all go on",
      600 * TIMES)
def _():
    limit = 24 * MIB * TIMES
    with mixed(600 * TIMES // SCALE) as pairs:
        gone, before = -used(), accounted()
        pages = (before + limit) // 4096
        with tcp_mem(pages * 3 // 4, pages * 7 // 8, pages):
            took = fill_all(pairs)
            gone += used()
            counted = accounted() - before
        # TCP forces some upon itself, a first buffer for each socket: so much is
        # right for spliced ones as well.
        plain, spliced = (sum(took[end] for ends in pairs[i::2] for end in ends)
                          for i in (0, 1))
        note(f"{gone >> 10} KiB gone, {counted >> 10} accounted, limit "
             f"{limit >> 10}; {plain >> 10} taken by TCP, {spliced >> 10} spliced")
        true(spliced <= plain * 1.25)
        true(gone <= counted * MARGIN + NOISE)
        all_go_on(pairs, took)


# ---- readers that own their sockets ----

@contextlib.contextmanager
def hang_in_recv(socks):
    """Each is read by a thread that waits for a page, and owns the socket meanwhile."""
    pid = fork()
    if not pid:
        with contextlib.suppress(BaseException):
            signal.alarm(0)
            for sock in socks:
                threading.Thread(target=sock.recv_into,
                                 args=(missing_page(),)).start()
            signal.pause()
        os._exit(1)  # pylint: disable=protected-access
    try:
        until(lambda: stuck_threads(pid) == len(socks))
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def sent_to_owned(policy, n):
    """How much readers take that own their sockets, what memory is gone then and how
    much of it is accounted; all of it comes when they let go."""
    took = {}
    with connections(n, policy) as pairs:
        for client, server in pairs:
            took[client], took[server] = client.send(b"x"), 0
        with hang_in_recv([server for _, server in pairs]):
            direct = Counters()
            gone, counted = -used(), -accounted()
            for i, (client, _) in enumerate(pairs):
                took[client] += fill(client, SIZES[i % len(SIZES)], stop=3)
            if policy == "all":
                true(direct("splice_direct_messages") >= n)
            gone += used()
            counted += accounted()
        all_go_on(pairs, took)
    note(f"{policy}: {sum(took.values()) >> 10} KiB taken, {gone >> 10} gone, "
         f"{counted >> 10} accounted")
    return sum(took.values()), gone, counted


@test("readers in the middle of recv() are given what TCP gives them", 300)
def _():
    n = 32 // SCALE
    plain, _, _ = sent_to_owned("off", n)
    spliced, gone, counted = sent_to_owned("all", n)
    true(spliced <= 2 * plain + n * 256 * 1024)
    true(gone <= counted * MARGIN + NOISE)


# ---- a control group at its limit ----

def read_all(ends):
    """What comes on each until its end, in bytes, by the port that it comes from."""
    totals = {end.getpeername()[1]: 0 for end in ends}
    with selectors.DefaultSelector() as selector:
        for end in ends:
            selector.register(end, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                piece = key.fileobj.recv(MIB)
                totals[key.fileobj.getpeername()[1]] += len(piece)
                if not piece:
                    selector.unregister(key.fileobj)
    return totals


def hold(listener, n, told, tell):
    """Takes n connections, settles, and reads nothing until it is told to; says how
    much it was then, of each."""
    ends = [listener.accept()[0] for _ in range(n)]
    for _ in range(2):
        for end in ends:
            equal(end.recv(1), b"x")
            end.sendall(b"x")
    os.read(told, 1)
    with open(tell, "w", encoding="ascii") as f:
        json.dump(read_all(ends), f)


def settled_clients(listener, n, sndbuf):
    """They may be accepted in another order."""
    ends = [socket.create_connection(listener.getsockname(), PATIENCE)
            for _ in range(n)]
    for end in ends:
        if sndbuf:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, sndbuf)
    for _ in range(2):
        for end in ends:
            end.sendall(b"x")
        for end in ends:
            equal(end.recv(1), b"x")
    for end in ends:
        end.setblocking(False)
    return ends


def end_with(sock, data):
    sock.settimeout(PATIENCE)
    sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)


class Sent:
    """What a group that did not read was given until it was at its limit."""

    def __init__(self, took, had, gone, counted):
        self.took, self.had, self.gone, self.counted = took, had, gone, counted

    def __str__(self):
        return (f"{self.took >> 10} KiB taken, the group has {self.had >> 10} more; "
                f"{self.gone >> 10} gone, {self.counted >> 10} accounted")


def sent_to_full_group(policy, n, limit, sizes=SIZES, stop=3, sndbuf=None):
    """What a group that does not read takes; all of it comes when it reads, to each."""
    meshctl("splice", policy)
    group = Group("l7reader")
    told, tell = os.pipe(), os.pipe()
    with socket.create_server(("127.0.0.1", 0), backlog=n) as listener:
        group.run(hold, listener, n, told[0], tell[1])
        ends = settled_clients(listener, n, sndbuf)
    os.close(tell[1])
    before = int(group.read("memory.current"))
    group.write("memory.max", before + limit)
    direct = Counters()
    gone, counted = -used(), -accounted()
    took = [fill(end, sizes[i % len(sizes)], stop) for i, end in enumerate(ends)]
    gone += used()
    counted += accounted()
    sent = Sent(sum(took), int(group.read("memory.current")) - before, gone, counted)
    true(group.stat("max", "memory.events"), "the group is not at its limit")
    if policy == "all":
        true(direct("splice_direct_messages") >= n)
    # Without it even to read takes memory that is not there.
    group.write("memory.max", "max")
    os.write(told[1], b"x")
    for end in ends:
        end_with(end, b"end")
    with open(tell[0], encoding="ascii") as f:
        equal(json.load(f), {f"{end.getsockname()[1]}": n + len(b"end")
                             for end, n in zip(ends, took)})
    for end in ends:
        end.close()
    for fd in told:
        os.close(fd)
    group.end()
    return sent


@test("a control group at its limit takes as much as by TCP, and all of it comes",
      300)
def _():
    # Fewer do not reach the limit.
    n, limit = max(100 // SCALE, 40), 2 * MIB
    sent = {}
    for policy in "off", "all":
        # Or how much waits at senders decides, which TCP lets grow as it likes.
        sent[policy] = sent_to_full_group(policy, n, limit, sndbuf=65536)
        note(f"{policy}: {sent[policy]}")
    # In softirq TCP's own charges go beyond the limit; a receive buffer ends them.
    true(sent["all"].had <= 1.5 * sent["off"].had + MIB)
    true(sent["all"].took <= 1.25 * sent["off"].took)


@test("what hundreds of connections send to a control group at its limit is accounted, "
      "and comes", 300 * TIMES)
def _():
    for n, sizes in (400 * TIMES // SCALE, SIZES), (200 * TIMES // SCALE, (700,)):
        # Little is to wait at the sender for memory, else it takes long to come.
        sent = sent_to_full_group("all", n, n * 8192, sizes, stop=1, sndbuf=16384)
        note(sent)
        true(sent.gone <= sent.counted * MARGIN + NOISE)


def stay_connected(address, n, tell):
    """n clients, until this is killed."""
    ends = [socket.create_connection(address, PATIENCE) for _ in range(n)]
    os.write(tell, b"x")
    while ends:
        signal.pause()


def group_of_clients(policy, n):
    """What a group's kernel objects take that has n clients, spliced or not."""
    meshctl("splice", policy)
    group = Group("l7clients")
    told, tell = os.pipe()
    spliced = Counters()
    with socket.create_server(("127.0.0.1", 0), backlog=n) as listener:
        group.run(stay_connected, listener.getsockname(), n, tell)
        ends = [listener.accept()[0] for _ in range(n)]
        os.read(told, 1)
    if policy == "all":
        spliced.reach("spliced_connections", n)
    took = group.stat("slab_unreclaimable")
    group.end()
    for end in ends:
        end.close()
    for fd in told, tell:
        os.close(fd)
    return took


@test("what a pair takes beside its bytes is charged to the client's control group")
def _():
    n = 500 // SCALE
    took = {policy: group_of_clients(policy, n) for policy in ("off", "all")}
    size = slabs()["l7mesh_splice"][1]
    note(f"{took}, {n} pairs of {size}")
    true(took["all"] - took["off"] > 0.8 * n * size)


TRACING = "/sys/kernel/tracing"
SHRINKS = f"{TRACING}/events/vmscan/mm_shrink_slab_start"


def dropped_blocks():
    """How many blocks there are when the kernel asks for memory; they are gone."""
    write_file(f"{TRACING}/trace", "")
    write_file(f"{SHRINKS}/enable", 1)
    write_file("/proc/sys/vm/drop_caches", 2)
    write_file(f"{SHRINKS}/enable", 0)
    items = [int(line.split("cache items ")[1].split()[0])
             for line in read_file(f"{TRACING}/trace").splitlines()
             if "scan_blocks" in line]
    note(f"blocks: {items}")
    return max(items, default=0)


@test("blocks that wait to be used again are given back, a dead CPU's as well")
def _():
    if not os.path.exists(SHRINKS):
        subprocess.run(["mount", "-t", "tracefs", "none", TRACING], check=False)
    if not os.path.exists(SHRINKS):
        note("no tracepoints on this kernel")
        return
    with connections(16) as pairs:
        dropped_blocks()
        os.sched_setaffinity(0, [1])
        for client, _ in pairs:
            client.send(bytes(65536))
        for _, server in pairs:
            server.recv(MIB)
        os.sched_setaffinity(0, [0, 1])
    online = "/sys/devices/system/cpu/cpu1/online"
    write_file(online, 0)
    try:
        true(dropped_blocks() >= 24)
        equal(dropped_blocks(), 0)
    finally:
        write_file(online, 1)


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (65536, 65536))
    use_memory()
    subprocess.run(["rmmod", "l7mesh"], check=False, stderr=subprocess.DEVNULL)
    subprocess.run(["insmod", os.environ["L7MESH_KO"]], check=True)
    try:
        return run_tests()
    finally:
        meshctl("splice", "off")


if __name__ == "__main__":
    sys.exit(main())
