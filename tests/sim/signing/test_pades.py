"""PAdES-B-B: what openssl and pyhanko say of it, and that a PDF/A stays one."""

import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from firmware_sim.pki import CardKeys
from firmware_sim.signing import PdfKind, make_pdf, pdfa_part, sign_pades
from tests.sim.signing.extract_signature import extract

KINDS: list[PdfKind] = ["pdfa1", "pdfa2", "pdfa3", "plain"]
Verify = Callable[..., CompletedProcess[bytes]]


@pytest.mark.parametrize("kind", KINDS)
def test_openssl_accepts_the_extracted_signature(hba: CardKeys, openssl_verify: Verify, kind: PdfKind) -> None:
    content, signature = extract(sign_pades(hba, "C.QES", make_pdf(kind)))
    done = openssl_verify(signature, content=content)
    assert (done.returncode, done.stdout) == (0, content), done.stderr


def test_the_extraction_script_and_openssl_work_from_the_shell(
    hba: CardKeys, openssl_verify: Verify, tmp_path: Path
) -> None:
    (tmp_path / "signed.pdf").write_bytes(sign_pades(hba, "C.QES", make_pdf("pdfa2")))
    script = Path(__file__).with_name("extract_signature.py")
    names = [str(tmp_path / name) for name in ("signed.pdf", "out.bin", "out.der")]
    subprocess.run([sys.executable, str(script), *names], check=True, timeout=30)
    content, signature = (tmp_path / "out.bin").read_bytes(), (tmp_path / "out.der").read_bytes()
    assert openssl_verify(signature, "-purpose", "any", content=content).returncode == 0


def test_a_flipped_byte_of_the_document_is_refused(hba: CardKeys, openssl_verify: Verify) -> None:
    signed = bytearray(sign_pades(hba, "C.QES", make_pdf("pdfa2")))
    signed[1000] ^= 1
    content, signature = extract(bytes(signed))
    done = openssl_verify(signature, content=content)
    assert done.returncode != 0
    assert b"erification failure" in done.stderr


def test_an_smcb_signs_on_p256(smcb: CardKeys, openssl_verify: Verify) -> None:
    content, signature = extract(sign_pades(smcb, "C.SIG", make_pdf("pdfa1")))
    assert openssl_verify(signature, content=content).returncode == 0


def test_the_signature_covers_all_but_itself(hba: CardKeys) -> None:
    signed = sign_pades(hba, "C.QES", make_pdf("pdfa1"))
    content, signature = extract(signed)
    hexadecimal = signed.upper().count(signature.hex().upper().encode())
    assert hexadecimal == 1
    assert signed.startswith(content[:100])
    assert signed.endswith(content[-100:])


def test_the_original_stays_byte_for_byte(hba: CardKeys) -> None:
    pdf = make_pdf("pdfa1")
    assert sign_pades(hba, "C.QES", pdf).startswith(pdf)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_pyhanko_validates_it_whole(hba: CardKeys) -> None:
    issuer, root = (asn1_x509.Certificate.load(der) for der in hba.chain("C.QES"))
    (embedded,) = PdfFileReader(BytesIO(sign_pades(hba, "C.QES", make_pdf("pdfa2")))).embedded_signatures
    context = ValidationContext(trust_roots=[root], other_certs=[issuer], allow_fetching=False)
    status: Any = await async_validate_pdf_signature(embedded, signer_validation_context=context)
    assert status.bottom_line, status.pretty_print_details()
    assert status.coverage.name == "ENTIRE_FILE"
    assert status.signing_cert.dump() == hba.certificate("C.QES")


