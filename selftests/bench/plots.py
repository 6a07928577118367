# SPDX-License-Identifier: GPL-2.0
"""What `run` has found, as pictures: each as .svg and .png.

    plot_all(results, folder)	results of report.py
"""

import os

import matplotlib

matplotlib.use("Agg")
# pylint: disable=wrong-import-position
from matplotlib import pyplot
from contenders import contenders
from functions import PARTS
from report import KINDS

MANY = pyplot.get_cmap("tab20").colors
COLOURS = {"user": "#9db4c0", "kernel": "#5c6b73", "module": "#e07a5f"}


def save(figure, folder, name):
    name = name.replace(",", "").replace(" ", "-").replace(":", "")
    for kind in ("svg", "png"):
        figure.savefig(os.path.join(folder, f"{name}.{kind}"), dpi=110,
                       bbox_inches="tight")
    pyplot.close(figure)


def dress(axes, title):
    axes.set_title(title, fontsize=10)
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.05, 1))
    axes.spines[["top", "right"]].set_visible(False)


def bars(results, work, folder):
    """Medians, in what they are of; the whisker is the least and the most."""
    rows = [results.row(c, work) for c in results.contenders]
    rows = [r for r in rows if r][::-1]
    figure, axes = pyplot.subplots(figsize=(8, 0.8 + 0.32 * len(rows)))
    left = [0] * len(rows)
    labels = [r.contender.label for r in rows]
    for kind in KINDS:
        widths = [r.counts[kind] / 1000 for r in rows]
        axes.barh(labels, widths, left=left, label=kind, color=COLOURS[kind])
        left = [a + b for a, b in zip(left, widths)]
    axes.errorbar([r.total / 1000 for r in rows], range(len(rows)),
                  xerr=[[(r.total - r.low) / 1000 for r in rows],
                        [(r.high - r.total) / 1000 for r in rows]],
                  fmt="none", ecolor="black", capsize=2)
    for i, row in enumerate(rows):
        axes.text(row.high / 1000, i, f"  {results.ratio(row):.2f}", va="center",
                  fontsize=8)
    axes.axvline(results.row(results.contenders[0], work).total / 1000,
                 color="black", linewidth=0.6, linestyle=":")
    axes.set_xlabel(f"thousands of instructions a {work.unit}, and the ratio to direct")
    dress(axes, work.name)
    save(figure, folder, work.name)


def curves(results, group, folder):
    """A group whose works differ in how many requests there are at once."""
    by_size = {}
    for work in results.of_group(group):
        size, _, rest = work.what.partition(", ")
        if rest.endswith(" at once"):
            by_size.setdefault(size, []).append(work)
    for size, columns in by_size.items():
        if len(columns) < 2:
            continue
        figure, axes = pyplot.subplots(figsize=(7, 4))
        axes.set_prop_cycle(color=MANY)
        at_once = [int(w.what.split(", ")[1].split()[0]) for w in columns]
        for c in results.contenders:
            found = [(n, results.row(c, w)) for n, w in zip(at_once, columns)]
            found = [(n, r) for n, r in found if r]
            line, = axes.plot([n for n, _ in found],
                              [r.total / 1000 for _, r in found], marker="o",
                              markersize=3, label=c.label)
            axes.fill_between([n for n, _ in found],
                              [r.low / 1000 for _, r in found],
                              [r.high / 1000 for _, r in found], alpha=0.2,
                              color=line.get_color())
        axes.set_xscale("log")
        axes.set_ylim(bottom=0)
        axes.set_xlabel("requests at one time")
        axes.set_ylabel("thousands of instructions a request")
        dress(axes, f"{group}, {size}")
        save(figure, folder, f"{group}, {size}")


def stacked(results, folder):
    """Where the instructions go."""
    found = results.data.get("profiles", [])
    labels = {c.name: c.label for c in contenders()}
    for work in dict.fromkeys(s["work"] for s in found):
        here = [s for s in found if s["work"] == work][::-1]
        figure, axes = pyplot.subplots(figsize=(9, 0.8 + 0.45 * len(here)))
        left = [0] * len(here)
        for colour, (part, _) in zip(MANY, PARTS):
            widths = [s["parts"].get(part, 0) / 1000 for s in here]
            axes.barh([labels[s["contender"]] for s in here],
                      widths, left=left, label=part, color=colour)
            left = [a + b for a, b in zip(left, widths)]
        axes.set_xlabel("thousands of instructions")
        dress(axes, f"where the instructions go: {work}")
        save(figure, folder, f"breakdown, {work}")


def growth(results, folder):
    """The tables of scale.py whose columns are numbers."""
    points = results.data.get("points", [])
    for title in dict.fromkeys(p["title"] for p in points):
        here = [p for p in points if p["title"] == title]
        if not all(isinstance(p["x"], int) for p in here) or \
                len({p["x"] for p in here}) < 2:
            continue
        figure, axes = pyplot.subplots(figsize=(7, 4))
        for series in dict.fromkeys(p["series"] for p in here):
            line = [(p["x"], p["value"]) for p in here if p["series"] == series]
            axes.plot(*zip(*line), marker="o", markersize=3, label=series)
        axes.set_xscale("log")
        axes.set_yscale("log")
        dress(axes, title)
        save(figure, folder, title)


def plot_all(results, folder):
    for work in results.works:
        bars(results, work, folder)
    for group in results.groups():
        curves(results, group, folder)
    stacked(results, folder)
    growth(results, folder)
