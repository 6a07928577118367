# SPDX-License-Identifier: GPL-2.0
"""Requests that are legal, odd or broken, made from a few good ones by mutations
that have names. Each carries a tag in its target and in a field, by which what
became of it is found."""

import copy

BODY = b"hello"


class Message:
    """A request in pieces, and what was done to them."""

    def __init__(self, tag, kind):
        self.tag, self.names = tag, []
        self.method = b"GET" if kind in ("get", "old") else b"POST"
        self.target = b"/%s?q=1" % tag
        self.version = b"HTTP/1.0" if kind == "old" else b"HTTP/1.1"
        self.start_end = b"\r\n"
        self.before = b""
        self.sep = b" "
        self.fields = [b"Host: a.example"]
        self.tail = b""
        self.field_end = b"\r\n"
        self.body = b""
        self.after = b""
        if kind == "length":
            self.fields.append(b"Content-Length: 5")
            self.body = BODY
        if kind == "chunked":
            self.fields.append(b"Transfer-Encoding: chunked")
            self.body = b"5\r\nhello\r\n0\r\n\r\n"
        self.fields.append(b"X-Tag: " + tag)

    def bytes(self):
        start = self.sep.join([self.method, self.target, self.version])
        lines = b"".join(f + self.field_end for f in self.fields)
        return (self.before + start + self.start_end + lines + self.tail +
                self.field_end + self.body + self.after)

    def replace(self, name, *lines):
        """All fields of a name by others; false if there are none."""
        kept = [f for f in self.fields
                if not f.lower().startswith(name.lower() + b":")]
        if len(kept) == len(self.fields):
            return False
        self.fields = [*lines, *kept]
        return True


MUTATIONS = {}


def mutation(name):
    def mark(function):
        MUTATIONS[name] = function
        return function
    return mark


def attribute(name, attr, value):
    def change(m):
        setattr(m, attr, value(m) if callable(value) else value)
        return True
    MUTATIONS[name] = change


def add_field(name, line):
    def change(m):
        m.fields.insert(1, line)
        return True
    MUTATIONS[name] = change


def instead(name, field, *lines):
    MUTATIONS[name] = lambda m: m.replace(field, *lines)


def chunks(name, body):
    def change(m):
        if not m.body.startswith(b"5\r\nhello"):
            return False
        m.body = body
        return True
    MUTATIONS[name] = change


