"""CAdES: what openssl and the simulator sign is accepted, and nothing that is not wholly right."""

import asyncio
from pathlib import Path

import pytest
from asn1crypto import cms as asn1_cms
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.pki import CardKeys
from firmware_sim.signing import sign_cades
from kartenwart.adapters.signatures import MathSignatureChecker
from kartenwart.domain.documents import SignatureFormat
from kartenwart.domain.failures import Reason, WorldError
from tests.unit.adapters.signatures.openssl import Signer

DETACHED, ENVELOPING = SignatureFormat.CADES_DETACHED, SignatureFormat.CADES_ENVELOPING
DOCUMENT = b"eArztbrief, fictional\n" * 10


@pytest.fixture(scope="module")
def enclosing(hba: CardKeys) -> bytes:
    return sign_cades(hba, "C.QES", DOCUMENT, False)


async def check(form: SignatureFormat, document: bytes, signed: bytes, certificate: bytes) -> None:
    await MathSignatureChecker().check(form, document, signed, certificate)


async def refused(form: SignatureFormat, document: bytes, signed: bytes, certificate: bytes) -> None:
    with pytest.raises(WorldError) as caught:
        await check(form, document, signed, certificate)
    assert caught.value.failure.reason is Reason.SIGNATURE_INVALID
    assert caught.value.sent


@pytest.mark.parametrize(("form", "detached"), [(DETACHED, True), (ENVELOPING, False)])
@pytest.mark.parametrize("card", ["hba", "other_hba"])
async def test_the_simulators_signatures_are_accepted(
    request: pytest.FixtureRequest, card: str, form: SignatureFormat, detached: bool
) -> None:
    keys: CardKeys = request.getfixturevalue(card)
    signed = sign_cades(keys, "C.QES", DOCUMENT, detached)
    await check(form, DOCUMENT, signed, keys.certificate("C.QES"))
    await refused(form, DOCUMENT + b" ", signed, keys.certificate("C.QES"))
    await refused(form, DOCUMENT, signed, keys.certificate("C.AUT"))
    await refused(ENVELOPING if detached else DETACHED, DOCUMENT, signed, keys.certificate("C.QES"))


@pytest.mark.parametrize("options", [[], ["-nodetach"], ["-nodetach", "-stream"], ["-keyid"]], ids=str)
@pytest.mark.parametrize("kind", ["P-256", "brainpoolP256r1", "RSA-2048"])
async def test_openssls_signatures_are_accepted(folder: Path, kind: str, options: list[str]) -> None:
    signer = Signer.new(folder, kind)
    form = ENVELOPING if "-nodetach" in options else DETACHED
    for digest in ("sha256", "sha512"):
        signed = signer.sign(DOCUMENT, "-cades", *options, digest=digest)
        await check(form, DOCUMENT, signed, signer.der)
        await refused(form, DOCUMENT[:-1], signed, signer.der)


@pytest.mark.parametrize("salt", ["-1", "0", "32"])
async def test_rsa_pss_is_accepted(folder: Path, salt: str) -> None:
    signer = Signer.new(folder, "RSA-2048")
    options = ["-keyopt", "rsa_padding_mode:pss", "-keyopt", f"rsa_pss_saltlen:{salt}"]
    signed = signer.sign(DOCUMENT, "-cades", *options)
    await check(DETACHED, DOCUMENT, signed, signer.der)
    await refused(DETACHED, b"another", signed, signer.der)


@pytest.mark.parametrize(
    ("kind", "digest", "options"),
    [
        ("P-256", "sha256", []),
        ("P-256", "sha256", ["-noattr"]),
        ("P-256", "sha256", ["-cades", "-nocerts"]),
        ("P-256", "sha1", ["-cades"]),
        ("P-256", "sha256", ["-cades", "-econtent_type", "1.2.3.4"]),
        ("RSA-1024", "sha256", ["-cades"]),
        ("secp256k1", "sha256", ["-cades"]),
        ("RSA-2048", "sha256", ["-cades", "-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_mgf1_md:sha1"]),
    ],
    ids=[
        "no CAdES",
        "no attributes",
        "no certificate",
        "SHA-1",
        "other type",
        "short key",
        "other curve",
        "MGF1 SHA-1",
    ],
)
async def test_weak_or_incomplete_signatures_are_refused(
    folder: Path, kind: str, digest: str, options: list[str]
) -> None:
    signer = Signer.new(folder, kind)
    await refused(DETACHED, DOCUMENT, signer.sign(DOCUMENT, *options, digest=digest), signer.der)


