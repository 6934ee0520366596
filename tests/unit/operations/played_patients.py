"""The part of a played Konnektor that reads patients' cards and asks for cards."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from kartenwart.domain.failures import WorldError
from kartenwart.domain.inventory import Context
from kartenwart.domain.patients import CardData
from kartenwart.domain.ports.cards import BeforeSend, CardCall
from kartenwart.domain.ports.konnektor import CardEjection, CardRequest, RequestedCard
from kartenwart.operations.card_requests import CardRequests
from kartenwart.operations.names import ResourceNames
from kartenwart.operations.online_checks import OnlineChecks
from kartenwart.operations.patient_cards import PatientCards

SECRET = ResourceNames(b"another secret of sixteen bytes")


def _set(event: asyncio.Event) -> asyncio.Event:
    event.set()
    return event


@dataclass
class PlayedPatients:
    """`data` answers a reading, `card` a request for a card; `reading` and `asking` are set while they may end."""

    data: CardData | WorldError = field(default_factory=lambda: CardData(containers={}))
    reading: asyncio.Event = field(default_factory=asyncio.Event)
    read: list[tuple[CardCall, CardCall, bool, bool]] = field(default_factory=list)
    kvk_read: int = 0
    card: RequestedCard | WorldError = field(default_factory=lambda: RequestedCard(handle="", already_inserted=False))
    asking: asyncio.Event = field(default_factory=lambda: _set(asyncio.Event()))
    requested: list[CardRequest] = field(default_factory=list)
    ejected: list[CardEjection] = field(default_factory=list)
    ejection: WorldError | None = None

    async def read_vsd(
        self, call: CardCall, authority: CardCall, *, check_online: bool, read_receipt: bool
    ) -> CardData:
        self.read.append((call, authority, check_online, read_receipt))
        await self.reading.wait()
        return self._told()

    async def read_kvk(self, call: CardCall) -> CardData:
        assert call.handle
        self.kvk_read += 1
        return self._told()

    async def request_card(self, _context: Context, wish: CardRequest, before_send: BeforeSend) -> RequestedCard:
        await before_send()
        self.requested.append(wish)
        await self.asking.wait()
        if isinstance(self.card, WorldError):
            raise self.card
        return self.card

    async def eject_card(self, _call: CardCall, wish: CardEjection, before_send: BeforeSend) -> None:
        await before_send()
        self.ejected.append(wish)
        await self.asking.wait()
        if self.ejection is not None:
            raise self.ejection

    def _told(self) -> CardData:
        if isinstance(self.data, WorldError):
            raise self.data
        return self.data


def patient_cards(practice: Any) -> PatientCards:
    """Return the operation over a played practice; its insertions are `practice.insertions`."""
    return PatientCards(
        cards=practice.cards,
        memory=practice.memory,
        insertions=practice.insertions,
        checks=OnlineChecks(facts=practice.store, names=SECRET, clock=practice.clock, report=practice.report),
        clock=practice.clock,
    )


def card_requests(practice: Any) -> CardRequests:
    """Return the operation over a played practice."""
    return CardRequests(jobs=practice.jobs, cards=practice.cards, contexts=practice.contexts, keeper=practice.keeper)
