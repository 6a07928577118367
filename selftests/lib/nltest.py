# SPDX-License-Identifier: GPL-2.0
"""What the netlink tests share: a namespace for each, refusals, a configuration
with one of everything."""

import contextlib
import ctypes
import errno
import functools
import os
import signal
import sys
import time
import traceback

from l7 import fork, note, test, true
from l7nl import Genl, Refused
from l7nl_tables import OPTIONS

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


# ---- processes and namespaces ----

def unshare(flags):
    if _libc.unshare(flags):
        raise OSError(ctypes.get_errno(), "unshare")


def went_well(pid):
    """Waits for what begin_child() has begun."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def begin_child(function, *args):
    """Runs a function in a child, whose number this is."""
    pid = fork()
    if pid:
        return pid
    status = 1
    try:
        signal.alarm(0)
        function(*args)
        status = 0
    except BaseException:  # pylint: disable=broad-except
        note(traceback.format_exc(limit=-3))
    finally:
        sys.stdout.flush()
        os._exit(status)


def child(function, *args):
    """Runs a function in a child; whether it went well."""
    return went_well(begin_child(function, *args))


def alone(name, limit=120):
    """A test in a namespace of its own."""
    def mark(function):
        def inside():
            unshare(CLONE_NEWNET)
            function()

        @test(name, limit)
        @functools.wraps(function)
        def outside():
            true(child(inside), "see above")
        return outside
    return mark


class Pod:
    """A network namespace, with a process in it that does nothing."""

    def __init__(self, flags=CLONE_NEWNET):
        ready, tell = os.pipe()
        self.pid = fork()
        if not self.pid:
            unshare(flags)
            os.write(tell, b"x")
            os.closerange(3, 1024)
            signal.pause()
            os._exit(0)
        os.close(tell)
        true(os.read(ready, 1), "no pod")
        os.close(ready)
        self.path = f"/proc/{self.pid}/ns/net"
        self.fd = os.open(self.path, os.O_RDONLY)

    def ids(self):
        return os.stat(self.path).st_ino

    @contextlib.contextmanager
    def inside(self):
        """In the pod, as root of the host."""
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        try:
            enter(self.fd)
            yield
        finally:
            enter(home)
            os.close(home)

    def genl(self):
        with self.inside():
            return Genl()

    def leave(self, close=True):
        if close:
            os.close(self.fd)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


@contextlib.contextmanager
def user_namespaces():
    """User namespaces may have meshes, as they may not by default."""
    parameter = "/sys/module/l7mesh/parameters/userns"

    def write(value):
        with open(parameter, "w", encoding="ascii") as f:
            f.write(value)

    write("Y")
    try:
        yield
    finally:
        write("N")


def enter(fd, kind=CLONE_NEWNET):
    if _libc.setns(fd, kind):
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def pods(*flags):
    made = [Pod(f) for f in flags or (CLONE_NEWNET,)]
    try:
        yield made if len(made) > 1 else made[0]
    finally:
        for pod in made:
            pod.leave()


# ---- refusals ----

ANY = object()


def refused(code, function, *args, text=ANY, path=ANY, missing=ANY, **kinds):
    """The call is refused like that."""
    try:
        got = function(*args, **kinds)
    except Refused as error:
        wanted = errno.errorcode[code]
        if (errno.errorcode.get(error.errno) != wanted
                or text is not ANY and text not in error.text
                or path is not ANY and path != error.path
                or missing is not ANY and missing != error.missing):
            raise AssertionError(
                f"\n   got: {error}\nwanted: {wanted}: {text} at {path}, "
                f"missing {missing}") from error
        return
    raise AssertionError(f"{args} {kinds} was not refused: {got}")


# ---- a configuration with one of everything ----

def defaults(kind):
    """Of a kind's plain options."""
    return {name: default for name, (default, *_) in OPTIONS[kind].items()}


def other_ends(kind):
    """Of each the other end of what is allowed, by what its default is."""
    return {name: least if default == most else most
            for name, (default, least, most, _) in OPTIONS[kind].items()}


