"""Chips of the simulator's default practice, as a reader has them."""

import pytest

from firmware_sim.cos.chips import Chip
from firmware_sim.simulation import Simulation
from kartenwart.cards.card import Card
from kartenwart.cards.recognition import recognise
from tests.sim.conftest import sim_state
from tests.sim.cos.conftest import practice

__all__ = ["practice", "sim_state"]


class Slot:
    """A chip in a reader: the card that was recognised in it, and how many commands went there."""

    def __init__(self, chip: Chip, *, reader_bytes: int = 0) -> None:
        self.chip = chip
        self.commands: list[bytes] = []
        self.card: Card = recognise(self, chip.power_on(), reader_bytes=reader_bytes)

    def transmit(self, command: bytes) -> bytes:
        self.commands.append(command)
        return self.chip.transmit(command)


class Drawer:
    """All cards of the practice by name."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation

    def insert(self, name: str, *, reader_bytes: int = 0) -> Slot:
        return Slot(self.simulation.chips.of_card(name), reader_bytes=reader_bytes)

    def terminal(self, name: str) -> Slot:
        return Slot(self.simulation.chips.of_terminal(name))


@pytest.fixture
def drawer(practice: Simulation) -> Drawer:
    return Drawer(practice)
