"""Values that no output may show.

It decides that a secret is opened only on purpose. It must not know where secrets come from.
"""


class Secret:
    """A string that neither `str`, `repr` nor `format` shows."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself; for the one place that sends or compares it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(...)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)
