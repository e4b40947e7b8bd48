"""One payment, from its record to the removal's answer, is read in few files, and docs/architecture.md names them."""

from __future__ import annotations

import re
import sqlite3
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import credit_protection
from credit_protection.application.payments import RecordResult
from credit_protection.domain.actors import SYSTEM
from credit_protection.domain.state_table import Observed
from credit_protection.testing.fakes import FakeBureau
from tests.application.app import TODAY, AppFixture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from credit_protection.adapters.storage.sqlalchemy import SqlStorage

PACKAGE = Path(credit_protection.__file__).parent
ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"
MOST_APPLICATION_MODULES = 6
MOST_FILES = 8


def documented_files() -> list[str]:
    """The file names of the numbered list in `## The walk of a payment`, in order."""
    _, _, section = ARCHITECTURE.read_text(encoding="utf-8").partition("## The walk of a payment\n")
    section, _, _ = section.partition("\n## ")
    return re.findall(r"^\d+\. `([\w/]+\.py)`", section, flags=re.MULTILINE)


@contextmanager
def traced_files() -> Iterator[list[str]]:
    """Collect the package's files whose functions this thread enters, in the order of their first entry."""
    entered: dict[str, None] = {}

    def trace(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            entered[frame.f_code.co_filename] = None

    files: list[str] = []
    sys.setprofile(trace)
    try:
        yield files
    finally:
        sys.setprofile(None)
        files += [Path(each).relative_to(PACKAGE).as_posix() for each in entered if Path(each).is_relative_to(PACKAGE)]


def test_walk_of_a_payment_enters_the_documented_files_in_order(sqlite: SqlStorage, database: Path) -> None:
    app = AppFixture(sqlite, FakeBureau(synchronous=True))
    app.register()
    included = app.included("i1")
    payment = app.erp.pay("i1", TODAY)
    with closing(sqlite3.connect(database)) as erp, traced_files() as files:
        assert app.payments.record(SYSTEM, payment, connection=erp) is RecordResult.RECORDED
        erp.commit()
        assert app.payments.after_commit().changed_negativation_ids == [included.id]
        (due,) = app.transmissions.due(1)
        app.transmissions.perform(due.negativation_id, "w1")
    assert app.get(included).observed is Observed.GONE

    documented = documented_files()
    assert len(documented) <= MOST_FILES
    assert [name for name in files if name in documented] == documented
    application = {name for name in files if name.startswith("application/")}
    assert application == {name for name in documented if name.startswith("application/")}
    assert len(application) <= MOST_APPLICATION_MODULES


def test_inclusion_removal_and_payment_write_audit_entries(app: AppFixture) -> None:
    negativation = app.included("i1")
    payment = app.paid("i1")
    app.work(negativation)
    trail = [(entry.act, entry.actor_id, entry.actor_name) for entry in app.audit(negativation.id)]
    assert trail == [
        ("negativation.create", "ana", "Ana"),
        ("transmission.include", "worker", "w1"),
        ("removal.request", "system", "sistema"),
        ("transmission.remove", "worker", "w1"),
    ]
    assert app.acts(payment.id) == ["payment.record"]


def test_audit_entry_of_a_transmission_is_committed_before_the_call(app: AppFixture) -> None:
    negativation = app.negativate("i1")
    acts: list[list[str]] = []
    app.bureau.before = lambda _: acts.append(app.acts(negativation.id))
    app.perform(negativation)
    assert acts == [["negativation.create", "transmission.include"]]
