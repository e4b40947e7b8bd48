"""What a command works with: the facade, the actor, the ERP, and where it writes."""

from __future__ import annotations

import contextlib
import functools
import inspect
from dataclasses import replace
from datetime import UTC, date, datetime, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, Concatenate, ParamSpec
from zoneinfo import ZoneInfo

from credit_protection import (
    Actor,
    ConfigurationError,
    CreditProtection,
    InvalidInput,
    NotFound,
    Permission,
    PermissionDenied,
)
from credit_protection.entrypoints.cli import identity
from credit_protection.entrypoints.cli.options import Json
from credit_protection.entrypoints.cli.output import Output
from credit_protection.plugins import configuration as configurations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import typer

    from credit_protection import Configuration, Integration
    from credit_protection.adapters.hosts.local import LocalErp
    from credit_protection.hosts import HostErp

Parameters = ParamSpec("Parameters")
_ASK = "Peça a um administrador."


class Session:
    """One command's run. Everything is built when first used, so a command pays for what it needs."""

    def __init__(self, configuration: Configuration, output: Output) -> None:
        self.configuration = configuration
        self.output = output
        self.protection = CreditProtection(configuration=configuration)

    @cached_property
    def actor(self) -> Actor:
        """The real user of the process, with what an administrator gave it.

        Raises:
            PermissionDenied: it is no user of this installation.
        """
        return identity.find_actor(self.protection, self.configuration)

    def require_everywhere(self, permission: Permission) -> None:
        """Require a permission over all creditors. Raises `PermissionDenied`."""
        self.actor.require(permission)
        if self.actor.creditor_ids is not None:
            raise PermissionDenied(f"{self.actor.name} só tem acesso a algumas empresas. {_ASK}")

    @cached_property
    def timezone(self) -> tzinfo:
        """The first stored creditor's time zone, else this machine's. The ERP isn't asked: it may be down."""
        creditors = self.protection.integrations.stored_creditors(self.actor)
        return ZoneInfo(creditors[0].time_zone) if creditors else datetime.now().astimezone().tzinfo or UTC

    def today(self) -> date:
        """The date now in `timezone`."""
        return datetime.now(self.timezone).date()

    @property
    def local_erp(self) -> LocalErp:
        """The local ERP, for what an operator of a real one does at its own screens; no other may be plugged in."""
        from credit_protection.adapters.hosts.local import LocalErp  # noqa: PLC0415 - `--help` must not wait for it
        from credit_protection.containers import container  # noqa: PLC0415 - loads every adapter

        host: HostErp = container(self.protection.tenant, self.configuration).host()
        if not isinstance(host, LocalErp):
            raise ConfigurationError(
                f"Este comando é do ERP local, e o ERP desta instalação é {host.code!r}. Faça isto nas telas dele.",
                code="erp_nao_e_local",
            )
        return host

    def integration(self, named: str | None) -> Integration:
        """The one integration, found by its id, by the beginning of its id, or by its description where it is named."""
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
def open_session(*, as_json: bool = False, only_existing: bool = False) -> Iterator[Session]:
    """A session on the configured installation; its connections are closed at the end.

    With `only_existing` nothing is created: what is missing is an error.
    """
    from credit_protection.adapters.telemetry import logging  # noqa: PLC0415 - `--help` must not wait for it

    configuration = replace(configurations.load(), only_existing=only_existing)
    logging.configure(configuration.log_level, configuration.log_format, secrets=configuration.keys)
    output = Output(as_json=as_json, timezone=lambda: session.timezone)
    session = Session(configuration, output)
    try:
        yield session
    except PermissionDenied as error:
        advice = identity.advice(session.protection)
        session.protection.close()
        if advice:
            message = f"{error.message.removesuffix(_ASK).rstrip()} {advice}"
            raise PermissionDenied(message, code=error.code, **error.context) from error
        raise
    except BaseException:
        with contextlib.suppress(Exception):  # the first error says more than one of closing after it
            session.protection.close()
        raise
    session.protection.close()


def with_session(
    function: Callable[Concatenate[Session, Parameters], None], *, only_existing: bool = False
) -> Callable[..., None]:
    """Decorate a command that prints data: it gets a session as its first argument, and the option `--json`."""

    @functools.wraps(function)
    def run(*, json: bool, **options: object) -> None:
        with open_session(as_json=json, only_existing=only_existing) as session:
            function(session, **options)  # type: ignore[call-arg, arg-type]  # typer passes what the signature below names

    signature = inspect.signature(function)
    _, *parameters = signature.parameters.values()
    option = inspect.Parameter("json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Json)
    run.__signature__ = signature.replace(parameters=[*parameters, option])  # type: ignore[attr-defined]
    return run


def command(
    group: typer.Typer, name: str, *, only_existing: bool = False
) -> Callable[[Callable[Concatenate[Session, Parameters], None]], object]:
    """Decorate a command of a group that prints data, as `with_session`."""
    return lambda function: group.command(name)(with_session(function, only_existing=only_existing))
