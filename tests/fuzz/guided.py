"""One target under atheris, which makes inputs by what of our code the ones before have reached.

Nothing that it learns is kept: it reads the corpus, works in a folder of its own, and writes only what finds a fault.
"""

import shutil
import sys
import tempfile

import atheris

with atheris.instrument_imports(include=["gateway"]):
    from tests.fuzz.run import tried
    from tests.fuzz.targets import TARGETS, WORDS


def main() -> None:
    """The target's name, its corpus, then options of libFuzzer."""
    _, name, corpus, *options = sys.argv
    target = TARGETS[name]

    def judged(data: bytes) -> None:
        found = tried(target, data)
        if found is not None:
            raise AssertionError(found.error)

    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        shutil.copytree(corpus, f"{folder}/corpus")
        with open(f"{folder}/words", "w") as words:
            words.writelines(map(_entry, WORDS[name]))
        atheris.Setup([sys.argv[0], f"{folder}/corpus", f"-dict={folder}/words", "-max_len=4096", *options], judged)
        atheris.Fuzz()


def _entry(word: bytes) -> str:
    """A word as a line of libFuzzer's dictionary."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n'


if __name__ == "__main__":
    main()
