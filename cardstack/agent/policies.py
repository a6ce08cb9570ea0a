"""Browser policies that let a hospital's pages reach the agent without asking everybody.

Chromium calls it Local Network Access. LocalNetworkAccessAllowedForUrls is read by Chrome from 139 and Edge from 140,
LoopbackNetworkAllowedForUrls by both from 146 (Chrome Enterprise policy list; Microsoft Edge browser policy reference);
WebSockets fall under it from Chrome 147 (Chrome status 5197681148428288). The older names of private network access
(InsecurePrivateNetworkRequestsAllowedForUrls) are read by neither any more. Firefox has LocalNetworkAccess from 151 and ESR
140.11 (policy templates v7.11); what its SkipDomains lists is told differently: Amazon Connect's guide, which names the
machine that is reached, is followed here, so that in Firefox the agent's own list of origins alone decides.
"""

import json
from collections.abc import Sequence

NAMES = ("LoopbackNetworkAllowedForUrls", "LocalNetworkAccessAllowedForUrls")
KEYS = (r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Google\Chrome", r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Edge")


def chromium(origins: Sequence[str]) -> str:
    """A managed policy file of Chrome, Edge and others of their family.

    >>> chromium(["https://his.example"]).count("https://his.example")
    2
    """
    return json.dumps({name: list(origins) for name in NAMES}, indent=2)


def registry(origins: Sequence[str]) -> str:
    """The same as a registry file for Windows.

    >>> registry(["https://his.example"]).count('"1"="https://his.example"')
    4
    """
    lines = ["Windows Registry Editor Version 5.00", ""]
    for key in KEYS:
        for name in NAMES:
            lines.append(f"[{key}\\{name}]")
            lines += [f'"{number}"="{origin}"' for number, origin in enumerate(origins, 1)]
    return "\n".join(lines)


def firefox(_origins: Sequence[str]) -> str:
    """A policies.json of Firefox: the loopback is reached without a prompt.

    >>> "127.0.0.1" in firefox(["https://his.example"])
    True
    """
    return json.dumps({"policies": {"LocalNetworkAccess": {"Enabled": True, "SkipDomains": ["127.0.0.1"]}}}, indent=2)
