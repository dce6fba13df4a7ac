"""The memory that copies share."""

from gateway.shadow.room import Room


def test_what_is_held_is_bounded_and_given_back() -> None:
    """By all together; what does not fit takes nothing."""
    room = Room(10)
    one, other = room.hold(), room.hold()
    assert one.take(6)
    assert not other.take(5)
    assert other.take(4)
    assert not one.take(1)
    one.let_go()
    one.let_go()
    assert room.left == 6
    assert other.take(6)
