"""The audit's anchor: a file outside the database's folder that says which hash the chain had at which record.

Who can change the database can compute a chain anew; not so the lines that stand here already, on another disk, a
share of the practice, or under chattr +a. One line is 99 bytes: number (12 digits), hash, time, newline.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ANCHOR_FILE = "audit.anchor"

_LINE = re.compile(rb"(\d{12}) ([0-9a-f]{64}) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")
_LENGTH = 98  # without the newline


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorLines:
    """What the anchor says: hash by record number, and how many whole lines cannot be read."""

    hashes: Mapping[int, str]
    unreadable: int


class Anchor:
    """The file; every method raises OSError when it cannot be read or written."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / ANCHOR_FILE

    @property
    def path(self) -> Path:
        """Return where it is."""
        return self._path

    def create(self) -> None:
        """Make the file, empty."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._append(b"")

    def append(self, sequence: int, hash_: str, time: datetime) -> None:
        """Add a line and wait until it is on disk."""
        self._append(f"{sequence:012d} {hash_} {time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}\n".encode())

    def read(self) -> AnchorLines:
        """Return all lines. One that is too short was cut off by a loss of power and says nothing."""
        hashes: dict[int, str] = {}
        unreadable = 0
        for line in self._path.read_bytes().split(b"\n"):
            if match := _LINE.fullmatch(line):
                sequence, hash_ = int(match[1]), match[2].decode()
                unreadable += hashes.setdefault(sequence, hash_) != hash_
            else:
                unreadable += len(line) >= _LENGTH
        return AnchorLines(hashes=hashes, unreadable=unreadable)

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            content = b"\n" + line if torn else line
            if os.write(descriptor, content) != len(content):
                raise OSError(f"{self._path} took only a part of the line")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
