"""What is shipped and what is locked: the wheel, the source distribution, the lock files."""

import ast
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import gateway

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
TRAINER = {"sklearn", "joblib"}
"""What the demo's trainer imports, in an environment of its own."""
PIN = re.compile(r"(?m)^([\w.-]+)(?:\[[^]]*\])?==([^\s;]+)[^\n]*\n(?:    --hash=sha256:[0-9a-f]{64}\b[^\n]*\n)+")


def text_of(lock: str) -> str:
    return (ROOT / "requirements" / f"{lock}.txt").read_text()


def pins(lock: str) -> dict[str, set[str]]:
    """Name to locked versions (one for each platform or Python); only pins that carry a hash."""
    found: dict[str, set[str]] = {}
    for name, version in PIN.findall(text_of(lock)):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


def group(name: str) -> list[Requirement]:
    """The requirements of a dependency group, included groups left out."""
    return [Requirement(line) for line in PROJECT["dependency-groups"][name] if isinstance(line, str)]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return folder


def test_the_wheel_holds_the_package_and_its_type_marker_and_nothing_else(dist: Path) -> None:
    """No test, configuration or cache slips into what users install, and no module is forgotten."""
    (wheel,) = dist.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    tracked = subprocess.run(["git", "ls-files", "gateway"], cwd=ROOT, check=True, capture_output=True, text=True)
    assert "gateway/py.typed" in names
    assert set(tracked.stdout.split()) <= names
    assert all(name.startswith("gateway/") and "__pycache__" not in name for name in names)


def test_the_wheel_is_for_every_python_and_platform(dist: Path) -> None:
    """Nothing in it is compiled; who may install it is said in its metadata."""
    (wheel,) = dist.glob("*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        (about,) = [name for name in archive.namelist() if name.endswith(".dist-info/WHEEL")]
        text = archive.read(about).decode() + archive.read(about.replace("/WHEEL", "/METADATA")).decode()
        assert not [name for name in archive.namelist() if name.endswith((".so", ".pyd", ".c"))]
    assert {"Root-Is-Purelib: true", "Tag: py3-none-any", "Requires-Python: >=3.11"} <= set(text.splitlines())


def test_the_source_distribution_builds_what_it_says(dist: Path) -> None:
    """Examples, licence and the image's recipe travel with the source."""
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md", "requirements/serve.txt"} <= names
    assert {"hatch_build.py", "requirements/fast.txt"} <= names
    assert {"deploy/systemd/gateway.service", "deploy/kubernetes/kustomization.yaml"} <= names


def test_an_installed_wheel_answers_with_its_version(dist: Path, tmp_path: Path) -> None:
    """The wheel alone, away from the checkout, starts and knows its version."""
    (wheel,) = dist.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path)
    run = subprocess.run([sys.executable, "-m", "gateway", "--version"], cwd=tmp_path, capture_output=True, text=True)
    assert (run.returncode, gateway.__version__ in run.stdout) == (0, True), run.stderr
    assert gateway.__version__ in wheel.name


def test_every_library_that_is_imported_is_a_declared_dependency() -> None:
    """And every declared one is imported: nothing is there by luck, nothing for nothing."""
    distributions = packages_distributions()
    imported = {name for file in (ROOT / "gateway").rglob("*.py") for name in imports(file) if name in distributions}
    imported -= {"gateway", "pydantic_core", *TRAINER}  # pydantic_core is half of pydantic
    used = {canonicalize_name(distributions[name][0]) for name in imported}
    declared = {canonicalize_name(Requirement(line).name) for line in PROJECT["project"]["dependencies"]}
    assert used == declared


def imports(file: Path) -> Iterator[str]:
    """The first word of all that a module imports."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module).partition(".")[0]


@pytest.mark.parametrize(
    ("lock", "requirements"),
    [
        ("serve", [Requirement(line) for line in PROJECT["project"]["dependencies"]]),
        ("serve", [Requirement(line) for line in PROJECT["project"]["optional-dependencies"]["postgres"]]),
        ("dev", [Requirement(line) for line in PROJECT["project"]["dependencies"]]),
        ("dev", group("dev")),
        ("build", group("build")),
        ("fast", [Requirement(line) for line in PROJECT["project"]["dependencies"]]),
        ("fast", group("fast")),
        ("supply", group("supply")),
        ("mlserver", group("mlserver")),
        ("peers", group("peers")),
    ],
)
def test_every_requirement_is_locked_within_its_bounds(lock: str, requirements: list[Requirement]) -> None:
    """Who changes pyproject.toml runs `make lock`."""
    locked = pins(lock)
    for requirement in requirements:
        versions = locked[canonicalize_name(requirement.name)]
        assert all(requirement.specifier.contains(version, prereleases=True) for version in versions), requirement


@pytest.mark.parametrize("lock", ["build", "fast", "serve", "dev", "supply", "mlserver", "peers"])
def test_no_pin_is_without_a_hash(lock: str) -> None:
    """What is installed is what was tried, byte for byte."""
    named = re.findall(r"^[\w.-]+", text_of(lock), re.MULTILINE)
    assert sorted(map(canonicalize_name, named)) == sorted(
        name for name, versions in pins(lock).items() for _ in versions
    )


@pytest.mark.parametrize("lock", ["build", "fast", "serve"])
def test_what_is_tested_is_what_is_served(lock: str) -> None:
    """The serving and building versions are those the tests ran with."""
    dev = pins("dev")
    assert {name: versions for name, versions in pins(lock).items() if dev.get(name) != versions} == {}


def test_the_image_copies_only_what_is_there_and_let_in() -> None:
    """No engine builds it here: at least every source of a COPY exists, and `.dockerignore` lets it in."""
    recipe = (ROOT / "Dockerfile").read_text()
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    sources = [word for words in re.findall(r"^COPY ([^-].*)$", recipe, re.MULTILINE) for word in words.split()[:-1]]
    assert "gateway" in sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [source for source in sources if source.split("/")[0] not in let_in] == []


def test_the_image_does_not_run_as_root() -> None:
    """And says how it is found to be alive."""
    recipe = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", recipe, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*\\\n.*/livez", recipe, re.MULTILINE)
