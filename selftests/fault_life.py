#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# timeout: 4000
"""Beginnings and ends: of a namespace, and loading, with every allocation
beneath the module failing once."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
import faults
from faults import sweep
from l7 import equal, note, run_tests, test, true, until
from nltest import CLONE_NEWNET, Pod, unshare

VIP = "10.96.0.1"
CONFIG = {
    "route_tables": [{"name": "t", "virtual_hosts": [
        {"name": "v", "domains": ["*"], "routes": [
            {"action": {"direct_response": {"status": 200}}}]}]}],
    "listeners": [{"name": "http", "address": VIP, "port": 80,
                   "protocol": "http", "route_table": "t", "packets": True}],
}


@test("a namespace's beginning: an error or success", 1200)
def _():
    equal(sweep("unshare(CLONE_NEWNET)", new_namespace), "ok")


def new_namespace():
    """In a child, which ends it as well."""
    pid = os.fork()
    if not pid:
        try:
            unshare(CLONE_NEWNET)
        except OSError as error:
            os._exit(error.errno)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return os.strerror(code) if code else "ok"


@test("the end of a namespace with a mesh and of one that obeys it", 1200)
def _():
    pods = []

    def begin():
        pods[:] = Pod(), Pod()
        for pod in pods:
            run_in(pod, "ip", "link", "set", "lo", "up")
        run_in(pods[0], "meshctl", "apply", "-f", "-", file=json.dumps(CONFIG))
        run_in(pods[0], "meshctl", "attach", f"/proc/{pods[1].pid}/ns/net")
        for pod in pods:
            request_in(pod)

    def end():
        for pod in pods:
            pod.leave()
        return "ok"
    begin()
    # A namespace is taken down by a worker, a moment later.
    equal(sweep("namespaces", end, begin, settle=1), "ok")
    end()


def run_in(pod, *command, file=None):
    subprocess.run(["nsenter", f"--net={pod.path}", *command], check=True,
                   input=file, text=True)


def request_in(pod):
    with pod.inside(), socket.create_connection((VIP, 80), 30) as sock:
        sock.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        true(sock.recv(1000).startswith(b"HTTP/1.1 200 "))


@test("loading: an error and nothing left, or success", 3600)
def _():
    unload()
    with tempfile.TemporaryDirectory() as folder:
        ko = os.path.join(folder, "l7mesh.ko")
        # To read what is for debuggers would take nearly all of the time.
        subprocess.run(["strip", "--strip-debug", "-o", ko, os.environ["L7MESH_KO"]],
                       check=True)
        equal(sweep("insmod", lambda: load(ko), unload), "ok")
    equal(leaks(), [])


KMEMLEAK = "/sys/kernel/debug/kmemleak"


def leaks():
    """What kmemleak finds, but for the kernel's own: a cache that cannot be made
    leaves its name behind, which 6.1's sysfs_slab_add() does not free."""
    if not os.path.exists(KMEMLEAK):
        subprocess.run(["mount", "-t", "debugfs", "none", "/sys/kernel/debug"],
                       check=True)
    # What is found is only told when it was found by two scans.
    for _ in range(2):
        kmemleak("scan")
        time.sleep(6)
    with open(KMEMLEAK, encoding="ascii", errors="replace") as f:
        found = f.read().split("unreferenced object ")[1:]
    note(f"{len(found)} leaks, of all kinds")
    kmemleak("clear")
    return [text for text in found if "sysfs_slab_add+" not in text]


def kmemleak(command):
    with open(KMEMLEAK, "w", encoding="ascii") as f:
        f.write(command)


def load(path):
    done = subprocess.run(["insmod", path], text=True, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        true(not os.path.exists("/sys/module/l7mesh"))
        return done.stderr.strip().rsplit(": ", 1)[-1]
    return "ok"


def unload():
    """Namespaces that ended just now may still hold it."""
    until(lambda: not os.path.exists("/sys/module/l7mesh") or
          not subprocess.run(["rmmod", "l7mesh"], check=False,
                             stderr=subprocess.DEVNULL).returncode)


def main():
    faults.set_up()
    try:
        return run_tests()
    finally:
        faults.arm(0)


if __name__ == "__main__":
    sys.exit(main())
