"""A medical practice in a process: Konnektor, terminals, cards and their PKI, all fictional."""
