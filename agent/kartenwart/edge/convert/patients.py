"""Readings of patients' cards as messages: personal data, which only the caller sees."""

from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.patient.v1 import patient_card_pb2
from kartenwart.domain.patients import (
    Address,
    CardData,
    CheckResult,
    ContainerKind,
    Insurance,
    Insurer,
    OnlineCheck,
    Person,
    Proof,
    ProtectedData,
    Reading,
    ReplacementProcedure,
    VsdStatus,
)
from kartenwart.edge.convert.basics import EnumTable, milliseconds, timestamp
from kartenwart.edge.convert.failures import failure_message

ONLINE_CHECKS = EnumTable(patient_card_pb2.OnlineCheck, "ONLINE_CHECK", OnlineCheck)
RESULTS = EnumTable(patient_card_pb2.OnlineCheckResult, "ONLINE_CHECK_RESULT", CheckResult)
REPLACEMENTS = EnumTable(patient_card_pb2.ReplacementProcedure, "REPLACEMENT_PROCEDURE", ReplacementProcedure)
KINDS = EnumTable(patient_card_pb2.ContainerKind, "CONTAINER_KIND", ContainerKind)


def reading_message(reading: Reading) -> patient_card_pb2.CardReading:
    """Return a reading; what was not read or not decoded stays absent."""
    message = patient_card_pb2.CardReading(
        card=reading.card,
        replacement_procedure=REPLACEMENTS.number(reading.replacement),
        failure=failure_message(reading.failure) if reading.failure else None,
        read_time=timestamp(reading.read_at),
        shared=reading.shared,
        times=job_pb2.JobTimes(
            queue=milliseconds(reading.times.queue),
            konnektor=milliseconds(reading.times.konnektor),
            checks=milliseconds(reading.times.checks),
        ),
    )
    if reading.data is not None:
        message.MergeFrom(_data(reading.data))
    return message


def _data(data: CardData) -> patient_card_pb2.CardReading:
    return patient_card_pb2.CardReading(
        person=_person(data.person) if data.person else None,
        insurance=_insurance(data.insurance) if data.insurance else None,
        protected_data=_protected(data.protected) if data.protected else None,
        status=_status(data.status) if data.status else None,
        proof=_proof(data.proof) if data.proof else None,
        containers=[
            patient_card_pb2.Container(kind=KINDS.number(kind), content=content)
            for kind, content in data.containers.items()
        ],
        undecoded=[
            patient_card_pb2.UndecodedContainer(kind=KINDS.number(one.kind), reason=one.why) for one in data.undecoded
        ],
    )


def _person(person: Person) -> patient_card_pb2.Person:
    return patient_card_pb2.Person(
        insured_id=person.insured_id,
        birth_date=person.birth_date,
        given_names=person.given_names,
        family_name=person.family_name,
        gender=person.gender,
        name_prefix=person.name_prefix,
        name_supplement=person.name_supplement,
        title=person.title,
        addresses=[_address(one) for one in person.addresses],
    )


def _address(address: Address) -> patient_card_pb2.Address:
    return patient_card_pb2.Address(
        postal_code=address.postal_code,
        city=address.city,
        country=address.country,
        street=address.street,
        house_number=address.house_number,
        supplement=address.supplement,
        post_box=address.post_box,
    )


def _insurer(insurer: Insurer) -> patient_card_pb2.Insurer:
    return patient_card_pb2.Insurer(number=insurer.number, country=insurer.country, name=insurer.name)


def _insurance(insurance: Insurance) -> patient_card_pb2.Insurance:
    return patient_card_pb2.Insurance(
        insurer=_insurer(insurance.insurer),
        billed_insurer=_insurer(insurance.billed_insurer) if insurance.billed_insurer else None,
        begin_date=insurance.begins,
        end_date=insurance.ends,
        private=insurance.private,
        status=insurance.status,
        region=insurance.region,
        tariff=insurance.tariff,
    )


def _protected(protected: ProtectedData) -> patient_card_pb2.ProtectedData:
    return patient_card_pb2.ProtectedData(
        co_payment_free=protected.co_payment_free,
        co_payment_free_until=protected.co_payment_free_until,
        special_group=protected.special_group,
        disease_programme=protected.disease_programme,
        medical_contract=protected.medical_contract,
        dental_contract=protected.dental_contract,
        contract_kinds=protected.contract_kinds,
        claim_suspended=protected.claim_suspended,
        suspended_from=protected.suspended_from,
        suspended_until=protected.suspended_until,
    )


def _status(status: VsdStatus) -> patient_card_pb2.VsdStatus:
    return patient_card_pb2.VsdStatus(
        open_transactions=status.open_transactions,
        update_time=timestamp(status.updated_at),
        version=status.version,
    )


def _proof(proof: Proof) -> patient_card_pb2.OnlineCheckProof:
    return patient_card_pb2.OnlineCheckProof(
        check_time=proof.checked,
        result=RESULTS.number(proof.result),
        code=proof.code,
        check_digit=proof.digit.decode("ascii"),
    )
