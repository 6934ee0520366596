"""The yardstick itself: no verdict without a quiet null, and every bench that is promised is there."""

import importlib.util
from pathlib import Path

import pytest

from tests.bench import bench_b6, bench_b9, bench_p1
from tests.bench.__main__ import BENCHES
from tests.bench.patients import reception
from tests.bench.ratios import Figure, Wanted, compare


def figure(ratio: float, null: float) -> Figure:
    return Figure(id="B0", figure="f", ratio=ratio, bar=1.5, null=null, ours=1, base=1, unit="s")


@pytest.mark.parametrize(
    ("ratio", "null", "holds"), [(1.5, 1.0, True), (1.51, 1.0, False), (1.0, 0.94, None), (9.0, 1.06, None)]
)
def test_there_is_no_verdict_where_the_null_is_outside(ratio: float, null: float, holds: bool | None) -> None:
    assert figure(ratio, null).holds is holds


async def test_sides_take_turns_and_the_median_of_the_pairs_counts() -> None:
    order: list[str] = []

    async def ours() -> tuple[float]:
        order.append("ours")
        return (3.0 if len(order) > 16 else 300.0,)

    async def base() -> tuple[float]:
        order.append("base")
        return (2.0,)

    (found,) = await compare("B0", [Wanted(figure="f", unit="s", bar=2)], ours, base, 5)
    assert (found.null, found.ratio) == (1.0, 1.5)
    assert order[-10:] == ["ours", "base", "base", "ours"] * 2 + ["ours", "base"]


async def test_a_bench_measures(tmp_path: Path) -> None:
    (found,) = await bench_b6.measure(tmp_path, 0.1)
    assert found.ours > 0
    assert 0.2 < found.ratio < 5


@pytest.mark.timeout(60)
async def test_a_list_is_cheaper_than_a_process_that_asks_by_soap(tmp_path: Path) -> None:
    (found,) = await bench_p1.measure(tmp_path, 0.05)
    assert found.ratio < 0.2


@pytest.mark.timeout(60)
async def test_patients_cards_are_read_beside_each_other(tmp_path: Path) -> None:
    async with reception(tmp_path, seconds=0.8, smcb_seconds=0.05, count=4) as desk:
        (slowest,) = await bench_b9._reading(desk)()
    assert 0.95 <= slowest < 2.4, "four after each other would take 3.2 s"


def test_every_bench_has_a_module() -> None:
    assert all(importlib.util.find_spec(f"tests.bench.bench_{name.lower()}") for name in BENCHES)
