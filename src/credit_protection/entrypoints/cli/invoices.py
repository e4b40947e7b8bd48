"""`invoices`: the ERP's side, as its operator would do it at its screens."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from credit_protection import Permission, ui
from credit_protection.entrypoints.cli.options import Limit, confirm
from credit_protection.entrypoints.cli.session import Session, command
from credit_protection.hosts import Entry

invoices = typer.Typer(no_args_is_help=True, help="Faturas do ERP (importar, baixar, estornar: só no ERP local).")

_IMPORTED = ui.make_columns(
    customers="Clientes",
    subscriptions="Serviços",
    invoices="Faturas",
    settlements="Baixas",
    holds="Na lista de não negativar",
    agreements="Acordos",
    skipped="Faturas sem valor, deixadas de fora",
)
_LEFT_OUT = ui.make_columns(record="Registro", reason="Motivo")
_PAID = ui.make_columns(invoice_id="Fatura", amount="Pago", balance="Saldo", invoice_status="Situação da fatura")
_CHANGED = ui.make_columns(id="Negativação", customer_name="Cliente", status_text="Situação", deadline="Prazo legal")
_MOST_OF_A_CUSTOMER = 1000


@command(invoices, "import")
def import_invoices(
    session: Session,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[ARQUIVO]", help="JSON na forma do HubSoft; sem ele, o provedor de exemplo."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Não perguntar antes de substituir o que há.")] = False,
) -> None:
    """Substitui os dados do ERP local pelos de um arquivo, ou pelos de exemplo."""
    session.require_everywhere(Permission.CONFIGURE)
    erp = session.local_erp
    if erp.creditors():
        confirm("Substituir todos os dados do ERP local?", yes=yes)
    today = session.today()
    imported = erp.import_example(today=today) if file is None else erp.import_file(file, today=today)
    record = ui.Record(_IMPORTED, ui.make_row(imported, *(column.key for column in _IMPORTED)))
    rows = [ui.make_row(each, "record", "reason") for each in imported.left_out]
    table = ui.Table("left_out", "Deixados de fora", _LEFT_OUT, rows, "Nenhum registro foi deixado de fora.")
    session.output.result(record, table)


@command(invoices, "overdue")
def overdue(
    session: Session,
    customer: Annotated[str | None, typer.Option(help="Só as deste cliente.")] = None,
    city: Annotated[str | None, typer.Option(help="Só as de clientes desta cidade.")] = None,
    min_days: Annotated[int, typer.Option(min=1, help="Dias de atraso, no mínimo.")] = 1,
    max_days: Annotated[int | None, typer.Option(min=1, help="Dias de atraso, no máximo.")] = None,
    min_balance: Annotated[str | None, typer.Option(help="Saldo, no mínimo, em reais.")] = None,
    limit: Limit = 50,
) -> None:
    """Lista faturas vencidas em aberto, a mais antiga primeiro."""
    today = session.today()
    values = {
        "customer_id": customer,
        "city": city,
        "minimum_days_late": min_days,
        "maximum_days_late": max_days,
        "minimum_balance": min_balance,
    }
    wanted = ui.overdue_filter(values, today)
    found = list(session.protection.customers.overdue_invoices(session.actor, wanted, limit=limit))
    customers = session.protection.customers.get_many(session.actor, {invoice.customer_id for invoice in found})
    session.output.result(ui.overdue_invoices_table(found, customers, today))


@command(invoices, "pay")
def pay(
    session: Session,
    invoice_id: Annotated[str, typer.Argument(metavar="FATURA", help="Código da fatura.")],
    on: Annotated[str | None, typer.Option(help="Dia do pagamento; sem ele, hoje.")] = None,
    amount: Annotated[str | None, typer.Option(help="Valor pago em reais; sem ele, o saldo.")] = None,
    available_on: Annotated[str | None, typer.Option(help="Dia em que o dinheiro fica disponível.")] = None,
) -> None:
    """Dá baixa em uma fatura no ERP local, e diz o que isso causou."""
    _require_creditors(session)
    settlement = session.local_erp.pay(
        invoice_id,
        paid_on=_day(session, on),
        amount=None if amount is None else ui.parse_amount(amount),
        available_on=None if available_on is None else ui.parse_day(available_on, field="--available-on"),
    )
    session.output.message(f"Baixa {settlement.id} registrada no ERP.")
    _record(session, settlement, {"settlement_id": settlement.id, "amount": settlement.amount})


@command(invoices, "reverse")
def reverse(
    session: Session,
    settlement_id: Annotated[str, typer.Argument(metavar="BAIXA", help="Código da baixa.")],
    on: Annotated[str | None, typer.Option(help="Dia do estorno; sem ele, hoje.")] = None,
) -> None:
    """Estorna uma baixa no ERP local, e diz o que isso causou."""
    _require_creditors(session)
    reversal = session.local_erp.reverse(settlement_id, on=_day(session, on))
    session.output.message(f"Baixa {settlement_id} estornada no ERP.")
    _record(session, reversal, {"settlement_id": settlement_id})


def _require_creditors(session: Session) -> None:
    """Require the permission for payments, and access to the local ERP's creditor. Raises `PermissionDenied`."""
    session.actor.require(Permission.RECORD_PAYMENTS)
    for creditor in session.local_erp.creditors():
        session.actor.require(Permission.RECORD_PAYMENTS, creditor.id)


def _day(session: Session, text: str | None) -> date:
    return session.today() if text is None else ui.parse_day(text, field="--on")


def _record(session: Session, entry: Entry, row: ui.Row) -> None:
    """Report to credit protection what the ERP did, and show the negativations of the invoice.

    If this fails, the next sweep reads the entry from the ERP.
    """
    session.protection.payments.record(session.actor, entry)
    invoice = session.local_erp.invoice(entry.invoice_id)
    wanted = ui.negativation_filter({"customer_id": invoice.customer_id})
    page = session.protection.negativations.list(session.actor, wanted, ui.page_request(_MOST_OF_A_CUSTOMER))
    covering = [one for one in page.items if any(each.invoice_id == invoice.id for each in one.invoices)]
    table = replace(
        ui.negativations_table(covering, session.protection.negativations.today(session.actor)),
        title="Negativações desta fatura",
        columns=_CHANGED,
        empty="Nenhuma negativação cobre esta fatura: nada a remover.",
    )
    paid = {"invoice_id": invoice.id, **row, "balance": invoice.balance, "invoice_status": invoice.status}
    session.output.result(ui.Record(_PAID, paid), table)
