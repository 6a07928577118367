# SPDX-License-Identifier: GPL-2.0
"""tools/meshctl/meshctl.8: what options there are, what they take, what they do."""

import os
import re

from meshctl import Schema, argument, settable
from spec import TREE, Wrong
from text import place_behind, region

PAGE = "tools/meshctl/meshctl.8"
MARK = r".\""
# What a usage calls a value, as it is called here.
ARGUMENTS = {"N": "number"}


def takes(field, choice):
    """What stands behind the word; before one of a few words stands the choice."""
    if field.get("synopsis"):
        return field.get("synopsis")
    if field.get("nothing"):
        return f"{choice}{field.get('nothing')}"
    argued = argument(field)
    if argued.islower():
        return choice + argued.replace("|", " | ")
    return f"Ar {ARGUMENTS.get(argued, argued.lower())}"


def in_synopsis(field):
    """Groups have a place of their own."""
    return not field.group and field.get("synopsis", True)


def synopsis(s):
    """What a nest is if there is nothing in it comes behind what it has."""
    nests = []
    for field in settable(Schema(s), in_synopsis):
        if nests and field.attribute.owner is s:
            yield from nests
            nests = []
        line = f".Op Cm {field.word} {takes(field, 'Cm ')}"
        if field.is_nest:
            nests = [line]
        else:
            yield line
    yield from nests


def helped(s, section):
    """The fields of a section, in order."""
    fields = [f for f in settable(Schema(s))
              if f.get("help") and f.get("section") == section]
    for field in list(fields):
        if field.get("help-after"):
            fields.remove(field)
            fields.insert(place_behind([f.name for f in fields],
                                       field.get("help-after"), field.name), field)
    return fields


def items(fields):
    for field in fields:
        yield f".It Cm {field.word} {takes(field, '')}"
        yield from field.get("help").rstrip("\n").splitlines()


def others(s):
    """A list of those that the text around it does not know."""
    fields = helped(s, None)
    if fields:
        yield from (".Pp", "Others:", ".Bl -tag -width Ds", *items(fields), ".El")


def sections(s):
    return dict.fromkeys(a.get("section") for a in s.attributes if a.get("section"))


def told_by_hand(text):
    """What people write of: words on lines of macros, and keys of the example."""
    by_hand = re.sub(r'^\.\\" made of .*?^\.\\" end of ', "", text, flags=re.M | re.S)
    return {word for line in by_hand.splitlines() for word in
            re.findall(r"\w+" if line.startswith(".") else r"\w+(?=:)", line)}


def check_told(spec, text):
    """What has no help is told of by hand. A field may stand there as in files."""
    told = told_by_hand(text)
    for kind in spec.kinds:
        for field in settable(Schema(spec.sets[kind])):
            if not isinstance(field, str) and not field.get("help") and \
                    not {field.word, field.name} & told:
                raise Wrong(f"{kind}.{field.word}: it has no help, and {PAGE} does not "
                            "tell of it")


def page(spec):
    with open(os.path.join(TREE, PAGE), encoding="utf-8") as f:
        text = f.read()
    for kind in ("cluster", "endpoint", "workload", "authorization"):
        text = region(text, MARK, kind, synopsis(spec.sets[kind]))
    for kind in ("cluster", "listener"):
        text = region(text, MARK, f"other options of a {kind}",
                      others(spec.sets[kind]))
    check_told(spec, text)
    for kind in spec.kinds:
        s = spec.sets[kind]
        for section in sections(s):
            text = region(text, MARK, section, items(helped(s, section)))
    return text.splitlines()


def files(spec):
    yield PAGE, page(spec)
