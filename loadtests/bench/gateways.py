"""The gateway's configuration for each thing that is measured, and for each feature that is put in or left out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from loadtests.bench.setting import Setting

Config = dict[str, Any]
USUAL = "as usual: key, split, segment, breaker, headers, metrics"


class Writer(Protocol):
    """Makes a configuration."""

    def __call__(self, setting: Setting, *, port: int, admin: int, model: int, folder: Path) -> Config:
        """For these ports, and files in that folder."""


def config(setting: Setting, *, port: int, admin: int, model: int, folder: Path) -> Config:
    """All of it."""
    endpoint = f"http://127.0.0.1:{model}"
    made: Config = {
        "listen": [f"127.0.0.1:{port}"],
        "workers": setting.workers,
        "admin": {"listen": f"127.0.0.1:{admin}"},
        "store": f"sqlite:///{folder}/{port}.db",
        "access_log": {"path": None},
        "variants": {name: {"endpoints": [endpoint], "version": "1"} for name in (*setting.weights, "spare")},
        "segments": {"gold": {"header": "x-tier", "eq": "gold"}},
        "routes": {f"bench-{number}": _route(path, setting) for number, path in enumerate(setting.paths)},
    }
    FEATURES.get(setting.feature, _nothing)(made, folder / f"{port}.log")
    return made


def chat(setting: Setting, *, port: int, admin: int, model: int, folder: Path) -> Config:
    """For calls of OpenAI's chat API: two variants of a model."""
    made = config(setting, port=port, admin=admin, model=model, folder=folder)
    (route,) = made["routes"].values()
    route |= {"protocol": "openai", "match": {"path": "/v1/chat/completions"}}
    return made


def _route(path: str, setting: Setting) -> Config:
    return {
        "match": {"path": path},
        "targeting_key": [{"header": "x-user-id"}],
        "rules": [{"segment": "gold", "split": {"v1": 1}}],
        "split": setting.weights,
    }


def _nothing(_: Config, __: Path) -> None:
    """As usual."""


def _no_breaker(made: Config, _: Path) -> None:
    for variant in made["variants"].values():
        variant["breaker"] = {"mode": "disabled"}


def _no_segment(made: Config, _: Path) -> None:
    for route in made["routes"].values():
        del route["rules"]


def _no_key(made: Config, _: Path) -> None:
    for route in made["routes"].values():
        del route["targeting_key"]


def _no_split(made: Config, log: Path) -> None:
    _no_key(made, log)
    for route in made["routes"].values():
        route |= {"split": {"v0": 1}, "rules": []}


def _no_headers(made: Config, _: Path) -> None:
    made["expose_headers"] = False


def _least(made: Config, log: Path) -> None:
    for change in (_no_split, _no_breaker, _no_headers):
        change(made, log)


def _body_segment(made: Config, _: Path) -> None:
    made["segments"]["gold"] = {"json": "$.user.tier", "eq": "gold"}


def _more_segments(made: Config, _: Path) -> None:
    for number in range(9):
        made["segments"][f"other-{number}"] = {"header": "x-tier", "eq": f"other-{number}"}
    for route in made["routes"].values():
        route["rules"] = [{"segment": name, "split": {"v1": 1}} for name in made["segments"]]


def _log(share: str) -> Callable[[Config, Path], None]:
    def change(made: Config, log: Path) -> None:
        made["access_log"] = {"path": str(log), "sample": share}

    return change


def _shadow(share: str) -> Callable[[Config, Path], None]:
    def change(made: Config, _: Path) -> None:
        for route in made["routes"].values():
            route["shadow"] = [{"variant": "spare", "sample": share}]

    return change


def _watched(made: Config, log: Path) -> None:
    for change in (_log("10%"), _shadow("10%")):
        change(made, log)


def _everything(made: Config, log: Path) -> None:
    for change in (_body_segment, _watched):
        change(made, log)


SCRAPED = "metrics scraped ten times a second"
FEATURES: dict[str, Callable[[Config, Path], None]] = {
    USUAL: _nothing,
    "without the breaker": _no_breaker,
    "without the segment": _no_segment,
    "without a targeting key": _no_key,
    "without x-gateway headers on answers": _no_headers,
    "one variant, no key, segment, breaker, headers": _least,
    "ten segments in place of one": _more_segments,
    "the segment reads the JSON body": _body_segment,
    SCRAPED: _nothing,
    "access log of 10 %": _log("10%"),
    "access log of all": _log("100%"),
    "shadow of 10 %, compared": _shadow("10%"),
    "shadow of all, compared": _shadow("100%"),
    "log of 10 %, shadow of 10 %": _watched,
    "JSON segment, log of 10 %, shadow of 10 %": _everything,
}
