# SPDX-License-Identifier: GPL-2.0
"""What a network does to connections, and what becomes of them."""

import contextlib
import errno
import socket
import subprocess

from l7 import in_pod, run_in, write_file


def attempt(pod, to, port=80, seconds=2, source=None):
    """What becomes of a connection: None if it is made, else its error."""
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    with in_pod(pod), socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(seconds)
        if source:
            s.bind((source, 0))
        try:
            s.connect((to, port))
            return None
        except socket.timeout:
            return "silence"
        except OSError as e:
            return errno.errorcode[e.errno]


@contextlib.contextmanager
def nft(rules, pod=None):
    """A table of nft's, "kube", while the test runs."""
    def run(*args, **options):
        prefix = ["ip", "netns", "exec", pod] if pod else []
        subprocess.run([*prefix, "nft", *args], check=True, text=True, **options)
    run("-f", "-", input=rules)
    try:
        yield
    finally:
        for family in "ip", "ip6", "inet":
            with contextlib.suppress(subprocess.CalledProcessError):
                run("delete", "table", family, "kube", stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def forwarding():
    names = [f"/proc/sys/net/{n}" for n in ("ipv4/ip_forward",
                                            "ipv6/conf/all/forwarding")]
    for name in names:
        with open(name, "w", encoding="ascii") as f:
            f.write("1")
    yield


def no_redirects(pod):
    """That another pod is on the same bridge is not what the node tells this one."""
    for name in "all", "mesh0":
        write_file(f"/proc/sys/net/ipv4/conf/{name}/send_redirects", "0")
    with in_pod(pod):
        write_file("/proc/sys/net/ipv6/conf/eth0/accept_redirects", "0")


def answers_by_the_node(pod, whom):
    """As where pods have links of their own to the node: so it sees what a pod of this
    node answers an address of each family, whose source the mesh has kept."""
    no_redirects(pod)
    for to, via in zip(whom, ("10.2.0.1", "fd00:2::1")):
        run_in(pod, "ip", "route", "add", to, "via", via)
