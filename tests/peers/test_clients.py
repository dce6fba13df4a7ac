"""The clients people use, over plain and TLS connections: curl, wrk, requests, httpx, aiohttp."""

import asyncio
import hashlib
import io
import json
import re
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import requests
import trustme

from tests.support import kernel
from tests.support.echo import TEXT, echo
from tests.support.gateway import Gateway, config
from tests.support.served import Served

BODY = bytes(range(256)) * (12 << 10)
"""Three MiB: more than is replayed, looked into, or sent by curl without asking first."""
PIECES = b"".join(b"piece %d\n" % number for number in range(100))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for 127.0.0.1, its key, and the authority that clients trust."""
    folder = tmp_path_factory.mktemp("tls")
    ca = trustme.CA()
    certificate = ca.issue_cert("127.0.0.1")
    ca.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    for pem in certificate.cert_chain_pems:
        pem.write_to_path(folder / "cert.pem", append=True)
    return folder


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with Served(echo()) as running:
        yield running


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {"http": kernel.free_port(), "https": kernel.free_port()}


@pytest.fixture(scope="module")
def gateway(server: Served, authority: Path, ports: dict[str, int]) -> Iterator[Gateway]:
    tls = {"cert": str(authority / "cert.pem"), "key": str(authority / "key.pem")}
    addresses = {scheme: f"127.0.0.1:{port}" for scheme, port in ports.items()}
    listen = [addresses["http"], {"address": addresses["https"], "tls": tls}]
    settings = config(server.url, route={"targeting_key": [{"header": "x-user-id"}]}, listen=listen)
    running = Gateway(settings, ready=False)
    running.port = ports["http"]
    running.wait_ready()
    with running:
        yield running


@pytest.fixture(params=["http", "https"])
def url(request: pytest.FixtureRequest, gateway: Gateway, ports: dict[str, int]) -> str:
    """The gateway's, plain and over TLS."""
    return f"{request.param}://127.0.0.1:{ports[request.param]}"


def told(answer: dict[str, Any]) -> tuple[str, int, str]:
    """What the server says about a request's body."""
    return answer["method"], answer["length"], answer["sha256"]


UPLOADED = ("POST", len(BODY), hashlib.sha256(BODY).hexdigest())


class TestCurl:
    """The command line people try first."""

    @pytest.fixture
    def curl(self, authority: Path, tmp_path: Path) -> Any:
        (tmp_path / "body").write_bytes(BODY)

        def run(*words: str) -> subprocess.CompletedProcess[str]:
            command = ["curl", "-sS", "--max-time", "20", "--cacert", str(authority / "ca.pem"), *words]
            return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True)

        return run

    def test_get(self, curl: Any, url: str) -> None:
        answer = json.loads(curl(f"{url}/v1/x?a=1&b=%20").stdout)
        assert (answer["method"], answer["target"]) == ("GET", "/v1/x?a=1&b=%20")

    def test_large_body_waits_for_100_continue(self, curl: Any, url: str) -> None:
        """curl asks first when a body is large, and is told to go on without delay."""
        run = curl("-v", "--data-binary", "@body", "-w", "%{time_total}", "-o", "answer", f"{url}/v1/x")
        assert "100 Continue" in run.stderr
        assert float(run.stdout) < 5

    def test_large_body_arrives_whole(self, curl: Any, url: str) -> None:
        assert told(json.loads(curl("--data-binary", "@body", f"{url}/v1/x").stdout)) == UPLOADED

    def test_chunked_upload(self, curl: Any, url: str) -> None:
        run = curl("-H", "transfer-encoding: chunked", "--data-binary", "@body", f"{url}/v1/x")
        assert told(json.loads(run.stdout)) == UPLOADED

    def test_head_has_the_length_and_no_body(self, curl: Any, url: str) -> None:
        shown = curl("-I", f"{url}/v1/gzip").stdout
        assert shown.startswith("HTTP/1.1 200")
        assert re.search(rf"(?im)^content-length: {len(TEXT)}\r?$", shown)

    def test_http_1_0(self, curl: Any, url: str) -> None:
        """A chunked answer is sent to an old client without chunks, ended by the connection's end."""
        shown = curl("-0", "-i", f"{url}/v1/pieces").stdout
        head, _, body = shown.partition("\n\n")
        assert "transfer-encoding" not in head.lower()
        assert body.encode() == PIECES

    def test_http_1_0_keep_alive(self, curl: Any, url: str) -> None:
        """Two requests, one connection, where the old client asks for it."""
        run = curl("-0", "-v", "-H", "connection: keep-alive", f"{url}/v1/x", f"{url}/v1/y")
        assert run.stderr.count("Connected to") == 1
        assert run.stdout.count('"target"') == 2

    def test_keep_alive(self, curl: Any, url: str) -> None:
        run = curl("-v", *(f"{url}/v1/{number}" for number in range(5)))
        assert run.stderr.count("Connected to") == 1
        assert run.stdout.count('"target"') == 5

    def test_compressed(self, curl: Any, url: str) -> None:
        assert curl("--compressed", f"{url}/v1/gzip").stdout.encode() == TEXT

    def test_form_upload(self, curl: Any, url: str) -> None:
        answer = json.loads(curl("-F", "file=@body", f"{url}/v1/x").stdout)
        assert answer["length"] > len(BODY)
        assert answer["fields"]["content-type"].startswith("multipart/form-data; boundary=")