for _name, _attr, _value in (
        ("an empty line before", "before", b"\r\n"),
        ("a bare LF before", "before", b"\n"),
        ("a space before", "before", b" "),
        ("two spaces in the request line", "sep", b"  "),
        ("tabs in the request line", "sep", b"\t"),
        ("a bare LF after the request line", "start_end", b"\n"),
        ("a bare CR after the request line", "start_end", b"\r"),
        ("a space after the version", "start_end", b" \r\n"),
        ("bare LFs after fields", "field_end", b"\n"),
        ("a method in lower case", "method", b"get"),
        ("a method of odd characters", "method", b"M-X!#$%&'*+.^_`|~9"),
        ("a method with a bracket", "method", b"GE(T"),
        ("a method with a NUL", "method", b"GE\0T"),
        ("an empty method", "method", b""),
        ("a fragment", "target", lambda m: b"/%s#f" % m.tag),
        ("a byte over 127 in the target", "target",
         lambda m: b"/%s\xe4" % m.tag),
        ("a space in the target", "target", lambda m: b"/%s b" % m.tag),
        ("a NUL in the target", "target", lambda m: b"/%s\0" % m.tag),
        ("a control character in the target", "target",
         lambda m: b"/%s\1" % m.tag),
        ("DEL in the target", "target", lambda m: b"/%s\x7f" % m.tag),
        ("a percent sign alone", "target", lambda m: b"/%s%%zz" % m.tag),
        ("an escaped NUL", "target", lambda m: b"/%s%%00" % m.tag),
        ("dot segments", "target", lambda m: b"/a/../%s/./x" % m.tag),
        ("dot segments over the root", "target", lambda m: b"/../%s" % m.tag),
        ("two slashes", "target", lambda m: b"//%s//x" % m.tag),
        ("escaped slashes", "target", lambda m: b"/%s%%2F%%5C" % m.tag),
        ("quotes and brackets in the target", "target",
         lambda m: b"/%s\"<>[]{}|^`\\" % m.tag),
        ("an absolute target", "target",
         lambda m: b"http://a.example/%s" % m.tag),
        ("an absolute target of another host", "target",
         lambda m: b"http://b.example/%s" % m.tag),
        ("an absolute target without path", "target",
         lambda m: b"http://a.example?%s" % m.tag),
        ("an https target", "target", lambda m: b"https://a.example/%s" % m.tag),
        ("an ftp target", "target", lambda m: b"ftp://a.example/%s" % m.tag),
        ("userinfo in the target", "target",
         lambda m: b"http://u@a.example/%s" % m.tag),
        ("no slash in the target", "target", lambda m: m.tag),
        ("an asterisk", "target", b"*"),
        ("an empty target", "target", b""),
        ("a target of 9000 bytes", "target",
         lambda m: b"/%s?" % m.tag + b"x" * 9000),
        ("HTTP/1.2", "version", b"HTTP/1.2"),
        ("HTTP/2.0", "version", b"HTTP/2.0"),
        ("HTTP/0.9", "version", b"HTTP/0.9"),
        ("http/1.1", "version", b"http/1.1"),
        ("HTTP/01.1", "version", b"HTTP/01.1"),
        ("HTTP/1.10", "version", b"HTTP/1.10"),
        ("HTTP/1", "version", b"HTTP/1"),
        ("another protocol", "version", b"ICY/1.1"),
        ("a version with a space", "version", b"HTTP/ 1.1"),
        ("another request behind", "after",
         lambda m: b"GET /%s-2 HTTP/1.1\r\nHost: a.example\r\nX-Tag: %s\r\n\r\n"
         % (m.tag, m.tag)),
        ("garbage behind", "after", b"garbage\r\n\r\n"),
        ("a line without a colon", "tail", b"nonsense\r\n"),
        ("a fold at the end", "tail", b" folded\r\n"),
        ("a bare CR as last line", "tail", b"\r"),
        ("a NUL as last line", "tail", b"\0\r\n")):
    attribute(_name, _attr, _value)

