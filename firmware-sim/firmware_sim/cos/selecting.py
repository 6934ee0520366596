"""SELECT: applications by AID, files by identifier; and the control parameters (FCP) that it may tell."""

from collections.abc import Iterator

from firmware_sim.cos import words
from firmware_sim.cos.access import ACTIVATED
from firmware_sim.cos.answer import Answer
from firmware_sim.cos.apdu import Command
from firmware_sim.cos.channel import LogicalChannel
from firmware_sim.cos.objects import ElementaryFile, Folder, TransparentFile
from firmware_sim.cos.tlv import tlv
from firmware_sim.cos.words import Refused

_BY_FILE, _PARENT, _BY_AID = 0x02, 0x03, 0x04
_FCP, _NOTHING, _NEXT = 0x04, 0x0C, 0x02
_SHORTEST_AID, _LONGEST_AID = 5, 16
_DESCRIPTOR = {"linear_fixed": 0x02, "linear_variable": 0x04, "cyclic": 0x06}


def select(channel: LogicalChannel, command: Command) -> Answer:
    """P1 04 an application (without data the MF), 02 a file, 03 the folder above; P2 04 tells the FCP, 0C nothing."""
    if command.p1 not in (_BY_AID, _BY_FILE, _PARENT) or command.p2 & ~_NEXT not in (_FCP, _NOTHING):
        raise Refused(words.WRONG_PARAMETERS)
    chosen: Folder | ElementaryFile
    if command.p1 == _BY_FILE:
        chosen = channel.file = _file(channel, command.data_of(2))
    else:
        chosen = _parent(channel, command) if command.p1 == _PARENT else _application(channel, command)
        channel.enter(chosen)
    told = command.p2 & ~_NEXT == _FCP
    return Answer(
        data=control_parameters(chosen) if told else b"", word=_WORDS.get(chosen.life_cycle, words.TERMINATED)
    )


_WORDS = {ACTIVATED: words.OK, "DEACTIVATED": words.DEACTIVATED}


def _file(channel: LogicalChannel, identifier: bytes) -> ElementaryFile:
    number = int.from_bytes(identifier, "big")
    found = next((file for file in channel.folder.files if file.identifier == number), None)
    if found is None:
        raise Refused(words.FILE_NOT_FOUND)
    return found


def _parent(channel: LogicalChannel, command: Command) -> Folder:
    command.without_data()
    if channel.folder.parent is None:
        raise Refused(words.FILE_NOT_FOUND)
    return channel.folder.parent


def _application(channel: LogicalChannel, command: Command) -> Folder:
    """The folder whose AID begins with the data; "next" goes on after the selected one."""
    if not command.data:
        return channel.master
    if not _SHORTEST_AID <= len(command.data) <= _LONGEST_AID:
        raise Refused(words.WRONG_LENGTH)
    fitting = list(_called(channel.master, command.data))
    if command.p2 & _NEXT and channel.folder in fitting:
        fitting = fitting[fitting.index(channel.folder) + 1 :]
    if not fitting:
        raise Refused(words.FILE_NOT_FOUND)
    return fitting[0]


def _called(master: Folder, beginning: bytes) -> Iterator[Folder]:
    for folder in master.everything():
        if any(aid.startswith(beginning) for aid in folder.application_ids):
            yield folder


def control_parameters(thing: Folder | ElementaryFile) -> bytes:
    """The FCP template (62): size, descriptor, identifiers; life cycle 05 activated, 04 deactivated, 0C terminated."""
    state = {ACTIVATED: 0x05, "DEACTIVATED": 0x04}.get(thing.life_cycle, 0x0C)
    inside = _of_folder(thing) if isinstance(thing, Folder) else _of_file(thing)
    return tlv(0x62, inside + tlv(0x8A, bytes([state])))


def _of_folder(folder: Folder) -> bytes:
    identifier = b"" if folder.identifier is None else tlv(0x83, folder.identifier.to_bytes(2, "big"))
    return tlv(0x82, b"\x38") + identifier + b"".join(tlv(0x84, aid) for aid in folder.application_ids)


def _of_file(file: ElementaryFile) -> bytes:
    if isinstance(file, TransparentFile):
        described = tlv(0x80, file.size.to_bytes(2, "big")) + tlv(0x82, b"\x01")
    else:
        count = len(file.records())
        kind = bytes([_DESCRIPTOR[file.kind], 0x41]) + file.record_size.to_bytes(2, "big") + bytes([count])
        described = tlv(0x82, kind)
    short = b"" if file.short is None else tlv(0x88, bytes([file.short << 3]))
    return described + tlv(0x83, file.identifier.to_bytes(2, "big")) + short
