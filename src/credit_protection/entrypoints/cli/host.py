"""`host`: the ERP that the database belongs to."""

from __future__ import annotations

import typer

from credit_protection import ui
from credit_protection.entrypoints.cli.session import Session, command

host = typer.Typer(no_args_is_help=True, help="O ERP a que este banco de dados pertence.")
_STATE = ui.make_columns(code="ERP deste ambiente", used="Usado com", accepted="Aceito por uma pessoa", is_known="Vale")


@command(host, "show")
def show(session: Session) -> None:
    """Mostra o ERP deste ambiente e aqueles com que o banco de dados foi usado."""
    state = session.protection.host_identity.state(session.actor)
    session.output.result(ui.Record(_STATE, ui.make_row(state, *(column.key for column in _STATE))))


@command(host, "accept")
def accept(session: Session) -> None:
    """Aceita o ERP deste ambiente no lugar daquele com que o banco de dados foi usado. Fica na auditoria."""
    state = session.protection.host_identity.accept(session.actor)
    session.output.message(f"A partir de agora o ERP deste banco de dados é {state.code!r}.")
    session.output.result(ui.Record(_STATE, ui.make_row(state, *(column.key for column in _STATE))))
