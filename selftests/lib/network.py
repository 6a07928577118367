# SPDX-License-Identifier: GPL-2.0
"""What a network does to connections, and what becomes of them."""

import contextlib
import errno
import socket
import subprocess

from l7 import in_pod


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
