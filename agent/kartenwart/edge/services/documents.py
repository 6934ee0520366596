"""DocumentService: bytes in and out, in chunks."""

from kartenwart.api.document.v1.document_service_pb2 import (
    CreateDocumentRequest,
    CreateDocumentResponse,
    DeleteDocumentRequest,
    DeleteDocumentResponse,
    DownloadChunkRequest,
    DownloadChunkResponse,
    UploadChunkRequest,
    UploadChunkResponse,
)
from kartenwart.domain.documents import CHUNK_BYTES
from kartenwart.edge.call import Call
from kartenwart.edge.convert.documents import document_message
from kartenwart.operations.documents import Documents


class DocumentService:
    """Documents of the caller."""

    def __init__(self, *, documents: Documents) -> None:
        self._documents = documents

    async def create_document(self, request: CreateDocumentRequest, call: Call) -> CreateDocumentResponse:
        """Announce a document."""
        caller = call.principal.caller
        made = await self._documents.create(caller, request.size, request.sha256, request.mime_type)
        return CreateDocumentResponse(document=document_message(made), chunk_size=CHUNK_BYTES)

    async def upload_chunk(self, request: UploadChunkRequest, call: Call) -> UploadChunkResponse:
        """Append bytes."""
        caller = call.principal.caller
        grown = await self._documents.upload(caller, request.document, request.offset, request.data)
        return UploadChunkResponse(document=document_message(grown))

    async def download_chunk(self, request: DownloadChunkRequest, call: Call) -> DownloadChunkResponse:
        """Read bytes."""
        found, data = await self._documents.download(call.principal.caller, request.document, request.offset)
        return DownloadChunkResponse(document=document_message(found), data=data)

    async def delete_document(self, request: DeleteDocumentRequest, call: Call) -> DeleteDocumentResponse:
        """Drop an input or acknowledge a result."""
        await self._documents.delete(call.principal.caller, request.document)
        return DeleteDocumentResponse()
