"""Published object systems, seen through the product: recognised, read and decoded as images and index say."""

import hashlib
import json
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from firmware_sim.cos.image import load_image
from kartenwart.adapters.signatures import DerCertificateReader
from kartenwart.cards.applications.esign import Esign
from kartenwart.cards.applications.hca import Hca
from kartenwart.cards.applications.master_file import MasterFile
from kartenwart.cards.applications.qes import Qes
from kartenwart.cards.card import Card
from kartenwart.cards.passwords import Passwords
from kartenwart.cards.recognition import recognise
from kartenwart.codecs import card_files, tlv, vsd
from kartenwart.domain.authentication import SignatureScheme
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CardType, CertificateReference, KeyAlgorithm, Pin, PinStatus
from kartenwart.domain.patients import ContainerKind, ProtectedData

Entry = Mapping[str, Any]
EGKS = ("egk-152715", "egk-168583")
KINDS = {"egk": CardType.EGK, "hba": CardType.HBA, "smcb": CardType.SMC_B}
NAMES = (*EGKS, "hba-220885", "smcb-168650", "smcb-168651")
STATES = {"transportPIN": PinStatus.TRANSPORT_PIN, "regularPassword": PinStatus.VERIFIABLE}


def image_of(shared: Path, name: str) -> Entry:
    image: Entry = json.loads((shared / "cards" / "images" / f"{name}.json").read_text(encoding="utf-8"))
    return image


def index_of(shared: Path) -> dict[str, Entry]:
    index: dict[str, Entry] = json.loads((shared / "cards" / "certs" / "index.json").read_text(encoding="utf-8"))
    return index


def objects(image: Entry) -> dict[str, Entry]:
    def walk(entry: Entry) -> Iterator[Entry]:
        yield entry
        for child in entry.get("children", ()):
            yield from walk(child)

    return {entry["id"]: entry for entry in walk(image["mf"])}


def card_of(image: Entry) -> Card:
    chip = load_image(image)
    return recognise(chip, chip.power_on())


@pytest.mark.parametrize("name", NAMES)
def test_a_card_is_recognised_and_says_what_its_image_says(shared: Path, name: str) -> None:
    image = image_of(shared, name)
    card = card_of(image)
    assert card.type is KINDS[name.split("-")[0]]
    said = objects(image)
    master = MasterFile(card)
    assert "5a0a" + master.iccsn() == said["EF.GDO"]["body"].lower()
    version = master.version()
    assert bytes(map(int, version.object_system.split("."))).hex() in said["EF.Version2"]["body"].lower()
    assert version.product.encode().hex() in said["EF.Version2"]["body"].lower()
    records = [bytes.fromhex(record["value"]) for record in said["EF.DIR"]["records"]]
    assert master.applications() == tuple(card_files.read_dir_record(record) for record in records)


@pytest.mark.parametrize("name", NAMES)
def test_ef_atr_grants_extended_length_and_chaining(shared: Path, name: str) -> None:
    image = image_of(shared, name)
    said = card_files.read_ef_atr(bytes.fromhex(objects(image)["EF.ATR"]["body"]))
    assert said.capabilities.extended
    assert said.capabilities.chaining
    assert said.answer == 0x8002
    lengths = card_of(image).link.lengths
    assert (lengths.extended, lengths.command, lengths.answer) == (True, said.command, 0x8002)


@pytest.mark.parametrize("name", NAMES)
def test_every_certificate_that_the_index_names_is_read_by_reference_and_algorithm(shared: Path, name: str) -> None:
    card = card_of(image_of(shared, name))
    read = 0
    for file, facts in index_of(shared).items():
        if facts.get("card") != name or "CH.AUTN" in file or "CH.ENCV" in file:
            continue
        kind, size = file.split(".")[2:4]  # smcb-168650__C.HCI.OSIG.E256.pem
        reference = CertificateReference.SIG if kind == "OSIG" else CertificateReference(kind)
        algorithm = KeyAlgorithm.ECC if size == "E256" else KeyAlgorithm.RSA
        session = Qes(card) if reference is CertificateReference.QES else Esign(card)
        assert hashlib.sha256(session.certificate(reference, algorithm)).hexdigest() == facts["sha256"]
        read += 1
    assert read == {CardType.EGK: 4, CardType.HBA: 6, CardType.SMC_B: 6}[card.type]


