"""The comfort signature: PIN.QES once, then signatures without it, each triggered by a person's assertion.

Source: gemSpec_Kon, TUC_KON_170 and following; A_19258, A_19259, A_21528; A_19137 to A_19139 for the assertion.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from kartenwart.domain.failures import Failure

ASSERTION_WINDOW = timedelta(minutes=2)
SHORTEST_NONCE = 16
LONGEST_NONCE = 64


class PersonAct(StrEnum):
    """The second act of a person; names as in kartenwart.api.signature.v1.PersonAct without the prefix."""

    PASSWORD = "PASSWORD"  # noqa: S105  # the kind of act
    DEVICE_PIN = "DEVICE_PIN"
    FINGERPRINT = "FINGERPRINT"
    FACE = "FACE"
    SECURITY_KEY = "SECURITY_KEY"
    CARD = "CARD"
    SECOND_DEVICE = "SECOND_DEVICE"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAssertion:
    """A workstation's word that a person triggers exactly one call; `nonce` makes it good for one."""

    user: str
    act: PersonAct
    time: datetime
    nonce: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a Konnektor says of the caller's own comfort session."""

    signatures_left: int
    time_left: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureMode:
    """The Konnektor's answer to GetSignatureMode: its switch, the limits of a new session, the caller's session."""

    enabled: bool
    most: int
    longest: timedelta
    session: Session | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndWarning:
    """When a session's end is near: so many signatures or so little time left."""

    signatures: int = 10
    time: timedelta = timedelta(minutes=15)

    def is_due(self, signatures_left: int, time_left: timedelta) -> bool:
        """True where people should know that the session ends soon."""
        return signatures_left <= self.signatures or time_left <= self.time


class ComfortState(StrEnum):
    """Where a session stands; names as in kartenwart.api.signature.v1.ComfortState without the prefix."""

    DISABLED = "DISABLED"
    INACTIVE = "INACTIVE"
    ACTIVE = "ACTIVE"
    FOREIGN = "FOREIGN"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComfortSignature:
    """What is known of comfort signatures of a user with a card in a context."""

    card: str
    context: str
    user: str
    state: ComfortState
    most: int = 0
    longest: timedelta = timedelta()
    signatures_left: int = 0
    ends_at: datetime | None = None
    ends_soon: bool = False
    failure: Failure | None = None
