"""A one-time token need not stand on a command line, where everybody on the machine can read it."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from kartenwart.api.workstation.v1 import workstation_pb2
from tests.practice import Practice, practice
from tests.processes import REPOSITORY

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("security-token")]


async def test_a_token_is_taken_from_stdin_or_the_environment(tmp_path: Path) -> None:
    async with practice(tmp_path) as here:
        said, fingerprint = await token(here)
        assert await enrol(here, "stdin", fingerprint, "--token", "-", stdin=f"{said}\n") == 0
        said, fingerprint = await token(here)
        assert await enrol(here, "environment", fingerprint, KARTENWART_ENROL_TOKEN=said) == 0
        assert await enrol(here, "again", fingerprint, KARTENWART_ENROL_TOKEN=said) == 3


async def token(here: Practice) -> tuple[str, str]:
    async with here.technician() as box:
        made = await box.enrolments.token(role=workstation_pb2.ROLE_VIEWER, contexts=["contexts/empfang"], users=[])
    return made.token, made.site_fingerprint


async def enrol(
    here: Practice, name: str, fingerprint: str, *words: str, stdin: str = "", **environment: str
) -> int | None:
    address = here.agent.address
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kartenwart", "enrol", "--label", name, "--profile", here.folder / name),
        *("--address", f"127.0.0.1:{address.enrol_port}", "--grpc-port", str(address.grpc_port)),
        *("--fingerprint", fingerprint, *words),
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "agent"), "NO_COLOR": "1", **environment},
        stdin=asyncio.subprocess.PIPE,
    )
    await asyncio.wait_for(process.communicate(stdin.encode()), 30)
    return process.returncode
