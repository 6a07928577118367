# SPDX-License-Identifier: GPL-2.0
"""What memory is in use, and what of it the kernel has allocated, in slabs and beside
them."""

import re


def slabs():
    """Of each kind of object, how many are in use and their size."""
    with open("/proc/slabinfo", encoding="ascii") as f:
        lines = [line.split() for line in f if not line.startswith(("#", "slab"))]
    return {w[0]: (int(w[1]), int(w[3])) for w in lines}


def read(path):
    with open(path, encoding="ascii") as f:
        return f.read()


def used():
    """Bytes that are neither free, be it that a CPU keeps them, nor pages of files."""
    fields = {line.split(":")[0]: int(line.split()[1])
              for line in read("/proc/meminfo").splitlines()}
    kept = sum(int(n) for n in re.findall(r"^\s+count: (\d+)$",
                                          read("/proc/zoneinfo"), re.M))
    return ((fields["MemTotal"] - fields["MemFree"] - fields["Cached"] -
             fields["Buffers"]) << 10) - kept * 4096


def redirects():
    """Records of redirected connections, and what else the kernel has put with them;
    without what CPUs keep of slabs, which counts as in use, hundreds if several have
    freed many."""
    with open("/sys/kernel/slab/redirect/shrink", "w", encoding="ascii") as f:
        f.write("1")
    return int(read("/sys/kernel/slab/redirect/objects").split()[0])


def kernel_memory():
    """Bytes in use, by the objects' sizes."""
    return sum(n * size for n, size in slabs().values())


def large_memory():
    """Bytes of what was too large for a slab: of kmalloc(), and of vmalloc(), where
    stacks and modules are, too. Not exact: it is counted in pages."""
    with open("/proc/sys/vm/stat_refresh", encoding="ascii") as f:
        f.read()
    with open("/proc/meminfo", encoding="ascii") as f:
        sizes = {name: int(kb) * 1024
                 for name, kb in re.findall(r"(\w+):\s+(\d+)", f.read())}
    with open("/proc/slabinfo", encoding="ascii") as f:
        lines = [line.split() for line in f if not line.startswith(("#", "slab"))]
    # <pagesperslab>, <num_slabs>
    pages = sum(int(w[5]) * int(w[14]) for w in lines)
    return sizes["Slab"] - pages * 4096 + sizes["VmallocUsed"]
