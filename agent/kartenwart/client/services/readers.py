"""The readers plugged into the box."""

from kartenwart.api.reader.v1 import reader_pb2, reader_service_pb2
from kartenwart.client.wire import LONGEST_READ_SECONDS, Wire


class Readers:
    """ReaderService."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def list(self) -> reader_service_pb2.ListReadersResponse:
        """Return the readers, whether the box uses any, and why none can be seen."""
        request = reader_service_pb2.ListReadersRequest()
        return await self._wire.call(request, reader_service_pb2.ListReadersResponse)

    async def get(self, name: str) -> reader_pb2.Reader:
        """Return one."""
        request = reader_service_pb2.GetReaderRequest(name=name)
        return (await self._wire.call(request, reader_service_pb2.GetReaderResponse)).reader

    async def reset(self, name: str) -> None:
        """Reset one that hangs, as if it were pulled and plugged in again."""
        request = reader_service_pb2.ResetReaderRequest(name=name)
        await self._wire.call(request, reader_service_pb2.ResetReaderResponse, LONGEST_READ_SECONDS)
