"""Sans-I/O codecs: bytes to values and back. What is malformed raises `MalformedError`, never anything else."""
