# SPDX-License-Identifier: GPL-2.0
"""What `run` has found, as tables: Markdown, CSV, and the figures of documents.

    Results(data)	of results.json's content; `rows` has a Row for each contender and
		work, in their order, with the medians of its rounds
    markdown(results)	all tables
    csv_text(results)	a line for each sample
    renew(path, results)	writes the parts of a document anew that are between
		"<!-- figures: NAME -->" and "<!-- end of figures -->", and were measured
"""

import csv
import io
import re
import statistics

from contenders import contenders
from functions import PARTS
from works import works

KINDS = ("user", "kernel", "module")


def spread(values):
    """The coefficient of variation, in percent."""
    mean = statistics.fmean(values)
    return 100 * statistics.pstdev(values) / mean if mean else 0


class Row:
    def __init__(self, contender, work, samples):
        self.contender, self.work, self.samples = contender, work, samples
        count = work.requests * work.units
        self.counts = {
            kind: statistics.median(s["instructions"][kind] for s in samples) / count
            for kind in KINDS}
        totals = [sum(s["instructions"].values()) / count for s in samples]
        self.total = statistics.median(totals)
        self.low, self.high = min(totals), max(totals)
        self.spread = spread(totals)
        self.errors = sum(s["errors"] for s in samples)
        self.proxies = statistics.median(s["proxies"] for s in samples) / (
            work.requests + work.warm_up)

    def latency(self, which):
        return statistics.median(s["latency"][which] for s in self.samples)


class Results:
    def __init__(self, data):
        self.data = data
        names = {c.name: c for c in contenders()}
        kinds = {w.name: w for w in works()}
        grouped = {}
        for s in data["samples"]:
            grouped.setdefault((s["work"], s["contender"]), []).append(s)
        self.rows = [Row(names[c], kinds[w], samples)
                     for (w, c), samples in grouped.items()]
        self.contenders = [c for n, c in names.items()
                           if any(r.contender is c for r in self.rows)]
        self.works = [w for n, w in kinds.items()
                      if any(r.work is w for r in self.rows)]

    def row(self, contender, work):
        return next((r for r in self.rows
                     if r.contender is contender and r.work is work), None)

    def ratio(self, row):
        direct = self.row(self.contenders[0], row.work)
        return row.total / direct.total

    def rounds(self):
        """The least and the most: more may have been added of some."""
        counts = [len(r.samples) for r in self.rows]
        return min(counts), max(counts)

    def groups(self):
        return list(dict.fromkeys(w.group for w in self.works))

    def of_group(self, group):
        return [w for w in self.works if w.group == group]


def rounds(results, most):
    least, most_rounds = results.rounds()
    if most_rounds == 1:
        return "One round"
    number_of = least if least == most_rounds else f"{least} to {most_rounds}"
    return (f"Medians of {number_of} rounds, coefficient of variation "
            f"{most:.1f}% at most")


def table(head, lines):
    return "\n".join(["| " + " | ".join(head) + " |",
                      "|" + "|".join(["---"] * len(head)) + "|",
                      *("| " + " | ".join(line) + " |" for line in lines), ""])


def figure(row, results):
    if row is None:
        return ""
    text = f"{row.total:,.0f} ({results.ratio(row):.2f})"
    return text + (f", {row.errors} errors" if row.errors else "")


def instructions(results, group):
    """Contenders down, works across."""
    columns = results.of_group(group)
    found = [results.row(c, w) for c in results.contenders for w in columns]
    most = max(row.spread for row in found if row)
    return "\n".join([
        f"### {group}", "",
        f"Instructions a {columns[0].unit}, and their ratio to the direct connection. "
        f"{rounds(results, most)}.", "",
        table(["", *(w.what for w in columns)],
              [[c.label, *(figure(results.row(c, w), results) for w in columns)]
               for c in results.contenders])])


