"""Connections that the adapters share: curves, trust, credentials, TLS contexts, and HTTP that never resends."""
