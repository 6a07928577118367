#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# needs: no VM
"""The documents are true where a program can tell: links, names of files and
functions, examples."""

import glob
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "lib"))
# pylint: disable=wrong-import-position
from l7 import equal, run_tests, test

TREE = os.path.join(HERE, "..")
MESHCTL = (os.environ.get("MESHCTL") or shutil.which("meshctl") or
           os.path.join(TREE, "tools/meshctl/meshctl"))
DOCUMENTS = sorted(os.path.relpath(name, TREE)
                   for pattern in ("*.md", "docs/*.md", "selftests/*.md")
                   for name in glob.glob(os.path.join(TREE, pattern)))


def read(name):
    with open(os.path.join(TREE, name), encoding="utf-8") as f:
        return f.read()


def without_code(text):
    return re.sub(r"```.*?```", "", text, flags=re.S)


def anchors(text):
    """Of its headings, as they are made of these where documents are shown."""
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", without_code(text), re.M)}


@test("every link leads to a file, and to a heading that is there")
def _():
    broken = []
    for name in DOCUMENTS:
        for link in re.findall(r"\]\(([^)]*)\)", without_code(read(name))):
            path, _, anchor = link.partition("#")
            to = os.path.normpath(os.path.join(os.path.dirname(name), path)) \
                if path else name
            if not os.path.exists(os.path.join(TREE, to)) or (
                    anchor and anchor not in anchors(read(to))):
                broken.append((name, link))
    equal(broken, [])


def code_of(name):
    return re.findall(r"`([^`]*)`", without_code(read(name)))


@test("every function that ARCHITECTURE and CONTRIBUTING name is there")
def _():
    words = set()
    for source in glob.glob(os.path.join(TREE, "module/**/*.[ch]"), recursive=True):
        words.update(re.findall(r"\w+", read(source)))
    equal([(name, function) for name in ("ARCHITECTURE.md", "CONTRIBUTING.md")
           for function in re.findall(r"(\w+)\(\)", " ".join(code_of(name)))
           if function not in words], [])


def spellings(path):
    """Of a path in a document: x.[ch] is two; NAME stands for any."""
    if "NAME" in path:
        return []
    return [path.replace("[ch]", c) for c in "ch"] if "[ch]" in path else [path]


@test("every file and folder that ARCHITECTURE and CONTRIBUTING name is there")
def _():
    there = glob.glob(os.path.join(TREE, "**/*"), recursive=True)
    bare = {os.path.basename(path) for path in there}
    equal([(name, path) for name in ("ARCHITECTURE.md", "CONTRIBUTING.md")
           for word in code_of(name)
           if re.fullmatch(r"[\w/.-]+/|[\w/.-]+\.(\[ch\]|[ch]|py|yaml|8|bash)", word)
           for path in spellings(word)
           if not (os.path.exists(os.path.join(TREE, path)) or
                   os.path.exists(os.path.join(TREE, "module", path)) or
                   path in bare)], [])


@test("every target of make that a document names is one")
def _():
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", read("Makefile"), re.M))
    equal([(name, target) for name in DOCUMENTS
           for target in re.findall(r"(?:`|^)make (?:-s )?([a-z][a-z0-9-]*)",
                                    read(name), re.M)
           if target not in targets], [])


@test("every mesh file in the documents is one that meshctl takes")
def _():
    refused, count = [], 0
    for name in DOCUMENTS:
        for mesh in re.findall(r"```yaml\n(.*?)```", read(name), re.S):
            count += 1
            done = subprocess.run([MESHCTL, "check", "-f", "-"], input=mesh, text=True,
                                  capture_output=True, check=False)
            if done.returncode:
                refused.append((name, mesh[:40], done.stderr))
    equal(refused, [])
    equal(count > 0, True)


@test("every attack that security.md lists has the tests that it names")
def _():
    missing, count = [], 0
    for cell in re.findall(r"\| ([^|\n]*) \|$", read("docs/security.md"), re.M):
        for file, names in re.findall(
                r"`((?:test|fault)_[\w.]+)`(:(?: \"[^\"]+\",?)*)?", cell):
            text = read(f"selftests/{file}")
            for name in re.findall(r'"([^"]+)"', names):
                count += 1
                if f'"{name}' not in text:
                    missing.append((file, name))
    equal(missing, [])
    equal(count > 0, True)


@test("README is short, and has the commands that show it and test it")
def _():
    text = read("README.md")
    equal(len(text.splitlines()) <= 150, True)
    equal("```sh\nmake demo\nmake test\n```" in text, True)


if __name__ == "__main__":
    if not os.access(MESHCTL, os.X_OK):
        print("1..0 # SKIP meshctl is not built")
        sys.exit(4)
    run_tests()
