"""Commands on a Konnektor's information model: what stands in it, and what an administrator forgot."""

import json
from typing import Annotated

import typer

from firmware_sim.cli.door_client import DoorClient, DoorError
from firmware_sim.cli.options import Format, KonnektorName, State, failing, show
from firmware_sim.world.administration import MISTAKES

Names = Annotated[list[str], typer.Argument(help='What it is about, as "mandant=m1"; `model mistakes` says what.')]


def add_to(app: typer.Typer) -> None:
    """Put these commands into the program."""
    group = typer.Typer(no_args_is_help=True, help="The Konnektor's information model, and mistakes in it.")
    app.add_typer(group, name="model")
    for command in (list_mistakes, show_model, take, mend):
        group.command(command.__name__.removesuffix("_model").removeprefix("list_"))(command)


def list_mistakes(style: Format = "table") -> None:
    """The mistakes that can be made, and the code that callers are told then."""
    rows = [
        {"mistake": name, "needs": ", ".join(one.needs), "code": one.code, "what": one.what}
        for name, one in MISTAKES.items()
    ]
    show(rows, style, rows)


def show_model(state: State, konnektor: KonnektorName = "", style: Format = "table") -> None:
    """What is entered in the Konnektor now."""
    with failing(DoorError):
        door = DoorClient(state)
        result = door.get(f"/konnektors/{door.konnektor(konnektor)}/model")
        rows = [{"part": part, "entry": json.dumps(entry)} for part, entries in result.items() for entry in entries]
        show(result, style, rows)


def take(
    mistake: Annotated[str, typer.Argument(help="Name of the mistake.")],
    names: Names,
    state: State,
    konnektor: KonnektorName = "",
) -> None:
    """Take an entry away, as if it had been forgotten: take workplace-of-mandant mandant=m1 workplace=empfang."""
    with failing(DoorError):
        door = DoorClient(state)
        given = {key: value for key, _, value in (word.partition("=") for word in names)}
        door.post(f"/konnektors/{door.konnektor(konnektor)}/model", {"take": mistake, **given})


def mend(state: State, konnektor: KonnektorName = "") -> None:
    """Enter again what the world file says."""
    with failing(DoorError):
        door = DoorClient(state)
        door.delete(f"/konnektors/{door.konnektor(konnektor)}/model")
