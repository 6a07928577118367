#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Every allocation that fails, one after the other, leaves all as it was.

Needs a kernel with fault injection (CONFIG_FAILSLAB, fail-nth).
"""

import errno
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from l7 import equal, note, run_tests, true
from l7nl import NLM_F_ACK, NLM_F_DUMP, TOP, UAPI, Genl, Refused, encode
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


def attempt(cmd, value, nth, flags=NLM_F_ACK):
    """Whether an allocation failed, and the errno or None."""
    g = Genl()
    g.sock.settimeout(10)
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
    ("SET", {"VIRTUAL_HOST": {"ROUTE_TABLE": "t", "NAME": "v",
                              "DOMAINS": ["z.example"]}}),
    ("SET", {"ROUTE": {"ROUTE_TABLE": "t", "VIRTUAL_HOST": "v", "INDEX": 1,
                       "MATCH": {}}}),
    ("DEL", {"ROUTE": {"ROUTE_TABLE": "t", "VIRTUAL_HOST": "v", "INDEX": 0}}),
    ("DEL", {"LISTENER": {"NAME": "tcp"}}),
    ("FLUSH", {}),
]


@alone("changes: all or nothing, whichever allocation fails", 600)
def _():
    g = base(Genl())
    failures = 0
    for cmd, o in CHANGES:
        nth = 0
        while True:
            nth += 1
            true(nth < 500, f"{cmd} {o} never ends")
            failed, code = attempt(cmd, o, nth)
            if not failed:
                equal((cmd, o, code), (cmd, o, None))
                break
            failures += 1
            true(code is None or code in MEMORY, f"{cmd} {o}: errno {code}")
            if code is None or g.objects() != EVERYTHING:
                # It succeeded all the same, or only its answer was lost.
                load(g, EVERYTHING)
        load(g, EVERYTHING)
    note(f"{failures} failures")
    equal(g.objects(), EVERYTHING)


@alone("a namespace's first change and attach: nothing is left behind", 600)
def _():
    with pods() as pod:
        failures = 0
        for cmd, o in (("ADD", NEW["CLUSTER"]), ("TXN_BEGIN", {}),
                       ("ATTACH", {"NETNS_FD": pod.fd})):
            nth = 0
            while True:
                nth += 1
                true(nth < 500, f"{cmd} never ends")
                failed, code = attempt(cmd, o, nth)
                g = Genl()
                if cmd == "ATTACH" and g.dump("ATTACHED_GET"):
                    g.do("DETACH", {"NETNS_FD": pod.fd})
                g.do("FLUSH")
                g.close()
                if not failed:
                    equal((cmd, code), (cmd, None))
                    break
                failures += 1
                true(code is None or code in MEMORY, f"{cmd}: errno {code}")
        note(f"{failures} failures")


@alone("dumps: an error or the whole", 600)
def _():
    g = base(Genl())
    failures = 0
    for cmd, o in (("GET", {}), ("STATS_GET", {}), ("ATTACHED_GET", {}),
                   ("MAGLEV_GET", {"CLUSTER_NAME": "a"})):
        nth = 0
        while True:
            nth += 1
            true(nth < 500, f"{cmd} never ends")
            failed, code = attempt(cmd, o, nth, NLM_F_DUMP)
            if not failed:
                equal((cmd, code), (cmd, None))
                break
            failures += 1
            true(code is None or code in MEMORY, f"{cmd}: errno {code}")
    note(f"{failures} failures")
    equal(g.objects(), EVERYTHING)


if __name__ == "__main__":
    set_up()
    sys.exit(run_tests())
