"""Alarms: a removal's legal deadline is near or reached, the host is not read, or no worker runs.

They are raised whatever delays a removal: a blocked transmission, a bureau that is down, a paused integration.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from credit_protection.domain.divergences import DivergenceCode
from credit_protection.domain.instants import is_ahead, is_longer_ago
from credit_protection.domain.integrations import Integration
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.state_table import Action
from credit_protection.domain.statuses import question
from credit_protection.domain.unreadable import Unreadable, UnreadableKind


class AlarmSeverity(StrEnum):
    """`CRITICAL` harms a customer or breaks the law now; `WARNING` will, unless a person acts."""

    WARNING = "warning"
    CRITICAL = "critical"


class AlarmCode(StrEnum):
    """What is wrong."""

    DEADLINE_REACHED = "prazo_atingido"
    DEADLINE_NEAR = "prazo_proximo"
    NEEDS_PERSON = "remocao_espera_por_voce"
    INTEGRATION_PAUSED = "integracao_pausada"
    SENT_BY_HOST = "transmissao_do_erp"
    HOST_NOT_READ = "erp_sem_leitura"
    UNREADABLE = "registro_ilegivel"
    WORKER_STOPPED = "trabalhador_parado"
    UNAPPLIED = "baixa_nao_aplicada"
    GATEWAY_MISSING = "gateway_ausente"
    SWEEP_FAILED = "varredura_falhou"
    HOST_NOT_CONFIGURED = "erp_nao_configurado"
    INCLUSIONS_HELD = "inclusoes_em_espera"
    CLOCK = "relogio"
    PLUGIN_BROKEN = "plugin_defeituoso"
    LIMITER_FAILED = "limite_com_falha"
    DATABASE_MISSING = "banco_ausente"
    DATABASE_EMPTY = "banco_vazio"
    NOT_CONFIGURED = "sem_integracao"
    CHECK_FAILED = "conferencia_falhou"


@dataclass(frozen=True, slots=True)
class AlarmSettings:
    """When alarms are raised.

    Args:
        business_days_before: this many business days before a deadline.
        host_unread_for: the host was not read for longer.
        worker_unseen_for: no worker gave a heartbeat for longer.
        paused_for: an integration is paused for longer, without an answer of the bureau in between.
        unapplied_for: a recorded settlement waits for longer to be applied.
    """

    business_days_before: int = 2
    host_unread_for: timedelta = timedelta(hours=24)
    worker_unseen_for: timedelta = timedelta(minutes=10)
    paused_for: timedelta = timedelta(minutes=10)
    unapplied_for: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that needs a person.

    Args:
        code: what is wrong; of divergences that await a person, theirs.
        subject: an integration's id, a host's code, a step of the sweep, `payments` or `worker`; with the code it names
            the alarm.
        day: on which it is raised: the creditor's date.
        creditor_id: whose; None for what concerns all.
        negativation_ids: some of those concerned, the most urgent first.
        count: how many are concerned; at least as many, where `is_more`.
    """

    code: AlarmCode | DivergenceCode
    severity: AlarmSeverity
    subject: str
    message: str
    day: date
    creditor_id: str | None = None
    deadline: date | None = None
    negativation_ids: tuple[str, ...] = ()
    count: int = 0
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class PendingRemoval:
    """A removal that is still to be transmitted."""

    negativation_id: str
    deadline: date


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """The most urgent removals of one integration, and those that wait for a person, whatever their deadline."""

    integration: Integration
    today: date
    calendar: BusinessCalendar
    pending: Sequence[PendingRemoval]
    awaiting_person: Sequence[PendingRemoval] = ()
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class HeartbeatFacts:
    """When the host was last read, and when a worker last gave a heartbeat.

    Args:
        host_is_needed: whether an open negativation depends on the host's settlements.
        host_swept_at: the oldest of the last polls that the host should have had, UTC; None for never.
        worker_is_needed: whether there is anything for a worker to do.
        heartbeat_at: the newest heartbeat of a worker, UTC; None for never.
        unreadable: records that could not be read and were left out.
        inclusions_held: whether inclusions wait after an outage or a restore.
    """

    host: str
    host_is_needed: bool
    host_swept_at: datetime | None
    worker_is_needed: bool
    heartbeat_at: datetime | None
    today: date
    unreadable: Sequence[Unreadable] = ()
    inclusions_held: bool = False


def without_ids(heartbeats: HeartbeatFacts) -> HeartbeatFacts:
    """The same for an actor that is bound to creditors: what could not be read may be another creditor's."""
    hidden = [replace(each, subject="", reason="") for each in heartbeats.unreadable]
    return replace(heartbeats, unreadable=hidden)


def alarms(
    queues: Sequence[QueueFacts], heartbeats: HeartbeatFacts, now: datetime, settings: AlarmSettings = AlarmSettings()
) -> list[Alarm]:
    """All alarms that are due now, the worst first; `queues` are those of every integration."""
    found = [alarm for queue in queues for alarm in _queue_alarms(queue, now, settings)]
    found += _missed_heartbeats(heartbeats, now, settings)
    found += _unreadable(heartbeats)
    return worst_first(found)


