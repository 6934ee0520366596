"""Status words, and the refusal that carries one out of any depth of the card.

Which command answers what: gemSpec_COS; words of ISO/IEC 7816-4 stand where a COS leaves the choice open.
"""

OK = 0x9000
MORE_DATA = 0x6100  # the low byte is what is still there, 00 for 256 and more
END_OF_FILE = 0x6282
DEACTIVATED = 0x6282
TERMINATED = 0x6283
TRANSPORT_PIN = 0x62C1
EMPTY_PIN = 0x62C7
PIN_DISABLED = 0x62D0
ATTEMPTS_LEFT = 0x63C0  # the low digit counts
KEY_INVALID = 0x6400
WRONG_LENGTH = 0x6700
CHANNEL_CLOSED = 0x6881
NO_SECURE_MESSAGING = 0x6882
CHAIN_BROKEN = 0x6883
WRONG_FILE_TYPE = 0x6981
NO_MORE_CHANNELS = 0x6981
SECURITY_STATUS = 0x6982
BLOCKED = 0x6983
NOT_USABLE = 0x6985  # password in transport state, new PIN of a wrong length, no key chosen, nothing to fetch
NO_CURRENT_FILE = 0x6986
WRONG_DATA = 0x6A80
UNSUPPORTED = 0x6A81
FILE_NOT_FOUND = 0x6A82
RECORD_NOT_FOUND = 0x6A83
WRONG_PARAMETERS = 0x6A86
REFERENCE_NOT_FOUND = 0x6A88
OFFSET_TOO_BIG = 0x6B00
UNKNOWN_INSTRUCTION = 0x6D00
UNKNOWN_CLASS = 0x6E00


class Refused(Exception):
    """The card does not do it; `word` is what it answers."""

    def __init__(self, word: int) -> None:
        super().__init__(f"{word:04X}")
        self.word = word
