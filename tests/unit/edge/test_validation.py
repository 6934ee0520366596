from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import DecodeError, Message
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.api.authentication.v1 import authentication_service_pb2
from kartenwart.api.card.v1 import card_pb2, card_service_pb2
from kartenwart.api.enrolment.v1 import enrolment_exchange_service_pb2, enrolment_service_pb2
from kartenwart.api.inventory.v1 import inventory_service_pb2
from kartenwart.api.pin.v1 import pin_service_pb2
from kartenwart.api.signature.v1 import signature_service_pb2
from kartenwart.api.user.v1 import user_service_pb2
from kartenwart.api.workstation.v1 import workstation_pb2, workstation_service_pb2
from kartenwart.edge.checks import Fields, Many
from kartenwart.edge.descriptors import message_class, rpcs
from kartenwart.edge.forms import MOST_HASHED
from kartenwart.edge.validation import REQUESTS, violations
from tests.unit.edge.requests import ALL, UUID, right

KINDS = [message_class(rpc.request) for rpc in rpcs()]


def wrong(message: Message) -> set[str]:
    return {violation.field for violation in violations(message)}


def unchecked(checks: Fields, descriptor: Any, path: str = "") -> set[str]:
    missing = {path + name for name in set(descriptor.fields_by_name) ^ set(checks.fields)}
    for name, check in checks.fields.items():
        inner = check.each if isinstance(check, Many) else check
        if isinstance(inner, Fields):
            missing |= unchecked(inner, descriptor.fields_by_name[name].message_type, f"{path}{name}.")
    return missing


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.DESCRIPTOR.name)
def test_every_field_of_every_request_has_a_check(kind: type[Message]) -> None:
    assert unchecked(REQUESTS[kind.DESCRIPTOR.full_name], kind.DESCRIPTOR) == set()


@pytest.mark.parametrize("message", ALL, ids=lambda message: message.DESCRIPTOR.name)
def test_right_requests_are_right(message: Message) -> None:
    assert violations(message) == ()


def test_every_violation_is_said_with_its_path() -> None:
    request = signature_service_pb2.SignDocumentsRequest(
        request_id="nope",
        card="terminals/t-1",
        context="empfang",
        user="users/",
        documents=[signature_service_pb2.DocumentToSign(document="documents/d-1", short_text="Müller, Hans")],
        wait=Duration(seconds=26),
    )
    assert wrong(request) == {
        "request_id",
        "card",
        "context",
        "user",
        "documents[0].format",
        "documents[0].short_text",
        "wait",
    }


def test_enum_numbers_of_tomorrow_are_refused() -> None:
    assert wrong(card_service_pb2.ListCardsRequest(types=[card_pb2.CARD_TYPE_HBA, 99])) == {"types[1]"}  # type: ignore[list-item]
    assert wrong(pin_service_pb2.GetPinStatusRequest(card="cards/c-1", pin=99)) == {"pin"}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seconds", "nanos", "right_one"),
    [
        (0, 0, True),
        (25, 0, True),
        (24, 999_999_999, True),
        (25, 1, False),
        (-1, 0, False),
        (0, -1, False),
        (1, 10**9, False),
    ],
)
def test_waits_are_at_most_25_seconds(seconds: int, nanos: int, right_one: bool) -> None:
    request = inventory_service_pb2.GetInventoryRequest(wait=Duration(seconds=seconds, nanos=nanos))
    assert (wrong(request) == set()) is right_one


def test_pin_qes_is_never_verified_by_itself() -> None:
    request = pin_service_pb2.VerifyPinRequest(request_id=UUID, card="cards/c-1", pin=card_pb2.PIN_QES)
    assert wrong(request) == {"pin"}


def test_a_document_is_signed_by_a_form_with_a_short_text_or_by_a_preset() -> None:
    def said(**fields: Any) -> set[str]:
        request = right(signature_service_pb2.SignDocumentsRequest)
        del request.documents[:]  # type: ignore[attr-defined]
        request.documents.add(document="documents/d-1", **fields)  # type: ignore[attr-defined]
        return {field.removeprefix("documents[0].") for field in wrong(request)}

    pades = signature_service_pb2.SIGNATURE_FORMAT_PADES
    assert said(preset="earztbrief") == said(preset="eau", short_text="eAU") == set()
    assert said() == {"format", "short_text"}
    assert said(format=pades, short_text="x", preset="eau") == {"format"}
    assert said(preset="E AU") == {"preset"}


@pytest.mark.parametrize(
    ("subject", "field"),
    [
        ({}, "digest"),
        ({"digest": b""}, "digest"),
        ({"digest": bytes(31)}, "digest"),
        ({"digest": bytes(64)}, None),
        ({"data": b""}, "data"),
        ({"data": bytes(MOST_HASHED)}, None),
        ({"data": bytes(MOST_HASHED + 1)}, "data"),
    ],
)
def test_a_hash_or_the_data_itself_is_signed_for_authentication(subject: dict[str, bytes], field: str | None) -> None:
    request = right(authentication_service_pb2.ExternalAuthenticateRequest)
    request.ClearField("subject")
    request.MergeFrom(authentication_service_pb2.ExternalAuthenticateRequest(**subject))  # type: ignore[arg-type]
    assert wrong(request) == ({field} if field else set())


@pytest.mark.parametrize("code", ["123456", "123 456", "123-456", " 12 34 56 "])
def test_codes_may_be_typed_with_spaces_and_dashes(code: str) -> None:
    assert wrong(enrolment_service_pb2.ApproveEnrolmentRequest(code=code)) == set()


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦"])
def test_wrong_codes_are_refused(code: str) -> None:
    assert wrong(enrolment_service_pb2.ApproveEnrolmentRequest(code=code)) == {"code"}


@pytest.mark.parametrize("label", ["", " Empfang", "Empfang\n1", "x" * 61, "Empfang\u202e1"])
def test_labels_are_short_printable_and_trimmed(label: str) -> None:
    assert wrong(user_service_pb2.CreateUserRequest(user_id="arzt1", label=label)) == {"label"}


def test_a_token_never_makes_a_technician() -> None:
    request = enrolment_service_pb2.CreateTokenRequest(role=workstation_pb2.ROLE_TECHNICIAN)
    assert wrong(request) == {"role"}


def test_a_commit_has_everything() -> None:
    assert wrong(enrolment_exchange_service_pb2.CommitRequest()) == {"public_key", "role", "label", "commitment"}


def test_an_update_says_what_changes_and_to_what() -> None:
    kind = workstation_service_pb2.UpdateWorkstationRequest
    named = workstation_pb2.Workstation(name="workstations/w-1")
    assert wrong(kind()) == {"workstation", "update_mask"}
    assert wrong(kind(workstation=named, update_mask=FieldMask(paths=["state"]))) == {"update_mask"}
    assert wrong(kind(workstation=named, update_mask=FieldMask(paths=["label", "role"]))) == {
        "workstation.label",
        "workstation.role",
    }
    assert wrong(kind(workstation=named, update_mask=FieldMask(paths=["scope.contexts"]))) == set()


def test_doubled_scopes_are_refused() -> None:
    scope = workstation_pb2.Scope(contexts=["contexts/a", "contexts/a"])
    assert wrong(enrolment_service_pb2.ApproveEnrolmentRequest(code="123456", scope=scope)) == {"scope.contexts"}


@given(st.sampled_from(KINDS), st.binary(max_size=300))
def test_whatever_bytes_come_the_check_only_says_what_is_wrong(kind: type[Message], data: bytes) -> None:
    try:
        message = kind.FromString(data)
    except DecodeError:
        return
    for violation in violations(message):
        assert violation.description
