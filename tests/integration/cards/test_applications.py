"""Sessions against the simulator's card operating system: what is read, and that signatures verify."""

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from kartenwart.cards.applications.esign import Esign
from kartenwart.cards.applications.hca import Hca
from kartenwart.cards.applications.hpa import Hpa
from kartenwart.cards.applications.kt import Kt
from kartenwart.cards.applications.kvk import Kvk
from kartenwart.cards.applications.master_file import MasterFile
from kartenwart.cards.applications.qes import Qes
from kartenwart.cards.passwords import Passwords
from kartenwart.cards.signing import SigningApplication, as_der
from kartenwart.codecs import kvk, vsd
from kartenwart.domain.authentication import SignatureScheme
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CardType, CertificateReference, KeyAlgorithm, Pin
from kartenwart.domain.jobs import PinVerb
from kartenwart.domain.patients import ContainerKind
from kartenwart.domain.ports.cards import PinWish
from tests.integration.cards.conftest import Drawer, Slot
from tests.integration.cards.typing_pad import TypingPad

DIGEST = hashlib.sha256(b"a letter").digest()
AUT, ENC, SIG, QES = (
    CertificateReference.AUT,
    CertificateReference.ENC,
    CertificateReference.SIG,
    CertificateReference.QES,
)
ECC, RSA = KeyAlgorithm.ECC, KeyAlgorithm.RSA
KINDS = {
    "smcb-m1": CardType.SMC_B,
    "smcb-old": CardType.SMC_B,
    "hba-adler": CardType.HBA,
    "hba-fresh": CardType.HBA,
    "egk-muster": CardType.EGK,
    "kvk-mueller": CardType.KVK,
}


def unlock(slot: Slot, pin: Pin, digits: str) -> None:
    pad = TypingPad(slot.chip, digits)
    Passwords(slot.card).carry_out(PinWish(verb=PinVerb.VERIFY, pin=pin), pad)
    assert pad.sent == 1


def check(session: SigningApplication, reference: CertificateReference, scheme: SignatureScheme) -> None:
    """The signature is that of the certificate's key, by the library's word."""
    signature = session.sign(reference, scheme, DIGEST)
    der = session.certificate(reference, ECC if scheme.is_ecdsa else RSA)
    key = x509.load_der_x509_certificate(der).public_key()
    hashed = Prehashed(hashes.SHA256())
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(as_der(signature), DIGEST, ec.ECDSA(hashed))
        return
    assert isinstance(key, rsa.RSAPublicKey)
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
    key.verify(signature, DIGEST, pss if scheme is SignatureScheme.RSASSA_PSS else padding.PKCS1v15(), hashed)


@pytest.mark.parametrize("reader_bytes", [0, 261, 600])
@pytest.mark.parametrize(("name", "card_type"), KINDS.items())
def test_cards_are_recognised_at_readers_of_any_width(
    drawer: Drawer, name: str, card_type: CardType, reader_bytes: int
) -> None:
    assert drawer.insert(name, reader_bytes=reader_bytes).card.type is card_type


def test_a_card_says_its_number_version_and_applications(drawer: Drawer) -> None:
    slot = drawer.insert("hba-adler")
    master = MasterFile(slot.card)
    assert master.iccsn() == "80276001011699900201"
    assert master.version().object_system.count(".") == 2
    assert master.applications()[0] == bytes.fromhex("D27600014601")
    assert bytes.fromhex("D27600006601") in master.applications()


