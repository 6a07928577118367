#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What generic netlink refuses, why, and which attribute it blames."""

import errno
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from l7 import equal, note, run_tests, true
from l7nl import ENUMS, NLM_F_DUMP, TOP, UAPI, Genl, Raw, Refused, attr, encode
from l7nl_tables import OPTIONS
from nltest import (ANY, CLUSTER, EVERYTHING, NEW, ROUTES, alone, base,
                    generation, load, merge, refused, without)


REQUIRED = {
    "CLUSTER": ["NAME"], "ENDPOINT": ["CLUSTER", "ADDRESS", "PORT"],
    "LISTENER": ["NAME", "ADDRESS", "PORT", "PROTOCOL"],
    "ROUTE_TABLE": ["NAME"],
    "VIRTUAL_HOST": ["ROUTE_TABLE", "NAME", "DOMAINS"],
    "ROUTE": ["ROUTE_TABLE", "VIRTUAL_HOST", "ACTION"],
    "WORKLOAD": ["NAME"], "AUTHORIZATION": ["NAME"],
}


@alone("a required attribute that is missing is named, and its nest")
def _():
    g = base(Genl())
    for kind, o in NEW.items():
        for name in REQUIRED[kind]:
            refused(errno.EINVAL, g.do, "ADD", without(o, name),
                    text=f"{name} is missing",
                    missing=UAPI[f"L7MESH_{kind}_A_{name}"])
            key = name not in ("DOMAINS", "ACTION", "PROTOCOL")
            if key and (kind, name) not in (("LISTENER", "ADDRESS"),
                                            ("LISTENER", "PORT")):
                refused(errno.EINVAL, g.do, "SET", without(o, name),
                        text=f"{name} is missing")
    refused(errno.EINVAL, g.do, "DEL",
            {"ROUTE": {"ROUTE_TABLE": "t", "VIRTUAL_HOST": "v"}},
            text="INDEX is missing")
    for cmd in "ADD", "SET", "DEL":
        refused(errno.EINVAL, g.do, cmd, {}, text="no object is given")
        refused(errno.EINVAL, g.do, cmd,
                {**without(NEW["CLUSTER"], ""),
                 **without(NEW["ROUTE_TABLE"], "")},
                text="one object at a time", path="ROUTE_TABLE")
        refused(errno.EINVAL, g.raw, cmd,
                encode(TOP, [("CLUSTER", {"NAME": "x"}),
                             ("CLUSTER", {"NAME": "y"})]),
                text="twice", path="CLUSTER")
    equal((generation(g), g.objects()), (1, EVERYTHING))


def refusals_of_names():
    for name, text in (("a b", "printable"), ("a\x7f", "printable"),
                       ("\xe9", "printable"), ("", "printable"),
                       ("x\0y", "printable"), ("x" * 256, "policy")):
        code = errno.ERANGE if len(name) > 255 else errno.EINVAL
        for kind, field in (("CLUSTER", "NAME"), ("LISTENER", "NAME"),
                            ("ROUTE_TABLE", "NAME"), ("VIRTUAL_HOST", "NAME"),
                            ("LISTENER", "ROUTE_TABLE")):
            yield (merge(NEW[kind], **{field: name}), code, text,
                   f"{kind}.{field}")
        yield (merge(NEW["ROUTE"], ACTION={"CLUSTER": name}), code, text,
               "ROUTE.ACTION.CLUSTER")


def beyond(least, most, kind):
    """What is just not allowed, of numbers that an attribute can hold."""
    top = (1 << int(kind[1:])) - 1
    return [n for n in (least - 1, most + 1) if 0 <= n <= top]


def refusals_of_numbers():
    plain = [(kind, field, beyond(*limits[1:])) for kind, fields in OPTIONS.items()
             for field, limits in fields.items()]
    true(len([bad for _, _, bad in plain if bad]) > 50, "most have limits")
    # What bounds a loop or memory is typed here as well: those above are made of the
    # specification, and a limit that is lost there is lost everywhere.
    for kind, field, bad in (
            *plain,
            ("CLUSTER", "LB", [6, 1 << 31]),
            ("CLUSTER", "CHOICES", [0, 1, 17]),
            ("CLUSTER", "TABLE_SIZE", [0, 1, 5000012, 0xffffffff]),
            ("CLUSTER", "RING_MIN", [0, 8388609]),
            ("CLUSTER", "RING_MAX", [0, 8388609]),
            ("CLUSTER", "MAX_IDLE", [65537]),
            ("CLUSTER", "IDLE_TIMEOUT", [0, 86400001, 0xffffffff]),
            ("CLUSTER", "DECAY", [0, 3600001]),
            ("CLUSTER", "OVERPROVISIONING_FACTOR", [0, 99, 1001]),
            ("LISTENER", "MAX_HEADER_BYTES", [0, 63, 61441]),
            ("LISTENER", "MAX_HEADERS", [0, 101]),
            ("LISTENER", "MAX_URI_BYTES", [0, 8193]),
            ("LISTENER", "MAX_BODY_BYTES", [1 << 63]),
            ("LISTENER", "BUFFER_LIMIT", [(1 << 30) + 1]),
            ("LISTENER", "TRUSTED_HOPS", [101]),
            ("ROUTE", "PRIORITY", [2]),
            ("ENDPOINT", "PORT", [0]),
            ("ENDPOINT", "WEIGHT", [0, 1000001]),
            ("ENDPOINT", "PRIORITY", [128]),
            ("VIRTUAL_HOST", "ORDER", [2]),
            ("LISTENER", "PROTOCOL", [5])):
        for value in bad:
            yield (merge(NEW[kind], **{field: value}), errno.ERANGE,
                   "integer out of range", f"{kind}.{field}")
    yield (merge(NEW["CLUSTER"], TABLE_SIZE=65536), errno.EINVAL, "prime",
           "CLUSTER.TABLE_SIZE")


def refusals_of_addresses():
    for address in ("0.0.0.0", "224.0.0.1", "255.255.255.255", "::",
                    "ff02::1", "fe80::1", "::ffff:0.0.0.0"):
        for kind in "ENDPOINT", "LISTENER":
            yield (merge(NEW[kind], ADDRESS=address), errno.EINVAL,
                   "nobody can connect", f"{kind}.ADDRESS")
    for length, code, text in ((3, errno.ERANGE, ""), (17, errno.ERANGE, ""),
                               (5, errno.EINVAL, "4 or 16 bytes"),
                               (0, errno.ERANGE, "")):
        for kind in "ENDPOINT", "LISTENER":
            yield (merge(NEW[kind], ADDRESS=Raw(b"\x0a" * length)), code, text,
                   f"{kind}.ADDRESS")


