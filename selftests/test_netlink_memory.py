#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# takes: 60
"""The memory of a configuration: bounded, and given back."""

import contextlib
import errno
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from l7 import equal, note, run_tests, true
from l7nl import Genl, Refused
from nltest import EVERYTHING, NEW, alone, base, held, load, refused, settled


LIMIT = "/sys/module/l7mesh/parameters/config_bytes_max"


@contextlib.contextmanager
def limit(value):
    with open(LIMIT, encoding="ascii") as f:
        old = f.read()
    try:
        with open(LIMIT, "w", encoding="ascii") as f:
            f.write(str(value))
        yield
    finally:
        with open(LIMIT, "w", encoding="ascii") as f:
            f.write(old)


@alone("memory: bounded, refused in words, given back")
def _():
    g = base(Genl())
    start = settled(g)
    with limit(start + 100000):
        g.do("TXN_BEGIN")
        g.add(CLUSTER={"NAME": "big"})

        def fill():
            for i in range(5000):
                g.add(ENDPOINT={"CLUSTER": "big", "PORT": 80,
                                "ADDRESS": f"10.1.{i >> 8}.{i & 255}"})
        refused(errno.ENOSPC, fill, path="ENDPOINT.ADDRESS",
                text=f"exceeds the limit of {start + 100000} bytes "
                     "(module parameter config_bytes_max)")
        true(held(g) <= start + 100000)
        g.do("TXN_ABORT")
        refused(errno.ENOSPC, g.set, path="CLUSTER.NAME",
                CLUSTER={"NAME": "a", "TABLE_SIZE": 5000011})
        equal(g.objects(), EVERYTHING)
    equal(settled(g, start), start)
    g.set(CLUSTER={"NAME": "a", "TABLE_SIZE": 5000011})
    true(settled(g) > start + 4900000)
    g.do("FLUSH")
    true(settled(g) < 1000)


@alone("every charge that fails leaves everything as it was", 300)
def _():
    g = base(Genl())
    start = settled(g)
    changes = [("ADD", o) for o in NEW.values()] + [
        ("SET", {"CLUSTER": {"NAME": "a", "HASH": [{"HEADER": "z"}]}}),
        ("SET", {"ENDPOINT": {"CLUSTER": "a", "ADDRESS": "10.0.0.1", "PORT": 80,
                              "WEIGHT": 3}}),
        ("SET", {"VIRTUAL_HOST": {"ROUTE_TABLE": "t", "NAME": "v",
                                  "DOMAINS": ["z.example"]}}),
        ("SET", {"ROUTE": {"ROUTE_TABLE": "t", "VIRTUAL_HOST": "v", "INDEX": 1,
                           "MATCH": {}}}),
        ("DEL", {"ROUTE": {"ROUTE_TABLE": "t", "VIRTUAL_HOST": "v",
                           "INDEX": 0}}),
        ("DEL", {"LISTENER": {"NAME": "tcp"}}),
        ("FLUSH", {}),
    ]
    failures = 0
    for cmd, o in changes:
        room = 0
        while True:
            try:
                with limit(start + room):
                    g.do(cmd, o)
                break
            except Refused as error:
                equal(error.errno, errno.ENOSPC)
            failures += 1
            # An index of many networks is one large piece.
            room += 97 if room < 30000 else 2003
            true(room < 600000, f"{cmd} {o} never succeeds")
        true(room, f"{cmd} {o} needs no memory")
        load(g, EVERYTHING)
        equal(settled(g, start), start)
    note(f"{failures} failures")
    # The same for a transaction that replaces everything.
    room = 0
    while True:
        with limit(start + room):
            try:
                load(g, EVERYTHING)
                break
            except Refused as error:
                equal(error.errno, errno.ENOSPC)
                with contextlib.suppress(Refused):
                    g.do("TXN_ABORT")
        room += 211 if room < 100000 else 2003
    equal(g.objects(), EVERYTHING)
    equal(settled(g, start), start)


if __name__ == "__main__":
    sys.exit(run_tests())
