"""XAdES: what the simulator signs is accepted, and nothing that is not wholly right."""

import asyncio
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from firmware_sim.pki import CardKeys
from firmware_sim.signing import sign_xades
from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.xmldsig import canonical_document, read_signature
from kartenwart.domain.documents import SignatureFormat
from tests.unit.adapters.signatures.test_cades import check, refused

ENVELOPED, ENVELOPING = SignatureFormat.XADES_ENVELOPED, SignatureFormat.XADES_ENVELOPING
DOCUMENT = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<b:letter xmlns:b="urn:b" xmlns:c="urn:c" Id="x">\n'
    b'  <!-- to whom --><c:to kind="1">K\xc3\xb6ln &amp; \xe2\x82\xac</c:to>\n'
    b"  <b:text>fictional</b:text>tail</b:letter>"
)
FORMS = [(ENVELOPED, "/*"), (ENVELOPED, "/*/*[2]"), (ENVELOPING, None)]


def signed(keys: CardKeys, place: str | None, document: bytes = DOCUMENT) -> bytes:
    return sign_xades(keys, "C.QES", document, place)


@pytest.mark.parametrize(("form", "place"), FORMS)
@pytest.mark.parametrize("card", ["hba", "other_hba"])
async def test_the_simulators_signatures_are_accepted(
    request: pytest.FixtureRequest, card: str, form: SignatureFormat, place: str | None
) -> None:
    keys: CardKeys = request.getfixturevalue(card)
    xml, certificate = signed(keys, place), keys.certificate("C.QES")
    await check(form, DOCUMENT, xml, certificate)
    await refused(form, DOCUMENT, xml, keys.certificate("C.AUT"))
    await refused(ENVELOPING if form is ENVELOPED else ENVELOPED, DOCUMENT, xml, certificate)


@pytest.mark.parametrize(("form", "place"), FORMS)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"fictional", b"fictionaL"),
        (b"to whom", b"to none"),  # a comment is not signed, and yet nobody may change it
        (b'kind="1"', b'kind="2"'),
        (b"tail", b"tails"),
        (b":DigestValue>", b":DigestValue>A"),
        (b"ecdsa-sha256", b"ecdsa-sha512"),
    ],
)
async def test_a_changed_document_or_signature_is_refused(
    hba: CardKeys, form: SignatureFormat, place: str | None, old: bytes, new: bytes
) -> None:
    xml = signed(hba, place)
    assert old in xml
    await refused(form, DOCUMENT, xml.replace(old, new), hba.certificate("C.QES"))
    if old in DOCUMENT:
        await refused(form, DOCUMENT.replace(old, new), xml, hba.certificate("C.QES"))


async def test_another_signature_of_the_same_card_does_not_serve(hba: CardKeys) -> None:
    other = signed(hba, "/*", b"<other/>")
    await refused(ENVELOPED, DOCUMENT, other, hba.certificate("C.QES"))


async def test_what_stands_beside_what_was_signed_is_refused(hba: CardKeys) -> None:
    """Signature wrapping: the signed element moves aside, another one takes its place."""
    certificate, xml = hba.certificate("C.QES"), signed(hba, None)
    holder = re.search(rb"<ds:Object Id=.*?</ds:Object>", xml, re.DOTALL)
    assert holder is not None
    forged = holder[0].replace(b"fictional", b"forged")
    forged_id = re.sub(rb'Id="object-[^"]*"', b'Id="other"', forged)
    for wrapped in (
        xml.replace(holder[0], forged + holder[0]),
        xml.replace(holder[0], holder[0] + forged),
        xml.replace(holder[0], forged_id + holder[0]),
    ):
        await refused(ENVELOPING, DOCUMENT.replace(b"fictional", b"forged"), wrapped, certificate)
    inside = signed(hba, "/*")
    signature = re.search(rb"<ds:Signature .*</ds:Signature>", inside, re.DOTALL)
    assert signature is not None
    twice = inside.replace(b"</b:letter>", signature[0] + b"</b:letter>")
    await refused(ENVELOPED, DOCUMENT, twice, certificate)


