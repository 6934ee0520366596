"""`kartenwart agent run` without the command tree: a box that starts must not wait for what only people need."""

import gc
import sys
from collections.abc import Sequence
from pathlib import Path

from kartenwart.cli.exits import Exit

CONFIG = Path("/etc/kartenwart/kartenwart.toml")


def asked_for(arguments: Sequence[str]) -> Path | None:
    """Return the configuration where the arguments are "agent run" as the unit says it, None for all else."""
    match arguments:
        case ["agent", "run"]:
            return CONFIG
        case ["agent", "run", "--config", config]:
            return Path(config)
        case _:
            return None


def serve(config: Path) -> int:
    """Serve until SIGTERM; return the exit status."""
    gc.disable()  # what a start makes is no garbage: app/run.py switches it on again when it serves
    try:
        from kartenwart.app import run
    except ModuleNotFoundError as error:
        missing = f"✗ Der Dienst ist nicht installiert ({error.name} fehlt); installieren Sie kartenwart[agent]."
        print(missing, file=sys.stderr)
        return Exit.USAGE
    try:
        return run(config)
    finally:
        gc.enable()
