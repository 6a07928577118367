# SPDX-License-Identifier: GPL-2.0
"""Speaks l7mesh's generic netlink, with nothing but the standard library.

Knows numbers from the UAPI's header: UAPI["L7MESH_CMD_ADD"]. Objects are
dictionaries in the names of the header's attributes, whose types are in
l7nl_tables.py:

    {"CLUSTER": {"NAME": "a", "HASH": [{"HEADER": "x-user"}]}}
"""

import errno
import os
import re
import socket
import struct

from l7nl_tables import TOP

TREE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")
HEADER = os.path.join(TREE, "uapi", "linux", "l7mesh.h")

NETLINK_GENERIC, GENL_ID_CTRL = 16, 16
SOL_NETLINK, ADD_MEMBERSHIP, EXT_ACK = 270, 1, 11
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
NLA_F_NESTED, NLA_TYPE_MASK = 0x8000, 0x3fff
CTRL_GETFAMILY, CTRL_GETPOLICY = 3, 10


def read_header(path=HEADER):
    """Every #define and enumerator with its value; and the enums by name."""
    text = re.sub(r"/\*.*?\*/", "", open(path, encoding="ascii").read(),
                  flags=re.S)
    values = {}
    enums = {}
    for name, value in re.findall(r"#define\s+(\w+)[ \t]+(\S+)\s*$", text,
                                  re.M):
        values[name] = value.strip('"') if '"' in value else int(value, 0)
    for number, (name, body) in enumerate(
            re.findall(r"enum\s*(\w*)\s*\{(.*?)\}", text, re.S)):
        entries = []
        following = 0
        for item in filter(None, (i.strip() for i in body.split(","))):
            label, _, value = (p.strip() for p in item.partition("="))
            if value:
                base, _, less = value.partition("-")
                following = values[base.strip()] - int(less or 0)
            values[label] = following
            if "__" not in item:
                entries.append((label, following))
            following += 1
        enums[name or f"anonymous_{number}"] = entries
    return values, enums


UAPI, ENUMS = read_header()

INTEGERS = {"u8": "=B", "u16": "=H", "u32": "=I", "u64": "=Q",
            "s64": "=q"}


class Raw(bytes):
    """A payload that is taken as it is, whatever its attribute should be."""


class Refused(Exception):
    """The kernel's answer: errno, text, path of the attribute, what misses."""

    def __init__(self, code, text="", path=None, missing=None):
        super().__init__(f"{errno.errorcode.get(code, code)}: {text} at {path}"
                         + (f", missing {missing}" if missing else ""))
        self.errno, self.text, self.path = code, text, path
        self.missing = missing


def attr(kind, payload, nested=False):
    length = 4 + len(payload)
    return struct.pack("=HH", length, kind | (NLA_F_NESTED if nested else 0)) \
        + payload + bytes(-length % 4)


def attrs_of(data):
    """(type, payload, offset of the attribute in data) of each attribute."""
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            raise ValueError("broken attribute")
        yield kind & NLA_TYPE_MASK, data[at + 4:at + length], at
        at += length + 3 & ~3


def number_of(prefix, name):
    return UAPI[f"L7MESH_{prefix}_A_{name}" if prefix else f"L7MESH_A_{name}"]


def encode_value(spec, number, value):
    if isinstance(value, Raw):
        return attr(number, value, not isinstance(spec, str))
    if isinstance(spec, list):
        items = b"".join(encode_value(spec[0], UAPI["L7MESH_LIST_ITEM"], v)
                         for v in value)
        return attr(number, items, True)
    if isinstance(spec, tuple):
        return attr(number, encode(spec, value), True)
    if spec == "flag":
        return attr(number, b"") if value else b""
    if spec == "str":
        return attr(number, value.encode("latin-1") + b"\0")
    if spec == "ip":
        family = socket.AF_INET6 if ":" in value else socket.AF_INET
        return attr(number, socket.inet_pton(family, value))
    if spec == "bin":
        return attr(number, value)
    return attr(number, struct.pack(INTEGERS[spec], value))


