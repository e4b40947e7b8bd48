"""A whole tenant for tests: every use case, wired over a storage and the fakes of `credit_protection.testing.fakes`.

Example::

    erp = FakeErp()
    tenant = make_tenant(sqlite_storage(tmp_path / "test.sqlite"), host=erp)
    ana = Actor.with_role("ana", "Ana", "administrador")
    integration = tenant.integrations.register(ana, gateway="fake", ...)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from weakref import finalize

from credit_protection.adapters.calendar import BrazilianCalendars
from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.application.adoption import Adoption
from credit_protection.application.alarms import Alarms
from credit_protection.application.audit_trail import AuditTrail
from credit_protection.application.customers import Customers
from credit_protection.application.divergences import Divergences
from credit_protection.application.gateway_registry import GatewayRegistry
from credit_protection.application.integrations import Integrations
from credit_protection.application.negativations import Negativations
from credit_protection.application.payments import Payments
from credit_protection.application.queries import Queries
from credit_protection.application.reconciliation import Reconciliation
from credit_protection.application.sweep import Sweep
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.application.transmissions import Transmissions
from credit_protection.application.users import Users
from credit_protection.application.worker_tasks import TenantWorkerTasks
from credit_protection.domain.alarms import AlarmSettings
from credit_protection.domain.guards import Guard
from credit_protection.ports.bureau import GatewayProvider
from credit_protection.ports.clock import BusinessCalendars, Clock, Identifiers
from credit_protection.ports.events import Listeners
from credit_protection.ports.host import HostErp
from credit_protection.ports.limits import RateLimits, Unlimited
from credit_protection.ports.queue import TransmissionQueue, WorkerTasks
from credit_protection.ports.storage import Storage
from credit_protection.ports.vault import Vault
from credit_protection.testing.fakes import (
    CountingIdentifiers,
    FakeBureau,
    FakeClock,
    FakeErp,
    PlainVault,
    RecordingListeners,
    RecordingQueue,
)


@dataclass(frozen=True, slots=True)
class Tenant:
    """The ports of one tenant and its use cases; `tasks` is what a worker engine runs."""

    ports: TenantPorts
    integrations: Integrations
    customers: Customers
    queries: Queries
    negativations: Negativations
    payments: Payments
    transmissions: Transmissions
    adoption: Adoption
    audit_trail: AuditTrail
    users: Users
    divergences: Divergences
    reconciliation: Reconciliation
    alarms: Alarms
    sweep: Sweep
    tasks: WorkerTasks

    def close(self) -> None:
        """Close the gateways and the storage; stop a worker engine before."""
        self.ports.gateways.close()
        self.ports.storage.close()


def make_tenant(  # noqa: PLR0913 - one for each port
    storage: Storage,
    *,
    host: HostErp | None = None,
    gateways: Sequence[GatewayProvider] | None = None,
    vault: Vault | None = None,
    clock: Clock | None = None,
    identifiers: Identifiers | None = None,
    calendars: BusinessCalendars | None = None,
    listeners: Listeners | None = None,
    queue: TransmissionQueue | None = None,
    limits: RateLimits | None = None,
    extra_guards: Sequence[Guard] = (),
    alarm_settings: AlarmSettings = AlarmSettings(),
) -> Tenant:
    """Wire every use case over a storage that is migrated, as of `sqlite_storage` or `database_storage`.

    Each port that is not given is a fake of `testing.fakes`; give your own to drive it. By default the host has no
    customers, the only gateway is a `FakeBureau` (code `fake`), the queue wakes no worker, calendars are the Brazilian
    ones, and no limit of calls applies. `extra_guards` are added to the built-in ones.
    """
    vault = vault or PlainVault()
    ports = TenantPorts(
        storage=storage,
        gateways=GatewayRegistry([FakeBureau()] if gateways is None else gateways, vault),
        host=host or FakeErp(),
        vault=vault,
        clock=clock or FakeClock(),
        identifiers=identifiers or CountingIdentifiers(),
        calendars=calendars or BrazilianCalendars(),
        listeners=listeners or RecordingListeners(),
        queue=queue or RecordingQueue(),
        extra_guards=extra_guards,
        limits=limits or Unlimited(),
    )
    queries, payments, transmissions = Queries(ports), Payments(ports), Transmissions(ports)
    alarms = Alarms(ports, alarm_settings)
    reconciliation = Reconciliation(ports)
    sweep = Sweep(ports, payments, transmissions, queries, alarms, reconciliation)
    return Tenant(
        ports=ports,
        integrations=Integrations(ports),
        customers=Customers(ports),
        queries=queries,
        negativations=Negativations(ports),
        payments=payments,
        transmissions=transmissions,
        adoption=Adoption(ports),
        audit_trail=AuditTrail(ports),
        users=Users(ports.storage, ports.clock),
        divergences=Divergences(ports),
        reconciliation=reconciliation,
        alarms=alarms,
        sweep=sweep,
        tasks=TenantWorkerTasks(transmissions, sweep, payments),
    )


def sqlite_storage(path: Path | None = None) -> SqlStorage:
    """A storage over a new SQLite file with empty tables, in about a millisecond: the tables are migrated only once.

    Its commits do not wait for the disk: for tests only. A file at `path` is replaced; without a path, the file is
    temporary and deleted with the storage.
    """
    folder = TemporaryDirectory() if path is None else None
    file = path or Path(folder.name if folder else "") / "credit_protection.sqlite"
    file.write_bytes(_migrated())
    storage = SqlStorage(f"sqlite:///{file}", durable=False)
    if folder is not None:
        finalize(storage, folder.cleanup)
    return storage


@contextmanager
def database_storage(url: str) -> Iterator[Storage]:
    """A storage over the tables of a database: migrated at the beginning, closed at the end. It deletes nothing.

    Give each test an empty database: contracts expect no rows of other tests.

    Args:
        url: `postgresql://user:password@host/database`, or `sqlite:///path/to/file.db`; there, commits do not wait for
            the disk.

    Raises:
        ConfigurationError: as for `CreditProtection`, where the database can't be used.
    """
    with closing(SqlStorage(url, durable=False)) as storage:
        storage.migrate()
        yield storage


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "migrated.sqlite"
        storage = SqlStorage(f"sqlite:///{file}", durable=False)
        storage.migrate()
        storage.close()  # the last connection writes the log back into the file
        return file.read_bytes()
