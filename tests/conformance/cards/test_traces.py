"""Recorded exchanges with a real card: with the recorded keys the product sends the same bytes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509

from kartenwart.cards import commands
from kartenwart.cards.channel import Channel
from kartenwart.cards.link import CardLink, Lengths
from kartenwart.cards.object_systems import EF_VERSION_2, ESIGN, HCA
from kartenwart.cards.outcomes import Asked, pin_outcome_of, pin_status_of
from kartenwart.cards.processors.pace import open_channel
from kartenwart.codecs import card_files, tlv, vsd
from kartenwart.codecs.apdu import Command, read_command, read_response
from kartenwart.codecs.card_files import Version2
from kartenwart.domain.inventory import PinStatus
from kartenwart.domain.jobs import PinOutcome

NAMES = ("establish-secure-channel", "read-certs", "read-vsd", "trusted-channel", "verify-pin")
SECURED = tuple(name for name in NAMES if name != "trusted-channel")
BEFORE_PACE, PACE = 4, 5


class Trace(NamedTuple):
    """The header's access number and ephemeral keys, and the exchanges."""

    can: str
    keys: list[int]
    exchanges: list[tuple[bytes, bytes]]


class Recorded:
    """A card that answers what it answered then, and only to the same bytes in the same order."""

    def __init__(self, exchanges: list[tuple[bytes, bytes]]) -> None:
        self._coming = iter(exchanges)
        self.left = len(exchanges)

    def transmit(self, command: bytes) -> bytes:
        sent, answered = next(self._coming)
        assert command.hex() == sent.hex()
        self.left -= 1
        return answered


def read_trace(shared: Path, name: str) -> Trace:
    lines = (shared / "cards" / "traces" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    header, *exchanges = map(json.loads, lines)
    pairs = [(bytes.fromhex(each["tx"]), bytes.fromhex(each["rx"])) for each in exchanges]
    return Trace(header["can"] or "", [int(key, 16) for key in header["keys"] or ()], pairs)


def secured(trace: Trace) -> tuple[Channel, Recorded]:
    """The channel after the recorded PACE."""
    recorded = Recorded(trace.exchanges[BEFORE_PACE:])
    keys: Iterator[int] = iter(trace.keys)
    return open_channel(recorded, trace.can, extended=True, draw=lambda: next(keys)), recorded


def behind_pace(trace: Trace) -> tuple[CardLink, Recorded]:
    channel, recorded = secured(trace)
    return CardLink(channel, Lengths(extended=True)), recorded


def select_file(identifier: bytes, *, with_parameters: bool) -> Command:
    expected, p2 = (0x10000, 0x04) if with_parameters else (0, 0x0C)
    return Command(cla=0, ins=0xA4, p1=2, p2=p2, data=identifier, expected=expected)


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_apdu_is_read_and_written_alike(shared: Path, name: str) -> None:
    for sent, answered in read_trace(shared, name).exchanges:
        assert read_command(sent).encode() == sent
        assert read_response(answered).encode() == answered


@pytest.mark.parametrize("name", SECURED)
def test_pace_ends_with_the_recorded_keys(shared: Path, name: str) -> None:
    trace = read_trace(shared, name)
    _, recorded = secured(trace)
    assert recorded.left == len(trace.exchanges) - BEFORE_PACE - PACE


def test_files_in_front_of_pace(shared: Path) -> None:
    link = CardLink(Recorded(read_trace(shared, "read-vsd").exchanges), Lengths(extended=True))
    parameters = link.ask(Command(cla=0, ins=0xA4, p1=4, p2=4, expected=256), Asked.APPLICATION)
    assert len(parameters) == 256 < tlv.size_of_first(parameters), "a real card cuts what does not fit into a short Le"
    version = link.ask(commands.read_file(EF_VERSION_2, 0x10000), Asked.FILE)
    assert card_files.read_version2(version) == Version2(
        object_system="4.5.2", product="TSYSITCOSEC20", product_version="2.4.0"
    )


def test_certificates_are_read_through_the_channel(shared: Path) -> None:
    link, recorded = behind_pace(read_trace(shared, "read-certs"))
    link.select(ESIGN)
    parameters = link.ask(select_file(b"\xc5\x04", with_parameters=True), Asked.FILE)
    assert tlv.find(tlv.read_only(parameters, 0x62).parts(), 0x83) == b"\xc5\x04"
    certificate = link.read_current()
    assert tlv.size_of_first(certificate) == len(certificate)
    assert x509.load_der_x509_certificate(certificate).version is x509.Version.v3
    link.ask(commands.MASTER_FILE, Asked.APPLICATION)
    link.ask(select_file(b"\x2f\x06", with_parameters=True), Asked.FILE)
    assert tlv.read_only(link.read_current(), 0x7F21).is_constructed
    assert recorded.left == 0


def test_insurance_data_is_read_through_the_channel(shared: Path) -> None:
    link, recorded = behind_pace(read_trace(shared, "read-vsd"))
    link.ask(commands.MASTER_FILE, Asked.APPLICATION)
    link.select(HCA)
    link.ask(select_file(b"\xd0\x02", with_parameters=False), Asked.FILE)
    found = card_files.read_vd(link.read_current())
    assert vsd.read_insurance(found.insurance).insurer.number
    assert recorded.left == 0


def test_a_pin_s_state_and_its_verification_go_through_the_channel(shared: Path) -> None:
    link, recorded = behind_pace(read_trace(shared, "verify-pin"))
    link.ask(commands.MASTER_FILE, Asked.APPLICATION)
    assert pin_status_of(link.answer(commands.get_pin_status(0x02)).word) == (PinStatus.VERIFIABLE, 3)
    verify = Command(cla=0, ins=0x20, p1=0, p2=0x02, data=bytes.fromhex("26123456FFFFFFFF"))  # the trace's own test PIN
    assert pin_outcome_of(Asked.VERIFY, link.answer(verify).word) == (PinOutcome.VERIFIED, None)
    assert recorded.left == 0


def test_public_keys_of_a_card_are_data_objects(shared: Path) -> None:
    trace = read_trace(shared, "trusted-channel")
    listed = tlv.read_all(read_response(trace.exchanges[0][1]).data)
    assert {each.tag for each in listed} == {0xE0}
    assert all(tlv.find(each.parts(), 0x4F) == bytes.fromhex("D2760001448000") for each in listed)
