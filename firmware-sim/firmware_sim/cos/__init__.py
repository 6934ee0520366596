"""A card operating system: what the chip of an eGK, HBA, SMC-B or gSMC-KT does with the bytes that a reader sends.

`CardOs` holds one object system and answers commands; `chips` makes the cards of a simulated practice; `image` loads a
published object system. Contact interface only, without secure messaging and without card-to-card authentication: what
an access rule demands of these is never fulfilled. Source: reference of the generation 2.1 cards (gemSpec_COS is cited
where a number is known).
"""

from firmware_sim.cos.card_os import CardOs
from firmware_sim.cos.memory_card import MemoryCard

__all__ = ["CardOs", "MemoryCard"]
