"""CMS signatures of any bytes, CAdES baseline B (ETSI EN 319 122-1)."""

from firmware_sim.pki import CardKeys
from firmware_sim.signing.signer import card_signer, finish


def sign_cades(keys: CardKeys, ref: str, data: bytes, detached: bool) -> bytes:
    """The CMS SignedData as DER: ECDSA with SHA-256, signing time, signingCertificateV2, certificate and issuing CA.

    `detached` leaves the data out of it. ValueError when the card has no certificate `ref`.
    """
    signing = card_signer(keys, ref, dated=True).async_sign_general_data(data, "sha256", detached=detached)
    return bytes(finish(signing).dump())
