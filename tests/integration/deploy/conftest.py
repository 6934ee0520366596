import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.lacking import lacking
from tests.processes import REPOSITORY

# Configured as far as deploy/install looks: there is a context, and all of it is well-formed.
CONFIGURED = """
[konnektors.k1]
url = "https://192.0.2.10"
trust_pin = "{pin}"
client_p12 = "credential:konnektor_k1.p12"
client_p12_password_file = "credential:konnektor_k1.password"
[contexts.empfang]
konnektor = "k1"
mandant = "m1"
client_system = "kartenwart"
workplace = "empfang"
""".format(pin="0" * 64)


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a script ended, and what it told."""

    status: int
    told: str


@dataclass(kw_only=True)
class Box:
    """A folder that deploy/install takes for the box."""

    root: Path
    options: tuple[str, ...] = field(default=("--environment", sys.prefix))

    def install(self, *options: str) -> Said:
        """deploy/install with an environment that exists."""
        return self._run("install", *self.options, *options)

    def uninstall(self, *options: str) -> Said:
        return self._run("uninstall", *options)

    def path(self, path: str) -> Path:
        """Where an absolute path of the box lies here."""
        return self.root / path.removeprefix("/")

    def mode(self, path: str) -> str:
        """Owner, group (as the box names them) and mode."""
        status = self.path(path).lstat()
        names = [self._names(file).get(number, str(number)) for file, number in self._ids(status)]
        return f"{':'.join(names)} {status.st_mode & 0o7777:o}"

    def files(self) -> dict[str, tuple[int, float]]:
        """Every file with its size and its time of change."""
        return {
            str(path): (path.lstat().st_size, path.lstat().st_mtime)
            for path in self.root.rglob("*")
            if not path.is_dir() and path.name != ".pwd.lock"
        }

    def _names(self, file: str) -> dict[int, str]:
        lines = [line.split(":") for line in self.path(f"/etc/{file}").read_text().splitlines()]
        return {0: "root"} | {int(line[2]): line[0] for line in lines}

    @staticmethod
    def _ids(status: os.stat_result) -> list[tuple[str, int]]:
        return [("passwd", status.st_uid), ("group", status.st_gid)]

    def _run(self, script: str, *options: str) -> Said:
        done = subprocess.run(
            [REPOSITORY / "deploy" / script, "--root", self.root, *options],
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        return Said(status=done.returncode, told=done.stdout + done.stderr)


@pytest.fixture(scope="session")
def as_root() -> None:
    """The scripts ask for root; without it the test is skipped by name, in CI it fails."""
    if os.geteuid() != 0:
        lacking("needs root: deploy/install gives files to root and to the group kartenwart")


@pytest.fixture
def box(as_root: None, tmp_path: Path) -> Box:
    """A box on which nothing is installed yet."""
    return Box(root=tmp_path / "box")


@pytest.fixture(scope="session")
def unit() -> Path:
    """The unit file."""
    return REPOSITORY / "deploy" / "kartenwart.service"


@pytest.fixture(scope="session")
def told(unit: Path) -> Callable[[str], list[str]]:
    """The values of a setting of the unit, in order."""
    lines = unit.read_text(encoding="utf-8").splitlines()
    return lambda name: [line.removeprefix(f"{name}=") for line in lines if line.startswith(f"{name}=")]
