"""What can go wrong with keys, beside a signature that does not verify (`keys.SIGNATURE`)."""

from cardstack.errors import problem
from cardstack.text import Text

NO_LIBCRYPTO = problem(
    "CS-2002",
    Text("SM2 needs OpenSSL 3 (libcrypto.so.3), which this machine lacks", "SM2 需要 OpenSSL 3（libcrypto.so.3），本机未安装"),
    Text("Install it: apt-get install libssl3", "请安装：apt-get install libssl3"),
)
NO_SM2 = problem(
    "CS-2003",
    Text("This machine's libcrypto was built without SM2", "本机 libcrypto 未启用 SM2"),
    Text("Install the distribution's own library: apt-get install libssl3", "请安装发行版自带的库：apt-get install libssl3"),
)
KEY_FORM = problem(
    "CS-2004",
    Text("The key is malformed or of a kind that is not used here", "密钥格式不正确或类型不受支持"),
    Text(
        "Give an SM2, ECDSA P-256 or P-384, or RSA key of 2048 to 8192 bits.",
        "请提供 SM2、ECDSA P-256/P-384 或 2048 至 8192 位的 RSA 密钥。",
    ),
)
KEY_PASSWORD = problem(
    "CS-2005",
    Text("The private key does not open with this password", "无法用该口令打开私钥"),
    Text("Give the password that the file was written with.", "请提供写入该文件时使用的口令。"),
)
KEY_WORK = problem(
    "CS-2006",
    Text("The key library failed", "密码库运算失败"),
    Text("Try again; if it persists, reinstall libssl3.", "请重试；如仍失败，请重新安装 libssl3。"),
)
