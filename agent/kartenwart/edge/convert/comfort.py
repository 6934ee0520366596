"""Comfort sessions, the assertions that trigger signatures in them, and the journal of signatures."""

from datetime import UTC

from google.protobuf.duration_pb2 import Duration

from kartenwart.api.signature.v1 import (
    comfort_signature_service_pb2,
    person_assertion_pb2,
    signature_journal_service_pb2,
    signature_service_pb2,
)
from kartenwart.domain.comfort import ComfortSignature, ComfortState, PersonAct, PersonAssertion
from kartenwart.domain.signature_journal import SignatureEntry, TriggerMode
from kartenwart.edge.convert.basics import EnumTable, timestamp
from kartenwart.edge.convert.failures import failure_message

STATES = EnumTable(comfort_signature_service_pb2.ComfortState, "COMFORT_STATE", ComfortState)
ACTS = EnumTable(person_assertion_pb2.PersonAct, "PERSON_ACT", PersonAct)
MODES = EnumTable(signature_journal_service_pb2.SignatureMode, "SIGNATURE_MODE", TriggerMode)


def comfort_message(known: ComfortSignature) -> comfort_signature_service_pb2.ComfortSignature:
    """Return what is known of a session."""
    return comfort_signature_service_pb2.ComfortSignature(
        card=known.card,
        context=known.context,
        user=known.user,
        state=STATES.number(known.state),
        most_signatures=known.most,
        longest=Duration(seconds=int(known.longest.total_seconds())),
        signatures_left=known.signatures_left,
        end_time=timestamp(known.ends_at),
        ends_soon=known.ends_soon,
        failure=failure_message(known.failure) if known.failure else None,
    )


def assertion_of(request: signature_service_pb2.SignDocumentsRequest) -> PersonAssertion | None:
    """Return the assertion of a request, validated before; None where it has none."""
    if not request.HasField("comfort"):
        return None
    return PersonAssertion(
        user=request.comfort.user,
        act=ACTS.required(request.comfort.act, PersonAct),
        time=request.comfort.time.ToDatetime(UTC),
        nonce=request.comfort.nonce,
    )


def signature_message(entry: SignatureEntry) -> signature_journal_service_pb2.SignatureEntry:
    """Return one entry of the journal."""
    facts = entry.facts
    return signature_journal_service_pb2.SignatureEntry(
        sequence=entry.sequence,
        time=timestamp(entry.time),
        job=entry.job,
        workstation=entry.workstation,
        user=facts.user,
        card=entry.card,
        context=entry.context,
        mode=MODES.number(facts.mode) if facts.mode else signature_journal_service_pb2.SIGNATURE_MODE_UNSPECIFIED,
        act=ACTS.number(facts.act) if facts.act else person_assertion_pb2.PERSON_ACT_UNSPECIFIED,
        document_kind=facts.kind,
        format=facts.format,
        documents=facts.documents,
        signed=facts.signed,
        outcome=entry.outcome,
        sha256=facts.sha256,
    )
