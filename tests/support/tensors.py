"""A model that doubles a tensor, over the Open Inference Protocol with binary tensors, which MLServer has not."""

import gzip
import json
from typing import Any

import numpy as np
from aiohttp import web

LENGTH = "Inference-Header-Content-Length"
SEEN: web.AppKey[list[dict[str, Any]]] = web.AppKey("seen")
"""The model's name, the JSON, and the number of binary bytes of each request."""


def doubling() -> web.Application:
    """The application."""
    app = web.Application(client_max_size=1 << 26)
    app[SEEN] = []
    app.router.add_post("/v2/models/{model}/infer", infer)
    app.router.add_get("/v2/models/{model}/ready", ready)
    return app


async def ready(request: web.Request) -> web.Response:
    """Always."""
    return web.Response()


async def infer(request: web.Request) -> web.Response:
    """FP32 tensors in, binary or JSON; twice their values out, as the request wants them."""
    raw = await request.read()
    if request.headers.get("content-encoding") == "gzip":
        raw = gzip.decompress(raw)
    split = int(request.headers.get(LENGTH, len(raw)))
    header, binary = json.loads(raw[:split]), raw[split:]
    model = request.match_info["model"]
    request.app[SEEN].append({"model": model, "json": header, "binary": len(binary)})
    (tensor,) = header["inputs"]
    size = tensor.get("parameters", {}).get("binary_data_size")
    values = np.array(tensor["data"], "<f4") if size is None else np.frombuffer(binary[:size], "<f4")
    return reply(model, header, doubled=values * 2, shape=tensor["shape"])


def reply(model: str, header: dict[str, Any], *, doubled: "np.ndarray[Any, Any]", shape: list[int]) -> web.Response:
    """The answer; binary where the request asks for it."""
    output: dict[str, Any] = {"name": "doubled", "datatype": "FP32", "shape": shape}
    wanted = (header.get("outputs") or [{}])[0].get("parameters", {}).get("binary_data", False)
    answer = {"model_name": model, "outputs": [output]}
    if not (wanted or header.get("parameters", {}).get("binary_data_output")):
        output["data"] = doubled.tolist()
        return web.json_response(answer)
    data = doubled.astype("<f4").tobytes()
    output["parameters"] = {"binary_data_size": len(data)}
    text = json.dumps(answer).encode()
    headers = {LENGTH: str(len(text)), "content-type": "application/octet-stream"}
    return web.Response(body=text + data, headers=headers)
