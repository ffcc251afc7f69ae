"""What is true on the nodes when a renewal stops: what each stores and serves now, as far as it can be read."""

import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate

from certrenew import x509
from certrenew.domain.errors import CertrenewError
from certrenew.domain.plan import Phase, Target
from certrenew.domain.ports import ClusterSession
from certrenew.domain.renewal import Renewal
from certrenew.steps import ProveServed, ProveStored

PATIENCE = 20.0  # seconds for all nodes together; a stop must be told soon, even when many are away


def standing(renewal: Renewal, session: ClusterSession) -> list[str]:
    """One sentence a node. Before the installation nothing has to be read: nothing was changed."""
    if renewal.phase is Phase.PREPARE:
        return ["Nothing was uploaded or restarted: every node stores and serves its old certificate."]
    purposes = {step.node: step.purpose for step in renewal.plan.steps if isinstance(step, ProveStored)}
    ports = {step.node: step.ports for step in renewal.plan.steps if isinstance(step, ProveServed)}

    def read(target: Target) -> str:
        node = session.node(target.node)
        try:
            new = x509.fingerprint_of(str(renewal.output("leaf", target.node)))
            stored = x509.fingerprint_of(node.identity(purposes[target.node])) == new
            served = {
                x509.fingerprint_of(pem) == new
                for port in ports.get(target.node, ())
                if (pem := node.served(port)) is not None
            }
        except (CertrenewError, KeyError) as error:
            return f"{target.node} could not be read just now: {error}"
        what = "the new certificate" if stored else "its old certificate"
        if not served:
            return f"{target.node} stores {what}; nothing answers on its TLS ports."
        shown = (
            "both, depending on the port" if len(served) > 1 else "the new one" if served == {True} else "the old one"
        )
        return f"{target.node} stores {what} and serves {shown}."

    deadline = time.monotonic() + PATIENCE
    pool = ThreadPoolExecutor(max_workers=8)
    try:
        futures = {target.node: pool.submit(read, target) for target in renewal.plan.targets}
        sentences: list[str] = []
        for node, future in futures.items():
            try:
                sentences.append(future.result(timeout=max(0.0, deadline - time.monotonic())))
            except TooLate:
                sentences.append(f"{node} could not be read within {PATIENCE:.0f} s.")
        return sentences
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
