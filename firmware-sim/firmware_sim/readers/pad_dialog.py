"""What a reader with a pad does with a block: show, let a person type, put the digits in, send, pass the answer on.

The PIN is typed here and goes to the card from here; whoever sent the block gets the status word only.
Status words of the pad itself (PC/SC part 10): 6400 nobody typed, 6401 cancelled, 6402 the new PINs differ, 6403 too
short or too long, 6B80 the block cannot be carried out.
"""

from firmware_sim.pads.pad import Ended, Pad, Prompt
from firmware_sim.readers.pin_entry import Block, BlockError, ModifyBlock, read_modify, read_verify
from firmware_sim.readers.slot import NoCardError, NoReaderError, ReaderSlot
from firmware_sim.world.card import Pin
from firmware_sim.world.practice import Practice

TIMED_OUT, CANCELLED, DIFFERENT, WRONG_LENGTH, WRONG_BLOCK = (
    bytes.fromhex(word) for word in ("6400", "6401", "6402", "6403", "6B80")
)
_RESET_RETRY_COUNTER = 0x2C
_TEXTS = {
    "pin": "PIN eingeben",
    "old": "Alte PIN eingeben",
    "puk": "PUK eingeben",
    "new": "Neue PIN eingeben",
    "repeat": "Neue PIN wiederholen",
}
_RESULTS = {0x9000: "PIN korrekt"}


class _EndedError(Exception):
    """The entry ended before anything was sent to the card, with this status word."""

    def __init__(self, word: bytes) -> None:
        super().__init__(word.hex())
        self.word = word


class PadDialog:
    """The pad and display of one reader, for the card in its slot."""

    def __init__(self, slot: ReaderSlot, pad: Pad, practice: Practice) -> None:
        self._slot = slot
        self._pad = pad
        self._practice = practice

    async def verify(self, data: bytes) -> bytes:
        """PIN_VERIFY_STRUCTURE in, status word out. Raises `NoCardError`, `NoReaderError`, `PadBusyError`."""
        try:
            block = read_verify(data)
            pin = await self._ask(block, "pin")
            command = block.layout.insert(block.command, 0, pin)
        except BlockError:
            return WRONG_BLOCK
        except _EndedError as ended:
            return ended.word
        return await self._send(command)

    async def modify(self, data: bytes) -> bytes:
        """PIN_MODIFY_STRUCTURE in, status word out. Raises as `verify`."""
        try:
            command = await self._changed(read_modify(data))
        except BlockError:
            return WRONG_BLOCK
        except _EndedError as ended:
            return ended.word
        return await self._send(command)

    async def _changed(self, block: ModifyBlock) -> bytes:
        command = block.command
        if block.ask_old:
            first = "puk" if command[1] == _RESET_RETRY_COUNTER else "old"
            command = block.layout.insert(command, block.old_at, await self._ask(block, first))
        new = await self._ask(block, "new")
        if block.confirm and await self._ask(block, "repeat", new) != new:
            raise _EndedError(DIFFERENT)
        return block.layout.insert(command, block.new_at, new)

    async def _ask(self, block: Block, stage: str, expected: str = "") -> str:
        """The digits that were typed. Raises `_EndedError`, `NoCardError`, `NoReaderError`."""
        card = self._slot.card
        if card is None or not self._slot.powered:
            raise NoCardError
        password = self._slot.password(block.command[3])
        self._practice.counts.cards[card.name].pin_prompts += 1
        prompt = Prompt(
            card=card.name,
            handle=card.name,
            pin=password.name if password else "",
            text=_TEXTS[stage],
            stage=stage,
            right=expected or (_right(password.root.pin, stage) if password else ""),
        )
        entry = await self._pad.ask(prompt, block.seconds)
        if isinstance(entry, Ended):
            raise _end(entry)
        if len(entry.pin) not in block.lengths:
            raise _EndedError(WRONG_LENGTH)
        return entry.pin

    async def _send(self, command: bytes) -> bytes:
        answer = await self._slot.transmit(command)
        self._pad.show_result(_RESULTS.get(int.from_bytes(answer[-2:], "big"), "PIN falsch"))
        return answer


def _right(pin: Pin, stage: str) -> str:
    """What a person who knows the card would type."""
    return pin.right_puk if stage == "puk" else pin.right_pin


def _end(entry: Ended) -> Exception:
    match entry:
        case Ended.CANCELLED:
            return _EndedError(CANCELLED)
        case Ended.TIMED_OUT:
            return _EndedError(TIMED_OUT)
        case Ended.CARD_REMOVED:
            return NoCardError()
        case Ended.TERMINAL_LOST:
            return NoReaderError()
