"""The practice as JSON, for people and tests to look at."""

from dataclasses import asdict
from typing import Any

from firmware_sim.konnektor.konnektor import Konnektor
from firmware_sim.pads.pad import Pad
from firmware_sim.readers.reader import Reader
from firmware_sim.simulation import Simulation
from firmware_sim.world.counts import CardCounts
from firmware_sim.world.practice import Practice
from firmware_sim.world.sessions import CardSession


def state(simulation: Simulation) -> dict[str, Any]:
    """Everything but secrets."""
    return {
        "name": simulation.practice.configuration.name,
        "konnektors": [_konnektor(konnektor) for konnektor in simulation.konnektors.values()],
        "terminals": [_terminal(simulation, name) for name in simulation.practice.terminals],
        "readers": readers(simulation),
        "cards": [_card(simulation.practice, name) for name in simulation.practice.cards],
    }


def counts(practice: Practice) -> dict[str, Any]:
    """The simulator's own counts: in total, per card, per operation."""
    cards = {name: _counts(practice.counts.cards[name]) for name in practice.cards}
    return {
        "total": _counts(practice.counts.total()),
        "cards": cards,
        "operations": dict(practice.counts.operations),
    }


def pad(value: Pad) -> dict[str, Any]:
    """Display and prompt of one pad."""
    prompt = None
    if value.prompt is not None:
        prompt = {
            "card": value.prompt.card,
            "pin": value.prompt.pin,
            "stage": value.prompt.stage,
            "job_number": value.prompt.job_number,
            "text": value.prompt.text,
        }
    return {
        "terminal": value.terminal,
        "display": value.display,
        "prompt": prompt,
        "default": value.script.default,
        "script_left": value.script.left,
    }


def readers(simulation: Simulation) -> list[dict[str, Any]]:
    """Readers at computers: slots, pad if there is one, and whether they are plugged in."""
    return [_reader(reader) for reader in simulation.readers.values()]


def _reader(reader: Reader) -> dict[str, Any]:
    return {
        **(pad(reader.pad) if reader.pad else {}),
        "name": reader.name,
        "kind": reader.configuration.kind,
        "plugged": reader.plugged,
        "slots": {str(slot.number): slot.card.name if slot.card else None for slot in reader.slots},
        "powered": [slot.number for slot in reader.slots if slot.powered],
        "faults": reader.faults.planned,
    }


def _counts(value: CardCounts) -> dict[str, Any]:
    return {
        **asdict(value),
        "operations": dict(value.operations),
        "signature_modes": dict(value.signature_modes),
        "pin_tries": {"right": value.pin_tries_right, "wrong": value.pin_tries_wrong},
    }


def _konnektor(konnektor: Konnektor) -> dict[str, Any]:
    device = konnektor.device
    return {
        "name": device.name,
        "up": konnektor.up,
        "sds_url": konnektor.listener.sds_url,
        "profile": device.configuration.profile,
        "generation": device.configuration.generation,
        "authentication": device.configuration.authentication,
        "server_cert_pem": str(konnektor.server.cert_pem),
        "time": device.now().isoformat(timespec="seconds"),
        "booted_at": device.booted_at.isoformat(timespec="seconds"),
        "error_states": [condition.name for condition in device.conditions if condition.holds],
        "sessions": [_session(konnektor, key) for key in device.sessions],
        "subscriptions": [
            {
                "id": each.id,
                "event_to": each.event_to,
                "topic": each.topic,
                "filter": each.filter,
                "mandant": each.context.mandant,
                "client_system": each.context.client_system,
                "workplace": each.context.workplace,
                "until": each.until.isoformat(timespec="seconds"),
                "failures": each.failures,
            }
            for each in device.subscriptions
        ],
        "event_endpoints": list(device.subscriptions.endpoints),
        "events_sent": dict(konnektor.sender.sent),
        "comfort": _comfort(konnektor),
        "faults": [asdict(fault) for fault in konnektor.faults],
    }


def _comfort(konnektor: Konnektor) -> dict[str, Any]:
    """Switch, limits, and who has a session on which card; the users' ids are secrets."""
    device = konnektor.device
    names = {seen.handle: seen.card.name for seen in device.cards}
    sessions = [
        {
            "card": names.get(session.handle, ""),
            "client_system": session.client_system,
            "left": session.left,
            "until": session.ends_at.isoformat(timespec="seconds"),
        }
        for session in device.comfort
    ]
    return {**asdict(device.comfort.settings), "sessions_now": sessions}


def _session(konnektor: Konnektor, session: CardSession) -> dict[str, Any]:
    card = next((seen.card.name for seen in konnektor.device.cards if seen.handle == session.key.handle), "")
    return {
        "card": card,
        "mandant": session.key.mandant,
        "client_system": session.key.client_system,
        "with_user": bool(session.key.user),
        "workplace": session.key.workplace,
        "verified": sorted(session.verified),
    }


def _terminal(simulation: Simulation, name: str) -> dict[str, Any]:
    device = simulation.practice.device_of(name)
    configuration = device.model.terminal(name)
    slots = {}
    for slot in range(1, configuration.slots + 1):
        card = simulation.practice.in_slot(name, slot)
        slots[str(slot)] = card.name if card else None
    return {
        **pad(simulation.pads[name]),
        "name": name,
        "konnektor": device.name,
        "connected": name in device.connected,
        "slots": slots,
    }


def _card(practice: Practice, name: str) -> dict[str, Any]:
    card = practice.card(name)
    place = practice.where(card)
    handles = [seen.handle for device in practice.devices.values() for seen in device.cards if seen.card is card]
    return {
        "name": name,
        "type": card.card_type,
        "holder": card.configuration.holder,
        "iccsn": card.configuration.iccsn,
        "terminal": place[0] if place else None,
        "slot": place[1] if place else None,
        "handle": handles[0] if handles else None,
        "pins": {
            reference: {
                "state": pin.state.value,
                "attempts_left": pin.attempts_left,
                "puk_attempts_left": pin.puk_attempts_left,
            }
            for reference, pin in card.pins.items()
        },
    }
