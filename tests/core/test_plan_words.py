"""A plan for people and for machines."""

import json

from gateway.core.plan import Move, Plan, PlannedChange, RoutePlan
from gateway.core.plan_words import as_document, lines

PLAN = Plan(
    changes=(PlannedChange("listen", "[::1]:80 added"), PlannedChange("route fraud", "split: v1 95 -> 50, v2 5 -> 50")),
    routes={
        "fraud": RoutePlan(
            {"v1": 0.95, "v2": 0.05},
            {"v1": 0.5, "v2": 0.5},
            (Move("v1", "v2", 0.45),),
            ("it is so",),
            {"gold": RoutePlan({"v1": 1.0}, {"v3": 1.0}, (Move("v1", "v3", 1.0),))},
        ),
        "new": RoutePlan({}, {"v1": 1.0}, ()),
        "old": RoutePlan({"v1": 1.0}, {}, ()),
    },
    resets=("v1",),
    overrides_ended=(("split_set", "fraud"),),
    overrides_kept=(("variant_disabled", "v2"), ("breaker_forced", "v3")),
    refused=("listen",),
)


def test_in_words() -> None:
    """What changes, who moves, what begins afresh, ends, stays and is refused."""
    assert list(lines(PLAN)) == [
        "listen: [::1]:80 added",
        "route fraud: split: v1 95 -> 50, v2 5 -> 50",
        "callers of route fraud:",
        "  v1: 95 % -> 50 %",
        "  v2: 5 % -> 50 %",
        "  45 % of targeting keys move from v1 to v2",
        "  those of segment gold:",
        "    v1: 100 % -> 0 %",
        "    v3: 0 % -> 100 %",
        "    100 % of targeting keys move from v1 to v3",
        "  assumed: it is so",
        "callers of route new:",
        "  v1: 0 % -> 100 %",
        "callers of route old:",
        "  v1: 100 % -> 0 %",
        "the pool of variant v1 begins afresh",
        "override ends: the split of route fraud is set",
        "override stays: variant v2 is disabled",
        "override stays: the breaker of v3 is forced",
        "refused while running: listen changes, which needs a restart",
    ]


def test_an_empty_plan_says_so() -> None:
    """And which overrides stay in force."""
    assert list(lines(Plan())) == ["nothing would change"]
    assert list(lines(Plan(overrides_kept=(("variant_disabled", "v2"),)))) == [
        "nothing would change",
        "override stays: variant v2 is disabled",
    ]


def test_as_a_document() -> None:
    """The published shape, with additions; ready for JSON."""
    document = as_document(PLAN)
    assert json.loads(json.dumps(document)) == document
    assert document["changes"] == [
        {"what": "listen", "change": "[::1]:80 added"},
        {"what": "route fraud", "change": "split: v1 95 -> 50, v2 5 -> 50"},
    ]
    assert document["routes"] == {
        "fraud": {
            "before": {"v1": 0.95, "v2": 0.05},
            "after": {"v1": 0.5, "v2": 0.5},
            "moves": [{"from": "v1", "to": "v2", "share": 0.45}],
            "assumed": ["it is so"],
            "segments": {
                "gold": {
                    "before": {"v1": 1.0},
                    "after": {"v3": 1.0},
                    "moves": [{"from": "v1", "to": "v3", "share": 1.0}],
                    "assumed": [],
                    "segments": {},
                }
            },
        },
        "new": {"before": {}, "after": {"v1": 1.0}, "moves": [], "assumed": [], "segments": {}},
        "old": {"before": {"v1": 1.0}, "after": {}, "moves": [], "assumed": [], "segments": {}},
    }
    assert (document["resets"], document["refused"]) == (["v1"], ["listen"])
    assert document["overrides_ended"] == [{"kind": "split_set", "subject": "fraud"}]
    assert document["overrides_kept"] == [
        {"kind": "variant_disabled", "subject": "v2"},
        {"kind": "breaker_forced", "subject": "v3"},
    ]
