# SPDX-License-Identifier: GPL-2.0
"""What the Python tests share: TAP, pods, meshctl, and raw HTTP over sockets.

A test is a function marked @test("what it shows"); run_tests() runs them in
order, each with a time limit, and prints TAP. It fails by an exception.

Client and Backend send and receive the exact bytes that they are told, one step
at a time from one thread, so what both sides of the mesh see can be compared.
"""

import contextlib
import ctypes
import fcntl
import json
import mmap
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback

from l7nl import Genl

LIB = os.path.dirname(os.path.realpath(__file__))
# Where numbers are made smaller the kernel is the debug kernel, and slow.
TIMES_SLOWER = 3 if int(os.environ.get("L7MESH_SCALE", "1")) > 1 else 1
PATIENCE = 30 * TIMES_SLOWER

# ---- TAP ----

_tests = []


def test(name, limit=120):
    def mark(function):
        _tests.append((name, function, limit))
        return function
    return mark


class Late(Exception):
    pass


def _late(*_):
    raise Late("took too long")


def note(text):
    for line in str(text).rstrip("\n").split("\n"):
        print("#", line, flush=True)


def _run_one(function, limit):
    signal.signal(signal.SIGALRM, _late)
    signal.alarm(limit * TIMES_SLOWER)
    try:
        function()
        return True
    except Exception:  # pylint: disable=broad-except
        note(traceback.format_exc(limit=-3))
        return False
    finally:
        signal.alarm(0)


def run_tests(after_each=lambda: None, closes=False):
    """Runs the tests, or those whose name contains an argument; the status. With
    closes, the last of them is that no connection of the engine's is left."""
    wanted = sys.argv[1:]
    failed = number = 0
    if closes:
        test("every connection and leg that was opened is closed")(drained)
    for name, function, limit in _tests:
        if wanted and not any(w in name for w in wanted):
            continue
        number += 1
        start = time.monotonic()
        good = _run_one(function, limit)
        if not _run_one(after_each, limit):
            good = False
        failed += not good
        note(f"{time.monotonic() - start:.1f} s")
        print("ok" if good else "not ok", number, "-", name, flush=True)
    print(f"1..{number}")
    return 1 if failed else 0


def equal(got, wanted):
    if got != wanted:
        raise AssertionError(f"\n   got: {got!r}\nwanted: {wanted!r}")


def true(condition, why=""):
    if not condition:
        raise AssertionError(why)


def until(check, seconds=PATIENCE, why="it did not come true"):
    """Waits for check() to be true; its value."""
    end = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(why)
        time.sleep(0.02)


# ---- processes ----

PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def end_with(parent):
    """This process is killed when its parent ends. After setuid(), once more."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # pylint: disable=protected-access


def fork():
    """os.fork(), of a child that no test leaves behind, whether it fails or not: it
    would keep what it holds, such as a namespace, and the test's output open."""
    parent = os.getpid()
    pid = os.fork()
    if not pid:
        end_with(parent)
    return pid


def read_file(path):
    with open(path, encoding="ascii") as f:
        return f.read()


def write_file(path, value):
    with open(path, "w", encoding="ascii") as f:
        f.write(str(value))


@contextlib.contextmanager
def parameter(name, value):
    """One of the module's is something else meanwhile."""
    path = f"/sys/module/l7mesh/parameters/{name}"
    old = read_file(path)
    write_file(path, value)
    try:
        yield
    finally:
        write_file(path, old)


# ---- pods ----

class Net:
    """net.sh, from Python."""

    def __init__(self, **pods):
        self.dir = tempfile.mkdtemp(prefix="l7mesh-net.")
        self("net_up", *[f"{name}={n}" for name, n in pods.items()])

    def __call__(self, function, *args):
        subprocess.run([os.path.join(LIB, "net.sh"), function, *map(str, args)],
                       env={**os.environ, "NET_DIR": self.dir}, check=True)

    def down(self):
        """A socket that is open would keep its namespace."""
        close_clients()
        while _backends:
            _backends.pop().close()
        self("net_down")

    def requests(self, pod):
        with open(f"{self.dir}/{pod}/access.log", encoding="ascii") as log:
            return sum(1 for _ in log)


