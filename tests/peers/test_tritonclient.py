"""`tritonclient.http` with its defaults: tensors in binary, JSON only as a header before them."""

from collections.abc import Iterator

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from tests.support.gateway import Gateway
from tests.support.mlserver import MODELS, MLServer
from tests.support.served import Served
from tests.support.tensors import SEEN, doubling

VALUES = np.linspace(0, 1, 4096, dtype=np.float32).reshape(64, 64)


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with Served(doubling()) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(server: Served, mlserver: MLServer) -> Iterator[Gateway]:
    """`double` by the user's tier in the JSON header; `digits` on MLServer."""
    double = {
        "protocol": "oip",
        "match": {"path": "/v2/models/double/*"},
        "targeting_key": [{"json": "$.parameters.user"}],
        "rules": [{"segment": "gold", "split": {"double-2": 1}}],
        "split": {"double-1": 1},
    }
    digits = {"protocol": "oip", "match": {"path": "/v2/models/digits/*"}, "split": {"digits": 1}}
    variants = {name: {"endpoints": [server.url], "model": name} for name in ("double-1", "double-2")}
    settings = {
        "workers": 1,
        "variants": {**variants, "digits": {"endpoints": [mlserver.url], "model": MODELS[1]}},
        "segments": {"gold": {"json": "$.parameters.tier", "eq": "gold"}},
        "routes": {"double": double, "digits": digits},
    }
    with Gateway(settings) as running:
        yield running


@pytest.fixture
def client(gateway: Gateway) -> Iterator[triton.InferenceServerClient]:
    made = triton.InferenceServerClient(f"127.0.0.1:{gateway.port}")
    yield made
    made.close()


def tensor(values: np.ndarray, *, binary: bool = True) -> triton.InferInput:
    made = triton.InferInput("x", list(values.shape), "FP32")
    made.set_data_from_numpy(values, binary_data=binary)
    return made


def test_binary_tensors_go_and_come_back(client: triton.InferenceServerClient, server: Served) -> None:
    """Exactly the bytes, both ways, under the variant's own model name."""
    result = client.infer("double", [tensor(VALUES)], outputs=[triton.InferRequestedOutput("doubled")])
    assert np.array_equal(result.as_numpy("doubled"), VALUES * 2)
    assert result.get_response()["model_name"] == "double-1"
    assert server.app[SEEN][-1]["binary"] == VALUES.nbytes


def test_a_segment_reads_the_json_before_the_tensors(client: triton.InferenceServerClient) -> None:
    """The body is not JSON as a whole, only its first bytes are."""
    result = client.infer("double", [tensor(VALUES)], parameters={"tier": "gold", "user": "ada"})
    assert result.get_response()["model_name"] == "double-2"
    assert np.array_equal(result.as_numpy("doubled"), VALUES * 2)


@pytest.mark.parametrize("binary", [True, False])
def test_compressed_requests(client: triton.InferenceServerClient, server: Served, *, binary: bool) -> None:
    """gzip is decoded to be read by the segment; the model gets what it can decode."""
    result = client.infer(
        "double", [tensor(VALUES, binary=binary)], parameters={"tier": "gold"}, request_compression_algorithm="gzip"
    )
    assert result.get_response()["model_name"] == "double-2"
    assert np.allclose(result.as_numpy("doubled"), VALUES * 2)


def test_a_large_tensor(client: triton.InferenceServerClient) -> None:
    """Sixteen MiB: far more than the gateway may hold, and more than it looks into."""
    values = np.arange(1 << 22, dtype=np.float32)
    result = client.infer("double", [tensor(values)], outputs=[triton.InferRequestedOutput("doubled")])
    assert np.array_equal(result.as_numpy("doubled"), values * 2)


def test_readiness_by_the_public_name(client: triton.InferenceServerClient) -> None:
    assert client.is_model_ready("double")


def test_the_gateways_errors_are_read_by_the_client(gateway: Gateway) -> None:
    """The message of an `oip` error is what the client shows."""
    with Gateway(unreachable()) as broken:
        client = triton.InferenceServerClient(f"127.0.0.1:{broken.port}")
        with pytest.raises(InferenceServerException, match=r"upstream_error: .*\(request [^)]+\)"):
            client.infer("double", [tensor(VALUES)])
        client.close()


def unreachable() -> dict[str, object]:
    """One model at a port where nobody listens."""
    route = {"protocol": "oip", "match": {"path": "/v2/models/double/*"}, "split": {"gone": 1}}
    return {"workers": 1, "variants": {"gone": {"endpoints": ["http://127.0.0.1:9"]}}, "routes": {"double": route}}


def test_mlserver_answers_it_in_json(client: triton.InferenceServerClient) -> None:
    """MLServer has no binary extension; without it the same client talks to it through the gateway."""
    result = client.infer(
        "digits",
        [tensor(np.zeros((1, 64), np.float32), binary=False)],
        outputs=[triton.InferRequestedOutput("predict", binary_data=False)],
    )
    assert result.as_numpy("predict").shape == (1, 1)
    assert result.get_response()["model_name"] == MODELS[1]
