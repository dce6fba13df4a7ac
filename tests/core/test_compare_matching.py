"""A largest matching: against trying everything."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.compare_matching import Edges, matching

graphs = st.lists(st.lists(st.integers(0, 5), max_size=4), max_size=6).map(lambda lists: dict(enumerate(lists)))


def most_pairs(edges: Edges, taken: frozenset[int] = frozenset(), at: int = 0) -> int:
    """By trying everything."""
    if at == len(edges):
        return 0
    tries = (1 + most_pairs(edges, taken | {other}, at + 1) for other in edges[at] if other not in taken)
    return max(most_pairs(edges, taken, at + 1), *tries, 0)


@given(graphs)
def test_as_many_as_possible_are_paired_and_nobody_twice(edges: Edges) -> None:
    pairs = matching(edges)
    assert all(other in edges[mine] for mine, other in pairs.items())
    assert len(set(pairs.values())) == len(pairs) == most_pairs(edges)


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ({}, {}),
        ({0: []}, {}),
        ({0: [7]}, {0: 7}),
        ({0: [1, 2], 1: [1]}, {0: 2, 1: 1}),
        ({0: [1], 1: [1, 2], 2: [2, 3]}, {0: 1, 1: 2, 2: 3}),
        ({0: [1], 1: [1]}, {0: 1}),
    ],
)
def test_partners_are_given_up_for_the_sake_of_others(edges: Edges, expected: Edges) -> None:
    assert matching(edges) == expected


def test_many_that_want_the_same_cost_little() -> None:
    """Everyone may have to give way to everyone else."""
    count = 300
    ladder = {number: [*range(max(0, number - 1), number + 1)] for number in reversed(range(count))}
    crowd = {number: [*range(count // 2)] for number in range(count)}
    begun = process_time()
    assert (len(matching(ladder)), len(matching(crowd))) == (count, count // 2)
    assert process_time() - begun < 2
