"""CAdES-B-B: what openssl says of it, and what stands in it."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from asn1crypto import cms, tsp, x509

from firmware_sim.pki import CardKeys, Pki
from firmware_sim.signing import sign_cades

DATA = b"Rezept\r\nmit Umbruch\n\x00und Null \xff"
Verify = Callable[..., CompletedProcess[bytes]]


def signed_data(der: bytes) -> Any:
    info = cms.ContentInfo.load(der, strict=True)
    assert info["content_type"].native == "signed_data"
    return info["content"]


def attributes(der: bytes) -> dict[str, Any]:
    (signer,) = signed_data(der)["signer_infos"]
    return {attribute["type"].native: attribute["values"] for attribute in signer["signed_attrs"]}


@pytest.mark.parametrize("options", [("-purpose", "any"), ()], ids=["any purpose", "default purpose"])
@pytest.mark.parametrize(("kind", "ref"), [("hba", "C.QES"), ("smcb", "C.SIG")])
def test_openssl_accepts_both_forms(
    request: pytest.FixtureRequest, openssl_verify: Verify, kind: str, ref: str, options: tuple[str, ...]
) -> None:
    card: CardKeys = request.getfixturevalue(kind)
    enveloping = openssl_verify(sign_cades(card, ref, DATA, detached=False), *options)
    assert (enveloping.returncode, enveloping.stdout) == (0, DATA), enveloping.stderr
    detached = openssl_verify(sign_cades(card, ref, DATA, detached=True), *options, content=DATA)
    assert (detached.returncode, detached.stdout) == (0, DATA), detached.stderr


def test_openssl_checks_it_as_cades(hba: CardKeys, openssl_verify: Verify) -> None:
    done = openssl_verify(sign_cades(hba, "C.QES", DATA, detached=False), "-cades")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("place", [0, len(DATA) // 2, -1])
def test_a_flipped_byte_of_the_data_is_refused(hba: CardKeys, openssl_verify: Verify, place: int) -> None:
    other = bytearray(DATA)
    other[place] ^= 1
    detached = sign_cades(hba, "C.QES", DATA, detached=True)
    assert openssl_verify(detached, content=bytes(other)).returncode != 0
    enveloping = sign_cades(hba, "C.QES", DATA, detached=False)
    assert enveloping.count(DATA) == 1
    assert openssl_verify(enveloping.replace(DATA, bytes(other))).returncode != 0


def test_a_flipped_byte_of_the_signature_is_refused(hba: CardKeys, openssl_verify: Verify) -> None:
    der = bytearray(sign_cades(hba, "C.QES", DATA, detached=True))
    der[-1] ^= 1
    done = openssl_verify(bytes(der), content=DATA)
    assert done.returncode != 0
    assert b"erification failure" in done.stderr


def test_another_practice_does_not_trust_it(hba: CardKeys, openssl_verify: Verify, tmp_path: Path) -> None:
    stranger = Pki.open(tmp_path / "other")
    done = openssl_verify(sign_cades(hba, "C.QES", DATA, detached=False), root=stranger.card_root_pem)
    assert b"unable to get local issuer certificate" in done.stderr or b"unable to get issuer" in done.stderr
    assert done.returncode != 0


def test_an_expired_card_signs_but_the_check_says_expired(pki: Pki, openssl_verify: Verify) -> None:
    old = pki.issue_card("old", kind="hba", holder="Dr. Alt", iccsn="80276001010000000003", valid_days=-3)
    signature = sign_cades(old, "C.QES", DATA, detached=False)
    assert b"expired" in openssl_verify(signature).stderr
    assert openssl_verify(signature, "-no_check_time").returncode == 0


@pytest.mark.parametrize("detached", [True, False])
def test_what_the_signature_states(hba: CardKeys, detached: bool) -> None:
    der = sign_cades(hba, "C.QES", DATA, detached=detached)
    content = signed_data(der)
    (signer,) = content["signer_infos"]
    assert signer["digest_algorithm"]["algorithm"].native == "sha256"
    assert signer["signature_algorithm"]["algorithm"].native == "sha256_ecdsa"
    assert content["encap_content_info"]["content"].native == (None if detached else DATA)
    stated = attributes(der)
    assert set(stated) == {"content_type", "message_digest", "signing_time", "signing_certificate_v2"}
    assert stated["content_type"].native == ["data"]
    assert stated["message_digest"].native == [hashlib.sha256(DATA).digest()]
    (time,) = stated["signing_time"].native
    assert timedelta(0) <= datetime.now(UTC) - time < timedelta(seconds=30)
    (reference,) = tsp.SigningCertificateV2.load(stated["signing_certificate_v2"][0].dump())["certs"]
    assert reference["cert_hash"].native == hashlib.sha256(hba.certificate("C.QES")).digest()


def test_certificate_and_issuer_are_included_but_not_the_root(hba: CardKeys) -> None:
    included = {
        choice.chosen.dump() for choice in signed_data(sign_cades(hba, "C.QES", DATA, detached=True))["certificates"]
    }
    issuer, root = hba.chain("C.QES")
    assert included == {hba.certificate("C.QES"), issuer}
    assert x509.Certificate.load(root).self_issued


def test_two_signatures_of_the_same_data_differ(hba: CardKeys) -> None:
    assert sign_cades(hba, "C.QES", DATA, detached=True) != sign_cades(hba, "C.QES", DATA, detached=True)


async def test_it_works_inside_an_event_loop(hba: CardKeys, openssl_verify: Verify) -> None:
    assert openssl_verify(sign_cades(hba, "C.QES", DATA, detached=False)).returncode == 0


@pytest.mark.parametrize("size", [0, 1, 5_000_000])
def test_any_size_is_signed(hba: CardKeys, openssl_verify: Verify, size: int) -> None:
    data = bytes(size)
    assert openssl_verify(sign_cades(hba, "C.QES", data, detached=True), content=data).returncode == 0


def test_a_missing_certificate_is_named(smcb: CardKeys) -> None:
    with pytest.raises(ValueError, match=r"C\.QES.*C\.SIG"):
        sign_cades(smcb, "C.QES", DATA, detached=True)
