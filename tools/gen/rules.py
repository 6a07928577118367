# SPDX-License-Identifier: GPL-2.0
"""Whether what the specification says means something: which values a key may have,
which keys go with which type, and that what is named is there.

Not here: which keys there are (spec.py), places that follow another (text.py), and
names of C, which the compiler looks up.
"""

import os

from options import is_plain, part_attributes
from policy import with_nests
from spec import BITS, TREE, Wrong

NUMBERS = {*BITS, "s64"}
BYTES = {"string", "binary"}
BOOLEAN = (True, False)
FLAGS = {"key", "required", "parent", "lower", "empty", "numeric"}
# Where there are only a few.
VALUES = {
    "attribute": {
        "type": {*NUMBERS, *BYTES, "nest", "flag", "pad"},
        "unit": {"ms", "s", "ppm", "bytes"},
        "is": {"address", "network", "numbers"},
        **dict.fromkeys(("enum-as-flags", "multi-attr", "optional", "by-hand",
                         "join", "completes"), BOOLEAN)},
    "set": {"fields": {"by-hand"}},
    "group": {"defaults": BOOLEAN},
    "enum": {"render-max": BOOLEAN},
    "operation": {"attribute-set": {"top"}},
    "specification": {"protocol": {"genetlink"}, "uapi-header": {"linux/l7mesh.h"}},
    "list of operations": {"enum-model": {"unified"}, "name-prefix": {"l7mesh-cmd-"}},
}
# What a number may be at most if it has this unit: a day, a year, a whole.
MOST = {"ms": 86400 * 1000, "s": 365 * 86400, "ppm": 1000000}


def need(right, where, text):
    if not right:
        raise Wrong(f"{where}: {text}")


def check_values(kind, yaml_of, where):
    for key, values in VALUES[kind].items():
        value = yaml_of.get(key)
        need(key not in yaml_of or any(value is v or isinstance(v, str) and value == v
                                       for v in values),
             where, f"{value!r} is no {key}")


def check_name(name, names, where, what):
    need(isinstance(name, str) and name in names, where, f"{name!r} is no {what}")


# ---- attributes ----

def check_references(a, spec):
    for key, names in (("enum", spec.enums), ("nested-attributes", spec.sets),
                       ("refers", spec.kinds)):
        if key in a.yaml:
            check_name(a.get(key), names, a, key)
    if "group" in a.yaml:
        check_name(a.get("group"), [g["file"] for g in a.owner.get("groups", [])], a,
                   "group of this set")
    for flag in a.get("flags", []):
        check_name(flag, FLAGS, a, "flag")


def check_type(a):
    """What goes with one type only."""
    bare = a.type in BITS and not a.enum and not a.is_bool
    texts = bool(a.item) and a.item.type == "string"
    need(texts or "numeric" not in a.get("flags", []), a, "only texts are numeric")
    for keys, right, what in (
            ("enum default member optional by-hand", a.type in NUMBERS, "a number"),
            ("unit", bare, "a number"),
            ("enum-as-flags", a.enum, "an enum"),
            ("is", a.type == "binary", "binary"),
            ("from to", a.get("is") == "numbers", "numbers"),
            ("refers", a.type == "string", "a string"),
            ("not-yet", a.enum, "an enum"),
            ("nested-attributes nothing schema", a.type == "nest", "a nest"),
            ("multi-attr", a.owner.is_list, "what a list is of")):
        for key in keys.split():
            need(right or key not in a.yaml, a, f"{key!r} is for {what}")
    need(a.nested or a.type != "nest", a, "what does it nest?")
    if a.get("is") == "numbers":
        for key in "from", "to":
            need(isinstance(a.get(key), int), a, f"{a.get(key)!r} is no number")


def check_limits(a):
    """Of a number, or of how many bytes there are."""
    least, most = ("min", "max") if a.type in BITS else ("min-len", "max-len")
    allowed = (least, most) if a.type in BITS or a.type in BYTES else ()
    need(isinstance(a.checks, dict), a, f"{a.checks!r} are no checks")
    for name in a.checks:
        check_name(name, allowed, a, f"check of a {a.type}")
    top = (1 << BITS.get(a.type, 16)) - 1
    low, high = ((a.check(name) or (fallback,))[0]
                 for name, fallback in ((least, 0), (most, top)))
    need(0 <= low <= high <= top, a, f"from {low} to {high} nothing is allowed")
    if a.enum:
        need(a.is_flags or not a.checks, a, "its limits are those of its enum")
        need(not a.checks or (low, high) == (a.least, a.most), a,
             "its limits are not those of its enum")


def check_unit(a, asked):
    unit = a.get("unit")
    if unit in MOST:
        need(not asked or a.check("max"), a, f"{unit} need a most")
        need(not a.check("max") or a.most <= MOST[unit], a,
             f"{a.most} {unit} are more than {MOST[unit]}")


