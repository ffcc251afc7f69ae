"""Judging what a signed certificate may be used for, and for how long."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from certrenew.domain.model import Usages
from certrenew.x509.findings import Finding, stop, warn
from certrenew.x509.reading import fingerprint, serial, shown_name

USAGE_NAMES = {
    "1.3.6.1.5.5.7.3.1": "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.5": "ipsecEndSystem",
    "2.5.29.37.0": "anyExtendedKeyUsage",
}
KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)
MAY_BE_CRITICAL = (ExtensionOID.KEY_USAGE, ExtensionOID.BASIC_CONSTRAINTS)  # others broke UCCX towards CUCM (Cisco)
ADVICE = {
    "clientAuth": " Public authorities stop issuing clientAuth (Chrome requires it from 15 March 2027, many stopped in "
    "2026; Cisco FN74345): use a private authority, or a profile that keeps it (Vault and OpenBao role: "
    "client_flag=true or ext_key_usage=ClientAuth).",
    "serverAuth": " Change the authority's profile (Vault and OpenBao role: server_flag=true or "
    "ext_key_usage=ServerAuth).",
    "ipsecEndSystem": " Change the authority's profile (Vault and OpenBao role: ext_key_usage_oids=1.3.6.1.5.5.7.3.5).",
    "dataEncipherment": " Cisco requires that the authority does not remove it (Vault and OpenBao role: add "
    "DataEncipherment to key_usage; AD CS: allow encryption of user data in the template).",
    "keyCertSign": " This certificate signs others: issue it from a subordinate CA template (Vault and OpenBao: "
    "root/sign-intermediate with use_csr_values=true).",
}


def judge_usages(csr: x509.CertificateSigningRequest, leaf: x509.Certificate, usages: Usages) -> Iterator[Finding]:
    """The purpose's table is the must; what the request asked beyond it is a warning when it is gone."""
    key, extended = key_usages(leaf), extended_usages(leaf)
    yield from _missing("key-usage", "key usage", usages.key, key, _camel)
    yield from _missing("extended-key-usage", "extended key usage", usages.extended, extended, usage_name)
    dropped = [_camel(name) for name in sorted((key_usages(csr) or frozenset()) - (key or frozenset()) - usages.key)]
    dropped += [
        usage_name(oid)
        for oid in sorted((extended_usages(csr) or frozenset()) - (extended or frozenset()) - usages.extended)
    ]
    if dropped:
        yield warn(
            "usage-dropped",
            f"The authority dropped {', '.join(dropped)}, which the request asks for but Cisco does not.",
        )


def judge_constraints(leaf: x509.Certificate, usages: Usages) -> Iterator[Finding]:
    if usages.certificate_authority and not is_authority(leaf):
        yield stop(
            "not-an-authority",
            "The certificate is not a CA certificate, but this purpose signs certificates for phones: issue it from a "
            "subordinate CA template (Vault and OpenBao: root/sign-intermediate with use_csr_values=true).",
        )
    if is_authority(leaf) and not usages.certificate_authority:
        yield stop(
            "is-an-authority",
            "The certificate is a CA certificate (basic constraints CA:TRUE) and could sign others, which a "
            "server's must "
            "not; have it signed with a server template.",
        )
    if is_authority(leaf) and usages.certificate_authority and path_length(leaf) != 0:
        yield warn(
            "path-length-open",
            "The certificate may make further authorities, not only sign for phones; a path length of 0 prevents that "
            "(Vault and OpenBao: max_path_length=0).",
        )
    odd = [found.oid for found in leaf.extensions if found.critical and found.oid not in MAY_BE_CRITICAL]
    if odd:
        yield warn(
            "extra-critical",
            f"{', '.join(_extension_name(oid) for oid in odd)} is marked critical; between CUCM and Unified CCX "
            "only key "
            "usage and basic constraints may be.",
        )


