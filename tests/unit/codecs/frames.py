"""CETP frames as a Konnektor makes them."""


def encode_frame(payload: bytes) -> bytes:
    """Return the frame around a payload: magic, four bytes of length (big-endian), XML."""
    return b"CETP" + len(payload).to_bytes(4, "big") + payload
