"""What pyhanko-certvalidator answers. Whatever it raises is an answer: it lets other errors than its own escape."""

import asyncio
import logging
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asn1crypto import crl, x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.policy_decl import (
    NO_REVOCATION,
    REQUIRE_REVINFO,
    AcceptAllAlgorithms,
    CertRevTrustPolicy,
    PKIXValidationParams,
)

from cardstack.ca.extensions import ANY_POLICY
from tests.oracles.question import Answer, Question, checks_revocation

THREAD = ThreadPoolExecutor(1, "pyhanko")
# It prints the traceback of every CRL issuer that it cannot validate.
logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL + 1)


def answer(question: Question) -> Answer:
    """Its verdict; the reason is the class of its error and the error's first words."""
    settings = question.settings
    parameters = PKIXValidationParams(
        user_initial_policy_set=frozenset("any_policy" if one == ANY_POLICY else one for one in settings.policies),
        initial_policy_mapping_inhibit=settings.inhibit_mapping,
        initial_explicit_policy=settings.explicit_policy,
        initial_any_policy_inhibit=settings.inhibit_any,
    )
    anchors = [CertTrustAnchor(x509.Certificate.load(one.raw), derive_default_quals_from_cert=True) for one in question.anchors]
    context = ValidationContext(
        trust_roots=anchors,
        other_certs=[x509.Certificate.load(one.raw) for one in question.pool],
        crls=[crl.CertificateList.load(one.raw) for one in question.crls],
        moment=question.at,
        revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO if checks_revocation(question) else NO_REVOCATION),
        algorithm_usage_policy=AcceptAllAlgorithms(),
    )
    leaf = x509.Certificate.load(question.leaf.raw)
    validator = CertificateValidator(leaf, validation_context=context, pkix_params=parameters)
    try:
        path = run(validator.async_validate_path())
    except Exception as error:  # noqa: BLE001  # KeyError, TypeError and others escape from it; that is part of the comparison
        return Answer(False, f"{type(error).__name__}: {error}"[:200])
    held = path.qualified_policies()
    names = (one.user_domain_policy_id for one in held or ())
    return Answer(True, policies=frozenset(ANY_POLICY if name == "any_policy" else name for name in names))


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """A coroutine to its end, within a time that a refusal may take; in a thread: a browser's tests leave a loop in this one."""
    return THREAD.submit(lambda: asyncio.run(asyncio.wait_for(work, 20))).result()
