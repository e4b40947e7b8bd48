"""Creditors, integrations with their settings, and their catalogues."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache, partial
from types import SimpleNamespace
from typing import Any, TypeAlias

from sqlalchemy import Row

from credit_protection.adapters.storage.sqlalchemy.column_types import member_of
from credit_protection.adapters.storage.sqlalchemy.mappers.plain_fields import PlainFields
from credit_protection.adapters.storage.sqlalchemy.tables import CREDITOR, INTEGRATION
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.divergences import DivergencePolicies, DivergencePolicy
from credit_protection.domain.documents import PersonType
from credit_protection.domain.guards import GuardSettings, TelecomGuard
from credit_protection.domain.integrations import Environment, Integration, IntegrationSettings, ReuseMode, ReuseWindow
from credit_protection.domain.money import Money
from credit_protection.domain.natures import InclusionNature
from credit_protection.domain.products import Product, ProductInput
from credit_protection.domain.reasons import BureauReason, ReasonCode, ReasonMap, RemovalReason
from credit_protection.domain.removal_policy import RemovalPolicy, RemovalRule

_Readers: TypeAlias = dict[str, tuple[str, Callable[[Any], Any]]]
"""By a tree's key, the field and the conversion of its value."""
_PLAIN_CREDITOR = PlainFields(Creditor, without=("local_holidays",))
_PLAIN_REASON = PlainFields(BureauReason)
_PLAIN_REASON_CODE = PlainFields(ReasonCode)
_PLAIN_PRODUCT = PlainFields(Product, without=("person_types", "inputs", "price"))
_PLAIN_SETTINGS = PlainFields(
    IntegrationSettings,
    without=("environment", "removal_policy", "guards", "reuse", "divergences", "foreign_contract_prefixes"),
)
_PLAIN_POLICY = PlainFields(RemovalPolicy, without=("rule", "tolerance"))
_PLAIN_REUSE = PlainFields(ReuseWindow, without=("mode",))
_PLAIN_GUARDS = PlainFields(
    GuardSettings, without=("fine_percent", "monthly_interest_percent", "notice_days_by_state", "telecom")
)
_PLAIN_DIVERGENCES = PlainFields(DivergencePolicies)
_DIVERGENCE_CODES = frozenset({"postponed", "lower_amount", "not_read"})
_PLAIN = PlainFields(
    Integration,
    without=("parameters", "encrypted_parameters", "settings", "failing_negativation_ids", "reason_map"),
)


def creditor_row(creditor: Creditor) -> dict[str, Any]:
    """The row of a creditor."""
    return _PLAIN_CREDITOR.of(creditor) | {"local_holidays": [day.isoformat() for day in creditor.local_holidays]}


def creditor_of(row: Row[Any] | SimpleNamespace) -> Creditor:
    """The creditor of a row, or of a part of one."""
    holidays = tuple(date.fromisoformat(day[:10]) for day in row.local_holidays)
    return Creditor(**_PLAIN_CREDITOR.of(row), local_holidays=holidays)


def integration_row(integration: Integration) -> dict[str, Any]:
    """The row of an integration."""
    return _PLAIN.of(integration) | {
        "parameters": dict(integration.parameters),
        "encrypted_parameters": dict(integration.encrypted_parameters),
        "settings": _settings_tree(integration.settings),
        "failing_negativation_ids": list(integration.failing_negativation_ids),
        "reason_map": _reason_map_text(integration.reason_map),
    }


def integration_of(row: Row[Any] | SimpleNamespace) -> Integration:
    """The integration of a row, or of a part of one."""
    return Integration(
        **_PLAIN.of(row),
        parameters=row.parameters,
        encrypted_parameters=row.encrypted_parameters,
        settings=_settings_of(row.settings),
        failing_negativation_ids=tuple(row.failing_negativation_ids),
        reason_map=_reason_map_of(row.reason_map),
    )


def _reason_map_text(reasons: ReasonMap) -> str:
    """JSON as text, so that a map is parsed once and not at each claim."""
    tree = {
        "listed": reasons.listed,
        "codes": {reason.value: _PLAIN_REASON_CODE.of(each) for reason, each in reasons.codes.items()},
        "fallback": None if reasons.fallback is None else _PLAIN_REASON_CODE.of(reasons.fallback),
    }
    return json.dumps(tree, ensure_ascii=False)