def refusals_of_listeners():
    tcp = without(merge(NEW["LISTENER"], PROTOCOL=0), "ROUTE_TABLE")
    proxy = merge(tcp, PROXY_ADDRESS="127.0.0.1", PROXY_PORT=1)
    yield tcp, errno.EINVAL, "CLUSTER or PROXY_ADDRESS is missing", None
    yield (without(NEW["LISTENER"], "ROUTE_TABLE"), errno.EINVAL,
           "ROUTE_TABLE is missing", None)
    yield (merge(tcp, PROTOCOL=2, CLUSTER="a"), errno.EINVAL,
           "ROUTE_TABLE is missing", None)
    yield (merge(tcp, ROUTE_TABLE="t"), errno.EINVAL, "has no ROUTE_TABLE",
           "LISTENER.ROUTE_TABLE")
    yield (merge(NEW["LISTENER"], CLUSTER="a"), errno.EINVAL,
           "exclude each other", ANY)
    yield merge(proxy, CLUSTER="a"), errno.EINVAL, "exclude each other", ANY
    yield (without(proxy, "PROXY_PORT"), errno.EINVAL, "go together",
           "LISTENER.PROXY_ADDRESS")
    yield (without(proxy, "PROXY_ADDRESS"), errno.EINVAL, "go together",
           "LISTENER.PROXY_PORT")
    yield (merge(proxy, PROXY_ADDRESS="fd00::1"), errno.EINVAL,
           "different families", "LISTENER.PROXY_ADDRESS")
    yield (merge(NEW["LISTENER"], ROUTE_TABLE="z"), errno.ENOENT,
           'listener "n" refers to route table "z", which does not exist',
           "LISTENER.ROUTE_TABLE")
    yield (merge(tcp, CLUSTER="z"), errno.ENOENT,
           'listener "n" refers to cluster "z"', "LISTENER.CLUSTER")
    yield (merge(tcp, CLUSTER="a"), errno.EINVAL,
           'IPv4, but its cluster "a" has an IPv6 endpoint', "LISTENER.CLUSTER")
    udp = merge(tcp, PROTOCOL=4, CLUSTER="a")
    yield udp, errno.EINVAL, "no policies", "LISTENER.TRUSTED_SOURCES"
    for name, value in ("PACKETS", 1), ("SOURCE", 1), ("MAX_HEADERS", 5):
        yield (merge(udp, **{name: value}), errno.EINVAL, "no such option",
               f"LISTENER.{name}")
    yield (merge(proxy, PROTOCOL=4), errno.EINVAL, "has no proxy",
           "LISTENER.PROXY_ADDRESS")
    yield merge(udp, INTERFACE="eth0"), errno.EINVAL, "no INTERFACE", "LISTENER.INTERFACE"
    yield (merge(NEW["LISTENER"], ADDRESS="10.96.0.1"), errno.EEXIST,
           "same address and port", ANY)
    yield (merge(NEW["LISTENER"], ADDRESS="::ffff:10.96.0.1"), errno.EEXIST,
           "same address and port", ANY)


def refusals_of_hosts():
    for domain in ("", "a.example:x", "a b", "*a*", "a.*.b", "**",
                   "http://a"):
        yield (merge(NEW["VIRTUAL_HOST"], DOMAINS=["ok.example", domain]),
               errno.EINVAL, "not a domain", "VIRTUAL_HOST.DOMAINS.ITEM")
    yield (merge(NEW["VIRTUAL_HOST"], DOMAINS=[]), errno.EINVAL,
           "at least one domain", "VIRTUAL_HOST.DOMAINS")
    for domains in (["*"], ["SHOP.example"], ["x.example", "X.example"]):
        yield (merge(NEW["VIRTUAL_HOST"], DOMAINS=domains), errno.EEXIST,
               f'domain "{domains[-1].lower()}" is twice in route table "t"',
               "VIRTUAL_HOST.DOMAINS")


def refusals_of_expressions(bad):
    """As module/http/regexp.h says; test_regexp.c has each of them."""
    for pattern, code, text in (
            ("(", errno.EINVAL, "( without )"), ("a{2", errno.EINVAL, "{ wants"),
            ("(?=a)", errno.EINVAL, "of (?...)"),
            ("((a{99}){99}){99}", errno.E2BIG, "too many states"),
            ("(a|b)*a(a|b){12}", errno.E2BIG, "too many states")):
        text = "regular expression: " + text
        yield bad(code, text, ".PATH_REGEX", PATH_REGEX=pattern)
        yield bad(code, text, ".QUERY.ITEM.REGEX",
                  QUERY=[{"NAME": "a", "REGEX": pattern}])


def refusals_of_clients(bad):
    for source, code, text in (
            (b"\x0a\0\0\0\x21", errno.EINVAL, "only 32 bits"),
            (b"\x0a\0\0\x01\x1f", errno.EINVAL, "must be 0"),
            (bytes(6), errno.EINVAL, "4 or 16 bytes"),
            (bytes(16) + b"\x81", errno.EINVAL, "only 128 bits"),
            (bytes(4), errno.ERANGE, ""), (bytes(18), errno.ERANGE, "")):
        yield bad(code, text, ".SOURCE", SOURCE=source)
    yield bad(errno.ERANGE, "", ".SOURCE_NETNS", SOURCE_NETNS=0)
    yield bad(errno.EINVAL, "printable", ".LISTENER", LISTENER="")
    yield bad(errno.ERANGE, "", ".FRACTION", FRACTION=1000001)


def refusals_of_headers():
    for which, others in (
            ("REQUEST_HEADERS", ("%RESP(a)%", "%RESPONSE_CODE%")),
            ("RESPONSE_HEADERS", ())):
        for kind in "ROUTE", "VIRTUAL_HOST":
            at = f"{kind}.{which}.ITEM"

            def bad(text, path, item, code=errno.EINVAL):
                # pylint: disable=cell-var-from-loop
                return (merge(NEW[kind], **{which: [item]}), code, text,
                        path and at + path)
            yield bad("NAME is missing", None, {"VALUE": "a"})
            yield bad("VALUE is missing", None, {"NAME": "a"})
            yield (merge(NEW[kind], **{which: [{"NAME": "a", "VALUE": "%%" * 257}]}),
                   errno.E2BIG, "more than 256 variables", at)
            yield bad("", ".OP", {"NAME": "a", "VALUE": "a", "OP": 4},
                      errno.ERANGE)
            yield bad("not the name of a header", ".NAME",
                      {"NAME": "a b", "VALUE": "a"})
            for name in "Host", "content-length", "Connection", "upgrade":
                yield bad("cannot be changed", ".NAME",
                          {"NAME": name, "VALUE": "a"})
            yield bad("has no value", ".VALUE",
                      {"NAME": "a", "VALUE": "a", "OP": 3})
            for value in "", " a", "a\n", "\x01":
                yield bad("not the value of a header", ".VALUE",
                          {"NAME": "a", "VALUE": value})
            for value in "%", "%a", "%FOO%", "%REQ%", "%PROTOCOL(a)%":
                yield bad("a %VARIABLE% that", ".VALUE",
                          {"NAME": "a", "VALUE": value})
            yield bad("the name of a field", ".VALUE",
                      {"NAME": "a", "VALUE": "%REQ(a b)%"})
            for value in others:
                yield bad("only a response", ".VALUE",
                          {"NAME": "a", "VALUE": value})
            yield (merge(NEW[kind], **{which: [{"NAME": "a", "OP": 3}] * 65}),
                   errno.E2BIG, "more than 64", at)


