# SPDX-License-Identifier: GPL-2.0
"""Several raw servers of one pod, of which one is asked: which?"""

import select
import time

from l7 import (PATIENCE, Backend, Stream, apply, request, stats, true, until,
                what_goes_on)

WEB = "10.2.0.20"
VIP, VIP6 = "10.96.0.1", "fd00:96::1"

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answer(status, *fields, body=b""):
    """The bytes of a response."""
    lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}",
             *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def apply_route(ports, cluster=None, listener=None, **route):
    """A mesh whose only route leads to endpoints of these ports, each time by a new
    connection: an old one that ends is not a failure."""
    apply({
        "clusters": [{
            "name": "c", "lb": "round_robin", "max_idle": 0, **(cluster or {}),
            "endpoints": [{"address": WEB, "port": port} for port in ports]}],
        "route_tables": [{"name": "main", "virtual_hosts": [
            {"name": "any", "domains": ["*"],
             "routes": [{"action": {"cluster": "c"}, **route}]}]}],
        "listeners": [
            {"name": name, "address": address, "port": 80, "protocol": "http",
             "route_table": "main", **(listener or {})}
            for name, address in (("4", VIP), ("6", VIP6))]})


def ask(c, method="GET", body=b"", *fields, path="/"):
    """A client's request."""
    if body or method in ("POST", "PUT"):
        fields += (f"Content-Length: {len(body)}",)
    c.send(request(path, *fields, host="a", method=method) + body)


def still_active(n):
    """So many requests count. Each does for a moment after its client has the answer."""
    until(lambda: sum(e["active"] for e in stats()["endpoints"]) == n,
          why=f"not {n} are")


class Endpoints(list):
    """Backends, in the order of their ports."""

    def __init__(self, pod, ports):
        super().__init__(Backend(pod, port) for port in ports)

    def ready(self, seconds=10):
        """Which of them have something to say."""
        fds = [b.selector.fileno() for b in self]
        found = select.select(fds, [], [], seconds)[0]
        return [i for i, fd in enumerate(fds) if fd in found]

    def poll(self, seconds):
        """Which one has a request, and its connection; or None."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            for which in self.ready(max(left, 0)):
                conn = self[which].poll()
                if conn:
                    return which, conn
            if left <= 0:
                return None

    def taken(self):
        """Which one has the next request, its connection, and its head."""
        found = self.poll(PATIENCE)
        if not found:
            raise AssertionError(f"no request came; {what_goes_on()}")
        return (*found, found[1].head())

    def refuse(self, which, conn, end=Stream.reset):
        """The connection of a request ends without an answer."""
        self[which].forget(conn, end)

    def quiet(self, seconds=0.2):
        """Nobody asks for anything, whatever else ends."""
        true(not self.poll(seconds), "a request came")

    def close_all(self):
        for backend in self:
            backend.close_all()
