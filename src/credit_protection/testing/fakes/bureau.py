"""A bureau in memory, and its records."""
# ruff: noqa: D102 - the ports `GatewayProvider` and `BureauGateway` document their methods

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from credit_protection.domain.bureau_answers import (
    Accepted,
    Done,
    ExecutionResult,
    LookupResult,
    Receipt,
    RecordFound,
    RecordKey,
    RecordNotFound,
    RecordState,
    Rejected,
)
from credit_protection.domain.capabilities import Capabilities, Registry
from credit_protection.domain.documents import PersonType
from credit_protection.domain.errors import BureauError, CredentialsRejected, InclusionStillProcessing
from credit_protection.domain.integrations import Environment
from credit_protection.domain.money import Money
from credit_protection.domain.natures import InclusionNature, persons_in
from credit_protection.domain.parameters import ParameterSpec
from credit_protection.domain.products import Product, ProductInput, ProductKind
from credit_protection.domain.queries import PDF, CreditReport, DocumentReport
from credit_protection.domain.reasons import LABELS, BureauReason, RemovalReason
from credit_protection.domain.requests import InclusionOrder
from credit_protection.ports.bureau import ListedRecord, QueryOrder, RemovalOrder

_PRODUCTS = (
    Product("BASIC", "Consulta básica", ProductKind.QUERY, price=Money(250)),
    Product("SCORE", "Score", ProductKind.QUERY, inputs=(ProductInput("model", "Modelo", required=True),)),
    Product("INC", "Inclusão", ProductKind.INCLUSION),
)
_REASONS = tuple(BureauReason(reason.value, LABELS[reason]) for reason in RemovalReason)


@dataclass
class FakeRecord:
    """A record at the fake bureau."""

    order: InclusionOrder
    bureau_id: str
    state: RecordState
    reason: RemovalReason | None = None


