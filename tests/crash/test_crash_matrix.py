"""A sample of the crash matrix: nothing acknowledged is lost, nothing is sent twice, wherever a write is cut.

`scripts/crash-matrix` runs all of it; CRASH_SEED chooses another sample.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.box import surroundings
from tests.crash.campaign import count, planned, run, sample
from tests.crash.cutting import Action, library, points

pytestmark = [pytest.mark.timeout(240), pytest.mark.slow, pytest.mark.xdist_group("crash-matrix")]

SEED = int(os.environ.get("CRASH_SEED", "1"))
DAYS_EACH = 2


async def test_a_sample_of_all_cuts_holds(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    lib, lines = library(tmp_path), list[str]()
    async with surroundings(tmp_path) as sim:
        counted = await count(tmp_path, sim, lib)
        starts = [cut for cut in sample(counted.starts, 1, SEED) if cut.action in (Action.TEAR, Action.ENOSPC)]
        days = sample(counted.days, DAYS_EACH, SEED)
        outcome = await run(tmp_path, sim, lib, planned(starts, days), lines.append)
    cuts = len(counted.starts) + len(counted.days)
    lines = [f"crash matrix: {counted}", f"{cuts} cuts, of them now (seed {SEED}):", *lines]
    record_property("summary", "\n".join(lines))
    assert outcome.cuts == len(starts) + len(days)
    assert not outcome.broken
    assert outcome.hit > outcome.cuts // 2  # a cut behind the end of a shorter step shows nothing


def test_each_cut_is_planned_once_and_no_step_is_cut_twice_in_a_day() -> None:
    starts = points("wf")
    days = [*points("w" * 9, "sign"), *points("wf", "verify"), *points("f", "enrol")]
    runs = planned(starts, days)
    assert [one.start for one in runs if one.start] == starts
    assert sorted(cut for one in runs for cut in one.day) == sorted(days)
    assert all(len({cut.step for cut in one.day}) == len(one.day) for one in runs)
    assert all(one.cuts for one in runs)
