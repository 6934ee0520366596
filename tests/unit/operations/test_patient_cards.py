"""Patients' cards: one reading per insertion, for whom, with whose unlocked card, and what is forgotten when."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from kartenwart.domain.catalogue import failure, reason_for_code
from kartenwart.domain.failures import CallerError, Reason, WorldError
from kartenwart.domain.inventory import CardType, Pin, PinStatus
from kartenwart.domain.patients import (
    CardData,
    CheckResult,
    Insurance,
    Insurer,
    OnlineCheck,
    Person,
    Proof,
    ReplacementProcedure,
    replacement_after,
)
from kartenwart.domain.ports.cards import PinReading
from kartenwart.domain.ports.observations import Notice, NoticeType
from kartenwart.operations.patient_cards import ReadVsdOrder
from tests.unit.operations.practice import (
    DESK,
    EGK,
    HBA,
    K1,
    OTHER,
    ROOM,
    SMCB,
    Practice,
    caller,
    named,
    observation,
)

PERSON = Person(insured_id="X000000012", birth_date="19640812", given_names="Erika", family_name="E", gender="W")
COVER = Insurance(insurer=Insurer(number="1", country="D", name="K"), begins="20010101")
CHECKED = Proof(checked="20261121090000", result=CheckResult.UP_TO_DATE)
GOOD = CardData(containers={}, person=PERSON, insurance=COVER, proof=CHECKED)
VERIFIED = PinReading(status=PinStatus.VERIFIED, attempts_left=None)
ORDER = ReadVsdOrder(card=named(EGK), context=DESK)


@pytest.fixture
def practice() -> Practice:
    """A practice whose SMC-B is unlocked at the desk, and whose readings end at once."""
    made = Practice()
    made.konnektor.readings[DESK, Pin.SMC] = VERIFIED
    made.konnektor.data = GOOD
    made.konnektor.reading.set()
    return made


def pulled(practice: Practice) -> None:
    practice.keeper.observe(observation(SMCB, HBA))


def lost(practice: Practice) -> None:
    practice.keeper.link_failed(K1, failure(Reason.KONNEKTOR_UNREACHABLE))


def inserted(practice: Practice, handle: str = "h-egk-2") -> ReadVsdOrder:
    """Insert the same card again; return the order for it."""
    card = replace(EGK, handle=handle)
    practice.keeper.observe(observation(SMCB, HBA, card))
    return replace(ORDER, card=named(card))


async def test_one_reading_serves_all_who_ask_while_it_is_under_way_and_later(practice: Practice) -> None:
    practice.konnektor.reading.clear()
    asking = [asyncio.create_task(practice.patient_cards.read_vsd(caller(), ORDER)) for _ in range(3)]
    await asyncio.sleep(0.01)
    asking[0].cancel()  # who leaves does not take the reading along
    practice.konnektor.reading.set()
    _, second, third = await asyncio.gather(*asking, return_exceptions=True)
    later = await practice.patient_cards.read_vsd(caller("workstations/w-2"), ORDER)
    assert len(practice.konnektor.read) == 1
    assert later.data is GOOD
    assert {one.shared for one in (second, third, later) if not isinstance(one, BaseException)} == {True}
    assert later.replacement is ReplacementProcedure.NOT_NEEDED
    assert "Erika" not in repr(later)


async def test_it_is_read_in_the_name_of_an_unlocked_practice_card(practice: Practice) -> None:
    await practice.patient_cards.read_vsd(caller(), ORDER)
    ((card, authority, check, receipt),) = practice.konnektor.read
    assert (card.handle, authority.handle, check, receipt) == ("h-egk", "h-smcb", True, True)


async def test_it_is_read_in_the_name_of_a_doctor_where_the_caller_says_so(practice: Practice) -> None:
    """With the doctor's secret for the HBA's own session; the card's state is asked anew where it was not unlocked."""
    user = await practice.people.create("users/arzt1", "Arzt 1")
    practice.konnektor.data = WorldError(failure(reason_for_code(3042), code=3042))
    order = replace(ORDER, authority=named(HBA), user="users/arzt1")
    reading = await practice.patient_cards.read_vsd(caller(), order)
    assert reading.failure is not None
    assert reading.failure.reason is Reason.PIN_NOT_VERIFIED
    ((_, authority, _, _),) = practice.konnektor.read
    assert (authority.handle, authority.user_id) == ("h-hba", user.konnektor_user_id)
    assert practice.konnektor.asked[-1] == f"pin_status {Pin.CH} {DESK}"
    with pytest.raises(CallerError) as nobody:
        await practice.patient_cards.read_vsd(caller(), replace(order, user=""))
    assert nobody.value.failure.reason is Reason.INVALID_ARGUMENT


