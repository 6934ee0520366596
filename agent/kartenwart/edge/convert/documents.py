"""Documents, and documents to sign."""

from kartenwart.api.document.v1 import document_service_pb2
from kartenwart.api.signature.v1 import signature_service_pb2
from kartenwart.domain.documents import Document, DocumentToSign, SignatureFormat
from kartenwart.edge.convert.basics import EnumTable, timestamp

FORMATS = EnumTable(signature_service_pb2.SignatureFormat, "SIGNATURE_FORMAT", SignatureFormat)


def document_message(document: Document) -> document_service_pb2.Document:
    """Return a document's facts; its owner stays inside, for only the owner may read them."""
    return document_service_pb2.Document(
        name=document.name,
        size=document.size,
        received=document.received,
        sha256=document.sha256,
        mime_type=document.mime_type,
        expire_time=timestamp(document.gone_at),
    )


def document_to_sign(message: signature_service_pb2.DocumentToSign) -> DocumentToSign:
    """Return one document of a request, validated before."""
    return DocumentToSign(
        document=message.document,
        format=FORMATS.required(message.format, SignatureFormat) if message.format else None,
        short_text=message.short_text,
        preset=message.preset,
    )
