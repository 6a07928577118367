# SPDX-License-Identifier: GPL-2.0
"""What the benchmark has its contenders do: a table.

    Work.name		"keep-alive, 128 B, 10 at once"
    Work.group		the first words of it: what is in one table
    Work.services	of topology.py
    Work.client		arguments of client.c
    Work.units		what a request is counted as: 1, or its KiB
    Work.churn		whether the contender's configuration changes meanwhile, ten
			times a second
    QUICK, BREAKDOWN	the names of those of the quick mode, and of those that are
			profiled
"""

from topology import FAR, TREE, WEB, WIRE

SIZES = {128: "128 B", 1024: "1 KiB", 16384: "16 KiB", 1048576: "1 MiB"}
STREAM = 64 << 20


class Work:
    # pylint: disable=too-many-arguments,too-many-instance-attributes
    def __init__(self, group, what, client, requests, warm_up=None, services=None,
                 units=1, unit="request", churn=False):
        self.group, self.what = group, what
        self.name = f"{group}, {what}" if what else group
        self.services = services or WEB
        self.requests = requests
        self.warm_up = requests // 10 if warm_up is None else warm_up
        self.client = client.split() + ["-n", str(requests), "-w",
                                        str(self.warm_up)]
        self.units, self.unit = units, unit
        self.churn = churn


def keep_alive():
    for size, text in SIZES.items():
        for at_once in (1, 10, 100, 1000):
            n = 2000 if at_once == 1000 else 1000
            # Connections are made, and everybody's buffers have grown, before.
            warm_up = max(200, 2 * at_once)
            if size == 1048576:
                n, warm_up = 40, at_once
            if size == 1048576 and at_once == 1000:
                continue
            yield Work("keep-alive", f"{text}, {at_once} at once",
                       f"-c {at_once} -s {size}", n, warm_up)


def per_connection():
    for size in (128, 16384):
        for at_once in (1, 10, 100):
            yield Work("a connection per request",
                       f"{SIZES[size]}, {at_once} at once",
                       f"-k 1 -c {at_once} -s {size}", 500)


def constant_rate():
    for rate, n in ((20, 200), (200, 1000), (2000, 2000)):
        yield Work("constant rate", f"{rate} a second",
                   f"-c 100 -s 1024 -r {rate}", n, 500)


def others():
    yield Work("stream", "64 MiB", f"-c 1 -s {STREAM}", 1, 1,
               units=STREAM // 1024, unit="KiB")
    yield Work("long-lived", "1,000 connections, 200 requests a second",
               "-c 1000 -s 1024 -r 200", 1000, 2000)
    yield Work("churn", "ten changes a second, 200 requests a second",
               "-c 100 -s 1024 -r 200", 1000, 500, churn=True)
    for at_once in (1, 10):
        yield Work("tree of calls", f"{at_once} at once",
                   f"-c {at_once} -s 1024 -H productpage", 1000, 200,
                   services=TREE, unit="tree")
    for size in (128, 1024, 16384):
        yield Work("off-node", f"{SIZES[size]}, 10 at once", f"-c 10 -s {size}",
                   1000, 200, services=FAR)
    yield Work("off-node, a connection per request", "128 B, 10 at once",
               "-k 1 -c 10 -s 128", 500, services=FAR)


def over_a_wire():
    for size in (128, 16384):
        yield Work("another machine", f"{SIZES[size]}, 10 at once", f"-c 10 -s {size}",
                   1000, 200, services=WIRE)
    yield Work("another machine, a connection per request", "128 B, 10 at once",
               "-k 1 -c 10 -s 128", 500, services=WIRE)


def works():
    return [*keep_alive(), *per_connection(), *constant_rate(), *others(),
            *over_a_wire()]


QUICK = ["keep-alive, 128 B, 10 at once",
         "a connection per request, 128 B, 10 at once"]
BREAKDOWN = ["keep-alive, 128 B, 10 at once", "keep-alive, 16 KiB, 10 at once",
             "a connection per request, 128 B, 10 at once",
             "off-node, 128 B, 10 at once"]
