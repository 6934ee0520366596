"""Stops texts that must not be in the repository: index addresses, paths of one machine, patched code, promises."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

# Each pattern is written so that it does not find itself.
EVERYWHERE = {
    r"pypi\.o[r]g|python\x68osted\.org|npmjs\.o[r]g|deb\.debian\.o[r]g": "names a package registry's host",
    r"/wor[k]/(main|shared)|/roo[t]/|/hom[e]/[a-z]": "names a path of one machine",
}
IN_TESTS = {
    r"mock\.patc[h]|MagicMoc[k]|monkeypatch\.seta[t]tr|unittest impor[t] mock": "patches code, real parts are wanted",
}
IN_GERMAN_TEXTS = {r"(?i)rechtssiche[r]|zertifizier[t]e[sr]? (Produkt|Software)": "promises what we may not promise"}


def tracked() -> list[Path]:
    """What git tracks or would track: new files count, ignored ones do not."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True, capture_output=True
    )
    return [path for name in listing.stdout.decode().split("\0") if name and (path := Path(name)).is_file()]


def findings(path: Path, text: str) -> Iterator[str]:
    """One sentence per line of `text` that a rule forbids in the file at `path`."""
    rules = EVERYWHERE | IN_GERMAN_TEXTS | (IN_TESTS if path.parts[0] == "tests" else {})
    for pattern, why in rules.items():
        for match in re.finditer(pattern, text):
            line = text.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: {match.group()!r} {why}"


def main() -> int:
    """Print each finding; 1 when there is one."""
    found: list[str] = []
    for path in tracked():
        try:
            found += findings(path, path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue
    print("\n".join(found) or "nothing forbidden in tracked files")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
