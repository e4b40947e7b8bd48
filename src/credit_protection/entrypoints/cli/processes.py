"""`worker`, `simulator`, `demo`, `plugins`: what runs, and what is installed."""

import importlib.metadata
from typing import Annotated, Literal

import typer

from credit_protection import ConfigurationError, InvalidInput, Permission, ui
from credit_protection.entrypoints.cli.exit_codes import ExitCode
from credit_protection.entrypoints.cli.failures import ExitWith
from credit_protection.entrypoints.cli.session import Session, command, open_session

plugins = typer.Typer(no_args_is_help=True, help="O que está instalado e plugado.")

_PLUGINS = ui.make_columns(name="Plugin", distribution="Pacote", version="Versão", hooks="Oferece")
_HOOK_PREFIX = "credit_protection_"
CodeSet = Annotated[
    Literal["declared", "short", "numeric"],
    typer.Option(help="Códigos de produtos, naturezas e motivos que o birô simulado usa."),
]


def worker() -> None:
    """Trabalha até receber SIGTERM ou SIGINT: envia, varre, e termina o que começou."""
    from credit_protection.entrypoints import worker as process  # noqa: PLC0415 - `--help` must not wait for it

    with open_session() as session:
        session.require_everywhere(Permission.TRANSMIT)
        reason = process.run_worker(session.protection, announce=session.output.message)
    if reason is process.StopReason.INTERRUPTED:
        raise ExitWith(ExitCode.ABORTED)


def simulator(
    host: Annotated[str, typer.Option(help="Endereço em que ouvir.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Porta; 0 escolhe uma livre.")] = 0,
    code_set: CodeSet = "declared",
) -> None:
    """Serve um birô simulado, com dados fictícios, em HTTP de verdade, até SIGTERM ou SIGINT."""
    try:
        from credit_protection.entrypoints.demo.simulator import serve  # noqa: PLC0415 - as in `demo`
    except ModuleNotFoundError as error:
        raise _without_kit(error) from error
    try:
        serve(host, port, code_set=code_set)
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
    code_set: CodeSet = "declared",
) -> None:
    """Executa com um birô simulado cada passo: consulta, negativação, pagamento, remoção."""
    try:
        from credit_protection.entrypoints.demo import scenario  # noqa: PLC0415 - the test kit may not be installed
    except ModuleNotFoundError as error:
        raise _without_kit(error) from error
    if not scenario.run(fault or [], code_set=code_set):
        raise ExitWith(ExitCode.REFUSED)


@command(plugins, "list")
def list_plugins(session: Session) -> None:
    """Lista os plugins e o que cada um oferece."""
    from credit_protection.plugins.manager import all_plugins  # noqa: PLC0415 - searches every installed package

    manager = all_plugins()
    packages = {id(plugin): package for plugin, package in manager.list_plugin_distinfo()}
    rows: list[ui.Row] = []
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
    session.output.result(ui.Table("plugins", "Plugins", _PLUGINS, rows))


def version() -> str:
    """The version of the installed package."""
    return importlib.metadata.version("credit-protection")


def _without_kit(error: ModuleNotFoundError) -> ConfigurationError:
    return ConfigurationError(
        "O simulador precisa do kit de testes. Instale-o: pip install 'credit-protection[testing]'. "
        f"(Falta: {error.name}.)",
        code="kit_ausente",
    )
