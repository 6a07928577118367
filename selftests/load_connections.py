#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# timeout: 3000
"""100,000 HTTP connections of one pod at one time: to each virtual IP as many as the
pod has ports, and all of them are served. L7MESH_SCALE divides their number.

   a client in pod "app" -- virtual IPs, which answer themselves
"""

import os
import resource
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from l7 import (Client, Counters, apply, close_clients, drained, equal, note,
                pods_of_a_mesh, request, run_tests, test, true)
from slabs import kernel_memory

SCALE = int(os.environ.get("L7MESH_SCALE", "1"))
CONNECTIONS = 100000 // SCALE
VIPS = {"10.96.0.1": "one", "10.96.0.2": "two", "fd00:96::1": "three",
        "fd00:96::2": "four"}


def answered(c, vip):
    c.send(request("/", host="a"))
    equal(c.response()[1], VIPS[vip].encode())


@test("100,000 connections of one pod", 2400)
def _():
    grown = Counters()
    before = kernel_memory()
    vips = list(VIPS)
    clients = []
    for i in range(CONNECTIONS):
        vip = vips[i % len(vips)]
        clients.append((Client("app", vip), vip))
        if i % 1000 == 0:
            answered(*clients[-1])
    equal(grown("downstream_connections", "downstream_connections_closed"),
          [CONNECTIONS, 0])
    note(f"{(kernel_memory() - before) // CONNECTIONS} bytes each, both ends")
    # The first ones are served as the last ones are.
    for i in range(0, CONNECTIONS, 500):
        answered(*clients[i])
    true(len({c.sock.getsockname()[1] for c, _ in clients}) < CONNECTIONS or SCALE > 3,
         "there are more ports than connections")
    close_clients()
    drained()


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (CONNECTIONS + 1000,) * 2)
    with pods_of_a_mesh("app", app=10):
        apply({
            "route_tables": [{"name": name, "virtual_hosts": [
                {"name": "any", "domains": ["*"], "routes": [
                    {"action": {"direct_response": {"status": 200, "body": name}}}]}]}
                for name in VIPS.values()],
            "listeners": [
                {"name": name, "address": vip, "port": 80, "protocol": "http",
                 "route_table": name, "idle_timeout": "60m"}
                for vip, name in VIPS.items()]})
        return run_tests(close_clients)


if __name__ == "__main__":
    sys.exit(main())
