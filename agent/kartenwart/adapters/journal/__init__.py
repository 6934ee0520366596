"""Log lines for the journal: JSON on stderr with a priority prefix, fields that are safe by name only.

Our own rooms log through the standard library: `logging.getLogger(__name__).warning("store.failed", {"doing": doing})`,
an event's name and a mapping of fields. Nothing else formats or carries them.
"""

import json
import logging
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import TextIO

OURS = "kartenwart"
PRIORITIES = {"critical": "<2>", "error": "<3>", "warning": "<4>", "info": "<6>", "debug": "<7>"}
Report = Callable[..., None]


def configure(level: str) -> Report:
    """Set up logging for this process and return `report(event, level="info", **fields)`.

    The standard library's loggers (grpc, aiohttp, zeroconf) are limited to warnings and to type and logger name:
    their messages may quote what came over a wire.
    """
    root, ours = logging.getLogger(), logging.getLogger(OURS)
    root.handlers = [Journal(sys.stderr)]
    root.setLevel(logging.WARNING)
    ours.setLevel(level.upper())

    def report(event: str, *, level: str = "info", **fields: object) -> None:
        ours.log(logging.getLevelNamesMapping()[level.upper()], event, fields)

    return report


class Journal(logging.Handler):
    """Writes a record as one line; of other people's records neither message nor arguments."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line; a stream that nobody reads any more is no reason to fail a job."""
        ours = record.name.partition(".")[0] == OURS
        level = record.levelname.lower()
        told = _own(record) if ours else _foreign(record)
        stamp = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        line = json.dumps({**told, "level": level, "timestamp": stamp}, ensure_ascii=False, default=repr)
        with suppress(OSError):
            self._stream.write(f"{PRIORITIES.get(level, '<6>')}{line}\n")
            self._stream.flush()


def _own(record: logging.LogRecord) -> dict[str, object]:
    fields = record.args if isinstance(record.args, Mapping) else {}
    return {**fields, "event": record.msg}


def _foreign(record: logging.LogRecord) -> dict[str, object]:
    kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
    return {"logger": record.name, "where": f"{record.module}:{record.lineno}", "kind": kind, "event": "library"}
