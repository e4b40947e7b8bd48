"""Assessing the records that a bureau had before this software was installed (docs/adoption.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.customers import Customer, Invoice, InvoiceStatus
from credit_protection.domain.documents import Document, parse_document
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.findings import Finding, Severity
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.parsing import compact_document

STANDING = frozenset({RecordState.INCLUDING, RecordState.PRESENT, RecordState.REMOVAL_REFUSED})
"""What a row says that stands, or will."""
LEFT = frozenset({RecordState.GONE, RecordState.REMOVING})
"""What a row says that left, or will."""
_FIVE_YEARS = timedelta(days=5 * 365 + 1)


@dataclass(frozen=True, slots=True)
class ExtractRow:
    """A record of a bureau's list or extract; None where a value could not be read.

    Args:
        line: where, for the operator: the file's line, or the place in the list.
        document: of the debtor, as written.
        name: of the debtor; empty where unknown.
        reference: contract reference, as the bureau has it: any text, perhaps shared by several records.
        problems: why the source itself could not read the row; they refuse it.
        reference_was_number: a spreadsheet stored the reference as a number: its leading zeros may be lost.
        operated_at: when the operation of the row happened, by a column of the source; a date where no time is given.
    """

    line: int
    document: str
    name: str
    reference: str
    due_date: date | None
    amount: Money | None
    state: RecordState | None
    bureau_id: str | None = None
    notice_sent_on: date | None = None
    published_on: date | None = None
    problems: tuple[Finding, ...] = ()
    reference_was_number: bool = False
    operated_at: date | datetime | None = None

    @property
    def key(self) -> tuple[str, str, date | None]:
        """The bureau's natural key: document, contract reference, due date."""
        return (compact_document(self.document), self.reference, self.due_date)


@dataclass(frozen=True, slots=True)
class AdoptionFacts:
    """What is known about one row, from the host and from our own records.

    Args:
        invoices: of these customers, due on the row's day or one of `days`, whatever their status.
        days: those that count from the same business day as the row's: the bureau may report another one of them.
        creditor_id: of the integration's creditor; None: no invoice is left out for its creditor.
        has_several_creditors: the host has several, so that an invoice that names none is of none.
        open_invoices: invoices that are in a negativation of the registry that is not closed (rule 3).
        is_repeated: an earlier row of the same source has this key.
        is_removed_too: the same extract also has the removal of this key, which is newer.
        is_order_unknown: the extract has operations on this key that contradict each other, and not which is newer.
        sees_settled: whether the host also shows settled invoices.
    """

    customers: Sequence[Customer]
    invoices: Sequence[Invoice]
    known: Negativation | None
    open_invoices: frozenset[str]
    today: date
    is_repeated: bool = False
    is_removed_too: bool = False
    is_order_unknown: bool = False
    without_invoice: bool = False
    sees_settled: bool = True
    creditor_id: str | None = None
    has_several_creditors: bool = False
    days: tuple[date, ...] = ()


class Verdict(StrEnum):
    """The decision about a row."""

    ADOPTED = "adopted"
    ADOPTED_FOR_REMOVAL = "adopted_for_removal"
    """Adopted; its invoice is settled, so its removal is requested at once."""
    WITHOUT_INVOICE = "without_invoice"
    """Adopted; only a person can remove it."""
    ALREADY_KNOWN = "already_known"
    NOT_AT_BUREAU = "not_at_bureau"
    REFUSED = "refused"

    @property
    def is_adopted(self) -> bool:
        """Whether it is adopted."""
        return self in {Verdict.ADOPTED, Verdict.ADOPTED_FOR_REMOVAL, Verdict.WITHOUT_INVOICE}


@dataclass(frozen=True, slots=True)
class Assessment:
    """The rules' decision about one row, with the host's customer and invoice where they were found."""

    row: ExtractRow
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    document: Document | None = None
    customer: Customer | None = None
    invoice: Invoice | None = None


