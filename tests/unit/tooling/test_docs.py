"""The documents point at things that exist, and say of the import table what pyproject.toml says."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.processes import REPOSITORY

DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=[str(path.relative_to(REPOSITORY)) for path in DOCUMENTS])
def test_links_inside_the_repository_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", document.read_text())

    assert [link for link in links if not (document.parent / link).exists()] == []


def test_every_decision_is_listed(repository: Path) -> None:
    folder = repository / "docs/decisions"
    listed = set(re.findall(r"\((\d{4}-[^)]+)\)", (folder / "README.md").read_text()))

    assert listed == {path.name for path in folder.glob("0*.md")}


def test_the_import_table_of_the_documents_is_the_one_that_is_checked(repository: Path) -> None:
    contracts = tomllib.loads((repository / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    checked: dict[str, set[str]] = {}
    for line in next(contract for contract in contracts if contract["id"] == "rooms")["allowed"]:
        room, _, others = line.partition("->")
        checked[room.strip()] = {name.strip() for name in others.split(",") if name.strip()}

    told: dict[str, set[str]] = {}
    for rooms, others in re.findall(r"^\| (`[^|]+`) \| ([^|]+) \| [^|]+ \|$", _rooms_section(repository), re.MULTILINE):
        for room in re.findall(r"`(\w+)`", rooms):
            told[room] = set(re.findall(r"`(\w+)`", others))
    assert told.keys() == checked.keys()
    assert told | {"app": checked["app"]} == checked  # "everything it joins"


def _rooms_section(repository: Path) -> str:
    return (repository / "docs/architecture.md").read_text().partition("## The path of a request")[0]
