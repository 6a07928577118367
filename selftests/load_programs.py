#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# timeout: 5400
"""Other people's programs and tests say the same on spliced connections as on plain
ones: each runs in a namespace that is attached, first with "splice off", then with
"splice attached".

$L7MESH_KERNEL_SOURCE is a tree of the kernel's source, for its own selftests.
"""

import filecmp
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from l7 import (Net, equal, meshctl, note, program_in, run_tests, stats, test, true,
                until)

POD, SUITES = "app", ("test_socket", "test_asyncio", "test_ssl")
NET_TESTS = os.path.join(os.environ.get("L7MESH_KERNEL_SOURCE", ""),
                         "tools/testing/selftests/net")
WORK = tempfile.mkdtemp(prefix="l7mesh-programs.")


def run(*command, check=True, limit=1200, user=None, data=None):
    """In the pod. Returns its exit status, stdout and stderr."""
    done = subprocess.run(
        ["ip", "netns", "exec", POD,
         *(["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
           if user else []), *command],
        capture_output=True, text=True, errors="replace", timeout=limit,
        check=False, cwd=WORK,
        input=data, stdin=None if data else subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HOME": WORK, "LC_ALL": "C.UTF-8"})
    if check and done.returncode:
        raise AssertionError(f"{command[0]}: {done.returncode}: {done.stdout[-500:]}"
                             f"{done.stderr[-500:]}")
    return done.returncode, done.stdout, done.stderr


def server(*command, user=None):
    """Runs in the pod meanwhile."""
    return program_in(POD, WORK, *command, user=user)


def listens(port):
    return run("ss", "-Htln", f"sport = {port}")[1] != ""


def both(function, least=1):
    """What it returns is the same, and it was spliced when it should have been."""
    said = []
    for policy in "off", "attached":
        meshctl("splice", policy)
        before = stats()["counters"]["splice_direct_messages"]
        start = time.monotonic()
        said.append(function())
        direct = stats()["counters"]["splice_direct_messages"] - before
        note(f"{policy}: {time.monotonic() - start:.0f} s, {direct} messages "
             f"directly")
        if policy == "off":
            equal(direct, 0)
        else:
            true(direct >= least, "nothing went directly")
    equal(said[1], said[0])
    return said[0]


@test("iperf3, both ways", 300)
def _():
    def iperf():
        said = []
        for way in ([], ["-R"], ["-P", "4"], ["--bidir"]):
            with server("iperf3", "-s", "-1"):
                until(lambda: listens(5201))
                out = run("iperf3", "-c", "127.0.0.1", "-n", "16M", "-J", *way)[1]
            # It does not wait for the last of them to be received.
            said.append(sum(s["sender"]["bytes"] for s in
                            json.loads(out)["end"]["streams"]) >= 16 << 20)
        return said
    equal(both(iperf), [True] * 4)


@test("Redis and its benchmark", 600)
def _():
    def redis():
        with server("redis-server", "--port", "7000", "--save", "",
                    "--appendonly", "no"):
            until(lambda: listens(7000))
            out = run("redis-benchmark", "-p", "7000", "-n", "2000", "-c", "20",
                      "-d", "3000", "-P", "4", "--csv", "-t",
                      "ping,set,get,incr,lpush,rpop,lrange_100,mset")[1]
            value = "v" * 300000
            run("redis-cli", "-p", "7000", "-x", "set", "big", data=value)
            got = run("redis-cli", "-p", "7000", "get", "big")[1].strip()
            return [line.split(",")[0] for line in out.splitlines()], got == value
    names, whole = both(redis)
    true(len(names) >= 8 and whole)


def postgres_folder():
    base = "/usr/lib/postgresql"
    return os.path.join(base, sorted(os.listdir(base))[-1], "bin")


@test("PostgreSQL: COPY of 100 MB out and in", 1500)
def _():
    tools, data = postgres_folder(), os.path.join(WORK, "pg")
    shutil.chown(WORK, "postgres")
    run(f"{tools}/initdb", "-D", data, "-A", "trust", "-N", user="postgres")

    def sql(command, source=None):
        """Its output's digest, for which it is not read into memory."""
        digest = hashlib.sha256()
        with subprocess.Popen(
                ["ip", "netns", "exec", POD, "psql", "-h", "127.0.0.1", "-p",
                 "7001", "-U", "postgres", "-qAt", "-v", "ON_ERROR_STOP=1",
                 "-c", command, "postgres"], stdin=source or subprocess.DEVNULL,
                stdout=subprocess.PIPE) as psql:
            while piece := psql.stdout.read(1 << 18):
                digest.update(piece)
        equal(psql.returncode, 0)
        return digest.hexdigest()

    def copy():
        with server(f"{tools}/postgres", "-D", data, "-h", "127.0.0.1", "-p",
                    "7001", "-k", WORK, "-F", user="postgres") as process:
            until(lambda: not run(f"{tools}/pg_isready", "-h", "127.0.0.1",
                                  "-p", "7001", check=False)[0])
            sql("DROP TABLE IF EXISTS t; CREATE UNLOGGED TABLE t (n int, s text)")
            with open(os.path.join(WORK, "rows"), "wb") as f:
                for i in range(100):
                    f.write(b"".join(b"%d\t%s\n" % (n, b"row %d " % n * 100)
                                     for n in range(i * 1000, i * 1000 + 1000)))
            with open(os.path.join(WORK, "rows"), "rb") as f:
                sql("COPY t FROM STDIN", f)
            out = sql("COPY (SELECT * FROM t ORDER BY n) TO STDOUT")
            with open(os.path.join(WORK, "rows"), "rb") as f:
                same = hashlib.file_digest(f, "sha256").hexdigest() == out
                note(f"{f.tell() >> 20} MiB")
            process.send_signal(2)
            process.wait(60)
            return same
    true(both(copy))


@test("HAProxy before nginx, connections that stay, splice() and all", 600)
def _():
    with open(os.path.join(WORK, "nginx.conf"), "w", encoding="ascii") as f:
        f.write(f"""
        daemon off; pid {WORK}/nginx.pid; error_log /dev/null;
        events {{ }}
        http {{
            access_log off; keepalive_requests 100000;
            client_body_temp_path {WORK}/body; sendfile on;
            server {{ listen 127.0.0.1:7003; listen [::1]:7003; root {WORK}; }}
        }}""")
    with open(os.path.join(WORK, "haproxy.cfg"), "w", encoding="ascii") as f:
        f.write("""
        global
            maxconn 200
        defaults
            mode http
            option splice-auto
            timeout connect 10s
            timeout client 60s
            timeout server 60s
        listen l
            bind 127.0.0.1:7002
            http-reuse always
            server s 127.0.0.1:7003
""")
    for name, size in ("small", 1000), ("large", 3 << 20):
        with open(os.path.join(WORK, name), "wb") as f:
            f.write(os.urandom(size))
    os.chmod(WORK, 0o755)

    def fetch():
        with server("nginx", "-c", f"{WORK}/nginx.conf"), \
                server("haproxy", "-f", f"{WORK}/haproxy.cfg"):
            until(lambda: listens(7002) and listens(7003))
            said = []
            for name in ("small", "large"):
                got = os.path.join(WORK, "got")
                urls = ["-o", got, f"http://127.0.0.1:7002/{name}"] * 20
                out = run("curl", "-sS", "--fail", "-w",
                          "%{http_code} %{size_download}\n", *urls)
                true(filecmp.cmp(got, os.path.join(WORK, name), False))
                said.append(out[1].splitlines())
            wrk = run("wrk", "-t", "1", "-c", "30", "-d", "5",
                      "http://127.0.0.1:7002/small")[1]
            said.append(re.findall("Socket errors.*|Non-2xx.*", wrk))
            return said
    said = both(fetch)
    equal(said, [["200 1000"] * 20, [f"200 {3 << 20}"] * 20, []])


def build(name, *flags):
    """6.1's tls.c was written for a later harness, and not compiled since. It repeats
    everything for each of a dozen ciphers: two will do."""
    program, source = os.path.join(WORK, name), f"{NET_TESTS}/{name}.c"
    with open(source, encoding="utf-8") as f:
        text = re.sub(r"(tls_crypto_info_init\([^,;]*,[^,;]*,[^,;)]*),[^;]*\);",
                      r"\1);", f.read())
    text = re.sub(r"^FIXTURE_VARIANT_ADD\(tls, (?!12_aes_gcm\)|13_chacha\))\w+\)"
                  r"\s*{.*?^};", "", text, flags=re.MULTILINE | re.DOTALL)
    done = subprocess.run(["gcc", "-O1", "-w", "-D_GNU_SOURCE", "-x", "c", "-",
                           "-D__test_passed(t)=((t)->passed)",
                           f"-I{NET_TESTS}", "-o", program, *flags],
                          check=False, input=text, capture_output=True, text=True)
    true(not done.returncode, done.stderr[-500:])
    return program


def verdicts(out):
    """TAP's, without what differs each time, even on plain connections:
    shutdown_reuse does not wait for the FINs that it needs to have passed."""
    return sorted(re.sub(r"#.*", "", line).strip() for line in out.splitlines()
                  if re.match(r"(not )?ok ", line)
                  and not line.endswith("shutdown_reuse"))


@test("the kernel's own tests: tls, tcp_inq, msg_zerocopy", 1500)
def _():
    subprocess.run(["modprobe", "tls"], check=True)
    tls, inq = build("tls"), build("tcp_inq", "-lpthread")
    zerocopy = build("msg_zerocopy")

    def copied(*way):
        with server(zerocopy, "-4", "-t", "4", "-S", "127.0.0.1", "-D",
                    "127.0.0.1", "-r", "tcp") as receiver:
            time.sleep(1)
            sender = run(zerocopy, "-4", "-t", "1", "-S", "127.0.0.1", "-D",
                         "127.0.0.1", *way, "tcp", check=False)
            return sender[0], receiver.wait(60)

    def programs():
        said = []
        status, out, _ = run(tls, check=False)
        said.append((status, verdicts(out)))
        for family in "-4", "-6":
            said.append(run(inq, family, check=False)[0])
        said.append(copied())
        said.append(copied("-z"))
        return said
    said = both(programs, 0)
    passed = sum(v.startswith("ok") for v in said[0][1])
    note(f"tls: {passed} of {len(said[0][1])}; the others: {said[1:]}")
    true(passed > 100)
    equal(said[1:], [0, 0, (0, 0), (0, 0)])


def failures(out):
    return sorted(set(re.findall(r"^(?:FAIL|ERROR): (\S+ \(\S+\))", out,
                                 re.MULTILINE)))


def python_suite(name):
    """How many ran, and which failed: of those that are slow in an emulator, only
    what fails again counts."""
    _, _, out = run("/usr/bin/python3", "-m", "unittest", f"test.{name}",
                    check=False, limit=2400)
    ran = int(re.search(r"^Ran (\d+) tests?", out, re.MULTILINE).group(1))
    again = []
    for failure in failures(out):
        method, where = re.match(r"(\S+) \((\S+)\)", failure).groups()
        path = where if where.endswith(f".{method}") else f"{where}.{method}"
        if run("/usr/bin/python3", "-m", "unittest", path, check=False)[0]:
            again.append(path)
    return ran, again


for suite in SUITES:
    @test(f"python's {suite}", 5000)
    def _(suite=suite):
        ran, failed = both(lambda: python_suite(suite))
        note(f"{ran} tests, failed with and without: {failed}")
        true(ran > 50)


def main():
    net = Net(**{POD: 10})
    meshctl("attach", POD)
    try:
        return run_tests()
    finally:
        net.down()
        shutil.rmtree(WORK)


if __name__ == "__main__":
    sys.exit(main())
