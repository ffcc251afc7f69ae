"""Signing requests with the PKI secrets engine of Vault or OpenBao."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from certrenew.plugin import (
    AccessDenied,
    AnswerLost,
    ConfigError,
    Issued,
    Refused,
    SigningRequest,
    StepFailed,
    Unreachable,
    key_hash,
)
from certrenew_plugins.ca_vault.connection import Connection, Reply, plain
from certrenew_plugins.ca_vault.diagnosis import diagnose
from certrenew_plugins.ca_vault.settings import Settings

SERIAL = re.compile(r"^[0-9a-fA-F]{1,2}([:-]?[0-9a-fA-F]{2})*$")
MOST_LOOKED_AT = 100  # certificates of the same names, newest first
OWN_NOISE = "the common_name field was provided but the role"  # we always send it: some roles need it


class VaultAuthority:
    """Issues at once or refuses; nothing is ever pending. Connects only when asked something."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection = Connection(settings)

    def check(self) -> Sequence[str]:
        return diagnose(self._settings, self._connection)

    def roots(self) -> tuple[str, ...]:
        """PEM of the configured roots; raises ConfigError when a file cannot be read."""
        found = [pem for text in self._settings.root_pems() for pem in _blocks(text)]
        if self._settings.roots and not found:
            raise ConfigError("The files under roots hold no PEM certificate.")
        return tuple(dict.fromkeys(found))

    def submit(self, request: SigningRequest) -> Issued | Refused:
        """Have the request signed. The same request sent twice makes two certificates."""
        settings = self._settings
        body: dict[str, object] = {"csr": request.csr_pem, "format": "pem"}
        if settings.sign == "role":
            body["exclude_cn_from_sans"] = settings.exclude_cn_from_sans
            if name := _common_name(request.csr_pem):
                body["common_name"] = name
        if settings.ttl:
            body["ttl"] = settings.ttl
        self._connection.keep_token()
        reply = self._connection.call("POST", settings.sign_path, body, changes=True)
        if reply.denied:
            raise AccessDenied(
                f"{self._connection.host} does not let this token sign ({reply.errors}); its policy needs: "
                f'path "{settings.sign_path}" {{ capabilities = ["update"] }}'
            )
        if reply.status == 400:
            return Refused(reply.errors or "the authority gave no reason")
        if not reply.ok:
            raise StepFailed(
                f"{self._connection.host} has nothing at {settings.sign_path} "
                f"({reply.errors or f'HTTP {reply.status}'}); "
                "check mount, role and namespace. Nothing was signed."
            )
        leaf, serial = reply.data.get("certificate"), reply.data.get("serial_number")
        if not isinstance(leaf, str) or not _blocks(leaf):
            raise AnswerLost(f"{self._connection.host} answered without a certificate; it may have signed the request.")
        return self._issued(leaf, str(serial or ""), reply)

    def collect(self, reference: str, request: SigningRequest) -> Issued:
        """The certificate of that serial number; raises StepFailed when it is not there or for another key."""
        found = self._stored(reference)
        if found is None or key_hash(found[0]) != request.key:
            raise StepFailed(f"{self._connection.host} has no certificate {reference} for this request.")
        return self._issued(found[0], reference, found[1])

    def find(self, request: SigningRequest) -> Issued | None:
        """The newest valid certificate for this key with exactly the names asked for, looked up by name and by key.

        One that was revoked, has expired or carries other names is left aside: sending it again would not help.
        """
        names = _dns_names(request.csr_pem)
        common_name = _common_name(request.csr_pem)
        for serial in self._candidates(names, common_name):
            found = self._stored(serial)
            if found is None or key_hash(found[0]) != request.key:
                continue
            if _dns_names(found[0]) == names and not _over(found):
                return self._issued(found[0], serial, found[1])
        role = self._settings.role
        if role and self._connection.call("GET", f"{self._settings.mount}/roles/{role}").data.get("no_store") is True:
            raise StepFailed(
                f"The role {role} does not keep what it signs (no_store=true), so whether this request was signed "
                "before "
                "cannot be told; set no_store=false."
            )
        return None

    def _candidates(self, names: frozenset[str], common_name: str) -> list[str]:
        """Serial numbers of certificates with one of these names, newest first: a lost answer is among the newest."""
        details = self._listed(f"{self._settings.mount}/certs/detailed")
        if details is None:
            return self._unsorted()
        known = details.get("key_info")
        if not isinstance(known, dict):
            return self._unsorted()
        wanted = {name.lower() for name in names | {common_name} if name}
        found: list[tuple[str, str]] = []
        for serial, facts in known.items():
            carried = [facts.get("common_name"), *(facts.get("dns_names") or ())] if isinstance(facts, dict) else []
            if not wanted or wanted & {str(name).lower() for name in carried}:
                found.append((str(facts.get("not_before", "")) if isinstance(facts, dict) else "", str(serial)))
        return [serial for _, serial in sorted(found, reverse=True)[:MOST_LOOKED_AT]]

    def _unsorted(self) -> list[str]:
        keys = (self._listed(f"{self._settings.mount}/certs") or {}).get("keys") or []
        if len(keys) > MOST_LOOKED_AT:
            raise StepFailed(
                f"{self._connection.host} lists {len(keys)} certificates without their names, too many to look "
                "through; "
                "whether this request was signed before must be looked up by hand."
            )
        return [str(serial) for serial in keys]

    def _listed(self, path: str) -> Mapping[str, Any] | None:
        """What a list says; None when there is no such list or nothing in it. Raises StepFailed if it is forbidden."""
        reply = self._connection.call("GET", f"{path}?list=true")
        if reply.denied:
            raise StepFailed(
                f"{self._connection.host} does not let this token list certificates, so whether this request was "
                "signed "
                f'before cannot be told; add to its policy: path "{path}" {{ capabilities = ["list"] }}'
            )
        if reply.ok:
            return reply.data
        if "no handler" in reply.errors:
            raise StepFailed(f"{self._connection.host} has no secrets engine at {self._settings.mount}; check mount.")
        return None

    def _stored(self, serial: str) -> tuple[str, Reply] | None:
        if not SERIAL.match(serial):
            return None
        reply = self._connection.send("GET", f"{self._settings.mount}/cert/{serial}")
        pem = reply.data.get("certificate")
        return (pem, reply) if reply.ok and isinstance(pem, str) and _blocks(pem) else None

    def _issued(self, leaf: str, serial: str, reply: Reply) -> Issued:
        notes = reply.body.get("warnings")
        warnings = [plain(str(line)) for line in notes if OWN_NOISE not in str(line)] if isinstance(notes, list) else []
        sent = reply.data.get("ca_chain")
        texts = [
            str(reply.data.get("issuing_ca") or ""),
            *(str(one) for one in (sent if isinstance(sent, list) else ())),
        ]
        try:
            chain = self._connection.send("GET", f"{self._settings.mount}/cert/ca_chain").data
            texts.append(str(chain.get("ca_chain") or chain.get("certificate") or ""))
        except (Unreachable, StepFailed) as error:  # the certificate must not be lost for that
            warnings.append(f"The CA chain could not be fetched: {error}")
        pool = [pem for text in texts for pem in _blocks(text)] + list(self.roots())
        leaf_pem = _blocks(leaf)[0]
        others = tuple(pem for pem in dict.fromkeys(pool) if pem != leaf_pem)
        return Issued(leaf_pem, others, reference=serial, warnings=tuple(warnings))


def _blocks(text: str) -> list[str]:
    try:
        found = x509.load_pem_x509_certificates(text.encode())
    except (ValueError, TypeError):
        return []
    return [one.public_bytes(Encoding.PEM).decode() for one in found]


def _over(found: tuple[str, Reply]) -> bool:
    ends = x509.load_pem_x509_certificate(found[0].encode()).not_valid_after_utc
    return bool(found[1].data.get("revocation_time")) or ends <= datetime.now(UTC)


def _loaded(pem: str) -> x509.Certificate | x509.CertificateSigningRequest:
    if "CERTIFICATE REQUEST-----" in pem:
        return x509.load_pem_x509_csr(pem.encode())
    return x509.load_pem_x509_certificate(pem.encode())


def _common_name(pem: str) -> str:
    try:
        found = _loaded(pem).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except ValueError:
        return ""
    return next((str(attribute.value) for attribute in found), "")


def _dns_names(pem: str) -> frozenset[str]:
    try:
        names = _loaded(pem).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return frozenset()
    return frozenset(name.lower() for name in names.get_values_for_type(x509.DNSName))
