"""All guards over 100,000 candidate invoices of 40,000 customers, against the same rules inline in one loop.

The baseline is what a careful programmer would write without separate rules: one function, one loop, findings as
tuples. Both read the same facts and must find the same things. Linear: ten times the candidates, ten times the time.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from validate_docbr import CNPJ, CPF

from benchmarks.comparison import compare, report
from credit_protection.adapters.bureaus.credito_na_medida.provider import CreditoNaMedidaProvider
from credit_protection.adapters.calendar import BrazilianCalendars
from credit_protection.domain.abbreviations import abbreviate
from credit_protection.domain.creditors import Creditor
from credit_protection.domain.customers import (
    Address,
    Customer,
    Invoice,
    InvoiceStatus,
    Subscription,
    SubscriptionStatus,
)
from credit_protection.domain.documents import Cnpj, PersonType
from credit_protection.domain.guards import Candidate, GuardSettings, InclusionTerms, evaluate
from credit_protection.domain.money import Money
from credit_protection.domain.natures import InclusionNature

if TYPE_CHECKING:
    from collections.abc import Sequence

FLOOR = 0.5
TODAY = date(2026, 11, 24)
CUSTOMERS, INVOICES = 40_000, 100_000
LINEAR_WITHIN = 1.3


def main() -> int:
    """Run; returns the exit code."""
    terms = make_terms()
    candidates = make_candidates(INVOICES, CUSTOMERS)
    ours = [_codes(candidate, terms) for candidate in candidates[:5000]]
    theirs = [sorted(code for code, _, _ in inline([candidate], terms)) for candidate in candidates[:5000]]
    if ours != theirs:
        sys.stderr.write("the guards and the inline loop disagree\n")
        return 1
    found = Counter(code for codes in ours for code in codes)
    tenth = candidates[: INVOICES // 10]
    small = compare(lambda: guarded(tenth, terms), lambda: inline(tenth, terms), rounds=5)
    whole = compare(lambda: guarded(candidates, terms), lambda: inline(candidates, terms), rounds=5)
    growth = whole.ours / small.ours / 10
    code = report(
        "guards",
        min(small.ratio, whole.ratio),
        FLOOR,
        ratio_at_10000=round(small.ratio, 3),
        ratio_at_100000=round(whole.ratio, 3),
        growth_to_linear=round(growth, 2),
        microseconds_a_candidate=round(whole.ours / INVOICES * 1e6, 1),
        kinds_of_findings=len(found),
        baseline="the same rules inline in one loop",
    )
    return code or int(growth > LINEAR_WITHIN)


def guarded(candidates: Sequence[Candidate], terms: InclusionTerms) -> int:
    """Evaluate every guard on every candidate; returns the number of findings."""
    return sum(len(evaluate(candidate, terms)) for candidate in candidates)


def _codes(candidate: Candidate, terms: InclusionTerms) -> list[str]:
    return sorted(finding.code for finding in evaluate(candidate, terms))


# ------------------------------------------------------------------------------------------------ the baseline


def inline(candidates: Sequence[Candidate], terms: InclusionTerms) -> list[tuple[str, str, str]]:  # noqa: C901, PLR0912, PLR0915
    """The same rules, inline in one loop."""
    cpf, cnpj = CPF(), CNPJ()
    found: list[tuple[str, str, str]] = []
    gateway, settings, natures, calendar = terms.capabilities, terms.settings, terms.natures, terms.calendar
    newest = terms.today - timedelta(days=settings.minimum_days_late)
    oldest = terms.today.replace(year=terms.today.year - 5) + timedelta(days=settings.age_margin_days)
    adult = terms.today.replace(year=terms.today.year - 18)
    for candidate in candidates:
        customer = candidate.customer
        document = customer.document.strip().upper()
        person = None
        if len(document) == 11:  # noqa: PLR2004
            if document.isdigit() and cpf.validate(document):
                person = PersonType.PF
            else:
                found.append(("cpf_digitos", "block", f"CPF errado: {customer.id}"))
        elif len(document) == 14:  # noqa: PLR2004
            if document.isalnum() and cnpj.validate(document):
                person = PersonType.PJ
            else:
                found.append(("cnpj_digitos", "block", f"CNPJ errado: {customer.id}"))
        else:
            found.append(("documento_formato", "block", f"Documento errado: {customer.id}"))
        if person is not None:
            if not document.isdigit() and not gateway.alphanumeric_cnpj:
                found.append(("cnpj_alfanumerico", "block", "CNPJ com letras"))
            if not gateway.include or not (gateway.includes_pf if person is PersonType.PF else gateway.includes_pj):
                found.append(("gateway_pessoa", "block", "pessoa"))
            nature = natures.get(candidate.nature_code)
            if nature is None:
                found.append(("natureza_desconhecida", "block", candidate.nature_code))
            elif nature.person_types is None:
                found.append(("natureza_sem_marca", "warn", candidate.nature_code))
            elif person not in nature.person_types:
                found.append(("natureza_pessoa", "block", candidate.nature_code))
            if not customer.name.strip():
                found.append(("nome_ausente", "block", "nome"))
            if person is PersonType.PF:
                if customer.birth_date is None:
                    found.append(("nascimento_desconhecido", "warn", "nascimento"))
                elif customer.birth_date > adult:
                    found.append(("menor_de_idade", "block", "nascimento"))
        if not candidate.invoices:
            found.append(("sem_fatura", "block", "faturas"))
        ids: set[str] = set()
        for invoice in candidate.invoices:
            if invoice.customer_id != customer.id:
                found.append(("fatura_de_outro_cliente", "block", invoice.number))
            elif candidate.subscription is None or invoice.subscription_id != candidate.subscription.id:
                found.append(("fatura_de_outro_servico", "block", invoice.number))
            if invoice.status is InvoiceStatus.PAID:
                found.append(("fatura_paga", "block", invoice.number))
            elif invoice.status is InvoiceStatus.CREDITED:
                found.append(("fatura_creditada", "block", invoice.number))
            elif invoice.status is InvoiceStatus.CANCELLED:
                found.append(("fatura_cancelada", "block", invoice.number))
            elif invoice.status is InvoiceStatus.IN_AGREEMENT:
                found.append(("fatura_em_acordo", "block", invoice.number))
            if invoice.id in terms.open_invoices:
                found.append(("fatura_ja_negativada", "block", invoice.number))
            if invoice.id in ids:
                found.append(("fatura_repetida", "block", invoice.number))
            ids.add(invoice.id)
            due = invoice.due_date
            while due.weekday() >= 5 or due in calendar.holidays:  # noqa: PLR2004
                due += timedelta(days=1)
            if due >= terms.today:
                found.append(("fatura_a_vencer", "block", invoice.number))
            elif due > newest:
                found.append(("atraso_minimo", "block", invoice.number))
            if invoice.due_date <= oldest:
                found.append(("divida_antiga", "block", invoice.number))
            amount = candidate.amounts.get(invoice.id, invoice.balance)
            if amount.cents <= 0:
                found.append(("valor_nao_positivo", "block", invoice.number))
            elif amount.cents > invoice.balance.cents:
                days = max((terms.today - invoice.due_date).days, 0)
                balance = Decimal(invoice.balance.cents)
                rate = settings.monthly_interest_percent * days / 30
                charges = sum(
                    int((balance * part / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
                    for part in (settings.fine_percent, rate)
                )
                if amount.cents > invoice.balance.cents + charges:
                    found.append(("valor_acima_do_saldo", "block", invoice.number))
        address = customer.address
        missing = [
            part
            for part in ("street", "number", "district", "city", "state", "postal_code")
            if not getattr(address, part)
        ]
        if missing:
            found.append(("endereco_incompleto", "block", ", ".join(missing)))
        for name, limit in gateway.field_limits.items():
            text = customer.name if name == "name" else getattr(address, name)
            if len(text) > limit.length:
                if abbreviate(text, limit.length) is None:
                    found.append(("campo_longo", "block", name))
                else:
                    found.append(("campo_abreviado", "warn", name))
        if customer.id in terms.holds:
            found.append(("nao_negativar", "block", customer.id))
        subscription = candidate.subscription
        if terms.is_telecom and (subscription is None or subscription.status is not SubscriptionStatus.TERMINATED):
            found.append(("servico_nao_rescindido", "warn", customer.id))
    return found


# ------------------------------------------------------------------------------------------------ made-up facts


def make_terms() -> InclusionTerms:
    """The facts that all candidates share."""
    creditor = Creditor("1", Cnpj("99009000000110"), "PROVEDOR EXEMPLO LTDA", "MG")
    natures = {
        "DEV": InclusionNature("DEV", "Devedor (PF)", frozenset({PersonType.PF})),
        "DUP": InclusionNature("DUP", "Duplicata (PJ)", frozenset({PersonType.PJ})),
        "OUT": InclusionNature("OUT", "Outros"),
    }
    return InclusionTerms(
        capabilities=CreditoNaMedidaProvider().capabilities,
        settings=GuardSettings(fine_percent=Decimal(2), monthly_interest_percent=Decimal(1)),
        calendar=BrazilianCalendars().for_creditor(creditor),
        today=TODAY,
        natures=natures,
        holds={f"c{number}": "contestação" for number in range(0, CUSTOMERS, 97)},
        open_invoices=frozenset(f"i{number}" for number in range(0, INVOICES, 53)),
    )


def make_candidates(invoices: int, customers: int) -> list[Candidate]:
    """One candidate per invoice; the guards find something in about a third of them."""
    rng = random.Random(2026)  # noqa: S311
    random.seed(2026)
    people = [_customer(number, rng) for number in range(customers)]
    return [_candidate(number, people[number % customers], rng) for number in range(invoices)]


def _customer(number: int, rng: random.Random) -> Customer:
    company = rng.random() < 0.25  # noqa: PLR2004
    document = CNPJ().generate() if company else CPF().generate()
    if rng.random() < 0.02:  # noqa: PLR2004
        document = document[:-1] + str((int(document[-1]) + 1) % 10)
    city = rng.choice(["Divinópolis", "Belo Horizonte", "São José do Rio Preto", "Recife", "Juiz de Fora"])
    postal_code = "" if rng.random() < 0.03 else "35500000"  # noqa: PLR2004
    birth = None if company or rng.random() < 0.05 else date(1950, 1, 1) + timedelta(days=rng.randrange(22_000))  # noqa: PLR2004
    address = Address("RUA DO EXEMPLO", str(number), "", "CENTRO", city, "MG", postal_code)
    return Customer(f"c{number}", f"PESSOA {number} TESTE DA SILVA", document, address, birth)


def _candidate(number: int, customer: Customer, rng: random.Random) -> Candidate:
    company = len(customer.document) == 14  # noqa: PLR2004
    status = SubscriptionStatus.TERMINATED if rng.random() < 0.6 else SubscriptionStatus.SUSPENDED  # noqa: PLR2004
    subscription = Subscription(f"s{customer.id}", customer.id, "500 MEGA", status)
    balance = Money(rng.randrange(4_000, 40_000))
    state = InvoiceStatus.PAID if rng.random() < 0.05 else InvoiceStatus.OPEN  # noqa: PLR2004
    due = TODAY - timedelta(days=rng.choice([-10, 1, 2, 30, 60, 90, 400, 1_790, 1_900]))
    invoice = Invoice(f"i{number}", customer.id, subscription.id, str(number), due, balance, balance, state)
    amounts = {}
    if rng.random() < 0.1:  # noqa: PLR2004
        amounts = {invoice.id: Money(int(balance.cents * rng.choice([0.5, 1.02, 1.5])))}
    nature = rng.choice(["DUP" if company else "DEV"] * 9 + ["OUT"])
    return Candidate(customer, subscription, (invoice,), nature, amounts)


if __name__ == "__main__":
    sys.exit(main())
