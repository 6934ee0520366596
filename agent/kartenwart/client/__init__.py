"""The Python client of a box: find it, enrol, connect, call.

async with connect() as box:
    for card in await box.cards.list():
        print(card.holder, card.certificate_expiry)
"""

from kartenwart.client.box import Kartenwart, Signed
from kartenwart.client.connection import DEFAULT_SOCKET, connect, connect_locally, renew
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
from kartenwart.client.profile import Address, Pending, Profile, default_folder

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
