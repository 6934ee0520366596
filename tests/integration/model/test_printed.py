"""What a technician sees: tables, Markdown to print, exit statuses; what other roles and mandants are told."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from kartenwart.client import CallFailed
from tests.integration.model.conftest import mistake
from tests.integration.security.conftest import Said, by_code, kartenwart
from tests.practice import Practice

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("information-model-printed")]

CHECKLIST = """# Infomodell: was am Konnektor einzutragen ist

Namen genau so schreiben, auch groß und klein. Hinter jeder Zeile steht der Code, der sonst kommt.

## Konnektor k1

### Mandanten

- [ ] Mandant „m1“ (4004)
- [ ] Mandant „m2“ (4004)

### Clientsysteme

- [ ] Clientsystem „kartenwart“, Anmeldung mit Client-Zertifikat (4005, 4204)
- [ ] Clientsystem „kim“, Anmeldung mit Client-Zertifikat (4005, 4204)
- [ ] Clientsystem „pvs“, Anmeldung mit Client-Zertifikat (4005, 4204)

### Arbeitsplätze

- [ ] Arbeitsplatz „empfang“ (4006)
- [ ] Arbeitsplatz „empfang“: Kartenterminal „Empfang (kt-empfang)“ als lokal (4015, 4016)
- [ ] Arbeitsplatz „empfang“: Kartenterminal „Sprechzimmer (kt-sprechzimmer)“ als entfernt (4015)
- [ ] Arbeitsplatz „sprechzimmer“ (4006)
- [ ] Arbeitsplatz „sprechzimmer“: Kartenterminal „Sprechzimmer (kt-sprechzimmer)“ als lokal (4015, 4016)

### Zuordnungen beim Mandanten „m1“

- [ ] Clientsystem „kartenwart“ (4010)
- [ ] Clientsystem „kim“ (4010)
- [ ] Clientsystem „pvs“ (4010)
- [ ] Arbeitsplatz „empfang“ (4011)
- [ ] Arbeitsplatz „sprechzimmer“ (4011)
- [ ] Clientsystem „kartenwart“ arbeitet von Arbeitsplatz „empfang“ (4014)
- [ ] Clientsystem „kartenwart“ arbeitet von Arbeitsplatz „sprechzimmer“ (4014)
- [ ] Clientsystem „kim“ arbeitet von Arbeitsplatz „empfang“ (4014)
- [ ] Clientsystem „pvs“ arbeitet von Arbeitsplatz „empfang“ (4014)
- [ ] Kartenterminal „Empfang (kt-empfang)“ (4012)
- [ ] Kartenterminal „Sprechzimmer (kt-sprechzimmer)“ (4012)
- [ ] Fern-PIN-Terminal für Arbeitsplatz „empfang“: Kartenterminal „Empfang (kt-empfang)“ (4092)
- [ ] SM-B in „Empfang (kt-empfang)“, Steckplatz 3: verwaltet und zugeordnet (4009, 4013)

### Zuordnungen beim Mandanten „m2“

- [ ] Clientsystem „kartenwart“ (4010)
- [ ] Arbeitsplatz „empfang“ (4011)
- [ ] Clientsystem „kartenwart“ arbeitet von Arbeitsplatz „empfang“ (4014)
- [ ] Kartenterminal „Empfang (kt-empfang)“ (4012)
- [ ] Fern-PIN-Terminal für Arbeitsplatz „empfang“: selbst entscheiden (4092)
- [ ] SM-B in „Empfang (kt-empfang)“, Steckplatz 4: verwaltet und zugeordnet (4009, 4013)
"""
SECRETS = ("8027600101169990", "Erika", "Adler", "X000000012", "135790", "Brunnenhof")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def technician(here: Practice) -> AsyncIterator[str]:
    """The profile of a technician's workstation of mandant m1 alone."""
    profile = await by_code(here, "Technik", role="TECHNICIAN", contexts=("sprechzimmer",))
    yield str(profile.folder)


async def at_the_box(here: Practice, *words: str) -> Said:
    return await kartenwart("konnektor", *words, KARTENWART_SOCKET=str(here.agent.socket))


