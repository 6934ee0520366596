"""The catalogue of bad days: faults by name, for tests and for people who want to see one."""

from firmware_sim.faults.catalogue import Act, NamedFault, UnknownFaultError, catalogue, named

__all__ = ["Act", "NamedFault", "UnknownFaultError", "catalogue", "named"]
