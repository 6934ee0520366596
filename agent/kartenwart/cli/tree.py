"""All commands as one tree. Nothing heavy is imported before a command needs it, so that --help is quick."""

from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from kartenwart.cli.commands import (
    agent,
    audit,
    card_keys,
    cards,
    certificates,
    comfort,
    enrolling,
    jobs,
    konnektor,
    patients,
    pins,
    readers,
    signing,
    users,
    watching,
    workstations,
)
from kartenwart.cli.exits import EPILOG


def _version(wanted: bool) -> None:
    if not wanted:
        return
    try:
        number = version("kartenwart")
    except PackageNotFoundError:  # a checkout that is not installed
        number = "unbekannt"
    typer.echo(f"kartenwart {number}")
    raise typer.Exit


def tree() -> typer.Typer:
    """Return the command with all its commands."""
    app = typer.Typer(
        name="kartenwart",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        epilog=EPILOG,
        help="Kartenterminals, Kartenleser, Karten und Konnektor einer Praxis: ansehen, freischalten, signieren.",
    )

    @app.callback()
    def options(
        wanted: Annotated[
            bool, typer.Option("--version", callback=_version, is_eager=True, help="Version ausgeben und enden.")
        ] = False,
    ) -> None:
        pass

    looking, working = (
        (cards, readers, certificates, watching, konnektor),
        (pins, patients, signing, comfort, card_keys, jobs),
    )
    for commands in (enrolling, *looking, *working, workstations, users, audit, agent):
        commands.add_to(app)
    return app


def main() -> None:
    """Run the command with the arguments of this process."""
    tree()()
