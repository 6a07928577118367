# SPDX-License-Identifier: GPL-2.0
"""meshctl: the tables of its schema, its usage and its completion."""

import os

from policy import with_nests
from spec import TREE, Wrong, c_constant, c_word
from text import MADE, place_behind, region, words

FOLDER = "tools/meshctl/generated"
COMPLETION = "tools/meshctl/meshctl.bash"
UINT32_MAX, UINT16_MAX = (1 << 32) - 1, (1 << 16) - 1
LIMITS = {UINT32_MAX: "UINT32_MAX", UINT16_MAX: "UINT16_MAX"}
BINARY = {"address": "ADDRESS", "network": "NETWORK", "numbers": "U16S"}
# What a value is called in a usage, by what checks it.
CHECKED = {"name": "NAME", "path": "PATH", "host": "HOST", "token": "NAME",
           "spiffe": "SPIFFE_ID"}


def kind_of(a):
    """enum field_type"""
    if a.type == "nest":
        return "LIST" if a.item else "NEST"
    if a.type == "binary":
        return BINARY[a.get("is")]
    if a.enum:
        return "FLAGS" if a.is_flags else "ENUM"
    if a.is_bool:
        return "U8_BOOL"
    return {"ms": "DURATION", "ppm": "PERCENT"}.get(a.get("unit"), a.type.upper())


def duration(ms):
    for unit, size in (("m", 60000), ("s", 1000)):
        if ms % size == 0 and (ms or unit == "s"):
            return f"{ms // size}{unit}"
    return f"{ms}ms"


def percent(ppm):
    return f"{ppm // 10000}" + (f".{ppm % 10000:04}".rstrip("0")
                                if ppm % 10000 else "") + "%"


def fallback_of(a):
    """The default as it is given on the command line; None if there is none."""
    if a.default is None:
        return None
    if a.is_bool:
        return "true" if a.default else "false"
    if a.enum:
        return a.get("default")
    return {"DURATION": duration, "PERCENT": percent}.get(kind_of(a), str)(a.default)


def not_yet(names):
    return "NAMES(" + ", ".join(f'"{name}"' for name in names) + ")"


def limits_of(a):
    """(least, most) as C says it, of what has any."""
    kind = kind_of(a)
    if kind == "U16S":
        return str(a.get("from")), str(a.get("to"))
    if kind == "LIST":
        most = a.nested.get("at-most")
        return None, a.spec.value(most)[1] if most else None
    if kind not in ("U16", "U32", "U64", "DURATION"):
        return None, None
    least, most = a.check("min"), a.check("max")
    most = most[1] if most else LIMITS.get(a.most)
    return least[1] if least else None, None if kind == "U64" else most


class Field:
    """One key of a file, which is a word of the command line as well."""

    def __init__(self, attribute=None, group=None, children=None):
        self.attribute, self.group, self.children = attribute, group, children
        self.yaml = attribute.yaml if attribute else group or children
        self.name = self.yaml.get("file") or attribute.word
        self.word = self.yaml.get("word", self.name)

    def get(self, key, fallback=None):
        return self.yaml.get(key, fallback)

    @property
    def flags(self):
        if self.group:
            return ["defaults"] if self.get("defaults") else []
        return self.get("flags", [])

    @property
    def is_nest(self):
        return bool(self.attribute) and kind_of(self.attribute) == "NEST"

    def initializers(self):
        yield f'.name = "{self.name}",'
        if not self.attribute:
            yield f".type = FIELD_{'GROUP' if self.group else 'CHILDREN'},"
        else:
            yield f".attr = {self.attribute.constant},"
            yield f".type = FIELD_{kind_of(self.attribute)},"
        if self.flags:
            yield ".flags = " + " | ".join(f"FIELD_{f.upper()}"
                                           for f in self.flags) + ","
        if self.word != self.name:
            yield f'.word = "{self.word}",'
        if self.get("nothing"):
            yield f'.nothing = "{self.get("nothing")}",'
        if self.attribute:
            yield from self.values()
        elif self.group:
            yield f".sub = &{self.group['c_name']},"
        else:
            yield f".sub = &{c_word(self.get('of') or self.get('schema'))},"

    def values(self):
        a = self.attribute
        least, most = limits_of(a)
        yield from (f".{side} = {value}," for side, value in
                    (("min", least), ("max", most)) if value)
        if a.enum:
            yield f".names = {a.enum.c_name.removeprefix('l7mesh_')}_names,"
        if self.get("not-yet"):
            yield f".not_yet = {not_yet(self.get('not-yet'))},"
        if fallback_of(a) is not None:
            yield f'.fallback = "{fallback_of(a)}",'
        if a.item and not a.item.nested and kind_of(a.item) != "STRING":
            yield f".item = FIELD_{kind_of(a.item)},"
        if self.get("check"):
            yield f".check = text_check_{self.get('check')},"
        if self.get("refers"):
            yield f".refers = {c_constant('l7mesh-kind-', self.get('refers'))},"
        nested = a.item.nested if a.item else a.nested
        if nested:
            yield f".sub = &{self.get('schema', nested.c_name)},"


