#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# takes: 100
"""Transactions: all at once or nothing, and what random ones add up to."""

import contextlib
import ctypes
import errno
import os
import random
import subprocess
import sys
import time

LIB = os.path.join(os.path.dirname(os.path.realpath(__file__)), "lib")
sys.path.insert(0, LIB)
# pylint: disable=wrong-import-position
from l7 import equal, note, run_tests, true
from l7nl import (NLM_F_ACK, NLM_F_DUMP, NLMSG_ERROR, TOP, UAPI, Genl, Refused, decode,
                  encode)
from nlmodel import Model
from nltest import (CLUSTER, DEFAULTS, EVERYTHING, NEW, alone, base,
                    generation, load, merge, refused, settled)


@alone("a transaction: staged, checked, all at once or nothing")
def _():
    g, other = Genl(), Genl()
    load(g, EVERYTHING)
    g.do("TXN_BEGIN")
    refused(errno.EBUSY, g.do, "TXN_BEGIN", text="open already")
    g.add(LISTENER={**NEW["LISTENER"]["LISTENER"], "ROUTE_TABLE": "later"})
    g.add(ROUTE_TABLE={"NAME": "later"})
    # Staged changes are seen by staged changes, and by nobody else.
    refused(errno.EEXIST, g.add, ROUTE_TABLE={"NAME": "later"})
    equal(other.objects(), EVERYTHING)
    equal(g.objects(), EVERYTHING)
    refused(errno.ENOENT, other.delete, ROUTE_TABLE={"NAME": "later"})
    g.do("TXN_COMMIT")
    equal(len(other.objects()), len(EVERYTHING) + 2)
    refused(errno.ENOENT, g.do, "TXN_COMMIT")

    before = g.objects()
    for cmd, o, code, text in (
            ("DEL", {"CLUSTER": {"NAME": "b"}}, errno.ENOENT,
             'refers to cluster "b", which does not exist'),
            ("DEL", {"ROUTE_TABLE": {"NAME": "later"}}, errno.ENOENT,
             'listener "n" refers to route table "later"'),
            ("ADD", merge(NEW["LISTENER"], NAME="twin"), errno.EEXIST,
             'listeners "n" and "twin" have the same'),
            ("SET", {"CLUSTER": {"NAME": "a", "TABLE_SIZE": 2}}, errno.EINVAL,
             'cluster "a" has 3 endpoints, more than its table_size of 2'),
            ("ADD", merge(NEW["VIRTUAL_HOST"], DOMAINS=["*"]), errno.EEXIST,
             'domain "*" is twice in route table "t"')):
        g.do("TXN_BEGIN")
        g.add(CLUSTER={"NAME": "half"})
        g.set(ENDPOINT={"CLUSTER": "a", "ADDRESS": "10.0.0.1", "PORT": 80,
                        "WEIGHT": 99})
        g.do(cmd, o)
        refused(code, g.do, "TXN_COMMIT", text=text)
        refused(errno.ENOENT, g.do, "TXN_COMMIT", text="no transaction")
        equal((generation(g), g.objects()), (2, before))
    g.do("TXN_BEGIN")
    g.add(CLUSTER={"NAME": "half"})
    g.do("TXN_ABORT")
    equal((generation(g), g.objects()), (2, before))
    # A refused change leaves the transaction open and as it was.
    g.do("TXN_BEGIN", {"REPLACE": True})
    refused(errno.ENOENT, g.add, **NEW["ENDPOINT"])
    g.add(CLUSTER={"NAME": "a"})
    g.add(**NEW["ENDPOINT"])
    g.do("FLUSH")
    refused(errno.ENOENT, g.add, **NEW["ENDPOINT"])
    g.add(CLUSTER={"NAME": "q"})
    g.do("TXN_COMMIT")
    equal(g.objects(), [{"CLUSTER": {"NAME": "q", **DEFAULTS}}])


