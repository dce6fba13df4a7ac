"""One variant's guard: every transition, every report, every setting, with literal figures."""

from itertools import product

import pytest

from gateway.core.breaker import TABLE, Cause, State, Transition
from gateway.core.breaker_cells import PAST_CALLS, PAST_FAILURES
from gateway.core.model import BreakerSettings
from gateway.core.permits import UNCOUNTED, Permit
from tests.core.fleet import TICK, Fleet

CLOSED, HALF_OPEN, OPEN = State


def fleet(size: int = 1, **settings: object) -> Fleet:
    return Fleet(size, BreakerSettings(**settings))  # type: ignore[arg-type]


def opened(size: int = 1, **settings: object) -> Fleet:
    """Five errors in a row opened it, in the first worker."""
    made = fleet(size, **settings)
    for _ in range(5):
        assert made.call("bad")
    return made


def half_open(size: int = 1, **settings: object) -> Fleet:
    """It was open for its time."""
    made = opened(size, **settings)
    made.pass_time(made.breakers[0].settings.open_for + TICK)
    assert made.states == {HALF_OPEN}
    return made


def probe(made: Fleet, worker: int = 0) -> Permit:
    permit = made.breakers[worker].admit(made.now)
    assert permit is not None
    return permit


def trips(made: Fleet) -> list[tuple[str, str]]:
    return [(transition.trigger, transition.why) for _, transition in made.told if transition.after is OPEN]


# ---- the table


def test_the_table_is_all_there_is() -> None:
    """Four transitions; from each state each cause that can come is known."""
    assert TABLE == {
        (CLOSED, Cause.TRIPPED): OPEN,
        (OPEN, Cause.RESTED): HALF_OPEN,
        (HALF_OPEN, Cause.PROBE_FAILED): OPEN,
        (HALF_OPEN, Cause.PROBES_SUCCEEDED): CLOSED,
    }


def test_from_well_to_sick_to_well() -> None:
    """Each transition is told of once, with the numbers that caused it."""
    made = opened(probes=2, open_for=4.0)
    made.pass_time(10)
    assert made.call()
    assert made.call()
    made.pass_time(1)
    assert [transition[:4] for _, transition in made.told] == [
        (CLOSED, OPEN, "consecutive_errors", "5 errors in a row, limit 5"),
        (OPEN, HALF_OPEN, "", made.told[1][1].why),
        (HALF_OPEN, CLOSED, "", "2 probes succeeded"),
    ]
    assert made.told[1][1].why.startswith(("open for 3.", "open for 4.0 s"))
    assert made.told[1][1].why.endswith(" s, up to 2 calls may try")
    assert made.states == {CLOSED}


def test_what_is_told_of_a_trip() -> None:
    """When it was, and when it probes: at most `open_for` later, a tenth of it less with jitter."""
    made = opened(open_for=5.0)
    breaker = made.breakers[0]
    made.tick(0)
    [(_, trip)] = made.told
    assert isinstance(trip, Transition)
    assert (trip.at, trip.row) == (1000.0, 1)
    assert trip.until is not None
    assert 1004.5 < trip.until <= 1005.0
    assert breaker.retry_at == pytest.approx(trip.until, abs=0.001)
    assert breaker.since == 1000.0


# ---- closed


def test_a_success_ends_a_streak() -> None:
    """Four, one good, four: nothing; the fifth in a row trips."""
    made = fleet()
    for outcome in [*["bad"] * 4, "good", *["bad"] * 4]:
        assert made.call(outcome)
    assert made.states == {CLOSED}
    made.call("bad")
    assert made.states == {OPEN}


@pytest.mark.parametrize(
    ("good", "bad", "why"),
    [
        (10, 10, "errors 10 of 20 in 10 s, limit 50 %"),
        (8, 12, "errors 12 of 20 in 10 s, limit 50 %"),
        (11, 9, None),
        (40, 10, None),
    ],
)
def test_the_rate_of_errors(good: int, bad: int, why: str | None) -> None:
    """At the limit it trips; judged at the tick, on the window's calls."""
    made = fleet(consecutive_errors=1000)
    for _ in range(bad):
        made.call("bad")
    for _ in range(good):
        made.call()
    made.pass_time(2 * TICK)
    assert trips(made) == ([("error_rate", why)] if why else [])


