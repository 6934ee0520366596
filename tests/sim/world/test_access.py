"""TUC_KON_000: which rule applies, and the code of every condition that fails."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from firmware_sim.world.access import CONDITIONS, Question, Rule, rule_of
from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.configuration import BehaviourConfiguration, KonnektorConfiguration, WorldConfiguration
from firmware_sim.world.context import Context
from firmware_sim.world.device import Device, SeenCard
from firmware_sim.world.practice import Practice
from firmware_sim.world.reading import default_text, read_world

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
PVS = Context(mandant="m1", client_system="pvs", workplace="empfang")
DOCTOR = Context(mandant="m1", client_system="pvs", workplace="sprechzimmer", user="adler")


def practice(change: Callable[[KonnektorConfiguration], KonnektorConfiguration] = lambda k: k) -> Practice:
    world = read_world(default_text())
    changed: WorldConfiguration = dataclasses.replace(world, konnektors=(change(world.konnektors[0]),))
    return Practice(changed, lambda: NOW, lambda _, __: None)


def device_of(changed: Practice) -> Device:
    return changed.devices["konnektor"]


def seen(device: Device, name: str) -> SeenCard:
    return next(each for each in device.cards if each.card.name == name)


def code(device: Device, context: Context, **what: Any) -> int | None:
    """The code with which `admit` refuses, None when it admits."""
    try:
        device.admit(context, **what)
    except KonnektorError as error:
        return error.code.number
    return None


def with_mandant(**changes: Any) -> Callable[[KonnektorConfiguration], KonnektorConfiguration]:
    """m1 with other assignments."""

    def change(konnektor: KonnektorConfiguration) -> KonnektorConfiguration:
        first, *others = konnektor.mandants
        return dataclasses.replace(konnektor, mandants=(dataclasses.replace(first, **changes), *others))

    return change


def local_only() -> Callable[[KonnektorConfiguration], KonnektorConfiguration]:
    """Workplaces that reach only their local terminal."""

    def change(konnektor: KonnektorConfiguration) -> KonnektorConfiguration:
        workplaces = tuple(dataclasses.replace(each, remote=()) for each in konnektor.workplaces)
        return dataclasses.replace(konnektor, workplaces=workplaces)

    return change


def test_everything_in_place_is_admitted() -> None:
    device = device_of(practice())
    for name, context in (("smcb-m1", PVS), ("egk-muster", PVS), ("hba-adler", DOCTOR)):
        assert code(device, context, handle=seen(device, name).handle) is None
    assert code(device, PVS, terminal="kt-sprechzimmer") is None
    assert code(device, PVS, all_workplaces=True) is None


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        (dataclasses.replace(PVS, mandant="m9"), (4021, 4004)),
        (dataclasses.replace(PVS, client_system="excel"), (4021, 4005)),
        (dataclasses.replace(PVS, workplace="keller"), (4021, 4006)),
        (dataclasses.replace(PVS, mandant=""), (4021, 4021)),
    ],
)
def test_unknown_names_outside_and_as_some_devices_say(context: Context, expected: tuple[int, int]) -> None:
    def specific(konnektor: KonnektorConfiguration) -> KonnektorConfiguration:
        return dataclasses.replace(konnektor, behaviour=BehaviourConfiguration(unknown_context="specific"))

    assert (code(device_of(practice()), context), code(device_of(practice(specific)), context)) == expected


def test_unknown_terminal_and_dead_handle() -> None:
    world = practice()
    device = device_of(world)
    handle = seen(device, "egk-muster").handle
    world.pull("egk-muster")
    assert code(device, PVS, terminal="kt-keller") == 4007
    assert code(device, PVS, handle=handle) == 4008


@pytest.mark.parametrize("dead", [4008, 4047, 4101, 4131, 4146])
def test_a_dead_handle_has_the_code_of_its_maker(dead: int) -> None:
    def change(konnektor: KonnektorConfiguration) -> KonnektorConfiguration:
        return dataclasses.replace(konnektor, behaviour=BehaviourConfiguration(dead_handle=dead))  # type: ignore[arg-type]

    assert code(device_of(practice(change)), PVS, handle="gone") == dead


def test_client_system_not_of_mandant() -> None:
    device = device_of(practice())
    assert code(device, dataclasses.replace(PVS, mandant="m2", client_system="kim")) == 4010


def test_workplace_not_of_mandant() -> None:
    device = device_of(practice())
    assert code(device, dataclasses.replace(PVS, mandant="m2", workplace="sprechzimmer")) == 4011


def test_terminal_not_of_mandant() -> None:
    device = device_of(practice())
    assert code(device, dataclasses.replace(PVS, mandant="m2"), terminal="kt-sprechzimmer") == 4012


def test_smb_not_managed_and_not_of_mandant() -> None:
    device = device_of(practice())
    assert code(device, PVS, handle=seen(device, "smcb-m2").handle) == 4013
    unmanaged = device_of(practice(with_mandant(managed_smb=())))
    assert code(unmanaged, PVS, handle=seen(unmanaged, "smcb-m1").handle) == 4009


def test_workplace_not_of_client_system() -> None:
    device = device_of(practice())
    assert code(device, dataclasses.replace(PVS, client_system="kim", workplace="sprechzimmer")) == 4014


def test_terminal_out_of_reach() -> None:
    device = device_of(practice(local_only()))
    assert code(device, PVS, terminal="kt-sprechzimmer") == 4015
    kim = dataclasses.replace(PVS, client_system="kim")
    assert code(device, kim, terminal="kt-sprechzimmer", all_workplaces=True) == 4020
    assert code(device, PVS, terminal="kt-sprechzimmer", all_workplaces=True) is None


def test_egk_only_where_it_is_local() -> None:
    device = device_of(practice())
    far = dataclasses.replace(PVS, workplace="sprechzimmer")
    handle = seen(device, "egk-muster").handle
    assert code(device, far, handle=handle) == 4016
    assert code(device, far, handle=handle, session=False) == 4016


def test_egk_session_belongs_to_one_workplace() -> None:
    def both_local(konnektor: KonnektorConfiguration) -> KonnektorConfiguration:
        everywhere = ("kt-empfang", "kt-sprechzimmer")
        workplaces = tuple(dataclasses.replace(each, local=everywhere, remote=()) for each in konnektor.workplaces)
        return dataclasses.replace(konnektor, workplaces=workplaces)

    device = device_of(practice(both_local))
    egk = seen(device, "egk-muster")
    device.session(PVS, egk)
    assert code(device, PVS, handle=egk.handle) is None
    assert code(device, dataclasses.replace(PVS, workplace="sprechzimmer"), handle=egk.handle) == 4017


def test_hba_needs_a_user_for_a_session_only() -> None:
    device = device_of(practice())
    handle = seen(device, "hba-adler").handle
    nobody = dataclasses.replace(DOCTOR, user="")
    assert code(device, nobody, handle=handle) == 4003
    assert code(device, nobody, handle=handle, session=False) is None


def test_hba_raised_by_another_user_of_the_same_client_system() -> None:
    device = device_of(practice())
    hba = seen(device, "hba-adler")
    device.session(DOCTOR, hba).verified.add("PIN.CH")
    other = dataclasses.replace(DOCTOR, user="brandt")
    assert code(device, other, handle=hba.handle) == 4018
    assert code(device, dataclasses.replace(other, client_system="kartenwart"), handle=hba.handle) is None
    assert code(device, DOCTOR, handle=hba.handle) is None


def test_no_rule_for_a_card_at_all_workplaces() -> None:
    device = device_of(practice())
    assert code(device, PVS, handle=seen(device, "smcb-m1").handle, all_workplaces=True) == 4019


def test_every_rule_is_chosen_by_some_question() -> None:
    device = device_of(practice())
    smb, hba, egk = (seen(device, name) for name in ("smcb-m1", "hba-adler", "egk-muster"))
    questions = {
        Rule.R1: Question(context=PVS),
        Rule.R2: Question(context=PVS, all_workplaces=True),
        Rule.R3: Question(context=PVS, terminal="kt-empfang"),
        Rule.R4: Question(context=PVS, terminal="kt-empfang", all_workplaces=True),
        Rule.R5: Question(context=PVS, inserted=egk, session=False),
        Rule.R6: Question(context=PVS, inserted=egk),
        Rule.R7: Question(context=PVS, inserted=smb),
        Rule.R8: Question(context=PVS, inserted=hba, session=False),
        Rule.R9: Question(context=PVS, inserted=hba),
    }
    assert {rule: rule_of(question) for rule, question in questions.items()} == {rule: rule for rule in Rule}
    assert set(CONDITIONS) == set(Rule)
