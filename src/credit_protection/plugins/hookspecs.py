"""The whole plugin contract, on one page.

A plugin is a module or an object with some of these functions, each marked with `hookimpl`. It is found by an entry
point of the group `credit_protection.plugins`, or registered in code: `plugin_manager().register(my_plugin)`. A
misspelt hook is an error when a container is first used. The manager is one per process, so every hook is given the
`tenant`: the name of the database that is being served (`default` where there is one). An implementation declares only
the arguments that it needs, and may return None to contribute nothing. Hooks are called when a container is first used,
never on import, unless a docstring says otherwise. `examples/hooks.py` implements every one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from credit_protection.domain.alarms import Alarm
    from credit_protection.domain.divergences import Divergence
    from credit_protection.domain.events import Event
    from credit_protection.domain.guards import Guard
    from credit_protection.domain.queries import CreditQuery
    from credit_protection.plugins.configuration import Configuration
    from credit_protection.ports.bureau import GatewayProvider
    from credit_protection.ports.clock import Clock
    from credit_protection.ports.host import HostErp
    from credit_protection.ports.queue import WorkerEngine, WorkerTasks
    from credit_protection.ports.storage import Storage
    from credit_protection.ports.vault import Vault

PROJECT = "credit_protection"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


# ------------------------------------------------------------------------------------------------ adapters


@hookspec
def credit_protection_bureaus(tenant: str) -> Sequence[GatewayProvider] | None:
    """Give gateway providers. Called once per container; the providers of all plugins are offered.

    May not: call a bureau, read a database, start a thread. Two providers of one code are an error at start-up.
    """


@hookspec(firstresult=True)
def credit_protection_host(tenant: str, configuration: Configuration) -> HostErp | None:
    """Give the ERP. Called once per container; the first answer wins (the plugin registered last is asked first).

    May not: read the ERP yet. Many threads use the object. It must pass
    `credit_protection.testing.HostErpContract`.
    """


@hookspec(firstresult=True)
def credit_protection_storage(tenant: str, configuration: Configuration) -> Storage | None:
    """Give the storage, or None for the one that `configuration.database_url` names. Called once per container.

    It must pass `credit_protection.testing.StorageContract`.
    """


@hookspec(firstresult=True)
def credit_protection_vault(tenant: str, configuration: Configuration) -> Vault | None:
    """Give the vault that encrypts secrets, or None for the key file. Called once per container.

    May not: log what it is given.
    """


@hookspec(firstresult=True)
def credit_protection_queue(
    tenant: str, configuration: Configuration, tasks: Callable[[], WorkerTasks], clock: Clock
) -> WorkerEngine | None:
    """Give the queue engine, or None for the one that `configuration.queue` names. Called once per container.

    May not: call `tasks` before `start` (the use cases behind it need the queue themselves), start a thread, connect.
    The engine transports wake-ups alone and retries no call: the database rows are the truth. It must pass
    `credit_protection.testing.TransmissionQueueContract`.
    """


# ------------------------------------------------------------------------------------------------ rules


@hookspec
def credit_protection_guards(tenant: str) -> Sequence[Guard] | None:
    """Give extra guards: functions (candidate, terms) -> findings. A finding of severity BLOCK vetoes.

    Whatever else than a well-formed warning a guard gives refuses the inclusion, and so does what it raises.

    Called once per container. Each guard is called for every candidate, at its creation and again at the claim. A guard
    may read nothing but its arguments: a hundred thousand candidates must cost no query.
    """


# ------------------------------------------------------------------------------------------------ screens, as data


@hookspec
def credit_protection_navigation(tenant: str) -> Sequence[Mapping[str, str]] | None:
    """Give menu entries, as data: `{"label", "screen", "permission", "under"}`. The host renders them.

    Called by `credit_protection.CreditProtection.navigation`, which leaves out the entries whose `permission` (a
    value of `credit_protection.Permission`) the actor lacks; an entry without one is for everyone. May
    not: read the database.
    """


# ------------------------------------------------------------------------------------------------ events


@hookspec
def credit_protection_negativation_event(tenant: str, event: Event) -> None:
    """Receive an event of a negativation, of a kind in `credit_protection.EventKind`.

    Called after commit, outside any transaction, in a thread of the package; the one that caused the event waits for at
    most 10 seconds. What an implementation raises, `SystemExit` too, is logged and changes nothing. Where one has not
    returned by then, an alarm says so, and its plugin is called again once it has. A claim is told after its call. If
    the process dies between commit and call, no call is made: where every event counts,
    read `negativations.history`.
    """


@hookspec
def credit_protection_query_answered(tenant: str, query: CreditQuery) -> None:
    """Receive a credit query that has its outcome: answered, failed or unknown.

    Called after commit, under the conditions of `credit_protection_negativation_event`. The report is not passed: open
    the query by the facade, which audits it.
    """


@hookspec
def credit_protection_divergence(tenant: str, divergence: Divergence) -> None:
    """Receive a divergence that a comparison opened, changed or closed (`closed_at`), as it is stored now.

    A value that changes ends a person's decision: then it awaits one again (`awaits_person`). A divergence that closes
    with its negativation is not told: the negativation's event is. Called after commit, under the conditions of
    `credit_protection_negativation_event`.
    """


@hookspec
def credit_protection_alarm(tenant: str, alarm: Alarm) -> None:
    """Receive what needs a person, of a code in `credit_protection.AlarmCode`.

    Called by the sweep, outside any transaction, once per alarm (its code and subject) and day of the creditor. It is
    called again if the process dies before that is stored: be idempotent. What is raised is logged and changes nothing.
    May not: take long, since the sweep waits. No hook reports the end of an alarm: `removals check` lists those in
    effect.
    """
