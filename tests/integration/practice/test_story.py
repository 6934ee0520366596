"""The main job, once through, over real wires: enrol, look, unlock the SMC-B, bind a doctor, sign a letter."""

import uuid
from pathlib import Path

import pytest

from firmware_sim.signing import make_pdf
from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.pin.v1 import pin_service_pb2
from kartenwart.api.signature.v1 import signature_service_pb2
from kartenwart.api.user.v1 import user_service_pb2
from tests.practice import practice


@pytest.mark.timeout(90)
async def test_a_letter_gets_signed(tmp_path: Path) -> None:
    async with practice(tmp_path) as here:
        for terminal in ("kt-empfang", "kt-sprechzimmer"):
            await here.simulator.do(f"/pads/{terminal}/script", entries=[], default="type_right")
        async with here.technician() as box:
            await box.users.create("adler", "Dr. Adler")
        profile = await here.workstation("Sprechzimmer 1", contexts=("sprechzimmer", "empfang"), users=("adler",))
        async with here.connected(profile) as box:
            smcb, hba = await here.card(box, "SMC_B"), await here.card(box, "HBA", "0201")
            job = await box.pins.verify(
                pin_service_pb2.VerifyPinRequest(
                    request_id=str(uuid.uuid4()),
                    card=smcb,
                    context="contexts/empfang",
                    pin=card_pb2.PIN_SMC,
                    accept_unknown_attempts=True,
                )
            )
            job = await box.jobs.follow(job)
            assert job.verify_pin.outcome == job_pb2.PIN_OUTCOME_VERIFIED
            bound = await box.users.bind(
                user_service_pb2.BindUserRequest(request_id=str(uuid.uuid4()), user="users/adler", card=hba)
            )
            assert (await box.jobs.follow(bound)).state == job_pb2.JOB_STATE_SUCCEEDED
            letter = make_pdf("pdfa2")
            signed = await box.sign(
                letter,
                mime_type="application/pdf",
                format=signature_service_pb2.SIGNATURE_FORMAT_PADES,
                card=hba,
                user="users/adler",
                request_id=str(uuid.uuid4()),
            )
            assert signed.content.startswith(letter)
        counts = (await here.simulator.ask("/counts"))["cards"]
        assert counts["smcb-m1"]["verify_pin_calls"] == 1
        assert counts["hba-adler"]["verify_pin_calls"] == 1
        assert counts["hba-adler"]["signatures"] == counts["hba-adler"]["sign_document_calls"] == 1