@alone("add, remove and add again in one transaction")
def _():
    g = base(Genl())
    ep = {"CLUSTER": "a", "ADDRESS": "10.0.0.1", "PORT": 80}
    g.do("TXN_BEGIN")
    g.delete(ENDPOINT=ep)
    refused(errno.ENOENT, g.delete, ENDPOINT=ep)
    refused(errno.ENOENT, g.set, ENDPOINT=ep)
    g.add(ENDPOINT={**ep, "WEIGHT": 1})
    g.add(ENDPOINT={**ep, "PORT": 1})
    g.delete(ENDPOINT={**ep, "PORT": 1})
    g.delete(VIRTUAL_HOST={"ROUTE_TABLE": "t", "NAME": "v"})
    g.delete(CLUSTER={"NAME": "a"})
    refused(errno.ENOENT, g.add, ENDPOINT=ep)
    g.delete(ROUTE_TABLE={"NAME": "t"})
    g.delete(SPLICE={})
    for o in EVERYTHING:
        if not {"LISTENER", "WORKLOAD", "AUTHORIZATION"} & o.keys() and \
                o.get("CLUSTER", {}).get("NAME") != "b":
            g.do("ADD", o)
    g.do("TXN_COMMIT")
    # What was removed and added again comes last.
    equal(g.objects(), [EVERYTHING[4]] + [o for o in EVERYTHING
                                          if o is not EVERYTHING[4]])


@alone("somebody else's change in between: EBUSY")
def _():
    g, other = Genl(), Genl()
    g.do("TXN_BEGIN")
    other.do("TXN_BEGIN", {"REPLACE": True})
    g.add(CLUSTER={"NAME": "mine"})
    other.add(CLUSTER={"NAME": "theirs"})
    other.do("TXN_COMMIT")
    refused(errno.EBUSY, g.do, "TXN_COMMIT", text="changed by somebody else")
    refused(errno.ENOENT, g.do, "TXN_COMMIT")
    g.do("TXN_BEGIN")
    g.add(CLUSTER={"NAME": "mine"})
    other.add(ENDPOINT={"CLUSTER": "theirs", "ADDRESS": "10.0.0.1", "PORT": 1})
    refused(errno.EBUSY, g.do, "TXN_COMMIT")
    equal([next(iter(o)) for o in g.objects()], ["CLUSTER", "ENDPOINT"])


@alone("a transaction goes with its socket; 16 may be open")
def _():
    g = Genl()
    for _ in range(40):
        s = Genl()
        s.do("TXN_BEGIN")
        s.add(CLUSTER={"NAME": "x"})
        s.close()
    sockets = [Genl() for _ in range(17)]
    for s in sockets[:16]:
        s.do("TXN_BEGIN")
    refused(errno.EBUSY, sockets[16].do, "TXN_BEGIN", text="16 transactions")
    sockets[3].close()
    sockets[16].do("TXN_BEGIN")
    # Another socket of the same number is another socket.
    port = sockets[16].sock.getsockname()[0]
    sockets[16].add(CLUSTER={"NAME": "x"})
    sockets[16].close()
    again = Genl(None)
    again.close()
    again.sock = type(g.sock)(g.sock.family, g.sock.type, g.sock.proto)
    again.sock.bind((port, 0))
    again.family = g.family
    refused(errno.ENOENT, again.do, "TXN_COMMIT")
    equal(g.objects(), [])
    for s in sockets[:3] + sockets[4:16]:
        s.close()
    again.close()
    equal(settled(g, 0), 0)


class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_char_p), ("len", ctypes.c_size_t)]


class Msghdr(ctypes.Structure):
    _fields_ = [("name", ctypes.c_void_p), ("namelen", ctypes.c_int),
                ("iov", ctypes.POINTER(Iovec)), ("iovlen", ctypes.c_size_t),
                ("control", ctypes.c_void_p), ("controllen", ctypes.c_size_t),
                ("flags", ctypes.c_int)]


class Mmsghdr(ctypes.Structure):
    _fields_ = [("header", Msghdr), ("sent", ctypes.c_uint)]


def sendmmsg(sock, datagrams):
    """Several in one system call."""
    iovs = [Iovec(d, len(d)) for d in datagrams]
    messages = (Mmsghdr * len(iovs))(
        *(Mmsghdr(Msghdr(iov=ctypes.pointer(iov), iovlen=1)) for iov in iovs))
    equal(ctypes.CDLL(None).sendmmsg(sock.fileno(), messages, len(iovs), 0),
          len(iovs))


def request(g, cmd, value=(), flags=0):
    return g.message(g.family, UAPI["L7MESH_CMD_" + cmd], encode(TOP, value), flags)


