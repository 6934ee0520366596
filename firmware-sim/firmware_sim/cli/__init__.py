"""The command `kartenwart-sim`."""


def main() -> None:
    """Set what has to be set before OpenSSL is loaded, then hand over to the commands."""
    from firmware_sim.curves import allow_brainpool

    allow_brainpool()
    # Only now: everything below imports ssl.
    from firmware_sim.cli.commands import app

    app()
