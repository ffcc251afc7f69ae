"""A trust store is read entry by entry, and only an entry of a trust store is ever deleted."""

import json

import pytest

from certrenew.domain.errors import AccessDenied, AnswerLost, StepFailed, Unreadable
from certrenew.domain.model import Kind

from .terminal import Hangup


class Shelf:
    """The trust stores of a scripted node: `held` is by (store, file); `deletes` says whether deleting works."""

    def __init__(self, held, question: str = "", deletes: bool = True) -> None:
        self.held = dict(held)
        self.question = question
        self.deletes = deletes
        self.answers = []

    def __call__(self, terminal, command):
        if command == "show cert list trust":
            return "\n".join(f"{store}-trust/{file}: Trust Certificate" for store, file in self.held)
        if command.startswith("show cert trust "):
            store, _, file = command.removeprefix("show cert trust ").partition("/")
            return "[\n Version: V3\n" + self.held.get(
                (store.removesuffix("-trust"), file), "Certificate does not exist"
            )
        if command.startswith("set cert delete "):
            if self.question:
                self.answers.append(terminal.ask(self.question))
            store, file = command.split()[3:]
            if self.deletes:
                del self.held[store.removesuffix("-trust"), file]
                return f"Successfully deleted {file}"
            return "Executed command unsuccessfully"
        return None


@pytest.fixture
def node(session_at):
    return session_at(use_rest="never").node("cucm-pub")


def test_entries_come_with_their_file_names(fake_node, node, certificate_of) -> None:
    old, new = certificate_of("Old Root")[0], certificate_of("Root")[0]
    fake_node.script = Shelf({("tomcat", "Old_Root_4f.pem"): old, ("tomcat", "Root.pem"): new, ("TVS", "x.pem"): old})
    found = node.trust_files("tomcat")
    assert [(entry.store, entry.file, entry.certificate.pem) for entry in found] == [
        ("tomcat", "Old_Root_4f.pem", old),
        ("tomcat", "Root.pem", new),
    ]


def test_a_certificate_comes_from_rest_where_the_names_agree(fake_node, fake_pages, session_at, certificate_of) -> None:
    root, other = certificate_of("Root")[0], certificate_of("Other")[0]
    shelf = fake_node.script = Shelf({("tomcat", "Root.pem"): "", ("tomcat", "Other.pem"): other})
    snapshot = {
        "identities": [],
        "trusts": [
            {
                "service": "tomcat-trust",
                "certificate_data": [
                    {"filename": "Root.pem", "certificate": root},
                    {"filename": "other.pem", "certificate": root},
                ],
            }
        ],
    }
    fake_pages.answers = lambda _request: (200, {}, json.dumps(snapshot).encode())
    found = session_at().node("cucm-pub").trust_files("tomcat")
    assert [(entry.file, entry.certificate.pem) for entry in found] == [("Root.pem", root), ("Other.pem", other)]
    assert shelf.held


def test_an_entry_that_is_listed_but_not_shown_is_unreadable(fake_node, node) -> None:
    fake_node.script = Shelf({("tomcat", "Root.pem"): "no certificate"})
    with pytest.raises(Unreadable, match=r"'Root\.pem'"):
        node.trust_files("tomcat")


def test_a_refused_list_is_not_an_empty_store(fake_node, node) -> None:
    fake_node.script = lambda _terminal, _command: "Insufficient privilege\nExecuted command unsuccessfully"
    with pytest.raises(AccessDenied, match="list its trusted certificates"):
        node.trust_files("tomcat")


def test_an_unknown_command_is_not_an_empty_store(fake_node, node) -> None:
    with pytest.raises(StepFailed, match="No valid command"):
        node.trust_files("tomcat")


