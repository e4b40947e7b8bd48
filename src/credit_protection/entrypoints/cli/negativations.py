"""`negativations`: what became of each, and what a person may still do about it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Annotated

import typer

from credit_protection import InvalidInput, Negativation, NegativationFilter, Permission, RemovalReason, ui
from credit_protection.domain.parsing import fold
from credit_protection.domain.statuses import Status
from credit_protection.domain.statuses import status as status_of
from credit_protection.entrypoints.cli.adopt import adopt
from credit_protection.entrypoints.cli.options import (
    After,
    IntegrationOption,
    Limit,
    NegativationArgument,
    Remark,
    Yes,
    confirm,
    pairs,
)
from credit_protection.entrypoints.cli.output import next_page
from credit_protection.entrypoints.cli.session import Session, command

_MOST_PAGES = 500
negativations = typer.Typer(no_args_is_help=True, help="Negativações: situação, histórico, remoção.")
negativations.command("adopt")(adopt)


@command(negativations, "list")
def list_negativations(  # noqa: PLR0913 - options of one command
    session: Session,
    *,
    integration: IntegrationOption = None,
    customer: Annotated[str | None, typer.Option(help="Só as deste cliente.")] = None,
    document: Annotated[str | None, typer.Option(help="Só as deste CPF ou CNPJ.")] = None,
    open_: Annotated[bool | None, typer.Option("--open/--closed", help="Com ou sem trabalho pendente.")] = None,
    blocked: Annotated[bool | None, typer.Option("--blocked", help="Só as que esperam por você.")] = None,
    status: Annotated[
        str | None, typer.Option(help=f"Só as desta situação: {', '.join(each.value for each in Status)}.")
    ] = None,
    limit: Limit = 50,
    after: After = None,
) -> None:
    """Lista as negativações, a mais nova primeiro."""
    values = {
        "integration_id": None if integration is None else session.integration(integration).id,
        "customer_id": customer,
        "document": document,
        "is_open": open_,
        "blocked": blocked,
    }
    wanted = ui.negativation_filter(values)
    today = session.protection.negativations.today(session.actor)
    if status is None:
        page = session.protection.negativations.list(session.actor, wanted, ui.page_request(limit, after))
        items, cursor = page.items, page.cursor
    else:
        items, cursor = _of_status(session, wanted, _status(status), today, limit, after)
    table = ui.negativations_table(items, today)
    if not items:
        table = replace(table, empty=_why_empty(session, cursor, is_continued=after is not None))
    session.output.result(table, next_page(cursor))


def _of_status(
    session: Session,
    wanted: NegativationFilter,
    chosen: Status,
    today: Mapping[str, date],
    limit: int,
    after: str | None,
) -> tuple[list[Negativation], str | None]:
    """The next ones of a status, which no column has: pages are read until there are enough, or very many were read."""
    found: list[Negativation] = []
    cursor, pages = after, 0
    while True:
        page = session.protection.negativations.list(session.actor, wanted, ui.page_request(limit - len(found), cursor))
        found += [each for each in page.items if status_of(each, today[each.creditor_id]) is chosen]
        cursor, pages = page.cursor, pages + 1
        if cursor is None or len(found) >= limit or pages >= _MOST_PAGES:
            return found, cursor


def _status(text: str) -> Status:
    for each in Status:
        if fold(each.value) == fold(text):
            return each
    known = ", ".join(each.value for each in Status)
    raise InvalidInput(f"Não existe a situação {text!r}. Use uma destas: {known}.", field="status", code="situacao")


def _why_empty(session: Session, cursor: str | None, *, is_continued: bool) -> str:
    """What an empty list says: that there is none at all is said only where that is so."""
    if cursor is not None:
        return "Nada nesta parte da lista, e há mais. Continue com --after."
    if is_continued:
        return "A lista termina aqui."
    if session.protection.negativations.list(session.actor, page=ui.page_request(1)).items:
        return "Nada com este filtro; há outras. Para ver todas: credit-protection negativations list"
    return "Nenhuma negativação."


@command(negativations, "show")
def show(session: Session, negativation_id: NegativationArgument) -> None:
    """Mostra uma negativação: situação, o que o birô tem, histórico."""
    negativation = session.protection.negativations.get(session.actor, negativation_id)
    history = session.protection.negativations.history(session.actor, negativation_id)
    today = session.protection.negativations.today(session.actor)
    session.output.result(ui.negativation_record(negativation, today), ui.history_table(history))


@command(negativations, "delete")
def delete(
    session: Session,
    negativation_id: NegativationArgument,
    reason: Annotated[
        RemovalReason | None, typer.Option(help="Motivo da baixa; sem ele, solicitação do credor.")
    ] = None,
    attestation: Annotated[str, typer.Option(help="Como o pagamento foi comprovado, se o motivo é esse.")] = "",
    yes: Yes = False,
) -> None:
    """Apaga: põe na fila de remoção, ou cancela o que ainda não foi enviado."""
    _require_removal(session, negativation_id)
    confirm("Remover esta negativação do birô?", yes=yes)
    deleted = session.protection.negativations.delete(
        session.actor, negativation_id, reason=reason, attestation=attestation
    )
    _result(session, deleted, "Remoção pedida.")


@command(negativations, "withdraw")
def withdraw(session: Session, negativation_id: NegativationArgument) -> None:
    """Desfaz uma remoção pedida por pessoa, se nada foi enviado."""
    withdrawn = session.protection.negativations.withdraw(session.actor, negativation_id)
    _result(session, withdrawn, "Remoção desfeita.")


@command(negativations, "stop")
def stop(session: Session, negativation_id: NegativationArgument, *, remark: Remark) -> None:
    """Para de tentar; continua em aberto, com prazo e alarme."""
    stopped = session.protection.negativations.stop_trying(session.actor, negativation_id, remark)
    _result(session, stopped, "Tentativas paradas; o prazo legal continua a correr.")


@command(negativations, "resume")
def resume(session: Session, negativation_id: NegativationArgument) -> None:
    """Volta a tentar, depois de corrigido o que impedia."""
    resumed = session.protection.negativations.resume(session.actor, negativation_id)
    _result(session, resumed, "Tentativas retomadas.")


@command(negativations, "attest")
def attest(session: Session, negativation_id: NegativationArgument, *, remark: Remark, yes: Yes = False) -> None:
    """Declara que o birô não tem o registro, e encerra."""
    _require_removal(session, negativation_id)
    confirm("Você comprovou que o birô não tem este registro?", yes=yes)
    attested = session.protection.negativations.attest_absent(session.actor, negativation_id, remark)
    _result(session, attested, "Declaração registrada.")


@command(negativations, "relink")
def relink(
    session: Session,
    negativation_id: NegativationArgument,
    *,
    remark: Remark,
    invoice: Annotated[
        list[str] | None, typer.Option(help="ANTIGA=NOVA; sem ela, procura no ERP a fatura que confere.")
    ] = None,
    yes: Yes = False,
) -> None:
    """Liga uma fatura que o ERP não dá mais à que ele dá agora: outro número, ou outro ERP.

    Documento, vencimento (ou o original) e valor devem conferir. O que já foi pago continua a contar.
    """
    _require_removal(session, negativation_id)
    chosen = pairs(invoice, "--invoice") or _only_matches(session, negativation_id)
    what = ", ".join(f"{old} é a {new}" for old, new in chosen.items())
    confirm(f"Você confere que é a mesma fatura ({what})?", yes=yes)
    relinked = session.protection.negativations.relink(session.actor, negativation_id, chosen, remark)
    _result(session, relinked, "Fatura ligada. O ERP é lido de novo na próxima varredura.")


def _only_matches(session: Session, negativation_id: str) -> dict[str, str]:
    """The one invoice that agrees with each that the ERP no longer gives."""
    found = session.protection.negativations.relink_candidates(session.actor, negativation_id)
    if not found:
        raise InvalidInput(
            "O ERP dá todas as faturas desta negativação: não há o que ligar.", field="invoice", code="nada_a_ligar"
        )
    for old, matches in found.items():
        if len(matches) != 1:
            known = ", ".join(match.invoice.id for match in matches) or "nenhuma"
            raise InvalidInput(
                f"Faturas do ERP que conferem com a {old}: {known}. Diga qual é: --invoice {old}=NOVA.",
                field="invoice",
                code="fatura_ambigua",
            )
    return {old: matches[0].invoice.id for old, matches in found.items()}


def _require_removal(session: Session, negativation_id: str) -> None:
    """Refuse before asking: the use case checks it again."""
    negativation = session.protection.negativations.get(session.actor, negativation_id)
    session.actor.require(Permission.REMOVE, negativation.creditor_id)


def _result(session: Session, negativation: Negativation, message: str) -> None:
    session.output.message(message)
    today = session.protection.negativations.today(session.actor)
    session.output.result(ui.negativation_record(negativation, today, masked=True))
