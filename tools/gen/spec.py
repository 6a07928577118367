# SPDX-License-Identifier: GPL-2.0
"""uapi/l7mesh.yaml, as the generators see it.

The file is a YNL specification. What YNL's schema has no keys for stands in lines
that begin with "#@": to YNL they are comments, here they are keys like any other.
Those of an attribute:

    default         what it is if it is not given: a number, true or false, the word
                    of an enum, the name of a constant
    unit            ms; s; ppm: of a million; bytes
    flags           key: a part of what identifies the object; required; parent: in
                    files it follows from the position; lower: case does not matter;
                    empty: may be empty, which is the same as not there; numeric:
                    a text that may be a number, in files without quotes
    member          of the set's struct, if it is not called as the attribute is
    optional        0 means that it is not in messages
    by-hand         it is no plain option: netlink/ reads and writes it by itself
    file            its key in files, if not its name
    group           the group of a file that it is in
    after           the key that it follows in files, if not that of the attribute
                    before; "": it is the first
    word            on the command line, if not its key
    is              what bytes are: an address; a network; numbers, from ... to ...
    check           NAME: text_check_NAME() is content with the text
    not-yet         words of others that it does not have, for a message
    refers          names an object of this kind
    nothing         what a nest with nothing in it is on the command line
    schema          of what it nests, if not that of the set
    arg             what the usage calls a value, if it cannot tell
    usage           all that the usage has of it, if that is not "[word arg]"
    usage-after     the key that it follows there
    join            it shares brackets there with the one before
    completes       whether the completion has it, if not as all have
    help            what the man page says of it, in mdoc(7)
    section         in which of its lists; without, in the one of others
    help-after      the key that it follows there, if not as in files
    synopsis        false: the man page's synopsis of the kind has it by hand, or not;
                    or what stands there behind the word

Those of a set:

    at-most         how many a list may have; without, the size of messages bounds it
    struct          whose members its plain options are: its numbers, enums and
                    booleans
    folder          of module/, for which the struct and its defaults are made;
                    without, the struct is written by hand
    private         FOLDER/NAME: only that file of module/ has the struct, so its table
                    and its default are made for that alone
    parts           structs in that struct: member, struct, size if it is an array,
                    header if it is not made here, else of: which of the array's
                    indexes has the attributes that it is made of

    groups          of files: file (its key), title, after; defaults: all of its
                    fields have some; rule, words: see below; usage
    children        of files: file (the key), of (which set they are), or schema: that
                    of what no kernel knows, which meshctl's schema.c has
    title           what messages call it, if not its name
    rule            NAME: validate_NAME() looks at it
    words           NAME: NAME_from_word() and NAME_to_word() make one word of it
    single          the key that a single value in a file is
    not-yet         keys of others that it does not have, for a message
    usage           what its usage begins with
    fields          by-hand: meshctl's schema.c has them
    completes       then, the words that the completion has

Those of an operation:

    policy          the name of the policy of its request
"""

import functools
import os
import re

import yaml

TREE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")
SOURCE = "uapi/l7mesh.yaml"
BITS = {"u8": 8, "u16": 16, "u32": 32, "u64": 64}


def c_word(*parts):
    """cluster-a-, max-idle -> cluster_a_max_idle"""
    return "".join(parts).replace("-", "_")


def c_constant(*parts):
    return c_word(*parts).upper()


class Wrong(Exception):
    """Something in the file that means nothing."""


# What YNL knows, as far as it is used here, and what is ours; "!": it must be there.
# What the values may be is in rules.py.
KEYS = {
    "specification": """name! protocol! uapi-header! version! doc! definitions!
        attribute-sets! operations! mcast-groups!""",
    "attribute": """name! type! doc enum enum-as-flags nested-attributes multi-attr checks
        default unit flags member optional by-hand file group after word is from to
        check not-yet refers nothing schema arg usage usage-after join completes help
        section help-after synopsis""",
    "set": """name! name-prefix! doc attributes!
        at-most struct folder private parts groups children title rule words single
        not-yet usage fields completes""",
    "part": "member! struct! size of header",
    "group": "file! title after! defaults rule words usage",
    "child": "file! of schema",
    "list of operations": "enum-model! name-prefix! list!",
    "operation": """name! doc! value! attribute-set! flags do dump event mcgrp
        policy""",
    "way": "request reply",
    "message": "attributes",
    "list of multicast groups": "list!",
    "multicast group": "name! flags",
    "enum": "type! name! name-prefix! doc entries! render-max",
    "constant": "type! name! value! doc",
    "entry": "name! doc",
}


