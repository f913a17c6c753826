"""Frozen dataclasses from the tables of a TOML file, and back."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any, Literal


def build(kind: Any, value: Any, where: str = "") -> Any:
    """``value`` as a ``kind``: a dataclass from a table, a tuple from a list, and so on down.

    Raises ValueError with the place (``where``) of an unknown or missing key, or of a value of another type.
    """
    if dataclasses.is_dataclass(kind):
        return _build_dataclass(kind, value, where)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return build(next(a for a in arguments if a is not type(None)), value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{where} must be a list")
        return tuple(build(arguments[0], part, f"{where}[{i}]") for i, part in enumerate(value))
    if origin is Literal:
        if value not in arguments:
            raise ValueError(f"{where} must be one of {', '.join(map(repr, arguments))}, not {value!r}")
        return value
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ValueError(f"{where} must be a {kind.__name__}, not {value!r}")
    return value


def _build_dataclass(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{where or 'a recipe'} must be a table")
    known = typing.get_type_hints(kind)
    prefix = f"{where}." if where else ""
    if unknown := sorted(value.keys() - known.keys()):
        raise ValueError(f"unknown key: {prefix}{unknown[0]}")
    built = {key: build(known[key], part, prefix + key) for key, part in value.items()}
    missing = [f.name for f in dataclasses.fields(kind) if f.name not in built and _required(f)]
    if missing:
        raise ValueError(f"missing key: {prefix}{missing[0]}")
    return kind(**built)


def _required(one: dataclasses.Field[Any]) -> bool:
    return one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING


def written(table: dict[str, Any]) -> str:
    """``table``, of values that ``build`` takes, as TOML; what is None is left out."""
    lines: list[str] = []
    _write_table(table, "", lines)
    return "\n".join(lines).lstrip("\n") + "\n"


def _write_table(table: dict[str, Any], name: str, lines: list[str]) -> None:
    plain = {k: v for k, v in table.items() if v is not None and not _is_table(v)}
    lines.extend(f"{key} = {_toml(value)}" for key, value in plain.items())
    for key, value in table.items():
        full = f"{name}.{key}" if name else key
        if isinstance(value, dict):
            lines.append(f"\n[{full}]")
            _write_table(value, full, lines)
        elif _is_table(value):
            for part in value:
                lines.append(f"\n[[{full}]]")
                _write_table(part, full, lines)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list | tuple) and bool(value) and isinstance(value[0], dict)
    )


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
        return f'"{escaped}"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    return repr(value)
