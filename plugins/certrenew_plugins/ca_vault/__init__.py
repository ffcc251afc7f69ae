"""HashiCorp Vault and OpenBao as a certificate authority: the PKI secrets engine over HTTPS."""

from certrenew.plugin import AuthorityType, hookimpl
from certrenew_plugins.ca_vault.authority import VaultAuthority
from certrenew_plugins.ca_vault.settings import Settings

BY_ROLE = """\
type = "vault"
url = "https://vault.example.com:8200"
mount = "pki_int"
role = "cucm"
ttl = "397d"
ca_mount = "pki_int"
approle_role_id = "certrenew"
approle_secret_id_file = "/run/secrets/vault-secret-id"
ca_bundle = "/etc/certrenew/vault-tls-ca.pem"
roots = ["/etc/certrenew/enterprise-root.pem"]
"""
VERBATIM = """\
type = "vault"
url = "https://openbao.example.com:8200"
mount = "pki_int"
sign = "verbatim"
token_env = "CERTRENEW_VAULT_TOKEN"
roots = ["/etc/certrenew/enterprise-root.pem"]
"""


@hookimpl
def register_authorities() -> list[AuthorityType[Settings]]:
    return [
        AuthorityType(
            name="vault",
            title="HashiCorp Vault or OpenBao",
            settings=Settings,
            open=VaultAuthority,
            examples=(BY_ROLE, VERBATIM),
        )
    ]
