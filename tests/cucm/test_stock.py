"""Everything a node holds, over the command line: what it does not print loses nothing else."""

import pytest

from certrenew.cucm.stock import SILENT, from_command_line
from certrenew.domain.errors import AccessDenied, StepFailed, Unreachable, Unreadable
from certrenew.domain.model import Kind


class Commands:
    """As much of a command line and of its trust stores as is asked here."""

    name = "cucm-pub"

    def __init__(self, listed: dict[str, object]) -> None:
        self.entries = listed
        self.asked = 0

    def listed(self) -> tuple[tuple[str, str], ...]:
        return tuple((entry, f"{entry}.pem") for entry in self.entries)

    def identity(self, purpose: str) -> str | None:
        return self._answer(self.entries[purpose])

    def read(self, store: str, file: str) -> str | None:
        self.asked += 1
        return self._answer(self.entries[f"{store}-trust"])

    @staticmethod
    def _answer(found: object) -> str | None:
        if isinstance(found, Exception):
            raise found
        return str(found) if found else None


def taken(own: dict[str, object], trusted: dict[str, object]):
    return from_command_line(Commands(own), Commands(trusted))  # type: ignore[arg-type]


def test_what_is_printed_is_held() -> None:
    stock = taken({"tomcat": "A"}, {"tomcat-trust": "B"})
    assert [(one.kind, one.store, one.file, one.pem) for one in stock.held] == [
        (Kind.IDENTITY, "tomcat", "tomcat.pem", "A"),
        (Kind.TRUST, "tomcat", "tomcat-trust.pem", "B"),
    ]
    assert stock.problems == ()


def test_what_is_not_printed_is_a_sentence_and_the_rest_is_held() -> None:
    own = {"authz": None, "odd.name": StepFailed("'odd.name' is no purpose."), "tomcat": "A"}
    stock = taken(own, {"tomcat-trust": Unreadable("Not shown."), "ipsec-trust": "B"})
    assert [one.store for one in stock.held] == ["tomcat", "ipsec"]
    assert stock.problems == (
        "cucm-pub lists the authz certificate but does not print it.",
        "'odd.name' is no purpose.",
        "Not shown.",
    )


def test_a_node_that_prints_no_trust_certificate_is_not_asked_for_each() -> None:
    stores = Commands({f"s{number}-trust": Unreadable("Not shown.") for number in range(100)})
    stock = from_command_line(Commands({"tomcat": "A"}), stores)  # type: ignore[arg-type]
    assert stores.asked == SILENT
    assert stock.problems == ("cucm-pub lists 100 trust certificates but does not print them.",)
    assert len(stock.held) == 1


@pytest.mark.parametrize("error", [AccessDenied("Refused."), Unreachable("Gone.")])
def test_a_refusal_or_a_lost_connection_ends_it(error: Exception) -> None:
    with pytest.raises(type(error)):
        taken({"tomcat": error}, {})
    with pytest.raises(type(error)):
        taken({"tomcat": "A"}, {"tomcat-trust": error})
