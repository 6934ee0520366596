"""The journal of signatures: what the audit keeps of each signature job, as words that can be read back."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kartenwart.domain.audit import AuditRecord
from kartenwart.domain.comfort import PersonAct
from kartenwart.domain.jobs import JobKind


class TriggerMode(StrEnum):
    """How signatures were triggered; names as in kartenwart.api.signature.v1.SignatureMode without the prefix."""

    SINGLE = "SINGLE"
    BATCH = "BATCH"
    COMFORT = "COMFORT"
    PRACTICE = "PRACTICE"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFacts:
    """Who signed what kind of document how; nothing of its content but the SHA-256 (hex; of several over their own)."""

    mode: TriggerMode | None = None
    user: str = ""
    act: PersonAct | None = None
    kind: str = ""
    format: str = ""
    documents: int = 1
    signed: int = 0
    sha256: str = ""

    @property
    def words(self) -> str:
        """Return the facts for the audit's detail; no value has a space."""
        parts = (
            ("mode=", self.mode.value if self.mode else ""),
            ("user=", self.user),
            ("act=", self.act.value if self.act else ""),
            ("kind=", self.kind),
            ("format=", self.format),
            ("signed=", str(self.signed)),
            ("documents:", str(self.documents) if self.documents > 1 else ""),
            ("sha256:", self.sha256),
        )
        return " ".join(name + value for name, value in parts if value)


def facts_of(detail: str) -> SignatureFacts:
    """Return the facts that an audit's detail tells; what it does not tell, as in records of before, is empty."""
    told: dict[str, str] = {}
    for word in detail.split():
        for mark in "=:":
            name, found, value = word.partition(mark)
            if found:
                told.setdefault(name, value)
                break
    return SignatureFacts(
        mode=TriggerMode(told["mode"]) if told.get("mode", "") in list(TriggerMode) else None,
        user=told.get("user", ""),
        act=PersonAct(told["act"]) if told.get("act", "") in list(PersonAct) else None,
        kind=told.get("kind", ""),
        format=told.get("format", ""),
        documents=_number(told.get("documents", ""), 1),
        signed=_number(told.get("signed", ""), 0),
        sha256=told.get("sha256", ""),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureEntry:
    """One signature job that ended."""

    sequence: int
    time: datetime
    job: str
    workstation: str
    card: str
    context: str
    outcome: str
    facts: SignatureFacts


def entry_of(record: AuditRecord, sent: str = "") -> SignatureEntry:
    """Return the entry for an audit record of a job's end; `sent`, kept at its sending, fills gaps."""
    entry = record.entry
    return SignatureEntry(
        sequence=record.sequence,
        time=record.time,
        job=job_of(entry.detail),
        workstation=entry.actor,
        card=entry.subject,
        context=entry.context,
        outcome=entry.outcome,
        facts=facts_of(f"{entry.detail} {sent}"),
    )


def job_of(detail: str) -> str:
    """Return the job that a detail is about."""
    words = detail.split()
    return words[1] if len(words) > 1 and words[0] == JobKind.SIGN_DOCUMENTS.value else ""


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else otherwise
