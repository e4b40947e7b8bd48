"""Adoption: records that were at the bureau before this software came, taken over as they stand ("Day one").

An adopted record is included by nobody here: it is PRESENT (or its inclusion is still processed), and the person who
imports it is the person of rule 1. From then on a payment removes it like any other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import InvalidInput, RuleViolation
from credit_protection.domain.events import Event, EventKind
from credit_protection.domain.findings import Finding, Severity, blocks
from credit_protection.domain.money import ZERO
from credit_protection.domain.negativations import (
    Action,
    Change,
    NegativatedInvoice,
    Negativation,
    Observed,
    Transmission,
    sync_transmission,
)
from credit_protection.domain.requests import InclusionRequest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from credit_protection.domain.actors import Actor
    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.customers import Customer, Invoice
    from credit_protection.domain.documents import Document
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.money import Money

CAUSE = "import"
"""The cause of every adoption, in its history."""
NO_HOST = ""
"""The host of what was adopted without an invoice: no ERP is asked about it, and no payment finds it."""
_OBSERVED = {
    RecordState.PRESENT: Observed.PRESENT,
    RecordState.REMOVAL_REFUSED: Observed.PRESENT,
    RecordState.INCLUDING: Observed.INCLUDING,
}
_FIVE_YEARS = timedelta(days=5 * 365 + 1)


@dataclass(frozen=True, slots=True)
class ExtractRow:
    """A record as a list or an extract tells it; None where it could not be read.

    Args:
        line: where, for the operator: the file's line, or the place in the list.
        document: of the debtor, as written.
        name: of the debtor; empty where not told.
        reference: contract reference, as the bureau has it: any text, perhaps shared by several records.
        due_date: as reported.
        amount: as reported, BRL.
        state: how it stands.
        bureau_id: the bureau's own id, where told.
        notice_sent_on: when the bureau sent its notice, where told.
        published_on: when the record shows in queries, where told.
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

    @property
    def key(self) -> tuple[str, str, date | None]:
        """The bureau's natural key: document, contract reference, due date."""
        compact = "".join(filter(str.isalnum, self.document)).upper()
        return (compact, self.reference, self.due_date)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about one row, from the host and from our own records.

    Args:
        customers: the host's, with the row's document.
        invoices: of these customers, due on the row's day, however they stand.
        known: the negativation that has this key already.
        open_invoices: invoices that are in a negativation of the registry that is not closed (rule 3).
        today: the creditor's date.
        is_repeated: an earlier row of the same source has this key.
        is_removed_too: the same extract also tells the removal of this key.
        without_invoice: a person said that what matches no invoice is adopted all the same.
        sees_settled: the host also shows invoices that are no longer open.
    """

    customers: Sequence[Customer]
    invoices: Sequence[Invoice]
    known: Negativation | None
    open_invoices: frozenset[str]
    today: date
    is_repeated: bool = False
    is_removed_too: bool = False
    without_invoice: bool = False
    sees_settled: bool = True


class Verdict(StrEnum):
    """What becomes of a row."""

    ADOPTED = "adopted"
    LEAVING = "leaving"
    """Adopted, and its invoice is no longer owed: it goes to the removal queue at once."""
    WITHOUT_INVOICE = "without_invoice"
    """Adopted, and only a person can remove it."""
    KNOWN = "known"
    NOT_STANDING = "not_standing"
    REFUSED = "refused"

    @property
    def is_adopted(self) -> bool:
        """Whether it is taken over."""
        return self in {Verdict.ADOPTED, Verdict.LEAVING, Verdict.WITHOUT_INVOICE}


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the rules say about one row.

    Args:
        row: which.
        verdict: what becomes of it.
        findings: why, and what a person should look at.
        document: of the debtor, where it is one.
        customer: the host's, where found.
        invoice: the host's, where matched.
    """

    row: ExtractRow
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    document: Document | None = None
    customer: Customer | None = None
    invoice: Invoice | None = None


def assess(row: ExtractRow, facts: Facts) -> Assessment:
    """Decide what becomes of a row; every reason is told.

    Args:
        row: as told.
        facts: about it.

    Returns:
        The verdict with its findings: those that block say why it is not adopted, the others what to look at.
    """
    told, document = _illegible(row)
    if told:
        return Assessment(row, Verdict.REFUSED, told, document)
    if gone := _standing_findings(row, facts):
        return Assessment(row, Verdict.NOT_STANDING, gone, document)
    if facts.known is not None or facts.is_repeated:
        return Assessment(row, Verdict.KNOWN, (_known(facts.known),), document)
    if not facts.customers:
        return Assessment(row, Verdict.REFUSED, (_no_customer(),), document)
    return _matched(row, facts, document)


