# SPDX-License-Identifier: GPL-2.0
"""Whether what means nothing in the specification is refused: "generate test"."""

from spec import Wrong, parse

# What is found once in the specification, and a fault to put in its place.
FAULTS = (
    ("#@ default: 128", "#@ default: 65537"),
    ("#@ default: 128", "#@ default: idle-max"),
    ("#@ default: 128", "#@ default: true"),
    ("#@ default: 128", "#@ default: 128\n        #@ default: 129"),
    ("#@ default: maglev", "#@ default: 0"),
    ("#@ default: false\n        #@ member: path.normalize",
     "#@ default: 0\n        #@ member: path.normalize"),
    ("doc: a client that shuts", "doc: a client */ that shuts"),
    ("private: policy/mirror", "private: policy/mirrors"),
    ("#@ struct: fault\n", ""),
    # Limits that would be none.
    ("min: 2\n          max: 16", "min: 2\n          mxa: 16"),
    ("min: 2\n          max: 16", "min: 2\n          max-len: 16"),
    ("min: 2\n          max: 16", "min: 2\n          max: 1"),
    ("min: 2\n          max: 16", "min: 2\n          max: 4294967296"),
    ("min: 2\n          max: 16", "min: 2\n          max: true"),
    ("max: trusted-hops-max", "maxx: trusted-hops-max"),
    ("max: 9223372036854775807", "max: 18446744073709551616"),
    ("max: 31\n", "max: 63\n"),
    ("one byte\n        checks:\n          min-len: 5",
     "one byte\n        checks:\n          minlen: 5"),
    ("one byte\n        checks:\n          min-len: 5",
     "one byte\n        checks:\n          min: 5"),
    ("one byte\n        checks:\n          min-len: 5",
     "one byte\n        checks:\n          min-len: 18"),
    ("doc: u16 each, 100 to 599, host order\n        checks:\n          min-len",
     "doc: u16 each, 100 to 599, host order\n        checks:\n          minlen"),
    ("enum: lb\n", "enum: lb\n        checks:\n          max: 1\n"),
    ("checks:\n          max-len: body-max", "doc: of any size"),
    ("max: 3600000\n        #@ default: 10000", "#@ default: 10000"),
    # Types that would be passed over, or taken for others.
    ("name: present\n        type: u8", "name: present\n        type: u88"),
    ("name: trusted-hops\n        type: u32", "name: trusted-hops\n        type: u8"),
    ("name: accrual-jitter\n        type: u32", "name: accrual-jitter\n        type: u8"),
    ("name: accrual-jitter\n        type: u32", "name: accrual-jitter\n        type: s64"),
    ("name: max-idle\n        type: u32", "name: max-idle\n        type: u64"),
    ("name: query\n        type: nest", "name: query\n        type: string"),
    ("type: nest\n        nested-attributes: match\n", "type: nest\n"),
    ("#@ is: network\n      -\n", "      -\n"),
    ("#@ check: spiffe\n", "#@ check: spiffe\n        #@ flags: [numeric]\n"),
    ("#@ not-yet: [custom]\n", "#@ not-yet: [custom]\n        #@ is: address\n"),
    # Units.
    ("#@ default: 15000\n        #@ unit: ms", "#@ default: 15000\n        #@ unit: msec"),
    ("#@ default: 15000\n        #@ unit: ms", "#@ default: 15000\n        #@ unit: s"),
    ("#@ default: 15000\n        #@ unit: ms", "#@ default: 15000\n        #@ unit: ppm"),
    ("#@ default: keep\n", "#@ default: keep\n        #@ unit: ms\n"),
    # Names of others.
    ("enum: protocol\n        #@ flags", "enum: protocool\n        #@ flags"),
    ("nested-attributes: match\n", "nested-attributes: macth\n"),
    ("nested-attributes: match\n", "nested-attributes: [match]\n"),
    ("#@ group: proxy\n        #@ file: address",
     "#@ group: poxy\n        #@ file: address"),
    ("#@ file: raw_prefix", "#@ file: prefix"),
    ("{file: ports, schema: workload_port}", "{file: ports}"),
    ("{file: ports, schema: workload_port}", "{file: ports, of: route, schema: route}"),
    ("{file: routes, of: route}", "{file: routes, of: rout}"),
    ("#@ member: breakers[L7MESH_ROUTING_PRIORITY_HIGH].max_requests",
     "#@ member: breakers[L7MESH_ROUTING_PRIORITY_HIGH].max_retries"),
    ("name: priority-max", "name: mirrors-max"),
    ("name: traceparent\n", "name: via\n"),
    # What the man page would not have.
    ("        #@ help: |\n        #@   Then: several slashes are one.\n", ""),
    ("#@ default: 2\n        #@ usage-after: ring_max",
     "#@ default: 2\n        #@ section: choices\n        #@ usage-after: ring_max"),
)

# Keys whose value may be any: text, and names by which others find something, or
# which the compiler looks up.
FREE = """name name-prefix title file word entries version
    doc help usage arg synopsis nothing completes
    rule words check not-yet schema struct member size header policy""".split()


def places(tree, path=()):
    """(path, mapping or list, its key or index) of all that is in there. The path of
    what a list has is that of the list."""
    for key in tree if isinstance(tree, dict) else range(len(tree)):
        here = path + (key,) if isinstance(tree, dict) else path
        yield here, tree, key
        if isinstance(tree[key], (dict, list)):
            yield from places(tree[key], here)


def misspelt(tree):
    """Each key, and each value that is not free, misspelt once at each place where it
    may stand: (how it is told of). The tree is so as long as the caller looks at it."""
    seen = set()
    for path, inner, key in list(places(tree)):
        kind = (path, isinstance(key, str))
        if kind in seen:
            continue
        seen.add(kind)
        kept = inner.copy()
        if isinstance(inner, dict):
            inner.clear()
            inner.update((k + "x" if k == key else k, v) for k, v in kept.items())
            yield f"{'.'.join(path)}x"
            inner.clear()
            inner.update(kept)
        if path[-1] not in FREE and not isinstance(kept[key], (dict, list)):
            inner[key] = f"{kept[key]}x"
            yield f"{'.'.join(path)}: {inner[key]}"
            inner[key] = kept[key]


def is_refused(tree, made):
    try:
        for _ in made(tree):
            pass
    except Wrong:
        return True
    return False


def test(text, made):
    """A line for each fault that is not seen. made: (path, text) of all that is made of
    a specification."""
    for found, fault in FAULTS:
        if text.count(found) != 1:
            yield f"generate test: {found!r} is not there once"
            continue
        try:
            tree = parse(text.replace(found, fault))
        except Wrong:
            continue
        if not is_refused(tree, made):
            yield f"generate test: {fault!r} is not refused"
    tree = parse(text)
    for told in misspelt(tree):
        if not is_refused(tree, made):
            yield f"generate test: {told} is not refused"
