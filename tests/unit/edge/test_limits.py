from contextlib import suppress

import pytest

from kartenwart.edge.limits import REMEMBERED, Allowance, Limiter, LimitExceeded, Limits
from kartenwart.edge.policy import Rate

FEW = Limits(
    calls=2,
    streams=2,
    anonymous_calls=1,
    all_calls=3,
    all_streams=3,
    all_anonymous_calls=2,
    rates={rate: Allowance(per_second=1, burst=3) for rate in Rate},
)


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_principal_has_so_many_calls_at_a_time() -> None:
    limiter = Limiter(FEW, Time())
    with limiter.call("a", Rate.READ), limiter.call("a", Rate.CARD):
        with pytest.raises(LimitExceeded), limiter.call("a", Rate.CHANGE):
            pass
        with limiter.call("b", Rate.READ), pytest.raises(LimitExceeded), limiter.call("c", Rate.READ):
            pass
    with limiter.call("a", Rate.CHANGE):
        pass


def test_strangers_never_take_the_places_of_those_we_know() -> None:
    limiter = Limiter(FEW, Time())
    with limiter.call("peer/1", Rate.EXCHANGE), limiter.call("peer/2", Rate.EXCHANGE):
        with pytest.raises(LimitExceeded), limiter.call("peer/3", Rate.EXCHANGE):
            pass
        with limiter.call("a", Rate.READ), limiter.call("a", Rate.READ):
            pass


def test_a_rate_is_a_bucket_that_refills_and_says_when() -> None:
    time = Time()
    limiter = Limiter(FEW, time)
    for _ in range(3):
        with limiter.call("a", Rate.READ):
            pass
    with pytest.raises(LimitExceeded) as refused, limiter.call("a", Rate.READ):
        pass
    assert refused.value.retry_after == pytest.approx(1.0)
    with limiter.call("a", Rate.CARD):
        pass
    time.now = 1.0
    with limiter.call("a", Rate.READ):
        pass
    with pytest.raises(LimitExceeded), limiter.call("a", Rate.READ):
        pass


def test_places_of_streams_come_back_whatever_happened() -> None:
    time = Time()
    limiter = Limiter(FEW, time)
    for number in range(10):
        time.now = number * 10.0
        with suppress(ZeroDivisionError), limiter.stream("a"), limiter.stream("a"):
            assert limiter.open_streams == 2
            with pytest.raises(LimitExceeded), limiter.stream("a"):
                pass
            _ = 1 / 0
    assert limiter.open_streams == 0


def test_memory_is_bounded_and_who_is_busy_is_remembered() -> None:
    limiter = Limiter(FEW, Time())
    with limiter.call("busy", Rate.READ), limiter.call("busy", Rate.READ):
        for number in range(REMEMBERED * 2):
            with limiter.call(f"peer/{number}", Rate.EXCHANGE):
                pass
        assert len(limiter._usages) <= REMEMBERED + 1
        with pytest.raises(LimitExceeded), limiter.call("busy", Rate.READ):
            pass
