"""Target models and checks as operations: whose contexts, which Konnektor, and what a silent one leaves."""

from dataclasses import replace

import pytest

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import CallerError, Reason, WorldError
from kartenwart.domain.information_model import Authentication, CardPlace, target
from kartenwart.domain.inventory import CardType
from kartenwart.domain.model_check import Verdict
from kartenwart.domain.principals import Role, Scope
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.information_model import InformationModels
from tests.unit.operations.practice import (
    CONTEXTS,
    DESK,
    K1,
    OTHER,
    ROOM,
    SMCB,
    TERMINAL,
    Practice,
    caller,
    observation,
)

TECHNICIAN = caller("local/technik", Role.TECHNICIAN)
OURS = replace(TECHNICIAN, scope=Scope(contexts=(DESK, ROOM)))


async def test_only_the_callers_contexts_are_named_and_asked(practice: Practice) -> None:
    (model,) = practice.information_models.targets(OURS)
    assert [one.name for one in model.mandants] == ["m1"]
    assert [one.name for one in model.workplaces] == ["empfang", "zimmer"]
    (check,) = await practice.information_models.check(OURS)
    assert {cell.context for cell in check.cells} == {DESK, ROOM}
    assert check.checked_at == practice.clock.now()


async def test_a_terminal_that_only_others_see_is_not_told_by_its_name(practice: Practice) -> None:
    theirs = replace(
        TERMINAL, ct_id="ct-9", label="Labor", mac_address="00-00-00-00-00-09", contexts=frozenset({OTHER})
    )
    practice.keeper.observe(observation(SMCB, terminals=(TERMINAL, theirs)))
    known = CONTEXTS | {DESK: replace(CONTEXTS[DESK], local_terminals=("Labor",))}
    models = InformationModels(
        contexts=Contexts(contexts=known),
        keeper=practice.keeper,
        konnektors={K1: practice.konnektor},
        clock=practice.clock,
    )
    told = [models.targets(who)[0].workplaces[0].local_terminals for who in (OURS, TECHNICIAN)]
    assert told == [("Labor",), ("Labor (ct-9)",)]


async def test_a_konnektor_of_others_is_not_found(practice: Practice) -> None:
    nobody = replace(TECHNICIAN, scope=Scope())
    for who, name in ((TECHNICIAN, "konnektors/k9"), (nobody, K1)):
        with pytest.raises(CallerError) as refused:
            practice.information_models.targets(who, name)
        assert refused.value.failure.reason is Reason.NOT_FOUND
        with pytest.raises(CallerError):
            await practice.information_models.check(who, name)
    assert practice.information_models.targets(nobody) == ()


async def test_a_link_that_fails_leaves_its_failure_in_every_cell(practice: Practice) -> None:
    untrusted = failure(Reason.KONNEKTOR_CERTIFICATE_UNTRUSTED)
    practice.konnektor.surveys[ROOM] = WorldError(untrusted, sent=False)
    (check,) = await practice.information_models.check(TECHNICIAN, K1)
    assert {(cell.verdict, cell.failure) for cell in check.cells} == {(Verdict.UNKNOWN, untrusted)}
    assert {cell.context for cell in check.cells} == {DESK, ROOM, OTHER}


async def test_a_konnektor_that_takes_too_long_is_silent(practice: Practice) -> None:
    practice.konnektor.surveying.clear()
    (check,) = await practice.information_models.check(TECHNICIAN)
    assert {(cell.verdict, cell.failure) for cell in check.cells} == {
        (Verdict.UNKNOWN, failure(Reason.KONNEKTOR_SILENT))
    }


async def test_a_model_names_logins_terminals_and_sm_b(practice: Practice) -> None:
    practice.keeper.observe(
        observation(SMCB, replace(SMCB, handle="h-2", type=CardType.HSM_B, slot_id=2, iccsn="8" * 20))
    )
    desk = replace(CONTEXTS[DESK], local_terminals=("00:1b:2c:3d:4e:5f",), remote_pin_terminal="Labor")
    inventory = practice.keeper.picture.inventory
    model = target(K1, [desk, CONTEXTS[ROOM]], practice.konnektor.authentication, inventory)
    (system,), (mandant,) = model.client_systems, model.mandants
    assert (system.authentication, system.mandants) == (Authentication.CERTIFICATE, ("m1",))
    assert mandant.terminals == ("Empfang (ct-1)", "Labor")
    assert [(one.workplace, one.terminal) for one in mandant.remote_pins] == [("empfang", "Labor"), ("zimmer", "")]
    assert mandant.practice_cards == (
        CardPlace(terminal="Empfang (ct-1)", slot_id=1),
        CardPlace(terminal="Empfang (ct-1)", slot_id=2),
    )
    empfang, zimmer = model.workplaces
    assert (empfang.local_terminals, empfang.decided) == (("Empfang (ct-1)",), True)
    assert (zimmer.reached, zimmer.decided) == (("Empfang (ct-1)",), False)