def test_calls_leave_the_window() -> None:
    """Nine errors 11 s ago and eleven good calls: half of 20 never met in one window."""
    made = fleet(consecutive_errors=1000, min_requests=10)
    for _ in range(9):
        made.call("bad")
    made.pass_time(11)
    for outcome in ["bad", *["good"] * 10]:
        made.call(outcome)
    made.pass_time(1)
    assert made.states == {CLOSED}
    assert made.breakers[0].totals(made.now).outcomes[:2] == (1, 11)


def test_few_calls_the_last_ten_decide() -> None:
    """One in 12 s, never two in a window: the tenth shows six errors of ten."""
    made = fleet()
    for outcome in ["bad", "good", "bad"] * 3:
        made.call(outcome)
        made.pass_time(12)
        assert made.states == {CLOSED}
    made.call("bad")
    made.pass_time(2 * TICK)
    assert trips(made) == [("error_rate", "errors 7 of the last 10, limit 50 %")]


def test_what_is_older_than_five_minutes_is_forgotten() -> None:
    """Nine errors, then silence: the tenth alone decides nothing."""
    made = fleet(consecutive_errors=1000)
    for _ in range(9):
        made.call("bad")
        made.pass_time(12)
    made.pass_time(300)
    made.call("bad")
    made.pass_time(1)
    assert made.states == {CLOSED}


def test_everyday_errors_of_a_busy_variant_make_no_streak() -> None:
    """Of 100 calls 20 failed: 11 in a row might be chance, 12 are not."""
    made = fleet(error_rate=1.0)
    for _ in range(20):
        for outcome in ["good", "good", "bad", "good", "good"]:
            made.call(outcome)
    for _ in range(11):
        made.call("bad")
    assert made.states == {CLOSED}
    made.call("bad")
    assert made.states == {OPEN}


# ---- slow calls


def test_slow_calls_count_the_moment_they_are_late() -> None:
    """Still waiting, all of them: 7 of 12 trip by the rate."""
    made = fleet(slow_after=1.0, min_requests=12, consecutive_errors=1000)
    breaker = made.breakers[0]
    waiting = [probe(made) for _ in range(7)]
    for _ in range(5):
        made.call()
    made.now += 1.0
    for permit in waiting:
        breaker.overdue(permit, made.now, 1)
    made.pass_time(2 * TICK)
    assert trips(made) == [("slow_rate", "slow 7 of 12 in 10 s, limit 50 %")]


def test_calls_that_wait_do_not_age_out() -> None:
    """Four that wait for a minute are still there when six more come; all ten are the last ones."""
    made = fleet(slow_after=1.0, consecutive_errors=1000)
    breaker = made.breakers[0]
    for _ in range(4):
        breaker.overdue(probe(made), made.now, 1)
    made.pass_time(60)
    assert made.states == {CLOSED}
    for _ in range(5):
        made.call()
    made.pass_time(2 * TICK)
    assert made.states == {CLOSED}
    breaker.overdue(probe(made), made.now, 1)
    made.pass_time(2 * TICK)
    assert trips(made) == [("slow_rate", "slow 5 of the last 10, limit 50 %")]


@pytest.mark.parametrize("end", ["first_byte", "success", "failure", "release"])
def test_a_late_call_is_slow_however_it_ends(end: str) -> None:
    """Counted once: as waiting while it waits, in the window afterwards; its outcome counts apart from that."""
    made = fleet(slow_after=1.0)
    breaker = made.breakers[0]
    permit = breaker.overdue(probe(made), made.now, 2)
    made.pass_time(TICK)
    assert breaker.totals(made.now).decisions == (1, 1, 2)
    if end == "first_byte":
        breaker.first_byte(permit, made.now, 1.5)
        breaker.success(permit, made.now)
    elif end == "success":
        breaker.answered(permit, made.now, 1.5)
    elif end == "failure":
        breaker.failure(permit, made.now, 2)
    else:
        breaker.release(permit)
    made.pass_time(TICK)
    totals = breaker.totals(made.now)
    assert totals.decisions == (1, 1, 2)
    assert totals.overdue == 0
    assert totals.outcomes[:2] == {"failure": (1, 1), "release": (0, 0)}.get(end, (0, 1))
    made.pass_time(11)
    assert breaker.totals(made.now).decisions == (0, 0, 0)


