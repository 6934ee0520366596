"""Signatures, authentications and decipherment: what a key demands, and that its certificate agrees."""

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

from firmware_sim.cos.chips import Chip
from firmware_sim.encryption import elc
from firmware_sim.simulation import Simulation
from tests.sim.cos.wire import ESIGN, QES, change, choose, read, select, send, sign, status, verify

DIGEST = hashlib.sha256(b"a letter").digest()
_HASHED = Prehashed(hashes.SHA256())
_PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)


def public_ec(chip: Chip, short: int) -> ec.EllipticCurvePublicKey:
    key = x509.load_der_x509_certificate(read(chip, short).data).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key


def public_rsa(chip: Chip, short: int) -> rsa.RSAPublicKey:
    key = x509.load_der_x509_certificate(read(chip, short).data).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    return key


def check(key: ec.EllipticCurvePublicKey, plain: bytes) -> None:
    assert len(plain) == 64
    r, s = (int.from_bytes(half, "big") for half in (plain[:32], plain[32:]))
    key.verify(encode_dss_signature(r, s), DIGEST, ec.ECDSA(_HASHED))


@pytest.mark.parametrize(("key", "short"), [(0x87, 0x07), (0x86, 0x06)])
def test_an_smcb_signs_when_its_pin_is_verified(practice: Simulation, key: int, short: int) -> None:
    chip = practice.chips.of_card("smcb-m1")
    select(chip, ESIGN)
    assert sign(chip, DIGEST).word == "6985", "no key chosen"
    assert choose(chip, "B6", key, 0x00) == "9000"
    assert sign(chip, DIGEST).word == "6982"
    assert verify(chip, "01", "135790") == "9000"
    reply = sign(chip, DIGEST)
    assert reply.word == "9000"
    check(public_ec(chip, short), reply.data)
    assert sign(chip, DIGEST[:-1]).word == "6A80"
    select(chip, ESIGN)
    assert sign(chip, DIGEST).word == "6985", "the choice is forgotten"
    counts = practice.practice.counts.cards["smcb-m1"]
    assert (counts.signatures, counts.authentications) == ((1, 0) if key == 0x87 else (0, 1))


def test_keys_and_algorithms_that_do_not_go_together(practice: Simulation) -> None:
    chip = practice.chips.of_card("smcb-m1")
    assert choose(chip, "B6", 0x87, 0x00) == "6A88", "the MF has no such key"
    select(chip, ESIGN)
    assert choose(chip, "B6", 0x87, 0x05) == "6A81"
    assert choose(chip, "A4", 0x86, 0x05) == "6A81"
    assert choose(chip, "B4", 0x86, 0x00) == "6A86"
    assert send(chip, "002241B603840187").word == "6A80"
    assert send(chip, "002241B6068401878001").word == "6700"
    assert send(chip, "002241B6058401878001").word == "6A80"
    assert choose(chip, "B6", 0x84, 0x05) == "9000"
    verify(chip, "01", "135790")
    assert sign(chip, DIGEST).word == "6400", "no RSA key on this card"


def test_a_signature_pin_is_good_for_250_signatures(practice: Simulation) -> None:
    chip = practice.chips.of_card("hba-adler")
    select(chip, QES)
    verify(chip, "81", "445566")
    choose(chip, "B6", 0x86, 0x00)
    made = [sign(chip, DIGEST).word for _ in range(251)]
    assert (made[:250], made[250]) == (["9000"] * 250, "6982")
    assert (status(chip, "81"), practice.practice.counts.cards["hba-adler"].signatures) == ("63C3", 250)
    verify(chip, "81", "445566")
    assert sign(chip, DIGEST).word == "9000"


def test_a_signature_pin_is_lost_with_its_application(practice: Simulation) -> None:
    chip = practice.chips.of_card("hba-adler")
    select(chip, QES)
    verify(chip, "81", "445566")
    assert (select(chip, QES), status(chip, "81")) == ("9000", "9000"), "the same folder again"
    select(chip, ESIGN)
    select(chip, QES)
    assert status(chip, "81") == "63C3"


