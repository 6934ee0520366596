"""A JSON body into a protobuf message: every mistake with its path, nothing of the content repeated."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from google.protobuf.json_format import ParseDict
from google.protobuf.json_format import ParseError as JsonParseError
from google.protobuf.message import Message

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import CallerError, Reason, Violation
from kartenwart.edge.validation import violations

UNKNOWN = "Dieses Feld gibt es nicht."
TWICE = "Dieses Feld steht mehrfach."
WRONG = "Der Wert passt nicht zum Typ dieses Feldes."
NOT_JSON = "Der Rumpf ist kein gültiges JSON-Objekt in UTF-8."
MOST_VIOLATIONS = 100
WELL_KNOWN = "google.protobuf."


def parse(kind: type[Message], body: bytes) -> Message:
    """Return the request; CallerError INVALID_ARGUMENT with every unknown, doubled or mistyped field.

    Where there is one, what else is wrong with the values is told with it: nobody should mend a request twice.
    """
    message = kind()
    shape = tuple(islice(_fill(message, _load(body), ""), MOST_VIOLATIONS))
    if shape:
        told = frozenset(violation.field for violation in shape)
        whole = len(shape) < MOST_VIOLATIONS  # else the rest of the body was not read
        values = (one for one in violations(message) if whole and told.isdisjoint(_within(one.field)))
        raise CallerError(failure(Reason.INVALID_ARGUMENT), (*shape, *values))
    return message


def _within(path: str) -> Iterator[str]:
    """Yield a path and all that it lies in: "a[0].b" lies in "a[0]" and "a", but not in "a[0].bc"."""
    yield path
    for end, letter in enumerate(path):
        if letter in ".[":
            yield path[:end]


def _load(body: bytes) -> "_Object":
    try:
        loaded = json.loads(body.decode("utf-8"), object_pairs_hook=_Object, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        loaded = None
    if not isinstance(loaded, _Object):
        words = Violation(field="", description=NOT_JSON)
        raise CallerError(failure(Reason.INVALID_ARGUMENT), (words,))
    return loaded


def _no_constant(_name: str) -> None:
    raise ValueError("NaN and Infinity are no JSON")


class _Object:
    """A JSON object with its pairs as they came, so that doubled names are seen."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


def _fill(message: Message, given: _Object, prefix: str) -> Iterator[Violation]:
    """Put an object's fields into a message, one by one, and yield what does not fit."""
    seen: set[str] = set()
    names = _names(message)
    for key, value in given.pairs:
        spec = names.get(key)
        path = prefix + (spec.name if spec is not None else key[:60])
        if spec is None:
            yield Violation(field=path, description=UNKNOWN)
        elif spec.name in seen:
            yield Violation(field=path, description=TWICE)
        elif value is not None:
            seen.add(spec.name)
            yield from _put(message, spec, value, path)


def _names(message: Message) -> dict[str, Any]:
    """Both spellings that protobuf JSON allows: requestId and request_id."""
    fields = message.DESCRIPTOR.fields
    return {spec.json_name: spec for spec in fields} | {spec.name: spec for spec in fields}


def _put(message: Message, spec: Any, value: Any, path: str) -> Iterator[Violation]:
    if not _is_ours(spec):
        yield from _scalar(message, spec, value, path)
    elif not spec.is_repeated:
        yield from _message(getattr(message, spec.name), value, path)
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _message(getattr(message, spec.name).add(), entry, f"{path}[{number}]")
    else:
        yield Violation(field=path, description=WRONG)


def _message(target: Message, value: Any, path: str) -> Iterator[Violation]:
    if isinstance(value, _Object):
        target.SetInParent()
        yield from _fill(target, value, f"{path}.")
    else:
        yield Violation(field=path, description=WRONG)


def _scalar(message: Message, spec: Any, value: Any, path: str) -> Iterator[Violation]:
    try:
        ParseDict({spec.name: _plain(value)}, message)
    except (JsonParseError, ValueError, TypeError, OverflowError, AttributeError, RecursionError):
        yield Violation(field=path, description=WRONG)


def _is_ours(spec: Any) -> bool:
    kind = spec.message_type
    return kind is not None and not kind.full_name.startswith(WELL_KNOWN)


def _plain(value: Any) -> Any:
    """Return what json.loads would have given without our hook."""
    if isinstance(value, _Object):
        return {key: _plain(entry) for key, entry in value.pairs}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return value
