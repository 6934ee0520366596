"""Files, drop-ins, .kon files and the environment, laid over each other and checked."""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from kartenwart.codecs.kon import KonFile, read_kon
from kartenwart.settings.checks import Wrong, section
from kartenwart.settings.checks import path as checked_path
from kartenwart.settings.values import Settings

PREFIX = "kartenwart_"
DELIMITER = "__"
SECTIONS = frozenset(one.name for one in fields(Settings))


class SettingsError(Exception):
    """The configuration cannot be used; each line of the message names a place and says what to write there."""


def load(path: Path) -> Settings:
    """Read the settings; raise SettingsError with one line for each thing that is wrong."""
    merged: dict[str, Any] = {}
    for file in (path, *sorted((path.parent / "conf.d").glob("*.toml"))):
        merged = _merge(merged, _read(file))
    told = _merge(_with_kon_files(_absolute(merged, path.parent.absolute())), _told_by(os.environ))
    try:
        settings: Settings = section(Settings)(told)
    except Wrong as error:
        raise SettingsError("\n".join(f"{path}: {place}: {words}" for place, words in error.found)) from None
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from None
    return settings


def _told_by(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return what the environment says, as the file would: KARTENWART_LISTEN__GRPC_PORT is grpc_port under [listen].

    Names of other things (KARTENWART_PROFILE) are passed over. A list or table is written as JSON.
    """
    told: dict[str, Any] = {}
    for name, text in environ.items():
        first, *keys = name.lower().removeprefix(PREFIX).split(DELIMITER)
        if name.lower().startswith(PREFIX) and first in SECTIONS:
            value = _value(name, text)
            for key in reversed(keys):
                value = {key: value}
            told = _merge(told, {first: value})
    return told


def _value(name: str, text: str) -> object:
    if not text.startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise SettingsError(f"{name}: is no valid JSON: {error}") from None


def _with_kon_files(table: dict[str, Any]) -> dict[str, Any]:
    """Return the table with what its .kon files say beneath what it says itself."""
    konnektors, contexts = _tables(table.get("konnektors")), _tables(table.get("contexts"))
    for name, told in konnektors.items():
        if isinstance(told, dict) and "kon" in told:
            file = _kon(f"konnektors.{name}.kon", told["kon"])
            address = {
                "url": file.url,
                "rewrite_endpoints": file.rewrite_endpoints,
                "expected_name": file.expected_host,
            }
            konnektors[name] = {**address, **told}
            contexts.setdefault(name, {"konnektor": name, **_context(file)})
    for name, told in contexts.items():
        if isinstance(told, dict) and "kon" in told:
            path = told.pop("kon")
            file = _kon(f"contexts.{name}.kon", path)
            contexts[name] = {**_context(file), **told}
            konnektor = konnektors.get(str(told.get("konnektor")))
            if file.login is not None and isinstance(konnektor, dict):
                konnektor["logins"] = {file.client_system: {"kon": path}, **konnektor.get("logins", {})}
    return {**table, "konnektors": konnektors, "contexts": contexts}


def _tables(value: object) -> dict[str, Any]:
    """Return a copy of a table of tables; what is none is left as it is, for the checks to find."""
    if not isinstance(value, dict):
        return {} if value is None else {"": value}
    return {key: dict(each) if isinstance(each, dict) else each for key, each in value.items()}


def _kon(place: str, value: object) -> KonFile:
    try:
        return read_kon(checked_path(value).read_bytes(), os.environ)
    except OSError as error:
        raise SettingsError(f"{place}: {value} cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise SettingsError(f"{place}: {value}: {error}") from None


def _context(file: KonFile) -> dict[str, str]:
    return {"mandant": file.mandant, "client_system": file.client_system, "workplace": file.workplace}


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read ({error.strerror}); name the file with --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: is no valid TOML: {error}") from None


def _merge(low: Mapping[str, Any], high: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(low)
    for key, value in high.items():
        both_tables = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both_tables else value
    return merged


PATH_KEYS = frozenset(
    {
        "state_directory",
        "anchor_directory",
        "socket",
        "ready_file",
        "trust_ca",
        "client_p12",
        "client_p12_password_file",
        "client_cert",
        "client_key",
        "password_file",
        "kon",
        "cetp_trust_ca",
    }
)


def _absolute(table: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the table with relative paths taken from `folder`."""
    result: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            result[key] = _absolute(value, folder)
        elif key in PATH_KEYS and isinstance(value, str) and not value.startswith("credential:"):
            result[key] = folder / value
        else:
            result[key] = value
    return result
