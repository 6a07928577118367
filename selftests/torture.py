#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Everything at once, for MINUTES: "make torture" runs it in a VM.

    torture.py MINUTES

A thousand connections (L7MESH_SCALE divides that) of every kind that
torture_peer.py has, from four pods, while in one namespace after the other the
mesh is applied, single objects and the splice policy change, servers are killed,
pods are attached, detached, made and deleted, memory is short, a CPU goes and
comes, and the module is unloaded and loaded.

   calm     its endpoints, memory and attachment are left alone: nothing but the
            module's going may ever fail it
   wild     everything else happens to it
   squeezed wild, and its memory.max comes close to what it uses

What a client is told instead of its answer has to be what the documents say that
the mesh does when that happens, within seconds of its happening: see Excuses in
torture_peer.py. Other bytes than the right ones are never excused. The last
lines are the counts; exit 1 if anything is wrong.
"""

import collections
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import traceback

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
# pylint: disable=wrong-import-position
from l7 import Net, all_ended, in_pod, meshctl, until
from l7nl import Genl, Refused
from torture_peer import ECHO, HOSTS, KINDS, Excuses

PEER = os.path.join(HERE, "lib", "torture_peer.py")
CONNECTIONS = 1000 // int(os.environ.get("L7MESH_SCALE", "1"))
CALLERS = {"calm": 11, "wild": 12, "roamer": 13, "squeezed": 14}
SERVERS = {"web1": 21, "web2": 22, "web3": 23}
# An emulator may be: that is not what is wrong.
SLOW = {"connect_timeout": "80s", "response_timeout": "80s"}
CGROUP = "/sys/fs/cgroup"


def endpoints(*pods, port=8080, families=(4, 6)):
    return [{"address": f"10.2.0.{SERVERS[p]}" if f == 4 else
             f"fd00:2::{SERVERS[p]}", "port": port}
            for p in pods for f in families]


def placed(list_, variant):
    """The same, in two localities; of priorities the second is used now and then."""
    return [{**e, "locality": "ab"[(i + variant) % 2],
             "metadata": f"side={'ab'[(i + variant) % 2]}",
             "priority": i % 3 * variant} for i, e in enumerate(list_)]


def mesh(variant):
    """Two that differ, and that serve the same."""
    clusters, listeners, tables = [], [], []
    for calm, pods in (True, ("web1",)), (False, ("web2", "web3")):
        name = "calm" if calm else "wild"
        lb = (("maglev", "ring_hash"),
              ("least_request", "peak_ewma"))[variant][calm]
        # All at once the endpoints are ill, or new: then all of them are used.
        check = {"interval": "200ms", "timeout": "5s",
                 "no_traffic_interval": "0s"}
        clusters += [
            {"name": name, "lb": lb, "table_size": 1009, **SLOW,
             "health_check": {**check, "jitter": "50ms"},
             "hash": [{"cookie": "sid", "cookie_ttl": 9},
                      {"header": "x-user"}],
             # Never reached: what is counted must be right all the same.
             "circuit_breakers": {"max_connections": 100000,
                                  "max_requests": 100000,
                                  "retry_budget": "50%"},
             "outlier_detection": {"consecutive_5xx": 3 + variant,
                                   "base_ejection_time": "100ms",
                                   "interval": "1s",
                                   "success_rate_stdev_factor": 1900},
             "failure_accrual": {"max_failures": 5 * calm,
                                 "min_penalty": "50ms"},
             "slow_start_window": f"{variant}s",
             "localities": [{"name": "a", "weight": 2}, {"name": "b"}],
             "subsets": [{"name": n, "metadata": f"side={n}"} for n in "ab"],
             "subset_fallback": "any_endpoint",
             "session_affinity": {"cookie": "who"} if variant else {},
             "endpoints": placed(endpoints(*pods), variant)},
            {"name": name + "-echo", "lb": lb, "table_size": 1009,
             **({"health_check": check} if variant else {}),
             "endpoints": endpoints(*pods, port=9090, families=(4,))}]
        # What is rewritten is as it was, and all the machinery has run.
        routes = [{"match": {"path": {"prefix": "/"}},
                   "action": {
                       "rewrite": {"prefix": "/"}, "weighted_clusters": [
                           {"name": name, "weight": 1, "subset": "a"},
                           {"name": name, "weight": 1, "subset": "b"},
                           {"name": name, "weight": 1}]},
                   "request_headers": [
                       {"name": "x-a", "value": "%DOWNSTREAM_REMOTE_ADDRESS%"},
                       {"name": "x-b", "op": "remove"}],
                   "response_headers": [
                       {"name": "x-c", "value": "%UPSTREAM_CLUSTER%"}],
                   "cors": {"allow_origins": ["*"]},
                   "retry": {"on": "connect_failure,reset",
                             "num_retries": 1 + variant,
                             "per_try_timeout": "500ms",
                             "hedge_on_per_try_timeout": True},
                   # To who sends them back: that is no response.
                   "mirrors": [{"cluster": name + "-echo", "fraction": "5%"}],
                   "rate_limit": {"max_tokens": 1000000, "header": "x-user",
                                  "tokens_per_fill": 1000000, "max_keys": 8},
                   "fault": {"delay": "1ms", "delay_fraction": "1%",
                             "by_header": True}}]
        routes += [{"match": {"path": {"regex": f"/never/(a|b)*{i}"},
                              "headers": [{"name": "x", "regex": "[a-z]+"}]},
                    "action": {"cluster": name}} for i in range(10)]
        if variant:
            routes.insert(0, {"match": {"path": {"exact": "/direct"}},
                              "action": {"direct_response": {"status": 204}}})
        tables.append({"name": name, "virtual_hosts": [
            {"name": "all", "domains": ["*"], "routes": routes,
             "order": ("first", "specific")[variant]}]})
        for n, host in enumerate(HOSTS[calm]):
            listeners += [
                {"name": f"{name}{n}", "address": host, "port": 80,
                 "protocol": "http", "route_table": name,
                 "max_connections_per_source": 100000,
                 "max_requests_per_source": 100000 * variant},
                {"name": f"{name}-echo{n}", "address": host,
                 "port": ECHO[calm], "protocol": "tcp",
                 "cluster": name + "-echo"}]
    return {"clusters": clusters, "route_tables": tables,
            "listeners": listeners}


class World:
    """The pods and what runs in them, the module, and what was counted."""

    def __init__(self):
        self.net = Net(**CALLERS, **SERVERS)
        self.folder = tempfile.mkdtemp()
        self.path = f"{self.folder}/excuses"
        self.excuses = Excuses.make(self.path)
        self.count = collections.Counter()
        self.wrong = []
        self.reports = []
        self.servers, self.callers = {}, {}
        # Held by who talks to the module, so that it is there.
        self.module = threading.Lock()
        self.stop = threading.Event()

    def in_pod(self, pod, *args):
        return subprocess.Popen(["ip", "netns", "exec", pod, PEER, *args],
                                stdin=subprocess.DEVNULL)

    def serve(self, pod):
        self.servers[pod] = self.in_pod(pod, "serve", "8080", "9090")
        until(lambda: self.listens(pod), 120)

    def listens(self, pod):
        with in_pod(pod), open("/proc/thread-self/net/tcp",
                               encoding="ascii") as f:
            return ":1F90 " in f.read()

    def call(self, pod, connections):
        report = f"{self.folder}/{pod}-{len(self.reports)}"
        self.reports.append(report)
        self.callers[pod] = self.in_pod(
            pod, "call", str(connections), str(int(pod == "calm")), self.path,
            report)
        return self.callers[pod]

    def apply(self, variant):
        meshctl("apply", "-f", "-", file=json.dumps(mesh(variant)))

    def begin(self):
        self.apply(0)
        for pod in CALLERS:
            meshctl("attach", pod)
        for pod in SERVERS:
            self.serve(pod)
        begin_squeeze()
        for pod in CALLERS:
            self.call(pod, CONNECTIONS // len(CALLERS))
        squeeze(self.callers["squeezed"].pid)

    def end(self):
        for caller in self.callers.values():
            caller.send_signal(signal.SIGTERM)
        for pod, caller in self.callers.items():
            if pod in CALLERS and caller.wait(120):
                self.wrong.append(f"{pod} ended by {caller.returncode}")


# ---- memory ----

def begin_squeeze():
    if not os.path.exists(f"{CGROUP}/cgroup.controllers"):
        subprocess.run(["mount", "-t", "cgroup2", "none", CGROUP], check=True)
    with open(f"{CGROUP}/cgroup.subtree_control", "w", encoding="ascii") as f:
        f.write("+memory")
    os.makedirs(f"{CGROUP}/squeezed", exist_ok=True)


def cgroup(name, value=None):
    with open(f"{CGROUP}/squeezed/{name}", "r" if value is None else "w",
              encoding="ascii") as f:
        return f.read() if value is None else f.write(str(value))


def squeeze(pid):
    cgroup("cgroup.procs", pid)


# ---- events: each is one that a thread of its own repeats ----

def apply_whole(w):
    with w.module:
        w.apply(random.randrange(2))


def change_one(w):
    """An endpoint goes and comes, a route, an address; apply may be faster."""
    endpoint = random.choice(endpoints("web3"))
    key = {"CLUSTER": "wild", "ADDRESS": endpoint["address"], "PORT": 8080}
    route = {"ROUTE_TABLE": "calm", "VIRTUAL_HOST": "all", "INDEX": 0}
    changes = random.choice((
        (("del", {"ENDPOINT": key}), ("add", {"ENDPOINT": key})),
        (("add", {"ROUTE": {**route, "MATCH": {"PATH_EXACT": "/new"},
                            "ACTION": {"CLUSTER": "wild"}}}),
         ("del", {"ROUTE": route})),
        (("set", {"CLUSTER": {"NAME": "calm", "MAX_IDLE": 3}}),
         ("set", {"CLUSTER": {"NAME": "calm", "MAX_IDLE": 128}}))))
    with w.module, contextlib.closing(Genl()) as g:
        for verb, what in changes:
            try:
                g.do(verb.upper(), what)
            except Refused:
                w.count["single changes refused"] += 1
                return


def change_splice(w):
    """For all that there is; apply takes it back."""
    with w.module:
        meshctl("splice", random.choice(("off", "mesh", "attached", "all")))


def kill_server(w):
    pod = random.choice(("web2", "web3"))
    with w.excuses.event("endpoint"):
        w.servers[pod].kill()
        w.servers[pod].wait()
        w.stop.wait(random.random() * 3)
        w.serve(pod)


def attach(pod):
    """Others may have done that already, or deleted it."""
    try:
        meshctl("attach", pod)
    except AssertionError as error:
        if "attached already" not in str(error) and pod != "short":
            raise


def detach(w):
    with w.excuses.event("detach"):
        with w.module:
            meshctl("detach", "roamer")
        w.stop.wait(random.random() * 3)
        with w.module:
            attach("roamer")


def short_lived(w):
    """A pod that comes, calls, and is deleted while it does."""
    w.net("net_up", "short=50")
    with w.module:
        attach("short")
    caller = w.call("short", 20)
    w.stop.wait(15)
    caller.kill()
    subprocess.run(["ip", "netns", "del", "short"], check=True)
    caller.wait()
    until(lambda: not os.path.exists("/sys/class/net/pod50"), 300)


def short_of_memory(w):
    with w.excuses.event("memory"):
        used = int(cgroup("memory.current"))
        # It does not wait for what it cannot have: that is EBUSY.
        with contextlib.suppress(OSError):
            cgroup("memory.max", used + random.randrange(4 << 20))
        w.stop.wait(3)
        cgroup("memory.max", "max")
        if w.callers["squeezed"].poll() is not None:
            w.count["callers killed for memory"] += 1
            squeeze(w.call("squeezed", CONNECTIONS // len(CALLERS)).pid)


def cpu_goes(w):
    cpu = "/sys/devices/system/cpu/cpu1/online"
    for value in "01":
        with open(cpu, "w", encoding="ascii") as f:
            f.write(value)
        w.stop.wait(random.random() * 3)


def count_splices(w):
    """What is lost when the module goes."""
    with contextlib.closing(Genl()) as g:
        counters = g.counters()
    for name in "spliced_connections", "splice_direct_messages":
        w.count[name] += counters[name]


def reload(w):
    """As docs/operation.md has it: nobody new, then those that are there end."""
    with w.module, w.excuses.event("unload"):
        count_splices(w)
        meshctl("flush")
        meshctl("drain")
        until(lambda: not subprocess.run(
            ["rmmod", "l7mesh"], stderr=subprocess.DEVNULL,
            check=False).returncode, 300, "it cannot be unloaded")
        subprocess.run(["insmod", os.environ["L7MESH_KO"]], check=True)
        w.apply(0)
        for pod in CALLERS:
            meshctl("attach", pod)
        # It may be gone at any moment.
        if os.path.exists("/run/netns/short"):
            attach("short")


def drain(w):
    with w.excuses.event("drain"), w.module:
        meshctl("drain")


# name: what happens, and how many seconds are between on average.
EVENTS = {"applied": (apply_whole, 2), "single changes": (change_one, 0.5),
          "splice policies": (change_splice, 1),
          "servers killed": (kill_server, 10), "detached": (detach, 12),
          "namespaces deleted": (short_lived, 5), "CPU gone": (cpu_goes, 7),
          "short of memory": (short_of_memory, 10), "drained": (drain, 40),
          "module reloaded": (reload, 60)}


def repeat(w, name, event, pause):
    w.stop.wait(10 + random.random() * pause)
    while not w.stop.is_set():
        try:
            event(w)
        except Exception:  # pylint: disable=broad-except
            w.wrong.append(f"{name}: {traceback.format_exc(limit=-4)}")
            w.stop.set()
        w.count[name] += 1
        w.stop.wait(2 * random.random() * pause)


# ---- the account ----

def collect(w):
    """(done, excused) of all callers; what was wrong goes to w.wrong."""
    done, excused = collections.Counter(), collections.Counter()
    for path in w.reports:
        with contextlib.suppress(FileNotFoundError), \
                open(path, encoding="utf-8") as f:
            said = json.load(f)
            done.update(said["done"])
            excused.update(said["excused"])
            w.wrong += [f"{os.path.basename(path)}: {t}" for t in said["wrong"]]
    return done, excused


def settle(w):
    """What was opened has closed once nobody calls."""
    with contextlib.closing(Genl()) as g:
        g.do("DRAIN")
        try:
            until(lambda: all_ended(g.counters()), 120)
        except AssertionError:
            w.wrong.append(f"connections are left: {g.counters()}")


def table(title, counts):
    print(f"# {title}")
    for name, n in sorted(counts.items()):
        print(f"#   {n:9} {name}")


def main():
    seconds = float(sys.argv[1]) * 60
    w = World()
    w.begin()
    threads = [threading.Thread(target=repeat, args=(w, name, *event))
               for name, event in EVENTS.items()]
    for thread in threads:
        thread.start()
    w.stop.wait(seconds)
    w.stop.set()
    for thread in threads:
        thread.join()
    w.end()
    settle(w)
    count_splices(w)
    done, excused = collect(w)
    table("events", w.count)
    table("done, by kind; each byte was checked", done)
    table("failed, by what the client saw and the event that it is due to",
          excused)
    w.wrong += [f"none of these was done: {kind}" for kind in KINDS
                if not done[kind]]
    if not w.count["splice_direct_messages"]:
        w.wrong.append("nothing was spliced")
    for text in w.wrong:
        print("# WRONG:", text.replace("\n", "\n#   "))
    w.net.down()
    print(f"{sum(done.values())} done, {sum(excused.values())} failed for a "
          f"reason, {len(w.wrong)} wrong")
    return bool(w.wrong)


if __name__ == "__main__":
    sys.exit(main())
