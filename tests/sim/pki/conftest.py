"""One PKI for the tests of this folder that only read."""

from pathlib import Path

import pytest

from firmware_sim.pki import CardKeys, Pki


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.open(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def cards(pki: Pki) -> dict[str, CardKeys]:
    """One card of each kind."""
    return {
        "hba": pki.issue_card(
            "hba",
            kind="hba",
            holder="Dr. med. Anna Maria Beispiel",
            iccsn="80276001010000000001",
            telematik_id="1-HBA-Test-1",
        ),
        "smcb": pki.issue_card(
            "smcb", kind="smcb", holder="Praxis am Markt", iccsn="80276001010000000002", telematik_id="1-SMC-B-Test-2"
        ),
        "egk": pki.issue_card(
            "egk", kind="egk", holder="Erika Mustermann", iccsn="80276001010000000003", kvnr="X000000001"
        ),
        "gsmckt": pki.issue_card("gsmckt", kind="gsmckt", holder="Empfang", iccsn="80276001010000000004"),
        "gsmck": pki.issue_card("gsmck", kind="gsmck", holder="Konnektor", iccsn="80276001010000000009"),
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "pki"
