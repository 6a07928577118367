#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Who has much to do, or has gone, does not keep others waiting.

   clients in pods "greedy" and "polite" -- virtual IPs, in-kernel engine -- raw
   server in pod "web"
"""

import contextlib
import functools
import os
import resource
import socket
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from l7 import (Backend, Client, Counters, apply, close_connections, equal, in_pod,
                note, pods_of_a_mesh, request, run_tests, test, true, until)
from l7nl import Genl
from missing_page import is_stuck

SCALE = int(os.environ.get("L7MESH_SCALE", "1"))
VIP, VIP6, STRICT, EVIL = "10.96.0.1", "fd00:96::1", "10.96.0.2", "10.96.0.3"
WEB = "10.2.0.20"
CONFIG = {
    "clusters": [
        {"name": "web", "response_timeout": "60s", "max_idle": 8,
         "endpoints": [{"address": WEB, "port": 9000}]},
        {"name": "few", "response_timeout": "60s", "max_idle": 0,
         "circuit_breakers": {"max_requests": 5},
         "endpoints": [{"address": WEB, "port": 9000}]},
        {"name": "evil", "response_timeout": "2s", "connect_timeout": "2s",
         "endpoints": [{"address": WEB, "port": 9001}]}],
    "route_tables": [{"name": "t", "virtual_hosts": [
        {"name": "v", "domains": ["*"], "routes": [
            {"match": {"path": {"exact": "/direct"}},
             "action": {"direct_response": {"status": 200, "body": "direct"}}},
            {"match": {"path": {"prefix": "/few"}}, "action": {"cluster": "few"}},
            {"match": {"path": {"prefix": "/evil"}}, "action": {"cluster": "evil"}},
            {"action": {"cluster": "web"}}]}]}],
    "listeners": [
        {"name": "l", "address": VIP, "port": 80, "protocol": "http",
         "route_table": "t"},
        {"name": "l6", "address": VIP6, "port": 80, "protocol": "http",
         "route_table": "t"},
        {"name": "evil", "address": EVIL, "port": 80, "protocol": "tcp",
         "cluster": "evil"},
        {"name": "strict", "address": STRICT, "port": 80, "protocol": "http",
         "route_table": "t", "abort_on_close": True}],
}

get = functools.partial(request, host="web")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

# Sends as many requests as fit, on N connections, and throws the answers away.
PIPELINER = """
import selectors, socket, sys
n = int(sys.argv[1])
some = b"GET /direct HTTP/1.1\\r\\nHost: web\\r\\n\\r\\n" * 1000
ready = selectors.DefaultSelector()
for _ in range(n):
    s = socket.create_connection((sys.argv[2], 80))
    s.setblocking(False)
    ready.register(s, selectors.EVENT_READ | selectors.EVENT_WRITE, [b""])
print("ready", flush=True)
while True:
    for key, events in ready.select():
        s, rest = key.fileobj, key.data
        if events & selectors.EVENT_READ:
            s.recv(1 << 20)
        if events & selectors.EVENT_WRITE:
            rest[0] = rest[0] or some
            rest[0] = rest[0][s.send(rest[0]):]
"""


def pipeliners(n):
    with in_pod("greedy"):
        running = subprocess.Popen(
            [sys.executable, "-c", PIPELINER, str(n), VIP],
            stdout=subprocess.PIPE, text=True)
    equal(running.stdout.readline(), "ready\n")
    return running


def one_request():
    """On a connection of its own: it is accepted, served, closed."""
    c = Client("polite", VIP)
    c.send(get("/direct"))
    equal(c.response()[1].strip(), b"direct")
    c.close()


def served_meanwhile(g, act, n=25):
    """How many requests, in how many runs of the work, are served while something is
    done: the medians. Clocks of a machine that is somebody else's, too, say less."""
    grown = []
    for _ in range(n):
        before = g.counters()
        act()
        after = g.counters()
        grown.append([after[name] - before[name]
                      for name in ("requests", "engine_runs_deferred")])
    return [statistics.median(column) for column in zip(*grown)]


# Of one's own work there are two runs, alone as well. Each of them waits for eight turns
# of others at the most, in each line, of a hundred requests at the most.
AHEAD = 2 * 8 * 100 * 2