async def test_a_locked_doctors_card_is_not_the_trouble_of_who_reads_with_the_practices(practice: Practice) -> None:
    await practice.people.create("users/arzt1", "Arzt 1")
    practice.konnektor.reading.clear()
    practice.konnektor.data = WorldError(failure(reason_for_code(3042), code=3042))
    order = replace(ORDER, authority=named(HBA), user="users/arzt1")
    first = asyncio.create_task(practice.patient_cards.read_vsd(caller(), order))
    await asyncio.sleep(0.01)
    beside = [asyncio.create_task(practice.patient_cards.read_vsd(caller(), ORDER)) for _ in range(2)]
    same = asyncio.create_task(practice.patient_cards.read_vsd(caller(), order))
    await asyncio.sleep(0.01)
    practice.konnektor.reading.set()
    assert (await first).failure is not None
    practice.konnektor.data = GOOD
    assert [(await one).data for one in beside] == [GOOD, GOOD]
    assert (await same).failure is not None
    assert [authority.handle for _, authority, _, _ in practice.konnektor.read] == ["h-hba", "h-smcb"]
    assert (await practice.patient_cards.read_vsd(caller(), order)).data is GOOD


async def test_two_mandants_beside_one_terminal_read_for_themselves(practice: Practice) -> None:
    """A proof is made in the name of one practice, and no other one gets it."""
    both = frozenset({DESK, OTHER})
    shared = replace(EGK, contexts=both, local_contexts=both)
    practice.keeper.observe(observation(replace(SMCB, contexts=SMCB.contexts | both), HBA, shared))
    practice.konnektor.readings[OTHER, Pin.SMC] = VERIFIED
    for context in (DESK, OTHER):
        reading = await practice.patient_cards.read_vsd(caller(), replace(ORDER, context=context))
        assert (reading.data is GOOD, reading.shared) == (True, False)
    assert [authority.context.mandant for _, authority, _, _ in practice.konnektor.read] == ["m1", "m2"]


async def test_without_an_unlocked_practice_card_nothing_is_sent(practice: Practice) -> None:
    practice.konnektor.readings[DESK, Pin.SMC] = PinReading(status=PinStatus.VERIFIABLE, attempts_left=3)
    reading = await practice.patient_cards.read_vsd(caller(), ORDER)
    assert reading.failure is not None
    assert (reading.failure.reason, reading.replacement) == (Reason.PIN_NOT_VERIFIED, ReplacementProcedure.UNKNOWN)
    assert practice.konnektor.read == []
    practice.konnektor.readings[DESK, Pin.SMC] = VERIFIED
    assert (await practice.patient_cards.read_vsd(caller(), ORDER)).data is GOOD


async def test_who_reads_at_the_event_of_an_insertion_waits_until_the_card_is_known(practice: Practice) -> None:
    card = replace(EGK, handle="h-egk-2", local_contexts=frozenset(), contexts=frozenset({DESK}))
    pulled(practice)
    told = {"konnektor": K1, "context": DESK, "handle": card.handle, "ct_id": "ct-1", "slot_id": 3, "card": card}
    practice.keeper.notice(Notice(type=NoticeType.CARD_INSERTED, **told))  # type: ignore[arg-type]
    asking = asyncio.create_task(practice.patient_cards.read_vsd(caller(), replace(ORDER, card=named(card))))
    await asyncio.sleep(0.01)
    assert not asking.done()
    inserted(practice)
    assert (await asking).data is GOOD


