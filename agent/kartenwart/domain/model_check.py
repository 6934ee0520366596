"""A Konnektor's information model against the configured contexts, as values: what was asked, and what was found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from kartenwart.domain.failures import Failure, Owner
from kartenwart.domain.information_model import KnownTerminal
from kartenwart.domain.inventory import Context


class Subject(StrEnum):
    """What a cell is about; in brackets the code of a Konnektor that lacks it."""

    MANDANT = "MANDANT"  # 4004
    CLIENT_SYSTEM = "CLIENT_SYSTEM"  # 4005
    WORKPLACE = "WORKPLACE"  # 4006
    NAMES = "NAMES"  # 4021, where it cannot be told which of the three
    IDENTITY = "IDENTITY"  # 4204, or the login itself is refused
    CLIENT_SYSTEM_OF_MANDANT = "CLIENT_SYSTEM_OF_MANDANT"  # 4010
    WORKPLACE_OF_MANDANT = "WORKPLACE_OF_MANDANT"  # 4011
    WORKPLACE_OF_CLIENT_SYSTEM = "WORKPLACE_OF_CLIENT_SYSTEM"  # 4014
    TERMINAL_OF_MANDANT = "TERMINAL_OF_MANDANT"  # 4012, 4007
    TERMINAL_OF_WORKPLACE = "TERMINAL_OF_WORKPLACE"  # 4015
    TERMINAL_LOCAL = "TERMINAL_LOCAL"  # 4016
    PRACTICE_CARD_MANAGED = "PRACTICE_CARD_MANAGED"  # 4009
    PRACTICE_CARD_OF_MANDANT = "PRACTICE_CARD_OF_MANDANT"  # 4013
    REMOTE_PIN = "REMOTE_PIN"  # 4092


class Verdict(StrEnum):
    """What is known of a cell."""

    OK = "OK"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextSurvey:
    """What a Konnektor answered in one context; None stands for an answer without a refusal.

    `link`: nobody could be asked. `call`: at the workplace; `wide`: for the mandant as a whole. `listed` are the
    terminals that the workplace reaches, `wide_listed` those of the mandant's other workplaces too. By CtId (or the
    settings' own text where no listed terminal is meant): `terminals` asked for one by one, `near` by an eGK in them.
    `practice_cards` by (CtId, slot): SM-B that were asked for.
    """

    context: Context
    link: Failure | None = None
    call: Failure | None = None
    wide: Failure | None = None
    listed: tuple[KnownTerminal, ...] = ()
    wide_listed: tuple[KnownTerminal, ...] = ()
    terminals: Mapping[str, Failure | None] = field(default_factory=dict)
    near: Mapping[str, Failure | None] = field(default_factory=dict)
    practice_cards: Mapping[tuple[str, int], Failure | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One finding: `item` is the terminal or slot it is about; `failure` is what the Konnektor or the link said.

    `to_do` says in German what to enter where, or what to look at; `owner` is who does it, None where all is well.
    """

    context: str
    subject: Subject
    verdict: Verdict
    item: str = ""
    to_do: str = ""
    failure: Failure | None = None
    owner: Owner | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCheck:
    """All cells of one Konnektor, by context and subject."""

    konnektor: str
    checked_at: datetime
    cells: tuple[Cell, ...]
