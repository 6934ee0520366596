"""What the documents tell people to type is what the command takes."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from kartenwart.cli.tree import tree

PAGES = ("README.md", "docs/operations.md", "docs/api.md", "deploy/README.md", "docs/architecture.md", "SECURITY.md")
_QUOTED = re.compile(r"`(kartenwart [^`]+)`|^(?:sudo )?(kartenwart [^\n#]+)", re.MULTILINE)


def told(repository: Path) -> list[str]:
    found = []
    for page in PAGES:
        text = re.sub(r"\s*\n\s*(?=\S)", "\n", (repository / page).read_text(encoding="utf-8"))
        for quoted, line in _QUOTED.findall(text):
            found.append(" ".join((quoted or line).split()))
    return sorted(set(found))


REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("words", told(REPOSITORY))
def test_what_the_documents_say_can_be_typed(words: str) -> None:
    command: Any = typer.main.get_command(tree())
    rest = [word for word in shlex.split(words)[1:] if word != "..."]
    while rest and hasattr(command, "commands") and rest[0] in command.commands:
        command = command.commands[rest.pop(0)]
    assert not (hasattr(command, "commands") and rest and not rest[0].startswith("-")), f"no command {words!r}"
    options = {option for parameter in command.params for option in parameter.opts} | {"--help", "--version"}
    unknown = [word for word in rest if word.startswith("--") and word.partition("=")[0] not in options]
    assert not unknown
