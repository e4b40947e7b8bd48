"""The built-in guards: about the person (document, nature, identity, address, texts, list) and about the debt."""

from __future__ import annotations

from datetime import date, timedelta

from credit_protection.domain.abbreviations import abbreviate
from credit_protection.domain.capabilities import Overflow
from credit_protection.domain.customers import Customer, Invoice, InvoiceStatus, LineKind, SubscriptionStatus
from credit_protection.domain.documents import Document, PersonType, parse_document
from credit_protection.domain.errors import InvalidInput
from credit_protection.domain.findings import Finding, Severity
from credit_protection.domain.guards.facts import (
    ADULT_YEARS,
    Candidate,
    GuardSettings,
    InclusionTerms,
    TelecomGuard,
    years_before,
)
from credit_protection.domain.holds import as_hold
from credit_protection.domain.money import ZERO, Money, total
from credit_protection.domain.places import STATES, compact_postal_code, is_postal_code, state_of
from credit_protection.domain.reasons import required_findings
from credit_protection.domain.texts import clean_text, has_controls

_BLOCK, _WARN = Severity.BLOCK, Severity.WARN


def check_document(candidate: Candidate, terms: InclusionTerms, findings: list[Finding]) -> Document | None:
    """The document is valid, and the gateway takes it."""
    try:
        document = parse_document(candidate.customer.document)
    except InvalidInput as error:
        findings.append(Finding(error.code, _BLOCK, error.message, "document"))
        return None
    if document.is_alphanumeric and not terms.capabilities.alphanumeric_cnpj:
        message = "Este birô ainda não aceita CNPJ com letras. Use outra integração."
        findings.append(Finding("cnpj_alfanumerico", _BLOCK, message, "document"))
    takes = terms.capabilities.includes_pf if document.person_type is PersonType.PF else terms.capabilities.includes_pj
    if not (takes and terms.capabilities.include):
        message = f"Este birô não inclui {document.person_type.value}. Use outra integração."
        findings.append(Finding("gateway_pessoa", _BLOCK, message, "integration"))
    return document


def check_nature(
    candidate: Candidate, terms: InclusionTerms, person_type: PersonType | None, findings: list[Finding]
) -> None:
    """The gateway knows the nature, and it admits the person type (rule 2)."""
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


def check_removal_reasons(terms: InclusionTerms, findings: list[Finding]) -> None:
    """The bureau has a code for the reasons without which the record could not be removed."""
    if terms.reason_map is not None:
        findings.extend(required_findings(terms.reason_map))


def check_person(
    candidate: Candidate, terms: InclusionTerms, person_type: PersonType | None, findings: list[Finding]
) -> None:
    """Name and, for PF, age, also when the debt arose."""
    words = clean_text(candidate.customer.name).split()
    if not words:
        findings.append(Finding("nome_ausente", _BLOCK, "O cliente está sem nome. Complete o cadastro no ERP.", "name"))
    if person_type is not PersonType.PF:
        return
    if len(words) == 1:
        message = "O nome do cliente tem uma só palavra. Confira se o cadastro tem o nome completo."
        findings.append(Finding("nome_incompleto", _WARN, message, "name"))
    birth = candidate.customer.birth_date
    if birth is None:
        message = "A data de nascimento é desconhecida: confira se o cliente tem 18 anos ou mais."
        findings.append(Finding("nascimento_desconhecido", _WARN, message, "birth_date"))
    elif birth > terms.adult_since:
        message = "O cliente tem menos de 18 anos e não pode ser negativado. Confira a data de nascimento."
        findings.append(Finding("menor_de_idade", _BLOCK, message, "birth_date"))
    else:
        for invoice in candidate.invoices:
            if invoice.issued_on is not None and birth > years_before(invoice.issued_on, ADULT_YEARS):
                text = "é de quando o cliente tinha menos de 18 anos. Confira quem contratou antes de enviar."
                _about(findings, invoice, "menor_na_emissao", text, severity=_WARN)


_FIELD_LABELS = {
    "name": "O nome",
    "street": "O logradouro",
    "number": "O número",
    "complement": "O complemento",
    "district": "O bairro",
    "city": "A cidade",
}
_REQUIRED_PARTS = (
    ("street", "logradouro"),
    ("number", "número"),
    ("district", "bairro"),
    ("city", "cidade"),
    ("state", "UF"),
    ("postal_code", "CEP"),
)


def check_address(candidate: Candidate, findings: list[Finding]) -> None:
    """All parts of the address are present, and UF and CEP may exist; texts have no line breaks."""
    customer = candidate.customer
    address = customer.address
    lacking = [label for part, label in _REQUIRED_PARTS if not clean_text(getattr(address, part))]
    if lacking:
        message = f"O endereço do cliente está sem: {', '.join(lacking)}. Complete o cadastro no ERP."
        findings.append(Finding("endereco_incompleto", _BLOCK, message, "address"))
    _places(clean_text(address.state).upper(), compact_postal_code(clean_text(address.postal_code)), findings)
    for name, label in _FIELD_LABELS.items():
        given = customer.name if name == "name" else getattr(address, name)
        if has_controls(given):
            message = f"{label} tem quebra de linha ou caractere invisível e será enviado como {clean_text(given)!r}."
            findings.append(Finding("texto_com_controle", _WARN, message, name))


