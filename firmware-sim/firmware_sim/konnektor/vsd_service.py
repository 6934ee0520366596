"""VSDService 5.2 and KVKService 4.0: the data of an insured person, read from an eGK or an old KVK."""

import asyncio
import base64
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from firmware_sim.konnektor.call import Call, Operation, Surroundings
from firmware_sim.konnektor.pin_dialog import PinDialog
from firmware_sim.konnektor.requests import PATIENT_SERVICES
from firmware_sim.konnektor.soap import moment
from firmware_sim.konnektor.xml import Element, element
from firmware_sim.patients.containers import containers_of
from firmware_sim.patients.kvk import checksum_right, template_of
from firmware_sim.patients.proof import proof
from firmware_sim.world.card import Receipt
from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.configuration import SMB
from firmware_sim.world.context import Context
from firmware_sim.world.device import SeenCard
from firmware_sim.world.events import Event
from firmware_sim.world.patient import RESULT_OF

_OFFLINE = "EC_No_VPN_TI_Connection"
_UNREACHABLE, _SERVICE_FAILED = 12999, 11999  # which of the services' own codes a proof tells is our choice


class VsdService:
    """ReadVSD and ReadKVK."""

    def __init__(self, around: Surroundings, dialog: PinDialog) -> None:
        self._around = around
        self._device = around.device
        self._dialog = dialog
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def operations(self) -> list[Operation]:
        """Each with its root element and shape."""
        handlers = {"VSD:ReadVSD": ("VSDService", self.read_vsd), "KVK:ReadKVK": ("KVKService", self.read_kvk)}
        return [
            Operation(root=root, service=service, shape=PATIENT_SERVICES[root], handle=handle)
            for root, (service, handle) in handlers.items()
        ]

    async def read_vsd(self, call: Call) -> Element:
        """The containers, and with ReadOnlineReceipt the proof: of the check just made, or the one on the card."""
        seen = self._card(call.context, call.text("VSD:EhcHandle"))
        if seen.card.kind != "egk":
            raise KonnektorError(4209)
        authority = self._authority(call.context, call.text("VSD:HpcHandle"))
        async with self._dialog.reserved(seen), self._session(call.context, seen):
            self._announce("VSDM/PROGRESS/READVSD", seen, call.context)
            await self._take_time(seen, authority)
            if seen.card.configuration.patient.read_error:
                raise KonnektorError(seen.card.configuration.patient.read_error)
            if _true(call.text("VSD:PerformOnlineCheck")):
                self._check_online(seen, authority, call.context)
            receipt = self._receipt(seen, authority) if _true(call.text("VSD:ReadOnlineReceipt")) else None
        return self._response(seen, receipt)

    async def read_kvk(self, call: Call) -> Element:
        """The template as it stands on the card, its checksum held against it."""
        seen = self._device.admit(call.context, handle=call.text("KVK:KVKHandle"), session=False)
        if seen is None or seen.card.kind != "kvk":
            raise KonnektorError(4209)
        async with self._dialog.reserved(seen):
            await asyncio.sleep(self._device.configuration.behaviour.vsd_seconds)
            self._check_still_there(seen)
        patient = seen.card.configuration.patient
        if patient.read_error:
            raise KonnektorError(patient.read_error)
        template = template_of(seen.card.configuration)
        if not checksum_right(template):
            raise KonnektorError(3021)
        return element("KVK:ReadKVKResponse", element("KVK:KVK", base64.b64encode(template).decode()))

    def _card(self, context: Context, handle: str) -> SeenCard:
        seen = self._device.admit(context, handle=handle)
        if seen is None:
            raise KonnektorError(self._device.configuration.behaviour.dead_handle)
        return seen

    def _authority(self, context: Context, handle: str) -> SeenCard:
        """The SM-B or HBA in whose name the card is read; its PIN must be verified in the caller's session."""
        seen = self._card(context, handle)
        verified = self._device.session(context, seen).verified
        if seen.card.kind in SMB:
            if "PIN.SMC" not in verified and not seen.card.unlocked:
                raise KonnektorError(3041)
        elif seen.card.kind == "hba":
            if "PIN.CH" not in verified:
                raise KonnektorError(3042)
        else:
            raise KonnektorError(4209)
        return seen

    @asynccontextmanager
    async def _session(self, context: Context, seen: SeenCard) -> AsyncIterator[None]:
        """A session with the eGK for the time of the reading, unless the workplace has one already."""
        before = self._device.sessions.of_card(seen.handle)
        session = self._device.session(context, seen)
        try:
            yield
        finally:
            if session not in before:
                self._device.sessions.close(session.key)

    async def _take_time(self, seen: SeenCard, authority: SeenCard) -> None:
        """Both cards authenticate each other, one eGK after the other at the SM-B; then the eGK reads by itself."""
        behaviour = self._device.configuration.behaviour
        async with self._turns[authority.handle]:
            await asyncio.sleep(behaviour.vsd_smb_seconds)
        await asyncio.sleep(max(0.0, behaviour.vsd_seconds - behaviour.vsd_smb_seconds))
        self._check_still_there(seen)
        self._check_still_there(authority)

    def _check_still_there(self, seen: SeenCard) -> None:
        if seen not in self._device.cards:
            raise KonnektorError(4045)

    def _check_online(self, seen: SeenCard, authority: SeenCard, context: Context) -> None:
        """Ask the services; the proof is written to the card, readable for this practice only."""
        card, now = seen.card, self._around.now()
        outcome, code = card.next_online, 0
        if any(condition.name == _OFFLINE and condition.holds for condition in self._device.conditions):
            outcome, code = "update_failed", _UNREACHABLE
        elif outcome == "update_failed":
            code = _SERVICE_FAILED
        if outcome == "updated":
            self._announce("VSDM/PROGRESS/UPDATE", seen, context)
            card.update(now)
        made = proof(RESULT_OF[outcome], now, code=code, seed=card.name)
        card.receipt = Receipt(reader=authority.card.name, data=made)
        self._around.practice.counts.cards[card.name].online_checks += 1

    def _receipt(self, seen: SeenCard, authority: SeenCard) -> bytes:
        receipt = seen.card.receipt
        if receipt is None:
            raise KonnektorError(3040)
        if receipt.reader != authority.card.name:
            raise KonnektorError(3039)
        return receipt.data

    def _response(self, seen: SeenCard, receipt: bytes | None) -> Element:
        patient = seen.card.configuration.patient
        found = containers_of(seen.card.configuration, seen.card.street)
        state = element(
            "VSD:VSD_Status",
            element("VSD:Status", "0"),
            element("VSD:Timestamp", moment(seen.card.updated_at or seen.inserted_at)),
            element("VSD:Version", found.version),
        )
        return element(
            "VSD:ReadVSDResponse",
            _encoded("PersoenlicheVersichertendaten", found.personal),
            _encoded("AllgemeineVersicherungsdaten", found.insurance),
            _encoded("GeschuetzteVersichertendaten", found.protected) if patient.card_to_card else None,
            state,
            _encoded("Pruefungsnachweis", receipt) if receipt is not None else None,
        )

    def _announce(self, topic: str, seen: SeenCard, context: Context) -> None:
        parameters = (("CardHandle", seen.handle), ("CtID", seen.terminal), ("SlotID", str(seen.slot)))
        self._device.announce(
            Event(
                topic=topic,
                parameters=parameters,
                terminal=seen.terminal,
                handle=seen.handle,
                client_system=context.client_system,
            )
        )


def _encoded(name: str, data: bytes) -> Element:
    return element(f"VSD:{name}", base64.b64encode(data).decode())


def _true(value: str) -> bool:
    return value in ("true", "1")
