#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# takes: 80
"""Who pays for the memory that HTTP takes, and how much it can be.

   clients in pod "app", each in a control group of its own -- virtual IP -- a server
   in pod "web", in another one
"""

import collections
import contextlib
import json
import os
import resource
import selectors
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from control_group import Group, use_memory
from endpoints import VIP, WEB
from l7 import (Backend, Client, Counters, apply, close_clients, drained,
                equal, in_pod, meshctl, note, parameter, pods_of_a_mesh, request,
                run_tests, test, true, until)
from slabs import used

MIB = 1 << 20
SCALE = int(os.environ.get("L7MESH_SCALE", "1"))
server = None


def tcp_memory():
    """Bytes that TCP has accounted to all sockets."""
    with open("/proc/net/sockstat", encoding="ascii") as f:
        for line in f:
            if line.startswith("TCP:"):
                return int(line.split()[-1]) * 4096
    raise AssertionError("no TCP")


def available():
    """Bytes that are free, or would be if they were asked for."""
    with open("/proc/meminfo", encoding="ascii") as f:
        for line in f:
            if line.startswith("MemAvailable"):
                return int(line.split()[1]) * 1024
    raise AssertionError("no MemAvailable")


# ---- both ends: in processes of their own ----

ENDLESS = (b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" +
           b"x" * MIB)


def answer(conn, head, read):
    """Returns whether more is to be read."""
    if not head.startswith(b"GET"):
        return read
    if head.startswith(b"GET /long"):
        with contextlib.suppress(BlockingIOError):
            conn.send(ENDLESS)
    else:
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    return True


