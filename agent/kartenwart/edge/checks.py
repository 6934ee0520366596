"""What a field may be: small declarative checks, each of which says every violation with its path, in German."""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from google.protobuf.message import Message

from kartenwart.domain.failures import Violation

MISSING = "Das Feld fehlt oder ist leer."


class Check(Protocol):
    """One field's check: `value` and `spec` (its FieldDescriptor) are as protobuf gives them."""

    def __call__(self, value: Any, path: str, spec: Any) -> Iterator[Violation]:
        """Yield what is wrong."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A string that matches `pattern` as a whole and is printable; `words` say in German what is expected."""

    pattern: re.Pattern[str]
    words: str
    longest: int
    required: bool = True

    def __call__(self, value: str, path: str, spec: Any) -> Iterator[Violation]:  # noqa: ARG002
        if not value:
            if self.required:
                yield Violation(field=path, description=MISSING)
        elif len(value) > self.longest or not value.isprintable() or not self.pattern.fullmatch(value):
            yield Violation(field=path, description=self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Bytes of a length between `shortest` and `longest`."""

    shortest: int
    longest: int

    def __call__(self, value: bytes, path: str, spec: Any) -> Iterator[Violation]:  # noqa: ARG002
        if not self.shortest <= len(value) <= self.longest:
            span = str(self.shortest) if self.shortest == self.longest else f"{self.shortest} bis {self.longest}"
            yield Violation(field=path, description=f"Erwartet werden {span} Bytes.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number between `low` and `high`."""

    low: int
    high: int

    def __call__(self, value: int, path: str, spec: Any) -> Iterator[Violation]:  # noqa: ARG002
        if not self.low <= value <= self.high:
            yield Violation(field=path, description=f"Erwartet wird eine Zahl von {self.low} bis {self.high}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An enum: a known number, not one of `refused`, and not unspecified where `required`."""

    required: bool = True
    refused: Collection[str] = ()

    def __call__(self, value: int, path: str, spec: Any) -> Iterator[Violation]:
        known = spec.enum_type.values_by_number.get(value)
        if known is None:
            yield Violation(field=path, description="Diesen Wert kennt diese Version nicht.")
        elif value == 0 and self.required:
            yield Violation(field=path, description=MISSING)
        elif known.name in self.refused:
            yield Violation(field=path, description=f"{known.name} ist hier nicht erlaubt.")


@dataclass(frozen=True, slots=True)
class Flag:
    """A bool: both values are right."""

    def __call__(self, value: bool, path: str, spec: Any) -> Iterator[Violation]:  # noqa: ARG002
        return iter(())


@dataclass(frozen=True, slots=True)
class Ignored:
    """A field that only answers carry: what a request says in it counts for nothing."""

    def __call__(self, value: Any, path: str, spec: Any) -> Iterator[Violation]:  # noqa: ARG002
        return iter(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A google.protobuf.Duration from 0 to `longest` seconds."""

    longest: int

    def __call__(self, value: Any, path: str, spec: Any) -> Iterator[Violation]:  # noqa: ARG002
        normal = value.seconds >= 0 and 0 <= value.nanos < 1_000_000_000
        if not normal or value.seconds > self.longest or (value.seconds == self.longest and value.nanos):
            yield Violation(field=path, description=f"Erwartet wird eine Dauer von 0 bis {self.longest} s.")


@dataclass(frozen=True, slots=True)
class Moment:
    """A google.protobuf.Timestamp of the years 1970 to 9999; absent counts as 1970."""

    def __call__(self, value: Any, path: str, spec: Any) -> Iterator[Violation]:  # noqa: ARG002
        if not 0 <= value.seconds < 253_402_300_800 or not 0 <= value.nanos < 1_000_000_000:
            yield Violation(field=path, description="Erwartet wird ein Zeitpunkt ab 1970.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """A repeated field of `fewest` to `most` entries, each held against `each`, none twice where `unique`."""

    each: Check
    fewest: int = 0
    most: int
    unique: bool = False

    def __call__(self, value: Any, path: str, spec: Any) -> Iterator[Violation]:
        if not self.fewest <= len(value) <= self.most:
            span = f"{self.fewest} bis {self.most}"
            yield Violation(field=path, description=f"Erwartet werden {span} Einträge.")
        if self.unique and len(set(value)) != len(value):
            yield Violation(field=path, description="Ein Eintrag steht mehrfach.")
        for number, entry in enumerate(value[: self.most]):
            yield from self.each(entry, f"{path}[{number}]", spec)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """A message: each field by its check, and `whole` for what only several fields together say.

    `required`: it must be there. `optional`: it may be absent as a whole, and is checked only where it is there.
    """

    fields: dict[str, Check] = field(default_factory=dict)
    whole: Callable[[Any, str], Iterator[Violation]] | None = None
    required: bool = False
    optional: bool = False

    def __call__(self, value: Message, path: str, spec: Any) -> Iterator[Violation]:  # noqa: ARG002
        return self.within(value, f"{path}." if path else "")

    def within(self, message: Message, prefix: str) -> Iterator[Violation]:
        """Yield what is wrong in the message; `prefix` is the path before its fields."""
        specs = message.DESCRIPTOR.fields_by_name
        for name, check in self.fields.items():
            spec = specs[name]
            if isinstance(check, Fields) and check.optional and not message.HasField(name):
                continue
            if isinstance(check, Fields) and check.required and not message.HasField(name):
                yield Violation(field=prefix + name, description=MISSING)
            else:
                yield from check(getattr(message, name), prefix + name, spec)
        if self.whole is not None:
            yield from self.whole(message, prefix)