def _places(state: str, postal_code: str, findings: list[Finding]) -> None:
    is_state, is_code = state in STATES, is_postal_code(postal_code)
    if state and not is_state:
        message = f"A UF {state!r} não é de um estado brasileiro: o aviso não chegaria. Corrija o endereço no ERP."
        findings.append(Finding("uf_desconhecida", _BLOCK, message, "state"))
    if postal_code and not is_code:
        message = f"O CEP {postal_code!r} não tem 8 dígitos que possam existir. Corrija o endereço no ERP."
        findings.append(Finding("cep_invalido", _BLOCK, message, "postal_code"))
    elif is_state and is_code and state_of(postal_code) != state:
        message = f"O CEP {postal_code} não é de {state}. Confira o endereço antes de enviar."
        findings.append(Finding("cep_de_outro_estado", _WARN, message, "postal_code"))


def check_field_lengths(candidate: Candidate, terms: InclusionTerms, findings: list[Finding]) -> None:
    """Texts fit the bureau's limits, abbreviated where the gateway allows it."""
    for name, limit in terms.capabilities.field_limits.items():
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


def field_text(customer: Customer, name: str) -> str:
    """The text of a limited field as it is sent: `name`, or a part of the address."""
    return clean_text(customer.name if name == "name" else str(getattr(customer.address, name)))


def check_holds(candidate: Candidate, terms: InclusionTerms, findings: list[Finding]) -> None:
    """The person is not on the do-not-negativate list."""
    given = terms.holds.get(candidate.customer.id)
    hold = None if given is None else as_hold(given)
    if hold is not None and hold.is_effective(terms.today):
        message = f"O cliente está na lista de não negativar ({hold.text}). Fale com quem gere a lista."
        findings.append(Finding("nao_negativar", _BLOCK, message, "customer"))


_DAYS_A_MONTH = 30
_NO_BALANCE = "não tem saldo em aberto. Tire-a da escolha."
_NOT_OPEN = {
    InvoiceStatus.PAID: ("fatura_paga", "já está paga"),
    InvoiceStatus.CREDITED: ("fatura_creditada", "foi quitada por nota de crédito"),
    InvoiceStatus.CANCELLED: ("fatura_cancelada", "está cancelada"),
    InvoiceStatus.IN_AGREEMENT: ("fatura_em_acordo", "está em um acordo de pagamento"),
    InvoiceStatus.WRITTEN_OFF: ("fatura_baixada_por_perda", "foi baixada por perda"),
}


def check_invoices(candidate: Candidate, terms: InclusionTerms, findings: list[Finding]) -> None:
    """The invoices are of this customer and creditor, open, overdue, notified, and in no open negativation (rule 3)."""
    if not candidate.invoices:
        message = "Escolha pelo menos uma fatura vencida."
        findings.append(Finding("sem_fatura", _BLOCK, message, "invoices"))
        return
    customer_id = candidate.customer.id
    owner = customer_id if candidate.subscription is None else candidate.subscription.customer_id
    is_unknown = candidate.subscription is None and _names_subscription(candidate)
    if is_unknown or owner != customer_id:
        message = "O serviço não é deste cliente. Escolha um serviço do cliente e as faturas dele."
        findings.append(Finding("servico_de_outro_cliente", _BLOCK, message, "subscription"))
    seen: set[str] = set()
    for invoice in candidate.invoices:
        _parties(invoice, candidate, terms, findings)
        if invoice.status is not InvoiceStatus.OPEN:
            code, words = _NOT_OPEN[invoice.status]
            _about(findings, invoice, code, f"{words}. Tire-a da escolha.")
        if invoice.id in terms.open_invoices:
            text = "já está em uma negativação em aberto nesta base. Espere ela terminar."
            _about(findings, invoice, "fatura_ja_negativada", text)
        if invoice.id in seen:
            _about(findings, invoice, "fatura_repetida", "foi escolhida duas vezes. Deixe uma só.")
        seen.add(invoice.id)
        _due_date(invoice, terms, findings)
        _doubts(invoice, findings)
        if terms.settings.creditor_notifies:
            _notice(invoice, terms.settings.notice_term(candidate.customer.address.state), terms, findings)


def _parties(invoice: Invoice, candidate: Candidate, terms: InclusionTerms, findings: list[Finding]) -> None:
    subscription_id = None if candidate.subscription is None else candidate.subscription.id
    if invoice.customer_id != candidate.customer.id:
        _about(findings, invoice, "fatura_de_outro_cliente", "é de outro cliente. Escolha faturas deste cliente.")
    elif invoice.subscription_id != subscription_id:
        text = "é de outro serviço. Escolha faturas de um só serviço do cliente."
        _about(findings, invoice, "fatura_de_outro_servico", text)
    if terms.creditor_id is not None and invoice.creditor_id not in {None, terms.creditor_id}:
        text = "é devida a outra empresa. Use uma integração dessa empresa."
        _about(findings, invoice, "fatura_de_outra_empresa", text)
    if invoice.creditor_id is None and candidate.has_several_creditors:
        text = "não diz a que empresa é devida, e o ERP tem várias. Corrija o cadastro ou o adaptador do ERP."
        _about(findings, invoice, "fatura_sem_empresa", text)


