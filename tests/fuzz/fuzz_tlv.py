"""Data objects, APDUs and files of cards: any bytes. The first byte chooses who reads them.

Rules: a value or MalformedError, whose words do not repeat the bytes; what was read and is written again is read as the
same; no repr shows a value.
"""

from collections.abc import Callable

from kartenwart.codecs import card_files, tlv
from kartenwart.codecs.apdu import chain, read_command, read_response
from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.tlv import Tlv
from tests.fuzz.target import choice, hold

LONGEST_WORDS = 80
DEEPEST = 12


def judge(data: bytes) -> None:
    """Give it to one reader."""
    chosen, content = choice(data, len(READERS))
    try:
        READERS[chosen](content)
    except MalformedError as error:
        hold("an error has words of ours, not the card's", len(str(error)) <= LONGEST_WORDS)
        hold("an error carries nothing of the card in its chain", error.__cause__ is None)


def _objects(data: bytes) -> None:
    found = tlv.read_all(data)
    written = b"".join(each.encode() for each in found)
    hold("what was read is written as the same", tlv.read_all(written) == found)
    hold("no length is written longer than it was", len(written) <= len(data))
    hold("no repr shows a value", repr(found) == repr(tuple(Tlv(each.tag, b"") for each in found)))
    for each in found:
        _inside(each, DEEPEST)


def _inside(one: Tlv, deeper: int) -> None:
    if not (one.is_constructed and deeper):
        return
    for each in one.parts():
        _inside(each, deeper - 1)


def _beginning(data: bytes) -> None:
    size = tlv.size_of_first(data)
    hold("an object is not longer than its limit", size <= tlv.LIMIT + 7)
    first, rest = tlv.read_first(data)
    hold("an object ends where its beginning said", len(data) - len(rest) == size)
    hold("it is the only one when nothing follows", tlv.read_only(data[:size], first.tag) == first)


def read_a_command(data: bytes) -> None:
    """Hold a command against what is written of it."""
    command = read_command(data)
    hold("a command is written as the same", read_command(command.encode()) == command)
    links = list(chain(command))
    hold("links carry all of a command", b"".join(link.data for link in links) == command.data)
    hold("only the last link asks for an answer", not any(link.expected for link in links[:-1]))


def read_a_response(data: bytes) -> None:
    """Hold a response against what is written of it."""
    hold("a response is written as the same", read_response(data).encode() == data)


def _number(data: bytes) -> None:
    iccsn = card_files.read_gdo(data)
    hold("an ICCSN has 20 digits", len(iccsn) == card_files.ICCSN_DIGITS and iccsn.isdecimal() and iccsn.isascii())


def _record(data: bytes) -> None:
    hold("an application has an identifier", 5 <= len(card_files.read_dir_record(data)) <= 16)


def _version(data: bytes) -> None:
    version = card_files.read_version2(data)
    told = version.object_system + version.product + version.product_version
    hold("versions can be shown", told.isprintable() and told.isascii())


def _lengths(data: bytes) -> None:
    told = card_files.read_ef_atr(data)
    lengths = (told.command, told.answer, told.secured_command, told.secured_answer)
    hold("no length is shorter than any card has it", min(lengths) >= 0x100)


def _insurance(data: bytes) -> None:
    told = card_files.read_vd(data)
    for part in (told.insurance, told.protected):
        hold("a container is not empty and is of the file", part is None or (part and part in data))


def _status(data: bytes) -> None:
    told = card_files.read_status(data)
    hold("a time has 14 digits", len(told.updated) == 14 and told.updated.isdecimal())


def _container(data: bytes) -> None:
    hold("a container is of the file", card_files.read_container(data) in data)


READERS: tuple[Callable[[bytes], None], ...] = (
    _objects,
    _beginning,
    read_a_command,
    read_a_response,
    _number,
    _record,
    _version,
    _lengths,
    _container,
    _insurance,
    _status,
)
