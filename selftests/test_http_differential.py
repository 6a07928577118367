#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# takes: 110
"""The same bytes through the mesh, HAProxy and nginx: who lets them pass, and what
the endpoint behind each makes of them.

   client in pod "app" -- virtual IP, in-kernel engine ----- recorder
                       \\- HAProxy in pod "proxies" --------- recorder   in pod
                       \\- nginx in pod "proxies" ----------- recorder   "web"

Every mutation alone on every kind of request, then thousands of combinations.
A difference is of a kind:

   stricter   the mesh refuses what the other passes on
   laxer      the mesh passes on what the other refuses
   other      both pass it on, and the endpoints do not see the same

and must be explained in http_differences.txt, by a mutation of the message; and
each explanation there must be of a difference that there is. L7MESH_MESSAGES=N
says how many combinations; "differences" as argument only prints them.
"""

import concurrent.futures
import contextlib
import os
import random
import re
import socket
import sys
import threading

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
# pylint: disable=wrong-import-position
from http_messages import KINDS, MUTATIONS, mutated
from l7 import (Net, apply, equal, in_pod, meshctl, note, run_in, run_tests,
                test, true)

TABLE = os.path.join(HERE, "http_differences.txt")
SCALE = int(os.environ.get("L7MESH_SCALE", "1"))
COMBINATIONS = int(os.environ.get("L7MESH_MESSAGES", 1600 // SCALE))
VIP, PROXIES, WEB = "10.96.0.1", "10.2.0.30", "10.2.0.20"
SERVERS = {"mesh": (VIP, 80, 9001), "haproxy": (PROXIES, 8001, 9002),
           "nginx": (PROXIES, 8002, 9003)}
CONFIG = {
    "clusters": [{"name": "web",
                  "endpoints": [{"address": WEB, "port": 9001}]}],
    "route_tables": [{"name": "t", "virtual_hosts": [
        {"name": "any", "domains": ["*"],
         "routes": [{"action": {"cluster": "web"}}]}]}],
    "listeners": [{"name": "l", "address": VIP, "port": 80, "protocol": "http",
                   "route_table": "t"}],
}
# As strict as each can be told to be.
HAPROXY = f"""
global
    maxconn 2000
defaults
    mode http
    option http-restrict-req-hdr-names reject
    timeout client 3s
    timeout server 20s
    timeout connect 20s
    timeout http-request 3s
frontend f
    bind :8001
    default_backend b
backend b
    http-reuse always
    server s {WEB}:9002
"""
NGINX = """
daemon on;
pid {dir}/pid;
error_log {dir}/error.log crit;
worker_processes 1;
events {{ worker_connections 2000; }}
http {{
    access_log off;
    client_body_temp_path {dir}/body;
    proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    large_client_header_buffers 4 64k;
    client_header_timeout 3s;
    client_body_timeout 3s;
    server {{
        listen 8002;
        merge_slashes off;
        underscores_in_headers off;
        location / {{
            proxy_pass http://{web}:9003;
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header Connection "";
            proxy_request_buffering off;
            proxy_ignore_client_abort on;
        }}
    }}
}}
"""
# What the mesh says to each mutation alone, and no endpoint hears of; to all others
# 200, and they pass.
REFUSED = {
    400: (
        "a bare LF before", "a space before", "two spaces in the request line",
        "tabs in the request line", "a bare LF after the request line",
        "a bare CR after the request line", "a space after the version",
        "bare LFs after fields", "a method with a bracket",
        "a method with a NUL", "an empty method", "a fragment",
        "a byte over 127 in the target", "a space in the target",
        "a NUL in the target", "a control character in the target",
        "DEL in the target", "an ftp target", "userinfo in the target",
        "no slash in the target", "an asterisk", "an empty target", "http/1.1",
        "HTTP/01.1", "HTTP/1.10", "HTTP/1", "another protocol",
        "a version with a space", "a line without a colon",
        "a fold at the end", "a bare CR as last line", "a NUL as last line",
        "a space before the colon", "a tab before the colon", "an empty name",
        "a space in a name", "a byte over 127 in a name",
        "a bracket in a name", "a NUL in a name", "a folded field",
        "a fold by a tab", "a bare CR in a value", "a bare LF in a value",
        "a NUL in a value", "a control character in a value", "DEL in a value",
        "another Host, the same", "another Host", "another Host in a fold",
        "Connection that is no token", "an empty Host",
        "a Host with a bad port", "a Host with a path", "a Host with userinfo",
        "a Host with a space", "a Host with a comma", "a Host of bad IPv6",
        "Content-Length of +5", "Content-Length of -5",
        "Content-Length of 0x5", "Content-Length of 5 5",
        "Content-Length of 5, 5", "Content-Length of 5, 6",
        "Content-Length of 5;", "Content-Length of nothing",
        "Content-Length of 5.0", "Content-Length of 2^64+5",
        "Content-Length of 2^63", "Content-Length of 5 and a vertical tab",
        "Content-Length of 5 in quotes", "Content-Length twice, the same",
        "Content-Length twice, different", "a space after Content-Length",
        "Transfer-Encoding of chunked, gzip",
        "Transfer-Encoding of chunked, chunked",
        "Transfer-Encoding of , chunked", "Transfer-Encoding of chunked,",
        "Transfer-Encoding of chunked;a=b", "Transfer-Encoding of nothing",
        "Transfer-Encoding of chunked in quotes",
        "Transfer-Encoding of chunked and a vertical tab",
        "Transfer-Encoding of a vertical tab and chunked",
        "Transfer-Encoding of chunked and a NUL",
        "Transfer-Encoding of chunked in a fold",
        "Transfer-Encoding of chunked, identity", "Transfer-Encoding twice",
        "a space after Transfer-Encoding", "a chunk extension with a bare CR",
        "a chunk extension with a bare LF", "a chunk extension with a NUL",
        "a chunk extension of nothing", "a chunk extension that is no token",
        "a chunk extension of 5000 bytes", "a chunk's size with +",
        "a chunk's size with 0x", "a negative chunk",
        "a space before a chunk's size", "a space after a chunk's size",
        "a tab after a chunk's size", "no chunk's size",
        "letters for a chunk's size", "a chunk of 2^64+5", "a chunk of 2^63",
        "a bare LF after a chunk's size", "a bare CR after a chunk's size",
        "a bare LF after a chunk", "nothing after a chunk",
        "a chunk that is longer", "a bare LF after the last chunk",
        "a bare LF at the end", "a trailer of Content-Length",
        "a trailer with a space before the colon", "a folded trailer",
        "a trailer without a colon", "a trailer with a NUL",
        "a trailer with a bare LF"),
    414: (
        "a target of 9000 bytes",),
    501: (
        "Transfer-Encoding of gzip, chunked", "Transfer-Encoding of identity",
        "Transfer-Encoding of x-chunked",
        "Transfer-Encoding twice, identity first"),
    505: (
        "HTTP/1.2", "HTTP/2.0", "HTTP/0.9"),
}
# It depends on the kind of request.
EITHER = (
    "another request behind", "garbage behind",
    "both framings, the coding first", "Content-Length besides",
    "Content-Length: 0 besides", "no Host",
    "Content-Length of 6, which is one more", "no last chunk", "half a chunk")
REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


# ---- the endpoints ----

class Garbage(Exception):
    pass


def read_head(stream):
    lines = []
    while True:
        line = stream.readline()
        if not line and not lines:
            return None
        if not line.endswith(b"\r\n"):
            raise Garbage(b"\n".join(lines) + line)
        line = line[:-2]
        if b"\r" in line or b"\n" in line or b"\0" in line:
            raise Garbage(line)
        if not line:
            return lines
        lines.append(line)


def read_chunks(stream):
    body, trailers = b"", []
    while True:
        line = stream.readline()
        if not re.fullmatch(rb"[0-9A-Fa-f]+\r\n", line):
            raise Garbage(line)
        size = int(line, 16)
        if not size:
            break
        body += stream.read(size)
        if stream.read(2) != b"\r\n":
            raise Garbage(body)
    while True:
        line = stream.readline()
        if line == b"\r\n":
            return body, trailers
        if not line.endswith(b"\r\n") or b":" not in line:
            raise Garbage(line)
        trailers.append(line[:-2])


# What a proxy adds or may change without changing the meaning.
OWN = {b"host", b"connection", b"content-length", b"transfer-encoding",
       b"x-forwarded-for", b"x-forwarded-proto", b"x-request-id", b"keep-alive"}


class Request:
    """A request as an endpoint reads it, strictly."""

    def __init__(self, lines, stream):
        found = re.fullmatch(rb"([!-~]+) ([!-\xff]+) HTTP/1\.[01]", lines[0])
        if not found or any(not re.fullmatch(rb"[!-9;-~]+:.*", line, re.S)
                            for line in lines[1:]):
            raise Garbage(b"\n".join(lines))
        self.method, target = found.groups()
        fields = [line.split(b":", 1) for line in lines[1:]]
        fields = [(n.lower(), v.strip(b" \t")) for n, v in fields]
        lengths = [v for n, v in fields if n == b"content-length"]
        codings = [v for n, v in fields if n == b"transfer-encoding"]
        if len(lengths) + len(codings) > 1 or \
                any(c.lower() != b"chunked" for c in codings) or \
                any(not re.fullmatch(rb"\d+", n) for n in lengths):
            raise Garbage(b"\n".join(lines))
        self.host = next((v.lower() for n, v in fields if n == b"host"), b"")
        self.tag = next((v for n, v in fields if n == b"x-tag"), None)
        self.fields = sorted((n, v) for n, v in fields if n not in OWN)
        # The forms of a target that mean the same.
        absolute = re.match(rb"http://([^/?]*)", target)
        if absolute:
            self.host = absolute[1].lower()
            target = target[absolute.end():]
            if not target.startswith(b"/"):
                target = b"/" + target
        self.target, self.body, self.trailers = target, b"", []
        self.whole = False
        if codings:
            self.body, self.trailers = read_chunks(stream)
        elif lengths:
            self.body = stream.read(int(lengths[0]))
            if len(self.body) < int(lengths[0]):
                raise Garbage(self.body)
        self.whole = True

    def seen(self):
        return (self.method, self.target, self.host, self.fields, self.body)


class Recorder:
    """An endpoint that answers 200 and keeps what it read, by tag."""

    def __init__(self, port):
        self.requests, self.garbage, self.socks = {}, [], []
        self.lock = threading.Lock()
        with in_pod("web"):
            self.sock = socket.create_server(("", port), backlog=512)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock = self.sock.accept()[0]
            except OSError:
                return
            with self.lock:
                self.socks.append(sock)
            threading.Thread(target=self.serve, args=(sock,),
                             daemon=True).start()

    def serve(self, sock):
        sock.settimeout(60)
        try:
            with sock, sock.makefile("rb") as stream:
                while self.one(sock, stream):
                    pass
        except (OSError, ValueError):
            pass

    def close(self):
        """Wakes all who wait, as a socket that is open keeps its namespace."""
        for sock in [self.sock, *self.socks]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def one(self, sock, stream):
        lines = []
        try:
            lines = read_head(stream)
            if lines is None:
                return False
            request = Request(lines, stream)
        except Garbage as e:
            with self.lock:
                self.garbage.append((lines, e.args[0]))
            return False
        with self.lock:
            self.requests.setdefault(request.tag, []).append(request)
        sock.sendall(REPLY)
        return True


# ---- the client ----

def ask(address, port, data):
    """The statuses of the responses; None for a connection that hangs."""
    with in_pod("app"):
        sock = socket.socket()
    with sock:
        sock.settimeout(60)
        sock.connect((address, port))
        got = b""
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        try:
            while True:
                piece = sock.recv(65536)
                if not piece:
                    break
                got += piece
        except TimeoutError:
            return None
        except OSError:
            pass
    return [int(s) for s in re.findall(rb"HTTP/1\.[01] ([2-5]\d\d) ", got)]


class Verdict:
    """What became of a message behind one server."""

    def __init__(self, statuses, requests):
        self.statuses = statuses
        self.passed = [r.seen() for r in requests]

    def __repr__(self):
        return f"{self.statuses} {self.passed}"


def compare(mesh, other):
    if mesh.passed == other.passed:
        return None
    if len(mesh.passed) < len(other.passed):
        return "stricter"
    if len(mesh.passed) > len(other.passed):
        return "laxer"
    return "other"


recorders = {}


def run(messages):
    """Sends all of them everywhere; the verdicts by tag and server."""
    def send(job):
        m, server = job
        address, port, _ = SERVERS[server]
        return ask(address, port, m.bytes())

    jobs = [(m, server) for m in messages for server in SERVERS]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(send, jobs))
    return {(m.tag, server): Verdict(
        s, recorders[server].requests.get(m.tag, []))
        for (m, server), s in zip(jobs, statuses)}


def singles():
    n = 0
    for name in MUTATIONS:
        for kind in KINDS:
            n += 1
            m = mutated(b"s%05d" % n, kind, [name])
            if m:
                yield m


def combinations():
    rng = random.Random(5)
    made = 0
    while made < COMBINATIONS:
        m = mutated(b"c%05d" % made, rng.choice(KINDS),
                    rng.sample(list(MUTATIONS), rng.choice((2, 2, 3))))
        if m:
            made += 1
            yield m


def differences(messages, verdicts):
    for m in messages:
        mesh = verdicts[m.tag, "mesh"]
        for server in SERVERS:
            other = verdicts[m.tag, server]
            kind = compare(mesh, other)
            if kind:
                yield server, kind, m, mesh, other


# ---- the explanations ----

def explanations():
    """(server, kind, mutations) -> must it be seen?"""
    table = {}
    with open(TABLE, encoding="ascii") as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                servers, kind, name, why = (p.strip() for p in
                                            line.split("|", 3))
                names = frozenset(name.split(" + "))
                true(names <= set(MUTATIONS) and why, line)
                for server in servers.split():
                    table[server, kind.rstrip("?"), names] = kind[-1] != "?"
    return table


def explained(table, server, kind, m):
    return [k for k in table if k[:2] == (server, kind) and k[2] <= set(m.names)]


state = {}


def complain(found):
    lines = [f"{server} | {kind} | {' + '.join(m.names)}\n"
             f"   sent: {m.bytes()[:300]!r}\n   mesh: {mesh}\n  other: {other}"
             for server, kind, m, mesh, other in found]
    true(not lines, "not explained:\n" + "\n".join(lines[:20]) +
         f"\n{len(lines)} in all")


@test("good requests mean the same behind all three")
def _():
    messages = [mutated(b"g%d" % i, kind, []) for i, kind in enumerate(KINDS)]
    verdicts = run(messages)
    for m in messages:
        for server in SERVERS:
            v = verdicts[m.tag, server]
            equal((server, v.statuses, len(v.passed)), (server, [200], 1))
    equal(list(differences(messages, verdicts)), [])


@test("each mutation alone: every difference is explained", limit=1200)
def _():
    messages = list(singles())
    verdicts = run(messages)
    found = list(differences(messages, verdicts))
    note(f"{len(messages)} messages, {len(found)} differences")
    state["mesh"] = [(m, verdicts[m.tag, "mesh"]) for m in messages]
    table = explanations()
    state["used"] = {k for server, kind, m, _, _ in found
                     for k in explained(table, server, kind, m)}
    complain([d for d in found if not explained(table, d[0], d[1], d[2])])


@test("each mutation alone: what the mesh says to it, and what passes")
def _():
    statuses = {name: s for s, names in REFUSED.items() for name in names}
    equal(set(statuses) | set(EITHER) | set(MUTATIONS), set(MUTATIONS))
    for m, verdict in state["mesh"]:
        (name,) = m.names
        if name in EITHER:
            continue
        status = statuses.get(name, 200)
        equal((name, verdict.statuses, len(verdict.passed)),
              (name, [status], int(status == 200)))


@test("no explanation is of a difference that is no more")
def _():
    must = {k for k, must in explanations().items() if must}
    equal([k for k in must if k not in state["used"]], [])


@test("combinations: every difference has an explained mutation", limit=1800)
def _():
    messages = list(combinations())
    verdicts = run(messages)
    found = list(differences(messages, verdicts))
    note(f"{len(messages)} messages, {len(found)} differences")
    table = explanations()
    complain([d for d in found if not explained(table, d[0], d[1], d[2])])


@test("what the mesh passes on is well-formed, and whole or cut")
def _():
    mesh = recorders["mesh"]
    note(f"{sum(map(len, mesh.requests.values()))} requests passed on, "
         f"{len(mesh.garbage)} cut")
    # Only a body that broke off: the head is there, and no other request behind.
    for lines, rest in mesh.garbage:
        true(lines and rest is not None, (lines, rest))
        true(b"HTTP/" not in rest, (lines, rest))


def print_differences():
    messages = list(singles())
    verdicts = run(messages)
    seen = {}
    for server, kind, m, mesh, other in differences(messages, verdicts):
        seen.setdefault((kind, m.names[0]), []).append(
            (server, mesh.statuses, other.statuses, mesh.passed, other.passed))
    for (kind, name), found in sorted(seen.items()):
        servers = sorted({f[0] for f in found})
        print(f"@ {' '.join(servers)} | {kind} | {name} | "
              f"mesh {found[0][1]}, {found[0][0]} {found[0][2]}")
        if kind != "stricter":
            print(f"@@   mesh {found[0][3]}\n@@  other {found[0][4]}")


def print_verdicts():
    messages = list(singles())
    verdicts = run(messages)
    seen = {}
    for m in messages:
        v = verdicts[m.tag, "mesh"]
        seen.setdefault(m.names[0], set()).add((tuple(v.statuses), len(v.passed)))
    for name, found in seen.items():
        print(f"@ {name}: {sorted(found)}")


def start_proxies(net):
    path = os.path.join(net.dir, "strict")
    os.makedirs(path)
    os.chmod(net.dir, 0o755)
    with open(f"{path}/haproxy.cfg", "w", encoding="ascii") as file:
        file.write(HAPROXY)
    with open(f"{path}/nginx.conf", "w", encoding="ascii") as file:
        file.write(NGINX.format(dir=path, web=WEB))
    run_in("proxies", "haproxy", "-D", "-f", f"{path}/haproxy.cfg")
    run_in("proxies", "nginx", "-e", f"{path}/error.log", "-c",
           f"{path}/nginx.conf")


def main():
    net = Net(app=10, web=20, proxies=30)
    try:
        for server, (_, _, port) in SERVERS.items():
            recorders[server] = Recorder(port)
        start_proxies(net)
        apply(CONFIG)
        meshctl("attach", "app")
        if sys.argv[1:] == ["differences"]:
            print_differences()
            return 0
        if sys.argv[1:] == ["verdicts"]:
            print_verdicts()
            return 0
        return run_tests()
    finally:
        meshctl("flush")
        for recorder in recorders.values():
            recorder.close()
        net.down()


if __name__ == "__main__":
    sys.exit(main())
