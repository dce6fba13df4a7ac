"""MLServer with scikit-learn models behind an `oip` route."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support import mlserver as trained
from tests.support.gateway import Gateway
from tests.support.mlserver import MODELS, MLServer

Sample = dict[str, Any]


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    """Images no model was trained with, and their labels."""
    found: list[Sample] = json.loads((trained.repository() / "samples.json").read_text())
    return found


def question(sample: Sample, **more: Any) -> dict[str, Any]:
    return {"inputs": [{"name": "image", "shape": [1, 64], "datatype": "FP32", "data": sample["image"]}], **more}


@pytest.fixture(scope="module")
def gateway(mlserver: MLServer) -> Iterator[Gateway]:
    """One public model, `digits`; three versions; gold callers and one named user have theirs."""
    variants = {name: {"endpoints": [mlserver.url], "model": name, "version": name[-1]} for name in MODELS}
    digits = {
        "protocol": "oip",
        "match": {"path": "/v2/models/digits/*"},
        "targeting_key": [{"header": "x-user-id"}, {"json": "$.parameters.user"}],
        "rules": [{"segment": "gold", "split": {"digits-2": 1}}, {"segment": "tester", "split": {"digits-3": 1}}],
        "split": {"digits-1": 2, "digits-2": 1, "digits-3": 1},
    }
    settings = {
        "workers": 1,
        "variants": variants,
        "segments": {
            "gold": {"header": "x-tier", "eq": "gold"},
            "tester": {"json": "$.parameters.user", "eq": "tester"},
        },
        "routes": {"digits": digits},
    }
    with Gateway(settings) as running:
        yield running


@pytest.fixture(scope="module")
def client(gateway: Gateway) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{gateway.port}") as made:
        yield made


def ask(client: httpx.Client, sample: Sample, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
    return client.post("/v2/models/digits/infer", json=question(sample, **more), headers=headers)


def test_answers_are_those_of_the_assigned_model(
    client: httpx.Client, mlserver: MLServer, samples: list[Sample]
) -> None:
    """What comes through the gateway is what the model says when it is asked directly; all three versions take part."""
    met = set()
    for number, sample in enumerate(samples[:40]):
        through = ask(client, sample, {"x-user-id": f"user-{number}"})
        variant = through.headers["x-gateway-variant"]
        direct = httpx.post(f"{mlserver.url}/v2/models/{variant}/infer", json=question(sample))
        assert through.status_code == 200
        assert through.json()["model_name"] == variant
        assert through.json()["outputs"] == direct.json()["outputs"]
        met.add(variant)
    assert met == set(MODELS)


def test_a_user_meets_the_same_version_wherever_the_key_stands(client: httpx.Client, samples: list[Sample]) -> None:
    """In the field or in the body: the key is the same, so is the variant."""
    for number in range(10):
        by_field = ask(client, samples[0], {"x-user-id": f"user-{number}"})
        by_body = ask(client, samples[1], parameters={"user": f"user-{number}"})
        assert by_field.headers["x-gateway-variant"] == by_body.headers["x-gateway-variant"]
        assert by_field.headers["x-gateway-reason"] == by_body.headers["x-gateway-reason"] == "split"


def test_segments_by_field_and_by_body(client: httpx.Client, samples: list[Sample]) -> None:
    gold = ask(client, samples[0], {"x-tier": "gold", "x-user-id": "1"})
    tester = ask(client, samples[0], parameters={"user": "tester"})
    assert (gold.headers["x-gateway-variant"], gold.headers["x-gateway-reason"]) == ("digits-2", "rule:gold")
    assert (tester.headers["x-gateway-variant"], tester.headers["x-gateway-reason"]) == ("digits-3", "rule:tester")
    assert gold.headers["x-gateway-version"] == "2"


def test_the_better_version_is_better_through_the_gateway(client: httpx.Client, samples: list[Sample]) -> None:
    """The real models answer with their real accuracy: many samples, in one request each."""
    flat = [value for sample in samples[:300] for value in sample["image"]]
    labels = [sample["label"] for sample in samples[:300]]
    tensor = {"name": "image", "shape": [300, 64], "datatype": "FP32", "data": flat}
    right = {}
    for user, headers in {"gold": {"x-tier": "gold"}, "tester": {}}.items():
        body = {"inputs": [tensor], "parameters": {"user": user}}
        answer = client.post("/v2/models/digits/infer", json=body, headers=headers).json()
        right[user] = sum(map(int.__eq__, answer["outputs"][0]["data"], labels)) / 300
    assert right["gold"] > 0.95
    assert 0.4 < right["tester"] < 0.8


def test_other_paths_of_the_model_reach_it_too(client: httpx.Client) -> None:
    """Readiness by the public name."""
    assert client.get("/v2/models/digits/ready", headers={"x-tier": "gold"}).status_code == 200


def test_what_the_model_refuses_reaches_the_caller_unchanged(client: httpx.Client, mlserver: MLServer) -> None:
    """The model's own error, its status and its words."""
    bad = {"inputs": [{"name": "image", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}
    through = client.post("/v2/models/digits/infer", json=bad, headers={"x-tier": "gold"})
    direct = httpx.post(f"{mlserver.url}/v2/models/digits-2/infer", json=bad)
    assert (through.status_code, through.content) == (direct.status_code, direct.content)
    assert through.status_code >= 400


def test_errors_of_the_gateway_have_the_protocols_shape() -> None:
    """`{"error": "CODE: message (request ID)"}`, as Open Inference clients read it."""
    headers = {"x-request-id": "abc-1"}
    with Gateway(unreachable()) as broken:
        answer = httpx.post(f"http://127.0.0.1:{broken.port}/v2/models/digits/infer", json={}, headers=headers)
    assert answer.status_code == 502
    assert re.fullmatch(r"upstream_error: .+ \(request abc-1\)", answer.json()["error"])


def unreachable() -> dict[str, Any]:
    """One model at a port where nobody listens."""
    route = {"protocol": "oip", "match": {"path": "/v2/models/digits/*"}, "split": {"gone": 1}}
    return {"workers": 1, "variants": {"gone": {"endpoints": ["http://127.0.0.1:9"]}}, "routes": {"digits": route}}
