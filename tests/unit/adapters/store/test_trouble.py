"""A full disk, a killed agent: what was promised is there, what was refused is not."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from tests.processes import Start
from tests.unit.adapters.store.scene import Opener

SCENE = Path(__file__).parent / "on_a_full_disk.py"
UNTIL_KILLED = Path(__file__).parent / "until_killed.py"


def test_a_full_disk_refuses_and_heals(tmp_path: Path, repository: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{repository / 'agent'}:{repository}"}
    done = subprocess.run(
        [sys.executable, SCENE, tmp_path], env=environment, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "healed"


async def test_what_was_promised_survives_a_kill(
    start: Start, tmp_path: Path, opener: Opener, repository: Path
) -> None:
    process = await start(sys.executable, UNTIL_KILLED, tmp_path, PYTHONPATH=f"{repository / 'agent'}:{repository}")
    await process.line("jobs/j-100")
    await process.kill()
    while not process.ended:
        await asyncio.sleep(0.01)
    promised = {line for line in process.lines if line.startswith("jobs/")}
    async with opener() as store:
        kept = {job.name for job in await store.jobs.unfinished_jobs()}
        assert (await store.audit.verify_audit()).intact
    assert len(promised) > 99
    assert promised <= kept
