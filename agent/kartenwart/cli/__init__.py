"""The `kartenwart` command: results on stdout, diagnostics on stderr, fixed exit statuses, German for people."""

import sys

from kartenwart.cli import service


def main() -> None:
    """Run the command with the arguments of this process; the service waits for nothing that only people need."""
    if (config := service.asked_for(sys.argv[1:])) is not None:
        raise SystemExit(service.serve(config))
    from kartenwart.cli.tree import main as command

    command()


__all__ = ["main"]
