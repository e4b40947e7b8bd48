"""Alarms about what would otherwise stay unseen: waiting payments, missing plugins, failed steps, divergences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from types import MappingProxyType

from credit_protection.domain.alarms import Alarm, AlarmCode, AlarmSettings, AlarmSeverity, is_overdue, since, unread
from credit_protection.domain.divergences import DivergenceCode, DivergenceSeverity
from credit_protection.domain.instants import is_clock_behind
from credit_protection.domain.integrations import Integration
from credit_protection.domain.troubles import Trouble, TroubleKind


@dataclass(frozen=True, slots=True)
class WaitingPayments:
    """Settlements that were recorded and not applied for too long.

    Args:
        count: how many; at least as many, where `is_more`.
        since: when the oldest one was recorded, UTC.
    """

    count: int
    since: datetime
    invoice_ids: Sequence[str] = ()
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class MissingGateway:
    """An integration whose gateway no plugin offers in this environment."""

    integration: Integration
    open_negativations: int
    today: date


@dataclass(frozen=True, slots=True)
class OtherHost:
    """A host that open negativations name and that this environment does not use; `read_at` is its last reading."""

    code: str
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class AwaitingDivergences:
    """The divergences of one integration and code that await a person."""

    integration: Integration
    code: DivergenceCode
    severity: DivergenceSeverity
    count: int
    decide_by: date | None
    today: date


@dataclass(frozen=True, slots=True)
class SilenceFacts:
    """What nobody would see otherwise.

    Args:
        host: the code of this environment's host.
        failed_steps: why each step of the sweep failed the last time it ran, by its name.
        troubles: the parts of an environment that fail now.
        newest: the newest instant at which anything was done, UTC.
    """

    host: str
    today: date
    waiting: WaitingPayments | None = None
    missing_gateways: Sequence[MissingGateway] = ()
    failed_steps: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    other_hosts: Sequence[OtherHost] = ()
    divergences: Sequence[AwaitingDivergences] = ()
    troubles: Sequence[Trouble] = ()
    newest: datetime | None = None

    def without_ids(self) -> SilenceFacts:
        """The same for an actor that is bound to creditors: the invoices that wait may be another creditor's."""
        return self if self.waiting is None else replace(self, waiting=replace(self.waiting, invoice_ids=()))


def silence_alarms(facts: SilenceFacts, now: datetime, settings: AlarmSettings = AlarmSettings()) -> list[Alarm]:
    """The alarms about these facts, in no particular order."""
    found = [_waiting(facts.waiting, facts.today, now)] if facts.waiting is not None else []
    found += [_missing(each) for each in facts.missing_gateways]
    found += [_failed(step, why, facts.today) for step, why in facts.failed_steps.items()]
    found += [alarm for each in facts.other_hosts for alarm in _other_host(each, facts, now, settings)]
    found += [_awaiting(each) for each in facts.divergences]
    found += [_trouble(each, facts.today) for each in facts.troubles]
    if facts.newest is not None and is_clock_behind(facts.newest, now):
        found.append(_clock(facts.newest, facts.today, now))
    return found


def _waiting(waiting: WaitingPayments, today: date, now: datetime) -> Alarm:
    many = f"{'pelo menos ' if waiting.is_more else ''}{waiting.count}"
    shown = f" (faturas {', '.join(waiting.invoice_ids[:_SHOWN])})" if waiting.invoice_ids else ""
    message = (
        f"Há {many} baixa(s) gravada(s) e não aplicada(s), a mais antiga {since(waiting.since, now)}"
        f"{shown}: quem pagou pode continuar negativado. Confira o trabalhador e o log: credit-protection sweep."
    )
    return Alarm(
        AlarmCode.UNAPPLIED,
        AlarmSeverity.CRITICAL,
        "payments",
        message,
        today,
        count=waiting.count,
        is_more=waiting.is_more,
    )


