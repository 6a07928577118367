# SPDX-License-Identifier: GPL-2.0
"""uapi/linux/l7mesh.h"""

from spec import c_constant
from text import MADE, commented, comment

GUARD = "_UAPI_LINUX_L7MESH_H"
# What a comment calls them. The documentation of the others tells for itself.
UNITS = {"ms": "ms", "s": "seconds"}


def range_of(attribute):
    """What a number may be, if that is worth saying."""
    if attribute.type not in ("u8", "u16", "u32", "u64"):
        return ""
    if attribute.is_bool:
        return "0 or 1"
    limits = [attribute.checks.get(n) for n in ("min", "max")]
    if attribute.enum or attribute.get("unit") in ("ms", "ppm") or limits == [None, None]:
        return ""
    if limits[1] is None:
        return f"from {attribute.least}"
    return f"{attribute.least} to {attribute.most}"


def kind_of(attribute):
    """What an attribute refers to."""
    if attribute.enum:
        return ("1 << enum {}, together" if attribute.is_flags else
                "enum {}").format(attribute.enum.c_name)
    if not attribute.nested:
        return ""
    if not attribute.item:
        return f"enum {attribute.nested.enum_name}"
    if not attribute.item.nested:
        return {"network": "a list of networks: an address, and one byte, of how many "
                           "bits count",
                "address": "a list of addresses"}.get(attribute.item.get("is"),
                                                      "a list of strings")
    return f"a list of nests, enum {attribute.item.nested.enum_name}"


def default_of(attribute):
    default = attribute.get("default")
    if default is None:
        return ""
    if isinstance(default, str) and attribute.enum:
        return f"default: {default}"
    return f"default {attribute.default}"


def attribute_doc(attribute):
    if attribute.type == "pad":
        return ""
    unit = UNITS.get(attribute.get("unit"), "")
    told = ", ".join(part for part in (unit, attribute.doc) if part)
    parts = [kind_of(attribute), range_of(attribute), told, default_of(attribute)]
    told = "; ".join(part for part in parts if part)
    return f"{attribute.type}: {told}" if told else attribute.type


def operation_doc(operation):
    """How it is asked, with what, and what is answered."""
    asked, answered = (", ".join(a.word.upper() for a in part)
                       for part in (operation.request, operation.reply))
    if operation.is_event:
        return f"notification: {answered}. {operation.doc}"
    told = "; ".join(part for part in (asked, answered and f"answers {answered}") if part)
    return f"{operation.way}{told and ': '}{told}. {operation.doc}"


def enum(name, doc, entries, maximum=None):
    """entries: (name, doc)"""
    yield ""
    if doc:
        yield from comment(doc)
    yield f"enum {name} {{" if name else "enum {"
    for entry, about in entries:
        yield from commented(f"\t{entry},", about)
    if maximum:
        yield from ("", "\t/* private: */", f"\t__{maximum},",
                    f"\t{maximum} = __{maximum} - 1")
    yield "};"


def constants(spec):
    yield f'#define L7MESH_GENL_NAME\t\t"{spec.yaml["name"]}"'
    yield f"#define L7MESH_GENL_VERSION\t\t{spec.yaml['version']}"
    for group in spec.groups:
        name = c_constant("l7mesh-mcgrp-", group.name)
        yield f'#define {name}\t\t"{group.name}"'
    yield ""
    for name, constant in spec.constants.items():
        if constant.doc:
            yield from comment(constant.doc)
        name = c_constant("l7mesh-", name)
        yield f"#define {name}{chr(9) * (5 - len(name + ' ' * 8) // 8)}" \
            f"{constant.get('value')}"


def lines(spec):
    yield "/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */"
    yield f"/* {MADE} */"
    yield "/*"
    for line in spec.doc.splitlines():
        yield " *" + (" " if line and line[0] != "\t" else "") + line
    yield " */"
    yield f"#ifndef {GUARD}"
    yield f"#define {GUARD}"
    yield ""
    yield from constants(spec)
    yield from enum("l7mesh_cmd", "", [("L7MESH_CMD_UNSPEC", "")] + [
        (o.constant, " ".join(operation_doc(o).split())) for o in spec.operations],
        "L7MESH_CMD_MAX")
    for e in spec.enums.values():
        yield from enum(e.c_name, e.doc,
                        [(entry.constant, entry.doc) for entry in e.entries],
                        "L7MESH_KIND_MAX" if e.get("render-max") else None)
    yield from enum("", "An element of a list: the attribute's type is "
                    "L7MESH_LIST_ITEM.",
                    [("L7MESH_LIST_UNSPEC", ""), ("L7MESH_LIST_ITEM", "")])
    for s in spec.sets.values():
        if not s.is_list:
            unspec = c_constant(s.get("name-prefix"), "unspec")
            yield from enum(s.enum_name, s.doc, [(unspec, "")] + [
                (a.constant, attribute_doc(a)) for a in s.attributes], s.maximum)
    yield ""
    yield f"#endif /* {GUARD} */"


def files(spec):
    yield "uapi/linux/l7mesh.h", lines(spec)
