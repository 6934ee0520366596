"""Each mistake of an administrator shows in its own cell, with code and words; what nobody can know stays open."""

import pytest

from kartenwart.api.konnektor.v1 import information_model_pb2 as model_pb2
from kartenwart.cli.words import short
from tests.integration.model.conftest import cells, checked, mistake
from tests.integration.security.conftest import by_code
from tests.practice import Practice

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("information-model")]

RECEPTION, ROOM = "Empfang (kt-empfang)", "Sprechzimmer (kt-sprechzimmer)"
SLOT_3 = f"{RECEPTION}, Steckplatz 3"


async def test_a_right_model_is_in_order_except_for_what_cannot_be_tried(here: Practice) -> None:
    before = await here.simulator.counts("smcb-m1")
    async with here.technician() as box:
        (check,) = await box.konnektors.check()
    seen = {(short(cell.context), cell.subject, cell.item): cell for cell in check.cells}
    ours = {key: cell for key, cell in seen.items() if key[0] in ("empfang", "sprechzimmer", "pvs", "nachbar")}
    open_cells = {key[:2] for key, cell in ours.items() if cell.verdict != model_pb2.MODEL_VERDICT_OK}
    remote_pin, local = model_pb2.MODEL_SUBJECT_REMOTE_PIN, model_pb2.MODEL_SUBJECT_TERMINAL_LOCAL
    assert open_cells == {
        ("empfang", remote_pin),
        ("pvs", remote_pin),
        ("nachbar", remote_pin),
        ("sprechzimmer", local),  # no eGK is in its terminal
        ("nachbar", model_pb2.MODEL_SUBJECT_TERMINAL_OF_MANDANT),  # the room's terminal is not theirs: who knows
    }
    assert seen["empfang", local, RECEPTION].verdict == model_pb2.MODEL_VERDICT_OK
    assert seen["empfang", model_pb2.MODEL_SUBJECT_PRACTICE_CARD_MANAGED, SLOT_3].verdict == model_pb2.MODEL_VERDICT_OK
    assert {cell.verdict for cell in ours.values()} <= {model_pb2.MODEL_VERDICT_OK, model_pb2.MODEL_VERDICT_UNKNOWN}
    after = await here.simulator.counts("smcb-m1")
    counted = ("verify_pin_calls", "pin_prompts", "pin_tries_right", "pin_tries_wrong", "sign_document_calls")
    assert [after[key] for key in counted] == [before[key] for key in counted]


@pytest.mark.parametrize(
    ("name", "names", "cell", "code", "words"),
    [
        (
            "client-system-of-mandant",
            {"mandant": "m2", "client_system": "kartenwart"},
            ("nachbar", "CLIENT_SYSTEM_OF_MANDANT", ""),
            4010,
            "Clientsystem „kartenwart“ dem Mandanten „m2“ zuordnen",
        ),
        (
            "workplace-of-mandant",
            {"mandant": "m1", "workplace": "sprechzimmer"},
            ("sprechzimmer", "WORKPLACE_OF_MANDANT", ""),
            4011,
            "Arbeitsplatz „sprechzimmer“ dem Mandanten „m1“ zuordnen",
        ),
        (
            "workplace-of-client-system",
            {"mandant": "m1", "client_system": "kartenwart", "workplace": "sprechzimmer"},
            ("sprechzimmer", "WORKPLACE_OF_CLIENT_SYSTEM", ""),
            4014,
            "beim Mandanten „m1“ den Arbeitsplatz „sprechzimmer“ dem Clientsystem „kartenwart“",
        ),
        (
            "terminal-of-mandant",
            {"mandant": "m1", "terminal": "kt-sprechzimmer"},
            ("sprechzimmer", "TERMINAL_OF_MANDANT", "kt-sprechzimmer"),
            4012,
            "Kartenterminal „kt-sprechzimmer“ dem Mandanten „m1“ zuordnen",
        ),
        (
            "terminal-of-workplace",
            {"workplace": "empfang", "terminal": "kt-sprechzimmer"},
            ("empfang", "TERMINAL_OF_WORKPLACE", ROOM),
            4015,
            f"Kartenterminal „{ROOM}“ dem Arbeitsplatz „empfang“ zuordnen, als lokal oder als entfernt",
        ),
        (
            "terminal-local",
            {"workplace": "empfang", "terminal": "kt-empfang"},
            ("empfang", "TERMINAL_LOCAL", RECEPTION),
            4016,
            "als lokal zuordnen",
        ),
        (
            "smb-managed",
            {"card": "smcb-m1"},
            ("empfang", "PRACTICE_CARD_MANAGED", SLOT_3),
            4009,
            f"SM-B in „{SLOT_3}“ als verwaltete SM-B eintragen",
        ),
        (
            "workplace",
            {"workplace": "sprechzimmer"},
            ("sprechzimmer", "WORKPLACE", ""),
            4021,
            "den Arbeitsplatz „sprechzimmer“ anlegen",
        ),
        ("mandant", {"mandant": "m2"}, ("nachbar", "MANDANT", ""), 4021, "den Mandanten „m2“ anlegen"),
        (
            "client-system",
            {"client_system": "pvs"},
            ("pvs", "CLIENT_SYSTEM", ""),
            4021,
            "das Clientsystem „pvs“ anlegen",
        ),
    ],
)
async def test_a_mistake_is_refused_in_its_cell(
    here: Practice, name: str, names: dict[str, str], cell: tuple[str, str, str], code: int, words: str
) -> None:
    async with mistake(here, name, **names):
        found = await checked(here, *cell)
    assert (found.verdict, found.code) == ("REFUSED", code)
    assert words in found.to_do
    assert found.to_do.endswith(".")
    assert "Am Konnektor" in found.to_do
    mended = await checked(here, *(cell if "kt-" not in cell[2] or cell[0] == "empfang" else (*cell[:2], ROOM)))
    assert mended.verdict == "OK"


