"""The practice as pure state and rules: no sockets, no files, no waiting.

Import order inside: `codes` and `configuration` below everything, `card` and `sessions` above them, `access` and
`device` on top. What the world does to a card is decided here and nowhere else.
"""