def serve(port, read):
    """Answers a GET; reads the bodies of others, or does not."""
    with in_pod("web"):
        listener = socket.socket(socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((WEB, port))
    listener.listen(1000)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            conn = key.fileobj
            if conn is listener:
                conn = listener.accept()[0]
                conn.setblocking(False)
                selector.register(conn, selectors.EVENT_READ)
                continue
            try:
                data = conn.recv(65536)
            except OSError:
                data = b""
            if not data or not answer(conn, data, read):
                selector.unregister(conn)
                serve.kept.append(conn)


serve.kept = []


def stall(n, message, body, to=(VIP, 80), told=None):
    """So many clients send one message, as soon as they are told to, and what there is room
    for of its body; none reads an answer."""
    left = {}
    for _ in range(n):
        with in_pod("app"):
            sock = socket.socket(socket.AF_INET)
        sock.connect(to)
        left[sock] = body
    if told:
        os.read(told, 1)
    for sock in left:
        sock.sendall(message)
        sock.setblocking(False)
    while True:
        for sock in left:
            with contextlib.suppress(BlockingIOError, ConnectionError):
                left[sock] -= sock.send(b"z" * min(left[sock], 65536))
        time.sleep(0.02)


UPLOAD = request("/", "Content-Length: 100000000", host="a", method="POST")
LONG = request("/long", host="a")


def mesh(**route):
    apply({
        "clusters": [
            {"name": "web", "endpoints": [{"address": WEB, "port": 9000}]},
            {"name": "calm", "endpoints": [{"address": WEB, "port": 9001}]}],
        "route_tables": [{"name": "main", "virtual_hosts": [
            {"name": "calm", "domains": ["calm"], "routes": [
                {"action": {"cluster": "calm"}}]},
            {"name": "any", "domains": ["*"], "routes": [
                {"action": {"cluster": "web"}, **route}]}]}],
        "listeners": [{"name": "4", "address": VIP, "port": 80,
                       "protocol": "http", "route_table": "main"}]})


@contextlib.contextmanager
def inbound_mesh():
    """The server's own port is the engine's, for which it comes as packets."""
    meshctl("attach", "web")
    apply({
        "clusters": [{"name": "own", "max_idle": 0, "endpoints": [
            {"address": WEB, "port": 9000}]}],
        "route_tables": [{"name": "in", "virtual_hosts": [
            {"name": "any", "domains": ["*"], "routes": [{"action": {"cluster": "own"}}]}]}],
        "listeners": [{"name": "in", "address": WEB, "port": 9000, "protocol": "http",
                       "route_table": "in", "packets": True, "inbound": True,
                       "source": "keep", "headers_timeout": "10m"}]})
    try:
        yield
    finally:
        meshctl("detach", "web")


@contextlib.contextmanager
def two_groups(limit=None):
    """A server's and a client's."""
    serving, client = Group("l7server"), Group("l7client", limit)
    try:
        yield serving, client
    finally:
        client.end()
        serving.end()
        drained()


@contextlib.contextmanager
def groups(read=False, limit=None):
    """A server's group and a client's."""
    with two_groups(limit) as (serving, client):
        serving.run(serve, 9000, read)
        serving.run(serve, 9001, read)
        time.sleep(0.5)
        yield serving, client


def settled(value):
    """What something is when it does not change any more."""
    last = None
    while last != (now := value()):
        last = now
        time.sleep(0.5)
    return last


def served():
    """Another pod's request has an answer."""
    c = Client("victim", VIP)
    c.send(request(host="calm"))
    equal(c.response()[1], b"ok")
    c.close()


# ---- tests ----

def all_is_charged(message, body, least, to=(VIP, 80)):
    with groups() as (serving, client):
        before = tcp_memory()
        client.run(stall, 16, message, body, to)
        until(lambda: client.stat("sock") + serving.stat("sock") > least, 60)
        settled(lambda: (client.stat("sock"), serving.stat("sock")))
        gone = tcp_memory() - before
        of_client, of_server = client.stat("sock"), serving.stat("sock")
        note(f"{gone >> 10} KiB of TCP's, {of_client >> 10} the client's, "
             f"{of_server >> 10} the server's")
        # A CPU may keep 1 MiB to itself before TCP's sum knows of it.
        true(of_client + of_server > gone - 2 * MIB)
    until(lambda: tcp_memory() < before + 3 * MIB, 30)


KINDS = (UPLOAD, 8 * MIB, 8 * MIB), (LONG, 0, MIB // 2)


@test("every socket of a connection is the client's or the server's")
def _():
    mesh()
    for kind in KINDS:
        all_is_charged(*kind)


@test("of what comes to a pod as packets all is the program's that listens there")
def _():
    with inbound_mesh():
        for kind in KINDS:
            grown = Counters()
            all_is_charged(*kind, (WEB, 9000))
            equal(grown("intercepted_packets"), 16)


@test("what came when nobody listened is that program's that does later")
def _():
    told, tell = os.pipe()
    with inbound_mesh(), two_groups() as (serving, client):
        for kind, body, least in KINDS:
            grown = Counters()
            client.run(stall, 16, kind, body, (WEB, 9000), told)
            grown.reach("downstream_connections", 16)
            serving.run(serve, 9000, False)
            time.sleep(0.5)
            before = serving.stat("sock")
            os.write(tell, b"x")
            until(lambda before=before, least=least:
                  serving.stat("sock") > before + least // 2, 60)
            note(f"{serving.stat('sock') >> 10} KiB")
            serving.stop()
            client.stop()
            drained()
    os.close(told)
    os.close(tell)


def idle(n, to):
    """So many clients who have said half a head."""
    some = []
    for _ in range(n):
        with in_pod("app"):
            sock = socket.socket(socket.AF_INET)
        with contextlib.suppress(OSError):
            sock.connect(to)
            sock.sendall(b"GET / HTTP/1.1\r\n" + padding(20000))
        some.append(sock)
    time.sleep(1000)


@test("a program whose control group is full has no more clients, and is not killed for them")
def _():
    with inbound_mesh(), groups() as (serving, client):
        # What is in the page cache can give way.
        serving.write("memory.max", int(serving.read("memory.current")) -
                      serving.stat("file") + 6 * MIB)
        grown = Counters()
        client.run(idle, 900, (WEB, 9000))
        full = settled(lambda: (grown("downstream_connections"), serving.stat("sock")))
        note(f"{full}, {grown.all('')}")
        # An eighth of it is for clients, and as much for what they say.
        true(grown("downstream_no_memory") + grown("reply_503_memory_limit") > 100, full)
        equal(serving.stat("oom_kill", "memory.events"), 0)
        true(serving.read("cgroup.procs").strip())


def padding(n):
    """Fields of so many bytes."""
    return b"".join(b"x: " + b"y" * 1019 + b"\r\n" for _ in range(n // 1024))


def is_the_clients(least, n, message, body=0, read=False):
    """So many bytes of buffers are a client's that stalls."""
    most = 0

    def enough():
        nonlocal most
        # What a group counts of its CPUs is not taken at one instant.
        most = max(most, client.stat("slab"))
        return most > least

    with groups(read) as (_, client):
        client.run(stall, n, message, body)
        try:
            until(enough, 60)
        finally:
            note(f"{most >> 10} KiB, and {least >> 10} are wanted")
        served()


@test("what is kept of a request's body is the client's")
def _():
    # Of what is not idempotent nothing is kept to be sent again.
    upload = request("/", f"Content-Length: {MIB}", host="a", method="PUT")
    for policy in ({"mirrors": [{"cluster": "web"}]},
                   {"retry": {"on": "5xx", "replay_limit": MIB}}):
        mesh(**policy)
        is_the_clients(8 * MIB, 16, upload, 10 * 65536, read=True)


@test("a head that is not whole, and an answer that nobody reads, are the client's")
def _():
    mesh()
    n = 64
    is_the_clients(n * 40 * 1024, n, b"GET / HTTP/1.1\r\nHost: a\r\n" + padding(50 * 1024))
    # What is beyond the socket's buffer waits in one of the engine's own.
    mesh(action={"direct_response": {"status": 200}},
         response_headers=[{"op": "add", "name": "x", "value": "y" * 4000}] * 12)
    is_the_clients(n * 24 * 1024, n, request(host="a") * 200)


@test("a pod takes no more than its control group may", 240)
def _():
    mesh(mirrors=[{"cluster": "web"}])
    for message, body in (UPLOAD, 14 * 65536), (LONG, 0):
        counters = Counters()
        with groups(read=True, limit=64 * MIB) as (serving, client):
            before, least = available(), available()
            client.run(stall, 200, message, body)
            end = time.monotonic() + 20
            while time.monotonic() < end:
                served()
                least = min(least, available() + serving.stat("sock"))
                time.sleep(0.2)
            note(f"{(before - least) >> 20} MiB gone; {counters.all('')}")
            true(before - least < 140 * MIB)


def after_each():
    close_clients()
    server.close_all()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc"


def hold(weight, **cluster):
    """A configuration that is large, and as large with another weight."""
    apply({
        "clusters": [
            {"name": "held", "lb": "maglev", "table_size": 65537,
             "hash": [{"header": "x-user"}], "endpoints": [
                 {"address": WEB, "port": 9002, "weight": weight}], **cluster}],
        "route_tables": [{"name": "main", "virtual_hosts": [
            {"name": "any", "domains": ["*"], "routes": [
                {"action": {"cluster": "held"}}]}]}],
        "listeners": [{"name": "4", "address": VIP, "port": 80,
                       "protocol": "http", "route_table": "main"}]})


def refusal(change, *args):
    """What meshctl says to a change that is refused."""
    try:
        change(*args)
    except AssertionError as error:
        return str(error)
    return ""


def config_bytes():
    return json.loads(meshctl("-j", "version"))["config_bytes"]


def answers(c):
    """A response of which there is a part: the connection that it comes from."""
    c.send(request(host="a"))
    conn = server.request()[0]
    conn.send(HEAD)
    equal(c.head().status, 200)
    equal(c.exactly(3), b"abc")
    return conn


@test("a response that goes on holds no configuration, and ends as any other")
def _():
    hold(1)
    one = settled(config_bytes)
    counters = Counters()
    clients = [Client("app", VIP) for _ in range(4)]
    conns = []
    for i, c in enumerate(clients):
        conns.append(answers(c))
        hold(i + 2)
    equal(settled(config_bytes), one)
    for c, conn in zip(clients, conns):
        conn.send(b"def")
        equal(c.exactly(3), b"def")
    # All the same their connections are used again, and count as they did.
    for c in clients:
        answers(c).send(b"def")
        equal(c.exactly(3), b"def")
    counters.reach("responses", 8)
    equal(counters("upstream_legs_opened"), 4)


@test("what is replaced and still in use counts, and a refusal says how much it is")
def _():
    hold(1)
    one = settled(config_bytes)
    c = Client("app", VIP)
    c.send(request(host="a"))
    conn = server.request()[0]
    with parameter("config_bytes_max", one * 5 // 2):
        hold(2)
        true("1 replaced ones still in use hold" in refusal(hold, 3))
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        equal(c.response()[1], b"ok")
        equal(settled(config_bytes), one)
        hold(3)


@test("a response that breaks off counts against its cluster as it is by then")
def _():
    ejected = "outlier_ejected_consecutive_5xx"
    for cluster, wanted in ({"consecutive_5xx": 1}, 1), ({}, 0):
        hold(1, outlier_detection={"consecutive_5xx": 1})
        counters = Counters()
        c = Client("app", VIP)
        conn = answers(c)
        hold(2, **({"outlier_detection": cluster} if cluster else {}))
        server.forget(conn)
        equal(c.was_reset(), b"")
        equal(counters("responses_cut_by_upstream", ejected), [1, wanted])


@test("a namespace's clients have what its limit lets them, and others theirs")
def _():
    mesh()
    with groups(), parameter("namespace_bytes_max", MIB):
        counters = Counters()
        begun = [Client("app", VIP) for _ in range(60)]
        for c in begun:
            c.send(b"GET / HTTP/1.1\r\nHost: a\r\n" + padding(50 * 1024))
        # 1 MiB is not enough for all of them; who is told so gives back what it had.
        until(lambda: counters("reply_503_memory_limit") >= 20, 30)
        served()
        for c in begun:
            c.close()
        drained()
        c = Client("app", VIP)
        c.send(request(host="a"))
        equal(c.response()[0].status, 200)


@test("at a namespace's limit a body is not kept, nor copied, but passed on")
def _():
    hold(1)
    apply({
        "clusters": [
            {"name": "held",
             "endpoints": [{"address": WEB, "port": 9002}]}],
        "route_tables": [{"name": "main", "virtual_hosts": [
            {"name": "any", "domains": ["*"], "routes": [
                {"action": {"cluster": "held"},
                 "mirrors": [{"cluster": "held"}]}]}]}],
        "listeners": [{"name": "4", "address": VIP, "port": 80,
                       "protocol": "http", "route_table": "main"}]})
    with parameter("namespace_bytes_max", 128 * 1024):
        counters = Counters()
        c = Client("app", VIP)
        body = b"z" * (512 * 1024)
        c.send(request("/", f"Content-Length: {len(body)}", host="a",
                       method="POST"))
        conn = server.request()[0]
        c.sock.setblocking(False)
        at = got = 0
        while got < len(body):
            with contextlib.suppress(BlockingIOError):
                at += c.sock.send(body[at:at + 65536])
            with contextlib.suppress(TimeoutError):
                conn.sock.settimeout(0.05)
                got += len(conn.sock.recv(65536))
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        c.sock.settimeout(30)
        equal(c.response()[0].status, 200)
        equal(counters("bodies_given_up_memory_limit", "mirrored_requests",
                       "mirrored_requests_dropped"), [1, 0, 1])


# ---- hundreds, of odd sizes, when their namespace may have no more ----

EXCEPT_VIP = "10.96.0.2"
ODD = 701, 3001, 9001, 20001, 32769, 50001

# Of everything else that takes and gives memory meanwhile, such as a huge page; more on
# the debug kernel, which takes notes.
NOISE = (3 if SCALE == 1 else 6) * MIB

# Of a leg: the endpoint's socket, as TCP charges to nobody what it makes before
# accept(), and what the two are paired by.
PER_LEG = 6 * 1024


class Hoarder:
    """The server's end of a connection. It reads a head, and sends an answer; a body
    is read when it is told to."""

    def __init__(self, sock, selector):
        sock.setblocking(False)
        self.sock, self.selector = sock, selector
        self.came, self.left, self.out = b"", None, b""
        selector.register(sock, selectors.EVENT_READ, self)

    def head(self):
        """A head has come; what of it is a body is read already."""
        head, _, body = self.came.partition(b"\r\n\r\n")
        if head.startswith(b"PUT"):
            length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
            self.left = length - len(body)
            self.selector.unregister(self.sock)
        else:
            self.answer(int(head.split()[1][1:]))

    def answer(self, n):
        self.out = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % n + b"x" * n
        self.came, self.left = b"", None
        self.selector.modify(self.sock, selectors.EVENT_WRITE, self)

    def read_on(self):
        if self.left is None:
            return
        self.selector.register(self.sock, selectors.EVENT_READ, self)
        if not self.left:
            self.answer(2)

    def ready(self):
        if self.out:
            self.out = self.out[self.sock.send(self.out):]
            if not self.out:
                self.selector.modify(self.sock, selectors.EVENT_READ, self)
            return
        data = self.sock.recv(MIB)
        if not data:
            raise ConnectionError("it has ended")
        if self.left is None:
            self.came += data
            if b"\r\n\r\n" in self.came:
                self.head()
        else:
            self.left -= len(data)
            if not self.left:
                self.answer(2)


def hoard(told):
    """Listens at two ports until it is told to read bodies as well."""
    selector = selectors.DefaultSelector()
    for port in 9000, 9001:
        with in_pod("web"):
            listener = socket.create_server((WEB, port), backlog=1000)
        selector.register(listener, selectors.EVENT_READ, listener)
    selector.register(told, selectors.EVENT_READ, told)
    hoarders = []
    while True:
        for key, _ in selector.select():
            if isinstance(key.data, socket.socket):
                hoarders.append(Hoarder(key.data.accept()[0], selector))
            elif isinstance(key.data, int):
                selector.unregister(told)
                for h in hoarders:
                    h.read_on()
            else:
                try:
                    key.data.ready()
                except OSError:
                    selector.unregister(key.fileobj)


def begin(i):
    """A connection to one of the two virtual IPs that has had an answer."""
    with in_pod("app"):
        sock = socket.create_connection((EXCEPT_VIP if i % 2 else VIP, 80), 60)
    sock.sendall(request("/2", host="a"))
    equal(outcome(sock, b"", 2), "200")
    return sock


def ask(i, sock):
    """A connection, what it has still to send, and how long the answer is to be: half
    a head, a body, or nothing more."""
    size = ODD[i // 6 % len(ODD)]
    head, rest, length = (
        (b"GET /2 HTTP/1.1\r\nHost: a\r\nx: " + b"y" * size, b"\r\n\r\n", 2),
        (request("/", f"Content-Length: {60000 + size}", host="a", method="PUT"),
         b"z" * (60000 + size), 2),
        (request(f"/{4 * size}", host="a"), b"", 4 * size))[i // 2 % 3]
    sock.sendall(head)
    sock.setblocking(False)
    return [sock, rest, length]


def press(one):
    """How much more there is room for of a body."""
    sent = 0
    with contextlib.suppress(BlockingIOError, ConnectionError):
        while len(one[1]) > 4:
            n = one[0].send(one[1])
            one[1] = one[1][n:]
            sent += n
    return sent


def outcome(sock, rest, length):
    """What becomes of it, in a word."""
    sock.settimeout(60)
    data = b""
    try:
        with contextlib.suppress(ConnectionError):
            sock.sendall(rest)
        while b"\r\n\r\n" not in data or data.startswith(b"HTTP/1.1 200") and \
                len(data.partition(b"\r\n\r\n")[2]) < length:
            piece = sock.recv(MIB)
            if not piece:
                return f"ended after {data[:20]!r}"
            data += piece
    except OSError as error:
        return f"{error!r} after {data[:20]!r}"
    status = data.split()[1].decode()
    if status == "200" and data.partition(b"\r\n\r\n")[2] != b"x" * length:
        return "something else"
    return status


def crowd(n, told, tell):
    """Begins; when it is told to, sends what there is room for, and reads nothing until
    it is told to do that; says each time that it has."""
    with open(tell, "w", encoding="ascii", buffering=1) as out:
        socks = [begin(i) for i in range(n)]
        out.write("begun\n")
        os.read(told, 1)
        asked = [ask(i, sock) for i, sock in enumerate(socks)]
        while sum(press(one) for one in asked):
            time.sleep(0.1)
        out.write("full\n")
        os.read(told, 1)
        json.dump(collections.Counter(outcome(*one) for one in asked), out)


def crowded_mesh():
    """What comes to the second virtual IP goes by TCP, on both ways."""
    apply({
        "clusters": [
            {"name": f"{port}", "response_timeout": "120s", "max_idle": 10000,
             "endpoints": [{"address": WEB, "port": port}]} for port in (9000, 9001)],
        "route_tables": [{"name": f"{port}", "virtual_hosts": [
            {"name": "any", "domains": ["*"], "routes": [
                {"action": {"cluster": f"{port}"}, "timeout": "0s",
                 "retry": {"on": "reset", "replay_limit": MIB}}]}]}
            for port in (9000, 9001)],
        "listeners": [
            {"name": f"{port}", "address": vip, "port": 80, "protocol": "http",
             "route_table": f"{port}", "headers_timeout": "120s",
             "stream_idle_timeout": "120s"}
            for vip, port in ((VIP, 9000), (EXCEPT_VIP, 9001))],
        "splice": {"policy": "mesh", "except": [{"port": 9001}]}})


def paid(*groups_):
    """Bytes that are charged to groups, without pages of files."""
    return sum(group.stat(key) for group in groups_
               for key in ("anon", "kernel", "sock"))


@test("at a namespace's limit no more is gone than is charged, and who is not refused "
      "is served", 300)
def _():
    n = 400 // SCALE
    crowded_mesh()
    with parameter("namespace_bytes_max", 4 * MIB // SCALE), \
            two_groups() as (serving, client):
        read_on = os.pipe()
        serving.run(hoard, read_on[0])
        time.sleep(1)
        go_on, tell = os.pipe(), os.pipe()
        client.run(crowd, n, go_on[0], tell[1])
        os.close(tell[1])
        with open(tell[0], encoding="ascii") as answers:
            equal(answers.readline(), "begun\n")
            counters = Counters()
            gone, charged = -used(), -paid(serving, client)
            os.write(go_on[1], b"x")
            equal(answers.readline(), "full\n")
            settled(tcp_memory)
            gone += used()
            charged += paid(serving, client)
            note(f"{gone >> 10} KiB gone, {charged >> 10} charged; "
                 f"{counters.all('reply_503')}; {counters.all('bodies')}")
            true(counters("splice_direct_messages") > n // 3)
            true(charged > 13 * MIB // SCALE)
            true(gone <= charged * 1.05 + NOISE + n * PER_LEG)
            os.write(read_on[1], b"x")
            os.write(go_on[1], b"x")
            outcomes = json.loads(answers.readline())
        note(outcomes)
        equal(set(outcomes), {"200", "503"})
        equal(outcomes["503"], counters("reply_503_memory_limit"))
        true(n // 20 <= outcomes["503"] <= n // 2)
        for fd in (*read_on, *go_on):
            os.close(fd)


def main():
    global server  # pylint: disable=global-statement
    resource.setrlimit(resource.RLIMIT_NOFILE, (65536, 65536))
    use_memory()
    with pods_of_a_mesh("app", "victim", app=10, victim=11, web=20):
        server = Backend("web", 9002)
        mesh()
        return run_tests(after_each)


if __name__ == "__main__":
    sys.exit(main())
