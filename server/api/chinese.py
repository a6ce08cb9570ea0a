"""The interface's description in Chinese: what routes and shapes say of themselves in English, and the same beside it."""

from collections.abc import Mapping
from typing import Any, Final

CHINESE: Final[Mapping[str, str]] = {
    # What is done
    "Submit one signed transaction": "提交一笔签名交易",
    "201 when it was accepted and is durable, 200 when the same content was accepted before; 202 as for a batch.": (
        "201：已受理并持久保存；200：相同内容此前已受理；202：同批量提交。"
    ),
    "Submit 1 to 8,190 signed transactions": "批量提交 1 至 8,190 笔签名交易",
    "An answer a line, in order; what was accepted or received is durable. With `Prefer: respond-async` the answer is 202 "
    "as soon as the batch is durable: its new lines are `received`, and are judged in their turn; ask for the batch at "
    "`Location`, or follow the events. `wait=N` beside it lets the answer wait up to N seconds for that.": (
        "按顺序逐笔应答；已受理或已接收的均已持久保存。带 `Prefer: respond-async` 时，批次持久保存后即返回 202：新交易为 "
        "`received`，依次审核；可按 `Location` 查询批次，或跟踪事件。同时给出 `wait=N` 时，应答至多等待 N 秒。"
    ),
    "A batch by the SHA-256 of its envelope: what became of each line, and the receipt for it.": (
        "按信封 SHA-256 查询批次：各笔处理结果及回执。"
    ),
    "A transaction by its message id: how a sender whose answer was lost learns what became of it.": (
        "按报文标识查询交易：应答丢失时由此得知处理结果。"
    ),
    "202 while it is received and not judged; a refused one is not here, but among the refusals.": (
        "已接收尚未审核时为 202；被拒的不在此处，见拒绝记录。"
    ),
    "Why lines under that message id were refused, the newest first; kept for a while (90 days, 100,000 lines).": (
        "该报文标识下各笔被拒的原因，最新在前；保留一段时间（90 天、10 万笔）。"
    ),
    "The settlement windows.": "清算窗口列表。",
    "One window with every party's position.": "一个清算窗口及各参与方头寸。",
    "What happened after a cursor, in order; ask again with `next`.": "游标之后发生的事件，按顺序给出；以 `next` 继续查询。",
    "Set a sandbox's clock; a service that is no sandbox does not know this address.": "设置沙箱时钟；非沙箱服务无此地址。",
    "What there is to count, for Prometheus.": "供 Prometheus 采集的指标。",
    "What a problem's code means and what to do.": "错误代码的含义及处理办法。",
    "The process answers.": "进程存活。",
    "The store answers too, and every trust list in use is fresh, signed, not rolled back and recognises somebody.": (
        "账本可用，且所用信任列表均在有效期内、签名有效、未回退，并至少认可一方。"
    ),
    "A sender's totals by day beside the ledger's; several of one day, such as one a clearing class, are taken together.": (
        "发送方每日总额与账本核对；同日多项（如按清算类别）合并计算。"
    ),
    "A sender's lines beside the ledger's: each that differs, and how.": "发送方明细与账本逐笔核对，列出每笔差异。",
    "Each certificate's answer, in order; what is no certificate gets an answer too.": (
        "按顺序给出每张证书的结论；不是证书的也有结论。"
    ),
    "The newest version of every list there is.": "各类卡名单的最新版本。",
    "A list as a signed file: what changed since version `after`, or the whole of it where that is unknown or shorter.": (
        "卡名单签名文件：自 `after` 版本以来的变化；版本不明或全量更短时为全量。"
    ),
    "304 where nothing is newer than `after`, or than the `ETag` that was sent back.": (
        "没有比 `after` 或所带 `ETag` 更新的版本时为 304。"
    ),
    "201: every line that holds is in the ledger, every other is named. 200: these bytes came before, with the same answer.": (
        "201：有效的各行已入账，其余逐行指明；200：相同文件此前已收到，应答相同。"
    ),
    "The file's own signature says who sends it. After a lost reply send the same bytes again, and after 503 (too many files are "
    "being judged) once the seconds of Retry-After are over.": (
        "发送方以文件自身签名为准。应答丢失时重发相同文件；返回 503（正在处理的文件过多）时，待 Retry-After 所示秒数后重发。"
    ),
    "What became of a file.": "文件处理结果。",
    "The return file with every line that was not taken; 404 where all were.": "列出未接收各行的回盘文件；全部接收时为 404。",
    "The split of a claim by the figures of a day, on the totals of the year as they are now, with its explanation.": (
        "按某日参数及当前年度累计试算费用拆分，并说明计算过程。"
    ),
    "202: durable here, and sent in order as soon as the hub answers.": "202：已在本节点持久保存，中心可达后按序发送。",
    "What became of an item: queued, answered line by line, or refused as a whole.": "发件处理情况：排队、逐笔应答或整体被拒。",
    # What is given and sent
    "A batch that is kept, with its present answers.": "已保存的批次及当前应答。",
    "A computer-readable identifier of the error type.": "错误类型标识（供程序识别）。",
    "A day's totals in both books.": "双方账簿的一日总额。",
    "A human readable explanation of the error.": "错误说明。",
    "A line that differs.": "有差异的一笔。",
    "A line that was not taken: its number from 1, its message id where it can be read, why, and in which column.": (
        "未接收的一行：行号（从 1 起）、可读出时的报文标识、原因及所在列。"
    ),
    "A list's newest version.": "一类卡名单的最新版本。",
    "A medical claim; the totals that it holds of the year, and of accounts, are not looked at.": (
        "医疗费用申报；其中的年度累计与账户余额不采用。"
    ),
    "A refused line: why, who sent it, and in which line of which envelope.": "被拒的一笔：原因、发送方及所在信封与行。",
    "A running total that the split rests on, by the policy's key: as it is, what the bill adds, and its cap.": (
        "拆分所依据的累计（按政策键）：当前值、本次增加及封顶。"
    ),
    "A sender's lines (as message 3202).": "发送方明细（相当于 3202）。",
    "A sender's totals (as message 3201).": "发送方总额（相当于 3201）。",
    "A settlement window.": "清算窗口。",
    "A transaction in the ledger, in its present state, with its postings.": "账本中的交易、当前状态及其分录。",
    "A window with every party's position.": "清算窗口及各参与方头寸。",
    "An error (RFC 9457): `code` never changes, `title`, `detail` and `remedy` are in the language asked for.": (
        "错误（RFC 9457）：`code` 固定不变，`title`、`detail`、`remedy` 以所要求的语言给出。"
    ),
    "An optional object which contains values required to render the error message.": "错误说明中用到的取值（可选）。",
    "Certificates that a relying party was shown.": "依赖方收到的证书。",
    "Every day's totals; `equal` where all are.": "各日总额；全部一致时 `equal` 为真。",
    "How a line differs between two books.": "双方账簿中一笔的差异种类。",
    "How sure an authority is of whom it certifies, rising.": "发证机构对证书主体身份的保证等级，由低到高。",
    "Money that one party owes another, is reserved to owe, or no longer is.": "一方应付、预留应付或不再应付另一方的款项。",
    "One answer: the level and the policy are those of the relying party's own province.": (
        "一项结论：等级与策略以依赖方本省为准。"
    ),
    "One line as the sender has it.": "发送方账簿中的一笔。",
    "One line of the explanation, in order of calculation.": "计算说明的一步，按计算顺序。",
    "One party's position in a window; the nets of a window sum to zero.": "一个参与方在清算窗口中的头寸；各方净额合计为零。",
    "Something that happened; `seq` is the cursor.": "一个事件；`seq` 即游标。",
    "Something in a node's outbox; `answer` is the hub's answers, a line each, or its problem.": (
        "节点发件箱中的一项；`answer` 为中心逐笔应答或错误。"
    ),
    "The URL to further information about the error.": "错误详情地址。",
    "The answer to a line. Each is part of the public interface.": "一笔的处理结果，均属公开接口。",
    "The answer to one transaction; `entry`, `state` and `window` are there where it stands in the ledger.": (
        "一笔交易的应答；已入账时给出 `entry`、`state` 与 `window`。"
    ),
    "The answers to a batch, a line each, in order; `state` is `received` while some lines wait to be judged.": (
        "批次应答，按顺序每笔一项；尚有待审核的交易时 `state` 为 `received`。"
    ),
    "The answers, in order.": "按顺序给出的结论。",
    "The error's location as a list.": "错误位置（列表）。",
    "The input provided for validation.": "被校验的输入。",
    "The lines that differ.": "有差异的各笔。",
    "The newest version of every list.": "各类卡名单的最新版本。",
    "The refused lines of a message id, the newest first.": "一个报文标识下被拒的各笔，最新在前。",
    "The sender's total of one day; reversed lines do not count.": "发送方一日总额；已冲正的不计。",
    "The state of an entry.": "账本条目状态。",
    "The windows, the newest of each cycle first.": "清算窗口，各周期最新在前。",
    "What a bill would come to; `scheme`, `amount_fen` and `body` are those of the message to send.": (
        "费用试算结果；`scheme`、`amount_fen`、`body` 即待发送报文的内容。"
    ),
    "What a list says of a card: refused, to be looked at, or trusted.": "名单对卡的处理：拒绝、关注或信任。",
    "What became of a file. `faults` are the first 500; all of them stand in the return file.": (
        "文件处理结果。`faults` 为前 500 行，全部见回盘文件。"
    ),
    "What happened after a cursor; `next` is the cursor to ask with the next time.": (
        "游标之后的事件；`next` 为下次查询所用游标。"
    ),
    "What time it shall be: far enough from both ends of the calendar that every deadline can be counted.": (
        "所设时刻：须距日历两端足够远，以便计算各项期限。"
    ),
    "Where a window is in its life.": "清算窗口所处阶段。",
    "Whether the service is well.": "服务状态。",
    "Why: in words, with the code of a refusal.": "原因：文字说明及拒绝代码。",
    # Members, parameters and bodies
    "PEM each": "每项为一张 PEM 证书",
    "RFC 7240: `respond-async` for an answer before judgement, `wait=N` beside it for up to N seconds": (
        "RFC 7240：`respond-async` 表示审核前即应答，同时给出 `wait=N` 则至多等待 N 秒"
    ),
    "RFC 9421, by a registered node's key": "RFC 9421 签名，由已登记节点的密钥签发",
    "a certificate of a registered node": "已登记节点的证书",
    "a signed envelope, format cardstack-envelope/1": "签名信封，格式 cardstack-envelope/1",
    "a signed file (format cardstack-file/1) of layout transit-1, medical-1 or return-1": (
        "签名文件（格式 cardstack-file/1），版式 transit-1、medical-1 或 return-1"
    ),
    "a signed file of layout list-1 (format cardstack-file/1)": "版式 list-1 的签名文件（格式 cardstack-file/1）",
    "a signed file of layout return-1": "版式 return-1 的签名文件",
    "the transactions, unsigned, as they stand in an envelope": "交易内容（未签名），形式同信封内各笔",
    "claim, split (setlinfo) and setldetail, to be sent as they are": "申报、拆分（setlinfo）与 setldetail，原样发送",
    "cycle and day or month": "清算周期及日或月",
    "nothing newer": "没有更新的版本",
    "problem": "错误",
    "soft: unknown revocation status passes": "soft：吊销状态未知时放行",
    "taken, partly or refused": "已接收、部分接收或拒绝",
    "text for Prometheus": "Prometheus 文本",
    "the SHA-256 of the signed envelope": "签名信封的 SHA-256",
    "the authority of the relying party's own province": "依赖方本省的发证机构",
    "the envelope's SHA-256, by which the batch can be asked for": "信封的 SHA-256，可据以查询批次",
    "the least level that is good enough": "可接受的最低等级",
    "the member `claim` of a medical message": "医疗报文中的 `claim`",
    "the message that was taken back and that this bill corrects": "已撤回、由本账单更正的报文",
    "the sender's message id, 30 characters": "发送方报文标识，30 位",
    "the service's signed receipt (cardstack-receipt/1), base64": "服务签名回执（cardstack-receipt/1），base64",
    "whether there is a return file": "是否有回盘文件",
    "whose figures apply; today where none is given": "采用哪一日的参数；缺省为当日",
    "why the file as a whole was refused, in English and Chinese": "整个文件被拒的原因，中英文",
    "Accepted": "已接收",
    "Created": "已创建",
    "OK": "成功",
    # Groups
    "signed transactions in": "签名交易提交",
    "what the ledger says": "账本查询",
    "the service itself": "服务本身",
    "total first (3201), then line by line (3202)": "先对总额（3201），再逐笔核对（3202）",
    "is a certificate accepted, at which level, and why": "证书是否被认可、等级及原因",
    "black, grey and white lists of cards, with versions": "黑、灰、白卡名单及其版本",
    "signed bulk files: T+1 transit, monthly medical, return files": "签名批量文件：T+1 交通、按月医疗、回盘文件",
    "what a medical bill comes to (2206, 2303)": "医疗费用试算（2206、2303）",
    "a node's transactions on their way to the hub": "节点发往中心的交易",
    "settlement between provinces": "跨省清算接口",
}
"""What the description says in English, its line ends as spaces, and in Chinese."""

SAID: Final = frozenset({"summary", "description"})


def plain(said: str) -> str:
    """What is said, on one line.

    >>> plain("<br/>a line<br/>and another")
    'a line and another'
    """
    return " ".join(said.replace("<br/>", " ").split())


def in_chinese(part: Any) -> Any:
    """A part of an OpenAPI document with what it says in Chinese; names, types and examples are as they were.

    >>> in_chinese({"summary": "The process answers.", "tags": ["service"]})
    {'summary': '进程存活。', 'tags': ['service']}
    """
    if isinstance(part, list):
        return [in_chinese(one) for one in part]
    if not isinstance(part, dict):
        return part
    return {
        name: CHINESE.get(plain(one), one) if name in SAID and isinstance(one, str) else in_chinese(one)
        for name, one in part.items()
    }
