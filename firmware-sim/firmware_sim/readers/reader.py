"""A reader of the practice: its slots, its pad, and its plug."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

from firmware_sim.cos.chips import Chips
from firmware_sim.pads.pad import Ended, Pad
from firmware_sim.readers.bridge import Bridge
from firmware_sim.readers.conf import socket_path
from firmware_sim.readers.faults import ReaderFault, ReaderFaultError, ReaderFaults
from firmware_sim.readers.pad_dialog import PadDialog
from firmware_sim.readers.slot import ReaderSlot
from firmware_sim.readers.vpcd import VpcdSlot
from firmware_sim.world.configuration import ReaderConfiguration
from firmware_sim.world.practice import Practice, WorldError


class Reader:
    """One reader while it is open (`async with`). A plain one cannot be unplugged: vpcd's slots stay in pcscd."""

    def __init__(
        self, configuration: ReaderConfiguration, practice: Practice, chips: Chips, pad: Pad | None, state: Path
    ) -> None:
        self.configuration = configuration
        self.faults = ReaderFaults()
        self.pad = pad
        self.slots = tuple(
            ReaderSlot(
                configuration.name,
                number + 1,
                practice=practice,
                chips=chips,
                faults=self.faults,
                unplug=self.unplug,
            )
            for number in range(configuration.slots)
        )
        self._bridge: Bridge | None = None
        if pad is not None:
            slot = self.slots[0]
            self._bridge = Bridge(socket_path(state, self.name), slot, PadDialog(slot, pad, practice))
        self._stack = AsyncExitStack()

    @property
    def name(self) -> str:
        return self.configuration.name

    @property
    def plugged(self) -> bool:
        return self._bridge is None or self._bridge.plugged

    async def __aenter__(self) -> Self:
        if self._bridge is not None:
            self._stack.push_async_callback(self._bridge.close)
            self._bridge.plug()
            return self
        for slot in self.slots:
            serving = asyncio.create_task(VpcdSlot(slot, self.configuration.port + slot.number - 1).serve())
            self._stack.push_async_callback(_end, serving)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def changed(self, slot: int) -> None:
        """A card has come or gone; what was asked for it at the pad is asked no more."""
        self.slots[slot - 1].changed()
        if self.pad is not None:
            self.pad.interrupt(Ended.CARD_REMOVED)

    def plan(self, fault: ReaderFault) -> None:
        """Let something go wrong. Raises `ReaderFaultError` when this reader cannot."""
        if fault.kind == "unplugged" and self._bridge is None:
            raise ReaderFaultError(f"reader {self.name!r} is a plain one: these cannot be unplugged")
        self.faults.plan(fault)

    def plug(self) -> None:
        """Put the plug in; pcscd, which has kept the reader's name, finds it within a second or two."""
        if self._bridge is not None:
            self._bridge.plug()

    def unplug(self) -> None:
        """Take the reader away, with its card in it. Raises `WorldError` for a plain one."""
        if self._bridge is None or self.pad is None:
            raise WorldError(f"reader {self.name!r} is a plain one: these cannot be unplugged")
        self.pad.interrupt(Ended.TERMINAL_LOST)
        self._bridge.unplug()


def open_readers(practice: Practice, chips: Chips, pads: Mapping[str, Pad], state: Path) -> dict[str, Reader]:
    """The readers of the world file, not yet running; they hear of cards from the practice."""
    readers = {
        each.name: Reader(each, practice, chips, pads.get(each.name), state) for each in practice.configuration.readers
    }
    practice.at_reader = lambda name, slot: readers[name].changed(slot)
    return readers


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
