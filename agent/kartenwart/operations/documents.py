"""Documents in and out in chunks: each belongs to its uploader, is deleted with its job or after a day."""

import asyncio
import hashlib
from collections.abc import Sequence

from kartenwart.domain.catalogue import halted, refused, wrong_field
from kartenwart.domain.clock import Clock
from kartenwart.domain.documents import CHUNK_BYTES, MAX_DOCUMENT_BYTES, MIME_TYPES, RETENTION, SHA256, Document
from kartenwart.domain.failures import Reason, Violation
from kartenwart.domain.jobs import Job
from kartenwart.domain.ports.vault import Vault
from kartenwart.domain.principals import Caller
from kartenwart.operations.jobs import Jobs
from kartenwart.operations.names import fresh_name

MOST_PER_OWNER = 600  # documents and signatures of the largest job, and as many uploads again
MOST_BYTES_PER_OWNER = 640 * 1024 * 1024
MOST_BYTES = 2 * 1024 * 1024 * 1024
KEPT_FREE = 256 * 1024 * 1024  # for the database, results of signatures and the rest of the box


async def sha256(data: bytes) -> str:
    """Return the SHA-256 in lower-case hex; in a thread, since megabytes would keep all others waiting."""
    return (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()


def _bytes(documents: Sequence[Document]) -> int:
    return sum(document.size for document in documents)


def _full(own: Sequence[Document], size: int) -> bool:
    """Tell whether another document of so many bytes would be one too many for its owner."""
    return len(own) >= MOST_PER_OWNER or _bytes(own) + size > MOST_BYTES_PER_OWNER


class Documents:
    """Moves documents; also cleans up after jobs."""

    def __init__(self, *, vault: Vault, jobs: Jobs, clock: Clock) -> None:
        self._vault = vault
        self._jobs = jobs
        self._clock = clock
        self._turn = asyncio.Lock()
        jobs.on_end(self._drop_inputs)

    async def create(self, caller: Caller, size: int, sha256: str, mime_type: str) -> Document:
        """Announce a document and reserve its place.

        CallerError INVALID_ARGUMENT, DOCUMENT_TOO_LARGE, LIMIT_EXCEEDED (number or size of the caller's documents, or
        size of all); WorldError STORE_FAILED (the disk is nearly full).
        """
        if size < 1:
            raise wrong_field("size", "Ein leeres Dokument kann nicht angenommen werden.")
        if size > MAX_DOCUMENT_BYTES:
            raise refused(
                Reason.DOCUMENT_TOO_LARGE,
                Violation(field="size", description=f"Erlaubt sind höchstens {MAX_DOCUMENT_BYTES} Bytes."),
            )
        if not SHA256.fullmatch(sha256):
            raise wrong_field("sha256", "Erwartet wird die SHA-256-Prüfsumme in 64 kleinen Hexadezimalziffern.")
        if mime_type not in MIME_TYPES:
            raise wrong_field("mime_type", f"Erlaubt sind: {', '.join(sorted(MIME_TYPES))}.")
        async with self._turn:  # two at once must not both fit into the last place
            await self._check_room(caller, size)
            document = Document(
                name=fresh_name("documents", "d"),
                owner=caller.name,
                size=size,
                received=0,
                sha256=sha256,
                mime_type=mime_type,
                expires_at=self._clock.now() + RETENTION,
            )
            await self._vault.create(document)
        return document

    async def _check_room(self, caller: Caller, size: int) -> None:
        if _full(await self._vault.held(caller.name), size):
            await self._drop_forgotten(caller)
            if _full(await self._vault.held(caller.name), size):
                raise refused(Reason.LIMIT_EXCEEDED)
        if _bytes(await self._vault.held(None)) + size > MOST_BYTES:
            raise refused(Reason.LIMIT_EXCEEDED)
        if await self._vault.room() < size + KEPT_FREE:
            raise halted(Reason.STORE_FAILED)

    async def _drop_forgotten(self, caller: Caller) -> None:
        """Drop what no job took in time: a program that crashed after an upload does not know its name any more."""
        now = self._clock.now()
        for document in await self._vault.held(caller.name):
            if not document.result and document.due_at <= now and not self._jobs.needs(document.name):
                await self._vault.delete(document.name)

    async def upload(self, caller: Caller, name: str, offset: int, data: bytes) -> Document:
        """Add a chunk; CallerError NOT_FOUND, LIMIT_EXCEEDED, CONFLICT (offset), DOCUMENT_INCOMPLETE (hash)."""
        document = await self.own(caller, name)
        if len(data) > CHUNK_BYTES or offset + len(data) > document.size:
            raise refused(Reason.LIMIT_EXCEEDED)
        return await self._vault.append(name, offset, data)

    async def download(self, caller: Caller, name: str, offset: int) -> tuple[Document, bytes]:
        """Return the document and a chunk from an offset, empty behind the end; CallerError NOT_FOUND."""
        document = await self.complete(caller, name)
        if offset < 0:
            raise wrong_field("offset", "Der Anfang darf nicht negativ sein.")
        return document, await self._vault.read(name, offset, CHUNK_BYTES)

    async def delete(self, caller: Caller, name: str) -> None:
        """Delete a document for good; CallerError NOT_FOUND, CONFLICT (a running job needs it)."""
        await self.own(caller, name)
        if self._jobs.needs(name):
            raise refused(Reason.CONFLICT)
        await self._vault.delete(name)

    async def sweep(self) -> None:
        """Delete what has expired."""
        await self._vault.sweep(self._clock.now())

    async def own(self, caller: Caller, name: str) -> Document:
        """Return a document of the caller; CallerError NOT_FOUND also for those of others."""
        document = await self._vault.find(name)
        if document is None or document.owner != caller.name:
            raise refused(Reason.NOT_FOUND)
        return document

    async def complete(self, caller: Caller, name: str) -> Document:
        """Return a complete document of the caller; CallerError DOCUMENT_INCOMPLETE."""
        document = await self.own(caller, name)
        if not document.complete:
            raise refused(Reason.DOCUMENT_INCOMPLETE)
        return document

    async def content(self, document: Document) -> bytes:
        """Return a document's bytes, the very ones that were announced; WorldError DOCUMENT_INCOMPLETE otherwise."""
        chunks = [
            await self._vault.read(document.name, offset, CHUNK_BYTES)
            for offset in range(0, document.size, CHUNK_BYTES)
        ]
        content = b"".join(chunks)
        if await sha256(content) != document.sha256:
            raise halted(Reason.DOCUMENT_INCOMPLETE)
        return content

    async def keep(self, owner: str, data: bytes, mime_type: str) -> Document:
        """Keep what was made for a caller until it is fetched or expires, and return its document."""
        made = Document(
            name=fresh_name("documents", "d"),
            owner=owner,
            size=len(data),
            received=len(data),
            sha256=await sha256(data),
            mime_type=mime_type,
            expires_at=self._clock.now() + RETENTION,
            result=True,
        )
        await self._vault.store(made, data)
        return made

    async def _drop_inputs(self, job: Job) -> None:
        for name in job.documents:
            await self._vault.delete(name)
