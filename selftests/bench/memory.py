#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What HTTP connections cost in memory: called by bench/splice in its VM, in the
namespace of the clients.

	memory.py CONNECTIONS

Prints a line "memory|WHAT|HOW|BYTES" each for idle connections that have had a
request and for busy ones that wait for their response; for two sockets that are
connected to each other, for a connection through the mesh, and for one through
HAProxy: objects of the kernel's in use (both ends, files and all), and HAProxy's own
share (PSS).
"""

import http.client
import os
import resource
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "../lib"))
# pylint: disable=wrong-import-position
from slabs import kernel_memory

REQUEST = b"GET /item HTTP/1.1\r\nHost: web\r\n\r\n"


def haproxy():
    total = 0
    pids = subprocess.run(["pgrep", "haproxy"], stdout=subprocess.PIPE, text=True,
                          check=False).stdout.split()
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
            for line in f:
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


def connect(address, n, answered=True):
    connections = []
    for _ in range(n):
        sock = socket.create_connection(address, 30)
        sock.sendall(REQUEST)
        if answered:
            response = http.client.HTTPResponse(sock)
            response.begin()
            response.read()
        connections.append(sock)
    time.sleep(2)
    return connections


def pairs(n):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = []
        for _ in range(n):
            found.append(socket.create_connection(listener.getsockname()))
            found.append(listener.accept()[0])
        return found


def close(connections):
    for sock in connections:
        sock.close()
    time.sleep(2)


def cost(make, n):
    before = kernel_memory() + haproxy()
    connections = make(n)
    after = kernel_memory() + haproxy()
    close(connections)
    return (after - before) // n


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (65536, 65536))
    n = int(sys.argv[1])
    for what, how, make in (
            ("idle", "direct", pairs),
            ("idle", "meshed", lambda n: connect(("10.96.0.1", 80), n)),
            ("idle", "haproxy", lambda n: connect(("127.0.0.1", 15001), n)),
            # Nobody accepts there, so their server has a socket alone.
            ("busy", "direct", lambda n: connect(("10.2.0.20", 8081), n, False)),
            ("busy", "meshed", lambda n: connect(("10.96.0.2", 80), n, False)),
            ("busy", "haproxy",
             lambda n: connect(("127.0.0.1", 15002), n, False))):
        print(f"memory|{what}|{how}|{cost(make, n)}", flush=True)


if __name__ == "__main__":
    main()
