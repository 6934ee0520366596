"""Run as a process of its own: a vault whose files may not grow, then may again (RLIMIT_FSIZE, as a full disk)."""

import asyncio
import hashlib
import os
import resource
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from kartenwart.adapters.vault import open_vault
from kartenwart.domain.documents import Document
from kartenwart.domain.failures import Reason, WorldError

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LATER = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
UNLIMITED = resource.getrlimit(resource.RLIMIT_FSIZE)


def limit(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, UNLIMITED[1]))


async def main(folder: Path) -> None:
    data = os.urandom(100_000)
    document = Document(
        name="documents/d-1",
        owner="workstations/w-1",
        size=len(data),
        received=0,
        sha256=hashlib.sha256(data).hexdigest(),
        mime_type="application/pdf",
        expires_at=LATER,
    )
    vault = await open_vault(folder, NOW)
    await vault.create(document)
    await vault.append(document.name, 0, data[:1000])
    path = next(folder.glob("*.doc"))
    size = path.stat().st_size
    limit(size + 5000)  # a part of the piece fits
    (outcome,) = await asyncio.gather(vault.append(document.name, 1000, data[1000:]), return_exceptions=True)
    assert isinstance(outcome, WorldError), outcome
    assert outcome.failure.reason is Reason.STORE_FAILED
    assert path.stat().st_size == size
    result = replace(document, name="documents/d-2")
    (refused,) = await asyncio.gather(vault.store(result, data), return_exceptions=True)
    assert isinstance(refused, WorldError), refused
    assert await vault.find(result.name) is None
    assert list(folder.glob("*.doc")) == [path]
    limit(UNLIMITED[0])
    assert (await vault.append(document.name, 1000, data[1000:])).complete
    await vault.store(result, data)
    assert await (await open_vault(folder, NOW)).read(document.name, 0, len(data)) == data
    sys.stdout.write("healed\n")


asyncio.run(main(Path(sys.argv[1])))
