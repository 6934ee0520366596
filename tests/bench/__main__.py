"""Runs benches:  python -m tests.bench [ID...] [--scale 1.0]

Prints a table and writes build/bench.json. Ends with 1 where a figure is above its bar, with 0 also where there is no
verdict: the table says so.
"""

import argparse
import asyncio
import importlib
import json
import os
import sys
import tempfile
from dataclasses import asdict
from functools import partial
from pathlib import Path

import uvloop

from tests.bench.ratios import Figure
from tests.processes import REPOSITORY

BENCHES = ("B1", "B2", "B4", "B5", "B6", "B7", "B9", "B10", "B11", "P1")
RESULTS = REPOSITORY / "build" / "bench.json"
say = partial(print, flush=True)
VERDICTS = {True: "holds", False: "FAILS", None: "no verdict"}


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("ids", nargs="*", metavar="ID", help=f"one of {', '.join(BENCHES)}; none: all")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the pairs, for trying (default 1.0)")
    asked = parser.parse_args()
    wanted = [name.upper() for name in asked.ids] or list(BENCHES)
    if unknown := sorted(set(wanted) - set(BENCHES)):
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    found: list[Figure] = []
    say(f"{'':4} {'figure':52} {'ours':>9} {'base':>9}      {'ratio':>6} {'bar':>5} {'null':>6}")
    for name in wanted:
        found += _measured(name, asked.scale)
    _keep(found)
    return 1 if any(figure.holds is False for figure in found) else 0


def _measured(name: str, scale: float) -> list[Figure]:
    bench = importlib.import_module(f"tests.bench.bench_{name.lower()}")
    load = os.getloadavg()[0]
    with (
        tempfile.TemporaryDirectory(prefix="kartenwart-bench-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        figures: list[Figure] = runner.run(bench.measure(Path(folder), scale))
    for one in figures:
        say(
            f"{one.id:4} {one.figure:52} {one.ours:9.2f} {one.base:9.2f} {one.unit:4} {one.ratio:6.2f} {one.bar:5.2f}"
            f" {one.null:6.2f}  {VERDICTS[one.holds]}"
        )
    say(f"bench: load was {load:.1f} before and {os.getloadavg()[0]:.1f} after {name}", file=sys.stderr)
    return figures


def _keep(found: list[Figure]) -> None:
    """Write the results; what was measured before and not now stays."""
    RESULTS.parent.mkdir(exist_ok=True)
    before = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    now = [{**asdict(figure), "holds": figure.holds} for figure in found]
    ids = {(figure["id"]) for figure in now}
    RESULTS.write_text(json.dumps([*(one for one in before if one["id"] not in ids), *now], indent=2) + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
