"""A card as pyhanko's signer, and how its coroutines are run from synchronous code."""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

from asn1crypto import cms, tsp
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives import serialization
from pyhanko.sign.attributes import (
    CMSAttributeProvider,
    SignedAttributeProviderSpec,
    SigningCertificateV2Provider,
    SigningTimeProvider,
)
from pyhanko.sign.signers import SimpleSigner

from firmware_sim.pki import CardKeys

_Result = TypeVar("_Result")


class _Certificate(SigningCertificateV2Provider):
    """signingCertificateV2 as bytes: what was built of values asn1crypto writes anew at every look, level by level."""

    async def build_attr_value(self, dry_run: bool = False) -> tsp.SigningCertificateV2:
        """The hash of the certificate, and its issuer and number."""
        return tsp.SigningCertificateV2.load((await super().build_attr_value(dry_run)).dump())


class _Attributes(SignedAttributeProviderSpec):
    """The attributes of baseline B beside content type and hash: which certificate, and in CAdES the time."""

    def __init__(self, certificate: asn1_x509.Certificate, *, dated: bool) -> None:
        self._certificate = certificate
        self._dated = dated

    def signed_attr_providers(
        self,
        data_digest: bytes,  # noqa: ARG002  # pyhanko names them
        digest_algorithm: str,  # noqa: ARG002
    ) -> Iterator[CMSAttributeProvider]:
        """In the order in which they are built."""
        yield _Certificate(self._certificate)
        if self._dated:
            yield SigningTimeProvider(datetime.now(UTC).replace(microsecond=0))


class _Signer(SimpleSigner):
    """Signs attributes as bytes, for the same reason."""

    async def signed_attrs(self, *arguments: Any, **options: Any) -> cms.CMSAttributes:
        """As pyhanko builds them."""
        return cms.CMSAttributes.load((await super().signed_attrs(*arguments, **options)).dump())


def card_signer(keys: CardKeys, ref: str, *, dated: bool) -> SimpleSigner:
    """A signer with this certificate's key that adds the issuing CA to each signature, but not the root.

    `dated` adds the signing time as an attribute: CAdES wants it, PAdES forbids it. ValueError when the card has no
    such certificate.
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
    signer = _Signer(
        signing_cert=asn1_x509.Certificate.load(certificate),
        signing_key=asn1_keys.PrivateKeyInfo.load(pkcs8),
        cert_registry=None,  # type: ignore[arg-type]  # pyhanko then makes an empty one, as its Signer documents
    )
    signer.cert_registry.register_multiple(asn1_x509.Certificate.load(der) for der in chain[:-1])
    signer.signed_attr_prov_spec = _Attributes(asn1_x509.Certificate.load(certificate), dated=dated)
    return signer


def finish(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run pyhanko's coroutine to its end; in a thread, because the caller's may have an event loop of its own."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, work).result()
