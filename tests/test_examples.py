"""The example configurations: each is good, says what it shows, and the reference leaves nothing out."""

import dataclasses
import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from jsonschema import Draft202012Validator

from gateway.config.load import Configuration, load, load_file
from gateway.config.schema import json_schema

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "config"
FILES = sorted(FOLDER.glob("*.yaml"))
SECRETS = {"OPENAI_API_KEY": "sk-not-a-real-key", "CI_TOKEN": "not-a-real-token", "HOOK_SECRET": "not-a-real-secret"}
YAML = r" *(?:- )?(?:\{|address: |[a-z_]+: *(?:\[|\{|$|api\.))"
"""What a commented line begins with when it is not prose."""
MINIMAL = b"""
listen: ["127.0.0.1:8080"]
variants:
  fraud-3: {endpoints: [https://fraud.internal:8443]}
  fraud-4: {endpoints: [http://127.0.0.1:8001]}
  fraud-5: {endpoints: [http://127.0.0.1:8002]}
routes:
  fraud: {match: {path: /v1/fraud}, split: {fraud-3: 95, fraud-4: 5}, shadow: [{variant: fraud-5}]}
"""


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the examples take from the environment."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def reference() -> Configuration:
    return load_file(FOLDER / "reference.yaml")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_example_is_good_and_nothing_in_it_is_probably_not_meant(file: Path) -> None:
    """No fault, no warning, for a file that people copy."""
    assert [str(warning) for warning in load_file(file).warnings] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_example_fits_the_schema_that_editors_use(file: Path) -> None:
    """An editor underlines nothing in what the gateway accepts."""
    document = yaml.safe_load(file.read_text())
    assert [error.message for error in Draft202012Validator(json_schema()).iter_errors(document)] == []


def test_every_example_is_described() -> None:
    """And nothing is described that is not there."""
    described = re.findall(r"^\| \[([a-z-]+\.yaml)\]", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert sorted(described) == [file.name for file in FILES]


def test_the_output_shown_for_check_is_what_check_prints() -> None:
    """The README of the examples is a transcript."""
    shown = re.search(r"^\$ (gateway check \S+)\n(.+)$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert shown
    command, told = shown.groups()
    words = [sys.executable, "-m", *command.split()]
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, env={"PATH": ""})
    assert (run.returncode, (run.stdout + run.stderr).strip()) == (0, told)


def test_the_reference_writes_the_defaults(reference: Configuration, tmp_path: Path) -> None:
    """With all its keys left out, the configuration means the same."""
    minimal = load(MINIMAL, name="minimal.yaml", folder=tmp_path)
    only_fraud = {"fraud": reference.snapshot.routes["fraud"]}
    assert dataclasses.replace(reference.snapshot, segments={}, routes=only_fraud) == minimal.snapshot
    assert placeless(reference) == placeless(minimal)


def placeless(configuration: Configuration) -> str:
    """The settings; the default store is a path that begins at the file's folder, which is left out."""
    return re.sub(r"sqlite:/*\S*gateway\.db", "sqlite:gateway.db", repr(configuration.settings))


def test_the_reference_leaves_no_key_out() -> None:
    """Every property of the schema stands in it, commented out at least."""
    written = set(re.findall(r"[A-Za-z_]+(?=:)", (FOLDER / "reference.yaml").read_text()))
    assert sorted(set(properties(json_schema())) - written) == []


def properties(schema: Any) -> Iterator[str]:
    """The names of all keys in a JSON Schema."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from properties(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from properties(value)


def test_what_the_reference_has_commented_out_is_good_too(tmp_path: Path) -> None:
    """A reader may take the comment signs away, and the empty value above that the line replaces."""
    authority = trustme.CA()
    server = authority.issue_cert("localhost")
    server.private_key_pem.write_to_path(tmp_path / "server.key")
    server.cert_chain_pems[0].write_to_path(tmp_path / "server.pem")
    text = (FOLDER / "reference.yaml").read_text()
    bare = re.sub(rf"(?m)^( *)# (?={YAML})", r"\1", text)
    found = load(without_replaced(bare).encode(), name="reference.yaml", folder=tmp_path)
    route = found.snapshot.routes["fraud"]
    assert route.rules
    assert route.targeting_key
    assert route.fallback.response
    assert route.match.host == "api.example.com"
    assert found.snapshot.variants["fraud-3"].health
    assert [listener.port for listener in found.snapshot.listen] == [8080, 8443]


def without_replaced(text: str) -> str:
    """Of a key that is written twice in a row, only the second."""
    lines = text.splitlines()
    return "\n".join(
        line
        for line, following in itertools.zip_longest(lines, lines[1:], fillvalue="")
        if not re.match(r" *[a-z_]+:", line) or line.partition(":")[0] != following.partition(":")[0]
    )