class TestRequests:
    """`requests`, with a session."""

    @pytest.fixture
    def session(self, authority: Path) -> Iterator[requests.Session]:
        with requests.Session() as made:
            made.verify = str(authority / "ca.pem")
            made.trust_env = False
            yield made

    def test_json_and_keep_alive(self, session: requests.Session, url: str) -> None:
        answers = [session.post(f"{url}/v1/x", json={"n": number}, timeout=10) for number in range(20)]
        assert [answer.status_code for answer in answers] == [200] * 20
        assert {answer.headers["x-gateway-variant"] for answer in answers} == {"model"}

    def test_chunked_upload(self, session: requests.Session, url: str) -> None:
        parts = (BODY[start : start + 10_000] for start in range(0, len(BODY), 10_000))
        assert told(session.post(f"{url}/v1/x", data=parts, timeout=20).json()) == UPLOADED

    def test_compressed_and_chunked_answers(self, session: requests.Session, url: str) -> None:
        assert session.get(f"{url}/v1/gzip", timeout=10).content == TEXT
        assert session.get(f"{url}/v1/pieces", timeout=10).content == PIECES

    @pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
    def test_methods(self, session: requests.Session, url: str, method: str) -> None:
        assert session.request(method, f"{url}/v1/x", timeout=10).json()["method"] == method

    def test_head(self, session: requests.Session, url: str) -> None:
        answer = session.head(f"{url}/v1/gzip", headers={"accept-encoding": "identity"}, timeout=10)
        assert (answer.headers["content-length"], answer.content) == (str(len(TEXT)), b"")


class TestHttpx:
    """`httpx`, sync and async."""

    @pytest.fixture
    def trust(self, authority: Path) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(authority / "ca.pem"))

    def test_upload_and_streamed_answer(self, trust: ssl.SSLContext, url: str) -> None:
        with httpx.Client(base_url=url, verify=trust) as client:
            assert told(client.post("/v1/x", content=BODY).json()) == UPLOADED
            assert told(client.post("/v1/x", content=iter([BODY])).json()) == UPLOADED
            with client.stream("GET", "/v1/pieces") as answer:
                assert b"".join(answer.iter_raw()) == PIECES

    async def test_many_at_once(self, trust: ssl.SSLContext, url: str) -> None:
        """A hundred requests over a few connections, each with its own answer."""
        limits = httpx.Limits(max_connections=10)
        async with httpx.AsyncClient(base_url=url, verify=trust, limits=limits) as client:
            answers = await asyncio.gather(*(client.get(f"/v1/{number}") for number in range(100)))
        assert [answer.json()["target"] for answer in answers] == [f"/v1/{number}" for number in range(100)]


class TestAiohttp:
    """aiohttp's client."""

    async def test_upload_compressed_and_chunked(self, authority: Path, url: str) -> None:
        trust = ssl.create_default_context(cafile=str(authority / "ca.pem"))
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session:
            async with session.post(f"{url}/v1/x", data=io.BytesIO(BODY)) as answer:
                assert told(await answer.json()) == UPLOADED
            async with session.post(f"{url}/v1/x", data=io.BytesIO(BODY), expect100=True, chunked=True) as answer:
                assert told(await answer.json()) == UPLOADED
            async with session.get(f"{url}/v1/gzip") as answer:
                assert await answer.read() == TEXT
            async with session.get(f"{url}/v1/pieces") as answer:
                assert await answer.read() == PIECES

    async def test_cookies_of_the_gateway_come_back(self, server: Served) -> None:
        """An issued key: given with the first answer, sent with the second request, and not given again."""
        route = {"targeting_key": [{"cookie": "uid", "issue": "30d"}]}
        jar = aiohttp.CookieJar(unsafe=True)
        with Gateway(config(server.url, route=route)) as issuing:
            url = f"http://127.0.0.1:{issuing.port}/v1/x"
            async with aiohttp.ClientSession(cookie_jar=jar) as session:
                first = await session.get(url)
                second = await session.get(url)
                sent = (await second.json())["fields"]["cookie"]
        assert "set-cookie" not in second.headers
        assert f"uid={first.cookies['uid'].value}" in sent


class TestWrk:
    """A load tool that pushes as hard as it can."""

    @pytest.mark.parametrize("connections", [1, 64])
    def test_no_error_under_load(self, url: str, connections: int) -> None:
        command = ["wrk", "-t1", f"-c{connections}", "-d1s", "-H", "x-user-id: u-1", f"{url}/v1/x"]
        told = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
        assert "Socket errors" not in told, told
        assert "Non-2xx" not in told, told
        done = re.search(r"(\d+) requests in", told)
        assert done
        assert int(done[1]) > 100, told

    def test_pipelined_requests(self, url: str, tmp_path: Path) -> None:
        """Sixteen requests in one write, answered in order."""
        (tmp_path / "pipeline.lua").write_text(
            "init = function(args) local r = {} for i = 1, 16 do r[i] = wrk.format('GET', '/v1/' .. i) end"
            " req = table.concat(r) end\nrequest = function() return req end\n"
        )
        command = ["wrk", "-t1", "-c4", "-d1s", "-s", str(tmp_path / "pipeline.lua"), url]
        told = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
        assert "Socket errors" not in told, told
        assert "Non-2xx" not in told, told
