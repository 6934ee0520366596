"""A document with the rules of receiving, reading and deleting it; one call at a time."""

from threading import Lock

from kartenwart.adapters.vault.file import DocumentFile
from kartenwart.domain.catalogue import failure
from kartenwart.domain.documents import Document
from kartenwart.domain.failures import CallerError, Reason

MAX_PIECES = 4096  # of a document: whoever sends 25 MiB byte by byte is stopped


class HeldDocument:
    """Methods block; they raise CallerError for a call that does not fit, OSError and Unsealable for the disk.

    The lock is a thread's, so that a caller who leaves in the middle cannot let the next one in too early.
    """

    def __init__(self, file: DocumentFile) -> None:
        self._file = file
        self._lock = Lock()
        self._deleted = False

    @property
    def document(self) -> Document:
        """Return the facts as they are now."""
        return self._file.document

    def receive(self, offset: int, data: bytes) -> Document:
        """Add a piece, or compare a repetition with what is there.

        CallerError: CONFLICT for another place or other bytes, LIMIT_EXCEEDED for too many pieces,
        DOCUMENT_INCOMPLETE for a wrong hash at the end; the document is deleted then.
        """
        with self._lock:
            self._check_alive()
            received = self.document.received
            if offset == received and data:
                self._add(data)
            elif not 0 <= offset <= offset + len(data) <= received or self._file.read(offset, len(data)) != data:
                raise CallerError(failure(Reason.CONFLICT))
            return self.document

    def read(self, offset: int, length: int) -> bytes:
        """Return bytes; CallerError DOCUMENT_INCOMPLETE while some are missing, INVALID_ARGUMENT below zero."""
        with self._lock:
            self._check_alive()
            if not self.document.complete:
                raise CallerError(failure(Reason.DOCUMENT_INCOMPLETE))
            if offset < 0 or length < 0:
                raise CallerError(failure(Reason.INVALID_ARGUMENT))
            return self._file.read(offset, length)

    def delete(self) -> None:
        """Delete for good; again is no error."""
        with self._lock:
            if not self._deleted:
                self._file.delete()
                self._deleted = True

    def _check_alive(self) -> None:
        if self._deleted:
            raise CallerError(failure(Reason.NOT_FOUND))

    def _add(self, data: bytes) -> None:
        end = self.document.received + len(data)
        if end > self.document.size:
            raise CallerError(failure(Reason.CONFLICT))
        if len(self._file.pieces) >= MAX_PIECES:
            raise CallerError(failure(Reason.LIMIT_EXCEEDED))
        # The last piece is written only when the hash is right, so that a complete file is always a checked one.
        if end == self.document.size and self._file.sha256(data) != self.document.sha256:
            self._file.delete()
            self._deleted = True
            raise CallerError(failure(Reason.DOCUMENT_INCOMPLETE))
        self._file.append(data)