def _matched(row: ExtractRow, facts: Facts, document: Document | None) -> Assessment:
    fits, misfit = _invoice_of(row, facts)
    warnings = _warnings(row, fits, facts)
    if fits is None:
        if misfit is not None and not facts.without_invoice:
            return Assessment(row, Verdict.REFUSED, (misfit, *warnings), document)
        told = (_only_a_person(), *warnings)
        return Assessment(row, Verdict.WITHOUT_INVOICE, told, document, facts.customers[0])
    customer = next((each for each in facts.customers if each.id == fits.customer_id), facts.customers[0])
    verdict = Verdict.ADOPTED if fits.status is InvoiceStatus.OPEN else Verdict.LEAVING
    found = [*warnings]
    if fits.id in facts.open_invoices:
        verdict = Verdict.REFUSED
        found.insert(0, _taken(fits))
    return Assessment(row, verdict, tuple(found), document, customer, fits)


def adopt(
    assessment: Assessment,
    *,
    ids: tuple[str, str],
    actor: Actor,
    integration: Integration,
    gateway: Capabilities,
    host: str,
    now: datetime,
) -> tuple[InclusionRequest, Change]:
    """Make the negativation of a row that may be adopted.

    Args:
        assessment: of the row.
        ids: fresh ones: of the request, of the negativation.
        actor: the person who imports; rule 1's person.
        integration: through which it is removed.
        gateway: what its gateway can do.
        host: the host that owns the invoice.
        now: instant, UTC.

    Returns:
        The request, and the negativation with its history: PRESENT, or INCLUDING where the bureau still processes it.

    Raises:
        RuleViolation: it is not a person who asks, or the row may not be adopted.
    """
    require_person(actor)
    row, document, customer = assessment.row, assessment.document, assessment.customer
    state, due_date, amount = row.state, row.due_date, row.amount
    if not assessment.verdict.is_adopted or document is None or customer is None or state not in _OBSERVED:
        raise RuleViolation("Este registro não pode ser adotado. Veja os motivos.", assessment.findings)
    if due_date is None or amount is None:
        raise RuleViolation("Este registro não pode ser adotado. Veja os motivos.", assessment.findings)
    request_id, negativation_id = ids
    covered = _covered(assessment.invoice, due_date, amount, negativation_id)
    subscription_id = "" if assessment.invoice is None else assessment.invoice.subscription_id or ""
    request = InclusionRequest(
        id=request_id,
        integration_id=integration.id,
        actor_id=actor.id,
        actor_name=actor.name,
        asked_at=now,
        customer_id=customer.id,
        subscription_id=subscription_id,
        invoice_ids=(covered.invoice_id,),
        nature_code="",
        why=CAUSE,
    )
    negativation = Negativation(
        id=negativation_id,
        request_id=request_id,
        integration_id=integration.id,
        creditor_id=integration.creditor_id,
        registry=gateway.registry,
        host=NO_HOST if assessment.invoice is None else host,
        customer_id=customer.id,
        subscription_id=subscription_id,
        customer_name=customer.name or row.name,
        document=document,
        invoices=(covered,),
        nature_code="",
        reference=row.reference,
        requested_by=actor.id,
        created_at=now,
        transmission=Transmission(Action.NOTHING, now),
        observed=_OBSERVED[state],
        observed_since=now,
        known_at=now,
        bureau_id=row.bureau_id,
        notice_sent_on=row.notice_sent_on,
        published_on=row.published_on,
        is_adopted=True,
    )
    detail = {"request": request_id, "reference": row.reference, "amount": str(amount), "line": str(row.line)}
    event = Event(EventKind.ADOPTED, negativation_id, now, actor.id, CAUSE, detail)
    return request, Change(sync_transmission(negativation, gateway, now), (event,))


def require_person(actor: Actor) -> None:
    """Pass where a person asks.

    Raises:
        RuleViolation: it is the system or a host's hook (rule 1).
    """
    if not actor.is_person:
        raise RuleViolation("Só uma pessoa pode adotar negativações. Entre com um usuário seu.", code="sem_pessoa")


