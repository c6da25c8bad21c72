"""What the columns of a customer file mean, and what a row of it asks for. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from core.errors import Invalid
from customers.messages import Address, Customer, Grade, NewCustomer
from customers.records import new_record
from customers.text import fold

SYNONYMS: Mapping[str, str] = {
    "name": "name customer customername fullname 姓名 名称 客户 客户名 客户名称 客户姓名 户名 用户名称 用户姓名 联系人",
    "phones": "phones phone phonenumber tel telephone mobile mobilephone cell number contact contactnumber landline "
    "电话 电话号码 手机 手机号 手机号码 联系电话 移动电话 固定电话 固话 座机 联系方式 号码 电话1 电话2 备用电话",
    "grade": "grade level class tier 等级 级别 客户等级 客户级别 信用等级 类别",
    "account": "account accountno accountnumber accountid customerno customernumber customerid "
    "户号 客户号 客户编号 用户号 用户编号 账号 帐号 编号 客户代码",
    "address": "address addr street 地址 用户地址 客户地址 住址 用电地址 用气地址 用水地址 安装地址 联系地址",
    "language": "language lang 语言 语种",
    "vip": "vip isvip important 重要客户 贵宾 是否vip vip客户",
    "email": "email mail emailaddress 邮箱 电子邮箱 邮件 电子邮件",
    "note": "note notes remark remarks comment comments 备注 说明 注释",
    "meter": "meter meterno meternumber meterid 表号 电表号 气表号 水表号 表计号 表计编号",
    "district": "district area region 区域 片区 区 所属区域 行政区 供电所 街道",
}
IGNORED = frozenset({"line", "reason"})
"""The columns that our own report of rejected rows adds, so that a mended report can be sent again."""
_FIELDS = {word: field for field, words in SYNONYMS.items() for word in words.split()}

_YES = {"1", "y", "yes", "true", "t", "x", "vip", "是", "有", "对", "√", "✓"}
_NO = {"", "0", "n", "no", "false", "f", "-", "否", "无", "不是"}
_LANGUAGES = {
    **dict.fromkeys(("zh", "zh_cn", "cn", "chs", "chinese", "中文", "汉语", "普通话", "简体中文"), "zh_CN"),
    **dict.fromkeys(("en", "en_us", "en_gb", "english", "英语", "英文"), "en"),
}
_PHONE_SEPARATORS = re.compile(r"[;；,，、/|\n]+")
_LIMITS = {
    "name": 200,
    "account": 64,
    "address": 500,
    "email": 254,
    "note": 4000,
    "meter": 64,
    "district": 128,
}


class Columns(msgspec.Struct, frozen=True):
    """Which column holds which field; `unknown` are headings that mean nothing to us."""

    fields: tuple[str | None, ...]
    unknown: tuple[str, ...]


def columns(header: Sequence[str]) -> Columns:
    """Understand the first row. Raises `Invalid` where it says nothing of a name."""
    words = [re.sub(r"[\s_\-.:：*()（）]+", "", fold(cell)) for cell in header]
    fields = tuple(_FIELDS.get(word) for word in words)
    if "name" not in fields:
        raise Invalid(
            "The first line must name the columns and one of them the customer's name: "
            "name, phones, account, grade, address … (or 姓名, 电话, 户号, 等级, 地址 …). "
            f"It reads: {', '.join(cell.strip()[:30] for cell in header[:12])}",
            field="header",
        )
    unknown = [
        cell.strip()
        for cell, word, field in zip(header, words, fields, strict=True)
        if field is None and word and word not in IGNORED
    ]
    return Columns(fields, tuple(unknown))


def record(
    cells: Sequence[str], columns: Columns, id: str, region: str, at: float
) -> tuple[Customer, frozenset[str]]:
    """The record a row asks for and the fields it fills in. Raises `Invalid` with a reason for people."""
    values = _values(cells, columns)
    new = NewCustomer(
        name=values.get("name", ""),
        phones=tuple(_phone_texts(values.get("phones", ""))),
        grade=_grade(values.get("grade", "")),
        vip=_vip(values.get("vip", "")),
        account=_account(values.get("account", "")),
        language=_language(values.get("language", "")),
        address=Address(values.get("address", ""), values.get("meter", ""), values.get("district", "")),
        email=values.get("email", ""),
        note=values.get("note", ""),
    )
    customer = new_record(id, new, region, at)
    if not customer.account and not customer.phones:
        raise Invalid(
            "There is neither an account nor a number, by which a second import could know this customer."
        )
    return customer, frozenset(values)


def merged(before: Customer, row: Customer, filled: frozenset[str]) -> Customer:
    """`before` with what the row fills in. Empty cells change nothing, and numbers are only ever added:
    those that agents have learned from calls are in no file.
    """
    fresh = {
        name: getattr(row, name)
        for name in ("name", "grade", "vip", "account", "language", "email", "note")
        if name in filled
    }
    known = {phone.e164 for phone in before.phones}
    phones = (*before.phones, *(phone for phone in row.phones if phone.e164 not in known))
    return msgspec.structs.replace(
        before, **fresh, phones=phones, address=_merged_address(before, row, filled)
    )


def _merged_address(before: Customer, row: Customer, filled: frozenset[str]) -> Address | None:
    old, new = before.address or Address(""), row.address or Address("")
    address = Address(
        new.text if "address" in filled else old.text,
        new.meter if "meter" in filled else old.meter,
        new.district if "district" in filled else old.district,
    )
    return None if address == Address("") else address


def _values(cells: Sequence[str], columns: Columns) -> dict[str, str]:
    if len(cells) > len(columns.fields) and any(cell.strip() for cell in cells[len(columns.fields) :]):
        raise Invalid(
            f"There are {len(cells)} cells under {len(columns.fields)} headings: is a quotation mark missing?"
        )
    found: dict[str, str] = {}
    for field, cell in zip(columns.fields, cells, strict=False):
        text = _bare(cell)
        if field is None or not text:
            continue
        # Several columns may hold numbers (mobile, landline); of others the first that is filled counts.
        found[field] = (
            f"{found[field]};{text}" if field == "phones" and field in found else found.get(field, text)
        )
    for field, limit in _LIMITS.items():
        if len(found.get(field, "")) > limit:
            raise Invalid(f"The {field} is longer than {limit} characters.")
    return found


def _bare(cell: str) -> str:
    """The cell without what spreadsheets put around text: ="0138…", '0138…."""
    text = cell.strip()
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    return text[1:].strip() if text[:2] in ("'=", "'+", "'-", "'@") or re.match(r"'\d", text) else text


def _phone_texts(text: str) -> list[str]:
    found = [re.sub(r"\.0$", "", part.strip()) for part in _PHONE_SEPARATORS.split(text)]
    for part in found:
        if re.fullmatch(r"\d(?:[.,]\d+)?[eE]\+?\d+", part):
            raise Invalid(
                f"“{part}” was a number before a spreadsheet rounded it; export the column as text."
            )
    return [part for part in found if part]


def _grade(text: str) -> Grade:
    word = re.sub(r"[级类等级]+$", "", fold(text)).strip().upper()
    if word in ("", "A", "B", "C"):
        return Grade(word or "C")
    raise Invalid(f"“{text[:40]}” is no grade: write A, B or C.")


def _vip(text: str) -> bool:
    word = fold(text)
    if word in _YES or word in _NO:
        return word in _YES
    raise Invalid(f"“{text[:40]}” under VIP is neither yes nor no.")


def _account(text: str) -> str:
    if re.fullmatch(r"\d(?:\.\d+)?[eE]\+\d+", text):
        raise Invalid(f"“{text}” was an account before a spreadsheet rounded it; export the column as text.")
    return text


def _language(text: str) -> str:
    return _LANGUAGES.get(fold(text).replace("-", "_"), text)
