"""The crash matrix as a whole: counts the cut points of a first start and of a day, and runs all cuts or a sample.

`scripts/crash-matrix` is this module as a command.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import pytest

from tests.crash.box import box, surroundings
from tests.crash.cutting import Action, Cut, described, library, points
from tests.crash.matrix import live
from tests.practice import Simulator

DAYS_AT_ONE_BOX = 20
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Counted:
    """The calls of a first start and of a day, by the first letter of their kind."""

    start: str
    day: str

    def __str__(self) -> str:
        return f"first start: {described(self.start)}; day: {described(self.day)}"


@dataclass(kw_only=True)
class Outcome:
    """What was run, how many cuts hit a call (days differ a little in length), and what did not hold, with why."""

    ran: int = 0
    hit: int = 0
    broken: list[str] = field(default_factory=list)


async def count(folder: Path, sim: Simulator, lib: Path) -> Counted:
    """Start a box for the first time, live a day there, and return what could be cut."""
    async with box(_made(folder / "counted"), sim, lib) as here:
        start = here.cutter.kinds()
        return Counted(start=start, day=(await live(here)).kinds)


def sample(cuts: Sequence[Cut], each: int, seed: int) -> list[Cut]:
    """Return `each` cuts per action, evenly spread over the day, beginning where the seed says; all for 0."""
    if not each:
        return list(cuts)
    chosen: list[Cut] = []
    for action in Action:
        of_action = [cut for cut in cuts if cut.action is action]
        step = max(1, len(of_action) // each)
        chosen += of_action[random.Random(f"{seed}{action.name}").randrange(step) :: step][:each]
    return chosen


async def run_starts(folder: Path, sim: Simulator, lib: Path, cuts: Sequence[Cut], say: Say) -> Outcome:
    """Cut first starts, each of a box of its own, and live a day there afterwards."""
    outcome = Outcome()
    for number, cut in enumerate(cuts):
        with _noted(outcome, f"first start, {cut}", say) as note:
            async with box(_made(folder / f"start-{number}"), sim, lib, cut) as here:
                lived = await live(here)
                outcome.hit += bool(lived.what)
                note += [lived.what or "the day ended before", *sorted(set(lived.troubles))]
    return outcome


async def run_days(folder: Path, sim: Simulator, lib: Path, cuts: Sequence[Cut], say: Say) -> Outcome:
    """Cut days, one after the other at the same box; after one that did not hold there is a new box."""
    outcome, left, boxes = Outcome(), list(cuts), 0
    while left:
        boxes += 1
        async with box(_made(folder / f"box-{boxes}"), sim, lib) as here:
            while left and here.days < DAYS_AT_ONE_BOX:
                cut, broken = left.pop(0), len(outcome.broken)
                with _noted(outcome, f"day, {cut}", say) as note:
                    lived = await live(here, cut)
                    outcome.hit += bool(lived.what)
                    note += [lived.what or "the day ended before", *sorted(set(lived.troubles))]
                if len(outcome.broken) > broken:
                    break
    return outcome


@contextmanager
def _noted(outcome: Outcome, name: str, say: Say) -> Iterator[list[str]]:
    """Count a run, and keep why it did not hold; the others are run all the same."""
    begun, note = monotonic(), list[str]()
    try:
        yield note
    except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - whatever it was, the others must be run
        outcome.broken.append(f"{name}: {error!r}")
    outcome.ran += 1
    broken = outcome.broken and outcome.broken[-1].startswith(f"{name}: ")
    held = outcome.broken[-1].replace(f"{name}: ", "BROKEN: ", 1) if broken else "held"
    say(f"{name}: {held} in {monotonic() - begun:.1f} s ({', '.join(filter(None, note))})")


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def campaign(each: int, seed: int, say: Say, skip: int = 0) -> Outcome:
    """Run the whole matrix (each = 0) or a sample, without its first `skip` cuts, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="crash-matrix-") as place:
        folder = Path(place)
        lib = library(folder)
        async with surroundings(folder) as sim:
            counted = await count(folder, sim, lib)
            starts, days = points(counted.start), points(counted.day)
            of_start, of_day = sample(starts, each, seed), sample(days, each, seed)
            of_day = of_day[max(0, skip - len(of_start)) :]
            of_start = of_start[skip:]
            say(str(counted))
            say(f"{len(starts) + len(days)} cuts in all, {len(of_start) + len(of_day)} of them now (seed {seed})")
            one = await run_starts(folder, sim, lib, of_start, say)
            two = await run_days(folder, sim, lib, of_day, say)
    return Outcome(ran=one.ran + two.ran, hit=one.hit + two.hit, broken=one.broken + two.broken)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the matrix from the command line; 1 where something did not hold."""
    parser = argparse.ArgumentParser(prog="scripts/crash-matrix", description=__doc__)
    parser.add_argument("--each", type=int, default=0, metavar="N", help="only N cuts per kind; without it, all")
    parser.add_argument("--seed", type=int, default=1, help="where a sample begins")
    parser.add_argument("--skip", type=int, default=0, metavar="N", help="go on behind the first N cuts")
    chosen = parser.parse_args()
    outcome = asyncio.run(campaign(chosen.each, chosen.seed, _say, chosen.skip))
    _say(f"{outcome.ran} cuts were run, {outcome.ran - len(outcome.broken)} held; {outcome.hit} hit a call")
    for broken in outcome.broken:
        sys.stderr.write(f"{broken}\n")
    return 1 if outcome.broken else 0


if __name__ == "__main__":
    sys.exit(main())
