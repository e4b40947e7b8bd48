"""Values of a gateway's parameters: from the command line, from the environment, or asked for."""

import os
import sys
from collections.abc import Collection, Mapping, Sequence

import typer

from credit_protection import InvalidInput, ui

ENVIRONMENT_PREFIX = "CREDIT_PROTECTION_PARAM_"


def new_values(fields: Sequence[ui.FormField], given: Mapping[str, str]) -> dict[str, str]:
    """The parameters of a new integration: given, else from the environment, else asked for.

    Required ones are asked for; optional ones only at a terminal; advanced ones never.
    """
    values = {**_from_environment(fields), **_without_secrets(fields, given)}
    for field in fields:
        if field.name not in values and not field.advanced and (field.required or sys.stdin.isatty()):
            values[field.name] = _ask(field)
    return values


def changed_values(
    fields: Sequence[ui.FormField], given: Mapping[str, str], secrets: Collection[str]
) -> dict[str, str] | None:
    """The parameters of an integration that is edited: those given, and the secrets that were named; None for none."""
    by_name = {field.name: field for field in fields if field.secret}
    values = _without_secrets(fields, given)
    for name in secrets:
        if name not in by_name:
            raise InvalidInput(
                f"O gateway não tem o segredo {name!r}. Use: {', '.join(by_name)}.",
                field=name,
                code="parametro_desconhecido",
            )
        values[name] = os.environ.get(_variable(name)) or _ask(by_name[name])
    return values or None


def _without_secrets(fields: Sequence[ui.FormField], given: Mapping[str, str]) -> dict[str, str]:
    """What was given, which must hold no secret: other users of the machine see a command line."""
    for field in fields:
        if field.secret and field.name in given:
            raise InvalidInput(
                f"{field.label} é um segredo e não pode ir na linha de comando, onde outros o veem. Deixe que o "
                f"programa pergunte, ou use a variável {_variable(field.name)}.",
                field=field.name,
                code="segredo_na_linha_de_comando",
            )
    return dict(given)


def _variable(name: str) -> str:
    return f"{ENVIRONMENT_PREFIX}{name.upper()}"


def _ask(field: ui.FormField) -> str:
    if field.help:
        typer.echo(field.help, err=True)
    choices = f" ({', '.join(code for code, _ in field.choices)})" if field.choices else ""
    default = None if field.required else field.default
    answer = typer.prompt(
        f"{field.label}{choices}", default=default, hide_input=field.secret, show_default=bool(default), err=True
    )
    return str(answer)


def _from_environment(fields: Sequence[ui.FormField]) -> dict[str, str]:
    found = {field.name: os.environ.get(_variable(field.name), "") for field in fields}
    return {name: value for name, value in found.items() if value}