async def test_what_holds_without_the_workplace_is_asked_for_the_whole_mandant(here: Practice) -> None:
    async with mistake(here, "workplace-of-mandant", mandant="m2", workplace="empfang"), here.technician() as box:
        checks = await box.konnektors.check()
    relations = ("CLIENT_SYSTEM_OF_MANDANT", "WORKPLACE_OF_MANDANT", "WORKPLACE_OF_CLIENT_SYSTEM")
    told = [(one.verdict, one.code) for subject in relations for one in cells(checks, "nachbar", subject)]
    assert told == [("OK", 0), ("REFUSED", 4011), ("UNKNOWN", 4011)]


async def test_an_sm_b_of_another_mandant_is_refused_where_no_other_can_be_meant(here: Practice) -> None:
    technician = await by_code(here, "Techniker", role="TECHNICIAN", contexts=("empfang", "sprechzimmer"))
    await here.simulator.do("/cards/smcb-m2/pull")
    try:
        async with mistake(here, "smb-of-mandant", card="smcb-m1", other="m2"), here.connected(technician) as box:
            (found,) = cells(await box.konnektors.check(), "empfang", "PRACTICE_CARD_OF_MANDANT")
    finally:
        await here.simulator.do("/cards/smcb-m2/insert", terminal="kt-empfang", slot=4)
    assert (found.verdict, found.code) == ("REFUSED", 4013)
    assert f"SM-B in „{SLOT_3}“ dem Mandanten „m1“ zuordnen" in found.to_do


async def test_an_sm_b_with_which_another_mandant_works_is_not_claimed(here: Practice) -> None:
    async with mistake(here, "smb-of-mandant", card="smcb-m1", other="m2"), here.technician() as box:
        (found,) = cells(await box.konnektors.check(), "empfang", "PRACTICE_CARD_OF_MANDANT")
    assert (found.verdict, found.code) == ("UNKNOWN", 0)
    assert "SM-B des Mandanten „m1“" in found.to_do


async def test_a_certificate_of_another_client_system_is_not_this_ones(here: Practice) -> None:
    found = await checked(here, "fremd", "IDENTITY")
    assert (found.verdict, found.code) == ("REFUSED", 4204)
    assert "unter logins das von „kim“ eintragen" in found.to_do
    # Another answer proves the mandant and the workplace; of the client system and its assignments nothing is known.
    assert (await checked(here, "fremd", "MANDANT")).verdict == "OK"
    assert (await checked(here, "fremd", "CLIENT_SYSTEM")).verdict == "UNKNOWN"
    assert (await checked(here, "fremd", "WORKPLACE_OF_CLIENT_SYSTEM")).verdict == "UNKNOWN"


async def test_of_two_unknown_names_neither_is_accused(here: Practice) -> None:
    async with mistake(here, "mandant", mandant="m2"), mistake(here, "workplace", workplace="empfang"):
        names = await checked(here, "nachbar", "NAMES")
        assert (names.verdict, names.code) == ("REFUSED", 4021)
        assert "den Mandanten „m2“ oder den Arbeitsplatz „empfang“ nicht" in names.to_do
        for subject in ("MANDANT", "WORKPLACE"):
            assert (await checked(here, "nachbar", subject)).verdict == "UNKNOWN"
        assert (await checked(here, "nachbar", "CLIENT_SYSTEM")).verdict == "OK"  # it works in the consulting room


async def test_remote_pin_is_never_green(here: Practice) -> None:
    found = await checked(here, "empfang", "REMOTE_PIN")
    assert found.verdict == "UNKNOWN"
    assert "Ohne PIN-Abfrage nicht zu prüfen" in found.to_do
    assert f"Arbeitsplatz „empfang“ „{RECEPTION}“ als Fern-PIN-Terminal eingetragen (sonst 4092)" in found.to_do
    async with mistake(here, "remote-pin", mandant="m1", workplace="empfang"):
        assert await checked(here, "empfang", "REMOTE_PIN") == found


async def test_without_a_link_every_cell_says_so(here: Practice) -> None:
    await here.simulator.do("/konnektors/konnektor/reboot", down_seconds=6)
    async with here.technician() as box:
        (check,) = await box.konnektors.check()
    assert {cell.verdict for cell in check.cells} == {model_pb2.MODEL_VERDICT_UNKNOWN}
    assert {cell.failure.title for cell in check.cells} == {"Der Konnektor ist im Netz nicht zu erreichen."}
    assert len({cell.context for cell in check.cells}) == 5
