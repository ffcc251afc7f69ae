"""The play: ask, approve, release, decide at a stop, and judge the end by what the cluster itself shows."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from certrenew.cli.demo.people import APPROVER, REQUESTER, People
from certrenew.domain.renewal import Renewal, State, StepRecord
from certrenew.settings import load
from certrenew.store.audit import verify
from certrenew.store.database import await_database, database_url, open_engine
from certrenew.store.store import Store

Say = Callable[[str, str], None]
PATIENCE = 600.0
POLL = 0.4


def play(people: People, lab: dict[str, Any], config: Path, *, say: Say, purpose: str = "callmanager") -> bool:
    """Play it to the end; True when everything is as it should be."""
    began = time.monotonic()
    cluster = lab["cluster"]["cluster"]
    before = people.cluster_state()
    settings, _ = load(config)
    engine = open_engine(database_url(settings.database.url))
    people.type_command(f"/certrenew {purpose} {cluster}")
    await_database(engine)
    store = Store(engine, patience=30.0)
    tried_own = False
    renewal: Renewal | None = None
    while time.monotonic() - began < PATIENCE:
        people.listen()
        renewal = _newest(store)
        if renewal is None:
            time.sleep(POLL)
            continue
        if renewal.state.final:
            break
        if renewal.state is State.PLANNED:
            if not tried_own:
                tried_own = people.press("Approve", as_user=REQUESTER)
                continue
            people.press("Approve")
        elif renewal.gate is not None and renewal.state is State.WAITING and not renewal.released:
            people.press("Release")
        elif renewal.state is State.STOPPED:
            _decide(people, renewal)
        time.sleep(POLL)
    _hear_the_end(people, renewal)
    verdicts = list(_judge(people, before, renewal, lab))
    verdicts.append(_secrets(people, lab, config.parent))
    verdict = verify(engine)
    verdicts.append((not verdict.problem, f"the audit is whole: {verdict.rows} rows, head {verdict.head[:16]}…"))
    for good, sentence in verdicts:
        say("verified" if good else "WRONG", sentence)
    say("demo", f"finished after {time.monotonic() - began:.0f} s")
    engine.dispose()
    return all(good for good, _ in verdicts)


def _hear_the_end(people: People, renewal: Renewal | None) -> None:
    """Slack takes about one message a second, so the report may come a little after the end."""
    deadline = time.monotonic() + 15.0
    while renewal is not None and time.monotonic() < deadline and not people.heard("For the audit"):
        time.sleep(POLL)
        people.listen()


def _newest(store: Store) -> Renewal | None:
    with store() as unit:
        found = unit.newest(limit=1)
    return found[0] if found else None


def _decide(people: People, renewal: Renewal) -> None:
    """What a person would do at a stop: look at the cluster, then say whether the cut-off act went through."""
    record = renewal.current
    if record is not None and record.kind == "reset_phones":
        step = renewal.plan.steps[record.number - 1]
        pool = getattr(step, "device_pool", "")
        resets = sum(entry["act"] == "phones_reset" and pool in _what(entry) for entry in people.journal())
        if resets > sum(
            getattr(renewal.plan.steps[one.number - 1], "device_pool", "") == pool for one in _done(renewal)
        ):
            people.press("Skip", reason="The journal of the cluster shows that this device pool was reset.")
            return
    people.press("Retry", as_user=APPROVER)


def _done(renewal: Renewal) -> list[StepRecord]:
    return [record for record in renewal.steps if record.over and record.kind == "reset_phones"]


def _judge(
    people: People, before: dict[str, Any], renewal: Renewal | None, lab: dict[str, Any]
) -> list[tuple[bool, str]]:
    if renewal is None:
        return [(False, "no renewal was planned")]
    state = people.cluster_state()
    verdicts = [(renewal.state is State.SUCCEEDED, f"renewal {renewal.short_id} is {renewal.state} {renewal.reason}")]
    slots = list(dict.fromkeys(target.purpose for target in renewal.plan.targets))
    for name in (node["name"] for node in lab["cluster"]["nodes"]):
        verdicts += [_serves_new(name, slot, before, state) for slot in slots]
    verdicts.append(_phones(before, state))
    twice = _twice(people.journal(), purposes=len(slots))
    verdicts.append((not twice, "no act was done twice" if not twice else f"done twice: {', '.join(twice)}"))
    return verdicts


def _secrets(people: People, lab: dict[str, Any], directory: Path) -> tuple[bool, str]:
    """No secret may stand in a log, in the database or in a message."""
    secrets = [
        lab["cluster"]["platform"]["password"],
        lab["cluster"]["application"]["password"],
        lab["slack"]["bot_token"],
        lab["slack"]["app_token"],
        lab["authority"]["token"],
    ]
    places = [*directory.glob("bot*.log"), *directory.glob("certrenew.db*")]
    texts = {path.name: path.read_bytes() for path in places} | {"the channel": people.everything()}
    leaks = sorted(name for name, text in texts.items() if any(secret.encode() in text for secret in secrets))
    return not leaks, f"no secret stands in {', '.join(texts)}" if not leaks else f"secrets stand in {', '.join(leaks)}"


def _serves_new(name: str, slot: str, before: dict[str, Any], after: dict[str, Any]) -> tuple[bool, str]:
    old = before["nodes"][name]["stored"][slot]["fingerprint"]
    stored = after["nodes"][name]["stored"][slot]["fingerprint"]
    listeners = after["nodes"][name]["served"].values()
    served = {shown["port"]: shown["fingerprint"] for shown in listeners if shown["unit"] == slot}
    good = stored != old and set(served.values()) == {stored}
    return good, f"{name} stores and serves the new {slot} certificate on ports {', '.join(map(str, served))}"


def _phones(before: dict[str, Any], after: dict[str, Any]) -> tuple[bool, str]:
    baseline, now = before["registered"], after["registered"]
    return now >= baseline, f"{now} of {baseline} phones are registered"


def _twice(journal: list[dict[str, Any]], *, purposes: int) -> list[str]:
    """Acts that a careful person would have done once, and that the cluster saw more often. Restarts, resets and the
    CTL come at most once a purpose."""
    once = ("csr_generated", "csr_overwritten", "identity_uploaded")
    acts = Counter(
        f"{entry['act']} {entry['node']} {_what(entry)}"
        for entry in journal
        if entry["act"] in ("csr_generated", "csr_overwritten", "identity_uploaded", "ctl_updated", "service_restarted")
        or (entry["act"] == "phones_reset" and _what(entry) != "all")
    )
    most = {act: 1 if act.startswith(once) else purposes for act in acts}
    return [f"{act} ({count} times)" for act, count in acts.items() if count > most[act] or "csr_overwritten" in act]


def _what(entry: dict[str, Any]) -> str:
    detail = entry.get("detail") or {}
    return str(detail.get("service") or detail.get("unit") or detail.get("scope") or "")
