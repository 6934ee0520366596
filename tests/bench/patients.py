"""A reception with ten eGK in its terminals and one unlocked SMC-B that they share."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from kartenwart.api.card.v1 import card_pb2
from kartenwart.client import Kartenwart
from tests.bench.worlds import SLOTS, with_cards
from tests.practice import Practice, practice

PATIENTS = 10
UNLOCKED = '\n[[verified]]\ncard = "smcb-m1"\npin = "PIN.SMC"\nmandant = "m1"\nclient_system = "kartenwart"\n'


@dataclass(frozen=True, kw_only=True)
class Reception:
    """The practice and the workstation at its reception."""

    practice: Practice
    box: Kartenwart
    count: int

    async def fresh(self) -> Sequence[str]:
        """Take every patient's card out and put it in again; return their names: nothing of them is known then."""
        sim, before = self.practice.simulator, await self._seen(set())
        for number in range(self.count):
            await sim.do(f"/cards/egk-{number}/pull")
            terminal, slot = f"kt-{number // SLOTS:04}", number % SLOTS + 1
            await sim.do(f"/cards/egk-{number}/insert", terminal=terminal, slot=slot)
        return sorted(await self._seen(before))

    async def read(self, card: str) -> float:
        """Read a card; return the seconds that it took."""
        started = time.perf_counter()
        reading = await self.box.patients.read_vsd(card, context="contexts/empfang")
        assert not reading.HasField("failure"), reading.failure
        return time.perf_counter() - started

    async def _seen(self, before: set[str]) -> set[str]:
        """Wait until a poll has found every patient's card, none of them under a name of before."""
        async with asyncio.timeout(30):
            while len(fresh := await self._cards() - before) < self.count:
                await asyncio.sleep(0.1)
        return fresh

    async def _cards(self) -> set[str]:
        cards = await self.box.cards.list()
        return {one.name for one in cards if one.type == card_pb2.CARD_TYPE_EGK and one.confirmed}


@asynccontextmanager
async def reception(
    folder: Path, *, seconds: float, smcb_seconds: float, count: int = PATIENTS
) -> AsyncIterator[Reception]:
    """Run it; a ReadVSD takes `seconds`, of which the SMC-B serves one card at a time for `smcb_seconds`."""
    file = folder / "world.toml"
    times = f"signature_seconds = 0.1\nvsd_seconds = {seconds}\nvsd_smb_seconds = {smcb_seconds}\n"
    file.write_text(with_cards(count).replace("signature_seconds = 0.1\n", times, 1) + UNLOCKED, encoding="utf-8")
    async with practice(folder, file, "[konnektors.k1]\npoll_interval = 600\nshort_timeout = 30\n") as here:
        profile = await here.workstation("Empfang", role="WORKSTATION", contexts=("empfang",))
        async with here.connected(profile) as box:
            yield Reception(practice=here, box=box, count=count)
