"""What people are told for PC/SC's return codes."""

import pytest

from kartenwart.adapters.pcsc.conditions import PcscError
from kartenwart.domain.failures import Owner, Reason


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (0x8010001D, Reason.READER_SERVICE_DOWN),
        (0x80100013, Reason.READER_SERVICE_DOWN),
        (0x80100003, Reason.READER_SERVICE_DOWN),
        (0x8010006A, Reason.READER_NOT_PERMITTED),
        (0x80100027, Reason.READER_NOT_PERMITTED),
        (0x80100009, Reason.READER_GONE),
        (0x80100017, Reason.READER_GONE),
        (0x80100069, Reason.CARD_REMOVED),
        (0x8010000C, Reason.CARD_REMOVED),
        (0x8010000B, Reason.CARD_BUSY),
        (0x80100066, Reason.CARD_FAULT),
        (0x80100016, Reason.READER_FAULT),
        (0x80100001, Reason.READER_FAULT),
    ],
)
@pytest.mark.parametrize("sent", [True, False])
def test_each_code_has_its_reason(code: int, reason: Reason, sent: bool) -> None:
    error = PcscError(code).as_world_error(sent=sent)
    assert (error.failure.reason, error.sent) == (reason, sent)


def test_what_a_technician_has_to_do_is_a_technicians() -> None:
    assert PcscError(0x8010006A).failure.owner is Owner.TECHNICIAN
    assert "polkit" in PcscError(0x8010006A).failure.next_step
