"""Taking stock: everything that every node holds, and nothing lost because one of them does not answer."""

import json
import threading

import pytest

from certrenew.app.answers import Answers
from certrenew.app.commands import Certificates, Expiring
from certrenew.app.grammar import Grammar
from certrenew.app.stock_lines import WIDE
from certrenew.app.stocktaking import NodeReading, readings_json
from certrenew.domain.errors import StepFailed, Unreachable
from certrenew.domain.model import Kind
from certrenew.testing.bench import ALICE
from certrenew.testing.contract import MakeBench
from certrenew_plugins.callmanager import CALLMANAGER

from .stocked import Stocked

THREE = {"nodes": ("cucm-pub", "cucm-sub1", "cucm-sub2"), "phones": 2}


@pytest.fixture
def stocked(make_bench: MakeBench) -> Stocked:
    return Stocked(make_bench(CALLMANAGER, cluster=THREE))


@pytest.fixture
def answers(stocked: Stocked) -> Answers:
    return Answers(
        units=stocked.bench.store,
        stocktaker=stocked.stocktaker,
        shelf=stocked.shelf,
        clusters=["lab", "other"],
        grammar=Grammar(purposes=["callmanager"], clusters=["lab", "other"], authorities=[]),
        clock=stocked.clock,
    )


def test_every_certificate_of_every_node_is_found(stocked: Stocked) -> None:
    stocked.trust("Root One", days=100, nodes=("cucm-pub", "cucm-sub2"))
    readings = stocked.stocktaker.read("lab")
    held = [(one.node, one.kind, one.store) for reading in readings for one in reading.held or ()]
    assert held.count(("cucm-sub1", Kind.IDENTITY, "CallManager")) == 1
    assert [node for node, kind, store in held if kind is Kind.TRUST and store == "tomcat"] == ["cucm-pub", "cucm-sub2"]
    assert "close" in stocked.bench.cluster.trouble.calls


def test_a_node_that_does_not_answer_loses_nothing_of_the_others(stocked: Stocked) -> None:
    stocked.bench.cluster.trouble.silent("certificates cucm-sub1")
    readings = {reading.node: reading for reading in stocked.stocktaker.read("lab")}
    assert readings["cucm-sub1"].held is None
    assert readings["cucm-sub1"].problems == ("No answer to certificates cucm-sub1.",)
    assert all(readings[node].held for node in ("cucm-pub", "cucm-sub2"))


def test_a_certificate_that_cannot_be_read_is_named_and_the_others_are_kept(stocked: Stocked) -> None:
    node = stocked.bench.cluster.nodes["cucm-pub"]
    node.stored["tomcat"] = "-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n"
    node.unshown = ("cucm-pub lists the ipsec certificate but does not print it.",)
    publisher = stocked.stocktaker.read("lab")[0]
    assert publisher.held
    assert [problem.split(":")[0] for problem in publisher.problems] == [
        "cucm-pub lists the ipsec certificate but does not print it.",
        "cucm-pub holds tomcat.pem in tomcat",
    ]


def test_an_error_of_ours_is_one_sentence_and_loses_nothing_either(
    stocked: Stocked, caplog: pytest.LogCaptureFixture
) -> None:
    stocked.bench.cluster.trouble.fail("certificates cucm-pub", KeyError("oops"))
    readings = stocked.stocktaker.read("lab")
    assert readings[0].held is None
    assert "oops" not in readings[0].problems[0]
    assert readings[1].held
    assert "oops" in caplog.text


