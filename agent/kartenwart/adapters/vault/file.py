"""One document in one file: a header that is written once, then pieces that are only appended.

    "KWV1" | wrapped key (60) | length (4) | sealed facts | { length (4) | sealed piece } ...

Lengths are big-endian and count the sealed bytes. The key is wrapped under the vault's key and bound to the file's
name; facts and pieces are sealed under the document's key, each piece bound to name, number, offset and whether it is
the last. So no piece can be changed, exchanged, moved or left out. What a power cut left of a piece is cut off.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from kartenwart.adapters.vault.crypto import (
    KEY_BYTES,
    NONCE_BYTES,
    TAG_BYTES,
    WRAPPED_KEY_BYTES,
    Sealer,
    Unsealable,
    sync_folder,
    write_new,
)
from kartenwart.domain.documents import Document

_MAGIC = b"KWV1"
_OVERHEAD = NONCE_BYTES + TAG_BYTES
_FACTS_BYTES = 4096  # at most; an own limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Where a piece stands: in the document (offset, length) and in the file (position of its sealed bytes)."""

    number: int
    offset: int
    length: int
    position: int

    @property
    def end(self) -> int:
        """Return the offset behind the piece."""
        return self.offset + self.length

    @property
    def file_end(self) -> int:
        """Return the position behind the piece."""
        return self.position + self.length + _OVERHEAD


@dataclass(slots=True, kw_only=True)
class DocumentFile:
    """A document's file; methods block and raise OSError, or Unsealable where bytes are not what was written."""

    path: Path
    document: Document
    sealer: Sealer = field(repr=False)
    pieces: list[Piece]
    end: int

    @classmethod
    def create(cls, path: Path, document: Document, vault: Sealer) -> "DocumentFile":
        """Make the file of a document of which nothing has been received."""
        key = secrets.token_bytes(KEY_BYTES)
        sealer = Sealer(key)
        facts = sealer.seal(_facts(document), b"facts")
        header = _MAGIC + vault.seal(key, _key_binding(path)) + len(facts).to_bytes(4, "big") + facts
        fresh = path.with_suffix(".new")
        try:
            fresh.unlink(missing_ok=True)
            write_new(fresh, header)
            fresh.rename(path)
        finally:
            fresh.unlink(missing_ok=True)
        sync_folder(path.parent)
        return cls(path=path, document=replace(document, received=0), sealer=sealer, pieces=[], end=len(header))

    @classmethod
    def load(cls, path: Path, vault: Sealer) -> "DocumentFile":
        """Read the header and where the pieces are; the pieces themselves are opened when they are read."""
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise Unsealable
            sealer = Sealer(vault.open(file.read(WRAPPED_KEY_BYTES), _key_binding(path)))
            length = int.from_bytes(file.read(4), "big")
            if length > _FACTS_BYTES:
                raise Unsealable
            document = _document(sealer.open(file.read(length), b"facts"))
            loaded = cls(path=path, document=document, sealer=sealer, pieces=[], end=file.tell())
        loaded._find_pieces()
        return loaded

    def append(self, data: bytes) -> None:
        """Add a piece at the end and wait until it is on disk; after an error the file is as before."""
        piece = self._next_piece(len(data))
        sealed = self.sealer.seal(data, self._binding(piece))
        with self.path.open("r+b", buffering=0) as file:
            try:
                _write_at(file.fileno(), len(sealed).to_bytes(4, "big") + sealed, self.end)
                os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), self.end)
                raise
        self._add(piece)

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes from `offset`, as many as there are."""
        wanted = [piece for piece in self.pieces if piece.offset < offset + length and piece.end > offset]
        content = b"".join(self._open(wanted))
        skip = offset - wanted[0].offset if wanted else 0
        return content[skip : skip + length]

    def sha256(self, more: bytes) -> str:
        """Return the hash (hex) of what is here and `more` behind it."""
        digest = hashlib.sha256()
        for content in self._open(self.pieces):
            digest.update(content)
        digest.update(more)
        return digest.hexdigest()

    def delete(self) -> None:
        """Overwrite the wrapped key, then remove the file. On flash the old block may live on for a while."""
        with suppress(OSError), self.path.open("r+b", buffering=0) as file:  # removing it is what must succeed
            _write_at(file.fileno(), bytes(len(_MAGIC) + WRAPPED_KEY_BYTES), 0)
            os.fsync(file.fileno())
        self.path.unlink(missing_ok=True)
        sync_folder(self.path.parent)

    def _open(self, pieces: list[Piece]) -> Iterator[bytes]:
        with self.path.open("rb", buffering=0) as file:
            for piece in pieces:
                sealed = os.pread(file.fileno(), piece.length + _OVERHEAD, piece.position)
                yield self.sealer.open(sealed, self._binding(piece))

    def _find_pieces(self) -> None:
        """Walk over the lengths; whatever does not fit in whole is cut off."""
        with self.path.open("r+b", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            while self.end + 4 <= size:
                length = int.from_bytes(os.pread(file.fileno(), 4, self.end), "big") - _OVERHEAD
                piece = self._next_piece(length)
                if length < 1 or piece.file_end > size or piece.end > self.document.size:
                    break
                self._add(piece)
            if self.end < size:
                os.ftruncate(file.fileno(), self.end)

    def _next_piece(self, length: int) -> Piece:
        offset = self.pieces[-1].end if self.pieces else 0
        return Piece(number=len(self.pieces), offset=offset, length=length, position=self.end + 4)

    def _add(self, piece: Piece) -> None:
        self.pieces.append(piece)
        self.end = piece.file_end
        self.document = replace(self.document, received=piece.end)

    def _binding(self, piece: Piece) -> bytes:
        last = piece.end == self.document.size
        return f"piece {self.document.name} {piece.number} {piece.offset} {last}".encode()


def _write_at(descriptor: int, content: bytes, position: int) -> None:
    """Write all, also where the disk takes it in parts; OSError when it takes no more."""
    while content:
        written = os.pwrite(descriptor, content, position)
        content, position = content[written:], position + written


def _key_binding(path: Path) -> bytes:
    return b"key " + path.name.encode()


def _facts(document: Document) -> bytes:
    facts = {
        "name": document.name,
        "owner": document.owner,
        "size": document.size,
        "sha256": document.sha256,
        "mime_type": document.mime_type,
        "expires_at": document.expires_at.isoformat(),
        "result": document.result,
    }
    return json.dumps(facts).encode()


def _document(facts: bytes) -> Document:
    try:
        stored = json.loads(facts)
        expires_at = datetime.fromisoformat(stored.pop("expires_at"))
        return Document(received=0, expires_at=expires_at, **stored)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unsealable from error
