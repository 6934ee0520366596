"""What a codec says to bytes that it cannot read.

MalformedError        not what the format allows
└── OversizedError    larger than the caller's cap

The words name the place and the rule, never the content: answers hold handles, card numbers and patients' names.
"""


class MalformedError(Exception):
    """The bytes are not what the format allows; the message names the place, never the content."""


class OversizedError(MalformedError):
    """The bytes are more than the cap allows; nothing behind the cap was read."""
