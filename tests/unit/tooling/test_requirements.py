"""The pins: every package with hashes, no index addresses, one version for all files, and new enough for our stubs."""

import json
import re
import tomllib
from pathlib import Path

import pytest

PIN = re.compile(r"^(?P<name>[a-z0-9._-]+)(?:\[[a-z,]+\])?==(?P<version>[^ ;]+)", re.MULTILINE)
NAMES = ["core", "agent", "hardware", "sim", "build", "dev"]


def pins(repository: Path, name: str) -> set[tuple[str, str]]:
    """(package, version) of one file; a package may stand there twice, with markers."""
    text = (repository / f"requirements/{name}.txt").read_text()
    return {(match["name"], match["version"]) for match in PIN.finditer(text)}


@pytest.mark.parametrize("name", NAMES)
def test_every_pin_has_hashes_and_no_file_says_where_to_fetch(repository: Path, name: str) -> None:
    text = (repository / f"requirements/{name}.txt").read_text()
    blocks = re.split(r"\n(?=[a-z])", text.strip())

    assert len(pins(repository, name)) > 1
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in text
    assert "--index" not in text


@pytest.mark.parametrize("name", [name for name in NAMES if name != "dev"])
def test_all_files_agree_on_versions(repository: Path, name: str) -> None:
    assert pins(repository, name) <= pins(repository, "dev")


def test_every_dependency_of_both_distributions_is_pinned(repository: Path) -> None:
    for folder, extra, name in ((".", "agent", "agent"), (".", "", "core"), ("firmware-sim", "", "sim")):
        project = tomllib.loads((repository / folder / "pyproject.toml").read_text())["project"]
        wanted = project["dependencies"] + project.get("optional-dependencies", {}).get(extra, [])
        names = {match[0].lower() for line in wanted if (match := re.match(r"[A-Za-z0-9._-]+", line))}

        assert names - {package for package, _ in pins(repository, name)} == set()


@pytest.mark.parametrize("folder", ["requirements", "tests/e2e/foreign/node"])
def test_an_npm_lock_has_digests_and_no_addresses(repository: Path, folder: str) -> None:
    lock = json.loads((repository / folder / "package-lock.json").read_text())
    packages = [entry for place, entry in lock["packages"].items() if place]

    assert packages
    assert all("integrity" in entry and "resolved" not in entry for entry in packages)


def test_protobuf_is_not_older_than_the_compiler_of_our_messages(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    generated = (repository / "agent/kartenwart/api/job/v1/job_pb2.py").read_text()
    compiler = re.search(r"Protobuf Python Version: ([\d.]+)", generated)

    assert compiler is not None
    assert f"protobuf>={compiler[1]}" in project["dependencies"]