def insert(fields, field, before):
    """Puts a field where it says, else behind the one before."""
    after = field.get("after", before)
    fields.insert(place_behind([f.name for f in fields], after, field.name)
                  if after else 0, field)


class Schema:
    """A set or a group of one: its fields, in the order of files."""

    def __init__(self, s, group=None):
        self.set, self.group = s, group
        self.yaml = group or s.yaml
        self.c_name = f"{s.c_name}_{group['file']}" if group else s.c_name
        self.kind = None if group or s.name not in s.attributes[0].spec.kinds \
            else s.name
        self.title = self.yaml.get("title") or \
            (self.c_name if self.kind else self.c_name.replace("_", " "))
        self.fields, before = [], None
        for a in s.attributes:
            if a.type != "pad" and a.get("group") == (group or {}).get("file"):
                field = Field(a)
                insert(self.fields, field, before)
                before = field.name
        if not group:
            for inner in s.get("groups", []):
                inner = {**inner, "c_name": f"{s.c_name}_{inner['file']}"}
                insert(self.fields, Field(group=inner), None)
            self.fields += [Field(children=c) for c in s.get("children", [])]
        names = [f.name for f in self.fields]
        for name in names:
            if names.count(name) > 1:
                raise Wrong(f"{self.title}: two fields are called {name!r}")
        if self.yaml.get("single", names[0]) not in names:
            raise Wrong(f"{self.title}: {self.yaml['single']!r} is none of its fields")

    def lines(self):
        yield ""
        yield f"static const struct field {self.c_name}_fields[] = {{"
        for field in self.fields:
            items = list(field.initializers())
            items[-1] = items[-1].removesuffix(",") + " },"
            yield from words(items, "\t  ", "\t{ ")
        yield "};"
        yield ""
        yield f"static_assert(ARRAY_SIZE({self.c_name}_fields) <= SCHEMA_FIELDS_MAX,"
        yield '\t      "more fields than schema.h says");'
        yield ""
        yield f"static const struct schema {self.c_name} = {{"
        yield f'\t.name = "{self.title}",'
        if self.kind:
            yield f"\t.kind = {c_constant('l7mesh-kind-', self.kind)},"
            yield f"\t.attr = {c_constant('l7mesh-a-', self.kind)},"
        yield f"\tFIELDS({self.c_name}_fields),"
        if self.yaml.get("single"):
            yield f'\t.single = "{self.yaml["single"]}",'
        if self.yaml.get("rule"):
            yield f"\t.rule = validate_{self.yaml['rule']},"
        if self.yaml.get("words"):
            yield f"\t.from_word = {self.yaml['words']}_from_word,"
            yield f"\t.to_word = {self.yaml['words']}_to_word,"
        if self.yaml.get("not-yet"):
            keys = not_yet(self.yaml["not-yet"]).split()
            yield from words([*keys[:-1], keys[-1] + ","], "\t\t", "\t.not_yet = ")
        yield "};"


