"""One practice per module whose configuration says which terminals two of its workplaces need."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from kartenwart.api.konnektor.v1 import information_model_pb2 as model_pb2
from kartenwart.cli.words import short
from tests.practice import Practice, practice

# The terminal at the reception is meant by its name, that in the consulting room by its CtId, the third by its MAC.
SETTINGS = """
[contexts.empfang]
local_terminals = ["Empfang"]
remote_terminals = ["kt-sprechzimmer"]
remote_pin_terminal = "00:0d:f8:00:00:01"
[contexts.sprechzimmer]
local_terminals = ["kt-sprechzimmer"]
[contexts.fremd]
konnektor = "k1"
mandant = "m1"
client_system = "kim"
workplace = "empfang"
"""
MODEL = "/konnektors/konnektor/model"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Practice]:
    """The module's practice, once the agent has seen the Konnektor."""
    async with practice(tmp_path_factory.mktemp("practice"), settings=SETTINGS) as opened:
        async with opened.technician() as box:
            await opened.card(box, "SMC_B", "0101")
        yield opened


@asynccontextmanager
async def mistake(here: Practice, name: str, **names: str) -> AsyncIterator[None]:
    """An entry that the administrator forgot, while the block runs."""
    await here.simulator.do(MODEL, take=name, **names)
    try:
        yield
    finally:
        await here.simulator.do(MODEL, "DELETE")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A cell as a test compares it."""

    verdict: str
    code: int
    to_do: str


def cells(checks: Sequence[model_pb2.ModelCheck], context: str, subject: str, item: str | None = None) -> list[Seen]:
    """Return the cells of a context and subject, of one item where it is given."""
    wanted = model_pb2.ModelSubject.Value(f"MODEL_SUBJECT_{subject}")
    return [
        Seen(
            verdict=model_pb2.ModelVerdict.Name(cell.verdict).removeprefix("MODEL_VERDICT_"),
            code=cell.failure.konnektor_code,
            to_do=cell.to_do,
        )
        for check in checks
        for cell in check.cells
        if (short(cell.context), cell.subject) == (context, wanted) and item in (None, cell.item)
    ]


async def checked(here: Practice, context: str, subject: str, item: str | None = None) -> Seen:
    """Let the box check, and return one cell."""
    async with here.technician() as box:
        checks: Any = await box.konnektors.check()
    found = cells(checks, context, subject, item)
    assert len(found) == 1, found
    return found[0]