for _name, _line in (
        ("a space before the colon", b"X-A : b"),
        ("a tab before the colon", b"X-A\t: b"),
        ("an empty name", b": b"),
        ("a space in a name", b"X A: b"),
        ("a byte over 127 in a name", b"X-\xe4: b"),
        ("a bracket in a name", b"X(A): b"),
        ("a NUL in a name", b"X\0A: b"),
        ("an underscore in a name", b"X_A: b"),
        ("a folded field", b"X-A: b\r\n c"),
        ("a fold by a tab", b"X-A: b\r\n\tc"),
        ("a bare CR in a value", b"X-A: b\rc"),
        ("a bare LF in a value", b"X-A: b\nc"),
        ("a NUL in a value", b"X-A: b\0c"),
        ("a control character in a value", b"X-A: b\1c"),
        ("DEL in a value", b"X-A: b\x7fc"),
        ("a byte over 127 in a value", b"X-A: b\xe4c"),
        ("white space around a value", b"X-A: \t b \t "),
        ("no value", b"X-A:"),
        ("a value of 8000 bytes", b"X-A: " + b"v" * 8000),
        ("the same field twice", b"X-A: b\r\nX-A: c"),
        ("another Host, the same", b"Host: a.example"),
        ("another Host", b"Host: b.example"),
        ("another Host in a fold", b"X-A: b\r\n Host: b.example"),
        ("Connection: close", b"Connection: close"),
        ("Connection: keep-alive", b"Connection: keep-alive"),
        ("Connection nominates a field", b"Connection: x-b\r\nX-B: c"),
        ("Connection nominates Host", b"Connection: host"),
        ("Connection nominates Content-Length",
         b"Connection: close, content-length"),
        ("Connection nominates Transfer-Encoding",
         b"Connection: transfer-encoding"),
        ("Connection that is no token", b"Connection: a b"),
        ("TE: trailers", b"TE: trailers"),
        ("Upgrade: h2c", b"Connection: upgrade, http2-settings\r\n"
                         b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__"),
        ("Upgrade without Connection", b"Upgrade: websocket"),
        ("Keep-Alive and Proxy-Connection",
         b"Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive"),
        ("Expect of something else", b"Expect: 200-ok"),
        ("both framings, the coding first", b"Transfer-Encoding: chunked"),
        ("Content-Length besides", b"Content-Length: 5"),
        ("Content-Length: 0 besides", b"Content-Length: 0"),
        ("Content_Length besides", b"Content_Length: 3"),
        ("Transfer_Encoding besides", b"Transfer_Encoding: chunked")):
    add_field(_name, _line)

instead("no Host", b"Host")
for _name, _value in (
        ("an empty Host", b""), ("a Host with a port", b"a.example:80"),
        ("a Host with a bad port", b"a.example:8x"),
        ("a Host with a path", b"a.example/x"),
        ("a Host with userinfo", b"u@a.example"),
        ("a Host with a space", b"a b"),
        ("a Host with a comma", b"a.example, b.example"),
        ("a Host of IPv6", b"[fd00::1]:80"),
        ("a Host of bad IPv6", b"[fd00::1"),
        ("a Host in capitals", b"A.EXAMPLE")):
    instead(_name, b"Host", b"Host: " + _value)
for _name, _value in (
        ("+5", b"+5"), ("-5", b"-5"), ("05", b"05"), ("0x5", b"0x5"),
        ("5 5", b"5 5"), ("5, 5", b"5, 5"), ("5, 6", b"5, 6"), ("5;", b"5;"),
        ("nothing", b""), ("5.0", b"5.0"), ("2^64+5", b"18446744073709551621"),
        ("2^63", b"9223372036854775808"), ("5 in white space", b"\t 5 \t"),
        ("5 and a vertical tab", b"5\v"), ("5 in quotes", b'"5"'),
        ("6, which is one more", b"6"), ("4, which is one less", b"4")):
    instead("Content-Length of " + _name, b"Content-Length",
            b"Content-Length: " + _value)
instead("Content-Length twice, the same", b"Content-Length",
        b"Content-Length: 5", b"Content-Length: 5")
instead("Content-Length twice, different", b"Content-Length",
        b"Content-Length: 5", b"Content-Length: 6")
instead("a space after Content-Length", b"Content-Length",
        b"Content-Length : 5")
for _name, _value in (
        ("gzip, chunked", b"gzip, chunked"), ("chunked, gzip", b"chunked, gzip"),
        ("chunked, chunked", b"chunked, chunked"), ("identity", b"identity"),
        ("Chunked", b"Chunked"), ("x-chunked", b"x-chunked"),
        (", chunked", b", chunked"), ("chunked,", b"chunked,"),
        ("chunked;a=b", b"chunked;a=b"), ("nothing", b""),
        ("chunked in quotes", b'"chunked"'),
        ("chunked and a vertical tab", b"chunked\v"),
        ("a vertical tab and chunked", b"\vchunked"),
        ("chunked and a NUL", b"chunked\0"),
        ("chunked in a fold", b"\r\n chunked"),
        ("chunked in white space", b"\t chunked \t"),
        ("chunked, identity", b"chunked, identity")):
    instead("Transfer-Encoding of " + _name, b"Transfer-Encoding",
            b"Transfer-Encoding: " + _value)
instead("Transfer-Encoding twice", b"Transfer-Encoding",
        b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked")
instead("Transfer-Encoding twice, identity first", b"Transfer-Encoding",
        b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked")
instead("a space after Transfer-Encoding", b"Transfer-Encoding",
        b"Transfer-Encoding : chunked")

for _name, _body in (
        ("a chunk extension", b"5;a=b\r\nhello\r\n0\r\n\r\n"),
        ("a quoted chunk extension", b'5;a="b;\\"c"\r\nhello\r\n0\r\n\r\n'),
        ("a chunk extension with a bare CR", b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
        ("a chunk extension with a bare LF", b"5;a\nhello\r\n0\r\n\r\n"),
        ("a chunk extension with a NUL", b"5;a\0\r\nhello\r\n0\r\n\r\n"),
        ("a chunk extension of nothing", b"5;\r\nhello\r\n0\r\n\r\n"),
        ("a chunk extension that is no token",
         b"5;a=b,c\r\nhello\r\n0\r\n\r\n"),
        ("a chunk extension of 5000 bytes",
         b"5;" + b"x" * 5000 + b"\r\nhello\r\n0\r\n\r\n"),
        ("leading zeros of a chunk's size", b"0005\r\nhello\r\n000\r\n\r\n"),
        ("40 digits of a chunk's size",
         b"0" * 39 + b"5\r\nhello\r\n0\r\n\r\n"),
        ("a chunk's size with +", b"+5\r\nhello\r\n0\r\n\r\n"),
        ("a chunk's size with 0x", b"0x5\r\nhello\r\n0\r\n\r\n"),
        ("a negative chunk", b"-5\r\nhello\r\n0\r\n\r\n"),
        ("a space before a chunk's size", b" 5\r\nhello\r\n0\r\n\r\n"),
        ("a space after a chunk's size", b"5 \r\nhello\r\n0\r\n\r\n"),
        ("a tab after a chunk's size", b"5\t\r\nhello\r\n0\r\n\r\n"),
        ("no chunk's size", b"\r\nhello\r\n0\r\n\r\n"),
        ("letters for a chunk's size", b"xyz\r\nhello\r\n0\r\n\r\n"),
        ("a chunk of 2^64+5", b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
        ("a chunk of 2^63", b"8000000000000000\r\nhello\r\n0\r\n\r\n"),
        ("a bare LF after a chunk's size", b"5\nhello\r\n0\r\n\r\n"),
        ("a bare CR after a chunk's size", b"5\rhello\r\n0\r\n\r\n"),
        ("a bare LF after a chunk", b"5\r\nhello\n0\r\n\r\n"),
        ("nothing after a chunk", b"5\r\nhello0\r\n\r\n"),
        ("a chunk that is longer", b"5\r\nhello!\r\n0\r\n\r\n"),
        ("a bare LF after the last chunk", b"5\r\nhello\r\n0\n\r\n"),
        ("a bare LF at the end", b"5\r\nhello\r\n0\r\n\n"),
        ("a trailer", b"5\r\nhello\r\n0\r\nX-Trailer: t\r\n\r\n"),
        ("a trailer of Content-Length",
         b"5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n"),
        ("a trailer with a space before the colon",
         b"5\r\nhello\r\n0\r\nX-T : t\r\n\r\n"),
        ("a folded trailer", b"5\r\nhello\r\n0\r\nX-T: t\r\n u\r\n\r\n"),
        ("a trailer without a colon", b"5\r\nhello\r\n0\r\nnonsense\r\n\r\n"),
        ("a trailer with a NUL", b"5\r\nhello\r\n0\r\nX-T: \0\r\n\r\n"),
        ("a trailer with a bare LF", b"5\r\nhello\r\n0\r\nX-T: t\n\r\n"),
        ("no last chunk", b"5\r\nhello\r\n"),
        ("half a chunk", b"5\r\nhel"),
        ("many small chunks", b"1\r\nx\r\n" * 50 + b"0\r\n\r\n")):
    chunks(_name, _body)

KINDS = ("get", "length", "chunked", "old")


def mutated(tag, kind, names):
    """A message with these mutations, or None if one has nothing to change."""
    m = Message(tag, kind)
    for name in names:
        if not MUTATIONS[name](m):
            return None
        m.names.append(name)
    return copy.copy(m)
