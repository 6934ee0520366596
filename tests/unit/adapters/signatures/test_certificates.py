"""What certificates say: the simulator's, those of public test cards, and garbage."""

import base64
import re
import warnings
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.pki import CardKeys
from kartenwart.adapters.signatures import DerCertificateReader
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CardCertificate, CertificateReference, KeyAlgorithm


def decode(der: bytes) -> CardCertificate:
    return DerCertificateReader().decode(CertificateReference.QES, der)


def from_file(path: Path) -> bytes:
    found = re.search(r"-----BEGIN CERTIFICATE-----(.+?)-----END", path.read_text(), re.DOTALL)
    assert found
    return base64.b64decode(found[1])


def test_a_doctors_certificate_is_decoded(hba: CardKeys) -> None:
    der = hba.certificate("C.QES")
    facts, oracle = decode(der), x509.load_der_x509_certificate(der)
    assert facts == CardCertificate(
        reference=CertificateReference.QES,
        algorithm=KeyAlgorithm.ECC,
        der=der,
        issuer=oracle.issuer.rfc4514_string(),
        subject=oracle.subject.rfc4514_string(),
        serial_number=oracle.serial_number,
        not_before=oracle.not_valid_before_utc,
        not_after=oracle.not_valid_after_utc,
        telematik_id="1-20012345",
        profession_oids=("1.2.276.0.76.4.30",),
    )
    assert "CN=" in facts.subject


@pytest.mark.parametrize(
    ("name", "algorithm", "telematik_id", "profession"),
    [
        ("hba-220885__C.HP.QES.E256", KeyAlgorithm.ECC, "2-HBA-Testkarte-883110000220885", "31"),
        ("hba-220885__C.HP.QES.R2048", KeyAlgorithm.RSA, "2-HBA-Testkarte-883110000220885", "31"),
        ("smcb-168650__C.HCI.OSIG.E256", KeyAlgorithm.ECC, "1-SMC-B-Testkarte--883110000168650", "50"),
        ("gemlibpki__PraxisBabetteBeyer", KeyAlgorithm.ECC, "1-2-Psycho-BabetteBeyer01", "52"),
        ("egk-168583__C.CH.AUT.E256", KeyAlgorithm.ECC, "", "49"),
    ],
)
def test_public_test_cards_are_decoded(
    shared: Path, name: str, algorithm: KeyAlgorithm, telematik_id: str, profession: str
) -> None:
    facts = decode(from_file(shared / "cards" / "certs" / f"{name}.pem"))
    assert (facts.algorithm, facts.telematik_id) == (algorithm, telematik_id)
    assert facts.profession_oids == (f"1.2.276.0.76.4.{profession}",)


def test_every_public_test_card_agrees_with_another_decoder(shared: Path) -> None:
    paths = sorted((shared / "cards" / "certs").glob("*.pem"))
    assert paths
    for path in paths:
        der = from_file(path)
        facts = decode(der)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert (facts.telematik_id, facts.profession_oids) == _admission(der), path.name


def _admission(der: bytes) -> tuple[str, tuple[str, ...]]:
    try:
        extensions = x509.load_der_x509_certificate(der).extensions
        found = extensions.get_extension_for_class(x509.Admissions).value
    except x509.ExtensionNotFound:
        return "", ()
    infos = [info for admission in found for info in admission.profession_infos]
    numbers = [info.registration_number for info in infos if info.registration_number]
    oids = [oid.dotted_string for info in infos for oid in info.profession_oids or ()]
    return (numbers or [""])[0], tuple(oids)


def test_an_admission_that_cannot_be_read_says_nothing(hba: CardKeys) -> None:
    der = hba.certificate("C.QES")
    place = der.index(bytes.fromhex("06052b24080303")) + 7 + 2  # behind the identifier: the value's own tag
    broken = der[:place] + b"\x04" + der[place + 1 :]
    facts = decode(broken)
    assert (facts.telematik_id, facts.profession_oids) == ("", ())
    assert facts.subject == decode(der).subject


@given(st.binary(max_size=300))
def test_garbage_is_an_invalid_answer(garbage: bytes) -> None:
    with pytest.raises(WorldError) as caught:
        decode(garbage)
    assert caught.value.failure.reason is Reason.KONNEKTOR_ANSWER_INVALID


def test_a_certificate_of_a_version_that_does_not_exist_is_an_invalid_answer(hba: CardKeys) -> None:
    der = hba.certificate("C.QES").replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020120"), 1)
    with pytest.raises(WorldError) as caught:
        decode(der)
    assert caught.value.failure.reason is Reason.KONNEKTOR_ANSWER_INVALID


def test_a_name_of_a_kind_that_no_name_has_is_an_invalid_answer(hba: CardKeys) -> None:
    der = hba.certificate("C.QES").replace(bytes.fromhex("0603550406130244 45"), bytes.fromhex("0603550406030200 45"))
    with pytest.raises(WorldError) as caught:
        decode(der)
    assert caught.value.failure.reason is Reason.KONNEKTOR_ANSWER_INVALID


@given(st.data())
def test_no_changed_certificate_is_trouble(hba: CardKeys, data: st.DataObject) -> None:
    der = bytearray(hba.certificate("C.QES"))
    for _ in range(data.draw(st.integers(1, 3))):
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
    try:
        decode(bytes(der))
    except WorldError as error:
        assert error.failure.reason is Reason.KONNEKTOR_ANSWER_INVALID  # noqa: PT017  # many changes leave a certificate
