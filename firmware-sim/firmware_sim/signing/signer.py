"""A card as pyhanko's signer, and how its coroutines are run from synchronous code."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from pyhanko.sign.signers import SimpleSigner

from firmware_sim.pki import CardKeys

_Result = TypeVar("_Result")


def card_signer(keys: CardKeys, ref: str) -> SimpleSigner:
    """A signer with this certificate's key that adds the issuing CA to each signature, but not the root.

    ValueError when the card has no such certificate.
    """
    try:
        certificate, key, chain = keys.certificate(ref), keys.private_key(ref), keys.chain(ref)
    except KeyError as error:
        raise ValueError(
            f"the card has no certificate {ref}; sign with one of {', '.join(keys.certificates)}"
        ) from error
    pkcs8 = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signer = SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(certificate),
        signing_key=asn1_keys.PrivateKeyInfo.load(pkcs8),
        cert_registry=None,  # type: ignore[arg-type]  # pyhanko then makes an empty one, as its Signer documents
        embed_roots=False,
    )
    signer.cert_registry.register_multiple(asn1_x509.Certificate.load(der) for der in chain)
    return signer


def finish(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run pyhanko's coroutine to its end; in a thread, because the caller's may have an event loop of its own."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, work).result()
