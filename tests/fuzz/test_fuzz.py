"""Each fuzz target for five seconds; `scripts/fuzz` runs them for longer."""

import asyncio
import platform
import sys
from pathlib import Path

import pytest

from tests.fuzz.target import CORPUS, NAMES
from tests.processes import REPOSITORY, Start

SECONDS = 5
pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="atheris has wheels for x86_64 only")


@pytest.mark.parametrize("name", NAMES)
async def test_a_target_finds_nothing(name: str, start: Start, tmp_path: Path) -> None:
    fuzzing = await start(
        *(sys.executable, "-m", "tests.fuzz.run", name, str(SECONDS), tmp_path),
        PYTHONPATH=":".join(str(REPOSITORY / source) for source in (".", "agent", "firmware-sim")),
    )
    status = await asyncio.wait_for(fuzzing.process.wait(), 40)
    assert status == 0, fuzzing.said
    assert not list((tmp_path / "found").iterdir())
    (done,) = (line for line in fuzzing.lines if line.startswith("stat::number_of_executed_units"))
    assert int(done.split()[-1]) > 2 * len(list((CORPUS / name).iterdir()))