# What is not the other end: others of a cluster's must go with it.
CLUSTER_OWN = {"LB": 0, "TABLE_SIZE": 251, "CONNECT_TIMEOUT": 1, "RESPONSE_TIMEOUT": 0,
               "IDLE_TIMEOUT": 3, "MAX_IDLE": 4, "RING_MIN": 1, "RING_MAX": 8388608,
               "CHOICES": 16, "DECAY": 3600000}
LIMITS_OTHER = {name: value for name, value in other_ends("CLUSTER").items()
                if name not in CLUSTER_OWN} | {
                    "HIGH_MAX_CONNECTIONS": 1, "HIGH_MAX_PENDING_REQUESTS": 0,
                    "HIGH_MAX_RETRIES": 4, "HIGH_MIN_RETRY_CONCURRENCY": 0}
CLUSTER = {"NAME": "a", **CLUSTER_OWN, **LIMITS_OTHER,
           "HASH": [{"HEADER": "x-user"}, {"SOURCE_ADDRESS": True}],
           "LOCALITIES": [{"NAME": "x", "WEIGHT": 1000000},
                          {"NAME": "y" * 63, "WEIGHT": 1}],
           "SUBSETS": [{"NAME": "s" * 63, "METADATA": "k=" + "v" * 253},
                       {"NAME": "none", "METADATA": "x=,y=z"}],
           "SESSION": {"COOKIE": "sid", "TTL": 31536000, "PATH": "/"},
           "DNS": {"NAME": "n" * 255, "PORT": 65535, "REFRESH": 86400000,
                   "FAMILY": 4, "LOGICAL": 1},
           "HEALTH_CHECK": {
               "INTERVAL": 86400000, "TIMEOUT": 1, "JITTER": 86400000,
               "NO_TRAFFIC_INTERVAL": 0, "UNHEALTHY_THRESHOLD": 1,
               "HEALTHY_THRESHOLD": 0xffffffff, "PORT": 65535,
               "NETNS": (1 << 64) - 1, "PATH": "/health", "HOST": "h:80",
               "STATUS": b"\xc8\0\xcc\0"}}
