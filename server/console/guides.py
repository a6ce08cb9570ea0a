"""The words of 帮助: what each page is for and what one does there, and the field's words explained."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from cardstack.text import Text


class Guide(NamedTuple):
    """One noun's page: what it is for, and how one works there."""

    what: Text
    how: Text


GUIDES: Final[Mapping[str, Guide]] = {
    "overview": Guide(
        Text("What needs somebody today, and how things run.", "当日待办与运行概况。"),
        Text(
            "Begin with the red lines under Needs attention; each leads to its thing.",
            "先处理“待处理事项”中的红色项，点击即可到达。",
        ),
    ),
    "transactions": Guide(
        Text("Every booked transaction.", "全部已入账交易。"),
        Text(
            "A transaction's page explains each fen, checks the signature anew and shows what the card said.",
            "交易页说明每一分钱的由来，重新验签并列出卡片报文。",
        ),
    ),
    "refusals": Guide(
        Text("Lines that were not booked, and why.", "未入账的报文行及原因。"),
        Text(
            "Look here when a sender asks about a message that is not under Transactions.", "发送方查询而交易中没有时，在此查找。"
        ),
    ),
    "cases": Guide(
        Text("Where certifications, transfers and confirmations stand.", "资格认证、关系转移与档案核验的进展。"),
        Text(
            "What is overdue comes first: remind the other side; nothing is stopped or decided by itself.",
            "逾期事项在前，请催办对方；系统不自动停发或办结。",
        ),
    ),
    "windows": Guide(
        Text("Settlement windows and their next steps.", "清算窗口及下一步。"),
        Text(
            "Cut off, reconcile, agree (two people), release (two people), take in the bank's file.",
            "截止、对账、确认一致（两人）、放行（两人）、导入银行回盘。",
        ),
    ),
    "settlements": Guide(
        Text("Payments that settle each window, and the nets behind them.", "各窗口的划款指令及净额构成。"),
        Text("A payment's page shows what the bank booked and interest on what came late.", "指令页列出银行入账与逾期利息。"),
    ),
    "reconciling": Guide(
        Text("What was released and is not booked as it was sent.", "已放行而银行未按指令入账的划款。"),
        Text("Take in the bank's file here; each line counts once.", "在此导入银行回盘，每行只计一次。"),
    ),
    "adjustments": Guide(
        Text("Reversals asked for and decided.", "冲正申请与办理。"),
        Text("Nothing that was booked is edited; its opposite is booked.", "已入账不得修改，以相反分录冲正。"),
    ),
    "disputes": Guide(
        Text("Objections of one side to a posting.", "对分录的异议。"),
        Text(
            "Open one from a transaction's posting; who does not answer in time concedes.",
            "在交易分录处提出；逾期未答复视为认可。",
        ),
    ),
    "approvals": Guide(
        Text("Changes that wait for a second person.", "等待复核的变更。"),
        Text(
            "Read what stood before and after; refuse with a reason. One's own requests are for others.",
            "核对变更前后；拒绝须写理由；本人申请由他人复核。",
        ),
    ),
    "changes": Guide(
        Text("Forms for every kind of change.", "各类变更的申请表。"),
        Text("A wrong field is named and what was typed stays.", "填写有误时会指出字段，已填内容保留。"),
    ),
    "participants": Guide(
        Text("Who owes and is owed, and limits.", "参与方及额度。"),
        Text("A limit bounds what a party may owe in windows not settled.", "额度限制未结清窗口的应付金额。"),
    ),
    "prefunds": Guide(
        Text("Money paid ahead, and how far it is used.", "预付金及使用率。"),
        Text("At red usage the holder asks for an emergency increase.", "达红色预警时由持有方申请紧急调增。"),
    ),
    "nodes": Guide(
        Text("Who may sign messages to this service.", "可报送签名报文的节点。"),
        Text(
            "Suspending takes two people and effect within a second; a new node is registered with its certificate, by three.",
            "停用须两人办理，一秒内生效；新节点凭证书登记，须复核、审批两级。",
        ),
    ),
    "blacklist": Guide(
        Text("Cards that are refused, looked at or trusted.", "黑、灰、白名单。"),
        Text("Every change is a new version; an earlier one can be restored.", "每次变更生成新版本，可恢复旧版本。"),
    ),
    "figures": Guide(
        Text("Dated rates and benefits with their references.", "费率与待遇参数及依据。"),
        Text("Open a row, propose the next, look at what would change, then ask.", "打开参数条目，拟定调整，预览影响后提交。"),
    ),
    "trust": Guide(
        Text("Which province recognises which, and what follows.", "省际互认关系及证书。"),
        Text("Look at what would be lost before asking to revoke.", "吊销前先看影响分析。"),
    ),
    "cards": Guide(
        Text("Kinds of card, emulated cards, conversations and conformance reports.", "卡片规范、模拟卡、报文解析与一致性报告。"),
        Text("Paste or upload a trace to read it in words; nothing of it is kept.", "粘贴或上传报文即可解析，内容不保存。"),
    ),
    "files": Guide(
        Text("Files that came in and went out.", "收发的文件。"),
        Text(
            "A file whose signature does not hold is kept and refused; try it again later.",
            "验签未通过的文件留存并拒绝，可稍后重试。",
        ),
    ),
    "reports": Guide(
        Text("Every list as a file.", "各列表导出。"),
        Text("Long ones are written in the background and wait here.", "数据量大时后台生成，完成后在此下载。"),
    ),
    "audit": Guide(
        Text("Who did what, in a chain that can be checked.", "可校验的操作日志链。"),
        Text("Verify computes the whole chain again.", "“校验”重新计算整条链。"),
    ),
    "people": Guide(
        Text("Operators and their roles by province.", "操作员及分省角色。"),
        Text("Every change is a request that another decides.", "任何变更均须他人复核。"),
    ),
    "system": Guide(
        Text("What runs, on what, and how long certificates last.", "系统运行状态与证书期限。"),
        Text("Yellow below thirty days, red below seven.", "三十天内黄色，七天内红色。"),
    ),
}
"""By the first part of a page's endpoint."""

