"""What is shipped says of itself: its dependencies, the Pythons it is for, its version."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.utils import canonicalize_name
from packaging.version import Version

import gateway

ROOT = Path(__file__).parents[2]
BILL: dict[str, Any] = json.loads((ROOT / "requirements" / "serve.cdx.json").read_text())
LOCKED = re.compile(r"^([\w.-]+)==([^\s;]+)(?: ; ([^\\]+?))? \\$", re.MULTILINE)
IMAGE = {
    "python_version": "3.11",
    "python_full_version": "3.11.9",
    "implementation_name": "cpython",
    "platform_python_implementation": "CPython",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
}
"""Where the image runs, in the words of environment markers."""
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
SOURCES = sorted((ROOT / "gateway").rglob("*.py"))
GONE = {
    *("asynchat", "asyncore", "distutils", "imp", "smtpd"),  # 3.12
    *("aifc", "audioop", "cgi", "cgitb", "chunk", "crypt", "imghdr", "lib2to3", "mailcap", "msilib", "nis", "nntplib"),
    *("ossaudiodev", "pipes", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib"),  # 3.13
}
"""Modules of Python 3.11 that later ones no longer have."""


def installed_in_the_image() -> dict[str, str]:
    """Name to version, of what requirements/serve.txt installs there."""
    found = LOCKED.findall((ROOT / "requirements" / "serve.txt").read_text())
    return {
        canonicalize_name(name): version
        for name, version, marker in found
        if not marker or Marker(marker).evaluate(environment=IMAGE)
    }


def test_the_bill_of_materials_lists_what_the_image_holds_and_nothing_else() -> None:
    """Who changes a lock runs `make sbom`."""
    listed = {canonicalize_name(each["name"]): each["version"] for each in BILL["components"]}
    assert listed == installed_in_the_image()


def test_the_bill_of_materials_is_of_a_known_form_and_names_a_licence_for_each() -> None:
    assert (BILL["bomFormat"], BILL["specVersion"]) == ("CycloneDX", "1.6")
    assert BILL["metadata"]["component"]["name"] == "model-gateway"
    assert [each["name"] for each in BILL["components"] if not each.get("licenses")] == []
    assert all(each["purl"].startswith("pkg:pypi/") for each in BILL["components"])


def test_the_bill_of_materials_says_what_needs_what() -> None:
    """From the gateway down, everything is reached."""
    needs = {each["ref"]: each.get("dependsOn", []) for each in BILL["dependencies"]}
    reached, waiting = set[str](), [BILL["metadata"]["component"]["bom-ref"]]
    while waiting:
        one = waiting.pop()
        if one not in reached:
            reached.add(one)
            waiting += needs[one]
    assert {each["bom-ref"] for each in BILL["components"]} - reached == set()


def test_the_image_installs_nothing_that_is_not_locked() -> None:
    """Every `pip install` from an index demands hashes; what is without is what was just built."""
    recipe = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    installs = re.findall(r"pip\s+(?:--python \S+ )?install[^&\n]*", recipe)
    assert len(installs) == 3
    assert [line for line in installs if "--require-hashes" not in line and "--no-deps /wheel/*.whl" not in line] == []


def test_the_pythons_are_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    prefix = "Programming Language :: Python :: "
    assert [each.removeprefix(prefix) for each in project["classifiers"] if each.startswith(prefix)] == PYTHONS
    assert project["requires-python"] == f">={PYTHONS[0]}"


def test_no_module_uses_what_a_declared_python_lacks() -> None:
    """Neither newer syntax than the oldest reads, nor a module that a newer one has dropped."""
    for source in SOURCES:
        tree = ast.parse(source.read_text(), feature_version=(3, 11))
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            assert not {name.partition(".")[0] for name in names} & GONE, source


def test_no_module_draws_a_warning_from_the_compiler() -> None:
    """Newer Pythons turn some of them into errors; here every warning is one."""
    for each in SOURCES:
        compile(each.read_text(), str(each), "exec", dont_inherit=True)


def test_the_version_is_semantic_and_the_command_tells_it() -> None:
    version = Version(gateway.__version__)
    assert str(version) == gateway.__version__
    assert len(version.release) == 3
    run = subprocess.run([sys.executable, "-m", "gateway", "--version"], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, f"gateway {gateway.__version__}\n")
    (command,) = entry_points(group="console_scripts", name="gateway")
    assert command.value == "gateway.__main__:main"


def test_every_python_gets_the_same_versions() -> None:
    """So that what is tested on one of them is what serves on the others."""
    found = [name for name, _, _ in LOCKED.findall((ROOT / "requirements" / "serve.txt").read_text())]
    assert len(set(found)) == len(found)
