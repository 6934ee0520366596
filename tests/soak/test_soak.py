"""The soak of scripts/soak, short: cards come and go, pcscd dies and comes back, and nothing grows."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.lacking import lacking
from tests.processes import REPOSITORY, Start
from tests.soak.measures import Measures, growth

NEEDED = ("pcscd", "unshare", "setpriv", "mount", "ip", "gcc")
MOMENT = Measures(descriptors=20, python_threads=11, threads=11, tasks=2, contexts=9, memory=100_000_000)


@pytest.mark.slow
@pytest.mark.timeout(240)
async def test_nothing_grows(start: Start) -> None:
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing or os.geteuid() != 0 or not Path("/usr/include/PCSC/ifdhandler.h").exists():
        lacking(f"needs root, pcscd, iproute2, util-linux, gcc and libpcsclite-dev (missing: {', '.join(missing)})")
    soaking = await start(
        *(sys.executable, "-m", "tests.soak", "--rounds", "64", "--drops", "4"),
        PYTHONPATH=":".join(str(REPOSITORY / source) for source in (".", "agent", "firmware-sim")),
    )
    status = await asyncio.wait_for(soaking.process.wait(), 220)
    assert status == 0, soaking.said
    assert "64 insertions and 4 drops" in soaking.said
    assert "grown:  nothing" in soaking.said


def test_each_growth_is_told() -> None:
    assert growth(MOMENT, MOMENT) == []
    more = Measures(descriptors=21, python_threads=12, threads=12, tasks=3, contexts=10, memory=105_000_001)
    words = [told.split()[0] for told in growth(MOMENT, more)]
    assert words == ["descriptors", "python_threads", "threads", "tasks", "contexts", "memory"]
    less = Measures(descriptors=19, python_threads=10, threads=10, tasks=1, contexts=8, memory=105_000_000)
    assert growth(MOMENT, less) == []
