"""The facade: the use cases by name, for a host's code."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from types import MethodType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from credit_protection.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from credit_protection.application.adoption import Adoption
    from credit_protection.application.alarms import Alarms
    from credit_protection.application.audit_trail import AuditTrail
    from credit_protection.application.customers import Customers
    from credit_protection.application.divergences import Divergences
    from credit_protection.application.host_identity import HostIdentity
    from credit_protection.application.integrations import Integrations
    from credit_protection.application.negativations import Negativations
    from credit_protection.application.payments import Payments
    from credit_protection.application.queries import Queries
    from credit_protection.application.reconciliation import Reconciliation
    from credit_protection.application.sweep import Sweep
    from credit_protection.application.transmissions import Transmissions
    from credit_protection.application.users import Users
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
    - `queries.expire_unanswered`, `alarms.notify`, `alarms.record_heartbeat`, `alarms.store_troubles`,
      `reconciliation.run_due`, `sweep.run`, `sweep.apply_payments`, `sweep.decide_policies`, `payments.apply_piece`,
      `payments.decide_again`: periodic work of a worker;
    - `removals.due`, `removals.next_due_at`, `removals.perform`, `removals.release_expired`: a worker's calls, for
      what a person or a payment asked for before;
    - `host_identity.require_known`: tells whether the database belongs to this environment's ERP;
    - `users.identify`, `users.has_any`, `users.add_first`: a program's, to find out who acts, before there is an actor;
    - `alarms.wait_reasons`: explains rows that the caller has already read under an actor.

    `gateways` and `navigation` are what is installed, the same for every tenant unless a plugin distinguishes them.
    `worker` performs the transmissions of this tenant's database. Every error is a `CreditProtectionError`; its
    subclasses are in `credit_protection` too.

    All use cases block. Called in a thread that runs an asyncio event loop they raise `ConfigurationError` before
    anything is built: run them in a thread (`asyncio.to_thread`). So does an iterator that one returned, where it is
    read there. Only `payments.record` and `payments.reverse` with a `connection` work there too, since a customer's
    payment must not fail for it: they execute a few statements on the host's own connection.
    """

    def __init__(self, tenant: str = "default", configuration: Configuration | None = None) -> None:
        self.tenant = tenant
        self._configuration = configuration
        self._wrappers: dict[type, object] = {}

    @property
    def integrations(self) -> Integrations:
        """Register, test, synchronise, edit, deactivate, delete."""
        return self._use_cases(lambda container: container.integrations)

    @property
    def gateways(self) -> Sequence[GatewayProvider]:
        """The installed gateways by code, with name, capabilities and the parameters that an integration needs."""
        providers = self._container.gateways().providers
        return [providers[code] for code in sorted(providers)]

    @property
    def customers(self) -> Customers:
        """The host's customers and their overdue invoices."""
        return self._use_cases(lambda container: container.customers)

    @property
    def queries(self) -> Queries:
        """Run a credit query, read its answer again, export it."""
        return self._use_cases(lambda container: container.queries)

    @property
    def negativations(self) -> Negativations:
        """Preview, create, delete, withdraw, history."""
        return self._use_cases(lambda container: container.negativations)

    @property
    def payments(self) -> Payments:
        """Record a settlement in the host's transaction, apply it in ours."""
        return self._use_cases(lambda container: container.payments)

    @property
    def removals(self) -> Transmissions:
        """What is due and what a worker does about it."""
        return self._use_cases(lambda container: container.transmissions)

    @property
    def adoption(self) -> Adoption:
        """Take over records that were made before this software was installed."""
        return self._use_cases(lambda container: container.adoption)

    @property
    def audit_trail(self) -> AuditTrail:
        """Who did what, when and why."""
        return self._use_cases(lambda container: container.audit_trail)

    @property
    def users(self) -> Users:
        """Give roles to users of the command line: list, add, change, remove. A host's own actors need none."""
        return self._use_cases(lambda container: container.users)

    @property
    def divergences(self) -> Divergences:
        """Where the ERP, this software and the bureau disagree: list, decide."""
        return self._use_cases(lambda container: container.divergences)

    @property
    def reconciliation(self) -> Reconciliation:
        """Compare the bureau's side; after an outage or a restore, let inclusions go on."""
        return self._use_cases(lambda container: container.reconciliation)

    @property
    def host_identity(self) -> HostIdentity:
        """The ERP that the database belongs to; accept another one."""
        return self._use_cases(lambda container: container.host_identity)

    @property
    def alarms(self) -> Alarms:
        """What needs a person: legal deadlines, a silent host or worker."""
        return self._use_cases(lambda container: container.alarms)

    @property
    def sweep(self) -> Sweep:
        """The sweep: find what no wake-up announced and what a lost process left undone."""
        return self._use_cases(lambda container: container.sweep)

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

    def _use_cases(self, provider: Callable[[Container], Callable[[], UseCases]]) -> UseCases:
        """Return the use cases such that their methods refuse to block an event loop; nothing is built before a call.

        Always the same object for the same use cases of this facade.
        """
        from credit_protection import containers  # noqa: PLC0415 - importing this package must stay cheap

        def built() -> UseCases:
            return provider(self._container)()

        kind = provider(cast("Any", containers.Container)).cls  # type: ignore[attr-defined] # as declared, unbuilt
        return cast("UseCases", self._wrappers.setdefault(kind, _BlockingUseCases(kind, built)))


class _BlockingUseCases:
    """Passes every call on, unless this thread runs an event loop and the call has no `connection` of the host's."""

    def __init__(self, kind: type, built: Callable[[], object]) -> None:
        self._kind = kind
        self._built = built

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - of whatever type the use case's is
        if name.startswith("_"):
            raise AttributeError(f"{self._kind.__name__} gives a host no {name!r}")
        method = getattr(self._kind, name)
        if not callable(method):
            _require_no_event_loop()
            return getattr(self._built(), name)

        @functools.wraps(method)
        def call(self: _BlockingUseCases, *arguments: object, **named: object) -> object:
            if named.get("connection") is None:
                _require_no_event_loop()
            result = getattr(self._built(), name)(*arguments, **named)
            return _BlockingIterator(result) if isinstance(result, Iterator) else result

        return MethodType(call, self)


class _BlockingIterator(Iterator[object]):
    """Gives every item on, unless the thread that reads it runs an event loop; another thread can read on."""

    def __init__(self, items: Iterator[object]) -> None:
        self._items = items

    def __next__(self) -> object:
        _require_no_event_loop()
        return next(self._items)


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
