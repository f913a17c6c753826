"""Make this processor look older to ONNX Runtime, at its own speed, to see what it computes there.

ONNX Runtime asks ``cpuid`` which instructions there are and picks its kernels by that. A copy of it has an illegal
instruction in the place of each ``cpuid``, and a small library that is loaded before it answers these as a processor
without VNNI would. It needs Linux on x86-64, a C compiler and objdump.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

CPUID, ILLEGAL = b"\x0f\xa2", b"\x0f\x0b"  # ud2
SOURCE = Path(__file__).with_name("cpuid.c")
KINDS = ("avx2", "avx512")  # the newest instructions that are left


def why_not() -> str | None:
    """Why this computer can't be disguised; None when it can."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return "it needs Linux on x86-64"
    if "avx512_vnni" not in Path("/proc/cpuinfo").read_text(encoding="utf-8"):
        return "this processor has no AVX-512 VNNI to leave out"
    missing = [tool for tool in ("cc", "objdump", "readelf") if shutil.which(tool) is None]
    return f"it needs {' and '.join(missing)}" if missing else None


def disguise(folder: Path) -> Path:
    """A folder in ``folder`` with a copy of onnxruntime and the library that answers for the processor."""
    import onnxruntime

    package = Path(onnxruntime.__file__).parent
    made = folder / "onnxruntime"
    shutil.copytree(package, made, ignore=shutil.ignore_patterns("__pycache__", "transformers", "tools"))
    library = next(made.glob("capi/onnxruntime_pybind11_state*.so"))
    content = bytearray(library.read_bytes())
    segments = _segments(library)
    for found in re.finditer(
        r"^\s*([0-9a-f]+):\s+0f a2\s+cpuid\b", _said("objdump", "-d", library), re.MULTILINE
    ):
        address = int(found.group(1), 16)
        place = next(address - at + start for start, at, size in segments if at <= address < at + size)
        assert content[place : place + 2] == CPUID
        content[place : place + 2] = ILLEGAL
    library.write_bytes(content)
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", str(SOURCE), "-o", str(folder / "cpuid.so")], check=True)
    return folder


def environment(folder: Path, kind: str) -> dict[str, str]:
    """The environment of a process that is to take this processor for one of ``kind``."""
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH"), os.getcwd()])])
    kept = {"KEEP_AVX512": "1"} if kind == "avx512" else {}
    return {**os.environ, "PYTHONPATH": path, "LD_PRELOAD": str(folder / "cpuid.so"), **kept}


def _segments(library: Path) -> list[tuple[int, int, int]]:
    """Where parts of the file begin, the addresses that they are loaded to, and how long they are."""
    rows = re.findall(r"LOAD\s+(0x\w+)\s+(0x\w+)\s+0x\w+\s+(0x\w+)", _said("readelf", "-lW", library))
    return [(int(start, 16), int(at, 16), int(size, 16)) for start, at, size in rows]


def _said(tool: str, option: str, library: Path) -> str:
    return subprocess.run([tool, option, str(library)], capture_output=True, text=True, check=True).stdout
