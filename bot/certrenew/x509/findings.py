"""What an examination of a signed certificate finds, one sentence for each finding."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` is stable and for programs, `stops` says whether the certificate must not be uploaded."""

    code: str
    stops: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Examination:
    """`chain` is PEM from the leaf to the root when it is complete and trusted, otherwise empty."""

    findings: tuple[Finding, ...]
    chain: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return bool(self.chain) and not any(finding.stops for finding in self.findings)


def stop(code: str, sentence: str) -> Finding:
    return Finding(code, stops=True, sentence=sentence)


def warn(code: str, sentence: str) -> Finding:
    return Finding(code, stops=False, sentence=sentence)
