"""The configuration: one TOML file, checked when the program starts. Secrets stand in files or in the environment."""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from certrenew.domain.errors import ConfigError

SECRET_WORD = re.compile(r"^(password|passwd|secret|token|.*_token|.*_password|.*_secret)$")
SECRET_URL = re.compile(r"^[a-z+0-9]+://[^/@:]*:[^/@]+@")  # scheme://user:password@…
DEFAULT_FILES = ("certrenew.toml", "/etc/certrenew/certrenew.toml")


class Table(BaseModel):
    """A table of the file: unknown keys are mistakes, not wishes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Secret(Table):
    """Where a secret comes from: exactly one of a file, an environment variable, a systemd credential."""

    file: Path | None = None
    env: str = ""
    credential: str = ""

    @model_validator(mode="after")
    def one_place(self) -> Self:
        if sum((self.file is not None, bool(self.env), bool(self.credential))) != 1:
            raise ValueError("name exactly one of file, env or credential")
        return self

    def read(self) -> str:
        """The secret as it is now. Raises ConfigError that names the place and never the value."""
        found, place = self._found()
        if not found:  # an empty password would be tried, and accounts get locked
            raise ConfigError(f"The secret in {place} is empty.")
        return found

    def _found(self) -> tuple[str, str]:
        try:
            if self.env:
                return os.environ[self.env].strip(), f"the environment variable {self.env}"
            path = self.file or Path(os.environ["CREDENTIALS_DIRECTORY"]) / self.credential
            return path.read_text(encoding="utf-8").strip(), str(path)
        except UnicodeDecodeError:
            raise ConfigError(f"The secret in {self.file or self.credential} is not text in UTF-8.") from None
        except KeyError as error:
            raise ConfigError(f"The environment variable {error} that should hold a secret is not set.") from None
        except OSError as error:
            raise ConfigError(f"The secret file {error.filename} cannot be read: {error.strerror}.") from None


class Account(Table):
    user: str
    password: Secret


class NodeTable(Table):
    name: str
    fqdn: str
    role: Literal["publisher", "subscriber", "presence-publisher", "presence-subscriber"]
    address: str = ""
    ssh_port: int = 22
    https_port: int = 8443
    rest_port: int = 443
    ssh_keys: tuple[str, ...] = ()
    certificate_pins: tuple[str, ...] = ()
    ports: Mapping[str, int] = Field(default_factory=dict)


class BackupTable(Table):
    """A disaster recovery backup as the last step of a renewal: the network device as it is configured on CUCM."""

    device: str
    features: str = "CUCM"


class RunbookTable(Table):
    """Which document is followed for a purpose on releases that begin with `release`; both may be left out."""

    runbook: str
    purpose: str = ""
    release: str = ""


class ClusterTable(Table):
    authority: str
    runbooks: tuple[RunbookTable, ...] = ()
    backup: BackupTable | None = None
    channel: str = ""
    release: str = ""
    ca_bundle: Path | None = None
    use_rest: Literal["auto", "never", "always"] = "auto"
    multi_server: str = "multi-server"
    axl_version: str = "14.0"
    realtime_per_minute: int = 15
    perfmon_per_minute: int = 50
    phone_interaction_values: Mapping[str, Literal["automatic", "manual"]] = Field(default_factory=dict)
    platform: Account
    application: Account
    nodes: tuple[NodeTable, ...]

    @model_validator(mode="after")
    def one_publisher(self) -> Self:
        if sum(node.role == "publisher" for node in self.nodes) != 1:
            raise ValueError("needs exactly one node with role = 'publisher'")
        names = [node.name for node in self.nodes]
        if doubled := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"names {', '.join(sorted(doubled))} twice")
        return self


class DatabaseTable(Table):
    """`heartbeat` and `lease`, in seconds: how soon a replica on PostgreSQL takes over from one that died."""

    url: str = "sqlite:///certrenew.db"
    password: Secret | None = None
    heartbeat: float = Field(default=5.0, ge=0.2)
    lease: float = Field(default=20.0, ge=1.0)

    @model_validator(mode="after")
    def several_heartbeats(self) -> Self:
        if self.lease < 3 * self.heartbeat:
            raise ValueError("lease must be at least three times heartbeat, or one slow answer ends a replica")
        return self


class SlackTable(Table):
    bot_token: Secret
    app_token: Secret
    channel: str
    base_url: str = "https://slack.com/api/"
    command: str = "/certrenew"
    team_id: str = ""


class ApprovalTable(Table):
    approvers: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    needed: int = Field(default=1, ge=1)
    valid_hours: float = Field(default=24.0, gt=0)
    self_approval: bool = False
    reason_required: bool = False
    release_by_approver: bool = True


class PaceTable(Table):
    poll_services: float = 5.0
    service_timeout: float = 900.0
    poll_phones: float = 15.0
    phones_timeout: float = 1800.0
    phones_settle: float = 60.0
    served_timeout: float = 300.0
    phones_threshold: float = Field(default=1.0, gt=0, le=1)


class ValidationTable(Table):
    """`minimum_days` a new certificate must last; what has `due_days` left or fewer is due for renewal."""

    minimum_days: float = 1.0
    due_days: float = Field(default=60.0, gt=0)


class InventoryTable(Table):
    """How often every certificate of every cluster is read, and how many days ahead the channel hears of an end."""

    every_hours: float = Field(default=24.0, ge=0.1, le=24 * 31)
    warn_days: tuple[Annotated[int, Field(ge=0, le=3650)], ...] = (60, 30, 14, 7, 1)
    concurrency: int = Field(default=4, ge=1, le=32)


class PluginsTable(Table):
    enabled: tuple[str, ...] = ()


class LogTable(Table):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class Settings(Table):
    """The whole file. `authorities` are checked by their plugins, whose names stand in `type`."""

    database: DatabaseTable = DatabaseTable()
    slack: SlackTable | None = None
    approval: ApprovalTable = ApprovalTable()
    pace: PaceTable = PaceTable()
    validation: ValidationTable = ValidationTable()
    inventory: InventoryTable = InventoryTable()
    runbooks: tuple[RunbookTable, ...] = ()
    plugins: PluginsTable = PluginsTable()
    log: LogTable = LogTable()
    authorities: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    clusters: Mapping[str, ClusterTable] = Field(default_factory=dict)

    @model_validator(mode="after")
    def known_authorities(self) -> Self:
        for name, cluster in self.clusters.items():
            if cluster.authority not in self.authorities:
                known = ", ".join(self.authorities) or "none"
                raise ValueError(f"cluster {name} names authority {cluster.authority!r}; configured: {known}")
        return self


def load(path: Path | None = None) -> tuple[Settings, Path]:
    """Read and check the file: the one given, $CERTRENEW_CONFIG, ./certrenew.toml or /etc/certrenew/certrenew.toml.

    Raises ConfigError with one sentence that names the file, the setting and the nearest right name.
    """
    found = path or _first_file()
    try:
        values = tomllib.loads(found.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"The configuration {found} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The configuration {found} is not valid TOML: {error}.") from None
    _refuse_secrets(values, found, ())
    try:
        return Settings.model_validate(values), found
    except ValidationError as error:
        raise ConfigError(f"{found}: {explain(error, Settings, values)}") from None


def _first_file() -> Path:
    if given := os.environ.get("CERTRENEW_CONFIG"):
        return Path(given)
    for name in DEFAULT_FILES:
        if Path(name).exists():
            return Path(name)
    raise ConfigError(
        f"There is no configuration: neither --config, $CERTRENEW_CONFIG, {' nor '.join(DEFAULT_FILES)}."
        " To look around without one, run: certrenew demo."
    )


def _refuse_secrets(values: Any, found: Path, at: Sequence[str]) -> None:
    """A secret in the file itself would end up in backups and tickets: it is refused, and not repeated."""
    if isinstance(values, dict):
        for key, value in values.items():
            if SECRET_WORD.match(key) and isinstance(value, str):
                where = ".".join((*at, key))
                raise ConfigError(
                    f"{found}: {where} holds a secret in clear. Put it into a file and write"
                    f' {key} = {{ file = "…" }}, or use env or credential.'
                )
            if isinstance(value, str) and SECRET_URL.match(value):
                raise ConfigError(
                    f"{found}: {'.'.join((*at, key))} holds a password in clear. Leave it out of the address and write"
                    ' password = { file = "…" } beside it.'
                )
            _refuse_secrets(value, found, (*at, str(key)))
    elif isinstance(values, list):
        for number, value in enumerate(values):
            _refuse_secrets(value, found, (*at, str(number)))


def explain(error: ValidationError, model: type[BaseModel], values: Any) -> str:
    """The first mistake as a sentence, without the value: it might be a secret."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    if first["type"] == "extra_forbidden":
        name = str(first["loc"][-1])
        nearest = get_close_matches(name, _names(model), n=1)
        hint = f"; did you mean {nearest[0]}?" if nearest else "."
        return f"{where} is not a setting{hint}"
    if first["type"] == "missing":
        return f"{where} is missing."
    message = first["msg"].removeprefix("Value error, ")
    return f"{where}: {message[0].lower()}{message[1:]}."


def _names(model: type[BaseModel]) -> set[str]:
    """The names of all settings below a model, for hints."""
    found: set[str] = set()
    for table in (model, *Table.__subclasses__()):
        found |= set(table.model_fields)
    return found
