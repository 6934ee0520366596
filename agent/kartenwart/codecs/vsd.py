"""Containers of an eGK as ReadVSD hands them out: gzip over XML in ISO-8859-15 -> values of the domain.

Sources: Schema_VSD.xsd 5.2 (5.1 has the same elements), Schema_VSD_PKV.xsd 1.0, Pruefungsnachweis.xsd 1.0. Nobody
looks at the namespace, so that a newer minor version is read too. MalformedError never tells of the content.
"""

import re
import zlib
from collections.abc import Iterator

from lxml import etree

from kartenwart.codecs.malformed import MalformedError, OversizedError
from kartenwart.codecs.soap.xml import Element, parse
from kartenwart.domain.patients import Address, CheckResult, Insurance, Insurer, Person, Proof, ProtectedData

CONTAINER_LIMIT = 64 * 1024  # packed; the files on a card hold less than 16 KiB
XML_LIMIT = 256 * 1024
LONGEST_TEXT = 200
_GZIP = b"\x1f\x8b"
_DECLARED_UTF_8 = re.compile(rb"<\?xml[^>]{0,100}encoding\s*=\s*[\"'](utf-8|us-ascii)[\"']", re.IGNORECASE)


def unpack(container: bytes) -> Element:
    """Return the root element of a container; a gzip bomb ends at XML_LIMIT bytes with OversizedError."""
    if len(container) > CONTAINER_LIMIT:
        raise OversizedError(f"a container of more than {CONTAINER_LIMIT} bytes")
    xml = _gunzip(container) if container.startswith(_GZIP) else container
    encoding = "utf-8" if _DECLARED_UTF_8.match(xml) else "iso-8859-15"
    return parse(xml, limit=XML_LIMIT, encoding=encoding)


def read_person(container: bytes) -> Person:
    """Read UC_PersoenlicheVersichertendatenXML."""
    insured = _one(_root(container, "UC_PersoenlicheVersichertendatenXML"), "Versicherter")
    person = _one(insured, "Person")
    return Person(
        insured_id=_text(insured, "Versicherten_ID"),
        birth_date=_text(person, "Geburtsdatum"),
        given_names=_text(person, "Vorname"),
        family_name=_text(person, "Nachname"),
        gender=_text(person, "Geschlecht"),
        name_prefix=_optional(person, "Vorsatzwort"),
        name_supplement=_optional(person, "Namenszusatz"),
        title=_optional(person, "Titel"),
        addresses=tuple(_addresses(person)),
    )


def read_insurance(container: bytes) -> Insurance:
    """Read UC_AllgemeineVersicherungsdatenXML."""
    insured = _one(_root(container, "UC_AllgemeineVersicherungsdatenXML"), "Versicherter")
    cover = _one(insured, "Versicherungsschutz")
    insurer = _one(cover, "Kostentraeger")
    billed = _child(insurer, "AbrechnenderKostentraeger")
    statutory, private = (
        _child(insured, "Zusatzinfos", "ZusatzinfosGKV"),
        _child(insured, "Zusatzinfos", "ZusatzinfosPKV"),
    )
    return Insurance(
        insurer=_insurer(insurer),
        begins=_text(cover, "Beginn"),
        ends=_optional(cover, "Ende"),
        billed_insurer=_insurer(billed) if billed is not None else None,
        private=private is not None,
        status=_optional(statutory, "Versichertenart"),
        region=_optional(statutory, "Zusatzinfos_Abrechnung_GKV", "WOP"),
        tariff=_optional(private, "Tarifart"),
    )


def read_protected(container: bytes) -> ProtectedData:
    """Read UC_GeschuetzteVersichertendatenXML; that of a private insurer is empty."""
    root = _root(container, "UC_GeschuetzteVersichertendatenXML")
    return ProtectedData(
        co_payment_free=_optional(root, "Zuzahlungsstatus", "Status") == "1",
        co_payment_free_until=_optional(root, "Zuzahlungsstatus", "Gueltig_bis"),
        special_group=_optional(root, "BesonderePersonengruppe"),
        disease_programme=_optional(root, "DMP_Kennzeichnung"),
        medical_contract=_optional(root, "Selektivvertraege", "Aerztlich"),
        dental_contract=_optional(root, "Selektivvertraege", "Zahnaerztlich"),
        contract_kinds=_optional(root, "Selektivvertraege", "Art"),
        claim_suspended=_optional(root, "RuhenderLeistungsanspruch", "ArtDesRuhens"),
        suspended_from=_optional(root, "RuhenderLeistungsanspruch", "Beginn"),
        suspended_until=_optional(root, "RuhenderLeistungsanspruch", "Ende"),
    )


def read_proof(container: bytes) -> Proof:
    """Read PN, the proof of an online check."""
    root = _root(container, "PN")
    results, number = list(CheckResult), _text(root, "E")
    if number not in map(str, range(1, len(results) + 1)):
        raise MalformedError("a proof with an unknown result")
    code = _optional(root, "EC")
    return Proof(
        checked=_text(root, "TS"),
        result=results[int(number) - 1],
        code=int(code) if code.isascii() and code.isdigit() and len(code) <= 5 else 0,
        digit=_optional(root, "PZ").encode("ascii", errors="replace"),
    )


def _gunzip(container: bytes) -> bytes:
    opened = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        xml = opened.decompress(container, XML_LIMIT + 1)
    except zlib.error:
        raise MalformedError("a container that is no gzip") from None
    if len(xml) > XML_LIMIT:
        raise OversizedError(f"a container of more than {XML_LIMIT} bytes when unpacked")
    if not opened.eof:
        raise MalformedError("a container that breaks off")
    return xml


def _root(container: bytes, name: str) -> Element:
    root = unpack(container)
    if etree.QName(root).localname != name:
        raise MalformedError(f"no {name}")
    return root


def _addresses(person: Element) -> Iterator[Address]:
    for kind in ("StrassenAdresse", "PostfachAdresse"):
        found = _child(person, kind)
        if found is not None:
            yield Address(
                postal_code=_optional(found, "Postleitzahl"),
                city=_optional(found, "Ort"),
                country=_optional(found, "Land", "Wohnsitzlaendercode"),
                street=_optional(found, "Strasse"),
                house_number=_optional(found, "Hausnummer"),
                supplement=_optional(found, "Anschriftenzusatz"),
                post_box=_optional(found, "Postfach"),
            )


def _insurer(element: Element) -> Insurer:
    return Insurer(
        number=_text(element, "Kostentraegerkennung"),
        country=_optional(element, "Kostentraegerlaendercode"),
        name=_text(element, "Name"),
    )


def _child(parent: Element | None, *names: str) -> Element | None:
    found = parent
    for name in names:
        found = None if found is None else found.find(f"{{*}}{name}")
    return found


def _one(parent: Element, name: str) -> Element:
    found = _child(parent, name)
    if found is None:
        raise MalformedError(f"a container without {name}")
    return found


def _text(parent: Element, name: str) -> str:
    found = _optional(parent, name)
    if not found:
        raise MalformedError(f"a container without {name}")
    return found


def _optional(parent: Element | None, *names: str) -> str:
    """Return the text at a path, printable and not longer than any field of the schemas, or ""."""
    found = _child(parent, *names)
    text = " ".join((found.text or "").split()) if found is not None else ""
    if len(text) > LONGEST_TEXT or not text.isprintable():
        raise MalformedError(f"a {names[-1]} that no card may have")
    return text
