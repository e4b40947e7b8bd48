"""Sends hostile answers to the calls of a worker, and judges what is stored: no state changes without a proof."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

from credit_protection.adapters.bureaus.credito_na_medida.provider import CAPABILITIES, CreditoNaMedidaProvider
from credit_protection.application.negativations import NegativationRequest
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.errors import BureauError
from credit_protection.domain.negativations import Negativation
from credit_protection.domain.state_table import Observed
from credit_protection.testing.fakes import FakeClock, FakeErp
from credit_protection.testing.tenants import make_tenant, sqlite_storage
from tests.adapters.http.raw_server import RawServer
from tests.application.app import ANA, CPF, DUE, PRICE, TODAY
from tests.attacks.bureau_attack import DEADLINE, SHORT_DEADLINE, Verdict
from tests.attacks.hostile_answers import ALL, HostileAnswer, Record, Truth
from tests.attacks.hostile_bureau import LOGIN, NATURES, PRODUCTS, SECRET, Request, http, pdf

_REASONS = {
    "motivos": [
        {"codigo": "PAGAMENTO", "descricao": "Pagamento"},
        {"codigo": "SOLICITACAO_CREDOR", "descricao": "Solicitação"},
    ]
}
CALLS = {
    "an inclusion": "POST /v1/negativacoes",
    "a removal": "DELETE /v1/negativacoes",
    "a look-up": "GET /v1/negativacoes/",
    "a comparison": "GET /v1/negativacoes?",
    "a login": "POST /oauth/token",
}
BELIEVED = {
    "no person's record": ("a removal", "a look-up"),
    "another id": ("an inclusion",),
    "another contract": ("a removal", "a look-up"),
    "another due date": ("a removal", "a look-up"),
}
"""What is shown of the record under our id does not contradict ours."""


class Bureau:
    """A small true bureau; requests that begin like the attacked one get a hostile answer instead of their effect."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.attacked = ""
        self.hostile: HostileAnswer | None = None
        self.was_sent = False
        self.server = RawServer(self._answer)

    def _answer(self, connection: socket.socket, request: bytes) -> None:
        top, _, body = request.partition(b"\r\n\r\n")
        method, path, _ = top.decode("latin-1").split(" ", 2)
        asked = Request(method, path, body)
        if not (self.hostile and self.attacked and f"{method} {path}".startswith(self.attacked)):
            connection.sendall(self._truth(asked, lies=False).http())
            return
        parts = self.hostile.make(self._truth(asked, lies=True))
        if parts is None:
            connection.sendall(self._truth(asked, lies=False).http())
            return
        self.was_sent = True
        for part in [parts] if isinstance(parts, bytes) else parts:
            connection.sendall(part)
        if self.hostile.closes:
            connection.shutdown(socket.SHUT_WR)

    def _truth(self, asked: Request, *, lies: bool) -> Truth:
        """The answer; one that lies says that all is as it is wished, and nothing happened."""
        address = urlsplit(asked.path)
        lists: dict[str, Record] = {"/v1/produtos": PRODUCTS, "/v1/naturezas": NATURES, "/v1/motivos-baixa": _REASONS}
        if address.path == "/oauth/token":
            return Truth(LOGIN)
        if address.path in lists:
            return Truth(lists[address.path])
        if address.path == "/v1/consultas":
            document = json.loads(asked.body)["documento"]
            encoded = base64.b64encode(pdf(f"CPF {document}")).decode()
            return Truth({"documento": document, "protocolo": "P-1", "pdf_base64": encoded})
        if asked.method == "POST":
            return Truth(self._include(json.loads(asked.body), lies=lies))
        if address.path == "/v1/negativacoes":
            return Truth(self._page(parse_qs(address.query), lies=lies))
        known = self.records[address.path.rpartition("/")[2]]
        removed = known | {"operacao": "EXCLUSAO", "situacao": "EXCLUSAO"}
        if asked.method == "DELETE" and not lies:
            known.update(removed)
        return Truth(removed if lies else known)

    def _include(self, order: Record, *, lies: bool) -> Record:
        made = {name: order[name] for name in ("documento", "contrato", "vencimento", "valor", "natureza")}
        made |= {"id": f"N{len(self.records) + 1}", "operacao": "INCLUSAO", "situacao": "INCLUSAO"}
        if not lies:
            self.records[made["id"]] = made
        return made

    def _page(self, asked: dict[str, list[str]], *, lies: bool) -> Record:
        filters = {name: asked[name][0] for name in ("documento", "contrato") if name in asked}
        listed = [each for each in self.records.values() if filters.items() <= each.items()]
        if lies:
            listed = [each | {"operacao": "EXCLUSAO", "situacao": "EXCLUSAO"} for each in listed]
        return {"negativacoes": listed if asked["pagina"] == ["0"] else [], "total": len(listed)}


