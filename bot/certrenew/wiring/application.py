"""The application: everything that a running bot consists of, started and stopped in the right order."""

import logging
import os
import threading
from collections.abc import Callable

import sqlalchemy as sa

from certrenew.app.answers import Answers
from certrenew.app.expiry import Digest, LogDigest
from certrenew.app.grammar import Grammar
from certrenew.app.inbox import Inbox
from certrenew.app.notify import Notifier
from certrenew.app.planner import Planner
from certrenew.app.rounds import Rounds
from certrenew.app.runner import Runner
from certrenew.app.service import Service
from certrenew.app.sessions import Sessions
from certrenew.app.settling import Settling
from certrenew.app.stocktaking import Stocktaker
from certrenew.cucm.known_keys import KnownKeys, RememberedKeys
from certrenew.cucm.session import CucmClusters
from certrenew.domain.errors import CertrenewError, ConfigError
from certrenew.engine.engine import Engine, executor_name, plain_url
from certrenew.engine.mailbox import DbosMailbox
from certrenew.registry import Plugins
from certrenew.settings import Settings
from certrenew.slack.app import SlackBot
from certrenew.slack.digest import DigestPoster
from certrenew.slack.messages import Row
from certrenew.slack.people import ApproverGroups
from certrenew.slack.poster import Poster
from certrenew.slack.settings import SlackSettings
from certrenew.slack.web import Web
from certrenew.store.database import await_database, database_url, open_engine, revisions, upgrade
from certrenew.store.inventory import InventoryStore
from certrenew.store.known_keys import KnownKeyStore
from certrenew.store.messages import SqlMessages
from certrenew.store.store import Store
from certrenew.wiring import parts
from certrenew.wiring.inventory import rounds

log = logging.getLogger(__name__)

SWEEP = 0.5  # seconds; how soon a request of the command line is taken up
IMPATIENT = 1.0  # seconds that a command may wait for the database: Slack wants its answer within three
PATIENT = 120.0  # seconds that a renewal waits inside one move for a database that restarts


def open_database(settings: Settings) -> sa.Engine:
    """The database, reachable and migrated. Raises ConfigError or DatabaseUnreachable."""
    url = database_url(settings.database.url)
    if settings.database.password:
        url = url.set(password=settings.database.password.read())
    engine = open_engine(url)
    await_database(engine)
    upgrade(engine)
    return engine


def learned_keys(settings: Settings) -> KnownKeys:
    """The HTTPS keys that renewals have learned, for a look that starts no bot; none without a database to read."""
    url = database_url(settings.database.url)
    try:
        if settings.database.password:
            url = url.set(password=settings.database.password.read())
        engine = open_engine(url)
        current, head = revisions(engine)
    except CertrenewError:
        return RememberedKeys()
    return KnownKeyStore(engine) if current == head else RememberedKeys()