def _setns(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        if _libc.setns(fd, 0x40000000):
            raise OSError(ctypes.get_errno(), "setns", path)
    finally:
        os.close(fd)


@contextlib.contextmanager
def in_pod(pod):
    """This thread acts in a pod; a socket stays where it was made."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if pod:
            _setns(f"/run/netns/{pod}")
        yield
    finally:
        if _libc.setns(home, 0x40000000):
            raise OSError(ctypes.get_errno(), "setns")
        os.close(home)


SO_NETNS_COOKIE = 71


def netns_cookie(pod):
    with in_pod(pod), socket.socket() as s:
        return int.from_bytes(s.getsockopt(socket.SOL_SOCKET, SO_NETNS_COOKIE, 8),
                              sys.byteorder)


def run_in(pod, *command, **options):
    """The output of a command that runs in a pod."""
    options = {"check": True, "stdout": subprocess.PIPE, "text": True,
               "stdin": subprocess.DEVNULL, **options}
    return subprocess.run(["ip", "netns", "exec", pod, *command],
                          **options).stdout


@contextlib.contextmanager
def program_in(pod, folder, *command, user=None):
    """A program that runs in a pod, and in a folder, meanwhile. What it has said is told if
    the test fails."""
    who = ["setpriv", f"--reuid={user}", f"--regid={user}",
           "--clear-groups"] if user else []
    log = os.path.join(folder, os.path.basename(command[0]) + ".log")
    with open(log, "wb") as f, subprocess.Popen(
            ["ip", "netns", "exec", pod, *who, *command], cwd=folder, stdout=f, stderr=f,
            stdin=subprocess.DEVNULL) as process:
        try:
            yield process
        except AssertionError:
            with open(log, "rb") as said:
                note(f"{command[0]}: {process.poll()} {said.read()[-1000:]}")
            raise
        finally:
            process.terminate()


# ---- meshctl ----

def meshctl(*args, file=None):
    done = subprocess.run(["meshctl", *args], input=file, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    if done.returncode:
        raise AssertionError(f"meshctl {' '.join(args)}: exit "
                             f"{done.returncode}\n{done.stderr}")
    return done.stdout


def apply(config):
    meshctl("apply", "-f", "-", file=json.dumps(config))


def stats():
    """What "meshctl -j stats" says, without a process: it is asked for all the time."""
    with contextlib.closing(Genl()) as genl:
        answers = genl.dump("STATS_GET")
    return {"counters": {m["STAT"]["NAME"]: m["STAT"]["VALUE"]
                         for m in answers if "STAT" in m},
            "endpoints": [_endpoint(m["ENDPOINT_STATS"])
                          for m in answers if "ENDPOINT_STATS" in m],
            "authorization": _named(answers, "AUTHORIZATION_STATS"),
            "workloads": _named(answers, "WORKLOAD_STATS")}


def _named(answers, kind):
    return [{name.lower(): value for name, value in m[kind].items()}
            for m in answers if kind in m]


def _endpoint(said):
    named = {name.lower(): value for name, value in said.items()}
    named["ejected_ms"] = named.pop("ejected", 0)
    named["draining"] = bool(named.get("draining"))
    if "healthy" in named:
        named["healthy"] = bool(named["healthy"])
    return {"active": 0, **named}


def all_ended(counters):
    """Every connection and every leg that was opened has closed."""
    return (counters["downstream_connections"] ==
            counters["downstream_connections_closed"] and
            counters["upstream_legs_opened"] == counters["upstream_legs_closed"])


def drained():
    """Every connection and every leg ends, and is told to."""
    meshctl("drain")
    until(lambda: all_ended(stats()["counters"]), 30, stats()["counters"])


class Counters:
    """What counters grew by since this was made."""

    def __init__(self):
        self.before = stats()["counters"]

    def __call__(self, *names):
        now = stats()["counters"]
        grown = [now[name] - self.before[name] for name in names]
        return grown[0] if len(grown) == 1 else grown

    def all(self, prefix):
        """Of those whose name begins so, what has grown."""
        grown = {name: n - self.before[name]
                 for name, n in stats()["counters"].items()
                 if name.startswith(prefix)}
        return {name: n for name, n in grown.items() if n}

    def reach(self, name, value):
        """A counter is counted a moment after what it counts is seen."""
        with contextlib.suppress(AssertionError):
            until(lambda: self(name) >= value, 5)
        equal((name, self(name)), (name, value))


def closed_from_now():
    """Counters, when no connection of a test before is left: each is counted as closed
    a moment after its client has closed it."""
    drained()
    return Counters()


# ---- raw HTTP ----

class Head:
    """A message's head: its start line and fields, and the exact bytes."""

    def __init__(self, raw):
        self.raw = raw
        lines = raw.decode("latin-1").split("\r\n")
        equal(lines[-2:], ["", ""])
        self.start = lines[0]
        self.fields = [tuple(line.split(": ", 1)) for line in lines[1:-2]]

    def all(self, name):
        return [field[1] for field in self.fields
                if field[0].lower() == name.lower()]

    def get(self, name):
        values = self.all(name)
        true(len(values) < 2, f"{name} is there {len(values)} times")
        return values[0] if values else None

    @property
    def status(self):
        return int(self.start.split(" ")[1])


def request(path="/", *fields, host, method="GET", version="1.1"):
    """The bytes of a request's head."""
    lines = [f"{method} {path} HTTP/{version}", f"Host: {host}", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Stream:
    """A connected socket, read through a buffer."""

    def __init__(self, sock):
        self.sock = sock
        self.sock.settimeout(PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def send(self, data):
        self.sock.sendall(data)

    def send_slowly(self, data, piece=1):
        for i in range(0, len(data), piece):
            self.sock.sendall(data[i:i + piece])

    def unread(self):
        """How many bytes have come that fill() has not taken."""
        return struct.unpack("i", fcntl.ioctl(self.sock, termios.FIONREAD,
                                              bytes(4)))[0]

    def fill(self):
        data = self.sock.recv(262144)
        self.buffer += data
        return bool(data)

    def until(self, mark):
        while mark not in self.buffer:
            if not self.fill():
                raise EOFError(f"EOF after {self.buffer!r}")
        end = self.buffer.index(mark) + len(mark)
        data, self.buffer = self.buffer[:end], self.buffer[end:]
        return data

    def exactly(self, n):
        while len(self.buffer) < n:
            if not self.fill():
                raise EOFError(f"EOF after {len(self.buffer)} of {n} bytes")
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def head(self):
        return Head(self.until(b"\r\n\r\n"))

    def rest(self):
        """All that comes until the orderly end."""
        while self.fill():
            pass
        data, self.buffer = self.buffer, b""
        return data

    def ended(self):
        """The other side has closed, and said nothing more."""
        equal(self.rest(), b"")

    def quiet(self, seconds=0.3):
        """Nothing comes."""
        true(not self.buffer, f"there is {self.buffer!r}")
        self.sock.settimeout(seconds)
        try:
            data = self.sock.recv(1, socket.MSG_PEEK)
            raise AssertionError(f"came: {data!r}")
        except TimeoutError:
            pass
        finally:
            self.sock.settimeout(PATIENCE)

    def alive(self):
        """It has not ended, as far as is known now."""
        self.sock.settimeout(0)
        try:
            return bool(self.sock.recv(1, socket.MSG_PEEK))
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False
        finally:
            self.sock.settimeout(PATIENCE)

    def gone(self):
        """The other side ends the connection, one way or the other."""
        try:
            self.ended()
        except ConnectionResetError:
            pass

    def was_reset(self):
        """The connection was reset; returns what came before."""
        data = self.buffer
        try:
            while True:
                piece = self.sock.recv(262144)
                if not piece:
                    raise AssertionError(f"an orderly end after {data!r}")
                data += piece
        except ConnectionResetError:
            return data

    def chunked(self):
        """A chunked body: its bytes, chunk lines, and trailers."""
        body, lines = b"", []
        while True:
            line = self.until(b"\r\n")
            lines.append(line)
            size = int(line, 16)
            if not size:
                break
            body += self.exactly(size)
            equal(self.exactly(2), b"\r\n")
        trailers = []
        while True:
            line = self.until(b"\r\n")
            if line == b"\r\n":
                return body, lines, trailers
            trailers.append(line)

    def body(self, head):
        if head.get("transfer-encoding") == "chunked":
            return self.chunked()[0]
        return self.exactly(int(head.get("content-length") or 0))

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self):
        self.sock.close()

    def shut(self):
        self.sock.shutdown(socket.SHUT_WR)


_clients = []


class Client(Stream):
    """A client in a pod, connected to a virtual IP. @make makes its socket."""

    def __init__(self, pod, address, port=80, sizes=None, make=socket.socket):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with in_pod(pod):
            sock = make(family, socket.SOCK_STREAM)
        if sizes:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, sizes)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, sizes)
        sock.settimeout(PATIENCE)
        sock.connect((address, port))
        super().__init__(sock)
        _clients.append(self)

    def response(self, method="GET"):
        """The next final response: its head and body."""
        head = self.head()
        while head.status < 200:
            head = self.head()
        if method == "HEAD" or head.status in (204, 304):
            return head, b""
        if (head.get("transfer-encoding") is None and
                head.get("content-length") is None):
            return head, self.rest()
        return head, self.body(head)

    def refusal(self, status):
        """A local reply that ends the connection."""
        head, body = self.response()
        equal(head.status, status)
        equal(head.get("connection"), "close")
        true(body.endswith(b"\n"), body)
        self.ended()