def latencies(results, group):
    columns = results.of_group(group)
    lines = []
    for c in results.contenders:
        cells = []
        for w in columns:
            row = results.row(c, w)
            cells.append(" / ".join(f"{row.latency(p) / 1000:,.0f}"
                                    for p in ("p50", "p99", "p999")) if row else "")
        lines.append([c.label, *cells])
    return "\n".join([
        f"### {group}: latency", "",
        f"50, 99 and 99.9% of the {columns[0].unit}s took at most so many thousands of "
        "instructions, all waiting included (with `-icount` that is the machine's "
        "microsecond).", "", table(["", *(w.what for w in columns)], lines)])


def processor_time(results):
    """Of a machine with one instruction a nanosecond."""
    columns = [w for w in results.works if "-r" in w.client]
    lines = []
    for c in results.contenders:
        cells = []
        for w in columns:
            row = results.row(c, w)
            cells.append(f"{row.total * w.units / 1000:,.1f} / "
                         f"{row.proxies / 1000:,.1f}" if row else "")
        lines.append([c.label, *cells])
    return "\n".join([
        "### CPU time", "",
        "CPU seconds for a million requests, at an instruction a nanosecond: of the "
        "whole machine, and of the contender's proxies as the scheduler counts it "
        "(interrupts that arrive meanwhile are in it).", "",
        table(["", *(w.name for w in columns)], lines)])


def breakdown(results):
    found = [s for s in results.data.get("profiles", [])]
    texts = []
    for work in dict.fromkeys(s["work"] for s in found):
        here = [s for s in found if s["work"] == work]
        names = [p for p, _ in PARTS]
        labels = {c.name: c.label for c in contenders()}
        texts.append("\n".join([
            f"### Where the instructions go: {work}", "",
            table(["", *(labels[s["contender"]] for s in here)],
                  [[name, *(f"{s['parts'].get(name, 0):,.0f}" for s in here)]
                   for name in names]),
            "The module's functions, of l7mesh HTTP:", "",
            table(["function", "instructions"],
                  [[f"`{name}`", f"{count:,.0f}"] for s in here
                   if s["contender"] == "http"
                   for name, count in s["functions"] if "[l7mesh/" in name])]))
    return "\n".join(texts)


def scales(results):
    """Series down, x across."""
    texts = []
    points = results.data.get("points", [])
    for title in dict.fromkeys(p["title"] for p in points):
        here = [p for p in points if p["title"] == title]
        found = {(p["series"], p["x"]): p["value"] for p in here}
        columns = list(dict.fromkeys(p["x"] for p in here))
        texts.append("\n".join([
            f"### {title}", "",
            table(["", *(f"{x:,}" if isinstance(x, int) else x for x in columns)],
                  [[series, *(number(found.get((series, x))) for x in columns)]
                   for series in dict.fromkeys(p["series"] for p in here)])]))
    return "\n".join(texts)


def number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.4g}"


def clock(results):
    """Wall clock: of a closed loop, how long a request takes with all its company."""
    samples = results.data.get("clocked", [])
    if not samples:
        return ""
    works_there = list(dict.fromkeys(s["work"] for s in samples))
    labels = {c.name: c.label for c in contenders()}
    lines = []
    for name in dict.fromkeys(s["contender"] for s in samples):
        cells = []
        for work in works_there:
            found = [s for s in samples if s["work"] == work and s["contender"] == name]
            cells.append(" / ".join([
                f"{statistics.median(s['nanoseconds'] / s['requests'] for s in found):,.0f}",
                *(f"{statistics.median(s[k] / s['requests'] for s in found):,.0f}"
                  for k in ("cycles",) if all(k in s for s in found)),
                f"{statistics.median(s['latency']['p99'] for s in found) / 1000:,.0f}"]))
        lines.append([labels[name], *cells])
    return "\n".join([
        f"### By the clock, {results.data['clock']}", "",
        "Nanoseconds a request (elapsed, divided by their number); cycles of all CPUs a "
        "request, where the machine counts them; and the 99th percentile of latency in "
        "microseconds. Not comparable with another machine's, nor with any figure "
        "above.", "", table(["", *works_there], lines)])


