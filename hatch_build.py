"""Builds the native form of the codec into wheels and editable installs. Where it cannot, the pure form serves."""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PURE_VARIABLE = "MASTER_ORCHESTRATOR_PURE_CODEC"
SOURCE = Path("schemas/master_orchestrator_schemas/binary/native.pyx")
PACKAGE = "master_orchestrator_schemas/binary"


class NativeCodec(BuildHookInterface[BuilderConfig]):
    """Compiles the codec before a wheel is made: into the wheel, or next to its source if the install is editable."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and tell hatchling what the wheel has then."""
        self._folder = tempfile.mkdtemp()
        reason = why_not()
        if reason is None:
            try:
                library = compiled(Path(self.root, SOURCE), Path(self._folder))
            except subprocess.CalledProcessError as error:
                reason = f"{shlex.join(error.cmd)} failed: {error.stderr}"
        if reason is not None:
            self.app.display_warning(f"The codec is pure Python here: {reason}")
            return
        if version == "editable":
            _put(library, Path(self.root, SOURCE).with_name(library.name))
        else:
            build_data["force_include"][str(library)] = f"{PACKAGE}/{library.name}"
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, *_: Any) -> None:
        """Remove what was compiled; it is where it belongs."""
        shutil.rmtree(self._folder)


def why_not() -> str | None:
    """Why this interpreter and machine cannot build the native form, or None."""
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")[0]
    if os.environ.get(PURE_VARIABLE):
        return f"{PURE_VARIABLE} is set"
    if sys.implementation.name != "cpython" or sys.byteorder != "little":
        return "the native form is for CPython on little-endian machines"
    if shutil.which(compiler) is None:
        return f"there is no C compiler ({compiler}; Debian, Ubuntu: apt-get install gcc libc6-dev)"
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        return "there are no headers of Python (Debian, Ubuntu: apt-get install python3-dev)"
    return None


def compiled(source: Path, folder: Path) -> Path:
    """Compile a ``.pyx`` file with the compiler and options of this Python; its library, in ``folder``.

    Raises ``CalledProcessError``.
    """
    c_file = folder / f"{source.stem}.c"
    suffix: str = sysconfig.get_config_var("EXT_SUFFIX")
    library = folder / (source.stem + suffix)
    linker, options, position_independent = (
        shlex.split(sysconfig.get_config_var(name) or "") for name in ("LDSHARED", "CFLAGS", "CCSHARED")
    )
    _run(sys.executable, "-m", "cython", str(source), "-o", str(c_file))
    include = f"-I{sysconfig.get_path('include')}"
    _run(*linker, *options, *position_independent, "-g0", include, str(c_file), "-o", str(library))
    return library


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own source and options


def _put(library: Path, destination: Path) -> None:
    """Move it there in one step: a process may have the old one loaded, and another may put the same one."""
    shutil.copyfile(library, partial := destination.with_suffix(f".{os.getpid()}"))
    partial.replace(destination)
