"""Checks what a command prints against the schemas in docs/json."""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

FOLDER = Path(__file__).parents[2] / "docs" / "json"
Schema = dict[str, Any]


def schema(name: str) -> Schema:
    """One schema as it is published."""
    read: Schema = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return read


def names() -> set[str]:
    """Names of all schemas of commands."""
    return {path.stem for path in FOLDER.glob("*.json")} - {"common", "error"}


def name_of(arguments: tuple[str, ...]) -> str:
    """Name of the schema of a command line."""
    return arguments[0] if arguments[0] in names() else "-".join(arguments[:2])


def check(arguments: tuple[str, ...], document: Mapping[str, object]) -> None:
    """Check a command's document: it satisfies the schema, and has no key that the schema lacks."""
    name = "error" if "error" in document else name_of(arguments)
    published, strict = validators(name)
    published.validate(document)
    strict.validate(document)


@functools.cache
def validators(name: str) -> tuple[Draft202012Validator, Draft202012Validator]:
    """A validator of the published schema, and a strict one that refuses undeclared keys."""
    registry: Registry[Any] = Registry().with_resource("common.json", Resource.from_contents(schema("common")))
    as_published = schema(name)
    strict = as_published if name == "error" else _closed(as_published)
    formats = Draft202012Validator.FORMAT_CHECKER
    return (
        Draft202012Validator(as_published, registry=registry, format_checker=formats),
        Draft202012Validator(strict, registry=registry),
    )


def _closed(node: Any) -> Any:  # noqa: ANN401 - JSON
    """A schema without references and `allOf`, whose objects have no further keys."""
    if isinstance(node, list):
        return [_closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _closed(schema("common")["$defs"][node["$ref"].rpartition("/")[2]])
    closed = {key: _closed(value) for key, value in node.items() if key != "allOf"}
    for part in _closed(node.get("allOf", [])):
        closed["properties"] = part["properties"] | closed["properties"]
        closed["required"] = part["required"] + closed["required"]
    if "properties" in closed and "type" in closed:
        closed["additionalProperties"] = False
    return closed