@alone("many requests at once are done in their order, dumps among them")
def _():
    for send in (lambda sock, requests: sock.send(b"".join(requests))), sendmmsg:
        g = Genl()
        requests = [request(g, "TXN_BEGIN", {"REPLACE": True}),
                    request(g, "ADD", {"CLUSTER": {"NAME": "a"}}),
                    request(g, "TXN_COMMIT", flags=NLM_F_ACK),
                    request(g, "GET", flags=NLM_F_DUMP),
                    request(g, "DEL", {"CLUSTER": {"NAME": "b"}}),
                    request(g, "FLUSH", flags=NLM_F_ACK)]
        send(g.sock, requests)
        equal(len(g.answer(requests[2])), 1)
        names = [decode(TOP, o)["CLUSTER"]["NAME"] for _, o in g.answer(requests[3])]
        equal(names, ["a"])
        equal(g.objects(), [])
        g.close()


@alone("of requests in one system call so many are done, and the others refused")
def _():
    g = Genl()
    # None that is for the kernel, and long.
    filling = (150000).to_bytes(4, "little") + bytes(149996)
    requests = [request(g, "INFO_GET", flags=NLM_F_ACK) for _ in range(60)]
    sendmmsg(g.sock, [r + filling for r in requests])
    answers = {}
    g.sock.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            for kind, flags, seq, data in g.receive():
                if kind == NLMSG_ERROR:
                    answers[seq] = g.refused(data, flags, requests[0])
    equal(len(answers), len(requests))
    in_order = [answers[seq] for seq in sorted(answers)]
    equal(in_order[:2], [None] * 2)
    equal({(a.errno, a.text) for a in in_order[3:]},
          {(errno.ENOBUFS, "too many requests in one system call")})


@alone("io_uring asks in its own system call, and not by a worker")
def _():
    subprocess.run(["make", "-s", "-C", LIB, "uring_send"], check=True)
    g = Genl()
    for how, text in ([], None), (["async"], "workers of io_uring may not ask"):
        asked = request(g, "ADD", {"CLUSTER": {"NAME": "u" + "".join(how)}}, NLM_F_ACK)
        fd = g.sock.fileno()
        subprocess.run([f"{LIB}/uring_send", str(fd), *how], input=asked, check=True,
                       timeout=30, pass_fds=[fd])
        if text:
            refused(errno.EOPNOTSUPP, g.answer, asked, text=text)
        else:
            g.answer(asked)
    equal([o["CLUSTER"]["NAME"] for o in g.objects()], ["u"])
    g.close()


@alone("random changes, alone and in transactions, against a naive model", 300)
def _():
    g = Genl()
    random.seed(3)
    now = Model()
    counts = {"published": 0, "refused": 0}
    for _ in range(700):
        new = now.copy()
        steps = random.choice((1, 1, 1, 12))
        replace = steps > 1 and random.random() < 0.2
        if steps > 1:
            g.do("TXN_BEGIN", {"REPLACE": replace})
            if replace:
                new = Model()
        error = None
        for _ in range(steps * (10 if replace else 1)):
            cmd, good, o = new.step()
            try:
                g.do(cmd, o)
            except Refused as e:
                error = e
                if good and (steps > 1 or new.sound()):
                    raise AssertionError(f"{cmd} {o}: {e}") from e
            else:
                true(good, f"{cmd} {o} was accepted")
                error = None
        if steps > 1:
            error = None
            try:
                g.do("TXN_COMMIT")
            except Refused as e:
                error = e
                true(not new.sound(), f"{e}: {list(new.objects())}")
        if not error:
            true(new.sound(), f"accepted: {list(new.objects())}")
            now = new
        counts["refused" if error else "published"] += 1
        equal(g.objects(), list(now.objects()))
    note(counts)


@alone("a cluster that is replaced by its equal is not built again")
def _():
    g = Genl()
    before = dict(CLUSTER, TABLE_SIZE=5000011)
    load(g, [{"CLUSTER": before}] + [
        {"ENDPOINT": {"CLUSTER": "a", "ADDRESS": f"10.0.0.{i}", "PORT": 80}}
        for i in range(1, 4)])
    start = time.monotonic()
    load(g, g.objects())
    same = time.monotonic() - start
    start = time.monotonic()
    g.add(ENDPOINT={"CLUSTER": "a", "ADDRESS": "10.0.0.4", "PORT": 80})
    built = time.monotonic() - start
    note(f"5000011 slots: {built:.3f} s to build, {same:.3f} s to leave alone")
    true(same < built, "an equal cluster was built again")


if __name__ == "__main__":
    sys.exit(run_tests())
