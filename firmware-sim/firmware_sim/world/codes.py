"""The Konnektor's error codes that this world can answer with, and the exception that carries one.

Source: gemSpec_Kon, tables of error codes; 4045, 4047, 4050 and 4052 from gemILF_PS. They stand in `codes.txt`,
one a line: code, type, severity, text.
"""

from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """One row of the table."""

    number: int
    kind: str
    severity: str
    text: str


def _read() -> dict[int, Code]:
    table = resources.files("firmware_sim.world").joinpath("codes.txt").read_text(encoding="utf-8")
    rows = (line.split(" ", 3) for line in table.splitlines())
    return {int(row[0]): Code(number=int(row[0]), kind=row[1], severity=row[2], text=row[3]) for row in rows}


CODES = _read()


def code_of(number: int) -> Code:
    """The row of a code; a code outside the table (a vendor's) gets a plain row of its own."""
    return CODES.get(number) or Code(number=number, kind="Technical", severity="Error", text=f"Fehler {number}")


class KonnektorError(Exception):
    """An operation ends with this code; `detail` is free text for the Error's Detail element, never a secret."""

    def __init__(self, number: int, detail: str = "") -> None:
        super().__init__(f"{number} {code_of(number).text}" + (f": {detail}" if detail else ""))
        self.code = code_of(number)
        self.detail = detail
