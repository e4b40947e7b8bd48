"""`removals` and `sweep`: what waits to be transmitted, and doing it here and now."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from credit_protection import Action, Alarm, AlarmCode, AlarmSeverity, ConfigurationError, Permission, ui
from credit_protection.entrypoints.cli.exit_codes import ExitCode
from credit_protection.entrypoints.cli.failures import ExitWith
from credit_protection.entrypoints.cli.options import After, Limit
from credit_protection.entrypoints.cli.output import next_page
from credit_protection.entrypoints.cli.session import Session, command, with_session

if TYPE_CHECKING:
    from credit_protection import TransmissionResult

removals = typer.Typer(no_args_is_help=True, help="A fila de remoção e o seu envio.")

_PERFORMED = ui.make_columns(
    negativation_id="Negativação", action="O que foi feito", status_text="Situação", error="Erro"
)
_WAITING = ui.make_columns(
    negativation_id="Negativação",
    customer_name="Cliente",
    status_text="Situação",
    waits="O que a segura",
    not_before="Não antes de",
    deadline="Prazo legal",
    business_days_left="Dias úteis até o prazo",
)
_MOST_SHOWN = 50
_SWEEP = ui.make_columns(
    leases_released="Envios de processos perdidos, liberados",
    found_by_polling="Baixas que só a leitura do ERP contou",
    applied="Faturas decididas",
    lost_queries="Consultas sem resposta, dadas por perdidas",
    host_failed="ERP",
    alarms="Alarmes avisados",
    failed_steps="Passos que falharam",
)
_MIN_SLEEP = 0.02


@command(removals, "list")
def list_removals(session: Session, limit: Limit = 50, after: After = None) -> None:
    """Lista o que espera na fila de remoção, o prazo mais próximo primeiro."""
    wanted = ui.negativation_filter({"in_removal_queue": True})
    page = session.protection.negativations.list(session.actor, wanted, ui.page_request(limit, after))
    today = session.protection.negativations.today(session.actor)
    reasons = session.protection.alarms.wait_reasons(page.items)
    session.output.result(ui.removal_queue_table(page.items, today, reasons), next_page(page.cursor))


@command(removals, "check", only_existing=True)
def check(session: Session) -> None:
    """Para um monitor: termina com 1 se há alarme (prazo, silêncio, pausa, divergência), e com 0 se não há.

    Não cria nada: sem banco, com um banco vazio ou sem integração, isso é o alarme.
    """
    alarms: list[Alarm] = []
    try:
        alarms += session.protection.alarms.check(session.actor)
        session.protection.host_identity.require_known()
    except ConfigurationError as error:
        alarms.append(_check_failed(error))
    session.output.result(ui.alarms_table(alarms))
    if alarms:
        raise ExitWith(ExitCode.REFUSED)


@command(removals, "run")
def run(
    session: Session,
    timeout: Annotated[float, typer.Option(min=0, help="Segundos a esperar pelo que ainda vai vencer.")] = 60,
) -> None:
    """Lê o ERP, aplica as baixas e envia o que está pendente, até não haver mais nada ou acabar o tempo.

    Para um cron no lugar do trabalhador. Termina com 3 se uma remoção ainda espera o envio ou o ERP não foi lido.
    """
    session.require_everywhere(Permission.TRANSMIT)
    session.protection.alarms.record_heartbeat()
    read = session.protection.sweep.apply_payments()
    rows = _transmit(session, time.monotonic() + timeout)
    waiting, is_unsent = _waiting(session)
    if message := session.protection.reconciliation.hold(session.actor).message:
        session.output.message(message)
    if read.host_failed:
        session.output.message(f"O ERP não pôde ser lido: {read.host_failed}")
    if read.failed_steps:
        session.output.message("Um passo falhou. Veja: credit-protection removals check.")
    empty = "Nada foi enviado." if waiting else "Nada a enviar."
    parts = [ui.Table("performed", "Enviado", _PERFORMED, rows, empty)]
    if waiting:
        parts.append(ui.Table("waiting", "Ainda espera", _WAITING, waiting))
    session.output.result(*parts)
    if is_unsent or read.host_failed or read.failed_steps:
        raise ExitWith(ExitCode.UNAVAILABLE)


@with_session
def sweep(session: Session) -> None:
    """Varre uma vez: lê todas as faturas em aberto, aplica as baixas, libera envios de processos perdidos."""
    session.require_everywhere(Permission.TRANSMIT)
    session.output.result(
        ui.Record(_SWEEP, ui.make_row(session.protection.sweep.run(reads_all=True), *(column.key for column in _SWEEP)))
    )


def _check_failed(error: ConfigurationError) -> Alarm:
    """The alarm where the installation, or its database, is not there to be checked."""
    own = {each.value: each for each in (AlarmCode.DATABASE_MISSING, AlarmCode.DATABASE_EMPTY)}
    code = own.get(error.code, AlarmCode.CHECK_FAILED)
    return Alarm(code, AlarmSeverity.CRITICAL, error.code, error.message, datetime.now(UTC).date())


def _transmit(session: Session, end: float) -> list[ui.Row]:
    """Perform what is due, and what becomes due before the end; one row a call."""
    transmissions = session.protection.removals
    workers = session.configuration.workers
    me = f"cli-{os.getpid()}"
    rows: list[ui.Row] = []
    with ThreadPoolExecutor(workers) as threads:
        while True:
            due = transmissions.due(workers)
            done = [
                result
                for result in threads.map(lambda each: transmissions.perform(each.negativation_id, me), due)
                if result is not None and result.not_before is None
            ]
            rows.extend(_report(session, result) for result in done if result.action is not None)
            if done:
                continue
            seconds = _seconds_until_next(session)
            if seconds is None or time.monotonic() + seconds > end:
                return rows
            time.sleep(max(seconds, _MIN_SLEEP))


def _waiting(session: Session) -> tuple[list[ui.Row], bool]:
    """What is still open, removals first; and whether a removal waits to be sent."""
    protection, page = session.protection, ui.page_request(_MOST_SHOWN, None)
    found = [
        each
        for is_removal in (True, False)
        for each in protection.negativations.list(
            session.actor, ui.negativation_filter({"is_open": True, "in_removal_queue": is_removal}), page
        ).items
    ]
    reasons, today = protection.alarms.wait_reasons(found), protection.negativations.today(session.actor)
    rows: list[ui.Row] = []
    is_unsent = False
    for each in found:
        wait, work = reasons[each.id], each.transmission
        is_removal = work.deadline is not None and work.action in {Action.REMOVE, Action.LOOK_UP}
        is_unsent = is_unsent or (is_removal and wait.until is not None)
        shown = ui.negativation_record(each, today, masked=True).row
        rows.append(
            {
                "negativation_id": each.id,
                **{key: shown[key] for key in ("customer_name", "status", "status_text", "deadline", "last_error")},
                "waits": wait.reason,
                "not_before": wait.until,
                "business_days_left": wait.business_days_left,
            }
        )
    return rows, is_unsent


def _seconds_until_next(session: Session) -> float | None:
    upcoming = session.protection.removals.next_due_at()
    return None if upcoming is None else max((upcoming - datetime.now(UTC)).total_seconds(), 0.0)


def _report(session: Session, result: "TransmissionResult") -> ui.Row:
    """Report one call as it happens, and give its row."""
    negativation, error = result.negativation, result.error
    row = ui.negativation_record(negativation, session.protection.negativations.today(session.actor)).row
    session.output.message(f"{negativation.id}: {row['status_text']}{'' if error is None else f' ({error.message})'}")
    return {
        "negativation_id": negativation.id,
        "action": result.action,
        "status": row["status"],
        "status_text": row["status_text"],
        "error_code": None if error is None else error.code,
        "error": None if error is None else error.message,
    }