def encode(spec, value):
    """A dictionary; or a list of (name, value), for what comes twice."""
    prefix, fields = spec
    pairs = value.items() if isinstance(value, dict) else value
    return b"".join(
        v if isinstance(k, int) and isinstance(v, Raw)
        else encode_value(fields[k], number_of(prefix, k), v)
        for k, v in pairs)


def decode_value(spec, payload):
    if isinstance(spec, list):
        return [decode_value(spec[0], p) for _, p, _ in attrs_of(payload)]
    if isinstance(spec, tuple):
        return decode(spec, payload)
    if spec == "flag":
        return True
    if spec == "str":
        return payload.rstrip(b"\0").decode("latin-1")
    if spec == "ip":
        return socket.inet_ntop(socket.AF_INET if len(payload) == 4
                                else socket.AF_INET6, payload)
    if spec == "bin":
        return payload
    return struct.unpack(INTEGERS[spec], payload)[0]


def decode(spec, data):
    prefix, fields = spec
    names = {number_of(prefix, name): name for name in fields}
    return {names[kind]: decode_value(fields[names[kind]], payload)
            for kind, payload, _ in attrs_of(data) if kind in names}


def path_at(spec, data, offset):
    """The names that lead to the attribute at an offset of data."""
    for kind, payload, at in attrs_of(data):
        if not at <= offset < at + 4 + len(payload):
            continue
        if isinstance(spec, list):
            name, inner = "ITEM", spec[0]
        else:
            names = {number_of(spec[0], n): n for n in spec[1]}
            name = names.get(kind, f"?{kind}")
            inner = spec[1].get(name)
        if offset == at:
            return name
        if isinstance(inner, str) or inner is None:
            return f"{name}+{offset - at}"
        return f"{name}.{path_at(inner, payload, offset - at - 4)}"
    return f"?+{offset}"


