"""Integrations with their settings, and what each bureau sells."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from credit_protection.adapters.storage.sqlalchemy.column_types import member_of
from credit_protection.domain.documents import PersonType
from credit_protection.domain.guards import GuardSettings, TelecomGuard
from credit_protection.domain.integrations import Integration, ReuseMode, ReuseWindow
from credit_protection.domain.money import Money
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.products import Product, ProductInput
from credit_protection.domain.reasons import BureauReason
from credit_protection.domain.removal_policy import RemovalPolicy, Trigger

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import SimpleNamespace

    from sqlalchemy import Row


def integration_row(integration: Integration) -> dict[str, Any]:
    """What is stored of an integration."""
    return {
        "id": integration.id,
        "gateway": integration.gateway,
        "description": integration.description,
        "creditor_id": integration.creditor_id,
        "parameters": dict(integration.parameters),
        "sealed": dict(integration.sealed),
        "created_at": integration.created_at,
        "environment": integration.environment,
        "active": integration.active,
        "removal_policy": _policy_tree(integration.removal_policy),
        "guards": _guards_tree(integration.guards),
        "reuse": {"days": integration.reuse.days, "mode": integration.reuse.mode.value},
        "grouped": integration.grouped,
        "rate_per_second": integration.rate_per_second,
        "owns_transmission": integration.owns_transmission,
        "paused_until": integration.paused_until,
        "pause_reason": integration.pause_reason,
        "deleted_at": integration.deleted_at,
        "version": integration.version,
        "failing": list(integration.failing),
        "pauses": integration.pauses,
        "paused_since": integration.paused_since,
    }


def integration_of(row: Row[Any] | SimpleNamespace) -> Integration:
    """The integration of a row, or of a part of one."""
    return Integration(
        id=row.id,
        gateway=row.gateway,
        description=row.description,
        creditor_id=row.creditor_id,
        parameters=row.parameters,
        sealed=row.sealed,
        created_at=row.created_at,
        environment=row.environment,
        active=row.active,
        removal_policy=_policy_of(row.removal_policy),
        guards=_guards_of(row.guards),
        reuse=ReuseWindow(row.reuse["days"], member_of(ReuseMode, row.reuse["mode"])),
        grouped=row.grouped,
        rate_per_second=row.rate_per_second,
        owns_transmission=row.owns_transmission,
        paused_until=row.paused_until,
        pause_reason=row.pause_reason,
        deleted_at=row.deleted_at,
        version=row.version,
        failing=tuple(row.failing),
        pauses=row.pauses,
        paused_since=row.paused_since,
    )


def _policy_tree(policy: RemovalPolicy) -> dict[str, Any]:
    return {
        "trigger": policy.trigger.value,
        "tolerance_cents": policy.tolerance.cents,
        "deletion_days": policy.deletion_days,
    }


def _policy_of(tree: dict[str, Any]) -> RemovalPolicy:
    return RemovalPolicy(member_of(Trigger, tree["trigger"]), Money(tree["tolerance_cents"]), tree["deletion_days"])


def _guards_tree(guards: GuardSettings) -> dict[str, Any]:
    return {
        "minimum_days_late": guards.minimum_days_late,
        "maximum_age_years": guards.maximum_age_years,
        "age_margin_days": guards.age_margin_days,
        "fine_percent": str(guards.fine_percent),
        "monthly_interest_percent": str(guards.monthly_interest_percent),
        "creditor_notifies": guards.creditor_notifies,
        "notice_days": guards.notice_days,
        "telecom": guards.telecom.value,
    }


def _guards_of(tree: dict[str, Any]) -> GuardSettings:
    return GuardSettings(
        minimum_days_late=tree["minimum_days_late"],
        maximum_age_years=tree["maximum_age_years"],
        age_margin_days=tree["age_margin_days"],
        fine_percent=Decimal(tree["fine_percent"]),
        monthly_interest_percent=Decimal(tree["monthly_interest_percent"]),
        creditor_notifies=tree["creditor_notifies"],
        notice_days=tree["notice_days"],
        telecom=member_of(TelecomGuard, tree["telecom"]),
    )


# ------------------------------------------------------------------------------------------------ catalogue


def product_row(integration_id: str, position: int, product: Product) -> dict[str, Any]:
    """What is stored of a product; its position keeps the list's order."""
    return {
        "integration_id": integration_id,
        "position": position,
        "code": product.code,
        "name": product.name,
        "kind": product.kind,
        "person_types": _persons_tree(product.person_types),
        "inputs": [{"code": each.code, "name": each.name, "required": each.required} for each in product.inputs],
        "price_cents": product.price,
        "hidden": product.hidden,
        "gone_at": product.gone_at,
    }


def product_of(row: Row[Any]) -> Product:
    """The product of a row."""
    return Product(
        code=row.code,
        name=row.name,
        kind=row.kind,
        person_types=_persons_of(row.person_types),
        inputs=tuple(ProductInput(each["code"], each["name"], each["required"]) for each in row.inputs),
        price=row.price_cents,
        hidden=row.hidden,
        gone_at=row.gone_at,
    )


def nature_row(integration_id: str, position: int, nature: InclusionNature) -> dict[str, Any]:
    """What is stored of a nature."""
    persons = nature.person_types
    return {
        "integration_id": integration_id,
        "position": position,
        "code": nature.code,
        "description": nature.description,
        "person_types": None if persons is None else _persons_tree(persons),
    }


def nature_of(row: Row[Any]) -> InclusionNature:
    """The nature of a row."""
    persons = None if row.person_types is None else _persons_of(row.person_types)
    return InclusionNature(row.code, row.description, persons)


def reason_row(integration_id: str, position: int, reason: BureauReason) -> dict[str, Any]:
    """What is stored of a removal reason."""
    return {
        "integration_id": integration_id,
        "position": position,
        "code": reason.code,
        "description": reason.description,
    }


def reason_of(row: Row[Any]) -> BureauReason:
    """The removal reason of a row."""
    return BureauReason(row.code, row.description)


def _persons_tree(persons: Iterable[PersonType]) -> list[str]:
    return sorted(person.value for person in persons)


def _persons_of(tree: list[str]) -> frozenset[PersonType]:
    return frozenset(member_of(PersonType, person) for person in tree)
