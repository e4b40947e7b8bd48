"""Options that several commands share."""

from typing import Annotated

import typer

from credit_protection.domain.texts import shown_text

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
Remark = Annotated[str, typer.Option("--remark", help="Observação, em uma frase; fica no histórico.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Quantos mostrar, no máximo.")]
After = Annotated[str | None, typer.Option("--after", help="Continuar a lista: o cursor que ela mostrou no fim.")]


def pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """Read `name=value` options. Raises `typer.BadParameter`: one has no name or no `=`."""
    read: dict[str, str] = {}
    for text in given or []:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(f"escreva nome=valor, e não {text!r}", param_hint=option)
        read[name.strip()] = value
    return read


def confirm(question: str, *, yes: bool) -> None:
    """Ask a person on stderr before something that can't simply be undone; `typer.Abort` unless the answer is yes."""
    if yes:
        return
    answer = typer.prompt(f"{shown_text(question)} [s/N]", default="n", show_default=False, err=True)
    if str(answer).strip().casefold() not in {"s", "sim", "y", "yes"}:
        raise typer.Abort
