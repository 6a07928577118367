#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Everything at once, for MINUTES: "make torture" runs it in a VM.

    torture.py MINUTES

A thousand connections (L7MESH_SCALE divides that) of every kind that
torture_peer.py has, from four pods, and some of others, while in one namespace
after the other the mesh is applied, single objects and policies change, servers
are killed, pods are attached, detached, made and deleted, memory is short, a CPU
goes and comes, and the module is unloaded and loaded.

   calm     its endpoints, memory and attachment are left alone: nothing but the
            module's going may ever fail it
   wild     everything else happens to it
   squeezed wild, and its memory.max comes close to what it uses
   guest    is not attached, so it arrives as packets
   vm       the same, by a tap device
   cart     a workload with servers: policies change who may connect and ask; nothing
            else happens to it. The calm pod is one as well, "friend" to policies

What a client is told instead of its answer has to be what the documents say that
the mesh does when that happens, within seconds of its happening: see Excuses in
torture_peer.py. Other bytes than the right ones are never excused. The last
lines are the counts; exit 1 if anything is wrong.
"""

import collections
import contextlib
import itertools
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
import tapped
from l7 import Net, all_ended, in_pod, meshctl, netns_cookie, until
from l7nl import UAPI, Genl, Refused
from network import answers_by_the_node, forwarding
from torture_peer import (CART, EVERYTHING, HTTP, JUDGED, KINDS, ROLES, TARGETS, TCP, UDP,
                          Excuses, Policies, may)

PEER = os.path.join(HERE, "lib", "torture_peer.py")
CONNECTIONS = 1000 // int(os.environ.get("L7MESH_SCALE", "1"))
CALLERS = {"calm": 11, "wild": 12, "roamer": 13, "squeezed": 14}
SERVERS = {"web1": 21, "web2": 22, "web3": 23, "cart": 31}
VM = 41
# Who calls what besides: the pod, as whom, and the targets.
OTHERS = {"friend": ("calm", "friend", ("cart", "cart-vip")),
          "guest": ("guest", "friend", ("wild", "cart", "cart-vip")),
          "vm": ("vm", "stranger", ("calm", "cart", "cart-vip"))}
ADDRESSES = {"calm": 11, "guest": 15, "vm": VM}
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


# ---- the workload, and who may reach it ----

FRIEND = {"from": [{"principals": ["*/sa/friend"]}]}
ECHOED = {"to": [{"ports": [str(TCP)]}]}
# What a request says is never true of a connection, unless that is to be denied.
PATHS, NEVER = ({"to": [{"paths": [p]}]} for p in ("/*", "/never/*"))


ACTIONS = {a: UAPI[f"L7MESH_AUTHORIZATION_{a.upper()}"] for a in ("allow", "deny", "audit")}


def policy(name, *rules, action="allow", **more):
    return {"name": name, "namespace": "shop", "selector": "app=cart", "action": action,
            "rules": list(rules), **more}


def bits(roles, services=JUDGED):
    return sum(may(r, s) for r in roles for s in services)


# Policies, and the bits of what they let whom do.
POLICIES = (
    ([], EVERYTHING),
    ([policy("a", FRIEND, cut=True)], bits(["friend"])),
    ([policy("a", FRIEND), policy("b", {}, audit=True)], bits(["friend"])),
    ([policy("d", FRIEND, action="deny", cut=True)], bits(["stranger"])),
    ([policy("a", {}), policy("d", FRIEND, action="deny")], bits(["stranger"])),
    ([policy("a", cut=True)], 0),
    ([policy("d", {}, action="deny")], 0),
    ([policy("d", {}, action="deny", audit=True, cut=True),
      policy("l", {}, action="audit")], EVERYTHING),
    ([policy("d", ECHOED, action="deny", cut=True)], bits(ROLES, ["http"])),
    ([policy("a", PATHS, cut=True)], bits(ROLES, ["http"])),
    ([policy("d", NEVER, action="deny")], bits(ROLES, ["http"])),
    ([policy("a", FRIEND), policy("b", PATHS)],
     bits(["friend"]) | bits(["stranger"], ["http"])))


def workloads():
    """Who calls the workload, and itself."""
    found = [{"name": name, "namespace": "shop",
              "service_account": OTHERS[name if name in OTHERS else "friend"][1],
              "addresses": [f"10.2.0.{n}", f"fd00:2::{n}"],
              **({"netns": netns_cookie(name)} if name in CALLERS else {})}
             for name, n in ADDRESSES.items()]
    return found + [{"name": "cart", "namespace": "shop", "service_account": "cart",
                     "labels": "app=cart", "addresses": list(CART),
                     "ports": [{"port": HTTP, "protocol": "http"}],
                     "netns": netns_cookie("cart"), "exempt_node": False}]


def workload_mesh(variant):
    """The ways to it: of each family one, as the client's address is kept. Its listener
    says more in one variant than what is made of a workload's ports, so that requests
    take two hops."""
    clusters, tables, listeners = [], [], []
    ports = TARGETS["cart-vip"].ports
    for i, (address, vip) in enumerate(zip(CART, TARGETS["cart-vip"].hosts)):
        for name, port in ("cart", HTTP), ("cart-echo", TCP):
            clusters.append({"name": f"{name}{i}", **SLOW,
                             "endpoints": [{"address": address, "port": port}]})
        tables.append({"name": f"cart{i}", "virtual_hosts": [
            {"name": "all", "domains": ["*"],
             "routes": [{"action": {"cluster": f"cart{i}"}}]}]})
        taken = {"packets": True, "source": "keep"}
        web = {"protocol": "http", "route_table": f"cart{i}", **taken}
        listeners += [{"name": f"cart{i}", "address": vip, "port": ports["http"], **web},
                      {"name": f"cart-echo{i}", "address": vip, "port": ports["echo"],
                       "protocol": "tcp", "cluster": f"cart-echo{i}", **taken}]
        if variant:
            listeners.append({"name": f"in{i}", "address": address, "port": HTTP,
                              "inbound": True, **web})
    return {"clusters": clusters, "route_tables": tables, "listeners": listeners}


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
             "endpoints": endpoints(*pods, port=TCP, families=(4,))}]
        clusters += [{"name": f"{name}-udp{f}", "lb": "maglev", "table_size": 1009,
                      "hash": [{("source_address", "five_tuple")[variant]: True}],
                      "endpoints": endpoints(*pods, port=UDP, families=(f,))}
                     for f in (4, 6)]
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
        target = TARGETS[name]
        for n, host in enumerate(target.hosts):
            listeners += [
                {"name": f"{name}{n}", "address": host, "port": target.ports["http"],
                 "protocol": "http", "route_table": name, "packets": True,
                 "max_connections_per_source": 100000,
                 "max_requests_per_source": 100000 * variant},
                {"name": f"{name}-echo{n}", "address": host,
                 "port": target.ports["echo"], "protocol": "tcp",
                 "cluster": name + "-echo", "packets": True},
                {"name": f"{name}-udp{n}", "address": host,
                 "port": target.ports["udp"], "protocol": "udp",
                 "cluster": f"{name}-udp{(4, 6)[n]}"}]
    inbound = workload_mesh(variant)
    return {"clusters": clusters + inbound["clusters"],
            "route_tables": tables + inbound["route_tables"],
            "listeners": listeners + inbound["listeners"]}


class World:
    """The pods and what runs in them, the module, and what was counted."""

    def __init__(self):
        self.net = Net(**CALLERS, guest=ADDRESSES["guest"], **SERVERS)
        self.folder = tempfile.mkdtemp()
        self.path = f"{self.folder}/excuses"
        self.excuses = Excuses.make(self.path)
        self.count = collections.Counter()
        self.wrong = []
        self.reports = []
        self.servers, self.callers = {}, {}
        self.workloads = workloads()
        self.policies, self.bits = POLICIES[0]
        self.next_policies = itertools.cycle(random.sample(POLICIES, len(POLICIES)))
        # Held by who talks to the module, so that it is there; and by who changes
        # policies.
        self.module = threading.Lock()
        self.stop = threading.Event()

    def in_pod(self, pod, *args):
        return subprocess.Popen(["ip", "netns", "exec", pod, PEER, *args],
                                stdin=subprocess.DEVNULL)

    def serve(self, pod):
        self.servers[pod] = self.in_pod(pod, "serve", str(HTTP), str(TCP), str(UDP))
        until(lambda: self.listens(pod), 120)

    def listens(self, pod):
        with in_pod(pod), open("/proc/thread-self/net/tcp",
                               encoding="ascii") as f:
            return ":1F90 " in f.read()

    def call(self, name, connections):
        """As OTHERS say, or as a pod does that is attached."""
        report = f"{self.folder}/{name}-{len(self.reports)}"
        self.reports.append(report)
        pod, role, targets = OTHERS.get(name) or (
            name, "friend", ["calm" if name == "calm" else "wild"])
        self.callers[name] = self.in_pod(pod, "call", str(connections), role,
                                         ",".join(targets), self.path, report)
        return self.callers[name]

    def apply(self, variant):
        meshctl("apply", "-f", "-", file=json.dumps({
            **mesh(variant), "workloads": self.workloads,
            "authorization": self.policies}))

    @contextlib.contextmanager
    def policies_change(self):
        """self.module held. Those of before hold no more, and self.policies afterwards; an
        error leaves them unknown."""
        self.excuses.policies.tell(Policies.UNKNOWN)
        yield
        self.excuses.policies.tell(self.bits)

    def attach(self):
        """The workload first: before, what is to be asked for may pass by it."""
        meshctl("attach", "cart")
        self.apply(0)
        for pod in CALLERS:
            meshctl("attach", pod)

    def begin(self):
        with self.policies_change():
            self.attach()
        for pod in SERVERS:
            self.serve(pod)
        begin_squeeze()
        for pod in CALLERS:
            self.call(pod, CONNECTIONS // len(CALLERS))
        squeeze(self.callers["squeezed"].pid)
        for name, (pod, *_) in OTHERS.items():
            if pod != "vm" or tapped.available():
                self.call(name, CONNECTIONS // 10)

    def end(self):
        for caller in self.callers.values():
            caller.send_signal(signal.SIGTERM)
        for name, caller in self.callers.items():
            # One that has only begun may not yet know what it is told.
            if name != "short" and caller.wait(120) not in (0, -signal.SIGTERM):
                self.wrong.append(f"{name} ended by {caller.returncode}")


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


def attributes(value):
    """An object of a file, as netlink has it."""
    if isinstance(value, dict):
        return {name.upper(): ACTIONS[v] if name == "action" else attributes(v)
                for name, v in value.items()}
    if isinstance(value, list):
        return [attributes(v) for v in value]
    return value


def change_policies(w):
    """One by one, or all at once with the mesh."""
    with w.module, w.policies_change(), contextlib.closing(Genl()) as g:
        before = w.policies
        w.policies, w.bits = next(w.next_policies)
        if not random.randrange(4):
            w.apply(random.randrange(2))
            return
        for p in before:
            g.delete(AUTHORIZATION={"NAME": p["name"]})
        for p in w.policies:
            g.add(AUTHORIZATION=attributes(p))


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


# None of these may be 0 at the end.
COUNTED = ("spliced_connections", "splice_direct_messages", "intercepted_packets",
           "intercepted_udp", "requests_one_hop", "authorization_cut")


def count(w):
    """What is lost when the module goes."""
    with contextlib.closing(Genl()) as g:
        counters = g.counters()
    for name, n in counters.items():
        if name in COUNTED or (n and name.startswith("reply_")):
            w.count[name] += n


def reload(w):
    """As docs/operation.md has it: nobody new, then those that are there end."""
    with w.module, w.excuses.event("unload"), w.policies_change():
        count(w)
        # Without a listener what comes as packets is stopped short.
        meshctl("drain")
        meshctl("flush")
        meshctl("drain", "deadline", "10s")
        until(lambda: not subprocess.run(
            ["rmmod", "l7mesh"], stderr=subprocess.DEVNULL,
            check=False).returncode, 300, "it cannot be unloaded")
        subprocess.run(["insmod", os.environ["L7MESH_KO"]], check=True)
        w.attach()
        # It may be gone at any moment.
        if os.path.exists("/run/netns/short"):
            attach("short")


def drain(w):
    with w.excuses.event("drain"), w.module:
        meshctl("drain")


# name: what happens, and how many seconds are between on average.
EVENTS = {"applied": (apply_whole, 2), "single changes": (change_one, 0.5),
          "splice policies": (change_splice, 1),
          "authorization policies": (change_policies, 2),
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
    """(done, excused, judged) of all callers; what was wrong goes to w.wrong."""
    done, excused, judged = (collections.Counter() for _ in range(3))
    for path in w.reports:
        with contextlib.suppress(FileNotFoundError), \
                open(path, encoding="utf-8") as f:
            said = json.load(f)
            done.update(said["done"])
            excused.update(said["excused"])
            judged.update(said["judged"])
            w.wrong += [f"{os.path.basename(path)}: {t}" for t in said["wrong"]]
    return done, excused, judged


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


def network(stack):
    """How cart's answers come to who has kept its address, and the virtual machine."""
    if tapped.available():
        stack.enter_context(tapped.tapped("vm", VM))
    stack.enter_context(forwarding())
    for pod in "guest", "vm":
        answers_by_the_node("cart", (f"10.2.0.{ADDRESSES[pod]}",
                                     f"fd00:2::{ADDRESSES[pod]}"))


def run(w, seconds):
    """Until the time is up, or something is wrong."""
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
    count(w)


def missing(w, done, judged):
    """What has to be in the counts, and is not."""
    yield from (kind for kind in KINDS if not done[kind])
    yield from (f"{service}: {how}" for service in JUDGED
                for how in ("answered", "refused")
                if not any(name.endswith(f"{service}: {how}") for name in judged))
    yield from (name for name in COUNTED if not w.count[name])


def main():
    w = World()
    with contextlib.ExitStack() as stack:
        network(stack)
        run(w, float(sys.argv[1]) * 60)
    done, excused, judged = collect(w)
    table("events", w.count)
    table("done, by kind; each byte was checked", done)
    table("failed, by what the client saw and the event that it is due to",
          excused)
    table("judged by policies that held all of its time", judged)
    w.wrong += [f"there was none: {what}" for what in missing(w, done, judged)]
    for text in w.wrong:
        print("# WRONG:", text.replace("\n", "\n#   "))
    w.net.down()
    print(f"{sum(done.values())} done, {sum(excused.values())} failed for a "
          f"reason, {len(w.wrong)} wrong")
    return bool(w.wrong)


if __name__ == "__main__":
    sys.exit(main())