@pytest.mark.parametrize("reader_bytes", [0, 261, 600])
def test_certificates_are_the_same_through_every_reader(drawer: Drawer, reader_bytes: int) -> None:
    slot = drawer.insert("smcb-m1", reader_bytes=reader_bytes)
    session = Esign(slot.card)
    before = len(slot.commands)
    found = session.certificate(AUT, ECC)
    expected = drawer.simulation.chips.of_card("smcb-m1").transmit(bytes.fromhex("00B08600000000"))
    assert found == expected[:-2]
    assert x509.load_der_x509_certificate(found).version is x509.Version.v3
    pieces = len(slot.commands) - before
    assert pieces == (1 if reader_bytes == 0 else -(-len(found) // (256 if reader_bytes == 261 else 598)))


def test_each_reference_is_another_certificate(drawer: Drawer) -> None:
    session = Esign(drawer.insert("smcb-m1").card)
    found = {session.certificate(reference, ECC) for reference in (AUT, ENC, SIG)}
    assert len(found) == 3
    with pytest.raises(WorldError) as told:
        session.certificate(QES, ECC)
    assert told.value.failure.reason is Reason.CERTIFICATE_MISSING


def test_an_old_card_has_no_ecc_certificate(drawer: Drawer) -> None:
    session = Esign(drawer.insert("smcb-old").card)
    assert session.certificate(AUT, RSA)
    with pytest.raises(WorldError) as told:
        session.certificate(AUT, ECC)
    assert told.value.failure.reason is Reason.CERTIFICATE_RSA_ONLY


@pytest.mark.parametrize("reader_bytes", [0, 261])
@pytest.mark.parametrize(("reference", "scheme"), [(AUT, SignatureScheme.ECDSA_RAW), (SIG, SignatureScheme.ECDSA_DER)])
def test_an_smc_b_signs_with_ecdsa(
    drawer: Drawer, reference: CertificateReference, scheme: SignatureScheme, reader_bytes: int
) -> None:
    slot = drawer.insert("smcb-m1", reader_bytes=reader_bytes)
    unlock(slot, Pin.SMC, "135790")
    check(Esign(slot.card), reference, scheme)


@pytest.mark.parametrize(
    ("reference", "scheme"),
    [(AUT, SignatureScheme.RSASSA_PSS), (AUT, SignatureScheme.RSASSA_PKCS1_V1_5), (SIG, SignatureScheme.RSASSA_PSS)],
)
def test_an_old_smc_b_signs_with_rsa(drawer: Drawer, reference: CertificateReference, scheme: SignatureScheme) -> None:
    slot = drawer.insert("smcb-old")
    unlock(slot, Pin.SMC, "123123")
    check(Esign(slot.card), reference, scheme)


def test_without_its_pin_a_card_signs_nothing(drawer: Drawer) -> None:
    session = Esign(drawer.insert("smcb-m1").card)
    with pytest.raises(WorldError) as told:
        session.sign(AUT, SignatureScheme.ECDSA_RAW, DIGEST)
    assert told.value.failure.reason is Reason.PIN_NOT_VERIFIED
    assert drawer.simulation.practice.counts.cards["smcb-m1"].authentications == 0


def test_a_hash_that_fits_no_scheme_never_reaches_the_card(drawer: Drawer) -> None:
    slot = drawer.insert("smcb-m1")
    session = Esign(slot.card)
    before = len(slot.commands)
    for reference, digest in ((AUT, DIGEST[:-1]), (ENC, DIGEST)):
        with pytest.raises(WorldError) as told:
            session.sign(reference, SignatureScheme.ECDSA_RAW, digest)
        assert not told.value.sent
    assert len(slot.commands) == before


def test_a_qualified_signature_needs_pin_qes_and_its_application(drawer: Drawer) -> None:
    slot = drawer.insert("hba-adler")
    with pytest.raises(WorldError) as told:
        Qes(slot.card).sign(QES, SignatureScheme.ECDSA_RAW, DIGEST)
    assert told.value.failure.reason is Reason.PIN_NOT_VERIFIED
    unlock(slot, Pin.QES, "445566")
    check(Qes(slot.card), QES, SignatureScheme.ECDSA_RAW)


def test_a_doctor_authenticates_with_pin_ch(drawer: Drawer) -> None:
    slot = drawer.insert("hba-adler")
    unlock(slot, Pin.CH, "112233")
    check(Esign(slot.card), AUT, SignatureScheme.ECDSA_RAW)


def test_a_terminal_s_card_shows_its_certificate(drawer: Drawer) -> None:
    slot = drawer.terminal("kt-empfang")
    assert slot.card.type is CardType.SMC_KT
    assert x509.load_der_x509_certificate(Kt(slot.card).certificate(AUT, ECC)).version is x509.Version.v3


@pytest.mark.parametrize("reader_bytes", [0, 261])
def test_insurance_data_is_read_and_decoded(drawer: Drawer, reader_bytes: int) -> None:
    session = Hca(drawer.insert("egk-muster", reader_bytes=reader_bytes).card)
    found = session.containers()
    assert vsd.read_person(found[ContainerKind.PERSONAL]).insured_id == "X000000012"
    assert vsd.read_insurance(found[ContainerKind.INSURANCE]).insurer.number
    assert ContainerKind.PROTECTED not in found, "protected data take a practice card's role"
    assert session.status().version.count(".") == 2


def test_a_kvk_is_read(drawer: Drawer) -> None:
    person, _ = kvk.read_template(Kvk(drawer.insert("kvk-mueller").card).template())
    assert person.family_name == "Müller"


def test_sessions_open_only_where_their_application_lies(drawer: Drawer) -> None:
    slots = {name: drawer.insert(name) for name in ("smcb-m1", "hba-adler", "egk-muster", "kvk-mueller")}
    wrong = {Qes: ("smcb-m1", "egk-muster"), Hca: ("hba-adler", "kvk-mueller"), Hpa: ("smcb-m1",), Kt: ("smcb-m1",)}
    wrong |= {Kvk: ("egk-muster",), Esign: ("kvk-mueller",)}
    for session, names in wrong.items():
        for name in names:
            with pytest.raises(WorldError) as told:
                session(slots[name].card)
            assert told.value.failure.reason is Reason.CARD_TYPE_WRONG
    assert isinstance(Hpa(slots["hba-adler"].card).data(), bytes)