class Genl:
    """A generic netlink socket, in the namespace where it was opened."""

    def __init__(self, name="l7mesh"):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                  NETLINK_GENERIC)
        self.sock.bind((0, 0))
        self.sock.setsockopt(SOL_NETLINK, EXT_ACK, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        self.seq = 0
        self.family = GENL_ID_CTRL
        if name:
            reply = self.ctrl(CTRL_GETFAMILY, attr(2, name.encode() + b"\0"))[0]
            self.info = {k: p for k, p, _ in attrs_of(reply)}
            self.family = struct.unpack("=H", self.info[1])[0]

    def close(self):
        self.sock.close()

    def ctrl(self, cmd, payload, flags=0):
        return [p for _, p in self.talk(GENL_ID_CTRL, cmd, payload, flags)]

    def groups(self):
        result = {}
        for _, group, _ in attrs_of(self.info.get(7, b"")):
            fields = {k: p for k, p, _ in attrs_of(group)}
            result[fields[1].rstrip(b"\0").decode()] = \
                struct.unpack("=I", fields[2])[0]
        return result

    def subscribe(self):
        self.sock.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP,
                             self.groups()["config"])

    def message(self, family, cmd, payload, flags):
        self.seq += 1
        version = UAPI["L7MESH_GENL_VERSION"]
        body = struct.pack("=BBH", cmd, version, 0) + payload
        return struct.pack("=IHHII", 16 + len(body), family,
                           NLM_F_REQUEST | flags, self.seq, 0) + body

    def refused(self, data, flags, request):
        """What the payload of an error or of an end of a dump says, or None."""
        code = -struct.unpack_from("=i", data)[0]
        if code <= 0:
            return None
        text, path, missing = "", None, None
        if flags & NLM_F_ACK_TLVS:
            at = 4
            if len(data) >= 20 and request is not None:
                length = struct.unpack_from("=I", data, 4)[0]
                at = 20 if flags & NLM_F_CAPPED else 4 + (length + 3 & ~3)
            tlvs = {k: p for k, p, _ in attrs_of(data[at:])}
            text = tlvs.get(1, b"").rstrip(b"\0").decode()
            if 2 in tlvs:
                offset = struct.unpack("=I", tlvs[2])[0]
                path = path_at(TOP, request[20:], offset - 20)
            if 5 in tlvs:
                missing = struct.unpack("=I", tlvs[5])[0]
        return Refused(code, text, path, missing)

    def receive(self):
        """(type, flags, seq, payload) of each message of one datagram."""
        data = self.sock.recv(1 << 18)
        at = 0
        while at < len(data):
            length, kind, flags, seq, _ = struct.unpack_from("=IHHII", data, at)
            yield kind, flags, seq, data[at + 16:at + length]
            at += length + 3 & ~3

    def answer(self, request):
        """(cmd, attributes) of each message until the end."""
        seq = struct.unpack_from("=I", request, 8)[0]
        answers = []
        while True:
            for kind, flags, got, data in self.receive():
                if got != seq:
                    continue
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    error = self.refused(
                        data, flags, request if kind == NLMSG_ERROR else None)
                    if error:
                        raise error
                    return answers
                answers.append((data[0], data[4:]))

    def talk(self, family, cmd, payload, flags=0):
        request = self.message(family, cmd, payload, flags | NLM_F_ACK)
        self.sock.send(request)
        return self.answer(request)

    # l7mesh

    def raw(self, cmd, payload, flags=0):
        return self.talk(self.family, UAPI["L7MESH_CMD_" + cmd], payload, flags)

    def do(self, cmd, value=()):
        return [decode(TOP, p) for _, p in self.raw(cmd, encode(TOP, value))]

    def dump(self, cmd, value=()):
        return [decode(TOP, p)
                for _, p in self.raw(cmd, encode(TOP, value), NLM_F_DUMP)]

    def add(self, **kinds):
        return self.do("ADD", kinds)

    def set(self, **kinds):
        return self.do("SET", kinds)

    def delete(self, **kinds):
        return self.do("DEL", kinds)

    def objects(self, **kind):
        """The configuration, without the generation."""
        return [{k: v for k, v in o.items() if k != "GENERATION"}
                for o in self.dump("GET", kind)]

    def counters(self):
        """Those of "meshctl stats", without a process."""
        return {m["STAT"]["NAME"]: m["STAT"]["VALUE"]
                for m in self.dump("STATS_GET") if "STAT" in m}

    def many(self, cmd, values, batch=50):
        """Many requests, several to a datagram; raises the first refusal.

        Only the last of a datagram asks for an answer; refusals come anyway.
        """
        number = UAPI["L7MESH_CMD_" + cmd]
        for i in range(0, len(values), batch):
            payloads = [encode(TOP, value) for value in values[i:i + batch]]
            requests = [self.message(self.family, number, p, 0)
                        for p in payloads[:-1]]
            requests.append(self.message(self.family, number, payloads[-1],
                                         NLM_F_ACK))
            self.sock.send(b"".join(requests))
            self.answers_to(requests)

    def answers_to(self, requests):
        first = struct.unpack_from("=I", requests[0], 8)[0]
        worst = None
        while True:
            for kind, flags, seq, data in self.receive():
                if kind != NLMSG_ERROR or not 0 <= seq - first < len(requests):
                    continue
                error = self.refused(data, flags, requests[seq - first])
                worst = worst or error
                if seq - first == len(requests) - 1:
                    if worst:
                        raise worst
                    return

    def event(self, timeout=5):
        """The next notification: (command's name, attributes)."""
        names = {v: k for k, v in ENUMS["l7mesh_cmd"]}
        self.sock.settimeout(timeout)
        for _, _, _, data in self.receive():
            return names[data[0]][len("L7MESH_CMD_"):], decode(TOP, data[4:])
        return None