async def test_who_may_not_read_it(practice: Practice) -> None:
    with pytest.raises(CallerError) as far:
        await practice.patient_cards.read_vsd(caller(), replace(ORDER, context=ROOM))
    with pytest.raises(CallerError) as other:
        await practice.patient_cards.read_vsd(caller(), replace(ORDER, card=named(SMCB)))
    with pytest.raises(CallerError) as gone:
        await practice.patient_cards.read_vsd(caller(), replace(ORDER, card="cards/c-nothing"))
    reasons = [error.value.failure.reason for error in (far, other, gone)]
    assert reasons == [Reason.OUT_OF_SCOPE, Reason.CARD_TYPE_WRONG, Reason.NOT_FOUND]
    assert practice.konnektor.read == []


async def test_a_card_that_nobody_recognises_is_inserted_again_first(practice: Practice) -> None:
    unknown = replace(EGK, type=CardType.UNKNOWN, handle="h-x", local_contexts=frozenset())
    practice.keeper.observe(observation(SMCB, unknown))
    reading = await practice.patient_cards.read_vsd(caller(), replace(ORDER, card=named(unknown)))
    assert reading.replacement is ReplacementProcedure.ANOTHER_INSERTION_FIRST
    assert practice.konnektor.read == []


Removal = Callable[[Practice], None]


@pytest.mark.parametrize(
    "remove",
    [
        pulled,
        lost,
        lambda practice: practice.keeper.notice(
            Notice(type=NoticeType.CARD_REMOVED, konnektor=K1, context=DESK, handle="h-egk", ct_id="ct-1", slot_id=3)
        ),
        lambda practice: practice.keeper.notice(Notice(type=NoticeType.BOOTED, konnektor=K1)),
    ],
    ids=["poll", "link down", "event", "boot"],
)
async def test_what_was_read_goes_with_the_card(practice: Practice, remove: Removal) -> None:
    watching = asyncio.create_task(practice.insertions.run())
    await practice.patient_cards.read_vsd(caller(), ORDER)
    assert len(practice.insertions) == 1
    remove(practice)
    told = remove not in (pulled, lost)
    assert len(practice.insertions) == (0 if told else 1)  # an event counts at once, a poll with its picture
    await asyncio.sleep(0.01)
    assert len(practice.insertions) == 0
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


async def test_a_reading_that_ends_after_its_card_left_is_not_kept(practice: Practice) -> None:
    practice.konnektor.reading.clear()
    asking = asyncio.create_task(practice.patient_cards.read_vsd(caller(), ORDER))
    await asyncio.sleep(0.01)
    pulled(practice)
    practice.konnektor.reading.set()
    assert (await asking).data is GOOD
    assert len(practice.insertions) == 0


@pytest.mark.parametrize(
    ("code", "replacement", "kept"),
    [
        *((code, ReplacementProcedure.FORBIDDEN, True) for code in (106, 107, 113, 114)),
        *((code, ReplacementProcedure.ALLOWED, False) for code in (3001, 3011, 3020, 3021)),
        *((code, ReplacementProcedure.ANOTHER_INSERTION_FIRST, False) for code in (101, 4045, 4094, 4192)),
        *((code, ReplacementProcedure.UNKNOWN, False) for code in (3041, 3042, 4015, 4093)),
    ],
)
async def test_each_code_says_what_the_practice_may_do(
    practice: Practice, code: int, replacement: ReplacementProcedure, kept: bool
) -> None:
    practice.konnektor.data = WorldError(failure(reason_for_code(code), code=code))
    reading = await practice.patient_cards.read_vsd(caller(), ORDER)
    assert reading.failure is not None
    assert (reading.failure.konnektor_code, reading.replacement, reading.data) == (code, replacement, None)
    assert len(practice.insertions) == kept


