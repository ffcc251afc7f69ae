"""Turns a line of text into a command and back; the help text is drawn from the same table."""

import shlex
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from certrenew.app.campaign import ALL
from certrenew.app.commands import (
    Abandon,
    Approve,
    Certificates,
    Command,
    Expiring,
    Help,
    ListRenewals,
    Pause,
    Reject,
    Release,
    Renew,
    Resume,
    Retry,
    Settle,
    Skip,
    SkipPart,
    Status,
    Tick,
)
from certrenew.app.duration import days_in, looks_like_duration
from certrenew.app.words import FILLERS, HASHES, KEY_LENGTHS, NAMING, OPTIONS, REASONED, RENEW, SEVERAL, VERBS
from certrenew.domain.errors import CommandRefused


class Grammar:
    """The language of one installation: it knows the names of its purposes, clusters and authorities."""

    def __init__(self, *, purposes: Iterable[str], clusters: Iterable[str], authorities: Iterable[str]) -> None:
        self._purposes = sorted({*purposes, ALL})
        self._clusters = sorted(clusters)
        self._authorities = sorted(authorities)

    def parse(self, text: str) -> Command:
        """The command that `text` asks for; raises CommandRefused with one sentence and the nearest right thing."""
        first = text.split(maxsplit=1)
        if first and first[0].lower() in REASONED:
            return self._reasoned(first[0].lower(), first[1] if len(first) > 1 else "")
        try:
            words = shlex.split(text.replace("“", '"').replace("”", '"').replace("—", "--"))
        except ValueError as error:
            raise CommandRefused("A quotation mark is not closed; nothing has changed.") from error
        if not words:
            return Help()
        verb, rest = words[0].lower(), words[1:]
        if verb in VERBS:
            return self._verb(verb, rest)
        return self._renew(words)

    def _verb(self, verb: str, rest: Sequence[str]) -> Command:
        match verb:
            case "help":
                return Help()
            case "status":
                return Status(subject=rest[0] if rest else "")
            case "list":
                return ListRenewals(cluster=self.cluster(rest[0]) if rest else "")
            case "certs":
                return self._certificates(rest)
            case "expiring":
                return self.expiring(rest)
            case _:
                return self._decision(verb, self._first(verb, rest), " ".join(rest[1:]))

    def _certificates(self, rest: Sequence[str]) -> Certificates:
        names = [word for word in rest if word.lower() not in ("--trust", "trust")]
        if len(names) > 1:
            raise CommandRefused(f"I do not understand {_shortened(names[1])!r}; write: {VERBS['certs'].usage}.")
        return Certificates(cluster=self.cluster(self._first("certs", names)), trust=len(names) < len(rest))

    def expiring(self, words: Sequence[str]) -> Expiring:
        """A time and a cluster, each at most once and in any order; raises CommandRefused."""
        times = [word for word in words if looks_like_duration(word) and not self._is(word, self._clusters)]
        names = [word for word in words if word not in times]
        if len(times) > 1 or len(names) > 1:
            raise CommandRefused(f"One time and one cluster are enough; write: {VERBS['expiring'].usage}.")
        cluster = self.cluster(names[0]) if names else ""
        return Expiring(days=days_in(times[0]), cluster=cluster) if times else Expiring(cluster=cluster)

    def _reasoned(self, verb: str, rest: str) -> Command:
        """A reason is free text that stands in the audit: it is kept as it was typed, but for marks around it all."""
        renewal, _, reason = self._first(verb, [rest.strip()] if rest.strip() else []).partition(" ")
        named, reason = "", reason.strip()
        if verb in NAMING:
            named, _, reason = self._first(verb, [reason] if reason else []).partition(" ")
            reason = reason.strip()
        for opening, closing in ('""', "''", "“”"):
            if len(reason) > 1 and reason[0] == opening and reason[-1] == closing:
                reason = reason[1:-1].strip()
        return self._decision(verb, renewal.strip("\"'"), reason, named.strip("\"'"))

    def _decision(self, verb: str, renewal: str, reason: str, named: str = "") -> Command:
        match verb:
            case "skip-part":
                return SkipPart(renewal=renewal, part=named, reason=reason)
            case "done":
                return Tick(renewal=renewal, task=named, note=reason)
            case "settle":
                return Settle(renewal=renewal, reason=reason)
            case "approve":
                return Approve(renewal=renewal, reason=reason)
            case "reject":
                return Reject(renewal=renewal, reason=reason)
            case "release":
                return Release(renewal=renewal, reason=reason)
            case "retry":
                return Retry(renewal=renewal)
            case "skip":
                return Skip(renewal=renewal, reason=reason)
            case "pause":
                return Pause(renewal=renewal)
            case "resume":
                return Resume(renewal=renewal)
            case _:
                return Abandon(renewal=renewal, reason=reason)

    def _renew(self, words: Sequence[str]) -> Renew:
        options, names = self._options(words)
        if len(names) > 1 and names[0].lower() in FILLERS:
            names = names[1:]
        known = {name.lower() for name in (*self._purposes, *self._clusters)}
        if len(names) == 1 and names[0].lower() in {name.lower() for name in self._purposes}:
            raise CommandRefused(f"Name the cluster as well, such as: {names[0]} {self._example_cluster()}.")
        if len(names) == 1 and names[0].lower() in known:
            raise CommandRefused(f"Name the purpose as well, such as: {self._example_purpose()} {names[0]}.")
        if len(names) < 2:
            raise CommandRefused(self._unknown(names[0] if names else words[0]))
        if len(names) > 2:
            strange = next((name for name in names if name.lower() not in known), names[2])
            raise CommandRefused(f"I do not understand {_shortened(strange)!r}; write: {RENEW.usage}.")
        first, second = names
        as_written = self._is(first, self._purposes) and self._is(second, self._clusters)
        if not as_written and (self._is(first, self._clusters) or self._is(second, self._purposes)):
            first, second = second, first
        return Renew(
            purpose=self.purpose(first),
            cluster=self.cluster(second),
            authority=self.authority(options["authority"]) if options["authority"] else "",
            change_number=options["change"],
            replace_csr=bool(options["replace-csr"]),
            nodes=tuple(options["node"].split()),
            runbook=options["runbook"],
            force=options["force"],
            multi_server=bool(options["multi-server"]),
            key_length=_bits(options["key-length"]),
            hash_algorithm=_hash(options["hash"]),
            common_name=options["common-name"],
            names=tuple(options["name"].split()),
            organizational_unit=bool(options["ou"]),
        )

    def _options(self, words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
        options = dict.fromkeys(OPTIONS, "")
        names: list[str] = []
        queue = list(words)
        while queue:
            word = queue.pop(0)
            if not word.startswith("--"):
                names.append(word)
                continue
            name, _, value = word[2:].partition("=")
            if name not in options:
                nearest = nearest_names(name, options)
                raise CommandRefused(f"I do not know --{name}{_did_you_mean(['--' + found for found in nearest])}")
            if not OPTIONS[name]:
                options[name] = "yes"
                continue
            value = value or (queue.pop(0) if queue else "")
            if not value or value.startswith("--"):
                raise CommandRefused(f"--{name} needs a value ({OPTIONS[name].lower()}); nothing has changed.")
            options[name] = f"{options[name]} {value.replace(',', ' ')}".strip() if name in SEVERAL else value
        return options, names

    def purpose(self, text: str) -> str:
        return self._one(text, self._purposes, "certificate purpose")

    def cluster(self, text: str) -> str:
        return self._one(text, self._clusters, "cluster")

    def authority(self, text: str) -> str:
        return self._one(text, self._authorities, "certificate authority")

    def _unknown(self, word: str) -> str:
        nearest = nearest_names(word, [*VERBS, *self._purposes])
        return f"I do not know {_shortened(word)!r}{_did_you_mean(nearest)} Try: help."

    def _one(self, text: str, known: Sequence[str], what: str) -> str:
        for name in known:
            if name.lower() == text.lower():
                return name
        nearest = nearest_names(text, known)
        hint = _did_you_mean(nearest) if nearest else f"; known: {', '.join(known) or 'none'}."
        raise CommandRefused(f"There is no {what} {_shortened(text)!r}{hint} Nothing has changed.")

    @staticmethod
    def _is(text: str, known: Sequence[str]) -> bool:
        return any(name.lower() == text.lower() for name in known)

    @staticmethod
    def _first(verb: str, rest: Sequence[str]) -> str:
        if not rest:
            raise CommandRefused(f"Write: {VERBS[verb].usage}.")
        return rest[0]

    def _example_cluster(self) -> str:
        return self._clusters[0] if self._clusters else "<cluster>"

    def _example_purpose(self) -> str:
        return next((name for name in self._purposes if name != ALL), "<purpose>")

    def help_text(self, slash: str = "/certrenew") -> str:
        """The whole language, with an example that works here."""
        lines = [f"{slash} {RENEW.usage}", f"    {RENEW.does}"]
        options = (f"--{name} {value}".rstrip() for name, value in OPTIONS.items())
        lines += [f"    Options: {' '.join(f'[{option}]' for option in options)}"]
        lines += [line for verb in VERBS.values() for line in (f"{slash} {verb.usage}", f"    {verb.does}")]
        lines += [
            "",
            f"Example: {slash} {self._example_purpose()} {self._example_cluster()}",
            "<renewal> is the id on its card, the beginning of that, or its cluster.",
            f"Purposes: {', '.join(self._purposes) or 'none'}",
            f"Clusters: {', '.join(self._clusters) or 'none'}",
        ]
        return "\n".join(lines)


def nearest_names(text: str, known: Iterable[str]) -> list[str]:
    """Up to three of `known` that look like `text`."""
    by_lower = {name.lower(): name for name in known}
    return [by_lower[found] for found in get_close_matches(text.lower(), by_lower, n=3, cutoff=0.5)]


def _shortened(word: str) -> str:
    return word if len(word) <= 60 else word[:59] + "…"


def _did_you_mean(names: Sequence[str]) -> str:
    return f"; did you mean {' or '.join(names)}?" if names else "."


def _bits(text: str) -> int:
    """A key length; raises CommandRefused for anything that CUCM has not."""
    if not text:
        return 0
    if text not in KEY_LENGTHS:
        raise CommandRefused(f"--key-length is one of {', '.join(KEY_LENGTHS)}, not {_shortened(text)!r}.")
    return int(text)


def _hash(text: str) -> str:
    """A hash as CUCM spells it."""
    plain = text.lower().replace("-", "")
    if plain and plain not in HASHES:
        raise CommandRefused(f"--hash is one of {', '.join(HASHES)}, not {_shortened(text)!r}.")
    return plain
