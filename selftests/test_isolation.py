#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What an unprivileged user, or a pod, can do to its neighbours.

Each attack runs beside a victim, and it is the victim that is looked at: what it
asks for is done while the attack provably still goes on. Attacks by user namespaces
run with userns=1, but for the one that shows that they may not do anything.
"""

import contextlib
import errno
import glob
import os
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
# pylint: disable=wrong-import-position
from control_group import Group, use_memory
from l7 import (Counters, end_with, equal, fork, note, parameter, read_file, run_tests,
                true, until, write_file)
from l7nl import CTRL_GETFAMILY, NLM_F_DUMP, UAPI, Genl, Refused, attrs_of
from missing_page import is_stuck, stuck_threads
from nltest import (CLONE_NEWNET, CLONE_NEWUSER, Pod, alone, begin_child, child,
                    generation, held, load, pods, refused, settled, unshare,
                    user_namespaces, went_well)
from slabs import redirects

SCALE = int(os.environ.get("L7MESH_SCALE", "1"))
NOBODY = 65534
SPLICE_MESH, SPLICE_OFF = 0, 3
SO_ORIGINAL_DST = 80
STUCK_PAGE = os.path.join(HERE, "lib", "stuck_page")


def big_tables(g, n, **kind):
    """So many, each of 5,000,011 slots or as is said, in a transaction that begins."""
    g.do("TXN_BEGIN")
    for i in range(n):
        name = f"c{i}"
        g.add(CLUSTER={"NAME": name, "TABLE_SIZE": 5000011,
                       "HASH": [{"SOURCE_ADDRESS": True}], **kind})
        for k in range(1, 4):
            g.add(ENDPOINT={"CLUSTER": name, "PORT": 80, "WEIGHT": k,
                            "ADDRESS": f"10.0.{i}.{k}"})


def run(*command):
    return subprocess.run(command, check=True, capture_output=True,
                          text=True).stdout


def become_user():
    """An ordinary user, who is root of a user namespace of its own."""
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    end_with(os.getppid())
    unshare(CLONE_NEWUSER | CLONE_NEWNET)


@alone("an unprivileged user has no mesh, hooks nothing, and does not load the "
       "module")
def _():
    def user():
        become_user()
        g = Genl()
        refused(errno.EPERM, g.do, "TXN_BEGIN", {}, text="userns")
        refused(errno.EPERM, g.dump, "GET", text="userns")
        refused(errno.EPERM, g.add, CLUSTER={"NAME": "a"}, text="userns")

    true(child(user), "user")
    equal(generation(Genl()), 0)
    # What an ordinary request for the family's name would load it by.
    equal(run("modinfo", "-F", "alias", os.environ["L7MESH_KO"]), "")


# ---- who pays for a user's mesh ----

MIB = 1 << 20


@contextlib.contextmanager
def user_group(limit=None):
    group = Group("l7user", limit)
    try:
        yield group
    finally:
        group.end()


def answers_of(group, function, *args, **more):
    """What an ordinary user in a control group says of what it does, line by line."""
    told, tell = os.pipe()

    def user():
        os.close(told)
        become_user()
        with open(tell, "w", encoding="ascii", buffering=1) as out:
            try:
                function(out, *args, **more)
            except Refused as error:
                out.write(f"{errno.errorcode[error.errno]} {error.text}\n")
        signal.pause()

    group.run(user)
    os.close(tell)
    return open(told, encoding="ascii")


def build_tables(out, n, **kind):
    """Says what the mesh holds when they are built."""
    g = Genl()
    big_tables(g, n, **kind)
    g.do("TXN_COMMIT")
    out.write(f"{held(g)}\n")


def charged(group):
    """Of the kernel's memory."""
    return group.stat("kernel")


def spent_by_kernel_threads():
    """Of processors, in microseconds."""
    ticks = 0
    for path in glob.glob("/proc/[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = read_file(path).rsplit(")", 1)[1].split()
            if fields[1] == "2":
                ticks += int(fields[12])
    return ticks * 1000000 // os.sysconf("SC_CLK_TCK")


