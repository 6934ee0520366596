"""A raw device for tests: HTTP by hand over TCP, says per operation exactly what a test wants, and counts."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.unit.codecs.answers import OK, cards, envelope

SERVICES = (
    ("EventService", "7.2.0"),
    ("CardService", "8.1.2"),
    ("CertificateService", "6.0.1"),
    ("SignatureService", "7.5.5"),
)


class Cut(bytes):
    """A reply after which the connection ends."""


Reply = bytes | None | Callable[[], bytes | None]


def http(body: bytes, status: int = 200, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def directory(port: int, services: tuple[tuple[str, str], ...] = SERVICES, host: str = "127.0.0.1") -> bytes:
    listed = "".join(
        f'<SI:Service Name="{name}"><SI:Abstract/><SI:Versions><SI:Version TargetNamespace="x" Version="{version}">'
        f'<SI:Abstract/><SI:EndpointTLS Location="https://{host}:{port}/ws/{name}"/>'
        f'<SI:Endpoint Location="http://{host}:{port}/ws/{name}"/></SI:Version></SI:Versions></SI:Service>'
        for name, version in services
    )
    return (
        '<SD:ConnectorServices xmlns:SD="http://ws.gematik.de/conn/ServiceDirectory/v3.1" '
        'xmlns:SI="http://ws.gematik.de/conn/ServiceInformation/v2.0">'
        f"<SI:ServiceInformation>{listed}</SI:ServiceInformation></SD:ConnectorServices>"
    ).encode()


def no_terminals() -> bytes:
    return envelope(f"<EVT:GetCardTerminalsResponse>{OK}<CT:CardTerminals/></EVT:GetCardTerminalsResponse>")


def quiet_state() -> bytes:
    return envelope(f"<EVT:GetResourceInformationResponse>{OK}<CONN:Connector/></EVT:GetResourceInformationResponse>")


@dataclass(kw_only=True)
class Device:
    """Replies by operation ("connector.sds" too): bytes as they go out, None for silence, b"" for a cut."""

    port: int = 0
    replies: dict[str, Reply] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    heads: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reply(self, operation: str) -> bytes | None:
        found = self.replies[operation]
        return found() if callable(found) else found


@asynccontextmanager
async def raw_device(replies: Mapping[str, Reply] | None = None) -> AsyncIterator[Device]:
    """A device that answers polls, until a test says otherwise."""
    device = Device()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        device.connections += 1
        try:
            while True:
                operation = await _operation(reader, device)
                device.calls[operation] += 1
                answer = device.reply(operation)
                if answer is None:
                    await reader.read()
                if not answer:
                    return
                writer.write(answer)
                await writer.drain()
                if isinstance(answer, Cut):
                    return
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        device.port = server.sockets[0].getsockname()[1]
        device.replies = {
            "connector.sds": http(directory(device.port)),
            "GetCardTerminals": http(no_terminals()),
            "GetCards": http(cards(1)),
            "GetResourceInformation": http(quiet_state()),
            **(replies or {}),
        }
        yield device


async def _operation(reader: asyncio.StreamReader, device: Device) -> str:
    head = await reader.readuntil(b"\r\n\r\n")
    device.heads.append(head)
    headers = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:] if ": " in line)
    await reader.readexactly(int(headers.get("content-length", "0")))
    for line in head.decode().split("\r\n"):
        if line.startswith("SOAPAction: "):
            return line.rpartition("#")[2].strip('"')
    return "connector.sds"