def worst_first(alarms: Iterable[Alarm]) -> list[Alarm]:
    """The critical ones first; then by code and subject."""
    order: list[str] = [*AlarmCode, *DivergenceCode]
    return sorted(
        alarms, key=lambda each: (each.severity is not AlarmSeverity.CRITICAL, order.index(each.code), each.subject)
    )


def nothing_configured(today: date) -> Alarm:
    """The alarm where there is no integration: this may be another database than the one that a worker works on."""
    message = (
        "Não há nenhuma integração neste banco: nada é conferido aqui. Confira CREDIT_PROTECTION_HOME e "
        "CREDIT_PROTECTION_DATABASE_URL, ou cadastre uma: credit-protection integration add."
    )
    return Alarm(AlarmCode.NOT_CONFIGURED, AlarmSeverity.CRITICAL, "integrations", message, today)


def is_due_soon(deadline: date, today: date, calendar: BusinessCalendar, business_days: int = 2) -> bool:
    """Whether the deadline is at most so many business days away, or over."""
    return today >= calendar.before(deadline, business_days)


def _queue_alarms(queue: QueueFacts, now: datetime, settings: AlarmSettings) -> list[Alarm]:
    today, calendar, days = queue.today, queue.calendar, settings.business_days_before
    reached = [each for each in queue.pending if each.deadline <= today]
    near = [
        each for each in queue.pending if today < each.deadline and is_due_soon(each.deadline, today, calendar, days)
    ]
    found: list[Alarm] = []
    name = queue.integration.description
    if reached:
        text = (
            f"Há {{many}} de {name!r} com o prazo legal hoje ou vencido. Veja o que as segura em: credit-protection "
            "removals list. Se não saírem já, remova-as no portal do birô e declare-o aqui."
        )
        found.append(_about(queue, AlarmCode.DEADLINE_REACHED, AlarmSeverity.CRITICAL, text, reached))
    if near:
        text = (
            f"Há {{many}} de {name!r} a {days} dias úteis do prazo legal ou menos. Confira o trabalhador e o birô: "
            "credit-protection removals list."
        )
        found.append(_about(queue, AlarmCode.DEADLINE_NEAR, AlarmSeverity.WARNING, text, near))
    if queue.awaiting_person:
        text = (
            f"Há {{many}} de {name!r} à espera de você: só uma pessoa pode decidir, e o prazo corre. Veja: "
            "credit-protection removals list."
        )
        found.append(_about(queue, AlarmCode.NEEDS_PERSON, AlarmSeverity.WARNING, text, queue.awaiting_person))
    if queue.pending and _is_paused_too_long(queue.integration, now, settings):
        why = queue.integration.pause_reason.strip().rstrip(".") or "sem motivo registrado"
        text = (
            f"A integração {name!r} está pausada há mais de {settings.paused_for // _MINUTE} minutos ({why}), com "
            "{many}. Corrija e teste: credit-protection integration test."
        )
        found.append(_about(queue, AlarmCode.INTEGRATION_PAUSED, AlarmSeverity.CRITICAL, text, queue.pending))
    if queue.pending and not queue.integration.settings.owns_transmission:
        text = (
            f"Na integração {name!r} quem transmite é o ERP, e há {{many}}. Confira se ele as enviou, e declare-o "
            "aqui; ou passe a transmissão para cá (owns_transmission=true)."
        )
        found.append(_about(queue, AlarmCode.SENT_BY_HOST, AlarmSeverity.WARNING, text, queue.pending))
    return found


def _is_paused_too_long(integration: Integration, now: datetime, settings: AlarmSettings) -> bool:
    """A short pause, or a bureau that throttles, needs no person."""
    since = integration.paused_since
    return integration.paused_until is not None and is_longer_ago(since, now, settings.paused_for)


_MINUTE = timedelta(minutes=1)
_SHOWN = 10
_SHOWN_UNREADABLE = 3


def _about(
    queue: QueueFacts, code: AlarmCode, severity: AlarmSeverity, text: str, concerned: Sequence[PendingRemoval]
) -> Alarm:
    is_more = queue.is_more and len(concerned) >= len(queue.pending)
    many = f"{'pelo menos ' if is_more else ''}{len(concerned)} remoção(ões)"
    return Alarm(
        code=code,
        severity=severity,
        subject=queue.integration.id,
        message=text.replace("{many}", many),
        day=queue.today,
        creditor_id=queue.integration.creditor_id,
        deadline=min(each.deadline for each in concerned),
        negativation_ids=tuple(each.negativation_id for each in concerned[:_SHOWN]),
        count=len(concerned),
        is_more=is_more,
    )


