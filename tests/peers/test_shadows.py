"""What is found of shadows that are real models: exactly what one computes from their answers to the same inputs."""

import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import aiohttp
import httpx
import numpy as np
import pytest
import tritonclient.http as triton
from aiohttp import web

from tests.peers.test_mlserver import Sample, question, samples
from tests.support.gateway import Config, Gateway
from tests.support.mlserver import MODELS, MLServer
from tests.support.served import Served

__all__ = ["samples"]
ASKED = 100
CLIENT: web.AppKey[aiohttp.ClientSession] = web.AppKey("client")
LIVE, *SHADOWS = MODELS


def settings(url: str) -> Config:
    """The first version answers, the others get copies; and one copy goes to the first version once more."""
    variants = {name: {"endpoints": [url], "model": name} for name in MODELS}
    digits = {
        "protocol": "oip",
        "match": {"path": "/v2/models/digits/*"},
        "split": {LIVE: 1},
        "shadow": [{"variant": name, "max_in_flight": 1000} for name in (*SHADOWS, "again")],
    }
    again = {"endpoints": [url], "model": LIVE}
    return {"workers": 1, "variants": {**variants, "again": again}, "routes": {"digits": digits}}


def binary(mlserver: MLServer) -> web.Application:
    """The same models for clients that send tensors in binary, and answered so: MLServer itself takes JSON alone."""

    async def infer(request: web.Request) -> web.Response:
        body = await request.read()
        image = np.frombuffer(body[int(request.headers["Inference-Header-Content-Length"]) :], np.float32)
        asked = question({"image": image.tolist()})
        async with request.app[CLIENT].post(mlserver.url + request.path, json=asked) as answer:
            answered: dict[str, Any] = await answer.json()
        (output,) = answered["outputs"]
        data = np.array(output.pop("data"), np.int64).tobytes()
        output["parameters"] = {"binary_data_size": len(data)}
        head = web.json_response(answered).body
        assert isinstance(head, bytes)
        return web.Response(body=head + data, headers={"Inference-Header-Content-Length": str(len(head))})

    async def connected(app: web.Application) -> AsyncIterator[None]:
        # a connection that MLServer is about to close (after 5 s) is not used: nobody would ask again
        connector = aiohttp.TCPConnector(keepalive_timeout=2)
        async with aiohttp.ClientSession(connector=connector) as app[CLIENT]:
            yield

    app = web.Application(client_max_size=64 << 20)
    app.cleanup_ctx.append(connected)
    app.router.add_post("/v2/models/{model}/infer", infer)
    return app


def in_json(gateway: Gateway, asked: list[Sample]) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{gateway.port}") as client:
        for sample in asked:
            assert client.post("/v2/models/digits/infer", json=question(sample)).status_code == 200


def in_binary(gateway: Gateway, asked: list[Sample]) -> None:
    client = triton.InferenceServerClient(f"127.0.0.1:{gateway.port}")
    for sample in asked:
        tensor = triton.InferInput("image", [1, 64], "FP32")
        tensor.set_data_from_numpy(np.array([sample["image"]], np.float32))
        assert client.infer("digits", [tensor]).as_numpy("predict").shape == (1, 1)
    client.close()


def classes(mlserver: MLServer, model: str, asked: list[Sample]) -> list[int]:
    """What the model says of all these, asked directly."""
    tensor = {"name": "image", "shape": [len(asked), 64], "datatype": "FP32"}
    tensor["data"] = [value for sample in asked for value in sample["image"]]
    answer = httpx.post(f"{mlserver.url}/v2/models/{model}/infer", json={"inputs": [tensor]})
    found: list[int] = answer.json()["outputs"][0]["data"]
    return found


def report(gateway: Gateway, shadow: str) -> dict[str, Any]:
    """Once all is compared."""
    url = f"http://127.0.0.1:{gateway.admin_port}/api/v1/routes/digits/shadows/{shadow}"
    give_up = time.monotonic() + 180
    while (found := httpx.get(url).json())["compared"] < ASKED or found["noise_pairs"] < ASKED:
        assert time.monotonic() < give_up, json.dumps(found)
        time.sleep(0.1)
    return dict(found)


@pytest.fixture(params=[in_json, in_binary])
def gateway(request: pytest.FixtureRequest, mlserver: MLServer, samples: list[Sample]) -> Iterator[Gateway]:
    """All samples were asked, in JSON or in binary."""
    ask: Callable[[Gateway, list[Sample]], None] = request.param
    with Served(binary(mlserver)) as adapter:
        url = adapter.url if ask is in_binary else mlserver.url
        with Gateway(settings(url)) as running:
            ask(running, samples[:ASKED])
            yield running


def test_the_disagreement_is_the_one_computed_from_the_same_inputs(
    gateway: Gateway, mlserver: MLServer, samples: list[Sample]
) -> None:
    truth = {model: classes(mlserver, model, samples[:ASKED]) for model in MODELS}
    for shadow in SHADOWS:
        differing = sum(map(int.__ne__, truth[LIVE], truth[shadow]))
        found = report(gateway, shadow)
        assert (found["compared"], found["mismatched"]) == (ASKED, differing), found
        assert found["noise_rate"] == 0
        assert [row["kind"] for row in found["paths"]] == ["value"]
    same = report(gateway, "again")
    assert (same["compared"], same["mismatched"], same["paths"]) == (ASKED, 0, [])
