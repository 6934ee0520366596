"""Thin commands on the control door."""

from typing import Annotated, Any

import typer

from firmware_sim.cli.door_client import DoorClient, DoorError
from firmware_sim.cli.options import Format, KonnektorName, State, failing, show

Card = Annotated[str, typer.Argument(help="Name of the card.")]
Terminal = Annotated[str, typer.Argument(help="Name of the terminal.")]


def add_to(app: typer.Typer) -> None:
    """Put these commands into the program."""
    for command in (status, counts, calls, insert, pull, cancel, reboot):
        app.command()(command)
    app.command("type")(type_pin)
    app.command("habit")(habit)


def status(state: State, style: Format = "table") -> None:
    """Terminals, cards and what the pads show."""
    with failing(DoorError):
        result = DoorClient(state).get("/state")
        rows = [
            {
                "terminal": terminal["name"],
                "connected": terminal["connected"],
                "cards": ", ".join(f"{slot}: {card}" for slot, card in terminal["slots"].items() if card),
                "display": terminal["display"],
            }
            for terminal in result["terminals"]
        ]
        show(result, style, rows)


def counts(state: State, style: Format = "table") -> None:
    """What really happened to the cards: prompts, tries, signatures."""
    with failing(DoorError):
        result = DoorClient(state).get("/counts")
        shown = ("verify_pin_calls", "pin_prompts", "pin_tries_right", "pin_tries_wrong", "sign_document_calls")
        rows = [
            {"card": name, **{key: values[key] for key in (*shown, "signatures")}}
            for name, values in [*result["cards"].items(), ("total", result["total"])]
        ]
        show(result, style, rows)


def calls(state: State, style: Format = "table") -> None:
    """The last SOAP operations."""
    with failing(DoorError):
        result = DoorClient(state).get("/calls")["calls"]
        shown = ("at", "operation", "mandant", "client_system", "workplace", "result", "fault", "seconds")
        show(result, style, [{key: record[key] for key in shown} for record in result])


def insert(card: Card, terminal: Terminal, slot: int, state: State, style: Format = "table") -> None:
    """Put a card into a slot."""
    _post(state, f"/cards/{card}/insert", {"terminal": terminal, "slot": slot}, style)


def pull(card: Card, state: State, style: Format = "table") -> None:
    """Take a card out of its slot."""
    _post(state, f"/cards/{card}/pull", {}, style)


def type_pin(
    terminal: Terminal,
    pin: Annotated[str, typer.Argument(help="The digits.")],
    state: State,
    wait: Annotated[float, typer.Option(help="Seconds to wait for the prompt.")] = 0.0,
    style: Format = "table",
) -> None:
    """Type a PIN at a pad that asks for one."""
    _post(state, f"/pads/{terminal}/type", {"pin": pin, "wait_seconds": wait}, style)


def cancel(terminal: Terminal, state: State, style: Format = "table") -> None:
    """Press the red key at a pad that asks for a PIN."""
    _post(state, f"/pads/{terminal}/type", {"keys": "cancel"}, style)


def habit(
    terminal: Terminal,
    mode: Annotated[str, typer.Argument(help="interactive, silent, type_right, type_wrong or cancel.")],
    state: State,
    style: Format = "table",
) -> None:
    """Say what the person at a pad does whenever it asks."""
    _post(state, f"/pads/{terminal}/script", {"default": mode}, style)


def reboot(
    state: State,
    konnektor: KonnektorName = "",
    down_seconds: Annotated[float, typer.Option(help="How long it stays down.")] = 2.0,
    style: Format = "table",
) -> None:
    """Boot the Konnektor and wait until it is up again."""
    with failing(DoorError):
        door = DoorClient(state)
        path = f"/konnektors/{door.konnektor(konnektor)}/reboot"
        show(door.post(path, {"down_seconds": down_seconds, "wait": True}), style)


def _post(state: State, path: str, body: dict[str, Any], style: str) -> None:
    with failing(DoorError):
        show(DoorClient(state).post(path, body), style)
