"""The CTL and ITL files of one node on its command line: what they hold, whether they verify, and signing them anew."""

import re

from certrenew.cucm import parse
from certrenew.cucm.console import Console
from certrenew.domain.errors import StepFailed

_NO_ITL = re.compile(r"itl\s+file\s+not\s+found|length\s+of\s+itl\s+file\s*:\s*0\s*$", re.MULTILINE)
_VERIFIED = re.compile(r"verified\s+success|successfully\s+verified|verification\b[^\n]{0,40}\bsuccess|is\s+valid")
_NOT_VERIFIED = re.compile(
    r"not\s+(?:be\s+|been\s+)?(?:successfully\s+)?verified|verif\w*[^\n]{0,40}(?:fail|unsuccess|error)"
    r"|(?:fail|unable|error)[^\n]{0,40}verif|is\s+(?:not\s+valid|invalid)|verified\s+unsuccess"
    r"|error\s+parsing"
)


class TrustLists(Console):
    """Serial numbers are lower-case hexadecimal without leading zeros."""

    def ctl_serials(self) -> frozenset[str]:
        output = self._shell.run("show ctl")
        if parse.ctl_missing(output):
            return frozenset()
        found = parse.ctl_serials(output)
        if not found:
            raise StepFailed(
                f"{self.name} printed no serial numbers in its CTL file; it said: {parse.words(output)!r}."
            )
        return found

    def itl_serials(self) -> frozenset[str]:
        """Of every record and of the signer; raises StepFailed when the node has no ITL file or does not show it."""
        output = self._told("show its ITL file", "show itl")
        found = parse.serials(output)
        if not found:
            raise StepFailed(
                f"{self.name} printed no serial numbers in its ITL file; it said: {parse.words(output)!r}. Nothing was "
                "changed; check that it runs Cisco Tftp."
            )
        return found

    def signer(self, kind: str) -> str:
        """The serial number in the header of the file; empty for a file that is absent or has no readable header."""
        return parse.signer(self._shell.run(f"show {kind.lower()}"))

    def problems(self) -> tuple[str, ...]:
        """Sentences when a trust list does not verify. A CTL file that does not exist is none."""
        found = self._judged("ITL", self._shell.run("show itl"))
        ctl = self._shell.run("show ctl")
        if not parse.ctl_missing(ctl):
            found += self._judged("CTL", ctl)
        return found

    def _judged(self, kind: str, output: str) -> tuple[str, ...]:
        said = output.lower()
        if kind == "ITL" and _NO_ITL.search(said):
            return (
                f"{self.name} has no ITL file, so phones cannot check what it signs; check that it runs Cisco Tftp.",
            )
        if _NOT_VERIFIED.search(said):
            return (f"The {kind} file of {self.name} does not verify; it said: {_verdict(output)!r}.",)
        if not _VERIFIED.search(said):
            return (
                f"{self.name} does not say whether its {kind} file verifies; it said: "
                f"{_verdict(output) or 'nothing'!r}.",
            )
        return ()

    def ctl_problems(self) -> tuple[str, ...]:
        problems: list[str] = []
        if parse.ctl_missing(self._shell.run("show ctl")):
            problems.append(f"{self.name} has no CTL file although the cluster is in mixed mode.")
        if parse.export_controlled(self._shell.run("show license status")) is False:
            problems.append(
                f"Smart licensing does not allow export-controlled functionality on {self.name}, so"
                " `utils ctl update CTLFile` will be refused; register the cluster with it allowed."
            )
        return tuple(problems)

    def update_ctl(self) -> None:
        said = self._changed("utils ctl update CTLFile")
        if parse.FAILED.search(said) or not re.search(
            r"CTL\s*file\s+(?:was\s+|is\s+)?(?:successfully\s+)?updated", said, re.IGNORECASE
        ):
            raise self._failed("update the CTL file", said, "The phones still have the old CTL file.")

    def reset_key(self, kind: str) -> None:
        """`utils itl|ctl reset localkey`: the file is signed with the CallManager key and sent to every TFTP server."""
        said = self._changed(f"utils {kind.lower()} reset localkey", self._timeouts.restart)
        bad = re.search(r"(?:fail(?:ed|ure)?|unable|could\s+not|error)\b[^\n]*", said, re.IGNORECASE)
        good = re.search(
            rf"reset\s+{kind}\s+file\s+(?:was|is|has\s+been)\s+(?:successfully\s+)?generated"
            rf"|transferred\s+(?:the\s+)?(?:new\s+)?reset\s+{kind}"
            rf"|{kind}\s*file\s+(?:was\s+|is\s+|has\s+been\s+)?(?:successfully\s+)?(?:reset|updated)"
            rf"|success\w*\s+(?:completed\s+)?(?:the\s+)?reset|operation\s+successful|command\s+successful",
            said,
            re.IGNORECASE,
        )
        if parse.FAILED.search(said) or bad or not good:
            raise self._failed(
                f"sign the {kind} file with the CallManager key",
                said,
                f"Some TFTP servers may hold the new {kind} file already: look at `show {kind.lower()}` on each.",
            )


def _verdict(output: str) -> str:
    """The line on the verification, else the last lines: the file itself is far too long for a sentence."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    about = [line for line in lines if "verif" in line.lower() or "error" in line.lower()]
    return parse.words(" ".join(about or lines[-2:]))
