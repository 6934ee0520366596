"""A whole practice for tests: the simulator and the agent as processes, the people at pads, workstations that enrol."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.client import Address, Kartenwart, Profile, connect, connect_locally, enrol_by_token
from tests.processes import Running, running

CONTEXTS = {
    "empfang": ("m1", "kartenwart", "empfang"),
    "sprechzimmer": ("m1", "kartenwart", "sprechzimmer"),
    "pvs": ("m1", "pvs", "empfang"),
    "nachbar": ("m2", "kartenwart", "empfang"),
}
LOGINS = ("pvs",)


@dataclass(kw_only=True)
class Simulator:
    """A running `kartenwart-sim run`; `about` is its sim.json."""

    folder: Path
    process: Running
    about: dict[str, Any]
    http: aiohttp.ClientSession

    @property
    def konnektor(self) -> dict[str, Any]:
        """The first Konnektor."""
        first: dict[str, Any] = self.about["konnektors"][0]
        return first

    async def ask(self, path: str) -> dict[str, Any]:
        """GET from the control door."""
        async with self.http.get(self.about["control"] + path) as answer:
            assert answer.status == 200, await answer.text()
            told: dict[str, Any] = await answer.json()
            return told

    async def do(self, path: str, method: str = "POST", **body: Any) -> Any:
        """Act through the control door: insert, pull, type, reboot, faults."""
        async with self.http.request(method, self.about["control"] + path, json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def fault(self, operation: str, kind: str, **details: Any) -> None:
        """Plan a fault of the first Konnektor."""
        await self.do(f"/konnektors/{self.konnektor['name']}/faults", operation=operation, kind=kind, **details)

    async def plays(self, terminal: str, *entries: Mapping[str, object], default: str = "silent") -> None:
        """Tell the person at a pad what to do at the next prompts, and by default."""
        await self.do(f"/pads/{terminal}/script", entries=list(entries), default=default)

    async def counts(self, card: str) -> dict[str, Any]:
        """Return what the simulator itself counted for a card."""
        counted: dict[str, Any] = (await self.ask("/counts"))["cards"][card]
        return counted

    async def prompt(self, terminal: str, within: float = 20.0) -> dict[str, Any]:
        """Wait until this terminal asks for a PIN; return its pad."""
        async with asyncio.timeout(within):
            while True:
                pad = await self.ask(f"/pads/{terminal}")
                if pad["prompt"]:
                    return pad
                await asyncio.sleep(0.05)


@dataclass(kw_only=True)
class Agent:
    """A running `kartenwart agent run` on ports that stay over `kill` and `start`; `environment` is added to ours."""

    folder: Path
    process: Running | None = None
    environment: dict[str, str] = field(default_factory=dict)
    ready: dict[str, Any] = field(default_factory=dict)
    _lifetime: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def socket(self) -> Path:
        """The technician's door."""
        return self.folder / "kw.sock"

    @property
    def address(self) -> Address:
        """Where workstations reach it."""
        ports = {name: port for name, port in self.ready.items() if name.endswith("_port")}
        return Address(host="127.0.0.1", **ports)

    @property
    def said(self) -> str:
        """What it wrote to stdout and stderr since its last start."""
        return "\n".join(self.process.lines) if self.process else ""

    async def start(self) -> None:
        """Start and wait until it serves; later starts use the ports of the first."""
        ready = self.folder / "ready.json"
        ready.unlink(missing_ok=True)
        ports = {f"KARTENWART_LISTEN__{name.upper()}": str(port) for name, port in self.ready.items() if "port" in name}
        command = (sys.executable, "-m", "kartenwart", "agent", "run", "--config", self.folder / "kartenwart.toml")
        self.process = await self._lifetime.enter_async_context(running(command, ports | self.environment))
        self.ready = json.loads((await self.process.file(ready)).read_text())

    async def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        await self.process.kill()

    async def close(self) -> None:
        """Stop whatever runs."""
        await self._lifetime.aclose()


