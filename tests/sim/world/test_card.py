"""Attempts fall by wrong typed PINs and by nothing else."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from firmware_sim.world.card import Comparison, Pin, PinState
from firmware_sim.world.configuration import PinConfiguration

RIGHT, PUK = "135790", "13579024"


class Attempts(RuleBasedStateMachine):
    """A person types what comes to mind; a model of two numbers says what has to be left."""

    def __init__(self) -> None:
        super().__init__()
        self.pin = Pin(PinConfiguration(reference="PIN.SMC", pin=RIGHT, puk=PUK))
        self.right = RIGHT
        self.left, self.puk_left = 3, 10

    @rule(typed=st.sampled_from([RIGHT, "000000", "111111"]))
    def type_pin(self, typed: str) -> None:
        comparison = self.pin.compare(typed)
        if self.left == 0:
            assert comparison is Comparison.WAS_BLOCKED
        elif typed == self.right:
            assert comparison is Comparison.RIGHT
            self.left = 3
        else:
            self.left -= 1
            assert comparison is (Comparison.WRONG if self.left else Comparison.NOW_BLOCKED)

    @rule(typed=st.sampled_from([PUK, "99999999"]), new=st.sampled_from([None, "000000", RIGHT]))
    def type_puk(self, typed: str, new: str | None) -> None:
        comparison = self.pin.unblock(typed, new)
        if self.puk_left == 0:
            assert comparison is Comparison.WAS_BLOCKED
            return
        self.puk_left -= 1
        if typed == PUK:
            assert comparison is Comparison.RIGHT
            self.left, self.right = 3, new or self.right
        else:
            assert comparison in (Comparison.WRONG, Comparison.NOW_BLOCKED)

    @rule()
    def look(self) -> None:
        _ = (self.pin.state, self.pin.right_pin)

    @invariant()
    def numbers_agree(self) -> None:
        assert self.pin.attempts_left == self.left
        assert self.pin.puk_attempts_left == self.puk_left
        assert (self.pin.state is PinState.BLOCKED) == (self.left == 0)


TestAttempts = Attempts.TestCase
TestAttempts.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def test_a_blocked_card_opens_by_its_puk() -> None:
    pin = Pin(PinConfiguration(reference="PIN.SMC", pin=RIGHT, puk=PUK, state="blocked"))
    assert (pin.state, pin.compare(RIGHT)) == (PinState.BLOCKED, Comparison.WAS_BLOCKED)
    assert pin.unblock(PUK, None) is Comparison.RIGHT
    assert pin.compare(RIGHT) is Comparison.RIGHT


def test_a_transport_pin_ends_by_changing_it() -> None:
    pin = Pin(PinConfiguration(reference="PIN.CH", pin="12345", state="transport"))
    assert pin.state is PinState.TRANSPORT
    pin.change(RIGHT)
    assert (pin.state, pin.compare(RIGHT)) == (PinState.SET, Comparison.RIGHT)


def test_secrets_do_not_print() -> None:
    assert RIGHT not in repr(PinConfiguration(reference="PIN.SMC", pin=RIGHT, puk=PUK))
