"""One installation with its ERP, its bureau and a clock that only the drill moves; and what people and workers do."""

from __future__ import annotations

import contextlib
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Self, cast

import stamina

from credit_protection.adapters.bureaus.credito_na_medida.provider import CreditoNaMedidaProvider
from credit_protection.adapters.storage.sqlalchemy import SqlStorage
from credit_protection.application.negativations import NegativationRequest
from credit_protection.application.transmissions import TransmissionResult
from credit_protection.domain.actors import SYSTEM, Actor
from credit_protection.domain.adoption_assessment import ExtractRow
from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.divergences import Decision, DivergenceCode
from credit_protection.domain.errors import BureauError, Conflict, HostUnavailable, NotFound
from credit_protection.domain.guards import GuardSettings
from credit_protection.domain.guards.facts import years_before
from credit_protection.domain.integrations import IntegrationSettings
from credit_protection.domain.money import Money
from credit_protection.domain.removal_policy import RemovalPolicy, RemovalRule
from credit_protection.ports.extracts import Extract
from credit_protection.ports.storage import DivergenceFilter, NegativationFilter, PageRequest
from credit_protection.testing.fakes import FakeClock, RecordingListeners
from credit_protection.testing.tenants import make_tenant
from tests.agreement_drill.bureau import DrillBureau
from tests.agreement_drill.host import CREDITOR, DrillErp
from tests.drill.database import Database
from tests.drill.plan import cpf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from credit_protection.application.reconciliation import ReconciliationSummary
    from credit_protection.application.sweep import SweepResult
    from credit_protection.domain.divergences import Divergence
    from credit_protection.domain.negativations import Negativation
    from credit_protection.domain.settlements import Entry, Settlement
    from credit_protection.ports.bureau import GatewayProvider
    from credit_protection.ports.host import HostErp

ANA = Actor.with_role("ana", "Ana", "administrador")
PRICE = Money(119_90)
TOLERANCE = Money(1_00)
TINY = Money(80)
"""An invoice below the tolerance: only an adopted record is about such a one."""
NATURE = "DEV"
HALF_MINUTE = timedelta(seconds=30)
_SECOND = timedelta(seconds=1)
"""No two passes begin at the same instant: each has made calls."""
_PAGE = 500
_DUE_DAYS = 60
_OLD_EVERY = 40


class DrillClock(FakeClock):
    """A clock that moves the bureau's with it."""

    def __init__(self) -> None:
        super().__init__()
        self.moves: Callable[[float], None] = lambda _: None

    def advance(self, by: timedelta) -> None:
        super().advance(by)
        self.moves(by.total_seconds())


@dataclass
class Case:
    """One negativation, and the invoices that it covers."""

    negativation_id: str
    reference: str
    invoice_ids: tuple[str, ...]
    customer_id: str
    is_adopted: bool = False
    gives_original: bool = True
    contract_shown: str = ""
    """Where the bureau shows another contract than the reference that is known here."""
    removable_from: date | None = None
    """From when on it is removed though it is owed: a hold, its age, or a person asks for it."""
    is_old: bool = False
    """It reaches five years within the drill."""

    @property
    def contract(self) -> str:
        """The contract that the bureau shows."""
        return self.contract_shown or self.reference

    @property
    def is_group(self) -> bool:
        """Whether it covers several invoices."""
        return len(self.invoice_ids) > 1

    def may_be_removed(self, at: datetime) -> bool:
        """Whether something else than a settlement asked for its removal by then."""
        return self.removable_from is not None and CREDITOR.today(at) >= self.removable_from

    @property
    def invoice_id(self) -> str:
        """The first invoice: changes happen to it."""
        return self.invoice_ids[0]


class FileExtract(Extract):
    """A spreadsheet of the bureau's records: it has no ids."""

    def __init__(self, rows: Sequence[ExtractRow]) -> None:
        self._rows = rows

    @property
    def name(self) -> str:
        return "planilha"

    @property
    def is_operation_log(self) -> bool:
        return False

    def rows(self) -> Iterator[ExtractRow]:
        return iter(self._rows)


