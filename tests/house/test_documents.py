"""What the documents promise: their commands, their code and their example are true."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import BaseModel

from certrenew.registry import Plugins
from certrenew.settings import Account, Secret, Settings, load
from certrenew.testing.contract import CertificateTypeContract

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "deploy" / "certrenew.toml"
DOCUMENTS = sorted(file for folder in (".", "bot", "plugins", "deploy") for file in (ROOT / folder).glob("*.md"))


def fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def settings_of(model: type[BaseModel]) -> Iterator[str]:
    """Every name that may stand in the file, but for the ways to name a secret."""
    for name, field in model.model_fields.items():
        yield name
        inner = [found for found in _models(field.annotation) if found not in (Secret, Account)]
        for table in inner:
            yield from settings_of(table)


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models(part)


def test_the_example_configuration_loads_while_its_secrets_are_absent() -> None:
    settings, _ = load(EXAMPLE)
    assert list(settings.clusters) == ["cluster-a"]
    assert settings.slack is not None


def test_the_example_documents_every_setting() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    missing = [
        name
        for name in settings_of(Settings)
        if not re.search(rf"(?m)^(# )?{name} =|^(# )?\[+(\w|-|\.)*{name}\b", text)
    ]
    assert missing == []


def test_what_the_example_has_commented_out_is_valid_as_well(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    everything = tmp_path / "certrenew.toml"
    everything.write_text(re.sub(r"(?m)^# (?=\w+ = |\[)", "", text), encoding="utf-8")
    load(everything)


def test_the_readme_opens_with_exactly_two_commands_of_one_line() -> None:
    blocks = fenced(README, "sh")
    assert len(blocks) == 2
    assert all(len(block.splitlines()) == 1 for block in blocks)
    opening = README.partition("\n## ")[0]
    assert fenced(opening, "sh") == blocks


def test_the_gate_runs_the_test_command_of_the_readme() -> None:
    command = fenced(README, "sh")[1].strip()
    assert next(line for line in README.splitlines() if "[test]" in line) == command
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "grep -m 1 -F '[test]' README.md" in gate


def the_plugin_of_the_guide() -> ModuleType:
    [code] = fenced((ROOT / "plugins" / "README.md").read_text(encoding="utf-8"), "python")
    assert len(code.splitlines()) < 60
    module = ModuleType("guide")
    exec(compile(code, "plugins/README.md", "exec"), module.__dict__)
    return module


def test_the_code_in_the_plugin_guide_registers() -> None:
    plugins = Plugins()
    plugins.register(the_plugin_of_the_guide(), "guide")
    assert "paging" in plugins.certificate_types


class TestThePurposeOfTheGuide(CertificateTypeContract):
    """An invented purpose is one short file, and fulfils the contract."""

    kind = the_plugin_of_the_guide().PAGING


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_toml_block_and_link_of_a_document_is_good(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for block in fenced(text, "toml"):
        tomllib.loads(block)
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (document.parent / target).exists(), target
