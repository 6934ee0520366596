"""`kartenwart agent run`: the service itself."""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from kartenwart.cli.exits import Exit


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(no_args_is_help=True, help="Der Dienst auf der Box.")
    app.add_typer(group, name="agent")
    group.command("run")(run)


def run(
    config: Annotated[Path, typer.Option("--config", help="Konfigurationsdatei (TOML).")] = Path(
        "/etc/kartenwart/kartenwart.toml"
    ),
) -> None:
    """Den Dienst starten; er endet mit SIGTERM."""
    gc.disable()  # what a start makes is no garbage: app/run.py switches it on again when it serves
    try:
        raise typer.Exit(_service()(config))
    finally:
        gc.enable()


def _service() -> Callable[[Path], int]:
    try:
        from kartenwart.app import run as serve
    except ModuleNotFoundError as error:
        typer.echo(
            f"✗ Der Dienst ist nicht installiert ({error.name} fehlt); installieren Sie kartenwart[agent].", err=True
        )
        raise typer.Exit(Exit.USAGE) from None
    return serve
