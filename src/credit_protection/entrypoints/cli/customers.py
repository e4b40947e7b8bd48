"""`customers` and `creditors`: the ERP's people and companies, as a person looks them up."""

from typing import Annotated

import typer

from credit_protection import ui
from credit_protection.entrypoints.cli.options import Limit
from credit_protection.entrypoints.cli.session import Session, command

customers = typer.Typer(no_args_is_help=True, help="Clientes do ERP.")
creditors = typer.Typer(no_args_is_help=True, help="Empresas do ERP em cujo nome se negativa.")

_CUSTOMER = ui.make_columns(id="Código", name="Nome", document="Documento", city="Cidade", state="UF")
_CREDITOR = ui.make_columns(id="Código", name="Nome", document="CNPJ", state="UF", time_zone="Fuso horário")


@command(customers, "find")
def find(
    session: Session,
    text: Annotated[str, typer.Argument(metavar="BUSCA", help="CPF ou CNPJ, código no ERP, ou parte do nome.")],
    limit: Limit = 50,
) -> None:
    """Procura clientes por documento (com ou sem pontuação), por código ou por nome."""
    found = session.protection.customers.search(session.actor, text, limit=limit)
    rows = [
        {
            **ui.make_row(each, "id", "name", "creditor_id"),
            "document": ui.mask_document(each.document),
            "city": each.address.city,
            "state": each.address.state,
        }
        for each in found
    ]
    session.output.result(ui.Table("customers", "Clientes", _CUSTOMER, rows, "Nenhum cliente confere com a busca."))


@command(creditors, "list")
def list_creditors(session: Session) -> None:
    """Lista as empresas; o código serve como está em: integration add --creditor CÓDIGO."""
    rows = [
        {**ui.make_row(each, "id", "name", "state", "time_zone"), "document": each.document.formatted}
        for each in session.protection.integrations.creditors(session.actor)
    ]
    empty = "O ERP ainda não tem empresa. No ERP local, importe os dados: credit-protection invoices import."
    session.output.result(ui.Table("creditors", "Empresas", _CREDITOR, rows, empty))
