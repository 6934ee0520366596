"""What a command brings: data and a status word."""

from dataclasses import dataclass

from firmware_sim.cos import words


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """`data` is all there is; how much of it goes out depends on what the caller takes."""

    data: bytes = b""
    word: int = words.OK
