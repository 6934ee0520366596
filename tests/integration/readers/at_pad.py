"""The agent at a reader with a pad: the simulator's handler in a real pcscd, its person, and its own counts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from firmware_sim.pads.script import read_steps
from firmware_sim.readers.faults import ReaderFault
from firmware_sim.readers.reader import Reader
from firmware_sim.world.counts import CardCounts
from kartenwart.domain.ports.cards import CardCall
from kartenwart.domain.ports.readers import ReaderCard
from kartenwart.domain.readers import Laboratory
from tests.integration.readers.desk import Desk, call
from tests.sim.readers.desk import Desk as Practice
from tests.sim.readers.desk import desk as practice_at

READER = "pad 00 00"


class AtPad:
    """The agent's desk beside the practice that it works for."""

    def __init__(self, desk: Desk, practice: Practice, card: str) -> None:
        self.desk = desk
        self.practice = practice
        self.name = card

    @property
    def reader(self) -> Reader:
        return self.practice.simulation.readers["pad"]

    @property
    def counts(self) -> CardCounts:
        return self.practice.simulation.practice.counts.cards[self.name]

    @property
    def tries(self) -> tuple[int, int, int]:
        """Prompts, right tries and wrong tries, as the simulator counted them."""
        return self.counts.pin_prompts, self.counts.pin_tries_right, self.counts.pin_tries_wrong

    def plays(self, *entries: object) -> None:
        """What the person does at the next prompts; at all others it does nothing."""
        script = self.practice.simulation.pads["pad"].script
        script.play(read_steps(list(entries)), "silent")

    def plan(self, fault: ReaderFault) -> None:
        self.reader.plan(fault)

    async def card(self) -> ReaderCard:
        return await self.desk.card()

    async def call(self) -> CardCall:
        return call(await self.card())


@asynccontextmanager
async def agent_at_pad(
    card: str, state: Path, folder: Path, handler: Path, run: Path, laboratory: Laboratory | None = None
) -> AsyncIterator[AtPad]:
    """All of it running, the card in the reader."""
    world = f'[[readers]]\nname = "pad"\nkind = "pad"\ncard = "{card}"\npad = "silent"\n'
    async with practice_at(world, state, folder, handler) as practice:
        here = run / "pcscd.comm"  # libpcsclite asks for its socket's name once in a process
        here.symlink_to(practice.pcscd.socket)
        try:
            async with Desk(laboratory) as desk:
                yield AtPad(desk, practice, card)
        finally:
            here.unlink()
