#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Who may configure, attach and listen."""

import errno
import gc
import os
import signal
import socket
import sys
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from l7 import equal, fork, note, run_tests, true
from l7nl import ENUMS, NLM_F_DUMP, UAPI, Genl, Refused
from nltest import (CLONE_NEWNET, CLONE_NEWUSER, EVERYTHING, NEW,
                    alone, base, child, enter, load, pods, refused, unshare,
                    user_namespaces)


def everything_is_refused(g, text="attached to the mesh of another"):
    for cmd, _ in ENUMS["l7mesh_cmd"][1:]:
        cmd = cmd[len("L7MESH_CMD_"):]
        value = {"ADD": NEW["CLUSTER"], "SET": NEW["CLUSTER"],
                 "DEL": NEW["CLUSTER"], "ATTACH": {"NETNS_PID": os.getpid()},
                 "DETACH": {"NETNS_PID": os.getpid()},
                 "MAGLEV_GET": {"CLUSTER_NAME": "a"},
                 "EXPLAIN": {"EXPLAIN": {"LISTENER": "tcp"}}}.get(cmd, {})
        if cmd == "CHANGED":
            continue
        call = g.dump if cmd == "EXPLAIN" or \
            cmd.endswith("GET") and cmd != "INFO_GET" else g.do
        refused(errno.EPERM, call, cmd, value, text=text)


def subscription_is_refused(g):
    try:
        g.subscribe()
    except PermissionError:
        return
    raise AssertionError("anybody may listen")


@alone("without CAP_NET_ADMIN over the namespace: EPERM, dumps and events too")
def _():
    base(Genl())

    def nobody():
        os.setgid(65534)
        os.setuid(65534)
        g = Genl()
        everything_is_refused(g, text="")
        subscription_is_refused(g)

    def opened_before():
        g = Genl()
        os.setuid(65534)
        refused(errno.EPERM, g.add, **NEW["CLUSTER"])
        refused(errno.EPERM, g.dump, "GET")

    def root_of_a_container():
        # Root of a user namespace of its own, in this network namespace.
        g = Genl()
        unshare(CLONE_NEWUSER)
        refused(errno.EPERM, g.add, **NEW["CLUSTER"])
        g = Genl()
        everything_is_refused(g, text="")
        subscription_is_refused(g)

    for who in nobody, opened_before, root_of_a_container:
        true(child(who), who.__name__)


@alone("by default, root of a user namespace is told that it may have no mesh")
def _():
    text = "user namespaces may not have a mesh (module parameter userns)"

    def container():
        unshare(CLONE_NEWUSER | CLONE_NEWNET)
        everything_is_refused(Genl(), text)

    def came_in(pod):
        # Root of the host, in a namespace of a user namespace, may.
        load(pod.genl(), EVERYTHING)
        equal(pod.genl().objects(), EVERYTHING)
        # Its own root, who owns the same namespace, may not even look.
        enter(os.open(f"/proc/{pod.pid}/ns/user", os.O_RDONLY), CLONE_NEWUSER)
        enter(pod.fd)
        everything_is_refused(Genl(), text)

    true(child(container), "container")
    with pods(CLONE_NEWUSER | CLONE_NEWNET) as pod:
        true(child(came_in, pod), "came_in")


def references():
    with open("/sys/module/l7mesh/refcnt", encoding="ascii") as f:
        return int(f.read())


@alone("who may not ask for a list does not keep the module by not reading it")
def _():
    before = references()
    told, tell = os.pipe()

    def container():
        unshare(CLONE_NEWUSER | CLONE_NEWNET)
        g = Genl()
        # Room for nothing: a list that has begun would wait for it.
        g.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        for _ in range(20):
            g.sock.send(g.message(g.family, UAPI["L7MESH_CMD_GET"], b"", NLM_F_DUMP))
        equal(references(), before)
        os.write(tell, b"x")

    true(child(container), "container")
    equal(os.read(told, 1), b"x")


@alone("userns=1: root of a user namespace configures the namespace that it owns "
       "alone")
def _():
    with pods() as pod, user_namespaces():
        base(pod.genl())

        def container():
            outside = os.open(pod.path, os.O_RDONLY)
            unshare(CLONE_NEWUSER | CLONE_NEWNET)
            g = Genl()
            load(g, EVERYTHING)
            equal(g.objects(), EVERYTHING)
            g.subscribe()
            refused(errno.EPERM, g.do, "ATTACH", {"NETNS_FD": outside},
                    text="CAP_NET_ADMIN over the other namespace")
            refused(errno.EPERM, g.do, "DETACH", {"NETNS_FD": outside})

        true(child(container), "container")


