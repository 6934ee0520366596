"""Which card it is: by the application identifier of its MF, never by its ATR alone (reference 2.1, 4.12)."""

from kartenwart.cards import commands, object_systems
from kartenwart.cards.card import Card
from kartenwart.cards.channel import Channel
from kartenwart.cards.link import CardLink, Lengths
from kartenwart.cards.outcomes import OK
from kartenwart.cards.processors.chaining import Chaining
from kartenwart.codecs import card_files
from kartenwart.codecs.atr import Capabilities, read_atr
from kartenwart.codecs.malformed import MalformedError
from kartenwart.domain.inventory import CardType

_BY_MASTER_FILE = {identifier: card_type for card_type, identifier in object_systems.MASTER_FILES.items()}


def recognise(channel: Channel, atr: bytes, *, reader_bytes: int = 0) -> Card:
    """Return the card in a reader; UNKNOWN where it answers and is none of ours.

    `reader_bytes` is the longest APDU that the reader takes, 0 where it does not say. The card's MF or KVK application
    is selected then. WorldError CARD_FAULT where garbage comes.
    """
    link = CardLink(channel, Lengths())
    link.answer(commands.MASTER_FILE)
    card_type = _by_directory(link) or _by_selection(link)
    if card_type in object_systems.MASTER_FILES:
        lengths = _lengths(link, atr).within(reader_bytes)
        link = CardLink(Chaining(channel, lengths), lengths)
    return Card(type=card_type, link=link)


def _by_directory(link: CardLink) -> CardType | None:
    """Return what the first record of EF.DIR says."""
    answer = link.answer(commands.read_record(object_systems.EF_DIR, 1))
    try:
        identifier = card_files.read_dir_record(answer.data) if answer.word == OK else b""
    except MalformedError:
        return None
    return _BY_MASTER_FILE.get(identifier)


def _by_selection(link: CardLink) -> CardType:
    """Ask for each MF by its full identifier, then for the application that readers show of a KVK."""
    for identifier, card_type in (*_BY_MASTER_FILE.items(), (object_systems.KVK, CardType.KVK)):
        if link.answer(commands.select_application(identifier)).word == OK:
            return card_type
    return CardType.UNKNOWN


def _lengths(link: CardLink, atr: bytes) -> Lengths:
    """Return what EF.ATR says, or else what the historical bytes of the ATR say."""
    answer = link.answer(commands.read_file(object_systems.EF_ATR, link.lengths.data_out))
    try:
        said = card_files.read_ef_atr(answer.data)
    except MalformedError:
        able = _capabilities(atr)
        return Lengths(extended=able.extended, chaining=able.chaining)
    return Lengths(
        extended=said.capabilities.extended,
        chaining=said.capabilities.chaining,
        command=said.command,
        answer=said.answer,
    )


def _capabilities(atr: bytes) -> Capabilities:
    try:
        return read_atr(atr).capabilities
    except MalformedError:
        return Capabilities()
