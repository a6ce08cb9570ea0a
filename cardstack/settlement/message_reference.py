"""The page of the reference that says what stands in a message's body, scheme by scheme, from the declared shapes."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from cardstack.settlement.medical.claim import Claim
from cardstack.settlement.schemes import SCHEMES
from cardstack.settlement.schemes.charging import Order
from cardstack.settlement.schemes.purse import Change
from cardstack.settlement.schemes.small_value import Purchase
from cardstack.settlement.schemes.toll import Passage
from cardstack.settlement.services.case import Service
from cardstack.settlement.transit.tap import Tap
from cardstack.settlement.wire import Content

BODIES: Final[Mapping[str, tuple[str, type[msgspec.Struct]]]] = {
    "medical-outpatient": ("claim", Claim),
    "transit": ("tap", Tap),
    "purse": ("change", Change),
    "small-value": ("purchase", Purchase),
    "toll": ("passage", Passage),
    "charging": ("order", Order),
}
"""The member of the body that a scheme reads, and its shape; the medical schemes have one in common."""
ABOUT: Final = (
    "A transaction is a JSON object; its `body` is the scheme's. Money is whole fen; moments have their offset, or are "
    "YYYYMMDDhhmmss in China standard time. `settle submit FILE --key … --certificate …` signs and sends one, or a list. "
    "A form is a type, a pattern, bounds, or choices. "
    "交易为 JSON 对象，`body` 由业务定义；金额单位为分，时间须带时区或为北京时间14位数字。"
)


def messages() -> str:
    """The transaction, and the body of every scheme and of every message of a service."""
    lines = ["# Messages 报文内容", "", ABOUT, "", "## A transaction 交易", "", *_shapes(Content)]
    for name, scheme in SCHEMES.items():
        if isinstance(scheme, Service):
            lines += [f"## `{name}` {scheme.title}", ""]
            for kind, message in scheme.messages.items():
                lines += [f"### `{kind}` {message.title} ({message.side})", "", *_shapes(message.shape)]
        elif name in BODIES:
            member, shape = BODIES[name]
            lines += [f"## `{name}` {scheme.title}", "", f"`body.{member}`:", "", *_shapes(shape)]
    return "\n".join(lines).rstrip() + "\n"


def _shapes(shape: type[msgspec.Struct]) -> Iterator[str]:
    """A shape as a table, and below it those that it holds."""
    _, found = msgspec.json.schema_components([shape], ref_template="{name}")
    for name in sorted(found, key=lambda one: (one != shape.__name__, one)):
        told = found[name]
        if "properties" not in told:
            continue
        yield from (
            f"**{name}.** {' '.join(told.get('description', '').split())}",
            "",
            "| field | form | default |",
            "|--|--|--|",
        )
        for field, form in told["properties"].items():
            default = "" if field in told.get("required", ()) else f"`{msgspec.json.encode(form.get('default')).decode()}`"
            yield f"| `{field}` | {_form(form)} | {default} |"
        yield ""


def _form(form: Mapping[str, Any]) -> str:
    """A field's form in a few words: type, pattern, bounds, choices, or the shape it holds."""
    if "$ref" in form:
        return str(form["$ref"])
    if "anyOf" in form:
        return " or ".join(_form(one) for one in form["anyOf"])
    if "enum" in form:
        return ", ".join(f"`{one}`" for one in form["enum"])
    words = [str(form.get("type", "any"))]
    if form.get("type") == "array":
        words.append(f"of {_form(form['items']) if isinstance(form.get('items'), Mapping) else 'any'}")
    bounds = [form.get(name) for name in ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems")]
    words += [f"`{form['pattern']}`".replace("|", "\\|")] if "pattern" in form else []
    words += [f"{low if low is not None else ''}…{high if high is not None else ''}" for low, high in _pairs(bounds)]
    return " ".join(words)


def _pairs(bounds: list[Any]) -> Iterator[tuple[Any, Any]]:
    for low, high in zip(bounds[::2], bounds[1::2], strict=True):
        if low is not None or high is not None:
            yield low, high
