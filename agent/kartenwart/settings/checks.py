"""What a setting may be. A check takes what was written and returns the value, or raises ValueError with words.

The classes of values.py name a check beside each type: `Annotated[int, whole(0, 65535)]`. `section` makes the check of
such a class, `tables` that of many by name; what they find in the places below them they raise as Wrong.
"""

import os
import re
from collections.abc import Callable
from dataclasses import MISSING, fields
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import Any

Check = Callable[[Any], Any]
SWITCHES = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
LAST_PORT = 65535


class Wrong(Exception):
    """Says of each wrong place, from here, what to write there."""

    def __init__(self, found: list[tuple[str, str]]) -> None:
        super().__init__(found)
        self.found = found


def section(kind: type[Any]) -> Check:
    """Take a table with the fields of a dataclass, and no others."""
    known = {one.name: one for one in fields(kind)}

    def check(value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError("write a table")
        wrong = [(str(key), "there is no such setting; check the spelling") for key in value if key not in known]
        found: dict[str, Any] = {}
        for name, one in known.items():
            if name in value:
                _take(found, name, one.type, value[name], wrong)
            elif one.default is MISSING and one.default_factory is MISSING:
                wrong.append((name, "is missing"))
        if wrong:
            raise Wrong(wrong)
        return kind(**found)

    return check


def tables(name_check: Check, kind: type[Any]) -> Check:
    """Take tables by name."""
    below = section(kind)

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError("write a table of tables")
        wrong: list[tuple[str, str]] = []
        found: dict[str, Any] = {}
        for name, one in value.items():
            try:
                name_check(name)
                found[name] = below(one)
            except (ValueError, Wrong) as error:
                wrong += _placed(name, error)
        if wrong:
            raise Wrong(wrong)
        return found

    return check


def _take(found: dict[str, Any], name: str, annotated: Any, value: Any, wrong: list[tuple[str, str]]) -> None:
    try:
        found[name] = annotated.__metadata__[0](value)
    except (ValueError, Wrong) as error:
        wrong += _placed(name, error)


def _placed(name: str, error: Exception) -> list[tuple[str, str]]:
    if isinstance(error, Wrong):
        return [(f"{name}.{place}" if place else name, words) for place, words in error.found]
    return [(name, str(error))]


def whole(least: int, most: int) -> Check:
    """Take a whole number, from the environment also as text."""

    def check(value: Any) -> int:
        number = int(value) if isinstance(value, str) and value.isdecimal() else value
        if type(number) is not int or not least <= number <= most:
            raise ValueError(f"write a whole number from {least} to {most}")
        return number

    return check


def seconds(least: float, most: float) -> Check:
    """Take seconds, from the environment also as text."""

    def check(value: Any) -> float:
        try:
            number = float("nan") if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            number = float("nan")
        if not least <= number <= most:
            raise ValueError(f"write seconds from {least:g} to {most:g}")
        return number

    return check


def day(value: Any) -> date:
    """Take a day, in TOML with or without quotes."""
    try:
        found = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    if type(found) is not date:
        raise ValueError('write a day as "2026-12-31"')
    return found


def switch(value: Any) -> bool:
    """Take true or false, from the environment also as text."""
    told = SWITCHES.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(told, bool):
        raise ValueError("write true or false")
    return told


def text(least: int = 0, most: int | None = None) -> Check:
    """Take text of so many characters."""

    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise ValueError("write text in quotation marks")
        if not least <= len(value) <= (len(value) if most is None else most):
            raise ValueError(f"write {least} to {most} characters")
        return value

    return check


def matching(pattern: str, words: str) -> Check:
    """Take text of a pattern; the words say what to write."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(words)
        return value

    return check


def choice(*options: str) -> Check:
    """Take one of these words."""

    def check(value: Any) -> str:
        if value not in options:
            raise ValueError(f"choose one of {', '.join(options)}")
        return str(value)

    return check


def texts(each: Check) -> Check:
    """Take a list of texts that pass a check."""

    def check(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise ValueError("write a list of texts")
        return tuple(each(one) for one in value)

    return check


def path(value: Any) -> Path:
    """Take a path; "credential:NAME" is the file that systemd made of a credential."""
    if not isinstance(value, str | Path) or "\0" in str(value):
        raise ValueError("write a path in quotation marks")
    if not str(value).startswith("credential:"):
        return Path(value)
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise ValueError("credential: works only where systemd sets CREDENTIALS_DIRECTORY; name a file instead")
    return Path(folder) / str(value).removeprefix("credential:")


def address(value: Any) -> str:
    """Take an IP address."""
    try:
        return str(ip_address(value if isinstance(value, str) else ""))
    except ValueError:
        raise ValueError("write an IP address of the box") from None


def address_or_none(value: Any) -> str:
    """Take an IP address, or an empty text."""
    return "" if value == "" else address(value)


def with_port(pattern: str, words: str) -> Check:
    """Take text of a pattern that ends with a port, or is empty where the pattern allows it."""
    matches = matching(pattern, words)

    def check(value: Any) -> str:
        told: str = matches(value)
        if told and int(told.rpartition(":")[2]) > LAST_PORT:
            raise ValueError(f"the port is at most {LAST_PORT}")
        return told

    return check
