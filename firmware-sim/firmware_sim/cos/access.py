"""Access rules: which command needs what, by life cycle and security environment.

The notation is that of published object systems: a header as four hexadecimal bytes with ?? for any, and a condition
such as `ALW`, `PWD(01)`, `OR{PWD(02),AND{PWD(01),AUTCHAT(...)}}`. What is not written is never allowed.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

ACTIVATED = "ACTIVATED"
_ANY = "??"
_NAME = re.compile(r"([A-Za-z0-9_]+)(?:\(([^)]*)\))?")
_INTERFACE = re.compile(r"(?:^|,)(CB|CL)\{(.*?)\}(?=,CL\{|,CB\{|$)")
_ENVIRONMENT = re.compile(r"\[(\w+),([\w?]+),\{(.*?)\}\]")
_HEADERS = re.compile(r"\(\{([^}]*)\},")

Holds = Callable[[int], bool]


class RuleError(ValueError):
    """A rule that cannot be read; the text shows where."""


class Condition(Protocol):
    """What must be so before a command runs."""

    def met_by(self, holds: Holds) -> frozenset[int] | None:
        """The passwords that were needed to fulfil it, None when it is not fulfilled."""
        ...


@dataclass(frozen=True, slots=True)
class Always:
    """ALW."""

    def met_by(self, _holds: Holds) -> frozenset[int] | None:
        return frozenset()


@dataclass(frozen=True, slots=True)
class Never:
    """NEV; also secure messaging and roles of card-verifiable certificates, which nobody can have here."""

    def met_by(self, _holds: Holds) -> frozenset[int] | None:
        return None


@dataclass(frozen=True, slots=True)
class Verified:
    """PWD(x): the password with this reference is verified."""

    reference: int

    def met_by(self, holds: Holds) -> frozenset[int] | None:
        return frozenset({self.reference}) if holds(self.reference) else None


@dataclass(frozen=True, slots=True)
class AllOf:
    """AND."""

    parts: tuple[Condition, ...]

    def met_by(self, holds: Holds) -> frozenset[int] | None:
        met = [needed for part in self.parts if (needed := part.met_by(holds)) is not None]
        return frozenset[int]().union(*met) if len(met) == len(self.parts) else None


@dataclass(frozen=True, slots=True)
class AnyOf:
    """OR: the first part that is fulfilled counts."""

    parts: tuple[Condition, ...]

    def met_by(self, holds: Holds) -> frozenset[int] | None:
        return next((met for part in self.parts if (met := part.met_by(holds)) is not None), None)


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: commands of this form in this life cycle and environment (None: in each) need this.

    The form is a header as a number and a mask of the bits that count.
    """

    life_cycle: str
    environment: int | None
    header: int
    mask: int
    condition: Condition

    def covers(self, life_cycle: str, environment: int, header: int) -> bool:
        """Is the command with this header meant?"""
        return (
            header & self.mask == self.header
            and life_cycle == self.life_cycle
            and self.environment in (None, environment)
        )


@dataclass(frozen=True, slots=True)
class AccessRules:
    """All rules of one object."""

    rules: tuple[Rule, ...] = ()

    def condition(self, life_cycle: str, environment: int, header: bytes) -> Condition:
        """What the command needs; the first line that covers it counts."""
        number = int.from_bytes(header, "big")
        fitting = (rule.condition for rule in self.rules if rule.covers(life_cycle, environment, number))
        return next(fitting, Never())


def read_rules(lines: Iterable[tuple[str, str]], environment: int | None = 1) -> AccessRules:
    """Rules for the activated object from pairs of header ("00B0????") and condition ("PWD(01)")."""
    return AccessRules(tuple(_rule(ACTIVATED, environment, header, read_condition(text)) for header, text in lines))


def read_published_rules(text: str, interface: str = "CB") -> AccessRules:
    """The rules of one interface (CB contact, CL contactless) out of a published object system's text."""
    found = dict(_INTERFACE.findall(text))
    if interface not in found:
        return AccessRules()
    rules: list[Rule] = []
    for life_cycle, number, lines in _ENVIRONMENT.findall(found[interface]):
        environment = None if number == _ANY else int(number)
        for headers, condition in _lines(lines):
            rules += [_rule(life_cycle, environment, header, condition) for header in headers]
    return AccessRules(tuple(rules))


def read_condition(text: str) -> Condition:
    """Read one condition. Raises `RuleError`."""
    condition, at = _condition(text, 0)
    if at != len(text):
        raise RuleError(f"{text[at:]!r} is left over in {text!r}")
    return condition


def _rule(life_cycle: str, environment: int | None, header: str, condition: Condition) -> Rule:
    plain = header.replace("|", "").upper()
    if not re.fullmatch(r"([0-9A-F]{2}|\?\?){4}", plain):
        raise RuleError(f"{header!r} is no command header")
    mask = int(re.sub(r"[0-9A-F]", "F", plain).replace("?", "0"), 16)
    return Rule(life_cycle, environment, int(plain.replace("?", "0"), 16), mask, condition)


def _lines(text: str) -> Iterable[tuple[list[str], Condition]]:
    at = 0
    while at < len(text):
        start = _HEADERS.match(text, at)
        if start is None:
            raise RuleError(f"a list of commands is missing at {text[at : at + 40]!r}")
        condition, at = _condition(text, start.end())
        yield start[1].split(","), condition
        at += len("),") if text[at : at + 2] == ")," else len(")")


def _condition(text: str, at: int) -> tuple[Condition, int]:
    name = _NAME.match(text, at)
    if name is None:
        raise RuleError(f"a condition is missing at {text[at : at + 40]!r}")
    if name[1] not in ("AND", "OR"):
        return _simple(name[1], name[2]), name.end()
    parts, at = [], name.end()
    while text[at : at + 1] in ("{", ","):
        part, at = _condition(text, at + 1)
        parts.append(part)
    if text[at : at + 1] != "}":
        raise RuleError(f"a brace is missing at {text[at : at + 40]!r}")
    return (AllOf if name[1] == "AND" else AnyOf)(tuple(parts)), at + 1


def _simple(name: str, argument: str | None) -> Condition:
    if name == "ALW":
        return Always()
    if name == "PWD" and argument is not None:
        return Verified(int(argument, 16))
    if name in ("NEV", "SMMAC", "SMCMDENC", "SMRSPENC", "AUTCHAT"):
        return Never()
    raise RuleError(f"{name!r} is no condition that this card knows")
