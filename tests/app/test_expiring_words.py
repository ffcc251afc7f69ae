"""The words for what expires: any order, one sentence for nonsense."""

import pytest

from certrenew.app.commands import Certificates, Expiring
from certrenew.app.duration import LONGEST, days_in
from certrenew.app.grammar import Grammar
from certrenew.domain.errors import CommandRefused

GRAMMAR = Grammar(purposes=["callmanager"], clusters=["cluster-a", "60"], authorities=[])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("expiring", Expiring(days=60)),
        ("expiring 30d", Expiring(days=30)),
        ("Expiring 8W", Expiring(days=56)),
        ("expiring 0", Expiring(days=0)),
        ("expiring cluster-a", Expiring(days=60, cluster="cluster-a")),
        ("expiring 90d CLUSTER-A", Expiring(days=90, cluster="cluster-a")),
        ("expiring cluster-a 90 ", Expiring(days=90, cluster="cluster-a")),
        ("expiring 60", Expiring(days=60, cluster="60")),
        ("certs cluster-a", Certificates(cluster="cluster-a")),
        ("certs cluster-a --trust", Certificates(cluster="cluster-a", trust=True)),
        ("certs --trust cluster-a", Certificates(cluster="cluster-a", trust=True)),
        ("certs cluster-a —trust", Certificates(cluster="cluster-a", trust=True)),
    ],
)
def test_what_people_write_is_understood(text: str, wanted: object) -> None:
    assert GRAMMAR.parse(text) == wanted


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("expiring 5q", "'5q' is not a number of days; write it like 60d, or like 8w for weeks."),
        ("expiring -3d", "'-3d' is not a number of days; write it like 60d, or like 8w for weeks."),
        ("expiring 1.5d", "'1.5d' is not a number of days; write it like 60d, or like 8w for weeks."),
        ("expiring 1e9", "'1e9' is not a number of days; write it like 60d, or like 8w for weeks."),
        ("expiring ٣d", "'٣d' is not a number of days; write it like 60d, or like 8w for weeks."),
        ("expiring 99999d", f"99999 days is further than certificates are worth watching; write at most {LONGEST}d."),
        ("expiring 30d 60d", "One time and one cluster are enough; write: expiring [60d] [cluster]."),
        ("expiring cluster-a cluster-a", "One time and one cluster are enough; write: expiring [60d] [cluster]."),
        ("certs cluster-a more", "I do not understand 'more'; write: certs <cluster> [--trust]."),
        ("certs --trust", "Write: certs <cluster> [--trust]."),
    ],
)
def test_nonsense_gets_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(CommandRefused) as refused:
        GRAMMAR.parse(text)
    assert str(refused.value) == sentence


def test_a_cluster_that_does_not_exist_gets_the_nearest_name() -> None:
    with pytest.raises(CommandRefused, match="did you mean cluster-a"):
        GRAMMAR.parse("expiring soon-cluster-a")


@pytest.mark.parametrize("word", ["9" * 5000, "9" * 5000 + "d", "1" + "x" * 5000])
def test_a_very_long_word_is_refused_in_a_short_sentence(word: str) -> None:
    with pytest.raises(CommandRefused) as refused:
        days_in(word)
    assert len(str(refused.value)) < 130
