# SPDX-License-Identifier: GPL-2.0
"""HPACK's Huffman code (RFC 7541 appendix B), as module/http2/huffman.c looks it up.

The code is canonical: of two symbols of equal length the smaller one has the smaller
code, and shorter codes come first. So all of it follows from how long each code is.
"""

PATH = "module/http2/generated/huffman_table.c"

# How many bits the code of each byte has, and at last that of the end (EOS).
BITS = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30]

SHORT = 8       # bits by which most symbols are found at once


def codes():
    """(symbol, code, bits) of each symbol, in the order of their codes."""
    code, before = 0, 0
    for symbol in sorted(range(len(BITS)), key=lambda s: (BITS[s], s)):
        code <<= BITS[symbol] - before
        before = BITS[symbol]
        yield symbol, code, before
        code += 1
    assert code == 1 << before, "not a complete code"


def rows(items, per_row):
    """Lines of an array's items."""
    items = list(items)
    for at in range(0, len(items), per_row):
        yield "\t" + ", ".join(items[at:at + per_row]) + ","


def short_table():
    table = [(0, 0)] * (1 << SHORT)
    for symbol, code, bits in codes():
        if bits <= SHORT:
            first = code << SHORT - bits
            table[first:first + (1 << SHORT - bits)] = \
                [(symbol, bits)] * (1 << SHORT - bits)
    return table


def long_ranges():
    """(first, last, bits, number of the first) of the longer codes, by their length."""
    ordered = [entry for entry in codes() if entry[2] > SHORT]
    for bits in sorted({entry[2] for entry in ordered}):
        same = [n for n, entry in enumerate(ordered) if entry[2] == bits]
        shift = 32 - bits
        yield (ordered[same[0]][1] << shift,
               (ordered[same[-1]][1] + 1 << shift) - 1, bits, same[0])


def lines():
    yield "// SPDX-License-Identifier: GPL-2.0"
    yield "/* Made by tools/gen/huffman.py: not to be edited. */"
    yield '#include "http2/huffman_table.h"'
    yield ""
    yield "const struct huffman_code huffman_codes[256] = {"
    by_symbol = sorted(codes())[:256]
    yield from rows((f"{{ 0x{code:x}, {bits} }}" for _, code, bits in by_symbol), 4)
    yield "};"
    yield ""
    yield "const struct huffman_short huffman_short[256] = {"
    yield from rows((f"{{ {symbol}, {bits} }}" for symbol, bits in short_table()), 6)
    yield "};"
    yield ""
    yield "const struct huffman_range huffman_ranges[HUFFMAN_RANGES] = {"
    for first, last, bits, number in long_ranges():
        yield f"\t{{ 0x{first:08x}, 0x{last:08x}, {bits}, {number} }},"
    yield "};"
    yield ""
    yield "const u16 huffman_long[HUFFMAN_LONG] = {"
    yield from rows((str(symbol) for symbol, _, bits in codes() if bits > SHORT), 12)
    yield "};"


def files(_spec):
    yield PATH, lines()
