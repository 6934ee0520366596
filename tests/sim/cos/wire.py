"""Talking to a simulated card as a reader does."""

from typing import NamedTuple

from firmware_sim.cos.chips import Chip

ESIGN = "A000000167455349474E"
QES = "D27600006601"
HCA = "D27600000102"


class Reply(NamedTuple):
    """What came back, the status word in hexadecimal."""

    data: bytes
    word: str


def send(chip: Chip, command: str) -> Reply:
    """One command, in hexadecimal with any spaces."""
    answer = chip.transmit(bytes.fromhex(command))
    return Reply(answer[:-2], answer[-2:].hex().upper())


def words(chip: Chip, *commands: str) -> list[str]:
    """The status words of several commands."""
    return [send(chip, command).word for command in commands]


def block(digits: str) -> str:
    """A format-2 block in hexadecimal."""
    return f"2{len(digits):X}{digits}".ljust(16, "F")


def verify(chip: Chip, reference: str, digits: str) -> str:
    return send(chip, f"002000{reference}08{block(digits)}").word


def status(chip: Chip, reference: str) -> str:
    return send(chip, f"802000{reference}").word


def change(chip: Chip, reference: str, old: str, new: str) -> str:
    return send(chip, f"002400{reference}10{block(old)}{block(new)}").word


def select(chip: Chip, aid: str = "") -> str:
    return send(chip, f"00A4040C{len(aid) // 2:02X}{aid}" if aid else "00A4040C").word


def choose(chip: Chip, operation: str, key: int, algorithm: int) -> str:
    return send(chip, f"002241{operation}068401{key:02X}8001{algorithm:02X}").word


def sign(chip: Chip, digest: bytes) -> Reply:
    return send(chip, f"002A9E9A{len(digest):02X}{digest.hex()}00")


def read(chip: Chip, short: int) -> Reply:
    """The whole of a file of bytes, in one extended command."""
    return send(chip, f"00B0{0x80 | short:02X}00000000")
