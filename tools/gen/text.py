# SPDX-License-Identifier: GPL-2.0
"""How generated text is laid out: lines of C, comments, regions of files."""

import re
import textwrap

from spec import Wrong

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
        raise Wrong(f"{doc!r} cannot stand in a comment")
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


def aligned(column):
    return "\t" * (column // 8) + " " * (column % 8)


def words(items, indent, first, columns=80):
    """Items one after another, in lines that begin with the indent but the first."""
    first_item, *others = items
    lines = [first + first_item]
    for item in others:
        if width(f"{lines[-1]} {item}") <= columns:
            lines[-1] += f" {item}"
        else:
            lines.append(indent + item)
    return lines


def place_behind(names, after, who):
    """Where something goes that stands behind one of those names."""
    if after not in names:
        raise Wrong(f"{who}: there is no {after!r} that it could follow")
    return names.index(after) + 1


def region(text, mark, name, lines):
    """The text with new lines between "mark begin: name" and "mark end"."""
    begin = f"{mark} made of uapi/l7mesh.yaml: {name}"
    end = f"{mark} end of {name}"
    pattern = re.compile(rf"(?<=^{re.escape(begin)}\n).*?(?=^{re.escape(end)}$)",
                         re.M | re.S)
    if len(pattern.findall(text)) != 1:
        raise Wrong(f"{begin!r} ... {end!r} is not there once")
    return pattern.sub(lambda _: "".join(line + "\n" for line in lines), text)
