import asyncio
import socket
import ssl
import time
from pathlib import Path

import pytest

from kartenwart.transport.credentials import from_pem
from kartenwart.transport.endpoint import parse_endpoint
from kartenwart.transport.http import Request, connect
from kartenwart.transport.pool import Pool
from kartenwart.transport.troubles import (
    AnswerError,
    CutError,
    RefusedError,
    SilentError,
    UnreachableError,
    UntrustedError,
)
from kartenwart.transport.trust import AuthorityTrust, PinTrust, TlsClient, tls_client
from tests.unit.transport.peers import blocking_server, make, raw_server, server_context

POST = Request(method="POST", path="/x", headers={"SOAPAction": '"a"'}, body=b"body")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_a_request_goes_out_once_and_whole() -> None:
    async with raw_server(OK, keep=True) as server:
        connection = await connect(parse_endpoint(server.url), None, seconds=5)
        answer = await connection.exchange(POST, seconds=5, limit=10)
        assert answer.body == b"ok"
        assert connection.reusable
        await connection.close()
    assert server.requests == [
        f"POST /x HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nAccept-Encoding: identity\r\nContent-Length: 4\r\n"
        'SOAPAction: "a"\r\n\r\nbody'.encode()
    ]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"", CutError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", CutError),
        (b"\x16\x03\x01 what\r\n\r\n", AnswerError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + b"x" * 11, AnswerError),
        (None, SilentError),
    ],
)
async def test_trouble_after_sending_is_typed_and_nothing_is_resent(
    answer: bytes | None, expected: type[Exception]
) -> None:
    async with raw_server(answer, OK) as server:
        connection = await connect(parse_endpoint(server.url), None, seconds=5)
        with pytest.raises(expected) as trouble:
            await connection.exchange(POST, seconds=0.3, limit=10)
        assert trouble.value.written  # type: ignore[attr-defined]
        await connection.close()
        await asyncio.sleep(0.1)
    assert len(server.requests) == 1
    assert server.connections == 1


async def test_redirects_are_not_followed() -> None:
    redirect = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n"
    async with raw_server(redirect, OK) as server:
        connection = await connect(parse_endpoint(server.url), None, seconds=5)
        assert (await connection.exchange(POST, seconds=5, limit=10)).status == 307
        await connection.close()
    assert len(server.requests) == 1


async def test_a_connection_that_ended_before_sends_nothing() -> None:
    async with raw_server() as server:
        connection = await connect(parse_endpoint(server.url), None, seconds=5)
    await asyncio.sleep(0.1)
    with pytest.raises(CutError) as cut:
        await connection.exchange(POST, seconds=5, limit=10)
    assert not cut.value.written
    await connection.close()


async def test_nobody_there_and_a_silent_port_are_unreachable(free_port: int) -> None:
    with pytest.raises(UnreachableError):
        await connect(parse_endpoint(f"http://127.0.0.1:{free_port}"), None, seconds=5)
    with pytest.raises(UnreachableError):
        await connect(parse_endpoint("http://konnektor.invalid"), None, seconds=5)
    with socket.create_server(("127.0.0.1", 0)) as quiet:
        endpoint = parse_endpoint(f"https://127.0.0.1:{quiet.getsockname()[1]}")
        with pytest.raises(UnreachableError):
            await connect(endpoint, tls_client(PinTrust(sha256="0" * 64)), seconds=0.3)


def test_headers_cannot_break_out_of_their_line() -> None:
    with pytest.raises(ValueError, match="line break"):
        Request(method="GET", path="/", headers={"A": "b\r\nC: d"}).head("host")
    with pytest.raises(ValueError, match="line break"):
        Request(method="GET", path="/ HTTP/1.1\r\nX: y").head("host")


