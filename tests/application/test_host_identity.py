"""A database that was used with one ERP refuses another one until a person accepts it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.host_identity import HostIdentity, known_tenant
from credit_protection.domain.errors import ConfigurationError, PermissionDenied
from credit_protection.testing.fakes import FakeErp
from tests.application.app import ANA

if TYPE_CHECKING:
    from tests.application.app import AppFixture


def identity(app: AppFixture, *, other: bool = False) -> HostIdentity:
    """As seen from this environment, or from one without the plugin of its ERP."""
    return HostIdentity(replace(app.ports, host=FakeErp(code="local")) if other else app.ports)


def test_unused_database_takes_any_erp(empty_app: AppFixture) -> None:
    for other in (False, True):
        identity(empty_app, other=other).require_known()


@pytest.mark.parametrize("use", ["negativation", "payment"])
def test_used_database_refuses_another_erp(app: AppFixture, use: str) -> None:
    app.negativate("i1") if use == "negativation" else app.paid("i2")
    identity(app).require_known()
    with pytest.raises(ConfigurationError) as refused:
        known_tenant(app.ports, identity(app, other=True))
    assert refused.value.code == "outro_erp"
    assert "fake-erp" in refused.value.message
    assert "host accept" in refused.value.message


def test_person_accepts_another_erp_and_then_the_former_is_refused(app: AppFixture) -> None:
    app.negativate("i1")
    state = identity(app, other=True).accept(ANA)
    assert (state.code, state.used, state.accepted, state.is_known) == ("local", ["fake-erp"], "local", True)
    identity(app, other=True).require_known()
    with pytest.raises(ConfigurationError):
        identity(app).require_known()
    (entry,) = app.audit("local")
    assert (entry.act, entry.actor_id, entry.before, entry.after) == (
        "host.accept",
        "ana",
        {"host": "fake-erp"},
        {"host": "local"},
    )


def test_accepting_needs_a_permission(app: AppFixture) -> None:
    with pytest.raises(PermissionDenied):
        identity(app).accept(replace(ANA, permissions=frozenset()))
    with pytest.raises(PermissionDenied):
        identity(app).state(replace(ANA, permissions=frozenset()))
