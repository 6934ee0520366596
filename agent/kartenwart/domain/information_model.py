"""What has to be entered in a Konnektor so that the configured contexts work: its target information model.

Source of the parts and of the codes that name a missing one: gemSpec_Kon, information model (TAB_KON_507 to 510) and
TUC_KON_000 "Prüfe Zugriffsberechtigung".
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kartenwart.domain.inventory import Context, Inventory, Terminal


class Authentication(StrEnum):
    """How a client system proves itself to the Konnektor, as configured here."""

    CERTIFICATE = "CERTIFICATE"
    PASSWORD = "PASSWORD"  # noqa: S105 - the kind, not one
    NONE = "NONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetClientSystem:
    """A client system with the login it needs and the mandants it belongs to (4010)."""

    name: str
    authentication: Authentication
    mandants: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetWorkplace:
    """A workplace: terminals beside it (4016) and elsewhere (4015); `reached` are those it reaches now.

    Where neither `local_terminals` nor `remote_terminals` is said, a technician has to decide.
    """

    name: str
    local_terminals: tuple[str, ...]
    remote_terminals: tuple[str, ...]
    reached: tuple[str, ...]

    @property
    def decided(self) -> bool:
        """True where the configuration says which terminals the workplace needs."""
        return bool(self.local_terminals or self.remote_terminals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A client system works from this workplace for the mandant (4014)."""

    client_system: str
    workplace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePin:
    """Where a workplace's remote PINs are typed for the mandant (4092); without a terminal a technician decides."""

    workplace: str
    terminal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPlace:
    """A slot with an SM-B in it, by the terminal's name for people."""

    terminal: str
    slot_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetMandant:
    """A mandant with all that is assigned to it; `practice_cards` are the SM-B it reaches now (4009, 4013)."""

    name: str
    client_systems: tuple[str, ...]
    workplaces: tuple[str, ...]
    terminals: tuple[str, ...]
    assignments: tuple[Assignment, ...]
    remote_pins: tuple[RemotePin, ...]
    practice_cards: tuple[CardPlace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetModel:
    """What one Konnektor ("konnektors/{k}") must know, each part sorted by name."""

    konnektor: str
    client_systems: tuple[TargetClientSystem, ...]
    workplaces: tuple[TargetWorkplace, ...]
    mandants: tuple[TargetMandant, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTerminal:
    """A terminal as the Konnektor lists it."""

    ct_id: str
    label: str
    mac_address: str
    slot_count: int

    @property
    def title(self) -> str:
        """Return what people call it."""
        return titled(self.ct_id, self.label)

    def is_meant_by(self, text: str) -> bool:
        """True where a text of the settings means this terminal: by CtId, name or MAC address."""
        return text in (self.ct_id, self.label) or _digits(text) == _digits(self.mac_address) != ""


def titled(ct_id: str, label: str) -> str:
    """Return "name (CtId)", or the CtId alone."""
    return f"{label} ({ct_id})" if label and label != ct_id else ct_id


def target(
    konnektor: str,
    contexts: Sequence[Context],
    authentication: Callable[[str], Authentication],
    inventory: Inventory,
) -> TargetModel:
    """Return what a Konnektor must know for these contexts.

    `inventory` is the picture as the caller may see it: of terminals and SM-B only what is in it can be named.
    """
    terminals = tuple(one for one in inventory.terminals if one.konnektor == konnektor)
    return TargetModel(
        konnektor=konnektor,
        client_systems=tuple(
            TargetClientSystem(
                name=name,
                authentication=authentication(name),
                mandants=_names(one.mandant for one in contexts if one.client_system == name),
            )
            for name in _names(one.client_system for one in contexts)
        ),
        workplaces=tuple(
            _workplace(name, [one for one in contexts if one.workplace == name], terminals)
            for name in _names(one.workplace for one in contexts)
        ),
        mandants=tuple(
            _mandant(name, [one for one in contexts if one.mandant == name], terminals, inventory)
            for name in _names(one.mandant for one in contexts)
        ),
    )


def _workplace(name: str, contexts: Sequence[Context], terminals: Sequence[Terminal]) -> TargetWorkplace:
    local = _meant((text for one in contexts for text in one.local_terminals), terminals)
    remote = _meant((text for one in contexts for text in one.remote_terminals), terminals)
    return TargetWorkplace(
        name=name,
        local_terminals=local,
        remote_terminals=tuple(one for one in remote if one not in local),
        reached=_reached(contexts, terminals),
    )


def _mandant(
    name: str, contexts: Sequence[Context], terminals: Sequence[Terminal], inventory: Inventory
) -> TargetMandant:
    wished = (text for one in contexts for text in _terminals_of(one))
    assignments = {(one.client_system, one.workplace) for one in contexts}
    remote_pins = {one.workplace: one.remote_pin_terminal for one in contexts if needs_remote_pin(one)}
    remote_pins |= {one.workplace: one.remote_pin_terminal for one in contexts if one.remote_pin_terminal}
    return TargetMandant(
        name=name,
        client_systems=_names(one.client_system for one in contexts),
        workplaces=_names(one.workplace for one in contexts),
        terminals=_meant(wished, terminals) or _reached(contexts, terminals),
        assignments=tuple(Assignment(client_system=system, workplace=place) for system, place in sorted(assignments)),
        remote_pins=tuple(
            RemotePin(workplace=place, terminal=next(iter(_meant([text], terminals)), "") if text else "")
            for place, text in sorted(remote_pins.items())
        ),
        practice_cards=_practice_cards(contexts, terminals, inventory),
    )


def needs_remote_pin(context: Context) -> bool:
    """True unless the settings say that the workplace has terminals beside it and needs no other."""
    return bool(context.remote_pin_terminal or context.remote_terminals or not context.local_terminals)


def _terminals_of(context: Context) -> tuple[str, ...]:
    pad = (context.remote_pin_terminal,) if context.remote_pin_terminal else ()
    return (*context.local_terminals, *context.remote_terminals, *pad)


def _practice_cards(
    contexts: Sequence[Context], terminals: Sequence[Terminal], inventory: Inventory
) -> tuple[CardPlace, ...]:
    labels = {one.name: titled(one.ct_id, one.label) for one in terminals}
    names = {one.name for one in contexts}
    places = {
        (labels[route.terminal], route.slot_id)
        for card in inventory.cards
        if card.type.is_practice and not card.contexts.isdisjoint(names)
        for route in card.routes
        if route.terminal in labels
    }
    return tuple(CardPlace(terminal=terminal, slot_id=slot) for terminal, slot in sorted(places))


def _reached(contexts: Sequence[Context], terminals: Iterable[Terminal]) -> tuple[str, ...]:
    names = {one.name for one in contexts}
    return _names(titled(one.ct_id, one.label) for one in terminals if not one.contexts.isdisjoint(names))


def _meant(texts: Iterable[str], terminals: Sequence[Terminal]) -> tuple[str, ...]:
    """Return the titles of terminals that texts of the settings mean; what is not seen keeps the settings' word."""
    return _names(
        next((known.title for known in map(_known, terminals) if known.is_meant_by(text)), text) for text in texts
    )


def _known(terminal: Terminal) -> KnownTerminal:
    return KnownTerminal(
        ct_id=terminal.ct_id,
        label=terminal.label,
        mac_address=terminal.mac_address,
        slot_count=terminal.slot_count,
    )


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def _digits(mac: str) -> str:
    """Return the digits of a MAC address, "" for what is none."""
    digits = mac.replace("-", "").replace(":", "").lower()
    return digits if len(digits) == 12 and all(digit in "0123456789abcdef" for digit in digits) else ""
