"""`payments`: what a person tells about the ERP's payments."""

from typing import Annotated

import typer

from credit_protection import Permission, RecordResult, ui
from credit_protection.entrypoints.cli.exit_codes import ExitCode
from credit_protection.entrypoints.cli.failures import ExitWith
from credit_protection.entrypoints.cli.session import Session, command

payments = typer.Typer(no_args_is_help=True, help="Baixas do ERP.")

_MARKED = ui.make_columns(invoice_ids="Faturas", result="Resultado")


@command(payments, "recheck")
def recheck(
    session: Session,
    invoice_ids: Annotated[list[str], typer.Argument(metavar="FATURA...", help="Códigos das faturas no ERP.")],
) -> None:
    """Pede nova leitura de faturas no ERP: para quando algo mudou lá e o programa não soube."""
    session.actor.require(Permission.RECORD_PAYMENTS)
    wanted = list(dict.fromkeys(invoice_ids))
    result = session.protection.payments.recheck(session.actor, wanted)
    session.output.result(ui.Record(_MARKED, {"invoice_ids": wanted, "result": result}))
    if result is not RecordResult.RECORDED:
        raise ExitWith(ExitCode.REFUSED)
    session.output.message("O trabalhador lê estas faturas em seguida. Para ler já, rode credit-protection sweep.")
