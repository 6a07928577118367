# SPDX-License-Identifier: GPL-2.0
"""Plain options of objects: their structs, defaults, and netlink's tables."""

from spec import c_constant
from text import MADE, aligned, comment, commented, words

TABLES = "module/netlink/generated/netlink_tables"
TYPES = {"u16": "u16", "u32": "u32", "u64": "u64"}


def is_plain(attribute):
    """A number, an enum or a boolean that is a member of its object's struct."""
    return bool(attribute.owner.get("struct")) and not attribute.get("by-hand") \
        and (attribute.type in TYPES or attribute.is_bool)


def plain(s):
    return [a for a in s.attributes if is_plain(a)]


def kind_of(attribute):
    """enum attr_option_type"""
    if attribute.is_bool:
        return "FLAG"
    if attribute.enum and not attribute.is_flags:
        return "ENUM"
    return attribute.type.upper()


def type_of(attribute):
    return {"FLAG": "bool", "ENUM": "u8"}.get(kind_of(attribute), attribute.type)


def member_of(attribute):
    return attribute.get("member", attribute.word)


def about(attribute):
    """The comment of a member."""
    if attribute.enum:
        return f"enum {attribute.enum.c_name}"
    unit = {"ms": "ms"}.get(attribute.get("unit"), "")
    return ", ".join(part for part in (unit, attribute.doc) if part)


def members(attributes):
    """(attribute, member) for each that is not a part's, the widest first."""
    order = ("u64", "u32", "u16", "u8", "bool")
    return sorted(((a, member_of(a)) for a in attributes),
                  key=lambda m: order.index(type_of(m[0])))


def struct(name, declared, parts):
    yield f"struct {name} {{"
    wide = [m for m in declared if type_of(m[0]) in ("u64", "u32")]
    for attribute, member in wide:
        yield from commented(f"\t{type_of(attribute)} {member};", about(attribute))
    for part in parts:
        size = f"[{part['size']}]" if "size" in part else ""
        yield f"\tstruct {part['struct']} {part['member']}{size};"
    for attribute, member in declared[len(wide):]:
        yield from commented(f"\t{type_of(attribute)} {member};", about(attribute))
    yield "};"


def value_of(attribute):
    """A default as C says it; None if it is 0."""
    if not attribute.default:
        return None
    if attribute.is_bool:
        return "true"
    value = attribute.get("default")
    if attribute.enum:
        return attribute.enum.entry(value).constant
    return attribute.spec.value(value)[1]


def defaults(s):
    for attribute in plain(s):
        value = value_of(attribute)
        if value:
            yield f".{member_of(attribute)} = {value},"


def part_attributes(s, part):
    """(attribute, member) of a part that is made here."""
    prefix = f"{part['member']}[{part['of']}]."
    return [(a, member_of(a).removeprefix(prefix)) for a in plain(s)
            if member_of(a).startswith(prefix)]


def equality(s):
    """By members: there may be holes between them, which nobody writes."""
    name = s.get("struct")
    yield f"static inline bool {name}_equal(const struct {name} *a,"
    yield f"{aligned(len(name) + 26)}const struct {name} *b)"
    yield "{"
    attributes = plain(s)
    for a in attributes:
        yield from words([f"a->{member_of(a)} ==", f"b->{member_of(a)}" +
                          (";" if a is attributes[-1] else " &&")], aligned(15),
                         aligned(15) if a is not attributes[0] else "\treturn ",
                         columns=90)
    yield "}"


def options_header(s):
    """The struct of a set, its defaults, and whether two are equal."""
    name, parts = s.get("struct"), s.get("parts", [])
    guard = c_constant(f"l7mesh-generated-{name}-h")
    yield "/* SPDX-License-Identifier: GPL-2.0 */"
    yield f"/* {MADE} */"
    yield f"/* {name}: see {s.get('folder')}/{name}.h, which is to be included. */"
    yield f"#ifndef {guard}"
    yield f"#define {guard}"
    yield ""
    yield "#include <linux/l7mesh.h>"
    yield "#include <linux/types.h>"
    for part in parts:
        if "header" in part:
            yield f'#include "{part["header"]}"'
    yield ""
    for part in parts:
        if "of" in part:
            yield from struct(part["struct"], part_attributes(s, part), [])
            yield ""
    whole = [(a, m) for a, m in members(plain(s)) if "." not in m]
    yield from struct(name, whole, parts)
    yield ""
    yield f"#define {name.upper()}_DEFAULT {{ \\"
    for line in defaults(s):
        yield f"\t{line} \\"
    yield "}"
    yield ""
    yield from equality(s)
    yield ""
    yield "#endif"


