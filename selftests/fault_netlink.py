#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Every allocation that fails, one after the other, leaves all as it was.

Needs a kernel with fault injection (CONFIG_FAILSLAB, fail-nth).
"""

import errno
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from l7 import equal, note, run_tests, true
from l7nl import (NLM_F_ACK, NLM_F_DUMP, NLMSG_ERROR, TOP, UAPI, Genl, Refused,
                  encode)
from nltest import EVERYTHING, NEW, alone, base, load, pods

NTH = "/proc/thread-self/fail-nth"
FAILSLAB = "/sys/kernel/debug/failslab"
MEMORY = (errno.ENOMEM, errno.ENOBUFS)


def set_up():
    if not os.path.exists(FAILSLAB):
        subprocess.run(["mount", "-t", "debugfs", "none", "/sys/kernel/debug"],
                       stderr=subprocess.DEVNULL, check=False)
    if not os.path.exists(NTH) or not os.path.exists(FAILSLAB):
        print("1..0 # SKIP the kernel has no fault injection")
        sys.exit(4)
    for name, value in (("ignore-gfp-wait", "N"), ("cache-filter", "N"),
                        ("verbose", "0")):
        with open(f"{FAILSLAB}/{name}", "w", encoding="ascii") as f:
            f.write(value)


def fails_at(nth, function):
    """Calls with the nth allocation failing; False if it has fewer."""
    fd = os.open(NTH, os.O_RDWR)
    try:
        os.write(fd, b"%d" % nth)
        try:
            function()
        finally:
            left = int(os.pread(fd, 16, 0))
            os.write(fd, b"0")
    finally:
        os.close(fd)
    return not left


def send(g, cmd, value, flags=NLM_F_ACK):
    """Sends a request under failing allocations, then reads the answer."""
    request = g.message(g.family, UAPI["L7MESH_CMD_" + cmd],
                        encode(TOP, value), flags)
    outcome = None

    def try_it():
        nonlocal outcome
        try:
            g.sock.send(request)
        except OSError as error:
            outcome = error.errno
    return request, try_it, lambda: outcome


def attempt(cmd, value, nth, flags=NLM_F_ACK, before=()):
    """Whether an allocation failed, and the errno or None. Commands before it
    come from the same socket, and do not fail."""
    g = Genl()
    g.sock.settimeout(10)
    for earlier in before:
        g.do(*earlier)
    request, try_it, outcome = send(g, cmd, value, flags)
    failed = fails_at(nth, try_it)
    code = outcome()
    if not code:
        try:
            g.answer(request)
        except Refused as error:
            code = error.errno
        except OSError as error:
            code = error.errno
    g.close()
    return failed, code


CHANGES = [("ADD", o) for o in NEW.values()] + [
    ("SET", {"CLUSTER": {"NAME": "a", "HASH": [{"HEADER": "z"}]}}),
    ("SET", {"ENDPOINT": {"CLUSTER": "a", "ADDRESS": "10.0.0.1", "PORT": 80,
                          "METADATA": "k=" + "v" * 253}}),
    ("SET", {"VIRTUAL_HOST": {"ROUTE_TABLE": "t", "NAME": "v",
                              "DOMAINS": ["z.example"]}}),
    ("SET", {"ROUTE": {"ROUTE_TABLE": "t", "VIRTUAL_HOST": "v", "INDEX": 1,
                       "MATCH": {}}}),
    ("DEL", {"ROUTE": {"ROUTE_TABLE": "t", "VIRTUAL_HOST": "v", "INDEX": 0}}),
    ("DEL", {"LISTENER": {"NAME": "tcp"}}),
    # Hooks in all namespaces of the mesh, if they are not there yet.
    ("SET", {"LISTENER": {"NAME": "http", "PACKETS": 1}}),
    ("FLUSH", {}),
]


def injected(count):
    note(f"injected {count} failures")


def until_none_fails(cmd, value, after, **how):
    """Calls after(errno or None) after each attempt, for all is to be as it was
    then; how many failed."""
    for nth in range(1, 500):
        failed, code = attempt(cmd, value, nth, **how)
        true(code is None or failed and code in MEMORY,
             f"{cmd} {value}: errno {code}")
        after(code)
        if not failed:
            injected(nth - 1)
            return
    true(False, f"{cmd} {value} never ends")


@alone("changes: all or nothing, whichever allocation fails", 600)
def _():
    g = base(Genl())

    def after(code):
        # It may have succeeded, or only its answer was lost.
        if code is None or g.objects() != EVERYTHING:
            load(g, EVERYTHING)
    for cmd, o in CHANGES:
        until_none_fails(cmd, o, after)
    equal(g.objects(), EVERYTHING)


@alone("transactions: all or nothing", 600)
def _():
    g = base(Genl())
    new = NEW["CLUSTER"]
    replace = (("TXN_BEGIN", {"REPLACE": True}), ("ADD", new))
    for step in *replace, ("TXN_COMMIT",):
        g.do(*step)
    replaced = g.objects()
    load(g, EVERYTHING)

    def after(_):
        now = g.objects()
        true(now in (EVERYTHING, replaced), now)
        if now != EVERYTHING:
            load(g, EVERYTHING)
    until_none_fails("TXN_COMMIT", {}, after, before=replace)
    until_none_fails("TXN_ABORT", {}, after, before=replace)
    until_none_fails("ADD", new, after, before=replace[:1])
    until_none_fails("DEL", {"LISTENER": {"NAME": "tcp"}}, after,
                     before=[("TXN_BEGIN", {})])
    # A transaction whose socket has closed is gone.
    g.do("TXN_BEGIN")
    g.do("TXN_ABORT")


def answered(g):
    """What requests have been told by now, by their numbers: an errno, or 0."""
    told = {}
    g.sock.settimeout(0)
    while True:
        try:
            for kind, _, seq, data in g.receive():
                equal(kind, NLMSG_ERROR)
                told[seq] = -struct.unpack_from("=i", data)[0]
        except BlockingIOError:
            return told
        except OSError as error:
            # Some answer was lost, and that is said.
            true(error.errno in MEMORY, error)


def ask_at_once(names, nth):
    """In one system call: whether an allocation failed, and what each was told."""
    g = Genl()
    requests = {g.seq + 1: g.message(
        g.family, UAPI["L7MESH_CMD_ADD"], encode(TOP, {"CLUSTER": {"NAME": name}}),
        NLM_F_ACK) for name in names}

    def send():
        try:
            g.sock.send(b"".join(requests.values()))
        except OSError as error:
            true(error.errno in MEMORY, error)
    failed = fails_at(nth, send)
    told = answered(g)
    g.close()
    return failed, [told.get(seq) for seq in requests]


@alone("requests of one system call: each is done or refused, and says so", 600)
def _():
    g = base(Genl())
    names = [f"at-once-{i}" for i in range(3)]
    for nth in range(1, 500):
        failed, told = ask_at_once(names, nth)
        there = {o["CLUSTER"]["NAME"] for o in g.objects() if "CLUSTER" in o}
        for name, code in zip(names, told):
            true(code == 0 or failed and code in (None, *MEMORY), (name, code))
            if code is not None:
                equal((name, name in there), (name, not code))
            if name in there:
                g.do("DEL", {"CLUSTER": {"NAME": name}})
        equal(g.objects(), EVERYTHING)
        if not failed:
            equal(told, [0] * len(names))
            injected(nth - 1)
            return
    true(False, "it never ends")


def let_go(there):
    """The namespace, if it is attached, and all that is configured."""
    g = Genl()
    if g.dump("ATTACHED_GET"):
        g.do("DETACH", there)
    g.do("FLUSH")
    g.close()


@alone("a namespace's first change and attach: nothing is left behind", 600)
def _():
    with pods() as pod:
        there = {"NETNS_FD": pod.fd}

        def after(_):
            let_go(there)
        for cmd, o in (("ADD", NEW["CLUSTER"]), ("TXN_BEGIN", {}),
                       ("ATTACH", there)):
            until_none_fails(cmd, o, after)
        for cmd, o in (("DETACH", there), ("DRAIN", {}), ("INFO_GET", {})):
            until_none_fails(cmd, o, after, before=[("ATTACH", there)])


TAKES = {"LISTENER": {**NEW["LISTENER"]["LISTENER"], "PACKETS": 1}}


@alone("packets are taken in all namespaces of a mesh, or in none", 600)
def _():
    with pods() as pod:
        there = {"NETNS_FD": pod.fd}

        def after(_):
            let_go(there)
        table = ("ADD", {"ROUTE_TABLE": {"NAME": "t"}})
        until_none_fails("ADD", TAKES, after, before=[table, ("ATTACH", there)])
        until_none_fails("ATTACH", there, after, before=[table, ("ADD", TAKES)])


@alone("dumps: an error or the whole", 600)
def _():
    g = base(Genl())
    for cmd, o in (("GET", {}), ("STATS_GET", {}), ("ATTACHED_GET", {}),
                   ("MAGLEV_GET", {"CLUSTER_NAME": "a"}),
                   ("EXPLAIN", {"EXPLAIN": {
                       "LISTENER": "http", "HEAD": b"GET /a HTTP/1.1\r\n"
                       b"Host: www.example\r\n\r\n"}})):
        until_none_fails(cmd, o, lambda _: None, flags=NLM_F_DUMP)
    equal(g.objects(), EVERYTHING)


if __name__ == "__main__":
    set_up()
    sys.exit(run_tests())
