"""Whether a signature is one, by mathematics; fulfils the port SignatureChecker.

The certificate is taken as it was read from the card: chains, revocation and legal validity are not looked at.
"""

import asyncio
import logging

from kartenwart.adapters.signatures.doubt import Doubt
from kartenwart.domain.catalogue import failure
from kartenwart.domain.documents import SignatureFormat
from kartenwart.domain.failures import Reason, WorldError

_log = logging.getLogger(__name__)


class MathSignatureChecker:
    """Checks in a thread: a document may have 25 MiB."""

    async def check(self, form: SignatureFormat, document: bytes, signed: bytes, expected_certificate: bytes) -> None:
        """Raise WorldError(SIGNATURE_INVALID) unless everything fits; any doubt is a no."""
        try:
            await asyncio.to_thread(_check, form, document, signed, expected_certificate)
        except Exception as error:  # noqa: BLE001  # parsers of foreign bytes may raise anything
            # Their words may quote the document: only ours are logged.
            why = str(error) if isinstance(error, Doubt) else f"unreadable ({type(error).__name__})"
            _log.warning("signature.refused", {"form": form.value, "why": why})
            raise WorldError(failure(Reason.SIGNATURE_INVALID), sent=True) from None


def _check(form: SignatureFormat, document: bytes, signed: bytes, expected: bytes) -> None:
    from kartenwart.adapters.signatures import cms, pades, xades  # in this thread, for the first signature

    match form:
        case SignatureFormat.PADES:
            contents, covered = pades.new_signature(document, signed)
            cms.check_detached(cms.without_padding(contents), covered, expected)
        case SignatureFormat.CADES_DETACHED:
            cms.check_detached(signed, [document], expected)
        case SignatureFormat.CADES_ENVELOPING:
            cms.check_enveloping(signed, document, expected)
        case SignatureFormat.XADES_ENVELOPED | SignatureFormat.XADES_ENVELOPING:
            xades.check(document, signed, expected, enveloped=form is SignatureFormat.XADES_ENVELOPED)
