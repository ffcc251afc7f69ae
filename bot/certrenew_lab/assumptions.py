"""The register of what nobody has published about Cisco's behaviour, with the choice this lab made for each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Assumption:
    """One unknown: what it is, what the lab does, and how firm the record behind it is."""

    id: str
    unknown: str
    default: str
    status: str
    knob: str = ""


REGISTER: tuple[Assumption, ...] = (
    Assumption("A-01", "CLI wording of a failing 'set cert import own'", "the GUI text, failure line", "unknown"),
    Assumption("A-02", "what ends a pasted certificate", "a blank line, Ctrl-D, or silence after END", "unknown"),
    Assumption("A-03", "output of 'set cert delete'", "one success line", "unknown"),
    Assumption("A-04", "layout of 'show web-security'", "name: value lines", "recollection"),
    Assumption("A-05", "layout of 'show itl' and line breaks of 'show ctl'", "one item per line", "inferred"),
    Assumption("A-06", "'utils system restart' dialogue", "recollected text; a trap in the journal", "recollection"),
    Assumption("A-08", "restart of an unknown service", "a not-found line and the failure line", "unknown"),
    Assumption("A-10", "full body of 'show cert own'", "known field names, PEM last", "mixed"),
    Assumption("A-11", "spaces in 'Successfully Generated CSR  for'", "leading and double space", "partial"),
    Assumption("A-12", "an authz row in 'show cert list own'", "absent", "conflict", "ssh.authz_row"),
    Assumption("A-13", "descriptions in 'show cert list trust'", "free text", "recollection"),
    Assumption("A-14", "'Primary Node =true' after the service list", "printed", "recollection"),
    Assumption("A-15", "'utils sso status' when disabled", "'SSO Status: SAML SSO Disabled'", "recollection"),
    Assumption("A-16", "'set cert regen' warning for most units", "a generic warning and yes|no", "recollection"),
    Assumption("A-18", "single-server EC common name", "<host>-EC.<domain>, EC 384", "recollection"),
    Assumption("A-19", "wording of an unreadable or expired certificate", "two error lines", "unknown"),
    Assumption("A-20", "CLI wording of the multi-SAN refusal (14SU2+)", "one error line", "unknown"),
    Assumption("A-21", "'show risdb query phone' header", "recollected columns, reg/unr/rej", "partial"),
    Assumption("A-22", "service names are case- and space-sensitive", "yes", "recollection"),
    Assumption("A-23", "plain SSH password authentication", "off", "conflict", "ssh.password_auth"),
    Assumption("A-24", "replication state text", "the published fixture", "partial"),
    Assumption("A-26", "a serverAuth-only certificate on 15SU4 or older", "accepted", "unknown", "strict_client_auth"),
    Assumption("A-27", "ports 5061, 2443, 3804, 5222 and 5269", "listening with their unit's certificate",
               "recollection"),
    Assumption("A-28", "a CLI command that resets all phones", "none", "recollection"),
    Assumption("A-30", "REST service strings other than tomcat", "the CLI unit names", "recollection"),
    Assumption("A-31", "REST distribution value for multi-server", "multi-server or "
               "multi-server(SAN), any case", "unknown"),
    Assumption("A-32", "REST success and error bodies", '{"messages": [...], "trackingId": "..."}', "unknown"),
    Assumption("A-33", "REST answer to a duplicate trust upload", "400", "inferred", "rest.duplicate_trust_status"),
    Assumption("A-34", "REST 401 header and body", 'Basic realm="CMPlatform Realm", HTML', "unknown"),
    Assumption("A-36", "REST before release 14", "404", "recollection"),
    Assumption("A-37", "csr in the snapshot when none is pending", "empty string", "recollection"),
    Assumption("A-38", "shape of GET /options", "a small JSON object; /snapshot/options is 404", "unknown"),
    Assumption("A-39", "GET identity/certificate", "a single object", "unknown"),
    Assumption("A-40", "resetEnterpriseParameters", "resets all devices, touches no value", "sloppy annotation"),
    Assumption("A-41", "Control Center asked to restart Cisco Tomcat", "refused with reason -1045", "unknown"),
    Assumption("A-42", "Control Center asked to restart HAProxy", "allowed; cuts the connection", "unknown"),
    Assumption("A-43", "RIS cap per answer", "1000", "conflict", "soap.ris_cap"),
    Assumption("A-44", "tail of the RIS rate fault", "by analogy with PerfMon's", "mock"),
    Assumption("A-45", "selectCmDeviceExt entries per device", "one, the latest", "partial"),
    Assumption("A-46", "StartTime format", "C style", "recollection"),
    Assumption("A-47", "PerfMon limit", "80 a minute", "recorded", "soap.perfmon_per_minute"),
    Assumption("A-49", "401 body of the real-time services", "Tomcat HTML", "mock"),
    Assumption("A-50", "lockout of application users", "as for platform accounts", "recollection"),
    Assumption("A-51", "8443 after a restart of Cisco Tomcat alone", "serves the new certificate", "recollection",
               "https_needs_axl_tomcat"),
    Assumption("A-52", "name of 'Phone Interaction on Certificate Update'", "PhoneInteractionOnCertUpdate", "unknown"),
    Assumption("A-53", "how phones come back after a reset", "a linear ramp", "choice", "phone.*"),
    Assumption("A-54", "RIS and Control Center bodies", "shapes of the 12.5 interface description", "shape"),
    Assumption("A-55", "bad SQL", "-201 / A syntax error has occurred.", "recollection"),
    Assumption("A-60", "which restart refreshes port 6972", "Cisco Tftp or Cisco HAProxy, either", "conflict"),
    Assumption("A-61", "what a phone must verify after a reset", "the TFTP signer: its list or a known TVS", "conflict",
               "phone.trust_rule"),
    Assumption("A-62", "PerfMon while CallManager is down", "an answer without counters", "choice"),
    Assumption("A-63", "trust uploads reach the other nodes", "no, per node", "choice", "trust_replicates"),
    Assumption("A-64", "a chain sent with an identity upload enters the trust store", "no", "conflict",
               "rest.identity_upload_stores_chain"),
    Assumption("A-65", "order of the upload checks", "readable, limits, dates, CSR, key, SAN, chain", "choice"),
    Assumption("A-66", "columns of the certificate inventory query", "unit or store name; this-server, multi-server or "
               "trust; PEM", "unknown"),
    Assumption("A-67", "port behind which the cup certificate is served", "5062, Cisco SIP Proxy", "recollection"),
    Assumption("A-68", "how a multi-server certificate reaches its nodes", "with its chain, a few seconds after the "
               "upload, while Cisco Certificate Change Notification runs there", "inferred", "distribution_seconds"),
    Assumption("A-69", "ECDSA on ports other than 8443", "by cipher, RSA preferred, TLS 1.2 at most", "recollection",
               "ecdsa_on_services"),
    Assumption("A-70", "where a multi-server request may be made", "CUCM publisher; IM and Presence publisher for the "
               "XMPP units; refused elsewhere", "inferred"),
    Assumption("A-71", "XCP restarts while high availability is on", "come back", "partial",
               "presence_restarts_stay_down"),
    Assumption("A-72", "how CUCM lists IM and Presence nodes", "usage Subscriber; `cups` in 'show network cluster'",
               "recollection"),
    Assumption("A-73", "REST refusals of odd request fields", "400 and one message per request", "unknown"),
    Assumption("A-74", "when the other IM and Presence nodes have the publisher's tomcat-trust and cup-xmpp-trust",
               "after a restart of Cisco Intercluster Sync Agent there", "partial"),
    Assumption("A-80", "whether TVS vouches for a regenerated ITLRecovery", "no: only the localkey reset saves phones",
               "inferred", "phone.tvs_vouches_for_recovery"),
    Assumption("A-81", "when CallManager believes an LSC of the CAPF before", "while the old CAPF is in CAPF-trust and "
               "the root of the new one in CallManager-trust of the publisher", "inferred", "phone.lsc_share"),
    Assumption("A-82", "scope of 'set cert delete'", "this node", "conflict", "trust_deletes"),
    Assumption("A-83", "wording of 'set cert regen ITLRecovery' on a subscriber", "refused with one line", "unknown"),
    Assumption("A-84", "wording of what an upgrade forbids", "one error line", "unknown"),
    Assumption("A-85", "transcript of 'utils ctl reset localkey'", "that of the ITL with CTL in it", "inferred"),
    Assumption("A-86", "how 'show itl' says that a file is damaged", "Verification of the ITL file failed.",
               "recollection"),
    Assumption("A-87", "the browser path that 'utils sso enable' names", "System > SAML Single Sign-On",
               "recollection"),
    Assumption("A-88", "answers of 'utils disaster_recovery backup'", "one line, then the status command tells",
               "recollection", "backup_seconds"),
)  # fmt: skip


def find(identifier: str) -> Assumption:
    """The row with this id; KeyError when the lab does not rely on it."""
    for row in REGISTER:
        if row.id == identifier:
            return row
    raise KeyError(identifier)


def as_text() -> str:
    """The register as lines a person can read, one assumption each."""
    rows = (
        f"{row.id}  {row.unknown}: {row.default} [{row.status}]" + (f" (knob: {row.knob})" if row.knob else "")
        for row in REGISTER
    )
    return "\n".join(rows) + "\n"
