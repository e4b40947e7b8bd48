"""The demo's scenario: a query, two negativations, a refused one, a payment, and the removal that follows by itself.

It calls the package as a host ERP does, through the facade. The local ERP provides customers and invoices, and a
simulated bureau in another process answers over HTTP. Everything is created in a temporary folder; only the report's
PDF is kept.
"""

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from credit_protection import (
    Actor,
    BureauError,
    Configuration,
    CreditProtection,
    CreditQuery,
    DocumentReport,
    InclusionNature,
    InvalidInput,
    Negativation,
    NegativationFilter,
    NegativationRequest,
    ProductKind,
    RemovalReason,
    RuleViolation,
)
from credit_protection.adapters.hosts.local import LocalErp
from credit_protection.entrypoints.demo import report
from credit_protection.hosts import OverdueFilter, PersonType, parse_document
from credit_protection.testing.simulator import FaultKind, SimulatorProcess
from credit_protection.ui import label_for

PERSON = "9001"
COMPANY = "9002"
REFUSED_COMPANY = "9003"
PAYMENT = RemovalReason.PAYMENT
TIMEOUT = 20.0
"""Seconds to wait for something that takes about one."""


@dataclass
class Scenario:
    """The participants, and what has happened so far."""

    reporter: report.ConsoleReporter
    bureau: SimulatorProcess
    erp: LocalErp
    protection: CreditProtection
    operator: Actor
    integration_id: str = ""
    query: CreditQuery | None = None
    pdf: Path | None = None
    person: Negativation | None = None
    company: Negativation | None = None
    seconds: float | None = None
    query_product: str = ""
    nature_of_persons: str = ""
    nature_of_companies: str = ""


def run(faults: Sequence[str] = (), *, code_set: str = "declared") -> bool:
    """Run the scenario with faults of the bureau (`operation:kind`), and report it on the console.

    The bureau uses the codes of one of the simulator's sets; what the scenario needs is chosen from its lists.

    Returns whether the bureau's ledger and our database are as expected at the end.
    """
    with _prepare(report.ConsoleReporter(), code_set) as scenario:
        for fault in faults:
            _inject_fault(scenario.bureau, fault)
        for title, step in STEPS:
            scenario.reporter.step(title)
            try:
                step(scenario)
            except BureauError as error:
                scenario.reporter.detail(f"O birô falhou [{error.code}]: {error.message}")
        lines = _compare(scenario)
        scenario.reporter.summary(lines, scenario.seconds, scenario.pdf)
    return report.all_as_expected(lines)


# ---------------------------------------------------------------------------------------------------------- the steps


def import_customers(scenario: Scenario) -> None:
    """The ERP has customers and invoices before credit protection is installed."""
    imported = scenario.erp.import_example(today=_today())
    (creditor,) = scenario.erp.creditors()
    scenario.reporter.detail(f"{creditor.name}: {imported.customers} clientes, {imported.invoices} faturas.")


def register_integration(scenario: Scenario) -> None:
    """An integration is an account at a bureau; its secret is encrypted before it is stored."""
    (creditor,) = scenario.protection.integrations.creditors(scenario.operator)
    integration = scenario.protection.integrations.register(
        scenario.operator,
        gateway="credito_na_medida",
        description="Crédito na Medida (simulado)",
        creditor_id=creditor.id,
        parameters={"client_id": "demo-client", "client_secret": "demo-secret", "base_url": scenario.bureau.url},
    )
    scenario.integration_id = integration.id
    scenario.reporter.detail(f"{integration.description}, em {scenario.bureau.url}")


def test_integration(scenario: Scenario) -> None:
    """The bureau authenticates the account."""
    scenario.protection.integrations.test(scenario.operator, scenario.integration_id)
    scenario.reporter.detail("O birô aceitou as credenciais.")


def synchronise_products(scenario: Scenario) -> None:
    """The bureau lists what the contract allows: products, natures, removal reasons."""
    integrations = scenario.protection.integrations
    result = integrations.synchronise(scenario.operator, scenario.integration_id)
    natures = integrations.natures(scenario.operator, scenario.integration_id)
    scenario.reporter.detail(f"{len(result.products)} produtos: {', '.join(each.code for each in result.products)}")
    scenario.reporter.detail(f"{len(natures)} naturezas: {', '.join(nature.description for nature in natures)}")
    reasons = integrations.get(scenario.operator, scenario.integration_id).reason_map
    scenario.reporter.detail(f"{len(reasons.listed)} motivos de baixa; pagamento: {reasons.codes[PAYMENT].code}")
    queries = [each for each in result.products if each.kind is ProductKind.QUERY]
    scenario.query_product = next(each.code for each in queries if not any(extra.required for extra in each.inputs))
    scenario.nature_of_persons = _nature_of(natures, PersonType.PF)
    scenario.nature_of_companies = _nature_of(natures, PersonType.PJ)


