"""What the store says when it cannot. Messages are for operators, and hold no credentials."""

from gateway.errors import GatewayError


class StoreError(GatewayError):
    """The store cannot be read or written now; nothing was changed, and the same may be tried again."""


class ConflictError(StoreError):
    """The revision's number is somebody else's: another gateway has written since the newest one was read."""

    def __init__(self, number: int) -> None:
        super().__init__(f"revision {number} was written by another gateway")
        self.number = number
