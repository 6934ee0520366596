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


def test_what_the_first_answer_does_not_need_is_loaded_later() -> None:
    code = f"import sys, kartenwart.cli, kartenwart.app; print(*(one for one in {LATER!r} if one in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("spelling", ["--config {}", "--config={}"], ids=["short way", "command tree"])
def test_both_ways_start_the_same_service(tmp_path: Path, spelling: str) -> None:
    arguments = spelling.format(tmp_path / "absent.toml").split()
    command = [sys.executable, "-m", "kartenwart", "agent", "run", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 78
    assert "cannot be read" in done.stderr