def start_worker(scenario: Scenario) -> None:
    """A host starts the worker's threads explicitly, after any fork."""
    scenario.protection.worker.start()
    scenario.reporter.detail("Dorme até haver o que enviar.")


def query_person(scenario: Scenario) -> None:
    """A credit query is paid; its answer is stored byte for byte, and here also written to a file."""
    customer = scenario.protection.customers.get(scenario.operator, PERSON)
    query = scenario.protection.queries.run(
        scenario.operator,
        integration_id=scenario.integration_id,
        product_code=scenario.query_product,
        document=customer.document,
        customer_id=customer.id,
    )
    scenario.query, answer = scenario.protection.queries.open(scenario.operator, query.id)
    scenario.reporter.detail(
        f"{customer.name}, {query.document.masked}: protocolo {query.protocol}, custo {query.cost}"
    )
    if isinstance(answer, DocumentReport):
        scenario.pdf = _save_report(answer.content)
        scenario.reporter.detail(f"PDF de {answer.size} bytes, SHA-256 {answer.sha256[:16]}...")


def negativate_person(scenario: Scenario) -> None:
    """A person chooses invoices and a nature, sees what the rules say, and confirms."""
    scenario.person = _negativate(scenario, PERSON, scenario.nature_of_persons)


def negativate_company(scenario: Scenario) -> None:
    """A company has natures of its own."""
    scenario.company = _negativate(scenario, COMPANY, scenario.nature_of_companies)


def expect_refusal(scenario: Scenario) -> None:
    """The rules refuse a nature of persons for a company, and nothing is stored."""
    try:
        _negativate(scenario, REFUSED_COMPANY, scenario.nature_of_persons)
    except RuleViolation as violation:
        scenario.reporter.detail(f"Recusada, e nada foi criado: {violation.message}")


def wait_until_present(scenario: Scenario) -> None:
    """The worker transmits both inclusions, and the bureau processes them."""
    requested = [one for one in (scenario.person, scenario.company) if one is not None]
    with scenario.reporter.waiting("O trabalhador envia, o birô processa..."):
        _wait_until(lambda: all(_is_finished(_reload(scenario, one)) for one in requested))
    for one in requested:
        now = _reload(scenario, one)
        scenario.reporter.detail(f"{now.customer_name}: {label_for(now.observed)}, id no birô {now.bureau_id}")


def pay_persons_invoice(scenario: Scenario) -> None:
    """The ERP records the payment and reports it; the removal needs no further action of a person."""
    if scenario.person is None:
        return
    (invoice,) = scenario.person.invoices
    paid_at = time.monotonic()
    settlement = scenario.erp.pay(invoice.invoice_id, paid_on=_today())
    scenario.protection.payments.record(scenario.operator, settlement)
    queued = _reload(scenario, scenario.person)
    scenario.reporter.detail(
        f"Fatura {invoice.number} paga ({settlement.amount}); remoção com prazo legal até {queued.deadline:%d/%m/%Y}."
        if queued.deadline is not None
        else f"Fatura {invoice.number} paga; não há remoção a fazer."
    )
    with scenario.reporter.waiting("O trabalhador remove, o birô processa..."):
        _wait_until(lambda: _is_removed_at_bureau(scenario, queued) or _is_finished(_reload(scenario, queued)))
    if _is_removed_at_bureau(scenario, queued):
        scenario.seconds = time.monotonic() - paid_at


def wait_until_gone(scenario: Scenario) -> None:
    """The bureau's answer reaches us too; the company did not pay and stays on file."""
    person = scenario.person
    if person is None:
        return
    with scenario.reporter.waiting("O resultado volta do birô..."):
        _wait_until(lambda: _is_finished(_reload(scenario, person)))
    for event in scenario.protection.negativations.history(scenario.operator, person.id):
        cause = f" ({event.cause})" if event.cause else ""
        scenario.reporter.detail(f"{event.at.astimezone():%H:%M:%S} {label_for(event.kind)}{cause}")


STEPS: tuple[tuple[str, Callable[[Scenario], None]], ...] = (
    ("O ERP: importar o provedor de exemplo", import_customers),
    ("Cadastrar a integração com o birô", register_integration),
    ("Testar: autenticação de verdade", test_integration),
    ("Sincronizar produtos, naturezas e motivos", synchronise_products),
    ("Ligar o trabalhador", start_worker),
    ("Consultar o crédito de uma pessoa (PF)", query_person),
    ("Negativar a pessoa (PF) por uma fatura vencida", negativate_person),
    ("Negativar uma empresa (PJ)", negativate_company),
    ("Tentar negativar outra empresa com natureza de PF", expect_refusal),
    ("Esperar que as duas constem no birô", wait_until_present),
    ("A pessoa paga: a remoção acontece sozinha", pay_persons_invoice),
    ("O resultado volta; a empresa, que não pagou, fica", wait_until_gone),
)


