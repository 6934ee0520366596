"""XAdES answers and VerifyDocument of the simulator are valid by the official schemas."""

import pytest
from lxml import etree

from tests.conformance.sim.conftest import Judge
from tests.sim.soap_client import PrimarySystem, sign
from tests.sim.wire.test_portions import requests, stop, told
from tests.sim.wire.test_verification import ENVELOPED, ENVELOPING, verify, xades, xml_request


@pytest.mark.parametrize("options", [ENVELOPED, ENVELOPING])
async def test_xades_and_its_verification(pvs: PrimarySystem, judge: Judge, options: str) -> None:
    reply = await sign(pvs, await pvs.handle("SMC-B"), xml_request(options))
    judge(reply.root)
    assert told(reply)[0][0] == "OK"
    verified = await verify(pvs, data=("text/xml", xades(reply)))
    judge(verified.root)
    assert etree.QName(verified.root).localname == "VerifyDocumentResponse"


async def test_stopping_nothing(pvs: PrimarySystem, judge: Judge) -> None:
    judge((await stop(pvs, "AAA-001")).root)
    judge((await sign(pvs, await pvs.handle("SMC-B"), *requests(3))).root)
