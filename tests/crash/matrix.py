"""One field of the crash matrix: a day is lived with cuts in some of its steps, and held against its ledger."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from traceback import extract_tb

import pytest

from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.client import CallFailed, Failure, Kartenwart, KartenwartError, connect
from tests.crash.box import Box
from tests.crash.cutting import Cut
from tests.crash.day import CONTEXTS, DOCTOR, HBA, SMCB, Day, quiet
from tests.crash.ledger import Step, end_of
from tests.waiting import until

STEP_SECONDS = 30.0
LOOK_SECONDS = 0.2
# What a call may be answered with while the disk refuses, the agent is on its way down or up, or a card was put back so
# lately that no poll has confirmed who sees it. What lasts lets no step get through.
PASSING = ("STORE_FAILED", "AGENT_UNAVAILABLE")


@dataclass(frozen=True, kw_only=True)
class Lived:
    """What became of a day: the kinds of each step's calls, those that were cut, what calls were answered."""

    kinds: Mapping[str, str]
    struck: Sequence[str]
    troubles: Sequence[str]


async def live(here: Box, cuts: Sequence[Cut] = ()) -> Lived:
    """Live a day at this box, cut some steps, check the ledger after a restart. AssertionError names what was broken.

    A cut that was armed for the first start may also come only now, where the start was shorter than others.

    Where the last cut did not end the agent, it is killed: what failed must not be on the disk only by half.
    """
    sim = here.practice.simulator
    before = {card: await sim.counts(card) for card in (HBA, SMCB)}
    troubles = await _fresh_sessions(here)
    here.days += 1
    day = Day(practice=here.practice, number=here.days)
    steps = _Steps(here=here, day=day, cuts={cut.step: cut for cut in cuts})
    for step in day.steps:
        troubles += await steps.take(step)
    troubles += await steps.recorded()
    here.cutter.disarm()
    if len(here.ends) == steps.ends:
        await here.kill()
        here.assert_ended_as_it_should()
    await _assert_kept(day)
    await quiet(here.practice)
    for card, then in before.items():
        now = await sim.counts(card)
        assert now["pin_tries_wrong"] == then["pin_tries_wrong"]
        assert len(set(now["job_numbers"])) == len(now["job_numbers"])
    return Lived(kinds=steps.kinds, struck=steps.struck, troubles=troubles)


@dataclass(kw_only=True)
class _Steps:
    """Takes the day's steps; `ends` is how often the agent had ended when the last cut was armed."""

    here: Box
    day: Day
    cuts: Mapping[str, Cut]
    kinds: dict[str, str] = field(default_factory=dict)
    struck: list[str] = field(default_factory=list)
    ends: int = 0

    def __post_init__(self) -> None:
        self.ends = len(self.here.ends)

    async def take(self, step: Step) -> list[str]:
        """Take one, with the cut that is meant for it; a cut that it did not reach may come in one of the next."""
        here, calls, ends, before = self.here, self.here.cutter.calls, len(self.here.ends), list[str]()
        cut = self.cuts.get(step.__name__)
        if cut is not None:
            before = await self.recorded()
            here.arm(cut)
            self.ends = ends = len(here.ends)
        troubles = before + await _through(here, step)
        self.kinds[step.__name__] = here.cutter.kinds(calls)
        if len(here.ends) > ends:
            here.assert_ended_as_it_should()
        return troubles

    async def recorded(self) -> list[str]:
        """Wait until there is space again and all ends that were told are on the disk; keep what was cut so far."""

        async def all_recorded() -> None:
            await _recorded(self.day)

        await self.here.has_space()
        troubles = await _through(self.here, all_recorded) if len(self.here.ends) == self.ends else []
        if what := self.here.cutter.what:
            self.struck.append(what)
        return troubles


async def _recorded(day: Day) -> None:
    """Wait until every end that was told is on the disk: where it refused, the agent tells at once and writes later."""
    async with day.practice.technician() as technician:

        async def all_ends() -> bool:
            records = (await technician.audit.page(100)).records
            ended = " ".join(record.detail for record in records if record.action == "job.ended")
            return all(order.told is not None and order.told.name in ended for order in day.orders)

        await until(all_ends)


async def _fresh_sessions(here: Box) -> list[str]:
    """Take the doctor's card out and put it back, so that nobody of an earlier day is verified on it any more."""
    sim = here.practice.simulator

    async def shown(wanted: bool) -> None:
        async with here.practice.technician() as technician:

            async def as_wanted() -> bool:
                return any(one.iccsn_tail.endswith("0201") for one in await technician.cards.list()) is wanted

            await until(as_wanted)

    async def seen_without_the_card() -> None:
        await shown(False)

    async def seen_with_the_card() -> None:
        await shown(True)

    await sim.do(f"/cards/{HBA}/pull")
    troubles = await _through(here, seen_without_the_card)
    await sim.do(f"/cards/{HBA}/insert", terminal="kt-sprechzimmer", slot=1)
    return troubles + await _through(here, seen_with_the_card)


