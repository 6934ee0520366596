"""The place where a simulated practice is built and joined: PKI, world, pads, Konnektors, control door."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self

from cryptography import x509

from firmware_sim.cos.chips import Chips
from firmware_sim.konnektor.call import Surroundings
from firmware_sim.konnektor.konnektor import Konnektor
from firmware_sim.pads.pad import Ended, Pad
from firmware_sim.pads.script import Script
from firmware_sim.pki import CardKeys, Pki
from firmware_sim.pki import CardKind as CardWithKeys
from firmware_sim.readers.conf import described
from firmware_sim.readers.reader import Reader, open_readers
from firmware_sim.world.built_in import built_in_iccsn, gsmck_name, gsmckt_name
from firmware_sim.world.configuration import (
    CardConfiguration,
    KonnektorConfiguration,
    ReaderConfiguration,
    WorldConfiguration,
)
from firmware_sim.world.events import Event
from firmware_sim.world.practice import Practice


@dataclass(frozen=True, kw_only=True, slots=True)
class Simulation:
    """A running practice."""

    practice: Practice
    pki: Pki
    pads: dict[str, Pad]
    konnektors: dict[str, Konnektor]
    chips: Chips
    readers: dict[str, Reader]
    stack: AsyncExitStack

    async def __aenter__(self) -> Self:
        for konnektor in self.konnektors.values():
            await self.stack.enter_async_context(konnektor)
        for reader in self.readers.values():
            await self.stack.enter_async_context(reader)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stack.aclose()


def build(world: WorldConfiguration, state: Path) -> Simulation:
    """A practice that is not yet listening. `state` keeps the PKI; the rest lives in memory."""
    pki = Pki.open(state / "pki")
    keys = {card.name: _issue(pki, card, kind) for card in world.cards if (kind := _keys_of(card)) is not None}
    keys |= {name: card for konnektor in world.konnektors for name, card in _machines(pki, konnektor)}
    authorities = pki.card_authorities
    konnektors: dict[str, Konnektor] = {}
    pads: dict[str, Pad] = {}

    def announce(name: str, event: Event) -> None:
        _interrupt_pads(pads, event)
        if name in konnektors:
            konnektors[name].announce(event)

    practice = Practice(world, _local_time, announce, _expiries(world, keys))
    for configuration in world.konnektors:
        pads.update(_pads(configuration, practice))
        device = practice.devices[configuration.name]
        around = Surroundings(device=device, practice=practice, pads=pads, keys=keys, authorities=authorities)
        konnektors[configuration.name] = Konnektor(around, pki, _passwords(configuration, state))
    pads.update({one.name: _reader_pad(one, practice) for one in world.readers if one.kind == "pad"})
    chips = Chips(practice, keys)
    return Simulation(
        practice=practice,
        pki=pki,
        pads=pads,
        konnektors=konnektors,
        chips=chips,
        readers=open_readers(practice, chips, pads, state),
        stack=AsyncExitStack(),
    )


def _local_time() -> datetime:
    return datetime.now(UTC).astimezone()


def _keys_of(card: CardConfiguration) -> CardWithKeys | None:
    """Whose keys a card has: an HSM-B is an SMC-B without plastic."""
    if card.kind == "unknown" or card.kind == "kvk":  # noqa: PLR1714 - the type checker narrows only this form
        return None
    return "smcb" if card.kind == "hsmb" else card.kind


def _issue(pki: Pki, card: CardConfiguration, kind: CardWithKeys) -> CardKeys:
    return pki.issue_card(
        card.name,
        kind=kind,
        holder=card.holder,
        iccsn=card.iccsn,
        telematik_id=card.telematik_id,
        kvnr=card.kvnr,
        profession=card.profession,
        key="rsa" if card.generation == "G2.0" else card.key,
        valid_days=card.valid_days,
    )


def _machines(pki: Pki, konnektor: KonnektorConfiguration) -> Iterator[tuple[str, CardKeys]]:
    """The gSMC-K inside a Konnektor and the gSMC-KT inside each of its terminals."""
    name, days = gsmck_name(konnektor.name), konnektor.gsmck_valid_days
    yield name, pki.issue_card(name, kind="gsmck", holder=name, iccsn=built_in_iccsn(name), valid_days=days)
    for terminal in konnektor.terminals:
        name, days = gsmckt_name(terminal.name), terminal.gsmckt_valid_days
        yield name, pki.issue_card(name, kind="gsmckt", holder=name, iccsn=built_in_iccsn(name), valid_days=days)


def _expiries(world: WorldConfiguration, keys: dict[str, CardKeys]) -> dict[str, date]:
    """The last day of each readable card with certificates of a person or practice."""
    certificates = {
        card.name: x509.load_der_x509_certificate(keys[card.name].certificate("C.AUT"))
        for card in world.cards
        if card.kind in ("smcb", "hsmb", "hba", "egk")
    }
    return {name: certificate.not_valid_after_utc.date() for name, certificate in certificates.items()}


def _passwords(configuration: KonnektorConfiguration, state: Path) -> dict[str, tuple[str, str]]:
    """User -> (client system, password); a password survives a restart, so that a configured client stays right."""
    passwords = {}
    for system in configuration.client_systems:
        file = password_file(state, configuration.name, system.name)
        if not file.exists():
            write_private(file, secrets.token_urlsafe(12))
        passwords[system.user or system.name] = (system.name, file.read_text(encoding="utf-8"))
    return passwords


def password_file(state: Path, konnektor: str, client_system: str) -> Path:
    """Where the Basic password of a client system stands."""
    return state / "passwords" / f"{konnektor}-{client_system}"


def _pads(configuration: KonnektorConfiguration, practice: Practice) -> dict[str, Pad]:
    return {
        terminal.name: Pad(terminal.name, Script(terminal.pad), terminal.label, practice.pull)
        for terminal in configuration.terminals
    }


def _reader_pad(reader: ReaderConfiguration, practice: Practice) -> Pad:
    return Pad(reader.name, Script(reader.pad), "Kartenleser bereit", practice.pull)


def _interrupt_pads(pads: dict[str, Pad], event: Event) -> None:
    """A prompt ends when its card is pulled or its terminal is lost."""
    if event.topic == "CARD/REMOVED":
        for pad in pads.values():
            pad.interrupt(Ended.CARD_REMOVED, event.handle)
    elif event.topic == "CT/DISCONNECTED" and event.terminal in pads:
        pads[event.terminal].interrupt(Ended.TERMINAL_LOST)


def description(simulation: Simulation, control: str, state: Path) -> dict[str, Any]:
    """What sim.json says: where everything listens, and which files a client needs."""
    return {
        "pid": os.getpid(),
        "control": control,
        "konnektors": [_describe(konnektor, state) for konnektor in simulation.konnektors.values()],
        "readers": [described(reader, state) for reader in simulation.practice.configuration.readers],
        "card_root_pem": str(simulation.pki.card_root_pem),
        "card_ca_pem": str(simulation.pki.card_ca_pem),
    }


def _describe(konnektor: Konnektor, state: Path) -> dict[str, Any]:
    configuration = konnektor.device.configuration
    basic = {
        client_system: {"user": user, "password_file": str(password_file(state, configuration.name, client_system))}
        for user, (client_system, _) in konnektor.passwords.items()
    }
    return {
        "name": configuration.name,
        "sds_url": konnektor.listener.sds_url,
        "plain_sds_url": konnektor.listener.plain_sds_url,
        "profile": configuration.profile,
        "generation": configuration.generation,
        "host": configuration.address,
        "port": konnektor.listener.port,
        "address": configuration.address,
        "authentication": configuration.authentication,
        "root_pem": str(konnektor.tls_root_pem),
        "server_cert_pem": str(konnektor.server.cert_pem),
        "clients": {
            name: {
                "p12": str(identity.p12),
                "p12_password_file": str(identity.p12_password_file),
                "cert_pem": str(identity.cert_pem),
                "key_pem": str(identity.key_pem),
            }
            for name, identity in konnektor.clients.items()
        },
        "basic": basic,
    }


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner can read, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f"{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    partial.replace(path)


def write_description(simulation: Simulation, control: str, state: Path) -> None:
    """Write sim.json; its presence says that everything listens."""
    write_private(state / "sim.json", json.dumps(description(simulation, control, state), indent=2) + "\n")
