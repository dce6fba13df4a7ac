"""Names to addresses, again and again, away from the requests. A failure keeps the last answer."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable

EVERY = 5.0
"""Seconds between two look-ups of one name."""


def is_address(host: str) -> bool:
    """Whether `host` is numeric and needs no look-up."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class Name:
    """One name that is looked up for as long as it is watched; `changed` is told each new set of addresses."""

    def __init__(self, host: str, port: int, changed: Callable[[tuple[str, ...]], None]) -> None:
        self.host = host
        self.port = port
        self.addresses: tuple[str, ...] = ()
        self.looked = asyncio.Event()
        """Set once the first look-up has ended, well or not."""
        self._changed = changed
        self._task = asyncio.get_running_loop().create_task(self._watch())

    def stop(self) -> None:
        """Look it up no more."""
        self._task.cancel()

    async def _watch(self) -> None:
        while True:
            await self._look()
            self.looked.set()
            await asyncio.sleep(EVERY)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        addresses = tuple(sorted({str(info[4][0]) for info in found}))
        if addresses and addresses != self.addresses:
            self.addresses = addresses
            self._changed(addresses)