async def _through(here: Box, step: Step) -> list[str]:
    """Take a step until it gets through; return what stood in its way. Only time in which the agent serves counts."""
    troubles: list[str] = []
    taking, left = asyncio.create_task(_taken_at_last(here, step, troubles)), STEP_SECONDS
    while left > 0 and not taking.done():
        await asyncio.wait({taking}, timeout=LOOK_SECONDS)
        left -= LOOK_SECONDS if here.serving else 0.0
    taking.cancel()
    try:
        await taking
    except (TimeoutError, asyncio.CancelledError) as error:
        waited = [f"{frame.name}:{frame.lineno}" for frame in extract_tb(error.__traceback__)]
        raise AssertionError(f"{step.__name__} did not get through ({' > '.join(waited)}): {troubles}") from error
    return troubles


async def _taken_at_last(here: Box, step: Step, troubles: list[str]) -> None:
    while not await _taken(here, step, troubles):
        await here.serves()
        await asyncio.sleep(0.1)


async def _taken(here: Box, step: Step, troubles: list[str]) -> bool:
    ends = len(here.ends)
    try:
        await step()
    except CallFailed as error:
        if error.reason not in PASSING:
            raise AssertionError(f"{step.__name__}: {error.failure} after {troubles}") from error
        troubles.append(error.reason)
    except KartenwartError as error:
        troubles.append(type(error).__name__)
    except TimeoutError:
        if len(here.ends) == ends:
            raise
        troubles.append("restarted")
    else:
        return True
    return False


async def _assert_kept(day: Day) -> None:
    """Hold the box, after its last start, against everything that it has promised and the simulator has counted."""
    for order in day.orders:
        assert order.told is not None
        assert order.sent <= order.verbs, order
        if order.told.state == job_pb2.JOB_STATE_SUCCEEDED:
            assert order.sent == order.verbs, order
        if order.told.state == job_pb2.JOB_STATE_FAILED:
            why = Failure.of(order.told.failure)
            never_sent = why.retry == "LATER" or (why.reason == "AGENT_RESTARTED" and order.verbs == 1)
            assert not (never_sent and order.sent), order
    async with day.practice.technician() as technician:
        await _assert_people_kept(day, technician)
        await _assert_jobs_kept(day, technician)
        await _assert_audited(day, technician)
    await _assert_refused(day)


async def _assert_people_kept(day: Day, technician: Kartenwart) -> None:
    """The doctor is known with the card that was bound, and the workstation as it was made, and revoked."""
    assert day.profile is not None
    users = {user.name: user for user in await technician.users.list()}
    assert users[day.user].label == DOCTOR
    assert users[day.user].card == await day.practice.card(technician, "HBA", "0201")
    assert users[day.user].HasField("bind_time")
    workstation = {one.name: one for one in await technician.workstations.list()}[day.profile.workstation]
    assert workstation.state == workstation_pb2.WORKSTATION_STATE_REVOKED
    assert workstation.role == workstation_pb2.ROLE_SIGNER
    assert sorted(workstation.scope.contexts) == sorted(CONTEXTS)
    assert list(workstation.scope.users) == [day.user]


async def _assert_jobs_kept(day: Day, technician: Kartenwart) -> None:
    assert day.profile is not None
    found = (await technician.jobs.page(100)).jobs
    jobs = {job.name: end_of(job) for job in found}
    for order in day.orders:
        assert order.told is not None
        told = end_of(order.told)
        assert jobs[order.told.name] == told, f"told {told}, kept {jobs[order.told.name]}"
    of_this_day = [job for job in found if job.creator == day.profile.workstation]
    assert len(of_this_day) == len(day.orders), "a job that nobody knows of"


async def _assert_audited(day: Day, technician: Kartenwart) -> None:
    """The audit is whole, and tells of each thing that was promised; what was asked twice, at least once."""
    assert day.profile is not None
    verdict = await technician.audit.verify()
    assert verdict.intact, verdict
    records = (await technician.audit.page(1000)).records
    ends = [(record.detail.split()[1], record.outcome) for record in records if record.action == "job.ended"]
    for order in day.orders:
        assert order.told is not None
        reason = Failure.of(order.told.failure).reason if order.told.HasField("failure") else ""
        outcome = reason or job_pb2.JobState.Name(order.told.state).removeprefix("JOB_STATE_")
        assert (order.told.name, outcome) in ends, order.told
    told = {(record.action.rpartition("/")[2], record.subject) for record in records}
    workstation = day.profile.workstation
    for promised in (
        ("CreateUser", day.user),
        ("user.bound", day.user),
        ("RedeemToken", workstation),
        ("RevokeWorkstation", workstation),
    ):
        assert promised in told, promised


async def _assert_refused(day: Day) -> None:
    assert day.profile is not None
    with pytest.raises(CallFailed) as refused:
        async with connect(day.profile, day.practice.agent.address) as revoked:
            await revoked.system.get()
    assert refused.value.reason == "REVOKED"
