"""What the commands share: their options, their output, and how they fail."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import typer
from rich.console import Console
from rich.table import Table

State: TypeAlias = Annotated[Path, typer.Option("--state", help="State directory of the simulator.")]
Format: TypeAlias = Annotated[Literal["table", "json"], typer.Option("--format", help="How to print.")]
KonnektorName: TypeAlias = Annotated[str, typer.Option("--konnektor", help="Which one, if there are several.")]
SCHEMA = 1


@contextmanager
def failing(*kinds: type[Exception]) -> Iterator[None]:
    """Turn expected errors into a message on stderr and exit code 1."""
    try:
        yield
    except kinds as error:
        print(f"kartenwart-sim: {error}", file=sys.stderr)
        raise typer.Exit(1) from error


def show(result: Any, style: str, rows: list[dict[str, Any]] | None = None) -> None:
    """Print a result: as JSON with a schema number, or its rows as a table (plain keys and values without rows)."""
    if style == "json":
        typer.echo(json.dumps({"schema": SCHEMA, "result": result}, indent=2))
        return
    if rows is None:
        rows = [{"what": key, "value": value} for key, value in result.items()]
    if not rows:
        return
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console().print(table)
