from pathlib import Path

from scripts.errors import page


def test_the_page_of_errors_is_what_the_catalogue_says(repository: Path) -> None:
    written = (repository / "docs" / "errors.md").read_text(encoding="utf-8")
    assert written == page(), "run: python scripts/errors.py > docs/errors.md (with agent/ on PYTHONPATH)"
