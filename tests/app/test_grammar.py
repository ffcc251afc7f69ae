"""The language people type: never a traceback, always the nearest right thing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certrenew.app.commands import Abandon, Approve, Help, Reject, Renew, Retry, Settle, Skip, SkipPart, Status, Tick
from certrenew.app.grammar import Grammar
from certrenew.app.words import VERBS
from certrenew.domain.errors import CommandRefused

GRAMMAR = Grammar(purposes=["callmanager", "tvs"], clusters=["Lab-A", "lab-b"], authorities=["vault", "adcs"])
WORDS = [
    "callmanager",
    "lab-a",
    "--authority",
    "vault",
    "--change=",
    "reject",
    "skip",
    "'",
    '"',
    "—",
    "\\",
    "“",
    "a1b2",
]


@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join))
def test_whatever_is_typed_is_a_command_or_a_sentence(text: str) -> None:
    sentence = "."
    try:
        GRAMMAR.parse(text)
    except CommandRefused as refusal:
        sentence = str(refusal)
    assert sentence.strip()
    assert sentence[-1] in ".?"


@pytest.mark.parametrize(
    "text", ["callmanager Lab-A", "lab-a callmanager", "CALLMANAGER LAB-A", "  lab-a   CallManager "]
)
def test_purpose_and_cluster_come_in_either_order_and_any_case(text: str) -> None:
    assert GRAMMAR.parse(text) == Renew(purpose="callmanager", cluster="Lab-A")


def test_a_cluster_that_is_named_like_a_purpose_is_understood() -> None:
    grammar = Grammar(purposes=["callmanager", "tvs"], clusters=["tvs", "lab"], authorities=[])
    assert grammar.parse("callmanager tvs") == Renew(purpose="callmanager", cluster="tvs")
    assert grammar.parse("tvs lab") == Renew(purpose="tvs", cluster="lab")
    assert grammar.parse("tvs tvs") == Renew(purpose="tvs", cluster="tvs")


@pytest.mark.parametrize(
    "text",
    [
        "callmanager lab-a --authority vault --change CHG1 --replace-csr",
        "--change=CHG1 callmanager --replace-csr lab-a --authority=VAULT",
        "callmanager lab-a —authority vault —change CHG1 —replace-csr",
    ],
)
def test_options_stand_anywhere(text: str) -> None:
    wanted = Renew(purpose="callmanager", cluster="Lab-A", authority="vault", change_number="CHG1", replace_csr=True)
    assert GRAMMAR.parse(text) == wanted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("calmanager lab-a", "did you mean callmanager"),
        ("callmanager lab-x", "did you mean"),
        ("callmanager lab-a --autority vault", "did you mean --authority"),
        ("callmanager lab-a --authority vaul", "did you mean vault"),
        ("aprove", "did you mean approve"),
        ("callmanager", "Name the cluster"),
        ("lab-a", "Name the purpose"),
        ("callmanager lab-a now", "do not understand 'now'"),
        ("callmanager lab-a --change", "needs a value"),
        ("approve", "Write: approve <renewal>"),
        ("xyzzy plugh", "known: all, callmanager, tvs"),
    ],
)
def test_a_mistake_is_answered_with_the_nearest_right_thing(text: str, words: str) -> None:
    with pytest.raises(CommandRefused, match=words):
        GRAMMAR.parse(text)


@pytest.mark.parametrize(
    "reason", ["it's the wrong cluster", "don't and won't", 'say "no" twice', "ends with \\", "50 % — later"]
)
def test_a_reason_is_kept_as_it_was_typed(reason: str) -> None:
    assert GRAMMAR.parse(f"reject a1b2c3d4 {reason}") == Reject(renewal="a1b2c3d4", reason=reason)
    assert GRAMMAR.parse(f"ABANDON a1b2c3d4   {reason}") == Abandon(renewal="a1b2c3d4", reason=reason)


def test_a_reason_in_quotation_marks_loses_them() -> None:
    assert GRAMMAR.parse('skip a1b2 "done by hand"') == Skip(renewal="a1b2", reason="done by hand")
    assert GRAMMAR.parse("approve a1b2 “looks good”") == Approve(renewal="a1b2", reason="looks good")


def test_simple_verbs() -> None:
    assert GRAMMAR.parse("") == Help()
    assert GRAMMAR.parse("status") == Status()
    assert GRAMMAR.parse("Status lab-a") == Status(subject="lab-a")
    assert GRAMMAR.parse("retry a1b2") == Retry(renewal="a1b2")


def test_the_help_names_every_verb_and_an_example_that_works_here() -> None:
    text = GRAMMAR.help_text("/certrenew")
    assert all(verb.usage in text for verb in VERBS.values())
    example = next(line for line in text.splitlines() if line.startswith("Example: "))
    assert isinstance(GRAMMAR.parse(example.removeprefix("Example: /certrenew ")), Renew)


def test_what_is_meant_of_a_renewal_stands_before_the_free_text() -> None:
    assert GRAMMAR.parse('skip-part a1b2 tvs it\'s "late"') == SkipPart(
        renewal="a1b2", part="tvs", reason='it\'s "late"'
    )
    assert GRAMMAR.parse("done a1b2  backup   on sftp1") == Tick(renewal="a1b2", task="backup", note="on sftp1")
    assert GRAMMAR.parse("done a1b2 backup") == Tick(renewal="a1b2", task="backup")
    assert GRAMMAR.parse('settle a1b2 "in a drawer"') == Settle(renewal="a1b2", reason="in a drawer")


@pytest.mark.parametrize("text", ["done a1b2", "skip-part a1b2", "settle", "done"])
def test_half_a_sentence_is_answered_with_the_whole_one(text: str) -> None:
    with pytest.raises(CommandRefused, match=f"Write: {text.split()[0]} <renewal>"):
        GRAMMAR.parse(text)
