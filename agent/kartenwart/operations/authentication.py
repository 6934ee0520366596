"""Signatures for authentication, and logins on top of them: what a caller may be wrong about is told at once."""

from dataclasses import dataclass, field

from kartenwart.domain.authentication import MOST_CHALLENGE, SignatureScheme
from kartenwart.domain.catalogue import wrong_field
from kartenwart.domain.jobs import Job, JobKind
from kartenwart.domain.principals import Caller
from kartenwart.operations.authenticating import Authenticating, AuthenticationTools, Challenge, Hash, Subject
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.jobs import Jobs
from kartenwart.operations.work import ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalAuthenticateOrder:
    """What a caller asks: names are full, context and user are in its scope; `digest` in lower-case hex."""

    request_id: str
    card: str
    context: str
    user: str
    scheme: SignatureScheme
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginOrder:
    """What a caller asks: an answer to an IDP's challenge."""

    request_id: str
    card: str
    context: str
    user: str
    challenge: str = field(repr=False)


class Authentications:
    """Signatures with C.AUT."""

    def __init__(self, *, jobs: Jobs, contexts: Contexts, tools: AuthenticationTools) -> None:
        self._jobs = jobs
        self._contexts = contexts
        self._tools = tools

    async def authenticate(self, caller: Caller, order: ExternalAuthenticateOrder) -> Job:
        """Let a card sign a hash, as a job.

        CallerError INVALID_ARGUMENT, NOT_FOUND, CARD_TYPE_WRONG, ROLE_MISSING, USER_NOT_BOUND.
        """
        lengths = [2 * length for length in order.scheme.hash_bytes]
        if len(order.digest) not in lengths:
            bits = " oder ".join(str(4 * length) for length in lengths)
            raise wrong_field("digest", f"Dieses Verfahren signiert Hashwerte mit {bits} Bit.")
        subject = Hash(scheme=order.scheme, digest=order.digest)
        return await self._start(caller, JobKind.EXTERNAL_AUTHENTICATE, order, subject)

    async def log_in(self, caller: Caller, order: LoginOrder) -> Job:
        """Let a card answer an IDP's challenge with a signed token, as a job; CallerErrors as above."""
        if not 0 < len(order.challenge.encode()) <= MOST_CHALLENGE:
            raise wrong_field("challenge", f"Erlaubt sind 1 bis {MOST_CHALLENGE} Bytes.")
        subject = Challenge(text=order.challenge, judge=self._tools.judge)
        return await self._start(caller, JobKind.CREATE_LOGIN_TOKEN, order, subject)

    async def _start(
        self, caller: Caller, kind: JobKind, order: ExternalAuthenticateOrder | LoginOrder, subject: Subject
    ) -> Job:

        async def work() -> Authenticating:
            reach = self._tools.keys.reach(caller, order.card, order.context, order.user)
            return Authenticating(tools=self._tools, reach=reach, subject=subject, owner=caller.name)

        return await self._jobs.start(caller, ticket(kind, order, self._contexts, card=order.card), work)