def check_default(a):
    value = a.get("default")
    if value is None:
        return
    need(a.type in BITS, a, "it has no default")
    need(isinstance(value, bool) == a.is_bool, a, f"{value!r} is no default of a {a.type}")
    need(not a.enum or isinstance(value, str), a, "its default is a word of its enum")
    need(a.least <= a.default <= a.most, a, "its default is not allowed")


def check_option(a):
    """What a set with a struct has is a member of it, or somebody's work."""
    s = a.owner
    if not s.get("struct"):
        for key in "member", "optional":
            need(key not in a.yaml, a, f"{key!r} is of a set with a struct")
        return
    need(a.type not in NUMBERS or is_plain(a) or a.get("by-hand"), a,
         f"a {a.type} like this is no plain option: by-hand is missing")
    need(a.type != "u64" or any(o.type == "pad" for o in s.attributes), a,
         "a u64 needs a pad in its set")


def check_attribute(a, spec, asked):
    check_values("attribute", a.yaml, a)
    check_references(a, spec)
    check_limits(a)
    check_type(a)
    check_unit(a, asked)
    check_default(a)
    check_option(a)
    if asked and a.type in BYTES:
        need(a.check("max-len"), a, "how long may it be?")


# ---- sets, operations ----

def check_parts(s):
    for part in s.get("parts", []):
        where = f"{s.name}: {part['member']}"
        need(("of" in part) != ("header" in part), where, "of or header is needed")
        need("of" not in part or part_attributes(s, part), where,
             f"no attribute is a part of {part.get('of')}")


def check_set(s, spec):
    check_values("set", s.yaml, s.name)
    for group in s.get("groups", []):
        check_values("group", group, f"{s.name}.{group['file']}")
        need(any(a.get("group") == group["file"] for a in s.attributes), s.name,
             f"nothing is in its group {group['file']!r}")
    for child in s.get("children", []):
        need(("of" in child) != ("schema" in child), f"{s.name}.{child['file']}",
             "of or schema is needed")
        if "of" in child:
            check_name(child["of"], spec.sets, s.name, "set")
    need(s.is_list == (len(s.attributes) == 1 and
                       s.attributes[0].get("multi-attr") is True), s.name,
         "a list has one attribute, which is there more than once, and its prefix")
    if "at-most" in s.yaml:
        need(s.is_list, s.name, "at-most is of a list")
        spec.value(s.get("at-most"))
    if "folder" in s.yaml:
        need(os.path.isdir(os.path.join(TREE, "module", s.get("folder"))), s.name,
             f"{s.get('folder')!r} is no folder of module/")
    if "private" in s.yaml:
        need(os.path.isfile(os.path.join(TREE, "module", s.get("private") + ".c")),
             s.name, f"{s.get('private')!r} is no file of module/")
    need(s.get("struct") or not {"folder", "parts", "private"} & set(s.yaml), s.name,
         "folder, parts and private are of a struct")
    check_parts(s)
    members = [a.get("member", a.word) for a in s.attributes if is_plain(a)]
    for member in members:
        need(members.count(member) == 1, s.name, f"two options are its {member}")


def check_operation(o, number, spec):
    check_values("operation", o.yaml, o.name)
    need(o.number == number, o.name, f"its number is {o.number}, its place {number}")
    need(bool(o.request) == ("policy" in o.yaml), o.name,
         "a request with attributes has a policy, and no other")
    need(o.get("flags", ["uns-admin-perm"]) == ["uns-admin-perm"], o.name,
         "all need the same rights")
    need(o.get("mcgrp") is None if not o.is_event else
         o.get("mcgrp") in [g.name for g in spec.groups], o.name,
         "an event has a multicast group, and nothing else")


def asked_for(spec):
    """Attributes that are in requests."""
    whole = [a for o in spec.operations for a in o.request]
    return {*whole, *(a for s in with_nests(whole, []) for a in s.attributes)}


def check(spec):
    check_values("specification", spec.yaml, "specification")
    check_values("list of operations", spec.yaml["operations"], "operations")
    for constant in spec.constants.values():
        need(spec.value(constant.name)[0] == spec.value(constant.get("value"))[0],
             constant.name, "a constant is a number")
    for enum in spec.enums.values():
        check_values("enum", enum.yaml, enum.name)
    for s in spec.sets.values():
        for a in s.attributes:
            check_references(a, spec)
    asked = asked_for(spec)
    for s in spec.sets.values():
        for a in s.attributes:
            check_attribute(a, spec, a in asked)
        check_set(s, spec)
    for number, operation in enumerate(spec.operations, 1):
        check_operation(operation, number, spec)
    for group in spec.groups:
        need(group.get("flags") == ["cap-net-admin"], group.name,
             "who listens needs the same rights as who asks")
