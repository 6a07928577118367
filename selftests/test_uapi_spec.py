#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""l7mesh.yaml, what is made of it, and the module's policies say the same."""

import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "lib"))
# pylint: disable=wrong-import-position
from l7 import equal, run_tests, test, true
from l7nl import (CTRL_GETPOLICY, ENUMS, NLM_F_DUMP, TREE, UAPI, Genl, attr,
                  attrs_of)

try:
    import yaml
except ImportError:
    print("1..0 # SKIP python3-yaml is not there")
    sys.exit(4)

with open(os.path.join(TREE, "uapi", "l7mesh.yaml"), encoding="ascii") as text:
    SPEC = yaml.safe_load(text)
SETS = {s["name"]: s for s in SPEC["attribute-sets"]}
OPS = {o["name"]: o for o in SPEC["operations"]["list"]}
CONSTS = {d["name"]: d["value"] for d in SPEC["definitions"]
          if d["type"] == "const"}

UNS_ADMIN_PERM, CAP_DO, CAP_DUMP, HAS_POLICY = 0x10, 2, 4, 8
TYPES = {"flag": 1, "u8": 2, "u16": 3, "u32": 4, "u64": 5, "s64": 9, "binary": 10,
         "string": 11, "nest": 13}


def c_name(*parts):
    return "".join(parts).upper().replace("-", "_")


def entries_of(enum):
    return [e["name"] if isinstance(e, dict) else e for e in enum["entries"]]


def numbers(attribute_set):
    """The attributes of a set, and the numbers that the specification gives."""
    return {a["name"]: i
            for i, a in enumerate(SETS[attribute_set]["attributes"], 1)}


@test("what is made of the specification is what would be made of it now")
def _():
    done = subprocess.run([os.path.join(TREE, "tools/gen/generate"), "check"],
                          text=True, capture_output=True, check=False)
    equal((done.returncode, done.stdout, done.stderr), (0, "", ""))


@test("the header's constants and enumerations are the specification's")
def _():
    equal((SPEC["name"], SPEC["version"]),
          (UAPI["L7MESH_GENL_NAME"], UAPI["L7MESH_GENL_VERSION"]))
    equal([g["name"] for g in SPEC["mcast-groups"]["list"]],
          [UAPI["L7MESH_MCGRP_CONFIG"]])
    for name, value in CONSTS.items():
        equal((name, value), (name, UAPI[c_name("l7mesh-", name)]))
    described = set()
    for enum in (d for d in SPEC["definitions"] if d["type"] == "enum"):
        equal([(c_name(enum["name-prefix"], entry), i)
               for i, entry in enumerate(entries_of(enum))],
              ENUMS["l7mesh_" + enum["name"].replace("-", "_")])
        described.add("l7mesh_" + enum["name"].replace("-", "_"))
    equal(described, {e for e in ENUMS if e.startswith("l7mesh_")
                      and not e.endswith("attr") and e != "l7mesh_cmd"})


@test("the header's attributes are the specification's, number by number")
def _():
    described = set()
    for name, attribute_set in SETS.items():
        prefix = attribute_set["name-prefix"]
        wanted = [(c_name(prefix, "unspec"), 0)] + [
            (c_name(prefix, a["name"]), i)
            for i, a in enumerate(attribute_set["attributes"], 1)]
        if prefix == "l7mesh-list-":
            equal([(n, UAPI[n]) for n, _ in wanted], wanted)
            continue
        enum = "l7mesh_attr" if name == "top" \
            else f"l7mesh_{name.replace('-', '_')}_attr"
        equal(ENUMS[enum], wanted)
        described.add(enum)
    equal(described, {e for e in ENUMS if e.endswith("attr")})


@test("the header's commands are the specification's")
def _():
    equal([(c_name("l7mesh-cmd-", o["name"]), o["value"])
           for o in OPS.values()], ENUMS["l7mesh_cmd"][1:])


@test("the family has the specification's operations, with their rights")
def _():
    g = Genl()
    wanted = {}
    for o in OPS.values():
        if "event" in o:
            continue
        equal((o["name"], o["flags"]), (o["name"], ["uns-admin-perm"]))
        wanted[o["value"]] = UNS_ADMIN_PERM | HAS_POLICY \
            | (CAP_DO if "do" in o else 0) | (CAP_DUMP if "dump" in o else 0)
    got = {}
    for _, payload, _ in attrs_of(g.info[6]):
        op = {k: struct.unpack("=I", p)[0] for k, p, _ in attrs_of(payload)}
        got[op[1]] = op[2]
    equal(got, wanted)
    equal(list(g.groups()), ["config"])


