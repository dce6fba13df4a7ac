"""A variant's endpoints in this process: names that come and go, and pools that follow one another."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gateway.core.model import Ejection, Endpoint, Variant
from gateway.proxy.pool import Pool, is_named
from gateway.wire.outbox import Outbox

NAMED = Endpoint("http://models.test:80", "http", "models.test", 80)
PLAIN = Endpoint("http://127.0.0.1:1", "http", "127.0.0.1", 1)
OTHER = Endpoint("http://127.0.0.1:2", "http", "127.0.0.1", 2)


class Loop(asyncio.SelectorEventLoop):
    """Where names give what the test says; None for a look-up that never ends."""

    found: tuple[str, ...] | None = ()

    async def getaddrinfo(self, host: Any, port: Any, **_: Any) -> Any:
        if self.found is None:
            await asyncio.Event().wait()
        if not self.found:
            raise OSError("no such name")
        return [(2, 1, 6, "", (address, port)) for address in self.found]


def run(test: Callable[[Loop], Awaitable[None]], found: tuple[str, ...] | None = ()) -> None:
    """Run it in such a loop; no task may be left."""
    loop = Loop()
    loop.found = found

    async def all_of_it() -> None:
        await test(loop)
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    try:
        loop.run_until_complete(all_of_it())
    finally:
        loop.close()


def pool(*endpoints: Endpoint, previous: Pool | None = None, **settings: Any) -> Pool:
    outbox = Outbox(asyncio.get_running_loop())
    return Pool(Variant("a", endpoints, **settings), outbox, tls=None, previous=previous)


def hosts(of: Pool) -> list[str]:
    return [each.connections.address.host for each in of.endpoints]


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        (NAMED, True),
        (PLAIN, False),
        (Endpoint("u", "unix", path="/x"), False),
        (Endpoint("u", "http", "::1", 1), False),
    ],
)
def test_which_endpoints_are_names(endpoint: Endpoint, expected: bool) -> None:
    """Addresses and sockets are none."""
    assert is_named(endpoint) is expected


def test_a_name_is_an_endpoint_for_each_address() -> None:
    """Known once it was looked up, and looked up no more when the pool stops."""

    async def test(loop: Loop) -> None:
        one = pool(NAMED, PLAIN)
        assert hosts(one) == ["127.0.0.1"]
        await one.looked_up()
        assert hosts(one) == ["10.0.0.1", "10.0.0.2", "127.0.0.1"]
        one.stop()

    run(test, ("10.0.0.2", "10.0.0.1"))


@pytest.mark.parametrize("found", [(), None])
def test_a_name_that_gives_nothing_leaves_the_others(found: tuple[str, ...] | None) -> None:
    """One that is not known is told at once; one whose look-up hangs is waited for as long as the caller likes."""

    async def test(loop: Loop) -> None:
        one = pool(NAMED, PLAIN)
        if found is None:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(one.looked_up(), 0.01)
        else:
            await one.looked_up()
        assert hosts(one) == ["127.0.0.1"]
        one.stop()

    run(test, found)


def test_pools_that_follow_share_what_stays() -> None:
    """The endpoints, their state and the watch on their names; what is left by the last of them is closed."""

    async def test(loop: Loop) -> None:
        first = pool(NAMED, PLAIN)
        await first.looked_up()
        second = pool(PLAIN, NAMED, OTHER, previous=first, version="2")
        assert hosts(second) == ["127.0.0.1", "10.0.0.1", "127.0.0.1"]
        assert set(first.endpoints) < set(second.endpoints)
        first.stop()
        third = pool(OTHER, previous=second)
        second.stop()
        assert third.endpoints == [second.endpoints[2]]
        third.stop()

    run(test, ("10.0.0.1",))


def test_a_pool_that_never_comes_into_force_leaves_no_trace() -> None:
    """The places in the pool it should have followed are as before."""

    async def test(loop: Loop) -> None:
        first = pool(PLAIN, OTHER)
        before = [each.bit for each in first.endpoints]
        draft = pool(NAMED, OTHER, PLAIN, previous=first)
        await draft.looked_up()
        draft.stop()
        assert [each.bit for each in first.endpoints] == before
        assert before[0] != before[1]
        first.stop()

    run(test, ("10.0.0.1",))


def test_requests_may_use_a_stopped_pool_to_their_end() -> None:
    """It still has its endpoints, whose connections are not kept."""

    async def test(loop: Loop) -> None:
        one = pool(PLAIN, OTHER)
        one.stop()
        assert one.choose(0.0, ()) in one.endpoints
        one.stop()

    run(test)


def test_what_is_told_of_endpoints() -> None:
    """Of each of the configuration: whether one of its addresses gets calls, and what is in flight there."""

    async def test(loop: Loop) -> None:
        whole = pool(PLAIN, NAMED, ejection=Ejection(consecutive_errors=1, max_share=1.0))
        await whole.looked_up()
        first, second, third = whole.endpoints
        first.in_flight, second.in_flight, third.in_flight = 1, 2, 3
        assert list(whole.told()) == [(PLAIN.url, True, 1), (NAMED.url, True, 5)]
        assert whole.ejected == []
        for each in (first, third):
            whole.failed(each, now=100.0)
        assert whole.ejected == [0, 2]
        assert list(whole.told()) == [(PLAIN.url, False, 1), (NAMED.url, True, 5)]
        whole.check(frozenset({f"{NAMED.url}#10.0.0.1"}))
        assert list(whole.told()) == [(PLAIN.url, False, 1), (NAMED.url, False, 5)]
        whole.stop()

    run(test, found=("10.0.0.1", "10.0.0.2"))
