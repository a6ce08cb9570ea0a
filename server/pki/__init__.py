"""What an authority publishes over HTTP: CRLs, certificates, trust lists, status answers (OCSP) and enrolment (EST)."""

from server.pki.pages import Published, pki
from server.pki.publishing import published, upkeep
from server.pki.upkeep import Upkeep

__all__ = ["Published", "Upkeep", "pki", "published", "upkeep"]
