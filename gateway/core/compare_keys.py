"""Values made hashable, by what the rules leave of them: what is ignored is left out, and the order of unordered lists.

Two values with the same key are equal. Two values with different shapes are not, whatever the tolerance.
"""

from collections import Counter
from collections.abc import Hashable
from typing import Final

from gateway.core.compare_numbers import NUMBERS, Number, is_finite
from gateway.core.compare_paths import State, View
from gateway.core.compare_texts import plain

_TRUE: Final = object()
_FALSE: Final = object()
_NAN: Final = object()
_BAG: Final = object()
_ANY: Final = object()
NUMBER: Final = object()
"""In the place of a finite number."""

_OTHERS = {True: _TRUE, False: _FALSE}


class Keys:
    """Of the values of one document."""

    __slots__ = ("_view",)

    def __init__(self, view: View) -> None:
        self._view = view

    def of(self, value: object, state: State) -> Hashable:
        """The key of one value."""
        if type(value) is dict:
            return frozenset(self._members(value, state))
        if isinstance(value, list):
            return self._list(value, state)
        if type(value) is bool:
            return _OTHERS[value]
        if type(value) in NUMBERS:
            return self._number(value)  # type: ignore[arg-type]
        return self._text(value) if type(value) is str else None

    def _members(self, value: dict[str, object], state: State) -> list[tuple[str, Hashable]]:
        members = []
        for name in sorted(value):
            below = self._view.member(state, name, value[name])
            if not below.ignored:
                members.append((name, self.of(value[name], below)))
        return members

    def _list(self, value: list[object], state: State) -> Hashable:
        states = self._view.items(state, value, in_order=not state.unordered)
        items = [self.of(each, below) for each, below in zip(value, states, strict=True) if not below.ignored]
        return (_BAG, frozenset(Counter(items).items())) if state.unordered else tuple(items)

    def _number(self, value: Number) -> Hashable:
        return value if value == value else _NAN  # noqa: PLR0124 - NaN is what differs from itself

    def _text(self, value: str) -> Hashable:
        return value


class Shapes(Keys):
    """Keys without the numbers, which are gathered in `numbers`: values of one shape have as many of them, in the same
    places. What is compared in a way of its own, or without order, has any shape."""

    __slots__ = ("_is_text", "numbers")

    def __init__(self, view: View, *, is_text: bool) -> None:
        super().__init__(view)
        self._is_text = is_text
        self.numbers: list[Number] = []

    def of(self, value: object, state: State) -> Hashable:
        """The shape of one value."""
        return super().of(value, state) if state.way is None and not state.unordered else _ANY

    def _number(self, value: Number) -> Hashable:
        if not is_finite(value):
            return super()._number(value)
        self.numbers.append(value)
        return NUMBER

    def _text(self, value: str) -> Hashable:
        return plain(value) if self._is_text else value
