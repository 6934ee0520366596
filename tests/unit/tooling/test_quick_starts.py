"""The quick starts in the documents are the lines that the end-to-end tests run, and what nobody runs says so."""

import re
from pathlib import Path

import pytest

from scripts.quick_starts import BLOCK, DOCUMENT, filled, region


def section(repository: Path) -> str:
    return (repository / DOCUMENT).read_text().partition("\n## Quick starts\n")[2].partition("\n## ")[0]


def test_the_document_has_the_tested_lines(repository: Path) -> None:
    text = (repository / DOCUMENT).read_text()
    assert filled(text, repository) == text, "run: python scripts/quick_starts.py"


def test_every_marked_region_is_in_the_document_once(repository: Path) -> None:
    files = [path for path in (repository / "tests/e2e/foreign").rglob("*.*") if "node_modules" not in path.parts]
    marked = {
        (str(path.relative_to(repository)), name)
        for path in files
        if path.suffix in {".mjs", ".java", ".sh", ".py"}
        for name in re.findall(r"\[quick start: ([^\]]+)\]", path.read_text())
    }
    shown = [(block["file"], block["name"]) for block in BLOCK.finditer(section(repository))]
    assert len(marked) > 10
    assert sorted(shown) == sorted(marked)


@pytest.mark.parametrize("language", ["C#", "Java", "TypeScript", "Python", "Delphi"])
def test_each_language_has_a_quick_start_and_says_whether_it_is_run(repository: Path, language: str) -> None:
    found = re.search(
        rf"^### [^\n]*{re.escape(language)}[^\n]*\n(.*?)(?=^### |\Z)", section(repository), re.DOTALL | re.MULTILINE
    )
    assert found is not None
    runs = "<!-- from tests/e2e/foreign/" in found[1]
    assert runs != ("**Not run:**" in found[1])
    assert found[1].count("```") // 2 == (len(BLOCK.findall(found[1])) if runs else 1)


def test_a_region_is_moved_to_the_margin_and_a_missing_one_is_named() -> None:
    text = "class A:\n    # [quick start: one]\n    x = 1\n      y\n    # [end of quick start]\n"
    assert region(text, "one") == "x = 1\n  y\n"
    with pytest.raises(KeyError, match="two"):
        region(text, "two")
