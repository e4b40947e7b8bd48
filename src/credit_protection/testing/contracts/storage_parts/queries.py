"""Credit queries and their answers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from credit_protection.domain.errors import Conflict, InvalidInput, NotFound
from credit_protection.domain.queries import QueryStatus
from credit_protection.ports.storage import Page, QueryFilter
from credit_protection.testing import samples

if TYPE_CHECKING:
    from credit_protection.ports.storage import Storage

DAY = timedelta(days=1)


class QueriesContract:
    """What holds for credit queries."""

    def test_a_query_comes_back_whole(self, stocked: Storage) -> None:
        """As sent, and with its outcome."""
        with stocked.unit() as unit:
            unit.queries.add(samples.query())
            unit.queries.add(samples.query("query-2", customer_id=None, cost=None, inputs={}))
            assert unit.queries.get("query-1") == samples.query()
            unit.queries.save(samples.answered_query())
            unit.commit()
        with stocked.reading() as unit:
            assert unit.queries.get("query-1") == samples.answered_query()
            assert unit.queries.get("query-2") == samples.query("query-2", customer_id=None, cost=None, inputs={})

    def test_an_answer_comes_back_byte_for_byte(self, stocked: Storage) -> None:
        """Whatever its bytes."""
        with stocked.unit() as unit:
            unit.queries.add(samples.query())
            unit.queries.save(samples.answered_query(), samples.document_report())
            unit.commit()
        with stocked.reading() as unit:
            report = unit.queries.report("query-1")
        assert report == samples.document_report()
        assert type(getattr(report, "content", None)) is bytes

    def test_an_answer_made_of_data_comes_back_in_its_order(self, stocked: Storage) -> None:
        """The tree, its numbers and the order of its names."""
        with stocked.unit() as unit:
            unit.queries.add(samples.query())
            unit.queries.save(samples.answered_query(), samples.structured_report())
            unit.commit()
        with stocked.reading() as unit:
            report = unit.queries.report("query-1")
        assert report == samples.structured_report()
        assert list(getattr(report, "data", {})) == list(samples.structured_report().data)

    def test_an_outcome_is_stored_once(self, stocked: Storage) -> None:
        """A second one is refused, and changes nothing."""
        with stocked.unit() as unit:
            unit.queries.add(samples.query())
            unit.queries.save(samples.answered_query(), samples.document_report())
            unit.commit()
        with stocked.unit() as unit:
            with pytest.raises(Conflict):
                unit.queries.save(samples.query(status=QueryStatus.UNKNOWN), samples.structured_report())
            assert unit.queries.get("query-1") == samples.answered_query()
            assert unit.queries.report("query-1") == samples.document_report()

    def test_what_is_not_there_is_not_found(self, stocked: Storage) -> None:
        """A query, and the answer of one that has none."""
        with stocked.unit() as unit:
            unit.queries.add(samples.query())
            with pytest.raises(NotFound):
                unit.queries.get("nobody")
            with pytest.raises(NotFound):
                unit.queries.report("query-1")
            with pytest.raises(NotFound):
                unit.queries.save(samples.query("nobody"))

    def test_a_query_is_added_once(self, stocked: Storage) -> None:
        """Its id is unique."""
        with stocked.unit() as unit:
            unit.queries.add(samples.query())
            with pytest.raises(Conflict):
                unit.queries.add(samples.query(product_code="901"))
            assert unit.queries.get("query-1") == samples.query()

    def test_the_newest_answer_about_the_same_document_and_product_is_offered(self, stocked: Storage) -> None:
        """Only answered queries of the same integration count."""
        with stocked.unit() as unit:
            unit.integrations.add(samples.integration("integration-2"))
            for each in (
                samples.query("old", asked_at=samples.NOW - DAY),
                samples.query("new"),
                samples.query("failed"),
                samples.query("sent"),
                samples.query("other-product", product_code="901"),
                samples.query("other-document", document=samples.CNPJ),
                samples.query("other-integration", integration_id="integration-2"),
            ):
                unit.queries.add(each)
                if each.id != "sent":
                    status = QueryStatus.FAILED if each.id == "failed" else QueryStatus.ANSWERED
                    at = samples.NOW - DAY if each.id == "old" else samples.NOW + samples.MINUTE
                    unit.queries.save(
                        samples.answered_query(
                            each.id,
                            integration_id=each.integration_id,
                            product_code=each.product_code,
                            document=each.document,
                            asked_at=each.asked_at,
                            status=status,
                            answered_at=at,
                        )
                    )
            unit.commit()
        with stocked.reading() as unit:
            found = unit.queries.newest_answered("integration-1", "900", samples.CPF.value)
            assert found is not None
            assert found.id == "new"
            assert unit.queries.newest_answered("integration-1", "902", samples.CPF.value) is None

    def test_queries_are_listed_newest_first_page_by_page(self, stocked: Storage) -> None:
        """Those of one instant too, each once."""
        with stocked.unit() as unit:
            for number in range(7):
                asked_at = samples.NOW + timedelta(days=number // 3)
                unit.queries.add(samples.query(f"query-{number}", asked_at=asked_at))
            unit.commit()
        seen: list[str] = []
        with stocked.reading() as unit:
            cursor: str | None = None
            for expected in (3, 3, 1):
                page = unit.queries.list(QueryFilter(), Page(3, cursor))
                assert len(page.items) == expected
                seen += [each.id for each in page.items]
                cursor = page.cursor
        assert cursor is None
        assert seen == [f"query-{number}" for number in (6, 5, 4, 3, 2, 1, 0)]

    def test_queries_are_filtered(self, stocked: Storage) -> None:
        """By each field, and by several."""
        with stocked.unit() as unit:
            unit.integrations.add(samples.integration("integration-2"))
            unit.queries.add(samples.query("a", creditor_id="creditor-2", actor_id="bia"))
            unit.queries.add(samples.query("b", integration_id="integration-2", document=samples.CNPJ))
            unit.queries.add(samples.query("c", customer_id=None))
            unit.commit()
        expected = {
            "ab": QueryFilter(customer_id="customer-1"),
            "bc": QueryFilter(creditor_ids=frozenset({"creditor-1", "creditor-3"})),
            "": QueryFilter(creditor_ids=frozenset()),
            "a": QueryFilter(actor_id="bia"),
            "b": QueryFilter(integration_id="integration-2"),
            "ac": QueryFilter(document=samples.CPF.value),
            "c": QueryFilter(document=samples.CPF.value, creditor_ids=frozenset({"creditor-1"})),
        }
        with stocked.reading() as unit:
            for ids, wanted in expected.items():
                assert sorted(each.id for each in unit.queries.list(wanted, Page()).items) == list(ids)

    def test_a_cursor_that_no_list_gave_is_refused(self, stocked: Storage) -> None:
        """It comes from outside: a web address."""
        with stocked.reading() as unit, pytest.raises(InvalidInput):
            unit.queries.list(QueryFilter(), Page(3, "não é um cursor"))

    def test_queries_whose_process_died_are_found(self, stocked: Storage) -> None:
        """Still sent, asked before an instant, oldest first, so many."""
        with stocked.unit() as unit:
            for hours in (1, 3, 2, 4):
                unit.queries.add(samples.query(f"query-{hours}", asked_at=samples.NOW - timedelta(hours=hours)))
            unit.queries.save(samples.answered_query("query-4"))
            unit.commit()
        with stocked.reading() as unit:
            died = unit.queries.unanswered_since(samples.NOW - timedelta(minutes=90), 10)
            assert [each.id for each in died] == ["query-3", "query-2"]
            assert len(unit.queries.unanswered_since(samples.NOW, 1)) == 1
