"""`set csr gen`, `set cert import`, and the commands around them that destroy things."""

from __future__ import annotations

import shlex

from .. import desk
from ..certificate_store import UploadRefused
from ..trust_store import TrustOutcome
from ..units import UNITS
from ..web_security import WebSecurity
from ..x509 import alternative_names, read_one
from .certificate_views import known_unit
from .registry import CommandFailed, Session, command

PASTE_PROMPT = "Paste the Certificate and Hit Enter"
# What it warns of is on record, its wording is not.
_RECOVERY_WARNING = (
    "WARNING: If the cluster uses a tokenless CTL and the CallManager certificate was regenerated, make sure that the "
    "CTL file has the updated CallManager certificate and that the endpoints have the updated CTL file"
)


@command("set csr gen", level=1)
async def generate(session: Session, arguments: str) -> None:
    """A single-server request with defaults; from 14SU1 it asks about the OU first."""
    refuse_during_upgrade(session)
    unit = known_unit(session, arguments)
    asks = session.cluster.scenario.ssh.ou_prompt
    organizational_unit = ""
    if session.cluster.release.asks_for_ou if asks is None else asks:
        answer = await session.terminal.ask("Include OU in CSR (yes|no)? ")
        if answer not in ("yes", "no"):
            raise CommandFailed("Enter valid values (yes|no)")
        organizational_unit = "Lab" if answer == "yes" else ""
    options = desk.RequestOptions(organizational_unit=organizational_unit)
    await desk.generate_request(session.cluster, session.node, unit, options, "ssh")
    session.terminal.line(f" Successfully Generated CSR  for {unit}")  # ASSUMPTION A-11


@command("set cert import own", level=1)
async def import_own(session: Session, arguments: str) -> None:
    """Install a signed certificate; the failing texts are those of the GUI (ASSUMPTION A-01)."""
    unit = known_unit(session, arguments)
    text = await session.terminal.paste(PASTE_PROMPT)
    certificate = read_one(text)
    if certificate is None:
        raise CommandFailed("Error reading the certificate")  # ASSUMPTION A-19
    names = {node.fqdn for node in session.cluster.nodes}
    pending = session.node.store.pending.get(unit)
    multi_san = len(names & alternative_names(certificate)) > 1 or (pending is not None and pending.multi_server)
    if session.cluster.release.refuses_multi_san_import and multi_san:
        # ASSUMPTION A-20: the wording; that it is refused is on record.
        raise CommandFailed("Multi-SAN certificates cannot be uploaded using the CLI")
    try:
        desk.upload_identity(session.cluster, session.node, unit, certificate, "ssh")
    except UploadRefused as refusal:
        raise CommandFailed(refusal.text) from refusal
    session.terminal.line(f"Successfully imported certificate for {unit}.")
    session.terminal.line(f"Please restart services related to {unit} for the new certificate to become active.")


@command("set cert import trust", level=1)
async def import_trust(session: Session, arguments: str) -> None:
    """Offer a CA certificate to a trust store; a kept old one (E8) is silent, a duplicate is no error."""
    unit = known_unit(session, arguments.replace("-trust", "", 1))
    text = await session.terminal.paste(PASTE_PROMPT)
    certificate = read_one(text)
    if certificate is None:
        raise CommandFailed("Error reading the certificate")
    try:
        outcome = desk.upload_trust(session.cluster, session.node, unit, certificate, "ssh")
    except UploadRefused as refusal:
        raise CommandFailed(refusal.text) from refusal
    if outcome is not TrustOutcome.KEPT_OLD:
        session.terminal.line(f"Successfully imported certificate for {unit}-trust.")


@command("set cert regen", level=1)
async def regenerate(session: Session, arguments: str) -> None:
    """A self-signed certificate replaces the present one at once: the way to renew ITLRecovery, a trap elsewhere."""
    refuse_during_upgrade(session)
    unit = known_unit(session, arguments)
    if unit == "ITLRecovery":
        if desk.recovery_is_shared(session.cluster) and not session.node.is_publisher:
            raise CommandFailed("This certificate can be regenerated only on the publisher")  # ASSUMPTION A-83
        session.terminal.line(_RECOVERY_WARNING)
    else:
        session.terminal.line(
            f"WARNING: This operation will overwrite any CA signed certificate previously imported for {unit}"
        )  # ASSUMPTION A-16
    if await session.terminal.ask("Proceed with regeneration (yes|no)? ") != "yes":
        raise CommandFailed("Regeneration was cancelled")
    await desk.regenerate(session.cluster, session.node, unit, "ssh")
    session.terminal.line(f"Successfully Regenerated Certificate for {unit}.")
    session.terminal.line(
        f"You must restart the services related to {unit} for the regenerated certificates to become active."
    )


@command("set cert delete", level=1)
async def delete(session: Session, arguments: str) -> None:
    """Delete a trust file; base certificates cannot be deleted."""
    words = arguments.split()
    if len(words) != 2:
        raise CommandFailed("Incorrect number of parameters entered for delete\nusage: set cert delete unit name")
    if words[0] in UNITS:
        raise CommandFailed("Only trust certificates can be deleted")  # ASSUMPTION A-03
    if not desk.delete_trust(session.cluster, session.node, words[0], words[1], "ssh"):
        raise CommandFailed(f"Certificate {words[0]}/{words[1]} does not exist")
    session.terminal.line(f"Successfully deleted certificate {words[1]} from {words[0]}.")  # ASSUMPTION A-03


def refuse_during_upgrade(session: Session) -> None:
    """While an upgrade runs nothing new is made; importing and deleting go on. ASSUMPTION A-84 for the wording."""
    if session.cluster.conditions.upgrading:
        raise CommandFailed("This command is not allowed while an upgrade is in progress")


@command("show web-security", level=0)
async def show_web_security(session: Session, _: str) -> None:
    """The fields as they were set; ASSUMPTION A-04 for the layout."""
    fields = desk.web_security_of(session.cluster, session.node)
    shown = {
        "Organization Unit": fields.unit,
        "Organization": fields.organization,
        "Locality": fields.locality,
        "State": fields.state,
        "Country": fields.country,
        "Alternate Host Name": fields.alternate,
    }
    await session.terminal.page("\n".join(f"{name}: {value}" for name, value in shown.items()))


@command("set web-security", level=0)
async def web_security(session: Session, arguments: str) -> None:
    """The other trap: changes the subject fields and makes tomcat self-signed at once."""
    try:
        words = shlex.split(arguments)
    except ValueError as problem:
        raise CommandFailed("Enter valid values for web-security") from problem
    if not 4 <= len(words) <= 6:
        raise CommandFailed("Incorrect number of parameters entered for web-security")
    desk.set_web_security(session.cluster, session.node, WebSecurity(*words))
    session.cluster.journal.record(session.node.name, "trap", what="set web-security")
    await desk.regenerate(session.cluster, session.node, "tomcat", "ssh")
    session.terminal.line("Operation Successful.")
