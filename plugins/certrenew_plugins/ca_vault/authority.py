"""Signing requests with the PKI secrets engine of Vault or OpenBao."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography import x509

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
from certrenew_plugins.ca_vault.reading import blocks, common_name, dns_names, is_authority
from certrenew_plugins.ca_vault.settings import Settings

SERIAL = re.compile(r"^[0-9a-fA-F]{1,2}([:-]?[0-9a-fA-F]{2})*$")
MOST_LOOKED_AT = 100  # certificates of the same names, newest first
AUTHORITY = "CAPF"  # the one purpose whose certificate signs others
OWN_NOISE = (
    "the common_name field was provided but the role",  # we always send it: some roles need it
    "Max path length of the signed certificate is zero",  # asked for
    "hasn't configured any authority information access",  # harmless: the chain is uploaded, not looked up
)
WRONG_KEY_TYPE = "requires keys of type"


class VaultAuthority:
    """Issues at once or refuses; nothing is ever pending. Connects only when asked something."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection = Connection(settings)

    def check(self) -> Sequence[str]:
        return diagnose(self._settings, self._connection)

    def roots(self) -> tuple[str, ...]:
        """PEM of the configured roots; raises ConfigError when a file cannot be read."""
        found = [pem for text in self._settings.root_pems() for pem in blocks(text)]
        if self._settings.roots and not found:
            raise ConfigError("The files under roots hold no PEM certificate.")
        return tuple(dict.fromkeys(found))

    def submit(self, request: SigningRequest) -> Issued | Refused:
        """Have the request signed. The same request sent twice makes two certificates.

        CAPF's certificate becomes a subordinate authority with every usage and name of its request. The purpose
        decides that, not what a request asks for: no other request is ever made an authority.
        """
        authority = request.purpose == AUTHORITY
        path, body = self._authority_order(request) if authority else self._order(request)
        self._connection.keep_token()
        reply = self._connection.call("POST", path, body, changes=True)
        if reply.denied:
            raise AccessDenied(
                f"{self._connection.host} does not let this token sign ({reply.errors}); its policy needs: "
                f'path "{path}" {{ capabilities = ["update"] }}'
            )
        if reply.status == 400:
            hint = "; set key_type=any on the role, for RSA and ECDSA" if WRONG_KEY_TYPE in reply.errors else ""
            return Refused((reply.errors or "the authority gave no reason") + hint)
        if not reply.ok:
            raise StepFailed(
                f"{self._connection.host} has nothing at {path} "
                f"({reply.errors or f'HTTP {reply.status}'}); "
                f"check {'ca_mount' if authority else 'mount, role'} and namespace. Nothing was signed."
            )
        leaf, serial = reply.data.get("certificate"), reply.data.get("serial_number")
        if not isinstance(leaf, str) or not blocks(leaf):
            raise AnswerLost(f"{self._connection.host} answered without a certificate; it may have signed the request.")
        return self._issued(leaf, str(serial or ""), reply, self._mount(request))

    def _order(self, request: SigningRequest) -> tuple[str, dict[str, object]]:
        settings = self._settings
        body: dict[str, object] = {"csr": request.csr_pem, "format": "pem"}
        if settings.sign == "role":
            body["exclude_cn_from_sans"] = settings.exclude_cn_from_sans
            if name := common_name(request.csr_pem):
                body["common_name"] = name
        if settings.ttl:
            body["ttl"] = settings.ttl
        return settings.sign_path, body

    def _authority_order(self, request: SigningRequest) -> tuple[str, dict[str, object]]:
        """What the request says is kept; without use_csr_values only the common name would be (tried with OpenBao)."""
        settings = self._settings
        body: dict[str, object] = {"csr": request.csr_pem, "format": "pem", "use_csr_values": True}
        body["max_path_length"] = 0  # it signs for phones, never for further authorities
        if ttl := settings.ca_ttl or settings.ttl:
            body["ttl"] = ttl
        return settings.sign_authority_path, body

    def _mount(self, request: SigningRequest) -> str:
        return self._settings.mount_for_authorities if request.purpose == AUTHORITY else self._settings.mount

    def collect(self, reference: str, request: SigningRequest) -> Issued:
        """The certificate of that serial number; raises StepFailed when it is not there or for another key."""
        mount = self._mount(request)
        found = self._stored(mount, reference)
        if found is None or key_hash(found[0]) != request.key:
            raise StepFailed(f"{self._connection.host} has no certificate {reference} for this request.")
        return self._issued(found[0], reference, found[1], mount)

    def find(self, request: SigningRequest) -> Issued | None:
        """The newest valid certificate for this key with exactly the names asked for, looked up by name and by key.

        One that was revoked, has expired or carries other names is left aside: sending it again would not help.
        """
        mount, names, authority = self._mount(request), dns_names(request.csr_pem), request.purpose == AUTHORITY
        for serial in self._candidates(mount, names, common_name(request.csr_pem)):
            found = self._stored(mount, serial)
            if found is None or key_hash(found[0]) != request.key or is_authority(found[0]) is not authority:
                continue
            if dns_names(found[0]) == names and not _over(found):
                return self._issued(found[0], serial, found[1], mount)
        role = None if authority else self._settings.role
        if role and self._connection.call("GET", f"{self._settings.mount}/roles/{role}").data.get("no_store") is True:
            raise StepFailed(
                f"The role {role} does not keep what it signs (no_store=true), so whether this request was signed "
                "before "
                "cannot be told; set no_store=false."
            )
        return None

    def _candidates(self, mount: str, names: frozenset[str], common: str) -> list[str]:
        """Serial numbers of certificates with one of these names, newest first: a lost answer is among the newest."""
        details = self._listed(mount, "certs/detailed")
        if details is None:
            return self._unsorted(mount)
        known = details.get("key_info")
        if not isinstance(known, dict):
            return self._unsorted(mount)
        wanted = {name.lower() for name in names | {common} if name}
        found: list[tuple[str, str]] = []
        for serial, facts in known.items():
            carried = [facts.get("common_name"), *(facts.get("dns_names") or ())] if isinstance(facts, dict) else []
            if not wanted or wanted & {str(name).lower() for name in carried}:
                found.append((str(facts.get("not_before", "")) if isinstance(facts, dict) else "", str(serial)))
        return [serial for _, serial in sorted(found, reverse=True)[:MOST_LOOKED_AT]]

    def _unsorted(self, mount: str) -> list[str]:
        keys = (self._listed(mount, "certs") or {}).get("keys") or []
        if len(keys) > MOST_LOOKED_AT:
            raise StepFailed(
                f"{self._connection.host} lists {len(keys)} certificates without their names, too many to look "
                "through; "
                "whether this request was signed before must be looked up by hand."
            )
        return [str(serial) for serial in keys]

    def _listed(self, mount: str, name: str) -> Mapping[str, Any] | None:
        """What a list says; None when there is no such list or nothing in it. Raises StepFailed if it is forbidden."""
        path = f"{mount}/{name}"
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
            setting = "mount" if mount == self._settings.mount else "ca_mount"
            raise StepFailed(f"{self._connection.host} has no secrets engine at {mount}; check {setting}.")
        return None

    def _stored(self, mount: str, serial: str) -> tuple[str, Reply] | None:
        if not SERIAL.match(serial):
            return None
        reply = self._connection.send("GET", f"{mount}/cert/{serial}")
        pem = reply.data.get("certificate")
        return (pem, reply) if reply.ok and isinstance(pem, str) and blocks(pem) else None

    def _issued(self, leaf: str, serial: str, reply: Reply, mount: str) -> Issued:
        notes = reply.body.get("warnings")
        told = [str(line) for line in notes] if isinstance(notes, list) else []
        warnings = [plain(line) for line in told if not any(noise in line for noise in OWN_NOISE)]
        sent = reply.data.get("ca_chain")
        texts = [
            str(reply.data.get("issuing_ca") or ""),
            *(str(one) for one in (sent if isinstance(sent, list) else ())),
        ]
        try:
            chain = self._connection.send("GET", f"{mount}/cert/ca_chain").data
            texts.append(str(chain.get("ca_chain") or chain.get("certificate") or ""))
        except (Unreachable, StepFailed) as error:  # the certificate must not be lost for that
            warnings.append(f"The CA chain could not be fetched: {error}")
        pool = [pem for text in texts for pem in blocks(text)] + list(self.roots())
        leaf_pem = blocks(leaf)[0]
        others = tuple(pem for pem in dict.fromkeys(pool) if pem != leaf_pem)
        return Issued(leaf_pem, others, reference=serial, warnings=tuple(warnings))


def _over(found: tuple[str, Reply]) -> bool:
    ends = x509.load_pem_x509_certificate(found[0].encode()).not_valid_after_utc
    return bool(found[1].data.get("revocation_time")) or ends <= datetime.now(UTC)
