"""The facade: the use cases by name, for a host's code."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from credit_protection.application.adoption import Adoption
    from credit_protection.application.alarms import Alarms
    from credit_protection.application.integrations import Integrations
    from credit_protection.application.negativations import Negativations
    from credit_protection.application.payments import Payments
    from credit_protection.application.queries import Queries
    from credit_protection.application.sweep import Sweep
    from credit_protection.application.transmissions import Transmissions
    from credit_protection.containers import Container
    from credit_protection.plugins.configuration import Configuration
    from credit_protection.ports.queue import WorkerEngine


class CreditProtection:
    """Credit protection of one tenant (one database). Cheap to make: everything is built when first used.

    Args:
        tenant: the database's name; `default` where there is one.
        configuration: by default read from the environment (`CREDIT_PROTECTION_*`).

    Every use case takes an `Actor` first. Errors are those of `credit_protection.domain.errors`.
    """

    def __init__(self, tenant: str = "default", configuration: Configuration | None = None) -> None:
        self.tenant = tenant
        self._configuration = configuration

    @property
    def integrations(self) -> Integrations:
        """Register, test, synchronise, edit, deactivate, delete."""
        return self._container.integrations()

    @property
    def queries(self) -> Queries:
        """Run a credit query, read its answer again, export it."""
        return self._container.queries()

    @property
    def negativations(self) -> Negativations:
        """Preview, create, delete, withdraw, history."""
        return self._container.negativations()

    @property
    def payments(self) -> Payments:
        """Record a settlement in the host's transaction, apply it in ours."""
        return self._container.payments()

    @property
    def removals(self) -> Transmissions:
        """What is due and what a worker does about it."""
        return self._container.transmissions()

    @property
    def adoption(self) -> Adoption:
        """Take over records that were made before this software came."""
        return self._container.adoption()

    @property
    def alarms(self) -> Alarms:
        """What needs a person: legal deadlines, silence."""
        return self._container.alarms()

    @property
    def sweep(self) -> Sweep:
        """The only liveness rule."""
        return self._container.sweep()

    @property
    def worker(self) -> WorkerEngine:
        """The worker, under the configured queue engine: `start()` it explicitly, after any fork."""
        return self._container.queue()

    def close(self) -> None:
        """Stop the workers and let go of connections."""
        from credit_protection import containers  # noqa: PLC0415 - importing this package must stay cheap

        containers.forget(self.tenant)

    @property
    def _container(self) -> Container:
        from credit_protection import containers  # noqa: PLC0415 - importing this package must stay cheap

        return containers.container(self.tenant, self._configuration)