DEFAULTS = {**defaults("CLUSTER"), "HASH": [], "LOCALITIES": [], "SUBSETS": []}
ROUTES = [
    {"MATCH": {"PATH_EXACT": "/old"},
     "ACTION": {"REDIRECT": {"PATH": "/new", "STATUS": 302, "SCHEME": 0,
                             "STRIP_QUERY": 0}}},
    {"MATCH": {"PATH_PREFIX": "/x", "METHOD": "GET,HEAD,x-y",
               "HEADERS": [{"NAME": "a", "EXACT": ""},
                           {"NAME": "b", "PREFIX": "v w"},
                           {"NAME": "c", "PRESENT": 0}],
               "QUERY": [{"NAME": "q", "EXACT": "1=2"},
                         {"NAME": "r", "PRESENT": 1}]},
     "ACTION": {"WEIGHTED_CLUSTERS": [
         {"NAME": "a", "WEIGHT": 90, "SUBSET": "none", "REQUEST_HEADERS": [
             {"NAME": "x-w", "VALUE": "%UPSTREAM_CLUSTER%", "OP": 1}]},
         {"NAME": "b", "WEIGHT": 0, "REQUEST_HEADERS": [
             {"NAME": "x-w", "OP": 3}, {"NAME": "x-x", "VALUE": "v", "OP": 0}],
          "RESPONSE_HEADERS": [{"NAME": "x-y", "VALUE": "w", "OP": 2}]}]}},
    {"MATCH": {}, "ACTION": {"DIRECT_RESPONSE": {"STATUS": 200,
                                                 "BODY": b"o\0k"}}},
    {"MATCH": {}, "ACTION": {"REDIRECT": {"HOST": "other.example:8080",
                                          "STATUS": 301, "SCHEME": 0,
                                          "STRIP_QUERY": 0}}},
    {"MATCH": {"PATH_PREFIX": "/p", "LISTENER": "http", "FRACTION": 1,
               "SOURCE": b"\x0a\0\0\0\x08", "SOURCE_NETNS": 1 << 63},
     "ACTION": {"REDIRECT": {"HOST": "h", "STATUS": 308, "SCHEME": 2,
                             "PORT": 65535, "PREFIX": "/q",
                             "STRIP_QUERY": 1}}},
    {"MATCH": {"PATH_RAW_PREFIX": "/p",
               "HEADERS": [{"NAME": "a", "SUFFIX": "s", "INVERT": True},
                           {"NAME": "b", "CONTAINS": "c"},
                           {"NAME": "c", "REGEX": "[a-z]+|\\d{3}"},
                           {"NAME": "d", "RANGE_START": -(1 << 63),
                            "RANGE_END": (1 << 63) - 1}],
               "QUERY": [{"NAME": "q", "REGEX": "a.*", "INVERT": True}],
               "FRACTION": 0,
               "SOURCE": b"\xfd" + bytes(15) + b"\x08"},
     "ACTION": {"CLUSTER": "a", "SUBSET": "s" * 63,
                "REWRITE": {"HOST": "h:80", "PREFIX": "/"}},
     "REQUEST_HEADERS": [{"NAME": "x-a", "VALUE": "%%1", "OP": 0},
                         {"NAME": "x-a", "VALUE": "%REQ(b)%", "OP": 1},
                         {"NAME": "x-c", "VALUE": "c", "OP": 2},
                         {"NAME": "x-d", "OP": 3}],
     "RESPONSE_HEADERS": [{"NAME": "x-s", "VALUE": "%RESPONSE_CODE%", "OP": 0}],
     "CORS": {"ALLOW_ORIGINS": ["https://*.example", "*"],
              "ALLOW_METHODS": "GET, PUT", "ALLOW_HEADERS": "x-a",
              "EXPOSE_HEADERS": "x-b", "MAX_AGE": 86400,
              "ALLOW_CREDENTIALS": 1},
     "TIMEOUT": 86400000,
     "RETRY": {"ON": 31, "STATUS": b"\x64\0\x57\2", "NUM_RETRIES": 100,
               "PER_TRY_TIMEOUT": 86400000, "BACKOFF": 3600000,
               "MAX_BACKOFF": 86400000, "REPLAY_LIMIT": 1 << 20,
               "AVOID_PREVIOUS_HOSTS": 0, "HEDGE_ON_PER_TRY_TIMEOUT": 1},
     "RATE_LIMIT": {"MAX_TOKENS": 1, "TOKENS_PER_FILL": 10000,
                    "FILL_INTERVAL": 1, "MAX_KEYS": 1, "HEADER": "x-user"},
     "FAULT": {"DELAY": 86400000, "DELAY_FRACTION": 0, "ABORT": 599,
               "ABORT_FRACTION": 1, "RESPONSE_RATE": 1 << 30,
               "RATE_FRACTION": 1000000, "BY_HEADER": 1}},
    {"MATCH": {"PATH_SUFFIX": ".jpg", "FRACTION": 1000000},
     "ACTION": {"CLUSTER_HEADER": "x-cluster", "REWRITE": {"PATH": "/all"}}},
    {"MATCH": {"PATH_TEMPLATE": "/u/{id}/{rest=**}"},
     "ACTION": {"CLUSTER": "a", "REWRITE": {"TEMPLATE": "/{rest}/{id}"}}},
    {"MATCH": {"PATH_REGEX": "/(a|b)*/?"}, "ACTION": {"CLUSTER": "a"},
     "HASH": [{"QUERY": "q", "COMBINE": True}, {"COOKIE": "c", "COOKIE_TTL": 1,
                               "COOKIE_PATH": "/"}, {"PATH": True}]},
    {"MATCH": {}, "ACTION": {"CLUSTER": "b"}, "RETRY": {
        "ON": 1, "NUM_RETRIES": 1, "PER_TRY_TIMEOUT": 0, "BACKOFF": 25,
        "MAX_BACKOFF": 0, "REPLAY_LIMIT": 65536, "AVOID_PREVIOUS_HOSTS": 1,
        "HEDGE_ON_PER_TRY_TIMEOUT": 0},
     "MIRRORS": [{"CLUSTER": "a", "FRACTION": 0, "SHADOW": 0},
                 {"CLUSTER": "b", "FRACTION": 1000000, "SHADOW": 1}],
     "RATE_LIMIT": {"MAX_TOKENS": 365, "TOKENS_PER_FILL": 1,
                    "FILL_INTERVAL": 86400000, "MAX_KEYS": 8192,
                    "SOURCE_ADDRESS": True},
     "FAULT": {"DELAY_FRACTION": 1000000, "ABORT": 200,
               "ABORT_FRACTION": 1000000, "RATE_FRACTION": 1000000,
               "BY_HEADER": 0}},
]
ROUTES = [{"TIMEOUT": 0, "PRIORITY": i % 2, **route}
          for i, route in enumerate(ROUTES)]
