"""The simulator's own counts: what really happened to a card, whatever the caller believes."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field


@dataclass(kw_only=True, slots=True)
class CardCounts:
    """What was done with one card."""

    verify_pin_calls: int = 0
    pin_prompts: int = 0
    pin_tries_right: int = 0
    pin_tries_wrong: int = 0
    sign_document_calls: int = 0
    signatures: int = 0
    authentications: int = 0
    online_checks: int = 0
    signature_modes: Counter[str] = field(default_factory=Counter)
    comfort_activations: int = 0
    job_numbers: list[str] = field(default_factory=list)
    operations: Counter[str] = field(default_factory=Counter)


class Counts:
    """Counts per card name and per operation."""

    def __init__(self) -> None:
        self.cards: defaultdict[str, CardCounts] = defaultdict(CardCounts)
        self.operations: Counter[str] = Counter()

    def total(self) -> CardCounts:
        """The sums over all cards."""
        total = CardCounts()
        for counts in self.cards.values():
            total.verify_pin_calls += counts.verify_pin_calls
            total.pin_prompts += counts.pin_prompts
            total.pin_tries_right += counts.pin_tries_right
            total.pin_tries_wrong += counts.pin_tries_wrong
            total.sign_document_calls += counts.sign_document_calls
            total.signatures += counts.signatures
            total.authentications += counts.authentications
            total.online_checks += counts.online_checks
            total.signature_modes.update(counts.signature_modes)
            total.comfort_activations += counts.comfort_activations
            total.job_numbers.extend(counts.job_numbers)
            total.operations.update(counts.operations)
        return total