def test_the_second_environment_needs_a_trusted_channel(practice: Simulation) -> None:
    chip = practice.chips.of_card("hba-adler")
    select(chip, QES)
    assert send(chip, "0022F302").word == "9000"
    assert verify(chip, "81", "445566") == "6982"
    assert choose(chip, "B6", 0x86, 0x00) == "6A81"
    assert send(chip, "0022F305").word == "6A81"
    select(chip)
    select(chip, QES)
    assert verify(chip, "81", "445566") == "9000", "a folder that was left is in its first environment again"


def test_pin_ch_opens_no_qualified_signature(practice: Simulation) -> None:
    chip = practice.chips.of_card("hba-adler")
    verify(chip, "01", "112233")
    select(chip, QES)
    choose(chip, "B6", 0x86, 0x00)
    assert sign(chip, DIGEST).word == "6982"


def test_rsa_keys_of_an_old_card(practice: Simulation) -> None:
    chip = practice.chips.of_card("smcb-old")
    select(chip, ESIGN)
    verify(chip, "01", "123123")
    choose(chip, "B6", 0x84, 0x05)
    public_rsa(chip, 0x10).verify(sign(chip, DIGEST).data, DIGEST, _PSS, _HASHED)
    choose(chip, "B6", 0x82, 0x02)
    digest_info = bytes.fromhex("3031300D060960864801650304020105000420") + DIGEST
    public_rsa(chip, 0x01).verify(sign(chip, digest_info).data, DIGEST, padding.PKCS1v15(), _HASHED)
    choose(chip, "A4", 0x82, 0x05)
    token = send(chip, f"00880000{len(digest_info):02X}{digest_info.hex()}00")
    public_rsa(chip, 0x01).verify(token.data, DIGEST, padding.PKCS1v15(), _HASHED)
    assert send(chip, f"0088000067{bytes(103).hex()}00").word == "6A80", "more than 40 % of the modulus"
    secret = b"a transport key"
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    cryptogram = b"\0" + public_rsa(chip, 0x02).encrypt(secret, oaep)
    choose(chip, "B8", 0x83, 0x85)
    command = f"002A8086000101{cryptogram.hex()}"
    assert send(chip, command + "0000") == (secret, "9000")
    assert send(chip, command[:-2] + f"{cryptogram[-1] ^ 1:02X}" + "0000").word == "6A80"
    choose(chip, "B6", 0x87, 0x00)
    assert (sign(chip, DIGEST).word, read(chip, 0x07).word) == ("6400", "6B00"), "the places for ECC are empty"


def test_decipherment_by_a_shared_secret(practice: Simulation) -> None:
    chip = practice.chips.of_card("smcb-m1")
    select(chip, ESIGN)
    secret = bytes(range(32))
    cryptogram = elc.wrap(secret, public_ec(chip, 0x05))
    command = f"002A8086{len(cryptogram):02X}{cryptogram.hex()}00"
    assert choose(chip, "B8", 0x85, 0x0B) == "9000"
    assert send(chip, command).word == "6982"
    verify(chip, "01", "135790")
    assert send(chip, command) == (secret, "9000")
    assert send(chip, f"002A80860401020304{'00'}").word == "6A80"


def test_an_egk_signs_for_the_insured_at_home(practice: Simulation) -> None:
    chip = practice.chips.of_card("egk-muster")
    select(chip, ESIGN)
    choose(chip, "B6", 0x84, 0x00)
    verify(chip, "01", "654321")
    assert sign(chip, DIGEST).word == "6982", "PIN.CH alone needs the role of a professional's card as well"
    verify(chip, "02", "654321")
    check(public_ec(chip, 0x04), sign(chip, DIGEST).data)


def test_the_card_of_a_terminal_signs_without_a_pin(practice: Simulation) -> None:
    chip = practice.chips.of_terminal("kt-empfang")
    assert select(chip, "D27600014400") == "9000"
    choose(chip, "B6", 0x86, 0x00)
    check(public_ec(chip, 0x04), sign(chip, DIGEST).data)


def test_a_fresh_card_signs_when_its_transport_pin_was_changed(practice: Simulation) -> None:
    chip = practice.chips.of_card("hba-fresh")
    select(chip, QES)
    choose(chip, "B6", 0x86, 0x00)
    change(chip, "81", "54321", "998877")
    assert sign(chip, DIGEST).word == "6982", "to change it is not to verify it"
    verify(chip, "81", "998877")
    assert sign(chip, DIGEST).word == "9000"
