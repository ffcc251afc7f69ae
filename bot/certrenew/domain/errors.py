"""The errors people meet; each kind says what its reader may do.

* CertrenewError
  - ConfigError        the bot is set up wrong; it does not start, or this command cannot run
  - PluginError        a plugin broke its promise; names the plugin
  - CommandRefused     what was asked cannot be done; nothing happened
    - PlanRefused      no plan can be made, or this one may not run
    - NotAllowed       this person may not do that
  - StepFailed         a step did not reach its goal; the renewal stops and a person decides
    - AccessDenied     an account or a key was refused; it is never tried again by itself
    - Unreadable       a node lists something but does not show it; what can go on without it, goes on
  - Unreachable        a node, an authority or Slack did not answer; nothing happened there, safe to retry
    - AnswerLost       the request went out and its answer was lost; look at the world before repeating
    - DatabaseUnreachable  certrenew's own database does not answer; work goes on when it does
"""


class CertrenewError(Exception):
    """A failure whose text is a sentence for the person who reads it in chat."""


class ConfigError(CertrenewError):
    """The configuration is wrong; the sentence names the file, the setting and the nearest right thing."""


class PluginError(CertrenewError):
    """A plugin broke its promise."""

    def __init__(self, plugin: str, problem: str) -> None:
        super().__init__(f"plugin {plugin!r}: {problem}")
        self.plugin = plugin


class CommandRefused(CertrenewError):
    """What was asked cannot be done; nothing has changed."""


class PlanRefused(CommandRefused):
    """No plan can be made, or this one may not run; nothing has changed."""


class NotAllowed(CommandRefused):
    """This person may not do that; nothing has changed, and the attempt is in the audit."""


class StepFailed(CertrenewError):
    """A step did not reach its goal; the renewal stops here and a person decides what is next."""


class AccessDenied(StepFailed):
    """A user name, password, token or key was refused. Never retried by itself: accounts get locked."""


class Unreadable(StepFailed):
    """A node says that something is there, but does not show it."""


class Unreachable(CertrenewError):
    """Nothing answered, and nothing happened there; safe to try again."""


class AnswerLost(Unreachable):
    """The request went out, but its answer was lost: it may or may not have taken effect."""


class DatabaseUnreachable(Unreachable):
    """certrenew's own database does not answer; nothing is lost, work goes on when it is back."""
