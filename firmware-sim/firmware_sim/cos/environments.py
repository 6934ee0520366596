"""MANAGE SECURITY ENVIRONMENT: choose a key and an algorithm for what follows, or another environment."""

from firmware_sim.cos import words
from firmware_sim.cos.answer import Answer
from firmware_sim.cos.apdu import Command
from firmware_sim.cos.channel import ChosenKey, LogicalChannel
from firmware_sim.cos.tlv import data_objects
from firmware_sim.cos.words import Refused

AUTHENTICATE, SIGN, DECIPHER = 0xA4, 0xB6, 0xB8
_SET_PRIVATE, _SET_PUBLIC, _SET_PACE, _RESTORE = 0x41, 0x81, 0xC1, 0xF3
_MOST_ENVIRONMENTS = 4
_KEY, _PUBLIC_KEY, _ALGORITHM = 0x84, 0x83, 0x80

# One byte means another algorithm for another operation.
_ALGORITHMS = {
    SIGN: {0x00: "signECDSA", 0x02: "signPKCS1_V1_5", 0x05: "signPSS", 0x07: "sign9796_2_DS2"},
    AUTHENTICATE: {0x00: "elcRoleAuthentication", 0x05: "rsaClientAuthentication"},
    DECIPHER: {0x0B: "elcSharedSecretCalculation", 0x81: "rsaDecipherPKCS1", 0x85: "rsaDecipherOaep"},
}


def manage(channel: LogicalChannel, command: Command) -> Answer:
    """P1 41: key (DO 84) and algorithm (DO 80) for P2 B6, A4 or B8; P1 F3: environment P2 of the selected folder.

    P1 81 finds the key (DO 83) for card-verifiable certificates; checking one is beyond this card. PACE is too.
    """
    if command.p1 == _RESTORE:
        if not 1 <= command.without_data().p2 <= _MOST_ENVIRONMENTS:
            raise Refused(words.UNSUPPORTED)
        channel.restore_environment(command.p2)
        return Answer()
    if command.p1 == _SET_PACE:
        raise Refused(words.UNSUPPORTED)
    if command.p1 == _SET_PUBLIC:
        return _public_key(channel, command)
    if command.p1 != _SET_PRIVATE or command.p2 not in _ALGORITHMS:
        raise Refused(words.WRONG_PARAMETERS)
    channel.chosen[command.p2] = _choice(channel, command)
    return Answer()


def _public_key(channel: LogicalChannel, command: Command) -> Answer:
    if command.p2 not in (AUTHENTICATE, SIGN):
        raise Refused(words.WRONG_PARAMETERS)
    wanted = data_objects(command.data).get(_PUBLIC_KEY, b"")
    if all(wanted != key.identifier for folder in channel.folder.path for key in folder.public_keys):
        raise Refused(words.REFERENCE_NOT_FOUND)
    return Answer()


def _choice(channel: LogicalChannel, command: Command) -> ChosenKey:
    objects = data_objects(command.data)
    if set(objects) != {_KEY, _ALGORITHM} or any(len(value) != 1 for value in objects.values()):
        raise Refused(words.WRONG_DATA)
    reference = objects[_KEY][0]
    key = channel.key(reference)
    algorithm = _ALGORITHMS[command.p2].get(objects[_ALGORITHM][0], "")
    environment = channel.environment(channel.home(reference))
    if algorithm not in key.algorithms.get(environment, ()):
        raise Refused(words.UNSUPPORTED)
    return ChosenKey(reference=reference, key=key, algorithm=algorithm)
