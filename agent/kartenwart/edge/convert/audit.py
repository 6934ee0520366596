"""Audit records and verdicts."""

from kartenwart.api.audit.v1 import audit_service_pb2
from kartenwart.domain.audit import AuditRecord, AuditVerdict
from kartenwart.edge.convert.basics import timestamp


def record_message(record: AuditRecord) -> audit_service_pb2.AuditRecord:
    """Return a record; its mandant decided who sees it and stays inside."""
    entry = record.entry
    return audit_service_pb2.AuditRecord(
        sequence=record.sequence,
        time=timestamp(record.time),
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        outcome=entry.outcome,
        context=entry.context,
        detail=entry.detail,
        hash=record.hash,
    )


def verdict_message(verdict: AuditVerdict) -> audit_service_pb2.VerifyAuditResponse:
    """Return a verdict."""
    return audit_service_pb2.VerifyAuditResponse(
        intact=verdict.intact,
        checked=verdict.checked,
        first_broken_sequence=verdict.first_broken_sequence,
        finding=verdict.finding,
        head_hash=verdict.head_hash,
    )
