"""The API's documentation as a page without scripts, written from its OpenAPI description."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STYLE = """
body{max-width:60rem;margin:2rem auto;padding:0 1rem;font:16px/1.5 system-ui,sans-serif;color-scheme:light dark}
h2{margin:2.5rem 0 .25rem;font-size:1.1rem}
h2 b{display:inline-block;min-width:4.5rem}
table{border-collapse:collapse;width:100%}
td,th{padding:.25rem .75rem .25rem 0;text-align:left;vertical-align:top;border-bottom:1px solid #8884}
pre{padding:.75rem;overflow:auto;background:#8881}
code{font-size:.95em}
"""
_WAYS = ("get", "post", "delete")


def documentation(api: Mapping[str, Any], style: str) -> str:
    """A page about ``api``, an OpenAPI description, with the style sheet at the address ``style``."""
    info = api["info"]
    body = "".join(
        _operation(api, path, way, ways[way])
        for path, ways in api["paths"].items()
        for way in _WAYS
        if way in ways
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{escape(info["title"])}: HTTP API</title><link rel="stylesheet" href="{escape(style)}">'
        f"<h1>{escape(info['title'])} {escape(info['version'])}: HTTP API</h1>"
        f"<p>{escape(info['description'])}</p>"
        '<p><a href="/api/v1/openapi.json">openapi.json</a> says the same for programs.</p>'
        f"{body}</html>\n"
    )


def _operation(api: Mapping[str, Any], path: str, way: str, operation: Mapping[str, Any]) -> str:
    rows = list(_parameters(api, operation))
    body = _schema(api, operation.get("requestBody", {}))
    rows += _fields(api, body)
    table = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(kind)}</td><td>{escape(about)}</td></tr>"
        for name, kind, about in rows
    )
    named = "<table><tr><th>field</th><th>is</th><th></th></tr>" + table + "</table>" if rows else ""
    examples = "".join(
        f"<pre>{escape(json.dumps(one, ensure_ascii=False, indent=2))}</pre>"
        for one in body.get("examples", ())
    )
    about = escape(operation.get("description", "")).replace("``", "")
    return f"<h2><b>{way.upper()}</b> <code>{escape(path)}</code></h2><p>{about}</p>{named}{examples}"


def _parameters(api: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for one in operation.get("parameters", ()):
        schema = one.get("schema", {})
        yield one["name"], _kind(api, schema), one.get("description") or schema.get("description", "")


def _fields(api: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name, one in schema.get("properties", {}).items():
        yield name, _kind(api, one), one.get("description", "")


def _schema(api: Mapping[str, Any], body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of what is sent."""
    for content in body.get("content", {}).values():
        return _resolved(api, content.get("schema", {}))
    return {}


def _resolved(api: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: Mapping[str, Any] = api["components"]["schemas"][reference.rpartition("/")[2]]
    return found


def _kind(api: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """What a value is, in words: integer, text or list."""
    schema = _resolved(api, schema)
    if "anyOf" in schema:
        kinds = (_kind(api, one) for one in schema["anyOf"])
        return " or ".join(dict.fromkeys(kind for kind in kinds if kind != "null"))
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        return f"list of {_kind(api, schema.get('items', {}))}"
    kind = str(schema.get("type", "any"))
    return {"string": "text", "boolean": "true or false"}.get(kind, kind)
