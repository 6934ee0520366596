"""Documents in and out of the box, in chunks."""

import hashlib

from kartenwart.api.document.v1 import document_service_pb2 as document_pb2
from kartenwart.client.failures import CallFailed, Failure
from kartenwart.client.wire import Wire, insisted

_PATIENCE_SECONDS = 30.0


class Documents:
    """DocumentService."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def upload(self, content: bytes, mime_type: str) -> document_pb2.Document:
        """Send a document; it belongs to the caller and is deleted by the box when its job has ended."""
        announced = await self._wire.call(
            document_pb2.CreateDocumentRequest(
                size=len(content), sha256=hashlib.sha256(content).hexdigest(), mime_type=mime_type
            ),
            document_pb2.CreateDocumentResponse,
        )
        document = announced.document
        while document.received < document.size:
            request = document_pb2.UploadChunkRequest(
                document=document.name,
                offset=document.received,
                data=content[document.received : document.received + announced.chunk_size],
            )
            before, document = document.received, await self._chunk(request)
            if document.received <= before:
                raise CallFailed(Failure(reason="DOCUMENT_INCOMPLETE"), message="the box took no more bytes")
        return document

    async def download(self, name: str, sha256: str) -> bytes:
        """Fetch a document and compare its SHA-256 (lower-case hex)."""
        content = bytearray()
        while chunk := await self._bytes(name, len(content)):
            content += chunk
        if hashlib.sha256(content).hexdigest() != sha256:
            raise CallFailed(Failure(reason="DOCUMENT_INCOMPLETE"), message="the document's hash differs")
        return bytes(content)

    async def delete(self, name: str) -> None:
        """Acknowledge a result or drop an input: the box deletes it."""
        await self._wire.call(document_pb2.DeleteDocumentRequest(document=name), document_pb2.DeleteDocumentResponse)

    async def _chunk(self, request: document_pb2.UploadChunkRequest) -> document_pb2.Document:
        answer = await insisted(
            lambda: self._wire.call(request, document_pb2.UploadChunkResponse), patience=_PATIENCE_SECONDS
        )
        return answer.document

    async def _bytes(self, name: str, offset: int) -> bytes:
        request = document_pb2.DownloadChunkRequest(document=name, offset=offset)
        answer = await insisted(
            lambda: self._wire.call(request, document_pb2.DownloadChunkResponse), patience=_PATIENCE_SECONDS
        )
        return answer.data
