"""`removals` and `sweep`: what waits to be transmitted, and doing it here and now."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Annotated

import typer

from credit_protection.application.transmissions import Performed
from credit_protection.domain.actors import Permission
from credit_protection.domain.alarms import Alarm
from credit_protection.domain.negativations import status
from credit_protection.entrypoints.cli.exit_codes import ExitCode
from credit_protection.entrypoints.cli.failures import AlreadyTold
from credit_protection.entrypoints.cli.options import After, Json, Limit
from credit_protection.entrypoints.cli.output import Record, Row, Table
from credit_protection.entrypoints.cli.rows import negativation_row
from credit_protection.entrypoints.cli.session import Session, opened
from credit_protection.ports.storage import NegativationFilter, Page

removals = typer.Typer(no_args_is_help=True, help="A fila de remoção e o seu envio.")

_QUEUE = {
    "id": "Negativação",
    "customer_name": "Cliente",
    "status_text": "Situação",
    "causes": "Por quê",
    "waits": "O que a segura",
    "deadline": "Prazo legal",
    "business_days_left": "Dias úteis até o prazo",
    "last_error": "Último erro",
}
_ALARMS = {
    "severity": "Gravidade",
    "code": "Código",
    "deadline": "Prazo legal",
    "count": "Quantas",
    "message": "O que fazer",
}
_DONE = {"negativation_id": "Negativação", "action": "O que foi feito", "status_text": "Situação", "error": "Erro"}
_SWEPT = {
    "let_go": "Envios de processos perdidos, liberados",
    "told_by_host": "Baixas que só a leitura do ERP contou",
    "applied": "Faturas decididas",
    "lost_queries": "Consultas sem resposta, dadas por perdidas",
    "host_failed": "ERP",
    "alarms": "Alarmes avisados",
}
_SHORTEST_WAIT = 0.02


@removals.command("list")
def list_removals(limit: Limit = 50, after: After = None, json: Json = False) -> None:
    """Lista o que espera na fila de remoção, o prazo mais próximo primeiro."""
    with opened(as_json=json) as session:
        listed = session.protection.negativations.list(
            session.actor, NegativationFilter(in_removal_queue=True), Page(limit, after)
        )
        today = session.protection.negativations.today()
        waits = session.protection.alarms.waits(listed.items)
        rows = [
            {
                **negativation_row(one, today),
                "waits": waits[one.id].why,
                "business_days_left": waits[one.id].business_days_left,
            }
            for one in listed.items
        ]
        table = Table("removals", "Fila de remoção", _QUEUE, rows, "A fila de remoção está vazia.")
        session.output.show(table, Record({"next": "Continua com --after"}, {"next": listed.cursor}))


@removals.command("check")
def check(json: Json = False) -> None:
    """Para um monitor: termina com 1 se há alarme (prazo legal, silêncio, pausa), e com 0 se está tudo em dia."""
    with opened(as_json=json) as session:
        standing = session.protection.alarms.check(session.actor)
        rows = [_alarm_row(alarm) for alarm in standing]
        session.output.show(Table("alarms", "Alarmes", _ALARMS, rows, "Nenhum alarme."))
    if standing:
        raise AlreadyTold(ExitCode.REFUSED)


@removals.command("run")
def run(
    timeout: Annotated[float, typer.Option(min=0, help="Segundos a esperar pelo que ainda vai vencer.")] = 60,
    json: Json = False,
) -> None:
    """Envia agora o que está pendente (remoções primeiro), até não haver mais nada ou acabar o tempo."""
    with opened(as_json=json) as session:
        session.actor.require(Permission.TRANSMIT)
        session.protection.alarms.beat()
        rows = _transmit(session, time.monotonic() + timeout)
        session.output.show(Table("performed", "Enviado", _DONE, rows, "Nada a enviar."))


def sweep(json: Json = False) -> None:
    """Varre uma vez: baixas não aplicadas, envios de processos perdidos, o que o ERP não contou."""
    with opened(as_json=json) as session:
        session.actor.require(Permission.TRANSMIT)
        swept = session.protection.sweep.run()
        session.output.show(Record(_SWEPT, {name: getattr(swept, name) for name in _SWEPT}))


def _alarm_row(alarm: Alarm) -> Row:
    return {
        "code": alarm.code,
        "severity": alarm.severity,
        "subject": alarm.subject,
        "creditor_id": alarm.creditor_id,
        "deadline": alarm.deadline,
        "count": alarm.count or None,
        "is_more": alarm.is_more,
        "negativations": alarm.negativation_ids,
        "message": alarm.message,
    }


def _transmit(session: Session, end: float) -> list[Row]:
    """Perform what is due, and what becomes due before the end; one row a call."""
    transmissions = session.protection.removals
    workers = session.configuration.workers
    me = f"cli-{os.getpid()}"
    rows: list[Row] = []
    with ThreadPoolExecutor(workers) as threads:
        while True:
            due = transmissions.due(workers)
            done = [
                one
                for one in threads.map(lambda each: transmissions.perform(each.negativation_id, me), due)
                if one is not None and one.not_before is None
            ]
            rows.extend(_told(session, one) for one in done)
            if done:
                continue
            seconds = _seconds_until_next(session)
            if seconds is None or time.monotonic() + seconds > end:
                return rows
            time.sleep(max(seconds, _SHORTEST_WAIT))


def _seconds_until_next(session: Session) -> float | None:
    upcoming = session.protection.removals.next_due_at()
    return None if upcoming is None else max((upcoming - datetime.now(UTC)).total_seconds(), 0.0)


def _told(session: Session, performed: Performed) -> Row:
    shown = status(performed.negativation, session.protection.negativations.today()[performed.negativation.creditor_id])
    error = performed.error
    row: Row = {
        "negativation_id": performed.negativation.id,
        "action": performed.action,
        "status": shown,
        "status_text": shown.value,
        "error_code": None if error is None else error.code,
        "error": None if error is None else error.message,
    }
    session.output.say(f"{performed.negativation.id}: {shown.value}{'' if error is None else f' ({error.message})'}")
    return row
