"""Card readers at a computer: what a real pcscd finds when the simulated practice plugs its cards in.

A plain one is two slots of vpcd (vsmartcard), which pcscd loads; a reader with a pad stands behind our own IFD handler
(`firmware-sim/ifd`). Both get their cards from the practice: a card is in a reader or in a terminal, never in both.
"""
