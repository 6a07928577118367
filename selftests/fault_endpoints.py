#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Sick endpoints beside a healthy one, all at once under traffic, while the
clock jumps and pods die: who asks is told what is the matter, and whatever it
is told is in a counter.

   clients in pod "app" -- virtual IP, round robin -- endpoints in pod "web"

The timeouts are long enough for a healthy endpoint on the slowest of kernels.
"""

import collections
import contextlib
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
from l7 import (Client, Net, apply, equal, fork, in_pod, meshctl, note,
                run_tests, test, true, until)
from l7nl import Genl

VIP = "10.96.0.1"
WEB = "10.2.0.20"
BODY = bytes(range(256)) * 256
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY)
HEALTHY, REFUSES, BLACK_HOLE, RESETS, STALLS, CLOSES, GARBAGE = \
    range(9001, 9008)
# What a client is told of each, and where that is counted.
TOLD = {
    HEALTHY: ("200", None),
    REFUSES: ("503", "reply_503_connect_failure"),
    BLACK_HOLE: ("503", "reply_503_connect_timeout"),
    RESETS: ("cut", "responses_cut_by_upstream"),
    STALLS: ("504", "reply_504_response_timeout"),
    CLOSES: ("502", "reply_502_upstream_reset"),
    GARBAGE: ("502", "reply_502_bad_response"),
}
CONFIG = {
    "clusters": [{
        "name": "web", "lb": "round_robin",
        "connect_timeout": "10s", "response_timeout": "20s",
        "endpoints": [{"address": WEB, "port": p} for p in TOLD]}],
    "route_tables": [{"name": "t", "virtual_hosts": [
        {"name": "v", "domains": ["*"], "routes": [
            {"action": {"cluster": "web"}}]}]}],
    "listeners": [{"name": "l", "address": VIP, "port": 80,
                   "protocol": "http", "route_table": "t"}],
}
REQUEST = b"GET / HTTP/1.1\r\nHost: web\r\n\r\n"
CLIENTS, REQUESTS = 8, 21

genl = net = None


# ---- endpoints ----

def read_requests(sock):
    """Yields after each request."""
    data = b""
    while True:
        while b"\r\n\r\n" not in data:
            more = sock.recv(65536)
            if not more:
                return
            data += more
        data = data[data.index(b"\r\n\r\n") + 4:]
        yield


def healthy(sock):
    for _ in read_requests(sock):
        sock.sendall(HEAD + BODY)


def resets(sock):
    """In the middle of the body, when the head is on its way."""
    next(read_requests(sock), None)
    sock.sendall(HEAD + BODY[:10000])
    time.sleep(0.2)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack("ii", 1, 0))


def stalls(sock):
    for _ in read_requests(sock):
        pass


def closes(sock):
    next(read_requests(sock), None)


def garbage(sock):
    for _ in read_requests(sock):
        sock.sendall(b"HTTP/1.1 200 OK\nContent-Length: +3\r\n\r\nbad")


SERVE = {HEALTHY: healthy, RESETS: resets, STALLS: stalls, CLOSES: closes,
         GARBAGE: garbage}


def serve(listener, behave):
    def one(sock):
        with sock, contextlib.suppress(OSError):
            behave(sock)
    with contextlib.suppress(OSError):
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=one, args=(sock,), daemon=True).start()


listeners = []


def begin_endpoints():
    # Nothing listens at one; what comes for another is lost.
    rules = ("add table inet hole; add chain inet hole in { type filter hook "
             "input priority 0; }; add rule inet hole in tcp dport "
             f"{BLACK_HOLE} drop")
    subprocess.run(["ip", "netns", "exec", "web", "nft", rules], check=True)
    for port, behave in SERVE.items():
        with in_pod("web"):
            listener = socket.create_server((WEB, port), backlog=256)
        listeners.append(listener)
        threading.Thread(target=serve, args=(listener, behave),
                         daemon=True).start()


def end_endpoints():
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


# ---- clients ----

def ask(c):
    """One request; what the client was told."""
    c.send(REQUEST)
    head = c.head()
    if head.status != 200:
        c.body(head)
        return str(head.status)
    try:
        equal(c.body(head), BODY)
        return "200"
    except (EOFError, ConnectionResetError):
        return "cut"


def ask_many(requests, told, pod=None):
    """From a pod, or from where this process is."""
    c = None
    for _ in range(requests):
        c = c or Client(pod, VIP)
        outcome = ask(c)
        told[outcome] += 1
        if outcome == "cut":
            c.close()
            c = None
    if c:
        c.close()


def traffic(meanwhile=lambda: None):
    """What all clients were told."""
    told = [collections.Counter() for _ in range(CLIENTS)]
    threads = [threading.Thread(target=ask_many, args=(REQUESTS, t, "app"))
               for t in told]
    for thread in threads:
        thread.start()
    while any(t.is_alive() for t in threads):
        meanwhile()
        time.sleep(0.3)
    for thread in threads:
        thread.join()
    return sum(told, collections.Counter())


def by_endpoint():
    return {m["ENDPOINT_STATS"]["PORT"]: m["ENDPOINT_STATS"]
            for m in genl.dump("STATS_GET") if "ENDPOINT_STATS" in m}


def all_ended():
    now = genl.counters()
    return (now["downstream_connections"] ==
            now["downstream_connections_closed"])


def accounted(meanwhile=lambda: None):
    """Traffic; each endpoint gets its share, and its fate is what it says."""
    apply(CONFIG)
    before, served = genl.counters(), by_endpoint()
    told = traffic(meanwhile)
    note(dict(told))
    after, now = genl.counters(), by_endpoint()
    share = CLIENTS * REQUESTS // len(TOLD)
    wanted = collections.Counter()
    for port, (outcome, counter) in TOLD.items():
        wanted[outcome] += share
        if counter:
            equal((counter, after[counter] - before[counter]),
                  (counter, share))
    equal(told, wanted)
    equal(now[HEALTHY]["REQUESTS"] - served[HEALTHY]["REQUESTS"], share)
    equal(now[HEALTHY]["FAILURES"], served[HEALTHY]["FAILURES"])
    until(all_ended)


@test("each endpoint's trouble is told for what it is, and counted", 600)
def _():
    accounted()


@test("the clock jumps by years, both ways: no timeout is early or lost", 600)
def _():
    jumps = iter([400, -800, 0.04, -0.04, 800] * 1000)

    def jump():
        days = next(jumps)
        time.clock_settime(time.CLOCK_REALTIME, time.time() + days * 86400)
    now, since = time.time(), time.monotonic()
    try:
        accounted(jump)
    finally:
        time.clock_settime(time.CLOCK_REALTIME, now + time.monotonic() - since)


@test("the date of a response follows the clock")
def _():
    def date():
        c = Client("app", VIP)
        c.send(b"GET / HTTP/1.1\r\n\r\n")
        head = c.head()
        equal(head.status, 400)
        return time.mktime(time.strptime(head.get("date"),
                                         "%a, %d %b %Y %H:%M:%S GMT"))
    first = date()
    time.clock_settime(time.CLOCK_REALTIME, time.time() + 86400)
    true(86400 <= date() - first < 86400 + 60)
    time.clock_settime(time.CLOCK_REALTIME, time.time() - 86400)
    true(0 <= date() - first < 60)


def endless(pod):
    """A process in a pod whose threads never stop asking."""
    pid = fork()
    if pid:
        return pid
    with in_pod(pod):
        for _ in range(CLIENTS):
            threading.Thread(target=ask_many,
                             args=(10 ** 9, collections.Counter()),
                             daemon=True).start()
        signal.pause()
    os._exit(0)


def busy():
    before = genl.counters()["requests"]
    until(lambda: genl.counters()["requests"] > before + 30, 120)


@test("an attached process is killed under traffic", 600)
def _():
    for _ in range(3):
        pid = endless("app")
        busy()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        until(all_ended)


@test("an attached namespace is deleted under traffic", 600)
def _():
    for n in (61, 62, 63):
        net("net_up", f"short={n}")
        meshctl("attach", "short")
        pid = endless("short")
        busy()
        # It ends with its last process, in the middle of what that does.
        subprocess.run(["ip", "netns", "del", "short"], check=True)
        busy()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        until(all_ended)
        until(lambda n=n: not os.path.exists(f"/sys/class/net/pod{n}"), 60)
    equal(len(genl.dump("ATTACHED_GET")), 1)


@test("the endpoints' network is down for a while under traffic", 600)
def _():
    pid = endless("app")
    busy()
    subprocess.run(["ip", "-n", "web", "link", "set", "eth0", "down"],
                   check=True)
    before = genl.counters()["reply_503_connect_timeout"]
    until(lambda: genl.counters()["reply_503_connect_timeout"] > before, 120)
    subprocess.run(["ip", "-n", "web", "link", "set", "eth0", "up"],
                   check=True)
    served = by_endpoint()[HEALTHY]["REQUESTS"]
    until(lambda: by_endpoint()[HEALTHY]["REQUESTS"] > served + 5, 120)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    until(all_ended)
    accounted()


def main():
    global genl, net
    net = Net(app=10, web=20)
    try:
        genl = Genl()
        begin_endpoints()
        apply(CONFIG)
        meshctl("attach", "app")
        return run_tests()
    finally:
        meshctl("flush")
        end_endpoints()
        net.down()


if __name__ == "__main__":
    sys.exit(main())