@alone("userns=1: a user's mesh is charged to who made it, memory and time", 300)
def _():
    n, slots = 4, 1000003
    with user_namespaces(), user_group() as group:
        before = spent_by_kernel_threads()
        with answers_of(group, build_tables, n, TABLE_SIZE=slots) as answers:
            bytes_held = int(answers.readline())
        others = spent_by_kernel_threads() - before
        own = group.stat("system_usec", "cpu.stat")
        note(f"{bytes_held >> 10} KiB held, {charged(group) >> 10} charged; {own} us "
             f"spent by the group, {others} by kernel threads")
        true(bytes_held > n * slots)
        true(charged(group) > bytes_held * 0.95)
        true(own > 4 * others)


RING = {"LB": UAPI["L7MESH_LB_RING_HASH"], "RING_MIN": 8388608, "RING_MAX": 8388608}


def ring_is_refused(words, limit, most=None):
    """In words, though nobody is killed, and nothing of it is kept."""
    with parameter("config_bytes_max", limit), user_group(most) as group:
        with answers_of(group, build_tables, 2, **RING) as answers:
            answer = answers.readline()
        true(answer.startswith(words), answer)
        equal(group.stat("oom_kill", "memory.events"), 0)
        until(lambda: charged(group) < 8 * MIB, why="it is not given back")


@alone("userns=1: a user's mesh ends where its control group does, or at "
       "config_bytes_max", 300)
def _():
    with user_namespaces():
        ring_is_refused("ENOMEM out of memory", 1 << 30, 48 * MIB)
        ring_is_refused("ENOSPC configuration exceeds", 24 * MIB)


# ---- victims ----

class Linked(Pod):
    """A pod whose end is seen from here: a device goes with it."""

    def __init__(self, device):
        super().__init__()
        self.device = device
        run("ip", "link", "add", device, "type", "veth", "peer", "name",
            "eth0", "netns", str(self.pid))

    def is_there(self):
        return os.path.exists(f"/proc/sys/net/ipv4/conf/{self.device}")


def end_a_pod(device="victim"):
    """A namespace that has nothing to do with any mesh is torn down."""
    pod = Linked(device)
    true(pod.is_there())
    pod.leave()
    until(lambda: not pod.is_there(), 20, "namespaces are not torn down")


def attach_a_pod():
    with pods(CLONE_NEWNET) as pod:
        g = Genl()
        g.do("ATTACH", {"NETNS_FD": pod.fd})
        g.do("DETACH", {"NETNS_FD": pod.fd})
        g.close()


# ---- a commit that takes long ----

class Commit:
    """Tables of 5,000,011 slots, built in a pod by one transaction."""

    def __init__(self, pod, tables=30):
        g = pod.genl()
        big_tables(g, tables)
        self.pid = fork()
        if not self.pid:
            signal.alarm(0)
            with contextlib.suppress(Refused):
                g.do("TXN_COMMIT")
            os._exit(0)
        g.close()
        until(lambda: self.ticks() > 20, why="the commit does not begin")

    def ticks(self):
        """What it has needed of the processor, in the kernel."""
        return int(read_file(f"/proc/{self.pid}/stat").rsplit(")", 1)[1].split()[12])

    def still_builds(self):
        """And it has not got through meanwhile."""
        before = self.ticks()
        until(lambda: self.ticks() > before, why="it does not build")

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


@alone("a commit that takes long: who does not ask for that mesh does not wait")
def _():
    with pods(CLONE_NEWNET, CLONE_NEWNET) as (attacker, obeys):
        g = attacker.genl()
        load(g, [{"CLUSTER": {"NAME": "old"}}])
        g.do("ATTACH", {"NETNS_FD": obeys.fd})
        published, bytes_held = generation(g), settled(g)
        waiting = attacker.genl()
        waiting.do("TXN_BEGIN")
        waiting.add(CLUSTER={"NAME": "never"})
        elsewhere = Genl()
        commit = Commit(attacker)

        attach_a_pod()
        end_a_pod()
        elsewhere.close()
        # And nobody waits who only reads that mesh, leaves it, or goes.
        equal(len(g.dump("GET")), 1)
        equal(len(g.dump("ATTACHED_GET")), 1)
        g.do("DRAIN")
        g.do("DETACH", {"NETNS_FD": obeys.fd})
        waiting.close()
        obeys.genl().close()

        commit.still_builds()
        equal(generation(g), published)
        commit.kill()
        # The transaction went with its socket all the same.
        equal(settled(g, bytes_held), bytes_held)


