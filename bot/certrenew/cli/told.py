"""An audit event as a line on a terminal."""

from certrenew.domain.events import Event, What


def told(event: Event) -> str:
    details = event.details
    what = f"step {details['step']}: {details['summary']}" if "summary" in details else str(event.what)
    match event.what:
        case What.PLANNED:
            return f"{event.actor_name} asked for {details.get('purpose')} on {event.cluster}: {details['steps']} steps"
        case What.STEP_FINISHED:
            note = f" ({details['note']})" if "note" in details else ""
            return f"done     {what}{note}"
        case What.STEP_STARTED:
            return f"begins   {what}"
        case What.STEP_WAITING:
            return f"waiting  {what}: {details.get('why', '')}"
        case What.STEP_SKIPPED:
            return f"skipped  {what}, by {event.actor_name}: {details.get('reason', '')}"
        case What.PART_SKIPPED:
            return f"left out {details.get('title')}, by {event.actor_name}: {details.get('reason', '')}"
        case What.TASK_DONE:
            note = f": {details['note']}" if details.get("note") else ""
            return f"task     {details.get('task')} done by {event.actor_name}{note}"
        case What.SETTLED:
            return f"settled  {details.get('seen') or details.get('reason')}, asked by {event.actor_name}"
        case What.STOPPED | What.PLAN_CHANGED:
            now = details.get("now")
            standing = "".join(f"\n          {line}" for line in now) if isinstance(now, list) else ""
            return f"STOPPED  {details.get('why', '')}{standing}"
        case What.NOTICED:
            return f"notice   {details.get('text', '')}"
        case What.STARTED:
            return f"begins   {details.get('phase', '')}: the plan was made anew and still holds"
        case What.GATE_REACHED:
            return "waits    everything is prepared; the installation waits for its release"
        case What.PAUSED:
            return "paused   until somebody resumes it"
        case What.REFUSED:
            return f"{event.actor_name} tried to {details.get('asked')} and was refused: {details.get('why')}"
        case What.SUCCEEDED:
            return f"succeeded after {details.get('seconds')} s; audit head {event.hash}"
        case _:
            reason = f": {details['reason']}" if details.get("reason") else ""
            return f"{event.what} by {event.actor_name}{reason}"
