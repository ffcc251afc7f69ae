"""Saying what is wrong with the settings, the secret, the policy or the role, without signing anything."""

from collections.abc import Iterator

from cryptography import x509

from certrenew.plugin import ConfigError, StepFailed, Unreachable
from certrenew_plugins.ca_vault.connection import Connection
from certrenew_plugins.ca_vault.reading import has_room
from certrenew_plugins.ca_vault.settings import Settings

SOON = 24 * 3600  # seconds


def diagnose(settings: Settings, connection: Connection) -> tuple[str, ...]:
    """Sentences; none when all is well. What stops the look is the last of them."""
    found: list[str] = []
    try:
        for sentence in _look(settings, connection):
            found.append(sentence)
    except (ConfigError, StepFailed, Unreachable) as error:
        found.append(str(error))
    return tuple(found)


def _look(settings: Settings, connection: Connection) -> Iterator[str]:
    if not settings.roots:
        yield "No roots are configured, so a root is trusted as the authority sends it; set roots to its PEM file."
    for number, text in enumerate(settings.root_pems()):
        try:
            x509.load_pem_x509_certificates(text.encode())
        except ValueError:
            yield f"{settings.roots[number]} is not a PEM certificate."
    connection.send("GET", "sys/health")  # sealed or down: says so
    token = connection.call("GET", "auth/token/lookup-self").data
    ttl = token.get("ttl")
    if settings.approle_role_id is None and isinstance(ttl, int) and 0 < ttl < SOON and not token.get("renewable"):
        yield f"The token for {connection.host} ends in {ttl // 60} minutes and cannot be renewed."
    mounts = [settings.mount]
    wanted = {settings.sign_path: "update"}
    if settings.ca_mount:
        mounts += [settings.ca_mount] if settings.ca_mount != settings.mount else []
        wanted[settings.sign_authority_path] = "update"
    wanted |= {f"{mount}/certs/detailed": "list" for mount in mounts}
    granted = connection.call("POST", "sys/capabilities-self", {"paths": sorted(wanted)}).data
    for path, capability in wanted.items():
        allowed = granted.get(path) or []
        if allowed and not {capability, "root", "sudo"} & set(allowed):
            yield f'The token\'s policy lacks: path "{path}" {{ capabilities = ["{capability}"] }}'
    for mount in mounts:
        chain = connection.send("GET", f"{mount}/cert/ca_chain")
        if not chain.ok:
            name = "mount" if mount == settings.mount else "ca_mount"
            yield f"{connection.host} has no CA at the mount {mount}; check {name} and namespace."
        elif mount == settings.ca_mount and not has_room(str(chain.data.get("certificate") or "")):
            yield f"The CA at {mount} has the path length 0 and so may not sign for CAPF; set ca_mount to one that may."
    yield from _role(settings, connection)


def _role(settings: Settings, connection: Connection) -> Iterator[str]:
    """Roles may be hidden from this token, which is no problem."""
    if settings.sign == "role" and not settings.exclude_cn_from_sans:
        yield "exclude_cn_from_sans is false, so the common name may be added to the names, which CUCM refuses."
    if not settings.role:
        return
    reply = connection.call("GET", f"{settings.mount}/roles/{settings.role}")
    if reply.status == 404:
        yield f"There is no role {settings.role} at {settings.mount}."
    if not reply.ok:
        return
    role = reply.data
    if role.get("no_store"):
        yield f"The role {settings.role} has no_store=true, so a lost certificate cannot be found again."
    if role.get("use_csr_sans") is False and settings.sign == "role":
        yield f"The role {settings.role} has use_csr_sans=false, so the names of the request are dropped."
    extended = {str(one).lower() for one in role.get("ext_key_usage") or ()}
    for flag, usage in (("client_flag", "clientauth"), ("server_flag", "serverauth")):
        if role.get(flag) is False and usage not in extended and settings.sign == "role":
            yield f"The role {settings.role} issues without {usage} ({flag}=false), which CUCM needs."
