"""Readers plugged into the box, by PC/SC; nothing else imports pyscard, which this package needs to be installed.

readers.Readers     all readers of the box while its block runs: ReaderWatch and CardPort
watching            the thread that waits for changes, and comes back when pcscd was away
place               one reader as the event loop sees it: its thread, and what was read of its card
reader_thread       the thread that alone talks to one reader
slot, pad           a reader and its card, and its pad, inside that thread
verbs, laboratory   what is done with a card there
pcscd, conditions   pyscard's functions as blocks, its return codes as failures
"""