class TestTrust:
    async def test_the_pinned_certificate_and_no_other(self, tmp_path: Path) -> None:
        ours, other = make("konnektor"), make("konnektor")
        for identity, trusted in ((ours, True), (other, False)):
            async with raw_server(OK, context=server_context(identity, tmp_path)) as server:
                endpoint = parse_endpoint(f"https://127.0.0.1:{server.port}")
                pinned = tls_client(PinTrust(sha256=":".join(ours.pin.upper()[i : i + 2] for i in range(0, 64, 2))))
                if trusted:
                    connection = await connect(endpoint, pinned, seconds=5)
                    assert (await connection.exchange(POST, seconds=5, limit=10)).status == 200
                    await connection.close()
                else:
                    with pytest.raises(UntrustedError) as refused:
                        await connect(endpoint, pinned, seconds=5)
                    assert not refused.value.written
                    assert server.requests == []

    @pytest.mark.parametrize(("name", "trusted"), [("konnektor.test", True), ("", False), ("another.test", False)])
    async def test_an_authority_vouches_for_the_expected_name_only(
        self, tmp_path: Path, name: str, trusted: bool
    ) -> None:
        authority = make("authority")
        identity = make("konnektor.test", issuer=authority)
        trust = AuthorityTrust(certificates_pem=authority.certificate_pem.decode(), expected_name=name)
        async with raw_server(OK, context=server_context(identity, tmp_path)) as server:
            endpoint = parse_endpoint(f"https://127.0.0.1:{server.port}")
            if trusted:
                await (await connect(endpoint, tls_client(trust), seconds=5)).close()
            else:
                with pytest.raises(UntrustedError):
                    await connect(endpoint, tls_client(trust), seconds=5)

    async def test_a_foreign_authority_and_an_expired_certificate_are_not_trusted(self, tmp_path: Path) -> None:
        authority = make("authority")
        for identity in (make("k", address="127.0.0.1"), make("k", issuer=authority, address="127.0.0.1", days=-1)):
            async with raw_server(OK, context=server_context(identity, tmp_path)) as server:
                trust = AuthorityTrust(certificates_pem=authority.certificate_pem.decode())
                with pytest.raises(UntrustedError):
                    await connect(parse_endpoint(f"https://127.0.0.1:{server.port}"), tls_client(trust), seconds=5)

    def test_what_is_no_fingerprint_or_authority_is_refused_in_words(self) -> None:
        with pytest.raises(ValueError, match="64 hexadezimalen"):
            PinTrust(sha256="ab" * 20)
        with pytest.raises(ValueError, match="Zertifizierungsstelle"):
            tls_client(AuthorityTrust(certificates_pem="rubbish"))


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("shown", ["none", "foreign"])
async def test_a_refused_certificate_is_told_apart_and_not_sent(tmp_path: Path, version: str, shown: str) -> None:
    identity, clients, stranger = make("k"), make("clients"), make("stranger")
    context = server_context(identity, tmp_path, clients)
    context.maximum_version = ssl.TLSVersion.TLSv1_3 if version == "1.3" else ssl.TLSVersion.TLSv1_2
    certificate = from_pem(stranger.certificate_pem, stranger.key_pem) if shown == "foreign" else None
    with blocking_server(context, OK) as (port, received):
        with pytest.raises(RefusedError) as refused:
            await post(port, tls_client(PinTrust(sha256=identity.pin), certificate))
        assert not refused.value.written
    assert received == []


async def post(port: int, tls: TlsClient) -> None:
    connection = await connect(parse_endpoint(f"https://127.0.0.1:{port}"), tls, seconds=5)
    await asyncio.sleep(0.1)
    try:
        await connection.exchange(POST, seconds=5, limit=10)
    finally:
        await connection.close()


async def test_our_certificate_is_shown(tmp_path: Path) -> None:
    identity, clients = make("k"), make("clients")
    client = make("client", issuer=clients)
    tls = tls_client(PinTrust(sha256=identity.pin), from_pem(client.certificate_pem, client.key_pem))
    with blocking_server(server_context(identity, tmp_path, clients), OK) as (port, received):
        connection = await connect(parse_endpoint(f"https://127.0.0.1:{port}"), tls, seconds=5)
        assert (await connection.exchange(POST, seconds=5, limit=10)).body == b"ok"
        await connection.close()
    assert len(received) == 1


class TestPool:
    async def test_idle_connections_are_used_again_until_they_are_old_or_ended(self) -> None:
        now = time.monotonic()
        async with raw_server(OK, OK, OK, keep=True) as server:
            endpoint = parse_endpoint(server.url)
            async with Pool(None, connect_seconds=5, monotonic=lambda: now, idle_seconds=10) as pool:
                first = await pool.fresh(endpoint)
                await first.exchange(POST, seconds=5, limit=10)
                await pool.put(endpoint, first)
                again = await pool.take(endpoint)
                assert again is first
                assert await pool.take(endpoint) is None
                await again.exchange(POST, seconds=5, limit=10)
                await pool.put(endpoint, again)
                now += 11
                assert await pool.take(endpoint) is None
        assert server.connections == 1

    async def test_those_that_nobody_takes_after_a_busy_moment_are_closed(self) -> None:
        now = time.monotonic()
        async with raw_server(OK, OK, OK, keep=True) as server:
            endpoint = parse_endpoint(server.url)
            async with Pool(None, connect_seconds=5, monotonic=lambda: now, idle_seconds=10) as pool:
                burst = [await pool.fresh(endpoint) for _ in range(3)]
                for one in burst:
                    await one.exchange(POST, seconds=5, limit=10)
                    await pool.put(endpoint, one)
                now += 9
                youngest = await pool.take(endpoint)
                assert youngest is burst[2]
                now += 2
                await pool.put(endpoint, youngest)
                assert [one.ended for one in burst] == [True, True, False]

    async def test_a_connection_in_doubt_is_not_kept(self) -> None:
        async with raw_server(None) as server:
            endpoint = parse_endpoint(server.url)
            async with Pool(None, connect_seconds=5, monotonic=time.monotonic) as pool:
                connection = await pool.fresh(endpoint)
                with pytest.raises(SilentError):
                    await connection.exchange(POST, seconds=0.1, limit=10)
                await pool.put(endpoint, connection)
                assert await pool.take(endpoint) is None
