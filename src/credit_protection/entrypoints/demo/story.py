"""The story: a query, two negativations, one that the rules refuse, a payment, and the removal that follows by itself.

It is told as a host ERP would live it: through the facade (`CreditProtection`), with its own customers and invoices
(the local ERP stands in for them), against a bureau that is simulated in another process, over real HTTP. Everything is
made afresh in a temporary folder; only the report's PDF is kept.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from credit_protection import CreditProtection
from credit_protection.adapters.hosts.local import LocalErp
from credit_protection.application.negativations import Asked
from credit_protection.domain.actors import Actor
from credit_protection.domain.documents import parse_document
from credit_protection.domain.errors import BureauError, InvalidInput, RuleViolation
from credit_protection.domain.queries import DocumentReport
from credit_protection.entrypoints.cli.words import word_for
from credit_protection.entrypoints.demo import report
from credit_protection.entrypoints.demo.narrator import Narrator
from credit_protection.plugins.configuration import Configuration
from credit_protection.ports.host import OverdueFilter
from credit_protection.ports.storage import NegativationFilter
from credit_protection.testing.simulator import FaultKind, SimulatorProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from credit_protection.domain.creditors import Creditor
    from credit_protection.domain.integrations import Integration
    from credit_protection.domain.negativations import Negativation
    from credit_protection.domain.queries import CreditQuery
    from credit_protection.testing.simulator import SimulatorControls

A_PERSON = "9001"
A_COMPANY = "9002"
ANOTHER_COMPANY = "9003"
QUERY_PRODUCT = "ESSENCIAL"
FOR_PERSONS = "DEV"
FOR_COMPANIES = "DUP"
PATIENCE = 20.0
"""Seconds to wait for something that takes about one."""


@dataclass
class Story:
    """Who takes part, and what has happened so far."""

    narrator: Narrator
    bureau: SimulatorControls
    bureau_url: str
    erp: LocalErp
    protection: CreditProtection
    operator: Actor
    creditor: Creditor | None = None
    integration: Integration | None = None
    query: CreditQuery | None = None
    pdf: Path | None = None
    person: Negativation | None = None
    company: Negativation | None = None
    seconds: float | None = None


def run(faults: Sequence[str] = ()) -> bool:
    """Tell the story.

    Args:
        faults: misbehaviour of the bureau, `operation:kind` each, to see what then becomes of it.

    Returns:
        Whether everything ended as it should, at the bureau and here.

    Raises:
        InvalidInput: there is no such fault.
    """
    with _stage(Narrator()) as story:
        _misbehave(story.bureau, faults)
        for title, step in STEPS:
            story.narrator.step(title)
            try:
                step(story)
            except BureauError as error:
                story.narrator.tell(f"O birô falhou [{error.code}]: {error.message}")
        lines = _compare(story)
        story.narrator.ending(lines, story.seconds, story.pdf)
    return report.all_as_expected(lines)


# ---------------------------------------------------------------------------------------------------------- the steps


def import_customers(story: Story) -> None:
    """The ERP has customers and invoices before credit protection comes."""
    imported = story.erp.import_example(today=datetime.now(UTC).astimezone().date())
    story.creditor = story.erp.creditors()[0]
    story.narrator.tell(f"{story.creditor.name}: {imported.customers} clientes, {imported.invoices} faturas.")


def register_integration(story: Story) -> None:
    """An account at the bureau; the secret is sealed before it is stored."""
    (creditor,) = story.protection.integrations.creditors(story.operator)
    story.integration = story.protection.integrations.register(
        story.operator,
        gateway="credito_na_medida",
        description="Crédito na Medida (simulado)",
        creditor_id=creditor.id,
        parameters={"client_id": "demo-client", "client_secret": "demo-secret", "base_url": story.bureau_url},
    )
    story.narrator.tell(f"{story.integration.description}, em {story.bureau_url}")


def test_integration(story: Story) -> None:
    """A real log-in."""
    story.protection.integrations.test(story.operator, _integration(story))
    story.narrator.tell("O birô aceitou as credenciais.")


def synchronise_products(story: Story) -> None:
    """What the contract allows: products, natures, removal reasons."""
    result = story.protection.integrations.synchronise(story.operator, _integration(story))
    natures = story.protection.integrations.natures(story.operator, _integration(story))
    story.narrator.tell(f"{len(result.products)} produtos: {', '.join(product.code for product in result.products)}")
    story.narrator.tell(f"{len(natures)} naturezas: {', '.join(nature.description for nature in natures)}")


def start_worker(story: Story) -> None:
    """Threads that transmit what is due; a host starts them explicitly, after any fork."""
    story.protection.worker.start()
    story.narrator.tell("Dorme até haver o que enviar.")


def query_person(story: Story) -> None:
    """A paid question; the answer is kept byte for byte, and written to a file here."""
    customer = story.erp.customers([A_PERSON])[A_PERSON]
    asked = story.protection.queries.run(
        story.operator,
        integration_id=_integration(story),
        product_code=QUERY_PRODUCT,
        document=customer.document,
        customer_id=customer.id,
    )
    story.query, answer = story.protection.queries.open(story.operator, asked.id)
    story.narrator.tell(f"{customer.name}, {asked.document.masked}: protocolo {asked.protocol}, custo {asked.cost}")
    if isinstance(answer, DocumentReport):
        story.pdf = _kept_file(answer.content)
        story.narrator.tell(f"PDF de {answer.size} bytes, SHA-256 {answer.sha256[:16]}...")


def negativate_person(story: Story) -> None:
    """A person chooses invoices and a nature, sees what the rules say, and asks."""
    story.person = _negativate(story, A_PERSON, FOR_PERSONS)


def negativate_company(story: Story) -> None:
    """The same for a company, with a nature for companies."""
    story.company = _negativate(story, A_COMPANY, FOR_COMPANIES)


def be_refused(story: Story) -> None:
    """A nature for persons, a company: the rules refuse, and nothing is made."""
    try:
        _negativate(story, ANOTHER_COMPANY, FOR_PERSONS)
    except RuleViolation as violation:
        story.narrator.tell(f"Recusada, e nada foi criado: {violation.message}")


def wait_until_present(story: Story) -> None:
    """The worker includes both; the bureau takes its time to process them."""
    asked = [one for one in (story.person, story.company) if one is not None]
    with story.narrator.waiting("O trabalhador envia, o birô processa..."):
        _until(lambda: all(_has_ended(_now(story, one)) for one in asked))
    for one in asked:
        seen = _now(story, one)
        story.narrator.tell(f"{seen.customer_name}: {word_for(seen.observed)}, id no birô {seen.bureau_id}")


def pay_persons_invoice(story: Story) -> None:
    """The ERP takes the payment and reports it: nobody needs to remember the bureau."""
    if story.person is None:
        return
    (invoice,) = story.person.invoices
    paid_at = time.monotonic()
    settlement = story.erp.settle(invoice.invoice_id, paid_on=datetime.now(UTC).astimezone().date())
    story.protection.payments.record(story.operator, settlement)
    queued = _now(story, story.person)
    story.narrator.tell(
        f"Fatura {invoice.number} paga ({settlement.amount}); remoção com prazo legal até {queued.deadline:%d/%m/%Y}."
        if queued.deadline is not None
        else f"Fatura {invoice.number} paga; não há remoção a fazer."
    )
    with story.narrator.waiting("O trabalhador remove, o birô processa..."):
        _until(lambda: _is_removed_at_bureau(story, queued) or _has_ended(_now(story, queued)))
    if _is_removed_at_bureau(story, queued):
        story.seconds = time.monotonic() - paid_at


def wait_until_gone(story: Story) -> None:
    """The bureau's outcome comes to us too; the company, who did not pay, stays."""
    person = story.person
    if person is None:
        return
    with story.narrator.waiting("O resultado volta do birô..."):
        _until(lambda: _has_ended(_now(story, person)))
    for event in story.protection.negativations.history(story.operator, person.id):
        cause = f" ({event.cause})" if event.cause else ""
        story.narrator.tell(f"{event.at.astimezone():%H:%M:%S} {word_for(event.kind)}{cause}")


