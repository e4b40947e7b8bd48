"""`worker`, `simulator`, `demo`, `plugins`: what runs, and what is installed."""

import importlib.metadata
from typing import TYPE_CHECKING, Annotated

import typer

from credit_protection.domain.actors import Permission
from credit_protection.domain.errors import ConfigurationError, InvalidInput
from credit_protection.entrypoints.cli.exit_codes import ExitCode
from credit_protection.entrypoints.cli.failures import AlreadyTold
from credit_protection.entrypoints.cli.options import Json
from credit_protection.entrypoints.cli.output import Table
from credit_protection.entrypoints.cli.session import opened

if TYPE_CHECKING:
    from credit_protection.entrypoints.cli.output import Row

plugins = typer.Typer(no_args_is_help=True, help="O que está instalado e plugado.")

_PLUGINS = {"name": "Plugin", "distribution": "Pacote", "version": "Versão", "hooks": "Oferece"}
_HOOK_PREFIX = "credit_protection_"
_WITHOUT_KIT = (
    "O simulador precisa do kit de testes. Instale-o: pip install 'credit-protection[testing]'. (Falta: {name}.)"
)


def worker() -> None:
    """Trabalha até receber SIGTERM ou SIGINT: envia, varre, e termina o que começou."""
    from credit_protection.entrypoints import worker as process  # noqa: PLC0415 - `--help` must not wait for it

    with opened() as session:
        session.actor.require(Permission.TRANSMIT)
        ended_by = process.work(session.protection, announce=session.output.say)
    if ended_by is process.Ending.INTERRUPTED:
        raise AlreadyTold(ExitCode.ABORTED)


def simulator(
    host: Annotated[str, typer.Option(help="Endereço em que ouvir.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Porta; 0 escolhe uma livre.")] = 0,
) -> None:
    """Serve um birô simulado, com dados fictícios, em HTTP de verdade, até SIGTERM ou SIGINT."""
    try:
        from credit_protection.testing.simulator import serve  # noqa: PLC0415 - the test kit may not be installed
    except ModuleNotFoundError as error:
        raise ConfigurationError(_WITHOUT_KIT.format(name=error.name), code="kit_ausente") from error
    try:
        serve(host, port)
    except OSError as error:
        raise InvalidInput(
            f"Não é possível ouvir em {host}:{port}: {error.strerror}. Escolha outra porta.",
            field="port",
            code="porta_indisponivel",
        ) from error


def demo(
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", help="Mau comportamento do birô, OPERAÇÃO:TIPO (ex.: remove:reject); repetível."),
    ] = None,
) -> None:
    """Conta a história toda com um birô simulado: consulta, negativação, pagamento, remoção."""
    try:
        from credit_protection.entrypoints.demo import story  # noqa: PLC0415 - the test kit may not be installed
    except ModuleNotFoundError as error:
        raise ConfigurationError(_WITHOUT_KIT.format(name=error.name), code="kit_ausente") from error
    if not story.run(fault or []):
        raise AlreadyTold(ExitCode.REFUSED)


@plugins.command("list")
def list_plugins(json: Json = False) -> None:
    """Lista os plugins e o que cada um oferece."""
    from credit_protection.plugins.manager import all_plugins  # noqa: PLC0415 - searches every installed package

    with opened(as_json=json) as session:
        manager = all_plugins()
        packages = {id(plugin): package for plugin, package in manager.list_plugin_distinfo()}
        rows: list[Row] = []
        for name, plugin in sorted(manager.list_name_plugin()):
            package = packages.get(id(plugin))
            callers = manager.get_hookcallers(plugin) or []
            own = name.startswith("credit_protection.")
            rows.append(
                {
                    "name": name,
                    "distribution": "credit-protection" if own else getattr(package, "project_name", ""),
                    "version": version() if own else getattr(package, "version", ""),
                    "hooks": sorted(caller.name.removeprefix(_HOOK_PREFIX) for caller in callers),
                }
            )
        session.output.show(Table("plugins", "Plugins", _PLUGINS, rows))


def version() -> str:
    """Of the installed package."""
    return importlib.metadata.version("credit-protection")
