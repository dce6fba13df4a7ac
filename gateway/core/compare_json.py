"""Two JSON documents walked through side by side, and every difference told.

It decides what is equal: what is ignored is as if it were not there, numbers may lie apart within the tolerance, lists
may be unordered, and some values are compared in a way of their own. It must not know where the documents came from.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from itertools import compress, count
from operator import ne
from typing import Final

from gateway.core.compare_items import Items, are_plain, flat_kinds, kept
from gateway.core.compare_limits import SCALARS, Effort
from gateway.core.compare_numbers import EXACT, NUMBERS, Tolerance
from gateway.core.compare_paths import State, View
from gateway.core.compare_sorted import Left
from gateway.core.compare_texts import plain
from gateway.core.compare_unordered import Pairing, are_same, keys
from gateway.core.compare_ways import largest, point_alike, rows
from gateway.core.differences import ABSENT, Notes, Steps
from gateway.core.judgement import Kind


class _DiffersError(Exception):
    """Two values differ; that is all that was asked."""


class _Asking:
    """Stops at the first difference."""

    is_full: Final = False

    def note(self, at: Steps | str, kind: Kind, live: object = ABSENT, shadow: object = ABSENT) -> None:
        """There is one."""
        raise _DiffersError


_ASKING = _Asking()


@dataclass(frozen=True, slots=True)
class Keyed:
    """The list of a protocol whose items are compared by a member of theirs, wherever they stand: the tensors of an
    Open Inference answer by `name`, an openai answer's choices by `index`."""

    list: str
    """Its name in the document's root."""
    key: str


