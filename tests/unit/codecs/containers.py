"""Containers of an invented patient, as a card would hold them."""

import base64
import gzip
import zlib

V52 = "http://ws.gematik.de/fa/vsdm/vsd/v5.2"
PERSON = (
    "<Versicherter><Versicherten_ID>X000000012</Versicherten_ID><Person><Geburtsdatum>19640812</Geburtsdatum>"
    "<Vorname>Jürgen</Vorname><Nachname>Größe</Nachname><Geschlecht>M</Geschlecht><Titel>Dr.</Titel>"
    "<PostfachAdresse><Ort>Köln</Ort><Postfach>12</Postfach></PostfachAdresse>"
    "<StrassenAdresse><Postleitzahl>50667</Postleitzahl><Ort>Köln</Ort>"
    "<Land><Wohnsitzlaendercode>D</Wohnsitzlaendercode></Land><Strasse>Domgasse</Strasse></StrassenAdresse>"
    "</Person></Versicherter>"
)
INSURANCE = (
    "<Versicherter><Versicherungsschutz><Beginn>20010101</Beginn><Kostentraeger>"
    "<Kostentraegerkennung>109500969</Kostentraegerkennung><Kostentraegerlaendercode>D</Kostentraegerlaendercode>"
    "<Name>Kasse</Name></Kostentraeger></Versicherungsschutz><Zusatzinfos><ZusatzinfosGKV>"
    "<Versichertenart>1</Versichertenart><Zusatzinfos_Abrechnung_GKV><WOP>38</WOP></Zusatzinfos_Abrechnung_GKV>"
    "</ZusatzinfosGKV></Zusatzinfos></Versicherter>"
)
PRIVATE = INSURANCE.partition("<Zusatzinfos>")[0] + (
    "<Zusatzinfos><ZusatzinfosPKV><Tarifart>02</Tarifart></ZusatzinfosPKV></Zusatzinfos></Versicherter>"
)
PROTECTED = (
    "<Zuzahlungsstatus><Status>1</Status><Gueltig_bis>20261231</Gueltig_bis></Zuzahlungsstatus>"
    "<Selektivvertraege><Aerztlich>1</Aerztlich><Zahnaerztlich>9</Zahnaerztlich></Selektivvertraege>"
)


def xml(root: str, content: str, namespace: str = V52, encoding: str = "ISO-8859-15") -> bytes:
    """Return an XML document in the encoding that it declares."""
    text = f'<?xml version="1.0" encoding="{encoding}"?><v:{root} xmlns:v="{namespace}" CDM_VERSION="5.2.0">{content}'
    named = text.replace("<", "<v:").replace("<v:/", "</v:").replace("<v:?", "<?").replace("<v:v:", "<v:")
    return (named + f"</v:{root}>").encode(encoding)


def person(**how: str) -> bytes:
    return gzip.compress(xml("UC_PersoenlicheVersichertendatenXML", PERSON, **how))


def insurance(content: str = INSURANCE, **how: str) -> bytes:
    return gzip.compress(xml("UC_AllgemeineVersicherungsdatenXML", content, **how))


def protected(content: str = PROTECTED, **how: str) -> bytes:
    return gzip.compress(xml("UC_GeschuetzteVersichertendatenXML", content, **how))


def proof(result: str = "2", more: str = "<PZ>QUJD</PZ>") -> bytes:
    content = f"<TS>20261121090000</TS><E>{result}</E>{more}"
    return gzip.compress(xml("PN", content, namespace="http://ws.gematik.de/fa/vsdm/pnw/v1.0"))


def bomb() -> bytes:
    """Return a small container that unpacks to 30 MB."""
    packed = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return packed.compress(b"<a>" + b" " * 30_000_000) + packed.flush()


def template(*fields: tuple[int, bytes], checksum: int | None = None) -> bytes:
    """Return a KVK's template; without `checksum` the right one."""
    body = b"".join(bytes([tag, len(value)]) + value for tag, value in fields) + b"\x8e\x01\x00"
    length = bytes([len(body)]) if len(body) < 0x80 else bytes([0x81, len(body)])
    made = b"\x60" + length + body
    digit = 0
    for byte in made:
        digit ^= byte
    return made[:-1] + bytes([digit if checksum is None else checksum])


FIELDS = ((0x80, b"Kasse"), (0x85, b"Max"), (0x87, b"M}ller"), (0x88, b"12081964"), (0x8D, b"1230"))


def read_vsd_answer() -> bytes:
    """Return a whole answer to ReadVSD."""
    encoded = {
        "PersoenlicheVersichertendaten": person(),
        "AllgemeineVersicherungsdaten": insurance(),
        "GeschuetzteVersichertendaten": protected(),
    }
    parts = "".join(f"<V:{name}>{base64.b64encode(data).decode()}</V:{name}>" for name, data in encoded.items())
    state = "<V:Status>0</V:Status><V:Timestamp>2026-01-02T03:04:05Z</V:Timestamp><V:Version>5.2.0</V:Version>"
    nachweis = f"<V:Pruefungsnachweis>{base64.b64encode(proof()).decode()}</V:Pruefungsnachweis>"
    return (
        '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>'
        '<V:ReadVSDResponse xmlns:V="http://ws.gematik.de/conn/vsds/VSDService/v5.2">'
        f"{parts}<V:VSD_Status>{state}</V:VSD_Status>{nachweis}</V:ReadVSDResponse></S:Body></S:Envelope>"
    ).encode()
