# SPDX-License-Identifier: ISC
"""figures.py - how a benchmark measures and how it prints what it found.

A figure is one line on standard output, the same as bench_line.h prints:
    figure<TAB>value<TAB>unit<TAB>peer<TAB>peer value<TAB>ratio<TAB>goal
with `-` for what there is not.  The ratio is ours to the peer's.  A goal is one for the ratio where
there is a peer, else for the value.
"""
import json
import os
import shutil
import statistics
import sys
import time

as_json = False


class Skipped(Exception):
    """What this benchmark needs is not here; the text says what."""


def note(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def need(*programs):
    for program in programs:
        if shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin") is None:
            raise Skipped(f"no {program} here")


def number(value):
    """Whole numbers and large ones without decimals, smaller ones with more."""
    if value is None:
        return "-"
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.3f}"


def line(figure, value, unit, peer=None, peer_value=None, goal=None):
    ratio = value / peer_value if peer is not None and peer_value else None
    if as_json:
        print(json.dumps({"figure": figure, "value": value, "unit": unit, "peer": peer,
                          "peer_value": peer_value, "ratio": ratio, "goal": goal}), flush=True)
    else:
        print("\t".join([figure, number(value), unit, peer or "-", number(peer_value),
                         "-" if ratio is None else f"{ratio:.3f}",
                         "-" if goal is None else f"{goal:g}"]), flush=True)


def line_of_text(text):
    """A line that bench_line.h printed."""
    figure, value, unit, peer, peer_value, _, goal = text.rstrip("\n").split("\t")
    line(figure, float(value), unit, None if peer == "-" else peer,
         None if peer_value == "-" else float(peer_value), float(goal) if goal else None)


def seconds(action, *words):
    begin = time.perf_counter()
    action(*words)
    return time.perf_counter() - begin


def in_turns(rounds, *actions):
    """The medians of what each action gives (a number), the actions taking turns: what the
    neighbours do meanwhile is done to all."""
    got = [[] for _ in actions]
    for at in range(rounds):
        order = list(enumerate(actions))
        for index, action in order if at % 2 == 0 else reversed(order):
            got[index].append(action())
    return [statistics.median(values) for values in got]
