"""Passkeys (WebAuthn level 3): registering one, and signing in with one that the browser finds by itself.

The relying party is the host under which the console is reached; browsers allow `localhost` and names, never a bare
address such as 127.0.0.1, and the pages say so. The library is imported where it is used: a fifth of a second that most
visitors never need.
"""

import base64
import json
from datetime import datetime
from typing import Any

from cardstack.errors import Untrusted, problem
from cardstack.text import Text
from server.store.office.people import Operator, People

KIND = "passkey"
PASSKEY_REFUSED = problem(
    "CS-4114",
    Text("The passkey was not accepted", "通行密钥未被接受"),
    Text("Use the address under which it was registered, or sign in another way.", "请用注册时的访问地址，或改用其他方式登录。"),
)


def offer_registration(people: People, operator: Operator, host: str) -> tuple[dict[str, Any], str]:
    """What the browser needs to make a passkey, and the challenge to remember."""
    import webauthn
    from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = webauthn.generate_registration_options(
        rp_id=host,
        rp_name="cardstack",
        user_name=operator.id,
        user_display_name=operator.name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=base64url_to_bytes(held.handle)) for held in people.credentials(operator.id, KIND)
        ],
    )
    return json.loads(webauthn.options_to_json(options)), bytes_to_base64url(options.challenge)


def register(
    people: People,
    operator: Operator,
    answer: dict[str, Any],
    *,
    challenge: str,
    host: str,
    origin: str,
    label: str,
    at: datetime,
) -> None:
    """Keep a new passkey once its attestation holds."""
    import webauthn
    from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        verified = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=host,
            expected_origin=origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise Untrusted("registration", problem=PASSKEY_REFUSED) from error
    key = base64.b64encode(verified.credential_public_key).decode()
    handle = bytes_to_base64url(verified.credential_id)
    people.put_credentials(operator.id, KIND, [key], at, label=label[:60], handle=handle)


def offer_sign_in(host: str) -> tuple[dict[str, Any], str]:
    """What the browser needs to find a passkey for this host, and the challenge to remember."""
    import webauthn
    from webauthn.helpers import bytes_to_base64url
    from webauthn.helpers.structs import UserVerificationRequirement

    options = webauthn.generate_authentication_options(rp_id=host, user_verification=UserVerificationRequirement.REQUIRED)
    return json.loads(webauthn.options_to_json(options)), bytes_to_base64url(options.challenge)


def check(people: People, answer: dict[str, Any], *, challenge: str, host: str, origin: str, at: datetime) -> Operator:
    """The operator whose passkey signed the challenge. A counter that goes backwards betrays a copy."""
    import webauthn
    from webauthn.helpers import base64url_to_bytes
    from webauthn.helpers.exceptions import WebAuthnException

    held = people.by_handle(KIND, str(answer.get("id", "")))
    operator = people.operator(held.operator_id) if held else None
    if held is None or operator is None or operator.disabled:
        raise Untrusted(Text("no such passkey", "没有该通行密钥"), problem=PASSKEY_REFUSED)
    try:
        verified = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=host,
            expected_origin=origin,
            credential_public_key=base64.b64decode(held.secret),
            credential_current_sign_count=held.counter,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise Untrusted("assertion", problem=PASSKEY_REFUSED) from error
    people.use_credential(held, verified.new_sign_count, at)
    return operator