def _names_subscription(candidate: Candidate) -> bool:
    return any(invoice.subscription_id is not None for invoice in candidate.invoices)


_CONFIRM = {
    LineKind.FIDELITY_FINE: "multa de fidelidade",
    LineKind.EQUIPMENT: "equipamento",
}


def _doubts(invoice: Invoice, findings: list[Finding]) -> None:
    """What else the host says of the debt."""
    if invoice.payment_pending:
        text = "tem um pagamento que ainda não foi confirmado. Espere a confirmação."
        _about(findings, invoice, "pagamento_pendente", text)
    if invoice.protested:
        text = "já está em protesto ou negativada pelo banco. Confira se deve constar duas vezes."
        _about(findings, invoice, "fatura_protestada", text, severity=_WARN)
    charged = [label for kind, label in _CONFIRM.items() if kind in invoice.lines]
    if charged:
        text = f"cobra {' e '.join(charged)}. Confira se o cliente reconhece essa dívida."
        _about(findings, invoice, "cobranca_a_confirmar", text, severity=_WARN)


def _due_date(invoice: Invoice, terms: InclusionTerms, findings: list[Finding]) -> None:
    due = terms.calendar.on_or_after(max(invoice.due_date, invoice.debt_due_date))
    if due >= terms.today:
        _about(findings, invoice, "fatura_a_vencer", "ainda não venceu. Tire-a da escolha.")
    elif due > terms.newest_due:
        days = terms.settings.minimum_days_late
        text = f"tem menos de {days} dia(s) de atraso, o mínimo desta integração. Espere ou tire-a."
        _about(findings, invoice, "atraso_minimo", text)
    if min(invoice.due_date, invoice.debt_due_date) <= terms.oldest_due:
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
    for invoice in candidate.invoices:
        amount = candidate.amount_of(invoice)
        if amount.cents <= 0:
            is_edited = invoice.id in candidate.amounts
            text = "deve ter valor maior que zero. Corrija o valor." if is_edited else _NO_BALANCE
            _about(findings, invoice, "valor_nao_positivo", text, field="amount")
        elif amount <= terms.tolerance:
            text = f"tem valor até a tolerância da integração ({terms.tolerance}): contaria como quitada. Tire-a."
            _about(findings, invoice, "valor_ate_a_tolerancia", text, field="amount")
        elif amount > invoice.balance:
            ceiling = invoice.balance + allowed_charges(invoice.balance, invoice.due_date, terms.today, terms.settings)
            if amount > ceiling:
                text = f"tem valor acima do saldo com os encargos permitidos ({ceiling}). Reduza o valor."
                _about(findings, invoice, "valor_acima_do_saldo", text, field="amount")
    minimum = terms.capabilities.minimum_amount
    if minimum.cents and candidate.invoices:
        amounts = [candidate.amount_of(invoice) for invoice in candidate.invoices]
        is_grouped = terms.grouped and terms.capabilities.grouping
        if ZERO < (total(amounts) if is_grouped else min(amounts)) < minimum:
            message = f"O birô só aceita dívidas a partir de {minimum}. Escolha outras faturas."
            findings.append(Finding("valor_minimo", _BLOCK, message, "amount"))


def allowed_charges(balance: Money, due_date: date, today: date, settings: GuardSettings) -> Money:
    """The fine and the interest (a month, pro rata by days late over 30) that may be added to an open balance."""
    days_late = max((today - due_date).days, 0)
    interest = settings.monthly_interest_percent * days_late / _DAYS_A_MONTH
    return balance.percent(settings.fine_percent) + balance.percent(interest)


def check_telecom(candidate: Candidate, terms: InclusionTerms, findings: list[Finding]) -> None:
    """The subscription is terminated (telecom creditors)."""
    mode = terms.settings.telecom
    if mode is TelecomGuard.OFF or not terms.is_telecom:
        return
    subscription = candidate.subscription
    if subscription is None and not _names_subscription(candidate):
        return  # a single boleto without a service
    if subscription is None or subscription.status is not SubscriptionStatus.TERMINATED:
        severity = _BLOCK if mode is TelecomGuard.BLOCK else _WARN
        message = "O serviço não está rescindido. Pela Anatel (Res. 765/2023), negative só depois da rescisão."
        findings.append(Finding("servico_nao_rescindido", severity, message, "subscription"))


def _about(
    findings: list[Finding],
    invoice: Invoice,
    code: str,
    text: str,
    field: str = "invoices",
    severity: Severity = _BLOCK,
) -> None:
    findings.append(Finding(code, severity, f"A fatura {invoice.number} {text}", field, invoice.id))
