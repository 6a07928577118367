#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""How l7mesh, and what it is compared with, grow; in the VM, as root.

	scale.py TOOLS PLAN

PLAN, a file in JSON, has "scales", the names of some of SCALES, and "quick". Prints a
line of JSON for each point: the title of its table, its series, its x, and either a
"value" or, where something was marked for icount.c meanwhile, the "units" (times) that
it was done.
"""

import contextlib
import ctypes
import functools
import json
import mmap
import os
import random
import re
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
# pylint: disable=wrong-import-position
from command import run
from contenders import Haproxy, Nginx
from guest import load_module, pss
from slabs import kernel_memory, large_memory
from topology import PORT, WEB, Service, Topology

TABLE_SIZE = 65537


@functools.cache
def marks():
    """Functions that execute the NOPs that icount.c looks for."""
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    functions = {}
    for number in (1, 2):
        code = bytes((0x0f, 0x1f, 0x80, number, 0, 0x4b, 0x4d, 0xc3))
        page[number * 16:number * 16 + len(code)] = code
        functions[number] = ctypes.CFUNCTYPE(None)(address + number * 16)
    return page, functions


def mark(number):
    marks()[1][number]()


def point(title, series, x, **what):
    print(json.dumps({"title": title, "series": series, "x": x, **what}), flush=True)


def requests(tools, address, *arguments):
    """Asked by the client, in its pod; marked."""
    done = subprocess.run(["ip", "netns", "exec", "client", f"{tools}/client", "-m",
                           *arguments, address], stdout=subprocess.PIPE, check=False)
    if done.returncode or json.loads(done.stdout)["errors"]:
        sys.exit(f"requests to {address} fail: {done.stdout}")


def allocated():
    return kernel_memory() + large_memory()


@functools.cache
def meshctl_in_memory():
    """The words that execute meshctl without a file of the host. Opening one waits for
    the host, and as long as all of the guest waits, time leaps from timer to timer: what
    is executed for them depends on how busy the host is."""
    folder = tempfile.mkdtemp(dir="/dev/shm")
    program = shutil.which("meshctl")
    files = re.findall(r"(/\S+) \(0x", run(["ldd", program]))
    for file in (program, *files):
        shutil.copy(file, folder)
    loader = next(os.path.basename(f) for f in files if "/ld-" in f)
    return [f"{folder}/{loader}", "--library-path", folder, f"{folder}/meshctl"]


def meshctl(words, text=None):
    return run(meshctl_in_memory() + words.split(), text)


def apply(text):
    """A mesh file."""
    meshctl("apply -f -", text)


# Nobody needs a table without.
HASH = "  hash: [{source_address: true}]"


def mesh_file(listeners, protocol, endpoints):
    """Listeners at 10.97.0.0 and on, all for one cluster."""
    lines = ["clusters:", "- name: web", HASH, "  endpoints:",
             *(endpoint(e) for e in endpoints), "route_tables:", "- name: web",
             "  virtual_hosts:", "  - name: web", "    domains: ['*']",
             "    routes:", "    - action: {cluster: web}", "listeners:"]
    to = "route_table: web" if protocol == "http" else "cluster: web"
    for n in range(listeners):
        lines += [f"- name: l{n}", f"  address: {listener(n)}", "  port: 80",
                  f"  protocol: {protocol}", f"  {to}"]
    return "\n".join(lines) + "\n"


def endpoint(text):
    address, _, port = text.rpartition(":")
    return f"  - {{address: {address}, port: {port}}}"


def listener(n):
    return f"10.{97 + (n >> 16)}.{n >> 8 & 255}.{n & 255}"


# ---- listeners ----

def mesh_listeners(tools, net, protocol, sizes):
    label = f"l7mesh {'L4' if protocol == 'tcp' else 'HTTP'}"
    memory = "Memory of listeners, bytes in all"
    for n in sizes:
        before = allocated()
        apply(mesh_file(n, protocol, net.endpoints))
        if n >= 1000:
            point(memory, label, n, value=allocated() - before)
        last = f"{listener(n - 1)}:80"
        requests(tools, last, "-k", "1", "-n", "300")
        point(LISTENERS, f"{label}, connection and request", n, units=300)
        requests(tools, last, "-n", "300")
        point(LISTENERS, f"{label}, request", n, units=300)
        meshctl("flush")


def iptables_listeners(tools, net, sizes):
    """As kube-proxy has them: a chain that every new connection goes through."""
    for n in sizes:
        rules = ["*nat", ":mesh - [0:0]", "-A OUTPUT -j mesh"]
        rules += [f"-A mesh -d {listener(i)}/32 -p tcp -m tcp --dport 80 "
                  f"-j DNAT --to-destination {net.endpoints[0]}" for i in range(n)]
        before = allocated()
        run("ip netns exec client iptables-legacy-restore",
            "\n".join(rules + ["COMMIT", ""]))
        if n >= 1000:
            point("Memory of listeners, bytes in all", "iptables", n,
                  value=allocated() - before)
        last = f"{listener(n - 1)}:80"
        requests(tools, last, "-k", "1", "-n", "300")
        point(LISTENERS, "iptables, connection and request", n, units=300)
        requests(tools, last, "-n", "300")
        point(LISTENERS, "iptables, request", n, units=300)
        run("ip netns exec client iptables-legacy -t nat -F")
        run("ip netns exec client iptables-legacy -t nat -X")


LISTENERS = "Instructions by the number of listeners"


def scale_listeners(tools, quick):
    sizes = (1, 100) if quick else (1, 10, 100, 1000, 10000)
    with Topology(tools, "/run/scale", WEB) as net:
        net.start_servers(True)
        load_module(True)
        for pod in net.pods:
            meshctl(f"attach {pod}")
        for protocol in ("tcp", "http"):
            mesh_listeners(tools, net, protocol, sizes)
        load_module(False)
        iptables_listeners(tools, net, sizes)


# ---- endpoints ----

def many_addresses(net, n):
    """Of the first server, which answers at all of 10.5.0.0/16."""
    pod = net.pods[1]
    run(f"ip -n {pod} route add local 10.5.0.0/16 dev lo")
    gateway = net.endpoints[0].split(":", maxsplit=1)[0]
    run(f"ip -n client route add 10.5.0.0/16 via {gateway}")
    return [f"10.5.{i >> 8}.{i & 255}:{PORT}" for i in range(1, n + 1)]


def scale_endpoints(tools, quick):
    sizes = (1, 100) if quick else (1, 10, 100, 1000)
    title = "Instructions by the number of endpoints"
    with Topology(tools, "/run/scale", WEB) as net:
        net.start_servers(True)
        load_module(True)
        endpoints = many_addresses(net, max(sizes))
        for pod in net.pods:
            meshctl(f"attach {pod}")
        for n in sizes:
            apply(mesh_file(1, "http", endpoints[:n]))
            for policy in ("maglev", "round_robin", "least_request"):
                meshctl(f"set cluster web lb {policy}")
                requests(tools, f"{listener(0)}:80", "-n", "1000", "-w", "2000")
                point(title, f"a request, {policy}", n, units=1000)
            meshctl("set cluster web lb maglev")
            mark(1)
            meshctl(f"set endpoint web {endpoints[n // 2]} weight 2")
            # The table may be built behind it; who sleeps executes next to nothing.
            time.sleep(1)
            mark(2)
            point(title, "a change of an endpoint's weight, its table built", n,
                  units=1)
            meshctl("flush")


# ---- a large configuration ----

def scale_apply(_tools, quick):
    sizes = (1000,) if quick else (1000, 10000, 50000)
    load_module(True)
    for n in sizes:
        endpoints = [f"10.{20 + (i >> 16)}.{i >> 8 & 255}.{i & 255}:80"
                     for i in range(n)]
        lines = ["clusters:"]
        for i in range(0, n, 100):
            lines += [f"- name: c{i}", "  table_size: 1009", HASH, "  endpoints:",
                      *(endpoint(e) for e in endpoints[i:i + 100])]
        text = "\n".join(lines) + "\n"
        title = "A configuration of many endpoints, a hundred to a cluster"
        before = allocated()
        mark(1)
        apply(text)
        mark(2)
        point(title, "instructions an endpoint, meshctl and module", n, units=n)
        point(title, "bytes of memory an endpoint", n,
              value=(allocated() - before) / n)
        mark(1)
        apply(text)
        mark(2)
        point(title, "instructions an endpoint, applied again", n, units=n)
        meshctl("flush")


# ---- how it grows ----

GROWTH = "Growth: instructions for n, and for four times as many"


@contextlib.contextmanager
def grown(series, n):
    mark(1)
    yield
    mark(2)
    point(GROWTH, series, n, units=1)


def one_cluster(n, options=""):
    """Endpoints that refuse, each at an address of its own."""
    return "\n".join(["clusters:", "- name: c", "  lb: round_robin", *options.split("\n"),
                      "  endpoints:",
                      *(endpoint(f"127.{1 + (i >> 16)}.{i >> 8 & 255}.{i & 255}:9")
                        for i in range(1, n + 1))]) + "\n"


def many_hosts(n):
    lines = ["clusters:", "- {name: c, endpoints: [{address: 10.0.0.1, port: 80}]}",
             "route_tables:", "- name: t", "  virtual_hosts:"]
    for i in range(n):
        lines += [f"  - name: v{i}", f"    domains: [h{i}.example]",
                  "    routes: [{action: {cluster: c}}]"]
    return "\n".join(lines) + "\n"


def grow_configuration(n):
    for name, text in (("endpoints of a cluster", one_cluster(n)),
                       ("virtual hosts", many_hosts(n))):
        with grown(f"apply, {name}", n):
            apply(text)
        with grown(f"apply again, {name}", n):
            apply(text)
        with grown(f"export, {name}", n):
            meshctl("export")
        # Where it is not to be seen that meshctl has to begin.
        with grown(f"16 single changes beside {name}", n):
            for i in range(16):
                meshctl(f"add cluster new{i}")
        meshctl("flush")


def grow_checks(n):
    """In the time between an endpoint's checks each endpoint is asked once."""
    apply(one_cluster(n, "  health_check: {interval: 20s, timeout: 1s, no_traffic_interval: 20s}"))
    time.sleep(15)
    with grown("health checks", n):
        time.sleep(20)
    meshctl("flush")