def refusals_of_cors():
    def bad(text, path, code=errno.EINVAL, **cors):
        return (merge(NEW["ROUTE"], CORS=cors), code, text, "ROUTE.CORS" + path)
    one = {"ALLOW_ORIGINS": ["*"]}
    for origin in "", "a b", "*a*", "%", "a,b":
        yield bad("not an origin", ".ALLOW_ORIGINS.ITEM",
                  ALLOW_ORIGINS=["ok", origin])
    for field in "ALLOW_METHODS", "ALLOW_HEADERS", "EXPOSE_HEADERS":
        for text in "", "a\n", "100%":
            yield bad("a list of names", "." + field, **one, **{field: text})
    yield bad("", ".MAX_AGE", errno.ERANGE, **one, MAX_AGE=86401)
    yield bad("", ".ALLOW_CREDENTIALS", errno.ERANGE, **one,
              ALLOW_CREDENTIALS=2)
    yield bad("ALLOW_ORIGINS is needed", "", MAX_AGE=1)


def refusals_of_retries():
    def bad(text, path, code=errno.EINVAL, **retry):
        return (merge(NEW["ROUTE"], RETRY=retry), code, text,
                "ROUTE.RETRY" + path)
    yield bad("ON or STATUS is needed", "", NUM_RETRIES=2)
    for field, values in (("ON", (0, 32)), ("NUM_RETRIES", (0, 101)),
                          ("PER_TRY_TIMEOUT", (86400001,)),
                          ("BACKOFF", (0, 3600001)),
                          ("MAX_BACKOFF", (86400001,)),
                          ("REPLAY_LIMIT", ((1 << 20) + 1,)),
                          ("AVOID_PREVIOUS_HOSTS", (2,)),
                          ("HEDGE_ON_PER_TRY_TIMEOUT", (2,)),
                          ("STATUS", (b"", bytes(66)))):
        for value in values:
            yield bad("", "." + field, errno.ERANGE, **{"ON": 1, field: value})
    yield bad("two bytes", ".STATUS", STATUS=bytes(3))
    for status in 99, 600:
        yield bad(f"{status} is not a status", ".STATUS",
                  STATUS=status.to_bytes(2, sys.byteorder))
    yield bad("needs a PER_TRY_TIMEOUT", ".HEDGE_ON_PER_TRY_TIMEOUT", ON=1,
              HEDGE_ON_PER_TRY_TIMEOUT=1)
    yield bad("below BACKOFF", ".MAX_BACKOFF", ON=1, BACKOFF=10, MAX_BACKOFF=9)
    yield (merge(NEW["ROUTE"], TIMEOUT=86400001), errno.ERANGE, "",
           "ROUTE.TIMEOUT")


def refusals_of_health_checks():
    def bad(text, path, code=errno.EINVAL, **check):
        return (merge(NEW["CLUSTER"], HEALTH_CHECK={"INTERVAL": 1, **check}),
                code, text, "CLUSTER.HEALTH_CHECK" + path)
    yield (merge(NEW["CLUSTER"], HEALTH_CHECK={"TIMEOUT": 1}), errno.EINVAL,
           "INTERVAL is missing", None)
    for field, values in (("INTERVAL", (0, 86400001)),
                          ("TIMEOUT", (0, 86400001)), ("JITTER", (86400001,)),
                          ("NO_TRAFFIC_INTERVAL", (86400001,)),
                          ("UNHEALTHY_THRESHOLD", (0,)),
                          ("HEALTHY_THRESHOLD", (0,)), ("PORT", (0,)),
                          ("NETNS", (0,)), ("STATUS", (b"", bytes(66))),
                          ("PATH", ("/" * 4097,)), ("HOST", ("h" * 256,))):
        for value in values:
            yield bad("", "." + field, errno.ERANGE, **{field: value})
    for path in "", "a", "/ ", "/?a", "/#":
        yield bad("a path starts with /", ".PATH", PATH=path)
    yield bad("not a host", ".HOST", PATH="/", HOST="a b")
    yield bad("only with PATH", ".HOST", HOST="a")
    yield bad("only with PATH", ".STATUS", STATUS=b"\xc8\0")
    yield bad("two bytes", ".STATUS", PATH="/", STATUS=bytes(3))
    yield bad("600 is not a status", ".STATUS", PATH="/",
              STATUS=(600).to_bytes(2, sys.byteorder))


def refusals_of_mirrors():
    def bad(text, path, code=errno.EINVAL, **mirror):
        return (merge(NEW["ROUTE"], MIRRORS=[mirror]), code, text,
                "ROUTE.MIRRORS.ITEM" + path)
    yield (merge(NEW["ROUTE"], MIRRORS=[{}]), errno.EINVAL,
           "CLUSTER is missing", None)
    yield bad("printable", ".CLUSTER", CLUSTER="a b")
    for field, value in (("FRACTION", 1000001), ("SHADOW", 2)):
        yield bad("", "." + field, errno.ERANGE, CLUSTER="a", **{field: value})
    yield (merge(NEW["ROUTE"], MIRRORS=[{"CLUSTER": "a"}] * 5), errno.E2BIG,
           "more than 4", "ROUTE.MIRRORS.ITEM")
    yield (merge(NEW["ROUTE"], MIRRORS=[{"CLUSTER": "z"}]), errno.ENOENT,
           "which does not exist", ANY)
    yield (merge(NEW["ROUTE"], MIRRORS=[{"CLUSTER": "a"}],
                 ACTION={"REDIRECT": {"PATH": "/"}}), errno.EINVAL,
           "nothing is forwarded", "ROUTE.MIRRORS")


def refusals_of_trust():
    def bad(text, path, code=errno.EINVAL, new=NEW["LISTENER"], **listener):
        return merge(new, **listener), code, text, "LISTENER." + path
    good = b"\x0a\0\0\0\x08"
    for network, code, text in (
            (b"\x0a\0\0\0\x21", errno.EINVAL, "only 32 bits"),
            (b"\x0a\0\0\x01\x1f", errno.EINVAL, "must be 0"),
            (bytes(6), errno.EINVAL, "4 or 16 bytes"),
            (bytes(4), errno.ERANGE, ""), (bytes(18), errno.ERANGE, "")):
        yield bad(text, "TRUSTED_SOURCES.ITEM", code, TRUSTED_SOURCES=[good, network])
    yield bad("more than 64 networks", "TRUSTED_SOURCES.ITEM", errno.E2BIG,
              TRUSTED_SOURCES=[good] * 65)
    yield bad("needs TRUSTED_SOURCES", "TRUSTED_SOURCES", PROXY_PROTOCOL=1,
              TRUSTED_SOURCES=[])
    yield bad("needs TRUSTED_SOURCES", "PROXY_PROTOCOL", PROXY_PROTOCOL=1,
              new=without(NEW["LISTENER"], "TRUSTED_SOURCES"))
    yield bad("the proxy has to", "PROXY_PROTOCOL", PROXY_PROTOCOL=1, PROTOCOL=0,
              PROXY_ADDRESS="10.0.0.1", PROXY_PORT=1,
              new=without(NEW["LISTENER"], "ROUTE_TABLE"))
    yield bad("INBOUND needs PACKETS", "INBOUND", INBOUND=1)


