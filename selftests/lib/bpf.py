# SPDX-License-Identifier: GPL-2.0
"""BPF programs of a few instructions, without libbpf."""

import ctypes
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)

SYS_BPF = 321
MAP_CREATE, MAP_UPDATE, PROG_LOAD, PROG_ATTACH, LINK_CREATE = 0, 2, 5, 8, 28


def bpf(command, fmt, *values):
    attr = struct.pack(fmt, *values)
    attr = ctypes.create_string_buffer(attr.ljust(128, b"\0"), 128)
    fd = libc.syscall(SYS_BPF, command, attr, 128)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "bpf")
    return fd


def instruction(code, registers=0, value=0):
    return struct.pack("BBhi", code, registers, 0, value)


def load_program(kind, *instructions):
    code = b"".join(instructions)
    code = ctypes.create_string_buffer(code, len(code))
    name = ctypes.create_string_buffer(b"GPL")
    return bpf(PROG_LOAD, "IIQQ", kind, len(code) // 8,
               ctypes.addressof(code), ctypes.addressof(name))


def returning(value):
    return instruction(0xb7, 0, value), instruction(0x95)


def link(program, target, attach_type, flags=0):
    """The program is detached when what this returns is closed."""
    fd = bpf(LINK_CREATE, "IIII", program, target, attach_type, flags)
    os.close(program)
    return fd
