"""What is next after each failure of a request: again, another variant, an answer; and who is charged."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.chain import Chain, Chances, Failure, Step, Terms, When, reason
from gateway.core.model import Fallback, Retry
from gateway.errors import refusal

WHEN = (*Fallback().when, 429)
ALL = Retry(extra=2, when=("connect", "reset", "timeout", 502, 503, 504))
NO_RETRY = Retry(extra=0)


def failure(kind: str, *, is_error: bool = True) -> Failure:
    """Of that kind; a number is a status."""
    answer = refusal("upstream_timeout" if kind in ("timeout", "slow") else "upstream_error", kind)
    if kind.isdigit():
        return Failure("status", answer, int(kind), is_error)
    return Failure(kind, answer)  # type: ignore[arg-type]


def can(*, retry: Retry = NO_RETRY, others: bool = True, **fields: object) -> Chances:
    given = {"replayable": True, "in_time": True, "spend": lambda: True, **fields}
    return Chances(retry=retry, others=others, **given)  # type: ignore[arg-type]


class Made:
    """A chain from variant `a`, and how often a request was forgiven."""

    def __init__(
        self, *fallback: str, when: tuple[When, ...] = WHEN, response: bool = False, room: bool = True
    ) -> None:
        self.forgiven = 0
        self.chain = Chain(Terms(fallback, when, response, lambda: room, self.forgive), "a")

    def forgive(self) -> bool:
        self.forgiven += 1
        return True

    def run(self, *kinds: str) -> Iterator[Step]:
        for kind in kinds:
            yield self.chain.failed(failure(kind), can())


def short(step: Step) -> tuple[object, ...]:
    """What is next, in a few words."""
    if step.kind == "refuse":
        assert step.refusal is not None
        return (step.kind, step.refusal.code)
    return (step.kind, step.variant) if step.variant else (step.kind,)


# ---- another variant


@pytest.mark.parametrize(
    ("fallback", "kinds", "steps"),
    [
        ("b", ["connect", "connect"], [("fall_back", "b"), ("refuse", "upstream_error")]),
        ("bc", ["open", "timeout", "open"], [("fall_back", "b"), ("fall_back", "c"), ("refuse", "upstream_timeout")]),
        ("ab", ["error", "reset"], [("fall_back", "b"), ("refuse", "upstream_error")]),
        ("bb", ["slow", "error"], [("fall_back", "b"), ("refuse", "upstream_error")]),
        ("", ["connect"], [("refuse", "upstream_error")]),
        ("", ["open"], [("refuse", "no_available_variant")]),
        ("", ["disabled"], [("refuse", "no_available_variant")]),
        ("b", ["open", "disabled"], [("fall_back", "b"), ("refuse", "no_available_variant")]),
        ("b", ["open", "overload"], [("fall_back", "b"), ("refuse", "overloaded")]),
        ("b", ["overload", "open"], [("fall_back", "b"), ("refuse", "overloaded")]),
        ("b", ["timeout", "overload"], [("fall_back", "b"), ("refuse", "upstream_timeout")]),
        ("b", ["500", "connect"], [("fall_back", "b"), ("reply",)]),
        ("b", ["connect", "500"], [("fall_back", "b"), ("reply",)]),
        ("bc", ["500", "503", "timeout"], [("fall_back", "b"), ("fall_back", "c"), ("reply",)]),
        ("b", ["429", "connect"], [("fall_back", "b"), ("reply",)]),
        ("", ["500"], [("reply",)]),
    ],
)
def test_the_chain(fallback: str, kinds: list[str], steps: list[tuple[str, ...]]) -> None:
    """In order, each variant once; then the last reply that a model gave, then an error of the gateway's own."""
    assert [short(step) for step in Made(*fallback).run(*kinds)] == steps


@pytest.mark.parametrize(
    ("when", "kind", "is_error", "word"),
    [
        (("error",), "500", True, "error"),
        (("error",), "error", False, "error"),
        (("error",), "reset", False, "error"),
        (("error", 503), "503", True, 503),
        ((503,), "503", False, 503),
        (("timeout",), "timeout", False, "timeout"),
        (("slow",), "slow", False, "slow"),
    ],
)
def test_the_word_of_a_fallback(when: tuple[When, ...], kind: str, is_error: bool, word: When) -> None:
    """As `fallback.when` names it; a status that is listed itself goes before `error`."""
    step = Made("b", when=when).chain.failed(failure(kind, is_error=is_error), can())
    assert (step.kind, step.variant, step.word) == ("fall_back", "b", word)


