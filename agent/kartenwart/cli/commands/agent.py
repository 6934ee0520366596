"""`kartenwart agent run`: the service itself. With these words alone cli/service.py starts it before this is loaded."""

from pathlib import Path
from typing import Annotated

import typer

from kartenwart.cli import service


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(no_args_is_help=True, help="Der Dienst auf der Box.")
    app.add_typer(group, name="agent")
    group.command("run")(run)


def run(
    config: Annotated[Path, typer.Option("--config", help="Konfigurationsdatei (TOML).")] = service.CONFIG,
) -> None:
    """Den Dienst starten; er endet mit SIGTERM."""
    raise typer.Exit(service.serve(config))
