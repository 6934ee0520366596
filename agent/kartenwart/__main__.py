"""Environment that must come before imports (TLS curves, gRPC's own logging), then the command."""

import os

from kartenwart.transport import curves


def main() -> None:
    """Run the `kartenwart` command."""
    curves.prepare()
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # what matters is raised and logged by us, without peers' bytes
    from kartenwart.cli import main as command

    command()


if __name__ == "__main__":
    main()
