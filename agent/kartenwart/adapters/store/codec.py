"""Values as JSON and back: explicit, so that what stands in the database changes only on purpose.

A codec is two functions. `record` names each field of a dataclass with its codec; a field of the domain that is not
named here is an error at import, an unknown or missing one in stored JSON raises StoredWrong.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Generic, TypeVar

Json = Any
T = TypeVar("T")
E = TypeVar("E", bound=Enum)


class StoredWrong(ValueError):
    """A stored value has another shape than this version writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec(Generic[T]):
    """How values of one type stand in JSON; decode raises StoredWrong for anything that encode would not make."""

    encode: Callable[[T], Json]
    decode: Callable[[Json], T]

    def dump(self, value: T) -> str:
        """Return the value as JSON text."""
        return json.dumps(self.encode(value), ensure_ascii=False, separators=(",", ":"))

    def load(self, text: str) -> T:
        """Return the value that a JSON text holds."""
        try:
            return self.decode(json.loads(text))
        except (json.JSONDecodeError, RecursionError) as error:
            raise StoredWrong("no JSON") from error


def _of(kind: type[T]) -> Codec[T]:
    def decode(stored: Json) -> T:
        if type(stored) is not kind:
            raise StoredWrong(f"{type(stored).__name__} instead of {kind.__name__}")
        return stored

    return Codec(encode=lambda value: value, decode=decode)


TEXT: Codec[str] = _of(str)
NUMBER: Codec[int] = _of(int)
FLAG: Codec[bool] = _of(bool)


def time_text(time: datetime) -> str:
    """Return a time as it stands in the database: ISO 8601, UTC, microseconds; sorts as text. Needs a time zone."""
    if time.tzinfo is None:
        raise ValueError("a time without a zone cannot be stored")
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def _time(stored: Json) -> datetime:
    try:
        time = datetime.fromisoformat(TEXT.decode(stored))
    except ValueError as error:
        raise StoredWrong("no time") from error
    if time.tzinfo is None:
        raise StoredWrong("time without a zone")
    return time


TIME: Codec[datetime] = Codec(encode=time_text, decode=_time)


def _bytes(stored: Json) -> bytes:
    try:
        return base64.b64decode(TEXT.decode(stored), validate=True)
    except (binascii.Error, ValueError) as error:
        raise StoredWrong("no base64") from error


BYTES: Codec[bytes] = Codec(encode=lambda value: base64.b64encode(value).decode(), decode=_bytes)


def enum(kind: type[E]) -> Codec[E]:
    """Return the codec of an enum, by value."""

    def decode(stored: Json) -> E:
        try:
            return kind(stored)
        except ValueError as error:
            raise StoredWrong(f"no {kind.__name__}") from error

    return Codec(encode=lambda value: value.value, decode=decode)


def optional(inner: Codec[T]) -> Codec[T | None]:
    """Return a codec that also takes None."""
    return Codec(
        encode=lambda value: None if value is None else inner.encode(value),
        decode=lambda stored: None if stored is None else inner.decode(stored),
    )


def many(inner: Codec[T]) -> Codec[tuple[T, ...]]:
    """Return the codec of a tuple."""

    def decode(stored: Json) -> tuple[T, ...]:
        if not isinstance(stored, list):
            raise StoredWrong("no list")
        return tuple(inner.decode(item) for item in stored)

    return Codec(encode=lambda values: [inner.encode(value) for value in values], decode=decode)


def names() -> Codec[frozenset[str]]:
    """Return the codec of a set of names, sorted."""
    listed = many(TEXT)
    return Codec(
        encode=lambda values: listed.encode(tuple(sorted(values))),
        decode=lambda stored: frozenset(listed.decode(stored)),
    )


def record(kind: type[T], /, **parts: Codec[Any]) -> Codec[T]:
    """Return the codec of a dataclass; `parts` names every field of it."""
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # T is a dataclass
    if names != set(parts):
        raise TypeError(f"the stored form of {kind.__name__} differs in {sorted(names ^ set(parts))}")

    def encode(value: T) -> Json:
        return {name: part.encode(getattr(value, name)) for name, part in parts.items()}

    def decode(stored: Json) -> T:
        if not isinstance(stored, dict) or set(stored) != names:
            raise StoredWrong(f"no {kind.__name__}")
        return kind(**{name: part.decode(stored[name]) for name, part in parts.items()})

    return Codec(encode=encode, decode=decode)


def one_of(codecs: Mapping[type[Any], Codec[Any]]) -> Codec[Any]:
    """Return a codec of several dataclasses, told apart by their names."""
    by_name = {kind.__name__: codec for kind, codec in codecs.items()}

    def encode(value: Any) -> Json:
        return {type(value).__name__: codecs[type(value)].encode(value)}

    def decode(stored: Json) -> Any:
        if not isinstance(stored, dict) or len(stored) != 1 or not stored.keys() <= by_name.keys():
            raise StoredWrong("no known kind")
        name, inner = next(iter(stored.items()))
        return by_name[name].decode(inner)

    return Codec(encode=encode, decode=decode)
