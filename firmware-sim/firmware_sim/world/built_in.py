"""The cards that nobody inserts: the gSMC-K of a Konnektor and the gSMC-KT of a terminal."""

import zlib


def gsmck_name(konnektor: str) -> str:
    """The name under which the gSMC-K of a Konnektor keeps its keys."""
    return f"gSMC-K {konnektor}"


def gsmckt_name(terminal: str) -> str:
    """The name under which the gSMC-KT of a terminal keeps its keys."""
    return f"gSMC-KT {terminal}"


def built_in_iccsn(name: str) -> str:
    """An invented ICCSN that stays the same for a name, 20 digits."""
    return f"8027600101169999{zlib.crc32(name.encode()) % 10_000:04d}"
