"""Checks requests and answers against an OpenAPI 3.0 file.

Supports the part of OpenAPI that declared contracts use: local references, path and query parameters, JSON bodies,
`nullable`. It is stricter in one thing: it refuses a request body with a property that the file does not name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from email.message import Message
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

Schema = dict[str, Any]
_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_CLIENT_ERRORS = 400


class ContractViolation(ValueError):
    """A request or an answer violates the contract. `field` is its path: `endereco.cep`."""

    def __init__(self, field: str | None, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message


class Contract:
    """A contract file. `error_schema` names the component of every error answer, declared or not."""

    def __init__(self, text: str, *, error_schema: str) -> None:
        document = yaml.safe_load(text)
        resolved = _resolved(document, document)
        self.schemas: dict[str, Schema] = {
            name: _json_schema(schema) for name, schema in resolved["components"]["schemas"].items()
        }
        self.operations: tuple[Operation, ...] = tuple(
            Operation(method.upper(), template, declared, self.schemas[error_schema])
            for template, item in resolved["paths"].items()
            for method, declared in item.items()
            if method in _METHODS
        )

    def route(self, path: str) -> dict[str, tuple[Operation, dict[str, str]]]:
        """The operations of a path by method, each with its path parameters; empty for an unknown path."""
        return {
            operation.method: (operation, found.groupdict())
            for operation in self.operations
            if (found := operation.pattern.fullmatch(path)) is not None
        }

    def check(self, schema: str, value: object) -> None:
        """Raise `ContractViolation` if a value violates a named component."""
        _raise_first(_validator(self.schemas[schema]), value)


class Operation:
    """One method at one path template."""

    def __init__(self, method: str, template: str, declared: Mapping[str, Any], error: Schema) -> None:
        self.method = method
        self.template = template
        self.pattern = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template)))
        parameters = [each for each in declared.get("parameters", ()) if each["in"] == "query"]
        self._query: Schema = {
            "properties": {each["name"]: _json_schema(each["schema"]) for each in parameters},
            "required": [each["name"] for each in parameters if each.get("required")],
            "additionalProperties": False,
        }
        body = declared.get("requestBody", {}).get("content", {})
        self._body = {
            media_type: _validator(_json_schema(content["schema"], closed=True)) for media_type, content in body.items()
        }
        self._answers = declared["responses"]
        self._error = _validator(error)

    @property
    def has_body(self) -> bool:
        """Whether a request has a body."""
        return bool(self._body)

    def check_query(self, pairs: Iterable[tuple[str, str]]) -> dict[str, str | int]:
        """The query parameters, typed. Raises `ContractViolation` for an unknown, repeated or invalid one."""
        values: dict[str, str | int] = {}
        for name, text in pairs:
            if name in values:
                raise ContractViolation(name, "parâmetro repetido")
            is_integer = self._query["properties"].get(name, {}).get("type") == "integer"
            values[name] = int(text) if is_integer and re.fullmatch(r"-?[0-9]{1,18}", text) else text
        _raise_first(_validator(self._query), values)
        return values

    def check_body(self, value: object) -> None:
        """Raise `ContractViolation` if a JSON body violates the contract."""
        _raise_first(self._body["application/json"], value)

    def answer_problem(self, status: int, headers: Mapping[str, str] | Message, body: bytes) -> str | None:
        """The violation in an answer, or None. An undeclared error status must still have the error schema.

        Header names are looked up as the contract writes them: give a message, or a mapping with the same names.
        """
        declared = self._answers.get(str(status))
        media_type = headers.get("Content-Type", "").partition(";")[0]
        if declared is None:
            if status < _CLIENT_ERRORS:
                return f"status {status} is not declared"
            return _json_problem(self._error, body)
        for name, header in declared.get("headers", {}).items():
            if header["schema"]["type"] == "integer" and not headers.get(name, "0").isdigit():
                return f"header {name} is not an integer"
        if media_type not in declared["content"]:
            return f"media type {media_type} is not declared for {status}"
        if media_type != "application/json":
            return None if body else "empty body"
        return _json_problem(_validator(_json_schema(declared["content"][media_type]["schema"], closed=True)), body)


def _resolved(node: Any, document: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a YAML tree has every type
    """The tree with each local reference replaced by its target."""
    if isinstance(node, list):
        return [_resolved(item, document) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str):
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        return _resolved(target, document)
    return {str(key): _resolved(value, document) for key, value in node.items()}


def _json_schema(schema: Schema, *, closed: bool = False) -> Schema:
    """An OpenAPI 3.0 schema as JSON Schema; `closed` forbids undeclared properties."""
    json_schema = dict(schema)
    for name in ("items", "additionalProperties"):
        if isinstance(json_schema.get(name), dict):
            json_schema[name] = _json_schema(json_schema[name], closed=closed)
    if "properties" in json_schema:
        parts = json_schema["properties"].items()
        json_schema["properties"] = {name: _json_schema(part, closed=closed) for name, part in parts}
        if closed:
            json_schema.setdefault("additionalProperties", False)
    if json_schema.pop("nullable", False):
        json_schema["type"] = [json_schema["type"], "null"]
    return json_schema


_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    if not isinstance(value, str):
        return True
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII) is not None and bool(date.fromisoformat(value))


@_FORMATS.checks("date-time", raises=ValueError)
def _is_instant(value: object) -> bool:
    if not isinstance(value, str):
        return True
    return "T" in value and datetime.fromisoformat(value).tzinfo is not None


def _pattern(_: object, pattern: str, value: object, __: object) -> Iterator[ValidationError]:
    """Match as ECMA-262, which OpenAPI uses: digits are ASCII, `$` is the end of the text."""
    if isinstance(value, str) and re.search(re.sub(r"\$$", r"\\Z", pattern), value, re.ASCII) is None:
        yield ValidationError(f"{value!r} does not match {pattern!r}")


_Validator = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]  # has no types


def _validator(schema: Schema) -> Any:  # noqa: ANN401 - jsonschema makes its classes at run time
    return _Validator(schema, format_checker=_FORMATS)


def _raise_first(validator: Any, value: object) -> None:  # noqa: ANN401 - see _validator
    errors = sorted(validator.iter_errors(value), key=lambda error: [str(part) for part in error.absolute_path])
    if errors:
        raise ContractViolation(*_violation(errors[0]))


def _violation(error: ValidationError) -> tuple[str | None, str]:
    """The field and the problem, in Portuguese."""
    path = [str(part) for part in error.absolute_path]
    bound: Any = error.validator_value
    if error.validator == "required":
        missing = next(name for name in bound if name not in _object(error.instance))
        return ".".join([*path, missing]), "campo obrigatório"
    if error.validator == "additionalProperties":
        extra = sorted(set(_object(error.instance)) - set(_object(error.schema)["properties"]))
        return ".".join([*path, extra[0]]), "campo desconhecido"
    messages = {
        "type": "tipo inválido",
        "enum": f"deve ser um de: {', '.join(map(str, bound))}" if isinstance(bound, list) else "",
        "maxLength": f"mais de {bound} caracteres",
        "minLength": f"menos de {bound} caracteres",
        "minimum": f"deve ser no mínimo {bound}",
        "maximum": f"deve ser no máximo {bound}",
        "pattern": f"formato inválido (esperado {bound})",
        "format": "data inválida (esperado AAAA-MM-DD)" if bound == "date" else f"formato inválido ({bound})",
    }
    return ".".join(path) or None, messages.get(str(error.validator), error.message)


def _object(value: Any) -> dict[str, Any]:  # noqa: ANN401 - narrows what jsonschema leaves open
    return value if isinstance(value, dict) else {}


def _json_problem(validator: Any, body: bytes) -> str | None:  # noqa: ANN401 - see _validator
    try:
        _raise_first(validator, json.loads(body))
    except ContractViolation as violation:
        return str(violation)
    except ValueError:
        return "body is not JSON"
    return None
