"""Other proxies, configured for the same work as the gateway: the same variants by the same header, the same segment, a
request id, connections kept on both sides. Where a default would hurt one in what is measured, it is set: nginx reads
large bodies in large pieces, HAProxy keeps its connections to the model however many clients there are and does not let
an event of a stream wait for the next one. Texts only; nothing is started here.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loadtests.bench.setting import Setting

KEPT = 1_000_000_000
"""Requests that one connection may carry: no end."""


@dataclass(frozen=True)
class Place:
    """Where a proxy stands."""

    port: int
    model: int
    folder: Path


Writer = Callable[[Setting, Place], str]


def nginx(setting: Setting, place: Place) -> str:
    """Its configuration file."""
    folder, names = place.folder, list(setting.weights)
    whole = sum(setting.weights.values())
    shares = " ".join(
        f"{weight * 100 / whole:.2f}% {name};" for name, weight in setting.weights.items() if name != "v0"
    )
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    upstreams = "\n".join(
        f"upstream {name} {{ server 127.0.0.1:{place.model}; keepalive 512; keepalive_requests {KEPT}; }}"
        for name in names
    )
    locations = "\n".join(f"location = {path} {{ proxy_pass http://$chosen; }}" for path in setting.paths)
    return f"""
worker_processes {setting.workers}; daemon off; pid {folder}/pid;
events {{ worker_connections 19000; }}
http {{
access_log off; keepalive_requests {KEPT}; keepalive_timeout 600; client_max_body_size 64m; client_body_buffer_size 2m;
client_body_temp_path {folder}/body; {temporary}
split_clients "bench$http_x_user_id" $side {{ {shares} * v0; }}
map $http_x_tier $chosen {{ gold v1; default $side; }}
{upstreams}
server {{
listen 127.0.0.1:{place.port} backlog=4096;
proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header X-Request-Id $request_id;
proxy_set_header X-Forwarded-For $remote_addr; proxy_request_buffering off; proxy_buffer_size 16k; proxy_buffers 16 64k;
{locations}
}}
}}
"""


def haproxy(setting: Setting, place: Place) -> str:
    """Its configuration file; the paths of the routes stand in a file of their own, which it searches as a tree."""
    (place.folder / "paths").write_text("\n".join(setting.paths) + "\n")
    servers = "\n".join(
        f"  server {name} 127.0.0.1:{place.model} weight {weight}" for name, weight in setting.weights.items()
    )
    return f"""
global
  nbthread {setting.workers}
  tune.pool-low-fd-ratio 100
  tune.pool-high-fd-ratio 100
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 60s
  timeout http-keep-alive 600s
  option forwardfor
  option http-no-delay
  http-reuse always
frontend clients
  bind 127.0.0.1:{place.port} backlog 4096
  unique-id-format %[uuid]
  unique-id-header x-request-id
  http-request deny deny_status 404 unless {{ path -f {place.folder}/paths }}
  use_backend gold if {{ req.hdr(x-tier) -m str gold }}
  default_backend split
backend split
  balance hdr(x-user-id)
  hash-type consistent
{servers}
backend gold
  server v1 127.0.0.1:{place.model}
"""


def passing(_: Setting, place: Place) -> str:
    """HAProxy's configuration file, to pass on bytes and read none of them: what the kernel takes, whoever proxies."""
    return f"""
global
  nbthread 1
listen bytes
  mode tcp
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  bind 127.0.0.1:{place.port} backlog 4096
  server model 127.0.0.1:{place.model}
"""


def envoy(setting: Setting, place: Place) -> str:
    """Its configuration file, as JSON."""
    routes = [route for path in setting.paths for route in _envoy_routes(path, setting)]
    clusters = [_envoy_cluster(name, place.model) for name in setting.weights]
    listener = {"address": _envoy_address(place.port), "filter_chains": [{"filters": [_envoy_manager(routes)]}]}
    return json.dumps({"static_resources": {"listeners": [listener], "clusters": clusters}})


def _envoy_address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _envoy_cluster(name: str, model: int) -> dict[str, Any]:
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": _envoy_address(model)}}]}]
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "outlier_detection": {"consecutive_5xx": 5},
        "load_assignment": {"cluster_name": name, "endpoints": endpoints},
    }


def _envoy_routes(path: str, setting: Setting) -> list[dict[str, Any]]:
    clusters = [{"name": name, "weight": weight} for name, weight in setting.weights.items()]
    split = {
        "timeout": "60s",
        "hash_policy": [{"header": {"header_name": "x-user-id"}}],
        "weighted_clusters": {"clusters": clusters, "use_hash_policy": True},
    }
    gold = {"path": path, "headers": [{"name": "x-tier", "string_match": {"exact": "gold"}}]}
    return [
        {"match": gold, "route": {"cluster": "v1", "timeout": "60s"}},
        {"match": {"path": path}, "route": split},
    ]


def _envoy_manager(routes: list[dict[str, Any]]) -> dict[str, Any]:
    kind = "type.googleapis.com/envoy.extensions.filters"
    return {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": f"{kind}.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "clients",
            "codec_type": "HTTP1",
            "route_config": {"name": "bench", "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
            "http_filters": [
                {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{kind}.http.router.v3.Router"}}
            ],
        },
    }