HTTP = defaults("LISTENER")
# Of a listener with a proxy, which takes no packets and no PROXY headers.
HTTP_OTHER = {**other_ends("LISTENER"), "HEADERS_TIMEOUT": 1, "STREAM_IDLE_TIMEOUT": 0,
              "PACKETS": 0, "SOURCE": 0, "PROXY_PROTOCOL": 0, "INBOUND": 0}
EVERYTHING = [
    {"CLUSTER": CLUSTER},
    {"ENDPOINT": {"CLUSTER": "a", "ADDRESS": "10.0.0.1", "PORT": 80,
                  "WEIGHT": 1, "PRIORITY": 0}},
    {"ENDPOINT": {"CLUSTER": "a", "ADDRESS": "10.0.0.2", "PORT": 65535,
                  "WEIGHT": 1000000, "PRIORITY": 0,
                  "METADATA": "k=" + "v" * 253}},
    {"ENDPOINT": {"CLUSTER": "a", "ADDRESS": "fd00::1", "PORT": 1,
                  "WEIGHT": 7, "PRIORITY": 127, "LOCALITY": "y" * 63}},
    {"CLUSTER": {"NAME": "b", **DEFAULTS}},
    {"ROUTE_TABLE": {"NAME": "t"}},
    {"VIRTUAL_HOST": {"ROUTE_TABLE": "t", "NAME": "v",
                      "DOMAINS": ["shop.example", "*.shop.example", "shop.*",
                                  "10.0.0.1", "[fd00::1]"],
                      "ORDER": 1,
                      "REQUEST_HEADERS": [{"NAME": "x-v", "VALUE": "v",
                                           "OP": 0}],
                      "RESPONSE_HEADERS": [{"NAME": "server", "OP": 3}]}},
] + [
    {"ROUTE": {"ROUTE_TABLE": "t", "VIRTUAL_HOST": "v", "INDEX": i, **route}}
    for i, route in enumerate(ROUTES)
] + [
    {"VIRTUAL_HOST": {"ROUTE_TABLE": "t", "NAME": "w", "DOMAINS": ["*"],
                      "ORDER": 0}},
    {"LISTENER": {"NAME": "http", "ADDRESS": "10.96.0.1", "PORT": 80,
                  "PROTOCOL": 1, "ROUTE_TABLE": "t", **HTTP}},
    {"LISTENER": {"NAME": "tcp", "ADDRESS": "fd00:96::1", "PORT": 0,
                  "PROTOCOL": 0, "CLUSTER": "a", **HTTP,
                  "ADDRESSES": [f"fd00:97::{i:x}" for i in range(1, 17)],
                  "FROM": [b"\xfd" + bytes(14) + bytes([i, 128]) for i in range(64)],
                  "TRUSTED_SOURCES": [bytes([10, 0, i, 0, 24]) for i in range(64)]}},
    {"LISTENER": {"NAME": "proxy", "ADDRESS": "10.96.0.1", "PORT": 81, "PORT_END": 65535,
                  "PROTOCOL": 0, "PROXY_ADDRESS": "127.0.0.1",
                  "PROXY_PORT": 15001, **HTTP_OTHER}},
    {"WORKLOAD": {"NAME": "w", "NAMESPACE": "n", "SERVICE_ACCOUNT": "s",
                  "IDENTITY": "spiffe://" + "i" * 246,
                  "ADDRESSES": ["10.0.0.9", "fd00::9"], "LABELS": "k=" + "v" * 253,
                  "NODE": "z", "NETNS": (1 << 64) - 1, "REFUSE": 1, "EXEMPT_NODE": 0,
                  "EXCLUDE_PORTS": ",".join(["60000-65535"] * 64), "ON_FAILURE": 1}},
    {"WORKLOAD": {"NAME": "x", "ADDRESSES": [], "REFUSE": 0, "EXEMPT_NODE": 1,
                  "ON_FAILURE": 0}},
    {"AUTHORIZATION": {"NAME": "p", "NAMESPACE": "n", "SELECTOR": "k=" + "v" * 253,
                       "ACTION": 2, "AUDIT": 1, "CUT": 1, "RULES": [
                           {"FROM": [
                               {"PRINCIPALS": ["a/b"], "NOT_PRINCIPALS": ["*"],
                                "NAMESPACES": ["a*b"], "NOT_NAMESPACES": ["c"],
                                "IP_BLOCKS": ["10.0.0.1", "10.1.2.3/8"],
                                "NOT_IP_BLOCKS": ["::/0"],
                                "REMOTE_IP_BLOCKS": ["fd00::/128"],
                                "NOT_REMOTE_IP_BLOCKS": ["0.0.0.0/0"]},
                               {"NAMESPACES": ["n"]}],
                            "TO": [{"HOSTS": ["h", "*.h:80"], "NOT_HOSTS": ["i"],
                                    "PORTS": ["0", "65535"], "NOT_PORTS": ["1"],
                                    "METHODS": ["GET"], "NOT_METHODS": ["P*"],
                                    "PATHS": ["/{*}/a/{**}/b", "/" + "p" * 4095],
                                    "NOT_PATHS": ["*/c"]}],
                            "WHEN": [{"KEY": "request.headers[X-a]", "VALUES": ["v" * 4096],
                                      "NOT_VALUES": ["*"]},
                                     {"KEY": "connection.sni", "VALUES": ["s"]}]},
                           {}]}},
    {"AUTHORIZATION": {"NAME": "q", "ACTION": 0, "AUDIT": 0, "CUT": 0, "RULES": []}},
    {"SPLICE": {"POLICY": 1, "EXCEPT": [{"PORT": 25}, {"PORT": 65535}],
                "BYPASS_SHAPING": 1}},
]


