"""Expirations and verdicts on certificates: what is read, and that half an answer is none."""

import base64
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.certificates import (
    Expiration,
    Verification,
    check_certificate_expiration,
    verify_certificate,
)
from kartenwart.codecs.soap.exchange import CallContext
from kartenwart.domain.certificates import CertificateStatus
from kartenwart.domain.inventory import KeyAlgorithm
from tests.unit.codecs.answers import NAMESPACES, OK, envelope, warning

CONTEXT = CallContext(mandant="m", client_system="c", workplace="w")
EXPIRATIONS = check_certificate_expiration(CONTEXT)
VERIFY = verify_certificate(CONTEXT, der=b"DER", at=None)
_WORDS = st.text(alphabet="abcÄß0189 .-", max_size=30).map(str.strip)


def entry(found: Expiration, until: str = "") -> str:
    return (
        f"<CERT:CertificateExpiration><CERT:CtID>{found.ct_id}</CERT:CtID>"
        f"<CONN:CardHandle>{found.handle}</CONN:CardHandle><CERT:ICCSN>{found.iccsn}</CERT:ICCSN>"
        f"<CERT:subject_commonName>{found.common_name}</CERT:subject_commonName>"
        f"<CERT:serialNumber>1</CERT:serialNumber>"
        f"<CERT:validity>{until or found.valid_until.isoformat()}</CERT:validity></CERT:CertificateExpiration>"
    )


def expirations(*entries: str, status: str = OK) -> bytes:
    inner = status + "".join(entries)
    return envelope(f"<CERT:CheckCertificateExpirationResponse>{inner}</CERT:CheckCertificateExpirationResponse>")


def verification(result: str, *roles: str) -> bytes:
    listed = "".join(f"<CERT:Role>{role}</CERT:Role>" for role in roles)
    return envelope(
        f"<CERT:VerifyCertificateResponse>{OK}<CERT:VerificationStatus><CERT:VerificationResult>{result}"
        f"</CERT:VerificationResult></CERT:VerificationStatus><CERT:RoleList>{listed}</CERT:RoleList>"
        "</CERT:VerifyCertificateResponse>"
    )


_FOUND = st.lists(
    st.builds(
        Expiration,
        ct_id=_WORDS,
        handle=_WORDS,
        iccsn=_WORDS,
        common_name=_WORDS,
        valid_until=st.dates(date(1990, 1, 1)),
    ),
    max_size=6,
)


@given(_FOUND)
def test_every_expiration_is_read_as_it_was_told(found: list[Expiration]) -> None:
    assert EXPIRATIONS.decode(expirations(*map(entry, found))) == tuple(found)


@given(_FOUND.filter(bool), st.floats(0, 0.999))
def test_a_truncated_list_is_malformed(found: list[Expiration], share: float) -> None:
    whole = expirations(*map(entry, found))
    with pytest.raises(MalformedError):
        EXPIRATIONS.decode(whole[: int(len(whole) * share)])


def test_a_warning_that_cards_are_left_out_is_no_fault() -> None:
    found = Expiration(ct_id="", handle="", iccsn="8", common_name="8", valid_until=date(2030, 1, 1))
    assert EXPIRATIONS.decode(expirations(entry(found, "2030-01-01+01:00"), status=warning(4257))) == (found,)


@pytest.mark.parametrize("until", ["", "soon", "2030-13-01", "01.01.2030"])
def test_no_day_is_no_expiration(until: str) -> None:
    found = Expiration(ct_id="", handle="", iccsn="", common_name="", valid_until=date(2030, 1, 1))
    with pytest.raises(MalformedError):
        EXPIRATIONS.decode(expirations(entry(found, until or " ")))


def test_names_are_not_shown_by_accident() -> None:
    found = Expiration(ct_id="t", handle="h", iccsn="8027600", common_name="Adler", valid_until=date(2030, 1, 1))
    assert "Adler" not in repr(found)
    assert "8027600" not in repr(found)


@pytest.mark.parametrize("status", list(CertificateStatus))
def test_a_verdict_with_its_roles(status: CertificateStatus) -> None:
    assert VERIFY.decode(verification(status.value, "1.2.3", "", " 1.2.4 ")) == Verification(
        status=status, roles=("1.2.3", "1.2.4")
    )


@pytest.mark.parametrize("result", ["", "MAYBE", "valid"])
def test_an_unknown_verdict_is_malformed(result: str) -> None:
    with pytest.raises(MalformedError):
        VERIFY.decode(verification(result))


@given(st.binary(max_size=200), st.integers(10**5, 10**11), st.integers(-12, 12))
def test_a_certificate_and_a_time_survive_the_way_into_the_request(der: bytes, when: int, hours: int) -> None:
    at = datetime.fromtimestamp(when, timezone(timedelta(hours=hours)))
    sent = etree.fromstring(verify_certificate(CONTEXT, der=der, at=at).body)
    encoded = sent.findtext(f".//{{{NAMESPACES['CC']}}}X509Certificate") or ""
    assert base64.b64decode(encoded) == der
    time = sent.findtext(f".//{{{NAMESPACES['CERT']}}}VerificationTime") or ""
    assert datetime.fromisoformat(time).astimezone(UTC) == at.astimezone(UTC)


def test_a_card_and_a_kind_of_key_are_asked_for_only_where_given() -> None:
    def tags(body: bytes) -> list[str]:
        content = etree.fromstring(body)[0][0]
        return [etree.QName(child).localname for child in content]

    assert tags(EXPIRATIONS.body) == ["Context"]
    whole = check_certificate_expiration(CONTEXT, handle="h", algorithm=KeyAlgorithm.ECC)
    assert tags(whole.body) == ["CardHandle", "Context", "Crypt"]
    assert tags(VERIFY.body) == ["Context", "X509Certificate"]