class FakeBureau:
    """A bureau in memory: a gateway provider and its one gateway.

    Args:
        capabilities: what it can do.
        synchronous: it answers `Done` at once; else `Accepted`, and `settle()` brings the outcome.

    `before` and `after` are called with the operation's name (`include`, `remove`, `find`, `query`, `check`,
    `products`) before and after its effect: raise in them to lose a request or its answer, or change state during a
    call. `fail_next` makes one call fail.
    """

    code = "fake"
    name = "Birô de mentira"
    parameters = (
        ParameterSpec("user", "Usuário", identifies_account=True),
        ParameterSpec("password", "Senha", secret=True, help="Peça ao birô."),
        ParameterSpec("base_url", "Endereço", required=False, default="http://127.0.0.1", advanced=True),
    )

    def __init__(self, capabilities: Capabilities | None = None, *, synchronous: bool = False) -> None:
        self.capabilities = capabilities or Capabilities(
            registry=Registry.SPC, alphanumeric_cnpj=True, grouping=True, list_records=True
        )
        self.synchronous = synchronous
        self.records: list[FakeRecord] = []
        self.calls: list[str] = []
        self.password = "secret"  # noqa: S105 - a fictitious one
        self.report: CreditReport = DocumentReport(b"%PDF-1.7 fictitious\n%%EOF\n", PDF, "P-1")
        self.before: Callable[[str], None] = lambda _: None
        self.after: Callable[[str], None] = lambda _: None
        self.catalogue: Sequence[Product] = _PRODUCTS
        self.reason_catalogue: Sequence[BureauReason] = _REASONS
        self.created_with: list[dict[str, str]] = []
        self.removal_orders: list[RemovalOrder] = []
        self.close_count = 0
        self._faults: list[tuple[str, BureauError, bool]] = []
        self._lock = threading.Lock()

    def create(self, parameters: Mapping[str, str], environment: Environment) -> FakeBureau:
        self.created_with.append({**parameters, "environment": environment.value})
        return self

    def check(self, *given: object) -> None:
        if given:  # parameters and environment, which the provider is asked about: any will do
            return
        self._call("check")
        if self.created_with[-1].get("password") != self.password:
            raise CredentialsRejected("O birô recusou a senha. Confira os parâmetros da integração.")
        self._done("check")

    def products(self) -> Sequence[Product]:
        self._call("products")
        listed = list(self.catalogue)
        self._done("products")
        return listed

    def natures(self) -> Sequence[InclusionNature]:
        """One for each person type, one without a mark."""
        listed = [("DEV", "Devedor (PF)"), ("DUP", "Duplicata (PJ)"), ("OUT", "Outros")]
        return [InclusionNature(code, text, persons_in(text)) for code, text in listed]

    def reasons(self) -> Sequence[BureauReason]:
        """`reason_catalogue`: by default one for each `RemovalReason`."""
        return list(self.reason_catalogue)

    def query(self, order: QueryOrder) -> CreditReport:  # noqa: ARG002 - `report` is the answer
        self._call("query")
        self._done("query")
        return self.report

    def include(self, order: InclusionOrder) -> Receipt:
        self._call("include")
        with self._lock:
            known = self._record_on_file(order.reference)
            if known is not None:
                return Accepted(known.bureau_id, repeated=True)
            if order.document.person_type is PersonType.PF and order.nature_code == "DUP":
                return Rejected("NATUREZA", "natureza não admite a pessoa", "nature")
            state = RecordState.PRESENT if self.synchronous else RecordState.INCLUDING
            record = FakeRecord(order, f"B{len(self.records) + 1}", state)
            self.records.append(record)
        self._done("include")
        return Done(bureau_id=record.bureau_id) if self.synchronous else Accepted(record.bureau_id)

    def remove(self, order: RemovalOrder) -> Receipt:
        self._call("remove")
        with self._lock:
            self.removal_orders.append(order)
            if order.reason_code and order.reason_code not in {each.code for each in self.reason_catalogue}:
                return Rejected("MOTIVO", "motivo desconhecido", "reason", reason_unknown=True)
            record = self._find(order.key)
            if record is None:
                return Done(ExecutionResult.NOT_FOUND)
            if record.state is RecordState.INCLUDING:
                raise InclusionStillProcessing("A inclusão ainda está em processamento.")
            if record.state in {RecordState.GONE, RecordState.REMOVING}:
                return Done(ExecutionResult.ALREADY_IN_EFFECT)
            record.state = RecordState.GONE if self.synchronous else RecordState.REMOVING
            record.reason = order.reason
        self._done("remove")
        return Done() if self.synchronous else Accepted(record.bureau_id)

    def find(self, key: RecordKey) -> LookupResult:
        self._call("find")
        with self._lock:
            record = self._find(key)
            sighting = RecordNotFound() if record is None else RecordFound(record.state, record.bureau_id)
        self._done("find")
        return sighting

    def list_records(self) -> Iterator[ListedRecord]:
        self._call("list_records")
        for record in list(self.records):
            order = record.order
            key = RecordKey(order.document, order.reference, order.due_date, record.bureau_id)
            yield ListedRecord(key, str(order.amount.amount), RecordFound(record.state, record.bureau_id))
        self._done("list_records")

    def close(self) -> None:
        """Count the call: there is no connection to close."""
        self.close_count += 1

    def process_pending(self) -> None:
        """Decide all accepted requests."""
        outcomes = {RecordState.INCLUDING: RecordState.PRESENT, RecordState.REMOVING: RecordState.GONE}
        with self._lock:
            for record in self.records:
                record.state = outcomes.get(record.state, record.state)

    def fail_next(self, operation: str, error: BureauError, *, executed: bool = False) -> None:
        """Make the next call of this operation fail; where `executed`, it takes effect and only its answer is lost."""
        self._faults.append((operation, error, executed))

    def records_on_file(self) -> list[FakeRecord]:
        """The records that are visible to the public."""
        return [record for record in self.records if record.state in {RecordState.PRESENT, RecordState.REMOVING}]

    def _call(self, operation: str) -> None:
        self.calls.append(operation)
        self.before(operation)
        self._fail(operation, executed=False)

    def _done(self, operation: str) -> None:
        self.after(operation)
        self._fail(operation, executed=True)

    def _fail(self, operation: str, *, executed: bool) -> None:
        with self._lock:
            fault = next((each for each in self._faults if (each[0], each[2]) == (operation, executed)), None)
            if fault is None:
                return
            self._faults.remove(fault)
        raise fault[1]

    def _record_on_file(self, reference: str) -> FakeRecord | None:
        gone = {RecordState.GONE, RecordState.REJECTED}
        return next(
            (each for each in self.records if each.order.reference == reference and each.state not in gone), None
        )

    def _find(self, key: RecordKey) -> FakeRecord | None:
        if key.bureau_id is not None:
            return next((each for each in self.records if each.bureau_id == key.bureau_id), None)
        return next((each for each in reversed(self.records) if each.order.reference == key.reference), None)
