"""The simulator's fixtures, and the official schemas as judges of what it sends."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from tests.sim.conftest import client, pvs, session, sim_state, simulation, sink, sink_tls, world_text

__all__ = ["client", "pvs", "session", "sim_state", "simulation", "sink", "sink_tls", "world_text"]

_SCHEMAS = {
    "http://ws.gematik.de/conn/EventService/v7.2": "conn/EventService.xsd",
    "http://ws.gematik.de/conn/CardService/v8.1": "conn/CardService_v8_1_3.xsd",
    "http://ws.gematik.de/conn/CertificateService/v6.0": "conn/CertificateService_v6_0_2.xsd",
    "http://ws.gematik.de/conn/SignatureService/v7.4": "conn/SignatureService_V7_4_4.xsd",
    "http://ws.gematik.de/conn/SignatureService/v7.5": "conn/SignatureService_V7_5_5.xsd",
    "http://ws.gematik.de/conn/EncryptionService/v6.1": "conn/EncryptionService_v6_1_2.xsd",
    "http://ws.gematik.de/conn/ServiceDirectory/v3.1": "conn/ServiceDirectory.xsd",
    "http://ws.gematik.de/conn/CardTerminalService/v1.1": "conn/CardTerminalService.xsd",
    "http://ws.gematik.de/conn/vsds/VSDService/v5.2": "conn/vsds/VSDService.xsd",
    "http://ws.gematik.de/conn/vsds/KvkService/v4.0": "conn/vsds/KvkService.xsd",
    "http://ws.gematik.de/fa/vsdm/vsd/v5.2": "fa/vsds/Schema_VSD.xsd",
    "http://ws.gematik.de/fa/vsdm/vsd_pkv/v1.0": "fa/vsds/Schema_VSD_PKV.xsd",
    "http://ws.gematik.de/fa/vsdm/pnw/v1.0": "fa/vsds/Pruefungsnachweis.xsd",
    "http://ws.gematik.de/tel/error/v2.0": "tel/error/TelematikError.xsd",
}

Judge = Callable[[etree._Element], None]


@pytest.fixture(scope="session")
def judge(shared: Path) -> Judge:
    """Fails the test when an element is not valid by the official schema of its namespace."""
    compiled: dict[str, etree.XMLSchema] = {}

    def check(root: etree._Element) -> None:
        if root.tag == "{http://schemas.xmlsoap.org/soap/envelope/}Fault":
            names = [etree.QName(each).localname for each in root]
            assert names == ["faultcode", "faultstring", "detail"]
            root = root[2][0]
        namespace = etree.QName(root).namespace or ""
        if namespace not in compiled:
            file = shared / "schemas" / "konnektor" / _SCHEMAS[namespace]
            compiled[namespace] = etree.XMLSchema(etree.parse(file))
        compiled[namespace].assertValid(etree.ElementTree(copy.deepcopy(root)))

    return check