def test_certificates_decode_as_their_index_says(shared: Path) -> None:
    index = index_of(shared)
    assert len(index) == 50
    for file, facts in index.items():
        pem = (shared / "cards" / "certs" / file).read_bytes()
        der = ssl.PEM_cert_to_DER_cert(pem.decode("ascii"))
        assert hashlib.sha256(der).hexdigest() == facts["sha256"]
        found = DerCertificateReader().decode(CertificateReference.AUT, der)
        assert str(found.serial_number) == facts["serial"]
        assert (found.subject, found.issuer) == (facts["subject"], facts["issuer"])
        assert found.not_before.isoformat() == facts["not_before"]
        assert found.not_after.isoformat() == facts["not_after"]
        assert found.algorithm is (KeyAlgorithm.RSA if facts["key"].startswith("RSA") else KeyAlgorithm.ECC)
        admissions = facts.get("admission", [])
        assert list(found.profession_oids) == [oid for each in admissions for oid in each["oids"]]
        assert found.telematik_id == next((each["registration_number"] or "" for each in admissions), "")


@pytest.mark.parametrize("name", EGKS)
def test_insurance_data_are_unpacked_as_published(shared: Path, name: str) -> None:
    published = json.loads((shared / "cards" / "vsd" / f"{name}.json").read_text(encoding="utf-8"))
    session = Hca(card_of(image_of(shared, name)))
    found = session.containers()
    assert vsd.read_person(found[ContainerKind.PERSONAL]).insured_id in published["PD"]
    assert vsd.read_insurance(found[ContainerKind.INSURANCE]).insurer.number in published["VD"]
    assert (ContainerKind.PROTECTED in found) is bool(published.get("VD_GVD_copy"))
    status, said = session.status(), published["StatusVD"]
    assert (status.open_transactions, status.updated) == (said["status"] == "1", said["timestamp"])
    digits = said["version_bcd"]
    assert status.version == ".".join(str(int(part)) for part in (digits[:3], digits[3:6], digits[6:]))


@pytest.mark.parametrize("name", EGKS)
def test_protected_data_stand_in_their_own_file(shared: Path, name: str) -> None:
    body = bytes.fromhex(objects(image_of(shared, name))["EF.GVD"]["body"])
    assert isinstance(vsd.read_protected(card_files.read_container(body)), ProtectedData)


@pytest.mark.parametrize("name", NAMES)
def test_pins_stand_as_the_image_says(shared: Path, name: str) -> None:
    image = image_of(shared, name)
    card, said = card_of(image), objects(image)
    pins = {CardType.SMC_B: (Pin.SMC,), CardType.HBA: (Pin.CH, Pin.QES)}.get(card.type, tuple(Pin))
    asked = 0
    for pin in pins:
        entry = said.get(pin.reference)
        if entry is None:
            continue
        reading = Passwords(card).status(pin)
        basis = said["PIN.CH"] if "passwordReference" in entry else entry
        disabled = entry["flagEnabled"] == "FALSE"
        assert reading.status is (PinStatus.DISABLED if disabled else STATES[basis["transportStatus"]])
        assert reading.attempts_left == (3 if reading.status is PinStatus.VERIFIABLE else None)
        asked += 1
    assert asked == {CardType.SMC_B: 1, CardType.HBA: 2, CardType.EGK: 8}[card.type]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_signed_without_a_pin(shared: Path, name: str) -> None:
    card = card_of(image_of(shared, name))
    with pytest.raises(WorldError) as told:
        Esign(card).sign(CertificateReference.AUT, SignatureScheme.ECDSA_RAW, bytes(32))
    assert told.value.failure.reason is Reason.PIN_NOT_VERIFIED


@pytest.mark.parametrize("name", NAMES)
def test_every_file_with_data_objects_is_read_to_its_end(shared: Path, name: str) -> None:
    for identifier in ("EF.GDO", "EF.Version2", "EF.ATR"):
        entry = objects(image_of(shared, name))[identifier]
        body = bytes.fromhex(entry["body"])[: int(entry["positionLogicalEndOfFile"], 16)]
        assert b"".join(each.encode() for each in tlv.read_all(body)) == body
