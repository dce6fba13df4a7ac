"""A largest matching of a bipartite graph: as many pairs as possible, nobody in two of them.

Augmenting paths, searched in rounds, as Hopcroft and Karp do.
"""

Edges = dict[int, list[int]]
"""Each of one side, with its possible partners on the other."""


def matching(edges: Edges) -> dict[int, int]:
    """Partner by partner."""
    partners: dict[int, int] = {}
    chosen: dict[int, int] = {}
    is_better = True
    while is_better:
        is_better = False
        seen: set[int] = set()
        for start in edges:
            if start not in partners and _augment(start, edges, seen, partners, chosen):
                is_better = True
    return partners


def _augment(start: int, edges: Edges, seen: set[int], partners: dict[int, int], chosen: dict[int, int]) -> bool:
    """Finds `start` a partner, by giving others another one where that is needed; no one in `seen` is asked again."""
    came: dict[int, int] = {}
    waiting = [start]
    for mine in waiting:
        for other in edges[mine]:
            if other in seen:
                continue
            seen.add(other)
            came[other] = mine
            if other not in chosen:
                _give(other, came, partners, chosen)
                return True
            waiting.append(chosen[other])
    return False


def _give(other: int, came: dict[int, int], partners: dict[int, int], chosen: dict[int, int]) -> None:
    """Each on the way back takes the partner it was asked for, and leaves its own to the one before."""
    free: int | None = other
    while free is not None:
        mine = came[free]
        chosen[free] = mine
        partners[mine], free = free, partners.get(mine)
