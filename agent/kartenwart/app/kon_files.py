"""Logins and trust out of .kon files (codecs/kon.py)."""

import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from kartenwart.codecs.kon import KonError, KonFile, KonPassword, read_kon
from kartenwart.settings import SettingsError
from kartenwart.transport.credentials import BasicLogin, ClientCertificate, from_pkcs12
from kartenwart.transport.trust import AuthorityTrust, PinTrust, Trust


def login(place: str, file: Path) -> ClientCertificate | BasicLogin | None:
    """Return how the file's client system proves itself; SettingsError or CredentialsError where it cannot."""
    told = _read(place, file)
    if told.unusable_login:
        raise SettingsError(f"{place}: {file}: {told.unusable_login}")
    if told.login is None:
        return None
    if isinstance(told.login, KonPassword):
        return BasicLogin(user=told.login.user, password=told.login.password)
    return from_pkcs12(told.login.data, told.login.password)


def trust(place: str, file: Path, expected_name: str) -> Trust:
    """Return whom the file trusts: the devices of its trustStore themselves, or what its authorities issued.

    With both, a name decides: a Konnektor's certificate does not name its address, so without one the devices count.
    SettingsError where it trusts nobody, or anybody (insecureSkipVerify): the agent never does that.
    """
    told = _read(place, file)
    try:
        certificates = [x509.load_der_x509_certificate(der) for der in told.trusted]
        devices = [one.fingerprint(SHA256()).hex() for one in certificates if not _is_authority(one)]
    except (ValueError, x509.InvalidVersion, x509.DuplicateExtension):
        raise SettingsError(f"{place}: {file}: an entry of trustStore is no certificate") from None
    if not certificates:
        raise SettingsError(f"{place}: {file} names nobody in trustStore; write trust_pin or trust_ca beside kon")
    if devices and (len(devices) == len(certificates) or not expected_name):
        return PinTrust(sha256=devices[0], others=tuple(devices[1:]))
    pem = b"".join(one.public_bytes(Encoding.PEM) for one in certificates).decode("ascii")
    return AuthorityTrust(certificates_pem=pem, expected_name=expected_name)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _read(place: str, file: Path) -> KonFile:
    try:
        return read_kon(file.read_bytes(), os.environ)
    except OSError as error:
        raise SettingsError(f"{place}: {file} cannot be read ({error.strerror})") from None
    except KonError as error:
        raise SettingsError(f"{place}: {file}: {error}") from None