async def test_the_model_is_a_checklist_to_print(here: Practice) -> None:
    said = await at_the_box(here, "model", "--konnektor", "k1", "--format", "markdown")
    assert (said.status, said.err) == (0, "")
    assert said.out == CHECKLIST


async def test_the_model_as_table_and_json_has_the_same(here: Practice) -> None:
    table = await at_the_box(here, "model")
    assert table.status == 0
    assert "Clientsystem „kim“ arbeitet von Arbeitsplatz „empfang“" in table.out
    assert len(table.out.strip().splitlines()) == CHECKLIST.count("- [ ]") + 2
    document = json.loads((await at_the_box(here, "model", "--format", "json")).out)
    assert (document["schema"], document["kind"]) == (1, "models")
    assert [one["name"] for one in document["models"][0]["mandants"]] == ["m1", "m2"]


async def test_a_check_says_what_to_enter_and_leaves_with_1(here: Practice) -> None:
    async with mistake(here, "workplace-of-mandant", mandant="m1", workplace="sprechzimmer"):
        table = await at_the_box(here, "check")
        paper = await at_the_box(here, "check", "--format", "markdown")
    assert (table.status, paper.status) == (1, 1)
    (line,) = [one for one in table.out.splitlines() if "sprechzimmer" in one and "fehlt" in one]
    assert "4011" in line
    assert "Am Konnektor den Arbeitsplatz „sprechzimmer“ dem Mandanten „m1“ zuordnen." in line
    assert line.rstrip().endswith("Techniker")
    missing = paper.out.split("### Was fehlt")[1].split("### Was offen ist")[0]
    wanted = (
        "- [ ] Am Konnektor den Arbeitsplatz „sprechzimmer“ dem Mandanten „m1“ zuordnen. "
        "(Zuständig: Techniker, Grund 4011; Kontext sprechzimmer)"
    )
    assert wanted in missing
    assert "| sprechzimmer | Arbeitsplatz beim Mandanten |  | fehlt | 4011 |" in paper.out


async def test_what_cannot_be_tried_is_no_success(here: Practice, technician: str) -> None:
    said = await kartenwart("konnektor", "check", "--profile", technician, "--format", "json")
    assert said.status == 5, said.err
    document = json.loads(said.out)
    assert {cell["context"] for cell in document["checks"][0]["cells"]} == {"contexts/sprechzimmer"}


async def test_a_mandant_sees_nothing_of_another(here: Practice, technician: str) -> None:
    asked = (kartenwart("konnektor", word, "--profile", technician, "--format", "json") for word in ("model", "check"))
    said = [one.out for one in await asyncio.gather(*asked)]
    assert all("sprechzimmer" in one for one in said)
    assert not any(hidden in one for one in said for hidden in ("m2", "nachbar", "Steckplatz 4"))


async def test_a_konnektor_of_nobody_is_not_found(here: Practice) -> None:
    said = await asyncio.gather(*(at_the_box(here, word, "--konnektor", "k9") for word in ("model", "check")))
    assert [one.status for one in said] == [4, 4]


@pytest.mark.parametrize("role", ["VIEWER", "WORKSTATION", "SIGNER"])
async def test_others_may_not_ask(here: Practice, role: str) -> None:
    async with here.connected(await here.workstation(f"als {role}", role=role)) as box:
        for asked in (box.konnektors.targets, box.konnektors.check):
            with pytest.raises(CallFailed) as refused:
                await asked()
            assert refused.value.reason == "ROLE_MISSING"


async def test_neither_tells_a_secret_nor_leaves_a_record(here: Practice) -> None:
    ways = [(word, form) for word in ("model", "check") for form in ("json", "table")]
    said = [one.out for one in await asyncio.gather(*(at_the_box(here, word, "--format", form) for word, form in ways))]
    assert not [secret for secret in SECRETS for one in (*said, here.agent.said) if secret in one]
    async with here.technician() as box:
        records = (await box.audit.page(1000)).records
    assert not [one for one in records if one.action.endswith("CheckKonnektor") and one.outcome == "OK"]
