"""What a soak serves and calls. Pure.

`stable` and `candidate` share the callers, `spare` is well at all times and answers when they are not, `next` is the
shadow. Those who leave early have a route and a model of their own, so that all other sums are exact.
"""

from dataclasses import dataclass
from typing import Any

SPLIT = {"stable": 80, "candidate": 20}
LIVE = ("stable", "candidate", "spare")
"""Their order is that of their bits in the book."""
LEAVERS = "patient"
"""The model of those who leave early."""
SHADOW = "next"
MODELS = (*LIVE, LEAVERS, SHADOW)
USERS = 5000
GOLD_EVERY = 10
"""Each tenth user is a gold one, who gets the candidate."""
BREAKER = {"slow_after": "500ms", "open_for": "500ms", "max_open_for": "1s"}
TIMEOUTS = {"connect": "1s", "first_byte": "1s", "idle": "5s", "total": "10s"}
"""No trouble stops a model within an answer, but a busy machine may, for a second."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of call: its route, and how many of 1,000 are of it."""

    route: str
    path: bytes
    of_1000: int


KINDS = {
    "call": Kind("calls", b"/calls", 820),
    "unkeyed": Kind("unkeyed", b"/unkeyed", 120),
    "chat": Kind("chat", b"/v1/chat/completions", 25),
    "upload": Kind("uploads", b"/uploads", 15),
    "leave": Kind("leavers", b"/leavers", 20),
}


def settings(ports: dict[str, int], *, store: str, workers: int) -> dict[str, Any]:
    """The gateway's configuration."""
    variants: dict[str, dict[str, Any]] = {
        name: {"endpoints": [f"http://127.0.0.1:{port}"], "version": "r0"} for name, port in ports.items()
    }
    for name in MODELS:
        variants[name] |= {"breaker": BREAKER, "timeouts": TIMEOUTS}
    variants[LEAVERS]["breaker"] = {"mode": "disabled"}
    keyed = {"targeting_key": [{"header": "x-user-id"}]}
    rules = [{"segment": "gold", "split": {"candidate": 1}}]
    fallback = {"variants": ["spare"]}
    split = {"split": SPLIT, "fallback": fallback}
    compared = {"compare": {"ignore": ["$.model"]}}
    copies = [{"variant": SHADOW, "sample": "10%", "timeout": "1s", **compared}]
    routes: dict[str, dict[str, Any]] = {
        "calls": {**keyed, **split, "rules": rules, "shadow": copies},
        "unkeyed": split,
        "chat": {**keyed, **split, "protocol": "openai"},
        "uploads": {**keyed, **split},
        "leavers": {"split": {LEAVERS: 1}, "fallback": {"variants": []}},
    }
    for kind in KINDS.values():
        routes[kind.route]["match"] = {"path": kind.path.decode()}
    return {
        "workers": workers,
        "store": store,
        "limits": {"keepalive": "1h"},
        "variants": variants,
        "segments": {"gold": {"header": "x-tier", "eq": "gold"}},
        "routes": routes,
    }