@pytest.mark.parametrize(
    ("when", "kind", "is_error"), [(("error",), "429", False), ((), "connect", False), ((503,), "500", True)]
)
def test_a_failure_that_is_not_listed_ends_it(when: tuple[When, ...], kind: str, is_error: bool) -> None:
    """The reply goes out, or the error."""
    step = Made("b", when=when, response=True).chain.failed(failure(kind, is_error=is_error), can())
    assert step.kind == ("reply" if kind.isdigit() else "refuse")


@pytest.mark.parametrize("what", ["replayable", "in_time"])
def test_what_cannot_be_sent_again_is_not(what: str) -> None:
    """A body that is gone, a deadline that has come."""
    made = Made("b")
    assert short(made.chain.failed(failure("connect"), can(**{what: False}, retry=ALL))) == ("refuse", "upstream_error")


# ---- a fixed response


@pytest.mark.parametrize("kinds", [["connect", "open"], ["500", "500"], ["overload", "disabled"]])
def test_the_fixed_response_is_the_last_of_all(kinds: list[str]) -> None:
    """Before a reply that was none, and before an error."""
    assert [short(step) for step in Made("b", response=True).run(*kinds)] == [("fall_back", "b"), ("response",)]


def test_the_fixed_response_needs_no_body() -> None:
    """Nor time."""
    made = Made("b", response=True)
    assert made.chain.failed(failure("timeout"), can(replayable=False, in_time=False)).kind == "response"


# ---- all endpoints, healthy or not


@pytest.mark.parametrize(
    ("fallback", "kinds", "steps"),
    [
        ("", ["unavailable", "connect"], [("use_all", "a"), ("refuse", "upstream_error")]),
        ("", ["unavailable", "unavailable"], [("use_all", "a"), ("refuse", "no_available_variant")]),
        ("b", ["unavailable", "open", "500"], [("fall_back", "b"), ("use_all", "a"), ("reply",)]),
        ("b", ["unavailable", "500"], [("fall_back", "b"), ("reply",)]),
        (
            "b",
            ["unavailable", "unavailable", "connect", "connect"],
            [("fall_back", "b"), ("use_all", "a"), ("use_all", "b"), ("refuse", "upstream_error")],
        ),
    ],
)
def test_an_unhealthy_variant_is_used_when_nobody_else_can_answer(
    fallback: str, kinds: list[str], steps: list[tuple[str, ...]]
) -> None:
    """Once each, in order, if no model gave a reply."""
    assert [short(step) for step in Made(*fallback).run(*kinds)] == steps


# ---- the same pool again


@pytest.mark.parametrize("kind", ["connect", "reset", "timeout", "502", "503", "504"])
def test_a_retry(kind: str) -> None:
    """As often as `extra` says, then the next variant, which has its own."""
    chain = Made("b").chain
    steps = [chain.failed(failure(kind), can(retry=ALL)) for _ in range(6)]
    assert [step.kind for step in steps[:5]] == ["retry", "retry", "fall_back", "retry", "retry"]
    assert [step.variant for step in steps[:5]] == ["a", "a", "b", "b", "b"]
    assert steps[5].kind == ("reply" if kind.isdigit() else "refuse")


@pytest.mark.parametrize(
    ("kind", "chances"),
    [
        ("500", can(retry=ALL)),
        ("error", can(retry=ALL)),
        ("slow", can(retry=ALL)),
        ("connect", can(retry=ALL, others=False)),
        ("reset", can(retry=ALL, spend=lambda: False)),
        ("reset", can(retry=Retry())),
        ("connect", can()),
    ],
)
def test_no_retry(kind: str, chances: Chances) -> None:
    """What is not listed; where no other endpoint is left to connect to; beyond the budget; none configured."""
    assert Made("b").chain.failed(failure(kind), chances).kind == "fall_back"


def test_the_budget_is_asked_last() -> None:
    """What is not tried again for another reason costs nothing."""
    asked = []

    def spend() -> bool:
        asked.append(1)
        return True

    for kind, others, replayable in [("slow", True, True), ("connect", False, True), ("reset", True, False)]:
        chances = can(retry=ALL, others=others, replayable=replayable, spend=spend)
        Made("b").chain.failed(failure(kind), chances)
    assert asked == []


