"""German words for a certificate that does not stand well: whose it is decides what to do and who must act."""

from dataclasses import replace
from datetime import date

from kartenwart.domain.catalogue import failure
from kartenwart.domain.certificates import (
    SOON_DAYS,
    Bearer,
    CertificateState,
    CertificateVerdict,
    verdict_by_day,
)
from kartenwart.domain.failures import Failure, Owner, Reason
from kartenwart.domain.inventory import CardType

_PATIENT = "eGK"
_WHOSE = {
    Bearer.CARD: "der Karte",
    Bearer.TERMINAL: "der Karte im Kartenterminal (gSMC-KT)",
    Bearer.KONNEKTOR: "im Konnektor (gSMC-K)",
    _PATIENT: "der Gesundheitskarte",
}
_RENEW: dict[str, tuple[str, Owner]] = {
    Bearer.CARD: ("Bitte beim Kartenherausgeber eine Folgekarte bestellen.", Owner.CARD_ISSUER),
    Bearer.TERMINAL: (
        "Bitte den Techniker eine neue gSMC-KT besorgen und das Kartenterminal neu koppeln lassen.",
        Owner.TECHNICIAN,
    ),
    Bearer.KONNEKTOR: (
        "Bitte den Anbieter des Konnektors fragen: Die Laufzeit wird verlängert, oder das Gerät wird getauscht.",
        Owner.TI_PROVIDER,
    ),
    _PATIENT: ("Bitte den Patienten eine neue Karte bei seiner Krankenkasse anfordern lassen.", Owner.CARD_ISSUER),
}
_NOT_TOLD = {
    Bearer.TERMINAL: (
        "Bitte den Techniker am Konnektor nachsehen lassen: Manche Firmware nennt die Karten der Kartenterminals nicht."
    ),
    Bearer.KONNEKTOR: "Bitte den Techniker in der Verwaltung des Konnektors nachsehen lassen.",
}


def failure_of(state: CertificateState, today: date) -> Failure | None:
    """Return what is wrong and who must act, None where the verdict is OK.

    Where the Konnektor said why it does not tell, its own failure stands.
    """
    verdict = state.verdict(today)
    if verdict is CertificateVerdict.OK:
        return None
    if verdict is CertificateVerdict.RSA_ONLY:
        return failure(Reason.CERTIFICATE_RSA_ONLY, code=state.trouble.konnektor_code if state.trouble else 0)
    if verdict is CertificateVerdict.UNKNOWN:
        return state.trouble or _untold(state)
    return _ending(_whose(state), verdict, state.valid_until or today, today)


def condition_of(card_type: CardType, valid_until: date | None, today: date) -> Failure | None:
    """Return what a practice should be told of a card without asking: its certificate ends soon, or has ended.

    None while there is time, where the last day is not known, and for cards that are not the practice's own.
    """
    if valid_until is None or not (card_type.is_practice or card_type.is_person):
        return None
    verdict = verdict_by_day((valid_until - today).days, SOON_DAYS)
    return _ending(Bearer.CARD, verdict, valid_until, today) if verdict else None


def _untold(state: CertificateState) -> Failure:
    said = failure(Reason.CERTIFICATE_UNCHECKED)
    title = f"Wie lange das Zertifikat {_WHOSE[_whose(state)]} gilt, hat der Konnektor nicht gesagt."
    return replace(said, title=title, next_step=_NOT_TOLD.get(state.bearer, said.next_step))


def _ending(whose: str, verdict: CertificateVerdict, until: date, today: date) -> Failure:
    over, left = verdict is CertificateVerdict.EXPIRED, (until - today).days
    said = failure(Reason.CERTIFICATE_EXPIRED if over else Reason.CERTIFICATE_EXPIRES_SOON)
    subject, day = f"Das Zertifikat {_WHOSE[whose]}", f"am {until:%d.%m.%Y}"
    title = f"{subject} ist {day} abgelaufen." if over else f"{subject} läuft {day} ab, {_in_days(left)}."
    next_step, owner = _RENEW[whose]
    return replace(said, title=title, next_step=next_step, owner=owner)


def _in_days(left: int) -> str:
    return {0: "also heute", 1: "also morgen"}.get(left, f"in {left} Tagen")


def _whose(state: CertificateState) -> str:
    return _PATIENT if state.card_type is CardType.EGK else state.bearer
