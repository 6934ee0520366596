"""What the box says of itself by mDNS: a hint and never trust, without practice or doctor name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What is announced: box id, site fingerprint (hex), ports, whether enrolment is open, and on which addresses.

    `interface` is an address to bind to; empty means all interfaces.
    """

    box_id: str
    fingerprint: str
    grpc_port: int
    json_port: int
    enrol_port: int
    enrolment_open: bool
    addresses: tuple[str, ...]
    interface: str = ""

    def properties(self) -> dict[str, str]:
        """Return the TXT record; txtvers comes first (RFC 6763, 6.7)."""
        return {
            "txtvers": "1",
            "api": "v1",
            "id": self.box_id,
            "fp": self.fingerprint[:16],
            "grpc": str(self.grpc_port),
            "json": str(self.json_port),
            "enrol": str(self.enrol_port),
            "open": "1" if self.enrolment_open else "0",
        }
