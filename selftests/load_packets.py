#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# timeout: 3000
"""Other people's programs whose connections arrive as packets: from another node, and
from a sandbox that has a TCP of its own (slirp4netns), to servers behind listeners.

   "far" on another node; "box", whose packets slirp4netns in pod "free" turns into
   connections of its own -- virtual IPs at the node -- servers in pod "web"
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from l7 import (Counters, Net, apply, equal, in_pod, meshctl, note, program_in, run_in,
                run_tests, test, true, until)

VIPS = ("10.96.0.1", "fd00:96::1")
WEB = {VIPS[0]: "10.2.0.20", VIPS[1]: "fd00:2::20"}
PORTS = {"ssh": 2222, "postgres": 5432, "redis": 6379, "iperf": 5201}
WORK = tempfile.mkdtemp(prefix="l7mesh-packets.")
PG = "/usr/lib/postgresql"
BIG = os.urandom(1 << 20)
net = None


def mesh(source):
    names = [(name, port, vip) for name, port in (*PORTS.items(), ("web", 80))
             for vip in VIPS]
    apply({
        "clusters": [{"name": f"{name}-{vip}",
                      "endpoints": [{"address": WEB[vip], "port": port}]}
                     for name, port, vip in names],
        "route_tables": [{"name": vip, "virtual_hosts": [
            {"name": "any", "domains": ["*"], "routes": [
                {"action": {"cluster": f"web-{vip}"}}]}]} for vip in VIPS],
        "listeners": [
            {"name": f"{name}-{vip}", "address": vip, "port": port, "packets": True,
             "source": source, "protocol": "http" if name == "web" else "tcp",
             **({"route_table": vip} if name == "web" else
                {"cluster": f"{name}-{vip}"})} for name, port, vip in names]})


def where():
    """Each client, each family that it has, and each source."""
    for source in "auto", "keep":
        mesh(source)
        for pod, vips in ("far", VIPS), ("box", VIPS[:1]):
            # What slirp4netns sends is "free"'s, to which the way is by the bridge.
            if pod == "box" and source == "keep":
                continue
            for vip in vips:
                yield pod, vip


def run(pod, *command, data=None, user=None):
    done = subprocess.run(
        ["ip", "netns", "exec", pod,
         *(["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
           if user else []), *command],
        input=data, stdin=None if data else subprocess.DEVNULL, cwd=WORK, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=900)
    if done.returncode:
        raise AssertionError(f"{command[0]}: {done.returncode}: "
                             f"{done.stdout[-500:]!r} {done.stderr[-500:]!r}")
    return done.stdout


@contextlib.contextmanager
def server(port, *command, user=None):
    with program_in("web", WORK, *command, user=user) as process:
        until(lambda: run_in("web", "ss", "-Htln", f"sport = {port}"), 60)
        yield process


@test("OpenSSH: commands, and megabytes each way", 900)
def _():
    for name in "host", "user":
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                        f"{WORK}/{name}"], check=True)
    os.makedirs("/run/sshd", exist_ok=True)
    shutil.copy(f"{WORK}/user.pub", f"{WORK}/authorized")
    with server(2222, "/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-p", "2222", "-h",
                f"{WORK}/host", "-o", f"AuthorizedKeysFile={WORK}/authorized", "-o",
                "StrictModes=no", "-o", "UsePAM=no", "-o", f"PidFile={WORK}/sshd.pid"):
        for pod, vip in where():
            ssh = ["ssh", "-i", f"{WORK}/user", "-p", "2222", "-o", "BatchMode=yes", "-o",
                   "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o",
                   "LogLevel=ERROR", f"root@{vip}"]
            grown = Counters()
            equal(run(pod, *ssh, "cat", data=BIG), BIG)
            client = run(pod, *ssh, "echo $SSH_CONNECTION").split()[0].decode()
            equal(grown("intercepted_packets"), 2)
            note(f"{pod} {vip}: the server saw {client}")


@test("PostgreSQL, whose server speaks second but first of all waits: COPY in and out", 900)
def _():
    tools = os.path.join(PG, sorted(os.listdir(PG))[-1], "bin")
    shutil.chown(WORK, "postgres")
    data = f"{WORK}/pg"
    run("web", f"{tools}/initdb", "-D", data, "-A", "trust", "-N", user="postgres")
    with open(f"{data}/pg_hba.conf", "a", encoding="ascii") as f:
        f.write("host all all all trust\n")
    rows = b"".join(b"%d\t%s\n" % (n, b"row %d " % n * 20) for n in range(20000))
    with server(5432, f"{tools}/postgres", "-D", data, "-h", "*", "-k", WORK, "-F",
                user="postgres") as process:
        def sql(pod, vip, command, data=None):
            return run(pod, "psql", "-h", vip, "-U", "postgres", "-qAt", "-v",
                       "ON_ERROR_STOP=1", "-c", command, "postgres", data=data)
        until(lambda: subprocess.run(
            ["ip", "netns", "exec", "web", f"{tools}/pg_isready", "-h", "127.0.0.1"],
            check=False, stdout=subprocess.DEVNULL).returncode == 0, 60)
        for pod, vip in where():
            grown = Counters()
            sql(pod, vip, "DROP TABLE IF EXISTS t; CREATE UNLOGGED TABLE t (n int, s text)")
            sql(pod, vip, "COPY t FROM STDIN", rows)
            equal(hashlib.sha256(sql(pod, vip, "COPY (SELECT * FROM t ORDER BY n) TO "
                                     "STDOUT")).hexdigest(),
                  hashlib.sha256(rows).hexdigest())
            equal(grown("intercepted_packets"), 3)
        process.send_signal(2)
        process.wait(60)


@test("Redis: redis-benchmark, pipelines, and a value of megabytes", 900)
def _():
    with server(6379, "redis-server", "--port", "6379", "--bind", "*", "-::*", "--save", "",
                "--protected-mode", "no"):
        for pod, vip in where():
            grown = Counters()
            out = run(pod, "redis-benchmark", "-h", vip, "-n", "500", "-c", "10", "-t",
                      "ping,set,get,lrange_100", "-P", "4", "--csv").decode()
            true(len(out.splitlines()) >= 5, out)
            run(pod, "redis-cli", "-h", vip, "-x", "set", "big", data=BIG.hex().encode())
            equal(run(pod, "redis-cli", "-h", vip, "get", "big").strip(),
                  BIG.hex().encode())
            true(grown("intercepted_packets") >= 12)
            equal(grown("relays_failed"), 0)


@test("iperf3, both ways", 900)
def _():
    with server(5201, "iperf3", "-s", "-B", "::"):
        for pod, vip in where():
            for way in [], ["-R"]:
                said = json.loads(run(pod, "iperf3", "-J", "-c", vip, "-n", "5M", *way))
                # It does not wait for the last of them to be received.
                true(said["end"]["sum_sent"]["bytes"] >= 5 << 20)


@test("curl, and nginx behind an http listener", 900)
def _():
    net("net_nginx", "web", 80)
    www = os.path.join(net.dir, "web/www")
    os.makedirs(www, exist_ok=True)
    with open(f"{www}/big", "wb") as f:
        f.write(BIG)
    for pod, vip in where():
        host = f"[{vip}]" if ":" in vip else vip
        grown = Counters()
        said = run(pod, "curl", "-sS", "--fail", "-w", "%{http_code} %{num_connects}\n",
                   *["-o", f"{WORK}/got", f"http://{host}/file/big"] * 5).decode()
        equal(re.findall(r"\d+ \d", said), ["200 1"] + ["200 0"] * 4)
        with open(f"{WORK}/got", "rb") as f:
            equal(f.read(), BIG)
        equal(grown("requests", "intercepted_packets"), [5, 1])


@contextlib.contextmanager
def sandbox():
    """A namespace whose only device is a tun that a TCP in user space is behind."""
    subprocess.run(["modprobe", "tun"], check=True)
    subprocess.run(["ip", "netns", "add", "box"], check=True)
    run_in("box", "ip", "link", "set", "lo", "up")
    with in_pod("free"):
        process = subprocess.Popen(    # pylint: disable=consider-using-with
            ["slirp4netns", "--configure", "--mtu=1500", "--netns-type=path",
             "/run/netns/box", "tap0"], stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT)
    try:
        until(lambda: "default" in run_in("box", "ip", "route"), 60)
        yield
    finally:
        process.terminate()
        process.wait()
        subprocess.run(["ip", "netns", "del", "box"], check=False)


def main():
    global net  # pylint: disable=global-statement
    net = Net(app=10, free=11, web=20)
    try:
        net("net_far", "delay 1ms", "far=30")
        run_in("router", "ip", "route", "add", "10.96.0.0/16", "via", "10.4.0.1")
        run_in("router", "ip", "route", "add", "fd00:96::/64", "via", "fd00:4::1")
        os.chmod(WORK, 0o755)
        with sandbox():
            return run_tests()
    finally:
        meshctl("flush")
        net.down()
        shutil.rmtree(WORK)


if __name__ == "__main__":
    sys.exit(main())
