"""Cards and documents of the simulator, which shares no code with the agent."""

from pathlib import Path

import pytest

from firmware_sim.pki import CardKeys, Pki
from firmware_sim.signing import make_pdf

PHYSICIAN = {"kind": "hba", "holder": "Dr. Anna Beispiel", "telematik_id": "1-20012345"}
PRACTICE = {"kind": "smcb", "holder": "Praxis am Markt", "telematik_id": "1-20054321"}


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.open(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def hba(pki: Pki) -> CardKeys:
    """A doctor's card with brainpool keys."""
    return pki.issue_card(
        "hba", kind="hba", holder="Dr. Anna Beispiel", iccsn="80276000000000000001", telematik_id="1-20012345"
    )


@pytest.fixture(scope="session")
def other_hba(pki: Pki) -> CardKeys:
    """Another doctor's card, with P-256 keys."""
    return pki.issue_card("other", kind="hba", holder="Dr. Bernd Beispiel", iccsn="80276000000000000002", key="p256")


@pytest.fixture(scope="session")
def smcb(pki: Pki) -> CardKeys:
    """A practice's card."""
    return pki.issue_card(
        "smcb", kind="smcb", holder="Praxis am Markt", iccsn="80276000000000000003", telematik_id="1-20054321"
    )


@pytest.fixture(scope="session")
def letter() -> bytes:
    return make_pdf("pdfa2")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