def test_a_hung_model_trips_at_once() -> None:
    """Five callers wait and nobody was answered for `slow_after`."""
    made = fleet(slow_after=0.5)
    made.call()
    waiting = [probe(made) for _ in range(5)]
    made.pass_time(0.5)
    for permit in waiting:
        made.breakers[0].overdue(permit, made.now, 1)
    made.pass_time(TICK)
    assert made.states == {OPEN}
    made.pass_time(TICK)
    assert trips(made) == [("stalled", "5 calls waiting and none answered for 0.5 s, limit 5")]


@pytest.mark.parametrize("sign", ["a first byte in time", "a late first byte", "a success without a clock"])
def test_a_model_that_answers_anybody_has_not_stalled(sign: str) -> None:
    """Five wait, but another was answered meanwhile."""
    made = fleet(slow_after=0.5, slow_rate=1.0)
    breaker = made.breakers[0]
    one, *waiting = [probe(made) for _ in range(6)]
    made.pass_time(0.5)
    if sign == "a first byte in time":
        breaker.first_byte(one, made.now, 0.3)
    elif sign == "a late first byte":
        breaker.first_byte(breaker.overdue(one, made.now, 1), made.now, 0.6)
    else:
        breaker.success(one, made.now)
    for permit in waiting:
        breaker.overdue(permit, made.now, 1)
    made.pass_time(0.4)
    assert made.states == {CLOSED}
    made.pass_time(0.2)
    assert made.states == {OPEN}


def test_long_calls_that_began_in_time_are_not_slow() -> None:
    """Streams of a minute: the first byte decides, the end is a success."""
    made = fleet(slow_after=0.5)
    breaker = made.breakers[0]
    streams = [probe(made) for _ in range(30)]
    for permit in streams:
        breaker.first_byte(permit, made.now, 0.1)
    made.pass_time(60)
    for permit in streams:
        breaker.success(permit, made.now)
    made.pass_time(1)
    assert made.states == {CLOSED}
    assert breaker.totals(made.now).outcomes == (0, 30, 0)


def test_auto_is_ten_times_the_calm_p99() -> None:
    """10 s until 200 calls are known; afterwards what they say, looked at each second."""
    made = fleet()
    assert made.breakers[0].slow_after == 10.0
    for _ in range(300):
        made.call(waited=0.4)
        made.pass_time(0.01)
    made.pass_time(3)
    made.call()
    made.pass_time(2)
    assert made.breakers[0].slow_after == pytest.approx(4.0)


# ---- open


def test_open_means_no_calls() -> None:
    """Not one, in any worker, from the first look after the trip."""
    made = opened(4)
    made.pass_time(TICK)
    assert made.states == {OPEN}
    assert [made.call(worker=worker) for worker in range(4)] == [False] * 4
    assert len(trips(made)) <= 1
    made.pass_time(TICK)
    assert len(trips(made)) == 1


@pytest.mark.parametrize("end", ["answered", "success", "failure", "release", "overdue"])
def test_late_reports_decide_nothing(end: str) -> None:
    """Calls from before the trip, that end when it is open, half_open, and closed again."""
    made = fleet(probes=1)
    breaker = made.breakers[0]
    late = [probe(made) for _ in range(30)]
    slow = [breaker.overdue(probe(made), made.now, 1) for _ in range(3)]
    for _ in range(5):
        made.call("bad")
    seen = []
    for _ in range(4):
        for permit in [*late[:5], *slow[:1]]:
            if end == "answered":
                breaker.answered(permit, made.now, 3.0)
            elif end == "success":
                breaker.success(permit, made.now)
            elif end == "failure":
                breaker.failure(permit, made.now, 1)
            elif end == "release":
                breaker.release(permit)
            else:
                assert breaker.overdue(permit, made.now, 1) is permit
        del late[:5], slow[:1]
        made.tick(0)
        seen.append(breaker.state)
        if breaker.state is HALF_OPEN:
            made.call()
        else:
            made.pass_time(5)
    assert seen == [OPEN, HALF_OPEN, CLOSED, CLOSED]
    assert breaker.totals(made.now).outcomes == (0, 0, 0)
    assert breaker.totals(made.now).decisions == (0, 0, 0)


def test_rescue_while_it_is_not_closed() -> None:
    """Callers that wait too long are let go until it is well."""
    made = fleet()
    assert not made.breakers[0].rescues
    assert opened().breakers[0].rescues
    assert half_open().breakers[0].rescues
    assert not opened(rescue=False).breakers[0].rescues
    assert not opened(mode="observe").breakers[0].rescues


# ---- half_open


