# SPDX-License-Identifier: GPL-2.0
"""selftests/lib/l7nl_tables.py: what tests know of attributes."""

from options import is_plain
from text import words

TABLES = "selftests/lib/l7nl_tables.py"


def kind_of(attribute):
    """How tests write an attribute: the name of a type, or a table's."""
    if attribute.item:
        return f"[{kind_of(attribute.item)}]"
    if attribute.nested:
        return attribute.nested.c_name.upper()
    if attribute.type == "binary":
        return '"ip"' if attribute.get("is") == "address" else '"bin"'
    return f'"{"str" if attribute.type == "string" else attribute.type}"'


def table(name, prefix, entries):
    yield from words([f'"{prefix}",', "{"], "    ", f"{name} = (")
    lines = words([f"{entry}," for entry in entries], "    ", "    ", 88)
    yield from lines[:-1]
    yield lines[-1].removesuffix(",") + "})"


def after_nests(s, found):
    for attribute in s.attributes:
        if attribute.nested:
            after_nests(attribute.nested, found)
    if not s.is_list and s not in found:
        found.append(s)
    return found


def lines(spec):
    yield "# SPDX-License-Identifier: GPL-2.0"
    yield '"""Made of uapi/l7mesh.yaml by tools/gen/generate: edit that, and make gen.'
    yield ""
    yield "A set of attributes is its prefix in the header, and by their names the"
    yield "types of its attributes, or their sets; a list is one in brackets."
    yield '"""'
    yield ""
    for s in after_nests(spec.sets["top"], []):
        name = s.c_name.upper()
        yield from table(name, "" if name == "TOP" else name, [
            f'"{a.word.upper()}": {kind_of(a)}' for a in s.attributes
            if a.type != "pad"])
    yield ""
    yield "# Of plain options: default, least, most, type."
    yield "OPTIONS = {"
    for kind in spec.kinds:
        plain = [a for a in spec.sets[kind].attributes if is_plain(a)]
        if plain:
            yield f'    "{kind.upper()}": {{'
            for a in plain:
                yield f'        "{a.word.upper()}": ({a.default}, {a.least}, ' \
                    f'{a.most}, "{a.type}"),'
            yield "    },"
    yield "}"


def files(spec):
    yield TABLES, lines(spec)