class Application:
    """Parts that need no running engine are made at once; `start` brings the rest to life."""

    def __init__(self, settings: Settings, *, runs: bool) -> None:
        """`runs` says whether this process will run renewals, or only read and ask."""
        self.settings = settings
        self.clock = parts.UtcClock()
        self.plugins = Plugins(settings.plugins.enabled)
        self.accesses = tuple(parts.accesses(settings))
        self.inventory = {access.cluster.name: access.cluster for access in self.accesses}
        self.authorities = parts.authorities(settings, self.plugins)
        self.database = open_database(settings)
        self.executor = executor_name(self.database.url)
        self._mailbox = DbosMailbox(plain_url(self.database.url)) if runs else None
        self.store = Store(self.database, self._mailbox, now=self.clock.now)
        self.clusters = CucmClusters(self.accesses, KnownKeyStore(self.database, self.clock.now))
        self.sessions = Sessions(self.clusters, self.inventory)
        self.grammar = Grammar(
            purposes=self.plugins.certificate_types, clusters=self.inventory, authorities=self.authorities
        )
        self.planner = Planner(
            types=self.plugins.certificate_types,
            sessions=self.sessions,
            habits=parts.habits(settings),
            choices=frozenset(self.authorities),
            now=self.clock.now,
        )
        self.slack_settings = parts.slack_settings(settings)
        self.groups = self._groups(self.slack_settings)
        self.policies = parts.Policies(settings.approval, self.inventory, self._members)
        self.notifier = Notifier(self.store, holder=self.executor)
        self.service = Service(
            units=self.store,
            planner=self.planner,
            settling=Settling(units=self.store, sessions=self.sessions, clock=self.clock, pace=parts.pace(settings)),
            policies=self.policies,
            clock=self.clock,
            changed=self.notifier.nudge,
        )
        self.inbox = Inbox(
            units=self.store.with_patience(IMPATIENT), service=self.service, clock=self.clock, holder=self.executor
        )
        self.shelf = InventoryStore(self.database, self.clock.now)
        self.stocktaker = Stocktaker(
            sessions=self.sessions, shelf=self.shelf, clock=self.clock, at_once=settings.inventory.concurrency
        )
        self.answers = Answers(
            units=self.store,
            stocktaker=self.stocktaker,
            shelf=self.shelf,
            clusters=self.inventory,
            grammar=self.grammar,
            clock=self.clock,
        )
        self._runner: Runner | None = None
        self._engine: Engine | None = None
        self._bot: SlackBot | None = None
        self._rounds: Rounds | None = None
        self._stopping = threading.Event()

    def _groups(self, slack: SlackSettings | None) -> ApproverGroups | None:
        if slack is None or not self.settings.approval.groups:
            return None
        return ApproverGroups(Web(slack), group_ids=self.settings.approval.groups, team_id=slack.team_id)

    def _members(self) -> frozenset[str]:
        return self.groups.approvers(self.settings.approval.groups, ()) if self.groups else frozenset()

    def start(self, *, lost: Callable[[], None] | None = None) -> None:
        """Run renewals from here on, and talk to Slack if it is configured."""
        if self._mailbox is None:
            raise ConfigError("This process was made to read only; it does not run renewals.")
        self._runner = Runner(
            units=self.store.with_patience(PATIENT),
            planner=self.planner,
            sessions=self.sessions,
            authorities=self.authorities,
            clock=self.clock,
            pace=parts.pace(self.settings),
            executor=self.executor,
            changed=self.notifier.nudge,
        )
        table = self.settings.database
        self._engine = Engine(self.database, self._mailbox, self.executor, heartbeat=table.heartbeat, lease=table.lease)
        self._engine.start(self._runner.advance, lost=lost or die)
        if self.slack_settings is not None:
            self._start_slack(self.slack_settings)
        self._rounds = rounds(
            self.settings.inventory,
            units=self.store,
            shelf=self.shelf,
            stocktaker=self.stocktaker,
            types=self.plugins.certificate_types.values(),
            clusters=self.inventory,
            clock=self.clock,
            holder=self.executor,
            digest=self._digest(self.slack_settings),
            channel=self.slack_settings.channel_of if self.slack_settings else lambda _: "",
        )
        self._rounds.start()
        threading.Thread(target=self._sweep, name="sweeper", daemon=True).start()

    def _digest(self, slack: SlackSettings | None) -> Digest:
        if slack is None:
            return LogDigest()
        messages = SqlMessages(self.database, Row, self.clock.now)
        return DigestPoster(web=Web(slack), messages=messages, clock=self.clock)

    def _start_slack(self, slack: SlackSettings) -> None:
        mentions = " ".join(f"<!subteam^{group}>" for group in self.settings.approval.groups)
        self.notifier.add(
            Poster(
                settings=slack,
                units=self.store,
                messages=SqlMessages(self.database, Row, self.clock.now),
                policy=self.policies.__getitem__,
                clock=self.clock,
                approvers=lambda _: mentions,
            )
        )
        self._bot = SlackBot(
            settings=slack, inbox=self.inbox, grammar=self.grammar, questions=self.answers, groups=self.groups
        )
        self._bot.start()

    def _sweep(self) -> None:
        while not self._stopping.wait(SWEEP):
            try:
                self.inbox.sweep()
                self.sessions.close_idle()
            except CertrenewError as error:
                log.warning("%s", error)
            except Exception:
                log.exception("looking for requests failed")

    def stop(self) -> None:
        """Leave within seconds; whatever runs is taken up where it stood, by the next process or another replica.

        The process has to end after this: see `busy`.
        """
        self._stopping.set()
        if self._rounds is not None:
            self._rounds.close()
        if self._runner is not None:
            self._runner.leave()
        self.inbox.close()
        self.notifier.close(timeout=0.5)
        if self._bot is not None:
            self._bot.stop(timeout=1.0)
        if self._engine is not None:
            self._engine.stop()
        elif self._mailbox is not None:
            self._mailbox.close()
        self.sessions.close_all()
        self.database.dispose()

    @property
    def busy(self) -> bool:
        """Whether threads are still in the middle of something that cannot be called back."""
        return self._engine is not None and self._engine.busy > 0


def die() -> None:
    """This replica's lease is lost and another may be working on its renewals: nothing may go on here."""
    log.critical("the lease could not be renewed in time; this replica ends itself")
    os._exit(70)
