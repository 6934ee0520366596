"""The audit: records in a hash chain per box, compared with an anchor outside the database."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """What happened, without personal data; `mandant` decides who may read it (empty: of the box itself)."""

    actor: str
    action: str
    subject: str
    outcome: str
    context: str = ""
    mandant: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """An entry in the chain: sequence from 1, time UTC, hash over the previous hash and all fields (hex)."""

    sequence: int
    time: datetime
    entry: AuditEntry
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditVerdict:
    """Result of a verification; first_broken_sequence 0 where all fit."""

    intact: bool
    checked: int
    first_broken_sequence: int
    finding: str
    head_hash: str


def chain_hash(previous: str, sequence: int, time: datetime, entry: AuditEntry) -> str:
    """Return the hex SHA-256 of a record: length-prefixed fields, so that no two records share an encoding."""
    fields = (
        previous,
        str(sequence),
        time.isoformat(timespec="microseconds"),
        entry.actor,
        entry.action,
        entry.subject,
        entry.outcome,
        entry.context,
        entry.mandant,
        entry.detail,
    )
    digest = hashlib.sha256()
    for text in fields:
        raw = text.encode()
        digest.update(len(raw).to_bytes(4, "big") + raw)
    return digest.hexdigest()
