"""The use cases about divergences: list, show, decide; and the recheck that a person asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from credit_protection.application.batched_updates import publish
from credit_protection.application.integration_context import ContextLoader, legal_calendar, require_visible
from credit_protection.application.reading_effects import BRAKE_RELEASED
from credit_protection.application.reconciliation import LIST_TRUSTED
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.actors import Actor, Permission
from credit_protection.domain.audit import AuditEntry
from credit_protection.domain.comparison.bureau_decisions import (
    BureauDecision,
    decide_removal_at_bureau,
    duplicate,
    require_fitting,
)
from credit_protection.domain.divergences import Decision, Divergence, DivergenceCode, Side, decide
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.negativations import Change
from credit_protection.domain.observations import AnswerContext
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.removal_policy import RemovalCause, removal_deadline
from credit_protection.domain.removals import decide_divergence
from credit_protection.ports.storage import DivergenceFilter, Page, PageRequest, UnitOfWork

_OPEN = DivergenceFilter(is_open=True)


class Divergences:
    """What the ERP, this software and the bureau disagree about."""

    def __init__(self, tenant: TenantPorts) -> None:
        self._tenant = tenant

    def list(
        self, actor: Actor, wanted: DivergenceFilter = _OPEN, page: PageRequest = PageRequest()
    ) -> Page[Divergence]:
        """List the divergences of the creditors that the actor sees, newest first.

        Raises:
            PermissionDenied: the actor may not read the history.
        """
        actor.require(Permission.READ_HISTORY)
        scoped = replace(wanted, creditor_ids=actor.narrow(wanted.creditor_ids))
        with self._tenant.storage.read_only() as unit:
            return unit.divergences.list(scoped, page)

    def get(self, actor: Actor, divergence_id: str) -> Divergence:
        """Read one. Raises `NotFound`, `PermissionDenied`."""
        actor.require(Permission.READ_HISTORY)
        with self._tenant.storage.read_only() as unit:
            return _visible(unit, actor, divergence_id)

    def decide(
        self,
        actor: Actor,
        divergence_id: str,
        decision: Decision,
        *,
        remark: str,
        reason: RemovalReason | None = None,
    ) -> Divergence:
        """Decide about a divergence: keep the record, remove it for a reason, or let the brake continue.

        A decision to keep holds for the two values that are shown; it lifts the removal that the divergence's policy
        asked for, unless one was ever sent.

        Raises:
            InvalidInput: the remark is empty, or the decision does not fit the divergence.
            Conflict: the divergence, or its negativation, is closed.
            NotFound, PermissionDenied.
        """
        changes: Sequence[Change] = ()
        new_id = self._tenant.identifiers.new_id()
        with self._tenant.storage.unit() as unit:
            before = _visible(unit, actor, divergence_id)
            actor.require(Permission.REMOVE, before.creditor_id)
            _require_fitting(before, decision)
            now = self._tenant.clock.now()
            after = decide(before, decision, actor_id=actor.id, remark=remark, now=now)
            if decision is Decision.CONTINUE:
                is_brake = before.code is DivergenceCode.BRAKE
                unit.watermarks.set((BRAKE_RELEASED if is_brake else LIST_TRUSTED) + before.integration_id, now)
            elif before.side is Side.BUREAU:
                changes = self._decided_about_bureau(unit, actor, after, reason, new_id)
            elif before.negativation_id is not None:
                changes = self._decided(unit, actor, after, reason)
            unit.divergences.save_all([after])
            states = {"code": after.code.value, "ours": after.ours, "theirs": after.theirs, "decision": decision.value}
            unit.audit.add(
                AuditEntry(
                    now, actor.id, actor.name, "divergence.decide", after.id, after.creditor_id, remark, after=states
                )
            )
            unit.commit()
        publish(self._tenant, changes)
        return after

    def _decided(
        self, unit: UnitOfWork, actor: Actor, divergence: Divergence, reason: RemovalReason | None
    ) -> Sequence[Change]:
        negativation = unit.negativations.lock(divergence.negativation_id or "")
        if negativation is None:
            return ()
        context = ContextLoader(self._tenant, unit).for_negativation(negativation)
        change = decide_divergence(
            negativation,
            divergence,
            actor_id=actor.id,
            reason=reason,
            deletion_days=context.integration.settings.removal_policy.deletion_days,
            today=self._tenant.today(context.creditor),
            calendar=self._tenant.calendars.for_creditor(context.creditor),
            capabilities=context.capabilities,
            now=self._tenant.clock.now(),
        )
        if change.negativation is negativation:
            return ()
        unit.negativations.save(change.negativation)
        unit.negativations.append(change.events)
        return (change,)

    def _decided_about_bureau(
        self, unit: UnitOfWork, actor: Actor, divergence: Divergence, reason: RemovalReason | None, new_id: str
    ) -> Sequence[Change]:
        if divergence.decision is not Decision.REMOVE or divergence.negativation_id is None:
            return ()
        negativation = unit.negativations.lock(divergence.negativation_id)
        if negativation is None:
            return ()
        context = ContextLoader(self._tenant, unit).for_negativation(negativation)
        today = self._tenant.today(context.creditor)
        days = context.integration.settings.removal_policy.deletion_days
        decided = BureauDecision(
            actor_id=actor.id,
            reason=reason,
            deadline=removal_deadline(
                RemovalCause.PERSON, today, legal_calendar(self._tenant, context), deletion_days=days
            ),
            context=AnswerContext(self._tenant.clock.now(), today, context.capabilities),
        )
        if divergence.code is DivergenceCode.DUPLICATE:
            change = duplicate(negativation, divergence, decided, new_id)
            unit.negativations.add(change.negativation)
        else:
            change = decide_removal_at_bureau(negativation, divergence, decided)
            if change.negativation is negativation:
                return ()
            unit.negativations.save(change.negativation)
        unit.negativations.append(change.events)
        return (change,)


def _visible(unit: UnitOfWork, actor: Actor, divergence_id: str) -> Divergence:
    divergence = unit.divergences.get(divergence_id)
    require_visible(actor, divergence.creditor_id, "Divergência")
    return divergence


def _require_fitting(divergence: Divergence, decision: Decision) -> None:
    if divergence.code is DivergenceCode.FIVE_YEARS and decision is Decision.KEEP:
        raise InvalidInput(
            "A lei não permite manter um registro depois de cinco anos. Decida remover, ou espere o dia.",
            field="decision",
            code="decisao_nao_cabe",
        )
    is_brake = divergence.code is DivergenceCode.BRAKE
    if divergence.side is Side.BUREAU and not is_brake:
        require_fitting(divergence, decision)
        return
    if is_brake is not (decision is Decision.CONTINUE):
        text = "O freio só se decide com continuar." if is_brake else "Só o freio se decide com continuar."
        raise InvalidInput(f"{text} Escolha outra decisão.", field="decision", code="decisao_nao_cabe")
