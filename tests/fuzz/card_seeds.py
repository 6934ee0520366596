"""Writes the inputs from which fuzzing of cards and readers starts:  python -m tests.fuzz.card_seeds

What cards and readers say is recorded at the simulator, of people who do not exist. Its keys are new each time, so each
run gives other certificates and signatures: run it when the shapes have changed, and take away the seeds of before.
"""

import struct
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from firmware_sim.readers.bridge import PROPERTIES
from firmware_sim.simulation import Simulation, build
from firmware_sim.world.reading import default_text, read_world
from kartenwart.cards.applications.esign import Esign
from kartenwart.cards.applications.master_file import MasterFile
from kartenwart.cards.applications.qes import Qes
from kartenwart.cards.card import Card
from kartenwart.cards.link import CardLink, Lengths
from kartenwart.cards.recognition import recognise
from kartenwart.cards.signing import SigningApplication
from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.pcsc_pin import Feature
from kartenwart.domain.failures import WorldError
from kartenwart.domain.inventory import CardType, CertificateReference, KeyAlgorithm
from tests.fuzz import fuzz_tlv
from tests.fuzz.fuzz_card import ATR, CAN, KINDS, USES, WAYS, Answers
from tests.fuzz.seeds import write
from tests.unit.cards.secured_card import PaceCard
from tests.unit.codecs.test_ccid import OTHERS, PAD, described

CARDS = {
    CardType.EGK: "egk-muster",
    CardType.HBA: "hba-adler",
    CardType.SMC_B: "smcb-m1",
    CardType.KVK: "kvk-mueller",
}
_KVK = (
    '[[cards]]\nname = "kvk-mueller"\nkind = "kvk"\niccsn = "80276001011699900399"\nholder = "Max Müller TEST-ONLY"\n'
)
_PACE = len(WAYS) - 1
_MOST_ANSWERS = 60
_MOST_BYTES = 4096
_MOST_FILE = 400
_VERSION_3 = bytes.fromhex("A003020102")


class Chip(Protocol):
    """A card of the simulator."""

    def transmit(self, command: bytes) -> bytes:
        """Answer."""
        ...


class Recording(Answers):
    """Answers as a chip does and keeps what it said; what stands for a pad is always 9000."""

    def __init__(self, chip: Chip) -> None:
        super().__init__(b"")
        self.given: list[bytes] = []
        self._chip = chip

    def transmit(self, command: bytes) -> bytes:
        self.sent.append(command)
        self.given.append(b"\x90\x00" if command == b"\x80\0\0\0" else self._chip.transmit(command))
        return self.given[-1]


def main() -> None:
    """Write every seed under the hash of its bytes."""
    with tempfile.TemporaryDirectory() as state:
        simulation = build(read_world(default_text() + _KVK), Path(state))
        recorded = list(recordings(simulation))
        write("card", [seed for seed, _ in recorded if len(seed) <= _MOST_BYTES])
        write("tlv", tlv([recording for _, recording in recorded]))
        write("card_certificates", certificates(simulation))
        write("atr", atrs(simulation))
    write("pcsc_pin", pads())
    write("ccid", descriptors())


def recordings(simulation: Simulation) -> Iterator[tuple[bytes, Recording]]:
    """Everything with every card that it goes through with, by every way, and what cannot go well once each."""
    for kind, card_type in enumerate(KINDS):
        for use in range(len(USES)):
            for way in range(len(WAYS) if card_type else _PACE):
                chip = _chip(simulation, card_type)
                recording = Recording(PaceCard(CAN, chip) if way == _PACE else chip)
                went_well = _played(kind, use, way, recording)
                if recording.given and (went_well or way == 0):
                    given = b"".join(len(one).to_bytes(2, "big") + one for one in recording.given[:_MOST_ANSWERS])
                    yield bytes((kind, use, way)) + given, recording


def _played(kind: int, use: int, way: int, recording: Recording) -> bool:
    try:
        card_type = KINDS[kind]
        link = CardLink(recording, Lengths())
        card = recognise(recording, ATR) if card_type is None else Card(type=card_type, link=link)
        USES[use](WAYS[way](card, recording), recording)
    except WorldError:
        return False
    return True


def _chip(simulation: Simulation, card_type: CardType | None) -> Chip:
    if card_type is CardType.SMC_KT:
        chip = simulation.chips.of_terminal("kt-empfang")
    else:
        chip = simulation.chips.of_card(CARDS[card_type or CardType.SMC_B])
    chip.power_on()
    return chip


def tlv(recorded: list[Recording]) -> Iterator[bytes]:
    """A command of each form, an answer of each length, and what readers of files take as one of theirs."""
    commands = {(one[1], len(one)): one for each in recorded for one in each.sent}
    given = {len(one): one for each in recorded for one in each.given if len(one) <= _MOST_FILE}
    readers = fuzz_tlv.READERS
    yield from (bytes([readers.index(fuzz_tlv.read_a_command)]) + one for one in commands.values())
    yield from (bytes([readers.index(fuzz_tlv.read_a_response)]) + one for one in given.values())
    for number, reader in enumerate(readers):
        for answer in given.values():
            with suppress(MalformedError):
                reader(answer[:-2])
                yield bytes([number]) + answer[:-2]


def certificates(simulation: Simulation) -> Iterator[bytes]:
    """Those of each card; one with a version that there is not, one that breaks off."""
    for card_type in (CardType.EGK, CardType.HBA, CardType.SMC_B):
        card = recognise(_chip(simulation, card_type), ATR)
        MasterFile(card)
        yield from _of(Esign(card), CertificateReference.AUT, CertificateReference.ENC)
        if card_type is CardType.HBA:
            yield from _of(Qes(card), CertificateReference.QES)
    der = next(_of(Esign(card), CertificateReference.AUT))
    yield der.replace(_VERSION_3, bytes.fromhex("A003020101"), 1)
    yield der[: len(der) // 2]


def _of(session: SigningApplication, *references: CertificateReference) -> Iterator[bytes]:
    for reference in references:
        yield session.certificate(reference, KeyAlgorithm.ECC)


def atrs(simulation: Simulation) -> Iterator[bytes]:
    """The cards' own, and forms that they do not have: inverse, without protocol, several protocols."""
    yield from {simulation.chips.of_card(name).atr for name in CARDS.values()}
    yield ATR
    for text in ("3B00", "3F6525009E9E9000", "3B8001", "3B9F968131FE5D0064057B0303307303210000009000E5"):
        yield bytes.fromhex(text)


def pads() -> Iterator[bytes]:
    """The simulator's pad, one without MODIFY, one whose properties break off, one that names none."""
    every = [Feature.VERIFY_PIN_DIRECT, Feature.MODIFY_PIN_DIRECT, Feature.GET_TLV_PROPERTIES]
    for features in (every, every[::2], every[:1]):
        told = b"".join(struct.pack(">BBI", one, 4, 0x42000001 + number) for number, one in enumerate(features))
        for properties in (
            PROPERTIES,
            PROPERTIES[:-1],
            b"",
            b"\x06\x01\x04\x07\x01\x10\x0a\x04\xff\xff\0\0\x08\x03abc",
        ):
            yield bytes([len(told)]) + told + properties


def descriptors() -> Iterator[bytes]:
    """A reader with a pad, plain ones, and what may stand in front."""
    yield PAD
    for before in OTHERS:
        yield before + PAD
    yield described(slots=4, pins=3, layout=0x0210)
    yield described(features=0x0004_0000) + OTHERS[0]
    yield PAD[:-1]


if __name__ == "__main__":
    main()
