"""Rules about the repository itself."""

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import certrenew.plugin
from certrenew import hookspecs

ROOT = Path(__file__).parents[2]
LIMIT = 300
SOURCES = sorted(
    file for folder in ("bot", "plugins", "tests") for kind in ("*.py", "*.js") for file in (ROOT / folder).rglob(kind)
)
HOOKS = sorted(name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.NAME}_spec"))
FORBIDDEN = {
    r"verify\s*=\s*False": "TLS is never taken on trust",
    r"AutoAddPolicy|WarningPolicy": "an SSH key is never taken on trust",
    r"disable_warnings": "a warning of urllib3 is never silenced",
    r"_create_unverified_context|CERT_NONE": "TLS is never taken on trust",
    r"shell\s*=\s*True": "no shell",
    r"\bpickle\b|yaml\.load\(|\beval\(|\bexec\(": "stored text is never run",
    r"datetime\.utcnow|datetime\.now\(\)": "every time has a zone",
}
ALLOWED = {("cucm/tls.py", "CERT_NONE"), ("cucm/presented.py", "CERT_NONE"), ("certrenew_lab", "CERT_NONE")}


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_file_is_longer_than_a_reader_can_hold(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LIMIT


def test_every_module_opens_with_a_sentence() -> None:
    bare = [
        str(file.relative_to(ROOT))
        for file in SOURCES
        if file.suffix == ".py"
        and "tests" not in file.relative_to(ROOT).parts[:1]
        and file.read_text(encoding="utf-8").strip()
        and not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert bare == []


def test_the_code_never_does_what_must_never_be_done() -> None:
    found = []
    for file in SOURCES:
        path = str(file.relative_to(ROOT))
        if file.suffix != ".py" or path.startswith("tests/"):
            continue
        for pattern, why in FORBIDDEN.items():
            for match in re.finditer(pattern, _code(file)):
                if not any(part in path and match.group() == word for part, word in ALLOWED):
                    found.append(f"{path}: {match.group()} ({why})")
    assert found == []


def _code(file: Path) -> str:
    """The module without its comments and docstrings: there such words may stand as a warning."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            node.value.value = ""
    return ast.unparse(tree)


def test_the_hooks_are_the_ones_we_know() -> None:
    assert HOOKS == ["register_authorities", "register_certificate_types"]


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_documented_with_its_exact_arguments(name: str) -> None:
    hook = getattr(hookspecs, name)
    assert (hook.__doc__ or "").strip().endswith(".")
    signature = inspect.signature(hook)
    assert signature.return_annotation is not inspect.Signature.empty
    arguments = ", ".join(signature.parameters)
    assert f"`{name}({arguments})`" in (ROOT / "plugins" / "README.md").read_text(encoding="utf-8")


def test_what_a_plugin_may_import_is_listed_sorted_and_complete() -> None:
    names = certrenew.plugin.__all__
    assert list(names) == sorted(names)
    tree = ast.parse(inspect.getsource(certrenew.plugin))
    imported = {
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert set(names) == imported


def test_the_layers_hold() -> None:
    found = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": "bot:plugins", "PATH": "/usr/bin:/bin"},
    )
    assert found.returncode == 0, found.stdout[-3000:]


def test_the_test_kit_imports_nothing_heavy_before_it_is_used() -> None:
    script = (
        "import sys, certrenew.testing.pytest_plugin as p;"
        "heavy = {'sqlalchemy', 'cryptography', 'dbos', 'paramiko', 'certrenew.domain.plan'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": f"{ROOT}/bot:{ROOT}/plugins"},
    )
    assert found.stdout.strip() == "[]"
