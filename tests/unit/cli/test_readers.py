"""`kartenwart readers`, and what `status` says of them."""

import pytest

from tests.unit.cli.test_commands import Door, door

__all__ = ["door"]

UNSEEN = {
    "reason": "REASON_READER_NOT_SEEN",
    "title": "Der Leser steckt, aber der Dienst erkennt ihn nicht.",
    "nextStep": "Bitte ab- und wieder anstecken.",
    "owner": "OWNER_TECHNICIAN",
}
DOWN = {"reason": "REASON_READER_SERVICE_DOWN", "title": "pcscd läuft nicht.", "nextStep": "Bitte starten lassen."}
READERS = [
    {"name": "readers/r-pad", "label": "Tastatur 00 00", "pad": True, "seen": True, "slotState": "SLOT_STATE_PRESENT",
     "card": "cards/c-smcb"},
    {"name": "readers/r-usb", "label": "Cherry [x] ST-1144", "condition": UNSEEN,
     "usb": {"port": "1-1.2", "vendorId": 1133}},
]  # fmt: skip


@pytest.fixture
def seen(door: Door) -> Door:
    door.answers |= {"ListReaders": {"readers": READERS, "enabled": True}, "GetReader": {"reader": READERS[1]}}
    return door


async def test_the_list_says_what_is_in_them_and_which_has_a_pad(seen: Door) -> None:
    ran = await seen.run("readers", "list", "--format", "json")
    assert [one["name"] for one in ran.document["readers"]] == ["readers/r-pad", "readers/r-usb"]
    table = (await seen.run("readers", "list", COLUMNS="200")).out
    assert "SMC-B c-smcb" in table
    assert "Karte steckt" in table


async def test_one_is_found_by_a_part_of_its_label_and_tells_what_to_do(seen: Door) -> None:
    ran = await seen.run("readers", "show", "cherry", COLUMNS="200")
    assert (ran.status, seen.asked[-1]) == (0, ("GetReader", {"name": "readers/r-usb"}))
    assert UNSEEN["title"] in ran.out
    assert UNSEEN["nextStep"] in ran.out
    assert "046d:0000" in ran.out
    assert (await seen.run("readers", "show", "r")).status != 0  # both


async def test_a_reset_names_the_reader(seen: Door) -> None:
    seen.answers["ResetReader"] = {}
    assert (await seen.run("readers", "reset", "r-usb")).status == 0
    assert seen.asked[-1] == ("ResetReader", {"name": "readers/r-usb"})
    assert (await seen.run("readers", "reset", "r-none")).status != 0


async def test_status_counts_them_and_says_what_is_wrong(seen: Door) -> None:
    seen.answers |= {"GetSystem": {"boxId": "kw-1"}, "ListKonnektors": {}}
    seen.answers["ListReaders"] = {"readers": READERS, "enabled": True, "condition": DOWN}
    ran = await seen.run("status", COLUMNS="200")
    assert ran.status == 0
    for words in ("Kartenleser an der Box: 2", DOWN["title"], "Cherry [x] ST-1144", UNSEEN["nextStep"]):
        assert words in ran.out
