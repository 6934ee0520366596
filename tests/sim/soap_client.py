"""A primary system as small as it can be: real TLS to the simulator, and no code of the agent."""

import base64
import ssl
from dataclasses import dataclass, field

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
    "CTS": "http://ws.gematik.de/conn/CardTerminalService/v1.1",
    "VSD": "http://ws.gematik.de/conn/vsds/VSDService/v5.2",
    "KVK": "http://ws.gematik.de/conn/vsds/KvkService/v4.0",
    "CRYPT": "http://ws.gematik.de/conn/EncryptionService/v6.1",
    "dss": "urn:oasis:names:tc:dss:1.0:core:schema",
    "vr": "urn:oasis:names:tc:dss-x:1.0:profiles:verificationreport:schema#",
    "GERROR": "http://ws.gematik.de/tel/error/v2.0",
    "SI": "http://ws.gematik.de/conn/ServiceInformation/v2.0",
}
_DECLARED = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())
_SERVICE = {
    "EVT": "EventService",
    "CARD": "CardService",
    "CERT": "CertificateService",
    "CRYPT": "EncryptionService",
    "CTS": "CardTerminalService",
    "VSD": "VSDService",
    "KVK": "KVKService",
}


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

    async def send(self, name: str, body: str, *, service: str = "") -> Reply:
        status, data = await self.post(
            f"/ws/{service or _SERVICE.get(name.partition(':')[0], 'SignatureService')}",
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
    if client_system is not None:
        identity = konnektor.clients[client_system]
        context.load_cert_chain(identity.cert_pem, identity.key_pem)
    return context


def sign_request(
    document: bytes,
    *,
    signature_type: str = "",
    mime_type: str = "application/pdf-a",
    enveloping: bool = False,
    short_text: str = "Arztbrief",
    request_id: str = "d1",
    prefix: str = "SIG75",
) -> str:
    """A SignRequest."""
    kind = f"<dss:SignatureType>{signature_type}</dss:SignatureType>" if signature_type else ""
    include = f"<{prefix}:IncludeEContent>{str(enveloping).lower()}</{prefix}:IncludeEContent>"
    return (
        f'<{prefix}:SignRequest RequestID="{request_id}">'
        f"<{prefix}:OptionalInputs>{kind}{include}</{prefix}:OptionalInputs>"
        f'<{prefix}:Document ShortText="{short_text}">'
        f'<dss:Base64Data MimeType="{mime_type}">{base64.b64encode(document).decode()}</dss:Base64Data>'
        f"</{prefix}:Document><{prefix}:IncludeRevocationInfo>false</{prefix}:IncludeRevocationInfo>"
        f"</{prefix}:SignRequest>"
    )


async def sign(
    system: PrimarySystem, handle: str, *requests: str, job: str = "ABC-123", crypt: str = "ECC", prefix: str = "SIG75"
) -> Reply:
    """SignDocument."""
    chosen = f"<{prefix}:Crypt>{crypt}</{prefix}:Crypt>" if crypt else ""
    return await system.call(
        f"{prefix}:SignDocument",
        f"<{prefix}:TvMode>NONE</{prefix}:TvMode><{prefix}:JobNumber>{job}</{prefix}:JobNumber>" + "".join(requests),
        before=f"<CONN:CardHandle>{handle}</CONN:CardHandle>{chosen}",
    )


def subscription(event_to: str, topic: str, filter_: str = "") -> str:
    """The content of Subscribe."""
    more = f"<EVT:Filter>{filter_}</EVT:Filter>" if filter_ else ""
    content = f"<EVT:EventTo>{event_to}</EVT:EventTo><EVT:Topic>{topic}</EVT:Topic>{more}"
    return f"<EVT:Subscription>{content}</EVT:Subscription>"


async def certificates(system: PrimarySystem, handle: str, *references: str, crypt: str = "ECC") -> Reply:
    """ReadCardCertificate."""
    names = "".join(f"<CERT:CertRef>{reference}</CERT:CertRef>" for reference in references)
    chosen = f"<CERT:Crypt>{crypt}</CERT:Crypt>" if crypt else ""
    return await system.call(
        "CERT:ReadCardCertificate",
        f"<CERT:CertRefList>{names}</CERT:CertRefList>{chosen}",
        before=f"<CONN:CardHandle>{handle}</CONN:CardHandle>",
    )
