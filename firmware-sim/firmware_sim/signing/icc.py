"""The sRGB profile that a PDF/A names as its output intent (ICC.1:1998-09, version 2.1; values of IEC 61966-2-1)."""

import struct
from functools import cache

_DESCRIPTION = "sRGB IEC61966-2.1"
_D50 = (0.9642, 1.0, 0.8249)
_PRIMARIES = {  # adapted to D50
    b"rXYZ": (0.4360747, 0.2225045, 0.0139322),
    b"gXYZ": (0.3850649, 0.7168786, 0.0971045),
    b"bXYZ": (0.1430804, 0.0606169, 0.7141733),
}
_CURVE_POINTS = 1024


@cache
def srgb_profile() -> bytes:
    """The profile: a matrix of primaries and one tone curve for all three channels."""
    tags = {b"desc": _description(), b"cprt": b"text\0\0\0\0Public domain\0", b"wtpt": _xyz(_D50)}
    tags |= {tag: _xyz(value) for tag, value in _PRIMARIES.items()}
    curve = _curve()
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, body = _tags(tags)
    return _header(128 + len(table) + len(body)) + table + body


def _tags(tags: dict[bytes, bytes]) -> tuple[bytes, bytes]:
    """The tag table and the data behind it; equal data is stored once."""
    table, body, places = struct.pack(">I", len(tags)), b"", dict[bytes, int]()
    start = 128 + 4 + 12 * len(tags)
    for tag, data in tags.items():
        if data not in places:
            places[data] = start + len(body)
            body += data + b"\0" * (-len(data) % 4)
        table += struct.pack(">4sII", tag, places[data], len(data))
    return table, body


def _header(size: int) -> bytes:
    date = struct.pack(">6H", 2024, 1, 1, 0, 0, 0)
    header = struct.pack(">I4sI4s4s4s", size, b"", 0x02100000, b"mntr", b"RGB ", b"XYZ ") + date + b"acsp"
    return header.ljust(68, b"\0") + _fixed(_D50) + b"\0" * 48


def _description() -> bytes:
    text = _DESCRIPTION.encode() + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * (4 + 4 + 2 + 1 + 67)


def _xyz(value: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(value)


def _fixed(value: tuple[float, float, float]) -> bytes:
    return struct.pack(">3i", *(round(number * 65536) for number in value))


def _curve() -> bytes:
    steps = [_linear(step / (_CURVE_POINTS - 1)) for step in range(_CURVE_POINTS)]
    return b"curv\0\0\0\0" + struct.pack(f">I{_CURVE_POINTS}H", _CURVE_POINTS, *(round(65535 * step) for step in steps))


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