def refusals_of_places():
    def bad(text, path, code=errno.EINVAL, new=NEW["LISTENER"], **listener):
        return merge(new, **listener), code, text, path if path is ANY else "LISTENER." + path
    many = [f"10.97.0.{i}" for i in range(17)]
    yield bad("more than 16 addresses", "ADDRESSES.ITEM", errno.E2BIG, ADDRESSES=many)
    yield bad("nobody can connect", "ADDRESSES.ITEM", ADDRESSES=["224.0.0.1"])
    for twice in ["10.96.0.99"], ["::ffff:10.96.0.99"], many[:2] + many[:1]:
        yield bad("there twice", "ADDRESSES", ADDRESSES=twice)
    yield bad("more than 64 networks", "FROM.ITEM", errno.E2BIG,
              FROM=[b"\x0a\0\0\0\x08"] * 65)
    yield bad("must be 0", "FROM.ITEM", FROM=[b"\x0a\0\0\x01\x08"])
    yield bad("of the family", "FROM", FROM=[bytes(17)])
    yield bad("of the family", "FROM", FROM=[bytes(5)], ADDRESSES=["fd00::1"])
    for port, end in (80, 80), (80, 1), (65535, 1):
        yield bad("PORT_END is not above PORT", "PORT_END", PORT=port, PORT_END=end)
    yield bad("no range begins there", "PORT_END", PORT=0, PORT_END=1)
    yield bad("INTERFACE needs PACKETS", "INTERFACE", INTERFACE="eth0", PACKETS=0)
    for name in "a b", "a/b", "a:b", ".", "..", "\x7f":
        yield bad("an interface's name", "INTERFACE", INTERFACE=name, PACKETS=1)
    yield bad("", "INTERFACE", errno.ERANGE, INTERFACE="a" * 16, PACKETS=1)
    yield bad("different families", "PROXY_ADDRESS", PROTOCOL=0, PROXY_ADDRESS="10.0.0.1",
              PROXY_PORT=1, ADDRESSES=["fd00::1"], new=without(NEW["LISTENER"],
                                                               "ROUTE_TABLE"))
    yield bad('"proxy" and "n" have ranges', ANY, errno.EEXIST, ADDRESS="10.96.0.1",
              PORT=65534, PORT_END=65535)
    yield bad("same address and port", ANY, errno.EEXIST, ADDRESSES=["10.96.0.1"])
    yield bad("same address, port, interface", ANY, errno.EEXIST, ADDRESS="fd00:97::1",
              PORT=0, FROM=[b"\xfd" + bytes(15) + b"\x80"])
    yield bad('IPv4, but its cluster "a" has an IPv6 endpoint', ANY, PROTOCOL=0, CLUSTER="a",
              ADDRESS="fd00::7", ADDRESSES=["10.0.0.7"],
              new=without(NEW["LISTENER"], "ROUTE_TABLE"))


def refusals_of_protection():
    for kind in "ROUTE", "LISTENER":
        def bad(text, path, code=errno.EINVAL, **limit):
            return (merge(NEW[kind], RATE_LIMIT=limit), code, text,
                    f"{kind}.RATE_LIMIT{path}")
        for field, values in (("MAX_TOKENS", (0,)), ("TOKENS_PER_FILL", (0,)),
                              ("FILL_INTERVAL", (0, 86400001)),
                              ("MAX_KEYS", (0, (1 << 20) + 1)),
                              ("HEADER", ("x" * 256,))):
            for value in values:
                yield bad("", "." + field, errno.ERANGE,
                          **{"MAX_TOKENS": 1, field: value})
        yield bad("not the name", ".HEADER", MAX_TOKENS=1, HEADER="a b")
        yield bad("exclude each other", ".SOURCE_ADDRESS", MAX_TOKENS=1,
                  HEADER="a", SOURCE_ADDRESS=True)
        yield bad("10000 tokens", "", MAX_TOKENS=1, TOKENS_PER_FILL=10001,
                  FILL_INTERVAL=1)
        yield bad("in a year", "", MAX_TOKENS=366, FILL_INTERVAL=86400000)

    def wrong(text, path, code=errno.EINVAL, **fault):
        return (merge(NEW["ROUTE"], FAULT=fault), code, text,
                "ROUTE.FAULT" + path)
    for field, values in (("DELAY", (0, 86400001)), ("ABORT", (199, 600)),
                          ("RESPONSE_RATE", (0, (1 << 30) + 1)),
                          ("DELAY_FRACTION", (1000001,)),
                          ("ABORT_FRACTION", (1000001,)),
                          ("RATE_FRACTION", (1000001,)), ("BY_HEADER", (2,))):
        for value in values:
            yield wrong("", "." + field, errno.ERANGE, **{field: value})
    yield wrong("is needed", "", DELAY_FRACTION=1)


def refusals_of_matches():
    def bad(code, text, path, **match):
        return (merge(NEW["ROUTE"], MATCH=match), code, text,
                f"ROUTE.MATCH{path}")
    for path in ("", "x", "/a b", "/a?b", "/a#b", "/\x01", "/\xe9"):
        for field in ("PATH_EXACT", "PATH_PREFIX", "PATH_RAW_PREFIX",
                      "PATH_TEMPLATE"):
            yield bad(errno.EINVAL, "a path starts with /", "." + field,
                      **{field: path})
    yield bad(errno.ERANGE, "", ".PATH_EXACT", PATH_EXACT="/" * 4097)
    yield bad(errno.EINVAL, "only one of the PATH", ".PATH_PREFIX",
              PATH_EXACT="/", PATH_PREFIX="/")
    for suffix in "", "a b", "?", "a#":
        yield bad(errno.EINVAL, "a suffix is not empty", ".PATH_SUFFIX",
                  PATH_SUFFIX=suffix)
    for template in "/{a}{b}", "/**/a", "/{a}/{a}", "/a*":
        yield bad(errno.EINVAL, "", ".PATH_TEMPLATE", PATH_TEMPLATE=template)
    yield from refusals_of_expressions(bad)
    yield from refusals_of_clients(bad)
    for method in "", "GE T", "G\0T", "a,", ",a", "a,,b", "a, b", ",":
        yield bad(errno.EINVAL, "not a method", ".METHOD", METHOD=method)
    for field, names in (("HEADERS", ("", "a b", "a:", "\xe9")),
                         ("QUERY", ("", "a b", "a&", "a=", "#", "\x01"))):
        what = f".{field}.ITEM"
        for name in names:
            yield bad(errno.EINVAL, "not the name of a", what + ".NAME",
                      **{field: [{"NAME": name, "PRESENT": 1}]})
        yield bad(errno.EINVAL, "NAME is missing", ANY, **{field: [{}]})
        yield bad(errno.EINVAL, "exactly one of EXACT", what,
                  **{field: [{"NAME": "a"}]})
        for two in ({"EXACT": "b", "PREFIX": "c"},
                    {"SUFFIX": "b", "CONTAINS": "c"},
                    {"REGEX": "b", "PRESENT": 1},
                    {"RANGE_START": 1, "RANGE_END": 2, "EXACT": "1"}):
            yield bad(errno.EINVAL, "exactly one of EXACT", what,
                      **{field: [{"NAME": "a", **two}]})
        yield bad(errno.EINVAL, "RANGE_END is missing", ANY,
                  **{field: [{"NAME": "a", "RANGE_START": 1}]})
        yield bad(errno.EINVAL, "RANGE_START is missing", ANY,
                  **{field: [{"NAME": "a", "RANGE_END": 1}]})
        yield bad(errno.EINVAL, "must be above RANGE_START",
                  what + ".RANGE_END",
                  **{field: [{"NAME": "a", "RANGE_START": 1, "RANGE_END": 1}]})
        yield bad(errno.EINVAL, "inverted by its value", what + ".INVERT",
                  **{field: [{"NAME": "a", "PRESENT": 1, "INVERT": True}]})
        yield bad(errno.ERANGE, "", what + ".PRESENT",
                  **{field: [{"NAME": "a", "PRESENT": 2}]})
        yield bad(errno.ERANGE, "", what + ".EXACT",
                  **{field: [{"NAME": "a", "EXACT": "x" * 4097}]})
        yield bad(errno.E2BIG, "more than 100 in one match", what,
                  **{field: [{"NAME": "a", "PRESENT": 1}] * 101})
    for value in "a\r\nb", "\x01", "a\0b":
        yield bad(errno.EINVAL, "never be in a request", ".HEADERS.ITEM.EXACT",
                  HEADERS=[{"NAME": "a", "EXACT": value}])
    for value in "a b", "a&b", "#":
        yield bad(errno.EINVAL, "never be in a request", ".QUERY.ITEM.PREFIX",
                  QUERY=[{"NAME": "a", "PREFIX": value}])


