"""`kartenwart-sim readers ...`: readers at computers, and what pcscd needs to find them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from firmware_sim.cli.door_client import DoorClient, DoorError
from firmware_sim.cli.options import Format, State, failing, show
from firmware_sim.readers.conf import HANDLER, VPCD, ReaderConfError, conf_texts, write_conf

readers = typer.Typer(help="Card readers for a real pcscd.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name of the reader.")]


def add_to(app: typer.Typer) -> None:
    """Put these commands into the program."""
    app.add_typer(readers, name="readers")


@readers.command("list")
def list_readers(state: State, style: Format = "table") -> None:
    """Readers, their cards, and what the pads show."""
    with failing(DoorError):
        result = DoorClient(state).get("/readers")["readers"]
        rows = [
            {
                "reader": one["name"],
                "kind": one["kind"],
                "plugged": one["plugged"],
                "cards": ", ".join(f"{slot}: {card}" for slot, card in one["slots"].items() if card),
                "display": one.get("display"),
            }
            for one in result
        ]
        show(result, style, rows)


@readers.command()
def conf(
    state: State,
    folder: Annotated[Path | None, typer.Argument(help="pcscd's reader.conf directory; without it: print.")] = None,
    handler: Annotated[Path, typer.Option(help="The handler for pads (firmware-sim/ifd/build).")] = HANDLER,
    vpcd: Annotated[Path, typer.Option(help="vpcd's driver for plain readers.")] = VPCD,
) -> None:
    """Write what pcscd must read to find the readers; then restart pcscd.

    vpcd makes pcscd listen on all addresses: keep others from the ports of the plain readers.
    """
    with failing(DoorError, ReaderConfError, OSError):
        described: list[dict[str, Any]] = DoorClient(state).description["readers"]
        if folder is None:
            typer.echo("\n".join(conf_texts(described, state, handler, vpcd).values()), nl=False)
            return
        for file in write_conf(described, folder, state, handler, vpcd):
            typer.echo(file)


@readers.command()
def plug(reader: Name, state: State) -> None:
    """Plug a reader in again; pcscd, which has kept its name, finds it within a second or two."""
    _post(state, f"/readers/{reader}/plug", {})


@readers.command()
def unplug(reader: Name, state: State) -> None:
    """Pull the cable of a reader with a pad, with its card in it."""
    _post(state, f"/readers/{reader}/unplug", {})


@readers.command()
def fault(
    reader: Name,
    kind: Annotated[str, typer.Argument(help="mute, garbage, card_pulled, unplugged or hang.")],
    state: State,
    instruction: Annotated[str, typer.Option(help='Only at this instruction byte, as "20" for VERIFY.')] = "",
    times: Annotated[int, typer.Option(help="How often; -1 for always.")] = 1,
    seconds: Annotated[float, typer.Option(help="Duration (hang).")] = 0.0,
) -> None:
    """Let the next command at a reader go wrong."""
    _post(
        state,
        f"/readers/{reader}/faults",
        {"kind": kind, "instruction": instruction, "times": times, "seconds": seconds},
    )


@readers.command()
def heal(reader: Name, state: State) -> None:
    """Nothing more goes wrong at a reader."""
    with failing(DoorError):
        DoorClient(state).delete(f"/readers/{reader}/faults")


def _post(state: Path, path: str, body: dict[str, Any]) -> None:
    with failing(DoorError):
        DoorClient(state).post(path, body)