def check_keys(kind, yaml_of, where):
    keys = KEYS[kind].split()
    if not isinstance(yaml_of, dict):
        raise Wrong(f"{where}: {yaml_of!r} is no {kind}")
    for key in yaml_of:
        if key not in (k.removesuffix("!") for k in keys):
            raise Wrong(f"{where}: {key!r} is no key of this {kind}")
    for key in keys:
        if key.endswith("!") and key[:-1] not in yaml_of:
            raise Wrong(f"{where}: this {kind} has no {key[:-1]!r}")


def check_names(entities, where):
    names = [entity.name for entity in entities]
    for name in names:
        if names.count(name) > 1:
            raise Wrong(f"{where}: {name!r} is there twice")


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """It does not let a key stand twice in a mapping, as others do."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise Wrong(f"line {node.start_mark.line + 1}: {key!r} is there twice")
        return super().construct_mapping(node, deep)


class Entity:
    """Something that the file describes; what it does not say is None."""

    def __init__(self, kind, yaml_of, where=""):
        check_keys(kind, yaml_of, f"{where}{yaml_of.get('name', kind)}"
                   if isinstance(yaml_of, dict) else where)
        self.yaml = yaml_of
        self.name = yaml_of["name"]
        if not isinstance(self.name, str):
            raise Wrong(f"{where}{self.name!r} is no name: put it in quotes")
        self.doc = yaml_of.get("doc", "").strip()

    def get(self, key, fallback=None):
        return self.yaml.get(key, fallback)


class Entry(Entity):
    """A value of an enum."""

    def __init__(self, enum, number, yaml_of):
        super().__init__("entry", yaml_of if isinstance(yaml_of, dict)
                         else {"name": yaml_of})
        self.number = number
        self.constant = c_constant(enum.get("name-prefix"), self.name)
        self.word = c_word(self.name)


class Enum(Entity):
    def __init__(self, yaml_of):
        super().__init__("enum", yaml_of)
        self.c_name = c_word("l7mesh-", self.name)
        self.entries = [Entry(self, i, e)
                        for i, e in enumerate(yaml_of["entries"])]
        check_names(self.entries, self.name)

    def entry(self, word):
        for entry in self.entries:
            if entry.word == word:
                return entry
        raise Wrong(f"{self.name}: {word!r} is none of its entries")

    @property
    def first(self):
        """The least that means something."""
        return 1 if self.entries[0].name == "unspec" else 0


class Attribute(Entity):
    def __init__(self, spec, owner, number, yaml_of):
        super().__init__("attribute", yaml_of, owner.name + ".")
        self.spec = spec
        self.owner = owner
        self.number = number
        self.type = yaml_of["type"]
        self.word = c_word(self.name)
        self.constant = c_constant(owner.get("name-prefix"), self.name)
        self.checks = yaml_of.get("checks", {})

    @property
    def enum(self):
        return self.spec.enums.get(self.get("enum"))

    @property
    def is_flags(self):
        return bool(self.get("enum-as-flags"))

    @property
    def is_bool(self):
        return self.type == "u8" and self.checks.get("max") == 1

    @property
    def nested(self):
        """The set of a nest."""
        return self.spec.sets.get(self.get("nested-attributes"))

    @property
    def item(self):
        """What a list is of: an attribute; None if this is no list."""
        return self.nested.attributes[0] if self.nested and self.nested.is_list \
            else None

    def check(self, name):
        """(number, how C calls it) of a check; None if there is none."""
        value = self.checks.get(name)
        return None if value is None else self.spec.value(value)

    @property
    def least(self):
        if self.enum:
            return 1 if self.is_flags else self.enum.first
        return (self.check("min") or (0,))[0]

    @property
    def most(self):
        """Of a number."""
        if self.enum:
            last = len(self.enum.entries) - 1
            return (2 << last) - 1 if self.is_flags else last
        return (self.check("max") or ((1 << BITS[self.type]) - 1,))[0]

    @property
    def default(self):
        """As a number; None if there is none."""
        value = self.get("default")
        if value is None or isinstance(value, int):
            return None if value is None else int(value)
        return self.enum.entry(value).number if self.enum \
            else self.spec.value(value)[0]

    def __str__(self):
        return f"{self.owner.name}.{self.name}"


class Set(Entity):
    """A set of attributes: an object, a part of one, or a list."""

    def __init__(self, spec, yaml_of):
        super().__init__("set", yaml_of)
        for kind, key in ("part", "parts"), ("group", "groups"), ("child", "children"):
            for inner in yaml_of.get(key, []):
                check_keys(kind, inner, f"{self.name}: {key}")
        self.is_list = yaml_of["name-prefix"] == "l7mesh-list-"
        self.c_name = c_word(self.name)
        self.enum_name = "l7mesh_attr" if self.name == "top" \
            else f"l7mesh_{self.c_name}_attr"
        self.maximum = c_constant(yaml_of["name-prefix"], "max")
        self.attributes = [Attribute(spec, self, i, a)
                           for i, a in enumerate(yaml_of["attributes"], 1)]
        check_names(self.attributes, self.name)

    def __getitem__(self, name):
        for attribute in self.attributes:
            if attribute.name == name:
                return attribute
        raise Wrong(f"{self.name}: {name!r} is none of its attributes")


class Operation(Entity):
    """What is asked and answered: request and reply of its way, do or dump; an event
    has a reply."""

    def __init__(self, spec, yaml_of):
        super().__init__("operation", yaml_of)
        self.number = yaml_of["value"]
        self.constant = c_constant("l7mesh-cmd-", self.name)
        ways = [way for way in ("do", "dump", "event") if way in yaml_of]
        if len(ways) != 1:
            raise Wrong(f"{self.name}: one of do, dump and event is needed")
        self.way = ways[0]
        self.is_event = self.way == "event"
        parts = {"reply": yaml_of["event"]} if self.is_event else yaml_of[self.way]
        check_keys("way", parts, self.name)
        self.request = self.part(spec, parts.get("request", {}))
        self.reply = self.part(spec, parts.get("reply", {}))

    def part(self, spec, message):
        check_keys("message", message, f"{self.name}: {self.way}")
        return [spec.sets["top"][name] for name in message.get("attributes", [])]


def parse(text):
    return yaml.load(re.sub(r"^( *)#@ ", r"\1", text, flags=re.M), Loader)


class Spec:
    def __init__(self, tree):
        check_keys("specification", tree, SOURCE)
        check_keys("list of operations", tree["operations"], "operations")
        check_keys("list of multicast groups", tree["mcast-groups"], "mcast-groups")
        self.yaml = tree
        self.doc = tree["doc"]
        self.constants, self.enums = {}, {}
        for definition in tree["definitions"]:
            self.define(definition)
        self.sets = {}
        for s in tree["attribute-sets"]:
            self.add(self.sets, Set(self, s))
        self.kinds = [e.name for e in self.enums["kind"].entries
                      if e.name != "unspec"]
        self.groups = [Entity("multicast group", g)
                       for g in tree["mcast-groups"]["list"]]
        self.operations = [Operation(self, o) for o in tree["operations"]["list"]]
        check_names(self.operations, "operations")

    @staticmethod
    def add(entities, entity):
        if entity.name in entities:
            raise Wrong(f"{entity.name!r} is there twice")
        entities[entity.name] = entity

    def define(self, definition):
        kind = definition.get("type")
        if kind == "const":
            self.add(self.constants, Entity("constant", definition))
        elif kind == "enum":
            self.add(self.enums, Enum(definition))
        else:
            raise Wrong(f"{definition.get('name')}: {kind!r} is no type of a definition")

    def value(self, value):
        """(number, how C calls it) of a number, or of a constant's name."""
        if type(value) is int:  # pylint: disable=unidiomatic-typecheck # not a bool
            return value, str(value)
        if value not in self.constants:
            raise Wrong(f"{value!r} is no constant")
        return self.constants[value].get("value"), c_constant("l7mesh-", value)


@functools.cache
def read():
    with open(os.path.join(TREE, SOURCE), encoding="ascii") as f:
        return f.read()
