# SPDX-License-Identifier: GPL-2.0
"""A control group, and the processes that are put into it.

    use_memory()	once, before groups are made: they have the memory controller
    Group(name, limit)	with memory.max, if there is a limit
"""

import contextlib
import os
import signal

from l7 import fork, until

CGROUP = "/sys/fs/cgroup"


def use_memory():
    with open(f"{CGROUP}/cgroup.subtree_control", "w", encoding="ascii") as f:
        f.write("+memory")


class Group:
    """A control group, and the processes that are put into it."""

    def __init__(self, name, limit=None):
        self.path = f"{CGROUP}/{name}"
        with contextlib.suppress(FileExistsError):
            os.mkdir(self.path)
        self.pids = []
        if limit:
            self.write("memory.max", limit)

    def write(self, name, value):
        with open(f"{self.path}/{name}", "w", encoding="ascii") as f:
            f.write(str(value))

    def read(self, name):
        with open(f"{self.path}/{name}", encoding="ascii") as f:
            return f.read()

    def stat(self, key, file="memory.stat"):
        return {k: int(v) for k, v in
                map(str.split, self.read(file).splitlines())}[key]

    def run(self, function, *args):
        """A process in it that does something until it is killed."""
        pid = fork()
        if pid:
            self.pids.append(pid)
            return pid
        with contextlib.suppress(BaseException):
            signal.alarm(0)
            self.write("cgroup.procs", os.getpid())
            function(*args)
        os._exit(0)  # pylint: disable=protected-access

    def stop(self):
        """All that runs in it."""
        while self.pids:
            pid = self.pids.pop()
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def end(self):
        self.stop()
        until(lambda: not self.read("cgroup.procs"))
        os.rmdir(self.path)
