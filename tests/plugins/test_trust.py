"""Expired trust certificates: what nothing needs goes, on every node; what something needs is never offered."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certrenew import x509
from certrenew.app.inventory import read_snapshot
from certrenew.app.settling import reaches_trust
from certrenew.certificates import Options
from certrenew.domain.errors import PlanRefused
from certrenew.domain.model import SecurityMode, Snapshot, TrustFile
from certrenew.domain.plan import Plan
from certrenew.domain.renewal import State
from certrenew.steps import DeleteTrust
from certrenew.testing import hierarchy
from certrenew.testing.bench import Bench
from certrenew.testing.clock import START
from certrenew.testing.contract import CertificateTypeContract, MakeBench
from certrenew.testing.fakes import FakeCluster
from certrenew_plugins.callmanager import CALLMANAGER
from certrenew_plugins.capf import CAPF
from certrenew_plugins.trust import TRUST

TODAY = START.date().isoformat()
LONG_AGO = START - timedelta(days=4000)


def made(name: str, *, expired: bool = True) -> str:
    return hierarchy.self_signed(name, hierarchy.new_key(), start=LONG_AGO, days=3650 if expired else 9000)


OLD, OLDER, NEW = made("Old Root"), made("Older Root"), made("New Root", expired=False)


class TestTrust(CertificateTypeContract):
    kind = TRUST
    others = (CALLMANAGER,)
    asked = Options(as_of=TODAY)
    modes = (SecurityMode.NON_SECURE, SecurityMode.MIXED)

    def arrange(self, fake: FakeCluster) -> None:
        for node in fake.nodes.values():
            node.trust["CallManager"] = [OLD, NEW]
            node.trust["tomcat"] = [OLDER]

    def renewed(self, bench: Bench, plan: Plan, before: Mapping[str, Mapping[str, str]]) -> None:
        for name, node in bench.cluster.nodes.items():
            assert node.stored == before[name]
            assert [x509.read_certificate(pem).subject for pem in node.trust["CallManager"]] == ["CN=New Root"]
            assert node.trust["tomcat"] == []


@pytest.fixture
def fake() -> FakeCluster:
    return FakeCluster(TRUST, CALLMANAGER, CAPF)


def seen(fake: FakeCluster) -> Snapshot:
    return read_snapshot(fake.open(fake.cluster), [TRUST])


def offered(snapshot: Snapshot, **asked: str) -> list[tuple[str, str]]:
    """(store, subject) of what would be deleted; empty when the plan is refused."""
    try:
        plan = TRUST.plan(snapshot, Options(as_of=TODAY, **asked))
    except PlanRefused:
        return []
    return [(step.store, step.subject) for step in plan.steps if isinstance(step, DeleteTrust)]


def everywhere(fake: FakeCluster, store: str, pem: str) -> None:
    for node in fake.nodes.values():
        node.trust.setdefault(store, []).append(pem)


def test_what_has_expired_goes_from_every_node_after_approval(make_bench: MakeBench) -> None:
    bench = TestTrust().bench(make_bench, SecurityMode.NON_SECURE)
    found = bench.run(bench.approved())
    assert found.state is State.SUCCEEDED
    assert {target.purpose for target in found.plan.targets} == {"CallManager-trust", "tomcat-trust"}
    assert found.plan.authority == ""


def test_where_a_deletion_reaches_every_node_the_others_find_it_gone(make_bench: MakeBench) -> None:
    bench = TestTrust().bench(make_bench, SecurityMode.NON_SECURE)
    bench.cluster.deletes_everywhere = True
    bench.run(bench.approved())
    assert len([act for act in bench.acts if act.startswith("delete_trust")]) == 2


def test_where_each_node_deletes_its_own_every_node_is_asked(make_bench: MakeBench) -> None:
    bench = TestTrust().bench(make_bench, SecurityMode.NON_SECURE)
    bench.cluster.deletes_everywhere = False
    assert bench.run(bench.approved()).state is State.SUCCEEDED
    assert len([act for act in bench.acts if act.startswith("delete_trust")]) == 4


def test_a_file_that_holds_another_certificate_now_is_left_alone(make_bench: MakeBench) -> None:
    bench = TestTrust().bench(make_bench, SecurityMode.NON_SECURE)
    renewal = bench.approved()
    session = type(bench.cluster.open(bench.cluster.cluster).node("cucm-pub"))
    other = x509.read_certificate(made("Another", expired=False))
    shown = session.trust_files

    def swapped(self: object, store: str) -> tuple[TrustFile, ...]:
        return tuple(replace(entry, certificate=other) for entry in shown(self, store))  # type: ignore[arg-type]

    bench.run(renewal, release=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.planner, "again", lambda *_, **__: ())
        patch.setattr(session, "trust_files", swapped)
        found = bench.run(renewal)
    assert "holds another certificate now" in found.reason
    assert bench.acts == []


def test_nothing_expired_is_told_in_a_sentence(fake: FakeCluster) -> None:
    everywhere(fake, "tomcat", made("Root", expired=False))
    with pytest.raises(PlanRefused, match="No trust certificate on lab has expired"):
        TRUST.plan(seen(fake), Options(as_of=TODAY))


def test_without_a_day_nothing_counts_as_expired(fake: FakeCluster) -> None:
    everywhere(fake, "tomcat", made("Old Root"))
    with pytest.raises(PlanRefused):
        TRUST.plan(seen(fake), Options())


def test_single_nodes_cannot_be_chosen(fake: FakeCluster) -> None:
    everywhere(fake, "tomcat", made("Old Root"))
    with pytest.raises(PlanRefused, match="every node at once"):
        TRUST.plan(seen(fake), Options(as_of=TODAY, nodes=("cucm-pub",)))


def test_before_release_12_it_says_which_service_to_stop() -> None:
    fake = FakeCluster(TRUST, CALLMANAGER, version="11.5.1.18900-97")
    everywhere(fake, "tomcat", made("Old Root"))
    fake.nodes["cucm-sub1"].start("Cisco Certificate Change Notification", START - timedelta(days=1))
    with pytest.raises(PlanRefused, match="comes back while Cisco Certificate Change Notification runs"):
        TRUST.plan(seen(fake), Options(as_of=TODAY))
    fake.nodes["cucm-sub1"].services["Cisco Certificate Change Notification"].active = False
    assert offered(seen(fake)) != []


def test_people_are_reminded_to_start_again_what_they_stopped(fake: FakeCluster) -> None:
    everywhere(fake, "tomcat", made("Old Root"))
    tasks = {task.key: task.text for task in TRUST.plan(seen(fake), Options(as_of=TODAY)).tasks}
    assert "Cisco Certificate Change Notification" in tasks["start-again"]
    assert "Cisco Intercluster Sync Agent" in tasks["start-again"]


def test_who_removes_what_phones_are_known_by_says_so_and_waits_for_the_trust_anchors(fake: FakeCluster) -> None:
    everywhere(fake, "CAPF", made("CAPF-1234abcd"))
    everywhere(fake, "tomcat", made("Old Root"))
    everywhere(fake, "Phone-SAST", made("Old Signer"))
    plain = TRUST.plan(seen(fake), Options(as_of=TODAY))
    assert not reaches_trust(plain)
    assert reaches_trust(TRUST.plan(seen(fake), Options(as_of=TODAY, force="no phone has an LSC")))
    assert any("Phone-SAST" in line and "another cluster" in line for line in plain.cautions)


def test_the_entry_by_which_backups_know_a_node_stays(fake: FakeCluster) -> None:
    everywhere(fake, "tomcat", made("Old Root"))
    snapshot = seen(fake)
    host = x509.read_certificate(made("cucm-sub1.example.com"))
    names = ("cucm-sub1", "CUCM-SUB1.example.com", "other")
    entries = tuple(TrustFile("ipsec", f"{name}.pem", host) for name in names)
    first, *rest = snapshot.nodes
    snapshot = replace(snapshot, nodes=(replace(first, trusted=first.trusted + entries), *rest))
    plan = TRUST.plan(snapshot, Options(as_of=TODAY))
    gone = [step for step in plan.steps if isinstance(step, DeleteTrust)]
    assert [step.file for step in gone if step.store == "ipsec"] == ["other.pem"]
    assert any("ipsec-trust/cucm-sub1.pem" in line and "backup and restore" in line for line in plan.cautions)


def test_capf_stays_until_somebody_says_why_not_even_as_a_copy_in_another_store(fake: FakeCluster) -> None:
    capf = made("CAPF-1234abcd")
    everywhere(fake, "CAPF", capf)
    everywhere(fake, "CallManager", capf)
    everywhere(fake, "CallManager", made("Old Root"))
    assert {subject for _, subject in offered(seen(fake))} == {"CN=Old Root"}
    assert ("CAPF", "CN=CAPF-1234abcd") in offered(seen(fake), force="every phone has a new LSC")


def test_what_a_trust_list_of_the_phones_names_stays(fake: FakeCluster) -> None:
    signer = made("Old Signer")
    everywhere(fake, "Phone-SAST", signer)
    everywhere(fake, "tomcat", made("Old Root"))
    snapshot = seen(fake)
    listed = frozenset({x509.serial_of(signer)})
    first, *rest = snapshot.nodes
    snapshot = replace(snapshot, nodes=(*rest, replace(first, listed=listed)))
    assert {store for store, _ in offered(snapshot)} == {"tomcat"}


def test_the_trust_lists_are_read_for_that_from_the_nodes_that_hand_them_out(fake: FakeCluster) -> None:
    stored = fake.nodes["cucm-pub"].stored["CallManager"]
    assert x509.serial_of(stored) in seen(fake).of("cucm-pub").listed


def test_a_file_name_that_is_newer_on_another_node_stays(fake: FakeCluster) -> None:
    """Where the file name is the common name alone, a deletion on one node could reach the newer one of another."""
    old, new = (x509.read_certificate(made("Root", expired=expired)) for expired in (True, False))
    snapshot = seen(fake)
    first, second = snapshot.nodes
    one = replace(first, trusted=(TrustFile("tomcat", "Root.pem", old),))
    other = replace(second, trusted=(TrustFile("tomcat", "Root.pem", new),))
    with pytest.raises(PlanRefused, match="another certificate has this file name"):
        TRUST.plan(replace(snapshot, nodes=(one, other)), Options(as_of=TODAY))


def test_an_older_certificate_of_a_node_is_not_kept_for_its_name(fake: FakeCluster) -> None:
    """What a node signed itself needs nobody else of its name: these are what most alarms are about."""
    everywhere(fake, "CallManager", made("cucm-pub.example.com"))
    assert offered(seen(fake)) == [("CallManager", "CN=cucm-pub.example.com")] * 2


def test_what_a_node_uses_is_not_offered_as_a_copy_in_a_trust_store(fake: FakeCluster) -> None:
    used = made("cucm-pub.example.com")
    fake.nodes["cucm-pub"].stored["CallManager"] = used
    everywhere(fake, "CallManager", used)
    everywhere(fake, "tomcat", OLD)
    assert offered(seen(fake)) == [("tomcat", "CN=Old Root")] * 2


def signed(name: str, issuer: hierarchy.Signer | None, *, days: float) -> hierarchy.Signer:
    key = hierarchy.new_key()
    builder = certificates.CertificateBuilder(
        issuer_name=issuer.certificate.subject if issuer else hierarchy.common_name(name),
        subject_name=hierarchy.common_name(name),
        public_key=key.public_key(),
        serial_number=certificates.random_serial_number(),
        not_valid_before=LONG_AGO,
        not_valid_after=LONG_AGO + timedelta(days=days),
    )
    return hierarchy.Signer(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_nothing_that_anchors_a_certificate_in_use_is_ever_offered(data: st.DataObject) -> None:
    """Random hierarchies, expired at random; one of their leaves is what a node uses."""
    depth = data.draw(st.integers(1, 4))
    chain: list[hierarchy.Signer] = []
    for number in range(depth):
        days = data.draw(st.sampled_from([3650, 9000]))
        chain.append(signed(f"CA {number}", chain[-1] if chain else None, days=days))
    decoy = [made(f"CA {number}") for number in range(depth)]  # the same names, other keys
    leaf = signed("cucm-pub.example.com", chain[-1], days=9000).pem
    fake = FakeCluster(TRUST, CALLMANAGER, nodes=("cucm-pub",), phones=0)
    fake.nodes["cucm-pub"].stored["CallManager"] = leaf
    stores = st.sampled_from(["tomcat", "CallManager", "ipsec"])
    for pem in (*(signer.pem for signer in chain), *decoy):
        fake.nodes["cucm-pub"].trust.setdefault(data.draw(stores), []).append(pem)
    plan = TRUST.plan(seen(fake), Options(as_of=TODAY))
    gone = {step.fingerprint for step in plan.steps if isinstance(step, DeleteTrust)}
    assert gone == {x509.fingerprint_of(pem) for pem in decoy}
    assert gone.isdisjoint({x509.fingerprint_of(signer.pem) for signer in chain})
