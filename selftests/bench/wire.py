#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Two machines, each a VM, and a wire between them: a network device of QEMU's.

	wire.py TOOLS	in the second one: servers at 10.3.0.0/24, until it is killed.
			Prints "ready"

    connect(address, network, via)	this machine's end of the wire, and what is behind
					the other end
    disconnect()
    arguments(port, listens)	of vm/run, for a machine on the wire; port is a free one
				of the host's
    free_port()
"""

import os
import signal
import socket
import subprocess
import sys

from command import run

DEVICE = "eth0"
SERVERS = "10.3.0.0/24"


def connect(address, network, via):
    run("modprobe virtio_net")
    run("sysctl -qw net.ipv4.ip_forward=1")
    run(f"ip link set {DEVICE} up")
    run(f"ip addr add {address}/24 dev {DEVICE}")
    run(f"ip route add {network} via {via}")


def disconnect():
    run(f"ip addr flush dev {DEVICE}")
    run(f"ip link set {DEVICE} down")


def arguments(port, listens):
    how = "listen" if listens else "connect"
    mac = "52:54:00:00:00:02" if listens else "52:54:00:00:00:01"
    words = ["-netdev", f"socket,id=wire,{how}=127.0.0.1:{port}",
             "-device", f"virtio-net-pci,netdev=wire,mac={mac}"]
    return [w for word in words for w in ("-q", word)]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def main():
    connect("10.6.0.2", "10.2.0.0/24", "10.6.0.1")
    run(f"ip route add local {SERVERS} dev lo")
    with subprocess.Popen([os.path.join(sys.argv[1], "server"), "8080"]):
        print("ready", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
