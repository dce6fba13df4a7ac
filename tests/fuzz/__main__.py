"""`make fuzz SECONDS=60`: every target in turn, for that long together.

Where atheris is installed it guides the search by what of our code an input reaches; elsewhere inputs are made without
guidance. An input that finds a fault is written to tests/fuzz/corpus, where it stays as a test.
"""

import argparse
import contextlib
import random
import subprocess
import sys
from importlib.util import find_spec

from tests.fuzz import admin
from tests.fuzz.kept import FOLDER, kept
from tests.fuzz.run import Found, inputs, searched, tried
from tests.fuzz.targets import TARGETS, WORDS, Target

NAMES = [*TARGETS, "admin"]


def main() -> int:
    """1 where something was found."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--only", choices=NAMES, action="append")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    asked = parser.parse_args()
    names = asked.only or NAMES
    print(f"seed {asked.seed}, {'guided by atheris' if find_spec('atheris') else 'without guidance'}", flush=True)
    return max([_one(name, asked.seconds / len(names), asked.seed) for name in names])


def _one(name: str, seconds: float, seed: int) -> int:
    if name == "admin":
        with admin.admin() as target:
            return _ours(name, target, admin.WORDS, seconds=seconds, seed=seed)
    if find_spec("atheris"):
        return _guided(name, seconds=seconds, seed=seed)
    return _ours(name, TARGETS[name], WORDS[name], seconds=seconds, seed=seed)


def _ours(name: str, target: Target, words: list[bytes], *, seconds: float, seed: int) -> int:
    corpus = list(kept(name).values())
    for data in corpus:
        found = tried(target, data)
        if found is not None:
            return _tell(name, found)
    number, found = searched(target, inputs(seed, corpus, words), seconds=seconds, most=sys.maxsize)
    print(f"{name}: {number:,} inputs in {seconds:.0f} s", flush=True)
    return 0 if found is None else _tell(name, found)


def _guided(name: str, *, seconds: float, seed: int) -> int:
    """In a process of its own, since it ends the process; what it finds is written by itself."""
    command = [sys.executable, "-m", "tests.fuzz.guided", name, str(FOLDER / name), f"-max_total_time={seconds:.0f}"]
    options = [f"-seed={seed}", "-timeout=10", "-rss_limit_mb=1024", f"-artifact_prefix={FOLDER / name}/found-"]
    said = subprocess.run([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    lines = said.stdout.decode(errors="replace").splitlines()
    print(f"{name}: {lines[-1] if lines else 'nothing said'}", flush=True)
    if said.returncode:
        print(*lines[-40:], sep="\n")
    return min(said.returncode, 1)


def _tell(name: str, found: Found) -> int:
    file = FOLDER / name / found.name
    with contextlib.suppress(FileExistsError):
        file.write_bytes(found.data)
    print(f"{name}: {found.error}\n  {found.data[:400]!r}\n  kept in {file}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
