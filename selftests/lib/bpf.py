# SPDX-License-Identifier: GPL-2.0
"""BPF programs without a compiler or a library: instructions as they are."""

import ctypes
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)

SYS_BPF = 321
MAP_CREATE, MAP_UPDATE, PROG_LOAD, PROG_ATTACH, PROG_DETACH = 0, 2, 5, 8, 9
LINK_CREATE = 28
EXIT = 0x95


def bpf(command, fmt, *values):
    attr = struct.pack(fmt, *values)
    attr = ctypes.create_string_buffer(attr.ljust(128, b"\0"), 128)
    fd = libc.syscall(SYS_BPF, command, attr, 128)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "bpf")
    return fd


def instruction(code, registers=0, value=0, offset=0):
    return struct.pack("BBhi", code, registers, offset, value)


def load_program(kind, *code, attach=0):
    """Loads instructions; @attach is the type of attachment that it expects."""
    code = b"".join(code)
    count = len(code) // 8
    code = ctypes.create_string_buffer(code, len(code))
    name = ctypes.create_string_buffer(b"GPL")
    return bpf(PROG_LOAD, "IIQQIIQII16sII", kind, count, ctypes.addressof(code),
               ctypes.addressof(name), 0, 0, 0, 0, 0, b"", 0, attach)


def returning(value):
    return instruction(0xb7, 0, value), instruction(EXIT)


def link(program, target, attach_type, flags=0):
    """The program is detached when what this returns is closed."""
    fd = bpf(LINK_CREATE, "IIII", program, target, attach_type, flags)
    os.close(program)
    return fd


class Attached:
    """A program, for as long as it is attached to a cgroup."""

    def __init__(self, cgroup, attach, kind, *code):
        self.cgroup = os.open(cgroup, os.O_RDONLY)
        self.attach = attach
        self.program = load_program(kind, *code, attach=attach)

    def __enter__(self):
        bpf(PROG_ATTACH, "IIII", self.cgroup, self.program, self.attach, 0)
        return self

    def __exit__(self, *_):
        bpf(PROG_DETACH, "IIII", self.cgroup, self.program, self.attach, 0)
        os.close(self.program)
        os.close(self.cgroup)
