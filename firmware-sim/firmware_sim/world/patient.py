"""What is stored of an insured person on a patient's card, and how that card fares online. Everything is invented."""

from dataclasses import dataclass
from typing import Literal

OnlineOutcome = Literal[
    "no_update", "updated", "update_failed", "certificate_invalid", "check_failed", "offline_too_long"
]
# E of the proof (Schema Pruefungsnachweis 1.0).
RESULT_OF: dict[OnlineOutcome, int] = {
    "updated": 1,
    "no_update": 2,
    "update_failed": 3,
    "certificate_invalid": 4,
    "check_failed": 5,
    "offline_too_long": 6,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PatientConfiguration:
    """The data of one insured person; dates are YYYYMMDD. Without names those of the card's holder count.

    `schema` is that of the containers; `online` is how a check of the card ends; `moves_to` is the street that an
    update brings. `read_error` ends every reading with this code (106, 107, 113, 114, 3001, 3011 ...), 0 none.
    `card_to_card` false: no mutual authentication, so no protected data. `checksum` of a KVK may be wrong.
    """

    family_name: str = ""
    given_name: str = ""
    title: str = ""
    birth_date: str = "19640812"
    gender: Literal["M", "W", "X", "D"] = "W"
    street: str = "Ahornweg"
    house_number: str = "7"
    postal_code: str = "12345"
    city: str = "Musterhausen"
    country: str = "D"
    insurer: str = "Erfundene Krankenkasse TEST-ONLY"
    insurer_number: str = "109500969"
    insured_since: str = "20010101"
    insured_until: str = ""
    status: Literal["1", "3", "5"] = "1"
    region: str = "98"
    co_payment_free: bool = False
    special_group: str = ""
    disease_programme: str = ""
    schema: Literal["5.2", "5.1", "pkv1.0"] = "5.2"
    online: OnlineOutcome = "no_update"
    moves_to: str = ""
    read_error: int = 0
    card_to_card: bool = True
    checksum: Literal["right", "wrong"] = "right"
