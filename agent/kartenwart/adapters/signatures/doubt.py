"""Why a signature is not accepted."""


class Doubt(ValueError):
    """A signature is not one, or it cannot be told; the message names the rule, never the content."""
