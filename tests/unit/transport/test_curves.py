"""Brainpool needs OpenSSL configured before `ssl` is imported, so both ends run as processes of their own."""

import json
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from kartenwart.transport.curves import CONFIGURATION, prepare
from tests.processes import Start
from tests.unit.transport.peers import make

SERVER = """
import json, socket, ssl, sys
certificate, clients, ready = sys.argv[1:4]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate)
if clients:
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(clients)
with socket.create_server(("127.0.0.1", 0)) as server:
    print(json.dumps({"port": server.getsockname()[1]}), flush=True)
    peer, _ = server.accept()
    with context.wrap_socket(peer, server_side=True) as wrapped:
        wrapped.recv(65536)
        body = json.dumps({"version": wrapped.version(), "client": wrapped.getpeercert(True) is not None}).encode()
        wrapped.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
        wrapped.recv(1)
"""

CLIENT = """
import sys
if sys.argv[1] == "prepared":
    from kartenwart.transport.curves import prepare
    prepare()
import asyncio
from pathlib import Path
from kartenwart.transport.credentials import from_pem
from kartenwart.transport.endpoint import parse_endpoint
from kartenwart.transport.http import Request, connect
from kartenwart.transport.trust import PinTrust, tls_client

async def main():
    client = from_pem(Path(sys.argv[4]).read_bytes(), Path(sys.argv[4]).read_bytes()) if sys.argv[4] else None
    tls = tls_client(PinTrust(sha256=sys.argv[3]), client)
    connection = await connect(parse_endpoint("https://127.0.0.1:" + sys.argv[2]), tls, seconds=10)
    answer = await connection.exchange(Request(method="GET", path="/"), seconds=10, limit=1000)
    await connection.close()
    print("answer " + answer.body.decode())

asyncio.run(main())
"""


@pytest.mark.parametrize("server_curve", ["p256", "brainpool"])
@pytest.mark.parametrize("client_curve", ["", "brainpool"])
async def test_brainpool_servers_and_keys(tmp_path: Path, start: Start, server_curve: str, client_curve: str) -> None:
    curves: dict[str, ec.EllipticCurve] = {"p256": ec.SECP256R1(), "brainpool": ec.BrainpoolP256R1()}
    identity = make("konnektor", key=ec.generate_private_key(curves[server_curve]))
    (tmp_path / "server.pem").write_bytes(identity.certificate_pem + identity.key_pem)
    clients = own = ""
    if client_curve:
        client = make("client", key=ec.generate_private_key(curves[client_curve]))
        (tmp_path / "client.pem").write_bytes(client.certificate_pem + client.key_pem)
        clients = own = str(tmp_path / "client.pem")
    configured = {"OPENSSL_CONF": str(CONFIGURATION)}
    server = await start(sys.executable, "-c", SERVER, tmp_path / "server.pem", clients, "", **configured)
    port = json.loads(await server.line('"port"'))["port"]
    peer = await start(sys.executable, "-c", CLIENT, "prepared", str(port), identity.pin, own)
    answer = json.loads((await peer.line("answer ")).removeprefix("answer "))
    assert answer["client"] is bool(client_curve)
    assert answer["version"] == ("TLSv1.2" if "brainpool" in (server_curve, client_curve) else "TLSv1.3")


async def test_without_the_configuration_a_brainpool_server_cannot_be_reached(tmp_path: Path, start: Start) -> None:
    identity = make("konnektor", key=ec.generate_private_key(ec.BrainpoolP256R1()))
    (tmp_path / "server.pem").write_bytes(identity.certificate_pem + identity.key_pem)
    server = await start(sys.executable, "-c", SERVER, tmp_path / "server.pem", "", "", OPENSSL_CONF=str(CONFIGURATION))
    port = json.loads(await server.line('"port"'))["port"]
    peer = await start(sys.executable, "-c", CLIENT, "plain", str(port), identity.pin, "")
    assert "answer" not in await peer.line("kartenwart.transport.troubles")


def test_an_administrator_s_configuration_is_kept_and_being_late_is_said() -> None:
    environ = {"OPENSSL_CONF": "/etc/own.cnf"}
    prepare(environ)
    assert environ == {"OPENSSL_CONF": "/etc/own.cnf"}
    with pytest.raises(RuntimeError, match="before anything imports ssl"):
        prepare({})
