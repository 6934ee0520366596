"""The commands that use a private key, and the two that ask for chance."""

import secrets

from firmware_sim.cos import algorithms, environments, words
from firmware_sim.cos.answer import Answer
from firmware_sim.cos.apdu import Command
from firmware_sim.cos.channel import ChosenKey, LogicalChannel
from firmware_sim.cos.words import Refused

_SIGN, _DECIPHER, _VERIFY_CERTIFICATE = (0x9E, 0x9A), (0x80, 0x86), (0x00, 0xBE)
_MOST_RANDOM = 256
_CHALLENGES = (8, 16)


def perform(channel: LogicalChannel, command: Command) -> Answer:
    """PERFORM SECURITY OPERATION: compute a digital signature (9E 9A) or decipher (80 86)."""
    if (command.p1, command.p2) == _SIGN:
        chosen, data = _use(channel, command, environments.SIGN)
        if ".AUT" in chosen.key.name:  # with its key for authentication a card signs a challenge, not a document
            channel.counts.authentications += 1
        else:
            channel.counts.signatures += 1
        return Answer(data=data)
    if (command.p1, command.p2) == _DECIPHER:
        return Answer(data=_use(channel, command, environments.DECIPHER)[1])
    if (command.p1, command.p2) == _VERIFY_CERTIFICATE:
        raise Refused(words.UNSUPPORTED)
    raise Refused(words.WRONG_PARAMETERS)


def authenticate(channel: LogicalChannel, command: Command) -> Answer:
    """INTERNAL AUTHENTICATE: sign the caller's token."""
    if command.p1 or command.p2:
        raise Refused(words.WRONG_PARAMETERS)
    _, data = _use(channel, command, environments.AUTHENTICATE)
    channel.counts.authentications += 1
    return Answer(data=data)


def challenge(_channel: LogicalChannel, command: Command) -> Answer:
    """GET CHALLENGE: 8 or 16 bytes of chance."""
    size = _wanted(command)
    if size not in _CHALLENGES:
        raise Refused(words.WRONG_LENGTH)
    return Answer(data=secrets.token_bytes(size))


def random(channel: LogicalChannel, command: Command) -> Answer:
    """GET RANDOM: as many bytes of chance as are asked for."""
    size = _wanted(command)
    channel.require(channel.folder, channel.folder, command)
    return Answer(data=secrets.token_bytes(min(size, _MOST_RANDOM)))


def _use(channel: LogicalChannel, command: Command, operation: int) -> tuple[ChosenKey, bytes]:
    """Compute with the key that was chosen for this operation: 6985 none, 6982 no right, 6400 no key in its place."""
    if not command.data:
        raise Refused(words.WRONG_LENGTH)
    chosen = channel.chosen.get(operation)
    if chosen is None:
        raise Refused(words.NOT_USABLE)
    channel.require(chosen.key, channel.home(chosen.reference), command)
    if chosen.key.material is None:
        raise Refused(words.KEY_INVALID)
    return chosen, algorithms.run(chosen.algorithm, chosen.key.material, command.data)


def _wanted(command: Command) -> int:
    if command.p1 or command.p2:
        raise Refused(words.WRONG_PARAMETERS)
    if command.without_data().expected is None:
        raise Refused(words.WRONG_LENGTH)
    return command.expected or 0
