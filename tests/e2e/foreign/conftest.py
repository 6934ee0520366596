"""Clients in other languages, each a process of its own: Node by gRPC, Java and curl by JSON, and our own in Python."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.e2e.foreign.client import GRANTED, Foreign, at_the_box, refused, told
from tests.e2e.practice import Practice
from tests.lacking import lacking
from tests.processes import REPOSITORY

HERE = Path(__file__).parent
BUILD_SECONDS = 60.0
CLIENTS = ("node", "java", "curl", "python")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A worker of their own: they need a practice, and no order with the other stories."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("foreign"))


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The proto bundle as vendors get it."""
    folder = tmp_path_factory.mktemp("bundle")
    made = subprocess.run(
        [REPOSITORY / "scripts/bundle", folder], capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
    )
    assert made.returncode == 0, made.stderr
    return Path(made.stdout.strip())


@pytest.fixture(scope="session")
def protos(bundle: Path) -> Path:
    """The unpacked bundle: what clients read, instead of anything in this repository."""
    folder = bundle.parent / "protos"
    with ZipFile(bundle) as archive:
        archive.extractall(folder)
    return folder


def node(_folder: Path) -> tuple[str, ...]:
    """The Node client, with the packages that scripts/setup installed beside it."""
    if not shutil.which("node") or not (HERE / "node/node_modules").is_dir():
        lacking("needs Node and its packages: run scripts/setup dev")
    return ("node", str(HERE / "node/main.mjs"))


def java(folder: Path) -> tuple[str, ...]:
    """The Java client, compiled for the oldest JDK that we name, its warnings errors."""
    if not shutil.which("javac"):
        lacking("needs a JDK: run scripts/setup dev")
    strict = ("--release", "17", "-Xlint:cast,deprecation,fallthrough,rawtypes,unchecked", "-Werror")
    command = ("javac", *strict, "-d", str(folder), *map(str, sorted((HERE / "java").glob("*.java"))))
    compiled = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    assert compiled.returncode == 0, compiled.stderr
    # It lives for a second: the quick compiler and the small collector start it sooner.
    return ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-cp", str(folder), "Main")


def curl(_folder: Path) -> tuple[str, ...]:
    """The shell client."""
    missing = [name for name in ("curl", "jq", "openssl") if not shutil.which(name)]
    if missing:
        lacking(f"needs {' and '.join(missing)}: run scripts/setup dev")
    return ("bash", str(HERE / "curl/kartenwart.sh"))


def python(_folder: Path) -> tuple[str, ...]:
    """Our own client, as a program of somebody else uses it."""
    return (sys.executable, str(HERE / "python/quickstart.py"))


COMMANDS: dict[str, Callable[[Path], tuple[str, ...]]] = {"node": node, "java": java, "curl": curl, "python": python}


@pytest.fixture(scope="session", params=CLIENTS)
def stranger(
    request: pytest.FixtureRequest, practice: Practice, protos: Path, tmp_path_factory: pytest.TempPathFactory
) -> Foreign:
    """A client that nobody knows yet."""
    name: str = request.param
    folder = tmp_path_factory.mktemp(name)
    return Foreign(
        name=name,
        command=COMMANDS[name](folder / "compiled"),
        port="grpc_port" if name in {"node", "python"} else "json_port",
        protos=protos,
        folder=folder / "profile",
        practice=practice,
    )


@pytest.fixture(scope="session")
def ticket(stranger: Foreign) -> dict[str, str]:
    """A one-time token and the fingerprint that goes with it, from the technician."""
    asked = {"role": "ROLE_SIGNER", "scope": GRANTED}
    return at_the_box(stranger.practice, "enrolment.v1.EnrolmentService/CreateToken", asked)


@pytest.fixture(scope="session")
def client(stranger: Foreign, ticket: dict[str, str]) -> Foreign:
    """The same, enrolled as a doctor's workplace by a token that it kept from a root of another fingerprint."""
    token, label = ticket["token"], f"Praxis-PC ({stranger.name})"
    assert refused(stranger.run("enrol-token", "ab" * 32, label, typed=token)) == ""
    assert not (stranger.folder / "certificate.pem").exists()
    told(stranger.run("enrol-token", ticket["siteFingerprint"], label, typed=token))
    return stranger
