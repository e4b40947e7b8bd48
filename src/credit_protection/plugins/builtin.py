"""Our own adapters, registered like anyone's, by entry-point strings: nothing is imported before it is used."""

from __future__ import annotations

import pkgutil
from typing import TYPE_CHECKING, Any

from credit_protection.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credit_protection.plugins.configuration import Configuration
    from credit_protection.ports.bureau import GatewayKind
    from credit_protection.ports.host import HostErp
    from credit_protection.ports.storage import Storage
    from credit_protection.ports.vault import Vault

BUREAUS = {
    "credito_na_medida": "credit_protection.adapters.bureaus.credito_na_medida.gateway:CreditoNaMedida",
}
STORAGE = "credit_protection.adapters.storage.sqlalchemy:SqlStorage"
LOCAL_ERP = "credit_protection.adapters.hosts.local:LocalErp"
VAULT = "credit_protection.adapters.vault:FernetVault"
KEYS = "credit_protection.adapters.vault:load_or_make_keys"


def _load(reference: str) -> Any:  # noqa: ANN401 - an entry point can name anything
    return pkgutil.resolve_name(reference)


@hookimpl
def credit_protection_bureaus() -> Sequence[GatewayKind]:
    """The built-in gateways."""
    return [_load(reference)() for reference in BUREAUS.values()]


@hookimpl(trylast=True)
def credit_protection_host(configuration: Configuration) -> HostErp:
    """The local ERP, where no plugin gives another."""
    erp: HostErp = _load(LOCAL_ERP)(configuration.local_erp)
    return erp


@hookimpl(trylast=True)
def credit_protection_storage(configuration: Configuration) -> Storage:
    """SQLAlchemy over the configured URL; tables are made or brought up to date."""
    configuration.home.mkdir(parents=True, exist_ok=True)
    storage = _load(STORAGE)(configuration.database_url)
    storage.migrate()
    given: Storage = storage
    return given


@hookimpl(trylast=True)
def credit_protection_vault(configuration: Configuration) -> Vault:
    """Fernet, with the configured keys or the key file."""
    configuration.home.mkdir(parents=True, exist_ok=True)
    keys = configuration.keys or _load(KEYS)(configuration.key_file)
    vault: Vault = _load(VAULT)(keys)
    return vault
