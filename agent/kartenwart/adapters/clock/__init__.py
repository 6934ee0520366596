"""The machine's clock."""

from kartenwart.adapters.clock.system import SystemClock

__all__ = ["SystemClock"]
