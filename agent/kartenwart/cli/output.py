"""What the command says: results on stdout as a table or as JSON with a schema number, everything else on stderr."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from google.protobuf.message import Message
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

SCHEMA = 1
_WIDE = 1000  # a pipe has no width; nothing is cut there


class Format(StrEnum):
    """How results are written."""

    TABLE = "table"
    JSON = "json"


class PaperFormat(StrEnum):
    """How results are written that people also print."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


class Output:
    """Writes results and remarks. Colours follow the terminal and NO_COLOR."""

    def __init__(self, format: Format | PaperFormat) -> None:  # noqa: A002  # the option's name
        self.json = format == Format.JSON
        self.markdown = format == PaperFormat.MARKDOWN
        self._results = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
        self._remarks = Console(stderr=True, width=None if sys.stderr.isatty() else _WIDE, highlight=False)

    def table(self, kind: str, messages: Sequence[Message], head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write a list: `messages` as JSON under `kind`, or `rows` under `head`."""
        if self.json:
            self.document(kind, {kind: [plain(message) for message in messages]})
            return
        table = Table(*head, box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
        for row in rows:
            table.add_row(*(escape(cell) for cell in row))
        self._results.print(table)

    def facts(self, kind: str, content: Mapping[str, Any] | Message, lines: Sequence[tuple[str, str]]) -> None:
        """Write one thing: `content` as JSON, or `lines` of name and value; empty values are left out."""
        if self.json:
            self.document(kind, {kind: plain(content) if isinstance(content, Message) else dict(content)})
            return
        grid = Table.grid(padding=(0, 2))
        for name, value in lines:
            if value:
                grid.add_row(f"[bold]{escape(name)}[/bold]", escape(value))
        self._results.print(grid)

    def line(self, kind: str, content: Message, text: str) -> None:
        """Write one of many as it comes: a line of JSON, or of text."""
        if self.json:
            self.document(kind, {kind: plain(content)})
        else:
            self._results.print(escape(text))

    def document(self, kind: str, content: Mapping[str, Any]) -> None:
        """Write a JSON document on one line, at once."""
        print(json.dumps({"schema": SCHEMA, "kind": kind, **content}, ensure_ascii=False), flush=True)

    def text(self, markup: str) -> None:
        """Write a result for people; nothing where JSON was asked for."""
        if not self.json:
            self._results.print(markup)
            sys.stdout.flush()

    def paper(self, lines: Sequence[str]) -> None:
        """Write Markdown as it is."""
        print("\n".join(lines), flush=True)

    def remark(self, text: str, style: str = "") -> None:
        """Write a diagnostic line to stderr."""
        self._remarks.print(escape(text), style=style, soft_wrap=True)

    def problem(self, title: str, *, next_step: str = "", facts: Mapping[str, Any] | None = None) -> None:
        """Write what went wrong and what to do next to stderr, as JSON where that was asked for."""
        if self.json:
            error = {"title": title, "nextStep": next_step, **(facts or {})}
            print(json.dumps({"schema": SCHEMA, "kind": "error", "error": error}, ensure_ascii=False), file=sys.stderr)
            return
        self.remark(f"✗ {title}", style="bold red")
        if next_step:
            self.remark(f"  → {next_step}")

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """Show that something takes a while; only where a person watches stderr."""
        if not self._remarks.is_terminal:
            yield
            return
        with self._remarks.status(escape(text)):
            yield


def plain(message: Message) -> dict[str, Any]:
    """Return a message as the box's JSON door would write it, fields without presence included."""
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(message, always_print_fields_with_no_presence=True)
