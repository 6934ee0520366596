"""Answers about cards' own keys: read whole, refused in parts, and never with a crash."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap import authentication, encryption
from kartenwart.codecs.soap.exchange import CallContext
from kartenwart.codecs.soap.fault import Fault
from kartenwart.domain.authentication import SignatureScheme

CONTEXT = CallContext(mandant="m1", client_system="kw", workplace="empfang", user_id="secret")
CONN = "http://ws.gematik.de/conn/ConnectorCommon/v5.0"
SIG = "http://ws.gematik.de/conn/SignatureService/v7.4"
CRYPT = "http://ws.gematik.de/conn/EncryptionService/v6.1"
DSS = "urn:oasis:names:tc:dss:1.0:core:schema"
OK = f'<Status xmlns="{CONN}"><Result>OK</Result></Status>'
WARNING = (
    f'<Status xmlns="{CONN}"><Result>Warning</Result><Error xmlns="http://ws.gematik.de/tel/error/v2.0"><Trace>'
    "<Code>4259</Code><Severity>Warning</Severity><ErrorType>Technical</ErrorType></Trace></Error></Status>"
)


def envelope(content: str) -> bytes:
    body = f"<S:Body>{content}</S:Body>"
    return f'<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/">{body}</S:Envelope>'.encode()


def signed(content: str, status: str = OK) -> bytes:
    return envelope(f'<ExternalAuthenticateResponse xmlns="{SIG}">{status}{content}</ExternalAuthenticateResponse>')


def opened(content: str, status: str = OK, operation: str = "DecryptDocument") -> bytes:
    return envelope(f'<{operation}Response xmlns="{CRYPT}">{status}{content}</{operation}Response>')


def document(data: bytes, name: str = "Base64Data", namespace: str = DSS) -> str:
    encoded = base64.b64encode(data).decode()
    return f'<Document xmlns="{CONN}"><{name} xmlns="{namespace}">{encoded}</{name}></Document>'


def signature(data: bytes) -> str:
    encoded = base64.b64encode(data).decode()
    return f'<SignatureObject xmlns="{DSS}"><Base64Signature>{encoded}</Base64Signature></SignatureObject>'


AUTHENTICATE = authentication.external_authenticate(
    CONTEXT, handle="h", scheme=SignatureScheme.ECDSA_RAW, digest=bytes(32)
)
DECRYPT = encryption.decrypt_document(CONTEXT, handle="h", document=b"sealed")
ENCRYPT = encryption.encrypt_document(CONTEXT, certificates=[b"der"], handle="", mime_type="text/plain", document=b"a")


@given(st.binary(min_size=1, max_size=300))
def test_a_signature_is_read(data: bytes) -> None:
    answer = AUTHENTICATE.decode(signed(signature(data)))
    assert not isinstance(answer, Fault)
    assert (answer.signature, answer.error) == (data, None)
    assert repr(data) not in repr(answer)


@given(st.binary(min_size=1, max_size=300), st.sampled_from([("Base64Data", DSS), ("Base64XML", CONN)]))
def test_a_document_is_read(data: bytes, holder: tuple[str, str]) -> None:
    answer = DECRYPT.decode(opened(document(data, *holder)))
    assert not isinstance(answer, Fault)
    assert (answer.document, answer.error) == (data, None)


def test_a_warning_stands_beside_a_document() -> None:
    answer = ENCRYPT.decode(opened(document(b"sealed"), WARNING, "EncryptDocument"))
    assert not isinstance(answer, Fault)
    assert answer.document == b"sealed"
    assert answer.error is not None
    assert answer.error.code == 4259


def test_an_error_without_a_result_is_told() -> None:
    answer = AUTHENTICATE.decode(signed("", WARNING))
    assert not isinstance(answer, Fault)
    assert answer.signature is None
    assert answer.error is not None


@pytest.mark.parametrize(
    "content", ["", document(b""), f'<Document xmlns="{CONN}"/>', document(b"a").replace("YQ", "Y")]
)
def test_answers_without_a_result_are_malformed(content: str) -> None:
    with pytest.raises(MalformedError):
        DECRYPT.decode(opened(content))
    with pytest.raises(MalformedError):
        AUTHENTICATE.decode(signed(""))


@given(st.integers(0, 300))
def test_no_part_of_an_answer_passes(length: int) -> None:
    whole = opened(document(b"a letter"))
    with pytest.raises(MalformedError):
        DECRYPT.decode(whole[: min(length, len(whole) - 1)])


def test_the_users_secret_and_the_content_have_no_repr() -> None:
    for exchange in (AUTHENTICATE, DECRYPT, ENCRYPT):
        assert b"secret" in exchange.body or exchange is not AUTHENTICATE
        assert "secret" not in repr(exchange)


def test_a_scheme_is_asked_for_as_the_schema_spells_it() -> None:
    def body(scheme: SignatureScheme) -> bytes:
        return authentication.external_authenticate(CONTEXT, handle="h", scheme=scheme, digest=bytes(32)).body

    assert b"urn:bsi:tr:03111:ecdsa" in body(SignatureScheme.ECDSA_DER)
    assert b"SignatureSchemes" not in body(SignatureScheme.ECDSA_DER)
    assert b"RSASSA-PSS" in body(SignatureScheme.RSASSA_PSS)
    assert b"RSASSA-PKCS1-v1_5" in body(SignatureScheme.RSASSA_PKCS1_V1_5)
    assert b"urn:ietf:rfc:3447" in body(SignatureScheme.RSASSA_PSS)
