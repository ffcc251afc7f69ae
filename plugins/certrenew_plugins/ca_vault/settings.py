"""The settings of a Vault or OpenBao authority, and the files and variables that its secrets come from."""

import ipaddress
import os
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, field_validator, model_validator

from certrenew.plugin import ConfigError

SEGMENT = r"^[A-Za-z0-9_.-]+$"
MOUNT = r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$"

TTL = r"^[1-9][0-9]*[smhd]$"


class Settings(BaseModel, extra="forbid", frozen=True):
    """One mount of the PKI secrets engine. Secrets are never here: only the file or variable that holds them."""

    url: str = Field(description="address of the server, such as https://vault.example.com:8200")
    mount: str = Field(pattern=MOUNT, description="path of the PKI secrets engine that signs, such as pki_int")
    role: str | None = Field(default=None, pattern=SEGMENT, description="role to sign with")
    sign: Literal["role", "verbatim"] = Field(default="role", description="sign by the role, or as the request says")
    ttl: str | None = Field(default=None, pattern=TTL, description="lifetime asked for, such as 397d")
    ca_mount: str | None = Field(
        default=None,
        pattern=MOUNT,
        description="mount whose root/sign-intermediate signs for CAPF, which is an authority itself; without it "
        "mount does. Set it, to the same mount if you like, when CAPF is renewed: its policy is then checked too",
    )
    ca_ttl: str | None = Field(default=None, pattern=TTL, description="lifetime asked for CAPF; without it ttl")
    namespace: str | None = Field(default=None, pattern=MOUNT + "?", description="namespace, where there are any")
    exclude_cn_from_sans: bool = Field(
        default=True, description="without it the common name is added, which CUCM refuses"
    )

    token_file: Path | None = Field(default=None, description="file that holds a token")
    token_env: str | None = Field(default=None, description="environment variable that holds a token")
    approle_mount: str = Field(default="approle", pattern=MOUNT, description="path of the AppRole login")
    approle_role_id: str | None = Field(
        default=None, repr=False, description="role id to log in with, not the secret id"
    )
    approle_secret_id_file: Path | None = Field(default=None, description="file that holds the secret id")
    approle_secret_id_env: str | None = Field(default=None, description="environment variable that holds the secret id")

    ca_bundle: Path | None = Field(
        default=None, description="PEM of the authorities that the server's TLS is trusted by"
    )
    client_certificate: Path | None = Field(default=None, description="PEM file, for servers that ask for one")
    client_key: Path | None = Field(default=None, description="PEM file of the client certificate's key")
    roots: tuple[Path, ...] = Field(default=(), description="PEM files of the roots that certificates must chain to")
    timeout: float = Field(default=30, gt=0, le=600, description="seconds that one request may take")

    @field_validator("url")
    @classmethod
    def _safe(cls, url: str) -> str:
        parts = urlsplit(url)
        if not parts.hostname or parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("must be like https://host:port, without user, password or query")
        if parts.scheme != "https" and not (parts.scheme == "http" and _loopback(parts.hostname)):
            raise ValueError("must begin with https://, because a token travels there")
        return url.rstrip("/").removesuffix("/v1")

    @model_validator(mode="after")
    def _complete(self) -> "Settings":
        if self.sign == "role" and not self.role:
            raise ValueError('role is missing: name the role to sign with, or set sign = "verbatim"')
        approle = [self.approle_secret_id_file, self.approle_secret_id_env]
        tokens = [self.token_file, self.token_env]
        if sum(source is not None for source in (*approle, *tokens)) != 1:
            raise ValueError(
                "set exactly one of token_file, token_env, approle_secret_id_file and approle_secret_id_env"
            )
        if any(approle) != bool(self.approle_role_id):
            raise ValueError("approle_role_id and a source of its secret id belong together")
        if bool(self.client_certificate) != bool(self.client_key):
            raise ValueError("client_certificate and client_key belong together")
        return self

    @property
    def sign_path(self) -> str:
        if self.sign == "role":
            return f"{self.mount}/sign/{self.role}"
        return f"{self.mount}/sign-verbatim" + (f"/{self.role}" if self.role else "")

    @property
    def mount_for_authorities(self) -> str:
        return self.ca_mount or self.mount

    @property
    def sign_authority_path(self) -> str:
        return f"{self.mount_for_authorities}/root/sign-intermediate"

    def secret(self) -> str:
        """The token or the secret id, read anew so that a rotated one is taken up; raises ConfigError."""
        if file := self.token_file or self.approle_secret_id_file:
            try:
                value, source = file.read_text(encoding="utf-8").strip(), str(file)
            except (OSError, UnicodeDecodeError):
                raise ConfigError(f"The secret for {self.url} cannot be read from {file}.") from None
        else:
            source = self.token_env or self.approle_secret_id_env or ""
            value = os.environ.get(source, "").strip()
        if not value:
            raise ConfigError(f"The secret for {self.url} is missing: {source} is empty or not set.")
        if not value.isascii() or not value.isprintable() or " " in value:
            raise ConfigError(f"The secret for {self.url} in {source} has characters that no token has.")
        return value

    def root_pems(self) -> tuple[str, ...]:
        """The text of each file of roots; raises ConfigError."""
        found: list[str] = []
        for file in self.roots:
            try:
                found.append(file.read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError):
                raise ConfigError(f"The root certificate {file} cannot be read; it must be a PEM file.") from None
        return tuple(found)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