@dataclass
class World:
    """The three sides, and the acts between them. A context manager.

    Args:
        url: of an empty database.
        seed: of every choice.
        size: how many negativations are made.
    """

    url: str
    seed: int
    size: int
    cases: list[Case] = field(default_factory=list)
    later: list[Callable[[World], None]] = field(default_factory=list)
    """What happens at the beginning of the next round."""
    late: list[Callable[[World], None]] = field(default_factory=list)
    """What happens in this round once a worker has fetched what is due, and before it sends anything."""
    outages: set[str] = field(default_factory=set)
    """What does not work now: `host`, `bureau`."""
    unknown_records: list[str] = field(default_factory=list)
    """Ids of records at the bureau that nobody here knows."""
    unknown_for_a_while: list[str] = field(default_factory=list)
    """Ids of records that a person closed here, and adopts a few days later."""
    lists_seen_suspect: int = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(stamina.set_testing(True, attempts=2))  # refused readings are repeated without a wait
            self.clock = DrillClock()
            self.host = DrillErp(self.clock, self.seed)
            self.bureau = stack.enter_context(DrillBureau(processing_seconds=20, token_seconds=10**8))
            self.other_bureau = stack.enter_context(DrillBureau(processing_seconds=20, token_seconds=10**8))
            self.clock.moves = self._move_bureaus
            storage = SqlStorage(self.url, durable=False)
            stack.callback(storage.close)
            storage.migrate()
            self.listeners = RecordingListeners()
            self.tenant = make_tenant(
                storage,
                host=cast("HostErp", self.host),
                gateways=[cast("GatewayProvider", CreditoNaMedidaProvider())],
                clock=self.clock,
                listeners=self.listeners,
            )
            self.tenant.reconciliation._sleep = self._sleep
            stack.callback(self.tenant.ports.gateways.close)
            self.storage = storage
            self.database = Database(self.url)
            self._resources = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def _move_bureaus(self, seconds: float) -> None:
        self.bureau.advance(seconds)
        self.other_bureau.advance(seconds)

    def _sleep(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    @property
    def rule(self) -> RemovalRule:
        """By which a group goes: the seed's parity chooses."""
        return RemovalRule.ANY_INVOICE_PAID if self.seed % 2 else RemovalRule.ALL_INVOICES_SETTLED

    @property
    def today(self) -> date:
        """The creditor's date."""
        return CREDITOR.today(self.clock.now())

    # ------------------------------------------------------------------------------------ people

    def register(self) -> None:
        """Register the integration, and fetch its products."""
        self.integration_id = self.tenant.integrations.register(
            ANA,
            gateway="credito_na_medida",
            description="Conta da matriz",
            creditor_id=CREDITOR.id,
            parameters={"client_id": "demo-client", "client_secret": "demo-secret", "base_url": self.bureau.url},
            settings=IntegrationSettings(
                removal_policy=RemovalPolicy(self.rule, TOLERANCE),
                grouped=True,
                guards=GuardSettings(age_margin_days=1),
            ),
        ).id
        self.tenant.integrations.synchronise(ANA, self.integration_id)

    def negativate(self, number: int) -> None:
        """Make a customer and negativate an invoice of theirs, of some two at once."""
        customer_id, count = f"c{number}", 2 if number % 10 == 0 else 1
        gives_original = number % 4 != 3
        self.host.add_customer(customer_id, cpf(number))
        is_old = number % _OLD_EVERY == 5
        due = self.today - timedelta(days=_DUE_DAYS)
        if is_old:  # five years within the drill
            due = years_before(self.today + timedelta(days=4 + number % 8), 5)
        ids = tuple(f"i{number}-{each}" for each in range(count))
        for invoice_id in ids:
            self.host.add_invoice(invoice_id, customer_id, due, PRICE, gives_original=gives_original)
        made = self._create(customer_id, ids)
        case = Case(made.id, made.reference, ids, customer_id, gives_original=gives_original, is_old=is_old)
        if is_old:
            case.removable_from = due.replace(year=due.year + 5)
        self.cases.append(case)

    def _create(self, customer_id: str, ids: Sequence[str]) -> Negativation:
        request = NegativationRequest(self.integration_id, customer_id, ids, NATURE, remark="cobrança esgotada")
        (made,) = self.tenant.negativations.create(ANA, request)
        return made

    def adopt(self, numbers: Sequence[int]) -> None:
        """Adopt records of before: half of them from the bureau's list, half from a file."""
        due = self.today - timedelta(days=_DUE_DAYS)
        for number in numbers:
            self.host.add_customer(f"c{number}", cpf(number))
            self.host.add_invoice(f"i{number}", f"c{number}", due, TINY if number % 3 == 0 else PRICE)
        middle = len(numbers) // 2
        shown, told = numbers[:middle], numbers[middle:]
        self.bureau.add_records(self._wire(number) for number in shown)
        self.tenant.adoption.adopt(ANA, self.integration_id, self.tenant.adoption.bureau_list(ANA, self.integration_id))
        self.bureau.add_records(self._wire(number) for number in told)
        rows = [
            ExtractRow(line, cpf(number), "", f"A{number}", due, self._amount(number), RecordState.PRESENT)
            for line, number in enumerate(told, 2)
        ]
        self.tenant.adoption.adopt(ANA, self.integration_id, FileExtract(rows))
        by_reference = {each.reference: each for each in self.negativations() if each.is_adopted}
        for number in numbers:
            adopted = by_reference[f"A{number}"]
            self.cases.append(Case(adopted.id, adopted.reference, (f"i{number}",), f"c{number}", is_adopted=True))

    def _amount(self, number: int) -> Money:
        return TINY if number % 3 == 0 else PRICE

    def _wire(self, number: int) -> dict[str, str]:
        due = self.today - timedelta(days=_DUE_DAYS)
        return {
            "documento": cpf(number),
            "contrato": f"A{number}",
            "vencimento": due.isoformat(),
            "valor": str(self._amount(number).amount),
            "natureza": NATURE,
        }

    def move_account(self) -> None:
        """A person types another account's address: it is refused, or else all calls go there from now on."""
        with contextlib.suppress(Conflict):
            self.tenant.integrations.edit(
                ANA,
                self.integration_id,
                parameters={"base_url": self.other_bureau.url, "client_secret": "demo-secret"},
            )

    def rename_account(self) -> None:
        """The bureau's address is written in another way: it is proved to be the same account."""
        parameters = {
            "base_url": self.bureau.url.replace("127.0.0.1", "localhost"),
            "client_secret": "demo-secret",
        }
        self.tenant.integrations.edit(ANA, self.integration_id, parameters=parameters)

    def relink(self, case: Case, new_id: str) -> bool:
        """Have a person match the case's invoice to the one that the ERP gives now; False where it shows none."""
        old_id = case.invoice_id
        try:
            self.tenant.negativations.relink(ANA, case.negativation_id, {old_id: new_id}, "renumerada")
        except (HostUnavailable, NotFound):
            return False
        else:
            case.invoice_ids = tuple(new_id if each == old_id else each for each in case.invoice_ids)
            return True

    def continue_suspect_list(self) -> bool:
        """A person has looked at the bureau's portal: what a suspect list misses is missing. Whether there was one."""
        suspect = DivergenceFilter(code=DivergenceCode.SUSPECT_LIST, awaits_person=True)
        waiting = self.tenant.divergences.list(ANA, suspect).items
        for each in waiting:
            self.tenant.divergences.decide(ANA, each.id, Decision.CONTINUE, remark="conferido no portal")
        return bool(waiting)

    # ------------------------------------------------------------------------------------ the host

    def report(self, *entries: Entry) -> None:
        """Record entries in a transaction of the ERP's: nothing is applied yet."""
        with self.database.writing() as connection:
            for entry in entries:
                self.tenant.payments.record(SYSTEM, entry, connection=connection)

    def recheck(self, *invoice_ids: str) -> None:
        """Ask for a recheck in a transaction of the ERP's."""
        with self.database.writing() as connection:
            self.tenant.payments.recheck(SYSTEM, invoice_ids, connection=connection)

    def pay_all(self, case: Case) -> None:
        """Take a payment of each invoice of a group, and report them."""
        for each in case.invoice_ids:
            self.report(self.host.pay(each, paid_on=self.today))

    def pay(self, case: Case, amount: Money | None = None) -> Settlement:
        """Take a payment and report it."""
        paid = self.host.pay(case.invoice_id, amount, paid_on=self.today)
        self.report(paid)
        return paid

    # ------------------------------------------------------------------------------------ workers

    def sweep(self) -> SweepResult:
        """What the worker does each minute."""
        self.clock.advance(_SECOND)
        return self.tenant.sweep.run(by_worker=True)

    def transmit(self) -> int:
        """Send all that is due, and what it makes due in the next minutes; how many calls."""
        sent = 0
        for _ in range(6):
            while due := self.tenant.tasks.due(_PAGE):
                late, self.late = self.late, []
                for act in late:
                    act(self)
                performed = [self.tenant.tasks.perform(each.negativation_id, "w1") for each in due]
                calls = sum(isinstance(each, TransmissionResult) and each.action is not None for each in performed)
                sent += calls
                if not calls:
                    break
            self.clock.advance(HALF_MINUTE)
        return sent

    def reconcile(self) -> ReconciliationSummary | None:
        """A person's pass over the bureau's list; None where the bureau does not let itself be read now."""
        self.clock.advance(_SECOND)
        try:
            summary = self.tenant.reconciliation.run(ANA, self.integration_id)
        except BureauError:
            if not self.outages:
                raise
            return None
        self.lists_seen_suspect += summary.is_suspect
        return summary

    # ------------------------------------------------------------------------------------ what is stored

    def negativations(self) -> list[Negativation]:
        """All of them."""
        found: list[Negativation] = []
        cursor: str | None = None
        while True:
            with self.storage.read_only() as unit:
                page = unit.negativations.list(NegativationFilter(), PageRequest(_PAGE, cursor))
            found += page.items
            cursor = page.cursor
            if cursor is None:
                return found

    def divergences(self) -> list[Divergence]:
        """All that were ever opened."""
        found: list[Divergence] = []
        cursor: str | None = None
        while True:
            with self.storage.read_only() as unit:
                page = unit.divergences.list(DivergenceFilter(), PageRequest(_PAGE, cursor))
            found += page.items
            cursor = page.cursor
            if cursor is None:
                return found

    def get(self, case: Case) -> Negativation:
        """The negativation of a case."""
        with self.storage.read_only() as unit:
            return unit.negativations.get(case.negativation_id)
