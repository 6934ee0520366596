"""The vault: a folder of encrypted documents; fulfils the port Vault.

It has the facts of all documents in memory and does all work on files in threads.
"""

import asyncio
import hashlib
import logging
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

from kartenwart.adapters.vault.crypto import Sealer, Unsealable, vault_key
from kartenwart.adapters.vault.file import DocumentFile
from kartenwart.adapters.vault.held import HeldDocument
from kartenwart.domain.catalogue import failure
from kartenwart.domain.documents import CHUNK_BYTES, Document
from kartenwart.domain.failures import CallerError, Reason, WorldError

KEY_FILE = "vault.key"

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)


class DocumentVault:
    """Documents by name. Raises WorldError(STORE_FAILED) when the disk refuses or a file was changed behind its back.

    A caller who is cancelled leaves the write to be done.
    """

    def __init__(self, folder: Path, sealer: Sealer, files: list[DocumentFile]) -> None:
        self._folder = folder
        self._sealer = sealer
        self._held = {file.document.name: HeldDocument(file) for file in files}

    async def create(self, document: Document) -> None:
        await _in_thread(self._create, document)

    async def find(self, name: str) -> Document | None:
        held = self._held.get(name)
        return held.document if held else None

    async def append(self, name: str, offset: int, data: bytes) -> Document:
        held = self._get(name)
        try:
            return await _in_thread(held.receive, offset, data)
        except CallerError as error:
            if error.failure.reason is Reason.DOCUMENT_INCOMPLETE:
                self._held.pop(name, None)
            raise

    async def read(self, name: str, offset: int, length: int) -> bytes:
        return await _in_thread(self._get(name).read, offset, length)

    async def store(self, document: Document, data: bytes) -> None:
        """Store a result; ValueError where data and facts differ. After an error nothing of it is kept."""
        await _in_thread(self._store, document, data)

    async def delete(self, name: str) -> None:
        if held := self._held.get(name):
            await _in_thread(held.delete)
            self._held.pop(name, None)

    async def held(self, owner: str | None) -> tuple[Document, ...]:
        return tuple(document for document in self._documents() if owner in (None, document.owner))

    async def room(self) -> int:
        promised = sum(document.size - document.received for document in self._documents())
        return (await _in_thread(shutil.disk_usage, self._folder)).free - promised

    async def sweep(self, now: datetime) -> None:
        for document in self._documents():
            if document.gone_at <= now:
                await self.delete(document.name)

    def _documents(self) -> list[Document]:
        return [held.document for held in list(self._held.values())]

    def _get(self, name: str) -> HeldDocument:
        if name not in self._held:
            raise CallerError(failure(Reason.NOT_FOUND))
        return self._held[name]

    def _create(self, document: Document) -> HeldDocument:
        if document.size < 1 or document.name in self._held:
            raise ValueError(f"{document.name} is empty or already there")
        path = self._folder / f"{hashlib.sha256(document.name.encode()).hexdigest()}.doc"
        return self._held.setdefault(document.name, HeldDocument(DocumentFile.create(path, document, self._sealer)))

    def _store(self, document: Document, data: bytes) -> None:
        if len(data) != document.size or hashlib.sha256(data).hexdigest() != document.sha256:
            raise ValueError(f"{document.name} is not what its facts say")
        held = self._create(document)
        try:
            for start in range(0, len(data), CHUNK_BYTES):
                held.receive(start, data[start : start + CHUNK_BYTES])
        except BaseException:
            self._held.pop(document.name, None)
            held.delete()
            raise


async def open_vault(folder: Path, now: datetime) -> DocumentVault:
    """Open or make the vault in `folder`; drop what has expired, cannot be read, or was left of a crash.

    Only for whoever holds the state folder's lock. Raises ValueError, with words for people, when the key is damaged or
    has been lost, OSError for trouble with the disk.
    """
    sealer, files = await asyncio.to_thread(_open, folder)
    vault = DocumentVault(folder, sealer, files)
    await vault.sweep(now)
    return vault


def _open(folder: Path) -> tuple[Sealer, list[DocumentFile]]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left_over in (*folder.glob("*.new"), *folder.glob(f".{KEY_FILE}.*")):
        left_over.unlink()
    sealed = sorted(folder.glob("*.doc"))
    if sealed and not (folder / KEY_FILE).exists():
        raise ValueError(
            f"Der Schlüssel {folder / KEY_FILE} fehlt, aber es gibt Dokumente, die nur er öffnet. Spielen Sie ihn aus "
            f"der Sicherung zurück, oder löschen Sie den Ordner {folder}: Die Dokumente darin sind dann "
            "verloren; keines ist älter als einen Tag."
        )
    sealer = Sealer(vault_key(folder / KEY_FILE))
    loaded = [_load(path, sealer) for path in sealed]
    return sealer, [file for file in loaded if file]


def _load(path: Path, sealer: Sealer) -> DocumentFile | None:
    try:
        return DocumentFile.load(path, sealer)
    except Unsealable:
        _log.warning("vault.unreadable_document_dropped")
        path.unlink()
        return None


async def _in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return await asyncio.to_thread(work, *args, **kwargs)
    except (OSError, Unsealable) as error:
        _log.error("vault.failed", {"error": type(error).__name__})
        raise WorldError(failure(Reason.STORE_FAILED), sent=False) from error