@lru_cache(maxsize=256)
def _reason_map_of(text: str) -> ReasonMap:
    tree = json.loads(text)
    codes = {reason: tree["codes"][reason] for reason in RemovalReason if reason in tree["codes"]}
    fallback = tree["fallback"]
    return ReasonMap(
        tuple(tree["listed"]),
        {reason: ReasonCode(**_PLAIN_REASON_CODE.of_tree(each)) for reason, each in codes.items()},
        None if fallback is None else ReasonCode(**_PLAIN_REASON_CODE.of_tree(fallback)),
    )


def _settings_tree(settings: IntegrationSettings) -> dict[str, Any]:
    return _PLAIN_SETTINGS.of(settings) | {
        "environment": settings.environment.value,
        "removal_policy": _policy_tree(settings.removal_policy),
        "guards": _guards_tree(settings.guards),
        "reuse": _PLAIN_REUSE.of(settings.reuse) | {"mode": settings.reuse.mode.value},
        "divergences": _PLAIN_DIVERGENCES.of(settings.divergences),
        "foreign_contract_prefixes": list(settings.foreign_contract_prefixes),
    }


def _settings_of(tree: dict[str, Any]) -> IntegrationSettings:
    return IntegrationSettings(**_PLAIN_SETTINGS.of_tree(tree), **_read(tree, _SETTINGS_READERS))


def _read(tree: dict[str, Any], readers: _Readers) -> dict[str, Any]:
    """The fields that a mapper converts, of those that the tree has."""
    return {field: read(tree[name]) for name, (field, read) in readers.items() if name in tree}


def _policy_tree(policy: RemovalPolicy) -> dict[str, Any]:
    return _PLAIN_POLICY.of(policy) | {"rule": policy.rule.value, "tolerance_cents": policy.tolerance.cents}


def _policy_of(tree: dict[str, Any]) -> RemovalPolicy:
    return RemovalPolicy(**_PLAIN_POLICY.of_tree(tree), **_read(tree, _POLICY_READERS))


def _reuse_of(tree: dict[str, Any]) -> ReuseWindow:
    return ReuseWindow(**_PLAIN_REUSE.of_tree(tree), **_read(tree, _REUSE_READERS))


def _guards_tree(guards: GuardSettings) -> dict[str, Any]:
    return _PLAIN_GUARDS.of(guards) | {
        "fine_percent": str(guards.fine_percent),
        "monthly_interest_percent": str(guards.monthly_interest_percent),
        "notice_days_by_state": dict(guards.notice_days_by_state),
        "telecom": guards.telecom.value,
    }


def _guards_of(tree: dict[str, Any]) -> GuardSettings:
    return GuardSettings(**_PLAIN_GUARDS.of_tree(tree), **_read(tree, _GUARDS_READERS))


def _divergences_of(tree: dict[str, Any]) -> DivergencePolicies:
    codes = {name: member_of(DivergencePolicy, value) for name, value in tree.items() if name in _DIVERGENCE_CODES}
    return DivergencePolicies(**_PLAIN_DIVERGENCES.of_tree(tree) | codes)


_SETTINGS_READERS: _Readers = {
    "divergences": ("divergences", _divergences_of),
    "foreign_contract_prefixes": ("foreign_contract_prefixes", tuple),
    "environment": ("environment", partial(member_of, Environment)),
    "removal_policy": ("removal_policy", _policy_of),
    "guards": ("guards", _guards_of),
    "reuse": ("reuse", _reuse_of),
}
_POLICY_READERS: _Readers = {
    "rule": ("rule", partial(member_of, RemovalRule)),
    "tolerance_cents": ("tolerance", Money),
}
_REUSE_READERS: _Readers = {"mode": ("mode", partial(member_of, ReuseMode))}
_GUARDS_READERS: _Readers = {
    "fine_percent": ("fine_percent", Decimal),
    "monthly_interest_percent": ("monthly_interest_percent", Decimal),
    "notice_days_by_state": ("notice_days_by_state", dict),
    "telecom": ("telecom", partial(member_of, TelecomGuard)),
}


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
