"""AuthSignatureService 7.4: ExternalAuthenticate, a hash signed with C.AUT of an unlocked SM-B or HBA."""

import asyncio
import base64
import binascii

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from firmware_sim.konnektor.call import Call, Operation, Surroundings
from firmware_sim.konnektor.profiles import has
from firmware_sim.konnektor.requests import external_authenticate
from firmware_sim.konnektor.soap import status
from firmware_sim.konnektor.tampering import spoil_cades
from firmware_sim.konnektor.unlocking import require_unlocked
from firmware_sim.konnektor.xml import Element, element
from firmware_sim.pki import CardKeys
from firmware_sim.world.codes import KonnektorError

RSA = "urn:ietf:rfc:3447"
ECDSA = "urn:bsi:tr:03111:ecdsa"
_PSS, _PKCS1 = "RSASSA-PSS", "RSASSA-PKCS1-v1_5"
_BYTES = "application/octet-stream"
_HASHES: dict[int, hashes.HashAlgorithm] = {32: hashes.SHA256(), 48: hashes.SHA384(), 64: hashes.SHA512()}


class AuthenticationService:
    """The one operation of AuthSignatureService; its namespace is that of SignatureService 7.4."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._device = around.device

    def operations(self) -> list[Operation]:
        """The operation with its root element and shape."""
        root = "SIG74:ExternalAuthenticate"
        shape = external_authenticate()
        return [Operation(root=root, service="AuthSignatureService", shape=shape, handle=self.external_authenticate)]

    async def external_authenticate(self, call: Call) -> Element:
        """Sign a hash; which one it is follows from its length."""
        seen = self._device.admit(call.context, handle=call.text("CONN:CardHandle"))
        if seen is None:
            raise KonnektorError(self._device.configuration.behaviour.dead_handle)
        if seen.card.kind not in ("smcb", "hsmb", "hba"):
            raise KonnektorError(4058, "C.AUT of an HBA or SM-B signs, of no other card")
        kind = call.text("SIG74:OptionalInputs/dss:SignatureType") or RSA
        scheme = call.text("SIG74:OptionalInputs/SIG74:SignatureSchemes") or _PSS
        digest = _digest(call)
        self._check_kind(kind, scheme, digest)
        require_unlocked(self._device, call.context, seen)
        await asyncio.sleep(self._device.configuration.behaviour.signature_seconds)
        if seen not in self._device.cards:
            raise KonnektorError(4045)
        signature = await asyncio.to_thread(_signed, self._around.keys[seen.card.name], kind, scheme, digest)
        self._around.practice.counts.cards[seen.card.name].authentications += 1
        if call.corrupt_signature:
            signature = spoil_cades(signature)
        encoded = element("dss:Base64Signature", base64.b64encode(signature).decode(), Type=kind)
        return element(
            "SIG74:ExternalAuthenticateResponse",
            status(self._around.now()),
            element("dss:SignatureObject", encoded),
        )

    def _check_kind(self, kind: str, scheme: str, digest: bytes) -> None:
        """ECDSA and PSS go with SHA-256 only, and ECDSA came with version 7.4.1."""
        if kind not in (RSA, ECDSA):
            raise KonnektorError(4111, kind)
        if kind == ECDSA and not has(self._device.configuration, "AuthSignatureService", "7.4.1"):
            raise KonnektorError(4111, kind)
        if len(digest) != hashes.SHA256.digest_size and (kind == ECDSA or scheme == _PSS):
            raise KonnektorError(4111, "only with SHA-256")


def _digest(call: Call) -> bytes:
    data = call.request.find("{*}BinaryString/{*}Base64Data")
    if data is None or data.get("MimeType") != _BYTES:
        raise KonnektorError(4000, f"BinaryString takes Base64Data with MimeType {_BYTES}")
    try:
        digest = base64.b64decode("".join((data.text or "").split()), validate=True)
    except binascii.Error as error:
        raise KonnektorError(4000, "the hash is no base64") from error
    if len(digest) not in _HASHES:
        raise KonnektorError(4000, "a hash has 256, 384 or 512 bit")
    return digest


def _signed(keys: CardKeys, kind: str, scheme: str, digest: bytes) -> bytes:
    hash_ = Prehashed(_HASHES[len(digest)])
    key = keys.private_key("C.AUT")
    if kind == ECDSA and isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(digest, ec.ECDSA(hash_))
    if kind == RSA and isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)
        return key.sign(digest, padding.PKCS1v15() if scheme == _PKCS1 else pss, hash_)
    raise KonnektorError(4206, "this card has no C.AUT with such a key")
