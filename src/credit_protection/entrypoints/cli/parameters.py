"""A gateway's parameters, filled in from the command line, the environment, or by asking: made from its specs alone."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import typer

from credit_protection.domain.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from credit_protection.domain.parameters import ParameterSpec

ENVIRONMENT_PREFIX = "CREDIT_PROTECTION_PARAM_"


def fill_in(specs: Sequence[ParameterSpec], given: Mapping[str, str]) -> dict[str, str]:
    """All parameters of a new integration: given, else from the environment, else asked for.

    What is required is asked for; what is not, only at a terminal; what is advanced, never. Secrets are read hidden.

    Args:
        specs: the gateway's.
        given: on the command line, by name.

    Raises:
        InvalidInput: a secret was given on the command line, where others can see it.
    """
    values = {**_from_environment(specs), **plain(specs, given)}
    for spec in specs:
        needed = spec.required and not spec.default
        if spec.name not in values and not spec.advanced and (needed or sys.stdin.isatty()):
            values[spec.name] = ask(spec)
    return values


def changed(
    specs: Sequence[ParameterSpec], given: Mapping[str, str], secrets: Collection[str]
) -> dict[str, str] | None:
    """The parameters of an integration that is edited: those given, and the secrets that were named.

    Returns:
        None where nothing changes.

    Raises:
        InvalidInput: a secret was given on the command line, or one that does not exist was named.
    """
    by_name = {spec.name: spec for spec in specs if spec.secret}
    values = plain(specs, given)
    for name in secrets:
        if name not in by_name:
            raise InvalidInput(
                f"O gateway não tem o segredo {name!r}. Use: {', '.join(by_name)}.",
                field=name,
                code="parametro_desconhecido",
            )
        values[name] = os.environ.get(variable(name)) or ask(by_name[name])
    return values or None


def plain(specs: Sequence[ParameterSpec], given: Mapping[str, str]) -> dict[str, str]:
    """The values given on the command line.

    Raises:
        InvalidInput: one of them is a secret.
    """
    for spec in specs:
        if spec.secret and spec.name in given:
            raise InvalidInput(
                f"{spec.label} é um segredo e não pode ir na linha de comando, onde outros o veem. Deixe que o "
                f"programa pergunte, ou use a variável {variable(spec.name)}.",
                field=spec.name,
                code="segredo_na_linha_de_comando",
            )
    return dict(given)


def variable(name: str) -> str:
    """The environment variable of a parameter."""
    return f"{ENVIRONMENT_PREFIX}{name.upper()}"


def ask(spec: ParameterSpec) -> str:
    """Ask a person for one value; a secret is not shown while it is typed."""
    if spec.help:
        typer.echo(spec.help, err=True)
    choices = f" ({', '.join(spec.choices)})" if spec.choices else ""
    default = None if spec.required and not spec.default else spec.default
    answer = typer.prompt(
        f"{spec.label}{choices}", default=default, hide_input=spec.secret, show_default=bool(default), err=True
    )
    return str(answer)


def _from_environment(specs: Sequence[ParameterSpec]) -> dict[str, str]:
    found = {spec.name: os.environ.get(variable(spec.name), "") for spec in specs}
    return {name: value for name, value in found.items() if value}
