#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# takes: 170
"""The configuration under concurrent use, and at scale."""

import contextlib
import errno
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from l7 import equal, fork, note, run_tests, true
from l7nl import NLM_F_DUMP, UAPI, Genl, Refused
from nlmodel import Model
from nltest import EVERYTHING, NEW, Pod, alone, child, held, load, refused, settled


@alone("dumps show one snapshot each, whatever happens meanwhile", 200)
def _():
    def objects(n):
        return [{"CLUSTER": {"NAME": f"c{n}"}}] + [
            {"ENDPOINT": {"CLUSTER": f"c{n}", "PORT": n + 1,
                          "ADDRESS": f"10.0.{i >> 8}.{i & 255}"}}
            for i in range(1, 1500)]
    a, b = objects(0), objects(1)
    g = Genl()
    load(g, a)
    stop, tell = os.pipe()
    pid = fork()
    if not pid:
        os.close(tell)
        w = Genl()
        n = 0
        os.set_blocking(stop, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                load(w, a if n & 1 else b)
                n += 1
                if os.read(stop, 1) == b"":
                    break
        while True:
            with contextlib.suppress(BlockingIOError):
                if os.read(stop, 1) == b"":
                    os._exit(0)
            load(w, a if n & 1 else b)
            n += 1
    os.close(stop)
    seen = set()
    end = time.monotonic() + 60
    while time.monotonic() < end and len(seen) < 12:
        dump = g.dump("GET")
        equal(len({o["GENERATION"] for o in dump}), 1)
        seen.add(dump[0]["GENERATION"])
        names = {o["ENDPOINT"]["CLUSTER"] for o in dump if "ENDPOINT" in o}
        equal((len(dump), len(names)), (1500, 1))
    os.close(tell)
    equal(os.waitpid(pid, 0)[1], 0)
    true(len(seen) > 2, f"only generations {seen}")


@alone("everybody at once: changes, dumps, attach, namespaces that go", 200)
def _():
    end = time.monotonic() + 30

    def writer(seed):
        random.seed(seed)
        g = Genl()
        model = Model()
        while time.monotonic() < end:
            with contextlib.suppress(Refused):
                if random.random() < 0.2:
                    load(g, EVERYTHING, random.random() < 0.5)
                elif random.random() < 0.05:
                    g.do("FLUSH")
                else:
                    cmd, _, o = model.copy().step()
                    g.do(cmd, o)

    def reader(_):
        g = Genl()
        while time.monotonic() < end:
            for o in g.dump("GET"):
                true(len(o) == 2, o)
            g.dump("STATS_GET")
            with contextlib.suppress(Refused):
                g.dump("MAGLEV_GET", {"CLUSTER_NAME": "a"})

    def half_reader(_):
        while time.monotonic() < end:
            g = Genl()
            request = g.message(g.family, UAPI["L7MESH_CMD_GET"], b"",
                                NLM_F_DUMP)
            g.sock.send(request)
            g.sock.recv(4096)
            g.close()

    def coming_and_going(_):
        g = Genl()
        while time.monotonic() < end:
            pod = Pod()
            with contextlib.suppress(Refused):
                inside = pod.genl()
                if random.random() < 0.5:
                    inside.do("TXN_BEGIN")
                    inside.add(**NEW["CLUSTER"])
                g.do("ATTACH", {"NETNS_PID": pod.pid})
                if random.random() < 0.5:
                    g.do("DETACH", {"NETNS_PID": pod.pid})
                inside.add(**NEW["CLUSTER"])
            pod.leave()

    pids = []
    for i, act in enumerate((writer, writer, reader, half_reader,
                             coming_and_going)):
        pid = fork()
        if not pid:
            os._exit(0 if child(act, i) else 1)
        pids.append(pid)
    equal([os.waitpid(pid, 0)[1] for pid in pids], [0] * len(pids))


CLUSTERS = 10000 // int(os.environ.get("L7MESH_SCALE", "1"))
PER_CLUSTER = 5


def scale():
    for i in range(CLUSTERS):
        yield {"CLUSTER": {"NAME": f"c{i}"}}
        for k in range(PER_CLUSTER):
            n = i * PER_CLUSTER + k
            yield {"ENDPOINT": {
                "CLUSTER": f"c{i}", "PORT": 80,
                "ADDRESS": f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"}}
    for i in range(CLUSTERS):
        yield {"LISTENER": {
            "NAME": f"l{i}", "ADDRESS": f"10.96.{i >> 8}.{i & 255}", "PORT": 80,
            "PROTOCOL": 0, "CLUSTER": f"c{i}"}}


@alone(f"{CLUSTERS} listeners and {CLUSTERS * PER_CLUSTER} endpoints in one "
       "transaction", 600)
def _():
    g = Genl()
    objects = list(scale())
    clock = time.monotonic
    start = clock()
    g.do("TXN_BEGIN", {"REPLACE": True})
    g.many("ADD", objects, 300)
    staged = clock()
    g.do("TXN_COMMIT")
    committed = clock()
    note(f"staged in {staged - start:.1f} s (mostly this script), committed in "
         f"{committed - staged:.1f} s, {held(g)} bytes")
    dump = [p for _, p in g.raw("GET", b"", NLM_F_DUMP)]
    note(f"dumped in {clock() - committed:.1f} s")
    equal(len(dump), len(objects))
    # The same again: every object is shared.
    before = held(g)
    g.do("TXN_BEGIN", {"REPLACE": True})
    start = clock()
    for i in range(0, len(dump), 300):
        requests = [g.message(g.family, UAPI["L7MESH_CMD_ADD"], p[12:],
                              4 if k == len(dump[i:i + 300]) - 1 else 0)
                    for k, p in enumerate(dump[i:i + 300])]
        g.sock.send(b"".join(requests))
        g.answers_to(requests)
    staged = clock()
    g.do("TXN_COMMIT")
    note(f"the dump: staged in {staged - start:.1f} s, committed in "
         f"{clock() - staged:.1f} s")
    again = [p for _, p in g.raw("GET", b"", NLM_F_DUMP)]
    equal([p[12:] for p in again] == [p[12:] for p in dump], True)
    equal(settled(g, before), before)
    start = clock()
    g.add(ENDPOINT={"CLUSTER": "c7", "ADDRESS": "10.255.0.1", "PORT": 80})
    note(f"one endpoint more: {(clock() - start) * 1000:.0f} ms")
    # Many in one cluster: the last costs no more than the first.
    g.do("TXN_BEGIN", {"REPLACE": True})
    g.add(CLUSTER={"NAME": "c"})
    times = []
    part = CLUSTERS * PER_CLUSTER // 20
    for i in range(1, CLUSTERS * PER_CLUSTER, part):
        endpoints = [{"ENDPOINT": {
            "CLUSTER": "c", "PORT": 80,
            "ADDRESS": f"10.0.{n >> 8}.{n & 255}"}} for n in range(i, i + part)]
        # Of this process alone, the kernel's part included: others may run.
        start = time.process_time()
        g.many("ADD", endpoints, 300)
        times.append(time.process_time() - start)
    note(f"{part} endpoints of one cluster in "
         + ", ".join(f"{t:.2f}" for t in times) + " s")
    start = clock()
    g.do("TXN_COMMIT")
    note(f"committed in {clock() - start:.1f} s")
    true(sum(times[-5:]) < 8 * sum(times[:5]), "endpoints get slower")
    equal(len(g.objects()), CLUSTERS * PER_CLUSTER + 1)


def longest_gap(stop):
    """How long a process that wants its CPU every 5 ms had to wait for it, at most."""
    longest = 0
    while not os.path.exists(stop):
        start = time.monotonic()
        time.sleep(0.005)
        longest = max(longest, time.monotonic() - start)
    return longest


def of_places(name, first, n, **listener):
    """A listener of @n addresses that no other such one has."""
    where = [f"10.{128 + (i >> 16)}.{i >> 8 & 255}.{i & 255}" for i in range(first, first + n)]
    return {"LISTENER": {"NAME": name, "ADDRESS": where[0], "ADDRESSES": where[1:],
                         "PROTOCOL": 1, "ROUTE_TABLE": "t", **listener}}


@alone("65,536 ranges of ports are what a mesh has at most", 600)
def _():
    g = Genl()
    each = UAPI["L7MESH_LISTENER_ADDRESSES_MAX"] + 1
    most = UAPI["L7MESH_LISTENER_RANGES_MAX"]
    objects = [of_places(f"l{i}", i, min(each, most - i), PORT=8000, PORT_END=9000)
               for i in range(0, most, each)]
    g.do("TXN_BEGIN", {"REPLACE": True})
    g.many("ADD", [{"ROUTE_TABLE": {"NAME": "t"}}, *objects], 300)
    start = time.monotonic()
    g.do("TXN_COMMIT")
    note(f"committed in {time.monotonic() - start:.1f} s, {held(g)} bytes")
    new = of_places("new", most, 1, PORT=1, PORT_END=2)
    refused(errno.E2BIG, g.add, text="more than 65536 ranges of ports", **new)
    g.add(LISTENER={**new["LISTENER"], "PORT_END": 0})
    g.delete(LISTENER={"NAME": "l0"})
    g.set(LISTENER=of_places("new", most, each, PORT_END=2)["LISTENER"])


@alone("a hundred thousand networks of clients at one address", 600)
def _():
    g = Genl()
    n = 100000 // int(os.environ.get("L7MESH_SCALE", "1")) // 64
    listeners = [{"LISTENER": {
        "NAME": f"l{i}", "ADDRESS": "10.96.0.1", "PORT": 80, "PROTOCOL": 1,
        "ROUTE_TABLE": "t", "FROM": [
            (10 << 24 | i << 10 | k << 4).to_bytes(4, "big") + bytes([28])
            for k in range(64)]}} for i in range(n)]
    g.do("TXN_BEGIN", {"REPLACE": True})
    g.many("ADD", [{"ROUTE_TABLE": {"NAME": "t"}}, *listeners], 100)
    start = time.monotonic()
    g.do("TXN_COMMIT")
    note(f"committed in {time.monotonic() - start:.1f} s, {held(g)} bytes")
    last = listeners[-1]["LISTENER"]
    for name in last["NAME"], "new":
        refused(errno.EEXIST, g.add, text=f'"{name}"',
                LISTENER={**last, "NAME": "new", "FROM": last["FROM"][-1:]})
    g.add(LISTENER={**last, "NAME": "new", "FROM": []})


@alone("a ring of a million entries leaves its CPU to others while it is built", 300)
def _():
    os.sched_setaffinity(0, {0})
    stop = f"/run/ring-{os.getpid()}"
    result, tell = os.pipe()
    if not fork():
        os.write(tell, f"{longest_gap(stop)}".encode())
        os._exit(0)
    time.sleep(0.2)
    start = time.monotonic()
    load(Genl(), [{"CLUSTER": {"NAME": "r", "LB": UAPI["L7MESH_LB_RING_HASH"],
                               "RING_MIN": 1 << 20, "RING_MAX": 1 << 20,
                               "HASH": [{"SOURCE_ADDRESS": True}]}},
                  *({"ENDPOINT": {"CLUSTER": "r", "ADDRESS": f"10.0.0.{i}", "PORT": 80}}
                    for i in (1, 2))])
    took = time.monotonic() - start
    with open(stop, "wb"):
        pass
    gap = float(os.read(result, 100))
    note(f"built in {took:.2f} s, {gap:.2f} s without the CPU")
    true(gap < took / 2, "it kept the CPU")


if __name__ == "__main__":
    sys.exit(run_tests())
