"""The configuration: mistakes are named, secrets never repeated."""

import logging
from pathlib import Path

import pytest

from certrenew import logs
from certrenew.domain.errors import ConfigError
from certrenew.settings import Secret, Settings, load

CLUSTER = """
[authorities.vault]
type = "vault"
[clusters.lab]
authority = "vault"
platform = { user = "admin", password = { env = "A" } }
application = { user = "axl", password = { env = "B" } }
nodes = [{ name = "pub", fqdn = "pub.example.com", role = "publisher" }]
"""


def read(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "certrenew.toml"
    file.write_text(text, encoding="utf-8")
    return load(file)[0]


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as found:
        read(tmp_path, text)
    return str(found.value)


def test_an_empty_file_is_a_configuration(tmp_path: Path) -> None:
    assert read(tmp_path, "").database.url.startswith("sqlite")
    assert list(read(tmp_path, CLUSTER).clusters) == ["lab"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[pace]\npoll_phone = 1", "did you mean poll_phones"),
        ("[databas]\nurl = ''", "did you mean database"),
        ("[approval]\nneeded = 0", "approval.needed"),
        (CLUSTER.replace('"publisher"', '"subscriber"'), "exactly one node with role"),
        (CLUSTER.replace('authority = "vault"', 'authority = "valt"'), "names authority 'valt'; configured: vault"),
        (CLUSTER.replace("ssh", "ssh").replace('{ env = "A" }', "{}"), "exactly one of file, env or credential"),
        ("x = [", "is not valid TOML"),
    ],
)
def test_a_mistake_is_named_with_the_nearest_right_thing(tmp_path: Path, text: str, words: str) -> None:
    found = refusal(tmp_path, text)
    assert words in found
    assert "certrenew.toml" in found


@pytest.mark.parametrize(
    "text",
    [
        '[slack]\nbot_token = "hunter2-token"',
        CLUSTER.replace('{ env = "A" }', '"hunter2-token"'),
        CLUSTER.replace('type = "vault"', 'type = "vault"\ntoken = "hunter2-token"'),
        '[database]\nurl = "postgresql://certrenew:hunter2-token@db/certrenew"',
        '[slack]\nbot_tokken = "hunter2-token"',
    ],
)
def test_a_secret_in_clear_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    assert "hunter2" not in refusal(tmp_path, text)


def test_a_file_that_is_missing_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load(tmp_path / "nowhere.toml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CERTRENEW_CONFIG", raising=False)
    with pytest.raises(ConfigError, match="certrenew demo"):
        load()


def test_a_secret_is_read_when_it_is_needed_and_never_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret"
    file.write_text("  swordfish\n")
    assert Secret(file=file).read() == "swordfish"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert Secret(credential="secret").read() == "swordfish"
    for content in (b"", b"\n", b"\xff\xfe\xff"):
        file.write_bytes(content)
        with pytest.raises(ConfigError, match="secret"):
            Secret(file=file).read()
    with pytest.raises(ConfigError, match="NOT_SET"):
        Secret(env="NOT_SET").read()


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_secret_never_reaches_the_log(style: str, capsys: pytest.CaptureFixture[str]) -> None:
    before, level = logging.getLogger().handlers[:], logging.getLogger().level
    secret = 'hun"ter2-é'
    try:
        logs.configure(style=style, secrets=[lambda: secret, lambda: secret + "-longer"])
        log = logging.getLogger("test")
        log.warning("password %s", secret + "-longer")
        log.warning("in an object", extra={"sent": {"password": [secret]}})
        try:
            raise ValueError(f"bad {secret}")
        except ValueError:
            log.exception("failed")
    finally:
        logging.getLogger().handlers[:] = before
        logging.getLogger().setLevel(level)
    found = capsys.readouterr().err
    assert "failed" in found
    for spelt in (secret, "ter2", "-longer"):
        assert spelt not in found
