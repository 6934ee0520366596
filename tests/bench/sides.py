"""The two sides of a bench as processes, and who calls them."""

import asyncio
import json
import os
import ssl
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.client import Profile, connect_locally, enrol_by_token
from tests.practice import Agent
from tests.processes import REPOSITORY, running
from tests.unit.codecs.frames import encode_frame
from tests.unit.edge.pki import Leaf, Site

ROOTS = os.pathsep.join(str(REPOSITORY / source) for source in (".", "agent", "firmware-sim"))
NAME = "box-test"
OPTIONS = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What a client shows and believes, PEM, and the name that it expects."""

    root: bytes
    key: bytes
    chain: bytes
    name: str
    port: int

    def channel(self, options: Sequence[tuple[str, Any]] = ()) -> grpc.aio.Channel:
        """Open a channel with a connection of its own."""
        credentials = grpc.ssl_channel_credentials(self.root, self.key, self.chain)
        return grpc.aio.secure_channel(
            f"127.0.0.1:{self.port}", credentials, (*OPTIONS, ("grpc.ssl_target_name_override", self.name), *options)
        )


def keys_of(profile: Profile) -> Keys:
    """Return the keys of an enrolled workstation."""
    return Keys(
        root=profile.root_pem.encode(),
        key=profile.key_pem.encode(),
        chain=profile.certificate_pem.encode(),
        name=profile.box_id,
        port=profile.address.grpc_port,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """The bare server: who may call it, its process, and where it takes frames."""

    keys: Keys
    pid: int
    events: int


@asynccontextmanager
async def bare(folder: Path) -> AsyncIterator[Bare]:
    """Run tests.bench.bare with keys of the same kind as the agent's."""
    folder.mkdir()
    site = Site()
    server, client = site.leaf(NAME), site.leaf("workstation")
    _write(folder, site, server)
    async with running((sys.executable, "-m", "tests.bench.bare", folder), {"PYTHONPATH": ROOTS}) as process:
        facts = json.loads((await process.file(folder / "bare.json")).read_text())
        keys = Keys(root=site.root_pem, key=client.key_pem, chain=client.pem, name=NAME, port=facts["port"])
        yield Bare(keys=keys, pid=process.process.pid, events=facts["events"])


def _write(folder: Path, site: Site, server: Leaf) -> None:
    (folder / "root.pem").write_bytes(site.root_pem)
    (folder / "server.pem").write_bytes(server.pem)
    (folder / "server.key").write_bytes(server.key_pem)


async def workstations(agent: Agent, folder: Path, count: int, contexts: Sequence[str] = ()) -> list[Profile]:
    """Enrol so many workstations."""
    found = []
    for number in range(count):
        async with connect_locally(agent.socket) as person:
            token = await person.enrolments.token(
                role=workstation_pb2.ROLE_SIGNER, contexts=[f"contexts/{one}" for one in contexts], users=()
            )
        found.append(
            await _patiently(
                agent, token.token, token.site_fingerprint, f"Arbeitsplatz {number}", folder / f"workstation-{number}"
            )
        )
    return found


async def _patiently(agent: Agent, token: str, fingerprint: str, label: str, folder: Path) -> Profile:
    """Redeem a token; the box takes four a second from one address."""
    while True:
        try:
            return await enrol_by_token(
                agent.address, token=token, site_fingerprint=fingerprint, label=label, folder=folder
            )
        except Exception as refused:
            if "LIMIT_EXCEEDED" not in str(getattr(refused, "reason", refused)):
                raise
            await asyncio.sleep(0.3)


def cpu_seconds(pid: int) -> float:
    """Return what a process has used of the processors, in seconds (its CPU clock, as clock_getcpuclockid names it)."""
    return time.clock_gettime((~pid << 3) | 2)


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) * 1024


class Frames:
    """A connection over which frames come, as from a Konnektor."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def send(self, payload: bytes) -> None:
        """Send one frame."""
        self._writer.write(encode_frame(payload))


@asynccontextmanager
async def frames(port: int, source: str = "127.0.0.1") -> AsyncIterator[Frames]:
    """Connect by TLS from an address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, local_addr=(source, 0))
    try:
        yield Frames(writer)
    finally:
        writer.close()


Stream = Any


@asynccontextmanager
async def streams(keys: Sequence[Keys], path: str, request: bytes) -> AsyncIterator[list[Stream]]:
    """Open a stream per key, each on a connection of its own."""
    async with AsyncExitStack() as stack:
        opened: list[Stream] = []
        for key in keys:
            ask: Stream = (await stack.enter_async_context(key.channel())).unary_stream(path)
            opened.append(ask(request))
        yield opened
        for stream in opened:
            stream.cancel()
