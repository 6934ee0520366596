"""Where a PIN is typed: learnt from the Konnektor, a guess until then, and never two entries at one pad."""

from dataclasses import replace
from typing import Any

from kartenwart.domain.inventory import Pin
from kartenwart.domain.jobs import Job, JobStep
from kartenwart.domain.ports.observations import Notice, NoticeType, ObservedCard, ObservedTerminal
from kartenwart.operations.pins import VerifyPinOrder
from tests.unit.operations.memory import until
from tests.unit.operations.practice import (
    DESK,
    EGK,
    HBA,
    K1,
    OURS,
    ROOM,
    TERMINAL,
    Practice,
    caller,
    named,
    observation,
)


async def ended(practice: Practice, job: Job) -> Job:
    practice.konnektor.go.set()
    return await practice.jobs.wait(caller(), job.name, 5)


def at(ct_id: str, label: str, *workplaces: str) -> ObservedTerminal:
    return replace(TERMINAL, ct_id=ct_id, label=label, mac_address=f"00-00-00-00-00-{label[:2]}", workplaces=workplaces)


PADS = (at("ct-1", "10", "empfang", "zimmer"), at("ct-2", "20", "empfang", "zimmer"))
PATIENT = replace(EGK, local_contexts=OURS)


def entry(number: int, context: str, **more: Any) -> VerifyPinOrder:
    return VerifyPinOrder(
        request_id=f"r-{number}",
        card=named(replace(HBA, iccsn=f"8027600104000000000{number}")),
        context=context,
        pin=Pin.CH,
        user="users/arzt1",
        **more,
    )


async def two_hbas(practice: Practice, *others: ObservedCard) -> None:
    """Put an HBA in each of two terminals."""
    await practice.people.create("users/arzt1", "Dr. A")
    cards = [replace(HBA, handle=f"h-{n}", ct_id=f"ct-{n}", iccsn=f"8027600104000000000{n}") for n in (1, 2)]
    practice.keeper.observe(observation(*cards, *others, terminals=PADS))


async def both_on_wire(practice: Practice, *orders: VerifyPinOrder) -> int:
    """Return how many entries were asked for at once."""
    practice.konnektor.most_on_wire = 0
    practice.konnektor.go.clear()
    jobs = [await practice.pins.verify(caller(), order) for order in orders]
    await until()
    for job in jobs:
        await ended(practice, job)
    return practice.konnektor.most_on_wire


async def test_where_the_pad_is_a_guess_entries_take_turns_for_it_may_be_one_remote_pad(practice: Practice) -> None:
    await two_hbas(practice)
    assert await both_on_wire(practice, entry(1, ROOM), entry(2, ROOM)) == 1


async def test_terminals_beside_the_workplace_ask_at_the_same_time(practice: Practice) -> None:
    await two_hbas(practice, replace(PATIENT, handle="h-3"), replace(PATIENT, handle="h-4", ct_id="ct-2"))
    assert await both_on_wire(practice, entry(1, ROOM), entry(2, ROOM)) == 2


async def learnt(practice: Practice, number: int, ct_id: str, request_id: str) -> list[tuple[str, bool]]:
    """Let the Konnektor say at which pad it asks; return the pads that the job named."""
    practice.konnektor.go.clear()
    job = await practice.pins.verify(caller(), replace(entry(number, ROOM), request_id=request_id))
    await until()
    started = NoticeType.PIN_ENTRY_STARTED
    practice.keeper.notice(
        Notice(type=started, konnektor=K1, context=ROOM, handle=f"h-{number}", ct_id=ct_id, pin=Pin.CH)
    )
    told = (await ended(practice, job)).progress
    return [(step.terminal_label, step.expected) for step in told if step.step is JobStep.PIN_ENTRY]


async def test_the_pad_that_the_konnektor_named_is_known_from_then_on_until_it_boots(practice: Practice) -> None:
    await two_hbas(practice)
    assert await learnt(practice, 1, "ct-2", "a") == [("10", True), ("20", False)]
    assert await learnt(practice, 2, "ct-1", "b") == [("20", True), ("10", False)]
    assert await both_on_wire(practice, entry(1, ROOM), entry(2, ROOM)) == 2
    assert await learnt(practice, 1, "ct-2", "c") == [("20", True), ("20", False)]
    assert await learnt(practice, 2, "ct-2", "d") == [("10", True), ("20", False)]
    orders = [replace(entry(n, ROOM), request_id=f"same-{n}") for n in (1, 2)]
    assert await both_on_wire(practice, *orders) == 1
    practice.keeper.notice(Notice(type=NoticeType.BOOTED, konnektor=K1))
    assert (practice.cards.reach(entry(1, DESK).card, ROOM, "users/arzt1").pad.sure) is False
