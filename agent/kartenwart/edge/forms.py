"""What the fields of requests look like: forms that several messages share, and rules over several fields of one."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from kartenwart.domain import documents, principals
from kartenwart.domain.authentication import HASH_BYTES, MOST_CHALLENGE
from kartenwart.domain.comfort import LONGEST_NONCE, SHORTEST_NONCE
from kartenwart.domain.documents import MIME_TYPES
from kartenwart.domain.failures import Violation
from kartenwart.edge.checks import MISSING, Blob, Check, Choice, Fields, Flag, Ignored, Many, Moment, Span, Text

LONGEST_WAIT = 25
MOST_HASHED = 32 * 1024
MOST_SCOPE = 64


def named(collection: str, *, required: bool = True) -> Text:
    """Return the form of a resource's name, e.g. "cards/c-1"."""
    return Text(
        pattern=re.compile(rf"{collection}/[a-z0-9][a-z0-9-]*"),
        words=f'Erwartet wird ein Name der Form "{collection}/…".',
        longest=80,
        required=required,
    )


CARD = named("cards")
CONTEXT = named("contexts", required=False)
USER = named("users", required=False)
KONNEKTOR = named("konnektors", required=False)
WAIT = Span(longest=LONGEST_WAIT)
DISPLAY_TEXT = Text(
    pattern=re.compile(r".*"), words="Erwartet werden höchstens 48 druckbare Zeichen.", longest=48, required=False
)
CURSOR = Text(pattern=re.compile(r".*"), words="Unbekannte Form.", longest=256, required=False)
PAGE_TOKEN = Text(pattern=re.compile(r"[A-Za-z0-9_-]+"), words="Unbekannte Form.", longest=256, required=False)
REQUEST_ID = Text(
    pattern=re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    words='Erwartet wird eine UUID, z. B. "2f1c6a5e-8a4b-4f0e-9a63-0d1f4d1b7c11".',
    longest=36,
)
REQUEST_ID_OR_NONE = replace(REQUEST_ID, required=False)
LABEL = Text(
    pattern=principals.LABEL, words="Erwartet werden 1 bis 60 druckbare Zeichen.", longest=principals.LONGEST_LABEL
)
LABEL_OR_NONE = replace(LABEL, required=False)
SHA256 = Text(pattern=documents.SHA256, words="Erwartet wird SHA-256 als 64 Hex-Ziffern, klein.", longest=64)
SHORT_TEXT = Text(
    pattern=documents.SHORT_TEXT,
    words='Erwartet werden 1 bis 30 Buchstaben (A-Z), Ziffern, Leerzeichen, "_", "." oder "-".',
    longest=30,
)
MIME_TYPE = Text(
    pattern=re.compile("|".join(re.escape(kind) for kind in MIME_TYPES)),
    words=f"Erwartet wird eines von {', '.join(MIME_TYPES)}.",
    longest=40,
)
CODE = Text(
    pattern=re.compile(r"[ -]*([0-9][ -]*){6}"), words="Erwartet werden die sechs Ziffern vom Arbeitsplatz.", longest=20
)
USER_ID = Text(
    pattern=principals.USER_ID,
    words="Erwartet werden 1 bis 40 aus a-z, 0-9 und -.",
    longest=40,
)
TOKEN = Text(pattern=re.compile(r"[A-Za-z0-9_.~-]+"), words="Das ist kein Token.", longest=200)
CSR = Blob(shortest=64, longest=4096)
SCOPE = Fields(
    fields={
        "contexts": Many(each=named("contexts"), most=MOST_SCOPE, unique=True),
        "users": Many(each=named("users"), most=MOST_SCOPE, unique=True),
        "comfort": Flag(),
    }
)
ATTEMPTS: dict[str, Check] = {"accept_last_attempt": Flag(), "accept_unknown_attempts": Flag()}
UPDATABLE = ("label", "role", "scope", "scope.contexts", "scope.users", "scope.comfort")


def named_changes(message: Any, prefix: str) -> Iterator[Violation]:
    """The mask names what changes; what it names must have a value."""
    paths = list(message.update_mask.paths)
    if not paths:
        yield Violation(field=f"{prefix}update_mask", description=MISSING)
    for path in paths[:MOST_SCOPE]:
        if path not in UPDATABLE:
            words = f"Änderbar sind {', '.join(UPDATABLE)}."
            yield Violation(field=f"{prefix}update_mask", description=words)
    for name in ("label", "role"):
        if name in paths and not getattr(message.workstation, name):
            yield Violation(field=f"{prefix}workstation.{name}", description=MISSING)


WORKSTATION = Fields(
    required=True,
    fields={
        "name": named("workstations"),
        "label": LABEL_OR_NONE,
        "role": Choice(required=False),
        "scope": SCOPE,
        "state": Ignored(),
        "enrol_time": Ignored(),
        "expire_time": Ignored(),
        "key_sha256": Ignored(),
    },
)
PRESET = Text(
    pattern=re.compile(r"[a-z][a-z0-9_-]*"), words="Erwartet wird der Name einer Vorlage.", longest=40, required=False
)


def _format_or_preset(message: Any, prefix: str) -> Iterator[Violation]:
    """A preset brings format and short text along; without one both are needed."""
    if message.preset and message.format:
        yield Violation(field=f"{prefix}format", description="Bitte entweder die Form oder eine Vorlage nennen.")
    for name in ("format", "short_text"):
        if not message.preset and not getattr(message, name):
            yield Violation(field=prefix + name, description=MISSING)


DOCUMENT_TO_SIGN = Fields(
    fields={
        "document": named("documents"),
        "format": Choice(required=False),
        "short_text": replace(SHORT_TEXT, required=False),
        "preset": PRESET,
    },
    whole=_format_or_preset,
)
ASSERTION = Fields(
    optional=True,
    fields={
        "user": named("users"),
        "act": Choice(),
        "time": Moment(),
        "nonce": Blob(shortest=SHORTEST_NONCE, longest=LONGEST_NONCE),
    },
)
NOTHING: dict[str, Check] = {}
CHALLENGE = Text(
    pattern=re.compile(r"[ -~]+"),
    words=f"Erwartet werden 1 bis {MOST_CHALLENGE} druckbare ASCII-Zeichen.",
    longest=MOST_CHALLENGE,
)


def digest_or_data(message: Any, prefix: str) -> Iterator[Violation]:
    """A hash or the data itself: one of them, of a right length."""
    match message.WhichOneof("subject"):
        case "digest" if len(message.digest) not in HASH_BYTES:
            lengths = ", ".join(str(length) for length in HASH_BYTES)
            yield Violation(field=f"{prefix}digest", description=f"Erwartet wird ein Hashwert mit {lengths} Bytes.")
        case "data" if not 0 < len(message.data) <= MOST_HASHED:
            yield Violation(field=f"{prefix}data", description=f"Erwartet werden 1 bis {MOST_HASHED} Bytes.")
        case None:
            yield Violation(field=f"{prefix}digest", description="Es fehlt, was signiert wird: digest oder data.")
