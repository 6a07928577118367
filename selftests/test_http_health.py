#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Active health checks: what endpoints are asked, from where and how often, which
answers make them ill and well, and who gets the requests meanwhile.

   clients in pod "app" -- virtual IPs -- raw servers in pod "web"
"""

import contextlib
import json
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from endpoints import OK, VIP, VIP6, WEB, Endpoints, answer, ask
from l7 import (PATIENCE, Client, Counters, apply, close_connections, equal, in_pod,
                meshctl, netns_cookie, pods_of_a_mesh, run_tests, stats, test, true,
                until)

WEB6, APP = "fd00:2::20", "10.2.0.10"
PORTS = range(9100, 9103)
CHECK = "user-agent: l7mesh-health-check"
web = None


def mesh(check, ports=PORTS, address=WEB, **cluster):
    """A mesh whose endpoints are checked."""
    apply({
        "clusters": [{
            "name": "c", "lb": "round_robin", "max_idle": 0,
            "panic_threshold": 0, "health_check": check, **cluster,
            "endpoints": [{"address": address, "port": p} for p in ports]}],
        "route_tables": [{"name": "main", "virtual_hosts": [
            {"name": "any", "domains": ["*"],
             "routes": [{"action": {"cluster": "c"}}]}]}],
        "listeners": [
            {"name": name, "address": vip, "port": 80, "protocol": "http",
             "route_table": "main"} for name, vip in (("4", VIP), ("6", VIP6))]
        + [{"name": "tcp", "address": VIP, "port": 81, "protocol": "tcp",
            "cluster": "c"}] * (address == WEB)})


def no_more_checks():
    """Those that there were are answered."""
    meshctl("set", "cluster", "c", "check_interval", "60m", "check_path", "/x")
    for which, conn in iter(lambda: web.poll(0.3), None):
        conn.head()
        web.refuse(which, conn)
    web.close_all()


def healthy():
    """What is known of each endpoint."""
    return [e["healthy"] for e in stats()["endpoints"]]


def answer_check(which, conn, status):
    head = conn.head()
    true(CHECK in head.raw.decode(), head.raw)
    if status:
        conn.send(answer(status, body=b"body"))
    else:
        web.refuse(which, conn)


def serve(seconds=None, until_true=None, **answers):
    """Answers checks, by port: with a status, or None: with a reset. Returns how
    many there were of each, once @until_true() holds, or after some seconds."""
    end = time.monotonic() + (seconds or 30)
    seen = dict.fromkeys(PORTS, 0)
    while time.monotonic() < end:
        if until_true and until_true():
            return seen
        # Each in turn: one that asks often leaves the others their share.
        for which in web.ready(0.05):
            conn = web[which].poll()
            if conn:
                port = PORTS[which]
                seen[port] += 1
                answer_check(which, conn, answers.get(f"p{port}", 200))
    true(seconds, f"it did not come true: {healthy()}")
    return seen


# Who is slow here is the machine: time is only up where that is what is shown.
EVERY = {"interval": "50ms", "no_traffic_interval": "0s", "path": "/health",
         "timeout": "60s"}


@test("the request: method, path, host, its own connection; from the mesh itself")
def _():
    for check, host in ((EVERY, "c"), ({**EVERY, "host": "h.example:1"},
                                       "h.example:1")):
        mesh(check)
        _, conn, head = web.taken()
        equal(head.raw.decode(), "GET /health HTTP/1.1\r\nhost: " + host +
              "\r\n" + CHECK + "\r\nconnection: close\r\n\r\n")
        true(conn.sock.getpeername()[0].endswith("10.2.0.1"),
             conn.sock.getpeername())
        conn.send(OK)
        conn.ended()
        meshctl("flush")
        web.close_all()


@test("the first answer decides; who is ill gets nothing, over HTTP and TCP")
def _():
    counters = Counters()
    mesh(EVERY)
    equal(healthy(), [False] * 3)
    serve(until_true=lambda: healthy() == [True, False, True] and
          counters("health_check_failures"), p9101=500)
    counters.reach("endpoints_became_healthy", 2)
    equal(counters("endpoints_became_unhealthy"), 0)
    no_more_checks()
    for address in (VIP, VIP6):
        for _ in range(6):
            c = Client("app", address)
            ask(c)
            which, conn, _ = web.taken()
            true(which != 1, "who is ill was asked")
            conn.send(OK)
            equal(c.response()[0].status, 200)
    for _ in range(6):
        c = Client("app", VIP, 81)
        c.send(b"x")
        which, conn = web.poll(10)
        true(which != 1, "who is ill was connected to")
        equal(conn.exactly(1), b"x")


def change(was, *statuses):
    """An endpoint's next checks are answered so. It is the last answer that changes what
    is known: by when it is asked again the one before has been judged, and once more it
    is not answered."""
    for status in statuses:
        found = web.poll(PATIENCE)
        true(found, "no check came")
        equal(healthy(), [was])
        answer_check(*found, status)
    until(lambda: healthy() == [not was])


@test("thresholds: so many failures and successes in a row")
def _():
    mesh({**EVERY, "unhealthy_threshold": 4, "healthy_threshold": 3},
         ports=PORTS[:1])
    counters = Counters()
    change(False, 200)
    change(True, None, None, None, 200, None, None, None, None)
    change(False, 200, 200, None, 200, 200, 200)
    equal(counters("health_check_failures"), 8)


@test("a status that is not expected is a verdict at once; others may be expected")
def _():
    mesh({**EVERY, "status": "204,404", "unhealthy_threshold": 100},
         ports=PORTS[:1])
    change(False, 404)
    change(True, 204, 404, 200)


@test("what is no answer is a failure: refused, reset, malformed, too slow, half")
def _():
    check = {**EVERY, "unhealthy_threshold": 1}
    for reply, timeout in ((b"HTTP/2.0 200 OK\r\n\r\n", "60s"),
                           (b"nonsense\r\n\r\n", "60s"),
                           (b"HTTP/1.1 200 OK\r\nContent-Le", "100ms"),
                           (b"", "100ms")):
        mesh(check, ports=PORTS[:1])
        serve(until_true=lambda: healthy() == [True])
        mesh({**check, "timeout": timeout}, ports=PORTS[:1])
        if timeout == "60s":
            web.taken()[1].send(reply)
        else:
            # Or of one that was begun before, in a minute.
            with contextlib.suppress(ConnectionError, EOFError):
                web.taken()[1].send(OK)
                web.taken()[1].send(reply)
        until(lambda: healthy() == [False])
        meshctl("flush")
        web.close_all()
    mesh(check, ports=PORTS[:1])
    serve(until_true=lambda: healthy() == [True])
    which, conn, _ = web.taken()
    web.refuse(which, conn)
    until(lambda: healthy() == [False])
    mesh(check, ports=[1])
    counters = Counters()
    until(lambda: counters("health_check_failures") >= 3)
    equal(healthy(), [False])


@test("an answer is one, however its body ends, and after a 103")
def _():
    mesh(EVERY, ports=PORTS[:1])
    serve(until_true=lambda: healthy() == [True])
    for reply, breaks in (
            (b"HTTP/1.1 103 Hints\r\nLink: a\r\n\r\n" + OK, False),
            (answer(200, body=bytes(1 << 20)), False),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na", True),
            (b"HTTP/1.0 200 OK\r\n\r\nbody without end", True)):
        counters = Counters()
        which, conn, _ = web.taken()
        conn.send(reply)
        if breaks:
            time.sleep(0.2)
            web.refuse(which, conn)
        web.taken()[1].send(OK)
        equal((counters("health_check_failures"), healthy()), (0, [True]))


@test("without a path a connection is enough, by both families")
def _():
    for address in WEB, WEB6:
        mesh({"interval": "20ms", "no_traffic_interval": "0s"}, address=address)
        until(lambda: healthy() == [True] * 3)
    mesh({"interval": "20ms", "no_traffic_interval": "0s"}, ports=[1, 9100])
    until(lambda: healthy() == [False, True])


@test("another port, from another namespace")
def _():
    mesh({**EVERY, "port": 9102, "netns": netns_cookie("app")}, ports=PORTS[:1])
    for _ in range(3):
        which, conn, _ = web.taken()
        equal((which, conn.sock.getpeername()[0].removeprefix("::ffff:")),
              (2, APP))
        conn.send(OK)
    until(lambda: healthy() == [True])
    mesh({**EVERY, "netns": 1 << 40, "unhealthy_threshold": 2},
         ports=PORTS[:1])
    web.close_all()
    until(lambda: healthy() == [False])


@test("no traffic: seldom; as soon as there is some, as often as wanted")
def _():
    mesh({**EVERY, "no_traffic_interval": "60m"}, ports=PORTS[:1])
    counters = Counters()
    serve(until_true=lambda: healthy() == [True])
    equal(serve(seconds=0.5)[9100], 0)
    c = Client("app", VIP)
    ask(c)
    web.taken()[1].send(OK)
    equal(serve(until_true=lambda: counters("health_checks") > 5)[9100] > 3, True)


@test("so few that are well: all are used, or those")
def _():
    mesh(EVERY, panic_threshold=50)
    serve(until_true=lambda: healthy() == [True, False, False],
          p9101=500, p9102=500)
    no_more_checks()
    asked = set()
    for _ in range(12):
        c = Client("app", VIP)
        ask(c)
        which, conn, _ = web.taken()
        asked.add(which)
        conn.send(OK)
        c.response()
    equal(asked, {0, 1, 2})


@test("what is known outlives changes; new endpoints wait for their first answer")
def _():
    mesh({**EVERY, "interval": "100ms"}, ports=PORTS[:2])
    serve(until_true=lambda: healthy() == [True, True])
    meshctl("set", "cluster", "c", "check_interval", "100ms", "check_path",
            "/other", "no_traffic_interval", "0s", "check_timeout", "60s")
    equal(healthy(), [True, True])
    meshctl("add", "endpoint", "c", f"{WEB}:9102")
    equal(healthy()[2], False)
    serve(until_true=lambda: healthy() == [True] * 3)
    meshctl("set", "cluster", "c", "health_check", "none")
    time.sleep(0.3)
    web.close_all()
    web.quiet(0.5)
    true("healthy" not in stats()["endpoints"][0])


@test("a shorter interval counts at once, also for who is being asked just then")
def _():
    cookies = [0, netns_cookie("app")]
    for cookie in cookies:
        slow = {**EVERY, "interval": "60m", **({"netns": cookie} if cookie else {})}
        mesh(slow, ports=PORTS[:1])
        _, conn, _ = web.taken()
        mesh({**slow, "interval": "50ms"}, ports=PORTS[:1])
        conn.send(OK)
        for _ in range(3):
            web.taken()[1].send(OK)
        meshctl("flush")
        web.close_all()


@test("a namespace whose mesh was given up asks again when it has another")
def _():
    config = {"clusters": [{"name": "c", "health_check": EVERY, "endpoints": [
        {"address": WEB, "port": PORTS[0]}]}]}
    for _ in range(2):
        meshctl("-n", "own", "apply", "-f", "-", file=json.dumps(config))
        web.taken()[1].send(OK)
        meshctl("-n", "own", "flush")
        web.close_all()
        meshctl("attach", "own")
        meshctl("detach", "own")


@test("many endpoints that say nothing hold up nobody; all is over when all is gone")
def _():
    mesh({**EVERY, "timeout": "60m"}, ports=range(9200, 9200))
    listeners = []
    with in_pod("web"):
        for port in range(9200, 9600):
            s = socket.socket(socket.AF_INET)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("0.0.0.0", port))
            s.listen(5)
            listeners.append(s)
    counters = Counters()
    mesh({**EVERY, "timeout": "60m"}, ports=range(9200, 9600))
    counters.reach("health_checks", 256)
    meshctl("-j", "stats")
    meshctl("flush")
    for s in listeners:
        s.close()


def after_each():
    meshctl("flush")
    close_connections()


def main():
    global web  # pylint: disable=global-statement
    with pods_of_a_mesh("app", app=10, own=11, web=20):
        web = Endpoints("web", PORTS)
        mesh({})
        return run_tests(after_each, closes=True)


if __name__ == "__main__":
    sys.exit(main())
