"""The small checks of scripts/check find what they are there for."""

from pathlib import Path

import pytest

from scripts.sizes import FILE_LINES, FUNCTION_LINES, too_long
from scripts.tracked import findings


def test_a_function_over_its_stop_is_named_and_a_docstring_does_not_count(tmp_path: Path) -> None:
    source = tmp_path / "long.py"
    body = "    x = 1\n" * (FUNCTION_LINES - 1)
    source.write_text(
        f'def fits():\n    """One.\n\n    Two.\n    """\n{body}\n\nasync def grown():\n{body}    return\n'
    )

    assert [sentence.split(": ")[1] for sentence in too_long(source)] == ["grown has 51 lines, the stop is 50"]


def test_a_file_over_its_stop_is_named(tmp_path: Path) -> None:
    source = tmp_path / "long.py"
    source.write_text("x = 1\n" * FILE_LINES)
    assert list(too_long(source)) == []

    source.write_text("x = 1\n" * (FILE_LINES + 1))
    assert len(list(too_long(source))) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("requirements/core.txt", "--index-url https://pypi." + "org/simple"),
        ("docs/operations.md", "cd /wor" + "k/main"),
        ("tests/unit/test_job.py", "monkeypatch." + "setattr(job, 'run', None)"),
        ("README.md", "Ihre Unterschrift ist rechts" + "sicher."),
    ],
)
def test_what_must_not_be_tracked_is_found(path: str, text: str) -> None:
    assert len(list(findings(Path(path), f"first line\n{text}\n"))) == 1


def test_only_tests_are_asked_for_real_parts() -> None:
    assert not list(findings(Path("docs/architecture.md"), "monkeypatch." + "setattr"))
