"""The three containers of an eGK: gzip over XML in ISO-8859-15, Schema_VSD 5.2, 5.1 (another namespace) or PKV 1.0.

Source: Schema_VSD.xsd and Schema_VSD_PKV.xsd of api-telematik 5.0.8.
"""

import gzip
from dataclasses import dataclass

from lxml import etree

from firmware_sim.konnektor.xml import Element
from firmware_sim.world.configuration import CardConfiguration
from firmware_sim.world.patient import PatientConfiguration

_NAMESPACE = {
    "5.2": "http://ws.gematik.de/fa/vsdm/vsd/v5.2",
    "5.1": "http://ws.gematik.de/fa/vsdm/vsd/v5.1",
    "pkv1.0": "http://ws.gematik.de/fa/vsdm/vsd_pkv/v1.0",
}
_VERSION = {"5.2": "5.2.0", "5.1": "5.1.0", "pkv1.0": "1.0.0"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Containers:
    """The containers as ReadVSD hands them out (before base64), and the version of their schema."""

    personal: bytes
    insurance: bytes
    protected: bytes
    version: str


def containers_of(card: CardConfiguration, street: str) -> Containers:
    """All containers of a card; `street` is the one that counts now."""
    patient = card.patient
    return Containers(
        personal=_packed(_personal(card, patient, street)),
        insurance=_packed(_insurance(patient)),
        protected=_packed(_protected(patient)),
        version=_VERSION[patient.schema],
    )


def names_of(card: CardConfiguration) -> tuple[str, str]:
    """Given and family name: those entered, or those of the card's holder."""
    words = card.holder.removesuffix(" TEST-ONLY").split()
    given, family = " ".join(words[:-1]) or "Vera", words[-1] if words else "Versichert"
    return card.patient.given_name or given, card.patient.family_name or family


def _personal(card: CardConfiguration, patient: PatientConfiguration, street: str) -> Element:
    root = _root(patient, "UC_PersoenlicheVersichertendatenXML")
    insured = _add(root, "Versicherter")
    _add(insured, "Versicherten_ID", card.kvnr or "X000000000")
    person, (given, family) = _add(insured, "Person"), names_of(card)
    _add(person, "Geburtsdatum", patient.birth_date)
    _add(person, "Vorname", given)
    _add(person, "Nachname", family)
    _add(person, "Geschlecht", patient.gender)
    if patient.title:
        _add(person, "Titel", patient.title)
    address = _add(person, "StrassenAdresse")
    _add(address, "Postleitzahl", patient.postal_code)
    _add(address, "Ort", patient.city)
    _add(_add(address, "Land"), "Wohnsitzlaendercode", patient.country)
    _add(address, "Strasse", street)
    _add(address, "Hausnummer", patient.house_number)
    return root


def _insurance(patient: PatientConfiguration) -> Element:
    root = _root(patient, "UC_AllgemeineVersicherungsdatenXML")
    insured = _add(root, "Versicherter")
    cover = _add(insured, "Versicherungsschutz")
    _add(cover, "Beginn", patient.insured_since)
    if patient.insured_until:
        _add(cover, "Ende", patient.insured_until)
    insurer = _add(cover, "Kostentraeger")
    _add(insurer, "Kostentraegerkennung", patient.insurer_number)
    _add(insurer, "Kostentraegerlaendercode", patient.country)
    _add(insurer, "Name", patient.insurer)
    more = _add(insured, "Zusatzinfos")
    if patient.schema == "pkv1.0":
        _add(_add(more, "ZusatzinfosPKV"), "Tarifart", "1")
        return root
    statutory = _add(more, "ZusatzinfosGKV")
    _add(statutory, "Versichertenart", patient.status)
    _add(_add(statutory, "Zusatzinfos_Abrechnung_GKV"), "WOP", patient.region)
    return root


def _protected(patient: PatientConfiguration) -> Element:
    root = _root(patient, "UC_GeschuetzteVersichertendatenXML")
    if patient.schema == "pkv1.0":
        return root
    _add(_add(root, "Zuzahlungsstatus"), "Status", "1" if patient.co_payment_free else "0")
    if patient.special_group:
        _add(root, "BesonderePersonengruppe", patient.special_group)
    if patient.disease_programme:
        _add(root, "DMP_Kennzeichnung", patient.disease_programme)
    contracts = _add(root, "Selektivvertraege")
    _add(contracts, "Aerztlich", "9")
    _add(contracts, "Zahnaerztlich", "9")
    return root


def _root(patient: PatientConfiguration, name: str) -> Element:
    namespace = _NAMESPACE[patient.schema]
    root = etree.Element(f"{{{namespace}}}{name}", nsmap={None: namespace})
    root.set("CDM_VERSION", _VERSION[patient.schema])
    if patient.schema == "pkv1.0":
        root.set("KTR_TYP", "1")
    return root


def _add(parent: Element, name: str, value: str | None = None) -> Element:
    made = etree.SubElement(parent, f"{{{etree.QName(parent).namespace}}}{name}")
    made.text = value
    return made


def _packed(root: Element) -> bytes:
    return gzip.compress(etree.tostring(root, xml_declaration=True, encoding="ISO-8859-15"), mtime=0)
