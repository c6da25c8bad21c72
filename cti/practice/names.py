"""Words that the invented city's customers are made of."""

from __future__ import annotations

FAMILY = tuple("王李张刘陈杨黄赵周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕")
GIVEN = (
    *(
        "伟",
        "芳",
        "娜",
        "敏",
        "静",
        "强",
        "磊",
        "军",
        "洋",
        "勇",
        "艳",
        "杰",
        "娟",
        "涛",
        "明",
        "超",
        "霞",
        "平",
    ),
    *("秀英", "桂兰", "建国", "志强", "晓明", "雪梅", "海燕", "玉兰", "文博", "子涵", "雨桐", "思远", "浩然"),
    *("嘉怡", "梓萱", "俊杰", "国庆", "春华", "立新", "慧敏", "丽华", "振宇", "若曦", "欣怡", "建华", "红梅"),
)
ENGLISH_GIVEN = ("Emma", "Oliver", "Sofia", "Liam", "Hannah", "Noah", "Aisha", "Mateo", "Grace", "Tomas")
ENGLISH_FAMILY = ("Bennett", "O'Brien", "Novak", "Garcia", "Schmidt", "Okafor", "Larsen", "Rossi", "Clarke")
PLACES = ("滨江", "东湖", "望山", "云栖", "新桥", "临澜", "凤鸣", "锦绣")
FIRMS = (
    "{place}小学食堂",
    "{place}人民医院后勤处",
    "{place}大酒店",
    "{place}物业管理有限公司",
    "{place}老灶火锅店",
    "{place}纺织印染厂",
    "{place}幼儿园",
    "{place}养老服务中心",
)
DISTRICTS = (
    ("滨江区", ("潮声路", "观澜大道", "渔浦街", "江晖路")),
    ("东湖区", ("湖光路", "柳浪巷", "学士街", "采荷路")),
    ("望山区", ("松涛路", "望岳街", "石桥路", "茶园巷")),
    ("云栖区", ("竹径路", "梅坞街", "云起路")),
    ("新桥镇", ("新桥老街", "供销路", "河埠头路")),
)
NOTES = (
    "家中有独居老人，请优先安排",
    "上门前请先电话联系",
    "Prefers to be called after 18:00.",
    "商业用气，夜间停气须提前一天通知",
    "听力不好，请放慢语速",
    "Has asked twice about the new tariff.",
)

# workflow, category, priority, subject, text
TICKETS = (
    (
        *("complaint", "billing", "normal", "账单金额与实际用气不符"),
        "客户反映本月账单比上月高一倍，表号 {meter}，要求核实抄表读数。",
    ),
    (
        *("complaint", "service", "normal", "上门人员态度问题"),
        "客户投诉安检人员上门时态度生硬，未出示工作证。地址：{address}",
    ),
    (
        *("complaint", "works", "high", "管道施工后路面未恢复"),
        "施工结束一周，路面仍未恢复，影响出行。地址：{address}",
    ),
    ("repair", "leak", "urgent", "厨房闻到燃气味", "客户闻到燃气味，已关阀开窗，等待抢修。地址：{address}"),
    (
        "repair",
        "no_supply",
        "high",
        "家中无气",
        "早上起床后灶具无火，邻居正常。地址：{address}，表号 {meter}",
    ),
    ("repair", "meter_fault", "normal", "燃气表显示异常", "表屏不亮，无法充值。表号 {meter}"),
    (
        "repair",
        "low_pressure",
        "normal",
        "Low pressure at the cooker",
        "Flame is weak since yesterday. Meter {meter}.",
    ),
    ("inquiry", "tariff", "normal", "咨询阶梯气价", "客户咨询第二档气价的起点和执行日期。"),
    ("inquiry", "account", "normal", "咨询过户手续", "二手房过户，咨询所需材料和办理网点。地址：{address}"),
    (
        *("inquiry", "connection", "normal", "New connection"),
        "Asks how long a new gas connection takes. Address: {address}",
    ),
)

# What some lines send as the caller's name: hostile until escaped for where it goes.
HOSTILE = (
    '"Bobby" <script>alert(1)</script>',
    "O'Brien; DROP TABLE customers; --",
    '\\"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }} ${jndi:ldap://x} %s%n",
    "李\u202e雷 🔥🔥🔥",
    "A" * 300,
)
COLLEAGUES = {"1002": "王芳", "1003": "Li Qiang", "1004": "陈静", "1005": "Zhao Min"}