def refusals_of_actions():
    def bad(code, text, path, action):
        return (merge(NEW["ROUTE"], ACTION=action), code, text,
                path if path in (ANY, None) else f"ROUTE.ACTION{path}")
    one = "exactly one of CLUSTER, WEIGHTED_CLUSTERS"
    direct = {"STATUS": 200}
    yield bad(errno.EINVAL, one, "", {})
    yield bad(errno.EINVAL, one, "",
              {"CLUSTER": "a", "DIRECT_RESPONSE": direct})
    yield bad(errno.ENOENT, "", "", {"CLUSTER": "z"})
    weighted = ".WEIGHTED_CLUSTERS"
    for items, code, text, path in (
            ([], errno.EINVAL, "must not be 0", weighted),
            ([{"NAME": "a", "WEIGHT": 0}], errno.EINVAL, "must not be 0",
             weighted),
            ([{"NAME": "a"}], errno.EINVAL, "WEIGHT is missing", None),
            ([{"WEIGHT": 1}], errno.EINVAL, "NAME is missing", None),
            ([{"NAME": "a", "WEIGHT": 1000001}], errno.ERANGE, "",
             weighted + ".ITEM.WEIGHT"),
            ([{"NAME": "z", "WEIGHT": 1}], errno.ENOENT, '"z"', ""),
            ([{"NAME": "x", "WEIGHT": 1}] * 2000, errno.E2BIG,
             "the route takes more than 60000 bytes", "")):
        yield bad(code, text, path, {"WEIGHTED_CLUSTERS": items})
    for cluster in {"CLUSTER": "b"}, {"WEIGHTED_CLUSTERS": [
            {"NAME": "a", "WEIGHT": 1}, {"NAME": "b", "WEIGHT": 1}]}:
        yield (merge(NEW["ROUTE"], ACTION=cluster, HASH=[{"PATH": True}]),
               errno.EINVAL, 'its cluster "b" has none', "ROUTE.ACTION")
    yield (merge(NEW["ROUTE"], HASH=[{}]), errno.EINVAL, "exactly one of HEADER",
           "ROUTE.HASH.ITEM")
    for redirect, code, text, path in (
            ({"PATH": "/", "PREFIX": "/"}, errno.EINVAL, "only one of",
             ".PREFIX"),
            ({"PREFIX": "x"}, errno.EINVAL, "a path starts with /", ".PREFIX"),
            ({"SCHEME": 3}, errno.ERANGE, "", ".SCHEME"),
            ({"PORT": 0}, errno.ERANGE, "", ".PORT"),
            ({"STRIP_QUERY": 2}, errno.ERANGE, "", ".STRIP_QUERY"),
            ({"PATH": "x"}, errno.EINVAL, "a path starts with /", ".PATH"),
            ({"HOST": "a b"}, errno.EINVAL, "not a host", ".HOST"),
            ({"PATH": "/", "STATUS": 304}, errno.EINVAL, "must be 301",
             ".STATUS"),
            ({"PATH": "/", "STATUS": 300}, errno.ERANGE, "", ".STATUS")):
        yield bad(code, text, ".REDIRECT" + path, {"REDIRECT": redirect})
    for rewrite, code, text, path in (
            ({}, errno.EINVAL, "TEMPLATE is needed", ".REWRITE"),
            ({"HOST": "a b"}, errno.EINVAL, "not a host", ".REWRITE.HOST"),
            ({"PATH": "x"}, errno.EINVAL, "a path starts with /",
             ".REWRITE.PATH"),
            ({"PATH": "/", "TEMPLATE": "/"}, errno.EINVAL, "only one of",
             ".REWRITE.TEMPLATE"),
            ({"PREFIX": "/"}, errno.EINVAL, "that matches one", ""),
            ({"TEMPLATE": "/"}, errno.EINVAL, "that has one", "")):
        yield bad(code, text, path, {"CLUSTER": "a", "REWRITE": rewrite})
    yield bad(errno.EINVAL, "nothing is forwarded", ".REWRITE",
              {"REWRITE": {"PATH": "/"}, "REDIRECT": {"HOST": "a"}})
    yield (merge(NEW["ROUTE"], MATCH={"PATH_TEMPLATE": "/{a}"},
                 ACTION={"CLUSTER": "a", "REWRITE": {"TEMPLATE": "/{b}"}}),
           errno.EINVAL, "a variable that the template does not have",
           "ROUTE.ACTION")
    yield (merge(NEW["ROUTE"], MATCH={"PATH_TEMPLATE": "/{a}"},
                 ACTION={"CLUSTER": "a", "REWRITE": {"TEMPLATE": "/{a}" * 17}}),
           errno.EINVAL, "uses variables more than 16 times", "ROUTE.ACTION")
    yield bad(errno.EINVAL, "not the name of a header", ".CLUSTER_HEADER",
              {"CLUSTER_HEADER": "a b"})
    for response, code, text, path in (
            ({}, errno.EINVAL, "STATUS is missing", None),
            ({"STATUS": 199}, errno.ERANGE, "", ".STATUS"),
            ({"STATUS": 600}, errno.ERANGE, "", ".STATUS"),
            ({"STATUS": 200, "BODY": bytes(8193)}, errno.ERANGE, "", ".BODY")):
        yield bad(code, text, path and ".DIRECT_RESPONSE" + path,
                  {"DIRECT_RESPONSE": response})


