"""The whole plugin contract, on one page.

A plugin is a module or an object with some of these functions, each marked with `hookimpl`. It is found by an entry
point of the group `credit_protection.plugins`, or registered in code: `plugin_manager().register(my_plugin)`. A
misspelt hook is an error when a container is first used. The manager is one per process, so every hook is given the
`tenant`: the name of the database that is being served (`default` where there is one). Hooks are called when a
container is first used, never on import, unless a docstring says otherwise. A hook may return None to stand aside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from credit_protection.domain.alarms import Alarm
    from credit_protection.domain.events import Event
    from credit_protection.domain.guards import Guard
    from credit_protection.domain.queries import CreditQuery
    from credit_protection.plugins.configuration import Configuration
    from credit_protection.ports.bureau import GatewayKind
    from credit_protection.ports.clock import Clock
    from credit_protection.ports.host import HostErp
    from credit_protection.ports.queue import Work, WorkerEngine
    from credit_protection.ports.storage import Storage
    from credit_protection.ports.vault import Vault

PROJECT = "credit_protection"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


# ------------------------------------------------------------------------------------------------ adapters


@hookspec
def credit_protection_bureaus(tenant: str) -> Sequence[GatewayKind] | None:
    """Give kinds of bureau gateways. Called once per container; all plugins' kinds are offered.

    May not: call a bureau, read a database, start a thread. Two kinds of one code are an error at start-up.
    """


@hookspec(firstresult=True)
def credit_protection_host(tenant: str, configuration: Configuration) -> HostErp | None:
    """Give the ERP. Called once per container, the first answer wins (plugins registered last are asked first).

    May not: read the ERP yet. The object is used by many threads.
    """


@hookspec(firstresult=True)
def credit_protection_storage(tenant: str, configuration: Configuration) -> Storage | None:
    """Give the storage, or stand aside for the one that `configuration.database_url` names.

    Called once per container. The storage must pass `credit_protection.testing.contracts.StorageContract`.
    """


@hookspec(firstresult=True)
def credit_protection_vault(tenant: str, configuration: Configuration) -> Vault | None:
    """Give the vault that seals secrets, or stand aside for the key file. Called once per container.

    May not: log what it is given.
    """


@hookspec(firstresult=True)
def credit_protection_queue(
    tenant: str, configuration: Configuration, work: Callable[[], Work], clock: Clock
) -> WorkerEngine | None:
    """Give the queue engine, or stand aside for the one that `configuration.queue` names.

    Called once per container. May not: call `work` (the use cases know the queue in their turn: it is for `start`),
    start a thread or connect. The rows are the truth: an engine carries wake-ups alone, retries nothing by itself, and
    must pass `credit_protection.testing.contracts.queue.TransmissionQueueContract`.
    """


# ------------------------------------------------------------------------------------------------ rules


@hookspec
def credit_protection_guards(tenant: str) -> Sequence[Guard] | None:
    """Give extra guards: functions (candidate, terms) -> findings. A BLOCK vetoes.

    Called once per container; each guard is called for every candidate, at the asking and again at the claim, on facts
    that are given to it. A guard may not read anything else: a hundred thousand candidates must cost no query.
    """


# ------------------------------------------------------------------------------------------------ screens, as data


@hookspec
def credit_protection_navigation(tenant: str) -> Sequence[Mapping[str, str]] | None:
    """Give menu entries, as data: `{"label", "screen", "permission", "under"}`. A host renders them in its own way.

    Called when a host builds its menus. May not: read the database.
    """


# ------------------------------------------------------------------------------------------------ events


@hookspec
def credit_protection_happened(tenant: str, event: Event) -> None:
    """Something happened to a negativation (`included`, `removed`, ...): see `domain.events.EventKind`.

    Called after commit, in the thread that did it, outside any transaction. What is raised here is logged and changes
    nothing. It may be called twice for one happening (a process can die between commit and call): be idempotent.
    """


@hookspec
def credit_protection_query_answered(tenant: str, query: CreditQuery) -> None:
    """A credit query has its outcome: answered, failed or unknown.

    Called after commit; what holds for `credit_protection_happened` holds here. The report's bytes are not passed: open
    the query by the facade, and the reading is logged.
    """


@hookspec
def credit_protection_alarm(tenant: str, alarm: Alarm) -> None:
    """Something needs a person: a legal deadline is near or reached, or silence (see `domain.alarms.AlarmCode`).

    Called by the sweep, outside any transaction, once per alarm (its code and subject) and day; the day is the
    creditor's. A process that dies between this call and its mark calls it again: be idempotent. What is raised here is
    logged and changes nothing. May not: take long, since the sweep waits for it. An alarm is never taken back: what
    `removals check` says now is what stands.
    """
