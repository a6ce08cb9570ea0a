"""A second implementation of the symmetric cryptograms: DES written out from FIPS 46-3, SM4 by GmSSL.

Slow and plain, so that it shares nothing with what it checks.
"""

import gmssl_pyx

IP = (
    "58 50 42 34 26 18 10 2 60 52 44 36 28 20 12 4 62 54 46 38 30 22 14 6 64 56 48 40 32 24 16 8 "
    "57 49 41 33 25 17 9 1 59 51 43 35 27 19 11 3 61 53 45 37 29 21 13 5 63 55 47 39 31 23 15 7"
)
E = (
    "32 1 2 3 4 5 4 5 6 7 8 9 8 9 10 11 12 13 12 13 14 15 16 17 "
    "16 17 18 19 20 21 20 21 22 23 24 25 24 25 26 27 28 29 28 29 30 31 32 1"
)
P = "16 7 20 21 29 12 28 17 1 15 23 26 5 18 31 10 2 8 24 14 32 27 3 9 19 13 30 6 22 11 4 25"
PC1 = (
    "57 49 41 33 25 17 9 1 58 50 42 34 26 18 10 2 59 51 43 35 27 19 11 3 60 52 44 36 "
    "63 55 47 39 31 23 15 7 62 54 46 38 30 22 14 6 61 53 45 37 29 21 13 5 28 20 12 4"
)
PC2 = (
    "14 17 11 24 1 5 3 28 15 6 21 10 23 19 12 4 26 8 16 7 27 20 13 2 "
    "41 52 31 37 47 55 30 40 51 45 33 48 44 49 39 56 34 53 46 42 50 36 29 32"
)
SHIFTS = (1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1)
BOXES = (
    "E4D12FB83A6C5907 0F74E2D1A6CB9538 41E8D62BFC973A50 FC8249175B3EA06D",
    "F18E6B34972DC05A 3D47F28EC01A69B5 0E7BA4D158C6932F D8A13F42B67C05E9",
    "A09E63F51DC7B428 D709346A285ECBF1 D6498F30B12C5AE7 1AD069874FE3B52C",
    "7DE3069A1285BC4F D8B56F03472C1AE9 A690CB7DF13E5284 3F06A1D8945BC72E",
    "2C417AB6853FD0E9 EB2C47D150FA3986 421BAD78F9C5630E B8C71E2D6F09A453",
    "C1AF92680D34E75B AF427C9561DE0B38 9EF528C3704A1DB6 432C95FABE17608D",
    "4B2EF08D3C975A61 D0B7491AE35C2F86 14BDC37EAF680592 6BD814A7950FE23C",
    "D2846FB1A93E50C7 1FD8A374C56B0E92 7B419CE206ADF358 21E74A8DFC90356B",
)
S = [[[int(digit, 16) for digit in row] for row in box.split()] for box in BOXES]


def _table(text: str) -> list[int]:
    return [int(number) - 1 for number in text.split()]


def _pick(bits: str, table: list[int]) -> str:
    return "".join(bits[place] for place in table)


def _xor(one: str, other: str) -> str:
    return "".join("01"[a != b] for a, b in zip(one, other, strict=True))


def _bits(raw: bytes) -> str:
    return f"{int.from_bytes(raw):0{8 * len(raw)}b}"


def _round(half: str, key: str) -> str:
    mixed = _xor(_pick(half, _table(E)), key)
    out = ""
    for number, box in enumerate(S):
        six = mixed[6 * number : 6 * number + 6]
        out += f"{box[int(six[0] + six[5], 2)][int(six[1:5], 2)]:04b}"
    return _pick(out, _table(P))


def des(key: bytes, block: bytes, *, decrypt: bool = False) -> bytes:
    """One block of DES."""
    left_key, right_key = _pick(_bits(key), _table(PC1))[:28], _pick(_bits(key), _table(PC1))[28:]
    keys = []
    for shift in SHIFTS:
        left_key, right_key = left_key[shift:] + left_key[:shift], right_key[shift:] + right_key[:shift]
        keys.append(_pick(left_key + right_key, _table(PC2)))
    bits = _pick(_bits(block), _table(IP))
    left, right = bits[:32], bits[32:]
    for one in reversed(keys) if decrypt else keys:
        left, right = right, _xor(left, _round(right, one))
    inverse = [place for _, place in sorted(zip(_table(IP), range(64), strict=True))]
    return int(_pick(right + left, inverse), 2).to_bytes(8)


def triple_des(key: bytes, block: bytes) -> bytes:
    """One block of two-key 3DES, or of DES where the key has eight bytes."""
    if len(key) == 8:
        return des(key, block)
    return des(key[:8], des(key[8:16], des(key[:8], block), decrypt=True))


def sm4(key: bytes, block: bytes) -> bytes:
    """One block of SM4: the first of a CBC chain from zero."""
    chained: bytes = gmssl_pyx.sm4_cbc_padding_encrypt(key, bytes(16), block)
    return chained[:16]


def xor(one: bytes, other: bytes) -> bytes:
    """Bytes joined bit by bit."""
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def chain(key: bytes, data: bytes, iv: bytes) -> bytes:
    """The last block of a CBC chain over data padded with 80 00…; the length of iv says which cipher."""
    size, cipher = len(iv), triple_des if len(iv) == 8 else sm4
    data += b"\x80" + bytes(-(len(data) + 1) % size)
    last = iv
    for start in range(0, len(data), size):
        last = cipher(key, xor(last, data[start : start + size]))
    return last


def retail(key: bytes, data: bytes, iv: bytes) -> bytes:
    """ISO/IEC 9797-1 MAC algorithm 3, block by block."""
    last = chain(key[:8], data, iv)
    return des(key[:8], des(key[8:16], last, decrypt=True))
