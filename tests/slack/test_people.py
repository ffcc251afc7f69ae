"""People are accounts; approvers are known before anybody clicks."""

from dataclasses import replace

import pytest

from certrenew.slack.people import ApproverGroups, mentions, person, user_of
from certrenew.slack.settings import SlackSettings
from certrenew.slack.web import Web
from certrenew_lab.slack import UserGroup, Workspace

from .fakes import ANA, CARMEN, TEAM, Lab

GROUP = "S0CHANGE01"
MEMBERS = frozenset({CARMEN.id, f"slack:{TEAM}/U0CHEN0001"})


def test_a_person_is_the_account_and_its_workspace() -> None:
    slash = {"team_id": TEAM, "user_id": "U0ANA00001", "user_name": "ana"}
    click = {"team": {"id": TEAM}, "user": {"id": "U0ANA00001", "username": "ana", "team_id": TEAM}}
    assert person(slash) == person(click) == ANA
    assert user_of(ANA) == "U0ANA00001"


def test_a_guest_from_a_shared_channel_keeps_their_own_workspace() -> None:
    guest = {"team": {"id": TEAM}, "user": {"id": "U0ANA00001", "name": "ana", "team_id": "T0OTHER"}}
    assert person(guest).id == "slack:T0OTHER/U0ANA00001"


def test_nobody_is_an_approver_before_the_group_was_read(settings: SlackSettings) -> None:
    groups = ApproverGroups(Web(settings), group_ids=[GROUP], team_id=TEAM)
    assert groups.approvers([GROUP], []) == frozenset()
    assert groups.refresh()
    assert groups.approvers([GROUP], ["U0SAM00001"]) == MEMBERS | {f"slack:{TEAM}/U0SAM00001"}


def test_the_workspace_is_learnt_from_slack(settings: SlackSettings) -> None:
    groups = ApproverGroups(Web(settings), group_ids=[GROUP])
    assert groups.approvers([], ["U0SAM00001"]) == frozenset()
    assert groups.refresh()
    assert groups.approvers([GROUP], []) == MEMBERS


def test_asking_for_approvers_never_asks_slack(lab: Lab, settings: SlackSettings) -> None:
    groups = ApproverGroups(Web(settings), group_ids=[GROUP], team_id=TEAM)
    groups.refresh()
    for _ in range(50):
        groups.approvers([GROUP], [])
    assert len(lab.calls("usergroups.users.list")) == 1


@pytest.mark.parametrize("fault", ["server_error", "rate_limit", "lose_answer"])
def test_the_last_good_list_stays_when_slack_errs(lab: Lab, settings: SlackSettings, fault: str) -> None:
    groups = ApproverGroups(Web(settings, sleep=lambda _: None), group_ids=[GROUP], team_id=TEAM)
    groups.refresh()
    lab.fault(fault, method="usergroups.users.list", count=5, **({"retry_after": 60} if fault == "rate_limit" else {}))
    assert not groups.refresh()
    assert groups.approvers([GROUP], []) == MEMBERS


def test_a_deleted_group_lets_nobody_approve() -> None:
    with Lab(replace(Workspace(), groups=(UserGroup("S0OTHER001", "x", "x", ()),))).running() as lab:
        from .conftest import settings_for

        groups = ApproverGroups(Web(settings_for(lab)), group_ids=[GROUP], team_id=TEAM)
        groups._members[GROUP] = frozenset({"U0CARMEN01"})
        assert groups.refresh()
        assert groups.approvers([GROUP], []) == frozenset()


def test_mentions_address_groups_and_people() -> None:
    assert mentions(["S1"], ["U1"]) == "<!subteam^S1> <@U1>"