def refusals_of_localities():
    def bad(code, text, path, items):
        return (merge(NEW["CLUSTER"], LOCALITIES=items), code, text,
                None if path is None else "CLUSTER.LOCALITIES.ITEM" + path)
    yield bad(errno.EINVAL, "NAME is missing", None, [{"WEIGHT": 1}])
    for weight in 0, 1000001:
        yield bad(errno.ERANGE, "", ".WEIGHT", [{"NAME": "a", "WEIGHT": weight}])
    for name, code in ("", errno.EINVAL), ("a b", errno.EINVAL), ("n" * 64,
                                                                 errno.ERANGE):
        yield bad(code, "", ".NAME", [{"NAME": name}])
    yield bad(errno.EEXIST, "twice", ".NAME", [{"NAME": "a"}, {"NAME": "a"}])
    yield bad(errno.E2BIG, "more than 64", "",
              [{"NAME": str(i)} for i in range(65)])
    yield (merge(NEW["ENDPOINT"], LOCALITY="nowhere"), errno.ENOENT,
           "no such locality", "ENDPOINT.LOCALITY")
    yield (merge(NEW["ENDPOINT"], LOCALITY="n" * 64), errno.ERANGE, "",
           "ENDPOINT.LOCALITY")


def refusals_of_subsets():
    def bad(code, text, path, items):
        return (merge(NEW["CLUSTER"], SUBSETS=items), code, text,
                None if path is None else "CLUSTER.SUBSETS.ITEM" + path)
    some = {"METADATA": "a=b"}
    yield bad(errno.EINVAL, "NAME is missing", None, [some])
    yield bad(errno.EINVAL, "METADATA is missing", None, [{"NAME": "a"}])
    for name, code in ("", errno.EINVAL), ("a b", errno.EINVAL), ("n" * 64,
                                                                 errno.ERANGE):
        yield bad(code, "", ".NAME", [{"NAME": name, **some}])
    for metadata, code, text in (
            ("", errno.EINVAL, "needs METADATA"),
            ("a=b,", errno.EINVAL, "ends with a comma"),
            ("a=b c", errno.EINVAL, "KEY=VALUE"),
            ("a=b,a=c", errno.EINVAL, "a key twice"),
            ("a=" + "b" * 254, errno.ERANGE, "")):
        yield bad(code, text, ".METADATA", [{"NAME": "a",
                                             "METADATA": metadata}])
        if metadata:
            yield (merge(NEW["ENDPOINT"], METADATA=metadata), code, text,
                   "ENDPOINT.METADATA")
    yield bad(errno.EEXIST, "twice", ".NAME", [{"NAME": "a", **some}] * 2)
    yield bad(errno.E2BIG, "more than 64", "",
              [{"NAME": str(i), **some} for i in range(65)])
    yield (merge(NEW["CLUSTER"], SUBSET_FALLBACK=2), errno.ERANGE, "",
           "CLUSTER.SUBSET_FALLBACK")

    def route(code, text, path, **action):
        return (merge(NEW["ROUTE"], ACTION=action), code, text, path)
    yield route(errno.EINVAL, "SUBSET goes with CLUSTER", "ROUTE.ACTION.SUBSET",
                CLUSTER_HEADER="x-c", SUBSET="none")
    yield route(errno.ERANGE, "", "ROUTE.ACTION.SUBSET", CLUSTER="a",
                SUBSET="n" * 64)
    item = "ROUTE.ACTION.WEIGHTED_CLUSTERS.ITEM.SUBSET"
    yield route(errno.EINVAL, "printable", item, WEIGHTED_CLUSTERS=[
        {"NAME": "a", "WEIGHT": 1, "SUBSET": "a b"}])
    for action in ({"CLUSTER": "a", "SUBSET": "other"},
                   {"WEIGHTED_CLUSTERS": [{"NAME": "a", "WEIGHT": 1,
                                           "SUBSET": "other"}]}):
        yield route(errno.ENOENT, 'refers to subset "other"', "ROUTE.ACTION",
                    **action)


def refusals_of_sessions():
    def bad(text, path, code=errno.EINVAL, **session):
        return (merge(NEW["CLUSTER"], SESSION=session), code, text,
                path and "CLUSTER.SESSION" + path)
    yield bad("COOKIE is missing", None, TTL=1)
    for name in "", "a b", "a;b", "a%b":
        yield bad("not the name of a cookie", ".COOKIE", COOKIE=name)
    yield bad("", ".COOKIE", errno.ERANGE, COOKIE="n" * 256)
    yield bad("", ".TTL", errno.ERANGE, COOKIE="a", TTL=31536001)
    for path in "a", "/a b", "/a;b", "":
        yield bad("a path starts with /", ".PATH", COOKIE="a", PATH=path)


def refusals_of_hashes():
    def bad(code, text, path, items):
        return (merge(NEW["CLUSTER"], HASH=items), code, text,
                "CLUSTER.HASH" + path)
    one = "exactly one of HEADER, SOURCE_ADDRESS"
    yield bad(errno.EINVAL, one, ".ITEM", [{"COOKIE": "a", "QUERY": "b"}])
    yield bad(errno.EINVAL, "COOKIE_TTL is for COOKIE", ".ITEM.COOKIE_TTL",
              [{"HEADER": "a", "COOKIE_TTL": 1}])
    yield bad(errno.EINVAL, "COMBINE with a COOKIE_TTL lets no later policy",
              ".ITEM", [{"COOKIE": "a", "COOKIE_TTL": 1, "COMBINE": True},
                        {"COOKIE": "b", "COOKIE_TTL": 1}])
    yield bad(errno.EINVAL, "COOKIE_PATH is for COOKIE_TTL",
              ".ITEM.COOKIE_PATH", [{"COOKIE": "a", "COOKIE_PATH": "/"}])
    for path in "a", "/;", "/%", "/ ":
        yield bad(errno.EINVAL, "a path starts with /", ".ITEM.COOKIE_PATH",
                  [{"COOKIE": "a", "COOKIE_TTL": 1, "COOKIE_PATH": path}])
    yield bad(errno.EINVAL, "not the name of a cookie", ".ITEM.COOKIE",
              [{"COOKIE": "a;b"}])
    yield bad(errno.EINVAL, "not the name of a query", ".ITEM.QUERY",
              [{"QUERY": "a=b"}])
    yield bad(errno.ERANGE, "", ".ITEM.COOKIE_TTL",
              [{"COOKIE": "a", "COOKIE_TTL": 31536001}])
    yield (merge(NEW["CLUSTER"], RING_MIN=9, RING_MAX=8), errno.EINVAL,
           "RING_MIN is above", "CLUSTER.RING_MAX")
    yield (merge(NEW["CLUSTER"], ACCRUAL_MIN_PENALTY=60001), errno.EINVAL,
           "ACCRUAL_MIN_PENALTY is above", "CLUSTER.ACCRUAL_MIN_PENALTY")
    yield bad(errno.EINVAL, one, ".ITEM", [{}])
    yield bad(errno.EINVAL, one, ".ITEM",
              [{"HEADER": "a", "SOURCE_ADDRESS": True}])
    yield bad(errno.EINVAL, "not the name of a header", ".ITEM.HEADER",
              [{"HEADER": "a b"}])
    yield bad(errno.E2BIG, "more than 16", ".ITEM", [{"HEADER": "a"}] * 17)


