"""An event stream of chat completions on its way to a client: whole events only, and none before the answer begins."""

import orjson

from gateway.core.stream import is_content, is_error

_MOST = 64 << 10
"""Bytes that are held back, and of one event that are waited for."""
_EMPTY_LINES = (b"\n\n", b"\r\n\r\n", b"\r\r")


class EventStream:
    """One stream. It begins with its first content event; one whose first event is an error has failed."""

    def __init__(self) -> None:
        self.has_begun = False
        self.has_failed = False
        self._held = b""
        """Whole events from before it began."""
        self._rest = b""
        """The beginning of an event."""

    def feed(self, data: bytes) -> bytes:
        """What may go to the client now."""
        whole, self._rest = _cut(self._rest + data)
        if self.has_begun:
            return whole + self._overflow()
        self._held += whole
        for event in _events(whole):
            if is_content(event):
                self.has_failed = is_error(event)
                self.has_begun = not self.has_failed
                break
        if len(self._held) + len(self._rest) > _MOST:
            self.has_begun = not self.has_failed
        if not self.has_begun:
            return b""
        held, self._held = self._held, b""
        return held + self._overflow()

    def rest(self) -> bytes:
        """What is left when the stream has ended well."""
        held, self._held, self._rest = self._held + self._rest, b"", b""
        return held

    def error(self, message: str) -> bytes:
        """The event that tells the client of a stream that broke off."""
        told = {"code": "upstream_error", "type": "gateway_error", "message": message}
        return b"data: " + orjson.dumps({"error": told}) + b"\n\n"

    def _overflow(self) -> bytes:
        if len(self._rest) <= _MOST:
            return b""
        rest, self._rest = self._rest, b""
        return rest


def _cut(text: bytes) -> tuple[bytes, bytes]:
    """The whole events, and the beginning of the next."""
    end = max(text.rfind(mark) + len(mark) if mark in text else 0 for mark in _EMPTY_LINES)
    return text[:end], text[end:]


def _events(text: bytes) -> list[bytes]:
    return text.replace(b"\r\n", b"\n").split(b"\n\n")