def _covered(invoice: Invoice | None, due_date: date, amount: Money, negativation_id: str) -> NegativatedInvoice:
    """What it covers: as the bureau has it; without an invoice, a stand-in that no host knows."""
    if invoice is None:
        return NegativatedInvoice(f"sem-fatura:{negativation_id}", "", due_date, amount, amount)
    return NegativatedInvoice(invoice.id, invoice.number, due_date, invoice.amount, amount)


# ------------------------------------------------------------------------------------------------ findings


def _block(code: str, message: str, field: str, invoice_id: str | None = None) -> Finding:
    return Finding(code, Severity.BLOCK, message, field, invoice_id)


def _illegible(row: ExtractRow) -> tuple[tuple[Finding, ...], Document | None]:
    found: list[Finding] = []
    document: Document | None = None
    try:
        document = parse_document(row.document)
    except InvalidInput as invalid:
        found.append(_block("documento_invalido", invalid.message, "document"))
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


def _standing_findings(row: ExtractRow, facts: Facts) -> tuple[Finding, ...]:
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


def _no_customer() -> Finding:
    message = "Nenhum cliente do ERP tem este documento. Cadastre-o, ou peça a exclusão diretamente ao birô."
    return _block("cliente_desconhecido", message, "document")


def _invoice_of(row: ExtractRow, facts: Facts) -> tuple[Invoice | None, Finding | None]:
    """The invoice by due date; by amount besides, where several fell due that day."""
    found = [each for each in facts.invoices if each.due_date == row.due_date]
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


def _taken(invoice: Invoice) -> Finding:
    message = f"A fatura {invoice.number} já está em outra negativação em aberto na mesma base. Confira qual vale."
    return _block("outra_negativacao", message, "due_date", invoice.id)


def _only_a_person() -> Finding:
    message = "Adotado sem fatura: nenhum pagamento o remove. Só uma pessoa pode apagá-lo."
    return Finding("adotado_sem_fatura", Severity.WARN, message, "due_date")


def _warnings(row: ExtractRow, invoice: Invoice | None, facts: Facts) -> tuple[Finding, ...]:
    found: list[Finding] = []
    if invoice is not None and row.amount is not None and invoice.amount != row.amount:
        message = f"O birô tem {row.amount}, e a fatura {invoice.number} é de {invoice.amount}. Confira."
        found.append(Finding("valor_difere", Severity.WARN, message, "amount", invoice.id))
    if invoice is not None and invoice.status is not InvoiceStatus.OPEN:
        message = f"A fatura {invoice.number} não está mais em aberto: a remoção entra na fila agora."
        found.append(Finding("fatura_quitada", Severity.WARN, message, "due_date", invoice.id))
    if row.state is RecordState.REMOVAL_REFUSED:
        message = "O birô recusou uma remoção anterior. Confira por que ela tinha sido pedida."
        found.append(Finding("remocao_recusada", Severity.WARN, message, "state"))
    if row.due_date is not None and facts.today - row.due_date > _FIVE_YEARS:
        message = "A dívida venceu há mais de 5 anos e não pode mais constar (CDC, art. 43). Apague-a."
        found.append(Finding("divida_prescrita", Severity.WARN, message, "due_date"))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows came to what.

    Args:
        rows: read.
        by_verdict: how many of each.
        by_code: how many findings of each code.
        unreadable: what the source itself says it could not give; empty where it gave everything.
    """

    rows: int
    by_verdict: dict[Verdict, int]
    by_code: dict[str, int]
    unreadable: str = ""

    @classmethod
    def empty(cls) -> Tally:
        """Nothing read yet."""
        return cls(0, dict.fromkeys(Verdict, 0), {})

    def with_one(self, assessment: Assessment) -> Tally:
        """One row more."""
        verdicts = {**self.by_verdict, assessment.verdict: self.by_verdict[assessment.verdict] + 1}
        codes = dict(self.by_code)
        for finding in assessment.findings:
            codes[finding.code] = codes.get(finding.code, 0) + 1
        return replace(self, rows=self.rows + 1, by_verdict=verdicts, by_code=codes)

    @property
    def adopted(self) -> int:
        """How many are taken over."""
        return sum(count for verdict, count in self.by_verdict.items() if verdict.is_adopted)


def refusal(assessment: Assessment, message: str) -> Assessment:
    """The same, refused: somebody else took its key or its invoice a moment ago."""
    finding = _block("conflito", message, "reference")
    return replace(assessment, verdict=Verdict.REFUSED, findings=(finding, *assessment.findings))


def is_blocked(assessment: Assessment) -> bool:
    """Whether any finding keeps it from being adopted."""
    return blocks(assessment.findings)
