# SPDX-License-Identifier: GPL-2.0
"""Runs the benchmark's programs, most of them in the VM that counts instructions.

    with VM(here) as vm:
	vm.lines(script, plan, profile)	runs script TOOLS PLAN in it; yields the lines of
		JSON that it prints: those that are about something marked have its
		"instructions" by user, kernel and module; with profile also by
		"functions"
	vm.wired(plan)	the same of guest.py, on a wire to a second machine
	vm.clocked(script, plan, native)	the same where time means something: in a
		VM by KVM, or on this machine itself, as root. No instructions
	vm.kernel()	which kernel VMs have
    has_kvm()
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import wire
from functions import Profiles

CFLAGS = ["-O2", "-Wall", "-Wextra", "-Werror"]
# Of a run. It ends by itself; this is for one that does not.
LIMIT = 6 * 3600


def has_kvm():
    """/dev/kvm may exist and not work: only the CPU's flags tell."""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        return bool(re.search(r"\b(vmx|svm)\b", f.read())) and \
            os.access("/dev/kvm", os.W_OK)


@contextlib.contextmanager
def running(command):
    """It does not outlive whoever has begun it."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        except BaseException:
            process.terminate()
            raise


class Counts:
    """What the plugin wrote at each mark; two marks for each sample, in order."""

    def __init__(self, path):
        self.path = path
        self.offset = 0

    def following(self):
        """Instructions of user space, kernel and modules between the next two."""
        marks = []
        with open(self.path, encoding="ascii") as f:
            f.seek(self.offset)
            for wanted in ("1", "2"):
                mark, *counts = f.readline().split()
                assert mark == wanted, f"a mark {mark} where {wanted} was expected"
                marks.append([int(c) for c in counts])
            self.offset = f.tell()
        return dict(zip(("user", "kernel", "module"),
                        (b - a for a, b in zip(*marks))))


class VM:
    def __init__(self, here):
        self.here = here
        self.folder = None

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="l7mesh-bench.")
        self.build()
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def cc(self, *words, compiler="cc"):
        subprocess.run([compiler, *words], check=True, cwd=self.here)

    def build(self):
        to = self.folder
        self.cc(*CFLAGS, "-shared", "-fPIC", "-o", f"{to}/icount.so", "icount.c")
        for name in ("client", "server"):
            self.cc(*CFLAGS, "-o", f"{to}/{name}", f"{name}.c")
        self.cc(*CFLAGS, "-o", f"{to}/sockmap", "sockmap.c", "-lbpf")
        # clang has no folder of its own for BPF, where <asm/types.h> would be.
        multiarch = subprocess.run(["cc", "-print-multiarch"], check=True, text=True,
                                   stdout=subprocess.PIPE).stdout.strip()
        self.cc("-O2", "-g", "-target", "bpf", "-Wall", "-Werror",
                "-I", f"/usr/include/{multiarch}", "-c",
                "-o", f"{to}/sockmap.bpf.o", "sockmap.bpf.c", compiler="clang")

    def command(self, plugin, *words, more=()):
        return [f"{self.here}/../vm/run", "-t", str(LIMIT), "-m", "4G",
                *(["-p", plugin] if plugin else []), "-o", f"{self.folder}/out", *more,
                "--", *words]

    def kernel(self):
        done = subprocess.run(self.command(None, "uname", "-sr"), check=True, text=True,
                              stdout=subprocess.PIPE)
        return done.stdout.strip()

    def write(self, plan):
        with open(f"{self.folder}/plan.json", "w", encoding="utf-8") as f:
            json.dump(plan, f)

    def clocked(self, script, plan, native):
        self.write(plan)
        words = [f"{self.here}/{script}", self.folder, f"{self.folder}/plan.json"]
        with running(words if native else self.command(None, *words)) as run:
            for line in run.stdout:
                yield json.loads(line)
        if run.returncode:
            sys.exit(f"{script} ended with {run.returncode}")

    def wired(self, plan):
        """As lines() of guest.py, with a second machine that is not counted."""
        port = wire.free_port()
        other = self.command(None, f"{self.here}/wire.py", self.folder,
                             more=["-n", "-w", "0", *wire.arguments(port, True)])
        with running(other) as servers:
            if servers.stdout.readline() != "ready\n":
                sys.exit("the second machine does not begin")
            yield from self.lines("guest.py", plan, False,
                                  ["-r", *wire.arguments(port, False)])
            servers.terminate()

    def lines(self, script, plan, profile, more=()):
        plugin = f"{self.folder}/icount.so,out={self.folder}/counts"
        if profile:
            plugin += f",profile={self.folder}/profile"
            profiles = Profiles(f"{self.folder}/profile")
        self.write(plan)
        counts = Counts(f"{self.folder}/counts")
        command = self.command(plugin, f"{self.here}/{script}", self.folder,
                               f"{self.folder}/plan.json", more=more)
        with running(command) as vm:
            for line in vm.stdout:
                told = json.loads(line)
                if "value" not in told:
                    told["instructions"] = counts.following()
                if profile:
                    told["functions"] = profiles.following(
                        f"{self.folder}/out/{told.pop('symbols')}")
                yield told
        if vm.returncode:
            sys.exit(f"the VM ended with {vm.returncode}")
