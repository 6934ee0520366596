"""The command as a whole: quick, documented, and with the same options everywhere."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from kartenwart.api.failure.v1 import failure_pb2
from kartenwart.cli import exits
from kartenwart.cli.tree import tree

HEAVY = ("grpc", "aiohttp", "zeroconf", "cryptography", "lxml", "pyhanko", "uvloop")


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for name, below in command.commands.items():
            yield from leaves(below, (*path, name))
    else:
        yield " ".join(path), command


ALL = dict(leaves(typer.main.get_command(tree())))


def test_help_loads_nothing_heavy() -> None:
    loaded = f"import sys, kartenwart.cli.tree as t; t.tree(); print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("name", ALL)
def test_every_command_says_what_it_does_and_writes_json(name: str) -> None:
    command = ALL[name]
    options = {option for parameter in command.params for option in parameter.opts}
    assert command.help
    assert name == "agent run" or "--format" in options


@pytest.mark.parametrize("name", ALL)
def test_every_option_is_explained(name: str) -> None:
    for parameter in ALL[name].params:
        assert getattr(parameter, "help", "") or parameter.name == "help", parameter.name


def test_no_option_takes_a_pin() -> None:
    words = {option for command in ALL.values() for parameter in command.params for option in parameter.opts}
    assert words & {"--pin"} == {"--pin"}  # names a PIN (pin.smc), never its digits
    assert not words & {"--puk", "--secret", "--password", "--new-pin"}


def test_reasons_with_a_status_of_their_own_exist() -> None:
    known = {name.removeprefix("REASON_") for name in dict(failure_pb2.Reason.items())}
    assert set(exits._BY_REASON) <= known


def test_statuses_are_fixed() -> None:
    assert {one.name: int(one) for one in exits.Exit} == {
        "DONE": 0,
        "FAILED": 1,
        "USAGE": 2,
        "NO_RIGHT": 3,
        "NOT_FOUND": 4,
        "OUTCOME_UNKNOWN": 5,
        "UNREACHABLE": 6,
        "UNTRUSTED": 7,
        "NOT_ENDED": 8,
        "INTERRUPTED": 130,
    }
