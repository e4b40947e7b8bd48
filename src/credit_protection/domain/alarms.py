"""Alarms: a removal's legal deadline is near or reached, or something that should speak is silent.

They sound whatever the reason for the delay is: a blocked transmission, a bureau that is down, a paused integration.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from credit_protection.domain.negativations import Action

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.legal_calendar import BusinessCalendar
    from credit_protection.domain.negativations import Negativation


class AlarmSeverity(StrEnum):
    """`CRITICAL` harms a customer or breaks the law now; `WARNING` will, if nobody acts."""

    WARNING = "warning"
    CRITICAL = "critical"


class AlarmCode(StrEnum):
    """What is wrong."""

    DEADLINE_REACHED = "prazo_atingido"
    DEADLINE_NEAR = "prazo_proximo"
    NEEDS_PERSON = "remocao_espera_por_voce"
    INTEGRATION_PAUSED = "integracao_pausada"
    NOT_OURS = "transmissao_do_erp"
    HOST_SILENT = "erp_sem_leitura"
    WORKER_SILENT = "trabalhador_parado"


@dataclass(frozen=True, slots=True)
class AlarmSettings:
    """When alarms sound.

    Args:
        business_days_before: this many business days before a deadline.
        host_silence: the host was not swept for longer.
        worker_silence: no worker's heartbeat for longer.
        pause: an integration rests for longer, and nobody answered between.
    """

    business_days_before: int = 2
    host_silence: timedelta = timedelta(hours=24)
    worker_silence: timedelta = timedelta(minutes=10)
    pause: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that needs a person.

    Args:
        code: what is wrong; stable, for programs.
        severity: how bad.
        subject: an integration's id, the host's code, or `worker`; with the code it names the alarm.
        message: Portuguese, says what to do.
        day: on which it sounds: the creditor's date.
        creditor_id: whose; None for what concerns all.
        deadline: the earliest legal deadline concerned.
        negativation_ids: some of those concerned, the most urgent first.
        count: how many are concerned; at least as many, where `is_more`.
        is_more: whether there may be more than were counted.
    """

    code: AlarmCode
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
class WaitingRemoval:
    """A removal that is still to be transmitted."""

    negativation_id: str
    deadline: date


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """The removal queue of one integration.

    Args:
        integration: whose.
        today: the creditor's date.
        calendar: the creditor's.
        waiting: the most urgent removals.
        for_person: those that wait for a person, whatever their deadline.
        is_more: whether more wait than `waiting` holds.
    """

    integration: Integration
    today: date
    calendar: BusinessCalendar
    waiting: Sequence[WaitingRemoval]
    for_person: Sequence[WaitingRemoval] = ()
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class SilenceFacts:
    """Who should speak, and when they last did.

    Args:
        host: the host's code.
        host_matters: whether an open negativation depends on what the host tells.
        host_swept_at: the oldest of the last sweeps of the host that it should have, UTC; None for never.
        worker_matters: whether anything at all is watched over.
        heartbeat_at: the newest heartbeat of a worker, UTC; None for never.
        today: the date that these alarms sound on.
    """

    host: str
    host_matters: bool
    host_swept_at: datetime | None
    worker_matters: bool
    heartbeat_at: datetime | None
    today: date


def alarms(
    queues: Sequence[QueueFacts], silence: SilenceFacts, now: datetime, settings: AlarmSettings = AlarmSettings()
) -> list[Alarm]:
    """All alarms that stand now, the worst first.

    Args:
        queues: of every integration.
        silence: who should speak.
        now: instant, UTC.
        settings: when they sound.
    """
    found = [alarm for queue in queues for alarm in _of_queue(queue, now, settings)]
    found += _of_silence(silence, now, settings)
    order = list(AlarmCode)
    return sorted(
        found, key=lambda each: (each.severity is not AlarmSeverity.CRITICAL, order.index(each.code), each.subject)
    )


def is_near(deadline: date, today: date, calendar: BusinessCalendar, business_days: int = 2) -> bool:
    """Whether today is so many business days before the deadline, or later."""
    return today >= calendar.before(deadline, business_days)


