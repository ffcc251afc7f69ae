"""Finds plugins, asks each for what it offers, and blames the right one when something is off."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, TypeVar, cast

import pluggy

from certrenew import hookspecs
from certrenew.authorities import AnyAuthorityType, AuthorityType
from certrenew.certificates import CertificateType
from certrenew.domain.errors import ConfigError, PluginError

FIRST_PARTY = "certrenew_plugins"


class Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Named)


@dataclass(frozen=True, slots=True)
class Listed:
    """A plugin as `certrenew plugins` shows it. `problem` is empty when it works."""

    name: str
    origin: str
    offers: tuple[str, ...] = ()
    problem: str = ""


class Plugins:
    """A typed face on pluggy: the rest of the bot never calls `hook.` itself.

    A third-party plugin that fails is listed with its problem and the others work; a duplicate name is an error.
    """

    def __init__(self, enabled: Iterable[str] = ()) -> None:
        self._manager = pluggy.PluginManager(hookspecs.NAME)
        self._manager.add_hookspecs(hookspecs)
        self._origins: dict[str, str] = {}
        self._problems: dict[str, str] = {}
        self._load_first_party()
        self._load_third_party(tuple(enabled))
        self._check_pending()
        self.certificate_types: Mapping[str, CertificateType] = {}
        self.authority_types: Mapping[str, AnyAuthorityType] = {}
        self._collect_all()

    def register(self, plugin: object, name: str, origin: str = "given by the program") -> None:
        """Add a plugin object that is not installed; raises PluginError when it breaks its promise."""
        try:
            self._manager.register(plugin, name=name)
        except (ValueError, pluggy.PluginValidationError) as error:
            raise PluginError(name, str(error)) from error
        self._origins[name] = origin
        try:
            self._check_pending()
            self._collect_all()
            if name in self._problems:
                raise PluginError(name, self._problems[name])
        except PluginError:
            self._manager.unregister(name=name)
            self._origins.pop(name, None)
            self._problems.pop(name, None)
            self._collect_all()
            raise

    def listed(self) -> tuple[Listed, ...]:
        """Every plugin, sorted by name, with what it offers and its problem if it has one."""
        offers: dict[str, list[str]] = {}
        for hook, word in (("register_certificate_types", "certificate"), ("register_authorities", "authority")):
            for plugin, item in self._offers(hook):
                offers.setdefault(plugin, []).append(f"{word} {getattr(item, 'name', item)}")
        names = sorted(self._origins.keys() | self._problems.keys())
        return tuple(
            Listed(name, self._origins.get(name, "unknown"), tuple(offers.get(name, ())), self._problems.get(name, ""))
            for name in names
        )

    def _load_first_party(self) -> None:
        package = importlib.import_module(FIRST_PARTY)
        for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
            plugin = importlib.import_module(f"{FIRST_PARTY}.{module.name}")
            self._manager.register(plugin, name=module.name)
            self._origins[module.name] = "ships with certrenew"

    def _load_third_party(self, enabled: Sequence[str]) -> None:
        """Installed is not enabled: only a plugin that the configuration names is imported."""
        installed: dict[str, EntryPoint] = {}
        for found in entry_points(group=hookspecs.NAME):
            if found.name in enabled and found.name in installed and installed[found.name].dist != found.dist:
                raise ConfigError(f"Two installed distributions offer a plugin {found.name!r}; uninstall one of them.")
            installed[found.name] = found
        for name in sorted(enabled):
            if name not in installed:
                known = ", ".join(sorted(installed)) or "none"
                raise ConfigError(f"Plugin {name!r} is enabled but not installed; installed ones: {known}.")
            found = installed[name]
            self._origins[name] = f"{found.dist.name} {found.dist.version}" if found.dist else found.value
            try:
                self._manager.register(found.load(), name=name)
            except Exception as error:
                self._problems[name] = f"does not load: {error}"

    def _check_pending(self) -> None:
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            name = self._manager.get_name(error.plugin) or "unknown"
            raise PluginError(name, str(error)) from error

    def _collect_all(self) -> None:
        self.certificate_types = self._collect("register_certificate_types", CertificateType)
        self.authority_types = cast(
            "Mapping[str, AnyAuthorityType]", self._collect("register_authorities", cast("Any", AuthorityType))
        )

    def _collect(self, hook: str, kind: type[T]) -> dict[str, T]:
        offered: dict[str, T] = {}
        source: dict[str, str] = {}
        for plugin, item in self._offers(hook):
            if not isinstance(item, kind):
                self._problems[plugin] = f"{hook} returned {item!r}, not a {kind.__name__}"
                continue
            if item.name in offered:
                raise PluginError(plugin, f"offers {item.name!r}, which {source[item.name]!r} already offers")
            offered[item.name], source[item.name] = item, plugin
        return dict(sorted(offered.items()))

    def _offers(self, hook: str) -> Iterator[tuple[str, object]]:
        """Call the implementations one by one: a plain hook call would not say whose answer is whose."""
        caller = cast("pluggy.HookCaller", getattr(self._manager.hook, hook))
        for implementation in sorted(caller.get_hookimpls(), key=lambda found: found.plugin_name):
            name = implementation.plugin_name
            try:
                answer = tuple(cast("Sequence[object]", implementation.function()))
            except Exception as error:
                self._problems[name] = f"{hook} failed: {error}"
                continue
            yield from ((name, item) for item in answer)
