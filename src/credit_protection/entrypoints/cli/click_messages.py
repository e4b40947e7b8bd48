"""The command line library's own texts in Portuguese: usage errors, headings of the help, standard options."""

import re
from collections.abc import Sequence

from typer.core import TyperGroup

_HEADINGS = {
    "ARGUMENTS_PANEL_TITLE": "Argumentos",
    "OPTIONS_PANEL_TITLE": "Opções",
    "COMMANDS_PANEL_TITLE": "Comandos",
    "DEFAULT_STRING": "[padrão: {}]",
    "REQUIRED_LONG_STRING": "[obrigatório]",
}
_OPTIONS = {
    "install_completion": "Instala o completamento de comandos no shell atual.",
    "show_completion": "Mostra o script de completamento do shell atual, para copiar ou adaptar.",
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


def is_usage_error(error: BaseException) -> bool:
    """Whether the library could not understand the command line."""
    return getattr(error, "exit_code", None) == 2 and hasattr(error, "format_message")  # noqa: PLR2004 - its own code


def translated(error: BaseException) -> str:
    """A usage error as a Portuguese sentence; the library's own where it is not known."""
    said = str(error.format_message() if hasattr(error, "format_message") else error)
    for pattern, translation in _TRANSLATIONS:
        if fits := re.fullmatch(pattern, said, re.DOTALL):
            text = translation.format(**fits.groupdict())
            near = fits.groupdict().get("near")
            return f"{text} Seria {near}?" if near and "{near}" not in translation else text
    return said.strip() or "Diga qual comando. Veja: credit-protection --help."


def translate_help(root: TyperGroup, given: Sequence[str]) -> None:
    """Set the headings of the help and the texts of the library's options, where help may be shown."""
    if "--help" not in given and len(given) > 1:  # a group without a command shows its help
        return
    from typer import rich_utils  # noqa: PLC0415 - what prints the help is slow to load

    for name, heading in _HEADINGS.items():
        setattr(rich_utils, name, heading)
    for option in root.params:
        if option.name in _OPTIONS:
            vars(option)["help"] = _OPTIONS[option.name]
