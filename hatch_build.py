"""Compiles the hot path for this machine when a wheel is built, from the same sources, with mypyc. Off by default: then
the wheel is pure Python and runs everywhere.

    HATCH_BUILD_HOOK_ENABLE_CUSTOM=true pip wheel .      # or `make fast`, with locked versions

Which modules are compiled stands in pyproject.toml. Each keeps its source in the wheel beside what was made of it.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileHook(BuildHookInterface[Any]):
    """Adds the compiled modules to a wheel. Needs a C compiler, mypy, and the libraries that the modules import."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, unless the install is an editable one: that is for changing the sources."""
        if self.target_name != "wheel" or version == "editable":
            return
        self._made = TemporaryDirectory()
        _compile(self.config["modules"], self._made.name)
        made = Path(self._made.name, "lib")
        build_data["force_include"] |= {str(file): str(file.relative_to(made)) for file in made.rglob("*.*")}
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """The wheel is written."""
        if hasattr(self, "_made"):
            self._made.cleanup()


def _compile(modules: list[str], folder: str) -> None:
    """Into `folder/lib`; what mypy or the compiler finds wrong ends the build."""
    from mypyc.build import mypycify  # noqa: PLC0415 - what a pure wheel does not need
    from setuptools import Distribution  # noqa: PLC0415 - the same

    arguments = ["--config-file", "pyproject.toml", "--cache-dir", f"{folder}/cache", *modules]
    extensions = mypycify(arguments, debug_level="0", group_name="gateway", target_dir=f"{folder}/c")
    build = Distribution({"ext_modules": extensions}).get_command_obj("build_ext")
    build.build_lib, build.build_temp = f"{folder}/lib", f"{folder}/objects"
    build.ensure_finalized()
    build.run()
