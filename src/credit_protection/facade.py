"""The facade: the use cases by name, for a host's code."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any, TypeVar, cast

from credit_protection.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from credit_protection.application.adoption import Adoption
    from credit_protection.application.alarms import Alarms
    from credit_protection.application.audit_trail import AuditTrail
    from credit_protection.application.customers import Customers
    from credit_protection.application.integrations import Integrations
    from credit_protection.application.negativations import Negativations
    from credit_protection.application.payments import Payments
    from credit_protection.application.queries import Queries
    from credit_protection.application.sweep import Sweep
    from credit_protection.application.transmissions import Transmissions
    from credit_protection.containers import Container
    from credit_protection.domain.actors import Actor
    from credit_protection.plugins.configuration import Configuration
    from credit_protection.ports.bureau import GatewayProvider
    from credit_protection.ports.queue import WorkerEngine

UseCases = TypeVar("UseCases")


class CreditProtection:
    """Credit protection of one tenant (one database). Cheap to construct: everything is built when first used.

    Args:
        tenant: the database's name; `default` where there is one.
        configuration: by default read from the environment (`CREDIT_PROTECTION_*`).

    A use case that a person triggers takes an `Actor` first, and checks its permissions and its creditors. These take
    none, since no person triggers them:

    - `payments.after_commit`, `payments.record_all`, `payments.apply`: the host calls them after its commit, or the
      sweep does; what they apply was recorded under an actor, or read from the host;
    - `queries.expire_unanswered`, `alarms.notify`, `alarms.record_heartbeat`, `sweep.run`: periodic work of a worker;
    - `removals.due`, `removals.next_due_at`, `removals.perform`, `removals.release_expired`: a worker's calls, for
      what a person or a payment asked for before;
    - `alarms.wait_reasons`: explains rows that the caller has already read under an actor.

    `gateways` and `worker` are the process's own and hold no tenant's data. Errors are those of
    `credit_protection.domain.errors`.

    All use cases block. Called in a thread that runs an asyncio event loop they raise `ConfigurationError`: run them in
    a thread (`asyncio.to_thread`). Only `payments.record` and `payments.reverse` work there too, since a customer's
    payment must not fail for it: they execute a few statements on the host's own connection.
    """

    def __init__(self, tenant: str = "default", configuration: Configuration | None = None) -> None:
        self.tenant = tenant
        self._configuration = configuration

    @property
    def integrations(self) -> Integrations:
        """Register, test, synchronise, edit, deactivate, delete."""
        return _blocking(self._container.integrations())

    @property
    def gateways(self) -> Sequence[GatewayProvider]:
        """The installed gateways by code, with name, capabilities and the parameters that an integration needs."""
        providers = self._container.gateways().providers
        return [providers[code] for code in sorted(providers)]

    @property
    def customers(self) -> Customers:
        """The host's customers and their overdue invoices."""
        return _blocking(self._container.customers())

    @property
    def queries(self) -> Queries:
        """Run a credit query, read its answer again, export it."""
        return _blocking(self._container.queries())

    @property
    def negativations(self) -> Negativations:
        """Preview, create, delete, withdraw, history."""
        return _blocking(self._container.negativations())

    @property
    def payments(self) -> Payments:
        """Record a settlement in the host's transaction, apply it in ours."""
        return _blocking(self._container.payments(), but=("record", "reverse"))

    @property
    def removals(self) -> Transmissions:
        """What is due and what a worker does about it."""
        return _blocking(self._container.transmissions())

    @property
    def adoption(self) -> Adoption:
        """Take over records that were made before this software was installed."""
        return _blocking(self._container.adoption())

    @property
    def audit_trail(self) -> AuditTrail:
        """Who did what, when and why."""
        return _blocking(self._container.audit_trail())

    @property
    def alarms(self) -> Alarms:
        """What needs a person: legal deadlines, a silent host or worker."""
        return _blocking(self._container.alarms())

    @property
    def sweep(self) -> Sweep:
        """The only liveness rule."""
        return _blocking(self._container.sweep())

    @property
    def worker(self) -> WorkerEngine:
        """The worker, under the configured queue engine: `start()` it explicitly, after any fork."""
        return self._container.queue()

    def navigation(self, actor: Actor) -> Sequence[Mapping[str, str]]:
        """Return the menu entries that plugins give, less those whose declared permission the actor lacks."""
        return self._container.navigation(actor)

    def close(self) -> None:
        """Stop the workers and close the connections."""
        from credit_protection import containers  # noqa: PLC0415 - importing this package must stay cheap

        containers.close_container(self.tenant)

    @property
    def _container(self) -> Container:
        from credit_protection import containers  # noqa: PLC0415 - importing this package must stay cheap

        return containers.container(self.tenant, self._configuration)


def _blocking(use_cases: UseCases, *, but: Sequence[str] = ()) -> UseCases:
    """Return the use cases such that their methods, but for some, refuse to block an event loop."""
    return cast("UseCases", _BlockingUseCases(use_cases, but))


class _BlockingUseCases:
    """Passes every call on, unless this thread runs an event loop."""

    def __init__(self, use_cases: object, exceptions: Sequence[str]) -> None:
        self._use_cases = use_cases
        self._exceptions = exceptions

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - of whatever type the use case's is
        method = getattr(self._use_cases, name)
        if name in self._exceptions:
            return method

        @functools.wraps(method)
        def call(*arguments: object, **named: object) -> object:
            _require_no_event_loop()
            return method(*arguments, **named)

        return call


def _require_no_event_loop() -> None:
    asyncio = sys.modules.get("asyncio")  # where no code has imported it, no event loop can run
    if asyncio is None:
        return
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise ConfigurationError(
        "Esta chamada bloqueia e foi feita dentro de um laço de eventos (async). "
        "Chame-a em uma thread: await asyncio.to_thread(...).",
        code="laco_de_eventos",
    )