def refusals_of_workloads():
    def bad(text, path, code=errno.EINVAL, **fields):
        return merge(NEW["WORKLOAD"], **fields), code, text, path and "WORKLOAD." + path
    for address, code, text in (
            (bytes(5), errno.EINVAL, "4 or 16 bytes"), (bytes(4), errno.EINVAL, "nobody can"),
            (b"\x7f\0\0\1", errno.EINVAL, "nobody can"),
            (b"\xff" + bytes(15), errno.EINVAL, "nobody can"),
            (bytes(3), errno.ERANGE, ""), (bytes(17), errno.ERANGE, "")):
        yield bad(text, "ADDRESSES.ITEM", code, ADDRESSES=["10.9.9.8", Raw(address)])
    yield bad("more than 64", "ADDRESSES.ITEM", errno.E2BIG,
              ADDRESSES=[f"10.8.0.{i}" for i in range(65)])
    for field in "NAMESPACE", "SERVICE_ACCOUNT":
        yield bad("a / is part", field, **{field: "a/b"})
        yield bad("printable", field, **{field: "a b"})
    for identity in "spiffe://", "a/b":
        yield bad("an identity is", "IDENTITY", IDENTITY=identity)
    yield bad("metadata", "LABELS", LABELS="x")
    yield bad("", "REFUSE", errno.ERANGE, REFUSE=2)
    yield bad("same address, 10.0.0.9", "NAME", errno.EEXIST, ADDRESSES=["10.0.0.9"])
    yield bad("same network namespace", "NAME", errno.EEXIST, NETNS=(1 << 64) - 1)


def refusals_of_authorization():
    def bad(text, path, code=errno.EINVAL, **rule):
        return (merge(NEW["AUTHORIZATION"], RULES=[{}, rule]), code, text,
                "AUTHORIZATION.RULES.ITEM." + path)

    def key(name, text="no such key"):
        return bad(text, "WHEN.ITEM.KEY", WHEN=[{"KEY": name, "VALUES": ["a"]}])
    nothing = "nothing in it"
    for field, value, text in (
            ("PRINCIPALS", "spiffe://a/b", "without spiffe://"),
            ("PRINCIPALS", "", "empty value"), ("NAMESPACES", "", "empty value"),
            ("IP_BLOCKS", "10.0.0.1/x", "ADDRESS/BITS"), ("NOT_IP_BLOCKS", "h", "BITS"),
            ("REMOTE_IP_BLOCKS", "::ffff:1.2.3.4", "as IPv4")):
        yield bad(text, f"FROM.ITEM.{field}.ITEM", FROM=[{field: [value]}])
        yield bad(nothing, f"FROM.ITEM.{field}", FROM=[{field: []}])
    for field, value, text in (
            ("PORTS", "65536", "no port"), ("PORTS", "", "empty value"),
            ("NOT_PORTS", "-1", "no port"), ("PORTS", "000080", "no port"),
            ("PATHS", "/a{*}", "a segment of a template"),
            ("PATHS", "a/{*}", "begins with /"),
            ("PATHS", "/{**}/{*}", "the last variable"), ("PATHS", "/%61", "nothing escaped"),
            ("PATHS", "*//a", "without //"), ("PATHS", "/a/..", "without //"),
            ("PATHS", "/a?b", "without query"), ("METHODS", "", "empty value")):
        yield bad(text, f"TO.ITEM.{field}.ITEM", TO=[{"HOSTS": ["h"], field: [value]}])
    yield bad(nothing, "FROM", FROM=[])
    yield bad(nothing, "FROM.ITEM", FROM=[{"PRINCIPALS": ["a"]}, {}])
    yield bad(nothing, "TO", TO=[])
    yield bad(nothing, "WHEN", WHEN=[])
    yield bad("VALUES or NOT_VALUES", "WHEN.ITEM", WHEN=[{"KEY": "source.ip"}])
    yield (merge(NEW["AUTHORIZATION"], RULES=[{"WHEN": [{"VALUES": ["a"]}]}]), errno.EINVAL,
           "KEY is missing", None)
    for name in "source.ips", "request.headers[]", "request.headers[a b]", \
            "request.headers[a", "request.auth.claims[iss]", "":
        yield key(name)
    yield (merge(NEW["AUTHORIZATION"], RULES=[{}] * 513), errno.E2BIG, "more than 512",
           "AUTHORIZATION.RULES.ITEM")
    yield (merge(NEW["AUTHORIZATION"],
                 RULES=[{"TO": [{"PATHS": ["/" + "a" * 4000] * 15}]}]), errno.E2BIG,
           "more than 60000 bytes", "AUTHORIZATION.RULES")
    yield (merge(NEW["AUTHORIZATION"], SELECTOR="a"), errno.EINVAL, "metadata",
           "AUTHORIZATION.SELECTOR")
    yield (merge(NEW["AUTHORIZATION"], ACTION=3), errno.ERANGE, "", "AUTHORIZATION.ACTION")


def refusals_of_splices():
    def bad(code, text, path, **fields):
        return {"SPLICE": fields}, code, text, path
    yield bad(errno.ERANGE, "", "SPLICE.POLICY", POLICY=4)
    yield bad(errno.ERANGE, "", "SPLICE.BYPASS_SHAPING", BYPASS_SHAPING=2)
    yield bad(errno.ERANGE, "", "SPLICE.EXCEPT.ITEM.PORT",
              EXCEPT=[{"PORT": 0}])
    yield bad(errno.EINVAL, "PORT is missing", None, EXCEPT=[{}])
    yield bad(errno.E2BIG, "more than 64", "SPLICE.EXCEPT.ITEM",
              EXCEPT=[{"PORT": 1}] * 65)


@alone("what is wrong is refused, with the reason and the attribute", 300)
def _():
    g = base(Genl())
    g.delete(SPLICE={})
    count = 0
    for group in (refusals_of_names, refusals_of_numbers, refusals_of_addresses,
                  refusals_of_listeners, refusals_of_hosts, refusals_of_matches,
                  refusals_of_actions, refusals_of_hashes,
                  refusals_of_localities, refusals_of_subsets,
                  refusals_of_sessions,
                  refusals_of_headers, refusals_of_cors, refusals_of_retries,
                  refusals_of_protection, refusals_of_trust, refusals_of_places,
                  refusals_of_health_checks,
                  refusals_of_mirrors, refusals_of_workloads,
                  refusals_of_authorization,
                  refusals_of_splices):
        for o, code, text, path in group():
            if path and path is not ANY and path.endswith("MATCH" + repr(ANY)):
                path = ANY
            refused(code, g.do, "ADD", o, text=text, path=path)
            count += 1
    note(f"{count} refusals")
    equal((generation(g), g.objects()), (2, EVERYTHING[:-1]))


