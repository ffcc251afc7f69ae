"""What expires, asked for in Slack: a question like any other, answered where only the asker sees it."""

from typing import Any

from certrenew.app.commands import Certificates, Expiring, Question
from certrenew.app.grammar import Grammar
from certrenew.domain.approval import Person
from certrenew.slack.app import SlackBot

from .conftest import settings_for
from .fakes import Kept, Lab, eventually


class Heard:
    """Implements `Questions`: remembers what was asked."""

    def __init__(self) -> None:
        self.questions: list[Question] = []

    def answer(self, question: Question, person: Person) -> str:
        self.questions.append(question)
        return "one line\nand another"


def test_the_questions_about_certificates_are_asked_and_answered(lab: Lab) -> None:
    kept, heard = Kept(), Heard()
    grammar = Grammar(purposes=["callmanager"], clusters=["cluster-a"], authorities=[])
    inbox: Any = kept
    bot = SlackBot(settings=settings_for(lab), inbox=inbox, grammar=grammar, questions=heard)
    bot.start()
    try:
        eventually(lambda: lab.slack.lab.sockets.connections)
        for text in ("expiring 30d cluster-a", "certs cluster-a --trust"):
            lab.act("command", "ana", "uc-certificates", f"/certrenew {text}")
        refused = lab.act("command", "ana", "uc-certificates", "/certrenew expiring 5q")
        eventually(lambda: len(heard.questions) == 2)
    finally:
        bot.stop()
    assert set(heard.questions) == {
        Expiring(days=30, cluster="cluster-a"),
        Certificates(cluster="cluster-a", trust=True),
    }
    assert "write it like 60d" in str(refused)
    assert kept.commands == {}