def grow_ejections(n):
    """A timeout ejects an endpoint; a request meets each once. The kernel alone takes
    the connections: nobody accepts them."""
    apply(one_cluster(n, """  panic_threshold: 0
  response_timeout: 1ms
  outlier_detection: {consecutive_5xx: 1, max_ejection_percent: 100, base_ejection_time: 300s}""")
          + """route_tables:
- name: t
  virtual_hosts: [{name: v, domains: ['*'], routes: [{action: {cluster: c}}]}]
listeners:
- {name: l, address: 10.97.0.0, port: 80, protocol: http, route_table: t}
""")
    run("sysctl -qw net.core.somaxconn=65535")
    with socket.create_server(("0.0.0.0", 9), backlog=65535), \
            socket.create_connection(("10.97.0.0", 80)) as s, grown("ejections", n):
        for _ in range(n):
            s.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            while b"\r\n\r\n" not in s.recv(4096):
                pass
    meshctl("flush")


def grow_connections(n):
    apply("""listeners:
- {name: l, address: 10.97.0.0, port: 80, protocol: http, route_table: t}
route_tables:
- name: t
  virtual_hosts:
  - {name: v, domains: ['*'], routes: [{action: {direct_response: {status: 200}}}]}
""")
    kept = [socket.create_connection(("10.97.0.0", 80)) for _ in range(n)]
    with grown("drain, connections", n):
        meshctl("drain")
        for s in kept:
            assert not s.recv(1)
    for s in kept:
        s.close()
    meshctl("flush")


