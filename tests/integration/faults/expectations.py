"""What a practice reads for each fault of the simulator's catalogue, and how it goes on afterwards."""

from dataclasses import dataclass

from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.konnektor.v1 import konnektor_pb2

UP, DOWN = konnektor_pb2.LINK_STATE_UP, konnektor_pb2.LINK_STATE_DOWN
DEGRADED = konnektor_pb2.LINK_STATE_DEGRADED
SUCCEEDED, FAILED = job_pb2.JOB_STATE_SUCCEEDED, job_pb2.JOB_STATE_FAILED
UNKNOWN = job_pb2.JOB_STATE_OUTCOME_UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Link:
    """The link to the Konnektor gets this state, with this reason and these words in its title."""

    state: konnektor_pb2.LinkState.ValueType
    reason: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Unharmed:
    """The link stays up and polls go on; nobody has to be told."""


@dataclass(frozen=True, kw_only=True)
class Events:
    """A pulled card is told by an event, however late, or only by the next poll; the link stays up."""

    told: bool


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A PIN entry or signature ends like this; the next one succeeds."""

    verb: str
    state: job_pb2.JobState.ValueType
    reason: str = ""
    title: str = ""


Expected = Link | Unharmed | Events | Verb

_UNREACHABLE = Link(state=DOWN, reason="KONNEKTOR_UNREACHABLE", title="nicht zu erreichen")
_SILENT = Link(state=DOWN, reason="KONNEKTOR_SILENT", title="antwortet aber nicht")
_INVALID = Link(state=DOWN, reason="KONNEKTOR_ANSWER_INVALID", title="nicht lesbar")
_UNKNOWN = "Es ist nicht bekannt, ob die Karte"

EXPECTED: dict[str, Expected] = {
    "line-slow": Unharmed(),
    "line-late": _UNREACHABLE,
    "line-drip": _SILENT,
    "line-cut-at-once": _UNREACHABLE,
    "line-cut-in-answer": _SILENT,  # TLS gives out no part of a record that was cut
    "line-dead": _UNREACHABLE,
    "line-dies-in-answer": _SILENT,
    "line-garbled-answers": _INVALID,
    "line-garbled-requests": _SILENT,
    "events-late": Events(told=True),
    "events-cut": Events(told=False),
    "events-dead": Events(told=False),
    "events-garbled": Events(told=False),
    "events-lost": Events(told=False),
    "answer-late": Unharmed(),
    "answer-missing": _SILENT,
    "answer-cut": _INVALID,
    "answer-garbage": _INVALID,
    "answer-server-error": _INVALID,
    "answer-fault": Link(state=DOWN, reason="KONNEKTOR_FAULT", title="innerer Fehler"),
    "signature-late": Verb(verb="sign", state=SUCCEEDED),
    "signature-answer-lost": Verb(verb="sign", state=UNKNOWN, reason="OUTCOME_UNKNOWN", title=_UNKNOWN),
    "signature-answer-garbage": Verb(verb="sign", state=UNKNOWN, reason="OUTCOME_UNKNOWN", title=_UNKNOWN),
    "signature-corrupt": Verb(verb="sign", state=FAILED, reason="SIGNATURE_INVALID", title="nicht ausgegeben"),
    "signature-refused": Verb(verb="sign", state=FAILED, reason="CARD_FAULT", title="Signatur"),
    "pin-answer-lost": Verb(verb="verify", state=UNKNOWN, reason="OUTCOME_UNKNOWN", title=_UNKNOWN),
    "pin-status-contradicts": Verb(verb="verify", state=FAILED, reason="KONNEKTOR_FAULT", title="innerer Fehler"),
    "clock-off": Link(state=DEGRADED, reason="KONNEKTOR_CLOCK_OFF", title="Uhren"),
    "critical-state": Link(state=DEGRADED, reason="KONNEKTOR_CRITICAL", title="kritischen Betriebszustand"),
    "certificate-changed": Link(
        state=DOWN, reason="KONNEKTOR_CERTIFICATE_UNTRUSTED", title="anderen Zertifikat aus als dem vereinbarten"
    ),
    "reboot": _UNREACHABLE,
}
