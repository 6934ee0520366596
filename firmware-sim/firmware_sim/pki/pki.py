"""The PKI of one simulated practice, kept in a folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from firmware_sim.pki.card import CardKeys, CardRequest, keep_card
from firmware_sim.pki.hierarchy import Hierarchy, open_hierarchy
from firmware_sim.pki.keys import CardKeyKind, TlsKeyKind
from firmware_sim.pki.profiles import CardKind
from firmware_sim.pki.tls import ClientIdentity, ServerIdentity, keep_client, keep_server
from firmware_sim.pki.vault import folder_name


@dataclass(frozen=True, kw_only=True, slots=True)
class Pki:
    """Issues cards and TLS identities and remembers them: asked again, also after a restart, it gives the same.

    Every method raises ValueError, with words that say what to correct, when a request makes no certificate.
    """

    folder: Path
    hierarchy: Hierarchy

    @classmethod
    def open(cls, folder: Path) -> "Pki":
        """Load the PKI in `folder`, or create it there; two processes may do so at once."""
        return cls(folder=folder, hierarchy=open_hierarchy(folder / "authorities"))

    @property
    def card_root_pem(self) -> Path:
        """The root above all cards."""
        return self.hierarchy.folder / "card-root.pem"

    @property
    def card_ca_pem(self) -> Path:
        """All CAs between that root and the cards, in one file."""
        return self.hierarchy.folder / "card-ca.pem"

    @property
    def card_authorities(self) -> tuple[x509.Certificate, ...]:
        """The same CAs as certificates."""
        return tuple(x509.load_pem_x509_certificates(self.card_ca_pem.read_bytes()))

    @property
    def tls_root_pem(self) -> Path:
        """The root that issues the TLS certificates of Konnektors and client systems directly."""
        return self.hierarchy.folder / "tls-root.pem"

    def issue_card(
        self,
        name: str,
        *,
        kind: CardKind,
        holder: str,
        iccsn: str,
        telematik_id: str = "",
        kvnr: str = "",
        profession: str = "",
        key: CardKeyKind = "brainpool",
        valid_days: int = 1826,
    ) -> CardKeys:
        """The card of this name; asked with other particulars it becomes a new card, with new keys.

        `profession` is an OID, empty for the usual one of the kind. `key` "rsa" makes a card of the old generation
        (G2.0), issued by the same CAs. `valid_days` counts from the day of issue and may
        be negative for an expired card.
        """
        request = CardRequest(
            kind=kind,
            holder=holder,
            iccsn=iccsn,
            telematik_id=telematik_id,
            kvnr=kvnr,
            profession=profession,
            key=key,
            valid_days=valid_days,
        )
        return keep_card(self.hierarchy, self.folder / "cards" / folder_name(name), name, request)

    def server(self, names: Sequence[str], key: TlsKeyKind = "p256", renew: bool = False) -> ServerIdentity:
        """A Konnektor's TLS identity for these DNS names and IP addresses; `renew` replaces it by a new key."""
        folder = self.folder / "servers" / folder_name(f"{key} {' '.join(names)}")
        return keep_server(self.hierarchy["tls-root"], folder, names, key, renew=renew)

    def client(self, client_system: str, key: TlsKeyKind = "p256", legacy: bool = False) -> ClientIdentity:
        """A client system's TLS identity; `legacy` writes the PKCS#12 with 3DES and SHA-1, as older devices do."""
        folder = self.folder / "clients" / folder_name(f"{key}{'-legacy' if legacy else ''} {client_system}")
        return keep_client(self.hierarchy["tls-root"], folder, client_system, key, legacy=legacy)
