"""Subject names laid out as on real cards, with the markers TEST-ONLY (common name) and NOT-VALID (organisation)."""

from cryptography import x509
from cryptography.x509.oid import NameOID

ORGANISATION = "Kartenwart Simulator NOT-VALID"
_LONGEST = 64  # X.520 upper bound of common name, organisation and serial number


def _text(oid: x509.ObjectIdentifier, value: str) -> x509.NameAttribute[str]:
    return x509.NameAttribute(oid, value)


def _name(*parts: x509.NameAttribute[str]) -> x509.Name:
    return x509.Name([_text(NameOID.COUNTRY_NAME, "DE"), *parts])


def _marked(holder: str, marker: str) -> str:
    """`holder` and the marker, shortened so that the marker always fits."""
    return f"{holder[: _LONGEST - len(marker) - 1].rstrip()} {marker}"


def _given_and_surname(holder: str) -> tuple[str, str]:
    """Split "Dr. med. Anna Beispiel" into ("Anna", "Beispiel"): titles end with a dot or are lower case."""
    words = [word for word in holder.split() if not word.endswith(".") and not word.islower()]
    return (" ".join(words[:-1]) or "-", words[-1] if words else holder)


def authority(common_name: str, purpose: str) -> x509.Name:
    """A CA: `purpose` is its organisational unit."""
    return _name(
        _text(NameOID.ORGANIZATION_NAME, ORGANISATION),
        _text(NameOID.ORGANIZATIONAL_UNIT_NAME, purpose),
        _text(NameOID.COMMON_NAME, f"{common_name} TEST-ONLY"),
    )


def chamber() -> x509.Name:
    """Who admitted the holder of an HBA to the profession."""
    return _name(_text(NameOID.ORGANIZATION_NAME, "Musterkammer NOT-VALID"))


def machine(common_name: str) -> x509.Name:
    """A Konnektor, a terminal or a client system."""
    return _name(
        _text(NameOID.ORGANIZATION_NAME, ORGANISATION), _text(NameOID.COMMON_NAME, _marked(common_name, "TEST-ONLY"))
    )


def institution(holder: str) -> x509.Name:
    """An SMC-B: the practice, at a fictional address."""
    return _name(
        _text(NameOID.LOCALITY_NAME, "Musterstadt"),
        _text(NameOID.POSTAL_CODE, "00000"),
        _text(NameOID.STREET_ADDRESS, "Musterstraße 1"),
        _text(NameOID.ORGANIZATION_NAME, _marked(holder, "NOT-VALID")),
        _text(NameOID.COMMON_NAME, _marked(holder, "TEST-ONLY")),
    )


def professional(holder: str, iccsn: str) -> x509.Name:
    """An HBA: one relative distinguished name of four attributes, the ICCSN as serial number."""
    given, surname = _given_and_surname(holder)
    person = [
        _text(NameOID.GIVEN_NAME, given),
        _text(NameOID.SURNAME, surname),
        _text(NameOID.COMMON_NAME, _marked(holder, "TEST-ONLY")),
        _text(NameOID.SERIAL_NUMBER, f"00.{iccsn}"),
    ]
    country = x509.RelativeDistinguishedName([_text(NameOID.COUNTRY_NAME, "DE")])
    return x509.Name([country, x509.RelativeDistinguishedName(person)])


def insured(holder: str, kvnr: str) -> x509.Name:
    """An eGK: KVNR and the insurer's number are organisational units."""
    given, surname = _given_and_surname(holder)
    return _name(
        _text(NameOID.ORGANIZATION_NAME, "Musterkasse NOT-VALID"),
        _text(NameOID.ORGANIZATIONAL_UNIT_NAME, "000000000"),
        _text(NameOID.ORGANIZATIONAL_UNIT_NAME, kvnr),
        _text(NameOID.SURNAME, surname),
        _text(NameOID.GIVEN_NAME, given),
        _text(NameOID.COMMON_NAME, _marked(holder, "TEST-ONLY")),
    )
