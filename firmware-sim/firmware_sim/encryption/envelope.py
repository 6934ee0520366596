"""CMS AuthEnvelopedData (RFC 5083) with AES-256-GCM (RFC 5084; gemSpec_Krypt GS-A_4389, A_17220)."""

import os
from collections.abc import Sequence
from enum import Enum

from asn1crypto import cms, core
from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from firmware_sim.encryption.recipients import (
    PrivateKey,
    UnknownAlgorithmError,
    is_for,
    recipient_info,
    transport_key,
)

_AES_256_GCM = "2.16.840.1.101.3.4.1.46"
_KEY_BYTES, _NONCE_BYTES, _TAG_BYTES = 32, 12, 16


class Stage(Enum):
    """Where a decryption failed."""

    FORM = "the data is no AuthEnvelopedData"
    RECIPIENT = "nothing in it is for this key"
    ALGORITHM = "an algorithm that is not supported"
    KEY = "the wrapped key does not open"
    CONTENT = "the content does not open"


class DecryptionError(ValueError):
    """What could not be decrypted, and at which stage."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.value)
        self.stage = stage


class _GcmParameters(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    _fields = [("nonce", core.OctetString), ("icv_length", core.Integer, {"default": 12})]  # noqa: RUF012


def encrypt(content: bytes, recipients: Sequence[x509.Certificate]) -> bytes:
    """The ContentInfo (DER) that each recipient can open with its key."""
    key, nonce = os.urandom(_KEY_BYTES), os.urandom(_NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, content, None)
    parameters = _GcmParameters({"nonce": nonce, "icv_length": _TAG_BYTES})
    enveloped = cms.AuthEnvelopedData(
        {
            "version": "v0",
            "recipient_infos": [recipient_info(certificate, key) for certificate in recipients],
            "auth_encrypted_content_info": {
                "content_type": "data",
                "content_encryption_algorithm": {"algorithm": _AES_256_GCM, "parameters": parameters},
                "encrypted_content": sealed[:-_TAG_BYTES],
            },
            "mac": sealed[-_TAG_BYTES:],
        }
    )
    return bytes(cms.ContentInfo({"content_type": "authenticated_enveloped_data", "content": enveloped}).dump())


def decrypt(data: bytes, keys: Sequence[tuple[x509.Certificate, PrivateKey]]) -> bytes:
    """The content, opened with the first of these keys that it is for. Raises `DecryptionError`."""
    try:
        info = cms.ContentInfo.load(data, strict=True)
        if info["content_type"].native != "authenticated_enveloped_data":
            raise DecryptionError(Stage.FORM)
        infos = list(info["content"]["recipient_infos"])
        found = [(each, key) for certificate, key in keys for each in infos if is_for(each, certificate)]
    except DecryptionError:
        raise
    except (ValueError, TypeError, KeyError) as error:
        raise DecryptionError(Stage.FORM) from error
    if not found:
        raise DecryptionError(Stage.RECIPIENT)
    return _opened(info["content"], _unwrapped(*found[0]))


def _unwrapped(info: cms.RecipientInfo, key: PrivateKey) -> bytes:
    try:
        return transport_key(info, key)
    except UnknownAlgorithmError as error:
        raise DecryptionError(Stage.ALGORITHM) from error
    except ValueError as error:
        raise DecryptionError(Stage.KEY) from error


def _opened(enveloped: cms.AuthEnvelopedData, key: bytes) -> bytes:
    content = enveloped["auth_encrypted_content_info"]
    algorithm = content["content_encryption_algorithm"]
    if algorithm["algorithm"].dotted != _AES_256_GCM:
        raise DecryptionError(Stage.ALGORITHM)
    try:
        parameters = _GcmParameters.load(algorithm["parameters"].dump())
        sealed = content["encrypted_content"].native + enveloped["mac"].native
        # What the tag covers beside the content: the attributes, under the tag of a SET (RFC 5083, 2.2).
        covered = b"\x31" + enveloped["auth_attrs"].dump()[1:] if len(enveloped["auth_attrs"]) else None
        return AESGCM(key).decrypt(parameters["nonce"].native, sealed, covered)
    except (InvalidTag, ValueError, TypeError) as error:
        raise DecryptionError(Stage.CONTENT) from error
