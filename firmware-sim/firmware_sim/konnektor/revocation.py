"""Which certificates the world calls revoked."""

from firmware_sim.konnektor.call import Surroundings


def revoked_certificates(around: Surroundings) -> frozenset[bytes]:
    """The certificates (DER) of the cards that the world calls revoked."""
    cards = around.practice.configuration.cards
    keys = [around.keys[card.name] for card in cards if card.revoked and card.name in around.keys]
    return frozenset(der for card in keys for der in card.certificates.values())
