"""What all answers of the admin side have in common."""

import pytest

from tests.admin.memory import CONFIG, Memory
from tests.admin.site import Site


async def test_the_index_says_what_there_is(open_to_all: Site) -> None:
    answer = await open_to_all.client.get("/")
    text = await answer.text()
    assert answer.status == 200
    assert "revision 1" in text
    for path in [line.split()[0] for line in text.splitlines() if line.startswith("/")]:
        assert (await open_to_all.client.get(path)).status == 200, path


@pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
async def test_readiness_is_asked_each_time(open_to_all: Site, ready: bool, status: int) -> None:
    open_to_all.memory.is_serving = ready
    assert (await open_to_all.client.get("/readyz")).status == status
    assert (await open_to_all.client.head("/readyz")).status == status
    assert (await open_to_all.client.get("/livez")).status == 200


async def test_errors_have_the_gateways_shape(open_to_all: Site) -> None:
    absent, refused = await open_to_all.client.get("/unknown"), await open_to_all.client.patch("/api/v1/config")
    assert (absent.status, (await absent.json())["error"]["code"]) == (404, "not_found")
    assert (await refused.json()) == {
        "error": {
            "code": "method_not_allowed",
            "type": "gateway_error",
            "message": "/api/v1/config takes GET, HEAD, OPTIONS, PUT",
        }
    }
    assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD, OPTIONS, PUT")


async def test_options_says_which_methods_a_path_takes_and_lets_no_other_page_in(site: Site) -> None:
    answer = await site.ask("OPTIONS", "/routes/fraud/split", headers={"Origin": "https://evil.example"})
    assert (answer.status, answer.headers["Allow"]) == (204, "DELETE, OPTIONS, PUT")
    assert [name for name in answer.headers if name.lower().startswith("access-control-")] == []


async def test_head_answers_as_get_without_a_body(site: Site) -> None:
    answer = await site.ask("HEAD", "/config")
    assert (answer.status, answer.headers["ETag"], answer.headers["Content-Length"]) == (200, '"1"', str(len(CONFIG)))
    assert await answer.read() == b""


async def test_head_of_the_events_does_not_begin_a_stream(site: Site) -> None:
    answer = await site.ask("HEAD", "/events", headers={"Accept": "text/event-stream"})
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")


async def test_a_failure_is_reported_and_told_without_detail(
    open_to_all: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Memory) -> bool:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(Memory, "is_ready", fail)
    answer = await open_to_all.client.get("/readyz?token=hush")
    assert answer.status == 500
    assert "secret" not in await answer.text()
    assert [(where, str(error)) for where, error in open_to_all.reported] == [("/readyz", "a secret detail")]


@pytest.mark.parametrize("path", ["/", "/metrics", "/unknown", "/api/v1/config", "/api/v1/status"])
async def test_no_answer_is_kept_guessed_at_or_says_what_it_is_made_with(open_to_all: Site, path: str) -> None:
    answer = await open_to_all.client.get(path)
    assert "Server" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_metrics_come_in_both_formats(open_to_all: Site) -> None:
    plain = await open_to_all.client.get("/metrics")
    opened = await open_to_all.client.get("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert plain.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert opened.headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert (await opened.text()).endswith("# EOF\n")


async def test_large_answers_are_compressed_when_asked_for(site: Site) -> None:
    """And say the same."""
    compressed = await site.ask("GET", "/openapi.json", headers={"Accept-Encoding": "gzip"})
    plain = await site.ask("GET", "/openapi.json", headers={"Accept-Encoding": "gzip;q=0"})
    assert (compressed.headers["Content-Encoding"], "Content-Encoding" in plain.headers) == ("gzip", False)
    assert await compressed.read() == await plain.read()
    small = await site.ask("GET", "/overrides", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in small.headers