def test_probes_are_so_many_in_the_whole_gateway() -> None:
    """Three of four workers' calls get through; the others go elsewhere."""
    made = half_open(4)
    permits = [made.breakers[worker].admit(made.now) for worker in range(4)]
    assert [permit is not None for permit in permits] == [True, True, True, False]
    assert made.breakers[0].admit(made.now) is None


def test_as_many_successes_close_it() -> None:
    """In whichever workers; nobody else is put at risk meanwhile."""
    made = half_open(3)
    for worker in range(3):
        assert made.states == {HALF_OPEN}
        permit = probe(made, worker)
        made.breakers[worker].answered(permit, made.now, 0.1)
        if worker < 2:
            made.pass_time(TICK)
    made.pass_time(2 * TICK)
    assert made.states == {CLOSED}
    assert made.taken == {}
    assert all(made.call(worker=worker) for worker in range(3))


def test_successes_keep_their_permits_until_the_end_of_the_try() -> None:
    """Two succeeded, one is still out: a fourth may not try."""
    made = half_open()
    made.call()
    made.call()
    last = probe(made)
    assert not made.call()
    made.breakers[0].release(last)
    assert made.taken.keys() == {0, 1}
    assert made.call()
    assert made.states == {CLOSED}
    assert made.taken == {}


@pytest.mark.parametrize(("end", "why"), [("failure", "a probe failed"), ("overdue", None)])
def test_one_bad_probe_opens_it_again(end: str, why: str | None) -> None:
    """Failed or slow, for twice the time."""
    made = half_open(2, slow_after=2.0)
    permit, other = probe(made), probe(made, 1)
    if end == "failure":
        made.breakers[0].failure(permit, made.now, 1)
    else:
        assert made.breakers[0].overdue(permit, made.now, 1) is permit
        made.breakers[0].release(permit)
    made.pass_time(2 * TICK)
    assert made.states == {OPEN}
    assert trips(made)[1:] == [("probe", why or "a probe waited 2 s for its first byte")]
    made.breakers[1].success(other, made.now)
    assert made.taken == {}
    made.pass_time(8)
    assert made.states == {OPEN}
    made.pass_time(2)
    assert made.states == {HALF_OPEN}


def test_a_probe_from_before_is_still_one() -> None:
    """It holds its permit while it lasts, and decides nothing."""
    made = half_open(probes=2)
    stuck = probe(made)
    made.call("bad")
    made.pass_time(10)
    assert made.states == {HALF_OPEN}
    assert made.call()
    assert not made.call()
    made.breakers[0].overdue(stuck, made.now, 1)
    made.breakers[0].failure(stuck, made.now, 1)
    assert made.states == {HALF_OPEN}
    assert made.call()
    assert made.states == {CLOSED}


def test_a_cancelled_probe_frees_its_permit() -> None:
    """A thousand times, and the state stays."""
    made = half_open(probes=1)
    for _ in range(1000):
        made.breakers[0].release(probe(made))
    assert made.states == {HALF_OPEN}
    assert made.taken == {}


def test_a_probe_is_released_once() -> None:
    """Twice does no harm, and frees nobody else's."""
    made = half_open(probes=1)
    permit = probe(made)
    made.breakers[0].release(permit)
    other = probe(made)
    made.breakers[0].release(permit)
    assert made.taken.keys() == {other.token}


def test_no_traffic_leaves_it_half_open() -> None:
    """The next call is a probe, an hour later as well."""
    made = half_open(probes=1)
    made.pass_time(3600)
    assert made.states == {HALF_OPEN}
    assert made.call()
    assert made.states == {CLOSED}


def test_fewer_probes_by_a_reload_close_it() -> None:
    """Two succeeded and two are enough now: the tick sees it."""
    made = half_open(probes=3)
    made.call()
    made.call()
    made.configure(probes=2)
    made.pass_time(TICK)
    assert made.states == {CLOSED}
    assert made.taken == {}


def test_copies_probe_where_they_are_to() -> None:
    """Callers wait until `max_open_for` is over; copies do not."""
    made = half_open(probes=1, probe="shadow", max_open_for=20.0)
    breaker = made.breakers[0]
    assert not made.call()
    permit = breaker.probe()
    assert permit is not None
    breaker.release(permit)
    made.pass_time(20)
    assert made.call()
    assert breaker.probe() is None, "it is closed"


# ---- how long it is open


