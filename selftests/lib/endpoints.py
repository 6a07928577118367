# SPDX-License-Identifier: GPL-2.0
"""Several raw servers of one pod, of which one is asked: which?"""

import select
import time

from l7 import Backend, Stream, true

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answer(status, *fields, body=b""):
    """The bytes of a response."""
    lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}",
             *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


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
        found = self.poll(10)
        true(found, "no request came")
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
