"""The commands: results on stdout, diagnostics on stderr; exit code 1 when refused, 2 for wrong use."""

import asyncio
from pathlib import Path
from typing import Annotated, Literal

import typer

from firmware_sim.cli import comfort_commands, control_commands, fault_commands, model_commands, reader_commands
from firmware_sim.cli.desk import run_desk
from firmware_sim.cli.interactive_pad import run_pad
from firmware_sim.cli.options import State, failing
from firmware_sim.world.reading import WorldFileError, default_text, read_world

app = typer.Typer(
    name="kartenwart-sim",
    help="A medical practice with Konnektor, card terminals and cards, for tests.",
    no_args_is_help=True,
    add_completion=False,
)
control_commands.add_to(app)
fault_commands.add_to(app)
model_commands.add_to(app)
comfort_commands.add_to(app)
reader_commands.add_to(app)


@app.command()
def run(
    state: State,
    world: Annotated[Path | None, typer.Option(help="World file (TOML); without it: Praxis am Markt.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing when it listens.")] = False,
    control_port: Annotated[int, typer.Option(help="Port of the control door; 0 takes a free one.")] = 0,
) -> None:
    """Run a practice until SIGTERM or SIGINT."""
    # The other commands do without PKI, TLS and HTTP server.
    from firmware_sim.cli.run import StateInUseError, lock, serve

    with failing(WorldFileError, StateInUseError, OSError):
        practice = read_world(world.read_text(encoding="utf-8") if world else default_text())
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        with lock(state):
            asyncio.run(serve(practice, state.resolve(), quiet, control_port))


@app.command("world")
def print_world() -> None:
    """Print the default world file, as a start for an own one."""
    typer.echo(default_text(), nl=False)


@app.command()
def pad(terminal: Annotated[str, typer.Argument(help="Name of the terminal.")], state: State) -> None:
    """Stand at a pad: see its display, type PINs without echo, Enter confirms, c or Esc cancels."""
    run_pad(terminal, state)


@app.command()
def desk(state: State) -> None:
    """Stand at a desk: all displays, slots and pads in this window; type PINs, insert and pull cards, q leaves."""
    run_desk(state)


@app.command("sample-pdf")
def sample_pdf(
    out: Annotated[Path, typer.Argument(help="File to write.")],
    kind: Annotated[Literal["pdfa1", "pdfa2", "pdfa3", "plain"], typer.Option(help="What it declares.")] = "pdfa2",
) -> None:
    """Write a fictional doctor's letter as PDF/A."""
    from firmware_sim.signing import make_pdf

    with failing(OSError):
        out.write_bytes(make_pdf(kind))
