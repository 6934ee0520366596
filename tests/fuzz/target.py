"""What every fuzz target shares: its room for what is kept and found, and how one input is judged."""

from collections.abc import Callable
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
NAMES = (
    *("cetp", "soap", "sds", "json", "enrolment", "vsd", "xmldsig"),
    *("atr", "tlv", "card", "card_certificates", "pcsc_pin", "ccid"),
)

Judge = Callable[[bytes], None]


class Broken(AssertionError):
    """An input that the agent answered against its own rules; the words name the rule."""


def hold(rule: str, kept: object) -> None:
    """Raise Broken where a rule is not kept: assertions may be switched off, findings may not."""
    if not kept:
        raise Broken(rule)


def choice(data: bytes, most: int) -> tuple[int, bytes]:
    """Take the first byte as a choice among `most`; an empty input chooses the first."""
    return (data[0] % most if data else 0), data[1:]
