"""Plays a fault of the catalogue on a Konnektor, and ends whatever is played."""

from datetime import timedelta

from firmware_sim.faults import Act, NamedFault, catalogue
from firmware_sim.konnektor.faults import Fault
from firmware_sim.konnektor.konnektor import Konnektor

_CUT_SECONDS = 0.1  # a boot so short that it only ends connections


async def play(konnektor: Konnektor, fault: NamedFault) -> None:
    """Let a fault begin; it lasts until `end`, or as often as its plan says."""
    plan = fault.plan
    if isinstance(plan, Fault):
        konnektor.faults.add(plan)
    elif isinstance(plan, Act):
        await _act(konnektor, plan)
    elif fault.place == "events":
        konnektor.lines.disturb_events(plan)
    else:
        await konnektor.lines.disturb_soap(plan)


async def end(konnektor: Konnektor) -> None:
    """Make everything right again that `play` made wrong."""
    await konnektor.wait_until_up()
    konnektor.faults.clear()
    await konnektor.lines.heal()
    konnektor.sender.lose_all = False
    konnektor.device.clock_offset = timedelta()
    for fault in catalogue():
        if isinstance(fault.plan, Act) and fault.plan.act == "error_state":
            konnektor.device.set_condition(fault.plan.name, False)
    await konnektor.replace_certificate(konnektor.device.configuration.server_key, renew=False)


async def _act(konnektor: Konnektor, plan: Act) -> None:
    if plan.act == "lose_events":
        konnektor.sender.lose_all = True
    elif plan.act == "clock":
        konnektor.device.clock_offset = timedelta(seconds=plan.seconds)
    elif plan.act == "error_state":
        konnektor.device.set_condition(plan.name, True)
    elif plan.act == "reboot":
        await konnektor.reboot(plan.seconds)
    else:
        await konnektor.replace_certificate("rsa", renew=False)
        await konnektor.reboot(_CUT_SECONDS)
