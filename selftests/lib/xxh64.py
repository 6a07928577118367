# SPDX-License-Identifier: GPL-2.0
"""XXH64, for the tables and rings that tests expect."""

M64 = (1 << 64) - 1
P1, P2, P3, P4, P5 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F,
                      0x165667B19E3779F9, 0x85EBCA77C2B2AE63,
                      0x27D4EB2F165667C5)


def rotated(x, n):
    return (x << n | x >> 64 - n) & M64


def round_of(lane, word):
    word = int.from_bytes(word, "little") * P2
    return rotated(lane + word & M64, 31) * P1 & M64


def stripes(data, seed):
    """What the stripes of 32 bytes come to."""
    lanes = [seed + P1 + P2, seed + P2, seed, seed - P1]
    for at in range(0, len(data) & ~31, 32):
        lanes = [round_of(lane, data[at + 8 * i:at + 8 * i + 8])
                 for i, lane in enumerate(lanes)]
    h = sum(rotated(lane, n) for lane, n in zip(lanes, (1, 7, 12, 18))) & M64
    for lane in lanes:
        h = ((h ^ rotated(lane * P2 & M64, 31) * P1 & M64) * P1 + P4) & M64
    return h


def xxh64(data, seed=0):
    h = (stripes(data, seed) if len(data) >= 32 else seed + P5) + len(data) & M64
    data = data[len(data) & ~31:]
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
