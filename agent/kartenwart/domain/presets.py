"""How the documents of daily work are signed, as data (`presets.toml` beside this file)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kartenwart.domain.documents import MIME_TYPES, SHORT_TEXT, SignatureFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One kind of document.

    `root` is the root element that its XML must have ("{namespace}name", empty: any document of the MIME types),
    `qualified`: only an HBA may sign it, `suffix` ends the name of the file that the signature goes to.
    """

    name: str
    title: str
    description: str
    format: SignatureFormat
    mime_types: tuple[str, ...]
    root: str
    qualified: bool
    short_text: str
    suffix: str
    source: str

    def short_text_of(self, number: int) -> str:
        """Return what is shown of the document with this place in its job."""
        return self.short_text.format(number=number)


@cache
def presets() -> Mapping[str, Preset]:
    """Return all presets by name; read once, when they are first asked for."""
    data = tomllib.loads(Path(__file__).with_name("presets.toml").read_text(encoding="utf-8"))
    return {name: _preset(name, fields) for name, fields in data.items()}


def _preset(name: str, fields: Mapping[str, Any]) -> Preset:
    preset = Preset(
        name=name,
        title=fields["title"],
        description=fields["description"],
        format=SignatureFormat(fields["format"]),
        mime_types=tuple(fields["mime_types"]),
        root=fields.get("root", ""),
        qualified=fields["qualified"],
        short_text=fields["short_text"],
        suffix=fields["suffix"],
        source=fields["source"],
    )
    if not set(preset.mime_types) <= set(MIME_TYPES) or not SHORT_TEXT.fullmatch(preset.short_text_of(1000)):
        raise ValueError(f"preset {name} names what cannot be signed")
    return preset
