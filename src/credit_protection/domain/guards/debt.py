"""Guards about the debt: invoices, lateness, age, notice, amount, termination of the service."""

from __future__ import annotations

from datetime import date, timedelta

from credit_protection.domain.customers import Invoice, InvoiceStatus, SubscriptionStatus
from credit_protection.domain.findings import Finding, Severity
from credit_protection.domain.guards.facts import Candidate, GuardSettings, InclusionTerms, TelecomGuard
from credit_protection.domain.money import ZERO, Money, total

_BLOCK, _WARN = Severity.BLOCK, Severity.WARN
_DAYS_A_MONTH = 30


_NOT_OPEN = {
    InvoiceStatus.PAID: ("fatura_paga", "já está paga"),
    InvoiceStatus.CREDITED: ("fatura_creditada", "foi quitada por nota de crédito"),
    InvoiceStatus.CANCELLED: ("fatura_cancelada", "está cancelada"),
    InvoiceStatus.IN_AGREEMENT: ("fatura_em_acordo", "está em um acordo de pagamento"),
}


def check_invoices(candidate: Candidate, terms: InclusionTerms, findings: list[Finding]) -> None:
    """The invoices are this customer's, open, overdue, notified, and in no other open negativation (rule 3)."""
    if not candidate.invoices:
        message = "Escolha pelo menos uma fatura vencida."
        findings.append(Finding("sem_fatura", _BLOCK, message, "invoices"))
        return
    customer_id = candidate.customer.id
    if candidate.subscription is None or candidate.subscription.customer_id != customer_id:
        message = "O serviço não é deste cliente. Escolha um serviço do cliente e as faturas dele."
        findings.append(Finding("servico_de_outro_cliente", _BLOCK, message, "subscription"))
    subscription_id = None if candidate.subscription is None else candidate.subscription.id
    open_invoices = terms.open_invoices
    seen: set[str] = set()
    for invoice in candidate.invoices:
        if invoice.customer_id != customer_id:
            _about(findings, invoice, "fatura_de_outro_cliente", "é de outro cliente. Escolha faturas deste cliente.")
        elif invoice.subscription_id != subscription_id:
            text = "é de outro serviço. Escolha faturas de um só serviço do cliente."
            _about(findings, invoice, "fatura_de_outro_servico", text)
        if invoice.status is not InvoiceStatus.OPEN:
            code, words = _NOT_OPEN[invoice.status]
            _about(findings, invoice, code, f"{words}. Tire-a da escolha.")
        if invoice.id in open_invoices:
            text = "já está em uma negativação em aberto nesta base. Espere ela terminar."
            _about(findings, invoice, "fatura_ja_negativada", text)
        if invoice.id in seen:
            _about(findings, invoice, "fatura_repetida", "foi escolhida duas vezes. Deixe uma só.")
        seen.add(invoice.id)
        _due_date(invoice, terms, findings)
        if terms.settings.creditor_notifies:
            term = terms.settings.notice_term(candidate.customer.address.state)
            _notice(invoice, term, terms, findings)


def _due_date(invoice: Invoice, terms: InclusionTerms, findings: list[Finding]) -> None:
    due = terms.calendar.on_or_after(invoice.due_date)
    if due >= terms.today:
        _about(findings, invoice, "fatura_a_vencer", "ainda não venceu. Tire-a da escolha.")
    elif due > terms.newest_due:
        days = terms.settings.minimum_days_late
        _about(
            findings,
            invoice,
            "atraso_minimo",
            f"tem menos de {days} dia(s) de atraso, o mínimo desta integração. Espere ou tire-a.",
        )
    if invoice.due_date <= terms.oldest_due:
        settings = terms.settings
        text = (
            f"é antiga demais: uma dívida só pode constar por {settings.maximum_age_years} anos, e faltam menos de "
            f"{settings.age_margin_days} dias. Tire-a da escolha."
        )
        _about(findings, invoice, "divida_antiga", text)


def _notice(invoice: Invoice, days: int, terms: InclusionTerms, findings: list[Finding]) -> None:
    if invoice.notice_on is None:
        text = "está sem a data do comunicado por escrito ao devedor. Envie o comunicado e registre a data."
        _about(findings, invoice, "sem_comunicado", text)
    elif invoice.notice_on + timedelta(days=days) >= terms.today:
        _about(findings, invoice, "prazo_do_comunicado", f"ainda está no prazo de {days} dias do comunicado. Espere.")


def check_amount(candidate: Candidate, terms: InclusionTerms, findings: list[Finding]) -> None:
    """Amounts are positive, within the balance and the allowed charges, and above the bureau's minimum."""
    amounts = candidate.amounts
    for invoice in candidate.invoices:
        amount = amounts.get(invoice.id) if amounts else None
        if amount is None:
            if invoice.balance.cents <= 0:
                _about(
                    findings,
                    invoice,
                    "valor_nao_positivo",
                    "não tem saldo em aberto. Tire-a da escolha.",
                    field="amount",
                )
        elif amount.cents <= 0:
            _about(
                findings,
                invoice,
                "valor_nao_positivo",
                "deve ter valor maior que zero. Corrija o valor.",
                field="amount",
            )
        elif amount > invoice.balance:
            ceiling = invoice.balance + allowed_charges(invoice, terms.today, terms.settings)
            if amount > ceiling:
                text = f"tem valor acima do saldo com os encargos permitidos ({ceiling}). Reduza o valor."
                _about(findings, invoice, "valor_acima_do_saldo", text, field="amount")
    minimum = terms.capabilities.minimum_amount
    if minimum.cents and candidate.invoices:
        smallest = _smallest_record(candidate, grouped=terms.grouped and terms.capabilities.grouping)
        if ZERO < smallest < minimum:
            message = f"O birô só aceita dívidas a partir de {minimum}. Escolha outras faturas."
            findings.append(Finding("valor_minimo", _BLOCK, message, "amount"))


def _smallest_record(candidate: Candidate, *, grouped: bool) -> Money:
    amounts = [candidate.amount_of(invoice) for invoice in candidate.invoices]
    return total(amounts) if grouped else min(amounts)


def allowed_charges(invoice: Invoice, today: date, settings: GuardSettings) -> Money:
    """The fine and interest that may be added to an invoice's open balance.

    Args:
        invoice: with its open balance.
        today: the creditor's date.
        settings: fine per cent, and interest per cent a month, pro rata by days late over 30.
    """
    days_late = max((today - invoice.due_date).days, 0)
    interest = settings.monthly_interest_percent * days_late / _DAYS_A_MONTH
    return invoice.balance.percent(settings.fine_percent) + invoice.balance.percent(interest)


def check_telecom(candidate: Candidate, terms: InclusionTerms, findings: list[Finding]) -> None:
    """The subscription is terminated (telecom creditors)."""
    mode = terms.settings.telecom
    if mode is TelecomGuard.OFF or not terms.is_telecom:
        return
    subscription = candidate.subscription
    if subscription is None or subscription.status is not SubscriptionStatus.TERMINATED:
        severity = _BLOCK if mode is TelecomGuard.BLOCK else _WARN
        message = "O serviço não está rescindido. Pela Anatel (Res. 765/2023), negative só depois da rescisão."
        findings.append(Finding("servico_nao_rescindido", severity, message, "subscription"))


def _about(findings: list[Finding], invoice: Invoice, code: str, text: str, field: str = "invoices") -> None:
    findings.append(Finding(code, _BLOCK, f"A fatura {invoice.number} {text}", field, invoice.id))
