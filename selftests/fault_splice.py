#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Spliced connections, with every allocation beneath the module failing once:
every byte arrives, by TCP if need be, and the next connection is spliced.
"""

import errno
import os
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
import faults
from faults import sweep
from l7 import equal, run_tests, test, true, until
from l7nl import UAPI, Genl, Refused

LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
SIZES = 1, 3000, 3001, 20000, 65536, 300000


def exchange(family, sizes):
    with socket.socket(family) as listener:
        listener.bind((LOOPBACK[family], 0))
        listener.listen()
        client = socket.create_connection(listener.getsockname()[:2], 10)
        server, _ = listener.accept()
    with client, server:
        server.settimeout(10)
        for size in sizes:
            data = os.urandom(size)
            for a, b in (client, server), (server, client):
                writer = threading.Thread(target=a.sendall, args=(data,))
                writer.start()
                got = b""
                while len(got) < size:
                    piece = b.recv(size)
                    true(piece, "it ended")
                    got += piece
                writer.join()
                equal(got, data)
        client.shutdown(socket.SHUT_WR)
        equal(server.recv(1), b"")
    return "ok"


genl = Genl


def made():
    return genl.counters()["spliced_connections"]


def well():
    before = made()
    equal(exchange(socket.AF_INET, [100]), "ok")
    until(lambda: made() == before + 1)


@test("a connection, both families, and messages of every size both ways", 1200)
def _():
    for family in LOOPBACK:
        equal(sweep(f"family {family.name}", lambda f=family:
                    exchange(f, SIZES), after=well), "ok")


@test("the list of what is spliced", 600)
def _():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), 10)
        server, _ = listener.accept()

    def show():
        try:
            return str(len(genl.dump("SPLICES_GET")))
        except Refused as error:
            equal(error.errno, errno.ENOMEM)
            return "ENOMEM"
    with client, server:
        equal(sweep("SPLICES_GET", show), "1")


def main():
    global genl
    faults.set_up()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    genl = Genl()
    genl.add(SPLICE={"POLICY": UAPI["L7MESH_SPLICE_ALL"]})
    try:
        return run_tests()
    finally:
        genl.delete(SPLICE={})


if __name__ == "__main__":
    sys.exit(main())