def test_the_time_open_doubles_up_to_the_longest() -> None:
    """Each trip in a row; with a tenth of it left out by chance."""
    made = opened(open_for=5.0, max_open_for=30.0)
    for expected in [5, 10, 20, 30, 30]:
        breaker = made.breakers[0]
        assert breaker.retry_at is not None
        assert expected * 0.9 - 0.01 <= breaker.retry_at - breaker.since <= expected
        made.pass_time(expected + TICK)
        assert made.call("bad")
    made.pass_time(TICK)
    assert [transition.row for _, transition in made.told if transition.trigger] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(("calm", "row"), [(19.0, 2), (20.0, 1)])
def test_a_calm_time_makes_the_next_trip_the_first(calm: float, row: int) -> None:
    """Closed for as long as it can be open at most."""
    made = half_open(probes=1, max_open_for=20.0)
    made.call()
    made.now = made.breakers[0].since + calm
    for _ in range(5):
        made.call("bad")
    made.tick(0)
    assert made.told[-1][1].row == row


# ---- modes, operators, reloads


def test_observe_goes_through_all_and_blocks_nobody() -> None:
    """Open, half_open, closed, all told; every call is let through."""
    made = opened(mode="observe", probes=1)
    breaker = made.breakers[0]
    assert breaker.admit(made.now) is UNCOUNTED
    assert made.call("bad")
    made.pass_time(5 + TICK)
    assert made.states == {HALF_OPEN}
    permit = probe(made)
    assert breaker.admit(made.now) is UNCOUNTED
    breaker.success(permit, made.now)
    made.pass_time(2 * TICK)
    assert [transition.after for _, transition in made.told] == [OPEN, HALF_OPEN, CLOSED]


def test_disabled_does_nothing() -> None:
    """However many errors; and nothing is left over when it is enabled."""
    made = fleet(mode="disabled")
    for _ in range(100):
        assert made.call("bad")
    made.pass_time(1)
    made.configure(mode="enforce")
    made.pass_time(1)
    assert made.states == {CLOSED}
    assert made.breakers[0].totals(made.now).outcomes == (0, 0, 0)


def test_calls_in_flight_when_it_is_disabled_count_no_more() -> None:
    """They were admitted to be counted."""
    made = fleet()
    permits = [probe(made) for _ in range(9)]
    made.configure(mode="disabled")
    for permit in permits:
        made.breakers[0].failure(permit, made.now, 1)
    made.pass_time(1)
    assert made.states == {CLOSED}
    assert made.breakers[0].shown is CLOSED


def test_disabled_covers_what_was_open() -> None:
    """Calls flow; enabled again it goes on where it was."""
    made = opened()
    made.configure(mode="disabled")
    assert made.breakers[0].shown is CLOSED
    assert made.call()
    made.pass_time(10)
    made.configure(mode="enforce")
    assert made.states == {OPEN}
    made.pass_time(TICK)
    assert made.states == {HALF_OPEN}


def test_forced_open_keeps_everybody_out() -> None:
    """Callers, probes and copies, in every state; its own state stays underneath."""
    for made in (fleet(), opened(), half_open(), fleet(mode="observe"), fleet(mode="disabled")):
        breaker = made.breakers[0]
        own = breaker.state
        breaker.configure(made.settings, "open")
        assert breaker.shown is OPEN
        assert breaker.admit(made.now) is None
        assert breaker.probe() is None
        assert breaker.rescues
        breaker.configure(made.settings, None)
        assert breaker.state is own


def test_forced_closed_lets_everybody_in() -> None:
    """In every state; underneath it trips, probes and closes by its counts."""
    made = fleet(probes=1)
    breaker = made.breakers[0]
    breaker.configure(made.settings, "closed")
    for _ in range(50):
        assert made.call("bad")
    assert (breaker.state, breaker.shown) == (OPEN, CLOSED)
    assert not breaker.rescues
    made.pass_time(6)
    assert breaker.state is HALF_OPEN
    assert made.call("bad")
    assert breaker.state is OPEN
    breaker.configure(made.settings, None)
    assert not made.call(), "`auto` resumes what the counts gave"


@pytest.mark.parametrize("state", list(State))
def test_a_reload_changes_no_state(state: State) -> None:
    """Nor the counts, the permits, the time it is open."""
    made = {CLOSED: fleet, HALF_OPEN: half_open, OPEN: opened}[state]()
    for _ in range(4 if state is CLOSED else 0):
        made.call("bad")
    before = made.breakers[0].retry_at
    made.configure(window=20.0, min_requests=7, slow_after=3.0, probes=3)
    assert made.states == {state}
    assert made.breakers[0].retry_at == before
    assert made.breakers[0].slow_after == 3.0
    made.call("bad")
    assert made.states == {OPEN}


