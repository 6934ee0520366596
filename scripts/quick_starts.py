"""Puts the tested lines of tests/e2e/foreign into docs/api.md: python scripts/quick_starts.py, in a checkout.

A block of the document is taken from a file where a comment above it says so: <!-- from FILE: NAME -->. In the file,
the lines stand between "[quick start: NAME]" and "[end of quick start]".
"""

import re
import textwrap
from pathlib import Path

DOCUMENT = Path("docs/api.md")
BLOCK = re.compile(
    r"(<!-- from (?P<file>\S+): (?P<name>[^>]+) -->\n```\w+\n).*?(?=^```$)",
    re.DOTALL | re.MULTILINE,
)


def region(text: str, name: str) -> str:
    """The lines of a marked region, moved to the left margin; KeyError where there is none."""
    start, end = re.escape(f"[quick start: {name}]"), re.escape("[end of quick start]")
    found = re.search(rf"^[^\n]*{start}\n(.*?)^[^\n]*{end}$", text, re.DOTALL | re.MULTILINE)
    if found is None:
        raise KeyError(name)
    return textwrap.dedent(found[1]).rstrip() + "\n"


def filled(text: str, root: Path) -> str:
    """The document with each block as its file has it now."""

    def fresh(block: re.Match[str]) -> str:
        return block[1] + region((root / block["file"]).read_text(encoding="utf-8"), block["name"])

    return BLOCK.sub(fresh, text)


if __name__ == "__main__":
    DOCUMENT.write_text(filled(DOCUMENT.read_text(encoding="utf-8"), Path()), encoding="utf-8")
