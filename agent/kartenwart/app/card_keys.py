"""The operations on cards' own keys, with their adapters."""

from datetime import date

from kartenwart.adapters.signatures.authentication import MathSignatureJudge
from kartenwart.adapters.signatures.envelopes import CmsEnvelopeReader
from kartenwart.domain.clock import Clock
from kartenwart.operations.authenticating import AuthenticationTools
from kartenwart.operations.authentication import Authentications
from kartenwart.operations.card_keys import CardKeys
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.encryption import Encryptions
from kartenwart.operations.jobs import Jobs
from kartenwart.operations.people import People
from kartenwart.operations.signing import SigningTools


def keys(people: People, tools: SigningTools, clock: Clock, rsa_until: date) -> CardKeys:
    """Return what all work with cards' own keys stands on."""
    return CardKeys(
        cards=tools.cards, people=people, memory=tools.memory, reader=tools.reader, clock=clock, rsa_until=rsa_until
    )


def authentications(jobs: Jobs, contexts: Contexts, keys: CardKeys, tools: SigningTools) -> Authentications:
    """Return the signatures for authentication."""
    needed = AuthenticationTools(keys=keys, documents=tools.documents, judge=MathSignatureJudge())
    return Authentications(jobs=jobs, contexts=contexts, tools=needed)


def encryptions(contexts: Contexts, keys: CardKeys, tools: SigningTools) -> Encryptions:
    """Return what encrypts and decrypts."""
    return Encryptions(keys=keys, contexts=contexts, documents=tools.documents, envelopes=CmsEnvelopeReader())