def test_a_reset_is_tried_again_where_there_is_one_endpoint() -> None:
    """It may only have closed that connection."""
    assert Made("b").chain.failed(failure("reset"), can(retry=ALL, others=False)).kind == "retry"


# ---- who is charged


def test_an_error_status_waits_for_the_next_answer() -> None:
    """The other did better: charged."""
    made = Made("b")
    [step] = made.run("500")
    assert (step.kind, step.charged, step.forgiven) == ("fall_back", (), ())
    assert made.chain.answered() == ("a",)
    assert made.forgiven == 0


def test_two_error_statuses_are_the_requests_fault() -> None:
    """Neither is charged, and the budget pays."""
    made = Made("b")
    _, step = made.run("500", "503")
    assert (step.kind, step.charged, step.forgiven) == ("reply", (), ("a", "b"))
    assert made.forgiven == 1


def test_a_third_that_does_better_charges_both() -> None:
    """So it was not the request."""
    made = Made("b", "c")
    assert [step.kind for step in made.run("500", "500")] == ["fall_back", "fall_back"]
    assert made.chain.answered() == ("a", "b")


@pytest.mark.parametrize("other", ["connect", "timeout", "open", "overload", "error"])
def test_without_another_answer_an_error_status_is_charged(other: str) -> None:
    """A fallback that could not be asked says nothing of the request."""
    made = Made("b")
    _, step = made.run("500", other)
    assert (step.kind, step.charged, step.forgiven) == ("reply", ("a",), ())
    made = Made("b")
    _, step = made.run("connect", "500")
    assert step.charged == ("b",)


def test_without_a_fallback_it_is_charged_at_once() -> None:
    """And the reply goes out."""
    [step] = Made().run("500")
    assert (step.kind, step.charged) == ("reply", ("a",))


def test_beyond_the_budget_error_statuses_go_out_and_are_charged() -> None:
    """At once, whatever else could be asked."""
    [step] = Made("b", response=True, room=False).run("500")
    assert (step.kind, step.charged) == ("reply", ("a",))


def test_beyond_the_budget_other_failures_still_fall_back() -> None:
    """And a status that is no error of the variant's as well."""
    assert [step.kind for step in Made("b", room=False).run("connect")] == ["fall_back"]
    made = Made("b", room=False)
    step = made.chain.failed(failure("429", is_error=False), can())
    assert (step.kind, step.charged) == ("fall_back", ())
    assert made.chain.answered() == ()


def test_a_client_that_left_charges_nobody() -> None:
    """Its permits are released."""
    made = Made("b")
    list(made.run("500"))
    assert made.chain.left() == ("a",)


@pytest.mark.parametrize(("word", "words"), [("connect", "fallback:connect"), (503, "fallback:503")])
def test_the_reason(word: When, words: str) -> None:
    """A word of `fallback.when`, or a status."""
    assert reason(word) == words


KINDS = ["connect", "reset", "timeout", "error", "slow", "open", "unavailable", "disabled", "overload", "500", "429"]


@given(
    st.lists(st.sampled_from("abcd"), max_size=4),
    st.lists(st.sampled_from(KINDS), min_size=40, max_size=40),
    st.booleans(),
    st.integers(0, 3),
)
def test_every_chain_ends_and_charges_each_once(
    fallback: list[str], kinds: list[str], response: bool, extra: int
) -> None:
    """Whatever fails: attempts are bounded, and each variant that owes is charged or forgiven exactly once."""
    made = Made(*fallback, response=response)
    owed = []
    left = iter(kinds)
    for kind in left:
        variant = made.chain.variant
        chances = can(retry=Retry(extra=extra, when=ALL.when))
        step = made.chain.failed(failure(kind, is_error=kind == "500"), chances)
        if kind == "500":
            owed.append(variant)
        if step.kind in ("response", "reply", "refuse"):
            break
        assert step.variant == made.chain.variant
    assert len(kinds) - len(list(left)) <= 2 * (extra + 1) * (len(set(fallback)) + 1)
    assert sorted(step.charged + step.forgiven) == sorted(owed)
    assert not (step.charged and step.forgiven)
