"""The terminal is understood however its bytes are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certrenew.cucm.dialogue import Asked, Dialogue, Paged, PasteWanted, Prompted, Talking

VERSION = (
    b"show version active\r\nActive Master Version: 15.0.1.12900-234\r\n"
    b"Active Version Installed Software Options:\r\nNo Installed Software Options Found.\r\nadmin:"
)
BOLD = b"set csr gen tomcat\r\n\x1b[1mInclude OU in CSR (yes|no)? \x1b[0m"

QUESTIONS = [
    ("Include OU in CSR (yes|no)?", "yes", "no"),
    ("Include OU in CSR (yes|no)? ", "yes", "no"),
    ("Proceed with regeneration (yes|no)? ", "yes", "no"),
    ("Do you wish to proceed (yes|no)? ", "yes", "no"),
    ("Do you want to continue? (y/n):", "y", "n"),
    ("Do you want to continue (yes/no) ? ", "yes", "no"),
    ("Continue (y/n)?", "y", "n"),
    ("Proceed with this operation(yes|no)? ", "yes", "no"),
    ("Enter (yes/no)? ", "yes", "no"),
    ("Would you like to proceed [y/n]? ", "y", "n"),
    ("This operation will update the CTLFile. Do you want to continue? (Y/N): ", "Y", "N"),
]


def heard(command: str, *portions: bytes) -> Dialogue:
    dialogue = Dialogue()
    dialogue.begin(command)
    for portion in portions:
        dialogue.feed(portion)
    return dialogue


@pytest.mark.parametrize(("question", "yes", "no"), QUESTIONS)
def test_every_confirmation_is_answered_in_its_own_style(question: str, yes: str, no: str) -> None:
    asked = heard("x", b"x\r\nSome warning.\r\n" + question.encode()).situation()
    assert asked == Asked(question.strip(), yes, no, sure=True)


@pytest.mark.parametrize(("question", "yes", "no"), QUESTIONS)
def test_a_confirmation_fed_one_byte_at_a_time_is_sure_only_once(question: str, yes: str, no: str) -> None:
    dialogue = heard("x", b"x\r\n")
    sure = 0
    for byte in question.encode():
        dialogue.feed(bytes([byte]))
        match dialogue.situation():
            case Asked(sure=True):
                sure += 1
                dialogue.answered()
    assert sure == 1


def test_an_answered_question_is_not_asked_again() -> None:
    dialogue = heard("set csr gen tomcat", BOLD)
    assert isinstance(dialogue.situation(), Asked)
    dialogue.answered()
    dialogue.feed(b"no\r\n")
    assert dialogue.situation() == Talking()
    dialogue.feed(b" Successfully Generated CSR  for tomcat\r\nadmin:")
    assert dialogue.situation() == Prompted(sure=True, empty=False)
    assert dialogue.output().endswith(" Successfully Generated CSR  for tomcat")


def test_one_byte_at_a_time_gives_the_same_output() -> None:
    whole = heard("show version active", VERSION)
    single = heard("show version active", *(bytes([byte]) for byte in VERSION))
    assert single.output() == whole.output()
    assert whole.output().startswith("Active Master Version: 15.0.1.12900-234\n")
    assert single.situation() == Prompted(sure=True, empty=False)


@given(st.lists(st.integers(0, len(VERSION) + 30), max_size=30))
def test_any_portions_give_the_same_output(cuts: list[int]) -> None:
    noisy = b"\r\n\radmin:" + VERSION.replace(b"Master", b"\x1b[1mMaster\x1b[0m").replace(b"Options", b"Opt\x1b[Kions")
    places = sorted({0, len(noisy), *(min(cut, len(noisy)) for cut in cuts)})
    dialogue = heard("show version active", *(noisy[start:end] for start, end in pairwise(places)))
    assert dialogue.output() == heard("show version active", VERSION).output()
    assert dialogue.situation() == Prompted(sure=True, empty=False)


def test_a_second_prompt_left_over_from_a_nudge_does_not_end_a_command() -> None:
    dialogue = heard("show version active", b"\r\n\radmin:")
    assert dialogue.situation() == Prompted(sure=False, empty=True)
    dialogue.feed(VERSION)
    assert dialogue.situation() == Prompted(sure=True, empty=False)
    assert "admin:" not in dialogue.output()


def test_a_node_without_echo_is_believed_only_when_it_falls_silent() -> None:
    assert heard("show ctl", b"Length of CTL file: 0\r\nadmin:").situation() == Prompted(sure=False, empty=False)


@pytest.mark.parametrize(
    "prompt", ["admin:", "admin: ", "\r\n\radmin:", "12 admin:", "[12]admin:", "\x1b[1madmin:\x1b[0m"]
)
def test_the_prompt_is_known_in_every_dress(prompt: str) -> None:
    assert heard("x", b"x\r\nsomething\r\n" + prompt.encode()).situation() == Prompted(sure=True, empty=False)


@pytest.mark.parametrize("text", ["user admin:", "the administrator admin: yes", "admin", "admin:\r\nmore"])
def test_other_text_is_no_prompt(text: str) -> None:
    assert heard("x", b"x\r\n" + text.encode()).situation() == Talking()


def test_a_page_is_turned_and_leaves_no_trace() -> None:
    page = b"\x1b[1mPress <enter> for 1 line, <space> for one page, or <q> to quit\x1b[0m\x1b[K"
    dialogue = heard("show cert own tomcat", b"show cert own tomcat\r\none\r\n" + page)
    assert dialogue.situation() == Paged(" ")
    dialogue.answered()
    assert dialogue.situation() == Talking()
    dialogue.feed(b"\r\x1b[Ktwo\r\nadmin:")
    assert dialogue.output().split() == ["one", "two"]


def test_a_file_page_is_turned_too() -> None:
    page = b"options: q=quit, n=next, p=prev, b=begin, e=end (lines 1 - 20 of 189216) : "
    assert heard("x", b"x\r\n" + page).situation() == Paged("n")


@pytest.mark.parametrize("ending", ["", "\r\n", " ", ": "])
def test_a_certificate_is_pasted_when_it_is_asked_for(ending: str) -> None:
    text = f"set cert import own tomcat\r\nPaste the Certificate and Hit Enter{ending}"
    assert heard("set cert import own tomcat", text.encode()).situation() == PasteWanted()
