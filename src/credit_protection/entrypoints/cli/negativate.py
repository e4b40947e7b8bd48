"""`negativate`: the preview with all findings, a confirmation, and only then the negativations."""

from dataclasses import replace
from typing import Annotated

import typer

from credit_protection import InvalidInput, Money, NegativationRequest, Preview, ui
from credit_protection.entrypoints.cli.exit_codes import ExitCode
from credit_protection.entrypoints.cli.failures import ExitWith
from credit_protection.entrypoints.cli.options import IntegrationOption, Remark, Yes, confirm, pairs
from credit_protection.entrypoints.cli.session import Session, with_session

_PREVIEW = ui.make_columns(
    integration="Integração",
    customer_name="Cliente",
    document="Documento",
    subscription="Serviço",
    nature_code="Natureza",
    total="Total",
)
_INVOICES = ui.make_columns(number="Fatura", id="Código", due_date="Vencimento", balance="Saldo", amount="A negativar")
_CREATED = ui.make_columns(
    id="Id", reference="Contrato", customer_name="Cliente", amount="Valor", status_text="Situação"
)


@with_session
def negativate(  # noqa: PLR0913 - options of one command
    session: Session,
    *,
    integration: IntegrationOption = None,
    customer: Annotated[str, typer.Option(help="Código do cliente no ERP.")],
    invoice: Annotated[list[str], typer.Option(help="Código da fatura vencida; repetível.")],
    nature: Annotated[str, typer.Option(help="Natureza da inclusão. Veja: credit-protection natures list.")],
    amount: Annotated[list[str] | None, typer.Option(help="Valor editado, FATURA=VALOR; repetível.")] = None,
    remark: Remark = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Só mostrar o que seria feito.")] = False,
    yes: Yes = False,
) -> None:
    """Negativa um cliente pelas faturas escolhidas, depois de mostrar tudo e perguntar."""
    amounts = {invoice_id: ui.parse_amount(text) for invoice_id, text in pairs(amount, "--amount").items()}
    if stray := sorted(amounts.keys() - set(invoice)):
        raise InvalidInput(
            f"Há valor para a fatura {stray[0]}, que não foi escolhida.", field="amount", code="valor_sem_fatura"
        )
    chosen = session.integration(integration)
    request = NegativationRequest(chosen.id, customer, tuple(invoice), nature, amounts, remark)
    preview = session.protection.negativations.preview(session.actor, request)
    refused = bool(ui.group_findings(preview.findings).blocks)
    findings = ui.findings_table(preview.findings)
    if dry_run:
        session.output.result(*_preview_parts(preview), findings, ui.Record((), {"blocked": refused}))
        if refused:
            raise ExitWith(ExitCode.REFUSED)
        return
    if refused:  # `create` below raises the refusal, with every finding
        session.output.details(*_preview_parts(preview))
    else:
        session.output.details(*_preview_parts(preview), findings)
        confirm("Negativar?", yes=yes)
    created = session.protection.negativations.create(session.actor, request)
    session.output.message("Negativação pedida: o trabalhador a envia ao birô (ou: credit-protection removals run).")
    table = ui.negativations_table(created, session.protection.negativations.today(session.actor))
    warnings = ui.Record((), {"findings": findings.rows})
    session.output.result(replace(table, columns=_CREATED), warnings)


def _preview_parts(preview: Preview) -> list[ui.Record | ui.Table]:
    candidate = preview.candidate
    row: ui.Row = {
        "integration": preview.integration.description,
        "integration_id": preview.integration.id,
        "customer_id": candidate.customer.id,
        "customer_name": candidate.customer.name,
        "document": ui.mask_document(candidate.customer.document),
        "subscription": None if candidate.subscription is None else candidate.subscription.description,
        "nature_code": candidate.nature_code,
        "total": Money(sum(candidate.amount_of(invoice).cents for invoice in candidate.invoices)),
    }
    invoices = [
        {
            "id": invoice.id,
            "number": invoice.number,
            "due_date": invoice.due_date,
            "balance": invoice.balance,
            "amount": candidate.amount_of(invoice),
        }
        for invoice in candidate.invoices
    ]
    return [ui.Record(_PREVIEW, row), ui.Table("invoices", "Faturas", _INVOICES, invoices)]
