"""Kartenwart: the always-on agent that keeps a practice's card terminals, cards and Konnektor link."""

__version__ = "0.1.0"