def _of_queue(queue: QueueFacts, now: datetime, settings: AlarmSettings) -> list[Alarm]:
    today, calendar, days = queue.today, queue.calendar, settings.business_days_before
    reached = [each for each in queue.waiting if each.deadline <= today]
    near = [each for each in queue.waiting if today < each.deadline and is_near(each.deadline, today, calendar, days)]
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
    if queue.for_person:
        text = (
            f"Há {{many}} de {name!r} à espera de você: só uma pessoa pode decidir, e o prazo corre. Veja: "
            "credit-protection removals list."
        )
        found.append(_about(queue, AlarmCode.NEEDS_PERSON, AlarmSeverity.WARNING, text, queue.for_person))
    if queue.waiting and _rests_for_long(queue.integration, now, settings):
        why = queue.integration.pause_reason.strip().rstrip(".") or "sem motivo registrado"
        text = (
            f"A integração {name!r} está pausada há mais de {settings.pause // _MINUTE} minutos ({why}), com "
            "{many}. Corrija e teste: credit-protection integration test."
        )
        found.append(_about(queue, AlarmCode.INTEGRATION_PAUSED, AlarmSeverity.CRITICAL, text, queue.waiting))
    if queue.waiting and not queue.integration.owns_transmission:
        text = (
            f"Na integração {name!r} quem transmite é o ERP, e há {{many}}. Confira se ele as enviou, e declare-o "
            "aqui; ou passe a transmissão para cá (owns_transmission=true)."
        )
        found.append(_about(queue, AlarmCode.NOT_OURS, AlarmSeverity.WARNING, text, queue.waiting))
    return found


def _rests_for_long(integration: Integration, now: datetime, settings: AlarmSettings) -> bool:
    """A bureau that asks for calm, or is away for a moment, needs nobody."""
    since = integration.paused_since
    return integration.paused_until is not None and (since is None or now - since > settings.pause)


_MINUTE = timedelta(minutes=1)
_SHOWN = 10


def _about(
    queue: QueueFacts, code: AlarmCode, severity: AlarmSeverity, text: str, concerned: Sequence[WaitingRemoval]
) -> Alarm:
    is_more = queue.is_more and len(concerned) >= len(queue.waiting)
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


def _of_silence(silence: SilenceFacts, now: datetime, settings: AlarmSettings) -> list[Alarm]:
    found: list[Alarm] = []
    if silence.host_matters and _is_silent(silence.host_swept_at, now, settings.host_silence):
        message = (
            f"O ERP {silence.host!r} não é lido {_since(silence.host_swept_at, now)}: pagamentos podem não ter sido "
            "vistos. Confira o trabalhador e o acesso ao ERP: credit-protection sweep."
        )
        found.append(_silent(AlarmCode.HOST_SILENT, silence.host, message, silence.today))
    if silence.worker_matters and _is_silent(silence.heartbeat_at, now, settings.worker_silence):
        message = (
            f"Nenhum trabalhador dá sinal {_since(silence.heartbeat_at, now)}: nada é enviado ao birô. Inicie-o: "
            "credit-protection worker."
        )
        found.append(_silent(AlarmCode.WORKER_SILENT, "worker", message, silence.today))
    return found


def _silent(code: AlarmCode, subject: str, message: str, day: date) -> Alarm:
    return Alarm(code, AlarmSeverity.CRITICAL, subject, message, day)


def _is_silent(last: datetime | None, now: datetime, limit: timedelta) -> bool:
    return last is None or now - last > limit


def _since(last: datetime | None, now: datetime) -> str:
    if last is None:
        return "e nunca foi"
    minutes = int((now - last) / timedelta(minutes=1))
    return f"há {minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"há {minutes} min"  # noqa: PLR2004


def why_it_waits(negativation: Negativation, integration: Integration, now: datetime) -> str:
    """Why a removal is not done yet: one Portuguese sentence, the strongest reason first.

    Args:
        negativation: whose removal is desired.
        integration: through which it goes.
        now: instant, UTC.
    """
    work = negativation.transmission
    if work.block is not None:
        return work.block.message
    if work.action is Action.ASK_PERSON:
        return "O birô não deixa verificar: só uma pessoa pode dizer se o registro consta."
    if not integration.owns_transmission:
        return "Quem transmite nesta integração é o ERP."
    if integration.is_paused(now):
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