def sets(spec):
    return [s for s in spec.sets.values() if s.get("struct")]


def netlink_sets(spec):
    return [s for s in sets(spec) if not s.get("private")]


def table(s, static=""):
    """What netlink has to know of a set's struct; its default if that is not known."""
    name = s.get("struct")
    names = s.c_name if static else f"netlink_{s.c_name}"
    yield f"static const struct attr_option {s.c_name}_table[] = {{"
    for a in plain(s):
        macro = "ATTR_OPTIONAL" if a.get("optional") else "ATTR_OPTION"
        yield from words([f"{kind_of(a)},", f"{a.constant},", f"{name},",
                          f"{member_of(a)}),"], aligned(len(macro) + 9),
                         first=f"\t{macro}(", columns=90)
    yield "};"
    yield ""
    for a in plain(s):
        yield from words([f"{name},", f"{member_of(a)},", f"{type_of(a)});"],
                         aligned(15), first="ATTR_OPTION_IS(", columns=90)
    yield ""
    yield f"{static}const struct attr_options {names}_options = {{"
    yield f"\t.table = {s.c_name}_table,"
    yield f"\t.n = ARRAY_SIZE({s.c_name}_table),"
    for a in s.attributes:
        if a.type == "pad":
            yield f"\t.pad = {a.constant},"
    yield "};"
    if not s.get("folder"):
        yield ""
        yield f"{static}const struct {name} {names}_default = {{"
        for line in defaults(s):
            yield f"\t{line}"
        yield "};"


def tables_source(spec):
    yield "// SPDX-License-Identifier: GPL-2.0"
    yield f"/* {MADE} */"
    yield '#include "netlink/generated/netlink_tables.h"'
    yield ""
    yield '#include "netlink/netlink.h"'
    for s in netlink_sets(spec):
        yield ""
        yield from table(s)


def private_header(s):
    """The same for the file that alone has the struct."""
    guard = c_constant(f"l7mesh-generated-{s.c_name}-options-h")
    yield "/* SPDX-License-Identifier: GPL-2.0 */"
    yield f"/* {MADE} */"
    yield f"/* For {s.get('private')}.c, which has struct {s.get('struct')}. */"
    yield f"#ifndef {guard}"
    yield f"#define {guard}"
    yield ""
    yield from table(s, "static ")
    yield ""
    yield "#endif"


def tables_header(spec):
    guard = c_constant("l7mesh-generated-netlink-tables-h")
    yield "/* SPDX-License-Identifier: GPL-2.0 */"
    yield f"/* {MADE} */"
    yield from comment("netlink_tables: which member of which struct a plain option "
                       "is, and what it is if it is not given.")
    yield f"#ifndef {guard}"
    yield f"#define {guard}"
    yield ""
    yield '#include "lib/attr_option.h"'
    for s in netlink_sets(spec):
        yield ""
        yield f"extern const struct attr_options netlink_{s.c_name}_options;"
        if not s.get("folder"):
            yield f"extern const struct {s.get('struct')} netlink_{s.c_name}_default;"
    yield ""
    yield "#endif"


def files(spec):
    for s in sets(spec):
        if s.get("folder"):
            yield (f"module/{s.get('folder')}/generated/{s.get('struct')}.h",
                   options_header(s))
        if s.get("private"):
            folder, name = s.get("private").split("/")
            yield f"module/{folder}/generated/{name}_options.h", private_header(s)
    yield f"{TABLES}.h", tables_header(spec)
    yield f"{TABLES}.c", tables_source(spec)
