"""`negativations`: what became of each, and what a person may still do about it."""

from typing import Annotated

import typer

from credit_protection import Negativation, Permission, RemovalReason, ui
from credit_protection.entrypoints.cli.adopt import adopt
from credit_protection.entrypoints.cli.options import (
    After,
    IntegrationOption,
    Limit,
    NegativationArgument,
    Remark,
    Yes,
    confirm,
)
from credit_protection.entrypoints.cli.output import next_page
from credit_protection.entrypoints.cli.session import Session, command

negativations = typer.Typer(no_args_is_help=True, help="Negativações: situação, histórico, remoção.")
negativations.command("adopt")(adopt)


@command(negativations, "list")
def list_negativations(
    session: Session,
    integration: IntegrationOption = None,
    customer: Annotated[str | None, typer.Option(help="Só as deste cliente.")] = None,
    document: Annotated[str | None, typer.Option(help="Só as deste CPF ou CNPJ.")] = None,
    open_: Annotated[bool | None, typer.Option("--open/--closed", help="Com ou sem trabalho pendente.")] = None,
    blocked: Annotated[bool | None, typer.Option("--blocked", help="Só as que esperam por você.")] = None,
    limit: Limit = 50,
    after: After = None,
) -> None:
    """Lista as negativações, a mais nova primeiro."""
    wanted = ui.negativation_filter(
        {
            "integration_id": None if integration is None else session.integration(integration).id,
            "customer_id": customer,
            "document": document,
            "is_open": open_,
            "blocked": blocked,
        }
    )
    page = session.protection.negativations.list(session.actor, wanted, ui.page_request(limit, after))
    today = session.protection.negativations.today(session.actor)
    session.output.result(ui.negativations_table(page.items, today), next_page(page.cursor))


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


def _require_removal(session: Session, negativation_id: str) -> None:
    """Refuse before asking: the use case checks it again."""
    negativation = session.protection.negativations.get(session.actor, negativation_id)
    session.actor.require(Permission.REMOVE, negativation.creditor_id)


def _result(session: Session, negativation: Negativation, message: str) -> None:
    session.output.message(message)
    today = session.protection.negativations.today(session.actor)
    session.output.result(ui.negativation_record(negativation, today, masked=True))
