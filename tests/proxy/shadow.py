"""A stand-in for the shadow process: it keeps the copies that a worker sends, and answers what it is told to."""

import pickle
import queue
import socket
import struct
import threading
from pathlib import Path
from typing import Self

from gateway.core.copies import Copy, Outcome, Told

PATIENCE = 15.0
_LENGTH = struct.Struct(">I")


class Shadow:
    """It listens where the worker with that run directory looks for it. `copies` get each copy that comes."""

    def __init__(self, run_dir: Path, *, reads: bool = True) -> None:
        self._path = run_dir / "shadow.sock"
        self._reads = reads
        self.copies: queue.Queue[Copy] = queue.Queue()
        self.greeting = b""

    def __enter__(self) -> Self:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._listener.listen()
        self._listener.settimeout(PATIENCE)
        self._link, _ = self._listener.accept()
        self._link.settimeout(PATIENCE)
        self.greeting = self._frame()
        self._thread = threading.Thread(target=self._read)
        if self._reads:
            self._link.settimeout(None)
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._path.unlink()
        self._listener.close()
        try:
            self._link.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        if self._reads:
            self._thread.join(PATIENCE)
        self._link.close()

    def next(self) -> Copy:
        """The next copy."""
        return self.copies.get(timeout=PATIENCE)

    def tell(self, copy: Copy, outcome: Outcome, why: str = "", seconds: float = 0.0) -> None:
        """Tell what came of a copy."""
        frame = b"T" + pickle.dumps((Told(copy.number, outcome, why, seconds),))
        self._link.sendall(_LENGTH.pack(len(frame)) + frame)

    def _read(self) -> None:
        while frame := self._frame():
            assert frame.startswith(b"C")
            self.copies.put(pickle.loads(frame[1:]))

    def _frame(self) -> bytes:
        head = self._exactly(_LENGTH.size)
        return self._exactly(_LENGTH.unpack(head)[0]) if head else b""

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self._link.recv(size - len(data))
            if not piece:
                return b""
            data += piece
        return data
