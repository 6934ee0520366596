"""The operations on cards' own keys, with their adapters."""

from collections.abc import Mapping

from kartenwart.adapters.signatures.authentication import MathSignatureJudge
from kartenwart.adapters.signatures.envelopes import CmsEnvelopeReader
from kartenwart.domain.ports.konnektor import KonnektorPort
from kartenwart.operations.authenticating import AuthenticationTools
from kartenwart.operations.authentication import Authentications
from kartenwart.operations.card_keys import CardKeys
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.encryption import Encryptions
from kartenwart.operations.jobs import Jobs
from kartenwart.operations.people import People
from kartenwart.operations.signing import SigningTools


def authentications(jobs: Jobs, contexts: Contexts, people: People, tools: SigningTools) -> Authentications:
    """Return the signatures for authentication."""
    keys, judge = _keys(people, tools), MathSignatureJudge()
    needed = AuthenticationTools(keys=keys, documents=tools.documents, judge=judge)
    return Authentications(jobs=jobs, contexts=contexts, tools=needed)


def encryptions(
    konnektors: Mapping[str, KonnektorPort], contexts: Contexts, people: People, tools: SigningTools
) -> Encryptions:
    """Return what encrypts and decrypts."""
    return Encryptions(
        keys=_keys(people, tools),
        contexts=contexts,
        konnektors=konnektors,
        documents=tools.documents,
        envelopes=CmsEnvelopeReader(),
    )


def _keys(people: People, tools: SigningTools) -> CardKeys:
    return CardKeys(cards=tools.cards, people=people, memory=tools.memory, reader=tools.reader)
