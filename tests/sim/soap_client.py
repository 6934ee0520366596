"""A primary system as small as it can be: it speaks to the simulator over real TLS and shares no code with the agent."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from lxml import etree

from firmware_sim.konnektor.konnektor import Konnektor

NS = {
    "S": "http://schemas.xmlsoap.org/soap/envelope/",
    "CONN": "http://ws.gematik.de/conn/ConnectorCommon/v5.0",
    "CCTX": "http://ws.gematik.de/conn/ConnectorContext/v2.0",
    "CARD": "http://ws.gematik.de/conn/CardService/v8.1",
    "CARDCMN": "http://ws.gematik.de/conn/CardServiceCommon/v2.0",
    "CT": "http://ws.gematik.de/conn/CardTerminalInfo/v8.0",
    "EVT": "http://ws.gematik.de/conn/EventService/v7.2",
    "CERT": "http://ws.gematik.de/conn/CertificateService/v6.0",
    "CERTCMN": "http://ws.gematik.de/conn/CertificateServiceCommon/v2.0",
    "SIG74": "http://ws.gematik.de/conn/SignatureService/v7.4",
    "SIG75": "http://ws.gematik.de/conn/SignatureService/v7.5",
    "dss": "urn:oasis:names:tc:dss:1.0:core:schema",
    "GERROR": "http://ws.gematik.de/tel/error/v2.0",
    "SI": "http://ws.gematik.de/conn/ServiceInformation/v2.0",
}
_DECLARED = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())
_SERVICE = {"EVT": "EventService", "CARD": "CardService", "CERT": "CertificateService"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An answer: the body's root element and what a test asks of it."""

    status: int
    root: etree._Element

    def text(self, path: str) -> str | None:
        return self.root.findtext(path, namespaces=NS)

    def texts(self, path: str) -> list[str]:
        return [each.text or "" for each in self.root.iterfind(path, NS)]

    @property
    def code(self) -> int | None:
        """The last trace's code, of a fault or of a Status with an error; None without one."""
        codes = self.texts(".//GERROR:Trace/GERROR:Code")
        return int(codes[-1]) if codes else None


@dataclass(kw_only=True, slots=True)
class PrimarySystem:
    """A client system at one workplace, with a user for HBAs when given."""

    session: aiohttp.ClientSession
    base: str
    tls: ssl.SSLContext
    mandant: str = "m1"
    client_system: str = "pvs"
    workplace: str = "empfang"
    user: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def at(self, **changes: str) -> "PrimarySystem":
        """The same certificate with another context."""
        values = {
            "mandant": self.mandant,
            "client_system": self.client_system,
            "workplace": self.workplace,
            "user": self.user,
            **changes,
        }
        return PrimarySystem(session=self.session, base=self.base, tls=self.tls, headers=self.headers, **values)

    def context(self) -> str:
        user = f"<CONN:UserId>{self.user}</CONN:UserId>" if self.user else ""
        return (
            f"<CCTX:Context><CONN:MandantId>{self.mandant}</CONN:MandantId>"
            f"<CONN:ClientSystemId>{self.client_system}</CONN:ClientSystemId>"
            f"<CONN:WorkplaceId>{self.workplace}</CONN:WorkplaceId>{user}</CCTX:Context>"
        )

    async def call(self, name: str, content: str = "", attributes: str = "", *, before: str = "") -> Reply:
        """Send an operation: `before` stands before the context, `content` after it."""
        return await self.send(name, f"<{name} {attributes}>{before}{self.context()}{content}</{name}>")

    async def send(self, name: str, body: str) -> Reply:
        status, data = await self.post(
            f"/ws/{_SERVICE.get(name.partition(':')[0], 'SignatureService')}",
            f"<S:Envelope {_DECLARED}><S:Body>{body}</S:Body></S:Envelope>".encode(),
        )
        root = etree.fromstring(data).find("S:Body", NS)
        assert root is not None
        return Reply(status=status, root=root[0])

    async def post(self, path: str, data: bytes) -> tuple[int, bytes]:
        headers = {"Content-Type": "text/xml; charset=utf-8", **self.headers}
        async with self.session.post(self.base + path, data=data, ssl=self.tls, headers=headers) as answer:
            return answer.status, await answer.read()

    async def get(self, path: str) -> tuple[int, bytes]:
        async with self.session.get(self.base + path, ssl=self.tls, headers=self.headers) as answer:
            return answer.status, await answer.read()

    async def handle(self, card_type: str, index: int = 0) -> str:
        """The handle of the first card of a type that this workplace sees."""
        reply = await self.call("EVT:GetCards", f"<CARDCMN:CardType>{card_type}</CARDCMN:CardType>")
        return reply.texts(".//CARD:Card/CONN:CardHandle")[index]

    async def pin(self, operation: str, handle: str, reference: str, more: str = "") -> Reply:
        content = f"<CONN:CardHandle>{handle}</CONN:CardHandle><CARDCMN:PinTyp>{reference}</CARDCMN:PinTyp>{more}"
        return await self.call(f"CARD:{operation}", content)


def client_tls(konnektor: Konnektor, client_system: str | None) -> ssl.SSLContext:
    """TLS with the client system's certificate (None: without), trusting the simulator's root."""
    context = ssl.create_default_context(cafile=str(konnektor.tls_root_pem))
    context.check_hostname = False
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT if hasattr(ssl, "VERIFY_X509_STRICT") else ~0
    if client_system is not None:
        identity = konnektor.clients[client_system]
        context.load_cert_chain(identity.cert_pem, identity.key_pem)
    return context


def file_text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