def assess(row: ExtractRow, facts: AdoptionFacts) -> Assessment:
    """Decide about a row; the findings that block say why it is not adopted, the others what to check."""
    unreadable, document = _unreadable(row)
    if unreadable:
        return Assessment(row, Verdict.REFUSED, unreadable, document)
    if facts.is_order_unknown and row.state in STANDING:
        message = (
            "O mesmo extrato traz a inclusão e a exclusão deste registro, e não diz qual veio depois. Acrescente a "
            "coluna com a data da operação, ou adote-o pela lista do birô."
        )
        return Assessment(row, Verdict.REFUSED, (_block("ordem_desconhecida", message, "state"),), document)
    if absent := _not_at_bureau(row, facts):
        return Assessment(row, Verdict.NOT_AT_BUREAU, absent, document)
    if facts.known is not None or facts.is_repeated:
        return Assessment(row, Verdict.ALREADY_KNOWN, (_known(facts.known),), document)
    if not facts.customers:
        message = "Nenhum cliente do ERP tem este documento. Cadastre-o, ou peça a exclusão diretamente ao birô."
        return Assessment(row, Verdict.REFUSED, (_block("cliente_desconhecido", message, "document"),), document)
    return _matched(row, facts, document)


def _matched(row: ExtractRow, facts: AdoptionFacts, document: Document | None) -> Assessment:
    matched, mismatch = _invoice_of(row, facts)
    warnings = _warnings(row, matched, facts)
    if matched is None:
        if mismatch is not None and not facts.without_invoice:
            return Assessment(row, Verdict.REFUSED, (mismatch, *warnings), document)
        message = "Adotado sem fatura: nenhum pagamento o remove. Só uma pessoa pode apagá-lo."
        findings = (Finding("adotado_sem_fatura", Severity.WARN, message, "due_date"), *warnings)
        return Assessment(row, Verdict.WITHOUT_INVOICE, findings, document, facts.customers[0])
    customer = next((each for each in facts.customers if each.id == matched.customer_id), facts.customers[0])
    verdict = Verdict.ADOPTED if matched.status is InvoiceStatus.OPEN else Verdict.ADOPTED_FOR_REMOVAL
    if matched.id in facts.open_invoices:
        verdict = Verdict.REFUSED
        message = f"A fatura {matched.number} já está em outra negativação em aberto na mesma base. Confira qual vale."
        warnings = (_block("outra_negativacao", message, "due_date", matched.id), *warnings)
    return Assessment(row, verdict, warnings, document, customer, matched)


def refuse(assessment: Assessment, message: str) -> Assessment:
    """The same, refused: another process took its key or its invoice just before."""
    finding = _block("conflito", message, "reference")
    return replace(assessment, verdict=Verdict.REFUSED, findings=(finding, *assessment.findings))


def _block(code: str, message: str, field: str, invoice_id: str | None = None) -> Finding:
    return Finding(code, Severity.BLOCK, message, field, invoice_id)


def _unreadable(row: ExtractRow) -> tuple[tuple[Finding, ...], Document | None]:
    if any(problem.field == "line" for problem in row.problems):
        return row.problems, None
    found = list(row.problems)
    named = {problem.field for problem in found}
    document: Document | None = None
    try:
        document = parse_document(row.document)
    except InvalidInput as invalid:
        found += [] if "document" in named else [_block("documento_invalido", invalid.message, "document")]
    if not row.reference.strip():
        found.append(_block("contrato_vazio", "O registro não tem contrato. Complete o extrato.", "reference"))
    if row.due_date is None:
        message = "O vencimento não pôde ser lido. Escreva-o como 31/12/2026 ou 2026-12-31."
        found.append(_block("vencimento_ilegivel", message, "due_date"))
    if row.amount is None or row.amount <= ZERO:
        message = "O valor não pôde ser lido, ou não é positivo. Escreva-o como 1.234,56."
        found.append(_block("valor_ilegivel", message, "amount"))
    if row.state is None:
        message = "A operação ou a situação não pôde ser entendida. Use INCLUSAO, EXCLUSAO, PROCESSANDO ou ERRO."
        found.append(_block("situacao_desconhecida", message, "state"))
    return tuple(found), document


def _not_at_bureau(row: ExtractRow, facts: AdoptionFacts) -> tuple[Finding, ...]:
    """Why there is nothing at the bureau to adopt."""
    match row.state:
        case RecordState.GONE:
            text = "O registro já saiu do birô: não há o que adotar."
        case RecordState.REJECTED:
            text = "O birô recusou a inclusão: não há o que adotar."
        case RecordState.REMOVING:
            text = "O birô ainda processa a remoção. Adote de novo quando ela terminar, se o registro ficar."
        case _ if facts.is_removed_too:
            text = (
                "O mesmo extrato traz a exclusão deste registro. Se ele ainda consta no birô, adote-o pela lista do "
                "birô."
            )
        case _:
            return ()
    return (_block("nao_consta", text, "state"),)


