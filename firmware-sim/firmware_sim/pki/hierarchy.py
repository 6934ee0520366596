"""The two trees of authorities: card root with a CA per card family, and the TLS root of the practice's machines."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from firmware_sim.pki import subjects
from firmware_sim.pki.authority import Authority
from firmware_sim.pki.keys import certificate_pem, new_ec_key
from firmware_sim.pki.vault import place

# name: (common name, organisational unit), as the TI's authorities are called.
_CARD_AUTHORITIES = {
    "hba-qes": ("KW.HBA-qCA1", "Qualifizierter VDA der Telematikinfrastruktur"),
    "hba": ("KW.HBA-CA1", "Heilberufsausweis-CA der Telematikinfrastruktur"),
    "smcb": ("KW.SMCB-CA1", "Institution des Gesundheitswesens-CA der Telematikinfrastruktur"),
    "egk": ("KW.EGK-CA1", "Elektronische Gesundheitskarte-CA der Telematikinfrastruktur"),
    "component": ("KW.KOMP-CA1", "Komponenten-CA der Telematikinfrastruktur"),
}
_ROOTS = ("card-root", "tls-root")


@dataclass(frozen=True, kw_only=True, slots=True)
class Hierarchy:
    """All authorities by name, and the folder where their PEM files lie."""

    folder: Path
    authorities: Mapping[str, Authority]

    def __getitem__(self, name: str) -> Authority:
        return self.authorities[name]


def open_hierarchy(folder: Path) -> Hierarchy:
    """Load the authorities from `folder`, after making them if it does not exist yet."""
    if not folder.is_dir():
        place(folder, _new_files())
    try:
        authorities = {
            name: Authority.from_pem((folder / f"{name}.pem").read_bytes(), (folder / f"{name}.key").read_bytes())
            for name in (*_ROOTS, *_CARD_AUTHORITIES)
        }
    except (OSError, ValueError) as error:
        raise ValueError(f"the PKI in {folder} is damaged ({error}); delete the whole state folder") from error
    return Hierarchy(folder=folder, authorities=authorities)


def _new_files() -> dict[str, bytes]:
    card_root = Authority.root(
        subjects.authority("KW.RCA1", "Zentrale Root-CA der Telematikinfrastruktur"),
        new_ec_key("brainpool"),
        path_length=1,
    )
    # P-256: every TLS library can check it, whatever curve the server's own key is on.
    tls_root = Authority.root(subjects.authority("KW.TLS-CA1", "TLS der Praxis"), new_ec_key("p256"), path_length=0)
    issuing = {
        name: card_root.subordinate(subjects.authority(*words), new_ec_key("brainpool"))
        for name, words in _CARD_AUTHORITIES.items()
    }
    files = card_root.files("card-root") | tls_root.files("tls-root")
    for name, authority in issuing.items():
        files |= authority.files(name)
    return files | {"card-ca.pem": certificate_pem(*(authority.certificate for authority in issuing.values()))}
