"""The terminal (`./loa chat`, `./loa ask`): no buttons, so choices are numbered."""

from typing import TextIO

from bot.channels.base import Sent
from bot.messages import Address, Limits, Message


class TerminalChannel:
    name = "terminal"
    limits = Limits(text=100_000, caption=100_000, unit="chars", buttons=0)

    def __init__(self, out: TextIO):
        self._out = out

    async def send(self, to: Address, message: Message) -> Sent:
        self._out.write(message.text + "\n")
        self._out.flush()
        return Sent("")

    def secrets(self) -> tuple[str, ...]:
        return ()
