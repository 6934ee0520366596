"""The Konnektor on the wire: TLS, service directory, SOAP operations and CETP."""
