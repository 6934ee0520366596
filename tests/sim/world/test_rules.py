"""Small rules: topics, job numbers, subscriptions, conditions, sessions."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.conditions import Conditions
from firmware_sim.world.context import Context
from firmware_sim.world.events import matches
from firmware_sim.world.jobs import REMEMBERED, JobNumbers
from firmware_sim.world.sessions import CardSessions, SessionKey
from firmware_sim.world.subscriptions import Subscriptions

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
PVS = Context(mandant="m1", client_system="pvs", workplace="empfang")


def test_a_topic_covers_what_is_below_it() -> None:
    assert matches("CARD", "CARD/PIN/VERIFY_STARTED")
    assert matches("CARD/PIN", "CARD/PIN/VERIFY_STARTED")
    assert not matches("CARD/PIN", "CARD/INSERTED")
    assert not matches("CAR", "CARD/INSERTED")
    assert not matches("CARD/PIN/VERIFY_STARTED", "CARD/PIN")


@given(st.lists(st.sampled_from(["CARD", "PIN", "CT", "X"]), min_size=1, max_size=3))
def test_every_level_above_a_topic_matches(levels: list[str]) -> None:
    topic = "/".join(levels)
    assert all(matches("/".join(levels[:count]), topic) for count in range(1, len(levels) + 1))


def test_a_job_number_is_used_once_in_a_thousand_calls() -> None:
    jobs = JobNumbers(Random(1))
    number = jobs.issue()
    jobs.start(number, "a handle")
    with pytest.raises(KonnektorError) as caught:
        jobs.start(number, "a handle")
    assert caught.value.code.number == 4252
    for index in range(REMEMBERED):
        jobs.start(f"AAA-{index:03d}" if index < 1000 else f"AAB-{index - 1000:03d}", "a handle")
    jobs.start(number, "a handle")


def test_issued_numbers_differ() -> None:
    jobs = JobNumbers(Random(2))
    numbers = [jobs.issue() for _ in range(REMEMBERED)]
    assert len(set(numbers)) == REMEMBERED


def test_only_running_jobs_can_be_stopped() -> None:
    jobs = JobNumbers(Random(3))
    jobs.start("ABC-123", "a handle")
    assert jobs.card_of("ABC-123") == "a handle"
    jobs.stop("ABC-123")
    assert jobs.stopped("ABC-123")
    jobs.finish("ABC-123")
    assert not jobs.stopped("ABC-123")
    with pytest.raises(KonnektorError) as caught:
        jobs.card_of("ABC-123")
    assert caught.value.code.number == 4243


def subscriptions() -> Subscriptions:
    return Subscriptions(timedelta(hours=25), 3)


def test_the_same_subscription_keeps_its_id_and_gets_a_new_end() -> None:
    kept = subscriptions()
    first = kept.subscribe(PVS, "cetp://127.0.0.1:1", "CARD", "", NOW)
    again = kept.subscribe(PVS, "cetp://127.0.0.1:1", "CARD", "", NOW + timedelta(hours=1))
    other = kept.subscribe(PVS, "cetp://127.0.0.1:1", "CT", "", NOW)
    assert first.id == again.id != other.id
    assert (first.until, again.until) == (NOW + timedelta(hours=25), NOW + timedelta(hours=26))


def test_renewal_leaves_out_the_dead_and_refuses_when_none_lives() -> None:
    kept = subscriptions()
    made = kept.subscribe(PVS, "cetp://127.0.0.1:1", "CARD", "", NOW)
    assert [each.id for each in kept.renew(PVS, [made.id, "unknown"], NOW)] == [made.id]
    later = NOW + timedelta(hours=25)
    with pytest.raises(KonnektorError) as caught:
        kept.renew(PVS, [made.id], later)
    assert caught.value.code.number == 4102


def test_endpoints_outlive_the_boot_and_end_with_their_last_subscription() -> None:
    kept = subscriptions()
    kept.subscribe(PVS, "cetp://127.0.0.1:1", "CARD", "", NOW)
    kept.drop_for_boot()
    assert (list(kept), kept.endpoints) == ([], ["cetp://127.0.0.1:1"])
    again = kept.subscribe(PVS, "cetp://127.0.0.1:1", "CARD", "", NOW)
    kept.unsubscribe(PVS, again.id, "", NOW)
    assert kept.endpoints == []


def test_failures_in_a_row_end_a_subscription_and_a_success_starts_anew() -> None:
    kept = subscriptions()
    kept.subscribe(PVS, "cetp://127.0.0.1:1", "CARD", "", NOW)
    for reached in (False, False, True, False, False):
        kept.delivered("cetp://127.0.0.1:1", reached)
    assert len(list(kept)) == 1
    kept.delivered("cetp://127.0.0.1:1", False)
    assert list(kept) == []


def test_others_cannot_touch_a_subscription() -> None:
    kept = subscriptions()
    made = kept.subscribe(PVS, "cetp://127.0.0.1:1", "CARD", "", NOW)
    kim = Context(mandant="m1", client_system="kim", workplace="empfang")
    with pytest.raises(KonnektorError):
        kept.unsubscribe(kim, made.id, "", NOW)
    assert kept.listed(kim, "", True, NOW) == []


def test_a_condition_tells_its_changes_only() -> None:
    conditions = Conditions(NOW)
    event = conditions.set("EC_CRL_Out_Of_Date", True, NOW)
    assert event is not None
    assert (event.topic, event.severity, conditions.critical) == ("OPERATIONAL_STATE/EC_CRL_Out_Of_Date", "Fatal", True)
    assert conditions.set("EC_CRL_Out_Of_Date", True, NOW) is None
    assert conditions.set("EC_CRL_Out_Of_Date", False, NOW) is not None
    assert not conditions.critical
    with pytest.raises(KeyError, match="EC_Nonsense"):
        conditions.set("EC_Nonsense", True, NOW)


def test_sessions_end_with_their_card() -> None:
    sessions = CardSessions()
    key = SessionKey(handle="h", mandant="m1", client_system="pvs")
    sessions.open(key).verified.add("PIN.SMC")
    assert sessions.open(key).verified == {"PIN.SMC"}
    sessions.drop_card("h")
    assert sessions.open(key).verified == set()
