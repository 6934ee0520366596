"""Log lines for the journal: JSON on stderr with a priority prefix, fields that are safe by name only."""

import logging
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog

PRIORITIES = {"critical": "<2>", "error": "<3>", "warning": "<4>", "info": "<6>", "debug": "<7>"}
Report = Callable[..., None]


def configure(level: str) -> Report:
    """Set up logging for this process and return `report(event, level="info", **fields)`.

    The standard library's loggers (grpc, aiohttp, zeroconf) are limited to warnings and to type and logger name:
    their messages may quote what came over a wire.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
            _with_priority,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_Foreign()]
    root.setLevel(logging.WARNING)
    logger = structlog.get_logger()

    def report(event: str, *, level: str = "info", **fields: object) -> None:
        getattr(logger, level)(event, **fields)

    return report


def _with_priority(_logger: object, name: str, line: str | MutableMapping[str, Any]) -> str:
    return PRIORITIES.get(name, "<6>") + str(line)


class _Foreign(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        level = "error" if record.levelno >= logging.ERROR else "warning"
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        where = f"{record.module}:{record.lineno}"
        getattr(structlog.get_logger(), level)("library", logger=record.name, where=where, kind=kind)
