"""The information model of a Konnektor (TAB_KON_507 to 510) as questions with yes or no."""

from collections.abc import Iterable

from firmware_sim.world.configuration import (
    KonnektorConfiguration,
    MandantConfiguration,
    TerminalConfiguration,
    WorkplaceConfiguration,
)


class InformationModel:
    """Who belongs to whom. Names that the model lacks answer with no."""

    def __init__(self, configuration: KonnektorConfiguration) -> None:
        self.entered = configuration
        self.mandants = {mandant.name: mandant for mandant in configuration.mandants}
        self.client_systems = {system.name: system for system in configuration.client_systems}
        self.workplaces = {workplace.name: workplace for workplace in configuration.workplaces}
        self.terminals = {terminal.name: terminal for terminal in configuration.terminals}

    def mandant(self, name: str) -> MandantConfiguration:
        return self.mandants[name]

    def is_local(self, terminal: str, workplace: str) -> bool:
        return workplace in self.workplaces and terminal in self.workplaces[workplace].local

    def is_remote(self, terminal: str, workplace: str) -> bool:
        return workplace in self.workplaces and terminal in self.workplaces[workplace].remote

    def reaches(self, workplace: str, terminal: str) -> bool:
        return self.is_local(terminal, workplace) or self.is_remote(terminal, workplace)

    def assigned(self, mandant: str, client_system: str) -> tuple[str, ...]:
        """The workplaces from which this client system works for this mandant (relation CS-AP)."""
        return tuple(self.mandants[mandant].assignments.get(client_system, ()))

    def reaches_from_any(self, mandant: str, client_system: str, terminal: str) -> bool:
        return any(self.reaches(workplace, terminal) for workplace in self.assigned(mandant, client_system))

    def remote_pin_terminal(self, mandant: str, workplace: str) -> str | None:
        return self.mandants[mandant].remote_pin.get(workplace)

    def is_managed(self, card: str) -> bool:
        """True when some mandant has this SM-B as SM-B_Verwaltet."""
        return any(card in mandant.managed_smb for mandant in self.mandants.values())

    def workplaces_of(self, terminal: str, mandant: str) -> list[str]:
        """The mandant's workplaces from which the terminal can be used."""
        names: Iterable[str] = self.mandants[mandant].workplaces
        return [name for name in names if self.reaches(name, terminal)]

    def terminal(self, name: str) -> TerminalConfiguration:
        return self.terminals[name]

    def workplace(self, name: str) -> WorkplaceConfiguration:
        return self.workplaces[name]
