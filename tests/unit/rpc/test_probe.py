import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kartenwart.edge.identity import ServerIdentity
from kartenwart.rpc.probe import Probe
from kartenwart.rpc.server import RpcServer
from tests.unit.edge.opponents import Practice
from tests.unit.edge.pki import Site


@pytest.fixture
def practice() -> Practice:
    return Practice()


@asynccontextmanager
async def serving(practice: Practice, address: str = "127.0.0.1", port: int = 0) -> AsyncIterator[RpcServer]:
    identity = practice.site.server()
    server = RpcServer(
        edge=practice.edge, methods=practice.methods, address=address, port=port, identity=lambda: identity
    )
    async with practice.edge, server:
        yield server


class Certificates:
    """Makes the probe's certificate, and counts how often."""

    def __init__(self, issuer: Site, site: Site) -> None:
        self.made = 0
        self._issuer = issuer
        self._site = site

    def __call__(self) -> ServerIdentity:
        self.made += 1
        leaf = self._issuer.leaf("watchdog")
        return ServerIdentity(chain_pem=leaf.pem, key_pem=leaf.key_pem, root_pem=self._site.root_pem)


def probing(port: int, certificates: Certificates, listening: str = "127.0.0.1") -> Probe:
    return Probe(listening=listening, port=port, name="box-test", identity=certificates)


@pytest.mark.parametrize("listening", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 - as the box listens
async def test_a_server_that_serves_answers_again_and_again_on_one_connection(
    practice: Practice, listening: str
) -> None:
    certificates = Certificates(practice.site, practice.site)
    async with serving(practice, listening) as server, probing(server.port, certificates, listening) as probe:
        assert [await probe.answers(5) for _ in range(3)] == [True] * 3

    assert certificates.made == 1
    assert practice.audit.entries == []
    assert practice.reports == []


async def test_a_port_that_is_closed_does_not_answer_and_one_that_opens_later_does(
    practice: Practice, free_port: int
) -> None:
    async with probing(free_port, Certificates(practice.site, practice.site)) as probe:
        assert not await probe.answers(5)
        async with serving(practice, port=free_port):
            assert await probe.answers(5)


async def test_a_port_that_accepts_and_says_nothing_does_not_answer(practice: Practice) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        async with probing(port, Certificates(practice.site, practice.site)) as probe:
            assert not await asyncio.wait_for(probe.answers(0.5), 5)


async def test_where_certificates_are_refused_tls_answers(practice: Practice) -> None:
    """A clock before the root's first day looks like this; a restart would mend nothing."""
    async with serving(practice) as server:
        async with probing(server.port, Certificates(Site("Foreign"), practice.site)) as probe:
            assert await probe.answers(5)
        async with probing(server.port, Certificates(practice.site, Site("Foreign"))) as probe:
            assert await probe.answers(5)


async def test_without_a_certificate_tls_answers_and_a_closed_port_does_not(practice: Practice) -> None:
    def none() -> ServerIdentity:
        raise ValueError("the root has ended")

    async with serving(practice) as server:
        async with Probe(listening="127.0.0.1", port=server.port, name="box-test", identity=none) as probe:
            assert await probe.answers(5)
        port = server.port
    async with Probe(listening="127.0.0.1", port=port, name="box-test", identity=none) as probe:
        assert not await probe.answers(5)


async def test_a_connection_that_broke_is_made_anew_with_a_fresh_certificate(
    practice: Practice, free_port: int
) -> None:
    certificates = Certificates(practice.site, practice.site)
    async with probing(free_port, certificates) as probe:
        async with serving(practice, port=free_port):
            assert await probe.answers(5)
        assert not await probe.answers(5)
        async with serving(Practice(site=practice.site), port=free_port):
            assert await probe.answers(5)
    assert certificates.made > 1