# ---------------------------------------------------------------------------------------------------------- the parts


@contextlib.contextmanager
def _prepare(reporter: report.ConsoleReporter, code_set: str) -> Iterator[Scenario]:
    """Start a bureau in its own process, and create an installation that is deleted at the end."""
    with (
        tempfile.TemporaryDirectory(prefix="credit-protection-demo-") as folder,
        SimulatorProcess(code_set=code_set) as bureau,
    ):
        home = Path(folder)
        configuration = Configuration(home=home, database_url=f"sqlite:///{home / 'credit_protection.sqlite'}")
        protection = CreditProtection(tenant="demo", configuration=configuration)
        operator = Actor.with_role("demo", "Operadora da demonstração", "administrador")
        try:
            yield Scenario(reporter, bureau, LocalErp(configuration.local_erp), protection, operator)
        finally:
            protection.close()


def _inject_fault(bureau: SimulatorProcess, fault: str) -> None:
    operation, _, kind = fault.partition(":")
    try:
        bureau.add_fault(operation, kind)
    except ValueError as error:
        raise InvalidInput(
            f"O simulador não conhece o mau comportamento {fault!r}. Use OPERAÇÃO:TIPO, por exemplo remove:reject. "
            f"Operações: {', '.join(bureau.health()['operations'])}. Tipos: {', '.join(FaultKind)}.",
            field="fault",
            code="falha_desconhecida",
        ) from error


def _negativate(scenario: Scenario, customer_id: str, nature_code: str) -> Negativation:
    """Preview, report what the rules say, create."""
    wanted = OverdueFilter(today=_today(), customer_id=customer_id)
    (invoice,) = scenario.protection.customers.overdue_invoices(scenario.operator, wanted, limit=1)
    request = NegativationRequest(
        scenario.integration_id, customer_id, [invoice.id], nature_code, remark="demonstração"
    )
    preview = scenario.protection.negativations.preview(scenario.operator, request)
    customer = preview.candidate.customer
    scenario.reporter.detail(
        f"{customer.name}, {parse_document(customer.document).masked}, natureza {nature_code}, "
        f"fatura {invoice.number} de {invoice.due_date:%d/%m/%Y}, {invoice.balance}"
    )
    scenario.reporter.findings(preview.findings)
    (created,) = scenario.protection.negativations.create(scenario.operator, request)
    scenario.reporter.detail(f"Pedida, contrato {created.reference}.")
    return created


def _nature_of(natures: Sequence[InclusionNature], person_type: PersonType) -> str:
    """The first nature that is valid for such persons only."""
    return next(each.code for each in natures if each.person_types == frozenset({person_type}))


def _today() -> date:
    return datetime.now(UTC).astimezone().date()


def _reload(scenario: Scenario, negativation: Negativation) -> Negativation:
    return scenario.protection.negativations.get(scenario.operator, negativation.id)


def _is_finished(negativation: Negativation) -> bool:
    """Whether nothing more happens by itself: all is as desired, or a person must decide."""
    work = negativation.transmission
    return not work.is_open or work.block is not None


def _is_removed_at_bureau(scenario: Scenario, negativation: Negativation) -> bool:
    """Whether the bureau's own ledger has the removal."""
    records = scenario.bureau.ledger()["records"]
    return any(one["contrato"] == negativation.reference and one["situacao"] == "EXCLUSAO" for one in records)


def _wait_until(condition: Callable[[], bool]) -> None:
    """Wait, at most `TIMEOUT`; the summary shows what did not happen."""
    end = time.monotonic() + TIMEOUT
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)


def _save_report(content: bytes) -> Path:
    descriptor, name = tempfile.mkstemp(prefix="credit-protection-demo-relatorio-", suffix=".pdf")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return Path(name)


def _compare(scenario: Scenario) -> list[report.Line]:
    ledger = scenario.bureau.ledger()
    customer = scenario.protection.customers.get(scenario.operator, REFUSED_COMPANY)
    wanted = NegativationFilter(customer_id=REFUSED_COMPANY)
    created = scenario.protection.negativations.list(scenario.operator, wanted).items
    person, company = (None if one is None else _reload(scenario, one) for one in (scenario.person, scenario.company))
    reasons = scenario.protection.integrations.get(scenario.operator, scenario.integration_id).reason_map
    names = {each.code: label_for(reason) for reason, each in reasons.codes.items()}
    return [
        report.query_line(ledger, scenario.query),
        report.negativation_line("PF que pagou", report.REMOVED_FOR_PAYMENT, ledger, person, names),
        report.negativation_line("PJ que deve", report.ON_FILE, ledger, company, names),
        report.refusal_line("PJ recusada pelas regras", ledger, parse_document(customer.document).value, created),
        report.repeats_line(ledger),
    ]