@alone("attach and detach: by file and by process, once, not itself")
def _():
    g = Genl()
    with pods(CLONE_NEWNET, CLONE_NEWNET, CLONE_NEWNET) as (a, b, c):
        g.do("ATTACH", {"NETNS_FD": a.fd})
        g.do("ATTACH", {"NETNS_PID": b.pid})
        refused(errno.EEXIST, g.do, "ATTACH", {"NETNS_PID": a.pid},
                text="attached already", path="NETNS_PID")
        equal([o["ATTACHED"]["INODE"] for o in g.dump("ATTACHED_GET")],
              [a.ids(), b.ids()])
        everything_is_refused(a.genl())
        refused(errno.EBUSY, c.genl().do, "ATTACH", {"NETNS_PID": a.pid},
                text="attached to another's mesh")
        refused(errno.ENOENT, c.genl().do, "DETACH", {"NETNS_PID": a.pid})
        refused(errno.EINVAL, g.do, "ATTACH", {"NETNS_PID": os.getpid()},
                text="itself", path="NETNS_PID")
        refused(errno.ENOENT, g.do, "DETACH", {"NETNS_FD": c.fd},
                text="not attached")
        refused(errno.EINVAL, g.do, "ATTACH", {}, text="exactly one of")
        refused(errno.EINVAL, g.do, "ATTACH",
                {"NETNS_FD": a.fd, "NETNS_PID": a.pid}, text="exactly one of")
        refused(errno.EBADF, g.do, "ATTACH", {"NETNS_FD": 999},
                path="NETNS_FD")
        refused(errno.ESRCH, g.do, "ATTACH", {"NETNS_PID": 4194303},
                path="NETNS_PID")
        with open("/dev/null", "rb") as f:
            refused(errno.EINVAL, g.do, "ATTACH", {"NETNS_FD": f.fileno()})
        g.do("DETACH", {"NETNS_PID": a.pid})
        equal(a.genl().objects(), [])
        base(a.genl())
        refused(errno.EBUSY, g.do, "ATTACH", {"NETNS_FD": a.fd},
                text="configuration of its own")
        a.genl().do("FLUSH")
        g.do("ATTACH", {"NETNS_FD": a.fd})
        # One that others obey cannot obey.
        refused(errno.EBUSY, c.genl().do, "ATTACH",
                {"NETNS_PID": os.getpid()})
    # They go with their namespaces, which our sockets keep.
    gc.collect()
    end = time.monotonic() + 20
    while g.dump("ATTACHED_GET") and time.monotonic() < end:
        time.sleep(0.1)
    equal(g.dump("ATTACHED_GET"), [])


@alone("root of an attached container is refused everything; its open "
       "transaction is over")
def _():
    with user_namespaces():
        attach_container()


def attach_container():
    g = base(Genl())
    ask, tell = os.pipe()
    answer, reply = os.pipe()
    pid = fork()
    if not pid:
        status = 1
        try:
            unshare(CLONE_NEWUSER | CLONE_NEWNET)
            inside = Genl()
            inside.do("TXN_BEGIN")
            inside.add(**NEW["CLUSTER"])
            os.write(reply, b"x")
            os.read(ask, 1)
            everything_is_refused(inside)
            everything_is_refused(Genl())
            os.write(reply, b"x")
            os.read(ask, 1)
            refused(errno.ENOENT, inside.do, "TXN_COMMIT")
            equal(inside.objects(), [])
            status = 0
        except BaseException:  # pylint: disable=broad-except
            note(traceback.format_exc(limit=-3))
        finally:
            sys.stdout.flush()
            os._exit(status)
    os.close(reply)
    true(os.read(answer, 1), "see above")
    g.do("ATTACH", {"NETNS_PID": pid})
    os.write(tell, b"x")
    true(os.read(answer, 1), "see above")
    g.do("DETACH", {"NETNS_PID": pid})
    os.write(tell, b"x")
    equal(os.waitpid(pid, 0)[1], 0)
    equal(g.objects(), EVERYTHING)


@alone("the owner's namespace goes: who was attached is free")
def _():
    with pods(CLONE_NEWNET, CLONE_NEWNET) as (owner, pod):
        g = base(owner.genl())
        g.do("ATTACH", {"NETNS_FD": pod.fd})
        g.close()
        inside = pod.genl()
        refused(errno.EPERM, inside.objects)
        os.kill(owner.pid, signal.SIGKILL)
        os.close(owner.fd)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                equal(inside.objects(), [])
                break
            except Refused as error:
                equal(error.errno, errno.EPERM)
                time.sleep(0.1)
        inside.add(**NEW["CLUSTER"])
        owner.fd = os.open("/dev/null", os.O_RDONLY)


if __name__ == "__main__":
    sys.exit(run_tests())
