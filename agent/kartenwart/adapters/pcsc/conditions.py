"""What PC/SC's return codes mean (pcsclite.h): a reason for people, and what is to be done about the connection."""

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Failure, Reason, WorldError

CANCELLED = 0x80100002
INVALID_HANDLE = 0x80100003
UNKNOWN_READER = 0x80100009
TIMEOUT = 0x8010000A
SHARING_VIOLATION = 0x8010000B
NO_SMARTCARD = 0x8010000C
PROTO_MISMATCH = 0x8010000F
COMM_ERROR = 0x80100013
READER_UNAVAILABLE = 0x80100017
SHUTDOWN = 0x80100018
NO_SERVICE = 0x8010001D
SERVICE_STOPPED = 0x8010001E
NO_ACCESS = 0x80100027
NO_READERS = 0x8010002E
UNSUPPORTED_CARD = 0x80100065
UNRESPONSIVE_CARD = 0x80100066
UNPOWERED_CARD = 0x80100067
RESET_CARD = 0x80100068
REMOVED_CARD = 0x80100069
SECURITY_VIOLATION = 0x8010006A

_REASONS = {
    SHARING_VIOLATION: Reason.CARD_BUSY,
    NO_SMARTCARD: Reason.CARD_REMOVED,
    REMOVED_CARD: Reason.CARD_REMOVED,
    PROTO_MISMATCH: Reason.CARD_FAULT,
    UNSUPPORTED_CARD: Reason.CARD_FAULT,
    UNRESPONSIVE_CARD: Reason.CARD_FAULT,
    UNPOWERED_CARD: Reason.CARD_FAULT,
    UNKNOWN_READER: Reason.READER_GONE,
    READER_UNAVAILABLE: Reason.READER_GONE,
    NO_READERS: Reason.READER_GONE,
    INVALID_HANDLE: Reason.READER_SERVICE_DOWN,  # our context died with the pcscd that gave it
    COMM_ERROR: Reason.READER_SERVICE_DOWN,
    SHUTDOWN: Reason.READER_SERVICE_DOWN,
    NO_SERVICE: Reason.READER_SERVICE_DOWN,
    SERVICE_STOPPED: Reason.READER_SERVICE_DOWN,
    NO_ACCESS: Reason.READER_NOT_PERMITTED,
    SECURITY_VIOLATION: Reason.READER_NOT_PERMITTED,
}


class PcscError(Exception):
    """A function of PC/SC did not succeed; `code` is unsigned."""

    def __init__(self, code: int) -> None:
        super().__init__(f"{code:08X}")
        self.code = code

    @property
    def reason(self) -> Reason:
        """Return what people are told; READER_FAULT for what has no words of its own."""
        return _REASONS.get(self.code, Reason.READER_FAULT)

    @property
    def failure(self) -> Failure:
        """Return the failure in the catalogue's words."""
        return failure(self.reason)

    def as_world_error(self, *, sent: bool) -> WorldError:
        """Return the error that ports raise."""
        return WorldError(self.failure, sent=sent)
