"""The import-linter contract for "Who may import whom": one table of rooms instead of a contract per pair."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Which room may import what. A room is a top-level module of `package`; names in it are relative to `package`.

    `allowed`: room -> rooms it may import. `independent`: rooms whose parts never import each other. `pure`: rooms that
    live on the standard library. `only`: library -> rooms (or parts of a room) that alone may import it.
    """

    package: str
    allowed: dict[str, list[str]]
    independent: frozenset[str]
    pure: frozenset[str]
    only: dict[str, list[str]]

    def broken_by(self, importer: str, imported: str) -> Iterator[str]:
        """One sentence per rule that the import breaks."""
        prefix = self.package + "."
        place = importer.removeprefix(prefix).split(".")
        if place[0] not in self.allowed:
            yield f"{importer}: {place[0]} is a room that the table does not list"
        elif imported.startswith(prefix):
            yield from self._inside(place, imported.removeprefix(prefix).split("."))
        elif imported != self.package:
            yield from self._outside(place, imported)

    def _inside(self, place: list[str], target: list[str]) -> Iterator[str]:
        edge, room = f"{'.'.join(place)} imports {'.'.join(target)}", place[0]
        if room != target[0]:
            if target[0] not in self.allowed[room]:
                yield f"{edge}: {room} may import {', '.join(self.allowed[room]) or 'no other room'}"
        elif room in self.independent and place[1:2] != target[1:2]:
            yield f"{edge}: the parts of {room} never import each other"

    def _outside(self, place: list[str], library: str) -> Iterator[str]:
        edge, homes = f"{'.'.join(place)} imports {library}", self.only.get(library)
        if homes is not None and not any(place[: len(home)] == home for home in (name.split(".") for name in homes)):
            yield f"{edge}, which belongs in {', '.join(homes)}"
        if place[0] in self.pure and library.split(".")[0] not in sys.stdlib_module_names:
            yield f"{edge}: {place[0]} lives on the standard library"


class Rooms(Contract):
    """Contract type `rooms`: holds the whole graph of a package against its Table."""

    package: Any = fields.StringField()
    allowed: Any = fields.ListField(subfield=fields.StringField())
    independent: Any = fields.ListField(subfield=fields.StringField(), required=False, default=[])
    pure: Any = fields.ListField(subfield=fields.StringField(), required=False, default=[])
    only: Any = fields.ListField(subfield=fields.StringField(), required=False, default=[])

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002  # import-linter's signature
        """Look at every direct import; a chain of allowed imports is what the table means to allow."""
        table = Table(
            package=self.package,
            allowed=_rows(self.allowed, "->"),
            independent=frozenset(self.independent),
            pure=frozenset(self.pure),
            only=_rows(self.only, ":"),
        )
        wrong = {sentence for edge in _edges(graph, table.package) for sentence in table.broken_by(*edge)}
        return ContractCheck(kept=not wrong, metadata={"wrong": sorted(wrong)})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line per import that the table does not allow."""
        for sentence in check.metadata["wrong"]:
            output.print_error(f"- {sentence}")


def _edges(graph: ImportGraph, package: str) -> Iterator[tuple[str, str]]:
    for importer in graph.modules:
        if importer.startswith(package + "."):
            for imported in graph.find_modules_directly_imported_by(importer):
                yield importer, imported


def _rows(lines: Iterable[str], arrow: str) -> dict[str, list[str]]:
    rows = (line.split(arrow) for line in lines)
    return {left.strip(): [name.strip() for name in right.split(",") if name.strip()] for left, right in rows}