GLOSSARY: Final[tuple[tuple[Text, Text], ...]] = (
    (Text("Home", "参保/发卡地"), Text("the province that insures the holder or issued the card", "为持卡人参保或发卡的省份")),
    (Text("Treating", "就医/使用地"), Text("the province where the card was used", "实际就医或用卡的省份")),
    (Text("Settlement window", "清算窗口"), Text("the period whose transactions are set off together", "一并轧差的交易期间")),
    (Text("Cut-off", "截止"), Text("what comes later falls into the next window", "此后到达的交易计入下一窗口")),
    (Text("Net", "净额"), Text("what a party gets less what it pays; all nets sum to zero", "应收减应付；各方净额之和为零")),
    (Text("Posting", "分录"), Text("money that one party owes another; only ever added", "一方应付另一方的款项，只增不改")),
    (Text("Payment instruction", "划款指令"), Text("a payment that settles a part of the nets", "结清部分净额的付款")),
    (Text("Return file", "回盘文件"), Text("the lines that were not taken, with reasons", "列明未接收行及原因的文件")),
    (Text("Prepayment", "预付金"), Text("money paid ahead, out of which clearing is paid", "预先拨付、用于清算的资金")),
    (Text("Emergency increase", "紧急调增"), Text("more of it, asked for at red usage", "红色预警时申请的追加拨付")),
    (Text("Limit", "额度"), Text("how much a party may owe in windows not settled", "未结清窗口应付金额上限")),
    (
        Text("Maker, checker, approver", "经办、复核、审批"),
        Text("who asks, who decides, who decides after that", "申请人、复核人、后续审批人"),
    ),
    (Text("Reversal", "冲正"), Text("the opposite of what was booked", "与原分录相反的分录")),
    (Text("Correction", "调账"), Text("a posting that puts something right, made by two", "两人办理的更正分录")),
    (Text("Dispute", "争议"), Text("a side's objection to a posting, with a deadline", "一方对分录的异议，有答复期限")),
    (
        Text("Recognition agreement", "互认协议"),
        Text("that one province recognises another's certificates", "一省认可另一省证书的协议"),
    ),
    (Text("Cross-certificate", "交叉证书"), Text("what follows from such an agreement", "依互认协议签发的证书")),
    (Text("Trust list", "信任列表"), Text("what a province publishes of whom it recognises", "省份发布的认可名录")),
    (Text("TAC", "交易验证码"), Text("the card's proof of a purchase", "卡片对交易的验证码")),
    (Text("PSAM", "终端安全模块"), Text("the terminal's key card", "终端的密钥卡")),
)
