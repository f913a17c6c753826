"""Requests sent through the public faces, and what comes back as plain values: only times and folders are left out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.recording.request import COMMAND, InMemory, Request
from benchmarks.shared.processes import REPOSITORY, environment

if TYPE_CHECKING:
    from mmsearch import Library

TIMES = frozenset({"seconds", "index_seconds", "milliseconds_p50", "milliseconds_p95"})
# Of folders: the lock in them holds the number of a process.
SIZES = frozenset({"bytes", "bytes_before", "bytes_after"})
# Names of what was written when: of no interest to what is compared.
NAMES = frozenset({"generation"})
# What stands for the folder in which everything was made, and for that of this code.
WORK, CHECKOUT = "WORK", "CHECKOUT"


class Asker:
    """Sends requests to the indexes in the folder ``work``, which is the current one; each is opened once."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._open: dict[str, Library] = {}

    def answer(self, request: Request) -> Any:
        """What comes back as JSON's own values; an error by its kind, its message and what it carries."""
        found = _command(request) if request.verb == COMMAND else self._called(request)
        return _anywhere(plain(found), {str(self._work): WORK, str(REPOSITORY): CHECKOUT})

    def _called(self, request: Request) -> Any:
        verb, library = _VERBS[request.verb], self._library(request.index)
        arguments, options = _given(request.arguments), _given(request.options)
        try:
            return verb(library, *arguments, **options)
        except Exception as error:  # any kind: that it is the same one is what is looked at
            return {"error": type(error).__name__, "message": str(error), **vars(error)}

    def close(self) -> None:
        """Close the indexes."""
        for library in self._open.values():
            library.close()

    def _library(self, name: str) -> Library:
        import mmsearch

        if name not in self._open:
            self._open[name] = mmsearch.open(f"{name}.index")
        return self._open[name]


def plain(value: Any) -> Any:
    """``value`` as JSON's own values: of a dataclass all fields and properties, unless it has a written form.

    What a clock says is left out. TypeError for what is nothing of the kind.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    kind = type(value)
    if isinstance(value, Path) or (is_dataclass(value) and kind.__str__ is not object.__str__):
        return str(value)
    if is_dataclass(value):
        names = [one.name for one in fields(value) if one.compare]  # what makes answers equal
        names += [name for name in dir(kind) if isinstance(getattr(kind, name), property)]
        return {name: plain(getattr(value, name)) for name in names if _is_kept(name)}
    if isinstance(value, Mapping):
        return {_key(key): plain(one) for key, one in value.items() if _is_kept(_key(key))}
    if isinstance(value, Set):
        return sorted(map(plain, value))
    if isinstance(value, Sequence):
        return [plain(one) for one in value]
    if hasattr(value, "tolist"):
        return value.tolist()  # numpy's arrays and numbers
    raise TypeError(f"how is {value!r} recorded?")


def _is_kept(name: str) -> bool:
    return not name.startswith("_") and name not in TIMES | SIZES | NAMES


def _key(key: Any) -> str:
    return " ".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _given(value: Any) -> Any:
    """Arguments with what stands for pictures in memory put in its place."""
    if isinstance(value, InMemory):
        return _IN_MEMORY[value.form](Path(value.path))
    if isinstance(value, Mapping):
        return {name: _given(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_given(one) for one in value)
    return value


def _picture(path: Path) -> Any:
    from PIL import Image

    with Image.open(path) as picture:
        return picture.convert("RGB")


def _vector(path: Path) -> Any:
    import mmsearch

    return mmsearch.embed([path])[0]


_IN_MEMORY: Mapping[str, Callable[[Path], Any]] = {
    "bytes": Path.read_bytes,
    "path": Path,
    "picture": _picture,
    "vector": _vector,
}


def _tag(library: Library, *arguments: Any, **options: Any) -> Any:
    return library.tag(*arguments, dry_run=True, **options)


def _neighbors(library: Library, text: str, place: int, count: int) -> Any:
    return library.neighbors(library.search(text, group="item", modality="text", cutoff=None)[place], count)


def _learned_weights(library: Library) -> Any:
    return library.learned_weights


def _embed(_: Library, things: Sequence[Any]) -> Any:
    import mmsearch

    return mmsearch.embed(things)


def _compact(library: Library) -> Any:
    library.compact()
    return library.statistics()


_VERBS: Mapping[str, Callable[..., Any]] = {
    "search": lambda library, *arguments, **options: library.search(*arguments, **options),
    "recommend": lambda library, *arguments, **options: library.recommend(*arguments, **options),
    "ask": lambda library, *arguments, **options: library.ask(*arguments, **options),
    "duplicates": lambda library, **options: library.duplicates(**options),
    "find": lambda library, document: library.find(document),
    "facets": lambda library, field: library.facets(field),
    "fields": lambda library: library.fields(),
    "statistics": lambda library: library.statistics(),
    "remove": lambda library, paths: library.remove(paths),
    "tag": _tag,
    "neighbors": _neighbors,
    "learned weights": _learned_weights,
    "embed": _embed,
    "compact": _compact,
}


def _command(request: Request) -> dict[str, Any]:
    """How the command ended and what it printed: a JSON document as that, anything else by lines."""
    index = ("--index", f"{request.index}.index") if request.index else ()
    finished = subprocess.run(
        [sys.executable, "-m", "mmsearch", *request.arguments, *index],
        input=request.stdin,
        env={**environment(), "COLUMNS": "120", "NO_COLOR": "1"},
        capture_output=True,
        check=False,
    )
    output, errors = (stream.decode("utf-8") for stream in (finished.stdout, finished.stderr))
    printed: Any = output.splitlines()
    if "--json" in request.arguments and output:
        printed = json.loads(output)
    return {"status": finished.returncode, "printed": printed, "errors": errors.splitlines()}


def _anywhere(value: Any, folders: Mapping[str, str]) -> Any:
    """``value`` as it would be wherever the ``folders`` lay: each is written as it is called."""
    if isinstance(value, str):
        for folder, called in folders.items():
            value = value.replace(folder, called)
        return value
    if isinstance(value, dict):
        return {name: _anywhere(one, folders) for name, one in value.items()}
    return [_anywhere(one, folders) for one in value] if isinstance(value, list) else value