def policies():
    """Each operation's policy; the policies by number: attribute -> facts."""
    ops, table = {}, {}
    g = Genl(None)
    # Some kernels call an operation that is only a dump number 0.
    order = iter(o["value"] for o in OPS.values() if "event" not in o)
    name = attr(2, b"l7mesh\0")
    for reply in g.ctrl(CTRL_GETPOLICY, name, NLM_F_DUMP):
        for kind, payload, _ in attrs_of(reply):
            if kind == 9:
                for op, inner, _ in attrs_of(payload):
                    expected = next(order)
                    true(op in (0, expected), f"{op}, not {expected}")
                    ops[expected] = {struct.unpack("=I", p)[0]
                               for _, p, _ in attrs_of(inner)}
            if kind != 8:
                continue
            for number, inner, _ in attrs_of(payload):
                for attribute, facts, _ in attrs_of(inner):
                    table.setdefault(number, {})[attribute] = {
                        k: struct.unpack({4: "=I", 8: "=Q"}[len(p)], p)[0]
                        for k, p, _ in attrs_of(facts)}
    return ops, table


def bound(value):
    return CONSTS.get(value, value)


def check_attribute(path, attribute, facts):
    """An attribute's policy against its description."""
    equal((path, facts[1]), (path, TYPES[attribute["type"]]))
    checks = attribute.get("checks", {})
    width = {"u8": 8, "u16": 16, "u32": 32, "u64": 64}.get(attribute["type"])
    if width:
        top = (1 << width) - 1
        if attribute.get("enum"):
            enum = next(d for d in SPEC["definitions"]
                        if d["name"] == attribute["enum"])
            n = len(entries_of(enum))
            checks = {"max": (1 << n) - 1, "min": 1} \
                if attribute.get("enum-as-flags") else \
                {"max": n - 1,
                      **({"min": 1} if entries_of(enum)[0] == "unspec" else {})}
        equal((path, facts.get(4, 0), facts.get(5, top)),
              (path, bound(checks.get("min", 0)),
               bound(checks.get("max", top))))
    if attribute["type"] in ("string", "binary"):
        equal((path, facts.get(6, 0), facts.get(7)),
              (path, bound(checks.get("min-len", 0)),
               bound(checks.get("max-len"))))


def check_policy(path, table, number, name, whole, seen):
    """A policy against an attribute set, of which it is a part if not whole."""
    if (number, name) in seen:
        return
    seen.add((number, name))
    described = numbers(name)
    by_number = {i: n for n, i in described.items()}
    got = {by_number[a] for a in table.get(number, {})}
    if whole:
        equal((path, got), (path, set(described) - {"pad"}))
    for a, facts in table.get(number, {}).items():
        attribute = next(x for x in SETS[name]["attributes"]
                         if x["name"] == by_number[a])
        here = f"{path}.{attribute['name']}"
        check_attribute(here, attribute, facts)
        if attribute["type"] == "nest":
            check_policy(here, table, facts[8], attribute["nested-attributes"],
                         whole, seen)


@test("the policies are the specification's, down to the last bound")
def _():
    ops, table = policies()
    reached = set()
    for o in OPS.values():
        if "event" in o:
            continue
        request = next((o[m].get("request", {}) for m in ("do", "dump")
                        if m in o), {})
        wanted = set(request.get("attributes", []))
        (number,) = ops[o["value"]]
        by_number = {i: n for n, i in numbers("top").items()}
        got = {a: f for a, f in table.get(number, {}).items() if f[1] != 0}
        equal((o["name"], {by_number[a] for a in got}), (o["name"], wanted))
        for a, facts in got.items():
            attribute = SETS["top"]["attributes"][a - 1]
            path = f"{o['name']}.{attribute['name']}"
            check_attribute(path, attribute, facts)
            # A nest in which nothing may be has no policy of its own.
            true(8 in facts or o["name"] == "del" or
                 attribute["type"] != "nest", path)
            if attribute["type"] == "nest" and 8 in facts:
                seen = set()
                check_policy(path, table, facts[8],
                             attribute["nested-attributes"],
                             o["name"] not in ("del", "drain"), seen)
                reached |= {name for _, name in seen}
    answers = {"attached", "stat", "stat-list", "endpoint-stats", "maglev",
               "splice-pair", "splice-end", "explanation", "mismatch",
               "authorization-stats", "workload-stats"}
    equal(reached, set(SETS) - {"top"} - answers)


@test("what operations and attributes refer to is there")
def _():
    for o in OPS.values():
        parts = [o.get("event")]
        for mode in "do", "dump":
            parts += [o.get(mode, {}).get(d) for d in ("request", "reply")]
        for part in parts:
            for name in (part or {}).get("attributes", []):
                true(name in numbers("top"), f"{o['name']}: {name}")
    for s in SETS.values():
        for a in s["attributes"]:
            nested = a.get("nested-attributes")
            true(nested is None or nested in SETS, f"{s['name']}.{a['name']}")
            true((nested is None) == (a["type"] != "nest"), a["name"])


if __name__ == "__main__":
    sys.exit(run_tests())
