"""Each way in which a candidate can be wrong, alone, and the one finding that it must give.

`ANA` and `PADARIA` are clean under `TERMS`; an `InvalidMutation` changes one thing of any clean candidate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from credit_protection.domain.capabilities import Capabilities, FieldLimit, Overflow, Registry
from credit_protection.domain.customers import (
    Address,
    Customer,
    Invoice,
    InvoiceStatus,
    LineKind,
    Subscription,
    SubscriptionStatus,
)
from credit_protection.domain.documents import PersonType
from credit_protection.domain.findings import Finding, Severity
from credit_protection.domain.guards import Candidate, GuardSettings, InclusionTerms, TelecomGuard
from credit_protection.domain.legal_calendar import BusinessCalendar
from credit_protection.domain.money import ZERO, Money
from credit_protection.domain.natures import InclusionNature
from credit_protection.testing.strategies import NATURE, TODAY

PF, PJ = PersonType.PF, PersonType.PJ
BLOCK, WARN = Severity.BLOCK, Severity.WARN

TERMS = InclusionTerms(Capabilities(Registry.SPC), GuardSettings(), BusinessCalendar(), TODAY, {NATURE.code: NATURE})
SETTINGS, CAPABILITIES = TERMS.settings, TERMS.capabilities

RIO_PRETO = Address("Rua das Acácias", "120", "", "Centro", "São José do Rio Preto", "SP", "15015000")
F1 = Invoice("1001", "c1", "s1", "F-1001", date(2026, 7, 1), Money(100_00), Money(100_00))
F2 = Invoice("1002", "c1", "s1", "F-1002", date(2026, 8, 3), Money(100_00), Money(60_00))
ANA = Candidate(
    Customer("c1", "Ana da Silva", "90010020055", RIO_PRETO, date(1980, 5, 17)),
    Subscription("s1", "c1", "Fibra 500 Mb", SubscriptionStatus.TERMINATED, date(2026, 8, 20)),
    (F1, F2),
    NATURE.code,
)
PADARIA = replace(ANA, customer=Customer("c1", "Padaria Sá Ltda", "11222333000181", RIO_PRETO))

Mutation = Callable[[Candidate, InclusionTerms], tuple[Candidate, InclusionTerms]]


@dataclass(frozen=True)
class InvalidMutation:
    """One thing wrong.

    `finding` is what `ANA` (or `PADARIA`, where only a PJ can be wrong so) gives. `part` is what is changed: two
    mutations of different parts are independent.
    """

    part: str
    mutate: Mutation
    finding: Finding
    person_type: PersonType | None = None

    @property
    def name(self) -> str:
        return f"{self.finding.code}-{self.part}"

    def suits(self, person_type: PersonType) -> bool:
        return self.person_type in {None, person_type}


# ------------------------------------------------------------------------------------------------ how to mutate


def customer(**changes: object) -> Mutation:
    return lambda candidate, terms: (
        replace(candidate, customer=replace(candidate.customer, **changes)),  # type: ignore[arg-type]
        terms,
    )


def address(**changes: str) -> Mutation:
    return lambda candidate, terms: (
        replace(
            candidate, customer=replace(candidate.customer, address=replace(candidate.customer.address, **changes))
        ),
        terms,
    )


def first(**changes: object) -> Mutation:
    """Change the first invoice; where that is its balance, the edited amount falls."""

    def mutate(candidate: Candidate, terms: InclusionTerms) -> tuple[Candidate, InclusionTerms]:
        head, *rest = candidate.invoices
        kept = candidate.amounts.items()
        amounts = {each: amount for each, amount in kept if each != head.id or "balance" not in changes}
        changed = replace(head, **changes)  # type: ignore[arg-type]
        return replace(candidate, invoices=(changed, *rest), amounts=amounts), terms

    return mutate


def all_invoices(**changes: object) -> Mutation:
    def mutate(candidate: Candidate, terms: InclusionTerms) -> tuple[Candidate, InclusionTerms]:
        changed = tuple(replace(each, **changes) for each in candidate.invoices)  # type: ignore[arg-type]
        return replace(candidate, invoices=changed), terms

    return mutate


def first_amount(amount: Callable[[Invoice], Money]) -> Mutation:
    def mutate(candidate: Candidate, terms: InclusionTerms) -> tuple[Candidate, InclusionTerms]:
        head = candidate.invoices[0]
        return replace(candidate, amounts={**candidate.amounts, head.id: amount(head)}), terms

    return mutate


def with_capabilities(**changes: object) -> Mutation:
    return lambda candidate, terms: (candidate, replace(terms, capabilities=replace(terms.capabilities, **changes)))  # type: ignore[arg-type]


def settings(**changes: object) -> Mutation:
    return lambda candidate, terms: (candidate, replace(terms, settings=replace(terms.settings, **changes)))  # type: ignore[arg-type]


def nature(person_types: frozenset[PersonType] | None) -> Mutation:
    only = InclusionNature("1", "Devedor", person_types)
    return lambda candidate, terms: (candidate, replace(terms, natures={"1": only}))


def both(one: Mutation, other: Mutation) -> Mutation:
    return lambda candidate, terms: other(*one(candidate, terms))


def on_hold(candidate: Candidate, terms: InclusionTerms) -> tuple[Candidate, InclusionTerms]:
    return candidate, replace(terms, holds={candidate.customer.id: "ação judicial", "outro": "óbito"})


def open_elsewhere(candidate: Candidate, terms: InclusionTerms) -> tuple[Candidate, InclusionTerms]:
    return candidate, replace(terms, open_invoices=frozenset({candidate.invoices[0].id}))


def of_creditor(candidate: Candidate, terms: InclusionTerms) -> tuple[Candidate, InclusionTerms]:
    return candidate, replace(terms, creditor_id="cr-1")


def chosen_twice(candidate: Candidate, terms: InclusionTerms) -> tuple[Candidate, InclusionTerms]:
    return replace(candidate, invoices=(*candidate.invoices, candidate.invoices[0])), terms


def with_subscription_status(status: SubscriptionStatus) -> Mutation:
    def mutate(candidate: Candidate, terms: InclusionTerms) -> tuple[Candidate, InclusionTerms]:
        assert candidate.subscription is not None
        return replace(candidate, subscription=replace(candidate.subscription, status=status)), terms

    return mutate


def notified(days_ago: int) -> Mutation:
    return both(
        settings(creditor_notifies=True, notice_days_by_state={}),
        all_invoices(notice_on=TODAY - timedelta(days=days_ago)),
    )


def long_text(field: str, limit: FieldLimit, **changes: str) -> Mutation:
    return both(
        customer(**changes) if field == "name" else address(**changes), with_capabilities(field_limits={field: limit})
    )


def late_by(days: int) -> date:
    return TODAY - timedelta(days=days)


# ------------------------------------------------------------------------------------------------ the table


def about_first(code: str, message: str, field: str = "invoices", severity: Severity = BLOCK) -> Finding:
    return Finding(code, severity, f"A fatura F-1001 {message}", field, "1001")


def missing(label: str) -> Finding:
    message = f"O endereço do cliente está sem: {label}. Complete o cadastro no ERP."
    return Finding("endereco_incompleto", BLOCK, message, "address")


NOT_TERMINATED = "O serviço não está rescindido. Pela Anatel (Res. 765/2023), negative só depois da rescisão."
WRONG_NATURE = "A natureza 1 (Devedor) não vale para {0}. Escolha uma natureza de {0}."
UNMARKED = "O birô não diz se a natureza 1 (Devedor) vale para {0}. Confira antes de enviar."
TOO_OLD = "é antiga demais: uma dívida só pode constar por 5 anos, e faltam menos de 30 dias. Tire-a da escolha."
NOT_INCLUDED = "Este birô não inclui {0}. Use outra integração."

WRONG_DOCUMENTS = [
    InvalidMutation(
        "document",
        customer(document="90010020056"),
        Finding(
            "cpf_digitos",
            BLOCK,
            "CPF com dígitos verificadores errados. Confira o documento com o cliente.",
            "document",
        ),
        PF,
    ),
    InvalidMutation(
        "document",
        customer(document="9001002005X"),
        Finding(
            "cpf_formato",
            BLOCK,
            "CPF deve ter 11 dígitos, com ou sem pontuação. Confira o documento no cadastro.",
            "document",
        ),
        PF,
    ),
    InvalidMutation(
        "document",
        customer(document="11222333000182"),
        Finding(
            "cnpj_digitos",
            BLOCK,
            "CNPJ com dígitos verificadores errados. Confira o documento com o cliente.",
            "document",
        ),
        PJ,
    ),
    InvalidMutation(
        "document",
        customer(document=""),
        Finding(
            "documento_formato",
            BLOCK,
            "Documento deve ser um CPF (11 dígitos) ou um CNPJ (14 posições). Confira o documento no cadastro.",
            "document",
        ),
    ),
]

INVALID_MUTATIONS = [
    # the document and the gateway
    InvalidMutation(
        "letters",
        customer(document="12ABC34501DE35"),
        Finding(
            "cnpj_alfanumerico",
            BLOCK,
            "Este birô ainda não aceita CNPJ com letras. Use outra integração.",
            "document",
        ),
        PJ,
    ),
    InvalidMutation(
        "gateway",
        with_capabilities(includes_pf=False),
        Finding("gateway_pessoa", BLOCK, NOT_INCLUDED.format("PF"), "integration"),
        PF,
    ),
    InvalidMutation(
        "gateway",
        with_capabilities(includes_pj=False),
        Finding("gateway_pessoa", BLOCK, NOT_INCLUDED.format("PJ"), "integration"),
        PJ,
    ),
    InvalidMutation(
        "gateway",
        with_capabilities(include=False),
        Finding("gateway_pessoa", BLOCK, NOT_INCLUDED.format("PF"), "integration"),
    ),
    # the nature
    InvalidMutation(
        "nature",
        lambda candidate, terms: (replace(candidate, nature_code="99"), terms),
        Finding(
            "natureza_desconhecida",
            BLOCK,
            "A natureza '99' não existe neste birô. Sincronize a integração e escolha outra.",
            "nature",
        ),
    ),
    InvalidMutation(
        "nature",
        nature(frozenset({PJ})),
        Finding("natureza_pessoa", BLOCK, WRONG_NATURE.format("PF"), "nature"),
        PF,
    ),
    InvalidMutation(
        "nature",
        nature(frozenset({PF})),
        Finding("natureza_pessoa", BLOCK, WRONG_NATURE.format("PJ"), "nature"),
        PJ,
    ),
    InvalidMutation("nature", nature(None), Finding("natureza_sem_marca", WARN, UNMARKED.format("PF"), "nature")),
    # the person
    InvalidMutation(
        "name",
        customer(name="  "),
        Finding("nome_ausente", BLOCK, "O cliente está sem nome. Complete o cadastro no ERP.", "name"),
    ),
    InvalidMutation(
        "birth",
        customer(birth_date=None),
        Finding(
            "nascimento_desconhecido",
            WARN,
            "A data de nascimento é desconhecida: confira se o cliente tem 18 anos ou mais.",
            "birth_date",
        ),
        PF,
    ),
    InvalidMutation(
        "birth",
        customer(birth_date=date(2008, 9, 16)),  # eighteen tomorrow
        Finding(
            "menor_de_idade",
            BLOCK,
            "O cliente tem menos de 18 anos e não pode ser negativado. Confira a data de nascimento.",
            "birth_date",
        ),
        PF,
    ),
    InvalidMutation("address", address(street=""), missing("logradouro")),
    InvalidMutation("address", address(number=""), missing("número")),
    InvalidMutation("address", address(district=""), missing("bairro")),
    InvalidMutation("address", address(city=""), missing("cidade")),
    InvalidMutation("address", address(state=""), missing("UF")),
    InvalidMutation("address", address(postal_code=""), missing("CEP")),
    InvalidMutation("address", address(number="", state="", postal_code=""), missing("número, UF, CEP")),
    InvalidMutation(
        "name",
        customer(name="Ana"),
        Finding(
            "nome_incompleto",
            WARN,
            "O nome do cliente tem uma só palavra. Confira se o cadastro tem o nome completo.",
            "name",
        ),
        PF,
    ),
    InvalidMutation(
        "name",
        customer(name="Ana\nda\u200b Silva\t"),
        Finding(
            "texto_com_controle",
            WARN,
            "O nome tem quebra de linha ou caractere invisível e será enviado como 'Ana da Silva'.",
            "name",
        ),
    ),
    InvalidMutation(
        "birth",
        both(customer(birth_date=date(2008, 1, 31)), first(issued_on=date(2026, 1, 30))),
        about_first(
            "menor_na_emissao",
            "é de quando o cliente tinha menos de 18 anos. Confira quem contratou antes de enviar.",
            severity=WARN,
        ),
        PF,
    ),
    InvalidMutation(
        "address",
        address(state="EX"),
        Finding(
            "uf_desconhecida",
            BLOCK,
            "A UF 'EX' não é de um estado brasileiro: o aviso não chegaria. Corrija o endereço no ERP.",
            "state",
        ),
    ),
    *(
        InvalidMutation(
            "address",
            address(postal_code=wrong),
            Finding(
                "cep_invalido",
                BLOCK,
                f"O CEP {wrong!r} não tem 8 dígitos que possam existir. Corrija o endereço no ERP.",
                "postal_code",
            ),
        )
        for wrong in ("1310100", "00000000", "99999999", "013101000", "0131010A", "٠١٣١٠١٠٠")
    ),
    InvalidMutation(
        "address",
        address(state="AC", postal_code="01310100"),
        Finding(
            "cep_de_outro_estado",
            WARN,
            "O CEP 01310100 não é de AC. Confira o endereço antes de enviar.",
            "postal_code",
        ),
    ),
    # the invoices
    InvalidMutation(
        "pending",
        first(payment_pending=True),
        about_first("pagamento_pendente", "tem um pagamento que ainda não foi confirmado. Espere a confirmação."),
    ),
    InvalidMutation(
        "protest",
        first(protested=True),
        about_first(
            "fatura_protestada",
            "já está em protesto ou negativada pelo banco. Confira se deve constar duas vezes.",
            severity=WARN,
        ),
    ),
    InvalidMutation(
        "lines",
        first(lines=(LineKind.EQUIPMENT, LineKind.MONTHLY_FEE, LineKind.FIDELITY_FINE)),
        about_first(
            "cobranca_a_confirmar",
            "cobra multa de fidelidade e equipamento. Confira se o cliente reconhece essa dívida.",
            severity=WARN,
        ),
    ),
    InvalidMutation(
        "owner",
        first(customer_id="c-2"),
        about_first("fatura_de_outro_cliente", "é de outro cliente. Escolha faturas deste cliente."),
    ),
    InvalidMutation(
        "owner",
        first(subscription_id="s-2"),
        about_first("fatura_de_outro_servico", "é de outro serviço. Escolha faturas de um só serviço do cliente."),
    ),
    InvalidMutation(
        "owner",
        first(subscription_id=None),
        about_first("fatura_de_outro_servico", "é de outro serviço. Escolha faturas de um só serviço do cliente."),
    ),
    InvalidMutation(
        "creditor",
        both(of_creditor, first(creditor_id="cr-2")),
        about_first("fatura_de_outra_empresa", "é devida a outra empresa. Use uma integração dessa empresa."),
    ),
    InvalidMutation(
        "status",
        first(status=InvoiceStatus.PAID),
        about_first("fatura_paga", "já está paga. Tire-a da escolha."),
    ),
    InvalidMutation(
        "status",
        first(status=InvoiceStatus.CREDITED),
        about_first("fatura_creditada", "foi quitada por nota de crédito. Tire-a da escolha."),
    ),
    InvalidMutation(
        "status",
        first(status=InvoiceStatus.CANCELLED),
        about_first("fatura_cancelada", "está cancelada. Tire-a da escolha."),
    ),
    InvalidMutation(
        "status",
        first(status=InvoiceStatus.IN_AGREEMENT),
        about_first("fatura_em_acordo", "está em um acordo de pagamento. Tire-a da escolha."),
    ),
    InvalidMutation(
        "open",
        open_elsewhere,
        about_first("fatura_ja_negativada", "já está em uma negativação em aberto nesta base. Espere ela terminar."),
    ),
    InvalidMutation("repeat", chosen_twice, about_first("fatura_repetida", "foi escolhida duas vezes. Deixe uma só.")),
    InvalidMutation(
        "due",
        first(due_date=TODAY),
        about_first("fatura_a_vencer", "ainda não venceu. Tire-a da escolha."),
    ),
    InvalidMutation(
        "due",
        both(settings(minimum_days_late=6), first(due_date=late_by(5))),
        about_first("atraso_minimo", "tem menos de 6 dia(s) de atraso, o mínimo desta integração. Espere ou tire-a."),
    ),
    InvalidMutation("due", first(due_date=date(2021, 10, 15)), about_first("divida_antiga", TOO_OLD)),
    InvalidMutation(
        "notice",
        both(notified(11), first(notice_on=None)),
        about_first(
            "sem_comunicado",
            "está sem a data do comunicado por escrito ao devedor. Envie o comunicado e registre a data.",
        ),
    ),
    InvalidMutation(
        "notice",
        both(notified(11), first(notice_on=late_by(10))),
        about_first("prazo_do_comunicado", "ainda está no prazo de 10 dias do comunicado. Espere."),
    ),
    # the amount
    InvalidMutation(
        "amount",
        first(balance=ZERO),
        about_first("valor_nao_positivo", "não tem saldo em aberto. Tire-a da escolha.", "amount"),
    ),
    InvalidMutation(
        "amount",
        first_amount(lambda _: ZERO),
        about_first("valor_nao_positivo", "deve ter valor maior que zero. Corrija o valor.", "amount"),
    ),
    InvalidMutation(
        "amount",
        first_amount(lambda invoice: Money(-invoice.balance.cents)),
        about_first("valor_nao_positivo", "deve ter valor maior que zero. Corrija o valor.", "amount"),
    ),
    InvalidMutation(
        "amount",
        first_amount(lambda invoice: invoice.balance + Money(1)),
        about_first(
            "valor_acima_do_saldo",
            "tem valor acima do saldo com os encargos permitidos (R$ 100,00). Reduza o valor.",
            "amount",
        ),
    ),
    InvalidMutation(
        "amount",
        both(with_capabilities(minimum_amount=Money(10_00)), first(balance=Money(9_99))),
        Finding(
            "valor_minimo",
            BLOCK,
            "O birô só aceita dívidas a partir de R$ 10,00. Escolha outras faturas.",
            "amount",
        ),
    ),
    # what the bureau takes
    InvalidMutation(
        "address",
        long_text("city", FieldLimit(20), city="São José do Rio Preto"),
        Finding(
            "campo_abreviado",
            WARN,
            "A cidade passa de 20 caracteres e será enviado como 'S José do Rio Preto'.",
            "city",
        ),
    ),
    InvalidMutation(
        "address",
        long_text("city", FieldLimit(20, Overflow.REFUSE), city="São José do Rio Preto"),
        Finding("campo_longo", BLOCK, "A cidade tem mais de 20 caracteres. Abrevie no cadastro do ERP.", "city"),
    ),
    InvalidMutation(
        "address",
        long_text("district", FieldLimit(5), district="Inabreviável"),
        Finding("campo_longo", BLOCK, "O bairro tem mais de 5 caracteres. Abrevie no cadastro do ERP.", "district"),
    ),
    # holds, telecom
    InvalidMutation(
        "hold",
        on_hold,
        Finding(
            "nao_negativar",
            BLOCK,
            "O cliente está na lista de não negativar (ação judicial). Fale com quem gere a lista.",
            "customer",
        ),
    ),
    InvalidMutation(
        "subscription",
        with_subscription_status(SubscriptionStatus.ACTIVE),
        Finding("servico_nao_rescindido", WARN, NOT_TERMINATED, "subscription"),
    ),
    InvalidMutation(
        "subscription",
        both(settings(telecom=TelecomGuard.BLOCK), with_subscription_status(SubscriptionStatus.SUSPENDED)),
        Finding("servico_nao_rescindido", BLOCK, NOT_TERMINATED, "subscription"),
    ),
]

FINE_AND_INTEREST = GuardSettings(fine_percent=Decimal(2), monthly_interest_percent=Decimal(1))
