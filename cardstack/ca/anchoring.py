"""What is looked at in an anchor's own certificate: trusted as it is, but not whatever it is."""

from cardstack.ca import baseline, conformity, purposes, rules, tables
from cardstack.ca.certificate import Certificate
from cardstack.ca.extensions import KEY_CERT_SIGN
from cardstack.ca.rules import Bench, Breach, State, Step


def problem(certificate: Certificate, bench: Bench, *, own: bool) -> Breach | None:
    """What keeps a certificate from being an anchor: its time, its form, what its key may do, and by its `own` word for what."""
    if bench.at < certificate.valid_from:
        return tables.NOT_YET_VALID, "trust anchor"
    if bench.at > certificate.valid_until:
        return tables.EXPIRED, "trust anchor"
    breach = conformity.always(certificate)
    if breach is None and certificate.version == 3 and certificate.present and not certificate.is_ca:
        breach = tables.NOT_CA, "trust anchor"
    if breach is None and certificate.key_usage is not None and KEY_CERT_SIGN not in certificate.key_usage:
        breach = tables.ISSUER_USAGE, "trust anchor"
    if breach is None and certificate.unknown_critical:
        breach = tables.UNKNOWN_CRITICAL, certificate.unknown_critical[0]
    if breach is None and own and bench.purpose is not None:
        found = purposes.not_listed(certificate, bench.purpose)
        breach = (tables.PURPOSE, f"trust anchor: {found}") if found else None
    return breach or _demands(certificate, bench)


def _demands(certificate: Certificate, bench: Bench) -> Breach | None:
    """What binds issuers, and what the CA/Browser Forum adds."""
    breach = conformity.anchor_profile(certificate) if bench.conforming else None
    if breach is None and bench.conforming and rules.binds(bench):
        breach = conformity.loose_constraints(certificate)
    if breach is None and bench.baseline is not None:
        found = baseline.of_the_anchor(bench.baseline, certificate)
        breach = (tables.BASELINE, f"{bench.baseline.title}: {found}") if found else None
    return breach


def _reads_well(step: Step) -> Breach | None:
    return conformity.own_profile(step.certificate) if step.bench.conforming else None


ITSELF: tuple[rules.Check, ...] = (
    rules.is_in_time,
    rules.is_well_formed,
    _reads_well,
    rules.keeps_to_constraints,
    *(rule for rule in rules.FINAL if rule is not rules.stands),
)
"""Asked of an anchor that is itself the certificate in question: not who signed it, not its policies, not its standing."""


def problem_of_itself(certificate: Certificate, start: State, bench: Bench) -> Breach | None:
    """What keeps an anchor from being trusted as the certificate in question (RFC 5280 §6.1: there is no path to validate)."""
    step = Step(certificate, start, bench, last=True, level={})
    return next((breach for rule in ITSELF if (breach := rule(step)) is not None), None)
