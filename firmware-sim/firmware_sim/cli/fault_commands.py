"""`kartenwart-sim fault ...` and `kartenwart-sim proxy`: bad days by name, by call, and for any link."""

import asyncio
import json
from typing import Annotated, Any

import typer

from firmware_sim.cli.door_client import DoorClient, DoorError
from firmware_sim.cli.options import Format, KonnektorName, State, failing, show

faults = typer.Typer(help="Let something go wrong.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Put these commands into the program."""
    app.add_typer(faults, name="fault")
    app.command()(proxy)


@faults.command("list")
def list_faults(style: Format = "table") -> None:
    """The faults that have a name: where, what happens, what a practice notices."""
    from firmware_sim.faults import catalogue

    rows = [
        {"name": fault.name, "place": fault.place, "does": fault.does, "practice": fault.practice}
        for fault in catalogue()
    ]
    show(rows, style, rows)


@faults.command()
def play(
    name: Annotated[str, typer.Argument(help="A name of `fault list`.")],
    state: State,
    konnektor: KonnektorName = "",
    style: Format = "table",
) -> None:
    """Let a fault of the catalogue begin; it lasts until `fault end`."""
    with failing(DoorError):
        door = DoorClient(state)
        show(door.post(f"/konnektors/{door.konnektor(konnektor)}/trouble", {"fault": name}), style)


@faults.command()
def end(state: State, konnektor: KonnektorName = "", style: Format = "table") -> None:
    """End every fault: of the catalogue, of calls, of the lines."""
    with failing(DoorError):
        door = DoorClient(state)
        show(door.delete(f"/konnektors/{door.konnektor(konnektor)}/trouble"), style)


@faults.command()
def call(
    operation: Annotated[str, typer.Argument(help='Name of the operation, or "*".')],
    kind: Annotated[str, typer.Argument(help="soap_fault, delay, cut, silent, garbage, http_status, ...")],
    state: State,
    konnektor: KonnektorName = "",
    times: Annotated[int, typer.Option(help="How often; -1 for always.")] = 1,
    code: Annotated[int | None, typer.Option(help="Error code (soap_fault, wrong_status).")] = None,
    seconds: Annotated[float | None, typer.Option(help="Duration (delay, silent).")] = None,
    size: Annotated[int | None, typer.Option("--bytes", help="Bytes of the answer that get through (cut).")] = None,
    style: Format = "table",
) -> None:
    """Plan a fault for coming calls of an operation."""
    plan: dict[str, Any] = {"operation": operation, "kind": kind, "times": times}
    chosen = {"code": code, "seconds": seconds, "bytes": size}
    plan.update({key: value for key, value in chosen.items() if value is not None})
    with failing(DoorError):
        door = DoorClient(state)
        show(door.post(f"/konnektors/{door.konnektor(konnektor)}/faults", plan), style)


def proxy(
    to: Annotated[str, typer.Option(help="HOST:PORT to which connections are passed on.")],
    fault: Annotated[
        str,
        typer.Option(help="A fault of a line (`fault list`), or latency, drip, cut, half_open, garble."),
    ] = "",
    listen: Annotated[str, typer.Option(help="HOST:PORT on the loopback; port 0 takes a free one.")] = "127.0.0.1:0",
    direction: Annotated[str | None, typer.Option(help="up (from who connects), down or both.")] = None,
    after: Annotated[int | None, typer.Option(help="So many bytes of each direction pass unharmed.")] = None,
    seconds: Annotated[float | None, typer.Option(help="How late (latency), or the pause (drip).")] = None,
    size: Annotated[int | None, typer.Option("--bytes", help="Bytes at a time (drip).")] = None,
) -> None:
    """Pass any TCP link on under a fault until SIGTERM or Ctrl-C; SIGUSR1 heals the link or makes it ill again.

    Prints one line of JSON: {"listen": "HOST:PORT", "to", "fault"}.
    """
    from firmware_sim.faults import UnknownFaultError
    from firmware_sim.proxy import LinkFaultError
    from firmware_sim.proxy.serving import ProxyError, serve

    def say(**words: str) -> None:
        print(json.dumps(words), flush=True)

    wishes = {"direction": direction, "after": after, "seconds": seconds, "bytes": size}
    changes = {name: value for name, value in wishes.items() if value is not None}
    with failing(ProxyError, LinkFaultError, UnknownFaultError, OSError):
        asyncio.run(serve(listen, to, fault, changes, say))
