"""The service manager: what it is told of the agent's start, state and life."""

from kartenwart.adapters.systemd.notifier import Notifier

__all__ = ["Notifier"]
