"""`--set name=value`: an integration's settings, by the names that their JSON has."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from credit_protection.application.integrations import IntegrationSettings
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.guards import TelecomGuard
from credit_protection.domain.integrations import Environment, ReuseMode
from credit_protection.domain.removal_policy import Trigger
from credit_protection.entrypoints.cli.options import reais

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from credit_protection.domain.integrations import Integration

_Choice = TypeVar("_Choice", bound=Enum)
_YES, _NO = {"true", "sim", "1"}, {"false", "nao", "não", "0"}


def _yes_or_no(text: str) -> bool:
    if text.casefold() not in _YES | _NO:
        raise ValueError("use true ou false")
    return text.casefold() in _YES


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("use um número inteiro, zero ou maior")
    return int(text)


def _percent(text: str) -> Decimal:
    try:
        percent = Decimal(text.replace(",", "."))
    except InvalidOperation:
        percent = Decimal("NaN")
    if not percent.is_finite() or percent < 0:
        raise ValueError("use uma porcentagem, por exemplo 2 ou 0.5")
    return percent


def _rate(text: str) -> float | None:
    rate = float(_percent(text))
    return rate or None


def _one_of(kind: type[_Choice]) -> Callable[[str], _Choice]:
    def read(text: str) -> _Choice:
        try:
            return kind(text)
        except ValueError:
            raise ValueError(f"use um destes: {', '.join(str(one.value) for one in kind)}") from None

    return read


_TABLE: Mapping[str, tuple[str, str, Callable[[str], object]]] = {
    # name: part of the settings, its field, how the text is read
    "environment": ("", "environment", _one_of(Environment)),
    "grouped": ("", "grouped", _yes_or_no),
    "rate_per_second": ("", "rate_per_second", _rate),
    "owns_transmission": ("", "owns_transmission", _yes_or_no),
    "reuse_days": ("reuse", "days", _count),
    "reuse_mode": ("reuse", "mode", _one_of(ReuseMode)),
    "removal_trigger": ("removal_policy", "trigger", _one_of(Trigger)),
    "removal_tolerance": ("removal_policy", "tolerance", reais),
    "deletion_days": ("removal_policy", "deletion_days", _count),
    "minimum_days_late": ("guards", "minimum_days_late", _count),
    "age_margin_days": ("guards", "age_margin_days", _count),
    "fine_percent": ("guards", "fine_percent", _percent),
    "monthly_interest_percent": ("guards", "monthly_interest_percent", _percent),
    "creditor_notifies": ("guards", "creditor_notifies", _yes_or_no),
    "notice_days": ("guards", "notice_days", _count),
    "telecom": ("guards", "telecom", _one_of(TelecomGuard)),
}
NAMES = tuple(_TABLE)


def settings_of(integration: Integration) -> IntegrationSettings:
    """The settings as they are stored."""
    return IntegrationSettings(
        environment=integration.environment,
        removal_policy=integration.removal_policy,
        guards=integration.guards,
        reuse=integration.reuse,
        grouped=integration.grouped,
        rate_per_second=integration.rate_per_second,
        owns_transmission=integration.owns_transmission,
    )


def described(settings: IntegrationSettings) -> dict[str, object]:
    """The settings by name."""
    return {
        name: getattr(getattr(settings, part) if part else settings, field) for name, (part, field, _) in _TABLE.items()
    }


def changed(settings: IntegrationSettings, given: Mapping[str, str]) -> IntegrationSettings:
    """The settings with what was given.

    Raises:
        InvalidInput: there is no such setting, or its value can't be read.
    """
    for name, text in given.items():
        if name not in _TABLE:
            raise InvalidInput(
                f"Não existe o ajuste {name!r}. Use: {', '.join(NAMES)}.", field=name, code="ajuste_desconhecido"
            )
        part, field, read = _TABLE[name]
        try:
            value = read(text.strip())
        except ValueError as error:
            raise InvalidInput(
                f"O ajuste {name} não pode ser {text!r}: {error}.", field=name, code="ajuste_invalido"
            ) from None
        change = {field: value}
        settings = (
            replace(settings, **{part: replace(getattr(settings, part), **change)})
            if part
            else replace(settings, **change)  # type: ignore[arg-type]  # the table says which reader fits which field
        )
    return settings
