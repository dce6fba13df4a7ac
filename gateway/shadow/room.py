"""The memory that all copies under way share: what each holds, and that no more than there is room for is held."""

ROOM = 64 << 20
"""Bytes of copies and of the replies to them."""


class Room:
    """All of it."""

    def __init__(self, size: int = ROOM) -> None:
        self.left = size

    def hold(self) -> "Held":
        """What one copy holds of it: nothing yet."""
        return Held(self)


class Held:
    """One copy's."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._size = 0

    def take(self, size: int) -> bool:
        """Whether so many bytes more may be held."""
        if size > self._room.left:
            return False
        self._room.left -= size
        self._size += size
        return True

    def let_go(self) -> None:
        """Nothing is held any more."""
        self._room.left += self._size
        self._size = 0