def grow_namespaces(n):
    for i in range(n):
        run(f"ip netns add g{i}")
    with grown("attach, namespaces", n):
        for i in range(n):
            meshctl(f"attach g{i}")
    for i in range(n):
        run(f"ip netns del g{i}")


def scale_growth(_tools, quick):
    """What grows as its square is some 16 times as much for 4 times as many."""
    load_module(True)
    run("ip link set lo up")
    least = 1000 if quick else 4000
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
    meshctl_in_memory()
    for n in (least, 4 * least):
        grow_configuration(n)
        grow_checks(n)
        # More than what is compared at one time.
        grow_ejections(4 * n)
        grow_connections(n // 10)
        grow_namespaces(n // 100)


# ---- disruption and imbalance ----

def ipvs_flows(n):
    """Where IPVS sends n flows, by their source ports."""
    text = run("ip netns exec client ipvsadm -Lnc")
    flows = dict(re.findall(r"10\.2\.0\.10:(\d+)\s+10\.97\.0\.0:80\s+([\d.]+):", text))
    if len(flows) < n:
        sys.exit(f"IPVS knows {len(flows)} flows of {n}")
    return flows


@contextlib.contextmanager
def open_flows(n):
    """IPVS soon forgets those that have ended, and time leaps while a VM whose clock
    is its instructions waits for a disk: they stay open."""
    program = f"""
import resource, socket, struct
resource.setrlimit(resource.RLIMIT_NOFILE, ({n} + 100,) * 2)
kept = []
for i in range({n}):
    s = socket.socket()
    s.setblocking(False)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.bind(("10.2.0.10", 20000 + i))
    s.connect_ex(("10.97.0.0", 80))
    kept.append(s)
print("open", flush=True)
input()
"""
    with subprocess.Popen(["ip", "netns", "exec", "client", "python3", "-c", program],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as client:
        if client.stdout.readline() != "open\n":
            sys.exit(f"{n} flows cannot be begun")
        yield
        client.stdin.write("\n")


def scale_maglev(tools, quick):
    flows, endpoints = (1000, 20) if quick else (10000, 100)
    load_module(False)
    run("modprobe -a ip_vs ip_vs_mh")
    with Topology(tools, "/run/scale", WEB) as net:
        many_addresses(net, 1)
        places = [f"10.5.1.{i}:{PORT}" for i in range(1, endpoints + 1)]
        rules = ["-A -t 10.97.0.0:80 -s mh -b mh-port",
                 *(f"-a -t 10.97.0.0:80 -r {p} -m" for p in places)]
        found = []
        for gone in (False, True):
            run("ip netns exec client ipvsadm -R", "\n".join(rules) + "\n")
            if gone:
                run(f"ip netns exec client ipvsadm -d -t 10.97.0.0:80 -r {places[7]}")
            with open_flows(flows):
                found.append(ipvs_flows(flows))
            run("ip netns exec client ipvsadm -C")
            forget_flows()
    here = f"{endpoints} endpoints, {flows:,} flows"
    gone = places[7]
    tell_flows(f"IPVS mh, {here}", *found, gone.split(":", maxsplit=1)[0])
    tell_flows(f"l7mesh, {here}", *mesh_flows(places, flows), gone)
    # What so few flows do by themselves.
    draw = random.Random(2)
    even = {i: draw.choice(places) for i in range(flows)}
    tell_flows(f"by lot, {here}", even)


def mesh_flows(places, n):
    """Where l7mesh would send n flows whose hashes are drawn by lot, by its table;
    with all of the endpoints and without the eighth."""
    load_module(True)
    found = []
    for there in (places, places[:7] + places[8:]):
        apply(mesh_file(1, "tcp", there))
        told = json.loads(meshctl("-j show maglev web"))
        keys = [f"{e['address']}:{e['port']}" for e in told["endpoints"]]
        table = [keys[entry] for entry in told["entries"]]
        draw = random.Random(1)
        found.append({i: table[draw.getrandbits(64) % len(table)] for i in range(n)})
    meshctl("flush")
    return found


def forget_flows():
    run("rmmod ip_vs_mh")
    run("rmmod ip_vs")
    run("modprobe -a ip_vs ip_vs_mh")


MAGLEV = "Maglev: how even it is, and what moves when one endpoint goes"


def tell_flows(series, before, after=None, gone=None):
    counts = {}
    for to in before.values():
        counts[to] = counts.get(to, 0) + 1
    mean = len(before) / len(counts)
    point(MAGLEV, series, "most loaded / mean", value=max(counts.values()) / mean)
    point(MAGLEV, series, "least loaded / mean", value=min(counts.values()) / mean)
    if after:
        moved = sum(after[f] != to for f, to in before.items() if to != gone)
        point(MAGLEV, series, "flows of others that move, %",
              value=100 * moved / len(before))


# Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer" (NSDI
# 2016), 5.3: by how much backends have to be larger than the mean, and the time that
# it took to build Maglev's table.
PUBLISHED = (("Karger's hashing, the Maglev paper", "most loaded / mean", 1.297),
             ("rendezvous hashing, the Maglev paper", "most loaded / mean", 1.495),
             ("Maglev, the paper", "ms to build the table", 1.8))


def own_maglev():
    """Points of l7mesh's table, from the unit benchmark; on the host. And of the
    literature, which has tables as large."""
    large = f", 1,000 endpoints, {TABLE_SIZE:,} entries"
    found = json.loads(run(["make", "-s", "-C", os.path.join(HERE, "../unit"), "bench",
                            "BENCHFLAGS=-j maglev"]))
    for x, name in (("most loaded / mean", "maglev_max_over_average"),
                    ("least loaded / mean", "maglev_min_over_average"),
                    ("ms to build the table", "maglev_build_ms"),
                    ("flows of others that move, %", "maglev_moved_percent")):
        yield {"title": MAGLEV, "series": f"l7mesh{large}", "x": x, "value": found[name]
               - (found["maglev_removed_percent"] if "moved" in name else 0)}
    for series, x, value in PUBLISHED:
        yield {"title": MAGLEV, "series": series + large, "x": x, "value": value}


# ---- memory ----

def module_memory():
    """Its code and data, its objects, and what it has for each CPU."""
    load_module(False)
    before = allocated() + percpu()
    load_module(True)
    time.sleep(1)
    with open("/proc/modules", encoding="ascii") as f:
        size = next(int(line.split()[1]) for line in f if line.startswith("l7mesh "))
    return size, allocated() + percpu() - before - size


def percpu():
    with open("/proc/meminfo", encoding="ascii") as f:
        return int(re.search(r"Percpu:\s+(\d+)", f.read())[1]) * 1024


class Services:
    """What a sidecar's configuration is made of: so many services."""

    def __init__(self, n):
        self.folder = "/run/scale"
        self.services = [Service(f"s{i}", {"none": 1}) for i in range(n)]


def sidecar_memory(kind, n):
    proxy = kind("", "", False)
    proxy.net = Services(n)
    folder = f"{proxy.net.folder}/{kind.command}"
    os.makedirs(folder, exist_ok=True)
    path = f"{folder}/{kind.command}.conf"
    with open(path, "w", encoding="utf-8") as f:
        f.write(proxy.config(folder, True, False))
    run("ip netns add sidecar")
    proxy.pids = proxy.launch("sidecar", folder, path)
    used = pss(proxy.pids)
    proxy.down()
    run("ip netns del sidecar")
    return used


def scale_services(_tools, quick):
    """What a sidecar, each, needs to know of other services. See Memory of listeners."""
    for kind in (Haproxy, Nginx):
        for n in (1, 100) if quick else (1, 100, 1000, 10000):
            point("Memory of a sidecar that knows so many services, bytes",
                  kind.command, n, value=sidecar_memory(kind, n))


def scale_memory(_tools, _quick):
    code, objects = module_memory()
    title = "Memory of the module, idle"
    point(title, "code and data", "bytes", value=code)
    point(title, "objects", "bytes", value=objects)


SCALES = {"listeners": scale_listeners, "endpoints": scale_endpoints,
          "apply": scale_apply, "growth": scale_growth, "maglev": scale_maglev,
          "services": scale_services, "memory": scale_memory}


def main():
    with open(sys.argv[2], encoding="utf-8") as f:
        plan = json.load(f)
    for name in plan["scales"]:
        SCALES[name](sys.argv[1], plan["quick"])


if __name__ == "__main__":
    main()
