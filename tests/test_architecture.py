"""The layers: which part of the package may know which, and which libraries each may use.

Imports are read from the source, wherever they stand in it, so none hides in a function.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
    for file in sorted((ROOT / "gateway").rglob("*.py"))
}

MAY_IMPORT = {
    "core": {"core", "errors"},
    "wire": {"wire", "errors"},
    "links": {"links", "errors"},
    "proxy": {"proxy", "core", "wire", "links", "errors"},
    "shadow": {"shadow", "core", "wire", "links", "errors"},
    "config": {"config", "core", "errors"},
    "store": {"store", "core", "errors"},
    "admin": {"admin", "config", "core", "store", "links", "errors"},
    "control": {"control", "admin", "config", "core", "store", "links", "wire", "errors"},
    "demo": {"demo", "errors"},
    "launcher": {"links", "errors"},
    "serve": {"control", "core", "launcher", "links", "errors"},
    "cli": {"cli", "config", "control", "core", "demo", "proxy", "serve", "store", "wire", "errors", ""},
    "__main__": {"cli"},
    "errors": set(),
    "": set(),
}
"""Layer to the layers it may import; "" is the package itself, which holds the version."""

USED_IN = {
    "xxhash": {"core"},
    "re2": {"core"},
    "jsonpath_rfc9535": {"core", "config"},
    "orjson": {"core", "proxy", "shadow", "config", "control", "admin", "store", "cli"},
    "httptools": {"wire"},
    "uvloop": {"proxy", "shadow"},
    "yaml": {"config"},
    "pydantic": {"config", "admin"},
    "pydantic_core": {"config", "admin"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "aiohttp": {"control", "admin", "demo", "cli"},
    "prometheus_client": {"admin"},
    "watchfiles": {"control"},
    "click": {"cli", "demo"},
    "rich": {"cli", "demo"},
    "joblib": {"demo"},
    "sklearn": {"demo"},
}
"""Library to the layers that may import it; one that is not here is not used."""

IMPURE = {
    *("asyncio", "concurrent", "ctypes", "fcntl", "glob", "http", "io", "logging", "mmap", "multiprocessing", "os"),
    *("pathlib", "random", "secrets", "select", "selectors", "shutil", "signal", "socket", "sqlite3", "ssl"),
    *("subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid"),
}
"""Standard library that `core` must not know: clocks, randomness, input, output, concurrency."""

HEAVY = {"aiohttp", "aiosqlite", "click", "prometheus_client", "pydantic", "rich", "sqlalchemy", "watchfiles", "yaml"}
"""What a worker has no memory for."""


def imported(source: str) -> Iterator[tuple[str, str | None]]:
    """Every import of a source: the module, and the name taken from it, if any."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (("." * node.level + (node.module or ""), alias.name) for alias in node.names)


def layer(module: str) -> str:
    """The part of the package that a module belongs to."""
    return module.split(".")[1] if "." in module else ""


def ours(module: str) -> set[str]:
    """The modules of the package that one imports."""
    found = set()
    for target, name in imported(FILES[module].read_text()):
        if target.split(".")[0] == "gateway":
            found.add(f"{target}.{name}" if f"{target}.{name}" in FILES else target)
    return found


def libraries(module: str) -> set[str]:
    """What else it imports, by first name."""
    return {target.split(".")[0] for target, _ in imported(FILES[module].read_text())} - {"gateway", "__future__"}


def run(code: str) -> list[str]:
    """What a fresh interpreter prints, by lines."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_imports_are_read_wherever_they_stand() -> None:
    """In functions, under conditions, renamed, relative, several at once."""
    source = (
        "import a.b, c as d\ndef f():\n  from e.f import g as h, i\n  if g:\n    from . import j\n    from .k import l"
    )
    assert set(imported(source)) == {("a.b", None), ("c", None), ("e.f", "g"), ("e.f", "i"), (".", "j"), (".k", "l")}


def test_the_package_was_found() -> None:
    """An empty walk would prove nothing."""
    assert {"gateway", "gateway.errors", "gateway.core.routing"} <= FILES.keys()
    assert ours("gateway.core.routing") >= {"gateway.core.decide", "gateway.core.model"}


@pytest.mark.parametrize("module", FILES)
def test_a_module_imports_only_layers_it_may_know(module: str) -> None:
    """As the design draws them; a new layer is drawn there first, and then here."""
    allowed = MAY_IMPORT[layer(module)]
    assert {target for target in ours(module) if layer(target) not in allowed} == set()


@pytest.mark.parametrize("module", FILES)
def test_a_module_uses_only_libraries_of_its_layer(module: str) -> None:
    """Workers stay small, and each library can be replaced in one place."""
    third_party = libraries(module) - sys.stdlib_module_names
    assert {library for library in third_party if layer(module) not in USED_IN.get(library, set())} == set()


@pytest.mark.parametrize("module", [module for module in FILES if layer(module) == "core"])
def test_core_is_pure(module: str) -> None:
    """Time and randomness are arguments, and nothing is read or written."""
    assert libraries(module) & IMPURE == set()
    tree = ast.parse(FILES[module].read_text())
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert called & {"open", "print", "input", "exec", "eval", "__import__"} == set()


@pytest.mark.parametrize("module", FILES)
def test_imports_are_absolute_and_not_for_types_alone(module: str) -> None:
    """So that what is read here is what is loaded."""
    source = FILES[module].read_text()
    assert [target for target, _ in imported(source) if target.startswith(".")] == []
    assert "TYPE_CHECKING" not in source


def test_there_are_no_cycles() -> None:
    """TopologicalSorter raises CycleError, naming the modules, if there is one."""
    order = list(TopologicalSorter({module: ours(module) - {module} for module in FILES}).static_order())
    assert set(order) >= FILES.keys()


def test_a_worker_loads_nothing_heavy() -> None:
    """With every module of its layers imported, and the regular expressions not before a pattern needs them."""
    modules = [module for module in FILES if layer(module) in {"core", "wire", "links", "proxy", "errors"}]
    loaded = run(f"import sys, {', '.join(modules)}; print(*{{name.split('.')[0] for name in sys.modules}})")
    assert "orjson" in loaded
    assert set(loaded) & (HEAVY | {"re2"}) == set()


def test_the_launcher_loads_the_standard_library_only() -> None:
    """It lives as long as the gateway and must stay small."""
    before = set(run("import sys; print(*{name.split('.')[0] for name in sys.modules})"))
    loaded = run("import sys, gateway.launcher; print(*{name.split('.')[0] for name in sys.modules})")
    assert set(loaded) - before - sys.stdlib_module_names == {"gateway"}
    assert "asyncio" not in loaded
