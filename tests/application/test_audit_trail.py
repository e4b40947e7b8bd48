"""Reading the audit trail: permission, creditor scope, filters, pages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.actors import Actor
from credit_protection.domain.errors import PermissionDenied
from credit_protection.ports.storage import AuditFilter, PageRequest
from tests.application.app import ANA, DAY

if TYPE_CHECKING:
    from tests.application.app import AppFixture

AUDITOR = Actor.with_role("edu", "Edu", "auditor")
FIRST = replace(AUDITOR, creditor_ids=frozenset({"1"}))
SECOND = replace(AUDITOR, creditor_ids=frozenset({"2"}))


@pytest.mark.parametrize("role", ["operador", "atendente"])
def test_actor_without_permission_may_not_read_the_trail(app: AppFixture, role: str) -> None:
    with pytest.raises(PermissionDenied, match="ver a auditoria"):
        app.audit_trail.list(Actor.with_role("davi", "Davi", role))


def test_trail_is_listed_newest_first_page_by_page(app: AppFixture) -> None:
    app.query()
    first = app.audit_trail.list(AUDITOR, page=PageRequest(2))
    assert [entry.act for entry in first.items] == ["query.run", "integration.synchronise"]
    rest = app.audit_trail.list(AUDITOR, page=PageRequest(2, first.cursor))
    assert [entry.act for entry in rest.items] == ["integration.register"]
    assert rest.cursor is None


def test_trail_is_filtered_by_subject_actor_act_and_dates(app: AppFixture) -> None:
    made = app.negativate("i1")
    app.later(DAY)
    other = Actor.with_role("bia", "Bia", "administrador")
    app.negativations.delete(other, made.id)

    def acts(wanted: AuditFilter) -> list[str]:
        return [entry.act for entry in app.audit_trail.list(AUDITOR, wanted).items]

    assert acts(AuditFilter(subject=made.id)) == ["negativation.delete", "negativation.create"]
    assert acts(AuditFilter(actor_id="bia")) == ["negativation.delete"]
    assert acts(AuditFilter(act="negativation.create", actor_id=ANA.id)) == ["negativation.create"]
    assert acts(AuditFilter(since=app.clock.now())) == ["negativation.delete"]
    assert acts(AuditFilter(subject=made.id, before=app.clock.now())) == ["negativation.create"]


def test_actor_bound_to_creditors_sees_their_entries_alone(app: AppFixture) -> None:
    assert len(app.audit_trail.list(FIRST).items) == 2
    assert not app.audit_trail.list(SECOND).items
    assert not app.audit_trail.list(SECOND, AuditFilter(creditor_ids=frozenset({"1"}))).items
    assert not app.audit_trail.list(FIRST, AuditFilter(creditor_ids=frozenset({"2"}))).items
