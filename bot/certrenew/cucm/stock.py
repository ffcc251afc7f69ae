"""Everything a node holds: from one snapshot of the certificate REST interface, or one by one on the command line."""

from certrenew.cucm.cli import CommandLine
from certrenew.cucm.rest import Contents
from certrenew.cucm.trust_stores import TrustStores
from certrenew.domain.errors import AccessDenied, StepFailed
from certrenew.domain.model import Kind, Stock, Stored

SILENT = 3  # trust certificates that are not printed, before a node that printed none is asked for no more


def from_snapshot(contents: Contents) -> Stock:
    """What a snapshot holds; a trust certificate that came without a file name has none here."""
    held = [Stored(Kind.IDENTITY, name, f"{name}.pem", text) for name, text in contents.identities.items()]
    named = {(store, text): file for (store, file), text in contents.files.items()}
    for store, texts in contents.trusts.items():
        held += [Stored(Kind.TRUST, store, named.get((store, text), ""), text) for text in texts]
    return Stock(tuple(held))


def from_command_line(commands: CommandLine, stores: TrustStores) -> Stock:
    """What two lists name and the node prints; what it does not print is a problem and loses nothing else."""
    problems: list[str] = []
    identities = _identities(commands, problems)
    return Stock((*identities, *_trusted(stores, problems)), tuple(problems))


def _identities(commands: CommandLine, problems: list[str]) -> list[Stored]:
    held: list[Stored] = []
    for purpose, file in commands.listed():
        try:
            found = commands.identity(purpose)
        except AccessDenied:
            raise
        except StepFailed as error:
            problems.append(str(error))
            continue
        if found:
            held.append(Stored(Kind.IDENTITY, purpose, file, found))
        else:
            problems.append(f"{commands.name} lists the {purpose} certificate but does not print it.")
    return held


def _trusted(stores: TrustStores, problems: list[str]) -> list[Stored]:
    listed = stores.listed()
    held: list[Stored] = []
    silent: list[str] = []
    for name, file in listed:
        if not held and len(silent) >= SILENT:  # a hundred more questions would only take the node's time
            problems.append(f"{stores.name} lists {len(listed)} trust certificates but does not print them.")
            return held
        store = name.removesuffix("-trust")
        try:
            held.append(Stored(Kind.TRUST, store, file, stores.read(store, file)))
        except AccessDenied:
            raise
        except StepFailed as error:
            silent.append(str(error))
    problems += silent
    return held