def test_whoever_asks_during_a_reading_waits_for_that_one(stocked: Stocked, monkeypatch: pytest.MonkeyPatch) -> None:
    going, go_on = threading.Event(), threading.Event()
    real = stocked.sessions.open

    def slow(cluster: str):
        going.set()
        assert go_on.wait(10)
        return real(cluster)

    monkeypatch.setattr(stocked.sessions, "open", slow)
    found: list[tuple[NodeReading, ...]] = []
    threads = [threading.Thread(target=lambda: found.append(stocked.stocktaker.read("lab"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert going.wait(10)
    while sum(thread.is_alive() for thread in threads) < 3:
        pass
    threading.Timer(0.2, go_on.set).start()
    for thread in threads:
        thread.join(10)
    assert len(found) == 3
    assert len(stocked.logins()) == 3  # one for each node


def test_a_reading_that_fails_is_told_to_all_and_the_next_one_tries_again(stocked: Stocked) -> None:
    stocked.bench.cluster.trouble.silent("open")
    with pytest.raises(Unreachable):
        stocked.stocktaker.read("lab")
    assert all(reading.held for reading in stocked.stocktaker.read("lab"))


# ---- what people read ---------------------------------------------------------------------------------------


def test_the_answer_names_each_node_with_its_certificates_and_fits_into_a_chat(
    stocked: Stocked, answers: Answers
) -> None:
    stocked.hold("cucm-sub1", "CallManager", days=-3)
    stocked.trust("A certificate authority with a name that nobody likes to read it", days=3)
    text = answers.answer(Certificates(cluster="lab"), ALICE)
    lines = text.splitlines()
    assert lines[0] == "cucm-pub"
    assert lines[1].split() == ["2026-12-23", "30", "days", "left", "CallManager", "self-signed"]
    assert lines[2].strip() == "1 trust certificate, 0 expired, the next one 2026-11-26"
    assert "EXPIRED 3 days ago" in text
    assert max(map(len, lines[:-1])) <= WIDE
    listed = answers.answer(Certificates(cluster="lab", trust=True), ALICE)
    assert max(map(len, listed.splitlines())) <= WIDE
    assert "tomcat-trust of cucm-pub" in listed


def test_a_cluster_of_which_nothing_can_be_read_is_told_with_the_reasons(stocked: Stocked, answers: Answers) -> None:
    stocked.bench.cluster.trouble.fail("certificates", StepFailed("The account is locked."), times=3)
    with pytest.raises(Unreachable, match=r"^The account is locked\.$"):
        answers.answer(Certificates(cluster="lab"), ALICE)


def test_scripts_get_serials_names_and_problems(stocked: Stocked) -> None:
    stocked.bench.cluster.trouble.silent("certificates cucm-sub1")
    read = json.loads(readings_json(stocked.stocktaker.read("lab")))
    assert list(read["problems"]) == ["cucm-sub1"]
    assert {"cluster", "node", "kind", "purpose", "serial", "sha256", "not_after", "names"} <= set(
        read["certificates"][0]
    )


def test_what_expires_is_told_from_the_last_reading_and_says_when_that_was(stocked: Stocked, answers: Answers) -> None:
    assert "lab: never read; read it now: certs lab" in answers.answer(Expiring(), ALICE)
    stocked.trust("Old Root", days=5, nodes=("cucm-pub", "cucm-sub1"))
    stocked.trust("Young Root", days=500)
    stocked.stocktaker.read("lab")
    stocked.clock.advance(3 * 3600)
    text = answers.answer(Expiring(days=10, cluster="lab"), ALICE)
    assert "lab: read 2026-11-23 12:00 UTC (3 hours ago)" in text
    assert "Old Root" in text
    assert text.count("Old Root") == 1
    assert "Young Root" not in text
    assert "CallManager" not in text
    stocked.clock.advance(2 * 86400)
    assert "more than a day old" in answers.answer(Expiring(days=10), ALICE)


def test_a_node_that_could_not_be_read_keeps_what_was_known_and_its_age(stocked: Stocked, answers: Answers) -> None:
    stocked.stocktaker.read("lab")
    stocked.clock.advance(2 * 86400)
    stocked.bench.cluster.trouble.silent("certificates cucm-sub1")
    stocked.stocktaker.read("lab")
    text = answers.answer(Expiring(cluster="lab"), ALICE)
    assert "lab: read 2026-11-23 12:00 UTC (2 days ago); more than a day old" in text
    assert "  not read: No answer to certificates cucm-sub1." in text
    assert "CallManager\n      cucm-pub, cucm-sub1, cucm-sub2" in text


def test_an_own_certificate_that_is_also_trusted_is_told_once(stocked: Stocked, answers: Answers) -> None:
    node = stocked.bench.cluster.nodes["cucm-pub"]
    node.trust["CallManager"] = [node.stored["CallManager"]]
    stocked.stocktaker.read("lab")
    assert "trust" not in answers.answer(Expiring(cluster="lab"), ALICE)
