"""Mistakes in the information model: what an administrator forgot to enter, taken out of a running Konnektor.

Each mistake names what it takes away; the code in brackets is what a caller is told then (TUC_KON_000).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from firmware_sim.world.configuration import KonnektorConfiguration, MandantConfiguration, WorkplaceConfiguration

Names = Mapping[str, str]


class MistakeError(ValueError):
    """There is no such mistake, or the model has nothing of this name to take away; the text says what there is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mistake:
    """One kind of mistake: `needs` are the names it takes, `code` what callers are told."""

    needs: tuple[str, ...]
    code: int
    what: str
    take: Callable[[KonnektorConfiguration, Names], KonnektorConfiguration]


def make_mistake(model: KonnektorConfiguration, name: str, names: Names) -> KonnektorConfiguration:
    """Return the model with a mistake in it. Raises `MistakeError`."""
    mistake = MISTAKES.get(name)
    if mistake is None:
        raise MistakeError(f"there is no mistake {name!r}; there are {', '.join(MISTAKES)}")
    if set(names) != set(mistake.needs):
        raise MistakeError(f"{name} needs {', '.join(mistake.needs)}")
    changed = mistake.take(model, names)
    if changed == model:
        raise MistakeError(f"{name}: the model has no {', '.join(names.values())} to take away")
    return changed


def _mandant(model: KonnektorConfiguration, names: Names) -> KonnektorConfiguration:
    return replace(model, mandants=tuple(one for one in model.mandants if one.name != names["mandant"]))


def _client_system(model: KonnektorConfiguration, names: Names) -> KonnektorConfiguration:
    kept = tuple(one for one in model.client_systems if one.name != names["client_system"])
    return replace(model, client_systems=kept)


def _workplace(model: KonnektorConfiguration, names: Names) -> KonnektorConfiguration:
    return replace(model, workplaces=tuple(one for one in model.workplaces if one.name != names["workplace"]))


def _client_system_of_mandant(model: KonnektorConfiguration, names: Names) -> KonnektorConfiguration:
    def change(mandant: MandantConfiguration) -> MandantConfiguration:
        return replace(mandant, client_systems=_without(mandant.client_systems, names["client_system"]))

    return _in_mandant(model, names["mandant"], change)


def _workplace_of_mandant(model: KonnektorConfiguration, names: Names) -> KonnektorConfiguration:
    def change(mandant: MandantConfiguration) -> MandantConfiguration:
        return replace(mandant, workplaces=_without(mandant.workplaces, names["workplace"]))

    return _in_mandant(model, names["mandant"], change)


def _workplace_of_client_system(model: KonnektorConfiguration, names: Names) -> KonnektorConfiguration:
    def change(mandant: MandantConfiguration) -> MandantConfiguration:
        system = names["client_system"]
        kept = _without(mandant.assignments.get(system, ()), names["workplace"])
        return replace(mandant, assignments={**mandant.assignments, system: kept})

    return _in_mandant(model, names["mandant"], change)


def _terminal_of_mandant(model: KonnektorConfiguration, names: Names) -> KonnektorConfiguration:
    def change(mandant: MandantConfiguration) -> MandantConfiguration:
        return replace(mandant, terminals=_without(mandant.terminals, names["terminal"]))

    return _in_mandant(model, names["mandant"], change)


def _terminal_of_workplace(model: KonnektorConfiguration, names: Names) -> KonnektorConfiguration:
    def change(workplace: WorkplaceConfiguration) -> WorkplaceConfiguration:
        local, remote = (_without(each, names["terminal"]) for each in (workplace.local, workplace.remote))
        return replace(workplace, local=local, remote=remote)

    return _at_workplace(model, names["workplace"], change)


def _terminal_local(model: KonnektorConfiguration, names: Names) -> KonnektorConfiguration:
    def change(workplace: WorkplaceConfiguration) -> WorkplaceConfiguration:
        if names["terminal"] not in workplace.local:
            return workplace
        remote = (*workplace.remote, names["terminal"])
        return replace(workplace, local=_without(workplace.local, names["terminal"]), remote=remote)

    return _at_workplace(model, names["workplace"], change)


