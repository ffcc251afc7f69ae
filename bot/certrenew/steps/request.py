"""From signing request to a certificate that may be installed: generate, submit, collect, validate."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from certrenew import x509
from certrenew.domain.errors import StepFailed, Unreadable
from certrenew.domain.model import RequestOptions, Usages
from certrenew.domain.plan import (
    Blocked,
    Check,
    Done,
    Evidence,
    Json,
    Outcome,
    Phase,
    Ready,
    Risk,
    Satisfied,
    Step,
    Waiting,
)
from certrenew.domain.ports import Answer, Issued, Pending, Refused, SigningRequest, StepContext
from certrenew.steps.looking import Looking
from certrenew.steps.preflight import must_be_text

MENDED_ANEW = (
    " A retry looks at the same certificate again: to have another one issued, correct the authority, abandon this"
    " renewal and ask again with --replace-csr."
)
MENDED_ON_THE_NODE = " Put the trust store in order, then retry: the certificate itself is good."
SOONEST, LATEST = 1.0, 86_400.0  # seconds until an authority is asked again, whatever it says


def signing_request(ctx: StepContext, node: str, purpose: str) -> SigningRequest:
    csr = must_be_text(ctx.output("csr", node), "signing request")
    return SigningRequest(key=x509.key_hash(csr), csr_pem=csr, purpose=purpose, node=node)


@dataclass(frozen=True, kw_only=True)
class GenerateCsr(Step):
    """One request exists per node and purpose, and a new one destroys the key of the old (Cisco 217138)."""

    kind: ClassVar[str] = "generate_csr"
    phase: ClassVar[Phase] = Phase.PREPARE
    risk: ClassVar[Risk] = Risk.CHANGE
    needs: ClassVar[frozenset[str]] = frozenset({"pending_before"})
    makes: ClassVar[frozenset[str]] = frozenset({"csr"})
    purpose: str
    covers: tuple[str, ...] = ()  # the names of all nodes that share it; empty for a request of this node alone
    key_length: int = 0
    hash_algorithm: str = ""
    common_name: str = ""
    names: tuple[str, ...] = ()
    organizational_unit: bool = False

    def summary(self) -> str:
        asked = [f"{self.key_length} bits"] if self.key_length else []
        asked += [self.hash_algorithm] if self.hash_algorithm else []
        asked += [f"common name {self.common_name}"] if self.common_name else []
        asked += [f"also for {', '.join(self.names)}"] if self.names else []
        asked += ["with its organizational unit"] if self.organizational_unit else []
        shared = f" for {len(self.covers)} nodes" if self.covers else ""
        said = f" ({'; '.join(asked)})" if asked else ""
        article = "an" if self.purpose[0] in "aeiou" else "a"
        return f"Generate {article} {self.purpose} key and signing request{shared} on {self.node}{said}"

    def check(self, ctx: StepContext) -> Check:
        if ctx.attempted is None:
            return Ready()
        before = ctx.output("pending_before", self.node)
        waiting = ctx.session.node(self.node).pending_csr(self.purpose)
        if waiting and x509.key_hash(waiting) != before:
            return Satisfied({"csr": waiting}, note="made by the attempt that was cut off")
        return Ready()

    def act(self, ctx: StepContext) -> Outcome:
        options = RequestOptions(
            multi_server=bool(self.covers),
            key_length=self.key_length,
            hash_algorithm=self.hash_algorithm,
            common_name=self.common_name,
            names=self.names,
            organizational_unit=self.organizational_unit,
        )
        ctx.guard()
        return Done({"csr": ctx.session.node(self.node).generate_csr(self.purpose, options)})

    def verify(self, ctx: StepContext) -> Evidence:
        waiting = ctx.session.node(self.node).pending_csr(self.purpose)
        if not waiting:
            raise StepFailed(f"{self.node} shows no {self.purpose} signing request after generating one.")
        facts = x509.request_facts(waiting)
        named = {name.partition(":")[2].lower() for name in facts.names}
        if absent := [name for name in (*self.covers, *self.names) if name.lower() not in named]:
            raise StepFailed(
                f"The {self.purpose} request that {self.node} made does not name {', '.join(absent)}, so its"
                " certificate would not be good for all that it is meant for. Nothing was sent to the authority. Look"
                " at the cluster's list of servers, then abandon this renewal and ask again with --replace-csr."
            )
        names: list[Json] = [*sorted(facts.names)]
        return {
            "request": "waits on the node",
            "key": facts.key,
            "key hash": facts.key_hash,
            "names": names,
        }


@dataclass(frozen=True, kw_only=True)
class Submit(Step):
    """Hand the request in. Few authorities recognise a repetition, so an order made before a crash is looked up."""

    kind: ClassVar[str] = "submit"
    phase: ClassVar[Phase] = Phase.PREPARE
    risk: ClassVar[Risk] = Risk.CHANGE
    needs: ClassVar[frozenset[str]] = frozenset({"csr"})
    makes: ClassVar[frozenset[str]] = frozenset({"order"})
    purpose: str
    authority: str

    def summary(self) -> str:
        return f"Send the {self.purpose} request of {self.node} to {self.authority}"

    def check(self, ctx: StepContext) -> Check:
        if ctx.attempted is None:
            return Ready()
        found = ctx.authority.find(signing_request(ctx, self.node, self.purpose))
        return Satisfied(_order(found), note="found at the authority") if found else Ready()

    def act(self, ctx: StepContext) -> Outcome:
        request = signing_request(ctx, self.node, self.purpose)
        ctx.guard()
        return Done(_order(ctx.authority.submit(request)))

    def verify(self, ctx: StepContext) -> Evidence:
        return {"authority": self.authority}


@dataclass(frozen=True, kw_only=True)
class Collect(Looking):
    """Fetch the signed certificate, however many days that takes."""

    kind: ClassVar[str] = "collect"
    phase: ClassVar[Phase] = Phase.PREPARE
    needs: ClassVar[frozenset[str]] = frozenset({"csr", "order"})
    makes: ClassVar[frozenset[str]] = frozenset({"leaf", "pool"})
    purpose: str
    authority: str

    def summary(self) -> str:
        return f"Collect the signed {self.purpose} certificate of {self.node}"

    def check(self, ctx: StepContext) -> Check:
        order = ctx.output("order", self.node)
        if not isinstance(order, dict):
            raise StepFailed("The recorded order is unreadable; nothing was done with it.")
        if order.get("leaf"):
            return Satisfied({"leaf": order["leaf"], "pool": order["pool"], "warnings": order["warnings"]})
        reference = str(order.get("reference", ""))
        match ctx.authority.collect(reference, signing_request(ctx, self.node, self.purpose)):
            case Issued() as issued:
                found = _order(issued)["order"]
                assert isinstance(found, dict)  # noqa: S101  made two lines above
                return Satisfied({"leaf": found["leaf"], "pool": found["pool"], "warnings": found["warnings"]})
            case Pending(reference, retry_after, message):
                detail = f": {message}" if message else ""
                seconds = min(max(retry_after, SOONEST), LATEST)
                return Waiting(f"{self.authority} has not signed order {reference} yet{detail}", seconds)
            case Refused(reason):
                return Blocked(f"{self.authority} refused the request of {self.node}: {reason}")


@dataclass(frozen=True, kw_only=True)
class Validate(Looking):
    """Nothing is uploaded that the node would refuse, or that would harm the phones."""

    kind: ClassVar[str] = "validate"
    phase: ClassVar[Phase] = Phase.PREPARE
    needs: ClassVar[frozenset[str]] = frozenset({"csr", "leaf", "pool"})
    makes: ClassVar[frozenset[str]] = frozenset({"chain", "new_fingerprint"})
    purpose: str
    trust: tuple[str, ...]
    key_usages: tuple[str, ...]
    extended_usages: tuple[str, ...]
    certificate_authority: bool = False
    wildcard: bool = False
    minimum_days: float = 1.0
    due_days: float = 0.0  # what lasts no longer is due again as soon as it is installed

    def summary(self) -> str:
        return f"Check the new {self.purpose} certificate of {self.node} against its request, before any upload"

    def check(self, ctx: StepContext) -> Check:
        node = ctx.session.node(self.node)
        leaf = must_be_text(ctx.output("leaf", self.node), "certificate")
        pool = ctx.output("pool", self.node)
        stored: list[str] = []
        unread: list[Json] = []
        for purpose in self.trust:
            try:
                stored += node.trust(purpose)
            except Unreadable:
                unread.append(
                    f"{self.node} lists {purpose}-trust but does not print it; whether an older certificate of the"
                    " same name stands in the way shows only at the upload."
                )
        examined = x509.examine(
            csr_pem=must_be_text(ctx.output("csr", self.node), "signing request"),
            leaf_pem=leaf,
            pool_pem=[str(pem) for pem in pool] if isinstance(pool, list) else [],
            roots_pem=ctx.authority.roots(),
            usages=Usages(
                key=frozenset(self.key_usages),
                extended=frozenset(self.extended_usages),
                certificate_authority=self.certificate_authority,
                wildcard=self.wildcard,
            ),
            now=ctx.now,
            replaces_pem=node.identity(self.purpose),
            trust_pem=stored,
            minimum_lifetime=timedelta(days=self.minimum_days),
        )
        if stops := [finding for finding in examined.findings if finding.stops]:
            return Blocked(
                f"The certificate that came back for {self.node} must not be uploaded. "
                + " ".join(finding.sentence for finding in stops)
                + f" Nothing was uploaded; {self.node} still stores and serves its old certificate."
                + (MENDED_ON_THE_NODE if all(stop.code.startswith("trust-store") for stop in stops) else MENDED_ANEW)
            )
        warnings: list[Json] = [*(finding.sentence for finding in examined.findings), *unread]
        certificate = x509.read_certificate(leaf)
        lasts = (certificate.not_after - ctx.now).days
        if lasts <= self.due_days:
            warnings.append(
                f"It lasts {lasts} days, and what ends within {self.due_days:.0f} days is due: it will be due again at"
                " once. Have the authority issue for longer, or lower due_days."
            )
        return Satisfied(
            {
                "chain": list(examined.chain),
                "new_fingerprint": certificate.fingerprint,
                "serial": certificate.serial,
                "issuer": certificate.issuer,
                "expires": certificate.not_after.isoformat(),
                "names": list(certificate.names),
                "warnings": warnings,
                "findings": [finding.code for finding in examined.findings],
            }
        )


def _order(answer: Answer) -> dict[str, Json]:
    """What is kept of an authority's answer; raises StepFailed when it refused."""
    match answer:
        case Issued(leaf, pool, reference, warnings):
            order: Json = {"reference": reference, "leaf": leaf, "pool": list(pool), "warnings": list(warnings)}
            return {"order": order}
        case Pending(reference):
            return {"order": {"reference": reference}}
        case Refused(reason):
            raise StepFailed(f"The authority refused the request: {reason.rstrip('. ')}. Nothing was uploaded.")