@test("pipelining clients of one pod do not keep another pod waiting", 300)
def _():
    g = Genl()
    alone = served_meanwhile(g, one_request)
    running = pipeliners(300 // SCALE)
    try:
        time.sleep(1)
        asking = served_meanwhile(g, lambda: None)
        beside = served_meanwhile(g, one_request)
        served = Counters()
        until(lambda: served("requests") > 1000, why="nobody pipelines")
    finally:
        running.kill()
        running.wait()
    note(f"requests and runs: alone {alone}; beside {beside}, of which to ask for these "
         f"numbers takes {asking}")
    # Were all served in turns, 300 would be ahead.
    true(beside[0] - asking[0] < 2 * AHEAD)


@test("who has asked in time is not late because others are served first", 300)
def _():
    n, each = 64 // SCALE, 1000
    impatient = [{**l, "idle_timeout": "2ms"} if l["name"] == "l" else l
                 for l in CONFIG["listeners"]]
    first = [Client("greedy", VIP) for _ in range(n)]
    for c in first:
        c.send(get())
    conns = [web.request()[0] for _ in first]
    apply({**CONFIG, "listeners": impatient})
    # All the rest waits in their sockets; that takes many turns of each.
    for c in first:
        c.send(get("/direct") * each)
    grown = Counters()
    for conn in conns:
        conn.send(OK)
    for c in first:
        equal(c.response()[1], b"ok")
        head, body = c.response()
        rest = c.exactly((each - 1) * (len(head.raw) + len(body)))
        equal(rest.count(head.start.encode()), each - 1)
    true(grown("engine_runs_deferred") > 4 * n, "all were served in few turns")
    apply(CONFIG)


# ---- an endpoint that owns its sockets for ever ----

@contextlib.contextmanager
def evil_endpoint(n):
    """The first thing that it does with a connection is to send what it has to wait
    for: as long as it lives nobody else gets the socket's lock."""
    lib = os.path.join(os.path.dirname(os.path.realpath(__file__)), "lib")
    subprocess.run(["make", "-s", "-C", lib, "hang_endpoint"], check=True)
    with in_pod("web"):
        running = subprocess.Popen([f"{lib}/hang_endpoint", WEB, "9001", str(n)],
                                   stdout=subprocess.PIPE, text=True)
    try:
        equal(running.stdout.readline(), "ready\n")
        yield running.pid
    finally:
        running.kill()
        running.wait()


def bother(vip, n):
    """Connections to it, many at a time; each has a request, if it is HTTP."""
    with in_pod("greedy"):
        socks = [socket.socket() for _ in range(n)]
    for sock in socks:
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            sock.connect((vip, 80))
    time.sleep(0.02)
    for sock in socks:
        with contextlib.suppress(OSError):
            sock.send(get("/evil"))
    return socks


@test("an endpoint that waits for its own memory holds up no other request", 300)
def _():
    n = 600 // SCALE
    with evil_endpoint(4 * n) as pid:
        socks = []
        for _ in range(n // 25 + 1):
            socks += bother(VIP, 25) + bother(EVIL, 25)
        until(lambda: is_stuck(pid))
        # Each of a namespace's lines serves some of these.
        for _ in range(8):
            c = Client("greedy", VIP)
            c.send(get("/"))
            conn, _ = web.request()
            conn.send(OK)
            equal(c.response()[1], b"ok")
        # Nor does its process stop a client in the middle of a system call.
        for sock in socks:
            with contextlib.suppress(OSError):
                sock.send(b"x")
        for sock in socks:
            sock.close()


CHUNKS = 10000 // SCALE


@test("many small chunks are a few messages, and more than one run", 300)
def _():
    for splice in ("mesh", "off"):
        apply({**CONFIG, "splice": splice})
        c = Client("greedy", VIP)
        c.send(get())
        first, _ = web.request()
        # They wait in the socket until the first is answered.
        c.send(get("/", "Transfer-Encoding: chunked", method="POST") +
               b"1\r\nx\r\n" * CHUNKS + b"0\r\nX-End: 1\r\n\r\n")
        time.sleep(0.3)
        grown = Counters()
        first.send(OK)
        equal(c.response()[1], b"ok")
        conn, _ = web.request()
        body, lines, trailers = conn.chunked()
        equal((len(body), len(lines), trailers),
              (CHUNKS, CHUNKS + 1, [b"X-End: 1\r\n"]))
        conn.send(OK)
        equal(c.response()[1], b"ok")
        sent, runs = grown("splice_direct_messages", "engine_runs_deferred")
        note(f"splice {splice}: {sent} messages sent directly, {runs} runs of the work")
        true(sent < CHUNKS / 20 + 20, f"{sent} messages")
        # As the budget is one of costs.
        true(runs >= 3 or SCALE > 1, f"{runs} runs")
        c.close()
        web.close_all()
    apply(CONFIG)


# ---- requests whose route is hard to find ----

def answer(text, **match):
    return {"match": match, "action": {"direct_response": {"status": 200, "body": text}}}


def by_header(values):
    """Routes that each want something of a header, and one for all else."""
    return [answer(str(i), headers=[value]) for i, value in enumerate(values)] + \
           [answer("none")]


def same_length(n):
    """Fields whose names differ from x-tenant-of-client in their last byte alone."""
    return [f"x-tenant-of-clien{chr(97 + i % 19)}: {i}" for i in range(n)]


GROUPS = "cookie: " + "group=" * 8500
# By host: the routes, a request, how it is answered, and fewer runs than that takes.
HARD = {
    "regexps": (by_header({"name": "cookie", "regex": f"(.*; )?group={i}(;.*)?"}
                          for i in range(100)),
                ("/", GROUPS + "; group=87"), "87", 20),
    "headers": (by_header({"name": "x-tenant-of-client", "exact": f"t{i}"}
                          for i in range(1000)),
                ("/", *same_length(90), "x-tenant-of-client: t998"), "998", 0),
    "names": (by_header({"name": f"x-{i:03}-of-{'client' * 20}", "exact": "1"}
                        for i in range(200)),
              ("/", *(f"x-{i:03}-of-{'client' * 20}: 2" for i in range(90)),
               f"x-199-of-{'client' * 20}: 1"), "199", 0),
    "contains": (by_header({"name": "cookie", "contains": "a" * 2000 + f"{i}."}
                           for i in range(25)),
                 ("/", "cookie: " + "a" * 50000 + "24."), "24", 5),
    "joined": (by_header({"name": "x-a", "contains": "," * 1000 + f"{i}."}
                         for i in range(25)),
               ("/", *["x-a: " + "," * 500] * 80, "x-a: 24."), "24", 5),
    "paths": ([answer(str(i), path={"regex": f"/v[0-9]+/(.*/)?item{i}"})
               for i in range(200)],
              ("/v1/" + "item" * 1900 + "/item199",), "199", 5),
    "prefixes": ([answer(str(i), path={"raw_prefix": "/" + "a" * i},
                         headers=[{"name": "x", "exact": str(i)}])
                  for i in range(1000)],
                 ("/" + "a" * 8000, "x: 999"), "999", 0),
    "queries": ([answer(str(i), query=[{"name": f"q{k}", "present": k == 49}
                                       for k in range(50)])
                 for i in range(20)] + [answer("none")],
                ("/?" + "q&" * 4000,), "none", 5),
    "variables": ([{**answer("done"), "response_headers":
                    [{"name": f"x-{i}", "value": "%REQ(x-tenant-of-client)%" * 4}
                     for i in range(60)] + [{"name": "x-end", "value": "1"}]}],
                  ("/", *same_length(90)), "done", 0),
}
# Nobody waits for the answer: each route looks at all of the cookie 90 times.
HARDEST = [answer("never", headers=[{"name": "cookie", "contains": f"-{k}", "invert": True}
                                    for k in range(90)] +
                  [{"name": "cookie", "exact": str(i)}]) for i in range(50)]
HARD_CONFIG = {
    **CONFIG,
    "clusters": CONFIG["clusters"] + [
        {"name": "hashed", "lb": "maglev", "hash": [{"cookie": f"c{i}"} for i in range(16)],
         "endpoints": [{"address": WEB, "port": 9000}]}],
    "route_tables": [{"name": "t", "virtual_hosts": [
        {"name": name, "domains": [name], "routes": routes}
        for name, (routes, *_) in HARD.items()] +
        [{"name": "hardest", "domains": ["hardest"], "routes": HARDEST},
         {"name": "hashed", "domains": ["hashed"],
          "routes": [{"action": {"cluster": "hashed"}}]}] +
        CONFIG["route_tables"][0]["virtual_hosts"]}]}


@contextlib.contextmanager
def hard():
    apply(HARD_CONFIG)
    try:
        yield
    finally:
        apply(CONFIG)


def ask_hard(host):
    c = Client("greedy", VIP)
    path, *fields = HARD[host][1]
    c.send(request(path, *fields, host=host))
    return c


def answered(c, host="regexps"):
    equal(c.response()[1].decode().strip(), HARD[host][2])


@test("what is hard to match is matched in portions, and matches", 300)
def _():
    with hard():
        for host in HARD:
            grown = Counters()
            answered(ask_hard(host), host)
            runs = grown("engine_runs_deferred")
            note(f"{host}: {runs} runs of the work")
            # As the budget is one of costs.
            true(runs > HARD[host][3], f"{host}: {runs} runs")


@test("an endpoint that is hard to choose is chosen in portions", 300)
def _():
    with hard():
        c = Client("greedy", VIP)
        c.send(request("/", "cookie: " + "a=b;" * 14000 + "c15=x", host="hashed"))
        conn, head = web.request()
        equal(len(head.get("cookie")), 56005)
        conn.send(OK)
        equal(c.response()[1], b"ok")


@test("beside requests that are hard to match others are served", 300)
def _():
    with hard():
        slow = [ask_hard("regexps") for _ in range(6)]
        for _ in range(3):
            c = Client("polite", VIP)
            c.send(get("/direct"))
            equal(c.response()[1].strip(), b"direct")
        waiting = sum(not c.unread() for c in slow)
        note(f"{waiting} of {len(slow)} wait still")
        true(waiting, "they took no time")
        for c in slow:
            answered(c)


@test("a client that goes while its request is matched gives it up", 300)
def _():
    with hard():
        grown = Counters()
        c = Client("greedy", VIP)
        c.send(request("/", GROUPS, host="hardest"))
        # The request is counted when its head is understood.
        grown.reach("requests", 1)
        c.close()
        grown.reach("requests_abandoned_by_client", 1)
        answered(ask_hard("regexps"))


@test("a request is matched with the configuration that it began with", 300)
def _():
    with hard():
        grown = Counters()
        slow = [ask_hard("regexps") for _ in range(6)]
        until(lambda: grown("requests") >= 6)
        apply(CONFIG)
        for c in slow:
            answered(c)
        c = ask_hard("headers")
        web.request()[0].send(OK)
        equal(c.response()[1], b"ok")


FIN_WAIT2 = b"\5"


def shut_and_close(c):
    """Nothing is said of the close: the FIN is out, and acknowledged."""
    c.shut()
    until(lambda: c.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) == FIN_WAIT2)
    c.close()


def asks_and_goes(address, go, ahead=b""):
    """Five requests are all that may be under way; who asked them has gone."""
    grown = Counters()
    for _ in range(5):
        c = Client("greedy", address)
        c.send(get("/few") + ahead)
        web.request()
        go(c)
    grown.reach("requests_abandoned_by_client", 5)
    c = Client("greedy", address)
    c.send(get("/few"))
    conn, _ = web.request()
    conn.send(OK)
    equal(c.response()[1], b"ok")
    web.close_all()


@test("a client that closes gives its request up, whatever it said before")
def _():
    for splice in ("mesh", "off"):
        apply({**CONFIG, "splice": splice})
        for address in (VIP, VIP6):
            asks_and_goes(address, Client.close)
            asks_and_goes(address, shut_and_close)
            asks_and_goes(address, Client.close, get("/few"))
    apply(CONFIG)


@test("a client that shuts down its half gets its response, seconds later, too")
def _():
    grown = Counters()
    c = Client("greedy", VIP)
    c.send(get())
    c.shut()
    conn, _ = web.request()
    time.sleep(2.5)
    conn.send(OK)
    equal(c.response()[1], b"ok")
    c.ended()
    equal(grown("requests_abandoned_by_client"), 0)


@test("abort_on_close: to shut down is to close")
def _():
    asks_and_goes(STRICT, Client.shut)


def main():
    global web
    resource.setrlimit(resource.RLIMIT_NOFILE, (65536, 65536))
    with pods_of_a_mesh("greedy", "polite", greedy=10, polite=11, web=20):
        web = Backend("web", 9000)
        apply(CONFIG)
        return run_tests(close_connections, closes=True)


if __name__ == "__main__":
    sys.exit(main())
