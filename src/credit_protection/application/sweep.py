"""The sweep: it alone finds what a lost process or wake-up left undone, under every queue engine."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from credit_protection.application.alarms import FAILED_WATERMARK, Alarms
from credit_protection.application.deadlines import count_deadlines_anew
from credit_protection.application.debt_age import DebtAge
from credit_protection.application.edited_policies import EditedPolicies
from credit_protection.application.host_polling import HostPolling
from credit_protection.application.host_reading import forget_mended_rows
from credit_protection.application.inclusion_hold import remember_newest
from credit_protection.application.payments import Payments
from credit_protection.application.queries import Queries
from credit_protection.application.reconciliation import Reconciliation
from credit_protection.application.relinking import Relinking
from credit_protection.application.rereading import Rereading
from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.application.transmissions import Transmissions
from credit_protection.domain.comparison.brake import PERIOD
from credit_protection.domain.errors import ConfigurationError, CreditProtectionError, HostUnavailable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What a sweep found.

    Args:
        leases_released: transmissions whose lease had expired.
        applied: invoices whose settlements were decided about.
        found_by_polling: settlements that the host had not reported.
        lost_queries: credit queries whose process died.
        host_failed: why the host could not be read; empty where it could.
        failed_steps: which steps failed; an alarm says why, until they succeed.
    """

    leases_released: int
    applied: int
    found_by_polling: int
    lost_queries: int
    host_failed: str = ""
    alarms: int = 0
    failed_steps: tuple[str, ...] = ()


class Sweep:
    """Expired leases, lost queries, unreported and unapplied settlements. Idempotent and bounded."""

    def __init__(
        self,
        tenant: TenantPorts,
        payments: Payments,
        transmissions: Transmissions,
        queries: Queries,
        alarms: Alarms | None = None,
        reconciliation: Reconciliation | None = None,
    ) -> None:
        self._payments = payments
        self._tenant = tenant
        self._polling = HostPolling(tenant, payments)
        self._rereading = Rereading(tenant)
        self._relinking = Relinking(tenant)
        self._policies = EditedPolicies(tenant, payments)
        self._debt_age = DebtAge(tenant)
        self._transmissions = transmissions
        self._queries = queries
        self._alarms = alarms or Alarms(tenant)
        self._reconciliation = reconciliation or Reconciliation(tenant)

    def run(self, *, by_worker: bool = False, reads_all: bool = False) -> SweepResult:
        """Sweep once. What fails is logged and becomes an alarm, and everything else is still done.

        Args:
            by_worker: it records a heartbeat.
            reads_all: it reads the invoices of all open negativations, also where they were read lately.

        Raises:
            ConfigurationError: the installation must be corrected; nothing more is done.
        """
        remember_newest(self._tenant)
        if by_worker:
            self._alarms.record_heartbeat()
        steps = self._steps()
        released = steps.run("release", self._transmissions.release_expired)
        lost = steps.run("queries", self._queries.expire_unanswered)
        applied, found = self._apply_payments(steps, self._reread_all if reads_all else self._rereading.run_due)
        for name, act in (
            ("policies", self._policies.run),
            ("debt_age", self._debt_age.check),
            ("tidy", self._tidy),
            ("reconcile", self._reconciliation.run_due),
        ):
            steps.run(name, act)
        steps.run("troubles", self._alarms.store_troubles)
        alarms = steps.run("alarms", lambda: len(self._alarms.notify()))
        return SweepResult(released, applied, found, lost, steps.host_failed, alarms, tuple(steps.failed))

    def decide_policies(self) -> int:
        """Decide about open negativations again where a policy was edited. Returns how many changed."""
        return self._policies.run()

    def apply_payments(self) -> SweepResult:
        """Read the host and apply what is recorded, without the rest of a sweep: for a command that then transmits."""
        remember_newest(self._tenant)
        steps = self._steps()
        applied, found = self._apply_payments(steps, self._rereading.run_due)
        steps.run("policies", self._policies.run)
        return SweepResult(0, applied, found, 0, steps.host_failed, 0, tuple(steps.failed))

    def _apply_payments(self, steps: _Steps, reread: Callable[[], int]) -> tuple[int, int]:
        """Poll, apply, read again, apply: how many invoices were decided about, and how many entries were found."""
        polled = steps.run("poll", self._polling.poll_host_settlements)
        steps.run("relinks", self._relinking.follow)
        applied = steps.run("apply", self._apply)
        changed = steps.run("reread", reread)
        if changed:
            applied += steps.run("apply", self._apply)
        return applied, polled + changed

    def _reread_all(self) -> int:
        return self._rereading.answer_rechecks() + self._rereading.reread_all()

    def _apply(self) -> int:
        return self._payments.apply().invoices

    def _steps(self) -> _Steps:
        return _Steps(self._tenant)

    def _tidy(self) -> None:
        """Close the divergences of closed negativations, and forget the turns that the brake no longer counts."""
        now = self._tenant.clock.now()
        forget_mended_rows(self._tenant)
        count_deadlines_anew(self._tenant)
        with self._tenant.storage.unit() as unit:
            if unit.divergences.close_of_closed(now) + unit.turns.purge(now - PERIOD):
                unit.commit()


class _Steps:
    """Runs the steps of one sweep.

    A failure is stored until the step succeeds, for an alarm; a host that can't be read has its own alarm.

    Args:
        tenant: whose storage keeps the failures.
    """

    def __init__(self, tenant: TenantPorts) -> None:
        self._tenant = tenant
        self.host_failed = ""
        self.failed: list[str] = []
        with tenant.storage.read_only() as unit:
            self._known = dict(unit.watermarks.notes(FAILED_WATERMARK))

    def run(self, name: str, act: Callable[[], int | None]) -> int:
        """Run one step; 0 where it fails, or returns nothing."""
        try:
            result = act() or 0
        except ConfigurationError:
            raise
        except HostUnavailable as error:
            self.host_failed = self.host_failed or error.message
            return 0
        except Exception as error:  # noqa: BLE001 - it is logged once, and an alarm
            self._failed(name, error)
            return 0
        if FAILED_WATERMARK + name in self._known:
            self._succeeded(name)
        return result

    def _failed(self, name: str, error: Exception) -> None:
        why = f"Erro inesperado: {type(error).__name__}."
        if isinstance(error, CreditProtectionError):
            why = error.message
        if self._known.get(FAILED_WATERMARK + name) != why:  # once, not at every sweep: the alarm stays
            log.error("the step %s of the sweep failed", name, exc_info=error)
        if name in _HOST_STEPS:
            self.host_failed = self.host_failed or f"Erro inesperado ao ler o ERP: {type(error).__name__}."
        if name not in self.failed:
            self.failed.append(name)
        with self._tenant.storage.unit() as unit:  # where this fails too, so does the sweep
            unit.watermarks.set(FAILED_WATERMARK + name, self._tenant.clock.now(), why)
            unit.commit()
        self._known[FAILED_WATERMARK + name] = why

    def _succeeded(self, name: str) -> None:
        with self._tenant.storage.unit() as unit:
            unit.watermarks.clear(FAILED_WATERMARK + name)
            unit.commit()
        self._known.pop(FAILED_WATERMARK + name, None)
        log.warning("the step %s of the sweep succeeds again", name)


_HOST_STEPS = frozenset({"poll", "reread"})
