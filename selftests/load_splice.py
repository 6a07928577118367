#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# timeout: 3000
"""Splicing in bulk: 10,000 pairs, 400 streams while the module comes and goes, more
than 4 GiB through one connection; and what memory that takes and gives back.

L7MESH_SCALE divides the number of pairs and multiplies how long a stream may stand
still, a second: on the debug kernel all takes long.
"""

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from l7 import equal, meshctl, note, run_tests, test, true, until
from l7nl import Genl
from slabs import kernel_memory, slabs

KIB, MIB = 1 << 10, 1 << 20
SCALE = int(os.environ.get("L7MESH_SCALE", "1"))
PAIRS, STREAMS, CYCLES = 10000 // SCALE, 400, 20
STREAM_LOAD = "/tmp/stream_load"


def load(**parameters):
    subprocess.run(["rmmod", "l7mesh"], check=False, stderr=subprocess.DEVNULL)
    subprocess.run(["insmod", os.environ["L7MESH_KO"],
                    *(f"{k}={v}" for k, v in parameters.items())], check=True)
    meshctl("splice", "all")


def pairs_now():
    return len(Genl().dump("SPLICES_GET"))


# Each CPU keeps up to 256 pages of what is counted for itself, either way.
SLACK = 2 * 256 * os.cpu_count()


def tcp_pages():
    """What all TCP sockets' buffers hold, in pages, give or take SLACK."""
    with open("/proc/net/sockstat", encoding="ascii") as f:
        for line in f:
            if line.startswith("TCP:"):
                return int(line.split()[-1])
    raise AssertionError("no sockstat")


def open_pairs(n):
    pairs = []
    for family, host in ((socket.AF_INET, "127.0.0.1"),
                         (socket.AF_INET6, "::1")):
        with socket.socket(family) as listener:
            listener.bind((host, 0))
            listener.listen(128)
            address = listener.getsockname()[:2]
            for _ in range(n // 2):
                client = socket.socket(family)
                client.connect(address)
                pairs.append((client, listener.accept()[0]))
    return pairs


def close_pairs(pairs):
    for client, server in pairs:
        client.close()
        server.close()


def memory_of(n):
    """Bytes of the kernel's that a pair of sockets takes, files and all."""
    close_pairs(open_pairs(n))
    time.sleep(1)
    before = kernel_memory()
    pairs = open_pairs(n)
    took = kernel_memory() - before
    close_pairs(pairs)
    return took // n


@test("10,000 pairs, all at once, and all given back", 1500)
def _():
    meshctl("splice", "off")
    plain = memory_of(PAIRS // 4)
    meshctl("splice", "all")
    spliced = memory_of(PAIRS // 4)
    note(f"a pair takes {plain} bytes, spliced {spliced}")
    until(lambda: pairs_now() == 0)
    idle = tcp_pages()
    pairs = open_pairs(PAIRS)
    until(lambda: pairs_now() == PAIRS)
    for i, (client, server) in enumerate(pairs):
        client.sendall(b"%d" % i * 100)
        server.sendall(b"%d!" % i * 10)
    for i, (client, server) in enumerate(pairs):
        equal(server.recv(4096), b"%d" % i * 100)
        equal(client.recv(4096), b"%d!" % i * 10)
    close_pairs(pairs)
    until(lambda: pairs_now() == 0)
    until(lambda: tcp_pages() <= idle + SLACK)
    # Objects go after a grace period of RCU tasks. KASAN keeps what is freed for
    # a while; there the count when the module goes has to do.
    if SCALE == 1:
        until(lambda: slabs()["l7mesh_splice"][0] < 200, 60)


@test("buffers stay within the sockets' limits, and are given back", 300)
def _():
    idle = tcp_pages()
    pairs = open_pairs(400)
    held = 0
    for client, server in pairs:
        client.setblocking(False)
        try:
            while True:
                held += client.send(b"x" * 60000)
        except BlockingIOError:
            pass
    limit = sum(c.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) +
                s.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
                for c, s in pairs)
    used = (tcp_pages() - idle) * 4096
    note(f"{held} bytes written ahead, {used} used, {limit} allowed")
    # What is accounted is whole pages.
    true(used <= limit + (len(pairs) * 2 + SLACK) * 4 * KIB)
    for client, server in pairs:
        client.setblocking(True)
        threading.Thread(target=client.shutdown,
                         args=(socket.SHUT_WR,)).start()
        while piece := server.recv(MIB):
            held -= len(piece)
    equal(held, 0)
    until(lambda: tcp_pages() <= idle + SLACK)
    close_pairs(pairs)


@test("400 streams, and the module goes and comes 20 times", 2400)
def _():
    with subprocess.Popen([STREAM_LOAD, str(STREAMS), "100000", str(SCALE)],
                          stdout=subprocess.PIPE, text=True) as streams:
        for _ in range(CYCLES):
            until(lambda: pairs_now() > STREAMS / 2 or
                  streams.poll() is not None, 300)
            if streams.poll() is not None:
                break
            load()
        time.sleep(2)
        streams.send_signal(signal.SIGTERM)
        told = streams.communicate(timeout=300)[0].splitlines()
        equal((streams.returncode, told[-1].split()[1:2]), (0, ["in"]))
    note(told[-1])


@test("more than 4 GiB through one connection", 900)
def _():
    ((client, server),) = open_pairs(2)[:1]
    total, piece = (4 << 30) + 64 * MIB, bytes(range(256)) * 4096
    buffer = bytearray(len(piece))
    wrong = []

    def read():
        n = 0
        while n < total and (k := server.recv_into(buffer)):
            # All of each would take an emulator minutes.
            for i in 0, k - 1:
                if buffer[i] != (n + i) & 255:
                    wrong.append(n + i)
            n += k
        wrong.append(total - n)
    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(total // len(piece)):
        client.sendall(piece)
    reader.join(60)
    equal(wrong, [0])
    server.sendall(b"back")
    equal(client.recv(10), b"back")
    direct = [p["SPLICE_PAIR"]["CLIENT"]["DIRECT_BYTES"]
              for p in Genl().dump("SPLICES_GET")]
    note(f"directly: {max(direct)} of {total}")
    true(max(direct) > total // 2)
    client.close()
    server.close()


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (65536, 65536))
    subprocess.run(["gcc", "-O2", "-o", STREAM_LOAD,
                    os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                 "lib/stream_load.c")], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    load()
    return run_tests()


if __name__ == "__main__":
    sys.exit(main())
