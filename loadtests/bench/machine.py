"""The machine and the versions that figures belong to."""

import os
import platform
import re
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from loadtests.bench.contenders import COMPILED, ROOT, Contender

BUILD = "import sysconfig; print(sysconfig.get_config_var('CONFIG_ARGS') or '')"


def facts(contenders: Sequence[Contender]) -> dict[str, str]:
    """What a reader must know, by name."""
    found = {
        "machine": f"{processor()}, {os.cpu_count()} cores, {memory()} GiB{', virtual' if is_virtual() else ''}",
        "system": f"{distribution()}, Linux {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}, {build(sys.executable)}",
    }
    if any(each.name == COMPILED for each in contenders):
        found["Python of the compiled gateway"] = build(str(ROOT / ".venv-fast/bin/python"))
    found["commit"] = commit()
    return found | {each.name: each.version for each in contenders}


def build(python: str) -> str:
    """How a Python was built: with the profile of a run (PGO) and across files (LTO), or without, which costs some
    tenths of its speed.
    """
    said = subprocess.run([python, "-c", BUILD], capture_output=True, text=True, check=True).stdout
    if python == sys.executable and not said.strip():
        said = str(sysconfig.get_config_var("CONFIG_ARGS") or "")
    pgo = "with PGO" if "--enable-optimizations" in said else "built without PGO"
    return f"{pgo}, {'with' if '--with-lto' in said else 'without'} LTO"


def processor() -> str:
    """Its name."""
    named = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return named[1].strip() if named else platform.machine()


def is_virtual() -> bool:
    """Whether a hypervisor is under it."""
    return "hypervisor" in Path("/proc/cpuinfo").read_text()


def memory() -> int:
    """GiB."""
    kib = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    return round(int(kib[1]) / (1 << 20)) if kib else 0


def distribution() -> str:
    """Its name."""
    return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")


def commit() -> str:
    """Of the checkout, and whether files differ from it."""
    git = ["git", "-C", str(ROOT)]
    found = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    changed = subprocess.run([*git, "status", "--porcelain", "gateway"], capture_output=True, text=True, check=False)
    return f"{found.stdout.strip() or 'unknown'}{', with changes' if changed.stdout.strip() else ''}"


def load() -> float:
    """How busy the machine was in the last minute, in cores: what else runs disturbs the figures."""
    return os.getloadavg()[0]
