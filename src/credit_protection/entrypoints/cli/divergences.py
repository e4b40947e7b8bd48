"""`divergences`: where the ERP, this software and the bureau disagree, and a person's decision about it."""

from typing import Annotated

import typer

from credit_protection import Decision, RemovalReason, ui
from credit_protection.entrypoints.cli.options import After, IntegrationOption, Limit
from credit_protection.entrypoints.cli.output import next_page
from credit_protection.entrypoints.cli.session import Session, command

divergences = typer.Typer(no_args_is_help=True, help="Divergências entre o ERP, este programa e o birô.")
_Id = Annotated[str, typer.Argument(metavar="DIVERGÊNCIA", help="Id da divergência.")]


@command(divergences, "list")
def list_divergences(
    session: Session,
    *,
    integration: IntegrationOption = None,
    negativation: Annotated[str | None, typer.Option(help="Só as desta negativação, pelo id.")] = None,
    code: Annotated[str | None, typer.Option(help="Só as deste código (fatura_prorrogada).")] = None,
    open_: Annotated[bool, typer.Option("--open/--closed", help="Abertas ou encerradas.")] = True,
    awaiting: Annotated[bool | None, typer.Option("--awaiting/--decided", help="À espera de decisão ou não.")] = None,
    limit: Limit = 50,
    after: After = None,
) -> None:
    """Lista as divergências, a mais nova primeiro."""
    wanted = ui.divergence_filter(
        {
            "integration_id": None if integration is None else session.integration(integration).id,
            "negativation_id": negativation,
            "code": code,
            "is_open": open_,
            "awaits_person": awaiting,
        }
    )
    page = session.protection.divergences.list(session.actor, wanted, ui.page_request(limit, after))
    session.output.result(ui.divergences_table(page.items), next_page(page.cursor))


@command(divergences, "show")
def show(session: Session, divergence_id: _Id) -> None:
    """Mostra uma divergência: os dois lados, o que fazer, até quando."""
    session.output.result(ui.divergence_record(session.protection.divergences.get(session.actor, divergence_id)))


@command(divergences, "decide")
def decide(
    session: Session,
    divergence_id: _Id,
    decision: Annotated[Decision, typer.Argument(metavar="DECISÃO", help="keep, remove ou continue (só o freio).")],
    remark: Annotated[str, typer.Option("--remark", help="Por que, em uma frase; fica na auditoria.")] = "",
    reason: Annotated[RemovalReason | None, typer.Option(help="Motivo da baixa, se a decisão é remover.")] = None,
) -> None:
    """Decide: manter o registro, removê-lo, ou deixar o freio continuar. Manter vale para os valores mostrados."""
    decided = session.protection.divergences.decide(
        session.actor, divergence_id, decision, remark=remark, reason=reason
    )
    session.output.message("Decisão registrada.")
    session.output.result(ui.divergence_record(decided))
