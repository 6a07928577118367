# SPDX-License-Identifier: GPL-2.0
"""What the kernel's slabs hold."""


def slabs():
    """Of each kind of object, how many are in use and their size."""
    with open("/proc/slabinfo", encoding="ascii") as f:
        lines = [line.split() for line in f if not line.startswith(("#", "slab"))]
    return {w[0]: (int(w[1]), int(w[3])) for w in lines}


def kernel_memory():
    """Bytes in use, by the objects' sizes."""
    return sum(n * size for n, size in slabs().values())
