"""TLS identities: the Konnektor's servers, and the client certificates that its administrator exports as PKCS#12."""

import ipaddress
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import KeySerializationEncryption, PrivateFormat, pkcs12

from firmware_sim.pki import subjects
from firmware_sim.pki.authority import Authority, Request, Validity
from firmware_sim.pki.card import admission
from firmware_sim.pki.keys import certificate_der, certificate_pem, key_pem, new_key
from firmware_sim.pki.profiles import CLIENT_AUTH, KONNEKTOR_POLICIES, KONNEKTOR_PROFESSION, SERVER_AUTH
from firmware_sim.pki.vault import following, latest, place

_VALID_DAYS = 1826
_DNS_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerIdentity:
    """A Konnektor's certificate (ID.AK.AUT) and private key, both as PEM files."""

    cert_pem: Path
    key_pem: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientIdentity:
    """A client system's certificate: PKCS#12, the file with its password (no line end), and the same as PEM files."""

    p12: Path
    p12_password_file: Path
    cert_pem: Path
    key_pem: Path
    certificate_der: bytes


def keep_server(authority: Authority, folder: Path, names: Sequence[str], key: str, *, renew: bool) -> ServerIdentity:
    """The identity kept in `folder`, issued now if there is none; `renew` issues another, kept from then on."""
    issue = None if renew else latest(folder)
    if issue is None:
        issue = place(following(folder), _server_files(authority, names, key))
    return ServerIdentity(cert_pem=issue / "cert.pem", key_pem=issue / "key.pem")


def keep_client(authority: Authority, folder: Path, client_system: str, key: str, *, legacy: bool) -> ClientIdentity:
    """The identity kept in `folder`, issued now if there is none."""
    issue = latest(folder) or place(following(folder), _client_files(authority, client_system, key, legacy=legacy))
    certificate = x509.load_pem_x509_certificate((issue / "cert.pem").read_bytes())
    return ClientIdentity(
        p12=issue / "client.p12",
        p12_password_file=issue / "client.p12.password",
        cert_pem=issue / "cert.pem",
        key_pem=issue / "key.pem",
        certificate_der=certificate_der(certificate),
    )


def _server_files(authority: Authority, names: Sequence[str], key: str) -> dict[str, bytes]:
    """C.AK.AUT (gemSpec_PKI), plus the subject alternative names that a real one rarely has."""
    if not names:
        raise ValueError("a server needs at least one DNS name or IP address")
    private_key = new_key(key)
    request = Request(
        subject=subjects.machine(names[0]),
        validity=Validity.ending_in(_VALID_DAYS),
        usage=_tls_usage(key),
        policies=KONNEKTOR_POLICIES,
        extended_usage=(SERVER_AUTH, CLIENT_AUTH),
        extensions=(
            (x509.SubjectAlternativeName([_general_name(name) for name in names]), False),
            (admission(KONNEKTOR_PROFESSION), False),
        ),
    )
    certificate = authority.issue(request, private_key.public_key())
    return {"cert.pem": certificate_pem(certificate), "key.pem": key_pem(private_key)}


def _client_files(authority: Authority, client_system: str, key: str, *, legacy: bool) -> dict[str, bytes]:
    if not client_system.strip():
        raise ValueError("a client system needs a name")
    private_key = new_key(key)
    request = Request(
        subject=subjects.machine(client_system),
        validity=Validity.ending_in(_VALID_DAYS),
        usage=_tls_usage(key),
        extended_usage=(CLIENT_AUTH,),
    )
    certificate = authority.issue(request, private_key.public_key())
    password = secrets.token_urlsafe(18).encode()
    p12 = pkcs12.serialize_key_and_certificates(
        client_system.encode(), private_key, certificate, [authority.certificate], _encryption(password, legacy=legacy)
    )
    return {
        "client.p12": p12,
        "client.p12.password": password,
        "cert.pem": certificate_pem(certificate),
        "key.pem": key_pem(private_key),
    }


def _tls_usage(key: str) -> frozenset[str]:
    return frozenset({"digital_signature", "key_encipherment"} if key == "rsa" else {"digital_signature"})


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        if not _DNS_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is neither an IP address nor a DNS name in ASCII; correct the name") from None
        return x509.DNSName(name)


def _encryption(password: bytes, *, legacy: bool) -> KeySerializationEncryption:
    """AES-256 with PBKDF2 and SHA-256; legacy is what older Konnektor firmware exports: 3DES with SHA-1."""
    builder = PrivateFormat.PKCS12.encryption_builder()
    if legacy:
        algorithm, mac = pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC, hashes.SHA1()  # noqa: S303  # the point of legacy
        return builder.kdf_rounds(2048).key_cert_algorithm(algorithm).hmac_hash(mac).build(password)
    modern = pkcs12.PBES.PBESv2SHA256AndAES256CBC
    return builder.kdf_rounds(20_000).key_cert_algorithm(modern).hmac_hash(hashes.SHA256()).build(password)