STEPS: tuple[tuple[str, Callable[[Story], None]], ...] = (
    ("O ERP: importar o provedor de exemplo", import_customers),
    ("Cadastrar a integração com o birô", register_integration),
    ("Testar: autenticação de verdade", test_integration),
    ("Sincronizar produtos, naturezas e motivos", synchronise_products),
    ("Ligar o trabalhador", start_worker),
    ("Consultar o crédito de uma pessoa (PF)", query_person),
    ("Negativar a pessoa (PF) por uma fatura vencida", negativate_person),
    ("Negativar uma empresa (PJ)", negativate_company),
    ("Tentar negativar outra empresa com natureza de PF", be_refused),
    ("Esperar que as duas constem no birô", wait_until_present),
    ("A pessoa paga: a remoção acontece sozinha", pay_persons_invoice),
    ("O resultado volta; a empresa, que não pagou, fica", wait_until_gone),
)


# ---------------------------------------------------------------------------------------------------------- the parts


@contextlib.contextmanager
def _stage(narrator: Narrator) -> Iterator[Story]:
    """A bureau in a process of its own, a fresh installation; nothing is left but the report's PDF."""
    with tempfile.TemporaryDirectory(prefix="credit-protection-demo-") as folder, SimulatorProcess() as bureau:
        home = Path(folder)
        configuration = Configuration(home=home, database_url=f"sqlite:///{home / 'credit_protection.sqlite'}")
        protection = CreditProtection(tenant="demo", configuration=configuration)
        operator = Actor.with_role("demo", "Operadora da demonstração", "administrador")
        try:
            yield Story(narrator, bureau, bureau.url, LocalErp(configuration.local_erp), protection, operator)
        finally:
            protection.close()


