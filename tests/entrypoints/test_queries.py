"""`query` and `queries`."""

import hashlib
from pathlib import Path

from credit_protection.domain.queries import QueryStatus
from credit_protection.testing.simulator import BureauSimulator
from tests.entrypoints.command_line import Cli, StoredData

ASK = ("query", "--customer", "9001", "-p", "ESSENCIAL")


def test_query_writes_the_answer_to_the_named_file(cli: Cli, stored: StoredData) -> None:
    row = cli.json(*ASK, "--output", "resposta.pdf").document
    content = Path("resposta.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert (row["size"], row["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert (row["status"], row["cost"], row["customer_id"]) == ("answered", "2.90", "9001")
    assert row["document"] == "***.009.001-**"
    (query,) = stored.queries()
    assert query.actor_id.startswith("os:")


def test_query_about_a_prospect_writes_the_default_file(cli: Cli) -> None:
    row = cli.json("query", "900.100.200-55", "-p", "SCORE", "--input", "modelo_score=v3").document
    assert row["file"] == f"consulta-{row['id']}.pdf"
    assert Path(row["file"]).exists()
    assert row["inputs"] == {"modelo_score": "v3"}
    assert row["customer_id"] is None


def test_query_needs_either_a_document_or_a_customer(cli: Cli, bureau: BureauSimulator) -> None:
    cli.run("query", "-p", "ESSENCIAL", expect=2)
    cli.run("query", "90010020055", "--customer", "9001", "-p", "ESSENCIAL", expect=2)
    assert cli.json("query", "--customer", "1", "-p", "ESSENCIAL", expect=6).error["code"] == "cliente_desconhecido"
    assert bureau.counts()["requests"] == 0


def test_query_is_not_sent_where_its_file_cannot_be_created(cli: Cli, bureau: BureauSimulator) -> None:
    Path("resposta.pdf").write_bytes(b"mine")
    assert cli.json(*ASK, "-o", "resposta.pdf", expect=2).error["code"] == "arquivo_existe"
    assert cli.json(*ASK, "-o", "nowhere/resposta.pdf", expect=2).error["code"] == "pasta_desconhecida"
    assert Path("resposta.pdf").read_bytes() == b"mine"
    assert bureau.counts()["requests"] == 0


def test_unwritable_answer_is_still_stored(cli: Cli, stored: StoredData) -> None:
    Path("full").symlink_to("/proc/self/nothing-can-be-written-here.pdf")
    result = cli.json(*ASK, "-o", "full", expect=2)
    assert result.error["code"] == "arquivo_nao_gravado"
    (query,) = stored.queries()
    assert query.status is QueryStatus.ANSWERED
    assert query.id in result.error["message"]


def test_reuse_window_warns_and_asks_unless_forced(cli: Cli, bureau: BureauSimulator) -> None:
    cli.run("integration", "edit", "--set", "reuse_days=30")
    cli.run(*ASK)
    result = cli.run(*ASK, answers="n\n", expect=130)
    assert "consulta_recente" in result.stdout
    assert bureau.counts()["queries_answered"] == 1
    cli.run(*ASK, answers="s\n")
    cli.run(*ASK, "--force")
    assert bureau.counts()["queries_answered"] == 3


def test_blocking_reuse_window_refuses_a_forced_query(cli: Cli, bureau: BureauSimulator) -> None:
    cli.run("integration", "edit", "--set", "reuse_days=30", "--set", "reuse_mode=block")
    cli.run(*ASK)
    result = cli.json(*ASK, "--force", expect=1)
    assert result.codes == ["consulta_recente"]
    assert bureau.counts()["queries_answered"] == 1


def test_queries_are_listed_masked_page_by_page_and_shown_whole(cli: Cli) -> None:
    first = cli.id_of(*ASK)
    second = cli.id_of("query", "90010020055", "-p", "MEDIDA-PF")
    listed = cli.json("queries", "list", "--limit", "1").document
    assert [row["id"] for row in listed["queries"]] == [second]
    assert listed["queries"][0]["document"] == "***.100.200-**"
    after = cli.json("queries", "list", "--after", listed["next"]).document
    assert [row["id"] for row in after["queries"]] == [first]
    assert [row["id"] for row in cli.json("queries", "list", "--customer", "9001").document["queries"]] == [first]
    by_document = cli.json("queries", "list", "--document", "900.100.200-55").document["queries"]
    assert [row["id"] for row in by_document] == [second]
    assert cli.json("queries", "show", second).document["document"] == "900.100.200-55"
    assert "900.100.200-55" in cli.run("queries", "show", second).stdout
    assert "90010020055" not in cli.run("queries", "list").stdout


def test_opening_and_exporting_cost_nothing(cli: Cli, bureau: BureauSimulator, stored: StoredData) -> None:
    query_id = cli.id_of(*ASK, "-o", "asked.pdf")
    cli.run("queries", "open", query_id)
    cli.run("queries", "export", query_id, "--output", "exported.pdf")
    asked = Path("asked.pdf").read_bytes()
    assert Path(f"consulta-{query_id}.pdf").read_bytes() == asked == Path("exported.pdf").read_bytes()
    cli.run("queries", "open", query_id)
    assert Path(f"consulta-{query_id}-2.pdf").read_bytes() == asked
    assert bureau.counts()["queries_answered"] == 1
    assert stored.count("cp_credit_query") == 1


def test_unknown_query_is_not_found(cli: Cli) -> None:
    for command in ("show", "open", "export"):
        cli.run("queries", command, "nothing", expect=6)
    assert not list(Path().iterdir())


def test_answer_that_failed_the_checks_is_downloaded_only_anyway(cli: Cli, bureau: BureauSimulator) -> None:
    bureau.add_fault("query", "garbage", times=1)
    query_id = cli.json(*ASK, expect=3).error["query_id"]
    assert cli.json("queries", "show", query_id).document["has_unchecked_answer"] is True
    refused = cli.json("queries", "open", query_id, expect=1)
    assert refused.error["code"] == "resposta_nao_conferida"
    assert not list(Path().iterdir())
    row = cli.json("queries", "open", query_id, "--anyway").document
    assert row["file"] == f"consulta-{query_id}-nao-conferida.bin"
    assert len(Path(row["file"]).read_bytes()) == row["size"] > 0
    assert "não passou na conferência" in cli.run("queries", "open", query_id, "--anyway").stdout
