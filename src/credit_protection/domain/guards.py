"""What must hold before an inclusion is asked for, and again when it is claimed (rules 2, 3 and 7).

Each guard gives typed findings; all are evaluated, the operator sees all. They read facts that were gathered once for a
whole batch (`Terms`), so a hundred thousand candidates cost no query.

These are rules of software, not legal advice: each is a setting with a safe default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from credit_protection.domain.abbreviations import abbreviate
from credit_protection.domain.capabilities import Overflow
from credit_protection.domain.customers import InvoiceStatus, SubscriptionStatus
from credit_protection.domain.documents import PersonType, parse_document
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.findings import Finding, Severity
from credit_protection.domain.money import ZERO, total

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet
    from datetime import date

    from credit_protection.domain.capabilities import Capabilities
    from credit_protection.domain.customers import Customer, Invoice, Subscription
    from credit_protection.domain.documents import Document
    from credit_protection.domain.legal_calendar import BusinessCalendar
    from credit_protection.domain.money import Money
    from credit_protection.domain.natures import InclusionNature

_BLOCK, _WARN = Severity.BLOCK, Severity.WARN
_ADULT_YEARS = 18
_DAYS_A_MONTH = 30


class TelecomGuard(StrEnum):
    """Whether the subscription must be terminated before inclusion (Anatel Res. 765/2023)."""

    OFF = "off"
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """The settings of the guards of an integration.

    Args:
        minimum_days_late: days after the due date (or the business day after it).
        maximum_age_years: CDC art. 43 §1: five years.
        age_margin_days: refuse this long before that age.
        fine_percent: multa that may be added to the open balance, per cent.
        monthly_interest_percent: juros that may be added, per cent a month, pro rata by day.
        creditor_notifies: whether the creditor, not the bureau, sends the written notice.
        notice_days: the term of that notice.
        telecom: how the termination of the subscription is looked at.
    """

    minimum_days_late: int = 1
    maximum_age_years: int = 5
    age_margin_days: int = 30
    fine_percent: Decimal = Decimal(0)
    monthly_interest_percent: Decimal = Decimal(0)
    creditor_notifies: bool = False
    notice_days: int = 10
    telecom: TelecomGuard = TelecomGuard.WARN


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a person wants to negativate: one customer, one subscription, chosen invoices.

    Args:
        customer: as read from the host now.
        subscription: whose invoices they are; None where the host does not know it.
        invoices: the chosen ones.
        nature_code: the bureau's nature.
        amounts: edited amounts by invoice id; an invoice without one is reported with its open balance.
    """

    customer: Customer
    subscription: Subscription | None
    invoices: tuple[Invoice, ...]
    nature_code: str
    amounts: Mapping[str, Money] = field(default_factory=dict)

    def amount_of(self, invoice: Invoice) -> Money:
        """What is reported for an invoice."""
        return self.amounts.get(invoice.id, invoice.balance)


@dataclass(frozen=True, slots=True)
class Terms:
    """The facts that all candidates of one integration share, gathered once.

    Args:
        gateway: what the gateway can do.
        settings: the integration's.
        calendar: the creditor's.
        today: the creditor's date.
        natures: the gateway's, by code.
        holds: customers on the do-not-negativate list, with the reason.
        open_invoices: invoices in another open negativation of the registry.
        is_telecom: whether the creditor is a telecom provider.
        grouped: whether the integration makes one record of the chosen invoices.
    """

    gateway: Capabilities
    settings: GuardSettings
    calendar: BusinessCalendar
    today: date
    natures: Mapping[str, InclusionNature]
    holds: Mapping[str, str] = field(default_factory=dict)
    open_invoices: AbstractSet[str] = frozenset()
    is_telecom: bool = True
    grouped: bool = False
    newest_due: date = field(init=False)
    oldest_due: date = field(init=False)
    adult_since: date = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        newest = self.today - timedelta(days=settings.minimum_days_late)
        oldest = years_before(self.today, settings.maximum_age_years) + timedelta(days=settings.age_margin_days)
        object.__setattr__(self, "newest_due", newest)
        object.__setattr__(self, "oldest_due", oldest)
        object.__setattr__(self, "adult_since", years_before(self.today, _ADULT_YEARS))


Guard = Callable[[Candidate, Terms], Iterable[Finding]]
"""A guard; plugins add their own of this shape."""


