"""Structures that are signed properly and wrong in one thing: each is refused for that thing."""

import cProfile
import hashlib
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import algos, tsp
from asn1crypto import cms as asn1_cms
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pypdf import PdfReader, PdfWriter

from firmware_sim.pki import CardKeys
from firmware_sim.signing import sign_cades, sign_pades
from kartenwart.adapters.signatures import cms, pades
from kartenwart.adapters.signatures.doubt import Doubt
from tests.unit.adapters.signatures import forge
from tests.unit.adapters.signatures.openssl import Signer

DOCUMENT = b"eArztbrief, fictional"
CONTENTS = re.compile(rb"/Contents\s*<([0-9A-Fa-f]+)>")


def check(keys: CardKeys, **wrong: Any) -> None:
    certificate = keys.certificate("C.QES")
    key = keys.private_key("C.QES")
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    structure = forge.sign(DOCUMENT, certificate, key, **wrong)
    cms.check_detached(structure, [DOCUMENT[:5], DOCUMENT[5:]], certificate)


def test_the_forger_can_sign_properly(hba: CardKeys) -> None:
    check(hba)
    check(hba, digest="sha512")


def test_an_attribute_that_stands_twice(hba: CardKeys) -> None:
    with pytest.raises(Doubt, match="twice"):
        check(hba, attributes=lambda signed: signed.append(signed[2].copy()))


@pytest.mark.parametrize("place", [0, 2])
def test_an_attribute_with_two_values_or_none(hba: CardKeys, place: int) -> None:
    def twice(signed: Any) -> None:
        signed[place]["values"].append(signed[place]["values"][0].copy())

    with pytest.raises(Doubt, match="not exactly one"):
        check(hba, attributes=twice)
    with pytest.raises(Doubt, match="not exactly one"):
        check(hba, attributes=lambda signed: signed.pop(place))


def test_no_hash_of_the_certificate(hba: CardKeys) -> None:
    with pytest.raises(Doubt, match="signing_certificate"):
        check(hba, attributes=lambda signed: signed.pop())


def test_a_weak_hash_of_the_document(hba: CardKeys) -> None:
    with pytest.raises(Doubt, match="hash that is not accepted"):
        check(hba, digest="sha1")


def test_the_hash_of_another_certificate(hba: CardKeys, other_hba: CardKeys) -> None:
    other = hashlib.sha256(other_hba.certificate("C.QES")).digest()

    def exchange(signed: Any) -> None:
        signed[3]["values"][0]["certs"][0]["cert_hash"] = other

    with pytest.raises(Doubt, match="another's"):
        check(hba, attributes=exchange)


def test_the_older_form_of_the_certificates_hash_is_accepted(hba: CardKeys) -> None:
    def of(hash_: bytes) -> Any:
        value = tsp.SigningCertificate({"certs": [{"cert_hash": hash_}]})
        return asn1_cms.CMSAttribute({"type": "signing_certificate", "values": [value]})

    own = hashlib.sha1(hba.certificate("C.QES"), usedforsecurity=False).digest()
    check(hba, attributes=lambda signed: signed.__setitem__(3, of(own)))
    with pytest.raises(Doubt, match="another's"):
        check(hba, attributes=lambda signed: signed.__setitem__(3, of(bytes(20))))


def test_attributes_sent_in_ber_are_accepted_when_their_der_is_signed(hba: CardKeys) -> None:
    check(hba, indefinite=True)


def test_attributes_are_checked_in_the_order_in_which_they_came(hba: CardKeys) -> None:
    check(hba, reverse=True)


def test_a_check_is_no_more_work_than_it_has_to_be(hba: CardKeys) -> None:
    """Counted in calls, which no load of the machine changes; about 1,200, and 30,000 where all is written anew."""
    certificate, signed = hba.certificate("C.QES"), sign_cades(hba, "C.QES", DOCUMENT, True)
    cms.check_detached(signed, [DOCUMENT], certificate)
    with cProfile.Profile() as profile:
        cms.check_detached(signed, [DOCUMENT], certificate)
    assert sum(one.callcount for one in profile.getstats()) < 5_000


def test_an_algorithm_that_does_not_fit_the_key(hba: CardKeys) -> None:
    def rename(signer: Any) -> None:
        signer["signature_algorithm"] = algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"})

    with pytest.raises(Doubt, match="does not fit the key"):
        check(hba, signer=rename)


