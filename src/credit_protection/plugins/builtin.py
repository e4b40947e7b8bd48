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
KEYS = "credit_protection.adapters.vault:load_or_create_keys"


def _load(reference: str) -> Any:  # noqa: ANN401 - an entry point can name anything
    return pkgutil.resolve_name(reference)


def _create_home(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
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
    _create_home(configuration.home)
    storage = _load(STORAGE)(configuration.database_url)
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
    _create_home(configuration.home)
    keys = configuration.keys or _load(KEYS)(configuration.key_file)
    return _load(VAULT)(keys)  # type: ignore[no-any-return] # likewise
