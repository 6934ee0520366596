"""Who this box is."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemFacts:
    """Identity and state of the box; `fingerprint` is the SHA-256 of the site's root, hex."""

    box_id: str
    fingerprint: str
    version: str
    started_at: datetime
    clock_trusted: bool
