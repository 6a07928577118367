# SPDX-License-Identifier: GPL-2.0
"""How generated text is laid out: lines of C, comments, regions of files."""

import re
import textwrap

WIDTH = 88
MADE = "Made of uapi/l7mesh.yaml by tools/gen/generate: edit that, and make gen."


def width(line):
    return len(line.expandtabs(8))


def wrap(text, columns):
    return textwrap.wrap(text, columns, break_long_words=False,
                         break_on_hyphens=False)


def comment(doc, indent=""):
    """Lines of a comment of C, by itself."""
    if "/*" in doc or "*/" in doc:
        raise SystemExit(f"{doc!r} cannot stand in a comment")
    one = f"{indent}/* {doc} */"
    if width(one) <= WIDTH:
        return [one]
    lines = wrap(doc, WIDTH - width(indent) - 3)
    return [f"{indent}/*", *(f"{indent} * {line}" for line in lines),
            f"{indent} */"]


def commented(line, doc):
    """A line of C with its comment behind it, or before it if there is no room."""
    if not doc:
        return [line]
    whole = f"{line}\t/* {doc} */"
    if width(whole) <= WIDTH and "*" not in doc:
        return [whole]
    indent = re.match(r"\s*", line)[0]
    return [*comment(doc, indent), line]


def words(items, indent, end="", first="", separator=" ", columns=80):
    """Items one after another in lines that all begin with the indent but the
    first, and all end with the end but the last."""
    lines, line = [], first
    for item in items:
        more = line + (separator if line.strip() and line != indent else "") + item
        if width(more + end) > columns and line.strip():
            lines.append(line + end)
            line = indent + item
        else:
            line = more
    return [*lines, line]


def region(text, mark, name, lines):
    """The text with new lines between "mark begin: name" and "mark end"."""
    begin = f"{mark} made of uapi/l7mesh.yaml: {name}"
    end = f"{mark} end of {name}"
    pattern = re.compile(rf"(?<=^{re.escape(begin)}\n).*?(?=^{re.escape(end)}$)",
                         re.M | re.S)
    if len(pattern.findall(text)) != 1:
        raise SystemExit(f"{begin!r} ... {end!r} is not there once")
    return pattern.sub(lambda _: "".join(line + "\n" for line in lines), text)