def by_hand(s):
    return s.get("fields") == "by-hand"


def sets(spec):
    """Those that files have, each after those that it refers to."""
    changed = next(o for o in spec.operations if o.name == "add").request
    found = []

    def add(s):
        for child in s.get("children", []):
            if "of" in child:
                with_children(spec.sets[child["of"]])
        if not s.is_list and not by_hand(s) and s not in found:
            found.append(s)

    def with_children(s):
        for inner in with_nests(s.attributes, []):
            add(inner)
        add(s)

    for attribute in changed:
        with_children(attribute.nested)
    return found


def enums(spec):
    """Those whose words files have."""
    return {a.enum.name: a.enum for s in sets(spec) for a in s.attributes
            if a.enum}.values()


def tables(spec):
    yield "/* SPDX-License-Identifier: GPL-2.0 */"
    yield f"/* {MADE} */"
    yield "/* For schema.c alone: the fields of objects and of what they are made of. */"
    for enum in enums(spec):
        name = enum.c_name.removeprefix("l7mesh_")
        yield ""
        yield f"static const char *const {name}_names[] = {{"
        for entry in enum.entries:
            yield f'\t[{entry.constant}] = "{entry.word}",'
        yield "\tNULL,"
        yield "};"
    for s in sets(spec):
        for group in s.get("groups", []):
            yield from Schema(s, group).lines()
        yield from Schema(s).lines()


# ---- usage ----

def argument(field):
    """What a word takes, in a usage."""
    a = field.attribute
    if field.get("arg"):
        return field.get("arg")
    kind = kind_of(a)
    if kind == "ENUM":
        return "|".join(e.word for e in a.enum.entries)
    if kind == "FLAGS":
        return ",".join(e.word for e in a.enum.entries)
    if kind == "STRING":
        return CHECKED.get(field.get("check"), "TEXT")
    if kind == "U16" and a.word.endswith("port"):
        return "PORT"
    if kind == "U32" and a.get("unit"):
        return {"s": "SECONDS", "bytes": "BYTES"}[a.get("unit")]
    return {"U8_BOOL": "true|false", "FLAG": "true", "DURATION": "TIME",
            "PERCENT": "PERCENT%", "U16S": "CODE,..."}.get(kind, "N")


class Pieces:
    """Of a usage: [words joined, what they take, what follows]."""

    def __init__(self):
        self.pieces = []

    def add(self, word, takes, behind="", join=False):
        if join and self.pieces[-1][1:] == [takes, behind]:
            self.pieces[-1][0] += f"|{word}"
        else:
            self.pieces.append([word, takes, behind])

    def field(self, spec, owner, field):
        if field.children or {"key", "parent"} & set(field.flags) or \
                "required" in field.flags and "usage" not in field.yaml:
            return
        if "usage" in field.yaml:
            if field.get("usage"):
                self.pieces.append(field.get("usage"))
        elif field.group:
            self.schema(spec, Schema(owner, field.group))
        elif field.is_nest:
            self.schema(spec, Schema(field.attribute.nested))
            if field.get("nothing"):
                self.add(field.word, field.get("nothing"))
        else:
            is_list = kind_of(field.attribute) == "LIST"
            takes = argument(field) + \
                ("|none" if is_list and "empty" in field.flags else "")
            self.add(field.word, takes, "..." if is_list else "",
                     field.get("join", False))

    def schema(self, spec, schema):
        fields = list(schema.fields)
        for field in schema.fields:
            if field.get("usage-after"):
                fields.remove(field)
                fields.insert(place_behind([f.name for f in fields],
                                           field.get("usage-after"), field.name),
                              field)
        for field in fields:
            self.field(spec, schema.set, field)

    def words(self):
        for piece in self.pieces:
            if isinstance(piece, str):
                yield from piece.split()
            else:
                words_joined, takes, behind = piece
                yield f"[{words_joined}"
                yield f"{takes}]{behind}"


