"""Creditors, integrations with their settings, and their catalogues."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Row

from credit_protection.adapters.storage.sqlalchemy.column_types import member_of
from credit_protection.adapters.storage.sqlalchemy.mappers.plain_fields import PlainFields
from credit_protection.adapters.storage.sqlalchemy.tables import CREDITOR, INTEGRATION
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.documents import PersonType
from credit_protection.domain.guards import NOTICE_DAYS_BY_STATE, GuardSettings, TelecomGuard
from credit_protection.domain.integrations import Environment, Integration, IntegrationSettings, ReuseMode, ReuseWindow
from credit_protection.domain.money import Money
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.products import Product, ProductInput
from credit_protection.domain.reasons import BureauReason
from credit_protection.domain.removal_policy import RemovalPolicy, RemovalRule

_PLAIN_CREDITOR = PlainFields(Creditor, without=("local_holidays",))
_PLAIN_REASON = PlainFields(BureauReason)
_PLAIN_PRODUCT = PlainFields(Product, without=("person_types", "inputs", "price"))
_PLAIN_SETTINGS = PlainFields(IntegrationSettings, without=("environment", "removal_policy", "guards", "reuse"))
_PLAIN_GUARDS = PlainFields(
    GuardSettings, without=("fine_percent", "monthly_interest_percent", "notice_days_by_state", "telecom")
)
_PLAIN = PlainFields(
    Integration, without=("parameters", "encrypted_parameters", "settings", "failing_negativation_ids")
)


def creditor_row(creditor: Creditor) -> dict[str, Any]:
    """The row of a creditor."""
    return _PLAIN_CREDITOR.of(creditor) | {"local_holidays": [day.isoformat() for day in creditor.local_holidays]}


def creditor_of(row: Row[Any] | SimpleNamespace) -> Creditor:
    """The creditor of a row, or of a part of one."""
    holidays = tuple(date.fromisoformat(day) for day in row.local_holidays)
    return Creditor(**_PLAIN_CREDITOR.of(row), local_holidays=holidays)


def integration_row(integration: Integration) -> dict[str, Any]:
    """The row of an integration."""
    return _PLAIN.of(integration) | {
        "parameters": dict(integration.parameters),
        "encrypted_parameters": dict(integration.encrypted_parameters),
        "settings": _settings_tree(integration.settings),
        "failing_negativation_ids": list(integration.failing_negativation_ids),
    }


def integration_of(row: Row[Any] | SimpleNamespace) -> Integration:
    """The integration of a row, or of a part of one."""
    return Integration(
        **_PLAIN.of(row),
        parameters=row.parameters,
        encrypted_parameters=row.encrypted_parameters,
        settings=_settings_of(row.settings),
        failing_negativation_ids=tuple(row.failing_negativation_ids),
    )


def _settings_tree(settings: IntegrationSettings) -> dict[str, Any]:
    return _PLAIN_SETTINGS.of(settings) | {
        "environment": settings.environment.value,
        "removal_policy": _policy_tree(settings.removal_policy),
        "guards": _guards_tree(settings.guards),
        "reuse": {"days": settings.reuse.days, "mode": settings.reuse.mode.value},
    }


def _settings_of(tree: dict[str, Any]) -> IntegrationSettings:
    return IntegrationSettings(
        **_PLAIN_SETTINGS.of_tree(tree),
        environment=member_of(Environment, tree["environment"]),
        removal_policy=_policy_of(tree["removal_policy"]),
        guards=_guards_of(tree["guards"]),
        reuse=ReuseWindow(tree["reuse"]["days"], member_of(ReuseMode, tree["reuse"]["mode"])),
    )


def _policy_tree(policy: RemovalPolicy) -> dict[str, Any]:
    return {
        "rule": policy.rule.value,
        "tolerance_cents": policy.tolerance.cents,
        "deletion_days": policy.deletion_days,
    }


def _policy_of(tree: dict[str, Any]) -> RemovalPolicy:
    return RemovalPolicy(member_of(RemovalRule, tree["rule"]), Money(tree["tolerance_cents"]), tree["deletion_days"])


def _guards_tree(guards: GuardSettings) -> dict[str, Any]:
    return _PLAIN_GUARDS.of(guards) | {
        "fine_percent": str(guards.fine_percent),
        "monthly_interest_percent": str(guards.monthly_interest_percent),
        "notice_days_by_state": dict(guards.notice_days_by_state),
        "telecom": guards.telecom.value,
    }


def _guards_of(tree: dict[str, Any]) -> GuardSettings:
    return GuardSettings(
        **_PLAIN_GUARDS.of_tree(tree),
        fine_percent=Decimal(tree["fine_percent"]),
        monthly_interest_percent=Decimal(tree["monthly_interest_percent"]),
        notice_days_by_state=tree.get("notice_days_by_state", NOTICE_DAYS_BY_STATE),
        telecom=member_of(TelecomGuard, tree["telecom"]),
    )


_INTEGRATION_LABELS = {column.name: f"integration__{column.name}" for column in INTEGRATION.c}
_CREDITOR_LABELS = {column.name: f"creditor__{column.name}" for column in CREDITOR.c}
JOINED_COLUMNS = (
    *(INTEGRATION.c[name].label(label) for name, label in _INTEGRATION_LABELS.items()),
    *(CREDITOR.c[name].label(label) for name, label in _CREDITOR_LABELS.items()),
)
"""The integration and the creditor that a row refers to, under labels that no table uses: a decision needs both."""


def integration_in(row: Row[Any]) -> Integration | None:
    """The integration of a row with these columns; None where there is none."""
    return None if row.integration__id is None else integration_of(_part(row, _INTEGRATION_LABELS))


def creditor_in(row: Row[Any]) -> Creditor | None:
    """The creditor, likewise."""
    return None if row.creditor__id is None else creditor_of(_part(row, _CREDITOR_LABELS))


def _part(row: Row[Any], labels: Mapping[str, str]) -> SimpleNamespace:
    return SimpleNamespace(**{name: getattr(row, label) for name, label in labels.items()})


def product_row(product: Product) -> dict[str, Any]:
    """The row of a product; like those of natures and reasons, without its integration and its place in the list."""
    return _PLAIN_PRODUCT.of(product) | {
        "person_types": _persons_tree(product.person_types),
        "inputs": [{"code": each.code, "name": each.name, "required": each.required} for each in product.inputs],
        "price_cents": product.price,
    }


def product_of(row: Row[Any]) -> Product:
    """The product of a row."""
    return Product(
        **_PLAIN_PRODUCT.of(row),
        person_types=_persons_of(row.person_types),
        inputs=tuple(ProductInput(each["code"], each["name"], each["required"]) for each in row.inputs),
        price=row.price_cents,
    )


def nature_row(nature: InclusionNature) -> dict[str, Any]:
    """The row of a nature."""
    persons = None if nature.person_types is None else _persons_tree(nature.person_types)
    return {"code": nature.code, "description": nature.description, "person_types": persons}


def nature_of(row: Row[Any]) -> InclusionNature:
    """The nature of a row."""
    persons = None if row.person_types is None else _persons_of(row.person_types)
    return InclusionNature(row.code, row.description, persons)


def reason_row(reason: BureauReason) -> dict[str, Any]:
    """The row of a removal reason."""
    return _PLAIN_REASON.of(reason)


def reason_of(row: Row[Any]) -> BureauReason:
    """The removal reason of a row."""
    return BureauReason(**_PLAIN_REASON.of(row))


def _persons_tree(persons: Iterable[PersonType]) -> list[str]:
    return sorted(person.value for person in persons)


def _persons_of(tree: list[str]) -> frozenset[PersonType]:
    return frozenset(member_of(PersonType, person) for person in tree)