def _known(known: Negativation | None) -> Finding:
    if known is not None and known.is_closed:
        return _block(
            "encerrada_mas_consta",
            f"Já demos este registro por encerrado (negativação {known.id}), mas ele consta no birô. Confira com o "
            "birô já: o cliente pode estar sendo prejudicado.",
            "reference",
        )
    where = "neste extrato" if known is None else f"na negativação {known.id}"
    return _block("ja_conhecida", f"Este registro já está {where}: nada a fazer.", "reference")


def _invoice_of(row: ExtractRow, facts: AdoptionFacts) -> tuple[Invoice | None, Finding | None]:
    """The invoice of the creditor by due date; by amount besides, where several fell due that day."""
    due = _due(row, facts)
    own = {facts.creditor_id} if facts.has_several_creditors else {None, facts.creditor_id}
    found = [each for each in due if facts.creditor_id is None or each.creditor_id in own]
    if due and not found:
        if any(each.creditor_id is None for each in due):
            message = (
                "A fatura do cliente que vence neste dia não diz a qual das empresas do ERP é devida. Corrija-a lá."
            )
            return None, _block("fatura_sem_empresa", message, "due_date")
        message = "A fatura do cliente que vence neste dia é devida a outra empresa. Use uma integração dessa empresa."
        return None, _block("fatura_de_outra_empresa", message, "due_date")
    if not found:
        hint = "" if facts.sees_settled else " Este ERP só mostra as abertas: ela pode já ter sido paga."
        message = f"Nenhuma fatura do cliente vence neste dia.{hint} Confira no ERP se a dívida ainda existe."
        return None, _block("sem_fatura", message, "due_date")
    if len(found) == 1:
        return found[0], None
    exact = [each for each in found if each.amount == row.amount]
    if len(exact) == 1:
        return exact[0], None
    message = f"Há {len(found)} faturas do cliente que vencem neste dia, e o valor não diz qual é. Confira no ERP."
    return None, _block("faturas_ambiguas", message, "amount")


def _due(row: ExtractRow, facts: AdoptionFacts) -> list[Invoice]:
    """The invoices of the row's day: due, else originally due then, else due on a day that counts alike."""
    same = [each for each in facts.invoices if each.due_date == row.due_date]
    original = [each for each in facts.invoices if each.original_due_date == row.due_date]
    alike = [each for each in facts.invoices if each.debt_due_date in facts.days]
    return same or original or alike


def _warnings(row: ExtractRow, invoice: Invoice | None, facts: AdoptionFacts) -> tuple[Finding, ...]:
    found: list[Finding] = []
    if invoice is not None and row.due_date is not None and invoice.due_date != row.due_date:
        message = (
            f"O birô tem o vencimento {row.due_date:%d/%m/%Y}, e a fatura {invoice.number} vence em "
            f"{invoice.due_date:%d/%m/%Y}. Confira se é a mesma dívida."
        )
        found.append(Finding("vencimento_difere", Severity.WARN, message, "due_date", invoice.id))
    if invoice is not None and row.amount is not None and invoice.amount != row.amount:
        message = f"O birô tem {row.amount}, e a fatura {invoice.number} é de {invoice.amount}. Confira."
        found.append(Finding("valor_difere", Severity.WARN, message, "amount", invoice.id))
    if invoice is not None and invoice.status is not InvoiceStatus.OPEN:
        message = f"A fatura {invoice.number} não está mais em aberto: a remoção entra na fila agora."
        found.append(Finding("fatura_quitada", Severity.WARN, message, "due_date", invoice.id))
    if row.reference_was_number:
        message = (
            "A planilha guardou o contrato como número: zeros à esquerda podem ter se perdido. Confira o contrato no "
            "portal do birô antes de confiar na remoção."
        )
        found.append(Finding("contrato_numerico", Severity.WARN, message, "reference"))
    if row.state is RecordState.REMOVAL_REFUSED:
        message = "O birô recusou uma remoção anterior. Confira por que ela tinha sido pedida."
        found.append(Finding("remocao_recusada", Severity.WARN, message, "state"))
    if row.due_date is not None and facts.today - row.due_date > _FIVE_YEARS:
        message = "A dívida venceu há mais de 5 anos e não pode mais constar (CDC, art. 43). Apague-a."
        found.append(Finding("divida_prescrita", Severity.WARN, message, "due_date"))
    return tuple(found)