def judge_validity(
    leaf: x509.Certificate,
    *,
    now: datetime,
    skew: timedelta,
    minimum_lifetime: timedelta,
    replaced: x509.Certificate | None,
) -> Iterator[Finding]:
    starts, ends = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if ends <= now:
        yield stop("expired", f"The certificate expired on {_day(ends)}; CUCM would refuse it.")
    elif ends - now < minimum_lifetime:
        yield stop(
            "too-short",
            f"The certificate ends on {_day(ends)}, sooner than the {_span(minimum_lifetime)} that a renewal must "
            "last; "
            "raise the authority's lifetime (Vault and OpenBao: ttl, capped by the role's max_ttl).",
        )
    if starts > now + skew:
        yield stop(
            "not-yet-valid",
            f"The certificate is valid only from {_day(starts)}, and it is {_day(now)} here; compare the "
            "authority's clock "
            "with the node's.",
        )
    elif starts > now:
        yield warn(
            "starts-soon",
            f"The certificate is valid only from {_day(starts)}; a node whose clock is behind refuses it.",
        )
    if replaced is None:
        return
    if fingerprint(replaced) == fingerprint(leaf):
        yield warn("same-certificate", "This very certificate is installed already; uploading it again renews nothing.")
        return
    if (replaced.issuer, serial(replaced)) == (leaf.issuer, serial(leaf)):
        yield warn(
            "same-serial",
            f"It has the serial number of the installed certificate ({serial(leaf)}) but differs from it.",
        )
    if ends <= replaced.not_valid_after_utc:
        yield warn(
            "ends-earlier",
            f"The certificate ends on {_day(ends)}, no later than the one it replaces "
            f"({_day(replaced.not_valid_after_utc)}).",
        )


def judge_against_issuers(chain: tuple[x509.Certificate, ...], now: datetime, minimum: timedelta) -> Iterator[Finding]:
    """A certificate is good only as long as every certificate above it."""
    leaf = chain[0]
    first = min(chain[1:], key=lambda found: found.not_valid_after_utc, default=leaf)
    if first.not_valid_after_utc < leaf.not_valid_after_utc:
        ends = first.not_valid_after_utc
        sentence = (
            f"The certificate ends on {_day(leaf.not_valid_after_utc)}, but {shown_name(first.subject)} above it ends "
            f"already on {_day(ends)}, and with it this certificate; renew that CA certificate."
        )
        yield stop("outlives-issuer", sentence) if ends - now < minimum else warn("outlives-issuer", sentence)


def judge_room(chain: tuple[x509.Certificate, ...], usages: Usages) -> Iterator[Finding]:
    """Whether a certificate that signs others has room below its issuers for what it signs.

    The chain check does not tell: the last certificate of a chain counts against no path length, and what it signs
    later is one step further down.
    """
    if not usages.certificate_authority:
        return
    for authorities, issuer in enumerate(chain[1:], start=1):
        room = path_length(issuer)
        if room is not None and room < authorities:
            yield stop(
                "issuer-without-room",
                f"{shown_name(issuer.subject)} has the path length {room} and so leaves no room for an authority "
                f"{authorities} below it: what the certificate signs for phones would not be trusted. Have it signed "
                "by a CA whose path length allows that.",
            )


def key_usages(found: x509.Certificate | x509.CertificateSigningRequest) -> frozenset[str] | None:
    """Attribute names of the key usages that are set; None without the extension."""
    try:
        usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None
    return frozenset(name for name in KEY_USAGES if getattr(usage, name))


def extended_usages(found: x509.Certificate | x509.CertificateSigningRequest) -> frozenset[str] | None:
    """Dotted OIDs of the extended key usages; None without the extension."""
    try:
        usage = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return None
    return frozenset(oid.dotted_string for oid in usage)


def is_authority(found: x509.Certificate) -> bool:
    try:
        return found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def path_length(found: x509.Certificate) -> int | None:
    """How many authorities may follow below a CA certificate; None for any number."""
    try:
        return found.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length
    except x509.ExtensionNotFound:
        return None


def usage_name(oid: str) -> str:
    return USAGE_NAMES.get(oid, oid)


def _missing(
    code: str, what: str, musts: frozenset[str], given: frozenset[str] | None, name: object
) -> Iterator[Finding]:
    spell = name if callable(name) else str
    absent = sorted(str(spell(must)) for must in musts - (given or frozenset()))
    if not absent:
        return
    advice = "".join(ADVICE.get(found, "") for found in absent)
    if given is None:
        yield stop(
            f"{code}-absent", f"The certificate has no {what} at all, but CUCM needs {', '.join(absent)} in it.{advice}"
        )
        return
    for found in absent:
        yield stop(
            f"{code}-missing", f"The certificate's {what} lacks {found}, which CUCM needs.{ADVICE.get(found, '')}"
        )


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _extension_name(oid: x509.ObjectIdentifier) -> str:
    return {
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME: "subjectAltName",
        ExtensionOID.EXTENDED_KEY_USAGE: "extendedKeyUsage",
    }.get(oid, oid.dotted_string)


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _span(length: timedelta) -> str:
    hours = length.total_seconds() / 3600
    return f"{hours / 24:.0f} days" if hours > 48 else f"{hours:.0f} hours"
