"""German words for what the contract names by enums, and times as people read them."""

from datetime import UTC
from typing import TYPE_CHECKING

from google.protobuf.timestamp_pb2 import Timestamp

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.certificate.v1 import certificate_pb2
from kartenwart.api.inventory.v1 import inventory_service_pb2 as inventory_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.konnektor.v1 import konnektor_pb2
from kartenwart.api.patient.v1 import patient_card_pb2
from kartenwart.api.reader.v1 import reader_pb2
from kartenwart.api.signature.v1 import comfort_signature_service_pb2 as comfort_pb2
from kartenwart.api.signature.v1 import signature_journal_service_pb2 as journal_pb2
from kartenwart.api.workstation.v1 import workstation_pb2

if TYPE_CHECKING:
    from kartenwart.client import Failure

CARD_TYPES: dict[int, str] = {
    card_pb2.CARD_TYPE_EGK: "eGK",
    card_pb2.CARD_TYPE_KVK: "KVK",
    card_pb2.CARD_TYPE_HBA: "HBA",
    card_pb2.CARD_TYPE_SMC_B: "SMC-B",
    card_pb2.CARD_TYPE_HSM_B: "HSM-B",
    card_pb2.CARD_TYPE_SMC_KT: "SMC-KT",
    card_pb2.CARD_TYPE_HBA_QSIG: "HBA-qSig",
    card_pb2.CARD_TYPE_UNKNOWN: "nicht erkannt",
}
CERTIFICATE_VERDICTS: dict[int, str] = {
    certificate_pb2.CERTIFICATE_VERDICT_OK: "in Ordnung",
    certificate_pb2.CERTIFICATE_VERDICT_EXPIRES_SOON: "läuft bald ab",
    certificate_pb2.CERTIFICATE_VERDICT_EXPIRED: "abgelaufen",
    certificate_pb2.CERTIFICATE_VERDICT_RSA_ONLY: "nur RSA",
    certificate_pb2.CERTIFICATE_VERDICT_UNKNOWN: "nicht bekannt",
}
CERTIFICATE_STATUSES: dict[int, str] = {
    certificate_pb2.CERTIFICATE_STATUS_VALID: "gültig",
    certificate_pb2.CERTIFICATE_STATUS_INCONCLUSIVE: "nicht zu entscheiden",
    certificate_pb2.CERTIFICATE_STATUS_INVALID: "ungültig",
}
PINS: dict[int, str] = {
    card_pb2.PIN_SMC: "PIN.SMC",
    card_pb2.PIN_CH: "PIN.CH",
    card_pb2.PIN_QES: "PIN.QES",
    card_pb2.PIN_MRPIN_NFD: "MRPIN.NFD",
    card_pb2.PIN_MRPIN_NFD_READ: "MRPIN.NFD_READ",
    card_pb2.PIN_MRPIN_DPE: "MRPIN.DPE",
    card_pb2.PIN_MRPIN_GDD: "MRPIN.GDD",
    card_pb2.PIN_MRPIN_OSE: "MRPIN.OSE",
    card_pb2.PIN_MRPIN_AMTS: "MRPIN.AMTS",
    card_pb2.PIN_AMTS_REP: "PIN.AMTS_REP",
}
PIN_STATES: dict[int, str] = {
    card_pb2.PIN_STATUS_VERIFIED: "freigeschaltet",
    card_pb2.PIN_STATUS_VERIFIABLE: "nicht freigeschaltet, PIN nötig",
    card_pb2.PIN_STATUS_TRANSPORT_PIN: "noch Transport-PIN",
    card_pb2.PIN_STATUS_EMPTY_PIN: "leere PIN",
    card_pb2.PIN_STATUS_BLOCKED: "gesperrt, PUK nötig",
    card_pb2.PIN_STATUS_DISABLED: "abgeschaltet",
}
PIN_OUTCOMES: dict[int, str] = {
    job_pb2.PIN_OUTCOME_VERIFIED: "freigeschaltet",
    job_pb2.PIN_OUTCOME_ALREADY_VERIFIED: "war schon freigeschaltet, niemand wurde gefragt",
    job_pb2.PIN_OUTCOME_REJECTED: "falsche PIN",
    job_pb2.PIN_OUTCOME_BLOCKED: "gesperrt, PUK nötig",
    job_pb2.PIN_OUTCOME_ABORTED: "am Terminal abgebrochen",
    job_pb2.PIN_OUTCOME_TIMED_OUT: "keine Eingabe",
    job_pb2.PIN_OUTCOME_CARD_REMOVED: "Karte gezogen",
    job_pb2.PIN_OUTCOME_OUTCOME_UNKNOWN: "unbekannt",
    job_pb2.PIN_OUTCOME_DONE: "erledigt",
    job_pb2.PIN_OUTCOME_NOT_ASKED: "niemand wurde gefragt",
}
PIN_VERBS: dict[int, str] = {
    job_pb2.PIN_VERB_VERIFY: "freischalten",
    job_pb2.PIN_VERB_CHANGE: "ändern",
    job_pb2.PIN_VERB_UNBLOCK: "entsperren",
    job_pb2.PIN_VERB_ENABLE: "einschalten",
    job_pb2.PIN_VERB_DISABLE: "abschalten",
}
PURPOSES: dict[str, str] = {"pvs": "PVS", "kim": "KIM", "agent": "Kartenwart"}
JOB_KINDS: dict[int, str] = {
    job_pb2.JOB_KIND_VERIFY_PIN: "PIN freischalten",
    job_pb2.JOB_KIND_SIGN_DOCUMENTS: "Signieren",
    job_pb2.JOB_KIND_BIND_USER: "Benutzer an HBA binden",
    job_pb2.JOB_KIND_CHANGE_PIN: "PIN ändern",
    job_pb2.JOB_KIND_UNBLOCK_PIN: "PIN entsperren",
    job_pb2.JOB_KIND_ENABLE_PIN: "PIN einschalten",
    job_pb2.JOB_KIND_DISABLE_PIN: "PIN abschalten",
    job_pb2.JOB_KIND_UNLOCK_PRACTICE_CARDS: "Praxiskarten freischalten",
    job_pb2.JOB_KIND_ACTIVATE_COMFORT_SIGNATURE: "Komfortsignatur einschalten",
    job_pb2.JOB_KIND_EXTERNAL_AUTHENTICATE: "Mit der Karte authentisieren",
    job_pb2.JOB_KIND_CREATE_LOGIN_TOKEN: "Anmelden mit der Karte",
    job_pb2.JOB_KIND_REQUEST_CARD: "Karte anfordern",
    job_pb2.JOB_KIND_EJECT_CARD: "Karte auswerfen",
}
JOB_STATES: dict[int, str] = {
    job_pb2.JOB_STATE_RECEIVED: "angenommen",
    job_pb2.JOB_STATE_READY: "bereit",
    job_pb2.JOB_STATE_SENT: "beim Konnektor",
    job_pb2.JOB_STATE_CANCELLING: "wird abgebrochen",
    job_pb2.JOB_STATE_SUCCEEDED: "erledigt",
    job_pb2.JOB_STATE_FAILED: "fehlgeschlagen",
    job_pb2.JOB_STATE_OUTCOME_UNKNOWN: "AUSGANG UNBEKANNT",
}
JOB_STEPS: dict[int, str] = {
    job_pb2.JOB_STEP_WAITING_FOR_CARD: "wartet, bis die Karte frei ist",
    job_pb2.JOB_STEP_SENT: "an den Konnektor gesendet",
    job_pb2.JOB_STEP_PIN_ENTRY: "ein Terminal fragt nach der PIN",
    job_pb2.JOB_STEP_PIN_ENTRY_FINISHED: "PIN-Eingabe beendet",
    job_pb2.JOB_STEP_DOCUMENT_SIGNED: "Dokument signiert",
    job_pb2.JOB_STEP_VERIFYING: "Signatur wird nachgerechnet",
    job_pb2.JOB_STEP_CANCEL_REQUESTED: "Abbruch gewünscht",
    job_pb2.JOB_STEP_STOP_SENT: "Konnektor um Abbruch gebeten",
    job_pb2.JOB_STEP_ROUND_FINISHED: "ein Schritt ist erledigt",
    job_pb2.JOB_STEP_CARD_REQUESTED: "ein Terminal bittet um eine Karte",
}
LINK_STATES: dict[int, str] = {
    konnektor_pb2.LINK_STATE_CONNECTING: "verbindet",
    konnektor_pb2.LINK_STATE_UP: "in Ordnung",
    konnektor_pb2.LINK_STATE_DEGRADED: "eingeschränkt",
    konnektor_pb2.LINK_STATE_DOWN: "gestört",
}
ONLINE_STATES: dict[int, str] = {
    konnektor_pb2.ONLINE_STATE_ONLINE: "online",
    konnektor_pb2.ONLINE_STATE_OFFLINE: "offline",
}
COMFORT_STATES: dict[int, str] = {
    comfort_pb2.COMFORT_STATE_DISABLED: "am Konnektor ausgeschaltet",
    comfort_pb2.COMFORT_STATE_INACTIVE: "nicht aktiv: Signieren fragt nach der PIN",
    comfort_pb2.COMFORT_STATE_ACTIVE: "aktiv",
    comfort_pb2.COMFORT_STATE_FOREIGN: "nicht feststellbar: Eine andere Freischaltung steht im Weg",
}

