"""What is loaded beside the loop, and the time before it is there."""

import sys

import pytest

from kartenwart.app.following import Reached
from kartenwart.app.loading import loaded
from kartenwart.domain.failures import Reason, WorldError


async def test_the_loop_has_its_usual_turns_back_after_loading() -> None:
    usual = sys.getswitchinterval()
    assert (await loaded("kartenwart.app.verdict")).NOT_SET_UP
    assert sys.getswitchinterval() == usual
    with pytest.raises(ModuleNotFoundError):
        await loaded("kartenwart.app.none")
    assert sys.getswitchinterval() == usual


def test_a_konnektor_that_is_not_loaded_yet_cannot_be_reached_yet() -> None:
    with pytest.raises(WorldError) as refused:
        Reached()["konnektors/k1"]
    assert refused.value.failure.reason is Reason.KONNEKTOR_UNREACHABLE
    assert not refused.value.sent