@dataclass(frozen=True, slots=True)
class Walk:
    """The comparison of one pair of documents, or of a part that has a tolerance of its own."""

    live: View
    shadow: View
    effort: Effort
    notes: Notes
    tolerance: Tolerance = EXACT
    is_text: bool = False
    """Whether texts are compared as a reader would."""
    keyed: Keyed | None = None

    def compare(self, live: object, shadow: object, state: State, *, at: Steps) -> None:
        """Tells every difference of two values, which stand at `at`."""
        if state.way is not None:
            self._by_way(live, shadow, state, at=at)
        else:
            self._by_kind(live, shadow, state, at=at)

    def are_equal(self, live: object, shadow: object, state: State) -> bool:
        """Whether two values have no difference; for one whose notes stop it."""
        try:
            self.compare(live, shadow, state, at=None)
        except _DiffersError:
            return False
        return True

    def _by_kind(self, live: object, shadow: object, state: State, *, at: Steps) -> None:
        if type(live) is dict and type(shadow) is dict:
            self._objects(live, shadow, state, at=at)
        elif isinstance(live, list) and isinstance(shadow, list):
            self._lists(live, shadow, state, at=at)
        else:
            self._scalars(live, shadow, at=at)

    def _scalars(self, live: object, shadow: object, *, at: Steps) -> None:
        if type(live) in NUMBERS and type(shadow) in NUMBERS:
            is_same = self.tolerance.close(live, shadow)  # type: ignore[arg-type]
        elif type(live) is str and type(shadow) is str:
            is_same = live == shadow or (self.is_text and plain(live) == plain(shadow))
        else:
            is_same = type(live) is type(shadow) and live == shadow
        if not is_same:
            self.notes.note(at, "value" if _kind(live) == _kind(shadow) else "type", live, shadow)

    # ---- objects

    def _objects(self, live: dict[str, object], shadow: dict[str, object], state: State, *, at: Steps) -> None:
        everywhere = state.below
        for name, value in live.items():
            other = shadow.get(name, ABSENT)
            if type(value) is type(other) and type(value) in SCALARS and value == other:
                continue
            below = everywhere or self._member(state, name, live, shadow)
            if below.ignored:
                continue
            if other is ABSENT:
                self.notes.note((at, name), "missing", live=value)
            else:
                self.compare(value, other, below, at=(at, name))
        if not shadow.keys() <= live.keys():
            self._extra(live, shadow, state, at=at)

    def _extra(self, live: dict[str, object], shadow: dict[str, object], state: State, *, at: Steps) -> None:
        for name, value in shadow.items():
            if name not in live and not self.shadow.member(state, name, value).ignored:
                self.notes.note((at, name), "extra", shadow=value)

    def _member(self, state: State, name: str, live: dict[str, object], shadow: dict[str, object]) -> State:
        below = self.live.member(state, name, live[name])
        return below | self.shadow.member(state, name, shadow[name]) if name in shadow else below

    # ---- lists

    def _lists(self, live: list[object], shadow: list[object], state: State, *, at: Steps) -> None:
        if live == shadow and are_plain(live, shadow):
            return
        keyed = self.keyed if self.keyed is not None and at == (None, self.keyed.list) else None
        in_order = keyed is not None or not state.unordered
        mine = kept(live, self.live.items(state, live, in_order=in_order))
        others = kept(shadow, self.shadow.items(state, shadow, in_order=in_order))
        if not in_order:
            self._note_left(mine, others, self._pairing().multisets(mine, others), at=at)
        elif keyed is None or not self._by_key(mine, others, keyed.key, at=at):
            self._in_order(mine, others, at=at)

    def _in_order(self, live: Items, shadow: Items, *, at: Steps) -> None:
        flat = flat_kinds(live, shadow)
        suspects = self._suspects(live, shadow, flat)
        if len(live.values) != len(shadow.values):
            self.notes.note(at, "length", len(live.values), len(shadow.values))
        elif suspects and self._may_be_reordered(live, shadow, are_flat=bool(flat)):
            if not self._differ(live, shadow, suspects):
                return
            if self._are_reordered(live, shadow, flat):
                self.notes.note(at, "order", live.values, shadow.values)
                return
        for index in suspects:
            if flat and flat <= NUMBERS and self.notes.is_full:
                return
            below = live.states[index] | shadow.states[index]
            self.compare(live.values[index], shadow.values[index], below, at=(at, live.indexes[index]))

    def _suspects(self, live: Items, shadow: Items, flat: Set[type]) -> Sequence[int]:
        """Which items may differ."""
        if not flat:
            return range(min(len(live.values), len(shadow.values)))
        return self.tolerance.suspects(live.values, shadow.values, flat)

    def _may_be_reordered(self, live: Items, shadow: Items, *, are_flat: bool) -> bool:
        """Whether it is worth finding out if two lists hold exactly the same values in another order."""
        if self.notes is _ASKING or len(live.values) < 2 or live.values == shadow.values:
            return False
        if are_flat or (live.is_free and shadow.is_free):
            first = next(compress(count(), map(ne, live.values, shadow.values)))
            if live.values[first] not in shadow.values:
                return False
        return are_flat or self.effort.order(live.values, shadow.values)

    def _differ(self, live: Items, shadow: Items, suspects: Sequence[int]) -> bool:
        asking = replace(self, notes=_ASKING)
        return not all(
            asking.are_equal(live.values[index], shadow.values[index], live.states[index] | shadow.states[index])
            for index in suspects
        )

    def _are_reordered(self, live: Items, shadow: Items, flat: Set[type]) -> bool:
        """Whether two lists hold exactly the same values. Those that stand at the same place in both need no look."""
        if flat:
            apart = EXACT.suspects(live.values, shadow.values, flat)
            live, shadow = live.chosen(apart), shadow.chosen(apart)
        return are_same(keys(self.live, live), keys(self.shadow, shadow))

    def _by_key(self, live: Items, shadow: Items, key: str, *, at: Steps) -> bool:
        """Whether every item of both lists has a key of its own; those with the same one are compared then."""
        mine, others = live.by_key(key), shadow.by_key(key)
        if mine is None or others is None:
            return False
        for name, number in mine.items():
            here = (at, live.indexes[number])
            if name in others:
                other = others[name]
                below = live.states[number] | shadow.states[other]
                self.compare(live.values[number], shadow.values[other], below, at=here)
            else:
                self.notes.note(here, "missing", live=live.values[number])
        for name, other in others.items():
            if name not in mine:
                self.notes.note((at, shadow.indexes[other]), "extra", shadow=shadow.values[other])
        return True

    def _note_left(self, live: Items, shadow: Items, left: Left, *, at: Steps) -> None:
        for number in left.live:
            self.notes.note((at, live.indexes[number]), "missing", live=live.values[number])
        for number in left.shadow:
            self.notes.note((at, shadow.indexes[number]), "extra", shadow=shadow.values[number])

    def _pairing(self) -> Pairing:
        equal = replace(self, notes=_ASKING).are_equal
        return Pairing(self.live, self.shadow, self.tolerance, self.is_text, self.effort, equal)

    # ---- ways of its own

    def _by_way(self, live: object, shadow: object, state: State, *, at: Steps) -> None:
        assert state.way is not None
        way = state.way.name
        if way == "exact":
            replace(self, tolerance=EXACT, is_text=False)._by_kind(live, shadow, state, at=at)
        elif way == "text":
            replace(self, is_text=True)._by_kind(live, shadow, state, at=at)
        elif way == "set" and isinstance(live, list) and isinstance(shadow, list):
            mine = kept(live, self.live.items(state, live, in_order=False))
            others = kept(shadow, self.shadow.items(state, shadow, in_order=False))
            self._note_left(mine, others, self._pairing().sets(mine, others), at=at)
        elif way in {"argmax", "cosine"}:
            self._rows(live, shadow, state, at=at)
        else:
            self._by_kind(live, shadow, state, at=at)

    def _rows(self, live: object, shadow: object, state: State, *, at: Steps) -> None:
        """Row by row, where both are made of rows of the same lengths; otherwise as any value."""
        assert state.way is not None
        mine, others = rows(live), rows(shadow)
        if mine is None or others is None or mine.shape != others.shape:
            self._by_kind(live, shadow, state, at=at)
        elif state.way.name == "cosine":
            if not point_alike(mine, others, state.way.least):
                self.notes.note(at, "value", live, shadow)
        elif (left := largest(mine)) != (right := largest(others)):
            single = len(left) == 1
            self.notes.note(at, "value", left[0] if single else left, right[0] if single else right)


def _kind(value: object) -> str:
    """As JSON calls it."""
    return "number" if type(value) in NUMBERS else "list" if isinstance(value, list) else type(value).__name__