SIGNATURE_MODES: dict[int, str] = {
    journal_pb2.SIGNATURE_MODE_SINGLE: "einzeln, mit PIN",
    journal_pb2.SIGNATURE_MODE_BATCH: "Stapel, mit PIN",
    journal_pb2.SIGNATURE_MODE_COMFORT: "Komfort, mit Bestätigung",
    journal_pb2.SIGNATURE_MODE_PRACTICE: "Praxiskarte",
}

EVENTS: dict[int, str] = {
    inventory_pb2.EVENT_TYPE_CARD_INSERTED: "Karte gesteckt",
    inventory_pb2.EVENT_TYPE_CARD_REMOVED: "Karte gezogen",
    inventory_pb2.EVENT_TYPE_PIN_ENTRY_STARTED: "Terminal fragt nach PIN",
    inventory_pb2.EVENT_TYPE_PIN_ENTRY_FINISHED: "PIN-Eingabe beendet",
    inventory_pb2.EVENT_TYPE_PIN_STATE_CHANGED: "PIN-Zustand geändert",
    inventory_pb2.EVENT_TYPE_TERMINAL_CONNECTED: "Terminal verbunden",
    inventory_pb2.EVENT_TYPE_TERMINAL_DISCONNECTED: "Terminal getrennt",
    inventory_pb2.EVENT_TYPE_KONNEKTOR_UP: "Konnektor erreichbar",
    inventory_pb2.EVENT_TYPE_KONNEKTOR_DOWN: "Konnektor gestört",
    inventory_pb2.EVENT_TYPE_KONNEKTOR_REBOOTED: "Konnektor neu gestartet",
    inventory_pb2.EVENT_TYPE_CONDITION_SET: "Betriebszustand gemeldet",
    inventory_pb2.EVENT_TYPE_CONDITION_CLEARED: "Betriebszustand aufgehoben",
    inventory_pb2.EVENT_TYPE_TERMINAL_ADDED: "Terminal neu",
    inventory_pb2.EVENT_TYPE_TERMINAL_REMOVED: "Terminal entfallen",
    inventory_pb2.EVENT_TYPE_READER_ADDED: "Kartenleser angesteckt",
    inventory_pb2.EVENT_TYPE_READER_REMOVED: "Kartenleser abgezogen",
    inventory_pb2.EVENT_TYPE_COMFORT_SIGNATURE_ENDING: "Komfortsignatur endet bald",
    inventory_pb2.EVENT_TYPE_COMFORT_SIGNATURE_ENDED: "Komfortsignatur beendet",
}
SLOT_STATES: dict[int, str] = {
    reader_pb2.SLOT_STATE_EMPTY: "leer",
    reader_pb2.SLOT_STATE_PRESENT: "Karte steckt",
    reader_pb2.SLOT_STATE_MUTE: "Karte antwortet nicht",
    reader_pb2.SLOT_STATE_IN_USE: "von einem anderen Programm belegt",
}
REPLACEMENTS: dict[int, str] = {
    patient_card_pb2.REPLACEMENT_PROCEDURE_NOT_NEEDED: "nicht nötig",
    patient_card_pb2.REPLACEMENT_PROCEDURE_ALLOWED: "erlaubt",
    patient_card_pb2.REPLACEMENT_PROCEDURE_ANOTHER_INSERTION_FIRST: "erst die Karte noch einmal stecken",
    patient_card_pb2.REPLACEMENT_PROCEDURE_FORBIDDEN: "nicht erlaubt, die Karte ist ungültig",
}
RESULTS_OF_CHECKS: dict[int, str] = {
    patient_card_pb2.ONLINE_CHECK_RESULT_UPDATED: "Daten aktualisiert",
    patient_card_pb2.ONLINE_CHECK_RESULT_UP_TO_DATE: "Daten aktuell",
    patient_card_pb2.ONLINE_CHECK_RESULT_UPDATE_IMPOSSIBLE: "Aktualisierung nicht möglich",
    patient_card_pb2.ONLINE_CHECK_RESULT_CARD_INVALID: "Karte ungültig",
    patient_card_pb2.ONLINE_CHECK_RESULT_CHECK_IMPOSSIBLE: "Karte nicht prüfbar",
    patient_card_pb2.ONLINE_CHECK_RESULT_OFFLINE_TOO_LONG: "zu lange offline",
}
ROLES: dict[int, str] = {
    workstation_pb2.ROLE_VIEWER: "viewer",
    workstation_pb2.ROLE_WORKSTATION: "workstation",
    workstation_pb2.ROLE_SIGNER: "signer",
    workstation_pb2.ROLE_TECHNICIAN: "technician",
    workstation_pb2.ROLE_AUDITOR: "auditor",
}
WORKSTATION_STATES: dict[int, str] = {
    workstation_pb2.WORKSTATION_STATE_ACTIVE: "aktiv",
    workstation_pb2.WORKSTATION_STATE_REVOKED: "gesperrt",
}
OWNERS: dict[str, str] = {
    "PRACTICE": "Praxis",
    "TECHNICIAN": "Techniker",
    "SOFTWARE_VENDOR": "Softwarehersteller",
    "TI_PROVIDER": "TI-Anbieter",
    "CARD_ISSUER": "Kartenherausgeber",
    "GEMATIK": "Telematikinfrastruktur",
}


def why(failure: "Failure") -> list[str]:
    """Return the reason's name, the Konnektor's code and who must act."""
    words = [f"Grund {failure.reason}"]
    if failure.konnektor_code:
        words.append(f"Konnektor-Code {failure.konnektor_code}")
    if owner := OWNERS.get(failure.owner):
        words.append(f"zuständig: {owner}")
    return words


def word(words: dict[int, str], number: int) -> str:
    """Return the word, or the number where a newer box knows more."""
    return words.get(number, f"({number})" if number else "unbekannt")


def short(name: str) -> str:
    """Return the last part of a resource name."""
    return name.rpartition("/")[2]


def clock(time: Timestamp) -> str:
    """Return the local time of day."""
    return time.ToDatetime(tzinfo=UTC).astimezone().strftime("%H:%M:%S")


def moment(time: Timestamp) -> str:
    """Return local date and time; empty where there is none."""
    if not time.seconds:
        return ""
    return time.ToDatetime(tzinfo=UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def yes(value: bool) -> str:
    """Return ja or nein."""
    return "ja" if value else "nein"