def _smb_managed(model: KonnektorConfiguration, names: Names) -> KonnektorConfiguration:
    changed = (replace(one, managed_smb=_without(one.managed_smb, names["card"])) for one in model.mandants)
    return replace(model, mandants=tuple(changed))


def _smb_of_mandant(model: KonnektorConfiguration, names: Names) -> KonnektorConfiguration:
    """The SM-B stays managed: it was entered for the other mandant."""

    def change(mandant: MandantConfiguration) -> MandantConfiguration:
        kept = _without(mandant.managed_smb, names["card"])
        return replace(mandant, managed_smb=(*kept, names["card"]) if mandant.name == names["other"] else kept)

    known = {one.name for one in model.mandants}
    return replace(model, mandants=tuple(map(change, model.mandants))) if names["other"] in known else model


def _remote_pin(model: KonnektorConfiguration, names: Names) -> KonnektorConfiguration:
    def change(mandant: MandantConfiguration) -> MandantConfiguration:
        kept = {place: pad for place, pad in mandant.remote_pin.items() if place != names["workplace"]}
        return replace(mandant, remote_pin=kept)

    return _in_mandant(model, names["mandant"], change)


def _in_mandant(
    model: KonnektorConfiguration, name: str, change: Callable[[MandantConfiguration], MandantConfiguration]
) -> KonnektorConfiguration:
    return replace(model, mandants=tuple(change(one) if one.name == name else one for one in model.mandants))


def _at_workplace(
    model: KonnektorConfiguration, name: str, change: Callable[[WorkplaceConfiguration], WorkplaceConfiguration]
) -> KonnektorConfiguration:
    return replace(model, workplaces=tuple(change(one) if one.name == name else one for one in model.workplaces))


def _without(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(one for one in names if one != name)


MISTAKES: dict[str, Mistake] = {
    "mandant": Mistake(needs=("mandant",), code=4004, what="the mandant is unknown", take=_mandant),
    "client-system": Mistake(
        needs=("client_system",), code=4005, what="the client system is unknown", take=_client_system
    ),
    "workplace": Mistake(needs=("workplace",), code=4006, what="the workplace is unknown", take=_workplace),
    "client-system-of-mandant": Mistake(
        needs=("mandant", "client_system"),
        code=4010,
        what="the client system is not assigned to the mandant",
        take=_client_system_of_mandant,
    ),
    "workplace-of-mandant": Mistake(
        needs=("mandant", "workplace"),
        code=4011,
        what="the workplace is not in the mandant",
        take=_workplace_of_mandant,
    ),
    "workplace-of-client-system": Mistake(
        needs=("mandant", "client_system", "workplace"),
        code=4014,
        what="the workplace is not assigned to the client system",
        take=_workplace_of_client_system,
    ),
    "terminal-of-mandant": Mistake(
        needs=("mandant", "terminal"), code=4012, what="the terminal is not in the mandant", take=_terminal_of_mandant
    ),
    "terminal-of-workplace": Mistake(
        needs=("workplace", "terminal"),
        code=4015,
        what="the terminal is neither local nor remote",
        take=_terminal_of_workplace,
    ),
    "terminal-local": Mistake(
        needs=("workplace", "terminal"), code=4016, what="the terminal is remote only", take=_terminal_local
    ),
    "smb-managed": Mistake(needs=("card",), code=4009, what="the SM-B is not managed", take=_smb_managed),
    "smb-of-mandant": Mistake(
        needs=("card", "other"),
        code=4013,
        what="the SM-B was entered for the other mandant",
        take=_smb_of_mandant,
    ),
    "remote-pin": Mistake(
        needs=("mandant", "workplace"), code=4092, what="no remote-PIN terminal is set", take=_remote_pin
    ),
}
