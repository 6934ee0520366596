"""Files named .kon, by which gematik's `ti` command knows a Konnektor: JSON with address, context, login and trust.

Source: the readers of such files in gematik's zero-lab (Go, Kotlin and Rust; they differ, and what any of them takes is
taken here). What `ti` ignores is ignored; `userId` and `telematikId` are read over: the agent has people of its own.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_VARIABLE = re.compile(r"\$\{([^}]+)\}")


class KonError(ValueError):
    """The file cannot be used; the message names the key and says what to write. It holds no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KonPassword:
    """Credentials of type "basic"."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KonPkcs12:
    """Credentials of type "pkcs12"."""

    data: bytes = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KonFile:
    """What such a file says. `trusted` holds certificates (DER) of the device or of authorities above it.

    `login` is None where there are no credentials, `unusable_login` says why those that are there cannot be used.
    """

    url: str
    mandant: str
    client_system: str
    workplace: str
    rewrite_endpoints: bool
    expected_host: str
    trusted: tuple[bytes, ...]
    login: KonPassword | KonPkcs12 | None
    unusable_login: str = ""


def read_kon(data: bytes, environment: Mapping[str, str]) -> KonFile:
    """Read a file; ${NAME} stands for a variable of the environment. Raises KonError."""
    document = _document(data, environment)
    if document.get("product", "konnektor") != "konnektor":
        raise KonError('describes no Konnektor ("product"): the agent speaks to Konnektors and TI-Gateways only')
    login, unusable = _login(document.get("credentials"))
    return KonFile(
        url=_text(document, "url"),
        mandant=_text(document, "mandantId"),
        client_system=_text(document, "clientSystemId"),
        workplace=_text(document, "workplaceId"),
        rewrite_endpoints=document.get("rewriteServiceEndpoints") is True,
        expected_host=_text(document, "expectedHost", required=False),
        trusted=_trusted(document.get("trustStore")),
        login=login,
        unusable_login=unusable,
    )


def _document(data: bytes, environment: Mapping[str, str]) -> dict[str, Any]:
    def value(found: re.Match[str]) -> str:
        if found[1] not in environment:
            raise KonError(f"${{{found[1]}}} is no variable of the agent's environment; set it or write the value")
        return json.dumps(environment[found[1]])[1:-1]

    try:
        document = json.loads(_VARIABLE.sub(value, data.decode("utf-8-sig")))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise KonError("is no JSON") from None
    if not isinstance(document, dict):
        raise KonError("is no JSON object")
    return document


def _text(table: dict[str, Any], key: str, *, required: bool = True, place: str = "") -> str:
    value = table.get(key)
    if value is None:
        value = ""
    if not isinstance(value, str) or (required and not value):
        raise KonError(f'"{place}{key}" is missing or no text')
    return value


def _login(credentials: object) -> tuple[KonPassword | KonPkcs12 | None, str]:
    if credentials is None:
        return None, ""
    if not isinstance(credentials, dict):
        raise KonError('"credentials" is no object')
    kind, place = credentials.get("type"), "credentials."
    if kind == "basic":
        user = _text(credentials, "username", place=place)
        return KonPassword(user=user, password=_text(credentials, "password", place=place)), ""
    if kind == "pkcs12":
        data = _base64(_text(credentials, "data", place=place), '"credentials.data"')
        return KonPkcs12(data=data, password=_text(credentials, "password", required=False, place=place)), ""
    if kind == "none":
        return None, ""
    if kind == "system":
        return None, "its credentials lie in the key store of another machine; write client_p12 or user beside kon"
    raise KonError('"credentials.type" is none of basic, pkcs12, none, system')


def _trusted(entries: object) -> tuple[bytes, ...]:
    if entries is None:
        return ()
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise KonError('"trustStore" is no list of texts')
    return tuple(_base64(entry, f'"trustStore" entry {number}') for number, entry in enumerate(entries, 1))


def _base64(text: str, what: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)  # as `base64` wraps it, too
    except (binascii.Error, ValueError):
        raise KonError(f"{what} is no base64") from None
