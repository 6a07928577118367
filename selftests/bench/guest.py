#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The part of the benchmark that is in the VM, or on a machine that is measured as it
is; as root.

	guest.py TOOLS PLAN

TOOLS is the folder of the programs that `run` has built; PLAN, a file in JSON, has
"rounds", the names of "contenders" and "works", whether to keep the kernel's symbols in
$OUT for a "profile", and whether to weigh contenders ("memory"). In every round each
contender is set up with pods of its own, and does its works: what one leaves behind is
none of the next one's, and what changes with time hits all alike.

Prints a line of JSON for each work of each contender, of each round: what client.c
says, and the CPU time of the contender's proxies meanwhile, in ns; and points as
scale.py has them.
"""

import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
# pylint: disable=wrong-import-position
from contenders import contenders
from command import run
from slabs import kernel_memory
from topology import WEB, Topology
from works import works

MODULE = os.environ.get("L7MESH_KO")


def is_loaded():
    return os.path.isdir("/sys/module/l7mesh")


def load_module(wanted):
    """The others have to do without: even idle, it would be in their way."""
    if wanted and not is_loaded():
        run(["insmod", MODULE] if MODULE else "modprobe l7mesh")
    elif not wanted and is_loaded():
        run("rmmod l7mesh")


def cpu_time(pids):
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
                total += int(f.read().split()[0])
        except FileNotFoundError:
            pass
    return total


def pss(pids):
    """Memory of processes, of what they share a share."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
            total += next(int(line.split()[1]) * 1024 for line in f
                          if line.startswith("Pss:"))
    return total


class Churn:
    """A context: the contender's configuration changes, ten times a second."""

    def __init__(self, contender):
        self.contender = contender
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.go_on)

    def go_on(self):
        for n in itertools.count():
            if self.ended.wait(0.1):
                return
            self.contender.change(n)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


class Calm:
    def __enter__(self):
        pass

    def __exit__(self, *_):
        pass


def client(tools, contender, work):
    to = contender.address
    command = ["ip", "netns", "exec", "client", f"{tools}/client", "-m", *work.client,
               *([to] if isinstance(to, str) else to)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        sys.exit(f"{contender.name}: {work.name}: the client has failed")
    return json.loads(done.stdout)


def measure(tools, contender, work, number, profile):
    before = cpu_time(contender.processes())
    with Churn(contender) if work.churn else Calm():
        result = client(tools, contender, work)
    result.update(contender=contender.name, work=work.name, round=number,
                  proxies=cpu_time(contender.processes()) - before)
    if profile:
        result["symbols"] = f"symbols.{contender.name}.{number}"
        shutil.copy("/proc/kallsyms", f"{os.environ['OUT']}/{result['symbols']}")
    print(json.dumps(result), flush=True)


HELD = 1000


def hold(contender, net):
    to = contender.address
    # pylint: disable=consider-using-with # the caller ends it
    holder = subprocess.Popen(
        ["ip", "netns", "exec", "client", os.path.join(HERE, "hold.py"), str(HELD),
         net.services[0].name, *([to] if isinstance(to, str) else to)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if holder.stdout.readline() != b"ready\n":
        sys.exit(f"{contender.name} does not keep {HELD} connections")
    return holder


def weigh(contender, net):
    """Memory of its proxies, idle; and of the kernel and them for each connection."""
    idle = pss(contender.processes())
    before = kernel_memory() + idle
    holder = hold(contender, net)
    time.sleep(1)
    after = kernel_memory() + pss(contender.processes())
    holder.communicate()
    title = "Memory, bytes"
    for x, value in (("proxies, idle", idle),
                     ("a connection that is idle", (after - before) / HELD)):
        print(json.dumps({"title": title, "series": contender.label, "x": x,
                          "value": value}), flush=True)


def settle(contender, tools, work):
    """Until it serves: addresses have been resolved, health is known."""
    command = ["ip", "netns", "exec", "client", f"{tools}/client", "-n", "30", "-w",
               "0", "-k", "1", "-H", work.services[0].name]
    to = contender.address
    command += [to] if isinstance(to, str) else to
    for _ in range(100):
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
        if not done.returncode and not json.loads(done.stdout)["errors"]:
            return
        time.sleep(0.1)
    sys.exit(f"{contender.name} does not serve: {done.stdout}")


def measure_all(tools, contender, chosen, number, plan):
    for services, group in itertools.groupby(chosen, lambda w: w.services):
        folder = f"/run/bench.{number}.{contender.name}"
        with Topology(tools, folder, services) as net:
            load_module(contender.uses_module)
            net.start_servers(contender.name == "direct")
            contender.up(net)
            group = list(group)
            settle(contender, tools, group[0])
            for work in group:
                measure(tools, contender, work, number, plan["profile"])
            if plan["memory"] and services is WEB:
                weigh(contender, net)
            contender.down()


def main():
    tools = sys.argv[1]
    with open(sys.argv[2], encoding="utf-8") as f:
        plan = json.load(f)
    chosen = [w for w in works() if w.name in plan["works"]]
    for number in range(plan["rounds"]):
        for contender in contenders():
            if contender.name in plan["contenders"]:
                measure_all(tools, contender, chosen, number, plan)


if __name__ == "__main__":
    main()
