"""The service starts by the unit's words before anything is loaded that only people need."""

import subprocess
import sys
from pathlib import Path

import pytest

from kartenwart.cli.service import CONFIG, asked_for

# What answers the first call needs none of these (docs/performance.md, B4).
LATER = (
    "aiohttp", "asn1crypto", "lxml", "prometheus_client", "pydantic", "pyhanko", "pypdf", "rich",
    "structlog", "typer", "zeroconf",
    "kartenwart.adapters.konnektor", "kartenwart.codecs.soap", "kartenwart.door.doors", "kartenwart.cli.tree",
)  # fmt: skip

FIRST = {
    "api.failure", "api.failure.v1", "api.failure.v1.failure_pb2",
    "api.system", "api.system.v1", "api.system.v1.system_service_pb2",
    "domain.audit", "domain.catalogue", "domain.clock", "domain.documents", "domain.enrolment", "domain.failures",
    "domain.inventory", "domain.ports", "domain.ports.store", "domain.ports.vault", "domain.principals",
    "edge.convert.basics", "edge.convert.failures", "edge.services.system",
    "operations.audit", "operations.call_times", "operations.contexts", "operations.names", "operations.people",
    "operations.system", "operations.time", "operations.workstations",
}  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "config"),
    [
        (["agent", "run"], CONFIG),
        (["agent", "run", "--config", "a.toml"], Path("a.toml")),
        (["agent", "run", "--help"], None),
        (["agent", "run", "--config"], None),
        (["agent", "run", "--config", "a.toml", "more"], None),
        (["agent"], None),
        (["card", "list"], None),
        ([], None),
    ],
)
def test_only_the_units_words_take_the_short_way(arguments: list[str], config: Path | None) -> None:
    assert asked_for(arguments) == config


def loaded_first() -> set[str]:
    """What a process has loaded when it begins to serve gRPC."""
    code = "import sys, kartenwart.cli, kartenwart.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_what_the_first_answer_does_not_need_is_loaded_later() -> None:
    assert loaded_first().isdisjoint(LATER)


def test_what_the_box_can_do_costs_nothing_at_the_start() -> None:
    """A new service, operation or family of values is loaded behind app/following.py and does not belong in FIRST."""
    rooms = tuple(f"kartenwart.{room}." for room in ("api", "domain", "edge.convert", "edge.services", "operations"))
    first = {name.removeprefix("kartenwart.") for name in loaded_first() if name.startswith(rooms)}
    assert first <= FIRST


@pytest.mark.parametrize("spelling", ["--config {}", "--config={}"], ids=["short way", "command tree"])
def test_both_ways_start_the_same_service(tmp_path: Path, spelling: str) -> None:
    arguments = spelling.format(tmp_path / "absent.toml").split()
    command = [sys.executable, "-m", "kartenwart", "agent", "run", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 78
    assert "cannot be read" in done.stderr
