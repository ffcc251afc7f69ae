"""What people write that the grammar does not know: the word to blame is named, and a natural one is let pass."""

import pytest

from certrenew.app.commands import Renew
from certrenew.app.grammar import Grammar
from certrenew.domain.errors import CommandRefused


@pytest.fixture
def grammar() -> Grammar:
    return Grammar(purposes=["callmanager"], clusters=["lab"], authorities=["ca"])


@pytest.mark.parametrize("text", ["renew callmanager lab", "plan lab callmanager", "Renew CallManager LAB"])
def test_a_word_that_says_nothing_is_let_pass(grammar: Grammar, text: str) -> None:
    assert grammar.parse(text) == Renew(purpose="callmanager", cluster="lab")


@pytest.mark.parametrize(
    ("text", "blamed"),
    [("callmanager lab now", "'now'"), ("please callmanager lab", "'please'"), ("hello my friend", "'hello'")],
)
def test_the_first_strange_word_is_named(grammar: Grammar, text: str, blamed: str) -> None:
    with pytest.raises(CommandRefused, match=blamed):
        grammar.parse(text)


def test_a_very_long_word_is_not_repeated_whole(grammar: Grammar) -> None:
    for text in ("x" * 3000, f"callmanager {'x' * 3000}", f"callmanager lab {'x' * 3000}"):
        with pytest.raises(CommandRefused) as refusal:
            grammar.parse(text)
        assert len(str(refusal.value)) < 300
