import asyncio
import json
import socket
import ssl
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kartenwart.door.doors import enrolment_door, local_door
from kartenwart.edge.limits import Allowance, Limits
from kartenwart.edge.listening import PortTakenError
from kartenwart.edge.policy import Rate
from kartenwart.edge.shared import json as reply_json
from tests.unit.door.clients import COMMIT, NDJSON, SYSTEM, Current, at, details, local, who_am_i
from tests.unit.edge.opponents import Practice
from tests.unit.edge.requests import right


@pytest.fixture
def practice() -> Practice:
    return Practice(said={"GetSystem": who_am_i})


async def test_enrolment_shows_its_root_and_offers_the_exchange_only(practice: Practice) -> None:
    healthy = True
    door = enrolment_door(
        edge=practice.edge,
        methods=practice.methods,
        address="127.0.0.1",
        port=0,
        identity=Current(practice.site.server()),
        healthy=lambda: healthy,
    )
    blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    blind.check_hostname = False
    blind.verify_mode = ssl.CERT_NONE
    async with practice.edge, door, at(door, blind) as opened:
        async with opened.post(SYSTEM, json={}) as answer:
            assert answer.status == 404
        async with opened.post(COMMIT, json={}) as answer:
            assert answer.status == 400
        async with opened.post(COMMIT, json=reply_json(right(practice.methods[COMMIT[1:]].request))) as answer:
            assert answer.status == 200
        async with opened.get("/healthz") as answer:
            assert (answer.status, await answer.read()) == (200, b"")
        healthy = False
        async with opened.get("/healthz") as answer:
            assert (answer.status, await answer.read()) == (503, b"")
        _, writer = await asyncio.open_connection("127.0.0.1", door.port, ssl=blind)
        tls = writer.get_extra_info("ssl_object")
        chain = [certificate.public_bytes() for certificate in tls._sslobj.get_unverified_chain()]
        assert [pem.strip() for pem in chain][-1] == practice.site.root_pem.decode().strip()
        assert len(chain) == 2
        writer.close()
        await writer.wait_closed()


async def test_who_comes_with_many_connections_pushes_out_its_own_and_not_the_honest_one(practice: Practice) -> None:
    door = enrolment_door(
        edge=practice.edge,
        methods=practice.methods,
        address="127.0.0.1",
        port=0,
        identity=Current(practice.site.server()),
        healthy=lambda: True,
    )
    blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE

    async def connected(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", door.port, ssl=blind, local_addr=(address, 0))

    async with practice.edge, door:
        honest = await connected("127.0.0.2")
        crowd = [await connected("127.0.0.3") for _ in range(140)]  # the door holds 128
        honest[1].write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await honest[0].readline()).split()[1] == b"200"
        assert await asyncio.wait_for(crowd[0][0].read(), 5) == b"", "the crowd's oldest is out"
        assert not crowd[-1][0].at_eof(), "its newest came in"
        for _, writer in (honest, *crowd):
            writer.transport.abort()


async def test_strangers_are_slowed_down(practice: Practice) -> None:
    door = enrolment_door(
        edge=practice.edge,
        methods=practice.methods,
        address="127.0.0.1",
        port=0,
        identity=Current(practice.site.server()),
        healthy=lambda: True,
    )
    tls = ssl.create_default_context(cadata=practice.site.root_pem.decode())
    async with practice.edge, door, at(door, tls) as opened:
        seen = []
        for _ in range(30):
            async with opened.post(COMMIT, json={}) as answer:
                seen.append(answer.status)
                last = await answer.json()
        assert seen[:20] == [400] * 20
        assert 429 in seen[20:]
        assert "google.rpc.RetryInfo" in details(last) or seen[-1] == 400


async def test_the_person_at_the_box_is_known_by_the_kernel(practice: Practice, tmp_path: Path) -> None:
    path = tmp_path / "run" / "kartenwart.sock"
    async with local(practice, path) as opened:
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o750
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        async with opened.post(SYSTEM, json={}) as answer:
            caller = (await answer.json())["system"]["caller"]
        assert caller.startswith("local/")
        async with opened.post("/kartenwart.api.audit.v1.AuditService/VerifyAudit", json={}) as answer:
            assert answer.status == 200
        async with opened.post(COMMIT, json={}) as answer:
            assert answer.status == 404
        async with opened.get("/metrics") as answer:
            text = await answer.text()
            assert answer.status == 200
        assert (
            'kartenwart_calls_total{method="kartenwart.api.system.v1.SystemService/GetSystem",outcome="OK"} 1.0' in text
        )
        assert caller.removeprefix("local/") not in text
        async with opened.get("/healthz") as answer:
            assert answer.status == 200
        async with opened.post("/metrics") as answer:
            assert answer.status == 405
    assert not path.exists()


async def test_a_socket_left_behind_is_replaced_and_a_live_one_is_not(practice: Practice, tmp_path: Path) -> None:
    path = tmp_path / "kartenwart.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    async with local(practice, path) as opened:
        assert (await opened.get("/healthz")).status == 200
        second = local_door(edge=practice.edge, methods=practice.methods, path=path, group="", healthy=lambda: True)
        with pytest.raises(PortTakenError, match="another agent"):
            await second.__aenter__()
        assert (await opened.get("/healthz")).status == 200


async def test_whatever_body_comes_it_is_never_our_defect(tmp_path: Path) -> None:
    generous = {rate: Allowance(per_second=1e6, burst=1e6) for rate in Rate}
    practice = Practice(limits=Limits(rates=generous))
    path = tmp_path / "s"
    loop = asyncio.get_running_loop()
    async with local(practice, path) as opened:

        async def send(name: str, body: bytes) -> int:
            headers = {"Content-Type": "application/json", **NDJSON}
            async with opened.post(f"/{name}", data=body, headers=headers) as answer:
                if answer.content_type == "application/x-ndjson":
                    answer.close()
                return answer.status

        @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
        @given(
            st.sampled_from(sorted(practice.methods)),
            st.binary(max_size=200)
            | st.recursive(st.none() | st.integers() | st.text(max_size=9), st.lists).map(
                lambda v: json.dumps(v).encode()
            )
            | st.dictionaries(
                st.sampled_from(["card", "pin", "name", "wait", "documents", "scope"]), st.text() | st.integers()
            ).map(lambda value: json.dumps(value).encode()),
        )
        def hold(name: str, body: bytes) -> None:
            status = asyncio.run_coroutine_threadsafe(send(name, body), loop).result(10)
            assert status not in {500, 502}

        await asyncio.to_thread(hold)
    assert practice.reports == []


async def test_a_group_that_does_not_exist_is_said_in_clear_words(practice: Practice, tmp_path: Path) -> None:
    path = tmp_path / "run" / "kartenwart.sock"
    door = local_door(
        edge=practice.edge, methods=practice.methods, path=path, group="nobody-here", healthy=lambda: True
    )
    with pytest.raises(PortTakenError, match="group nobody-here"):
        await door.__aenter__()
    assert not path.exists()