def _missed_heartbeats(heartbeats: HeartbeatFacts, now: datetime, settings: AlarmSettings) -> list[Alarm]:
    found: list[Alarm] = []
    if heartbeats.host_is_needed and is_overdue(heartbeats.host_swept_at, now, settings.host_unread_for):
        message = (
            f"{unread(heartbeats.host, heartbeats.host_swept_at, now)}: pagamentos podem não ter sido vistos. Confira "
            "o trabalhador e o acesso ao ERP: credit-protection sweep."
        )
        found.append(Alarm(AlarmCode.HOST_NOT_READ, AlarmSeverity.CRITICAL, heartbeats.host, message, heartbeats.today))
    if heartbeats.worker_is_needed and is_overdue(heartbeats.heartbeat_at, now, settings.worker_unseen_for):
        seen_at = heartbeats.heartbeat_at
        silent = "deu sinal até agora" if seen_at is None else f"dá sinal {since(seen_at, now)}"
        message = f"Nenhum trabalhador {silent}: nada é enviado ao birô. Inicie-o: credit-protection worker."
        found.append(Alarm(AlarmCode.WORKER_STOPPED, AlarmSeverity.CRITICAL, "worker", message, heartbeats.today))
    if heartbeats.inclusions_held:
        message = (
            "Depois de uma parada ou restauração as inclusões esperam; as remoções continuam. Reconcilie cada "
            "integração (credit-protection reconcile), confira as divergências e libere: credit-protection restored "
            "--continue."
        )
        found.append(Alarm(AlarmCode.INCLUSIONS_HELD, AlarmSeverity.WARNING, "inclusions", message, heartbeats.today))
    return found


_UNREADABLE = {
    UnreadableKind.SETTLEMENT: "baixa(s) gravada(s) que não se consegue(m) ler; a fatura é lida do ERP",
    UnreadableKind.INVOICE: "fatura(s) que o adaptador do ERP não consegue ler; um pagamento delas não seria visto",
    UnreadableKind.CUSTOMER: "cliente(s) que o adaptador do ERP não consegue ler",
}


def _unreadable(heartbeats: HeartbeatFacts) -> list[Alarm]:
    """One alarm for each host and kind of record that was left out, with the first ones and their reasons."""
    by_kind: dict[tuple[str, UnreadableKind], list[Unreadable]] = {}
    for each in heartbeats.unreadable:
        by_kind.setdefault((each.host, each.kind), []).append(each)
    found: list[Alarm] = []
    for (host, kind), left_out in by_kind.items():
        named = "; ".join(f"{each.subject} ({each.reason})" for each in left_out[:_SHOWN_UNREADABLE] if each.subject)
        shown = f": {named}" if named else ""
        message = f"Há {len(left_out)} {_UNREADABLE[kind]}{shown}. Corrija o registro em {host!r}."
        severity = AlarmSeverity.WARNING if kind is UnreadableKind.CUSTOMER else AlarmSeverity.CRITICAL
        subject = f"{host}.{kind.value}"
        found.append(Alarm(AlarmCode.UNREADABLE, severity, subject, message, heartbeats.today, count=len(left_out)))
    return found


def is_overdue(last: datetime | None, now: datetime, limit: timedelta) -> bool:
    """Whether the last time is longer ago than the limit, or there was none that can be believed."""
    return is_longer_ago(last, now, limit)


def unread(host: str, last: datetime | None, now: datetime) -> str:
    """That a host was not read since, as the beginning of a Portuguese sentence."""
    return f"O ERP {host!r} ainda não foi lido" if last is None else f"O ERP {host!r} não é lido {since(last, now)}"


def since(last: datetime, now: datetime) -> str:
    """How long ago it was, as a part of a Portuguese sentence."""
    if is_ahead(last, now):
        return "desde um instante que ainda não chegou (confira o relógio)"
    minutes = max(0, int((now - last) / timedelta(minutes=1)))
    return f"há {minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"há {minutes} min"  # noqa: PLR2004


def wait_reason(negativation: Negativation, integration: Integration, now: datetime) -> str:
    """Why a desired removal is not done yet, by what is stored: one Portuguese sentence, the strongest reason first."""
    work = negativation.transmission
    asked = question(negativation)
    if asked is not None:
        return asked
    if work.action is Action.ASK_PERSON:
        return "O birô não deixa verificar: só uma pessoa pode dizer se o registro consta."
    if not integration.settings.owns_transmission:
        return "Quem transmite nesta integração é o ERP."
    if integration.paused_until is not None and integration.paused_until > now:
        return f"A integração está pausada: {integration.pause_reason or 'sem motivo registrado'}"
    if work.claim is not None and work.claim.until > now:
        return "O envio está em andamento."
    if work.action is Action.AWAIT_CALLBACK:
        return "O birô ainda vai responder."
    if work.action is Action.POLL:
        return "O birô ainda processa o que recebeu."
    if work.due_at > now:
        failed = f", depois de {work.attempts} tentativa(s) sem êxito" if work.attempts else ""
        return f"Espera a próxima tentativa{failed}."
    return "Espera um trabalhador."
