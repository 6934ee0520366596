"""One SignDocument call at work: whose card, which PIN, in which portions, and what is discarded (TAB_KON_192)."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from firmware_sim.konnektor.call import Surroundings
from firmware_sim.konnektor.documents import Document
from firmware_sim.konnektor.pin_dialog import Asked, PinDialog
from firmware_sim.konnektor.tampering import spoil_cades, spoil_pades, spoil_xades
from firmware_sim.pki import CardKeys
from firmware_sim.signing import sign_cades, sign_pades, sign_xades
from firmware_sim.world import pins
from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.context import Context
from firmware_sim.world.device import SeenCard
from firmware_sim.world.events import Event

CERTIFICATES = {"hba": "C.QES", "smcb": "C.SIG", "hsmb": "C.SIG"}

Outcome = bytes | KonnektorError


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """One accepted SignDocument call; `corrupt` are the RequestIDs whose signatures a fault spoils."""

    context: Context
    seen: SeenCard
    job_number: str
    documents: list[Document]
    keys: CardKeys
    corrupt: frozenset[str]
    mode: Literal["SMB", "PIN", "COMFORT"] = "SMB"


class Signatory:
    """Signs what a call asks for. The pad's cancel key does nothing while the card signs: nobody is asked then."""

    def __init__(self, around: Surroundings, dialog: PinDialog) -> None:
        self._around = around
        self._device = around.device
        self._dialog = dialog

    async def signed(self, work: Work) -> list[Outcome]:
        """The way of the card: SM-B unlocked, HBA with a comfort session, HBA with its PIN at the pad.

        Raises `KonnektorError` where nothing of the call survives.
        """
        if work.seen.card.kind != "hba":
            self._check_unlocked(work)
            return [*await self._portion(work, work.documents)]
        session = self._device.comfort.of(work.seen.handle, work.context)
        if session is None:
            async with self._dialog.reserved(work.seen):
                return await self._by_pin(replace(work, mode="PIN"))
        self._device.comfort.refuse_more_than_left(session, len(work.documents))
        async with self._dialog.reserved(work.seen):
            return [*await self._portion(replace(work, mode="COMFORT"), work.documents)]

    def _check_unlocked(self, work: Work) -> None:
        verified = self._device.session(work.context, work.seen).verified
        if "PIN.SMC" not in verified and not work.seen.card.unlocked:
            raise KonnektorError(4085)

    async def _by_pin(self, work: Work) -> list[Outcome]:
        """PIN.QES is asked for every portion. What a stop finds finished survives, any other error discards all."""
        asked = Asked(
            seen=work.seen,
            reference="PIN.QES",
            pin=pins.pin_of(work.seen.card, "PIN.QES"),
            pad=pins.input_terminal(self._device, work.context, work.seen),
            job_number=work.job_number,
        )
        finished: list[Outcome] = []
        for portion in self._portions(work.documents):
            try:
                self._check_not_stopped(work)
                await self._dialog.require_right(asked)
                finished += await self._portion(work, portion)
            except KonnektorError as error:
                if not finished or not self._device.jobs.stopped(work.job_number):
                    raise
                return finished + [error] * (len(work.documents) - len(finished))
        return finished

    def _portions(self, documents: list[Document]) -> Iterator[list[Document]]:
        size = self._device.configuration.behaviour.signatures_per_pin or len(documents)
        return (documents[start : start + size] for start in range(0, len(documents), size))

    async def _portion(self, work: Work, documents: list[Document]) -> list[bytes]:
        signed = []
        for document in documents:
            await asyncio.sleep(self._device.configuration.behaviour.signature_seconds)
            self._check_still_there(work)
            signature = await asyncio.to_thread(_sign, work, document)
            self._check_still_there(work)
            if work.mode == "COMFORT":
                self._device.comfort.spend(work.seen.handle, work.context)
            counts = self._around.practice.counts.cards[work.seen.card.name]
            counts.signatures += 1
            counts.signature_modes[work.mode] += 1
            signed.append(signature)
            self._announce_progress(work)
        return signed

    def _check_not_stopped(self, work: Work) -> None:
        if self._device.jobs.stopped(work.job_number):
            raise KonnektorError(4049, "StopSignature")

    def _check_still_there(self, work: Work) -> None:
        self._check_not_stopped(work)
        if work.seen not in self._device.cards:
            raise KonnektorError(4045)

    def _announce_progress(self, work: Work) -> None:
        self._device.announce(
            Event(
                topic="SIG/SIGNDOC/NEXT_SUCCESSFUL",
                parameters=(("JobNumber", work.job_number),),
                client_system=work.context.client_system,
            )
        )


def _sign(work: Work, document: Document) -> bytes:
    reference, spoilt = CERTIFICATES[work.seen.card.kind], document.request_id in work.corrupt
    try:
        if document.kind == "PAdES":
            pdf = sign_pades(work.keys, reference, document.content)
            return spoil_pades(pdf) if spoilt else pdf
        if document.kind == "XAdES":
            xml = sign_xades(work.keys, reference, document.content, document.place)
            return spoil_xades(xml) if spoilt else xml
        cms = sign_cades(work.keys, reference, document.content, detached=not document.enveloping)
        return spoil_cades(cms) if spoilt else cms
    except ValueError as error:
        raise KonnektorError(4123, str(error)) from error
