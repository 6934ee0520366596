"""Whatever people do at the pads, attempts fall by wrong typed PINs only, and the counts tell exactly what happened."""

import asyncio
import dataclasses
from datetime import UTC, datetime
from typing import Literal, get_args

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from firmware_sim.konnektor.call import Call, Surroundings
from firmware_sim.konnektor.card_service import CardService
from firmware_sim.konnektor.pin_dialog import PinDialog
from firmware_sim.konnektor.xml import element
from firmware_sim.pads.pad import Ended, Pad
from firmware_sim.pads.script import Script, Step
from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.configuration import BehaviourConfiguration, WorldConfiguration
from firmware_sim.world.context import Context
from firmware_sim.world.events import Event
from firmware_sim.world.practice import Practice
from firmware_sim.world.reading import default_text, read_world

Act = Literal["type_right", "type_wrong", "cancel", "silent", "pull_card"]
ACTS = get_args(Act)
REFUSALS = (4045, 4060, 4093)  # card pulled, pad busy, card reserved


def world() -> WorldConfiguration:
    """The default world with people who answer at once."""
    plain = read_world(default_text())
    impatient = dataclasses.replace(plain.konnektors[0], behaviour=BehaviourConfiguration(pin_entry_seconds=0.005))
    return dataclasses.replace(plain, konnektors=(impatient,))


WORLD = world()


async def verify(service: CardService, practice: Practice, client_system: str) -> None:
    device = practice.devices["konnektor"]
    handle = next(seen.handle for seen in device.cards if seen.card.name == "smcb-m1")
    request: etree._Element = element(
        "CARD:VerifyPin", element("CONN:CardHandle", handle), element("CARDCMN:PinTyp", "PIN.SMC")
    )
    context = Context(mandant="m1", client_system=client_system, workplace="empfang")
    try:
        await service.verify_pin(Call(request=request, context=context))
    except KonnektorError as error:
        if error.code.number not in REFUSALS:
            raise


def _after(verified: set[str], act: Act, client_system: str) -> set[str]:
    """Whose session has the PIN verified after an act: a pulled card ends all sessions."""
    if act == "pull_card":
        return set()
    if act == "type_right":
        return verified | {client_system}
    return verified - {client_system} if act == "type_wrong" else verified


async def play(acts: list[tuple[Act, str]]) -> None:
    pads: dict[str, Pad] = {}

    def announce(_: str, event: Event) -> None:
        if event.topic == "CARD/REMOVED":
            for pad in pads.values():
                pad.interrupt(Ended.CARD_REMOVED, event.handle)

    practice = Practice(WORLD, lambda: datetime.now(UTC), announce)
    pads["kt-empfang"] = Pad("kt-empfang", Script("silent"), "", practice.pull)
    device = practice.devices["konnektor"]
    around = Surroundings(device=device, practice=practice, pads=pads, keys={})
    service = CardService(around, PinDialog(around))
    card = practice.card("smcb-m1")
    left, prompts, right, wrong = 3, 0, 0, 0
    verified = {"pvs"}
    for act, client_system in acts:
        pads["kt-empfang"].script.play([Step(action=act)], "silent")
        asked = left > 0
        await verify(service, practice, client_system)
        prompts += asked
        right += asked and act == "type_right"
        wrong += asked and act == "type_wrong"
        left = 3 if asked and act == "type_right" else left - (asked and act == "type_wrong")
        if practice.where(card) is None:
            practice.insert("smcb-m1", "kt-empfang", 3)
        assert card.pins["PIN.SMC"].attempts_left == left
        counts = practice.counts.cards["smcb-m1"]
        assert (counts.pin_prompts, counts.pin_tries_right, counts.pin_tries_wrong) == (prompts, right, wrong)
        verified = _after(verified, act if asked else "silent", client_system)
        assert {session.key.client_system for session in device.sessions if session.verified} == verified
    assert device.reserved == set()


@given(st.lists(st.tuples(st.sampled_from(ACTS), st.sampled_from(["pvs", "kim", "kartenwart"])), max_size=12))
@settings(max_examples=60, deadline=None)
def test_attempts_and_counts(acts: list[tuple[Act, str]]) -> None:
    asyncio.run(play(acts))


@given(st.lists(st.sampled_from(["pvs", "kim", "kartenwart"]), min_size=2, max_size=6))
@settings(max_examples=30, deadline=None)
def test_calls_at_the_same_time_ask_once(callers: list[str]) -> None:
    async def at_once() -> None:
        pads: dict[str, Pad] = {}
        practice = Practice(WORLD, lambda: datetime.now(UTC), lambda _, __: None)
        pads["kt-empfang"] = Pad("kt-empfang", Script("silent"), "", practice.pull)
        pads["kt-empfang"].script.play([Step(action="type_wrong")], "silent")
        around = Surroundings(device=practice.devices["konnektor"], practice=practice, pads=pads, keys={})
        service = CardService(around, PinDialog(around))
        await asyncio.gather(*(verify(service, practice, caller) for caller in callers))
        assert practice.counts.cards["smcb-m1"].pin_prompts == 1
        assert practice.card("smcb-m1").pins["PIN.SMC"].attempts_left == 2

    asyncio.run(at_once())