def test_a_weak_hash_in_the_signature(hba: CardKeys) -> None:
    def rename(signer: Any) -> None:
        signer["signature_algorithm"] = algos.SignedDigestAlgorithm({"algorithm": "sha1_ecdsa"})

    with pytest.raises(Doubt, match="hash that is not accepted"):
        check(hba, signer=rename)


def test_something_that_is_no_signature(hba: CardKeys) -> None:
    other = asn1_cms.ContentInfo({"content_type": "data", "content": DOCUMENT})
    with pytest.raises(Doubt, match="not signed data"):
        cms.check_detached(other.dump(), [DOCUMENT], hba.certificate("C.QES"))


def test_no_attributes(folder: Path) -> None:
    signer = Signer.new(folder, "P-256")
    with pytest.raises(Doubt, match="no signed attributes"):
        cms.check_detached(signer.sign(DOCUMENT, "-noattr"), [DOCUMENT], signer.der)


@pytest.fixture(scope="module")
def signed(hba: CardKeys, letter: bytes) -> bytes:
    return sign_pades(hba, "C.QES", letter)


def place_of_contents(pdf: bytes) -> tuple[int, int]:
    found = list(CONTENTS.finditer(pdf))[-1]
    return found.start(1), found.end(1)


def signed_anew(pdf: bytes, signer: Signer) -> bytes:
    """The PDF with a signature over everything else, whatever its dictionary says."""
    start, end = place_of_contents(pdf)
    structure = signer.sign(pdf[: start - 1] + pdf[end + 1 :], "-cades")
    return pdf[:start] + structure.hex().encode().ljust(end - start, b"0") + pdf[end:]


def fields_of(writer: Any) -> Any:
    return writer.root["/AcroForm"]["/Fields"]


def written(writer: Any) -> bytes:
    target = BytesIO()
    writer.write(target)
    return target.getvalue()


def test_a_byte_range_that_ends_too_early(letter: bytes, signed: bytes, folder: Path) -> None:
    signer = Signer.new(folder, "P-256")
    contents, covered = pades.new_signature(letter, signed_anew(signed, signer))
    cms.check_detached(cms.without_padding(contents), covered, signer.der)
    with pytest.raises(Doubt, match="does not cover"):
        pades.new_signature(letter, signed_anew(signed + b"\n% behind\n", signer))


def test_a_form_that_others_read_differently(letter: bytes, signed: bytes, folder: Path) -> None:
    changed = signed.replace(b"/ETSI.CAdES.detached", b"/adbe.pkcs7.sha1    ")
    with pytest.raises(Doubt, match="form of signature"):
        pades.new_signature(letter, signed_anew(changed, Signer.new(folder, "P-256")))


def test_two_signatures_at_once(letter: bytes, signed: bytes, smcb: CardKeys) -> None:
    with pytest.raises(Doubt, match="not exactly one signature"):
        pades.new_signature(letter, sign_pades(smcb, "C.SIG", signed))


def test_an_earlier_signature_that_is_changed(signed: bytes, smcb: CardKeys) -> None:
    pades.new_signature(signed, sign_pades(smcb, "C.SIG", signed))
    writer = IncrementalPdfFileWriter(BytesIO(signed))
    signature = fields_of(writer)[0]["/V"]
    signature["/SubFilter"] = generic.NameObject("/adbe.pkcs7.detached")
    writer.mark_update(fields_of(writer)[0].raw_get("/V"))
    with pytest.raises(Doubt, match="earlier signature"):
        pades.new_signature(signed, sign_pades(smcb, "C.SIG", written(writer)))


def test_an_earlier_signature_that_is_gone(signed: bytes, smcb: CardKeys) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(signed))
    fields_of(writer).clear()
    writer.update_container(fields_of(writer))
    with pytest.raises(Doubt, match="earlier signature"):
        pades.new_signature(signed, sign_pades(smcb, "C.SIG", written(writer)))


def test_two_fields_of_one_name(signed: bytes) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(signed))
    fields = fields_of(writer)
    again: Any = generic.DictionaryObject
    fields.append(writer.add_object(again(dict(fields[0].items()))))
    writer.update_container(fields)
    with pytest.raises(Doubt, match="one name"):
        pades.new_signature(signed, written(writer))


def test_an_encrypted_document(letter: bytes) -> None:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(letter)))
    writer.encrypt("", algorithm="RC4-128")
    target = BytesIO()
    writer.write(target)
    with pytest.raises(Doubt, match="encrypted"):
        pades.new_signature(target.getvalue(), target.getvalue() + b"\n")
