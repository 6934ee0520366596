"""The scripts that README, CONTRIBUTING and CI name exist, run, and hold what bash can promise."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPTS = [
    "scripts/setup",
    "scripts/test",
    "scripts/check",
    "scripts/protos",
    "scripts/bundle",
    "scripts/bench",
    "scripts/crash-matrix",
    "scripts/requirements",
]


@pytest.mark.parametrize("name", [*SCRIPTS, ".ci/run"])
def test_a_script_is_executable_stops_at_errors_and_parses(repository: Path, name: str) -> None:
    script = repository / name

    assert os.access(script, os.X_OK)
    assert script.read_text().startswith("#!/usr/bin/env bash\n# ")
    assert "\nset -" in script.read_text()
    subprocess.run(["bash", "-n", script], check=True)


def test_setup_names_its_kinds_when_asked_for_another(repository: Path) -> None:
    answer = subprocess.run([repository / "scripts/setup", "box"], capture_output=True, text=True, check=False)

    assert answer.returncode == 2
    assert "demo|dev" in answer.stderr
