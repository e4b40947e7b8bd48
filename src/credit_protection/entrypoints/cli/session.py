"""What a command works with: the facade, who asks, the ERP, and where it writes."""

from __future__ import annotations

import contextlib
import getpass
import os
from functools import cached_property
from typing import TYPE_CHECKING, cast

from credit_protection.domain.actors import Actor
from credit_protection.domain.errors import ConfigurationError, InvalidInput, NotFound
from credit_protection.entrypoints.cli.output import Output
from credit_protection.facade import CreditProtection
from credit_protection.plugins import configuration as configurations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_protection.adapters.hosts.local import LocalErp
    from credit_protection.domain.integrations import Integration
    from credit_protection.plugins.configuration import Configuration
    from credit_protection.ports.host import HostErp


class Session:
    """One command's run. Everything is built when first used, so a command pays for what it needs.

    Args:
        configuration: of the installation.
        output: where to write.
    """

    def __init__(self, configuration: Configuration, output: Output) -> None:
        self.configuration = configuration
        self.output = output
        self.protection = CreditProtection(configuration=configuration)

    @cached_property
    def actor(self) -> Actor:
        """The operating system's user, with the configured role."""
        user = _user()
        return Actor.with_role(f"os:{user}", user, self.configuration.role)

    @property
    def host(self) -> HostErp:
        """The ERP that is plugged in."""
        from credit_protection.containers import container  # noqa: PLC0415 - loads every adapter

        return cast("HostErp", container(self.protection.tenant, self.configuration).host())

    @property
    def local_erp(self) -> LocalErp:
        """The local ERP, for what an operator of a real one does at its own screens.

        Raises:
            ConfigurationError: another ERP is plugged in.
        """
        from credit_protection.adapters.hosts.local import LocalErp  # noqa: PLC0415 - `--help` must not wait for it

        host = self.host
        if not isinstance(host, LocalErp):
            raise ConfigurationError(
                f"Este comando é do ERP local, e o ERP desta instalação é {host.code!r}. Faça isto nas telas dele.",
                code="erp_nao_e_local",
            )
        return host

    def integration(self, named: str | None) -> Integration:
        """The integration that was named: by id, by the beginning of its id, or by its description.

        Args:
            named: None for the only one.

        Raises:
            NotFound: there is none such.
            InvalidInput: several fit, or none was named and there are several.
        """
        known = self.protection.integrations.list(self.actor)
        if named is None:
            found = list(known)
        else:
            found = [one for one in known if one.id == named or one.description.casefold() == named.casefold()]
            found = found or [one for one in known if named and one.id.startswith(named)]
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(f"{one.description} ({one.id})" for one in found)
            raise InvalidInput(
                f"Diga qual integração (--integration): {names}.", field="integration", code="integracao_ambigua"
            )
        message = "Nenhuma integração cadastrada. Cadastre uma com: credit-protection integration add."
        if known:
            message = f"A integração {named!r} não existe. Veja: credit-protection integration list."
        raise NotFound(message, code="integracao_desconhecida")


@contextlib.contextmanager
def opened(*, as_json: bool = False) -> Iterator[Session]:
    """A session on the configured installation; connections are let go of at the end.

    Args:
        as_json: one JSON document on stdout instead of tables.

    Raises:
        ConfigurationError: the configuration is wrong.
    """
    from credit_protection.adapters.telemetry import logging  # noqa: PLC0415 - `--help` must not wait for it

    configuration = configurations.load()
    logging.configure(configuration.log_level, configuration.log_format, secrets=configuration.keys)
    session = Session(configuration, Output(as_json=as_json))
    try:
        yield session
    except BaseException:
        with contextlib.suppress(Exception):  # what failed tells more than what can't be closed after it
            session.protection.close()
        raise
    session.protection.close()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in a container
        return f"uid-{os.getuid()}"
