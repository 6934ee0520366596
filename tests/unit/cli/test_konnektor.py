"""`kartenwart konnektor`: exit statuses by what was found, and Markdown that takes names as they are."""

from pathlib import Path
from typing import Any

import pytest

from kartenwart.api.konnektor.v1 import information_model_pb2 as model_pb2
from kartenwart.cli.model_paper import check_paper, model_paper
from tests.unit.cli.test_commands import opened

OK = {"context": "contexts/a", "subject": "MODEL_SUBJECT_MANDANT", "verdict": "MODEL_VERDICT_OK"}
OPEN = OK | {"verdict": "MODEL_VERDICT_UNKNOWN", "toDo": "Nachsehen.", "owner": "OWNER_TECHNICIAN"}
MISSING = OPEN | {"verdict": "MODEL_VERDICT_REFUSED", "failure": {"konnektorCode": 4010}}
OF_A_NEWER_BOX = OK | {"verdict": 17}


async def test_a_link_that_failed_is_told_by_its_reason_also_by_a_newer_box(tmp_path: Path) -> None:
    async with opened(tmp_path / "box.sock") as door:
        dead = OPEN | {"failure": {"reason": "REASON_KONNEKTOR_UNREACHABLE"}}
        newer = OPEN | {"failure": {"reason": 4711}, "owner": 17}
        door.answers["CheckKonnektor"] = {"checks": [{"konnektor": "konnektors/k1", "cells": [dead, newer, MISSING]}]}
        ran = await door.run("konnektor", "check")
    assert (ran.status, ran.err) == (1, "")
    lines = ran.out.splitlines()[2:]
    assert [line.split()[4] for line in lines] == ["KONNEKTOR_UNREACHABLE", "?", "4010"]
    assert [line.rstrip().endswith("Techniker") for line in lines] == [True, False, True]


@pytest.mark.parametrize(
    ("cells", "status"),
    [([OK], 0), ([OK, OPEN], 5), ([OK, OPEN, MISSING], 1), ([OK, OF_A_NEWER_BOX], 5), ([], 0)],
)
async def test_the_status_is_that_of_the_worst_cell(tmp_path: Path, cells: list[dict[str, Any]], status: int) -> None:
    async with opened(tmp_path / "box.sock") as door:
        door.answers["CheckKonnektor"] = {"checks": [{"konnektor": "konnektors/k1", "cells": cells}]}
        ran = await door.run("konnektor", "check", "--konnektor", "k1", "--format", "json")
    assert (ran.status, ran.err) == (status, "")
    assert door.asked == [("CheckKonnektor", {"konnektor": "konnektors/k1"})]


def test_markdown_takes_names_as_they_are() -> None:
    name = "[x](y)|*_`<b>"
    plain = "\\[x\\](y)\\|\\*\\_\\`\\<b\\>"
    lines = model_paper(
        [model_pb2.TargetModel(konnektor="konnektors/k1", mandants=[model_pb2.TargetMandant(name=name)])]
    )
    assert f"- [ ] Mandant „{plain}“ (4004)" in lines
    assert f"### Zuordnungen beim Mandanten „{plain}“" in lines
    assert "- [ ] Kartenterminals (selbst entscheiden; zu sehen ist noch keins) (4012)" in lines
    cell = model_pb2.ModelCell(
        context="contexts/a", subject=model_pb2.MODEL_SUBJECT_MANDANT, item=name, verdict=model_pb2.MODEL_VERDICT_OK
    )
    shown = check_paper([model_pb2.ModelCheck(konnektor="konnektors/k1", cells=[cell])])
    assert shown[-1] == f"| a | Mandant bekannt | {plain} | in Ordnung |  |"
    assert shown.count("Nichts.") == 2
