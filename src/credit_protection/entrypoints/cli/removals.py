"""`removals` and `sweep`: what waits to be transmitted, and doing it here and now."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Annotated

import typer

from credit_protection.application.transmissions import Performed
from credit_protection.domain.actors import Permission
from credit_protection.domain.negativations import status
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
    "next_action": "Próximo passo",
    "deadline": "Prazo legal",
    "days_left": "Dias até o prazo",
    "due_at": "Não antes de",
    "last_error": "Último erro",
    "blocked_by": "Espera por você",
}
_DONE = {"negativation_id": "Negativação", "action": "O que foi feito", "status_text": "Situação", "error": "Erro"}
_SWEPT = {
    "let_go": "Envios de processos perdidos, liberados",
    "told_by_host": "Baixas que só a leitura do ERP contou",
    "applied": "Faturas decididas",
    "lost_queries": "Consultas sem resposta, dadas por perdidas",
    "host_failed": "ERP",
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
        rows = [negativation_row(one, today) for one in listed.items]
        table = Table("removals", "Fila de remoção", _QUEUE, rows, "A fila de remoção está vazia.")
        session.output.show(table, Record({"next": "Continua com --after"}, {"next": listed.cursor}))


@removals.command("run")
def run(
    timeout: Annotated[float, typer.Option(min=0, help="Segundos a esperar pelo que ainda vai vencer.")] = 60,
    json: Json = False,
) -> None:
    """Envia agora o que está pendente (remoções primeiro), até não haver mais nada ou acabar o tempo."""
    with opened(as_json=json) as session:
        session.actor.require(Permission.TRANSMIT)
        rows = _transmit(session, time.monotonic() + timeout)
        session.output.show(Table("performed", "Enviado", _DONE, rows, "Nada a enviar."))


def sweep(json: Json = False) -> None:
    """Varre uma vez: baixas não aplicadas, envios de processos perdidos, o que o ERP não contou."""
    with opened(as_json=json) as session:
        session.actor.require(Permission.TRANSMIT)
        swept = session.protection.sweep.run()
        session.output.show(Record(_SWEPT, {name: getattr(swept, name) for name in _SWEPT}))


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
                one for one in threads.map(lambda each: transmissions.perform(each.negativation_id, me), due) if one
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