async def test_another_certificate_for_the_same_key_is_refused(folder: Path) -> None:
    signer = Signer.new(folder, "P-256")
    other = signer.again("other")
    signed = signer.sign(DOCUMENT, "-cades", "-certfile", str(other.certificate))
    await check(DETACHED, DOCUMENT, signed, signer.der)
    await refused(DETACHED, DOCUMENT, signed, other.der)


async def test_two_signers_are_refused(folder: Path) -> None:
    one, two = Signer.new(folder, "P-256"), Signer.new(folder, "P-256", "two")
    signed = one.sign(DOCUMENT, "-cades", "-signer", str(two.certificate), "-inkey", str(two.key))
    await refused(DETACHED, DOCUMENT, signed, one.der)
    await refused(DETACHED, DOCUMENT, signed, two.der)


async def test_a_structure_without_a_signer_is_refused(folder: Path) -> None:
    signer = Signer.new(folder, "P-256")
    info = asn1_cms.ContentInfo.load(signer.sign(DOCUMENT, "-cades"))
    info["content"]["signer_infos"] = []
    await refused(DETACHED, DOCUMENT, info.dump(force=True), signer.der)


async def test_a_content_type_that_is_not_the_signed_one_is_refused(folder: Path) -> None:
    signer = Signer.new(folder, "P-256")
    for signed_type, shown_type in (("data", "1.2.3.4"), ("1.2.3.4", "data")):
        info = asn1_cms.ContentInfo.load(signer.sign(DOCUMENT, "-cades", "-econtent_type", signed_type))
        info["content"]["encap_content_info"]["content_type"] = shown_type
        await refused(DETACHED, DOCUMENT, info.dump(force=True), signer.der)


async def test_a_signer_named_as_another_is_refused(folder: Path) -> None:
    signer = Signer.new(folder, "P-256")
    by_number = asn1_cms.ContentInfo.load(signer.sign(DOCUMENT, "-cades"))
    by_number["content"]["signer_infos"][0]["sid"].chosen["serial_number"] = 4711
    await refused(DETACHED, DOCUMENT, by_number.dump(force=True), signer.der)
    by_key = signer.sign(DOCUMENT, "-cades", "-keyid")
    key_id = asn1_cms.ContentInfo.load(by_key)["content"]["signer_infos"][0]["sid"].native
    place = by_key.rindex(key_id)  # behind the certificate, which holds it too
    await check(DETACHED, DOCUMENT, by_key, signer.der)
    await refused(DETACHED, DOCUMENT, by_key[:place] + bytes(20) + by_key[place + 20 :], signer.der)


async def test_bytes_behind_the_structure_are_refused(folder: Path) -> None:
    signer = Signer.new(folder, "P-256")
    await refused(DETACHED, DOCUMENT, signer.sign(DOCUMENT, "-cades") + b"\0", signer.der)


async def test_an_attribute_that_stands_twice_is_refused(folder: Path) -> None:
    signer = Signer.new(folder, "P-256")
    info = asn1_cms.ContentInfo.load(signer.sign(DOCUMENT, "-cades"))
    attributes = info["content"]["signer_infos"][0]["signed_attrs"]
    attributes.append(attributes[0].copy())
    await refused(DETACHED, DOCUMENT, info.dump(force=True), signer.der)


async def test_a_changed_signature_is_refused(hba: CardKeys) -> None:
    signed = sign_cades(hba, "C.QES", DOCUMENT, True)
    signer = asn1_cms.ContentInfo.load(signed)["content"]["signer_infos"][0]
    for part in (signer["signature"].native, signer["signed_attrs"].contents):
        start = signed.index(part)
        for place in range(start, start + len(part), 7):
            changed = bytearray(signed)
            changed[place] ^= 0x01
            await refused(DETACHED, DOCUMENT, bytes(changed), hba.certificate("C.QES"))


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_answered_with_the_one_failure(data: st.DataObject, hba: CardKeys, enclosing: bytes) -> None:
    signed = bytearray(enclosing)
    if data.draw(st.booleans()):
        del signed[data.draw(st.integers(0, len(signed) - 1)) :]
    for _ in range(data.draw(st.integers(1, 3))):
        if signed:
            signed[data.draw(st.integers(0, len(signed) - 1))] = data.draw(st.integers(0, 255))
    try:
        asyncio.run(check(ENVELOPING, DOCUMENT, bytes(signed), hba.certificate("C.QES")))
    except WorldError as error:
        assert error.failure.reason is Reason.SIGNATURE_INVALID  # noqa: PT017  # some changes touch nothing signed


@given(garbage=st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_garbage_is_refused(garbage: bytes, hba: CardKeys) -> None:
    for form in SignatureFormat:
        asyncio.run(refused(form, garbage, garbage, hba.certificate("C.QES")))
        asyncio.run(refused(form, garbage, garbage, garbage))