def nests(spec, value, at=()):
    """Where in an object there are attributes: (path, kind of value)."""
    for name, v in value.items():
        inner = spec[1][name]
        yield at + (name,), inner
        if isinstance(inner, tuple):
            yield from nests(inner, v, at + (name,))


def replaced(value, path, payload):
    value = dict(value)
    value[path[0]] = payload if len(path) == 1 \
        else replaced(value[path[0]], path[1:], payload)
    return value


@alone("drain: of what there is, one thing, and with an end or a deadline")
def _():
    g = base(Genl())
    endpoint = {"CLUSTER": "a", "ADDRESS": "10.0.0.1", "PORT": 80}
    for attrs, code, path, text in (
            ({"LISTENER": {"NAME": "nobody"}}, errno.ENOENT, "LISTENER.NAME",
             "no such listener"),
            ({"ENDPOINT": {"CLUSTER": "a"}}, errno.EINVAL, "ENDPOINT",
             "are needed"),
            ({"ENDPOINT": {**endpoint, "PORT": 81}}, errno.ENOENT,
             "ENDPOINT.ADDRESS", "no such endpoint"),
            ({"ENDPOINT": {**endpoint, "CLUSTER": "z"}}, errno.ENOENT,
             "ENDPOINT.ADDRESS", "no such endpoint"),
            ({"ENDPOINT": endpoint, "LISTENER": {"NAME": "http"}},
             errno.EINVAL, "ENDPOINT", "one object"),
            ({"DRAIN_END": True}, errno.EINVAL, "DRAIN_END", "for an endpoint"),
            ({"ENDPOINT": endpoint, "DRAIN_END": True, "DEADLINE": 1},
             errno.EINVAL, "DRAIN_END", "without DEADLINE"),
            ({"DEADLINE": 0}, errno.ERANGE, "DEADLINE", ""),
            ({"DEADLINE": 86400001}, errno.ERANGE, "DEADLINE", "")):
        refused(code, g.do, "DRAIN", attrs, text=text, path=path)
    refused(errno.EINVAL, g.do, "DRAIN", {"LISTENER": {}},
            text="NAME is missing", missing=UAPI["L7MESH_LISTENER_A_NAME"])
    for attrs in ({"ENDPOINT": endpoint, "DEADLINE": 1},
                  {"ENDPOINT": endpoint, "DRAIN_END": True},
                  {"LISTENER": {"NAME": "http"}, "DEADLINE": 86400000}, {}):
        g.do("DRAIN", attrs)


@alone("malformed, oversized and unknown attributes of every kind", 300)
def _():
    g = base(Genl())
    samples = list(NEW.values()) + [merge(NEW["ROUTE"], **r) for r in ROUTES] \
        + [{"CLUSTER": {**CLUSTER, "NAME": "n"}}]
    count = 0
    for o in samples:
        for path, spec in nests(TOP, o):
            name = ".".join(path)
            payloads = [bytes(60000)]
            if isinstance(spec, tuple):
                payloads += [b"\1", b"\3\0\1\0", b"\xff\xff\1\0",
                             attr(60, b"unknown"), attr(0, b"zero"),
                             bytes(4), attr(1, b"x") + b"left"]
            elif isinstance(spec, list):
                payloads += [b"\1", attr(2, b"unknown"), attr(1, b""),
                             b"\5\0\1\0", attr(0, b"")]
            elif spec not in ("str", "bin", "ip"):
                payloads += [bytes(n) for n in range(12)
                             if n != {"flag": 0, "u8": 1, "u16": 2,
                                      "u32": 4}.get(spec)]
            elif spec == "str":
                payloads += [b""]
            for payload in payloads:
                try:
                    g.do("ADD", replaced(o, path, Raw(payload)))
                except Refused as error:
                    true(error.errno in (errno.EINVAL, errno.ERANGE,
                                         errno.E2BIG), f"{name}: {error}")
                    count += 1
                    continue
                raise AssertionError(f"{name} = {payload[:16]} was accepted")
    # A nest that does not say that it is one.
    body = encode(("CLUSTER", TOP[1]["CLUSTER"][1]), {"NAME": "n"})
    refused(errno.EINVAL, g.raw, "ADD", attr(UAPI["L7MESH_A_CLUSTER"], body),
            path="CLUSTER", text="NLA_F_NESTED is missing")
    # Something twice in a nest.
    refused(errno.EINVAL, g.raw, "ADD",
            encode(TOP, {"CLUSTER": Raw(body + body)}),
            path="CLUSTER.NAME", text="twice")
    # Top level.
    for cmd, _ in ENUMS["l7mesh_cmd"][1:]:
        cmd = cmd[len("L7MESH_CMD_"):]
        if cmd == "CHANGED":
            refused(errno.EOPNOTSUPP, g.raw, cmd, b"")
            continue
        flags = NLM_F_DUMP if cmd == "EXPLAIN" or \
            cmd.endswith("GET") and cmd != "INFO_GET" else 0
        for payload in attr(63, b""), attr(0, b""), b"\1", \
                attr(UAPI["L7MESH_A_GENERATION"], bytes(8)):
            refused(errno.EINVAL, g.raw, cmd, payload, flags)
    # Removing takes the key alone.
    refused(errno.EINVAL, g.delete, path="CLUSTER.LB",
            CLUSTER={"NAME": "a", "LB": 1})
    refused(errno.EINVAL, g.delete, path="ENDPOINT.WEIGHT",
            ENDPOINT={**NEW["ENDPOINT"]["ENDPOINT"], "WEIGHT": 1})
    note(f"{count} refusals")
    equal((generation(g), g.objects()), (1, EVERYTHING))


@alone("mutated messages: refused or taken, and the kernel stays well", 300)
def _():
    g = Genl()
    random.seed(7)
    samples = [encode(TOP, o) for o in EVERYTHING + list(NEW.values())]
    outcomes = {}
    for i in range(4000):
        message = bytearray(random.choice(samples))
        for _ in range(random.randint(1, 4)):
            at = random.randrange(len(message))
            act = random.randrange(3)
            if act == 0:
                message[at] = random.choice((0, 1, 4, 0x7f, 0x80, 0xff,
                                             random.randrange(256)))
            elif act == 1:
                del message[at:at + random.randint(1, 8)]
            else:
                message[at:at] = random.choice(samples)[:random.randint(1, 40)]
            if not message:
                break
        try:
            g.raw(random.choice(("ADD", "SET", "DEL")), bytes(message))
            outcome = "taken"
        except Refused as error:
            outcome = errno.errorcode[error.errno]
        except ValueError:
            outcome = "unreadable"
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        if i % 1000 == 999:
            dump = g.objects()
            load(g, dump)
            equal(g.objects(), dump)
            g.do("FLUSH")
            load(g, EVERYTHING)
    note(outcomes)


if __name__ == "__main__":
    sys.exit(run_tests())
