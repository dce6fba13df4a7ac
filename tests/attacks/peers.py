"""Other proxies, started before the same origin: nginx, HAProxy and Envoy, as their manuals begin, with connections to
the origin kept for reuse. It knows how they are found, configured and ended; no attack is known here.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support import kernel

START = 30.0

NGINX = """\
worker_processes 1; daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors;
events {{ worker_connections 8192; }}
http {{
  access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  upstream origin {{ server 127.0.0.1:{origin}; keepalive 64; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}
}}
"""

HAPROXY = """\
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend clients
  bind 127.0.0.1:{port}
  default_backend origin
backend origin
  http-reuse always
  server origin 127.0.0.1:{origin}
"""

ENVOY = """\
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: clients
          codec_type: HTTP1
          route_config:
            virtual_hosts:
            - {{name: all, domains: ["*"], routes: [{{match: {{prefix: "/"}}, route: {{cluster: origin}}}}]}}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
  - name: origin
    type: STATIC
    connect_timeout: 5s
    load_assignment:
      cluster_name: origin
      endpoints:
      - lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {origin}}}}}}}}}]
"""


def program(name: str) -> str | None:
    """Where that proxy is: named by a variable such as ENVOY, in the path, or in .venv-peers."""
    peers = Path(sys.prefix).parent / ".venv-peers"
    wheel = sorted(peers.glob(f"lib/python3*/site-packages/{name}/_bin/{name}"))
    path = f"{os.environ['PATH']}:/usr/sbin:{peers / 'bin'}"
    return os.environ.get(name.upper()) or _first(wheel) or shutil.which(name, path=path)


def _first(paths: list[Path]) -> str | None:
    return str(paths[0]) if paths else None


@contextlib.contextmanager
def _running(command: list[str], port: int, folder: Path) -> Iterator[int]:
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder)
    try:
        _wait_listening(port, process, folder / "output")
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_listening(port: int, process: "subprocess.Popen[bytes]", output: Path) -> None:
    give_up = time.monotonic() + START
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"it does not start:\n{output.read_text()}") from None
            time.sleep(0.05)
        else:
            return


@dataclass(frozen=True)
class Peer:
    """One other proxy."""

    name: str
    shown: str
    config: str
    options: tuple[str, ...]
    """What its command is given, FILE being the configuration."""
    tells: str
    """The option that makes it say its version."""

    @contextlib.contextmanager
    def running(self, origin: int) -> Iterator[int]:
        """The port it listens on while it runs before an origin."""
        with tempfile.TemporaryDirectory(prefix=f"attacks-{self.name}-") as path:
            folder, port = Path(path), kernel.free_port()
            file = folder / "config.yaml"
            file.write_text(self.config.format(folder=folder, port=port, origin=origin))
            options = [str(file) if option == "FILE" else option for option in self.options]
            with _running([self.program, *options], port, folder):
                yield port

    @property
    def program(self) -> str:
        """Its executable; LookupError where there is none."""
        found = program(self.name)
        if found is None:
            raise LookupError(f"{self.name} is not installed")
        return found

    @property
    def version(self) -> str:
        """The version it names, three numbers."""
        said = subprocess.run([self.program, self.tells], capture_output=True, text=True, check=True)
        found = re.search(r"\d+\.\d+\.\d+", said.stdout + said.stderr)
        return found[0] if found else "?"


PEERS = [
    Peer("nginx", "nginx", NGINX, ("-c", "FILE", "-e", "stderr"), "-v"),
    Peer(
        "envoy",
        "Envoy",
        ENVOY,
        ("-c", "FILE", "--concurrency", "1", "--disable-hot-restart", "-l", "error"),
        "--version",
    ),
    Peer("haproxy", "HAProxy", HAPROXY, ("-db", "-f", "FILE"), "-v"),
]
