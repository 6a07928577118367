#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""http_server.py NAME PORT: Python's http.server on both families.

GET answers NAME, or with ?size=N N bytes in chunks; POST and PUT answer the
SHA-256 of what they were sent; every response has X-Pod: NAME.
"""

import hashlib
import http.server
import socket
import sys
import urllib.parse

NAME, PORT = sys.argv[1], int(sys.argv[2])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def begin(self, status=200):
        self.send_response(status)
        self.send_header("X-Pod", NAME)

    def answer(self, body):
        self.begin()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def answer_chunked(self, size):
        self.begin()
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while size:
            n = min(size, 30000)
            self.wfile.write(b"%x\r\n%s\r\n" % (n, b"x" * n))
            size -= n
        self.wfile.write(b"0\r\n\r\n")

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        if "size" in query:
            self.answer_chunked(int(query["size"][0]))
        else:
            self.answer(NAME.encode() + b"\n")

    do_HEAD = do_GET

    def pieces(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            while True:
                size = int(self.rfile.readline(), 16)
                if size:
                    yield self.rfile.read(size)
                self.rfile.readline()
                if not size:
                    return
        left = int(self.headers.get("Content-Length", 0))
        while left:
            piece = self.rfile.read(min(left, 65536))
            if not piece:
                raise EOFError
            left -= len(piece)
            yield piece

    def do_POST(self):
        digest = hashlib.sha256()
        for piece in self.pieces():
            digest.update(piece)
        self.answer(digest.hexdigest().encode() + b"\n")

    do_PUT = do_POST


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
    request_queue_size = 1024
    daemon_threads = True


Server(("::", PORT), Handler).serve_forever()
