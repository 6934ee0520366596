"""Target models and checks of a Konnektor's information model as messages."""

from kartenwart.api.failure.v1 import failure_pb2
from kartenwart.api.konnektor.v1 import information_model_pb2 as model_pb2
from kartenwart.domain.information_model import Authentication, TargetMandant, TargetModel
from kartenwart.domain.model_check import Cell, ModelCheck, Subject, Verdict
from kartenwart.edge.convert.basics import EnumTable, timestamp
from kartenwart.edge.convert.failures import OWNERS, failure_message

AUTHENTICATIONS = EnumTable(model_pb2.ClientAuthentication, "CLIENT_AUTHENTICATION", Authentication)
SUBJECTS = EnumTable(model_pb2.ModelSubject, "MODEL_SUBJECT", Subject)
VERDICTS = EnumTable(model_pb2.ModelVerdict, "MODEL_VERDICT", Verdict)


def target_message(model: TargetModel) -> model_pb2.TargetModel:
    """Return what has to be entered in a Konnektor."""
    return model_pb2.TargetModel(
        konnektor=model.konnektor,
        client_systems=[
            model_pb2.TargetClientSystem(
                name=one.name, authentication=AUTHENTICATIONS.number(one.authentication), mandants=one.mandants
            )
            for one in model.client_systems
        ],
        workplaces=[
            model_pb2.TargetWorkplace(
                name=one.name,
                local_terminals=one.local_terminals,
                remote_terminals=one.remote_terminals,
                reached_terminals=one.reached,
                decided=one.decided,
            )
            for one in model.workplaces
        ],
        mandants=[_mandant_message(one) for one in model.mandants],
    )


def _mandant_message(mandant: TargetMandant) -> model_pb2.TargetMandant:
    return model_pb2.TargetMandant(
        name=mandant.name,
        client_systems=mandant.client_systems,
        workplaces=mandant.workplaces,
        terminals=mandant.terminals,
        assignments=[
            model_pb2.TargetAssignment(client_system=one.client_system, workplace=one.workplace)
            for one in mandant.assignments
        ],
        remote_pins=[
            model_pb2.TargetRemotePin(workplace=one.workplace, terminal=one.terminal) for one in mandant.remote_pins
        ],
        practice_cards=[
            model_pb2.TargetPracticeCard(terminal=one.terminal, slot_id=one.slot_id) for one in mandant.practice_cards
        ],
    )


def check_message(check: ModelCheck) -> model_pb2.ModelCheck:
    """Return what a Konnektor's answers say."""
    return model_pb2.ModelCheck(
        konnektor=check.konnektor,
        check_time=timestamp(check.checked_at),
        cells=[_cell_message(cell) for cell in check.cells],
    )


def _cell_message(cell: Cell) -> model_pb2.ModelCell:
    return model_pb2.ModelCell(
        context=cell.context,
        subject=SUBJECTS.number(cell.subject),
        item=cell.item,
        verdict=VERDICTS.number(cell.verdict),
        to_do=cell.to_do,
        owner=OWNERS.number(cell.owner) if cell.owner else failure_pb2.OWNER_UNSPECIFIED,
        failure=failure_message(cell.failure) if cell.failure else None,
    )
