"""Credit queries and their answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from credit_protection.domain.errors import Conflict, InvalidInput, NotFound
from credit_protection.domain.queries import CreditReport, QueryStatus
from credit_protection.ports.storage import HostTransactionRetry, PageRequest, QueryFilter, Storage
from credit_protection.testing import samples
from credit_protection.testing.contracts.storage.units import committed, read_pages

DAY = timedelta(days=1)


class QueriesContract:
    """Credit queries and their answers."""

    def test_a_query_comes_back_whole(self, seeded: Storage) -> None:
        with committed(seeded) as unit:
            unit.queries.add(samples.query())
            unit.queries.add(samples.query("query-2", product_code="901", customer_id=None, cost=None, inputs={}))
            assert unit.queries.get("query-1") == samples.query()
            unit.queries.save(samples.answered_query())
        with seeded.read_only() as unit:
            assert unit.queries.get("query-1") == samples.answered_query()
            other = samples.query("query-2", product_code="901", customer_id=None, cost=None, inputs={})
            assert unit.queries.get("query-2") == other

    @pytest.mark.parametrize("report", [samples.document_report(), samples.structured_report()], ids=["bytes", "data"])
    def test_an_answer_comes_back_byte_for_byte_or_with_its_data_in_order(
        self, seeded: Storage, report: CreditReport
    ) -> None:
        with committed(seeded) as unit:
            unit.queries.add(samples.query())
            unit.queries.save(samples.answered_query(), report)
        with seeded.read_only() as unit:
            found = unit.queries.report("query-1")
        assert found == report
        assert type(getattr(found, "content", b"")) is bytes
        assert list(getattr(found, "data", {})) == list(getattr(report, "data", {}))

    def test_an_outcome_is_stored_once(self, seeded: Storage) -> None:
        with committed(seeded) as unit:
            unit.queries.add(samples.query())
            unit.queries.save(samples.answered_query(), samples.document_report())
        with seeded.unit() as unit:
            with pytest.raises(Conflict):
                unit.queries.save(samples.query(status=QueryStatus.UNKNOWN), samples.structured_report())
            assert unit.queries.get("query-1") == samples.answered_query()
            assert unit.queries.report("query-1") == samples.document_report()

    def test_an_unknown_query_or_report_is_not_found(self, seeded: Storage) -> None:
        with seeded.unit() as unit:
            unit.queries.add(samples.query())
            with pytest.raises(NotFound):
                unit.queries.get("unknown")
            with pytest.raises(NotFound):
                unit.queries.report("query-1")
            with pytest.raises(NotFound):
                unit.queries.save(samples.query("unknown"))

    def test_a_query_is_added_once(self, seeded: Storage) -> None:
        with seeded.unit() as unit:
            unit.queries.add(samples.query())
            with pytest.raises(Conflict):
                unit.queries.add(samples.query(product_code="901"))
            assert unit.queries.get("query-1") == samples.query()

    def test_the_newest_answer_about_the_same_document_and_product_is_found(self, seeded: Storage) -> None:
        with committed(seeded) as unit:
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
                    unit.queries.save(replace(each, status=status, answered_at=at))
        with seeded.read_only() as unit:
            found = unit.queries.newest_answered("integration-1", "900", samples.CPF.value)
            assert found is not None
            assert found.id == "new"
            assert unit.queries.newest_answered("integration-1", "902", samples.CPF.value) is None

    def test_of_equal_queries_one_runs_at_a_time(self, seeded: Storage) -> None:
        with committed(seeded) as unit:
            unit.integrations.add(samples.integration("integration-2"))
            unit.queries.add(samples.query())
            for other in (
                samples.query("other-product", product_code="901"),
                samples.query("other-document", document=samples.CNPJ),
                samples.query("other-integration", integration_id="integration-2"),
            ):
                unit.queries.add(other)
        with seeded.unit() as unit:
            with pytest.raises(Conflict) as running:
                unit.queries.add(samples.query("equal", inputs={}, actor_id="bia"))
            assert running.value.code == "consulta_em_andamento"
            found = unit.queries.running("integration-1", "900", samples.CPF.value)
            assert found is not None
            assert found.id == "query-1"
        with committed(seeded) as unit:
            unit.queries.save(samples.answered_query())
            assert unit.queries.running("integration-1", "900", samples.CPF.value) is None
            unit.queries.add(samples.query("equal"))

    def test_of_equal_queries_at_once_one_runs(self, seeded: Storage) -> None:
        def ask(number: int) -> str:
            try:
                with committed(seeded) as unit:
                    unit.queries.add(samples.query(f"query-{number}"))
            except Conflict as conflict:
                return conflict.code
            except HostTransactionRetry:  # the host repeats its transaction
                return ask(number)
            return "added"

        with ThreadPoolExecutor(4) as threads:
            outcomes = sorted(threads.map(ask, range(4)))
        assert outcomes == ["added", *["consulta_em_andamento"] * 3]

    def test_queries_are_listed_newest_first_page_by_page(self, seeded: Storage) -> None:
        with committed(seeded) as unit:
            for number in range(7):
                asked_at = samples.NOW + timedelta(days=number // 3)
                unit.queries.add(samples.query(f"query-{number}", product_code=str(number), asked_at=asked_at))
        with seeded.read_only() as unit:
            found = read_pages(lambda page: unit.queries.list(QueryFilter(), page), 3)
        assert [each.id for each in found] == [f"query-{number}" for number in (6, 5, 4, 3, 2, 1, 0)]

    def test_queries_are_filtered(self, seeded: Storage) -> None:
        with committed(seeded) as unit:
            unit.integrations.add(samples.integration("integration-2"))
            unit.queries.add(samples.query("a", creditor_id="creditor-2", actor_id="bia"))
            unit.queries.add(samples.query("b", integration_id="integration-2", document=samples.CNPJ))
            unit.queries.add(samples.query("c", product_code="901", customer_id=None))
        expected = {
            "ab": QueryFilter(customer_id="customer-1"),
            "bc": QueryFilter(creditor_ids=frozenset({"creditor-1", "creditor-3"})),
            "": QueryFilter(creditor_ids=frozenset()),
            "a": QueryFilter(actor_id="bia"),
            "b": QueryFilter(integration_id="integration-2"),
            "ac": QueryFilter(document=samples.CPF.value),
            "c": QueryFilter(document=samples.CPF.value, creditor_ids=frozenset({"creditor-1"})),
        }
        with seeded.read_only() as unit:
            for ids, wanted in expected.items():
                assert sorted(each.id for each in unit.queries.list(wanted, PageRequest()).items) == list(ids)

    def test_a_malformed_cursor_is_refused(self, seeded: Storage) -> None:
        """Cursors come from outside, in a web address."""
        with seeded.read_only() as unit, pytest.raises(InvalidInput):
            unit.queries.list(QueryFilter(), PageRequest(3, "não é um cursor"))

    def test_unanswered_queries_are_found_oldest_first(self, seeded: Storage) -> None:
        with committed(seeded) as unit:
            for hours in (1, 3, 2, 4):
                asked_at = samples.NOW - timedelta(hours=hours)
                unit.queries.add(samples.query(f"query-{hours}", product_code=str(hours), asked_at=asked_at))
            unit.queries.save(samples.answered_query("query-4"))
        with seeded.read_only() as unit:
            died = unit.queries.unanswered_since(samples.NOW - timedelta(minutes=90), 10)
            assert [each.id for each in died] == ["query-3", "query-2"]
            assert len(unit.queries.unanswered_since(samples.NOW, 1)) == 1
