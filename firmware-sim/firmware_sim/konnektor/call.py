"""What every operation gets: the Konnektor's state, the practice around it, the pads, and one call's request."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509

from firmware_sim.konnektor.syntax import Shape
from firmware_sim.konnektor.xml import Element, text
from firmware_sim.pads.pad import Pad
from firmware_sim.pki import CardKeys
from firmware_sim.world.context import Context
from firmware_sim.world.device import Device
from firmware_sim.world.practice import Practice


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """Everything an operation may touch; `keys` by a card's name, `authorities` are the CAs of its trust list."""

    device: Device
    practice: Practice
    pads: Mapping[str, Pad]
    keys: Mapping[str, CardKeys]
    authorities: tuple[x509.Certificate, ...] = ()

    def now(self) -> datetime:
        return self.device.now()


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request: its element, its context, and what a fault plan wants done to the answer."""

    request: Element
    context: Context
    corrupt_signature: bool = False
    corrupt_document: int = 0
    started: float = field(default_factory=time.monotonic)

    def text(self, path: str) -> str:
        """The text at a path of the request, empty when it is not there."""
        return text(self.request, path)

    @property
    def wide(self) -> bool:
        """The attribute mandant-wide."""
        return self.request.get("mandant-wide", "false") in ("true", "1")


Handler = Callable[[Call], Awaitable[Element]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One operation: the root element it answers to, the shape it demands, and what it does."""

    root: str
    service: str
    shape: Shape
    handle: Handler

    @property
    def name(self) -> str:
        return self.root.partition(":")[2]


def read_context(request: Element) -> Context:
    """The call context; all empty for the one operation that has none."""
    return Context(
        mandant=text(request, "CCTX:Context/CONN:MandantId"),
        client_system=text(request, "CCTX:Context/CONN:ClientSystemId"),
        workplace=text(request, "CCTX:Context/CONN:WorkplaceId"),
        user=text(request, "CCTX:Context/CONN:UserId"),
    )