def test_it_is_pades_and_says_so(hba: CardKeys) -> None:
    signed = sign_pades(hba, "C.QES", make_pdf("pdfa1"))
    (embedded,) = PdfFileReader(BytesIO(signed)).embedded_signatures
    assert embedded.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    _, signature = extract(signed)
    content = cms.ContentInfo.load(signature, strict=True)["content"]
    (signer,) = content["signer_infos"]
    stated = {attribute["type"].native for attribute in signer["signed_attrs"]}
    # ETSI EN 319 142-1, 6.3: the time stands in the signature dictionary (/M) and not in the CMS.
    assert stated == {"content_type", "message_digest", "signing_certificate_v2"}
    assert content["encap_content_info"]["content"].native is None
    assert {choice.chosen.dump() for choice in content["certificates"]} == {
        hba.certificate("C.QES"),
        hba.chain("C.QES")[0],
    }


def xmp(reader: PdfReader) -> bytes | None:
    stream: Any = reader.root_object.get("/Metadata")
    return None if stream is None else stream.get_object().get_data()


@pytest.mark.parametrize(("kind", "part"), [("pdfa1", "1B"), ("pdfa2", "2B"), ("pdfa3", "3B"), ("plain", None)])
def test_a_pdfa_stays_what_it_was(hba: CardKeys, kind: PdfKind, part: str | None) -> None:
    before, after = (
        PdfReader(BytesIO(pdf), strict=True) for pdf in (make_pdf(kind), sign_pades(hba, "C.QES", make_pdf(kind)))
    )
    assert pdfa_part(sign_pades(hba, "C.QES", make_pdf(kind))) == part
    assert after.metadata == before.metadata
    assert xmp(after) == xmp(before)
    assert set(after.root_object) - set(before.root_object) == {"/AcroForm"}
    assert after.pages[0].extract_text() == before.pages[0].extract_text()


def test_the_widget_keeps_within_pdfa(hba: CardKeys) -> None:
    reader = PdfReader(BytesIO(sign_pades(hba, "C.QES", make_pdf("pdfa1"))), strict=True)
    annotations: Any = reader.pages[0]["/Annots"]
    (widget,) = (annotation.get_object() for annotation in annotations)
    assert widget["/F"] & 0b100, "print"
    assert not widget["/F"] & 0b100011, "invisible, hidden, no view"
    assert list(widget["/AP"]) == ["/N"]
    assert "/Group" not in widget["/AP"]["/N"].get_object()
    form: Any = reader.root_object["/AcroForm"]
    assert "/NeedAppearances" not in form


def test_a_document_can_be_signed_twice(hba: CardKeys, smcb: CardKeys, openssl_verify: Verify) -> None:
    once = sign_pades(hba, "C.QES", make_pdf("pdfa2"))
    twice = sign_pades(smcb, "C.SIG", once)
    for pdf in (once, twice[: len(once)], twice):
        content, signature = extract(pdf)
        assert openssl_verify(signature, content=content).returncode == 0
    names = [embedded.field_name for embedded in PdfFileReader(BytesIO(twice)).embedded_signatures]
    assert names == ["Signature1", "Signature2"]


async def test_it_works_inside_an_event_loop(hba: CardKeys) -> None:
    assert sign_pades(hba, "C.QES", make_pdf("pdfa1"))


@pytest.mark.parametrize(
    "document",
    [b"", b"%PDF-1.7\n", b"<html></html>", make_pdf("pdfa1")[:40_000]],
    ids=["empty", "header", "html", "cut"],
)
def test_what_is_no_whole_pdf_is_refused(hba: CardKeys, document: bytes) -> None:
    with pytest.raises(ValueError, match="hand in an intact"):
        sign_pades(hba, "C.QES", document)


def test_an_encrypted_pdf_is_refused(hba: CardKeys, encrypted_pdf: bytes) -> None:
    with pytest.raises(ValueError, match="it is encrypted"):
        sign_pades(hba, "C.QES", encrypted_pdf)


def test_a_missing_certificate_is_named(smcb: CardKeys) -> None:
    with pytest.raises(ValueError, match=r"C\.QES"):
        sign_pades(smcb, "C.QES", make_pdf("pdfa1"))
