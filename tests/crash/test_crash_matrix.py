"""A sample of the crash matrix: nothing acknowledged is lost, nothing is sent twice, wherever a write is cut.

`scripts/crash-matrix` runs all of it; CRASH_SEED chooses another sample.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.box import surroundings
from tests.crash.campaign import count, run_days, run_starts, sample
from tests.crash.cutting import Action, library, points

pytestmark = [pytest.mark.timeout(240), pytest.mark.slow, pytest.mark.xdist_group("crash-matrix")]

SEED = int(os.environ.get("CRASH_SEED", "1"))
DAYS_EACH = 2


async def test_a_sample_of_all_cuts_holds(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    lib, lines = library(tmp_path), list[str]()
    async with surroundings(tmp_path) as sim:
        counted = await count(tmp_path, sim, lib)
        starts, days = points(counted.start), points(counted.day)
        first = [cut for cut in sample(starts, 1, SEED) if cut.action in (Action.TEAR, Action.ENOSPC)]
        chosen = sample(days, DAYS_EACH, SEED)
        began = await run_starts(tmp_path, sim, lib, first, lines.append)
        lived = await run_days(tmp_path, sim, lib, chosen, lines.append)
    lines = [f"crash matrix: {counted}", f"{len(starts) + len(days)} cuts, of them now (seed {SEED}):", *lines]
    record_property("summary", "\n".join(lines))
    assert began.ran + lived.ran == len(first) + len(chosen)
    assert not began.broken + lived.broken
    assert began.hit + lived.hit > (began.ran + lived.ran) // 2  # a cut behind the end of a shorter day shows nothing
