"""PC/SC part 10 blocks as a client writes them, by hand: format 2, six to eight digits, German."""

EMPTY = "20ffffffffffffff"
VERIFY_SMC = "0020000108" + EMPTY
CHANGE_SMC = "0024000110" + EMPTY + EMPTY
UNBLOCK_SMC = "002c000110" + EMPTY + EMPTY
PIN_STATUS = "80200001"
VERIFY, MODIFY, PROPERTIES = 0x06, 0x07, 0x12


def verify_block(command: str, seconds: int = 20) -> str:
    """PIN_VERIFY_STRUCTURE."""
    return f"{seconds:02x}14 894704 0806 02 01 0704 00 000000 {len(command) // 2:02x}000000 {command}"


def modify_block(command: str, *, old: bool = True, seconds: int = 20) -> str:
    """PIN_MODIFY_STRUCTURE: the new PIN twice, after the old one (or the PUK) when `old`."""
    new_at, confirm = (8, 3) if old else (0, 1)
    head = f"{seconds:02x}14 894704 00 {new_at:02x} 0806 {confirm:02x} 02 03 0704 000102 000000"
    return f"{head} {len(command) // 2:02x}000000 {command}"
