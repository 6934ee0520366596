"""Which documents go to a Konnektor together: calls that every Konnektor takes and this box can hold in memory."""

from collections.abc import Sequence
from dataclasses import dataclass

from kartenwart.domain.documents import Document, SignatureFormat
from kartenwart.operations.locks import Claim, Claims, Rank

MOST_PER_CALL = 50  # guaranteed by gemSpec_Kon; beyond it a Konnektor may answer 4000
# A Konnektor takes 250 MB in one call. Here a call is in memory several times over (document, base64, answer), so it
# is smaller than that: few doctors sign so much at once, and those enter the PIN once more.
MOST_BYTES_PER_CALL = 64 * 1024 * 1024
# All calls under way together: measured, one takes more than seven times its documents at its peak, and the service
# has 1 GiB. A call of letters and prescriptions is small, counts for nothing here and never waits for a large one.
MOST_BYTES_AT_ONCE = MOST_BYTES_PER_CALL
SMALL_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ToSign:
    """A document of the caller, checked, and how it is to be signed."""

    document: Document
    format: SignatureFormat
    short_text: str
    preset: str = ""


def calls(documents: Sequence[ToSign]) -> tuple[tuple[ToSign, ...], ...]:
    """Return the documents in their order, cut into calls; each has at least one document."""
    cut: list[list[ToSign]] = []
    size = 0
    for one in documents:
        size += one.document.size
        if not cut or len(cut[-1]) == MOST_PER_CALL or size > MOST_BYTES_PER_CALL:
            cut.append([])
            size = one.document.size
        cut[-1].append(one)
    return tuple(tuple(call) for call in cut)


def room_for(call: Sequence[ToSign]) -> Claims:
    """Return the claim on the box's memory for a call."""
    size = sum(one.document.size for one in call)
    if size <= SMALL_BYTES:
        return ()
    return (Claim(key="memory", capacity=MOST_BYTES_AT_ONCE, weight=size, rank=Rank.MEMORY),)
