"""The simulator's own test PKI: cards, Konnektor and client systems, all marked TEST-ONLY and NOT-VALID.

Nobody outside trusts any of it: both roots are made at the first start, and their keys stay in the folder.
"""

from firmware_sim.pki.card import CardKeys
from firmware_sim.pki.pki import Pki
from firmware_sim.pki.profiles import CardKind
from firmware_sim.pki.tls import ClientIdentity, ServerIdentity

__all__ = ["CardKeys", "CardKind", "ClientIdentity", "Pki", "ServerIdentity"]
