# SPDX-License-Identifier: GPL-2.0
"""What a measurement was made on: describe() returns it as a dictionary of texts; and
kernel() which kernel that is, if it was not a VM's."""

import os
import re
import subprocess

TREE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../..")


def first_line(*command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True,
                              stderr=subprocess.STDOUT)
    except FileNotFoundError:
        return ""
    return done.stdout.partition("\n")[0].strip()


def field(path, pattern):
    with open(path, encoding="utf-8") as f:
        found = re.search(pattern, f.read())
    return found[1] if found else ""


def packages(*names):
    return {name: first_line("dpkg-query", "-W", "-f", "${Version}", name)
            for name in names}


def kernel():
    return first_line("uname", "-sr")


def describe():
    return {
        "commit": first_line("git", "-C", TREE, "describe", "--always", "--dirty"),
        "date": first_line("date", "-u", "+%Y-%m-%d"),
        "processor": field("/proc/cpuinfo", r"model name\s*: (.*)"),
        "processors": str(os.cpu_count()),
        "memory": field("/proc/meminfo", r"MemTotal:\s*(.*)"),
        "compiler": first_line("cc", "--version"),
        "emulator": first_line("qemu-system-x86_64", "--version"),
        **packages("libc6", "nginx-light", "haproxy", "ipvsadm", "libbpf1"),
    }