def families(g):
    """The controller's own requests take their turn with those of all families."""
    return [name.rstrip(b"\0").decode()
            for answer in g.ctrl(CTRL_GETFAMILY, b"", NLM_F_DUMP)
            for kind, name, _ in attrs_of(answer) if kind == 2]


def is_blocked(pid):
    """Now, in the kernel, where no signal but SIGKILL wakes it."""
    time.sleep(0.01)
    return read_file(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()[0] == "D"


@contextlib.contextmanager
def waiting_for(pod):
    """Somebody who asks to change the mesh of a pod that is being changed."""
    pid = os.fork()
    if not pid:
        signal.alarm(0)
        pod.genl().add(CLUSTER={"NAME": "waited"})
        os._exit(0)
    try:
        until(lambda: all(is_blocked(pid) for _ in range(10)),
              why="it does not wait")
        yield
        equal(os.waitpid(pid, os.WNOHANG), (0, 0))
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@alone("a commit that takes long: other families are asked, come and go meanwhile")
def _():
    with pods(CLONE_NEWNET, CLONE_NEWNET) as (attacker, other):
        load(attacker.genl(), [{"CLUSTER": {"NAME": "old"}}])
        asked = other.genl()
        commit = Commit(attacker)
        with waiting_for(attacker):
            run("modprobe", "l2tp_netlink")
            true("l2tp" in families(asked))
            with other.inside():
                run("ip", "tcp_metrics", "show")
            run("modprobe", "-r", "l2tp_netlink")
            true("l2tp" not in families(asked))
        commit.still_builds()
        commit.kill()


# ---- a page that never comes ----

def stuck_in(pod):
    """A proxy in a pod that waits for a page that its answer is to be in."""
    with pod.inside():
        run("ip", "link", "set", "lo", "up")
        run("ip", "route", "add", "default", "dev", "lo")
        stuck = subprocess.Popen([STUCK_PAGE, "10.96.0.11", "80", "15001"],
                                 stdout=subprocess.PIPE, text=True)
    equal(stuck.stdout.readline(), "10.96.0.11\n")
    until(lambda: is_stuck(stuck.pid), why="it got an answer")
    return stuck


@contextlib.contextmanager
def ending(process):
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if not os.path.exists("/sys/module/l7mesh"):
            run("insmod", os.environ["L7MESH_KO"])


def hooks():
    """Functions that the module has changed."""
    lines = read_file("/sys/kernel/tracing/enabled_functions").splitlines()
    return [line for line in lines if line.startswith("tcp_v4_connect")]


def proxied_pod(pod, spliced=True, proxy="127.0.0.1"):
    """A mesh of somebody else's, which @pod obeys, with a listener for a proxy."""
    owner = Pod()
    g = owner.genl()
    g.add(SPLICE={"POLICY": SPLICE_MESH if spliced else SPLICE_OFF})
    g.add(LISTENER={"NAME": "proxy", "ADDRESS": "10.96.0.11", "PORT": 80,
                    "PROTOCOL": 0, "PROXY_ADDRESS": proxy, "PROXY_PORT": 15001})
    g.do("ATTACH", {"NETNS_FD": pod.fd})
    g.close()
    return owner


def holds_up_nobody(stuck, owner):
    """The mesh that it obeyed goes; another one comes; the module goes."""
    true(hooks(), "nothing is hooked")
    owner.leave()
    end_a_pod()
    until(lambda: not hooks(), why="the hooks stay")
    load(Genl(), [{"LISTENER": {
        "NAME": "l", "ADDRESS": "10.96.0.12", "PORT": 80, "PROTOCOL": 0,
        "PROXY_ADDRESS": "127.0.0.1", "PROXY_PORT": 1}}])
    true(hooks(), "nothing is hooked again")
    run("rmmod", "l7mesh")
    true(is_stuck(stuck.pid))


@alone("a proxy that waits for a page holds up no namespace, and not the module", 300)
def _():
    subprocess.run(["make", "-s", "-C", os.path.join(HERE, "lib"), "stuck_page"],
                   check=True)
    with pods(CLONE_NEWNET) as pod:
        owner = proxied_pod(pod)
        with ending(stuck_in(pod)) as stuck:
            holds_up_nobody(stuck, owner)


# Data that are to go with the SYN are read where the connection begins.
FAST_OPENER = """
import socket
from missing_page import missing_page
listener = socket.create_server(("127.0.0.1", 15001))
sock = socket.socket()
sock.setsockopt(socket.SOL_TCP, 34, 1)
print("ready", flush=True)
sock.sendto(missing_page()[:1000], socket.MSG_FASTOPEN, ("10.96.0.11", 80))
"""


@alone("data for a SYN that do not come hold up no namespace, and not the module",
       300)
def _():
    with pods(CLONE_NEWNET) as pod:
        owner = proxied_pod(pod)
        with pod.inside():
            run("ip", "link", "set", "lo", "up")
            run("ip", "route", "add", "default", "dev", "lo")
            process = subprocess.Popen([sys.executable, "-c", FAST_OPENER],
                                       cwd=os.path.join(HERE, "lib"))
        with ending(process) as stuck:
            until(lambda: is_stuck(stuck.pid))
            holds_up_nobody(stuck, owner)


# ---- other protocols on a socket ----

def build(program):
    subprocess.run(["make", "-s", "-C", os.path.join(HERE, "lib"), program], check=True)
    return os.path.join(HERE, "lib", program)


def ktls_pair():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        a = socket.create_connection(listener.getsockname())
        b = listener.accept()[0]
    for sock in a, b:
        sock.setsockopt(socket.IPPROTO_TCP, 31, b"tls")
    return a, b


@alone("an ordinary user's socket that becomes kTLS's while it is connected takes "
       "nothing of the module's with it", 300)
def _():
    race = build("ulp_race")
    run("modprobe", "tls")
    run("ip", "link", "set", "lo", "up")
    run("meshctl", "splice", "all")

    def user():
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        note(f"{run(race, '300').strip()} became kTLS's")

    true(child(user), "user")
    # kTLS keeps what it copies from the first socket of all.
    a, b = ktls_pair()
    for reload in True, False:
        for x, y in (a, b), (b, a):
            x.sendall(b"hello")
            equal(y.recv(5), b"hello")
        if reload:
            run("rmmod", "l7mesh")
            run("insmod", os.environ["L7MESH_KO"])


# ---- names of a socket that somebody has ----

# Both sockets are owned by who sends such a page; others ask for their names.
ASKER = """
import os
import socket
import sys
import threading
import time
from missing_page import give_pages, missing_page, stuck_threads

def ask(question):
    os.write(1, question()[0].removeprefix("::ffff:").encode() + b"\\n")

listener = socket.create_server(("127.0.0.1", 15001))
socks = [socket.socket(), socket.socket(socket.AF_INET6)]
threads = []
for sock, vip in zip(socks, ("10.96.0.11", "::ffff:10.96.0.11")):
    sock.connect((vip, 80))
    threads.append(threading.Thread(target=sock.send,
                                    args=(missing_page()[:1000],)))
    threads[-1].start()
while stuck_threads(os.getpid()) < len(socks):
    time.sleep(0.01)
for sock in socks:
    threads += [threading.Thread(target=ask, args=(question,))
                for question in (sock.getpeername, sock.getsockname)]
for thread in threads[len(socks):]:
    thread.start()
sys.stdin.readline()
give_pages()
for thread in threads:
    thread.join()
"""
GETSOCKNAME, GETPEERNAME = 51, 52


def system_calls(pid):
    """What the threads of a process wait in."""
    return sorted(int(read_file(path).split()[0].replace("running", "-1"))
                  for path in glob.glob(f"/proc/{pid}/task/*/syscall"))


@contextlib.contextmanager
def asking(pod):
    """Four questions, one of each kind for each family, that wait for an answer."""
    with pod.inside():
        asker = subprocess.Popen([sys.executable, "-c", ASKER],
                                 cwd=os.path.join(HERE, "lib"), text=True,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    waiting = [GETSOCKNAME] * 2 + [GETPEERNAME] * 2
    with ending(asker):
        until(lambda: [n for n in system_calls(asker.pid)
                       if n in waiting] == waiting, why="nobody waits")
        equal(stuck_threads(asker.pid), 2)
        yield asker


def answers(asker):
    """They come when the page does."""
    return sorted(asker.communicate("\n", 20)[0].split())


@alone("a socket's name is asked for while somebody has it: that holds up no "
       "namespace, and not the module", 300)
def _():
    with pods(CLONE_NEWNET) as pod:
        with pod.inside():
            run("ip", "link", "set", "lo", "up")
            run("ip", "address", "add", "10.0.0.5/32", "dev", "lo")
            run("ip", "route", "add", "default", "dev", "lo", "src", "10.0.0.5")
        owner = proxied_pod(pod, spliced=False)
        with asking(pod) as asker:
            equal(answers(asker), ["10.0.0.5"] * 2 + ["10.96.0.11"] * 2)
        with asking(pod) as asker:
            holds_up_nobody(asker, owner)
            equal(answers(asker), ["127.0.0.1"] * 4)


# ---- what is remembered of connections that are over ----

MOST = 4096		# of each namespace, for a minute
SLACK = 300		# of what is counted, in whole slabs

# On the debug kernel so many do not go in a minute.
GO = MOST + SLACK if SCALE == 1 else 2 * SLACK
AT_ONCE = 500
ROUNDS = 10 if SCALE == 1 else 5


def connect_and_close(pod, n, proxy):
    """Clients, each of which is gone before the next, and a proxy that takes them."""
    with pod.inside():
        for _ in range(n):
            with socket.socket() as client:
                client.connect(("10.96.0.11", 80))
                conn = proxy.accept()[0]
            conn.close()


def clients_on(cpu, pod, ports, rounds, told, go):
    """Clients on this CPU, from ports of their own, that go when all are told to."""
    os.sched_setaffinity(0, {cpu})
    n = len(ports) // rounds
    resource.setrlimit(resource.RLIMIT_NOFILE, (n + 100, n + 100))
    with pod.inside():
        for i in range(rounds):
            clients = []
            for port in ports[i * n:(i + 1) * n]:
                clients.append(socket.socket())
                clients[-1].bind(("", port))
                clients[-1].connect(("10.96.0.11", 80))
            fds = sorted(client.detach() for client in clients)
            os.write(told, b"x")
            os.read(go, 1)
            # As fast as can be.
            os.closerange(fds[0], fds[-1] + 1)


def go_at_once(pod, *ports, rounds=1):
    """Clients go when all of a round are connected, while nobody accepts them: those of
    some ports on one CPU, those of others on another."""
    cpus = sorted(os.sched_getaffinity(0))[:len(ports)]
    told, goes = os.pipe(), [os.pipe() for _ in cpus]
    pids = [begin_child(clients_on, cpu, pod, its, rounds, told[1], go[0])
            for cpu, its, go in zip(cpus, ports, goes)]
    os.close(told[1])
    for _ in range(rounds):
        for _ in cpus:
            true(os.read(told[0], 1), "they have failed")
        for go in goes:
            os.write(go[1], b"x")
    for pid in pids:
        true(went_well(pid), "see above")
    for fd in (told[0], *sum(goes, ())):
        os.close(fd)


@contextlib.contextmanager
def a_proxy_here(pod):
    """A listener here for the proxied of a pod, and the owner of their mesh."""
    owner = proxied_pod(pod, spliced=False, proxy="10.7.0.1")
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    owner.genl().do("ATTACH", {"NETNS_FD": here})
    os.close(here)
    run("ip", "addr", "add", "10.7.0.1/24", "dev", pod.device)
    run("ip", "link", "set", pod.device, "up")
    with pod.inside():
        run("ip", "addr", "add", "10.7.0.2/24", "dev", "eth0")
        run("ip", "link", "set", "eth0", "up")
        run("ip", "route", "add", "default", "dev", "eth0")
    write_file("/proc/sys/net/core/somaxconn", 65535)
    try:
        with socket.create_server(("10.7.0.1", 15001), backlog=65535) as proxy:
            proxy.settimeout(10)
            yield owner, proxy
    finally:
        owner.leave()


def last_of(proxy, name):
    """The last client that waits for a proxy; it closes the others. An older one may
    have had the same port."""
    while True:
        conn, who = proxy.accept()
        if who == name and not select.select([proxy], [], [], 0)[0]:
            return conn
        conn.close()


def fewer(most, seconds=60):
    until(lambda: redirects() < most, seconds, "they are still there")


def keep_sockets(pod, seconds):
    """How long TCP keeps what it was busy with when it was closed; and so the
    namespace."""
    with pod.inside():
        write_file("/proc/sys/net/ipv4/tcp_fin_timeout", seconds)


def still_there(pod):
    """Such sockets."""
    with pod.inside():
        return int(re.search(r"^TCP: inuse (\d+)", read_file("/proc/net/sockstat"), re.M)[1])


def all_gone(pod):
    until(lambda: not still_there(pod), why="TCP keeps sockets")


@alone("of a proxy's clients that are gone so many are remembered, while the proxy may "
       "ask, and none when their namespace goes", 300)
def _():
    pod = Linked("proxied")
    with a_proxy_here(pod) as (owner, proxy):
        begin = redirects()
        connect_and_close(pod, 2 * SLACK, proxy)
        fewer(begin + SLACK)
        with owner.inside():
            forgotten = Counters()
        keep_sockets(pod, 1)
        go_at_once(pod, range(10000, 10000 + GO))
        all_gone(pod)
        with owner.inside():
            forgotten.reach("redirects_forgotten", max(GO - MOST, 0))
        # Of the forgotten some are freed in a moment.
        fewer(begin + min(GO, MOST) + SLACK // 2, 20)
        true(redirects() - begin > min(GO, MOST) - SLACK)
        # The last one is not among the forgotten.
        keep_sockets(pod, 60)
        with pod.inside(), socket.socket() as client:
            client.connect(("10.96.0.11", 80))
            name = client.getsockname()
        conn = last_of(proxy, name)
        equal(original(conn), "10.96.0.11")
        conn.close()

        # Nor is anybody remembered whose connection the proxy has closed: else one would
        # have to be forgotten for each of these.
        with owner.inside():
            forgotten = Counters()
        keep_sockets(pod, 1)
        go_at_once(pod, range(20000, 20000 + 2 * SLACK))
        all_gone(pod)
        with owner.inside():
            equal(forgotten("redirects_forgotten"), 0)
        true(redirects() > begin + SLACK)
        pod.leave()
        fewer(begin + SLACK)


@alone("no more are remembered than may be, when they go on several CPUs at once", 300)
def _():
    pod = Linked("proxied")
    with a_proxy_here(pod) as (owner, _):
        with owner.inside():
            forgotten = Counters()
        begin = redirects()
        keep_sockets(pod, 1)
        go_at_once(pod, range(10000, 10000 + ROUNDS * AT_ONCE),
                   range(20000, 20000 + ROUNDS * AT_ONCE), rounds=ROUNDS)
        until(lambda: redirects() - begin <= MOST + still_there(pod), 20, "there are more")
        true(redirects() > begin, "all are forgotten")
        with owner.inside():
            n = forgotten("redirects_forgotten")
        note(f"{redirects() - begin} are remembered, {n} forgotten")
        # In more than a minute so many need not be there at one time.
        true(n or SCALE > 1, "none had to be forgotten")
        pod.leave()
        fewer(begin + SLACK)


def original(conn):
    """Where the client of a proxy wanted to go."""
    told = conn.getsockopt(socket.IPPROTO_IP, SO_ORIGINAL_DST, 16)
    return socket.inet_ntoa(told[4:8])


def main():
    use_memory()
    # Nobody's mesh is left that wants the hooks.
    subprocess.run(["rmmod", "l7mesh"], check=False, stderr=subprocess.DEVNULL)
    run("insmod", os.environ["L7MESH_KO"])
    return run_tests()


if __name__ == "__main__":
    sys.exit(main())
