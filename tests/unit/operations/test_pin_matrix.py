"""The matrix of PINs: each cell for itself, and nobody is disturbed."""

from dataclasses import replace

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import Pin, PinStatus
from kartenwart.domain.jobs import JobState
from kartenwart.domain.pin_matrix import PadCertainty
from kartenwart.domain.principals import Scope
from kartenwart.operations.pin_matrix import PinMatrix
from kartenwart.operations.pins import VerifyPinOrder
from tests.unit.operations.memory import until
from tests.unit.operations.practice import DESK, EGK, HBA, ROOM, SMCB, TERMINAL, Practice, caller, named, observation
from tests.unit.operations.test_pin_steps import ALL, ARZT, doctor


async def test_a_cell_that_cannot_be_told_spoils_no_other(practice: Practice) -> None:
    trouble = WorldError(failure(Reason.KONNEKTOR_CONTEXT_REFUSED, code=4010), sent=False)
    practice.konnektor.readings[ROOM, Pin.SMC] = trouble
    cells = {cell.context: cell for cell in await practice.pin_matrix.read(caller(), "")}
    assert cells[ROOM].state is None
    assert cells[ROOM].failure == trouble.failure
    state = cells[DESK].state
    assert state is not None
    assert (state.status, state.attempts_left) == (PinStatus.VERIFIABLE, 3)


async def test_the_matrix_keeps_to_the_callers_contexts_and_to_the_users_card(practice: Practice) -> None:
    await doctor(practice)
    practice.keeper.observe(observation(ALL, HBA, EGK))
    mine = replace(caller(), scope=Scope(contexts=(DESK,), users=(ARZT,)))
    assert {(cell.card, cell.context) for cell in await practice.pin_matrix.read(mine, "")} == {(named(SMCB), DESK)}
    with_doctor = await practice.pin_matrix.read(mine, ARZT)
    assert {(cell.card, cell.pin, cell.user) for cell in with_doctor} == {
        (named(SMCB), Pin.SMC, ""),
        (named(HBA), Pin.CH, ARZT),
        (named(HBA), Pin.QES, ARZT),
    }
    await practice.people.bind(ARZT, "cards/another", "m1")
    assert {cell.card for cell in await practice.pin_matrix.read(mine, ARZT)} == {named(SMCB)}


async def test_a_terminal_that_is_gone_asks_nobody(practice: Practice) -> None:
    practice.keeper.observe(observation(SMCB, replace(EGK, local_contexts=frozenset({DESK}))))
    (cell,) = [one for one in await practice.pin_matrix.read(caller(), "") if one.context == DESK]
    assert (cell.pad.certainty, cell.pad.terminal_label) == (PadCertainty.SURE, "Empfang")
    gone = replace(TERMINAL, connected=False)
    practice.keeper.observe(observation(SMCB, replace(EGK, local_contexts=frozenset({DESK})), terminals=(gone,)))
    (cell,) = [one for one in await practice.pin_matrix.read(caller(), "") if one.context == DESK]
    assert cell.pad.certainty is PadCertainty.NOWHERE
    assert cell.pad.failure == failure(Reason.TERMINAL_DISCONNECTED)


async def test_a_konnektor_that_is_away_is_asked_once_for_the_whole_matrix(practice: Practice) -> None:
    away = WorldError(failure(Reason.KONNEKTOR_UNREACHABLE), sent=False)
    practice.keeper.observe(
        observation(*(replace(SMCB, handle=f"h-{tail}", iccsn=f"8027{tail:016}") for tail in range(9)))
    )
    for context in (DESK, ROOM):
        practice.konnektor.readings[context, Pin.SMC] = away
    cells = await practice.pin_matrix.read(caller(), "")
    assert len(cells) == 18
    assert all(cell.failure == away.failure for cell in cells)
    assert len(practice.konnektor.asked) <= 4


async def test_a_terminal_that_hangs_spoils_only_the_cells_of_its_own_cards(practice: Practice) -> None:
    await doctor(practice)
    elsewhere = replace(TERMINAL, ct_id="ct-2", mac_address="00-1B-2C-3D-4E-60")
    doctors = [replace(HBA, handle=f"h-{n}", ct_id="ct-2", slot_id=n, iccsn=f"8027{n:016}") for n in range(1, 7)]
    practice.keeper.observe(observation(SMCB, *doctors, terminals=(TERMINAL, elsewhere)))
    silent = WorldError(failure(Reason.KONNEKTOR_SILENT))
    for context in (DESK, ROOM):
        practice.konnektor.readings[context, Pin.SMC] = silent
    cells = await practice.pin_matrix.read(caller(), ARZT)
    assert {cell.card for cell in cells if cell.failure == silent.failure} == {named(SMCB)}
    assert len([cell for cell in cells if cell.state]) == 2 * 2 * len(doctors)


async def test_a_card_at_which_somebody_types_is_busy_in_the_matrix_and_is_not_asked(practice: Practice) -> None:
    await doctor(practice)
    job = await practice.pins.verify(
        caller(), VerifyPinOrder(request_id="r-1", card=named(HBA), context=DESK, pin=Pin.CH, user=ARZT)
    )
    await until()
    asked = len(practice.konnektor.asked)
    impatient = PinMatrix(contexts=practice.contexts, people=practice.people, tools=practice.pin_tools, patience=0.05)
    cells = await impatient.read(caller(), ARZT)
    reasons = {cell.card: cell.failure.reason if cell.failure else None for cell in cells}
    assert reasons == {named(HBA): Reason.CARD_BUSY, named(SMCB): None}
    assert len(practice.konnektor.asked) - asked == sum(cell.card == named(SMCB) for cell in cells)
    practice.konnektor.go.set()
    assert (await practice.jobs.wait(caller(), job.name, 5)).state is JobState.SUCCEEDED
