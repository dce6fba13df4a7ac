"""The body of one request on its way to a model: framed anew, and kept while another attempt may need it."""

from gateway.wire.request import Request

_LAST_CHUNK = b"0\r\n\r\n"


class Payload:
    """What has come of the body. `limit` is how much is kept, in bytes, once it was sent."""

    chunked = False
    framing = b""
    _sent = False

    def __init__(self, request: Request, limit: int) -> None:
        self.complete = request.complete
        self._kept: list[bytes] | None = request.body
        self._size = request.body_size
        self._limit = limit
        request.body = []
        if request.length is not None:
            self.framing = b"content-length: %d\r\n" % request.length
        elif request.chunked:
            self.chunked = True
            self.framing = b"transfer-encoding: chunked\r\n"

    def replace(self, body: bytes) -> None:
        """Send these bytes instead; they are all there is."""
        self.chunked = False
        self.complete = True
        self._kept = [body]
        self._size = len(body)
        self.framing = b"content-length: %d\r\n" % len(body)

    def joined(self) -> bytes:
        """All that has come."""
        kept = self._kept or []
        return kept[0] if len(kept) == 1 else b"".join(kept)

    @property
    def size(self) -> int:
        """Bytes that have come."""
        return self._size

    @property
    def is_replayable(self) -> bool:
        """Whether another attempt could send it whole."""
        return self._kept is not None

    @property
    def is_large(self) -> bool:
        """Whether it is more than is kept for another attempt."""
        return self._size > self._limit

    def rewind(self) -> None:
        """Another attempt will send it from its beginning: until then all is kept."""
        self._sent = False

    def drop(self) -> None:
        """No attempt needs any of it any more."""
        self._kept = None

    def add(self, data: bytes) -> list[bytes]:
        """More has come; answers it as it is to be sent."""
        self._size += len(data)
        if self._kept is not None:
            if self._sent and self._size > self._limit:
                self._kept = None
            else:
                self._kept.append(data)
        return self._framed(data)

    def end(self) -> list[bytes]:
        """All has come; answers what is to be sent behind it."""
        self.complete = True
        return [_LAST_CHUNK] if self.chunked else []

    def so_far(self) -> list[bytes]:
        """All that has come, as it is to be sent at the beginning of an attempt."""
        kept = self._kept
        assert kept is not None
        self._sent = True
        if self._size > self._limit:
            self._kept = None
        if not self.chunked:
            return kept
        parts = [part for data in kept for part in self._framed(data)]
        return [*parts, _LAST_CHUNK] if self.complete else parts

    def since(self, size: int) -> list[bytes]:
        """What came behind so many bytes, as it is to be sent; there is nothing where not all is kept any more."""
        parts = []
        for data in self._kept or []:
            size -= len(data)
            if size < 0:
                parts += self._framed(data)
        return [*parts, _LAST_CHUNK] if self.complete and self.chunked else parts

    def _framed(self, data: bytes) -> list[bytes]:
        return [b"%x\r\n" % len(data), data, b"\r\n"] if self.chunked else [data]