def machine(results):
    return table(["", ""], [[k, str(v)] for k, v in results.data["machine"].items()])


def markdown(results):
    parts = ["# The benchmark", "", machine(results)]
    for group in results.groups():
        parts.append(instructions(results, group))
        if any("-r" in w.client or w.unit == "tree" for w in results.of_group(group)):
            parts.append(latencies(results, group))
    if any("-r" in w.client for w in results.works):
        parts.append(processor_time(results))
    parts += [breakdown(results), scales(results), clock(results)]
    return "\n".join(parts)


def csv_text(results):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["work", "contender", "round", "unit", "units", *KINDS, "proxies_ns",
                     "errors", "connections", "p50_ns", "p90_ns", "p99_ns",
                     "p999_ns", "max_ns"])
    for row in results.rows:
        for s in row.samples:
            writer.writerow([
                row.work.name, row.contender.name, s["round"], row.work.unit,
                row.work.requests * row.work.units,
                *(s["instructions"][k] for k in KINDS), s["proxies"], s["errors"],
                s["connections"], *s["latency"].values()])
    return out.getvalue()


HEADLINES = ["keep-alive, 128 B, 10 at once", "keep-alive, 16 KiB, 10 at once",
             "a connection per request, 128 B, 10 at once",
             "tree of calls, 10 at once", "off-node, 128 B, 10 at once",
             "another machine, 128 B, 10 at once"]


def headlines(results):
    """The first table of docs/benchmarks.md."""
    columns = [w for w in results.works if w.name in HEADLINES]
    if not columns:
        return ""
    most = max(results.row(c, w).spread for c in results.contenders for w in columns
               if results.row(c, w))
    return "\n".join([
        table(["instructions a request (ratio to direct)",
               *(w.name for w in columns)],
              [[c.label, *(figure(results.row(c, w), results) for w in columns)]
               for c in results.contenders]),
        f"{rounds(results, most)}; {results.data['machine']['guest']}."])


# What, l7mesh's contender, that of two sidecars or "", and the work.
FIVE = [("HTTP on one node, kept connections: instructions", "http", "nginx-chain",
         "keep-alive, 128 B, 10 at once"),
        ("HTTP on one node, a connection per request: instructions", "http",
         "nginx-chain", "a connection per request, 128 B, 10 at once"),
        ("HTTP to another node: instructions", "http", "nginx-chain",
         "off-node, 128 B, 10 at once"),
        ("TCP on one node, kept connections: instructions", "l4", "",
         "keep-alive, 128 B, 10 at once")]
IDLE = "a connection that is idle"


def ratio_of(results, contender, work):
    row = next((r for r in results.rows
                if (r.contender.name, r.work.name) == (contender, work)), None)
    return f"{results.ratio(row):.2f}" if row else ""


def five(results):
    """The README's table. Of a part that was not measured there is nothing new."""
    bytes_of = {p["series"]: p["value"] for p in results.data.get("points", [])
                if p["x"] == IDLE}
    labels = {c.name: c.label for c in results.contenders}
    idle = [bytes_of.get(labels.get(name)) for name in ("direct", "http", "nginx-chain")]
    if None in idle or any(w not in (r.work.name for r in results.rows)
                           for _, _, _, w in FIVE):
        return ""
    return table(["", "l7mesh", "two nginx sidecars"],
                 [[what, ratio_of(results, name, work), ratio_of(results, chain, work)]
                  for what, name, chain, work in FIVE] +
                 [["an idle HTTP connection: bytes of memory",
                   *(f"{n / idle[0]:.2f}" for n in idle[1:])]])


FIGURES = {"five": five, "compare": headlines, "scale": scales}


def renew(path, results):
    with open(path, encoding="utf-8") as f:
        text = f.read()

    def figures(found):
        new = FIGURES[found[2]](results)
        return f"{found[1]}\n{new}\n{found[3]}" if new else found[0]

    text = re.sub(r"(<!-- figures: (\w+) -->)\n.*?(<!-- end of figures -->)", figures,
                  text, flags=re.S)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
