"""German words for the information model of a Konnektor."""

from kartenwart.api.failure.v1 import failure_pb2
from kartenwart.api.konnektor.v1 import information_model_pb2 as model_pb2
from kartenwart.cli.words import OWNERS

SUBJECTS: dict[int, str] = {
    model_pb2.MODEL_SUBJECT_MANDANT: "Mandant bekannt",
    model_pb2.MODEL_SUBJECT_CLIENT_SYSTEM: "Clientsystem bekannt",
    model_pb2.MODEL_SUBJECT_WORKPLACE: "Arbeitsplatz bekannt",
    model_pb2.MODEL_SUBJECT_NAMES: "Namen bekannt",
    model_pb2.MODEL_SUBJECT_IDENTITY: "Anmeldung gehört zum Clientsystem",
    model_pb2.MODEL_SUBJECT_CLIENT_SYSTEM_OF_MANDANT: "Clientsystem beim Mandanten",
    model_pb2.MODEL_SUBJECT_WORKPLACE_OF_MANDANT: "Arbeitsplatz beim Mandanten",
    model_pb2.MODEL_SUBJECT_WORKPLACE_OF_CLIENT_SYSTEM: "Arbeitsplatz beim Clientsystem",
    model_pb2.MODEL_SUBJECT_TERMINAL_OF_MANDANT: "Terminal beim Mandanten",
    model_pb2.MODEL_SUBJECT_TERMINAL_OF_WORKPLACE: "Terminal beim Arbeitsplatz",
    model_pb2.MODEL_SUBJECT_TERMINAL_LOCAL: "Terminal vor Ort (lokal)",
    model_pb2.MODEL_SUBJECT_PRACTICE_CARD_MANAGED: "SM-B verwaltet",
    model_pb2.MODEL_SUBJECT_PRACTICE_CARD_OF_MANDANT: "SM-B beim Mandanten",
    model_pb2.MODEL_SUBJECT_REMOTE_PIN: "Fern-PIN-Terminal",
}
VERDICTS: dict[int, str] = {
    model_pb2.MODEL_VERDICT_OK: "in Ordnung",
    model_pb2.MODEL_VERDICT_REFUSED: "fehlt",
    model_pb2.MODEL_VERDICT_UNKNOWN: "offen",
}
LOGINS: dict[int, str] = {
    model_pb2.CLIENT_AUTHENTICATION_CERTIFICATE: "Anmeldung mit Client-Zertifikat",
    model_pb2.CLIENT_AUTHENTICATION_PASSWORD: "Anmeldung mit Benutzer und Kennwort",
    model_pb2.CLIENT_AUTHENTICATION_NONE: "ohne Anmeldung",
}


_OWNERS = {number: OWNERS.get(name.removeprefix("OWNER_"), "") for name, number in failure_pb2.Owner.items()}


def owner_of(cell: model_pb2.ModelCell) -> str:
    """Return who has to act, empty where nobody has."""
    return _OWNERS.get(cell.owner, "")


def why_of(cell: model_pb2.ModelCell) -> str:
    """Return the Konnektor's code, or the reason's name where the link failed; empty where nothing was refused."""
    if cell.failure.konnektor_code or not cell.HasField("failure"):
        return str(cell.failure.konnektor_code or "")
    reason = cell.failure.reason
    return failure_pb2.Reason.Name(reason).removeprefix("REASON_") if reason in failure_pb2.Reason.values() else "?"