def _misbehave(bureau: SimulatorControls, faults: Sequence[str]) -> None:
    for fault in faults:
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


def _negativate(story: Story, customer_id: str, nature_code: str) -> Negativation:
    """Preview, tell what the rules say, create."""
    today = story.creditor.today(datetime.now(UTC)) if story.creditor else datetime.now(UTC).date()
    invoice = next(iter(story.erp.overdue(OverdueFilter(today=today, customer_id=customer_id))))
    asked = Asked(_integration(story), customer_id, [invoice.id], nature_code, why="demonstração")
    preview = story.protection.negativations.preview(story.operator, asked)
    customer = preview.candidate.customer
    story.narrator.tell(
        f"{customer.name}, {parse_document(customer.document).masked}, natureza {nature_code}, "
        f"fatura {invoice.number} de {invoice.due_date:%d/%m/%Y}, {invoice.balance}"
    )
    story.narrator.findings(preview.findings)
    (made,) = story.protection.negativations.create(story.operator, asked)
    story.narrator.tell(f"Pedida, contrato {made.reference}.")
    return made


def _integration(story: Story) -> str:
    if story.integration is None:
        raise RuntimeError("the integration was not registered")
    return story.integration.id


def _now(story: Story, negativation: Negativation) -> Negativation:
    return story.protection.negativations.get(story.operator, negativation.id)


def _has_ended(negativation: Negativation) -> bool:
    """Whether nothing more happens by itself: all is as wanted, or a person is needed."""
    work = negativation.transmission
    return not work.is_open or work.block is not None


def _is_removed_at_bureau(story: Story, negativation: Negativation) -> bool:
    """Whether the bureau's own book says so, whatever we believe."""
    records = story.bureau.ledger()["records"]
    return any(one["contrato"] == negativation.reference and one["situacao"] == "EXCLUSAO" for one in records)


def _until(happened: Callable[[], bool]) -> bool:
    """Wait; give up after `PATIENCE`, and let the ending tell."""
    end = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _kept_file(content: bytes) -> Path:
    descriptor, name = tempfile.mkstemp(prefix="credit-protection-demo-relatorio-", suffix=".pdf")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return Path(name)


def _compare(story: Story) -> list[report.Line]:
    ledger = story.bureau.ledger()
    refused = parse_document(story.erp.customers([ANOTHER_COMPANY])[ANOTHER_COMPANY].document)
    made = story.protection.negativations.list(story.operator, NegativationFilter(customer_id=ANOTHER_COMPANY)).items
    person, company = (None if one is None else _now(story, one) for one in (story.person, story.company))
    return [
        report.query_line(ledger, story.query),
        report.negativation_line("PF que pagou", report.REMOVED_FOR_PAYMENT, ledger, person),
        report.negativation_line("PJ que deve", report.STANDS, ledger, company),
        report.refusal_line("PJ recusada pelas regras", ledger, refused.value, made),
        report.repeats_line(ledger),
    ]
