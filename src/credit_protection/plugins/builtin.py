"""The built-in adapters as a plugin. They are named by strings, so that none is imported before it is used."""

from __future__ import annotations

import pkgutil
from typing import TYPE_CHECKING, Any

from credit_protection.domain.errors import ConfigurationError
from credit_protection.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from credit_protection.plugins.configuration import Configuration
    from credit_protection.ports.bureau import GatewayProvider
    from credit_protection.ports.clock import Clock
    from credit_protection.ports.host import HostErp
    from credit_protection.ports.queue import WorkerEngine, WorkerTasks
    from credit_protection.ports.storage import Storage
    from credit_protection.ports.vault import Vault

BUREAUS = ("credit_protection.adapters.bureaus.credito_na_medida.provider:CreditoNaMedidaProvider",)
STORAGE = "credit_protection.adapters.storage.sqlalchemy:SqlStorage"
LOCAL_ERP = "credit_protection.adapters.hosts.local:LocalErp"
VAULT = "credit_protection.adapters.vault:FernetVault"
QUEUES = {
    "embedded": "credit_protection.adapters.queue.embedded.engine:EmbeddedQueue",
    "procrastinate": "credit_protection.adapters.queue.procrastinate:ProcrastinateQueue",
}
PRIVATE_FOLDER = "credit_protection.adapters.private_files:private_folder"
KEYS = "credit_protection.adapters.vault:load_or_create_keys"


def _load(reference: str) -> Any:  # noqa: ANN401 - an entry point can name anything
    return pkgutil.resolve_name(reference)


def _create_home(home: Path) -> None:
    try:
        _load(PRIVATE_FOLDER)(home)
    except OSError as error:
        raise ConfigurationError(
            f"A pasta {home} não pôde ser criada. Aponte CREDIT_PROTECTION_HOME para uma pasta que aceite escrita.",
            code="pasta_de_dados",
        ) from error


@hookimpl
def credit_protection_bureaus() -> Sequence[GatewayProvider]:
    """The built-in gateways."""
    return [_load(reference)() for reference in BUREAUS]


@hookimpl(trylast=True)
def credit_protection_host(configuration: Configuration) -> HostErp:
    """The local ERP, where no plugin gives another."""
    return _load(LOCAL_ERP)(configuration.local_erp)  # type: ignore[no-any-return] # named by a string


@hookimpl(trylast=True)
def credit_protection_storage(configuration: Configuration) -> Storage:
    """SQLAlchemy over the configured URL; its tables are migrated."""
    storage = _load(STORAGE)(configuration.database_url)
    if configuration.only_existing:
        storage.require_tables()
        return storage  # type: ignore[no-any-return] # named by a string
    _create_home(configuration.home)
    storage.migrate()
    return storage  # type: ignore[no-any-return] # named by a string


@hookimpl(trylast=True)
def credit_protection_queue(
    configuration: Configuration, tasks: Callable[[], WorkerTasks], clock: Clock
) -> WorkerEngine:
    """The configured engine."""
    if configuration.queue not in QUEUES:
        raise ConfigurationError(
            f"CREDIT_PROTECTION_QUEUE deve ser {' ou '.join(QUEUES)}, e não {configuration.queue!r}.",
            code="fila_desconhecida",
        )
    engine = _load(QUEUES[configuration.queue])
    distributed: dict[str, object] = {}
    if configuration.queue != "embedded":
        distributed = {"url": configuration.database_url, "schema": configuration.queue_schema or None}
    return engine(tasks, clock, workers=configuration.workers, **distributed)  # type: ignore[no-any-return] # likewise


@hookimpl(trylast=True)
def credit_protection_vault(configuration: Configuration) -> Vault:
    """Fernet, with the configured keys or the key file."""
    if configuration.only_existing and not configuration.keys and not configuration.key_file.exists():
        raise ConfigurationError(
            f"Falta a chave de cifragem {configuration.key_file}: os segredos guardados não abrem. Restaure-a, ou "
            "confira CREDIT_PROTECTION_HOME, CREDIT_PROTECTION_KEY e o usuário do monitor.",
            code="chave_ausente",
        )
    if not configuration.only_existing:
        _create_home(configuration.home)
    keys = configuration.keys or _load(KEYS)(configuration.key_file)
    return _load(VAULT)(keys)  # type: ignore[no-any-return] # likewise
