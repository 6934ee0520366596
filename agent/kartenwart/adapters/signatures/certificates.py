"""What a card's certificate says; fulfils the port CertificateReader."""

import warnings

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CardCertificate, CertificateReference, KeyAlgorithm

_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)  # TypeError: a bit string as a name


class DerCertificateReader:
    """Decodes DER; names are written as RFC 4514 says."""

    def decode(self, reference: CertificateReference, der: bytes) -> CardCertificate:
        """Return the facts; WorldError(KONNEKTOR_ANSWER_INVALID) where the bytes are no certificate.

        An admission that cannot be read leaves Telematik-ID and professions empty: the certificate may still sign.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # real cards have names above the 64 characters of X.520
                return _decoded(reference, der)
        except _UNREADABLE as error:
            raise WorldError(failure(Reason.KONNEKTOR_ANSWER_INVALID), sent=False) from error


def _decoded(reference: CertificateReference, der: bytes) -> CardCertificate:
    certificate = x509.load_der_x509_certificate(der)
    telematik_id, profession_oids = _admission(der)
    return CardCertificate(
        reference=reference,
        algorithm=_algorithm(certificate),
        der=der,
        issuer=certificate.issuer.rfc4514_string(),
        subject=certificate.subject.rfc4514_string(),
        serial_number=certificate.serial_number,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        telematik_id=telematik_id,
        profession_oids=profession_oids,
    )


def _algorithm(certificate: x509.Certificate) -> KeyAlgorithm:
    return KeyAlgorithm.RSA if isinstance(certificate.public_key(), rsa.RSAPublicKey) else KeyAlgorithm.ECC


def _admission(der: bytes) -> tuple[str, tuple[str, ...]]:
    from kartenwart.adapters.signatures.admission import admission  # a start need not wait for asn1crypto

    try:
        return admission(der)
    except (ValueError, TypeError, KeyError):
        return "", ()