@dataclass
class Installation:
    """One tenant at the bureau."""

    bureau: Bureau
    folder: Path
    seconds: float

    def __post_init__(self) -> None:
        self.clock, self.erp = FakeClock(), FakeErp()
        self.erp.add_customer("c1", CPF)
        for number in range(1, 6):
            self.erp.add_invoice(f"i{number}", "c1", DUE + timedelta(days=number), PRICE)
        self.storage = sqlite_storage(self.folder / "here.sqlite")
        self._deadline = timedelta(seconds=self.seconds)
        provider = CreditoNaMedidaProvider(replace(CAPABILITIES, call_deadline=self._deadline))
        self.tenant = make_tenant(self.storage, host=self.erp, gateways=[provider], clock=self.clock)
        self.id = self.tenant.integrations.register(
            ANA,
            gateway="credito_na_medida",
            description="Birô",
            creditor_id="1",
            parameters={"client_id": "demo", "client_secret": SECRET, "base_url": self.bureau.server.url},
        ).id
        self.tenant.integrations.synchronise(ANA, self.id)

    def negativate(self, invoice_id: str) -> Negativation:
        (made,) = self.tenant.negativations.create(ANA, NegativationRequest(self.id, "c1", [invoice_id], "DEV"))
        return made

    def pay(self, invoice_id: str) -> None:
        self.tenant.payments.record(SYSTEM, self.erp.pay(invoice_id, TODAY))

    def perform(self, one: Negativation) -> Negativation:
        """The next call, when it is due."""
        due = self.get(one).transmission.due_at
        self.clock.advance(max(due - self.clock.now(), timedelta(0)))
        self.tenant.transmissions.perform(one.id, "w1")
        return self.get(one)

    def get(self, one: Negativation) -> Negativation:
        return self.tenant.negativations.get(ANA, one.id)


@contextmanager
def installation(seconds: float) -> Iterator[Installation]:
    with TemporaryDirectory(prefix="cp-attack-") as folder:
        bureau = Bureau()
        made = Installation(bureau, Path(folder), seconds)
        try:
            yield made
        finally:
            made.tenant.close()
            bureau.server.stop()


def attack(call: str, name: str, hostile: HostileAnswer) -> Verdict:
    """One hostile answer to one call of a worker."""
    try:
        with installation(SHORT_DEADLINE if hostile.is_slow else DEADLINE) as made:
            fault = _attack(made, call, hostile)
            is_believed = not made.bureau.was_sent or hostile.keeps_truth_of is ALL or call in BELIEVED.get(name, ())
            faults = () if fault is None or is_believed else (fault,)
            return Verdict(faults, made.bureau.was_sent)
    except Exception as error:  # noqa: BLE001 - any error of the use cases is the attack's success
        return Verdict((f"{type(error).__name__}: {error}"[:300],))


def _attack(made: Installation, call: str, hostile: HostileAnswer) -> str | None:
    """What is stored wrongly afterwards, if anything."""
    bureau = made.bureau
    if call == "an inclusion":
        one = made.negativate("i1")
        return _after(made, one, call, hostile, Observed.PRESENT)
    one = made.perform(made.negativate("i1"))
    if one.observed is not Observed.PRESENT:
        raise AssertionError(f"the true bureau was not understood: {one.observed}")
    if call == "a comparison":
        bureau.attacked, bureau.hostile = CALLS[call], hostile
        made.clock.advance(timedelta(days=1))
        with suppress(BureauError):
            made.tenant.reconciliation.run(ANA, made.id)
        return _judge(made.get(one), Observed.GONE)
    made.pay("i1")
    if call == "a look-up":
        bureau.attacked, bureau.hostile = CALLS["a removal"], HostileAnswer(lambda _: http(500))
        made.perform(one)
        bureau.was_sent = False
    if call == "a login":
        made.tenant.ports.gateways.close()
    return _after(made, one, call, hostile, Observed.GONE)


def _after(made: Installation, one: Negativation, call: str, hostile: HostileAnswer, unproven: Observed) -> str | None:
    made.bureau.attacked, made.bureau.hostile = CALLS[call], hostile
    after = made.perform(one)
    if call == "a look-up" and not made.bureau.was_sent:
        after = made.perform(one)
    return _judge(after, unproven)


def _judge(one: Negativation, unproven: Observed) -> str | None:
    if one.observed is unproven or not (one.transmission.is_open or one.observed is Observed.PRESENT):
        return f"believed: {one.observed}, {one.transmission.action}"
    return None
