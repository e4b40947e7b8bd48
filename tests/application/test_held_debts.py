"""A hold that came after the inclusion: an alarm, or a removal where a court or a death asks for it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.application.rereading import REREAD_WATERMARK, Rereading
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.divergences import Decision, DivergenceCode, DivergenceSeverity
from credit_protection.domain.errors import HostUnavailable
from credit_protection.domain.holds import Hold, HoldKind
from credit_protection.domain.reasons import RemovalReason
from credit_protection.domain.state_table import Desired, Observed
from credit_protection.ports.host import HostCapabilities
from credit_protection.ports.storage import DivergenceFilter
from tests.application.app import ANA, CPF, DAY, TODAY

if TYPE_CHECKING:
    from credit_protection.domain.divergences import Divergence
    from credit_protection.domain.negativations import Negativation
    from tests.application.app import AppFixture

ALARM_ONLY = [each for each in HoldKind if each not in {HoldKind.COURT_ORDER, HoldKind.DEATH}]


def reread(app: AppFixture) -> None:
    app.later(timedelta(minutes=1))
    Rereading(app.ports).reread_all()


def shown(app: AppFixture, *, is_open: bool = True) -> list[Divergence]:
    return list(app.divergences.list(ANA, DivergenceFilter(code=DivergenceCode.HELD, is_open=is_open)).items)


def desired(app: AppFixture, negativation: Negativation) -> Desired:
    return app.get(negativation).desired


def hold(app: AppFixture, kind: HoldKind, record: str = "c1") -> None:
    app.erp.hold_reasons[record] = Hold(kind)


@pytest.mark.parametrize("kind", ALARM_ONLY)
def test_hold_after_the_inclusion_is_an_alarm_that_a_person_decides(app: AppFixture, kind: HoldKind) -> None:
    included = app.included("i1")
    hold(app, kind)
    reread(app)
    reread(app)
    (alarm,) = shown(app)
    assert (alarm.severity, alarm.awaits_person) == (DivergenceSeverity.ALARM, True)
    assert alarm.decide_by is not None
    assert desired(app, included) is Desired.INCLUDED
    del app.erp.hold_reasons["c1"]
    reread(app)
    assert not shown(app)
    assert len(shown(app, is_open=False)) == 1


def test_court_order_removes_its_own_record_and_is_an_alarm_on_the_others(app: AppFixture) -> None:
    own = app.included("i1")
    app.erp.add_customer("twin", CPF)
    app.erp.add_invoice("t1", "twin", TODAY - 40 * DAY)
    (asked,) = app.negativations.create(ANA, app.request("t1", customer_id="twin"))
    other = app.work(asked)
    hold(app, HoldKind.COURT_ORDER)
    reread(app)
    assert (desired(app, own), desired(app, other)) == (Desired.REMOVED, Desired.INCLUDED)
    assert {each.negativation_id for each in shown(app)} == {own.id, other.id}
    assert app.get(own).deadline == TODAY
    assert app.work(own).observed is Observed.GONE
    assert app.get(own).removal_reason is RemovalReason.COURT_ORDER


def test_death_on_any_record_removes_all_of_the_person(app: AppFixture) -> None:
    first, second = app.included("i1"), app.included("i2")
    app.erp.add_customer("twin", CPF)
    hold(app, HoldKind.DEATH, "twin")
    hold(app, HoldKind.DISPUTE)
    reread(app)
    assert desired(app, first) is desired(app, second) is Desired.REMOVED
    assert app.work(first).removal_reason is RemovalReason.DEATH


def test_hold_on_a_record_that_another_person_took_over_removes_nothing(app: AppFixture) -> None:
    """The customer record got another document: its holds are of another person."""
    included = app.included("i1")
    app.erp.add_customer("c1", "11144477735")
    app.erp.add_customer("twin", CPF)
    for kind in (HoldKind.COURT_ORDER, HoldKind.DEATH):
        hold(app, kind)
        reread(app)
        assert desired(app, included) is Desired.INCLUDED
        assert len(shown(app)) == 1


def test_only_a_person_lifts_what_a_court_order_added(app: AppFixture) -> None:
    included = app.included("i1")
    hold(app, HoldKind.COURT_ORDER)
    reread(app)
    del app.erp.hold_reasons["c1"]
    for _ in range(3):
        reread(app)
        assert desired(app, included) is Desired.REMOVED
    (alarm,) = shown(app)
    app.divergences.decide(ANA, alarm.id, Decision.KEEP, remark="a ordem era de outra pessoa")
    assert desired(app, included) is Desired.INCLUDED
    reread(app)
    assert not shown(app)
    assert desired(app, included) is Desired.INCLUDED


def test_kept_record_is_not_removed_until_the_list_changes(app: AppFixture) -> None:
    included = app.included("i1")
    hold(app, HoldKind.COURT_ORDER)
    reread(app)
    (alarm,) = shown(app)
    app.divergences.decide(ANA, alarm.id, Decision.KEEP, remark="a ordem trata de outra dívida")
    reread(app)
    assert desired(app, included) is Desired.INCLUDED
    app.erp.hold_reasons["c1"] = Hold(HoldKind.COURT_ORDER, "processo 2")
    reread(app)
    assert desired(app, included) is Desired.REMOVED


def test_payment_and_its_reversal_touch_no_court_order(app: AppFixture) -> None:
    included = app.included("i1")
    hold(app, HoldKind.COURT_ORDER)
    reread(app)
    paid = app.paid("i1")
    app.payments.apply()
    app.payments.record(SYSTEM, app.erp.reverse(paid, TODAY))
    app.payments.apply()
    assert [each.code for each in app.get(included).triggers] == ["retido"]


def test_recheck_reads_the_holds_too(app: AppFixture) -> None:
    included = app.included("i1")
    hold(app, HoldKind.COURT_ORDER)
    app.payments.recheck(SYSTEM, ["i1"])
    app.later(timedelta(minutes=1))
    Rereading(app.ports).answer_rechecks()
    assert desired(app, included) is Desired.REMOVED


@pytest.mark.parametrize("reading", ["holds", "customers_with_documents"])
def test_silent_host_closes_and_lifts_nothing(app: AppFixture, reading: str) -> None:
    included = app.included("i1")
    hold(app, HoldKind.DISPUTE)
    reread(app)
    del app.erp.hold_reasons["c1"]

    def down(name: str) -> None:
        if name == reading:
            raise HostUnavailable("O ERP não respondeu.")

    app.erp.before = down
    with pytest.raises(HostUnavailable):
        reread(app)
    assert len(shown(app)) == 1
    app.erp.before = lambda _: None
    del app.erp.customers_by_id["c1"]  # and a person that the ERP does not give is not known to be free
    reread(app)
    assert len(shown(app)) == 1
    assert desired(app, included) is Desired.INCLUDED


def test_broken_list_does_not_have_the_invoices_read_again_at_each_sweep(app: AppFixture) -> None:
    app.included("i1")
    app.erp.before = lambda name: (_ for _ in ()).throw(RuntimeError("bug")) if name == "holds" else None
    with pytest.raises(RuntimeError):
        reread(app)
    with app.storage.read_only() as unit:
        assert unit.watermarks.get(REREAD_WATERMARK + app.erp.code) is not None


def test_list_that_holds_everybody_is_held_by_the_brake(app: AppFixture) -> None:
    included = []
    for number in range(25):
        app.erp.add_invoice(f"x{number}", "c1", TODAY - 40 * DAY)
        included.append(app.included(f"x{number}"))
    hold(app, HoldKind.COURT_ORDER)
    reread(app)
    assert sum(desired(app, each) is Desired.REMOVED for each in included) == 20
    assert len(shown(app)) == 25
    reread(app)
    (brake,) = app.divergences.list(ANA, DivergenceFilter(code=DivergenceCode.BRAKE, is_open=True)).items
    app.divergences.decide(ANA, brake.id, Decision.CONTINUE, remark="a ordem é de todos")
    reread(app)
    assert all(desired(app, each) is Desired.REMOVED for each in included)
    assert not app.divergences.list(ANA, DivergenceFilter(code=DivergenceCode.BRAKE, is_open=True)).items


def test_host_is_asked_by_page_and_nothing_is_written_where_nobody_is_on_the_list(app: AppFixture) -> None:
    for number in range(12):
        app.erp.add_invoice(f"x{number}", "c1", TODAY - 40 * DAY)
        app.included(f"x{number}")
    calls: list[str] = []
    app.erp.before = calls.append
    reread(app)
    assert calls.count("holds") == calls.count("customers_with_documents") == 1


def test_host_without_a_list_is_not_asked(app: AppFixture) -> None:
    app.included("i1")
    app.erp.capabilities = HostCapabilities(holds=False)
    calls: list[str] = []
    app.erp.before = calls.append
    reread(app)
    assert "holds" not in calls
