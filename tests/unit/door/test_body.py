import contextlib
import json
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.api.document.v1.document_service_pb2 import UploadChunkRequest
from kartenwart.api.pin.v1.pin_service_pb2 import VerifyPinRequest
from kartenwart.api.signature.v1.signature_service_pb2 import SignDocumentsRequest
from kartenwart.domain.failures import CallerError
from kartenwart.door.body import TWICE, parse
from kartenwart.edge.descriptors import message_class, rpcs
from tests.unit.edge.requests import ALL

KINDS = [message_class(rpc.request) for rpc in rpcs()]
NAMES = sorted({field.json_name for kind in KINDS for field in kind.DESCRIPTOR.fields})


def wrong(kind: type[Message], body: bytes | dict[str, Any]) -> dict[str, str]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(CallerError) as caught:
        parse(kind, raw)
    return {violation.field: violation.description for violation in caught.value.violations}


@pytest.mark.parametrize("message", ALL, ids=lambda message: message.DESCRIPTOR.name)
def test_what_protobuf_writes_is_read_back(message: Message) -> None:
    assert parse(type(message), json.dumps(MessageToDict(message)).encode()) == message
    kept = MessageToDict(message, preserving_proto_field_name=True)
    assert parse(type(message), json.dumps(kept).encode()) == message


def test_unknown_and_mistyped_fields_are_named_with_their_paths() -> None:
    body = {
        "card": 7,
        "pin": "1234",
        "documents": [{"document": "documents/d-1", "shorttext": "x"}, 3],
        "wait": "soon",
        "user": None,
    }
    shape = {"card", "pin", "documents[0].shorttext", "documents[1]", "wait"}
    values = {"request_id", "documents[0].format", "documents[0].short_text"}
    assert set(wrong(SignDocumentsRequest, body)) == shape | values


def test_a_mistyped_field_hides_no_other_whose_name_begins_like_it() -> None:
    told = wrong(SignDocumentsRequest, {"document": "documents/d-1", "documents": [{"document": "?"}], "card": []})
    assert {"document", "documents[0].document", "documents[0].format", "card"} <= set(told)
    assert not any(path.startswith("card.") for path in told)


def test_nothing_of_the_content_is_repeated() -> None:
    assert "Müller" not in str(wrong(VerifyPinRequest, {"force": "Müller", "pin": "PIN_MÜLLER", "wait": "Müller"}))


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b'{"a":', b"\xff\xfe", b'{"force": NaN}', b"[" * 100_000, b'{"a":' * 50_000, b"9" * 10_000],
)
def test_what_is_no_json_object_is_said_so(body: bytes) -> None:
    assert set(wrong(VerifyPinRequest, body)) == {""}


def test_a_field_stands_once_in_whichever_spelling() -> None:
    assert wrong(VerifyPinRequest, b'{"requestId": "a", "request_id": "b"}')["request_id"] == TWICE
    assert wrong(VerifyPinRequest, b'{"card": "a", "card": "b"}')["card"] == TWICE


def test_bytes_are_base64_in_either_alphabet() -> None:
    for text in ("-_8=", "+/8=", "-_8"):
        message = parse(UploadChunkRequest, json.dumps({"data": text}).encode())
        assert isinstance(message, UploadChunkRequest)
        assert message.data == b"\xfb\xff"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=9), inner),
    max_leaves=12,
)


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(NAMES), JSON, max_size=5))
def test_whatever_json_comes_it_is_a_request_or_a_list_of_violations(kind: type[Message], body: dict[str, Any]) -> None:
    raw = json.dumps(body).encode()
    violations = 0
    try:
        parse(kind, raw)
    except CallerError as error:
        violations = len(error.violations)
        assert violations > 0


@given(st.sampled_from(KINDS), st.binary(max_size=200))
def test_whatever_bytes_come_nothing_breaks(kind: type[Message], body: bytes) -> None:
    with contextlib.suppress(CallerError):
        parse(kind, body)
