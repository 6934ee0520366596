"""Documents on their way through a job, encrypted at rest."""

from kartenwart.adapters.vault.vault import DocumentVault, open_vault

__all__ = ["DocumentVault", "open_vault"]
