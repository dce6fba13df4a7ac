"""The status, in the contract's shape."""

from tests.admin.site import Site


async def test_the_status_shows_everything_at_a_glance(site: Site) -> None:
    variant = {
        "enabled": True,
        "in_flight": 3,
        "requests_per_second": 39.0,
        "error_rate": 0.25,
        "latency": {"p50": 0.004, "p90": 0.006, "p99": 0.011},
        "breaker": {
            "state": "closed",
            "forced": False,
            "reason": "3 probes succeeded",
            "since": "2026-01-31T12:00:00Z",
            "retry_at": None,
        },
    }
    answer = await site.ask("GET", "/status", role="viewer")
    assert await answer.json() == {
        "revision": 1,
        "file": {
            "differs": True,
            "faults": [{"line": 3, "column": 1, "path": "variants", "message": "what a broken file says"}],
        },
        "kept": True,
        "overrides": [],
        "routes": {
            "fraud": {
                "split": {"fraud-3": 95, "fraud-4": 5},
                "fallback": [],
                "requests_per_second": 41.0,
                "shadows": ["fraud-4"],
            },
        },
        "variants": {
            "fraud-3": {
                "version": "3.2.1",
                **variant,
                "endpoints": [{"url": "http://10.0.0.1:8000", "available": True, "in_flight": 1}],
            },
            "fraud-4": {
                "version": "",
                **variant,
                "endpoints": [{"url": "http://10.0.0.2:8000", "available": True, "in_flight": 1}],
            },
        },
        "workers": [{"index": 0, "pid": 4711, "revision": 1, "draining": False, "since": "2026-01-31T12:00:00Z"}],
    }