def usage_of(spec, s):
    pieces = Pieces()
    pieces.schema(spec, Schema(s))
    return [*s.get("usage").split(), *pieces.words()]


def usage(spec):
    yield "/* SPDX-License-Identifier: GPL-2.0 */"
    yield f"/* {MADE} */"
    yield "/* For words.c alone: what follows \"add\" and \"set\", by kind. */"
    yield ""
    yield "static const char *const usage[] = {"
    for kind in spec.kinds:
        yield f"\t[{c_constant('l7mesh-kind-', kind)}] ="
        lines = words(usage_of(spec, spec.sets[kind]), "", "", 60)
        for line in lines[:-1]:
            yield f'\t\t"{line} "'
        yield f'\t\t"{lines[-1]}",'
    yield "};"


# ---- completion ----

def is_settable(schema, field):
    """Does it stand behind the key?"""
    return not field.children and field.name != schema.yaml.get("single") and \
        field.get("completes", not {"key", "parent"} & set(field.flags))


def settable(schema, wanted=lambda field: True):
    """Fields that stand behind the key. A nest goes before what it has."""
    for field in schema.fields:
        if not is_settable(schema, field) or not wanted(field):
            continue
        if field.group and not field.get("words"):
            yield from settable(Schema(schema.set, field.group), wanted)
            continue
        nested = field.attribute.nested if field.is_nest else None
        if not nested or field.get("nothing"):
            yield field
        if nested and by_hand(nested):
            yield from nested.get("completes")
        elif nested:
            yield from settable(Schema(nested), wanted)


def word_of(field):
    return field if isinstance(field, str) else field.word


def completed_fields(spec):
    for kind in spec.kinds:
        fields = list(dict.fromkeys(map(word_of, settable(Schema(spec.sets[kind])))))
        if fields:
            yield f"\t{c_word(kind)})"
            lines = words(fields, "\t\t\t", "\t\t_meshctl_words ", 76)
            yield from (line + " \\" for line in lines[:-1])
            yield lines[-1] + " ;;"


def values_of(field):
    """The words that a value may be; none if it may be others."""
    if isinstance(field, str):
        return ()
    a = field.attribute
    if field.get("nothing"):
        return (field.get("nothing"),)
    if field.group or a.type == "nest":
        return ()
    if a.enum:
        return tuple(e.word for e in a.enum.entries)
    return {"U8_BOOL": ("true", "false"), "FLAG": ("true",)}.get(kind_of(a), ())


def completed_values(spec):
    """By word, of those that mean the same for all kinds."""
    found = {}
    for kind in spec.kinds:
        for field in settable(Schema(spec.sets[kind])):
            found.setdefault(word_of(field), set()).add(values_of(field))
    by_values = {}
    for word, values in found.items():
        if len(values) == 1 and values != {()}:
            by_values.setdefault(*values, []).append(word)
    for values, names in by_values.items():
        lines = words([f"{n}|" for n in names[:-1]] + [f"{names[-1]})"], "\t", "\t", 70)
        yield from (line.replace("| ", "|") + "\\" for line in lines[:-1])
        yield lines[-1].replace("| ", "|")
        yield f"\t\t_meshctl_words {' '.join(values)} ;;"


def completion(spec):
    with open(os.path.join(TREE, COMPLETION), encoding="utf-8") as f:
        text = f.read()
    text = region(text, "\t#", "fields", completed_fields(spec))
    return region(text, "\t#", "values", completed_values(spec)).splitlines()


def files(spec):
    yield f"{FOLDER}/schema_tables.h", tables(spec)
    yield f"{FOLDER}/usage.h", usage(spec)
    yield COMPLETION, completion(spec)
