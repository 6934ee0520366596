"""One practice per module, workstations that knock at its doors, and what they are told."""

import asyncio
import os
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.client import Profile, enrol
from kartenwart.client.grpc_wire import GrpcWire, grpc_wire
from kartenwart.client.json_wire import JsonWire, https_wire
from tests.practice import Agent, Practice, practice
from tests.processes import REPOSITORY


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Practice]:
    """The module's practice."""
    async with practice(tmp_path_factory.mktemp("practice")) as opened:
        yield opened


@asynccontextmanager
async def grpc(profile: Profile) -> AsyncIterator[GrpcWire]:
    """Port 8443 as this workstation."""
    async with grpc_wire(profile) as wire:
        yield wire


@asynccontextmanager
async def json(profile: Profile) -> AsyncIterator[JsonWire]:
    """Port 8444 as this workstation."""
    async with https_wire(profile.address.host, profile.address.json_port, trust(profile)) as wire:
        yield wire


def trust(profile: Profile, *, certificate: bool = True) -> ssl.SSLContext:
    """A client's TLS: the site's root, and its own certificate."""
    assert profile.folder is not None
    context = ssl.create_default_context(cadata=profile.root_pem)
    if certificate:
        folder = Path(profile.folder) / "pem"
        key, chain, _ = profile.export(folder)
        context.load_cert_chain(chain, key)
    return context


async def by_code(here: Practice, label: str, *, role: str, contexts: tuple[str, ...] = ("empfang",)) -> Profile:
    """Enrol by comparing codes, as a technician's workstation must; the technician approves at the box."""
    async with here.technician() as box:
        await box.enrolments.open()
        codes: asyncio.Queue[str] = asyncio.Queue()

        async def approved() -> str:
            names = [f"contexts/{one}" for one in contexts]
            answer = await box.enrolments.approve(
                await codes.get(), role=workstation_pb2.ROLE_UNSPECIFIED, contexts=names, users=()
            )
            code: str = answer.code
            return code

        approval = asyncio.create_task(approved())

        async def confirm(code: str) -> bool:
            return await approval == code

        folder = here.folder / label
        return await enrol(
            here.agent.address, role=role, label=label, show=codes.put_nowait, confirm=confirm, folder=folder
        )


async def get(here: Practice, path: str) -> tuple[int, str]:
    """GET a page of the local door; return status and text."""
    connector = aiohttp.UnixConnector(path=str(here.agent.socket))
    async with aiohttp.ClientSession(connector=connector) as http, http.get(f"http://box{path}") as answer:
        return answer.status, await answer.text()


async def metric(here: Practice, name: str) -> float:
    """The value of a metric without labels, as the local door tells it."""
    status, text = await get(here, "/metrics")
    assert status == 200
    return float(next(line for line in text.splitlines() if line.startswith(f"{name} ")).split()[1])


@asynccontextmanager
async def lone_box(folder: Path, socket: Path | None = None, socket_group: str = "") -> AsyncIterator[Agent]:
    """An agent without any Konnektor, in `folder`."""
    agent = Agent(folder=folder)
    folder.mkdir()
    (folder / "kartenwart.toml").write_text(
        f"""
[box]
state_directory = "state"
anchor_directory = "anchor"
[listen]
address = "127.0.0.1"
grpc_port = 0
json_port = 0
enrol_port = 0
socket = "{socket or "kw.sock"}"
socket_group = "{socket_group}"
mdns = false
ready_file = "ready.json"
""",
        encoding="utf-8",
    )
    try:
        await agent.start()
        yield agent
    finally:
        await agent.close()


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a command said, and its exit status."""

    status: int
    out: str
    err: str


async def kartenwart(*arguments: str | Path, **environment: str) -> Said:
    """Run the `kartenwart` command to its end."""
    path = os.pathsep.join(str(REPOSITORY / source) for source in ("agent", "firmware-sim"))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kartenwart", *arguments),
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200", "NO_COLOR": "1", **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return Said(status=process.returncode, out=out.decode(), err=err.decode())
