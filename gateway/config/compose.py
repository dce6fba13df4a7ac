"""YAML text to a tree with places: one document, no repeated key, no tag, bounded depth and size.

It decides what YAML may look like here, and finds all repeated keys at once. It must not know the keys' meaning.
Events are put together in a loop, not by recursion, so neither depth nor aliases can exhaust anything.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import yaml

from gateway.config.faults import MAX_FAULTS, WHOLE_FILE, ConfigError, Fault
from gateway.config.nodes import Mapping, Node, Path, Place, Scalar, Sequence, dotted
from gateway.config.scalars import resolve
from gateway.config.source import end
from gateway.config.syntax import explain

MAX_DEPTH = 64
MAX_NODES = 500_000
"""Values in the whole file, those repeated by aliases counted each time."""


@dataclass(slots=True)
class _OpenSequence:
    node: Sequence
    anchor: str | None

    def next_part(self) -> str | int:
        return len(self.node.items)


@dataclass(slots=True)
class _OpenMapping:
    node: Mapping
    anchor: str | None
    key: Scalar | None = None
    repeated: bool = False
    merged: list[Mapping] = field(default_factory=list)

    def next_part(self) -> str | int:
        return self.key.text if self.key else "?"


def compose(text: str) -> tuple[Mapping, list[Fault]]:
    """The tree and its faults; raises ConfigError where the text is not YAML that can be put together."""
    composer = _Composer(end(text))
    parser = yaml.CSafeLoader(text)
    try:
        while (event := parser.get_event()) is not None:
            composer.take(event)
    except yaml.YAMLError as error:
        raise ConfigError([*composer.faults, explain(error, text)]) from None
    finally:
        parser.dispose()
    return composer.finish(), composer.faults


class _Composer:
    def __init__(self, end: tuple[int, int]) -> None:
        self.faults: list[Fault] = []
        self._end_of_text = end
        self._root: Node | None = None
        self._documents = 0
        self._open: list[_OpenSequence | _OpenMapping] = []
        self._anchors: dict[str, Node] = {}
        self._size = 0
        self._takes: dict[type[yaml.Event], Callable[..., None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.SequenceStartEvent: self._sequence,
            yaml.MappingStartEvent: self._mapping,
            yaml.SequenceEndEvent: self._end,
            yaml.MappingEndEvent: self._end,
            yaml.DocumentStartEvent: self._document,
        }

    def take(self, event: yaml.Event) -> None:
        if take := self._takes.get(type(event)):
            take(event)

    def finish(self) -> Mapping:
        if isinstance(self._root, Mapping):
            return self._root
        if self._root is None or (isinstance(self._root, Scalar) and self._root.value is None):
            raise self._refuse(Place(1, 1), "the file is empty; listen, variants and routes are required")
        raise self._refuse(self._root, "a mapping of names such as listen, variants and routes is due")

    def _document(self, event: yaml.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            raise self._refuse(_place(event), "a second document begins here; one file holds one configuration")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if event.tag is not None:
            self._tag(event)
        line, column = _position(event)
        if not event.value:
            # A value that was left out at the end may be placed behind the text.
            line, column = min((line, column), self._end_of_text)
        plain = event.implicit[0]
        value = resolve(event.value) if plain else event.value
        self._complete(Scalar(line, column, 1, value, event.value, plain), event.anchor)

    def _sequence(self, event: yaml.SequenceStartEvent) -> None:
        if event.tag is not None:
            self._tag(event)
        self._push(_OpenSequence(Sequence(*_position(event)), event.anchor))

    def _mapping(self, event: yaml.MappingStartEvent) -> None:
        if event.tag is not None:
            self._tag(event)
        self._push(_OpenMapping(Mapping(*_position(event)), event.anchor))

    def _push(self, opened: _OpenSequence | _OpenMapping) -> None:
        if len(self._open) == MAX_DEPTH:
            raise self._refuse(opened.node, f"nested more than {MAX_DEPTH} levels deep")
        self._open.append(opened)

    def _end(self, _: yaml.Event) -> None:
        closed = self._open.pop()
        if isinstance(closed, _OpenMapping):
            _merge(closed)
        self._complete(closed.node, closed.anchor)

    def _alias(self, event: yaml.AliasEvent) -> None:
        node = self._anchors.get(str(event.anchor))
        if node is None:
            name = event.anchor
            raise self._refuse(_place(event), f"*{name} stands for nothing: no finished &{name} stands before it")
        self._size += node.size - 1
        self._attach(node)

    def _complete(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node
        self._attach(node)

    def _attach(self, node: Node) -> None:
        self._size += 1
        if self._size > MAX_NODES:
            raise self._refuse(node, f"more than {MAX_NODES:,} values, those repeated by aliases included")
        if not self._open:
            self._root = node
            return
        top = self._open[-1]
        top.node.size += node.size
        if isinstance(top, _OpenSequence):
            top.node.items.append(node)
        elif top.key is None:
            top.key = self._key(top, node)
        else:
            self._entry(top, node)

    def _key(self, top: _OpenMapping, node: Node) -> Scalar:
        if not isinstance(node, Scalar):
            raise self._refuse(node, "a name is due here, not a list or a mapping")
        if not isinstance(node.value, str):
            self._fault(node, f'a name is text: quote it, "{node.text}"', (*self._path()[:-1], node.text))
        first = top.node.keys.get(node.text)
        top.repeated = first is not None and not node.merges
        if first is not None and top.repeated:
            self._fault(node, f"repeated; it stands on line {first.line} already", (*self._path()[:-1], node.text))
        return node

    def _entry(self, top: _OpenMapping, node: Node) -> None:
        key, top.key = top.key, None
        assert key is not None
        if key.merges:
            top.merged += self._merged(node)
        elif not top.repeated:
            top.node.entries[key.text] = node
            top.node.keys[key.text] = key

    def _merged(self, node: Node) -> list[Mapping]:
        nodes = node.items if isinstance(node, Sequence) else [node]
        mappings = [each for each in nodes if isinstance(each, Mapping)]
        if len(mappings) < len(nodes):
            self._fault(node, "<< takes a mapping, or a list of them", (*self._path()[:-1], "<<"))
        return mappings

    def _tag(self, event: yaml.NodeEvent) -> None:
        self._fault(_place(event), "a tag may not stand here; to make a value text, quote it", self._path())

    def _path(self) -> Path:
        return tuple(opened.next_part() for opened in self._open)

    def _fault(self, place: Place, message: str, path: Path) -> None:
        if len(self.faults) >= MAX_FAULTS:
            raise self._refuse(place, f"there are more than {MAX_FAULTS:,} faults; what follows was not read")
        self.faults.append(Fault(place.line, place.column, dotted(path) or WHOLE_FILE, message))

    def _refuse(self, place: Place, message: str) -> ConfigError:
        fault = Fault(place.line, place.column, dotted(self._path()) or WHOLE_FILE, message)
        return ConfigError([*self.faults, fault])


def _merge(closed: _OpenMapping) -> None:
    """What `<<` brings stands below what the mapping says itself; of several, the first wins."""
    node = closed.node
    for merged in closed.merged:
        for name, below in merged.entries.items():
            if name not in node.entries:
                node.entries[name] = below
                node.keys[name] = merged.keys[name]


def _position(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    assert mark is not None
    return mark.line + 1, mark.column + 1


def _place(event: yaml.Event) -> Place:
    return Place(*_position(event))
