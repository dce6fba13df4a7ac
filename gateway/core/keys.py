"""Targeting keys: the bytes whose hash fixes a caller's variant. Decides which source gives one, and when to issue it.

A key is a non-empty string or an integer in decimal; anything else a source holds is absent.
"""

from collections.abc import Callable
from typing import NamedTuple

from gateway.core.facts import Facts
from gateway.core.model import KeySource, Source
from gateway.core.sources import json_reader, text_reader

KeyReader = Callable[[Facts], bytes | None]


class Cookie(NamedTuple):
    """A cookie to be set; its lifetime in seconds."""

    name: bytes
    value: bytes
    max_age: int


Issuer = Callable[[Callable[[], float]], Cookie]


def compile_keys(sources: tuple[KeySource, ...]) -> KeyReader:
    """The first of the sources that is present, as a function of the request."""
    readers = [key_reader(source.source) for source in sources]
    if not readers:
        return lambda _facts: None
    if len(readers) == 1:
        return readers[0]

    def first(facts: Facts) -> bytes | None:
        for reader in readers:
            key = reader(facts)
            if key is not None:
                return key
        return None

    return first


def key_reader(source: Source) -> KeyReader:
    """One source's key, or None."""
    if source.kind == "json":
        read = json_reader(source)
        return lambda facts: _key(read(facts))
    if source.kind == "header":
        # The commonest source, with one call less.
        name = source.name.lower().encode()
        return lambda facts: facts.headers.get(name) or None
    text = text_reader(source)
    return lambda facts: text(facts) or None


def _key(value: object) -> bytes | None:
    if type(value) is str:
        return value.encode(errors="surrogatepass") or None
    return b"%d" % value if type(value) is int else None


def compile_issuer(sources: tuple[KeySource, ...]) -> Issuer | None:
    """Makes a new key where no source is present, as the cookie to be set: for the first source that issues, or None.

    The caller supplies random numbers in [0, 1); two of them make a key of 106 bits.
    """
    for source in sources:
        if source.issue is not None:
            return _issuer(source.source.name.encode(), int(source.issue))
    return None


def _issuer(name: bytes, max_age: int) -> Issuer:
    return lambda draw: Cookie(name, b"%014x%014x" % (int(draw() * 2**53), int(draw() * 2**53)), max_age)
