"""What a command works with: the facade, the actor, the ERP, and where it writes."""

from __future__ import annotations

import contextlib
import functools
import getpass
import inspect
import os
from datetime import UTC, date, datetime, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, Concatenate, ParamSpec
from zoneinfo import ZoneInfo

from credit_protection import Actor, ConfigurationError, CreditProtection, HostUnavailable, InvalidInput, NotFound
from credit_protection.entrypoints.cli.options import Json
from credit_protection.entrypoints.cli.output import Output
from credit_protection.plugins import configuration as configurations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import typer

    from credit_protection import Configuration, Integration
    from credit_protection.adapters.hosts.local import LocalErp
    from credit_protection.hosts import Creditor, HostErp

Parameters = ParamSpec("Parameters")


class Session:
    """One command's run. Everything is built when first used, so a command pays for what it needs."""

    def __init__(self, configuration: Configuration, output: Output) -> None:
        self.configuration = configuration
        self.output = output
        self.protection = CreditProtection(configuration=configuration)

    @cached_property
    def actor(self) -> Actor:
        """The operating system's user, with the configured role."""
        user = _user()
        return Actor.with_role(f"os:{user}", user, self.configuration.role)

    @cached_property
    def timezone(self) -> tzinfo:
        """The first creditor's time zone; this machine's where no creditor is known or the ERP can't be read."""
        creditors: Sequence[Creditor] = ()
        with contextlib.suppress(HostUnavailable):
            creditors = self.protection.integrations.creditors(self.actor)
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
def open_session(*, as_json: bool = False) -> Iterator[Session]:
    """A session on the configured installation; its connections are closed at the end."""
    from credit_protection.adapters.telemetry import logging  # noqa: PLC0415 - `--help` must not wait for it

    configuration = configurations.load()
    logging.configure(configuration.log_level, configuration.log_format, secrets=configuration.keys)
    output = Output(as_json=as_json, timezone=lambda: session.timezone)
    session = Session(configuration, output)
    try:
        yield session
    except BaseException:
        with contextlib.suppress(Exception):  # the first error says more than one of closing after it
            session.protection.close()
        raise
    session.protection.close()


def with_session(function: Callable[Concatenate[Session, Parameters], None]) -> Callable[..., None]:
    """Decorate a command that prints data: it gets a session as its first argument, and the option `--json`."""

    @functools.wraps(function)
    def run(*, json: bool, **options: object) -> None:
        with open_session(as_json=json) as session:
            function(session, **options)  # type: ignore[call-arg, arg-type]  # typer passes what the signature below names

    signature = inspect.signature(function)
    _, *parameters = signature.parameters.values()
    option = inspect.Parameter("json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Json)
    run.__signature__ = signature.replace(parameters=[*parameters, option])  # type: ignore[attr-defined]
    return run


def command(group: typer.Typer, name: str) -> Callable[[Callable[Concatenate[Session, Parameters], None]], object]:
    """Decorate a command of a group that prints data, as `with_session`."""
    return lambda function: group.command(name)(with_session(function))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in a container
        return f"uid-{os.getuid()}"
