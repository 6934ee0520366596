"""A card signs for authentication: all checks first, one call, and nothing leaves that does not verify."""

from dataclasses import dataclass, field
from typing import Protocol

from kartenwart.domain.authentication import SignatureScheme, compact, login_input, sha256_hex
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm
from kartenwart.domain.jobs import AuthenticateResult, JobState, JobStep
from kartenwart.domain.ports.card_keys import AuthenticateOrder, SignatureJudge
from kartenwart.domain.ports.cards import BeforeSend
from kartenwart.operations.card_keys import CardKeys
from kartenwart.operations.documents import Documents
from kartenwart.operations.locks import Claims
from kartenwart.operations.reach import Reach
from kartenwart.operations.work import Ending, Tell


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationTools:
    """What every signature for authentication needs."""

    keys: CardKeys
    documents: Documents
    judge: SignatureJudge


class Subject(Protocol):
    """What is to be signed, and what becomes of the signature."""

    @property
    def algorithm(self) -> KeyAlgorithm | None:
        """Return the kind of key that is needed; None: whichever the card has, ECC first."""
        ...

    @property
    def detail(self) -> str:
        """Return what the audit keeps of it."""
        ...

    @property
    def mime_type(self) -> str:
        """Return the result's type."""
        ...

    def order(self, certificate: bytes) -> AuthenticateOrder:
        """Return what the card signs; WorldError where its key does not fit."""
        ...

    def result(self, certificate: bytes, signature: bytes) -> bytes:
        """Return the result's bytes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hash:
    """A hash (hex) to be signed as it is; the result is the bare signature."""

    scheme: SignatureScheme
    digest: str
    mime_type: str = "application/octet-stream"

    @property
    def algorithm(self) -> KeyAlgorithm | None:
        return KeyAlgorithm.ECC if self.scheme.is_ecdsa else KeyAlgorithm.RSA

    @property
    def detail(self) -> str:
        return f"{self.scheme.value} {4 * len(self.digest)} bit"

    def order(self, _certificate: bytes) -> AuthenticateOrder:
        return AuthenticateOrder(scheme=self.scheme, digest=bytes.fromhex(self.digest))

    def result(self, _certificate: bytes, signature: bytes) -> bytes:
        return signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """An IDP's challenge; the result is the JWS that answers it."""

    text: str = field(repr=False)
    judge: SignatureJudge
    algorithm: KeyAlgorithm | None = None
    detail: str = "login"
    mime_type: str = "application/jose"

    def order(self, certificate: bytes) -> AuthenticateOrder:
        algorithm = self.judge.algorithm(certificate)
        digest = sha256_hex(login_input(algorithm, certificate, self.text))
        return AuthenticateOrder(scheme=algorithm.scheme, digest=bytes.fromhex(digest))

    def result(self, certificate: bytes, signature: bytes) -> bytes:
        return compact(login_input(self.judge.algorithm(certificate), certificate, self.text), signature)


@dataclass(slots=True, kw_only=True)
class Authenticating:
    """The work of ExternalAuthenticate and CreateLoginToken; it asks nobody."""

    tools: AuthenticationTools
    reach: Reach
    subject: Subject
    owner: str
    _certificate: bytes = b""
    _order: AuthenticateOrder | None = None

    @property
    def claims(self) -> Claims:
        """Hold the card and a place at the Konnektor; nobody types anywhere."""
        return self.reach.quick_claims

    @property
    def detail(self) -> str:
        """Return what kind of signature."""
        return self.subject.detail

    async def check(self) -> Ending | None:
        """Make sure that the card is there and unlocked, and has the certificate."""
        await self.tools.keys.require_unlocked(self.reach)
        if not self._certificate:
            found = await self.tools.keys.certificate(self.reach, CertificateReference.AUT, self.subject.algorithm)
            self._order, self._certificate = self.subject.order(found.der), found.der
        return None

    async def prepare(self) -> str:
        """Such a signature has no job number."""
        return ""

    async def send(self, before_send: BeforeSend, _tell: Tell) -> bytes:
        """Let the card sign, once."""
        return await self.reach.port.authenticate(self.reach.call, self._wanted, before_send)

    async def conclude(self, answer: bytes, tell: Tell) -> Ending:
        """Verify the signature against C.AUT of the card, then keep the result for its owner."""
        tell(JobStep.VERIFYING, "Die Signatur wird geprüft.")
        signature = await self.tools.judge.verified(self._wanted, answer, self._certificate)
        result = self.subject.result(self._certificate, signature)
        output = await self.tools.documents.keep(self.owner, result, self.subject.mime_type)
        signed = AuthenticateResult(
            output=output.name, output_sha256=output.sha256, signer_certificate=self._certificate
        )
        return Ending(state=JobState.SUCCEEDED, result=signed)

    async def stop(self, _tell: Tell) -> None:
        """Nothing to do: the Konnektor cannot be asked to stop a single signature."""

    def unanswered(self) -> None:
        """Nothing is handed out."""

    @property
    def _wanted(self) -> AuthenticateOrder:
        if self._order is None:
            raise RuntimeError("nothing is signed unchecked")
        return self._order