@dataclass(kw_only=True)
class Practice:
    """Simulator, agent, and the people around them."""

    folder: Path
    simulator: Simulator
    agent: Agent

    def technician(self) -> Any:
        """Connect as the person at the box (`async with`)."""
        return connect_locally(self.agent.socket)

    async def workstation(
        self,
        name: str,
        *,
        role: str = "SIGNER",
        contexts: tuple[str, ...] = ("sprechzimmer",),
        users: tuple[str, ...] = (),
    ) -> Profile:
        """Enrol a workstation by a one-time token; return its profile, for `connected`."""
        async with self.technician() as box:
            token = await box.enrolments.token(
                role=workstation_pb2.Role.Value(f"ROLE_{role}"),
                contexts=[f"contexts/{one}" for one in contexts],
                users=[f"users/{one}" for one in users],
            )
        return await enrol_by_token(
            self.agent.address,
            token=token.token,
            site_fingerprint=token.site_fingerprint,
            label=name,
            folder=self.folder / name,
        )

    def connected(self, profile: Profile) -> Any:
        """Connect as a workstation over gRPC (`async with`)."""
        return connect(profile, self.agent.address)

    async def card(self, box: Kartenwart, kind: str, tail: str = "") -> str:
        """Return the name of the card of a type ("HBA", "SMC_B", "EGK"), by the end of its ICCSN where there are two.

        Waits until the agent sees one.
        """
        async with asyncio.timeout(20):
            while True:
                for one in await box.cards.list():
                    if one.type == card_pb2.CardType.Value(f"CARD_TYPE_{kind}") and one.iccsn_tail.endswith(tail):
                        return one.name
                await asyncio.sleep(0.1)


@asynccontextmanager
async def simulator(folder: Path, world: Path | None = None) -> AsyncIterator[Simulator]:
    """Run `kartenwart-sim` with its state in `folder`."""
    command: list[str | Path] = [sys.executable, "-m", "firmware_sim", "run", "--state", folder, "--quiet"]
    if world:
        command += ["--world", world]
    async with AsyncExitStack() as stack:
        process = await stack.enter_async_context(running(command, {}))
        about = json.loads((await process.file(folder / "sim.json")).read_text())
        http = await stack.enter_async_context(aiohttp.ClientSession())
        yield Simulator(folder=folder, process=process, about=about, http=http)


@asynccontextmanager
async def practice(
    folder: Path, world: Path | None = None, settings: str = "", *, trust: str = "ca", login: str = "certificate"
) -> AsyncIterator[Practice]:
    """Run a whole practice in `folder`; `settings` is TOML laid over the agent's configuration.

    `trust` is "ca" or "pin" (of the certificate that the Konnektor shows first), `login` "certificate" or "basic".
    """
    async with simulator(folder / "sim", world) as sim:
        agent = Agent(folder=folder / "box")
        agent.folder.mkdir()
        (agent.folder / "conf.d").mkdir()
        (agent.folder / "conf.d" / "test.toml").write_text(settings, encoding="utf-8")
        text = configuration(sim, trust=trust, login=login)
        (agent.folder / "kartenwart.toml").write_text(text, encoding="utf-8")
        try:
            await agent.start()
            yield Practice(folder=folder, simulator=sim, agent=agent)
        finally:
            await agent.close()


def configuration(sim: Simulator, *, trust: str = "ca", login: str = "certificate") -> str:
    """Return the agent's configuration for a simulated practice."""
    konnektor = sim.konnektor

    def login_of(client_system: str) -> str:
        if login == "basic":
            basic = konnektor["basic"][client_system]
            return f'user = "{basic["user"]}"\npassword_file = "{basic["password_file"]}"\n'
        client = konnektor["clients"][client_system]
        return f'client_p12 = "{client["p12"]}"\nclient_p12_password_file = "{client["p12_password_file"]}"\n'

    trusted = f'trust_pin = "{pin(konnektor)}"' if trust == "pin" else f'trust_ca = "{konnektor["root_pem"]}"'

    text = f"""
[box]
state_directory = "state"
anchor_directory = "anchor"
[listen]
address = "127.0.0.1"
grpc_port = 0
json_port = 0
enrol_port = 0
socket = "kw.sock"
socket_group = ""
mdns = false
ready_file = "ready.json"
[konnektors.k1]
url = "https://{konnektor["host"]}:{konnektor["port"]}"
{trusted}
cetp_listen = "127.0.0.1:0"
event_sources = ["{konnektor["address"]}/32"]
poll_interval = 2
short_timeout = 3
{login_of("kartenwart")}
"""
    text += "".join(f"[konnektors.k1.logins.{name}]\n{login_of(name)}" for name in LOGINS)
    for name, (mandant, client_system, workplace) in CONTEXTS.items():
        text += f"""[contexts.{name}]
konnektor = "k1"
mandant = "{mandant}"
client_system = "{client_system}"
workplace = "{workplace}"
"""
    return text


def pin(konnektor: dict[str, Any]) -> str:
    """Return the SHA-256 of the certificate that a Konnektor showed when it started."""
    certificate = x509.load_pem_x509_certificate(Path(konnektor["server_cert_pem"]).read_bytes())
    return certificate.fingerprint(hashes.SHA256()).hex()