def load(g, objects, replace=True):
    g.do("TXN_BEGIN", {"REPLACE": replace})
    g.many("ADD", objects)
    return g.do("TXN_COMMIT")[0]["GENERATION"]


def generation(g):
    return g.do("INFO_GET")[0]["GENERATION"]


def base(g):
    """A configuration to be wrong about."""
    load(g, EVERYTHING)
    return g


def merge(o, **more):
    kind = next(iter(o))
    return {kind: {**o[kind], **more}}


def without(o, name):
    kind = next(iter(o))
    return {kind: {k: v for k, v in o[kind].items() if k != name}}


NEW = {
    "CLUSTER": {"CLUSTER": {"NAME": "n"}},
    "ENDPOINT": {"ENDPOINT": {"CLUSTER": "a", "ADDRESS": "10.0.0.9",
                              "PORT": 80}},
    "LISTENER": {"LISTENER": {"NAME": "n", "ADDRESS": "10.96.0.99", "PORT": 80,
                              "PROTOCOL": 1, "ROUTE_TABLE": "t",
                              "TRUSTED_SOURCES": [b"\x0a\0\0\0\x08"]}},
    "ROUTE_TABLE": {"ROUTE_TABLE": {"NAME": "n"}},
    "VIRTUAL_HOST": {"VIRTUAL_HOST": {"ROUTE_TABLE": "t", "NAME": "n",
                                      "DOMAINS": ["n.example"]}},
    "ROUTE": {"ROUTE": {"ROUTE_TABLE": "t", "VIRTUAL_HOST": "v",
                        "ACTION": {"CLUSTER": "a"}}},
    "WORKLOAD": {"WORKLOAD": {"NAME": "n", "ADDRESSES": ["10.9.9.9"]}},
    "AUTHORIZATION": {"AUTHORIZATION": {"NAME": "n"}},
}


def held(g):
    return g.do("INFO_GET")[0]["CONFIG_BYTES"]


def settled(g, wanted=None, seconds=10):
    """What is held once replaced snapshots are gone, which may take a while."""
    last, end = held(g), time.monotonic() + seconds
    while last != wanted and time.monotonic() < end:
        time.sleep(0.3)
        now = held(g)
        if now == last and wanted is None:
            return now
        last = now
    return last
