"""`negativations`: lists, details, and what a person does about them."""

import pytest

from credit_protection.testing.simulator import BureauSimulator
from tests.entrypoints.command_line import Cli, StoredData


@pytest.fixture
def waiting(cli: Cli) -> str:
    """A negativation that was not sent yet."""
    (made,) = cli.negativate("9001", "60003", "DEV").document["negativations"]
    return str(made["id"])


@pytest.fixture
def present(cli: Cli, waiting: str) -> str:
    """A negativation that is on file at the bureau."""
    cli.run("removals", "run", "--timeout", "20")
    return waiting


def test_list_is_masked_filtered_and_paged(cli: Cli, waiting: str) -> None:
    (second,) = cli.negativate("9002", "60007", "DUP").document["negativations"]
    listed = cli.json("negativations", "list", "--limit", "1").document
    assert [row["id"] for row in listed["negativations"]] == [second["id"]]
    assert listed["negativations"][0]["document"] == "**.009.002/****-**"
    more = cli.json("negativations", "list", "--after", listed["next"]).document
    assert [row["id"] for row in more["negativations"]] == [waiting]
    for wanted in (("--customer", "9001"), ("--document", "900.009.001-68")):
        rows = cli.json("negativations", "list", *wanted, "-i", "Birô", "--open").document["negativations"]
        assert [row["id"] for row in rows] == [waiting]
    assert cli.json("negativations", "list", "--closed").document["negativations"] == []
    assert cli.json("negativations", "list", "--blocked").document["negativations"] == []


def test_show_prints_state_status_and_history(cli: Cli, present: str, bureau: BureauSimulator) -> None:
    document = cli.json("negativations", "show", present).document
    assert (document["desired"], document["observed"]) == ("included", "present")
    assert document["status"] in {"notice", "negativated"}
    assert document["document"] == "900.009.001-68"
    assert document["bureau_id"] == bureau.ledger()["records"][0]["id"]
    assert document["history"][0]["kind"] == "created"
    text = cli.run("negativations", "show", present).stdout
    assert "900.009.001-68" in text
    assert "incluída" in text
    cli.run("negativations", "show", "nothing", expect=6)


def test_delete_cancels_an_unsent_negativation(cli: Cli, waiting: str, bureau: BureauSimulator) -> None:
    cli.run("negativations", "delete", waiting, answers="n\n", expect=130)
    document = cli.json("negativations", "delete", waiting, "--yes").document
    assert (document["status"], document["status_text"]) == ("cancelled", "cancelada antes do envio")
    assert cli.json("negativations", "delete", waiting, "--yes", expect=1).error["code"] == "ja_encerrada"
    cli.run("removals", "run", "--timeout", "0")
    assert bureau.counts()["requests"] == 0


def test_delete_queues_a_removal_with_the_chosen_reason(cli: Cli, present: str, bureau: BureauSimulator) -> None:
    refused = cli.json("negativations", "delete", present, "--yes", "--reason", "payment", expect=1)
    assert refused.error["code"] == "pagamento_sem_baixa"
    document = cli.json("negativations", "delete", present, "--yes", "--reason", "dispute").document
    assert (document["status"], document["next_action"]) == ("removal_queued", "remove")
    assert cli.json("negativations", "withdraw", present).document["desired"] == "included"
    cli.run("negativations", "delete", present, "--yes", "--reason", "payment", "--attestation", "recibo 17")
    cli.run("removals", "run", "--timeout", "20")
    assert cli.json("negativations", "show", present).document["status"] == "removed"
    (record,) = bureau.ledger()["records"]
    assert (record["situacao"], record["motivo"]) == ("EXCLUSAO", "PAGAMENTO")
    assert cli.json("negativations", "withdraw", present, expect=1).error["code"] == "ja_encerrada"


def test_stop_blocks_and_resume_unblocks(cli: Cli, waiting: str, bureau: BureauSimulator) -> None:
    document = cli.json("negativations", "stop", waiting, "--remark", "conferir com o cliente").document
    assert (document["status"], document["blocked_by"]) == ("needs_person", "conferir com o cliente")
    assert len(cli.json("negativations", "list", "--blocked").document["negativations"]) == 1
    cli.run("removals", "run", "--timeout", "0")
    assert bureau.counts()["requests"] == 0
    assert cli.json("negativations", "resume", waiting).document["status"] == "waiting"
    assert cli.json("negativations", "resume", waiting, expect=1).error["code"] == "nao_esta_parada"
    cli.run("negativations", "stop", waiting, expect=2)


def test_attest_closes_with_a_remark(cli: Cli, present: str) -> None:
    cli.run("negativations", "attest", present, "--remark", "visto no portal", answers="n\n", expect=130)
    document = cli.json("negativations", "attest", present, "--remark", "visto no portal", "--yes").document
    assert (document["observed"], document["is_open"]) == ("gone", False)
    again = cli.json("negativations", "attest", present, "--remark", "de novo", "--yes", expect=1)
    assert again.error["code"] == "ja_encerrada"


def test_blank_remark_is_refused(cli: Cli, present: str, stored: StoredData) -> None:
    result = cli.json("negativations", "attest", present, "--remark", " ", "--yes", expect=2)
    assert result.error["code"] == "declaracao_obrigatoria"
    assert not stored.negativations()[0].is_closed
