"""Options that several commands share."""

import contextlib
from datetime import UTC, date, datetime
from typing import Annotated

import typer

from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.money import Money

Json = Annotated[bool, typer.Option("--json", help="Um documento JSON na saída padrão, em vez de tabelas.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Não perguntar antes.")]
IntegrationOption = Annotated[
    str | None,
    typer.Option("--integration", "-i", help="Id, começo do id ou descrição; sem ela, a única cadastrada."),
]
IntegrationArgument = Annotated[
    str | None,
    typer.Argument(metavar="INTEGRAÇÃO", help="Id, começo do id ou descrição; sem ela, a única cadastrada."),
]
NegativationArgument = Annotated[str, typer.Argument(metavar="NEGATIVAÇÃO", help="Id da negativação.")]
QueryArgument = Annotated[str, typer.Argument(metavar="CONSULTA", help="Id da consulta.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Quantos mostrar, no máximo.")]
After = Annotated[str | None, typer.Option("--after", help="Continuar a lista: o cursor que ela mostrou no fim.")]


def pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """Read `name=value` options.

    Args:
        given: as written.
        option: for the message.

    Raises:
        typer.BadParameter: one has no name or no `=`.
    """
    read: dict[str, str] = {}
    for text in given or []:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(f"escreva nome=valor, e não {text!r}", param_hint=option)
        read[name.strip()] = value
    return read


def reais(text: str) -> Money:
    """Read an amount as people write it (`1.234,56`) or as programs do (`1234.56`).

    Raises:
        InvalidInput: neither.
    """
    compact = text.strip()
    return Money.brl(compact.replace(".", "").replace(",", ".") if "," in compact else compact)


def day(text: str | None, option: str) -> date | None:
    """Read a day, `2026-11-24` or `24/11/2026`; None stays None.

    Raises:
        InvalidInput: neither.
    """
    if text is None:
        return None
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        with contextlib.suppress(ValueError):
            return datetime.strptime(text.strip(), form).replace(tzinfo=UTC).date()
    raise InvalidInput(
        f"{option} deve ser um dia, por exemplo 2026-11-24 ou 24/11/2026.", field=option, code="data_formato"
    )
