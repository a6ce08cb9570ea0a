"""The schemes this installation settles: one line each here, a module and its dated figures beside it."""

from collections.abc import Mapping
from types import MappingProxyType

from cardstack.settlement.scheme import Scheme
from cardstack.settlement.schemes import charging, medical, purse, small_value, toll, transit
from cardstack.settlement.services import certification, records, registration, transfer

SCHEMES: Mapping[str, Scheme] = MappingProxyType(
    {
        scheme.name: scheme
        for scheme in (
            medical.OUTPATIENT,
            medical.CHRONIC,
            medical.INPATIENT,
            registration.REGISTRATION,
            transit.TRANSIT,
            purse.PURSE,
            small_value.SMALL_VALUE,
            toll.TOLL,
            charging.CHARGING,
            certification.CERTIFICATION,
            transfer.TRANSFER,
            records.RECORDS,
        )
    }
)
