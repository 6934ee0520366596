"""Turns an async function of a box into a command: the shared options, the connection, the exit status.

The function names what it needs: `box` (a connected Kartenwart) and `out` (Output) are given, all else is its own
options. `--format`, `--profile`, `--socket` and `--address` are added to every command.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kartenwart.cli.exits import Exit
from kartenwart.cli.output import Format, Output, PaperFormat

if TYPE_CHECKING:
    from kartenwart.client import Kartenwart

FormatOption = Annotated[Format, typer.Option("--format", help="Ausgabe als Tabelle oder JSON.")]
PaperFormatOption = Annotated[
    PaperFormat, typer.Option("--format", help="Ausgabe als Tabelle, JSON oder Markdown zum Drucken.")
]
ProfileOption = Annotated[
    Path | None,
    typer.Option("--profile", envvar="KARTENWART_PROFILE", help="Ordner des Profils dieses Arbeitsplatzes."),
]
SocketOption = Annotated[
    Path | None, typer.Option("--socket", envvar="KARTENWART_SOCKET", help="Socket der Box, an der Box selbst.")
]
AddressOption = Annotated[
    str, typer.Option("--address", metavar="HOST[:PORT]", help="gRPC-Adresse der Box statt der gespeicherten.")
]

_SOCKET = Path("/run/kartenwart/kartenwart.sock")  # kartenwart.client.DEFAULT_SOCKET, without loading its way

_SHARED = {
    "format": (FormatOption, Format.TABLE),
    "profile": (ProfileOption, None),
    "socket": (SocketOption, None),
    "address": (AddressOption, ""),
}
_ON_PAPER = {**_SHARED, "format": (PaperFormatOption, PaperFormat.TABLE)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """By which way the box is reached: what was said, else what is there.

    A technician's command looks for the box's socket first, a workplace's for its profile first.
    """

    profile: Path | None
    socket: Path | None
    address: str
    technician: bool

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Kartenwart"]:
        """Connect; raises KartenwartError."""
        socket = self._socket()
        if socket is not None:
            from kartenwart.client import connect_locally

            async with connect_locally(socket) as box:
                yield box
            return
        from kartenwart.client import Address, Profile, connect

        profile = Profile.load(self.profile)
        where = None
        if self.address:
            host, port = host_and_port(self.address, profile.address.grpc_port)
            where = Address(host=host, grpc_port=port)
        async with connect(profile, where) as box:
            yield box

    def _socket(self) -> Path | None:
        if self.socket is not None and (self.technician or self.profile is None):
            return self.socket
        if self.profile is not None or self.address:
            return None
        from kartenwart.client import Profile

        return _SOCKET if _is_a_box() and (self.technician or not Profile.exists()) else None


def _is_a_box() -> bool:
    """True where an agent serves on this machine, also where this user may not talk to it."""
    try:
        return _SOCKET.exists()
    except PermissionError:
        return True


def command(
    app: typer.Typer, name: str, *, technician: bool = False, on_paper: bool = False
) -> Callable[[Callable[..., Awaitable[None]]], Callable[..., None]]:
    """Register an async function (box, out, own options) as a command; `on_paper` adds Markdown to its formats."""

    def register(function: Callable[..., Awaitable[None]]) -> Callable[..., None]:
        def run(**values: Any) -> None:
            reach = Reach(
                profile=values.pop("profile"),
                socket=values.pop("socket"),
                address=values.pop("address"),
                technician=technician,
            )
            out = Output(values.pop("format"))

            async def connected() -> None:
                async with reach.open() as box:
                    await function(box, out, **values)

            carry_out(connected, out)

        return _registered(app, name, run, function, _ON_PAPER if on_paper else _SHARED)

    return register


def offline(
    app: typer.Typer, name: str, *shared: str
) -> Callable[[Callable[..., Awaitable[None]]], Callable[..., None]]:
    """Register an async function (out, own options) that needs no connected box; `shared` options go to it."""

    def register(function: Callable[..., Awaitable[None]]) -> Callable[..., None]:
        def run(**values: Any) -> None:
            out = Output(values.pop("format"))
            carry_out(lambda: function(out, **values), out)

        return _registered(app, name, run, function, {key: _SHARED[key] for key in ("format", *shared)})

    return register


def _registered(
    app: typer.Typer,
    name: str,
    run: Callable[..., None],
    function: Callable[..., Awaitable[None]],
    shared: Mapping[str, tuple[Any, Any]],
) -> Callable[..., None]:
    own = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name not in {"box", "out", *shared}
    ]
    added = [
        inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
        for key, (annotation, default) in shared.items()
    ]
    run.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined]  # typer reads it
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *added)}
    run.__doc__ = function.__doc__
    return app.command(name)(run)


def carry_out(work: Callable[[], Coroutine[Any, Any, None] | Awaitable[None]], out: Output) -> None:
    """Run a command's work to its end and leave with the status that its outcome has."""
    from kartenwart.cli.outcome import told

    async def awaited() -> None:
        await work()

    try:
        asyncio.run(awaited())
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None
    except Exception as error:
        status = told(error, out)
        if status is None:
            raise
        raise typer.Exit(status) from None


def host_and_port(text: str, port: int) -> tuple[str, int]:
    """Read "host", "host:port", "[ipv6]" or "[ipv6]:port"."""
    from kartenwart.cli.exits import UsageProblem

    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        number = rest.removeprefix(":")
    else:
        host, _, number = text.partition(":")
    if not host or (number and not number.isdecimal()):
        raise UsageProblem(f"„{text}“ ist keine Adresse; gemeint ist HOST oder HOST:PORT")
    return host, int(number) if number else port
