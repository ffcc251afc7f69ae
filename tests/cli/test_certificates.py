"""Certificates and discovery on the command line: scripts get JSON, nonsense gets one sentence."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from certrenew.app.stocktaking import Holding, NodeReading
from certrenew.cli.discover import Confirm, _bare
from certrenew.cli.main import cli
from certrenew.cucm import Discovery
from certrenew.domain.model import Kind
from certrenew.store.database import database_url, open_engine, upgrade
from certrenew.store.inventory import InventoryStore

SSH = "SHA256:dGhpcyBpcyBub3QgcmVhbGx5IGEgZmluZ2VycHJpbnQ"
SHOWN = Discovery(("ssh-ed25519 AAAA",), (SSH,), "pem", "ab" * 32, "cd" * 32)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    for name in ("password", "secret"):
        (tmp_path / name).write_text("pssst", encoding="utf-8")
    (tmp_path / "root.pem").write_text("", encoding="utf-8")
    text = f"""
[database]
url = "sqlite:///{tmp_path}/db"
[clusters.cluster-a]
authority = "ca"
platform = {{ user = "p", password = {{ file = "{tmp_path}/password" }} }}
application = {{ user = "a", password = {{ file = "{tmp_path}/password" }} }}
[[clusters.cluster-a.nodes]]
name = "cucm-pub"
fqdn = "cucm-pub.example.com"
role = "publisher"
address = "127.0.0.1"
ssh_port = 1
rest_port = 1
[authorities.ca]
type = "vault"
url = "https://127.0.0.1:1"
mount = "pki"
role = "r"
approle_role_id = "x"
approle_secret_id_file = "{tmp_path}/secret"
"""
    file = tmp_path / "certrenew.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture
def stocked(tmp_path: Path) -> None:
    engine = open_engine(database_url(f"sqlite:///{tmp_path}/db"))
    upgrade(engine)
    now = datetime.now(UTC)
    held = Holding(
        cluster="cluster-a",
        node="cucm-pub",
        kind=Kind.IDENTITY,
        store="tomcat",
        file="tomcat.pem",
        subject="CN=cucm-pub.example.com",
        issuer="CN=CA",
        serial="1f",
        fingerprint="aa",
        names=(),
        not_before=now,
        not_after=now + timedelta(days=5, hours=1),
        self_signed=False,
        seen_at=now,
    )
    shelf = InventoryStore(engine, lambda: now)
    shelf.keep("cluster-a", [NodeReading(node="cucm-pub", at=now, held=(held,))])
    engine.dispose()


def run(config: Path, *words: str, told: str = "") -> Result:
    return CliRunner().invoke(cli, ["--config", str(config), *words], input=told)


def test_what_expires_is_told_to_people_and_to_scripts(config: Path, stocked: None) -> None:
    told = run(config, "expiring", "30d")
    assert told.exit_code == 0, told.output
    assert "5 days left" in told.output
    assert "(just now)" in told.output
    read = json.loads(run(config, "expiring", "cluster-a", "--json").output)
    assert [found["serial"] for found in read["certificates"]] == ["1f"]
    assert read["certificates"][0]["days_left"] == 5
    assert read["nodes"]["cluster-a"]["cucm-pub"]["problem"] == ""
    assert json.loads(run(config, "expiring", "3d", "--json").output)["certificates"] == []


@pytest.mark.parametrize("words", [("5q",), ("-3d",), ("30d", "60d"), ("cluster-b",), ("99999d",)])
def test_nonsense_is_refused_in_one_sentence(config: Path, words: tuple[str, ...]) -> None:
    refused = run(config, "expiring", *words)
    assert refused.exit_code == 1
    assert str(refused.exception).endswith((".", "?", "changed."))
    assert "\n" not in str(refused.exception)


def test_a_cluster_that_does_not_answer_is_told_and_remembered_as_tried(config: Path, stocked: None) -> None:
    refused = run(config, "certs", "cluster-a")
    assert refused.exit_code == 1
    assert "cucm-pub" in str(refused.exception)
    assert "not read: " in run(config, "expiring").output


# ---- discover -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [(), ("10.1.1.10", "--cluster", "cluster-a")])
def test_discover_wants_one_starting_point(config: Path, words: tuple[str, ...]) -> None:
    assert "Give either the address" in str(run(config, "discover", *words).exception)


def test_discover_names_the_clusters_there_are(config: Path) -> None:
    assert str(run(config, "discover", "--cluster", "nope").exception) == (
        "There is no cluster 'nope' in the configuration; known: cluster-a."
    )


def test_a_password_comes_from_one_place_and_is_looked_for_before_any_node_is_asked(tmp_path: Path) -> None:
    both = ("--platform-password-file", str(tmp_path / "none"), "--platform-password-env", "X")
    common = ("discover", "127.0.0.1", "--platform-user", "p", "--application-user", "a")
    assert "not by both" in str(CliRunner().invoke(cli, [*common, *both]).exception)
    missing = CliRunner().invoke(cli, [*common, "--platform-password-file", str(tmp_path / "none")])
    assert "cannot be read" in str(missing.exception)


def test_no_option_takes_a_password_itself() -> None:
    command = cli.commands["discover"]
    assert not [option for parameter in command.params for option in parameter.opts if option.endswith("-password")]


@pytest.mark.parametrize(
    "expected",
    [
        (SSH, "ab" * 32),
        (SSH.removeprefix("SHA256:"), "CD" * 32),
        (SSH + "=", "SHA256:" + ":".join(["AB"] * 32)),
    ],
)
def test_fingerprints_that_were_compared_before_are_not_asked_for(expected: tuple[str, ...]) -> None:
    assert Confirm(expected)("cucm-pub", SHOWN) is True


@pytest.mark.parametrize("expected", [(SSH,), ("ab" * 32,), (SSH.lower(), "ab" * 32), ("", "")])
def test_other_fingerprints_are_no_yes_where_nobody_can_be_asked(expected: tuple[str, ...]) -> None:
    assert Confirm(expected)("cucm-pub", SHOWN) is False


def test_a_server_without_a_certificate_needs_its_host_key_only() -> None:
    assert Confirm((SSH,))("cucm-pub", Discovery(("k",), (SSH,), "", "", "")) is True


def test_base64_keeps_its_letters() -> None:
    assert _bare("SHA256:AbC=") == "AbC"
