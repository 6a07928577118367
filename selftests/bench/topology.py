# SPDX-License-Identifier: GPL-2.0
"""Where the benchmark takes place: pods of lib/net.sh, and the servers in them.

    client 10.2.0.10        web1 web2 web3, 10.2.0.21 and on
          \\                /
           bridge of the node --- router (netem) --- another node: far1 far2 far3

    Service	pods that do the same: its name, endpoints ("ADDRESS:PORT"). Those of
		another machine (wire) are none of ours: wire.py has them
    Topology	a context: pods with servers at PORT. pods: all; callers: those whose
		programs connect to services; services: the first is "web";
		endpoints: the first service's

The n-th service's virtual address is vip(n), and the first one's VIP. Everything
that is started ends with the context.
"""

import os
import subprocess
import sys
import time

import wire
from command import run

HERE = os.path.dirname(os.path.realpath(__file__))
NET = os.path.join(HERE, "../lib/net.sh")
PORT = 8080
VIP = "10.96.0.1"
# A network inside a data centre.
NETEM = "delay 100us rate 10gbit limit 100000"


def until(seconds, condition):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"not within {seconds} seconds")
        time.sleep(0.01)


class Service:
    # pylint: disable=too-many-arguments
    def __init__(self, name, pods, network=2, calls=(), wire=False):
        self.name, self.network, self.calls, self.wire = name, network, calls, wire
        self.pods = {} if wire else pods
        self.endpoints = [f"10.{network}.0.{n}:{PORT}" for n in pods.values()]


WEB = [Service("web", {"web1": 21, "web2": 22, "web3": 23})]
FAR = [Service("web", {"far1": 21, "far2": 22, "far3": 23}, network=3)]
WIRE = [Service("web", {"b1": 21, "b2": 22, "b3": 23}, network=3, wire=True)]
# Istio's bookinfo, but for reviews-v1, which asks for no ratings there: here all trees
# have the same requests, however connections are balanced.
TREE = [
    Service("productpage", {"product": 31}, calls=["details", "reviews"]),
    Service("details", {"details": 32}),
    Service("reviews", {"reviews1": 33, "reviews2": 34, "reviews3": 35},
            calls=["ratings"]),
    Service("ratings", {"ratings": 36}),
]


class Topology:
    def __init__(self, tools, folder, services):
        self.tools, self.folder, self.services = tools, folder, services
        self.servers = []
        self.pods = ["client"] + [p for s in services for p in s.pods]
        self.callers = ["client"] + [p for s in services if s.calls
                                     for p in s.pods]
        self.endpoints = services[0].endpoints

    @staticmethod
    def vip(number):
        return f"10.96.0.{1 + number}"

    def addresses(self):
        """By pod."""
        return {"client": "10.2.0.10",
                **{pod: f"10.{s.network}.0.{n}"
                   for s in self.services for pod, n in s.pods.items()}}

    def net(self, *words):
        run(["env", f"NET_DIR={self.folder}", NET, *words])

    def __enter__(self):
        os.makedirs(self.folder, exist_ok=True)
        near, far = ([f"{pod}={n}" for s in self.services if s.network == network
                      for pod, n in s.pods.items()] for network in (2, 3))
        self.net("net_up", "client=10", *near)
        if far:
            self.net("net_far", NETEM, *far)
        if self.services[0].wire:
            wire.connect("10.6.0.1", "10.3.0.0/24", "10.6.0.2")
        return self

    def start_servers(self, direct):
        """Which ask each other at their endpoints, or at virtual addresses."""
        numbers = {s.name: n for n, s in enumerate(self.services)}
        for service in self.services:
            for i, pod in enumerate(service.pods):
                calls = []
                for name in service.calls:
                    other = self.services[numbers[name]]
                    to = other.endpoints[i % len(other.endpoints)] if direct \
                        else f"{self.vip(numbers[name])}:80"
                    calls.append(f"{name}={to}")
                self.start(pod, ["server", str(PORT)] + calls)
        for pod in self.pods[1:]:
            self.until_listens(pod, PORT)

    def start(self, pod, command):
        # pylint: disable=consider-using-with # it goes on
        process = subprocess.Popen(
            ["ip", "netns", "exec", pod, os.path.join(self.tools, command[0])] +
            command[1:])
        self.servers.append(process)
        return process

    def start_sockmap(self, own, servers):
        """Ports of the client's pod, and of servers, which may be on another node."""
        suffix = "/lo" if self.services[0].network == 3 else ""
        ports = [f"{p}" for p in own] + [f"{p}{suffix}" for p in servers]
        cgroup = "/sys/fs/cgroup"
        if not os.path.exists(f"{cgroup}/cgroup.procs"):
            run(f"mount -t cgroup2 none {cgroup}")
        # pylint: disable=consider-using-with # it goes on
        process = subprocess.Popen(
            [f"{self.tools}/sockmap", f"{self.tools}/sockmap.bpf.o", cgroup, *ports],
            stdout=subprocess.PIPE)
        if process.stdout.readline() != b"ready\n":
            sys.exit("sockmap does not load")
        return process

    def until_listens(self, pod, port):
        where = f"ip netns exec {pod} " if pod in self.pods else ""
        until(60, lambda: run(f"{where}ss -Hltn sport = :{port}"))

    def __exit__(self, *_):
        if self.services[0].wire:
            wire.disconnect()
        for server in self.servers:
            server.kill()
            server.wait()
        self.net("net_down")
