"""What is looked at in an anchor's own certificate: trusted as it is, but not whatever it is."""

from cardstack.ca import baseline, conformity, purposes, rules, tables
from cardstack.ca.certificate import Certificate
from cardstack.ca.extensions import KEY_CERT_SIGN
from cardstack.ca.rules import Bench, State, Step
from cardstack.ca.tables import Breach
from cardstack.text import Text


def problem(certificate: Certificate, bench: Bench, *, own: bool) -> Breach | None:
    """What keeps a certificate from being an anchor: its time, its form, what its key may do, and by its `own` word for what."""
    return (
        _out_of_time(certificate, bench)
        or conformity.always(certificate)
        or _no_signer(certificate)
        or (_not_for(certificate, bench) if own else None)
        or _demands(certificate, bench)
    )


def _out_of_time(certificate: Certificate, bench: Bench) -> Breach | None:
    if bench.at < certificate.valid_from:
        return tables.NOT_YET_VALID, Text("trust anchor", "信任锚")
    return (tables.EXPIRED, Text("trust anchor", "信任锚")) if bench.at > certificate.valid_until else None


def _no_signer(certificate: Certificate) -> Breach | None:
    """What its own extensions say against its signing certificates; one of version 1 has none that could."""
    if certificate.version == 3 and certificate.present and not certificate.is_ca:
        return tables.NOT_CA, Text("trust anchor", "信任锚")
    if certificate.key_usage is not None and KEY_CERT_SIGN not in certificate.key_usage:
        return tables.ISSUER_USAGE, Text("trust anchor", "信任锚")
    return (tables.UNKNOWN_CRITICAL, certificate.unknown_critical[0]) if certificate.unknown_critical else None


def _not_for(certificate: Certificate, bench: Bench) -> Breach | None:
    """The purpose that is asked about, where its own list leaves it out."""
    found = purposes.not_listed(certificate, bench.purpose) if bench.purpose is not None else None
    return (tables.PURPOSE, Text(f"trust anchor: {found.en}", f"信任锚：{found.zh}")) if found else None


def _demands(certificate: Certificate, bench: Bench) -> Breach | None:
    """What binds issuers, and what the CA/Browser Forum adds."""
    if bench.conforming and (breach := conformity.anchor_profile(certificate)):
        return breach
    if bench.conforming and rules.binds(bench) and (breach := conformity.loose_constraints(certificate)):
        return breach
    if bench.baseline is not None and (found := baseline.of_the_anchor(bench.baseline, certificate)):
        return tables.BASELINE, bench.baseline.says(found)
    return None


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
