"""The use cases: compare the bureau's side, by command or when it is due."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from credit_protection.application.integration_context import ContextLoader, IntegrationContext
from credit_protection.application.reconciliation.after_outage import AfterOutage
from credit_protection.application.reconciliation.marks import (
    LEASED_FOR,
    READ_UNTIL,
    extend_lease,
    release_lease,
    take_lease,
)
from credit_protection.application.reconciliation.passes import Pass
from credit_protection.application.reconciliation.records import file_records, instant_of_file, listed
from credit_protection.application.reconciliation.results import HoldState, ReconciliationSummary
from credit_protection.application.reconciliation.schedule import due_passes
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.actors import SYSTEM, Actor, Permission
from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.comparison.bureau_records import BureauRecord
from credit_protection.domain.errors import (
    BureauError,
    Conflict,
    RuleViolation,
)
from credit_protection.domain.operation_counts import OperationCounts
from credit_protection.ports.extracts import Extract

_SLICE = 20.0
_REST = 1.0
_LONGEST_REST = 60.0


class Reconciliation:
    """The use cases about the bureau's side."""

    def __init__(self, tenant: TenantPorts, sleep: Callable[[float], None] = time.sleep) -> None:
        self._tenant = tenant
        self._sleep = sleep
        self._after_outage = AfterOutage(tenant)
        self._running: dict[str, Pass] = {}
        self._lock = threading.Lock()

    def run(
        self, actor: Actor, integration_id: str, source: Extract | None = None, *, as_of: datetime | None = None
    ) -> ReconciliationSummary:
        """Compare the bureau's side with what is believed here, to the end.

        It reads the bureau's list where the gateway can list, else looks each record up, else needs a file. It rests
        while a removal is due. It may be repeated: after a failure a second call goes on with what is left.

        Args:
            actor: needs "remover".
            integration_id: whose account.
            source: a file of the bureau's extract instead of asking the bureau.
            as_of: the instant of the file, as the person knows it.

        Raises:
            InvalidInput: a file without its instant, or with one in the future; or it can't be read.
            RuleViolation: the gateway can neither list nor look up, and there is no file.
            Conflict: another pass of the integration is running.
            NotFound, PermissionDenied.
        """
        now = self._tenant.clock.now()
        with self._tenant.storage.read_only() as unit:
            context = ContextLoader(self._tenant, unit).for_actor(actor, integration_id)
        actor.require(Permission.REMOVE, context.creditor.id)
        if source is not None:
            instant = instant_of_file(as_of, now)
            made = Pass(self._tenant, context, file_records(source), instant, source=source)
        else:
            _require_source(context)
            made = Pass(self._tenant, context, self._list_of(context), now)
        if not take_lease(self._tenant, integration_id):
            raise Conflict(
                "Outra reconciliação desta integração está em andamento. Espere alguns minutos e repita.",
                code="reconciliacao_em_andamento",
            )
        try:
            self._drive(made, None)
        finally:
            release_lease(self._tenant, integration_id)
        return self._ended(actor, made)

    def compare_counts(
        self, actor: Actor, integration_id: str, counts: Mapping[str, OperationCounts]
    ) -> ReconciliationSummary:
        """Compare a portal's extract of operations, by its counts of each compact document; it opens notices only.

        Raises:
            NotFound, PermissionDenied.
        """
        with self._tenant.storage.read_only() as unit:
            context = ContextLoader(self._tenant, unit).for_actor(actor, integration_id)
        actor.require(Permission.REMOVE, context.creditor.id)
        made = Pass(self._tenant, context, None, self._tenant.clock.now())
        made.compare(counts)
        return made.summary()

    def run_due(self) -> int:
        """Go on with the passes that are due, for a short while: nightly, or after an outage. For the sweep.

        Returns how many ended.
        """
        ended, until = 0, time.monotonic() + _SLICE
        for context, since in due_passes(self._tenant, self._running):
            if time.monotonic() < until and take_lease(self._tenant, context.integration.id):
                ended += self._run_slice(context, since, until)
        return ended

    def _run_slice(self, context: IntegrationContext, since: datetime | None, until: float) -> bool:
        """Go on with a pass for a short while, or begin one; whether it ended."""
        integration_id = context.integration.id
        with self._lock:
            made = self._running.pop(integration_id, None)
        is_stopped = True
        try:
            if made is None:
                made = Pass(self._tenant, context, self._list_of(context), self._tenant.clock.now(), since=since)
            self._drive(made, until)
            is_stopped = bool(made.stopped)
        finally:
            release_lease(self._tenant, integration_id, tried=is_stopped)
        if made.is_over:
            self._ended(SYSTEM, made)
        else:
            with self._lock:
                self._running[integration_id] = made
        return made.is_ended

    def hold(self, actor: Actor) -> HoldState:
        """Whether inclusions wait, and for which integrations. Raises `PermissionDenied`."""
        return self._after_outage.hold(actor)

    def declare_restored(self, actor: Actor, *, remark: str = "") -> HoldState:
        """Declare that a backup was put back: inclusions wait; removals go on.

        Raises:
            PermissionDenied: the actor may not configure, or is bound to some creditors.
        """
        return self._after_outage.declare_restored(actor, remark=remark)

    def continue_inclusions(self, actor: Actor, *, remark: str) -> HoldState:
        """Let inclusions go on after a reconciliation of each integration, as a person states.

        Raises:
            RuleViolation: not a person, or an active integration was not reconciled since.
            Conflict: inclusions do not wait.
            InvalidInput: no remark.
            PermissionDenied: the actor may not configure, or is bound to some creditors.
        """
        return self._after_outage.continue_inclusions(actor, remark=remark)

    def _list_of(self, context: IntegrationContext) -> Callable[[], Iterator[BureauRecord | None]] | None:
        if not context.capabilities.list_records:
            return None
        gateway = self._tenant.gateways.for_integration(context.integration)
        return lambda: map(listed, gateway.list_records())

    def _drive(self, made: Pass, until: float | None) -> None:
        """Make the calls of a pass, until it is over or the time is."""
        pace = made.pace
        try:
            while not made.is_over:
                if until is not None and time.monotonic() >= until:
                    return
                if self._tenant.clock.now() >= made.leased_until - LEASED_FOR / 2:
                    made.leased_until = extend_lease(self._tenant, made.context.integration.id)
                if made.calls_next:
                    if not self._may_call(made.context.integration.id, wait=until is None):
                        if until is None:
                            made.stop("Há remoções a enviar, e a reconciliação espera por elas. Envie-as e repita.")
                        return
                    if until is not None and time.monotonic() + pace.seconds_left() >= until:
                        return
                    pace.before_call(self._sleep)
                made.step()
        except BureauError as error:
            made.stop(error.message)

    def _may_call(self, integration_id: str, *, wait: bool) -> bool:
        """Whether no removal is due; where a person waits, rest for a while until none is."""
        rested = 0.0
        while True:
            with self._tenant.storage.read_only() as unit:
                if not unit.negativations.has_due_removal(integration_id, self._tenant.clock.now()):
                    return True
            if not wait or rested >= _LONGEST_REST:
                return False
            self._sleep(_REST)
            rested += _REST

    def _ended(self, actor: Actor, made: Pass) -> ReconciliationSummary:
        summary = made.summary()
        now, integration = self._tenant.clock.now(), made.context.integration
        after = {
            name: str(getattr(summary, name))
            for name in ("rows", "matched", "unknown", "looked_up", "missing", "answered", "reopened", "is_ended")
        }
        with self._tenant.storage.unit() as unit:
            if summary.is_ended:
                unit.watermarks.set(READ_UNTIL + integration.id, made.read_until)
            unit.audit.add(
                AuditEntry(
                    now,
                    actor.id,
                    actor.name,
                    "reconciliation.run",
                    integration.id,
                    integration.creditor_id,
                    summary.stopped,
                    after=after,
                )
            )
            unit.commit()
        return summary


def _require_source(context: IntegrationContext) -> None:
    if not context.capabilities.list_records and not context.capabilities.find:
        raise RuleViolation(
            "Este birô não lista nem encontra registros. Peça o extrato a ele e use o arquivo: --file e --as-of.",
            code="sem_lista",
        )
