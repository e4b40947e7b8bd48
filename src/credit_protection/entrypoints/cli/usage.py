"""The command line library's own words, in Portuguese: usage errors, and the headings of the help."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEADINGS = {
    "ARGUMENTS_PANEL_TITLE": "Argumentos",
    "OPTIONS_PANEL_TITLE": "Opções",
    "COMMANDS_PANEL_TITLE": "Comandos",
    "DEFAULT_STRING": "[padrão: {}]",
    "REQUIRED_LONG_STRING": "[obrigatório]",
}
_TRANSLATIONS = (
    (r"No such command (?P<what>'.*?')\.?(?: Did you mean (?P<near>.*)\?)?", "Não existe o comando {what}."),
    (r"No such option: (?P<what>\S+).*", "Não existe a opção {what}."),
    (r"Missing command\.?", "Diga qual comando."),
    (r"Missing argument (?P<what>'.*?')\.?.*", "Falta o argumento {what}."),
    (r"Missing option (?P<what>'.*?')\.?.*", "Falta a opção {what}."),
    (r"Option (?P<what>'.*?') requires an argument\.?", "A opção {what} precisa de um valor."),
    (r"Option (?P<what>'.*?') does not take a value\.?", "A opção {what} não leva valor."),
    (r"Got unexpected extra argument(?:s|\(s\))? \((?P<what>.*)\)", "Sobra na linha de comando: {what}."),
    (r"Invalid value for (?P<what>.*?): (?P<near>.*)", "Valor inválido para {what}: {near}"),
)


def is_about_usage(error: BaseException) -> bool:
    """Whether the library could not understand the command line."""
    return getattr(error, "exit_code", None) == 2 and hasattr(error, "format_message")  # noqa: PLR2004 - its own code


def sentence(error: BaseException) -> str:
    """A usage error as a Portuguese sentence; the library's own where it is not known."""
    said = str(error.format_message() if hasattr(error, "format_message") else error)
    for pattern, translation in _TRANSLATIONS:
        if fits := re.fullmatch(pattern, said, re.DOTALL):
            text = translation.format(**fits.groupdict())
            near = fits.groupdict().get("near")
            return f"{text} Seria {near}?" if near and "{near}" not in translation else text
    return said.strip() or "Diga qual comando. Veja: credit-protection --help."


def in_portuguese(given: Sequence[str]) -> None:
    """Set the headings of the help, where help may be shown: loading what prints it takes time.

    Args:
        given: the command line.
    """
    if "--help" not in given and len(given) > 1:  # a group without a command shows its help
        return
    from typer import rich_utils  # noqa: PLC0415

    for name, heading in _HEADINGS.items():
        setattr(rich_utils, name, heading)


def confirm(question: str, *, yes: bool) -> None:
    """Ask a person on stderr before something that can't simply be undone.

    Args:
        question: Portuguese, without the choices.
        yes: it was answered on the command line.

    Raises:
        typer.Abort: the answer is no, or there is nobody to answer.
    """
    if yes:
        return
    answer = typer.prompt(f"{question} [s/N]", default="n", show_default=False, err=True)
    if str(answer).strip().casefold() not in {"s", "sim", "y", "yes"}:
        raise typer.Abort
