"""The references against the code: what is configured, counted, answered or typed is documented, and as it is."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag

import click
import pytest
import yaml

from gateway.admin.metrics import UNRECORDED
from gateway.cli.app import COMMANDS, gateway
from gateway.config.load import load
from gateway.config.schema import json_schema
from gateway.core.metrics import METRICS
from gateway.errors import STATUS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.glob("*.md"))]


def page(name: str) -> str:
    return (DOCS / name).read_text()


# ---- the configuration


def keys(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Every key below a schema: its path, its own schema, whether it is required."""
    schema = resolved(schema)
    for each in schema.get("anyOf", ()):
        yield from keys(each, path)
    if "items" in schema:
        yield from keys(schema["items"], f"{path}[]")
    for each in (schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()):
        if isinstance(each, dict):
            yield from keys(each, f"{path}.NAME")
    for name, below in schema.get("properties", {}).items():
        yield f"{path}.{name}", below, name in schema.get("required", ())
        yield from keys(below, f"{path}.{name}")


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    name = schema["$ref"].rpartition("/")[2]
    return {} if name == "Condition" else json_schema()["$defs"][name]


def rows(text: str) -> Iterator[tuple[str, list[str]]]:
    """Every table row, as its cells, with the heading it stands under."""
    heading = ""
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("|") and not line.startswith(("|---", "| key |")):
            yield heading, [cell.strip() for cell in line.strip("|").split("|")]


def documented() -> dict[str, str]:
    """Path to default, as the reference says."""
    found = {}
    for heading, cells in rows(page("configuration.md")):
        section = heading.strip("`") if heading.startswith("`") else ""
        if section or heading == "Top level":
            found[f"{section}.{cells[0].strip('`')}".lstrip(".")] = cells[1].strip("`")
    return found


def shown(default: object) -> str:
    """A default as the reference writes it."""
    if default is None:
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, list):
        return f"[{', '.join(map(str, default))}]"
    if isinstance(default, float) and default.is_integer():
        return str(int(default))
    return '""' if default == "" else str(default)


def test_every_key_of_the_configuration_is_documented_and_no_other() -> None:
    """A key that stands as a heading is documented by its own table."""
    headings = set(re.findall(r"^#+ `([^`]+)`$", page("configuration.md"), re.MULTILINE))
    sections = {"variants", "segments", "routes"} | {heading.removesuffix("[]") for heading in headings}
    expected = {path.lstrip(".") for path, _, _ in keys(json_schema())}
    assert expected - documented().keys() - sections == set()
    assert documented().keys() - expected == set()


def test_every_default_is_documented_as_it_is() -> None:
    """`required` where there is none; `none` where the key may be left out without a value taking its place."""
    described = documented()
    wrong = {}
    for path, schema, required in keys(json_schema()):
        expected = "required" if required else shown(schema.get("default"))
        documented_as = described.get(path.lstrip("."), expected)
        if documented_as != expected:
            wrong[path] = (documented_as, expected)
    assert wrong == {}


def test_every_source_and_operator_of_a_condition_is_documented() -> None:
    section = page("configuration.md").partition("## Segments and conditions")[2].partition("## Routes")[0]
    for name in json_schema()["$defs"]["Condition"]["properties"]:
        assert re.search(rf"`{name}[:`]", section), name


# ---- the rest of the references


def test_every_error_code_is_documented_with_its_status() -> None:
    described = {cells[0].strip("`"): cells[1] for _, cells in rows(page("errors.md")) if len(cells) == 4}
    described.pop("code")
    assert described == {code: str(status) for code, status in STATUS.items()}


def test_every_metric_is_documented_with_its_labels_and_type() -> None:
    described = {cells[0].strip("`"): cells[1] for _, cells in rows(page("metrics.md")) if cells[0] != "metric"}
    expected = {}
    for metric in (*METRICS, UNRECORDED):
        labels = f"{{{','.join(metric.labels)}}}" if metric.labels else ""
        expected[metric.name + labels] = metric.kind
    assert {name: kind for name, kind in described.items() if name.startswith("gateway_")} == expected


def options() -> Iterator[tuple[str, str]]:
    """Every option of every command, with the command."""
    context = click.Context(gateway)
    for name in COMMANDS:
        command = gateway.get_command(context, name)
        assert command is not None
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden:
                yield name, max(parameter.opts, key=len)


def test_every_command_and_option_is_documented() -> None:
    section = re.compile(r"^## `gateway (\w+)[^`]*`\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    sections = dict(section.findall(page("commands.md")))
    assert sections.keys() == COMMANDS.keys()
    for name, option in options():
        assert f"`{option}" in sections[name], f"gateway {name} {option}"


def test_no_option_is_documented_that_does_not_exist() -> None:
    known = {option for _, option in options()} | {"--help", "--version", "--no-traffic"}
    assert set(re.findall(r"`(--[a-z-]+)", page("commands.md"))) - known == set()


# ---- the pages themselves


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("source", PAGES, ids=lambda path: path.name)
def test_links_between_pages_resolve(source: Path) -> None:
    """To a file that exists, and to a heading in it."""
    for link in re.findall(r"\]\(([^)\s]+)\)", source.read_text()):
        if link.startswith(("http://", "https://")):
            continue
        file, anchor = urldefrag(link)
        target = (source.parent / file) if file else source
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text()), link


YAML = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = [(source.name, block) for source in PAGES for block in YAML.findall(source.read_text())]


@pytest.mark.parametrize("block", [pytest.param(block, id=name) for name, block in BLOCKS if "variants:" in block])
def test_configurations_in_the_pages_have_no_faults(
    block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each one loads as it stands, with the environment it names."""
    for name in re.findall(r"\$\{env:(\w+)\}", block):
        monkeypatch.setenv(name, "secret")
    configuration = load(block.encode(), name="page", folder=tmp_path)
    assert configuration.snapshot.routes
    assert configuration.warnings == ()


def test_other_yaml_in_the_pages_is_yaml() -> None:
    for name, block in BLOCKS:
        assert yaml.safe_load(block), name


def test_make_targets_that_the_pages_name_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {word for source in PAGES for word in re.findall(r"\bmake ([a-z]+)\b", code(source.read_text()))}
    assert {"demo", "test"} <= named
    assert named - targets == set()


def code(text: str) -> str:
    """Only what is set as code."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))


def test_every_dependency_is_named_in_the_readme() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    readme = (ROOT / "README.md").read_text()
    for requirement in project["dependencies"]:
        name = re.split(r"[\[<>=~ ]", requirement)[0]
        assert re.search(rf"^\| {re.escape(name)} \|", readme, re.MULTILINE | re.IGNORECASE), name
