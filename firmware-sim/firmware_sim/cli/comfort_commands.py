"""Commands on a Konnektor's comfort signature: what its administrator sets."""

from typing import Annotated, Any

import typer

from firmware_sim.cli.door_client import DoorClient, DoorError
from firmware_sim.cli.options import KonnektorName, State, failing


def add_to(app: typer.Typer) -> None:
    """Put these commands into the program."""
    group = typer.Typer(no_args_is_help=True, help="The comfort signature of a Konnektor.")
    app.add_typer(group, name="comfort")
    group.command("on")(switch_on)
    group.command("off")(switch_off)


def switch_on(
    state: State,
    konnektor: KonnektorName = "",
    signatures: Annotated[int | None, typer.Option(help="Signatures of a session, 1 to 250.")] = None,
    seconds: Annotated[float | None, typer.Option(help="How long a session lasts, up to a day.")] = None,
) -> None:
    """Switch it on; sessions that are made from now on have these limits."""
    limits: dict[str, Any] = {"signatures": signatures, "seconds": seconds}
    _set(state, konnektor, enabled=True, **{name: value for name, value in limits.items() if value is not None})


def switch_off(state: State, konnektor: KonnektorName = "") -> None:
    """Switch it off; all sessions end."""
    _set(state, konnektor, enabled=False)


def _set(state: State, konnektor: str, **settings: Any) -> None:
    with failing(DoorError):
        door = DoorClient(state)
        door.post(f"/konnektors/{door.konnektor(konnektor)}/comfort", settings)
