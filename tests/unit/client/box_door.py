"""A box's enrolment port as the contract describes it, on a real HTTPS port. Dishonest in the ways a test asks for."""

import itertools
import secrets
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google.protobuf import json_format
from google.protobuf.message import Message

from kartenwart.api.enrolment.v1 import enrolment_exchange_service_pb2 as exchange_pb2
from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.client import Address
from kartenwart.domain import enrolment
from kartenwart.domain.principals import Role
from tests.unit.client.site import Site

SERVICE = "/kartenwart.api.enrolment.v1.EnrolmentExchangeService"


class BoxDoor:
    """Plays the box; `decide` says what a technician does with a code, `lie` changes an answer before it leaves."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site = site
        self.folder = folder
        self.code = ""
        self.decision = exchange_pb2.ENROLMENT_STATE_PENDING
        self.lie: Callable[[Message], None] = lambda _: None
        self.closed = False
        self.tokens = {"einmal"}
        self._nonce = secrets.token_bytes(32)
        self._asked = exchange_pb2.CommitRequest()
        self._sequence = 0

    @asynccontextmanager
    async def open(self, *, with_root: bool = True, then: ssl.SSLContext | None = None) -> AsyncIterator[Address]:
        """Listen on a free port; with `then`, somebody else answers from the second handshake on."""
        app = web.Application()
        for name in ("Commit", "Reveal", "Poll", "RedeemToken"):
            app.router.add_post(f"{SERVICE}/{name}", getattr(self, name.lower()))
        runner = web.AppRunner(app)
        await runner.setup()
        tls = self.site.tls(self.folder, with_root=with_root)
        handshakes = itertools.count(1)

        def who_answers(connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
            if next(handshakes) > 1 and then is not None:
                connection.context = then

        tls.sni_callback = who_answers
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        try:
            yield Address(host="127.0.0.1", enrol_port=runner.addresses[0][1], grpc_port=4711)
        finally:
            await runner.cleanup()

    async def commit(self, request: web.Request) -> web.Response:
        if self.closed:
            body = {"code": "failed_precondition", "message": "closed", "details": []}
            return web.json_response(body, status=400)
        self._asked = json_format.Parse(await request.text(), exchange_pb2.CommitRequest())
        answer = exchange_pb2.CommitResponse(enrolment="enrolments/e-1", box_id=self.site.box_id, box_nonce=self._nonce)
        return self._answer(answer)

    async def reveal(self, request: web.Request) -> web.Response:
        nonce = json_format.Parse(await request.text(), exchange_pb2.RevealRequest()).workstation_nonce
        asked = self._asked
        role = Role(workstation_pb2.Role.Name(asked.role).removeprefix("ROLE_"))
        proof = enrolment.commitment(workstation_nonce=nonce, public_key=asked.public_key, role=role, label=asked.label)
        assert proof == asked.commitment
        self.code = enrolment.code(
            box_id=self.site.box_id,
            root_der=self.site.root.der,
            public_key=asked.public_key,
            role=role,
            label=asked.label,
            box_nonce=self._nonce,
            workstation_nonce=nonce,
        )
        return self._answer(exchange_pb2.RevealResponse())

    async def poll(self, request: web.Request) -> web.Response:
        asked = json_format.Parse(await request.text(), exchange_pb2.PollRequest())
        assert asked.sequence > self._sequence
        self._sequence = asked.sequence
        message = enrolment.poll_message(enrolment=asked.enrolment, box_nonce=self._nonce, sequence=asked.sequence)
        key = serialization.load_der_public_key(self._asked.public_key)
        assert isinstance(key, ec.EllipticCurvePublicKey)
        try:
            key.verify(asked.signature, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return web.json_response({"code": "permission_denied"}, status=403)
        answer = exchange_pb2.PollResponse(state=self.decision)
        if self.decision == exchange_pb2.ENROLMENT_STATE_APPROVED:
            answer.MergeFrom(self._granted(key))
        return self._answer(answer)

    async def redeemtoken(self, request: web.Request) -> web.Response:
        asked = json_format.Parse(await request.text(), exchange_pb2.RedeemTokenRequest())
        if asked.token not in self.tokens:
            return web.json_response({"code": "permission_denied"}, status=403)
        self.tokens.remove(asked.token)
        csr = x509.load_der_x509_csr(asked.certificate_request)
        assert csr.is_signature_valid
        granted = self._granted(csr.public_key())
        answer = exchange_pb2.RedeemTokenResponse(
            certificate=granted.certificate, root=granted.root, workstation=granted.workstation, role=granted.role
        )
        return self._answer(answer)

    def _granted(self, key: Any) -> exchange_pb2.PollResponse:
        return exchange_pb2.PollResponse(
            certificate=self.site.leaf("w-1", public=key).der,
            root=self.site.root.der,
            workstation="workstations/w-1",
            role=workstation_pb2.ROLE_WORKSTATION,
        )

    def _answer(self, message: Message) -> web.Response:
        self.lie(message)
        return web.json_response(json_format.MessageToDict(message))
