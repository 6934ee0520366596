"""The commands about PINs: VERIFY, GET PIN STATUS, CHANGE, RESET RETRY COUNTER, DISABLE and ENABLE.

A block of format 2: nibble 2, nibble length, digits, filled up with F to eight bytes. A block that is none is a wrong
PIN. What the card refuses before it compares (no right, transport state, a new PIN of the wrong length) costs no
attempt.
"""

import re
from collections.abc import Mapping

from firmware_sim.cos import words
from firmware_sim.cos.answer import Answer
from firmware_sim.cos.apdu import Command
from firmware_sim.cos.channel import LogicalChannel
from firmware_sim.cos.objects import Password
from firmware_sim.cos.words import Refused
from firmware_sim.world.card import Comparison, PinState

BLOCK = 8
_FORMAT_2 = re.compile(r"2([4-9a-c])([0-9]{4,12})(f*)")
_NEVER_SET = {PinState.TRANSPORT: words.TRANSPORT_PIN, PinState.EMPTY: words.EMPTY_PIN}
_MOST_TOLD = 0x0F


def verify(channel: LogicalChannel, command: Command) -> Answer:
    """Compare a PIN: 63CX wrong, 6983 blocked, 6985 while the password is in transport state."""
    password = _asked(channel, command, {0: BLOCK})
    _require_attempts(password)
    _require_regular(password)
    _compare(channel, password, command.data)
    channel.open(password)
    return Answer()


def status(channel: LogicalChannel, command: Command) -> Answer:
    """9000 verified, 62C1 transport PIN, 62C7 no PIN yet, 62D0 disabled, else 63CX with the attempts left."""
    password = _asked(channel, command, {0: 0})
    return Answer(word=_state(channel, password))


def change(channel: LogicalChannel, command: Command) -> Answer:
    """P1 00: old and new, also from the transport PIN; P1 01: the first PIN of a password that has none."""
    password = _asked(channel, command, {0: 2 * BLOCK, 1: BLOCK})
    first = bool(command.p1)
    _require_attempts(password)
    if password.never_set is (PinState.TRANSPORT if first else PinState.EMPTY):
        raise Refused(words.NOT_USABLE)
    new = _new_pin(password, command.data[-BLOCK:])
    if not first:
        _compare(channel, password, command.data[:BLOCK])
    password.root.pin.change(new)
    return Answer()


def reset(channel: LogicalChannel, command: Command) -> Answer:
    """P1 00: PUK and new PIN; 01: PUK alone; 02: new PIN without PUK, where the access rules allow that.

    A password in transport state cannot be helped, blocked or not: 6985.
    """
    password = _asked(channel, command, {0: 2 * BLOCK, 1: BLOCK, 2: BLOCK})
    _require_regular(password)
    new = None if command.p1 == 1 else _new_pin(password, command.data[-BLOCK:])
    if command.p1 == 2 and new is not None:
        password.root.pin.change(new)
        return Answer()
    channel.close(password)
    outcome = password.root.pin.unblock(_digits(command.data[:BLOCK]), new)
    if outcome is Comparison.WAS_BLOCKED:
        raise Refused(words.BLOCKED)
    if outcome is not Comparison.RIGHT:
        raise Refused(words.ATTEMPTS_LEFT | min(password.root.pin.puk_attempts_left, _MOST_TOLD))
    return Answer()


def disable(channel: LogicalChannel, command: Command) -> Answer:
    """Switch off the need for this PIN, after comparing it."""
    return _switch(channel, command, wanted=False)


def enable(channel: LogicalChannel, command: Command) -> Answer:
    """Switch it on again, after comparing the PIN."""
    return _switch(channel, command, wanted=True)


def _switch(channel: LogicalChannel, command: Command, *, wanted: bool) -> Answer:
    password = _asked(channel, command, {0: BLOCK})
    _require_attempts(password)
    _require_regular(password)
    _compare(channel, password, command.data)
    password.pin.enable(wanted)
    return Answer()


def _asked(channel: LogicalChannel, command: Command, sizes: Mapping[int, int]) -> Password:
    """The password that P2 names, when this command is allowed on it now; `sizes` of the data by mode (P1)."""
    if command.p1 not in sizes:
        raise Refused(words.WRONG_PARAMETERS)
    command.data_of(sizes[command.p1])
    password = channel.password(command.p2)
    channel.require(password, channel.home(command.p2), command)
    return password


def _require_attempts(password: Password) -> None:
    if password.root.pin.attempts_left == 0:
        raise Refused(words.BLOCKED)


def _require_regular(password: Password) -> None:
    if password.never_set is not None:
        raise Refused(words.NOT_USABLE)


def _compare(channel: LogicalChannel, password: Password, block: bytes) -> None:
    """The one comparison: it counts, spends an attempt when wrong, and takes the security status away then."""
    comparison = password.root.pin.compare(_digits(block))
    if comparison is Comparison.RIGHT:
        channel.counts.pin_tries_right += 1
        return
    channel.close(password)
    if comparison is Comparison.WAS_BLOCKED:
        raise Refused(words.BLOCKED)
    channel.counts.pin_tries_wrong += 1
    raise Refused(words.ATTEMPTS_LEFT | min(password.root.pin.attempts_left, _MOST_TOLD))


def _state(channel: LogicalChannel, password: Password) -> int:
    left = password.root.pin.attempts_left
    if channel.is_open(password):
        return words.OK
    if not password.enabled:
        return words.PIN_DISABLED
    if password.never_set is not None and left:
        return _NEVER_SET[password.never_set]
    return words.ATTEMPTS_LEFT | min(left, _MOST_TOLD)


def _new_pin(password: Password, block: bytes) -> str:
    digits = _digits(block)
    if len(digits) not in password.lengths:
        raise Refused(words.NOT_USABLE)
    return digits


def _digits(block: bytes) -> str:
    """The digits of a format-2 block, none when it is not one: that fits no PIN."""
    found = _FORMAT_2.fullmatch(block.hex())
    return found[2] if found and len(found[2]) == int(found[1], 16) else ""
