"""Channels and pads of a play: they answer from a script and keep what was sent."""

from collections.abc import Callable, Mapping

from kartenwart.cards.channel import PinTemplate


class Played:
    """Answers commands from a script, in hexadecimal without spaces; what is not in it is 6D00."""

    def __init__(self, script: Mapping[str, str], otherwise: str = "6D00") -> None:
        self.script = dict(script)
        self.otherwise = otherwise
        self.sent: list[str] = []

    def transmit(self, command: bytes) -> bytes:
        text = command.hex().upper()
        self.sent.append(text)
        return bytes.fromhex(self.script.get(text, self.otherwise))


class Answering:
    """Answers each command by a function."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.answer = answer
        self.sent: list[bytes] = []

    def transmit(self, command: bytes) -> bytes:
        self.sent.append(command)
        return self.answer(command)


class PlayedPad:
    """Gives one answer, and keeps which method was called with what."""

    def __init__(self, answer: str = "9000") -> None:
        self.answer = bytes.fromhex(answer)
        self.calls: list[tuple[str, PinTemplate]] = []

    def verify(self, template: PinTemplate) -> bytes:
        return self._keep("verify", template)

    def change(self, template: PinTemplate) -> bytes:
        return self._keep("change", template)

    def set_new(self, template: PinTemplate) -> bytes:
        return self._keep("set_new", template)

    def _keep(self, method: str, template: PinTemplate) -> bytes:
        self.calls.append((method, template))
        return self.answer
