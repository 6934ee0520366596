"""Ratios that a busy machine cannot easily bend: both sides are up at once and take turns, block by block.

Each pair is one block of either side, in an order that alternates, and gives one ratio; the figure is the median of all
pairs. Before that the base runs against itself in the same way: where this null is outside 0.95 to 1.05 the machine was
too restless, and there is no verdict.
"""

import gc
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

NULL = (0.95, 1.05)

# Carries out one block and returns its figures, in the order of the names that the bench gives them.
Block = Callable[[], Awaitable[Sequence[float]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table. `ours` and `base` in the unit that the bench says; `holds` None: no verdict."""

    id: str
    figure: str
    ratio: float
    bar: float
    null: float
    ours: float
    base: float
    unit: str

    @property
    def holds(self) -> bool | None:
        """True or False where the null lets us say so."""
        return self.ratio <= self.bar if NULL[0] <= self.null <= NULL[1] else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A figure that is to be measured: its name, unit and bar."""

    figure: str
    unit: str
    bar: float


async def compare(id: str, wanted: Sequence[Wanted], ours: Block, base: Block, pairs: int) -> list[Figure]:  # noqa: A002
    """Return the figures of `pairs` pairs, after a null of as many."""
    for warming in (base, ours):
        await warming()
    null = await _pairs(base, base, pairs)
    found = await _pairs(ours, base, pairs)
    figures = []
    for column, one in enumerate(wanted):
        ratios = [pair[0][column] / pair[1][column] for pair in found]
        nulls = [pair[0][column] / pair[1][column] for pair in null]
        figures.append(
            Figure(
                id=id,
                figure=one.figure,
                ratio=statistics.median(ratios),
                bar=one.bar,
                null=statistics.median(nulls),
                ours=statistics.median(pair[0][column] for pair in found),
                base=statistics.median(pair[1][column] for pair in found),
                unit=one.unit,
            )
        )
    return figures


async def _pairs(left: Block, right: Block, pairs: int) -> list[tuple[Sequence[float], Sequence[float]]]:
    found = []
    gc.collect()
    gc.disable()
    try:
        for number in range(pairs):
            if number % 2:
                second, first = await right(), await left()
            else:
                first, second = await left(), await right()
            found.append((first, second))
    finally:
        gc.enable()
    return found


def percentile(values: Sequence[float], percent: float) -> float:
    """Return a percentile by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
