"""`audit`: who did what, when and why."""

from typing import Annotated

import typer

from credit_protection import Permission, ui
from credit_protection.entrypoints.cli.options import After, Limit
from credit_protection.entrypoints.cli.output import next_page
from credit_protection.entrypoints.cli.session import Session, command

audit = typer.Typer(no_args_is_help=True, help="Auditoria: quem fez o quê, quando e por quê.")


@command(audit, "list")
def list_entries(
    session: Session,
    *,
    subject: Annotated[str | None, typer.Option(help="Só os de um registro: id da negativação, da consulta...")] = None,
    actor: Annotated[str | None, typer.Option(help="Só os deste usuário, pelo id (os:ana).")] = None,
    act: Annotated[str | None, typer.Option(help="Só os deste ato (negativation.delete).")] = None,
    since: Annotated[str | None, typer.Option(help="Do primeiro dia, por exemplo 24/11/2026.")] = None,
    until: Annotated[str | None, typer.Option(help="Até o último dia, inclusive.")] = None,
    limit: Limit = 50,
    after: After = None,
) -> None:
    """Lista a auditoria, o mais novo primeiro."""
    session.actor.require(Permission.AUDIT)
    values = {"subject": subject, "actor_id": actor, "act": act, "since": since, "until": until}
    wanted = ui.audit_filter(values, session.timezone)
    page = session.protection.audit_trail.list(session.actor, wanted, ui.page_request(limit, after))
    session.output.result(ui.audit_table(page.items), next_page(page.cursor))
