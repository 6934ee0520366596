"""The simulated practice as an opponent in a process of its own, and the real adapter in front of it."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import aiohttp
import pytest

from kartenwart.adapters.clock import SystemClock
from kartenwart.adapters.konnektor import CetpConfiguration, Konnektor, KonnektorConfiguration
from kartenwart.domain.inventory import CardType, Context
from kartenwart.domain.ports.cards import CardCall
from kartenwart.domain.ports.observations import Notice, NoticeType, Observation
from kartenwart.transport.credentials import from_pem, from_pkcs12
from kartenwart.transport.trust import AuthorityTrust
from tests.processes import Start

EMPFANG = Context(
    name="contexts/empfang", konnektor="konnektors/k", mandant="m1", client_system="kartenwart", workplace="empfang"
)
SPRECHZIMMER = replace(EMPFANG, name="contexts/sprechzimmer", workplace="sprechzimmer")
PVS = replace(EMPFANG, name="contexts/pvs", client_system="pvs")
NEIGHBOUR = replace(EMPFANG, name="contexts/neighbour", mandant="m2")


@dataclass(frozen=True, kw_only=True)
class Simulator:
    """The running simulator: sim.json and its control door."""

    facts: dict[str, Any]
    http: aiohttp.ClientSession

    @property
    def konnektor(self) -> dict[str, Any]:
        first: dict[str, Any] = self.facts["konnektors"][0]
        return first

    async def post(self, path: str, body: object | None = None) -> Any:
        async with self.http.post(self.facts["control"] + path, json=body or {}) as answer:
            text = await answer.text()
            assert answer.status < 300, text
            return json.loads(text) if text else None

    async def get(self, path: str) -> Any:
        async with self.http.get(self.facts["control"] + path) as answer:
            assert answer.status < 300
            return await answer.json()

    async def counts(self, card: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.get("/counts"))["cards"][card]
        return found

    async def fault(self, operation: str, kind: str, **details: object) -> None:
        name = self.konnektor["name"]
        await self.post(f"/konnektors/{name}/faults", {"operation": operation, "kind": kind, "times": 1, **details})

    def configuration(self, *contexts: Context, **changes: Any) -> KonnektorConfiguration:
        client = self.konnektor["clients"]["kartenwart"]
        pvs = self.konnektor["clients"]["pvs"]
        own = from_pem(Path(client["cert_pem"]).read_bytes(), Path(client["key_pem"]).read_bytes())
        values: dict[str, Any] = {
            "name": "konnektors/k",
            "url": self.konnektor["sds_url"],
            "trust": AuthorityTrust(certificates_pem=Path(self.konnektor["root_pem"]).read_text("ascii")),
            "login": from_pkcs12(
                Path(client["p12"]).read_bytes(), Path(client["p12_password_file"]).read_text("utf-8").strip()
            ),
            "logins": {"pvs": from_pem(Path(pvs["cert_pem"]).read_bytes(), Path(pvs["key_pem"]).read_bytes())},
            "contexts": contexts or (EMPFANG, SPRECHZIMMER),
            "cetp": CetpConfiguration(listen_host="127.0.0.1", certificate=lambda: own),
        }
        return KonnektorConfiguration(**(values | changes))


@pytest.fixture
async def simulator(start: Start, tmp_path: Path) -> AsyncIterator[Simulator]:
    state = tmp_path / "sim"
    process = await start(sys.executable, "-m", "firmware_sim", "run", "--state", str(state))
    path = await process.file(state / "sim.json")
    async with aiohttp.ClientSession() as http:
        yield Simulator(facts=json.loads(path.read_text("utf-8")), http=http)


@pytest.fixture
async def konnektor(simulator: Simulator) -> AsyncIterator[Konnektor]:
    async with Konnektor(simulator.configuration(), SystemClock()) as entered:
        yield entered


class Heard:
    """Collects notices while a block runs."""

    def __init__(self, konnektor: Konnektor) -> None:
        self.notices: list[Notice] = []
        self._more = asyncio.Event()
        self._task = asyncio.create_task(self._listen(konnektor))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def wait(self, kind: NoticeType, seconds: float = 10.0) -> Notice:
        async with asyncio.timeout(seconds):
            while True:
                for notice in self.notices:
                    if notice.type is kind:
                        return notice
                self._more.clear()
                await self._more.wait()

    async def _listen(self, konnektor: Konnektor) -> None:
        async for notice in konnektor.notices():
            self.notices.append(notice)
            self._more.set()


def call_on(observation: Observation, kind: CardType, context: Context = EMPFANG, user_id: str = "") -> CardCall:
    """A call on the first card of a kind that the context sees."""
    card = next(each for each in observation.cards if each.type is kind and context.name in each.contexts)
    return CardCall(context=context, handle=card.handle, card_type=kind, user_id=user_id)


async def nothing() -> None:
    """A before_send that has nothing to do."""
