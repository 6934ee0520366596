"""A workplace that speaks JSON, keeps every word it is told, and starts everything that can go wrong."""

import asyncio
import base64
import hashlib
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from kartenwart.client import Profile
from tests.integration.security.conftest import trust

API = "kartenwart.api."
LASTING = ("SUCCEEDED", "FAILED", "OUTCOME_UNKNOWN")


@dataclass(kw_only=True)
class Workplace:
    """`told` is every answer as it came; what is downloaded is the workplace's own and not kept."""

    http: aiohttp.ClientSession
    base: str
    told: list[str] = field(default_factory=list)

    async def post(self, method: str, **fields: Any) -> dict[str, Any]:
        """Call "card.v1.CardService/ListCards" with its fields; return the answer, or the refusal."""
        async with self.http.post(f"{self.base}/{API}{method}", json=fields) as answer:
            text = await answer.text()
        self.told.append(text)
        read: dict[str, Any] = json.loads(text)
        return read

    async def job(self, method: str, **fields: Any) -> dict[str, Any]:
        """Start a job and follow it to its end; return the job, or the refusal."""
        if method.startswith(("pin.", "signature.", "user.")):  # these may ask for a PIN
            fields["acceptUnknownAttempts"] = True
        answer = await self.post(method, requestId=str(uuid.uuid4()), **fields)
        async with asyncio.timeout(30):
            while "job" in answer and not answer["job"]["state"].endswith(LASTING):
                answer = await self.post("job.v1.JobService/WaitJob", name=answer["job"]["name"], wait="5s")
        found: dict[str, Any] = answer.get("job", answer)
        return found

    async def upload(self, content: bytes, mime_type: str) -> str:
        """Upload a document; return its name."""
        digest = hashlib.sha256(content).hexdigest()
        made = await self.post(
            "document.v1.DocumentService/CreateDocument", size=len(content), sha256=digest, mimeType=mime_type
        )
        name: str = made["document"]["name"]
        data = base64.b64encode(content).decode()
        await self.post("document.v1.DocumentService/UploadChunk", document=name, offset=0, data=data)
        return name

    async def sign(self, content: bytes, mime_type: str, form: str, **fields: Any) -> dict[str, Any]:
        """Upload and sign; return the job, or the refusal."""
        document = await self.upload(content, mime_type)
        wished = {"document": document, "format": f"SIGNATURE_FORMAT_{form}", "shortText": fields.pop("text", "Brief")}
        return await self.job("signature.v1.SignatureService/SignDocuments", documents=[wished], **fields)

    async def look(self) -> dict[str, Any]:
        """Ask for everything that there is to see; return the picture."""
        picture = await self.post("inventory.v1.InventoryService/GetInventory")
        for method in (
            "inventory.v1.InventoryService/ListEvents",
            "card.v1.CardService/ListCards",
            "certificate.v1.CertificateService/ListCertificates",
            "terminal.v1.TerminalService/ListTerminals",
            "konnektor.v1.KonnektorService/ListKonnektors",
            "konnektor.v1.KonnektorService/ListContexts",
            "konnektor.v1.KonnektorService/GetTargetModel",
            "konnektor.v1.KonnektorService/CheckKonnektor",
            "job.v1.JobService/ListJobs",
            "audit.v1.AuditService/ListAuditRecords",
            "workstation.v1.WorkstationService/ListWorkstations",
            "user.v1.UserService/ListUsers",
            "system.v1.SystemService/GetSystem",
        ):
            await self.post(method)
        return picture


@asynccontextmanager
async def workplace(profile: Profile) -> AsyncIterator[Workplace]:
    """A workplace with this profile."""
    connector = aiohttp.TCPConnector(ssl=trust(profile))
    async with aiohttp.ClientSession(connector=connector) as http:
        yield Workplace(http=http, base=f"https://127.0.0.1:{profile.address.json_port}")


@asynccontextmanager
async def at_the_box(socket: str) -> AsyncIterator[Workplace]:
    """The technician at the box."""
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=socket)) as http:
        yield Workplace(http=http, base="http://box")
