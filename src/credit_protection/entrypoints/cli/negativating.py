"""`negativate`: the preview with all findings, a person's yes, and only then the negativations."""

from typing import TYPE_CHECKING, Annotated

import typer

from credit_protection.application.negativations import Asked, Preview
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.findings import blocks
from credit_protection.domain.money import total
from credit_protection.entrypoints.cli.exit_codes import ExitCode
from credit_protection.entrypoints.cli.failures import AlreadyTold, finding_row, findings_table
from credit_protection.entrypoints.cli.options import IntegrationOption, Json, Yes, pairs, reais
from credit_protection.entrypoints.cli.output import Record, Table
from credit_protection.entrypoints.cli.rows import negativation_row
from credit_protection.entrypoints.cli.session import Session, opened
from credit_protection.entrypoints.cli.usage import confirm

if TYPE_CHECKING:
    from credit_protection.entrypoints.cli.output import Row

_LABELS = {
    "integration": "Integração",
    "customer_name": "Cliente",
    "document": "Documento",
    "subscription": "Serviço",
    "nature_code": "Natureza",
    "total": "Total",
}
_INVOICES = {"number": "Fatura", "id": "Código", "due_date": "Vencimento", "balance": "Saldo", "amount": "A negativar"}
_MADE = {"id": "Id", "reference": "Contrato", "customer_name": "Cliente", "amount": "Valor", "status_text": "Situação"}


def negativate(  # noqa: PLR0913 - options of one command
    *,
    integration: IntegrationOption = None,
    customer: Annotated[str, typer.Option(help="Código do cliente no ERP.")],
    invoice: Annotated[list[str], typer.Option(help="Código da fatura vencida; repetível.")],
    nature: Annotated[str, typer.Option(help="Natureza da inclusão. Veja: credit-protection natures list.")],
    amount: Annotated[list[str] | None, typer.Option(help="Valor editado, FATURA=VALOR; repetível.")] = None,
    why: Annotated[str, typer.Option(help="Observação.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Só mostrar o que seria feito.")] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Negativa um cliente pelas faturas escolhidas, depois de mostrar tudo e perguntar."""
    with opened(as_json=json) as session:
        amounts = {invoice_id: reais(text) for invoice_id, text in pairs(amount, "--amount").items()}
        if stray := sorted(amounts.keys() - set(invoice)):
            raise InvalidInput(
                f"Há valor para a fatura {stray[0]}, que não foi escolhida.", field="amount", code="valor_sem_fatura"
            )
        asked = Asked(session.integration(integration).id, customer, tuple(invoice), nature, amounts, why)
        preview = session.protection.negativations.preview(session.actor, asked)
        refused = blocks(preview.findings)
        if dry_run:
            session.output.show(*_preview_parts(preview), Record({}, {"blocked": refused}))
            if refused:
                raise AlreadyTold(ExitCode.REFUSED)
            return
        session.output.present(*_preview_parts(preview, with_findings=not refused))
        if not refused:  # where the rules refuse, `create` says so, with every finding
            confirm("Negativar?", yes=yes)
        _make(session, asked, preview)


def _make(session: Session, asked: Asked, preview: Preview) -> None:
    made = session.protection.negativations.create(session.actor, asked)
    today = session.protection.negativations.today()
    rows = [negativation_row(one, today) for one in made]
    session.output.say("Negativação pedida: o trabalhador a envia ao birô (ou: credit-protection removals run).")
    warnings = Record({}, {"findings": [finding_row(finding) for finding in preview.findings]})
    session.output.show(Table("negativations", "Negativações", _MADE, rows), warnings)


def _preview_parts(preview: Preview, *, with_findings: bool = True) -> list[Record | Table]:
    candidate = preview.candidate
    row: Row = {
        "integration": preview.integration.description,
        "integration_id": preview.integration.id,
        "customer_id": candidate.customer.id,
        "customer_name": candidate.customer.name,
        "document": _masked(candidate.customer.document),
        "subscription": None if candidate.subscription is None else candidate.subscription.description,
        "nature_code": candidate.nature_code,
        "total": total(candidate.amount_of(invoice) for invoice in candidate.invoices),
    }
    invoices: list[Row] = [
        {
            "id": invoice.id,
            "number": invoice.number,
            "due_date": invoice.due_date,
            "balance": invoice.balance,
            "amount": candidate.amount_of(invoice),
        }
        for invoice in candidate.invoices
    ]
    parts: list[Record | Table] = [Record(_LABELS, row), Table("invoices", "Faturas", _INVOICES, invoices)]
    if with_findings:
        parts.append(findings_table(preview.findings))
    return parts


def _masked(document: str) -> str:
    """The customer's document, hidden also where it is wrong."""
    try:
        return parse_document(document).masked
    except InvalidInput:
        return "(inválido)"
