"""What people type for cards, contexts and users, turned into resource names."""

import uuid
from typing import TYPE_CHECKING

from kartenwart.api.card.v1 import card_pb2
from kartenwart.cli.exits import Missing, UsageProblem
from kartenwart.cli.words import CARD_TYPES, PINS, short

if TYPE_CHECKING:
    from kartenwart.client import Kartenwart

_SIGNING = (card_pb2.CARD_TYPE_SMC_B, card_pb2.CARD_TYPE_HSM_B)
CARD_HELP = "Karte: Name (c-…), Typ (smc-b, hba), letzte vier Ziffern oder Teil des Inhabers."


def named(collection: str, text: str) -> str:
    """Return "collection/text" where only the last part was typed; empty stays empty."""
    return text if not text or "/" in text else f"{collection}/{text}"


def request_uuid(text: str) -> str:
    """Return the caller's request_id, or a new one; raises UsageProblem where it is no UUID."""
    if not text:
        return str(uuid.uuid4())
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise UsageProblem(f"„{text}“ ist keine UUID; „uuidgen“ macht eine.") from None


async def find_card(box: "Kartenwart", text: str) -> card_pb2.Card:
    """Return the one card that `text` means; raises UsageProblem or Missing with what there is."""
    cards = await box.cards.list()
    wanted = text.strip().lower()
    exact = [card for card in cards if wanted in {card.name, short(card.name)}]
    found = exact or [card for card in cards if _means(wanted, card)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(_described(card) for card in (found or cards)) or "keine"
    if found:
        raise UsageProblem(f"„{text}“ meint mehrere Karten: {known}")
    raise Missing(f"„{text}“ meint keine Karte; die Box sieht: {known}")


async def card_of(box: "Kartenwart", text: str, user: str) -> str:
    """Return the name of the card that `text` means, without it of the user's HBA; raises UsageProblem, Missing."""
    if text:
        return (await find_card(box, text)).name
    for one in await box.users.list():
        if one.card and one.name == named("users", user):
            return one.card
    raise UsageProblem(
        "Mit welcher Karte? --card angeben, oder --user mit einem Benutzer, der an seinen HBA gebunden ist."
    )


def default_pin(card: card_pb2.Card) -> card_pb2.Pin.ValueType:
    """Return the PIN that VerifyPin asks for on this type of card."""
    return card_pb2.PIN_SMC if card.type in _SIGNING else card_pb2.PIN_CH


def pin_named(text: str) -> card_pb2.Pin.ValueType:
    """Return the PIN of a name such as "pin.ch" or "mrpin.nfd", unspecified for an empty one; raises UsageProblem."""
    known = {name.lower(): number for number, name in PINS.items()}
    if text and text.lower() not in known:
        raise UsageProblem(f"„{text}“ ist keine PIN; es gibt {', '.join(known)}")
    return card_pb2.Pin.ValueType(known[text.lower()] if text else card_pb2.PIN_UNSPECIFIED)


def _means(text: str, card: card_pb2.Card) -> bool:
    kind = CARD_TYPES.get(card.type, "").lower()
    return (
        text in {kind, kind.replace("-", "")}
        or text == card.iccsn_tail
        or (len(text) > 2 and text in card.holder.lower())
    )


def _described(card: card_pb2.Card) -> str:
    return f"{short(card.name)} ({CARD_TYPES.get(card.type, '?')} {card.holder or '…' + card.iccsn_tail})"
