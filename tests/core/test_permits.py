"""Permits that are not plain: probes' tokens, and calls that are overdue."""

from gateway.core.breaker_cells import OVERDUE, OVERDUE_BAD
from gateway.core.permits import UNCOUNTED, Overdue, Permit, Probes
from tests.core.fleet import Tokens, make_slot


def test_so_many_probes_in_all_workers() -> None:
    """Whoever asks first."""
    taken: dict[int, int] = {}
    one, other = Probes(Tokens(taken, 0)), Probes(Tokens(taken, 1))
    permits = [one.permit(5, 2), other.permit(5, 2), one.permit(5, 2)]
    assert [permit and permit.token for permit in permits] == [0, 1, None]
    assert permits[0] is not None
    one.free(permits[0])
    one.free(permits[0])
    assert taken == {1: 1}


def test_kept_tokens_are_freed_together() -> None:
    """And not with their permit."""
    taken: dict[int, int] = {}
    probes = Probes(Tokens(taken, 0))
    permits = [probes.permit(5, 3) for _ in range(3)]
    for permit in permits[:2]:
        assert permit is not None
        probes.keep(permit)
        probes.free(permit)
    assert taken.keys() == {0, 1, 2}
    probes.free_kept()
    probes.free_kept()
    assert taken.keys() == {2}


def test_a_permit_without_a_token_has_nothing_to_free() -> None:
    """Like all calls of a closed breaker."""
    taken: dict[int, int] = {}
    Probes(Tokens(taken, 0)).free(Permit(3))
    Probes(Tokens(taken, 0)).free(UNCOUNTED)
    assert taken == {}


def test_who_waits_is_told_to_all() -> None:
    """How many, and at which endpoints; what a process before this one told is wiped out."""
    slot = make_slot(0)
    slot.waiting[OVERDUE] = 7
    overdue = Overdue(slot)
    assert slot.waiting[OVERDUE] == 0
    permits = [Permit(1, bit=1 << place) for place in range(3)]
    for permit in permits:
        overdue.add(permit)
    overdue.end(permits[1])
    assert overdue
    assert permits[0] in overdue
    assert permits[1] not in overdue
    overdue.tell()
    assert (slot.waiting[OVERDUE], slot.waiting[OVERDUE_BAD]) == (2, 0b101)
    overdue.clear()
    overdue.tell()
    assert not overdue
    assert (slot.waiting[OVERDUE], slot.waiting[OVERDUE_BAD]) == (0, 0)
