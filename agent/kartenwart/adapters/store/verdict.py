"""Whether the audit's chain holds, and how to say so in German."""

import sqlite3
from collections.abc import Iterable

from kartenwart.adapters.store.anchor import AnchorLines
from kartenwart.adapters.store.codec import TIME
from kartenwart.domain.audit import GENESIS, AuditEntry, AuditRecord, AuditVerdict, chain_hash

COLUMNS = "sequence, time, actor, action, subject, outcome, context, mandant, detail, hash"

_INTACT = "Das Protokoll ist unverändert: {checked} Einträge geprüft, der letzte Anker steht bei Eintrag {anchored}."
_EMPTY = "Das Protokoll ist noch leer."
_GAP = "Eintrag {sequence} fehlt: Das Protokoll wurde verändert."
_CHANGED = "Eintrag {sequence} wurde nachträglich verändert: Sein Inhalt passt nicht zu seiner Prüfsumme."
_REWRITTEN = (
    "Eintrag {sequence} stimmt nicht mit dem Anker außerhalb der Datenbank überein: "
    "Das Protokoll wurde neu geschrieben."
)
_TRUNCATED = (
    "Am Ende fehlen Einträge ab {sequence}: Der Anker außerhalb der Datenbank kennt {anchored} Einträge. Entweder "
    "wurde gelöscht oder eine ältere Sicherung zurückgespielt."
)
_NO_ANCHOR = (
    "Die Einträge passen zueinander, aber der Anker außerhalb der Datenbank fehlt oder ist nicht lesbar: Ob am Ende "
    "etwas fehlt oder alles neu geschrieben wurde, lässt sich nicht sagen."
)
_UNREADABLE = (
    "Die Einträge passen zueinander, aber der Anker außerhalb der Datenbank enthält {unreadable} Zeilen, die nicht "
    "lesbar sind oder einander widersprechen: Er wurde verändert oder der Datenträger ist schadhaft."
)


def record_of(row: sqlite3.Row | tuple[object, ...]) -> AuditRecord:
    """Return the record that a row of COLUMNS holds; ValueError where its time is none."""
    sequence, time, actor, action, subject, outcome, context, mandant, detail, hash_ = (str(field) for field in row)
    entry = AuditEntry(
        actor=actor,
        action=action,
        subject=subject,
        outcome=outcome,
        context=context,
        mandant=mandant,
        detail=detail,
    )
    return AuditRecord(sequence=int(sequence), time=TIME.decode(time), entry=entry, hash=hash_)


def check_chain(rows: Iterable[tuple[object, ...]], anchor: AnchorLines | None) -> AuditVerdict:
    """Recompute the chain over all rows in order and hold it against the anchor (None: it is missing)."""
    anchored = anchor.hashes if anchor else {}
    checked, head = 0, GENESIS
    for row in rows:
        sequence = checked + 1
        if row[0] != sequence:
            return _broken(sequence, checked, head, _GAP)
        record = _fitting(row, head)
        if record is None:
            return _broken(sequence, checked, head, _CHANGED)
        if anchored.get(sequence, record.hash) != record.hash:
            return _broken(sequence, checked, head, _REWRITTEN)
        checked, head = sequence, record.hash
    last = max(anchored, default=0)
    if last > checked:
        return _broken(checked + 1, checked, head, _TRUNCATED.replace("{anchored}", str(last)))
    return _whole(checked, head, anchor, last)


def _fitting(row: tuple[object, ...], previous: str) -> AuditRecord | None:
    try:
        record = record_of(row)
    except ValueError:
        return None
    return record if chain_hash(previous, record.sequence, record.time, record.entry) == record.hash else None


def _whole(checked: int, head: str, anchor: AnchorLines | None, anchored: int) -> AuditVerdict:
    """Every record fits every other; what is left to say is how far the anchor attests them."""
    if anchor is None:
        return _verdict(checked, head, _NO_ANCHOR, intact=False)
    if anchor.unreadable:
        return _verdict(checked, head, _UNREADABLE.format(unreadable=anchor.unreadable), intact=False)
    finding = _INTACT.format(checked=checked, anchored=anchored) if checked else _EMPTY
    return _verdict(checked, head, finding, intact=True)


def _verdict(checked: int, head: str, finding: str, *, intact: bool) -> AuditVerdict:
    return AuditVerdict(intact=intact, checked=checked, first_broken_sequence=0, finding=finding, head_hash=head)


def _broken(sequence: int, checked: int, head: str, finding: str) -> AuditVerdict:
    return AuditVerdict(
        intact=False,
        checked=checked,
        first_broken_sequence=sequence,
        finding=finding.format(sequence=sequence),
        head_hash=head,
    )
