# SPDX-License-Identifier: GPL-2.0
"""What is like a virtual machine to its node: a network namespace whose link is a tap
device, and a program that carries frames between that and a tap device on the node's
bridge, as QEMU does."""

import contextlib
import fcntl
import os
import select
import struct
import subprocess
import threading

from l7 import in_pod, run_in

TUN = "/dev/net/tun"
TUNSETIFF = 0x400454ca
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000


def available():
    """Whether the kernel has tap devices."""
    subprocess.run(["modprobe", "-q", "tun"], check=False)
    return os.path.exists(TUN)


def _tap(pod, name):
    with in_pod(pod):
        fd = os.open(TUN, os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(),
                                               IFF_TAP | IFF_NO_PI))
    return fd


def _carry(ends, stop):
    while True:
        ready, _, _ = select.select([*ends, stop], [], [])
        if stop in ready:
            return
        for fd in ready:
            # A frame that finds no room is lost, as on any wire.
            with contextlib.suppress(BlockingIOError, OSError):
                os.write(ends[fd], os.read(fd, 65536))


@contextlib.contextmanager
def tapped(name, n):
    """The namespace `name`, with the addresses 10.2.0.n and fd00:2::n."""
    subprocess.run(["ip", "netns", "add", name], check=True)
    inside, outside = _tap(name, "eth0"), _tap(None, f"tap{n}")
    stop, stopper = os.pipe()
    carrier = threading.Thread(target=_carry, args=({inside: outside, outside: inside},
                                                    stop))
    carrier.start()
    try:
        # Of its own, lest a bridge have the least address of those that come and go.
        with open("/sys/class/net/mesh0/address", encoding="ascii") as f:
            own = f.read().strip()
        subprocess.run(["ip", "link", "set", "mesh0", "address", own], check=True)
        subprocess.run(["ip", "link", "set", f"tap{n}", "master", "mesh0", "up"],
                       check=True)
        for words in ("link set lo up", "link set eth0 up",
                      f"addr add 10.2.0.{n}/24 dev eth0",
                      f"addr add fd00:2::{n}/64 dev eth0 nodad",
                      "route add default via 10.2.0.1",
                      "route add default via fd00:2::1"):
            run_in(name, "ip", *words.split())
        # Another one may have had its addresses a moment ago.
        subprocess.run(["ip", "neigh", "flush", "dev", "mesh0"], check=True)
        yield
    finally:
        os.write(stopper, b"x")
        carrier.join()
        for fd in inside, outside, stop, stopper:
            os.close(fd)
        subprocess.run(["ip", "netns", "del", name], check=True)
