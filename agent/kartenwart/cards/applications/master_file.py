"""The MF of an eGK, HBA, SMC-B or gSMC-KT."""

from kartenwart.cards import commands, object_systems
from kartenwart.cards.card import Card
from kartenwart.cards.outcomes import OK, Asked
from kartenwart.cards.refusal import decoding
from kartenwart.codecs import card_files
from kartenwart.codecs.card_files import Version2

_MOST_RECORDS = 32


class MasterFile:
    """What every card of generation 2 says of itself; free to read on contacts."""

    def __init__(self, card: Card) -> None:
        self._link = card.link
        self._link.ask(commands.MASTER_FILE, Asked.APPLICATION)

    def iccsn(self) -> str:
        """Return the ICCSN, 20 digits: never for logs, names or errors."""
        with decoding():
            return card_files.read_gdo(self._link.read(object_systems.EF_GDO))

    def version(self) -> Version2:
        """Return the versions of the object system and the product."""
        with decoding():
            return card_files.read_version2(self._link.read(object_systems.EF_VERSION_2))

    def applications(self) -> tuple[bytes, ...]:
        """Return the identifiers in EF.DIR, the MF's own first."""
        found: list[bytes] = []
        for number in range(1, _MOST_RECORDS + 1):
            answer = self._link.answer(commands.read_record(object_systems.EF_DIR, number))
            if answer.word != OK:
                break
            with decoding():
                found.append(card_files.read_dir_record(answer.data))
        return tuple(found)
