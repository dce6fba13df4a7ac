"""Inputs made of those we have: bytes replaced, removed, doubled, words put in, two of them joined."""

import random

MOST = 4096


def mutated(chance: random.Random, corpus: list[bytes], words: list[bytes]) -> bytes:
    """Another input, spoilt in one to six places."""
    data = bytearray(chance.choice(corpus) if corpus else b"")
    for _ in range(chance.randint(1, 6)):
        _spoil(data, chance, corpus, words)
    return bytes(data[:MOST])


def _spoil(data: bytearray, chance: random.Random, corpus: list[bytes], words: list[bytes]) -> None:
    at, end = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
    match chance.randrange(7):
        case 0:
            data[at:at] = chance.choice(words)
        case 1:
            data[at : at + 1] = bytes([chance.randrange(256)])
        case 2:
            del data[at : min(end, at + 20)]
        case 3:
            data[at:at] = data[at : min(end, at + 200)]
        case 4:
            other = chance.choice(corpus) if corpus else b""
            data[at:] = other[chance.randint(0, len(other)) :]
        case 5:
            data[at : at + chance.randint(0, 8)] = chance.choice(words)
        case _:
            data[at:at] = data[at : at + 1] * chance.choice([2, 16, 256])
