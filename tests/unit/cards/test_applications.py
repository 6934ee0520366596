"""What the simulator's honest cards do not do: odd certificates, refused keys, short signatures, protected data."""

import pytest

from kartenwart.cards.applications.esign import Esign
from kartenwart.cards.applications.hca import Hca
from kartenwart.cards.card import Card
from kartenwart.cards.link import CardLink, Lengths
from kartenwart.cards.refusal import CardRefusal
from kartenwart.codecs import tlv
from kartenwart.domain.authentication import SignatureScheme
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CardType, CertificateReference, KeyAlgorithm
from kartenwart.domain.patients import ContainerKind
from tests.unit.cards.played import Played

AUT = CertificateReference.AUT
SELECT_ESIGN, SELECT_HCA = "00A4040C0AA000000167455349474E", "00A4040C06D27600000102"
READ_AUT, READ_AUT_RSA = "00B0860000", "00B0810000"
SET_KEY, SIGN = "002241B606840186800100", "002A9E9A20" + "00" * 32 + "00"
SEQUENCE = tlv.encode(0x30, bytes(range(100))).hex()


def esign(**answers: str) -> tuple[Esign, Played]:
    played = Played({SELECT_ESIGN: "9000", **{name[1:]: answer for name, answer in answers.items()}}, otherwise="6A82")
    return Esign(Card(type=CardType.SMC_B, link=CardLink(played, Lengths()))), played


@pytest.mark.parametrize("behind", ["", "00" * 40, "FF"])
def test_a_certificate_ends_where_it_ends(behind: str) -> None:
    session, _ = esign(**{f"_{READ_AUT}": SEQUENCE + behind + "9000"})
    assert session.certificate(AUT, KeyAlgorithm.ECC).hex() == SEQUENCE


@pytest.mark.parametrize(
    ("ecc", "rsa", "reason"),
    [
        ("6A82", "6A82", Reason.CERTIFICATE_MISSING),
        ("9000", "6A82", Reason.CERTIFICATE_MISSING),
        ("00" * 100 + "9000", "6A82", Reason.CERTIFICATE_MISSING),
        ("6B00", SEQUENCE + "9000", Reason.CERTIFICATE_RSA_ONLY),
        ("6A82", "00" * 9 + "9000", Reason.CERTIFICATE_MISSING),
        ("6982", SEQUENCE + "9000", Reason.CARD_FAULT),
        ("31023100" + "9000", SEQUENCE + "9000", Reason.CARD_FAULT),
        (SEQUENCE[:-2] + "9000", SEQUENCE + "9000", Reason.CARD_FAULT),
    ],
)
def test_why_there_is_no_certificate(ecc: str, rsa: str, reason: Reason) -> None:
    session, _ = esign(**{f"_{READ_AUT}": ecc, f"_{READ_AUT_RSA}": rsa})
    with pytest.raises(WorldError) as told:
        session.certificate(AUT, KeyAlgorithm.ECC)
    assert told.value.failure.reason is reason


def test_a_key_that_is_refused_was_never_used() -> None:
    session, played = esign(**{f"_{SET_KEY}": "6A88"})
    with pytest.raises(CardRefusal) as told:
        session.sign(AUT, SignatureScheme.ECDSA_RAW, bytes(32))
    assert told.value.failure.reason is Reason.CERTIFICATE_MISSING
    assert not told.value.sent
    assert SIGN not in played.sent


def test_a_signature_that_is_refused_has_reached_the_card() -> None:
    session, played = esign(**{f"_{SET_KEY}": "9000", f"_{SIGN}": "6982"})
    with pytest.raises(CardRefusal) as told:
        session.sign(AUT, SignatureScheme.ECDSA_RAW, bytes(32))
    assert told.value.failure.reason is Reason.PIN_NOT_VERIFIED
    assert told.value.sent
    assert played.sent.count(SIGN) == 1


@pytest.mark.parametrize("length", [0, 63, 65, 256])
def test_a_signature_of_another_length_is_none(length: int) -> None:
    session, played = esign(**{f"_{SET_KEY}": "9000", f"_{SIGN}": "01" * length + "9000"})
    with pytest.raises(WorldError) as told:
        session.sign(AUT, SignatureScheme.ECDSA_RAW, bytes(32))
    assert told.value.failure.reason is Reason.CARD_FAULT
    assert played.sent.count(SIGN) == 1


def hca(protected_file: str) -> Hca:
    person = "0003" + "AABBCC" + "9000"
    insurance = "0008000900" + "0A000B" + "0102" + "0304" + "9000"
    script = {SELECT_HCA: "9000", "00B0810000": person, "00B0820000": insurance, "00B0830000": protected_file}
    return Hca(Card(type=CardType.EGK, link=CardLink(Played(script), Lengths())))


def test_protected_data_come_from_their_file_or_else_from_beside_the_insurance() -> None:
    plain = {ContainerKind.PERSONAL: b"\xaa\xbb\xcc", ContainerKind.INSURANCE: b"\x01\x02"}
    assert hca("0001EE9000").containers() == {**plain, ContainerKind.PROTECTED: b"\xee"}
    assert hca("6982").containers() == {**plain, ContainerKind.PROTECTED: b"\x03\x04"}
    with pytest.raises(WorldError) as told:
        hca("6581").containers()
    assert told.value.failure.reason is Reason.CARD_FAULT


@pytest.mark.parametrize("word", ["6282", "6283"])
def test_an_application_that_the_insurer_has_locked(word: str) -> None:
    with pytest.raises(CardRefusal) as told:
        Hca(Card(type=CardType.EGK, link=CardLink(Played({SELECT_HCA: word}), Lengths())))
    assert told.value.failure.reason is Reason.CARD_INVALID
