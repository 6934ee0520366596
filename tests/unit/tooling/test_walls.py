"""Each rule of the table of rooms says no to the import that it is there for, and yes to its neighbour."""

import pytest

from scripts.walls import Table

TABLE = Table(
    package="house",
    allowed={"app": ["adapters"], "adapters": ["domain"], "domain": []},
    independent=frozenset({"adapters"}),
    pure=frozenset({"domain"}),
    only={"lxml": ["adapters.soap"]},
)


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("house.app", "house.adapters.soap"),
        ("house.adapters.soap", "house.domain.jobs"),
        ("house.adapters.soap.names", "house.adapters.soap.fault"),
        ("house.adapters.soap.fault", "lxml"),
        ("house.domain.jobs", "asyncio"),
        ("house.domain.jobs", "house"),
    ],
)
def test_what_points_down_is_allowed(importer: str, imported: str) -> None:
    assert list(TABLE.broken_by(importer, imported)) == []


@pytest.mark.parametrize(
    ("importer", "imported", "words"),
    [
        ("house.domain.jobs", "house.adapters.soap", "domain may import no other room"),
        ("house.app", "house.domain.jobs", "app may import adapters"),
        ("house.adapters.usb", "house.adapters.soap", "never import each other"),
        ("house.adapters.soapbox", "lxml", "belongs in adapters.soap"),
        ("house.domain.jobs", "pydantic", "lives on the standard library"),
        ("house.helpers", "asyncio", "does not list"),
    ],
)
def test_what_points_up_or_sideways_is_named(importer: str, imported: str, words: str) -> None:
    (sentence,) = TABLE.broken_by(importer, imported)

    assert words in sentence
