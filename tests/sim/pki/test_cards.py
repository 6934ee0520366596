"""What a card's certificates say."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID, NameOID, ObjectIdentifier

from firmware_sim.pki import CardKeys, Pki
from firmware_sim.pki.profiles import CARDS

REFS = [(kind, ref) for kind, profile in CARDS.items() for ref in profile.certificates]


def certificate(card: CardKeys, ref: str) -> x509.Certificate:
    return x509.load_der_x509_certificate(card.certificate(ref))


def text(name: x509.Name, oid: ObjectIdentifier) -> list[str]:
    return [str(attribute.value) for attribute in name.get_attributes_for_oid(oid)]


@pytest.mark.parametrize(
    ("kind", "refs"),
    [
        ("hba", {"C.AUT", "C.ENC", "C.QES"}),
        ("smcb", {"C.AUT", "C.ENC", "C.SIG"}),
        ("egk", {"C.AUT", "C.ENC"}),
        ("gsmckt", {"C.AUT"}),
        ("gsmck", {"C.AUT"}),
    ],
)
def test_each_kind_of_card_has_its_certificates_and_no_others(
    cards: dict[str, CardKeys], kind: str, refs: set[str]
) -> None:
    for ref in refs:
        card = cards[kind]
        assert certificate(card, ref).public_key() == card.private_key(ref).public_key()
    for ref in {"C.AUT", "C.ENC", "C.SIG", "C.QES", "C.XYZ"} - refs:
        for ask in (cards[kind].certificate, cards[kind].private_key, cards[kind].chain):
            with pytest.raises(KeyError):
                ask(ref)


@pytest.mark.parametrize(("kind", "ref"), REFS)
def test_every_certificate_is_signed_up_to_the_card_root(
    pki: Pki, cards: dict[str, CardKeys], kind: str, ref: str
) -> None:
    issuer_der, root_der = cards[kind].chain(ref)
    issuer, root = x509.load_der_x509_certificate(issuer_der), x509.load_der_x509_certificate(root_der)
    certificate(cards[kind], ref).verify_directly_issued_by(issuer)
    issuer.verify_directly_issued_by(root)
    assert root == x509.load_pem_x509_certificate(pki.card_root_pem.read_bytes())
    assert issuer in x509.load_pem_x509_certificates(pki.card_ca_pem.read_bytes())
    assert {issuer_der, root_der} <= set(cards[kind].chain_der)


@pytest.mark.parametrize(("kind", "ref"), REFS)
def test_every_certificate_is_ecdsa_with_sha256_on_brainpool_and_for_no_other_use(
    cards: dict[str, CardKeys], kind: str, ref: str
) -> None:
    found = certificate(cards[kind], ref)
    key = found.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.BrainpoolP256R1)
    assert isinstance(found.signature_hash_algorithm, hashes.SHA256)
    usage = found.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert not usage.value.key_cert_sign
    assert usage.value.content_commitment == (ref in {"C.QES", "C.SIG"})
    assert usage.value.key_agreement == (ref == "C.ENC" or (kind, ref) == ("hba", "C.AUT"))
    assert found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_a_card_of_the_old_generation_has_rsa_keys_only(pki: Pki) -> None:
    card = pki.issue_card("old", kind="smcb", holder="Praxis Alt", iccsn="80276001010000000011", key="rsa")
    assert card.crypt == "RSA"
    assert pki.issue_card("new", kind="smcb", holder="Praxis Neu", iccsn="80276001010000000012").crypt == "ECC"
    again = pki.issue_card("old", kind="smcb", holder="Praxis Alt", iccsn="80276001010000000011", key="rsa")
    for ref in ("C.AUT", "C.ENC", "C.SIG"):
        found = certificate(card, ref)
        assert isinstance(found.public_key(), rsa.RSAPublicKey)
        assert found.public_key() == again.private_key(ref).public_key()
        usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
        assert (usage.key_encipherment, usage.key_agreement) == (ref == "C.ENC", False)


@pytest.mark.parametrize(("kind", "ref"), REFS)
def test_every_certificate_is_marked_as_a_test(cards: dict[str, CardKeys], kind: str, ref: str) -> None:
    found = certificate(cards[kind], ref)
    assert "TEST-ONLY" in text(found.subject, NameOID.COMMON_NAME)[0]
    assert "TEST-ONLY" in text(found.issuer, NameOID.COMMON_NAME)[0]
    assert "NOT-VALID" in text(found.issuer, NameOID.ORGANIZATION_NAME)[0]


@pytest.mark.parametrize(
    ("kind", "profession", "words", "registration"),
    [
        ("hba", "1.2.276.0.76.4.30", "Ärztin/Arzt", "1-HBA-Test-1"),
        ("smcb", "1.2.276.0.76.4.50", "Betriebsstätte Arzt", "1-SMC-B-Test-2"),
        ("egk", "1.2.276.0.76.4.49", "Versicherte/-r", None),
        ("gsmckt", "1.2.276.0.76.4.105", "Kartenterminal", None),
    ],
)
def test_the_admission_names_profession_and_telematik_id(
    cards: dict[str, CardKeys], kind: str, profession: str, words: str, registration: str | None
) -> None:
    for ref in cards[kind].certificates:
        admissions = certificate(cards[kind], ref).extensions.get_extension_for_class(x509.Admissions).value
        (admission,) = admissions
        (info,) = admission.profession_infos
        assert info.profession_items == [words]
        assert info.profession_oids == [ObjectIdentifier(profession)]
        assert info.registration_number == registration


def test_another_profession_replaces_the_usual_one(pki: Pki) -> None:
    card = pki.issue_card(
        "dentist", kind="hba", holder="Dr. Zahn", iccsn="80276001010000000009", profession="1.2.276.0.76.4.31"
    )
    (admission,) = certificate(card, "C.QES").extensions.get_extension_for_class(x509.Admissions).value
    assert admission.profession_infos[0].profession_items == ["Zahnärztin/Zahnarzt"]
    assert admission.profession_infos[0].profession_oids == [ObjectIdentifier("1.2.276.0.76.4.31")]


def test_only_the_qes_certificate_states_that_it_is_qualified(cards: dict[str, CardKeys]) -> None:
    statements = ObjectIdentifier("1.3.6.1.5.5.7.1.3")
    qualified = {
        (kind, ref)
        for kind, ref in REFS
        if any(extension.oid == statements for extension in certificate(cards[kind], ref).extensions)
    }
    assert qualified == {("hba", "C.QES")}
    issuers = {ref: certificate(cards["hba"], ref).issuer for ref in ("C.QES", "C.AUT", "C.ENC")}
    assert issuers["C.QES"] != issuers["C.AUT"] == issuers["C.ENC"]


def test_no_extension_is_critical_that_openssl_does_not_know(cards: dict[str, CardKeys]) -> None:
    known = {ExtensionOID.KEY_USAGE, ExtensionOID.BASIC_CONSTRAINTS}
    for kind, ref in REFS:
        assert {e.oid for e in certificate(cards[kind], ref).extensions if e.critical} == known


def test_an_hba_names_its_holder_and_iccsn(cards: dict[str, CardKeys]) -> None:
    subject = certificate(cards["hba"], "C.QES").subject
    assert text(subject, NameOID.COMMON_NAME) == ["Dr. med. Anna Maria Beispiel TEST-ONLY"]
    assert text(subject, NameOID.GIVEN_NAME) == ["Anna Maria"]
    assert text(subject, NameOID.SURNAME) == ["Beispiel"]
    assert text(subject, NameOID.SERIAL_NUMBER) == ["00.80276001010000000001"]


def test_an_egk_carries_the_kvnr_and_an_smcb_the_practice(cards: dict[str, CardKeys]) -> None:
    assert "X000000001" in text(certificate(cards["egk"], "C.AUT").subject, NameOID.ORGANIZATIONAL_UNIT_NAME)
    practice = certificate(cards["smcb"], "C.SIG").subject
    assert text(practice, NameOID.ORGANIZATION_NAME) == ["Praxis am Markt NOT-VALID"]


def test_a_long_name_is_shortened_but_keeps_its_marker(pki: Pki) -> None:
    card = pki.issue_card("long", kind="smcb", holder="Gemeinschaftspraxis " * 8, iccsn="80276001010000000005")
    (name,) = text(certificate(card, "C.AUT").subject, NameOID.COMMON_NAME)
    assert len(name) <= 64
    assert name.endswith("TEST-ONLY")


def test_a_name_of_one_word_still_makes_a_person(pki: Pki) -> None:
    card = pki.issue_card("one", kind="hba", holder="Beispiel", iccsn="80276001010000000006")
    assert text(certificate(card, "C.QES").subject, NameOID.SURNAME) == ["Beispiel"]


def test_a_card_may_be_on_p256(pki: Pki) -> None:
    card = pki.issue_card("p256", kind="hba", holder="Dr. P", iccsn="80276001010000000007", key="p256")
    for ref in card.certificates:
        key = card.private_key(ref)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        assert isinstance(key.curve, ec.SECP256R1)


@pytest.mark.parametrize(("days", "expired"), [(30, False), (0, False), (-1, True), (-400, True)])
def test_a_card_may_be_expired(pki: Pki, days: int, expired: bool) -> None:
    card = pki.issue_card(f"age-{days}", kind="smcb", holder="P", iccsn="80276001010000000008", valid_days=days)
    found = certificate(card, "C.AUT")
    assert (found.not_valid_after_utc < datetime.now(UTC)) is expired
    issuer = x509.load_der_x509_certificate(card.chain("C.AUT")[0])
    assert issuer.not_valid_before_utc <= found.not_valid_before_utc < found.not_valid_after_utc
    assert found.not_valid_before_utc <= datetime.now(UTC) - timedelta(days=1), "a reader's clock may be behind"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"kind": "kvk"}, "card kind"),
        ({"holder": " "}, "holder"),
        ({"iccsn": "8027600101"}, "20 digits"),
        ({"iccsn": "٨" * 20}, "20 digits"),
        ({"kind": "egk"}, "kvnr"),
        ({"telematik_id": "1-Ärzte"}, "telematik_id"),
        ({"telematik_id": "1_2@3"}, "telematik_id"),
        ({"key": "dsa"}, "key kind"),
        ({"valid_days": 10**6}, "days"),
        ({"profession": "Arzt"}, "profession"),
        ({"profession": "1.2.276."}, "profession"),
    ],
)
def test_a_wrong_request_says_what_to_correct(pki: Pki, wrong: dict[str, object], words: str) -> None:
    request: dict[str, object] = {"kind": "hba", "holder": "Dr. A", "iccsn": "80276001010000000010"} | wrong
    with pytest.raises(ValueError, match=words):
        pki.issue_card("wrong", **request)  # type: ignore[arg-type]  # the test hands in what no type allows


def test_no_private_key_is_shown(cards: dict[str, CardKeys], pki: Pki) -> None:
    assert "PrivateKey" not in repr(cards["hba"]) + repr(pki)
