"""What an authority publishes over HTTP: CRLs, certificates, status answers (OCSP) and enrolment (EST)."""

from server.pki.pages import Published, pki

__all__ = ["Published", "pki"]
