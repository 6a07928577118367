# SPDX-License-Identifier: GPL-2.0
"""module/netlink/generated/netlink_policy.[ch]: what attributes may be."""

from spec import c_constant
from text import MADE

FOLDER = "module/netlink/generated"
# The least and the most that a policy holds itself; beyond it is a range apart.
SHORT = (1 << 15) - 1
KEYS_ALONE = ("del", "drain")


def array_of(s):
    """The policy of a set."""
    return f"{s.c_name}_policy" if s.is_list else f"netlink_{s.c_name}_policy"


def key_attributes(s):
    return [a for a in s.attributes if "key" in a.get("flags", [])]


def is_key_whole(s):
    """Is what identifies an object all that it has?"""
    return len(key_attributes(s)) == len(s.attributes)


def key_array_of(s):
    return array_of(s) if is_key_whole(s) else f"netlink_{s.c_name}_key_policy"


class Ranges:
    """Those that stand apart, each once."""

    def __init__(self):
        self.names = {}

    def name(self, attribute):
        limits = tuple((name, attribute.check(name)[1])
                       for name in ("min", "max") if attribute.check(name))
        words = (value.removeprefix("L7MESH_").lower() for _, value in limits)
        self.names[limits] = "range_" + "_".join(words)
        return self.names[limits]

    def lines(self):
        for limits, name in self.names.items():
            values = ", ".join(
                f".{side} = {value}" + ("ULL" if len(value) > 10 and
                                        value.isdigit() else "")
                for side, value in limits)
            yield f"static struct netlink_range_validation {name} = {{"
            yield f"\t{values},"
            yield "};"
            yield ""


def number_policy(attribute, ranges):
    kind = f"NLA_{attribute.type.upper()}"
    if attribute.enum and not attribute.is_flags:
        last = attribute.enum.entries[-1].constant
        return f"NLA_POLICY_RANGE({kind}, {attribute.least}, {last})" \
            if attribute.least else f"NLA_POLICY_MAX({kind}, {last})"
    least, most = attribute.check("min"), attribute.check("max")
    if not least and not most:
        return f"{{ .type = {kind} }}"
    if not most:
        return f"NLA_POLICY_MIN({kind}, {least[1]})"
    if most[0] > SHORT:
        return f"NLA_POLICY_FULL_RANGE({kind}, &{ranges.name(attribute)})"
    return f"NLA_POLICY_RANGE({kind}, {least[1]}, {most[1]})" if least else \
        f"NLA_POLICY_MAX({kind}, {most[1]})"


def bytes_policy(attribute):
    kind = f"NLA_{attribute.type.upper()}"
    least, most = attribute.check("min-len"), attribute.check("max-len")
    if least:
        return f"NLA_POLICY_RANGE({kind}, {least[1]}, {most[1]})"
    return f"{{ .type = {kind}, .len = {most[1]} }}"


def policy_of(attribute, ranges, keys):
    if attribute.type == "nest":
        array = key_array_of if keys else array_of
        return f"NLA_POLICY_NESTED({array(attribute.nested)})"
    if attribute.type == "flag":
        return "{ .type = NLA_FLAG }"
    if attribute.type in ("string", "binary"):
        return bytes_policy(attribute)
    return number_policy(attribute, ranges)


def declaration(name, size, static=False):
    """As one line, or as two."""
    start = ("static " if static else "") + "const struct nla_policy"
    one = f"{start} {name}[{size}]"
    return [one] if len(one) <= 76 else [start, f"{name}[{size}]"]


class Table:
    """An array: what it is called, what it is indexed to, its entries."""

    def __init__(self, name, size, attributes, static=False, keys=False):
        self.name, self.size, self.static = name, size, static
        self.attributes, self.keys = attributes, keys

    def lines(self, ranges):
        *before, last = declaration(self.name, self.size, self.static)
        yield from before
        if not self.attributes:
            yield f"{last} = {{}};"
            return
        yield f"{last} = {{"
        for attribute in self.attributes:
            policy = policy_of(attribute, ranges, self.keys)
            one = f"\t[{attribute.constant}] = {policy},"
            if len(one.expandtabs(8)) <= 90:
                yield one
            elif policy[0] == "{":
                yield from (f"\t[{attribute.constant}] = {{",
                            f"\t\t{policy[2:-2]},", "\t},")
            else:
                yield from (f"\t[{attribute.constant}] =", f"\t\t{policy},")
        yield "};"


def upto(attributes):
    last = max(attributes, key=lambda a: a.number, default=None)
    return f"{last.constant} + 1" if last else "1"


def set_table(s):
    attributes = [a for a in s.attributes if a.type != "pad"]
    size = upto(attributes) if s.is_list else f"{s.maximum} + 1"
    return Table(array_of(s), size, attributes, static=s.is_list)


def with_nests(attributes, found):
    """Sets that attributes nest, each after those that it nests itself."""
    for attribute in attributes:
        if attribute.nested and attribute.nested not in found:
            with_nests(attribute.nested.attributes, found)
            found.append(attribute.nested)
    return found


def operation_tables(spec):
    seen = set()
    for operation in spec.operations:
        name = operation.get("policy")
        if not name or name in seen:
            continue
        seen.add(name)
        yield operation, Table(f"netlink_{name.replace('-', '_')}_policy",
                               upto(operation.request), operation.request,
                               keys=operation.name in KEYS_ALONE)


def tables(spec):
    operations = list(operation_tables(spec))
    whole = [a for o, _ in operations if o.name not in KEYS_ALONE
             for a in o.request]
    keyed = [a.nested for o, _ in operations if o.name in KEYS_ALONE
             for a in o.request if a.nested and not is_key_whole(a.nested)]
    yield from (set_table(s) for s in with_nests(whole, []))
    for s in dict.fromkeys(keyed):
        yield Table(key_array_of(s), upto(key_attributes(s)), key_attributes(s))
    yield from (table for _, table in operations)


def source(spec):
    ranges, arrays = Ranges(), []
    for table in tables(spec):
        arrays += [*table.lines(ranges), ""]
    yield "// SPDX-License-Identifier: GPL-2.0"
    yield f"/* {MADE} */"
    yield '#include "netlink/generated/netlink_policy.h"'
    yield ""
    yield from ranges.lines()
    yield from arrays[:-1]


def interface(spec):
    guard = c_constant("l7mesh-generated-netlink-policy-h")
    yield "/* SPDX-License-Identifier: GPL-2.0 */"
    yield f"/* {MADE} */"
    yield "/*"
    yield " * netlink_policy: what attributes may be, as far as one attribute can tell."
    yield " * Whatever has no entry is refused."
    yield " */"
    yield f"#ifndef {guard}"
    yield f"#define {guard}"
    yield ""
    yield "#include <net/netlink.h>"
    yield "#include <uapi/linux/l7mesh.h>"
    yield ""
    yield "/* How many a list may have that the header has no name for. */"
    for s in spec.sets.values():
        if isinstance(s.get("at-most"), int):
            yield f"#define NETLINK_{s.c_name.upper()}_MAX\t{s.get('at-most')}"
    yield ""
    for table in tables(spec):
        if not table.static:
            first, *rest = declaration(table.name, table.size)
            yield from (["extern " + first + ";"] if not rest else
                        ["extern " + first, f"\t{rest[0]};"])
    yield ""
    yield "#endif"


def files(spec):
    yield f"{FOLDER}/netlink_policy.h", interface(spec)
    yield f"{FOLDER}/netlink_policy.c", source(spec)