class SentMemory:
    """Bytes that are sent by reference: the sender may change them afterwards."""

    def __init__(self, data):
        self.size = len(data)
        self.file = os.memfd_create("sent")
        os.write(self.file, data)
        self.bytes = mmap.mmap(self.file, self.size)

    def send(self, stream):
        equal(os.sendfile(stream.sock.fileno(), self.file, 0, self.size),
              self.size)

    def close(self):
        self.bytes.close()
        os.close(self.file)


@contextlib.contextmanager
def sent_meanwhile(stream, data):
    """All of it, by another process: it is more than buffers hold."""
    child = fork()
    if not child:
        stream.send(data)
        os._exit(0)  # pylint: disable=protected-access
    yield
    equal(os.waitpid(child, 0)[1], 0)


_backends = []


class Backend:
    """A server in a pod that does only what it is told."""

    def __init__(self, pod, port, sizes=None):
        self.selector = selectors.DefaultSelector()
        self.conns = []
        self.accepted = 0
        with in_pod(pod):
            self.sock = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sizes:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, sizes)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, sizes)
        self.sock.bind(("::", port))
        self.sock.listen(512)
        self.selector.register(self.sock, selectors.EVENT_READ)
        _backends.append(self)

    def close(self):
        if self in _backends:
            _backends.remove(self)
        self.close_all()
        self.selector.close()
        self.sock.close()

    def accept(self):
        self.sock.settimeout(PATIENCE)
        conn = Stream(self.sock.accept()[0])
        self.accepted += 1
        self.conns.append(conn)
        self.selector.register(conn.sock, selectors.EVENT_READ, conn)
        return conn

    def forget(self, conn, end=Stream.close):
        self.selector.unregister(conn.sock)
        self.conns.remove(conn)
        end(conn)

    def poll(self, seconds=0):
        """A connection on which something has come, or None; one that only ends
        is forgotten."""
        for key, _ in self.selector.select(seconds):
            conn = key.data or self.accept()
            with contextlib.suppress(ConnectionResetError):
                if conn.buffer or conn.sock.recv(1, socket.MSG_PEEK):
                    return conn
            self.forget(conn)
        return None

    def conn(self):
        """The connection on which something comes next."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            conn = self.poll(1)
            if conn:
                return conn
        raise TimeoutError("no request came")

    def request(self):
        """The next request: its connection and head."""
        conn = self.conn()
        return conn, conn.head()

    def quiet(self, seconds=0.3):
        """Nobody asks for anything."""
        true(not self.selector.select(seconds), "something came")

    def close_all(self):
        while self.conns:
            self.forget(self.conns[-1])
        self.sock.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.sock.accept()[0].close()


def what_goes_on():
    """For who has waited in vain: what has come that clients have not read, and what the
    mesh has counted."""
    counted = {name: n for name, n in stats()["counters"].items() if n}
    unread = [c.unread() for c in _clients if c.sock.fileno() >= 0]
    return f"clients have {unread}; counters: {counted}"


def close_clients():
    while _clients:
        _clients.pop().close()


def close_connections():
    """Those of all clients, and of all servers."""
    close_clients()
    for backend in _backends:
        backend.close_all()


@contextlib.contextmanager
def pods_of_a_mesh(*attached, **pods):
    """Pods, as Net has them, some of them attached. Nothing is left of them, nor of what
    was configured."""
    net = Net(**pods)
    try:
        for pod in attached:
            meshctl("attach", pod)
        yield net
    finally:
        meshctl("flush")
        net.down()
