"""The crash matrix as a whole: counts the cut points of a first start and of a day, and runs all cuts or a sample.

`scripts/crash-matrix` is this module as a command.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from traceback import extract_tb

import pytest

from tests.crash.box import box, surroundings
from tests.crash.cutting import Action, Cut, described, library, points
from tests.crash.matrix import Lived, live
from tests.practice import Simulator

DAYS_AT_ONE_BOX = 20
CUTS_A_DAY = 4
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Counted:
    """The calls of a first start and of each step of a day, by the first letter of their kind."""

    start: str
    steps: Mapping[str, str]

    @property
    def starts(self) -> list[Cut]:
        """Return every cut of a first start."""
        return points(self.start)

    @property
    def days(self) -> list[Cut]:
        """Return every cut of a day."""
        return [cut for step, kinds in self.steps.items() for cut in points(kinds, step)]

    def __str__(self) -> str:
        return f"first start: {described(self.start)}; day: {described(''.join(self.steps.values()))}"


@dataclass(frozen=True, kw_only=True)
class Run:
    """A day with cuts in some of its steps, at a new box whose first start is cut, or at one that is there."""

    start: Cut | None
    day: tuple[Cut, ...]

    @property
    def cuts(self) -> int:
        """Return how many cuts there are in it."""
        return len(self.day) + (self.start is not None)

    def __str__(self) -> str:
        return ", ".join((*([f"{self.start} of a first start"] if self.start else []), *map(str, self.day)))


@dataclass(kw_only=True)
class Outcome:
    """What was run, how many cuts hit a call (days differ a little in length), and what did not hold, with why."""

    runs: int = 0
    cuts: int = 0
    hit: int = 0
    broken: list[str] = field(default_factory=list)


async def count(folder: Path, sim: Simulator, lib: Path) -> Counted:
    """Start a box for the first time, live a day there, and return what could be cut."""
    async with box(_made(folder / "counted"), sim, lib) as here:
        start = here.cutter.kinds()
        return Counted(start=start, steps=(await live(here)).kinds)


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


def planned(starts: Sequence[Cut], days: Sequence[Cut]) -> list[Run]:
    """Return runs that hold each cut once, those with a first start first; no run cuts one step twice.

    A day's cuts are taken from the steps that have most left, so that they do not end up in one step at last.
    """
    left: dict[str, deque[Cut]] = defaultdict(deque)
    for cut in days:
        left[cut.step].append(cut)
    runs, first = list[Run](), deque(starts)
    while first or any(left.values()):
        fullest = sorted((step for step in left if left[step]), key=lambda step: -len(left[step]))[:CUTS_A_DAY]
        start = first.popleft() if first else None
        runs.append(Run(start=start, day=tuple(left[step].popleft() for step in fullest)))
    return runs


async def run(folder: Path, sim: Simulator, lib: Path, runs: Sequence[Run], say: Say) -> Outcome:
    """Run them one after the other; days without a first start share a box until one of them does not hold."""
    outcome, left = Outcome(), deque(runs)
    while left:
        home, one = _made(folder / f"box-{len(runs) - len(left)}"), left[0]
        if one.start is not None:
            async with _noted(outcome, left.popleft(), say) as lived, box(home, sim, lib, one.start) as here:
                lived.append(await live(here, one.day))
            continue
        async with box(home, sim, lib) as here:
            while left and here.days < DAYS_AT_ONE_BOX:
                broken = len(outcome.broken)
                async with _noted(outcome, one := left.popleft(), say) as lived:
                    lived.append(await live(here, one.day))
                if len(outcome.broken) > broken:
                    break
    return outcome


@asynccontextmanager
async def _noted(outcome: Outcome, one: Run, say: Say) -> AsyncIterator[list[Lived]]:
    """Count a run, and keep why it did not hold; the others are run all the same."""
    begun, lived, held = monotonic(), list[Lived](), "held"
    try:
        yield lived
    except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - whatever it was, the others must be run
        where = " > ".join(f"{frame.name}:{frame.lineno}" for frame in extract_tb(error.__traceback__)[1:])
        held = f"BROKEN: {error!r} ({where})"
        outcome.broken.append(f"{one}: {held}")
    struck = [what for day in lived for what in day.struck]
    troubles = sorted({trouble for day in lived for trouble in day.troubles})
    outcome.runs, outcome.cuts, outcome.hit = outcome.runs + 1, outcome.cuts + one.cuts, outcome.hit + len(struck)
    say(f"{outcome.runs}: {one}: {held} in {monotonic() - begun:.1f} s ({', '.join([*struck, *troubles])})")


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which runs: all (each = 0) or those of a sample, `most` of them behind the first `skip`.

    Days differ a little in length, and so would the plans of several campaigns: `plan` is a file that keeps what was
    counted first, for those that share the runs among them, or go on later.
    """

    each: int
    seed: int
    skip: int
    most: int | None
    plan: Path | None


async def campaign(choice: Choice, say: Say) -> Outcome:
    """Run the chosen part of the matrix, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="crash-matrix-") as place:
        folder = Path(place)
        lib = library(folder)
        async with surroundings(folder) as sim:
            counted = await _counted(choice.plan, folder, sim, lib)
            of_start = sample(counted.starts, choice.each, choice.seed)
            runs = planned(of_start, sample(counted.days, choice.each, choice.seed))
            chosen = runs[choice.skip :][: choice.most]
            say(str(counted))
            cuts = len(counted.starts) + len(counted.days)
            now = sum(one.cuts for one in chosen)
            say(f"{cuts} cuts in all, {now} of them now, in {len(chosen)} of {len(runs)} runs (seed {choice.seed})")
            return await run(folder, sim, lib, chosen, say)


async def _counted(plan: Path | None, folder: Path, sim: Simulator, lib: Path) -> Counted:
    if plan is not None and plan.exists():
        return Counted(**json.loads(plan.read_text(encoding="utf-8")))
    counted = await count(folder, sim, lib)
    if plan is not None:
        plan.write_text(json.dumps(asdict(counted)), encoding="utf-8")
    return counted


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the matrix from the command line; 1 where something did not hold."""
    parser = argparse.ArgumentParser(prog="scripts/crash-matrix", description=__doc__)
    parser.add_argument("--each", type=int, default=0, metavar="N", help="only N cuts per kind; without it, all")
    parser.add_argument("--seed", type=int, default=1, help="where a sample begins")
    parser.add_argument("--skip", type=int, default=0, metavar="N", help="go on behind the first N runs")
    parser.add_argument("--most", type=int, metavar="N", help="end after N runs")
    parser.add_argument("--plan", type=Path, metavar="FILE", help="what was counted; written where it is not there")
    outcome = asyncio.run(campaign(Choice(**vars(parser.parse_args())), _say))
    _say(
        f"{outcome.cuts} cuts in {outcome.runs} runs, of which {outcome.runs - len(outcome.broken)} held; "
        f"{outcome.hit} cuts hit a call"
    )
    for broken in outcome.broken:
        sys.stderr.write(f"{broken}\n")
    return 1 if outcome.broken else 0


if __name__ == "__main__":
    sys.exit(main())
