# SPDX-License-Identifier: GPL-2.0
"""Memory that never comes.

    missing_page(size)	a buffer that userfaultfd has, and nobody ever fills: a system
		call that reads or writes it hangs, until its process is killed
    give_pages()	fills all those buffers of this process with zeroes
    stuck_threads(pid)	how many threads of that process hang in such a page
    is_stuck(pid)	whether one does
"""

import ctypes
import fcntl
import glob
import mmap
import os
import struct

SYS_USERFAULTFD = 323
UFFDIO_API, UFFDIO_REGISTER = 0xC018AA3F, 0xC020AA00
UFFD_API, MODE_MISSING = 0xAA, 1

kept = []


def missing_page(size=1 << 20):
    fd = ctypes.CDLL(None, use_errno=True).syscall(SYS_USERFAULTFD, 0)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "userfaultfd")
    fcntl.ioctl(fd, UFFDIO_API, struct.pack("=QQQ", UFFD_API, 0, 0))
    memory = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    fcntl.ioctl(fd, UFFDIO_REGISTER,
                struct.pack("=QQQQ", start, size, MODE_MISSING, 0))
    kept.append(fd)
    return memoryview(memory)


def give_pages():
    while kept:
        os.close(kept.pop())


def stuck_threads(pid):
    n = 0
    for path in glob.glob(f"/proc/{pid}/task/*/stack"):
        with open(path, encoding="ascii") as f:
            n += "handle_userfault" in f.read()
    return n


def is_stuck(pid):
    return stuck_threads(pid) > 0
