"""Plugins: found, enabled by name only, and blamed by name."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from certrenew.certificates import CertificateType
from certrenew.domain.errors import ConfigError, PluginError
from certrenew.plugin import hookimpl
from certrenew.registry import Plugins
from certrenew_plugins.callmanager import CALLMANAGER

Install = Callable[[str, str], None]
GOOD = """
from dataclasses import replace
from certrenew.plugin import hookimpl
from certrenew_plugins.callmanager import CALLMANAGER
@hookimpl
def register_certificate_types():
    return [replace(CALLMANAGER, name="third")]
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a distribution with one module and one entry point in the group certrenew."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name: str, code: str) -> None:
        (tmp_path / f"third_{name}.py").write_text(code)
        info = tmp_path / f"dist_{name}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: dist-{name}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[certrenew]\n{name} = third_{name}\n")
        monkeypatch.delitem(sys.modules, f"third_{name}", raising=False)

    return make


def listed(plugins: Plugins, name: str) -> tuple[str, tuple[str, ...], str]:
    return next((found.origin, found.offers, found.problem) for found in plugins.listed() if found.name == name)


def test_first_party_plugins_are_there_and_sorted() -> None:
    plugins = Plugins()
    assert "callmanager" in plugins.certificate_types
    assert list(plugins.certificate_types) == sorted(plugins.certificate_types)
    names = [found.name for found in plugins.listed()]
    assert names == sorted(names)
    assert all(found.problem == "" for found in plugins.listed())


def test_what_is_installed_but_not_enabled_is_not_even_imported(install: Install) -> None:
    install("quiet", "raise SystemExit('imported')")
    plugins = Plugins()
    assert "third_quiet" not in sys.modules
    assert "quiet" not in [found.name for found in plugins.listed()]


def test_an_enabled_plugin_is_listed_with_what_it_offers_and_where_it_comes_from(install: Install) -> None:
    install("good", GOOD)
    plugins = Plugins(["good"])
    assert "third" in plugins.certificate_types
    assert listed(plugins, "good") == ("dist-good 1.2", ("certificate third",), "")


def test_what_is_enabled_but_not_installed_is_refused_with_what_is(install: Install) -> None:
    install("good", GOOD)
    with pytest.raises(ConfigError, match=r"'god' is enabled but not installed.*good"):
        Plugins(["god"])


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import nonexistent_module", "does not load"),
        ("from certrenew.plugin import hookimpl\n@hookimpl\ndef register_certificate_types():\n    1 / 0", "failed"),
        (
            "from certrenew.plugin import hookimpl\n@hookimpl\ndef register_certificate_types():\n    return ['x']",
            "not a",
        ),
    ],
)
def test_a_broken_plugin_is_listed_with_its_problem_and_the_others_work(
    install: Install, code: str, problem: str
) -> None:
    install("broken", code)
    install("good", GOOD)
    plugins = Plugins(["broken", "good"])
    assert problem in listed(plugins, "broken")[2]
    assert {"third", "callmanager"} <= set(plugins.certificate_types)


class Offers:
    def __init__(self, *types: CertificateType) -> None:
        self.types = types

    @hookimpl
    def register_certificate_types(self) -> list[CertificateType]:
        return list(self.types)


class Misspelt:
    @hookimpl
    def register_certificate_typs(self) -> list[CertificateType]:
        return []


def test_a_duplicate_is_refused_naming_both_plugins() -> None:
    with pytest.raises(PluginError, match=r"(?s)'callmanager'.*already offers|zzz.*callmanager") as refusal:
        Plugins().register(Offers(CALLMANAGER), "zzz")
    assert "zzz" in str(refusal.value)


def test_a_misspelt_hook_is_refused_by_name() -> None:
    with pytest.raises(PluginError, match="register_certificate_typs") as refusal:
        Plugins().register(Misspelt(), "mine")
    assert refusal.value.plugin == "mine"


def test_a_plugin_that_was_refused_is_gone() -> None:
    plugins = Plugins()
    for broken in (Misspelt(), Offers(CALLMANAGER)):
        with pytest.raises(PluginError):
            plugins.register(broken, "mine")
        assert "mine" not in [found.name for found in plugins.listed()]
    plugins.register(Offers(), "mine")
