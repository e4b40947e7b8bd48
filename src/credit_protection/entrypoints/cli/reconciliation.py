"""`reconcile` and `restored`: the bureau's side compared, and inclusions after an outage or a restore."""

from pathlib import Path
from typing import Annotated

import typer

from credit_protection import ui
from credit_protection.entrypoints.cli.exit_codes import ExitCode
from credit_protection.entrypoints.cli.failures import ExitWith
from credit_protection.entrypoints.cli.options import IntegrationArgument, Remark
from credit_protection.entrypoints.cli.session import Session, with_session


@with_session
def reconcile(
    session: Session,
    *,
    integration: IntegrationArgument = None,
    file: Annotated[Path | None, typer.Option(help="De um extrato do birô, em vez de perguntar a ele.")] = None,
    portal: Annotated[
        Path | None, typer.Option(help="De um extrato do portal, sem contratos: só compara as contagens por documento.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Quando o extrato foi tirado: '24/11/2026 14:30'.")
    ] = None,
) -> None:
    """Compara o que o birô mostra com o que se sabe aqui, e abre as divergências."""
    chosen = session.integration(integration)
    reconciliation = session.protection.reconciliation
    if portal is not None:
        from credit_protection.adapters.extracts.portal import count_operations  # noqa: PLC0415 - `--help` must not wait

        counted = count_operations(portal)
        for line, reason in counted.refused:
            session.output.message(f"Linha {line}: {reason}")
        summary = reconciliation.compare_counts(session.actor, chosen.id, counted.counts)
    elif file is None:
        summary = reconciliation.run(session.actor, chosen.id)
    else:
        from credit_protection.adapters.extracts import open_extract  # noqa: PLC0415 - `--help` must not wait for it

        instant = None if as_of is None else ui.parse_instant(as_of, session.timezone)
        summary = reconciliation.run(session.actor, chosen.id, open_extract(file), as_of=instant)
    session.output.result(ui.reconciliation_record(summary))
    if not summary.is_ended:
        raise ExitWith(ExitCode.UNAVAILABLE)


@with_session
def restored(
    session: Session,
    *,
    continue_: Annotated[
        bool, typer.Option("--continue", help="Liberar as inclusões, depois de reconciliar e conferir.")
    ] = False,
    remark: Remark = "",
) -> None:
    """Declara que um backup foi restaurado: as inclusões esperam, as remoções continuam."""
    reconciliation = session.protection.reconciliation
    if continue_:
        state = reconciliation.continue_inclusions(session.actor, remark=remark)
        session.output.message("As inclusões estão liberadas.")
    else:
        state = reconciliation.declare_restored(session.actor, remark=remark)
        session.output.message(state.message)
    session.output.result(ui.hold_record(state))
