"""The `kartenwart` command: results on stdout, diagnostics on stderr, fixed exit statuses, German for people."""

from kartenwart.cli.tree import main

__all__ = ["main"]
