"""What `check` points at without failing."""

from pathlib import Path

import pytest

from gateway.config.load import load
from tests.config.fault_cases import Case, case, completed, segment, unmark, variant

WARNINGS = [
    case(
        "routes: {r: {match: {path: /x}, targeting_key: [▶{client: ip}], split: {a: 1, b: 1}}}",
        *("routes.r.targeting_key[0]", "trusted_proxies is empty"),
    ),
    case(
        "trusted_proxies: [10.0.0.0/8]\n"
        "routes: {r: {match: {path: /x}, targeting_key: [{client: ip}], split: {a: 1, b: 1}}}"
    ),
    case(
        "variants: {a: {endpoints: [http://x]}, ▶b: {endpoints: [http://y]}}\n"
        "routes: {r: {match: {path: /x}, split: {a: 1}}}",
        *("variants.b", "no route uses this variant"),
    ),
    case("routes: {r: {match: {path: /x}, split: {a: 1}, shadow: [{variant: b}]}}"),
    case("routes: {r: {match: {path: /x}, split: {a: 1}, fallback: {variants: [b]}}}"),
    case("segments: {▶s: {header: x, eq: y}}", "segments.s", "no rule uses this segment"),
    case(
        "routes: {r: {match: {path: /x}, split: {a: 9, b: 1}, fallback: {variants: ▶[a]}}}",
        *("routes.r.fallback.variants", "ends nowhere for callers of a"),
    ),
    case("routes: {r: {match: {path: /x}, split: {a: 9, b: 1}, fallback: {variants: [a], response: {}}}}"),
    case("routes: {r: {match: {path: /x}, split: {a: 9, b: 1}, fallback: {variants: [a, b]}}}"),
    case("routes: {r: {match: {path: /x}, split: {a: 9, b: 1}, fallback: {variants: []}}}"),
    case(
        segment("{any: [{not: {share: 10%}}]}") + "\n"
        "routes: {r: {match: {path: /x}, split: {a: 9}, rules: [{segment: ▶s, split: {b: 1}}]}}",
        *("routes.r.rules[0].segment", "the route has no targeting_key"),
    ),
    case(
        segment("{header: x, eq: y}") + "\nroutes: {r: {match: {path: /x}, split: {a: 9}, "
        "rules: [{segment: s, split: {b: 1}}, {name: t, segment: ▶s, split: {b: 1}}]}}",
        *("routes.r.rules[1].segment", "an earlier rule takes this whole segment"),
    ),
    case(variant("model: ▶m"), "variants.a.model", "no effect: the routes that use it speak http"),
    case(variant("model: m") + "\nroutes: {r: {protocol: openai, match: {path: /x}, split: {a: 1, b: 1}}}"),
    case(variant("▶tls: {server_name: x}"), "variants.a.tls", "no endpoint begins with https://"),
    case(
        "variants: {a: {endpoints: [https://x], tls: {verify: ▶false}}, b: {endpoints: [http://x]}}",
        *("variants.a.tls.verify", "anybody can pose as this model"),
    ),
    case(
        "routes:\n  r: {match: {path: /x, headers: {x-a: v}}, split: {a: 1}}\n"
        "  q: {match: ▶{path: /x, headers: {x-b: v}}, split: {b: 1}}",
        *("routes.q.match", "a request with these headers and those of route r fits both; q takes it"),
    ),
    case(
        "routes:\n  r: {match: {path: /x, headers: {x-a: v}}, split: {a: 1}}\n"
        "  q: {match: {path: /x, headers: {X-A: w}}, split: {b: 1}}"
    ),
    case(
        "routes:\n  r: {match: {path: /x, methods: [GET], headers: {x-a: v}}, split: {a: 1}}\n"
        "  q: {match: {path: /x, methods: [PUT], headers: {x-b: w}}, split: {b: 1}}"
    ),
]


@pytest.mark.parametrize("case", WARNINGS, ids=lambda case: case.text.replace("\n", "|"))
def test_what_is_probably_not_meant_is_told_at_its_place(case: Case) -> None:
    text, places = unmark(completed(case.text))
    warnings = load(text.encode(), name="x", folder=Path("/nonexistent")).warnings
    told = [(warning.line, warning.column, warning.path) for warning in warnings]
    assert told == [(line, column, path) for (line, column), (path, _) in zip(places, case.faults, strict=True)]
    for warning, (_, words) in zip(warnings, case.faults, strict=True):
        assert words in warning.message