def evaluate(candidate: Candidate, terms: Terms, extra: Iterable[Guard] = ()) -> list[Finding]:
    """All findings about a candidate, in the order of the guards.

    Args:
        candidate: what is to be negativated.
        terms: the shared facts.
        extra: guards that plugins add.
    """
    findings: list[Finding] = []
    document = _checked_document(candidate, terms, findings)
    person_type = None if document is None else document.person_type
    _nature(candidate, terms, person_type, findings)
    _person(candidate, terms, person_type, findings)
    _invoices(candidate, terms, findings)
    _amount(candidate, terms, findings)
    _address(candidate, findings)
    _field_lengths(candidate, terms, findings)
    _hold(candidate, terms, findings)
    _telecom(candidate, terms, findings)
    for guard in extra:
        findings.extend(guard(candidate, terms))
    return findings


def years_before(day: date, years: int) -> date:
    """The same day some years earlier; from 29 February, where that year has none, the 28th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


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


# ------------------------------------------------------------------------------------------------ the guards


def _checked_document(candidate: Candidate, terms: Terms, findings: list[Finding]) -> Document | None:
    try:
        document = parse_document(candidate.customer.document)
    except InvalidInput as error:
        findings.append(Finding(error.code, _BLOCK, error.message, "document"))
        return None
    if document.is_alphanumeric and not terms.gateway.alphanumeric_cnpj:
        findings.append(
            Finding(
                "cnpj_alfanumerico",
                _BLOCK,
                "Este birô ainda não aceita CNPJ com letras. Use outra integração.",
                "document",
            )
        )
    takes = terms.gateway.includes_pf if document.person_type is PersonType.PF else terms.gateway.includes_pj
    if not (takes and terms.gateway.include):
        kind = document.person_type.value
        findings.append(
            Finding("gateway_pessoa", _BLOCK, f"Este birô não inclui {kind}. Use outra integração.", "integration")
        )
    return document


def _nature(candidate: Candidate, terms: Terms, person_type: PersonType | None, findings: list[Finding]) -> None:
    nature = terms.natures.get(candidate.nature_code)
    if nature is None:
        message = (
            f"A natureza {candidate.nature_code!r} não existe neste birô. Sincronize a integração e escolha outra."
        )
        findings.append(Finding("natureza_desconhecida", _BLOCK, message, "nature"))
        return
    if person_type is None:
        return
    admits = nature.admits(person_type)
    if admits is None:
        message = (
            f"O birô não diz se a natureza {nature.code} ({nature.description}) vale para {person_type.value}. "
            "Confira antes de enviar."
        )
        findings.append(Finding("natureza_sem_marca", _WARN, message, "nature"))
    elif not admits:
        message = (
            f"A natureza {nature.code} ({nature.description}) não vale para {person_type.value}. "
            f"Escolha uma natureza de {person_type.value}."
        )
        findings.append(Finding("natureza_pessoa", _BLOCK, message, "nature"))


def _person(candidate: Candidate, terms: Terms, person_type: PersonType | None, findings: list[Finding]) -> None:
    if not candidate.customer.name.strip():
        findings.append(Finding("nome_ausente", _BLOCK, "O cliente está sem nome. Complete o cadastro no ERP.", "name"))
    if person_type is not PersonType.PF:
        return
    birth = candidate.customer.birth_date
    if birth is None:
        message = "A data de nascimento é desconhecida: confira se o cliente tem 18 anos ou mais."
        findings.append(Finding("nascimento_desconhecido", _WARN, message, "birth_date"))
    elif birth > terms.adult_since:
        message = "O cliente tem menos de 18 anos e não pode ser negativado. Confira a data de nascimento."
        findings.append(Finding("menor_de_idade", _BLOCK, message, "birth_date"))


_NOT_OPEN = {
    InvoiceStatus.PAID: ("fatura_paga", "já está paga"),
    InvoiceStatus.CREDITED: ("fatura_creditada", "foi quitada por nota de crédito"),
    InvoiceStatus.CANCELLED: ("fatura_cancelada", "está cancelada"),
    InvoiceStatus.IN_AGREEMENT: ("fatura_em_acordo", "está em um acordo de pagamento"),
}


def _invoices(candidate: Candidate, terms: Terms, findings: list[Finding]) -> None:
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
            _notice(invoice, terms, findings)


def _due_date(invoice: Invoice, terms: Terms, findings: list[Finding]) -> None:
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


def _notice(invoice: Invoice, terms: Terms, findings: list[Finding]) -> None:
    if invoice.notice_on is None:
        text = "está sem a data do comunicado por escrito ao devedor. Envie o comunicado e registre a data."
        _about(findings, invoice, "sem_comunicado", text)
    elif invoice.notice_on + timedelta(days=terms.settings.notice_days) >= terms.today:
        days = terms.settings.notice_days
        _about(findings, invoice, "prazo_do_comunicado", f"ainda está no prazo de {days} dias do comunicado. Espere.")


def _about(findings: list[Finding], invoice: Invoice, code: str, text: str) -> None:
    findings.append(Finding(code, _BLOCK, f"A fatura {invoice.number} {text}", "invoices", invoice.id))


def _amount(candidate: Candidate, terms: Terms, findings: list[Finding]) -> None:
    amounts = candidate.amounts
    for invoice in candidate.invoices:
        amount = amounts.get(invoice.id) if amounts else None
        if amount is None:
            if invoice.balance.cents <= 0:
                _amount_about(findings, invoice, "valor_nao_positivo", "não tem saldo em aberto. Tire-a da escolha.")
        elif amount.cents <= 0:
            _amount_about(findings, invoice, "valor_nao_positivo", "deve ter valor maior que zero. Corrija o valor.")
        elif amount > invoice.balance:
            ceiling = invoice.balance + allowed_charges(invoice, terms.today, terms.settings)
            if amount > ceiling:
                text = f"tem valor acima do saldo com os encargos permitidos ({ceiling}). Reduza o valor."
                _amount_about(findings, invoice, "valor_acima_do_saldo", text)
    minimum = terms.gateway.minimum_amount
    if minimum.cents and candidate.invoices:
        smallest = _smallest_record(candidate, grouped=terms.grouped and terms.gateway.grouping)
        if ZERO < smallest < minimum:
            message = f"O birô só aceita dívidas a partir de {minimum}. Escolha outras faturas."
            findings.append(Finding("valor_minimo", _BLOCK, message, "amount"))


def _smallest_record(candidate: Candidate, *, grouped: bool) -> Money:
    amounts = [candidate.amount_of(invoice) for invoice in candidate.invoices]
    return total(amounts) if grouped else min(amounts)


def _amount_about(findings: list[Finding], invoice: Invoice, code: str, text: str) -> None:
    findings.append(Finding(code, _BLOCK, f"A fatura {invoice.number} {text}", "amount", invoice.id))


_REQUIRED_PARTS = (
    ("street", "logradouro"),
    ("number", "número"),
    ("district", "bairro"),
    ("city", "cidade"),
    ("state", "UF"),
    ("postal_code", "CEP"),
)


def _address(candidate: Candidate, findings: list[Finding]) -> None:
    address = candidate.customer.address
    lacking = [label for part, label in _REQUIRED_PARTS if not getattr(address, part).strip()]
    if lacking:
        message = f"O endereço do cliente está sem: {', '.join(lacking)}. Complete o cadastro no ERP."
        findings.append(Finding("endereco_incompleto", _BLOCK, message, "address"))


def _field_lengths(candidate: Candidate, terms: Terms, findings: list[Finding]) -> None:
    for name, limit in terms.gateway.field_limits.items():
        text = field_text(candidate.customer, name)
        if len(text) <= limit.length:
            continue
        short = abbreviate(text, limit.length) if limit.overflow is Overflow.ABBREVIATE else None
        label = _FIELD_LABELS.get(name, name)
        if short is None:
            message = f"{label} tem mais de {limit.length} caracteres. Abrevie no cadastro do ERP."
            findings.append(Finding("campo_longo", _BLOCK, message, name))
        else:
            message = f"{label} passa de {limit.length} caracteres e será enviado como {short!r}."
            findings.append(Finding("campo_abreviado", _WARN, message, name))


_FIELD_LABELS = {
    "name": "O nome",
    "street": "O logradouro",
    "number": "O número",
    "complement": "O complemento",
    "district": "O bairro",
    "city": "A cidade",
}


def field_text(customer: Customer, name: str) -> str:
    """The text of a limited field: `name`, or a part of the address."""
    return customer.name if name == "name" else str(getattr(customer.address, name))


def _hold(candidate: Candidate, terms: Terms, findings: list[Finding]) -> None:
    reason = terms.holds.get(candidate.customer.id)
    if reason is not None:
        message = f"O cliente está na lista de não negativar ({reason}). Fale com quem gere a lista."
        findings.append(Finding("nao_negativar", _BLOCK, message, "customer"))


def _telecom(candidate: Candidate, terms: Terms, findings: list[Finding]) -> None:
    mode = terms.settings.telecom
    if mode is TelecomGuard.OFF or not terms.is_telecom:
        return
    subscription = candidate.subscription
    if subscription is None or subscription.status is not SubscriptionStatus.TERMINATED:
        severity = _BLOCK if mode is TelecomGuard.BLOCK else _WARN
        message = "O serviço não está rescindido. Pela Anatel (Res. 765/2023), negative só depois da rescisão."
        findings.append(Finding("servico_nao_rescindido", severity, message, "subscription"))