@pytest.mark.parametrize(
    "reason",
    [
        Reason.KONNEKTOR_SILENT,
        Reason.KONNEKTOR_UNREACHABLE,
        Reason.KONNEKTOR_CRITICAL,
        Reason.KONNEKTOR_CREDENTIALS_REFUSED,
        Reason.KONNEKTOR_CERTIFICATE_UNTRUSTED,
        Reason.KONNEKTOR_SERVICE_MISSING,
        Reason.TERMINAL_DISCONNECTED,
    ],
)
def test_where_technology_fails_the_replacement_is_allowed(reason: Reason) -> None:
    assert replacement_after(failure(reason)) is ReplacementProcedure.ALLOWED


async def test_result_four_of_the_check_forbids_it_though_the_card_was_read(practice: Practice) -> None:
    invalid = replace(CHECKED, result=CheckResult.CARD_INVALID)
    practice.konnektor.data = replace(GOOD, proof=invalid)
    reading = await practice.patient_cards.read_vsd(caller(), ORDER)
    assert reading.failure is not None
    assert (reading.failure.reason, reading.replacement) == (Reason.CARD_INVALID, ReplacementProcedure.FORBIDDEN)
    assert reading.data is not None
    assert practice.store.checked == set()


async def test_a_card_is_checked_once_a_quarter(practice: Practice) -> None:
    """And what the box keeps of it is one hash, which no other quarter shares."""
    await practice.patient_cards.read_vsd(caller(), ORDER)
    again = inserted(practice)
    await practice.patient_cards.read_vsd(caller(), again)
    ((seal, quarter),) = practice.store.checked
    assert (quarter, EGK.iccsn in seal, len(seal)) == ("2026Q4", False, 16)
    practice.clock.move(seconds=60 * 24 * 3600)
    await practice.patient_cards.read_vsd(caller(), inserted(practice, "h-egk-3"))
    assert [check for _, _, check, _ in practice.konnektor.read] == [True, False, True]
    ((other, quarter),) = practice.store.checked
    assert (quarter, other == seal) == ("2027Q1", False)


async def test_a_proof_from_before_midnight_does_not_count_for_the_new_quarter(practice: Practice) -> None:
    practice.konnektor.reading.clear()
    asking = asyncio.create_task(practice.patient_cards.read_vsd(caller(), ORDER))
    await asyncio.sleep(0.01)
    practice.clock.move(seconds=60 * 24 * 3600)
    practice.konnektor.reading.set()
    await asking
    await practice.patient_cards.read_vsd(caller(), inserted(practice))
    assert [check for _, _, check, _ in practice.konnektor.read] == [True, True]


@pytest.mark.parametrize("result", [one for one in CheckResult if not one.counts])
async def test_a_check_that_did_not_succeed_is_made_again(practice: Practice, result: CheckResult) -> None:
    practice.konnektor.data = replace(GOOD, proof=replace(CHECKED, result=result))
    await practice.patient_cards.read_vsd(caller(), ORDER)
    await practice.patient_cards.read_vsd(caller(), inserted(practice))
    assert [check for _, _, check, _ in practice.konnektor.read] == [True, True]


@pytest.mark.parametrize(("mode", "checks"), [(OnlineCheck.ALWAYS, [True, True]), (OnlineCheck.NEVER, [False, False])])
async def test_always_and_never(practice: Practice, mode: OnlineCheck, checks: list[bool]) -> None:
    await practice.patient_cards.read_vsd(caller(), replace(ORDER, online_check=mode))
    await practice.patient_cards.read_vsd(caller(), replace(inserted(practice), online_check=mode))
    assert [check for _, _, check, _ in practice.konnektor.read] == checks


async def test_who_wants_a_check_is_not_served_with_a_reading_without_one(practice: Practice) -> None:
    for mode in (OnlineCheck.NEVER, OnlineCheck.ALWAYS, OnlineCheck.NEVER, OnlineCheck.ALWAYS):
        await practice.patient_cards.read_vsd(caller(), replace(ORDER, online_check=mode))
    assert [check for _, _, check, _ in practice.konnektor.read] == [False, True]


async def test_a_disk_that_refuses_does_not_hide_what_was_read(practice: Practice) -> None:
    practice.store.refuse = True
    assert (await practice.patient_cards.read_vsd(caller(), ORDER)).data is GOOD
    assert any(event == "patient.check_not_kept" for event, _ in practice.reports)
