"""A renewal from slash command to decision, through the real service and inbox, in a workspace with strict scopes."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from certrenew.app.grammar import Grammar
from certrenew.app.inbox import Inbox
from certrenew.app.notify import Notifier
from certrenew.app.service import Service
from certrenew.slack.app import SlackBot
from certrenew.slack.manifest import SCOPES
from certrenew.slack.poster import Poster
from certrenew_lab.slack import Workspace

from .conftest import settings_for
from .fakes import POLICY, Asked, Clock, Lab, Memory, Planner, Settled, Store, eventually
from .test_listeners import click, dialog, run, wanted


@pytest.fixture
def lab() -> Iterator[Lab]:
    """With the manifest's scopes and not one more."""
    with Lab(replace(Workspace(), scopes=tuple(SCOPES))).running() as found:
        yield found


@pytest.fixture
def store(lab: Lab) -> Iterator[Store]:
    settings, store, clock = settings_for(lab), Store(), Clock()
    policies = {"cluster-a": POLICY}
    service = Service(units=store, planner=Planner(), settling=Settled(), policies=policies, clock=clock)  # type: ignore[arg-type]
    inbox = Inbox(units=store, service=service, clock=clock)  # type: ignore[arg-type]
    notifier = Notifier(store, interval=0.02)  # type: ignore[arg-type]
    poster = Poster(
        settings=settings,
        units=store,  # type: ignore[arg-type]
        messages=Memory(),
        policy=policies.__getitem__,
        clock=clock,
    )
    grammar = Grammar(purposes=["callmanager"], clusters=["cluster-a"], authorities=[])
    bot = SlackBot(settings=settings, inbox=inbox, grammar=grammar, questions=Asked())
    notifier.add(poster)
    bot.start()
    eventually(lambda: bot.health().connected)
    yield store
    bot.stop()
    notifier.close()
    poster.close()
    inbox.close()


def buttons(message: object) -> list[str]:
    blocks = message.blocks  # type: ignore[attr-defined]
    return [b["text"]["text"] for block in blocks if block["type"] == "actions" for b in block["elements"]]


def test_four_eyes_approve_a_plan(lab: Lab, store: Store) -> None:
    run(lab, "callmanager cluster-a")
    (card,) = eventually(lab.cards)
    click(lab, card, "Approve renewal", "ana")
    eventually(lambda: any("somebody else must approve" in note for note in lab.notes("U0ANA00001")))
    click(lab, card, "Approve renewal", "sam")
    eventually(lambda: any("not one of this cluster's approvers" in note for note in lab.notes("U0SAM00001")))
    click(lab, card, "Approve renewal", "carmen")
    eventually(lambda: "Approve renewal" not in buttons(card))
    eventually(lambda: any("Approved by <@U0CARMEN01>" in line for line in lab.thread(card)))
    assert len(store.find("").approvals) == 1
    assert "missing_scope" not in str(list(lab.slack.lab.journal.calls))


def test_the_second_of_two_clicks_is_told_who_decided(lab: Lab, store: Store) -> None:
    run(lab, "callmanager cluster-a")
    (card,) = eventually(lab.cards)
    lab.act("click_together", [wanted(card, "Approve renewal", user) for user in ("carmen", "chen")])
    eventually(lambda: len(store.answers) == 3)
    notes = eventually(lambda: lab.notes("U0CARMEN01") and lab.notes("U0CHEN0001") and notes_of_both(lab))
    assert sum("is approved and starts now" in note for note in notes) == 1
    assert sum("is already approved, decided by" in note for note in notes) == 1


def notes_of_both(lab: Lab) -> list[str]:
    return [note for user in ("U0CARMEN01", "U0CHEN0001") for note in lab.notes(user)]


def test_a_rejection_travels_from_the_dialog_to_the_requester(lab: Lab, store: Store) -> None:
    run(lab, "callmanager cluster-a")
    (card,) = eventually(lab.cards)
    click(lab, card, "Reject renewal", "carmen")
    view = dialog(lab)
    lab.act("submit_view", "carmen", view.id, {"reason": {"reason": {"type": "plain_text_input", "value": "freeze"}}})
    (line,) = eventually(lambda: lab.direct("U0ANA00001"))
    assert "Reason: “freeze”" in line
    eventually(lambda: buttons(card) == [])
