"""How the services of an IM and Presence node hang together."""

from __future__ import annotations

from ..scenario import ClusterScenario
from .service_names import PRESENCE_ENGINE, SIP_PROXY, XCP_PREFIX, XCP_ROUTER
from .services import Event, ServiceBoard, ServiceRefused


def tie_presence_services(scenario: ClusterScenario, board: ServiceBoard) -> None:
    """Let a restart of the XCP Router restart the other XCP services, and let high availability spoil restarts."""

    async def follow_the_router(service: str, event: Event) -> None:
        if service != XCP_ROUTER or event != "stopping":
            return
        for other in list(board.services.values()):
            if other.name.startswith(XCP_PREFIX) and other.name != XCP_ROUTER and other.state == "STARTED":
                try:
                    board.start_restart(other.name, XCP_ROUTER)
                except ServiceRefused:
                    continue  # it is restarting already

    def stays_down(service: str) -> bool:
        # ASSUMPTION A-71: on record as something that happens, not as something that always does.
        spoilt = scenario.presence_high_availability and scenario.presence_restarts_stay_down
        return spoilt and (service.startswith(XCP_PREFIX) or service in (SIP_PROXY, PRESENCE_ENGINE))

    board.watchers.append(follow_the_router)
    board.stays_down = stays_down
