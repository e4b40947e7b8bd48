"""`invoices`: the ERP's side, as its operator would do it at its screens."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from credit_protection.domain.actors import Permission
from credit_protection.domain.errors import ConfigurationError
from credit_protection.domain.settlements import Entry
from credit_protection.entrypoints.cli.options import Json, Limit, day, reais
from credit_protection.entrypoints.cli.output import Record, Row, Table
from credit_protection.entrypoints.cli.rows import invoice_row, negativation_row
from credit_protection.entrypoints.cli.session import Session, opened
from credit_protection.entrypoints.cli.usage import confirm
from credit_protection.ports.host import OverdueFilter
from credit_protection.ports.storage import NegativationFilter, Page

invoices = typer.Typer(no_args_is_help=True, help="Faturas do ERP (importar, baixar, estornar: só no ERP local).")

_IMPORTED = {
    "customers": "Clientes",
    "subscriptions": "Serviços",
    "invoices": "Faturas",
    "settlements": "Baixas",
    "holds": "Na lista de não negativar",
    "agreements": "Acordos",
    "skipped": "Faturas sem valor, deixadas de fora",
}
_OVERDUE = {
    "id": "Fatura",
    "number": "Número",
    "customer_id": "Cliente",
    "customer_name": "Nome",
    "subscription_id": "Serviço",
    "due_date": "Vencimento",
    "days_late": "Dias de atraso",
    "balance": "Saldo",
}
_TURNED = {"id": "Negativação", "customer_name": "Cliente", "status_text": "Situação", "deadline": "Prazo legal"}
_MOST_OF_A_CUSTOMER = 1000


@invoices.command("import")
def import_invoices(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[ARQUIVO]", help="JSON na forma do HubSoft; sem ele, o provedor de exemplo."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Não perguntar antes de substituir o que há.")] = False,
    json: Json = False,
) -> None:
    """Substitui os dados do ERP local pelos de um arquivo, ou pelos de exemplo."""
    with opened(as_json=json) as session:
        session.actor.require(Permission.CONFIGURE)
        erp = session.local_erp
        if erp.creditors():
            confirm("Substituir todos os dados do ERP local?", yes=yes)
        today = _today(session)
        done = erp.import_example(today=today) if file is None else erp.import_file(file, today=today)
        row = {name: getattr(done, name) for name in _IMPORTED}
        session.output.show(Record(_IMPORTED, row))


@invoices.command("overdue")
def overdue(
    customer: Annotated[str | None, typer.Option(help="Só as deste cliente.")] = None,
    city: Annotated[str | None, typer.Option(help="Só as de clientes desta cidade.")] = None,
    min_days: Annotated[int, typer.Option(min=1, help="Dias de atraso, no mínimo.")] = 1,
    max_days: Annotated[int | None, typer.Option(min=1, help="Dias de atraso, no máximo.")] = None,
    min_balance: Annotated[str | None, typer.Option(help="Saldo, no mínimo, em reais.")] = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Lista faturas vencidas em aberto, a mais antiga primeiro."""
    with opened(as_json=json) as session:
        session.actor.require(Permission.READ_HISTORY)
        if not session.host.capabilities.overdue:
            raise ConfigurationError(
                "Este ERP não dá o relatório de faturas vencidas. Escolha as faturas nele mesmo.",
                code="erp_sem_vencidas",
            )
        today = _today(session)
        wanted = OverdueFilter(
            today=today,
            minimum_days_late=min_days,
            maximum_days_late=max_days,
            minimum_balance=None if min_balance is None else reais(min_balance),
            customer_id=customer,
            city=city,
        )
        found = [one for one, _ in zip(session.host.overdue(wanted), range(limit), strict=False)]
        customers = session.host.customers(sorted({one.customer_id for one in found}))
        rows = [invoice_row(one, customers.get(one.customer_id), today) for one in found]
        session.output.show(Table("invoices", "Faturas vencidas", _OVERDUE, rows, "Nenhuma fatura vencida."))


@invoices.command("pay")
def pay(
    invoice_id: Annotated[str, typer.Argument(metavar="FATURA", help="Código da fatura.")],
    on: Annotated[str | None, typer.Option(help="Dia do pagamento; sem ele, hoje.")] = None,
    amount: Annotated[str | None, typer.Option(help="Valor pago em reais; sem ele, o saldo.")] = None,
    available_on: Annotated[str | None, typer.Option(help="Dia em que o dinheiro fica disponível.")] = None,
    json: Json = False,
) -> None:
    """Dá baixa em uma fatura no ERP local, e diz o que isso causou."""
    with opened(as_json=json) as session:
        session.actor.require(Permission.RECORD_PAYMENTS)
        settlement = session.local_erp.settle(
            invoice_id,
            paid_on=day(on, "--on") or _today(session),
            amount=None if amount is None else reais(amount),
            available_on=day(available_on, "--available-on"),
        )
        session.output.say(f"Baixa {settlement.id} registrada no ERP.")
        _record(session, settlement, {"settlement_id": settlement.id, "amount": settlement.amount})


@invoices.command("reverse")
def reverse(
    settlement_id: Annotated[str, typer.Argument(metavar="BAIXA", help="Código da baixa.")],
    on: Annotated[str | None, typer.Option(help="Dia do estorno; sem ele, hoje.")] = None,
    json: Json = False,
) -> None:
    """Estorna uma baixa no ERP local, e diz o que isso causou."""
    with opened(as_json=json) as session:
        session.actor.require(Permission.RECORD_PAYMENTS)
        reversal = session.local_erp.reverse(settlement_id, on=day(on, "--on") or _today(session))
        session.output.say(f"Baixa {settlement_id} estornada no ERP.")
        _record(session, reversal, {"settlement_id": settlement_id})


def _today(session: Session) -> date:
    """The creditor's date; before the first import, this machine's."""
    creditors = session.host.creditors()
    return creditors[0].today(datetime.now(UTC)) if creditors else datetime.now(UTC).astimezone().date()


def _record(session: Session, entry: Entry, row: Row) -> None:
    """Report to credit protection what the ERP did, and show the negativations that cover the invoice.

    Should this fail, the ERP's own books still tell it to the next sweep.
    """
    session.protection.payments.record(session.actor, entry)
    invoice = session.local_erp.invoice(entry.invoice_id)
    wanted = NegativationFilter(customer_id=invoice.customer_id)
    listed = session.protection.negativations.list(session.actor, wanted, Page(_MOST_OF_A_CUSTOMER))
    covering = [one for one in listed.items if any(each.invoice_id == invoice.id for each in one.invoices)]
    today = session.protection.negativations.today()
    rows = [negativation_row(one, today) for one in covering]
    told = {"invoice_id": invoice.id, **row, "balance": invoice.balance, "invoice_status": invoice.status}
    labels = {"invoice_id": "Fatura", "amount": "Pago", "balance": "Saldo", "invoice_status": "Situação da fatura"}
    empty = "Nenhuma negativação cobre esta fatura: nada a remover."
    session.output.show(Record(labels, told), Table("negativations", "Negativações desta fatura", _TURNED, rows, empty))
