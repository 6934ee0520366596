"""The Python client of a box: find it, enrol, connect, call.

    async with connect() as box:
        for card in await box.cards.list():
            print(card.holder, card.certificate_expiry)

Names are loaded when they are first used, so that a program pays only for the way it takes (gRPC, JSON, mDNS).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kartenwart.client.box import Kartenwart, Signed
    from kartenwart.client.connection import connect, renew
    from kartenwart.client.discovery import FoundBox, discover
    from kartenwart.client.enrolment import Application, Reception, enrol, enrol_by_token, reception
    from kartenwart.client.failures import (
        BoxUnreachable,
        BoxUntrusted,
        CallFailed,
        EnrolmentRefused,
        Failure,
        JobFailed,
        KartenwartError,
        OutcomeUnknown,
        ProfileInvalid,
        Violation,
    )
    from kartenwart.client.local import DEFAULT_SOCKET, connect_locally
    from kartenwart.client.profile import Address, Pending, Profile, default_folder

_HOMES = {
    "box": ("Kartenwart", "Signed"),
    "connection": ("connect", "renew"),
    "discovery": ("FoundBox", "discover"),
    "enrolment": ("Application", "Reception", "enrol", "enrol_by_token", "reception"),
    "failures": (
        "BoxUnreachable",
        "BoxUntrusted",
        "CallFailed",
        "EnrolmentRefused",
        "Failure",
        "JobFailed",
        "KartenwartError",
        "OutcomeUnknown",
        "ProfileInvalid",
        "Violation",
    ),
    "local": ("DEFAULT_SOCKET", "connect_locally"),
    "profile": ("Address", "Pending", "Profile", "default_folder"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "DEFAULT_SOCKET",
    "Address",
    "Application",
    "BoxUnreachable",
    "BoxUntrusted",
    "CallFailed",
    "EnrolmentRefused",
    "Failure",
    "FoundBox",
    "JobFailed",
    "Kartenwart",
    "KartenwartError",
    "OutcomeUnknown",
    "Pending",
    "Profile",
    "ProfileInvalid",
    "Reception",
    "Signed",
    "Violation",
    "connect",
    "connect_locally",
    "default_folder",
    "discover",
    "enrol",
    "enrol_by_token",
    "reception",
    "renew",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its home; Python asks here only for names that are not loaded yet."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return value
