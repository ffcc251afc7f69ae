"""The trust stores of one node on its command line: what they list, what they hold, and removing an entry."""

import re

from certrenew.cucm import parse, pem
from certrenew.cucm.console import Console, unit
from certrenew.domain.errors import StepFailed, Unreadable


class TrustStores(Console):
    """`store` is spelt without its ending, as a purpose is."""

    def files(self, store: str) -> tuple[str, ...]:
        """The file names in `<store>-trust`, in the order of the list."""
        wanted = f"{unit(store)}-trust".lower()
        return tuple(file for name, file in self.listed() if name.lower() == wanted)

    def listed(self) -> tuple[tuple[str, str], ...]:
        """Every (store with its ending, file); raises when the node refuses the list, so that silence is no absence."""
        return parse.listed(self._told("list its trusted certificates", "show cert list trust"))

    def held(self, store: str) -> tuple[str, ...]:
        """PEM of every certificate of the store; raises Unreadable if one that is listed is not printed."""
        return tuple(self.read(store, file) for file in self.files(store))

    def read(self, store: str, file: str) -> str:
        """PEM of one entry; raises Unreadable when it is not printed."""
        name = f"{unit(store)}-trust"
        for command in (f"show cert trust {name}/{file}", f"show cert trust {file}", f"show cert own {name}/{file}"):
            found = pem.certificate(self._shell.run(command))
            if found:
                return found
        raise Unreadable(
            f"{self.name} lists {file!r} in {name} but does not print it, so it is not known what that store holds."
            " Nothing was changed; look at the store on the web page."
        )

    def delete(self, store: str, file: str) -> None:
        """`set cert delete`; what counts is that the file is not listed afterwards. Nothing is sent when it is not."""
        name = f"{unit(store)}-trust"
        if file not in self.files(store):
            return
        said = self._changed(f"set cert delete {name} {file}")
        if file in self.files(store):
            raise self._failed(f"delete {file!r} from {name}", said, "It is still listed there.")


def removable(store: str, file: str, protected: frozenset[str]) -> None:
    """Raise StepFailed, before anything is sent, for an entry that must stay or a name that no command may carry.

    `protected` are the names of the cluster's nodes: the disaster recovery system stops working without their own
    certificates in ipsec-trust.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", store) or store.lower().endswith("-trust"):
        raise StepFailed(f"{store!r} is not the name of a trust store without its ending; nothing was sent.")
    if not file.isprintable() or not re.fullmatch(r"[^\s/\\*?;|&$<>\"'`!-][^\s/\\*?;|&$<>\"'`!]*\.(?:pem|der)", file):
        raise StepFailed(
            f"{file!r} is not a file name that can stand in a command, so nothing was sent; delete that entry of"
            f" {store}-trust on the web page."
        )
    stem = file.lower().rpartition(".")[0]
    own = sorted(name for name in protected if stem == name.lower() or stem.startswith(f"{name.lower()}_"))
    if store.lower() == "ipsec" and own:
        raise StepFailed(
            f"ipsec-trust/{file} is the certificate of the node {own[0]}; without it backup and restore stop working."
            " Nothing was sent, and it must stay."
        )
