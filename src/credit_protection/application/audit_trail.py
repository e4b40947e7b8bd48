"""The audit trail, as an auditor reads it."""

from __future__ import annotations

from dataclasses import replace

from credit_protection.application.tenant_ports import TenantPorts
from credit_protection.domain.actors import Actor, Permission
from credit_protection.domain.audit import AuditEntry
from credit_protection.ports.storage import AuditFilter, Page, PageRequest


class AuditTrail:
    """The use case about the audit trail."""

    def __init__(self, tenant: TenantPorts) -> None:
        self._tenant = tenant

    def list(
        self, actor: Actor, wanted: AuditFilter = AuditFilter(), page: PageRequest = PageRequest()
    ) -> Page[AuditEntry]:
        """List audit entries, newest first.

        An actor bound to creditors sees the entries of these alone. Subject, actor, act and dates have an index each.

        Raises:
            PermissionDenied: the actor may not read the audit trail.
        """
        actor.require(Permission.AUDIT)
        scoped = replace(wanted, creditor_ids=actor.narrow(wanted.creditor_ids))
        with self._tenant.storage.read_only() as unit:
            return unit.audit.list(scoped, page)
