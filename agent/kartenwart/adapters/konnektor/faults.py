"""Troubles and faults of a Konnektor as WorldErrors, once, with what is certain about the card."""

from kartenwart.codecs.soap.fault import Fault
from kartenwart.domain.catalogue import failure, reason_for_code
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.transport.troubles import (
    AnswerError,
    CutError,
    RefusedError,
    SilentError,
    TransportError,
    UnreachableError,
    UntrustedError,
)

# Codes that a Konnektor gives before it turns to the card: syntax, state, context and access rules, handles, sessions,
# busy pads and cards, PIN entry not possible, job numbers, documents not accepted, functions that are not there.
# Whatever is not here may have reached the card: 4001, 4028, 4040, 4043, 4044, 4045, 4049, 4063, 4085, 4094, 4120,
# 4123, 4206, every warning, every vendor code and every unknown one.
NOTHING_SENT: frozenset[int] = frozenset(
    {
        *(4000, 4002, 4003, 4004, 4005, 4006, 4007, 4008, 4009, 4010, 4011, 4012, 4013, 4014, 4015, 4016, 4017, 4018),
        *(4019, 4020, 4021, 4204),
        *(4047, 4098, 4099, 4101, 4131, 4146),
        *(4039, 4060, 4093, 4221, 4222),
        *(4051, 4053, 4058, 4066, 4072, 4078, 4092, 4209),
        *(4090, 4097, 4103, 4104, 4149, 4279),
        *(4022, 4023, 4024, 4026, 4110, 4111, 4112, 4118, 4124, 4125, 4126, 4208, 4280, 4281, 4283),
        *(4252, 4253, 4258, 4263, 4270, 4272, 4274, 4278),
    }
)

_REASONS: dict[type[TransportError], Reason] = {
    UnreachableError: Reason.KONNEKTOR_UNREACHABLE,
    UntrustedError: Reason.KONNEKTOR_CERTIFICATE_UNTRUSTED,
    RefusedError: Reason.KONNEKTOR_CREDENTIALS_REFUSED,
    SilentError: Reason.KONNEKTOR_SILENT,
    CutError: Reason.KONNEKTOR_SILENT,
    AnswerError: Reason.KONNEKTOR_ANSWER_INVALID,
}


def from_fault(fault: Fault, *, attempts_left: int | None = None) -> WorldError:
    """Return the error for a fault or for the error in a Status, with code, severity and type as reported."""
    found = failure(
        reason_for_code(fault.code),
        code=fault.code,
        severity=fault.severity,
        error_type=fault.error_type,
        attempts_left=attempts_left,
    )
    return WorldError(found, sent=fault.code not in NOTHING_SENT)


def from_transport(error: TransportError) -> WorldError:
    """Return the error for a connection's trouble; `sent` as far as bytes may have left."""
    broke_off = isinstance(error, CutError) and error.answered
    reason = Reason.KONNEKTOR_ANSWER_INVALID if broke_off else _REASONS[type(error)]
    return WorldError(failure(reason), sent=error.written)


def answer_invalid() -> WorldError:
    """Return the error for an answer that cannot be read: the card may have acted."""
    return WorldError(failure(Reason.KONNEKTOR_ANSWER_INVALID), sent=True)


def not_sent(error: WorldError) -> WorldError:
    """Return the same failure for a step in front of a verb: of the verb itself nothing was sent."""
    return WorldError(error.failure, sent=False)
