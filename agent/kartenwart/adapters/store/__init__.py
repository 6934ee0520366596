"""What is kept over a restart, in SQLite: jobs, audit, workstations, users, tokens, facts."""

from kartenwart.adapters.store.state import StateDamaged, StateInUse, StateTooNew, StateUnusable
from kartenwart.adapters.store.store import Store, open_store

__all__ = ["StateDamaged", "StateInUse", "StateTooNew", "StateUnusable", "Store", "open_store"]
