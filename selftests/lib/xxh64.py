# SPDX-License-Identifier: GPL-2.0
"""XXH64, for the tables and rings that tests expect."""

M64 = (1 << 64) - 1
P1, P2, P3, P4, P5 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F,
                      0x165667B19E3779F9, 0x85EBCA77C2B2AE63,
                      0x27D4EB2F165667C5)


def rotated(x, n):
    return (x << n | x >> 64 - n) & M64


def xxh64(data, seed=0):
    """XXH64 of fewer than 32 bytes."""
    h = seed + P5 + len(data) & M64
    while len(data) >= 8:
        k = rotated(int.from_bytes(data[:8], "little") * P2 & M64, 31) * P1
        h = (rotated(h ^ k & M64, 27) * P1 + P4) & M64
        data = data[8:]
    if len(data) >= 4:
        h ^= int.from_bytes(data[:4], "little") * P1 & M64
        h = (rotated(h, 23) * P2 + P3) & M64
        data = data[4:]
    for byte in data:
        h = rotated(h ^ byte * P5 & M64, 11) * P1 & M64
    for shift, by in ((33, P2), (29, P3), (32, 1)):
        h = (h ^ h >> shift) * by & M64
    return h
