"""An integration's settings as form fields: one table for screens, for `--set name=value` and for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import ClassVar

from credit_protection.domain.divergences import DivergencePolicy
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.guards import TelecomGuard
from credit_protection.domain.integrations import Environment, IntegrationSettings, ReuseMode
from credit_protection.domain.removal_policy import RemovalRule
from credit_protection.ui.forms import FieldKind, FormField
from credit_protection.ui.labels import label_for


@dataclass(frozen=True, slots=True)
class SettingField(FormField):
    """A setting as a form field. Read it with `value_in` or `text_in`, change it with `change_settings`.

    It is an `attribute` of a `part` of the settings, or of the settings themselves; `options` is its choices' enum.
    """

    part: str = ""
    attribute: str = ""
    options: type[Enum] | None = None
    error_code: ClassVar[str] = "ajuste_invalido"

    def value_in(self, settings: IntegrationSettings) -> object:
        """The value that the settings have, None where there is none; `format_value` shows it."""
        value: object = getattr(getattr(settings, self.part) if self.part else settings, self.attribute)
        return None if value == () else value

    def text_in(self, settings: IntegrationSettings) -> str:
        """The value that the settings have, as the text that `changed` reads back."""
        value = self.value_in(settings)
        if value is None:
            return "0" if self.kind is FieldKind.DECIMAL else self.text_of(())
        return self.text_of(value)

    def changed(self, settings: IntegrationSettings, text: str) -> IntegrationSettings:
        """The settings with this value. Raises `InvalidInput`: the text can't be read."""
        value = self.parse(text)
        if self.options is not None:
            value = self.options(value)
        elif self.attribute == "rate_per_second":  # zero means no limit, which the settings have as None
            value = float(str(value)) or None
        change = {self.attribute: value}
        if self.part:
            change = {self.part: replace(getattr(settings, self.part), **change)}
        return replace(settings, **change)  # type: ignore[arg-type]  # the table says which kind fits which attribute


def _field(
    name: str, part: str, label: str, kind: FieldKind | type[Enum], help_: str = "", *, attribute: str = ""
) -> SettingField:
    options = None if isinstance(kind, FieldKind) else kind
    return SettingField(
        name=name,
        label=label,
        kind=kind if isinstance(kind, FieldKind) else FieldKind.CHOICE,
        required=kind not in {FieldKind.DAYS_BY_STATE, FieldKind.TEXTS},
        help=help_,
        choices=() if options is None else tuple((str(one.value), label_for(one)) for one in options),
        part=part,
        attribute=attribute or name,
        options=options,
    )


_BOOLEAN, _DECIMAL, _INTEGER = FieldKind.BOOLEAN, FieldKind.DECIMAL, FieldKind.INTEGER

SETTING_FIELDS: tuple[SettingField, ...] = (
    _field("environment", "", "Ambiente", Environment, "Produção, onde o gateway não tem ambiente de teste."),
    _field("grouped", "", "Agrupar faturas", _BOOLEAN, "Um registro para as faturas escolhidas de um serviço."),
    _field("rate_per_second", "", "Chamadas por segundo", _DECIMAL, "Ao todo, no máximo; 0: sem limite."),
    _field("owns_transmission", "", "Transmissão por aqui", _BOOLEAN, "Não, enquanto o próprio ERP transmite."),
    _field("shared_account", "", "Conta compartilhada no birô", _BOOLEAN, "Sim: os desconhecidos só são contados."),
    _field(
        "foreign_contract_prefixes",
        "",
        "Contratos que não são nossos",
        FieldKind.TEXTS,
        "Começos de contrato, com vírgulas: OUTRO-, 99. Nenhum: -",
    ),
    _field("reuse_days", "reuse", "Reaproveitar consultas por (dias)", _INTEGER, "0: nunca.", attribute="days"),
    _field("reuse_mode", "reuse", "Diante de consulta recente", ReuseMode, attribute="mode"),
    _field("removal_rule", "removal_policy", "Remover quando", RemovalRule, attribute="rule"),
    _field(
        "removal_tolerance", "removal_policy", "Tolerância da quitação (R$)", FieldKind.MONEY, attribute="tolerance"
    ),
    _field("deletion_days", "removal_policy", "Prazo da exclusão por pessoa (dias úteis)", _INTEGER),
    _field(
        "availability_limit", "removal_policy", "Dinheiro disponível em até (dias úteis)", _INTEGER, "Do pagamento."
    ),
    _field("counts_local_holidays", "removal_policy", "Feriados locais adiam o prazo", _BOOLEAN, "Padrão: não."),
    _field("minimum_days_late", "guards", "Atraso mínimo (dias)", _INTEGER),
    _field("age_margin_days", "guards", "Margem antes dos cinco anos (dias)", _INTEGER),
    _field("fine_percent", "guards", "Multa (%)", _DECIMAL, "Pode ser somada ao saldo."),
    _field("monthly_interest_percent", "guards", "Juros ao mês (%)", _DECIMAL, "Podem ser somados ao saldo, por dia."),
    _field("creditor_notifies", "guards", "O credor avisa o devedor", _BOOLEAN, "Não, se o aviso é do birô."),
    _field("notice_days", "guards", "Prazo do aviso (dias)", _INTEGER),
    _field(
        "notice_days_by_state", "guards", "Prazo do aviso por estado", FieldKind.DAYS_BY_STATE, "Ex.: SP=20, RJ=15."
    ),
    _field("on_postponed", "divergences", "Fatura prorrogada", DivergencePolicy, attribute="postponed"),
    _field("on_lower_amount", "divergences", "Valor menor", DivergencePolicy, attribute="lower_amount"),
    _field("on_not_read", "divergences", "Fatura sem leitura", DivergencePolicy, attribute="not_read"),
    _field("not_read_days", "divergences", "Sem leitura, remover depois de (dias)", _INTEGER),
    _field("telecom", "guards", "Serviço não rescindido", TelecomGuard, "Anatel, Resolução 765/2023."),
)
"""All settings, in the order of a form."""

_BY_NAME = {field.name: field for field in SETTING_FIELDS}


def setting_values(settings: IntegrationSettings) -> dict[str, object]:
    """The settings by name, as the domain has them."""
    return {field.name: field.value_in(settings) for field in SETTING_FIELDS}


def change_settings(settings: IntegrationSettings, texts: Mapping[str, str]) -> IntegrationSettings:
    """The settings with what was entered, by the setting's name.

    Raises:
        InvalidInput: there is no such setting, or its value can't be read.
    """
    for name, text in texts.items():
        if name not in _BY_NAME:
            raise InvalidInput(
                f"Não existe o ajuste {name!r}. Use: {', '.join(_BY_NAME)}.", field=name, code="ajuste_desconhecido"
            )
        settings = _BY_NAME[name].changed(settings, text)
    return settings