@pytest.mark.parametrize(
    "changed",
    [
        b"http://www.w3.org/TR/1999/REC-xpath-19991116",
        b"http://www.w3.org/TR/1999/REC-xslt-19991116",
        b"http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
    ],
)
async def test_transforms_that_nobody_needs_are_refused(hba: CardKeys, changed: bytes) -> None:
    xml = signed(hba, "/*").replace(b"http://www.w3.org/2001/10/xml-exc-c14n#", changed)
    await refused(ENVELOPED, DOCUMENT, xml, hba.certificate("C.QES"))


async def test_changed_properties_are_refused(hba: CardKeys) -> None:
    xml = signed(hba, "/*")
    assert b"SigningTime>20" in xml
    await refused(ENVELOPED, DOCUMENT, xml.replace(b"SigningTime>20", b"SigningTime>19"), hba.certificate("C.QES"))


def test_a_name_that_means_two_elements_and_a_second_transform_are_malformed(hba: CardKeys) -> None:
    xml = signed(hba, "/*")
    named = re.search(rb'Id="(properties-[^"]*)"', xml)
    assert named is not None
    transform = b'<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>'
    assert transform in xml
    read_signature(xml, enveloped=True)
    for wrong in (
        xml.replace(b' Id="x"', b' Id="' + named[1] + b'"'),
        xml.replace(transform, transform * 2),
        xml.replace(b'URI="#', b'URI="'),
    ):
        assert wrong != xml
        with pytest.raises(MalformedError):
            read_signature(wrong, enveloped=True)


async def test_entities_and_document_types_are_refused(hba: CardKeys) -> None:
    typed = b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'
    with pytest.raises(MalformedError):
        canonical_document(typed)
    xml = signed(hba, "/*")
    await refused(ENVELOPED, DOCUMENT, xml.replace(b"<b:letter", b"<!DOCTYPE b><b:letter", 1), hba.certificate("C.QES"))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_broken_byte_is_accepted_where_something_is_signed(hba: CardKeys, data: st.DataObject) -> None:
    xml = signed(hba, "/*")
    part = re.search(rb"<ds:SignedInfo.*</ds:SignatureValue>", xml, re.DOTALL)
    assert part is not None
    at = data.draw(st.integers(part.start() + len("<ds:SignedInfo"), part.end() - 1))
    broken = xml[:at] + bytes([xml[at] ^ data.draw(st.sampled_from([1, 2, 64]))]) + xml[at + 1 :]
    asyncio.run(refused(ENVELOPED, DOCUMENT, broken, hba.certificate("C.QES")))


@settings(deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_a_signature_or_malformed(noise: bytes, enveloped: bool) -> None:
    for xml in (noise, b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">' + noise + b"</ds:Signature>"):
        with pytest.raises(MalformedError):
            read_signature(xml, enveloped=enveloped)


def test_the_canonical_form_is_that_of_the_library_with_comments() -> None:
    assert b"<!-- to whom -->" in canonical_document(DOCUMENT)
    root = etree.fromstring(DOCUMENT)
    assert canonical_document(DOCUMENT) == etree.tostring(root, method="c14n", exclusive=True, with_comments=True)


@pytest.mark.parametrize(("form", "place"), [(ENVELOPED, "/*"), (ENVELOPING, None)])
async def test_a_document_that_is_signed_already_is_signed_once_more(
    hba: CardKeys, other_hba: CardKeys, form: SignatureFormat, place: str | None
) -> None:
    before = signed(other_hba, "/*")
    xml, certificate = signed(hba, place, before), hba.certificate("C.QES")
    await check(form, before, xml, certificate)
    await refused(form, DOCUMENT, xml, certificate)
    await refused(form, before, xml, other_hba.certificate("C.QES"))
    await refused(form, before, before, other_hba.certificate("C.QES"))


async def test_what_stands_before_the_root_is_part_of_what_is_signed_in_it(hba: CardKeys) -> None:
    document = b'<?xml-stylesheet href="a.xsl"?><!-- to whom --><letter/>'
    xml, certificate = signed(hba, "/*", document), hba.certificate("C.QES")
    await check(ENVELOPED, document, xml, certificate)
    await refused(ENVELOPED, document, xml.replace(b"a.xsl", b"b.xsl"), certificate)
    await refused(ENVELOPED, document, xml.replace(b"to whom", b"to none"), certificate)
    await refused(ENVELOPING, document, signed(hba, None, document), certificate)
