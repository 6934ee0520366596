"""From a world file's TOML text to a `WorldConfiguration`, with errors that name the place and the remedy."""

import dataclasses
import tomllib
import types
import typing
from collections.abc import Mapping
from importlib import resources
from typing import Any, Literal

from firmware_sim.world.configuration import WorldConfiguration
from firmware_sim.world.references import check_references


class WorldFileError(ValueError):
    """The world file cannot be used; the text says where and what to do."""


def default_text() -> str:
    """The default world, "Praxis am Markt", as TOML text."""
    return resources.files("firmware_sim.world").joinpath("default.toml").read_text(encoding="utf-8")


def read_world(text: str) -> WorldConfiguration:
    """Read and check a world. Raises `WorldFileError`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WorldFileError(f"the world file is no TOML: {error}") from error
    world: WorldConfiguration = _table(document, WorldConfiguration, "world")
    problems = check_references(world)
    if problems:
        raise WorldFileError("; ".join(problems))
    return world


def _table(value: object, kind: Any, place: str) -> Any:
    if not isinstance(value, dict):
        raise WorldFileError(f"{place}: a table is needed here, not {value!r}")
    fields = {field.name: field for field in dataclasses.fields(kind)}
    unknown = sorted(set(value) - set(fields))
    if unknown:
        raise WorldFileError(f"{place}: unknown key {', '.join(unknown)}; known are {', '.join(fields)}")
    hints = typing.get_type_hints(kind)
    missing = [name for name, field in fields.items() if name not in value and _required(field)]
    if missing:
        raise WorldFileError(f"{place}: {', '.join(missing)} is missing")
    read = {name: _value(given, hints[name], f"{place}.{name}") for name, given in value.items()}
    return kind(**read)


def _required(field: "dataclasses.Field[Any]") -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _value(value: object, kind: Any, place: str) -> Any:
    origin = typing.get_origin(kind)
    if origin is tuple:
        return _list(value, typing.get_args(kind)[0], place)
    if origin is Mapping:
        return _mapping(value, typing.get_args(kind)[1], place)
    if origin is Literal:
        return _choice(value, typing.get_args(kind), place)
    if dataclasses.is_dataclass(kind):
        return _table(value, kind, place)
    return _scalar(value, kind, place)


def _list(value: object, kind: Any, place: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise WorldFileError(f"{place}: a list is needed here, not {value!r}")
    return tuple(_value(item, kind, f"{place}[{number}]") for number, item in enumerate(value))


def _mapping(value: object, kind: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise WorldFileError(f"{place}: a table is needed here, not {value!r}")
    return types.MappingProxyType({key: _value(item, kind, f"{place}.{key}") for key, item in value.items()})


def _choice(value: object, choices: tuple[object, ...], place: str) -> object:
    if value not in choices:
        raise WorldFileError(f"{place}: {value!r} is none of {', '.join(map(repr, choices))}")
    return value


def _scalar(value: object, kind: Any, place: str) -> object:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        # The value itself stays out of the message: it may be a PIN that was written as a number.
        raise WorldFileError(f"{place}: {kind.__name__} is needed here, not {type(value).__name__}")
    return value