@pytest.mark.parametrize("question", ["", "Do you want to continue (yes/no) ? ", "Continue (y/n)?"])
def test_an_entry_is_deleted_and_looked_for_again(fake_node, node, certificate_of, question: str) -> None:
    shelf = fake_node.script = Shelf({("tomcat", "Old_4f.pem"): certificate_of("Old")[0]}, question)
    node.delete_trust("tomcat", "Old_4f.pem")
    assert shelf.held == {}
    assert fake_node.commands[-2:] == ["set cert delete tomcat-trust Old_4f.pem", "show cert list trust"]
    assert shelf.answers in ([], ["yes"], ["y"])


def test_an_entry_that_stays_is_not_deleted_whatever_was_said(fake_node, node, certificate_of) -> None:
    fake_node.script = Shelf({("tomcat", "Old.pem"): certificate_of("Old")[0]}, deletes=False)
    with pytest.raises(StepFailed, match=r"did not delete 'Old\.pem'.*still listed"):
        node.delete_trust("tomcat", "Old.pem")


def test_an_entry_that_is_not_listed_needs_no_command(fake_node, node) -> None:
    fake_node.script = Shelf({})
    node.delete_trust("tomcat", "Old.pem")
    assert not [command for command in fake_node.commands if "delete" in command]


@pytest.mark.parametrize(
    ("store", "file"),
    [
        ("tomcat", "a\nb.pem"),
        ("tomcat", "a\x1b[2J.pem"),
        ("tomcat", "a b.pem"),
        ("tomcat", "../tomcat/tomcat.pem"),
        ("tomcat", "*.pem"),
        ("tomcat", "-x.pem"),
        ("tomcat", "old"),
        ("tomcat", ""),
        ("tomcat-trust", "old.pem"),
        ("tomcat tomcat.pem x", "old.pem"),
        ("", "old.pem"),
        ("ipsec", "cucm-pub.pem"),
        ("ipsec", "CUCM-PUB.pem"),
        ("ipsec", "cucm-pub_4f3a9.pem"),
        ("ipsec", "cucm-pub.example.com.pem"),
        ("ipsec", "cucm-pub.example.com_4f.der"),
        ("ipsec", "127.0.0.1.pem"),
    ],
)
def test_what_must_stay_or_cannot_be_named_is_refused_unsent(fake_node, node, store: str, file: str) -> None:
    with pytest.raises(StepFailed, match=r"[Nn]othing was sent"):
        node.delete_trust(store, file)
    assert fake_node.commands == []


def test_a_foreign_entry_of_ipsec_trust_may_go(fake_node, node, certificate_of) -> None:
    shelf = fake_node.script = Shelf({("ipsec", "cucm-pub2.pem"): certificate_of("x")[0]})
    node.delete_trust("ipsec", "cucm-pub2.pem")
    assert shelf.held == {}


def test_a_deletion_cut_off_is_an_answer_lost(fake_node, node) -> None:
    def script(_terminal, command):
        if command.startswith("set"):
            raise Hangup
        return "tomcat-trust/Old.pem: Trust Certificate"

    fake_node.script = script
    with pytest.raises(AnswerLost):
        node.delete_trust("tomcat", "Old.pem")


def test_stock_is_taken_of_everything_and_what_is_not_shown_is_said(fake_node, node, certificate_of) -> None:
    root, own = certificate_of("Root")[0], certificate_of("cucm-pub")[0]
    shelf = Shelf({("CallManager", "Root.pem"): root, ("CAPF", "Lost.pem"): "not here"})

    def script(terminal, command):
        if command == "show cert list own":
            return "tomcat/tomcat.pem: Certificate Signed by Root\nTVS/TVS.pem: Self-signed certificate"
        if command.startswith("show cert own tomcat"):
            return own
        return shelf(terminal, command)

    fake_node.script = script
    stock = node.certificates()
    assert [(one.kind, one.store, one.file, one.pem) for one in stock.held] == [
        (Kind.IDENTITY, "tomcat", "tomcat.pem", own),
        (Kind.TRUST, "CallManager", "Root.pem", root),
    ]
    assert len(stock.problems) == 2
    assert "TVS" in stock.problems[0]
    assert "Lost.pem" in stock.problems[1]
