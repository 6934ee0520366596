"""A box whose identity or vault key got lost while its database is there: it says so and makes none anew."""

from pathlib import Path

import pytest

from tests.integration.security.conftest import Said, kartenwart
from tests.practice import Practice, practice

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("security-lost")]


async def test_a_lost_identity_or_vault_key_stops_the_start_until_somebody_decides(tmp_path: Path) -> None:
    async with practice(tmp_path) as here:
        profile = await here.workstation("Empfang", contexts=("empfang",))
        async with here.connected(profile) as box:
            await box.documents.upload(b"Ein Brief", "text/plain")
        assert here.agent.process is not None
        await here.agent.process.stop()
        state = here.agent.folder / "state"

        site, key = state / "site", state / "documents" / "vault.key"
        for lost in (site, key):
            aside = lost.rename(tmp_path / f"aside-{lost.name}")
            said = await start(here)
            assert said.status == 1
            assert "Sicherung" in said.err
            assert str(lost) in said.err
            assert not lost.exists()
            aside.rename(lost)
        await here.agent.start()
        async with here.connected(profile) as box:
            assert (await box.system.get()).box_id


async def start(here: Practice) -> Said:
    """Start the agent, which ends by itself."""
    return await kartenwart("agent", "run", "--config", here.agent.folder / "kartenwart.toml")
