"""PAdES: the document at the start, one new signature, everything covered; nothing hidden, cut or added."""

import re
from pathlib import Path

import pytest

from firmware_sim.pki import CardKeys
from firmware_sim.signing import make_pdf, sign_pades
from kartenwart.adapters.signatures import MathSignatureChecker
from kartenwart.domain.documents import SignatureFormat
from kartenwart.domain.failures import Reason, WorldError
from tests.unit.adapters.signatures.openssl import Signer

CONTENTS = re.compile(rb"/Contents\s*<([0-9A-Fa-f]+)>")


async def check(document: bytes, signed: bytes, certificate: bytes) -> None:
    await MathSignatureChecker().check(SignatureFormat.PADES, document, signed, certificate)


async def refused(document: bytes, signed: bytes, certificate: bytes) -> None:
    with pytest.raises(WorldError) as caught:
        await check(document, signed, certificate)
    assert caught.value.failure.reason is Reason.SIGNATURE_INVALID
    assert caught.value.sent


@pytest.fixture(scope="session")
def signed(hba: CardKeys, letter: bytes) -> bytes:
    return sign_pades(hba, "C.QES", letter)


@pytest.fixture(scope="session")
def qes(hba: CardKeys) -> bytes:
    return hba.certificate("C.QES")


def with_contents(signed: bytes, contents: bytes) -> bytes:
    """The PDF with other bytes in the place of the signature, filled up with zeros."""
    found = list(CONTENTS.finditer(signed))[-1]
    room = found.end(1) - found.start(1)
    assert len(contents) * 2 <= room
    return signed[: found.start(1)] + contents.hex().encode().ljust(room, b"0") + signed[found.end(1) :]


@pytest.mark.parametrize("kind", ["pdfa1", "pdfa2", "pdfa3", "plain"])
@pytest.mark.parametrize("card", ["hba", "other_hba"])
async def test_the_simulators_signatures_are_accepted(request: pytest.FixtureRequest, card: str, kind: str) -> None:
    keys: CardKeys = request.getfixturevalue(card)
    document = make_pdf(kind)  # type: ignore[arg-type]
    await check(document, sign_pades(keys, "C.QES", document), keys.certificate("C.QES"))


async def test_a_second_signature_is_accepted_on_its_own(
    letter: bytes, signed: bytes, qes: bytes, smcb: CardKeys
) -> None:
    twice = sign_pades(smcb, "C.SIG", signed)
    await check(signed, twice, smcb.certificate("C.SIG"))
    await refused(signed, twice, qes)
    await refused(letter, twice, qes)
    await refused(letter, twice, smcb.certificate("C.SIG"))


async def test_another_card_is_refused(letter: bytes, signed: bytes, hba: CardKeys, other_hba: CardKeys) -> None:
    await refused(letter, signed, hba.certificate("C.AUT"))
    await refused(letter, signed, other_hba.certificate("C.QES"))


async def test_another_document_is_refused(signed: bytes, qes: bytes) -> None:
    await refused(make_pdf("pdfa1"), signed, qes)
    await refused(b"", signed, qes)


async def test_a_document_that_comes_back_unsigned_is_refused(letter: bytes, signed: bytes, qes: bytes) -> None:
    await refused(letter, letter, qes)
    await refused(letter, letter + b"\n", qes)
    await refused(signed, signed, qes)


async def test_a_changed_byte_anywhere_is_refused(letter: bytes, signed: bytes, qes: bytes) -> None:
    found = list(CONTENTS.finditer(signed))[-1]
    places = [*range(len(letter), found.start(), 40), *range(found.end(), len(signed), 20), 20, len(letter) - 10]
    for place in places:
        changed = bytearray(signed)
        changed[place] ^= 0x01
        await refused(letter, bytes(changed), qes)


async def test_something_behind_the_signature_is_refused(letter: bytes, signed: bytes, qes: bytes) -> None:
    await refused(letter, signed + b"\n", qes)
    await refused(letter, signed + b"\n% a comment\n", qes)
    await refused(letter, signed[:-1], qes)


async def test_something_beside_the_signature_is_refused(letter: bytes, signed: bytes, qes: bytes) -> None:
    found = list(CONTENTS.finditer(signed))[-1]
    hidden = b">/Hidden(not covered)"
    changed = signed[: found.end(1) + 1 - len(hidden)] + hidden + signed[found.end(1) + 1 :]
    assert len(changed) == len(signed)
    await refused(letter, changed, qes)


async def test_something_in_the_padding_is_refused(letter: bytes, signed: bytes, qes: bytes) -> None:
    found = list(CONTENTS.finditer(signed))[-1]
    assert signed[found.end(1) - 2 : found.end(1)] == b"00"
    await refused(letter, signed[: found.end(1) - 2] + b"01" + signed[found.end(1) :], qes)


async def test_openssls_signature_in_a_pdf_is_accepted(letter: bytes, signed: bytes, qes: bytes, folder: Path) -> None:
    found = list(CONTENTS.finditer(signed))[-1]
    covered = signed[: found.start(1) - 1] + signed[found.end(1) + 1 :]
    signer = Signer.new(folder, "brainpoolP256r1")
    changed = with_contents(signed, signer.sign(covered, "-cades"))
    await check(letter, changed, signer.der)
    await refused(letter, changed, qes)


async def test_an_enclosed_content_is_refused(letter: bytes, signed: bytes, folder: Path) -> None:
    found = list(CONTENTS.finditer(signed))[-1]
    covered = signed[: found.start(1) - 1] + signed[found.end(1) + 1 :]
    signer = Signer.new(folder, "P-256")
    await refused(letter, with_contents(signed, signer.sign(b"else", "-cades", "-nodetach")), signer.der)
    await refused(letter, with_contents(signed, signer.sign(covered[:-1], "-cades")), signer.der)
    await refused(letter, with_contents(signed, b""), signer.der)
