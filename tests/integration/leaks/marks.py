"""A practice in which everything that must not leak is marked, and a search that finds a mark in many disguises."""

import base64
from pathlib import Path

from tests.processes import REPOSITORY

PATIENT, KVNR, LETTER = "Zwirbelnuss", "Q473918265", "Quarkstrudelbefund"
SMC_PIN, CH_PIN, QES_PIN, EGK_PIN, WRONG_PIN = "57306418", "61840275", "90315746", "28467190", "73920518"
SMC_PUK, NEW_PIN = "46820795", "39517284"
ICCSNS = tuple(f"80276001011699900{tail}" for tail in ("101", "102", "201", "202", "301"))
PINS = (SMC_PIN, CH_PIN, QES_PIN, EGK_PIN, WRONG_PIN, SMC_PUK, NEW_PIN)
DOCTORS = ICCSNS[2:4]  # in the certificates of their cards, which go with every signature
MARKS = (PATIENT, KVNR, LETTER, *PINS, *ICCSNS)
ALL_IN_ONE = f"Karte {ICCSNS[4]} von {PATIENT} ({KVNR}), PIN {SMC_PIN}: {LETTER}"

_IN_THE_WORLD = {
    "Erika Erfunden TEST-ONLY": f"Erika {PATIENT} TEST-ONLY",
    "X000000012": KVNR,
    '"135790"': f'"{SMC_PIN}"',
    '"13579024"': f'"{SMC_PUK}"',
    '"112233"': f'"{CH_PIN}"',
    '"445566"': f'"{QES_PIN}"',
    '"654321"': f'"{EGK_PIN}"',
}


def world(folder: Path) -> Path:
    """Write the simulator's own practice with marked people and PINs; return the file."""
    text = (REPOSITORY / "firmware-sim/firmware_sim/world/default.toml").read_text(encoding="utf-8")
    for before, marked in _IN_THE_WORLD.items():
        assert before in text, before
        text = text.replace(before, marked)
    assert all(iccsn in text for iccsn in ICCSNS)
    path = folder / "world.toml"
    path.write_text(text, encoding="utf-8")
    return path


def disguises(mark: str) -> set[bytes]:
    """How a mark could stand in bytes: as text, UTF-16, hexadecimal, or somewhere inside of base64."""
    raw = mark.encode()
    found = {raw, raw.lower(), raw.upper(), mark.encode("utf-16-le"), raw.hex().encode(), raw.hex().upper().encode()}
    for offset in range(3):  # the first and last characters depend on what stands beside the mark
        whole = slice((0, 2, 3)[offset], (offset + len(raw)) * 8 // 6)
        found |= {encode(b"\0" * offset + raw)[whole] for encode in (base64.b64encode, base64.urlsafe_b64encode)}
    return found


def found_in(sink: bytes, marks: tuple[str, ...] = MARKS) -> list[str]:
    """The marks that stand in a sink, in whatever disguise."""
    lower = sink.lower()
    return [mark for mark in marks if any(one in sink for one in disguises(mark)) or mark.lower().encode() in lower]