# ---- pools


@pytest.mark.parametrize(
    ("in_use", "bits", "trips_at_all"),
    [
        (0b1, [0b1], True),
        (0b11, [0b1], False),
        (0b11, [0b1, 0b10], True),
        (0b111, [0b1, 0b100], True),
        (0b10, [0b1], False),
        (0b10, [0b10], True),
    ],
)
def test_one_endpoint_of_several_never_trips(in_use: int, bits: list[int], trips_at_all: bool) -> None:
    """Two must fail, or all that are in use; by streak, by rate, by few calls, by stalling."""
    for rule in ("streak", "rate", "few", "stall"):
        made = fleet(
            consecutive_errors=5 if rule in ("streak", "stall") else 1000,
            min_requests=1000 if rule == "few" else 20,
            slow_after=1.0,
        )
        breaker = made.breakers[0]
        breaker.in_use = in_use
        for turn in range(30):
            bit = bits[turn % len(bits)]
            if rule == "stall":
                breaker.overdue(probe(made), made.now, bit)
            elif breaker.state is CLOSED:
                made.call("bad", bit=bit)
        made.pass_time(0.2)
        assert (made.states == {OPEN}) is trips_at_all, rule


# ---- workers


def test_a_new_worker_begins_in_the_state_in_force() -> None:
    """Before it serves."""
    made = opened(2)
    assert made.breakers[1].state is CLOSED
    assert made.start(1).state is OPEN


def test_a_worker_goes_on_with_the_counts_of_the_one_before() -> None:
    """Four errors, the worker ends, and one more trips it; its callers wait no more."""
    made = fleet(slow_after=1.0)
    for _ in range(4):
        made.call("bad")
    made.breakers[0].overdue(probe(made), made.now, 1)
    made.pass_time(TICK)
    made.breakers[0] = made.start(0)
    assert made.breakers[0].totals(made.now).overdue == 0
    assert made.breakers[0].totals(made.now).outcomes == (4, 4, 1)
    made.call("bad")
    assert made.states == {OPEN}


def test_the_first_transition_wins() -> None:
    """A worker that has not looked yet trips as well: it adopts instead."""
    made = opened(2)
    for _ in range(5):
        made.call("bad", worker=1)
    made.pass_time(2 * TICK)
    assert made.states == {OPEN}
    assert len(made.told) == 1


def test_rates_are_of_the_whole_gateway() -> None:
    """Over five workers, four calls each: no worker alone knows enough."""
    made = fleet(5, consecutive_errors=1000)
    lonely = fleet(1, consecutive_errors=1000)
    for outcome in ["bad", "good"] * 2:
        lonely.call(outcome)
    lonely.pass_time(2 * TICK)
    assert lonely.states == {CLOSED}
    for _ in range(2):
        for worker, outcome in product(range(5), ["bad", "good"]):
            made.call(outcome, worker=worker)
    made.pass_time(2 * TICK)
    assert [trigger for trigger, _ in trips(made)] == ["error_rate"]


def test_streaks_are_of_the_whole_gateway_as_well() -> None:
    """Five workers, one error each, since the last success of any."""
    made = fleet(5)
    made.call()
    made.pass_time(1)
    for worker in range(5):
        made.call("bad", worker=worker)
    made.pass_time(2 * TICK)
    assert trips(made) == [("consecutive_errors", "5 errors in a row, limit 5")]


def test_a_stall_is_of_the_whole_gateway() -> None:
    """Five workers, one caller waiting in each."""
    made = fleet(5, slow_after=1.0)
    for worker in range(5):
        made.breakers[worker].overdue(probe(made, worker), made.now, 1)
    made.pass_time(2 * TICK)
    assert [trigger for trigger, _ in trips(made)] == ["stalled"]


def test_the_past_is_kept_over_a_trip() -> None:
    """It tells of the time before the fault."""
    made = fleet()
    for _ in range(30):
        for _ in range(9):
            made.call()
        made.call("bad")
        made.pass_time(1)
    for _ in range(30):
        made.call("bad")
    made.pass_time(1)
    state = made.slots[0].state
    assert made.states == {OPEN}
    assert state[PAST_FAILURES] / state[PAST_CALLS] == pytest.approx(0.1, abs=0.001)
