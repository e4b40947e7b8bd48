"""Day one: what was at the bureau before is taken over, once, and leaves on payment like any other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.adoption import AT_ONCE, Adoption
from credit_protection.domain.actors import SYSTEM, Actor, Permission
from credit_protection.domain.adoption import ExtractRow, Verdict
from credit_protection.domain.bureau_answers import RecordState
from credit_protection.domain.capabilities import Capabilities, Registry
from credit_protection.domain.customers import InvoiceStatus
from credit_protection.domain.documents import Cpf
from credit_protection.domain.errors import BureauUnavailable, Conflict, PermissionDenied, ProtocolError, RuleViolation
from credit_protection.domain.money import Money
from credit_protection.domain.negativations import Action, Desired, Observed, Status, status
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.requests import InclusionOrder
from credit_protection.testing.fakes import FakeRecord
from tests.application.desk import ANA, CPF, DAY, DUE, MANY, PRICE, TODAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credit_protection.domain.adoption import Assessment, Tally
    from credit_protection.domain.negativations import Negativation
    from credit_protection.ports.storage import UnitOfWork
    from tests.application.desk import Desk

ROW = ExtractRow(2, CPF, "MARIA", "contrato 77/2020", DUE + DAY, PRICE, RecordState.PRESENT)


@dataclass
class Rows:
    """An extract in memory."""

    given: list[ExtractRow]
    is_log: bool = False
    name: str = "extrato"
    failure: Exception | None = None

    def rows(self) -> Iterator[ExtractRow]:
        yield from self.given
        if self.failure is not None:
            raise self.failure


def adopt(shop: Desk, *rows: ExtractRow, without_invoice: bool = False, is_log: bool = False) -> Tally:
    source = Rows(list(rows), is_log)
    return Adoption(shop.tenant).adopt(ANA, shop.integration_id, source, without_invoice=without_invoice)


def stored(shop: Desk) -> list[Negativation]:
    return list(reversed(shop.negativations.list(ANA, page=MANY).items))


def counts(tally: Tally) -> dict[str, int]:
    return {verdict.value: count for verdict, count in tally.by_verdict.items() if count}


def at_the_bureau(shop: Desk, reference: str, invoice_id: str) -> FakeRecord:
    """A record that an earlier system included."""
    bill, client = shop.erp.bills[invoice_id], shop.erp.clients["c1"]
    order = InclusionOrder(
        Cpf(CPF), client.name, None, client.address, "", "", shop.erp.creditor.document, reference, "DEV",
        bill.due_date, bill.amount,
    )  # fmt: skip
    record = FakeRecord(order, f"B{len(shop.bureau.records) + 1}", RecordState.PRESENT)
    shop.bureau.records.append(record)
    return record


def test_an_adopted_record_leaves_when_it_is_paid(shop: Desk) -> None:
    record = at_the_bureau(shop, "contrato 77/2020", "i1")
    source = Adoption(shop.tenant).bureau_list(ANA, shop.integration_id)
    assert counts(Adoption(shop.tenant).adopt(ANA, shop.integration_id, source)) == {"adopted": 1}
    (made,) = stored(shop)
    assert (made.observed, made.desired, made.is_adopted) == (Observed.PRESENT, Desired.INCLUDED, True)
    assert (made.reference, made.bureau_id, made.requested_by) == ("contrato 77/2020", "B1", "ana")
    assert status(made, TODAY) is Status.NEGATIVATED
    assert shop.happened(made) == ["adopted"]
    assert shop.acts(made.id) == ["negativation.adopt"]
    with shop.storage.reading() as unit:
        assert unit.negativations.request(made.request_id).actor_id == "ana"
    shop.paid("i1")
    gone = shop.work(made)
    assert (gone.observed, record.state) == (Observed.GONE, RecordState.GONE)
    assert [order.reason for order in shop.bureau.orders] == [RemovalReason.PAYMENT]
    assert "include" not in shop.bureau.calls


@pytest.mark.parametrize("was_told", [False, True])
def test_what_is_paid_already_goes_to_the_removal_queue_at_once(shop: Desk, was_told: bool) -> None:
    at_the_bureau(shop, "contrato 77/2020", "i1")
    if was_told:
        shop.paid("i1")
    else:
        shop.erp.cease("i1", InvoiceStatus.PAID, TODAY - 20 * DAY)
    assert counts(adopt(shop, ROW)) == {"leaving": 1}
    (made,) = stored(shop)
    assert (made.desired, made.transmission.action) == (Desired.REMOVED, Action.REMOVE)
    assert made.transmission.deadline is not None
    assert (made.transmission.deadline < TODAY) is not was_told
    assert shop.happened(made) == ["adopted", "removal_wanted"]
    assert shop.queue.woken[-1] is None
    shop.sweep.run()
    assert shop.work(made).observed is Observed.GONE


def test_a_payment_that_the_ledger_knows_and_the_host_does_not_show_removes_too(shop: Desk) -> None:
    shop.paid("i1")
    shop.erp.cease("i1", InvoiceStatus.OPEN)
    assert counts(adopt(shop, ROW)) == {"adopted": 1}
    assert stored(shop)[0].desired is Desired.REMOVED


def test_adopting_twice_is_adopting_once(shop: Desk) -> None:
    adopt(shop, ROW)
    before = stored(shop)
    assert counts(adopt(shop, ROW, replace(ROW, line=3))) == {"known": 2}
    assert stored(shop) == before
    shop.paid("i1")
    shop.work(before[0])
    tally = adopt(shop, ROW)
    assert counts(tally) == {"known": 1}
    assert tally.by_code == {"encerrada_mas_consta": 1}


def test_records_of_one_contract_are_told_apart_by_their_due_date(shop: Desk) -> None:
    rows = [replace(ROW, line=number, due_date=DUE + number * DAY) for number in (1, 2, 3)]
    assert counts(adopt(shop, *rows)) == {"adopted": 3}
    assert [made.reference for made in stored(shop)] == ["contrato 77/2020"] * 3
    assert counts(adopt(shop, *rows)) == {"known": 3}


def test_our_own_records_are_known(shop: Desk) -> None:
    shop.included("i1")
    source = Adoption(shop.tenant).bureau_list(ANA, shop.integration_id)
    assert counts(Adoption(shop.tenant).adopt(ANA, shop.integration_id, source)) == {"known": 1}


def test_one_invoice_is_adopted_once(shop: Desk) -> None:
    twin = replace(ROW, line=3, reference="another")
    assert counts(adopt(shop, ROW, twin)) == {"adopted": 1, "refused": 1}
    assert counts(adopt(shop, twin)) == {"refused": 1}
    with pytest.raises(RuleViolation):
        shop.negativate("i1")


def test_a_preview_says_the_same_and_stores_nothing(shop: Desk) -> None:
    rows = [
        ROW,
        replace(ROW, line=3),
        replace(ROW, line=4, reference="another"),
        replace(ROW, line=5, document="11144477735"),
        replace(ROW, line=6, due_date=TODAY),
        replace(ROW, line=7, state=RecordState.GONE),
    ]
    seen: list[Assessment] = []
    preview = Adoption(shop.tenant).preview(ANA, shop.integration_id, Rows(rows), tell=seen.append)
    assert [each.verdict for each in seen] == [
        Verdict.ADOPTED, Verdict.KNOWN, Verdict.REFUSED, Verdict.REFUSED, Verdict.REFUSED, Verdict.NOT_STANDING,
    ]  # fmt: skip
    assert stored(shop) == []
    assert adopt(shop, *rows) == preview


def test_an_extract_of_operations_tells_a_removal_in_a_row_of_its_own(shop: Desk) -> None:
    removal = replace(ROW, line=9, state=RecordState.GONE)
    assert counts(adopt(shop, ROW, removal, is_log=True)) == {"not_standing": 2}
    assert counts(adopt(shop, ROW, removal)) == {"adopted": 1, "not_standing": 1}


def test_without_an_invoice_only_a_person_removes(shop: Desk) -> None:
    row = replace(ROW, due_date=TODAY - 90 * DAY)
    assert counts(adopt(shop, row)) == {"refused": 1}
    assert counts(adopt(shop, row, without_invoice=True)) == {"without_invoice": 1}
    (made,) = stored(shop)
    shop.paid("i1")
    shop.payments.reread_standings()
    assert shop.get(made).desired is Desired.INCLUDED
    assert counts(adopt(shop, row, without_invoice=True)) == {"known": 1}
    shop.negativations.delete(ANA, made.id)
    at_the_bureau(shop, ROW.reference, "i1")
    assert shop.work(made).observed is Observed.GONE


def test_what_the_bureau_still_processes_is_polled(shop: Desk) -> None:
    at_the_bureau(shop, ROW.reference, "i1").state = RecordState.INCLUDING
    adopt(shop, replace(ROW, state=RecordState.INCLUDING, bureau_id="B1"))
    (made,) = stored(shop)
    assert (made.observed, made.transmission.action) == (Observed.INCLUDING, Action.POLL)
    shop.bureau.settle()
    assert shop.work(made).observed is Observed.PRESENT
    assert "include" not in shop.bureau.calls


def test_many_are_taken_over_some_at_a_time_and_a_failure_keeps_what_was_done(shop: Desk) -> None:
    many = 2 * AT_ONCE + 7
    for number in range(many):
        shop.erp.bill(f"m{number}", "c1", DUE - timedelta(days=number), Money(1000 + number))
    rows = [
        replace(ROW, line=number, reference=f"C{number}", due_date=DUE - timedelta(days=number))
        for number in range(many)
    ]
    adoption = Adoption(shop.tenant)
    failing = Rows(rows[:-1], failure=BureauUnavailable("O birô saiu do ar."))
    with pytest.raises(BureauUnavailable):
        adoption.adopt(ANA, shop.integration_id, failing)
    assert len(stored(shop)) == many - 1
    partial = Rows(rows, failure=ProtocolError("Um registro ilegível.", code="registros_ilegiveis"))
    tally = adoption.adopt(ANA, shop.integration_id, partial)
    assert (counts(tally), tally.unreadable) == ({"adopted": 1, "known": many - 1}, "Um registro ilegível.")


def test_the_erp_being_down_stops_it_before_anything_is_stored(shop: Desk) -> None:
    def down(_: str) -> None:
        raise BureauUnavailable("x")

    shop.erp.before = down
    with pytest.raises(BureauUnavailable):
        adopt(shop, ROW)
    shop.erp.before = lambda _: None
    assert stored(shop) == []


def test_somebody_else_who_was_faster_is_a_refusal(shop: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(*_: object) -> None:
        raise Conflict("Outra pessoa a adotou.")

    with shop.storage.reading() as unit:
        kind = type(unit.negativations)
    monkeypatch.setattr(kind, "add", taken)
    tally = adopt(shop, ROW)
    assert (counts(tally), tally.by_code) == ({"refused": 1}, {"conflito": 1})


def test_only_a_person_who_may_both_configure_and_negativate(shop: Desk) -> None:
    adoption = Adoption(shop.tenant)
    for missing in (Permission.CONFIGURE, Permission.NEGATIVATE):
        actor = replace(ANA, permissions=ANA.permissions - {missing})
        for act in (adoption.preview, adoption.adopt):
            with pytest.raises(PermissionDenied):
                act(actor, shop.integration_id, Rows([ROW]))
    machine = Actor("m", "máquina", frozenset(Permission), is_person=False)
    for actor in (SYSTEM, machine):
        with pytest.raises(RuleViolation, match="pessoa"):
            adoption.adopt(actor, shop.integration_id, Rows([ROW]))
    assert stored(shop) == []


def disown(shop: Desk) -> None:
    with shop.storage.unit() as unit:
        change_owner(unit, shop.integration_id, owns=False)
        unit.commit()


def change_owner(unit: UnitOfWork, integration_id: str, *, owns: bool) -> None:
    unit.integrations.save(replace(unit.integrations.get(integration_id), owns_transmission=owns))


def test_two_owners_are_refused(shop: Desk) -> None:
    waiting, held = shop.negativate("i2"), shop.included("i3")
    shop.negativations.delete(ANA, held.id)
    disown(shop)
    for act in (lambda: adopt(shop, ROW), lambda: shop.negativate("i1")):
        with pytest.raises(RuleViolation) as refused:
            act()
        assert refused.value.code == "transmissao_do_erp"
    shop.bureau.calls.clear()
    for one in (waiting, held):
        shop.perform(one)
        assert shop.get(one).transmission.last_error == "transmissao_do_erp"
        assert shop.get(one).transmission.due_at > shop.clock.now()
    assert shop.bureau.calls == []
    with shop.storage.unit() as unit:
        change_owner(unit, shop.integration_id, owns=True)
        unit.commit()
    assert shop.work(held).observed is Observed.GONE


def test_a_gateway_that_cannot_list_asks_for_an_extract(shop: Desk) -> None:
    shop.bureau.capabilities = Capabilities(Registry.SPC, list_records=False)
    with pytest.raises(RuleViolation) as refused:
        Adoption(shop.tenant).bureau_list(ANA, shop.integration_id)
    assert refused.value.code == "sem_lista"
