"""The report for build servers: JUnit XML, a suite a group of cases."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from cardstack.card.verdict import Verdict
from cardstack.conformance.report import Head, grouped
from cardstack.conformance.run import Result


def junit(head: Head, results: Sequence[Result]) -> str:
    """One XML document; what was not run is skipped, what is inconclusive is an error."""
    root = ET.Element("testsuites", name=f"cardstack conformance {head.profile}", time=f"{head.seconds:.3f}")
    for group, members in grouped(results).items():
        _suite(root, head, group, members)
    ET.indent(root)
    text: str = ET.tostring(root, encoding="unicode", xml_declaration=True)
    return text


def _suite(root: ET.Element, head: Head, group: str, results: Sequence[Result]) -> None:
    failed = sum(one.verdict is Verdict.FAIL for one in results)
    errors = sum(one.verdict is Verdict.INCONCLUSIVE for one in results)
    skipped = sum(one.verdict in (Verdict.NOT_RUN, Verdict.NOT_APPLICABLE) for one in results)
    numbers = {"tests": len(results), "failures": failed, "errors": errors, "skipped": skipped}
    suite = ET.SubElement(root, "testsuite", {name: str(number) for name, number in numbers.items()}, name=group)
    properties = ET.SubElement(suite, "properties")
    for name in ("reader", "atr", "version", "tool"):
        ET.SubElement(properties, "property", name=name, value=str(getattr(head, name)))
    for one in results:
        _case(suite, one)


def _case(suite: ET.Element, result: Result) -> None:
    case = ET.SubElement(suite, "testcase", classname=result.case.group, name=result.case.id, time=f"{result.seconds:.6f}")
    properties = ET.SubElement(case, "properties")
    ET.SubElement(properties, "property", name="clause", value=result.case.clause)
    if result.verdict is Verdict.FAIL:
        told = "\n".join(f"> {one.command}\n< {one.answer}" for one in result.trace)
        message = f"got {result.got}, allowed {result.allowed}: {result.reason.en}"
        ET.SubElement(case, "failure", message=message, type="differs").text = told
    elif result.verdict is Verdict.INCONCLUSIVE:
        ET.SubElement(case, "error", message=result.reason.en, type="inconclusive")
    elif result.verdict is not Verdict.PASS:
        ET.SubElement(case, "skipped", message=result.reason.en)
