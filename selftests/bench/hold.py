#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Connections that have had a request and are idle, for their memory to be measured.

	hold.py N HOST ADDRESS:PORT...

Prints "ready" when there are N of them, dealt out to the addresses, and keeps them
until its stdin ends.
"""

import http.client
import resource
import socket
import sys


def connect(host, address):
    to, _, port = address.rpartition(":")
    sock = socket.create_connection((to, int(port)), 60)
    sock.sendall(f"GET /128 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    response = http.client.HTTPResponse(sock)
    response.begin()
    if response.status != 200 or len(response.read()) != 128:
        sys.exit(f"{address} answers {response.status}")
    return sock


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (65536, 65536))
    n, host, addresses = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    kept = [connect(host, addresses[i % len(addresses)]) for i in range(n)]
    print("ready", flush=True)
    sys.stdin.read()
    del kept


if __name__ == "__main__":
    main()
