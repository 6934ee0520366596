"""Stops files over 400 lines and functions over 50 (ruff watches complexity): python scripts/sizes.py FOLDER..."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FILE_LINES = 400
FUNCTION_LINES = 50
GENERATED = Path("agent/kartenwart/api")


def too_long(path: Path) -> Iterator[str]:
    """One sentence for the file and for each function that is over its stop; a docstring does not count."""
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield f"{path}: {lines} lines, the stop is {FILE_LINES}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = _code_lines(node)
            if length > FUNCTION_LINES:
                yield f"{path}:{node.lineno}: {node.name} has {length} lines, the stop is {FUNCTION_LINES}"


def _code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    length = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        length -= (first.end_lineno or first.lineno) - first.lineno + 1
    return length


def main(folders: list[str]) -> int:
    """Print what is too long; 1 when something is."""
    paths = sorted(path for folder in folders for path in Path(folder).rglob("*.py") if GENERATED not in path.parents)
    found = [sentence for path in paths for sentence in too_long(path)]
    print("\n".join(found) or f"{len(paths)} files are within their sizes")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
