"""States of certificates and the Konnektor's word on one as messages."""

from collections.abc import Iterable
from datetime import date

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.certificate.v1 import certificate_pb2
from kartenwart.domain.certificate_words import failure_of
from kartenwart.domain.certificates import (
    Bearer,
    CertificateState,
    CertificateStatus,
    CertificateVerdict,
    profession_name,
)
from kartenwart.edge.convert.basics import EnumTable, timestamp
from kartenwart.edge.convert.failures import failure_message
from kartenwart.edge.convert.inventory import ALGORITHMS, CARD_TYPES

BEARERS = EnumTable(certificate_pb2.CertificateBearer, "CERTIFICATE_BEARER", Bearer)
VERDICTS = EnumTable(certificate_pb2.CertificateVerdict, "CERTIFICATE_VERDICT", CertificateVerdict)
STATUSES = EnumTable(certificate_pb2.CertificateStatus, "CERTIFICATE_STATUS", CertificateStatus)


def certificate_state_message(state: CertificateState, today: date) -> certificate_pb2.CertificateState:
    """Return a state with its verdict as of today; what is unknown stays absent or empty."""
    failure = failure_of(state, today)
    return certificate_pb2.CertificateState(
        bearer=BEARERS.number(state.bearer),
        konnektor=state.konnektor,
        terminal=state.terminal,
        card=state.card,
        card_type=CARD_TYPES.number(state.card_type) if state.card_type else card_pb2.CARD_TYPE_UNSPECIFIED,
        label=state.label,
        key_algorithm=(ALGORITHMS.number(state.algorithm) if state.algorithm else card_pb2.KEY_ALGORITHM_UNSPECIFIED),
        expire_date=state.valid_until.isoformat() if state.valid_until else "",
        days_left=state.days_left(today),
        telematik_id=state.telematik_id,
        professions=profession_messages(state.profession_oids),
        verdict=VERDICTS.number(state.verdict(today)),
        failure=failure_message(failure) if failure else None,
        check_time=timestamp(state.checked_at),
    )


def profession_messages(oids: Iterable[str]) -> list[certificate_pb2.Profession]:
    """Return professions with their German names, where known."""
    return [certificate_pb2.Profession(oid=oid, name=profession_name(oid)) for oid in oids]
