"""Certificate purposes: the declaration that a plugin hands in, and the recipe that turns it into a plan."""

from certrenew.certificates.declared import Options, Phones, Restart, Runbook, Where, release_of
from certrenew.certificates.kind import CertificateType, Recipe
from certrenew.certificates.recipe import standard

__all__ = ["CertificateType", "Options", "Phones", "Recipe", "Restart", "Runbook", "Where", "release_of", "standard"]