def _missing(missing: MissingGateway) -> Alarm:
    integration, count = missing.integration, missing.open_negativations
    what = f", e há {count} negativação(ões) em aberto: nenhuma remoção é enviada daqui" if count else ""
    message = (
        f"O gateway {integration.gateway!r} da integração {integration.description!r} não está instalado neste "
        f"ambiente{what}. Instale o plugin que o oferece e confira: credit-protection plugins list."
    )
    severity = AlarmSeverity.CRITICAL if count else AlarmSeverity.WARNING
    code, creditor = AlarmCode.GATEWAY_MISSING, integration.creditor_id
    return Alarm(code, severity, integration.id, message, missing.today, creditor, count=count)


def _failed(step: str, why: str, today: date) -> Alarm:
    message = (
        f"Um passo da varredura falhou na última vez ({step}): {why} O que ele faria não foi feito. Veja o log e "
        "repita: credit-protection sweep."
    )
    return Alarm(AlarmCode.SWEEP_FAILED, AlarmSeverity.CRITICAL, step, message, today)


def _other_host(other: OtherHost, facts: SilenceFacts, now: datetime, settings: AlarmSettings) -> list[Alarm]:
    is_silent = is_overdue(other.read_at, now, settings.host_unread_for)
    severity = AlarmSeverity.CRITICAL if is_silent else AlarmSeverity.WARNING
    message = (
        f"Há negativações em aberto do ERP {other.code!r}, e este ambiente usa {facts.host!r}: daqui os pagamentos "
        "delas não são vistos. Instale aqui o plugin daquele ERP, ou trate-as no ambiente em que ele está; se as "
        "faturas passaram para este ERP, ligue-as: credit-protection negativations relink."
    )
    found = [Alarm(AlarmCode.HOST_NOT_CONFIGURED, severity, other.code, message, facts.today)]
    if is_silent:
        message = (
            f"{unread(other.code, other.read_at, now)}: pagamentos podem não ter sido vistos. "
            "Confira o trabalhador e o acesso ao ERP: credit-protection sweep."
        )
        found.append(Alarm(AlarmCode.HOST_NOT_READ, AlarmSeverity.CRITICAL, other.code, message, facts.today))
    return found


def _trouble(trouble: Trouble, today: date) -> Alarm:
    is_limiter = trouble.kind is TroubleKind.LIMITER
    code = AlarmCode.LIMITER_FAILED if is_limiter else AlarmCode.PLUGIN_BROKEN
    severity = AlarmSeverity.WARNING if trouble.kind in _HARMLESS else AlarmSeverity.CRITICAL
    return Alarm(code, severity, trouble.subject, trouble.message, today)


def _clock(newest: datetime, today: date, now: datetime) -> Alarm:
    message = (
        f"O relógio deste computador diz {_utc(now)}, e já se trabalhou às {_utc(newest)} (UTC): um relógio está ou "
        "esteve errado. Nenhuma inclusão é enviada; as remoções continuam. Acerte o relógio de cada máquina. Se este "
        "está certo, diga-o: credit-protection restored --continue."
    )
    return Alarm(AlarmCode.CLOCK, AlarmSeverity.CRITICAL, "clock", message, today)


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%d/%m/%Y %H:%M}"


def _awaiting(awaiting: AwaitingDivergences) -> Alarm:
    integration, day = awaiting.integration, awaiting.decide_by
    until = "" if day is None else f", a primeira até {day:%d/%m/%Y}"
    is_late = day is not None and day < awaiting.today
    is_critical = awaiting.severity is DivergenceSeverity.CRITICAL or is_late
    message = (
        f"Há {awaiting.count} divergência(s) {awaiting.code.value} em {integration.description!r} à espera de "
        f"você{until}. Veja e decida: credit-protection divergences list --code {awaiting.code.value} --awaiting."
    )
    return Alarm(
        awaiting.code,
        AlarmSeverity.CRITICAL if is_critical else AlarmSeverity.WARNING,
        integration.id,
        message,
        awaiting.today,
        integration.creditor_id,
        day,
        count=awaiting.count,
    )


_SHOWN = 3
_HARMLESS = frozenset({TroubleKind.HOOK, TroubleKind.LIMITER})
