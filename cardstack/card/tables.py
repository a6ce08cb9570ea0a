"""The code tables of the card's data items, in both languages, each with its source."""

from collections.abc import Mapping
from typing import TypeAlias

from cardstack.text import Text

Codes: TypeAlias = Mapping[str, Text]

SEX: Codes = {"1": Text("male", "男"), "2": Text("female", "女"), "9": Text("not stated", "未说明")}
"""GB/T 2261.1, as V2.0 uses it."""

CARD_CLASS: Codes = {
    "1": Text("pre-school child", "学龄前儿童"),
    "2": Text("student", "学生"),
    "3": Text("adult", "成人"),
    "4": Text("elderly, 70 and above", "老年人（70 岁以上）"),
}
"""V2.0 table 11; 3 also where the issuer does not distinguish."""

NATION: Codes = {
    "01": Text("Han", "汉族"),
    "02": Text("Mongol", "蒙古族"),
    "03": Text("Hui", "回族"),
    "04": Text("Tibetan", "藏族"),
    "05": Text("Uygur", "维吾尔族"),
    "06": Text("Miao", "苗族"),
    "07": Text("Yi", "彝族"),
    "08": Text("Zhuang", "壮族"),
    "09": Text("Buyei", "布依族"),
    "10": Text("Korean", "朝鲜族"),
    "11": Text("Manchu", "满族"),
    "12": Text("Dong", "侗族"),
    "13": Text("Yao", "瑶族"),
    "14": Text("Bai", "白族"),
    "15": Text("Tujia", "土家族"),
    "16": Text("Hani", "哈尼族"),
    "17": Text("Kazak", "哈萨克族"),
    "18": Text("Dai", "傣族"),
    "19": Text("Li", "黎族"),
    "20": Text("Lisu", "傈僳族"),
    "21": Text("Va", "佤族"),
    "22": Text("She", "畲族"),
    "23": Text("Gaoshan", "高山族"),
    "24": Text("Lahu", "拉祜族"),
    "25": Text("Sui", "水族"),
    "26": Text("Dongxiang", "东乡族"),
    "27": Text("Naxi", "纳西族"),
    "28": Text("Jingpo", "景颇族"),
    "29": Text("Kirgiz", "柯尔克孜族"),
    "30": Text("Tu", "土族"),
    "31": Text("Daur", "达斡尔族"),
    "32": Text("Mulao", "仫佬族"),
    "33": Text("Qiang", "羌族"),
    "34": Text("Blang", "布朗族"),
    "35": Text("Salar", "撒拉族"),
    "36": Text("Maonan", "毛南族"),
    "37": Text("Gelao", "仡佬族"),
    "38": Text("Xibe", "锡伯族"),
    "39": Text("Achang", "阿昌族"),
    "40": Text("Pumi", "普米族"),
    "41": Text("Tajik", "塔吉克族"),
    "42": Text("Nu", "怒族"),
    "43": Text("Uzbek", "乌孜别克族"),
    "44": Text("Russian", "俄罗斯族"),
    "45": Text("Ewenki", "鄂温克族"),
    "46": Text("Deang", "德昂族"),
    "47": Text("Bonan", "保安族"),
    "48": Text("Yugur", "裕固族"),
    "49": Text("Gin", "京族"),
    "50": Text("Tatar", "塔塔尔族"),
    "51": Text("Derung", "独龙族"),
    "52": Text("Oroqen", "鄂伦春族"),
    "53": Text("Hezhen", "赫哲族"),
    "54": Text("Monba", "门巴族"),
    "55": Text("Lhoba", "珞巴族"),
    "56": Text("Jino", "基诺族"),
    "99": Text("other", "其他"),
}
"""GB 3304, with 99 as V2.0 adds it."""

INSURANCE: Codes = {
    "110": Text("pension, enterprises", "企业职工基本养老保险"),
    "120": Text("pension, civil service and institutions", "机关事业单位养老保险"),
    "150": Text("pension, rural residents", "新型农村社会养老保险"),
    "160": Text("pension, urban residents", "城镇居民社会养老保险"),
    "170": Text("pension, residents", "城乡居民基本养老保险"),
    "210": Text("unemployment", "失业保险"),
    "310": Text("medical, employees", "职工基本医疗保险"),
    "340": Text("medical, cadres in retirement", "离休人员医疗保障"),
    "360": Text("medical, ex-military", "残疾军人医疗保障"),
    "380": Text("medical, rural cooperative", "新型农村合作医疗"),
    "390": Text("medical, residents", "城乡居民基本医疗保险"),
    "391": Text("medical, urban residents", "城镇居民基本医疗保险"),
    "410": Text("work injury", "工伤保险"),
    "510": Text("maternity", "生育保险"),
}
"""V2.0 tables 36, 41 and 42; the names of 340 and 360 are this project's reading."""

MEDICAL_LOG: Codes = {"1": Text("account load", "个人账户划入"), "2": Text("medical settlement", "医疗费用结算")}
"""V2.0 table 51."""

SETTLEMENT_CLASS: Codes = {
    "1": Text("work injury", "工伤"),
    "2": Text("maternity", "生育"),
    "3": Text("medical aid", "医疗救助"),
    "9": Text("other", "其他"),
}
"""V2.0 table 52."""

SETTLEMENT_MODE: Codes = {"1": Text("online", "联机"), "2": Text("offline", "脱机")}
"""V2.0, item 8F."""

PURSE_KIND: Codes = {
    "1": Text("load, deposit", "存折圈存"),
    "2": Text("load, purse", "钱包圈存"),
    "3": Text("unload", "圈提"),
    "4": Text("cash withdrawal", "取现"),
    "5": Text("purchase, deposit", "存折消费"),
    "6": Text("purchase, purse", "钱包消费"),
    "7": Text("overdraft limit", "修改透支限额"),
    "9": Text("compound purchase (CAPP)", "复合应用消费"),
}
"""Transaction types of PBOC 2.0 part 2 as they stand in file 18."""

TRIP_KIND: Codes = {
    "1": Text("entry, e-cash", "电子现金进站"),
    "2": Text("exit, e-cash", "电子现金出站"),
    "3": Text("entry, purse", "电子钱包进站"),
    "4": Text("exit, purse", "电子钱包出站"),
    "5": Text("single, e-cash", "电子现金单次消费"),
    "6": Text("single, purse", "电子钱包单次消费"),
    "7": Text("fare topped up, e-cash", "电子现金补票"),
    "8": Text("fare topped up, purse", "电子钱包补票"),
    "9": Text("load, e-cash", "电子现金充值"),
    "10": Text("load, purse", "电子钱包充值"),
    "18": Text("locked", "锁卡"),
}
"""First byte of a record of file 1E, as validators write it (7, 8 and 9, 10 in pairs by this project's reading)."""

INDUSTRY: Codes = {
    "1": Text("metro", "地铁"),
    "2": Text("bus", "公交"),
    "3": Text("ferry", "轮渡"),
    "4": Text("taxi", "出租汽车"),
    "5": Text("car rental", "租赁汽车"),
    "6": Text("bicycle", "公共自行车"),
    "7": Text("parking", "停车"),
    "8": Text("coach", "长途客运"),
    "9": Text("passenger ship", "客轮"),
    "10": Text("intercity rail", "城际铁路"),
    "11": Text("air", "民航"),
    "12": Text("motorway", "高速公路"),
    "14": Text("suburban rail", "市域铁路"),
}
"""Industry byte of file 1E (id 7705538656, T-Union_Master); another validator takes 1 for the bus (id 11838527473)."""

CARD_KIND_A: Codes = {
    "1": Text("ordinary", "普通卡"),
    "2": Text("student", "学生卡"),
    "3": Text("senior", "老年卡"),
    "4": Text("test or free", "测试卡（免费卡）"),
    "5": Text("soldier or disabled", "军人卡（残疾人卡）"),
}
"""Card kinds of some cities' validators (ids 11838527473, haofighter/yanma)."""

CARD_KIND_B: Codes = {
    "1": Text("standard", "标准卡"),
    "2": Text("senior", "老年卡"),
    "3": Text("student", "学生卡"),
    "4": Text("staff", "员工卡"),
    "5": Text("disabled", "残疾人卡"),
    "6": Text("army", "军人卡"),
}
"""Card kinds of other cities' validators (id 51882077819). Which city uses which is not public."""

LOCAL_CARD_KIND: Codes = {
    "01": Text("ordinary", "普通卡"),
    "02": Text("student", "学生卡"),
    "03": Text("senior", "老年卡"),
    "04": Text("test", "测试卡"),
    "05": Text("soldier", "军人卡"),
    "11": Text("adult monthly", "成人月票卡"),
    "12": Text("senior free", "老年免费卡"),
    "13": Text("senior discount", "老年优惠卡"),
    "14": Text("quarterly", "季票卡"),
    "15": Text("yearly", "年票卡"),
    "70": Text("driver", "司机卡"),
    "80": Text("line", "线路卡"),
    "81": Text("collection", "采集卡"),
}
"""Main card type in file 05 of CJ/T cards, two digits."""

TRANSIT_CITY: Mapping[str, str] = {
    "110000": "1000",
    "120000": "1100",
    "310000": "2900",
    "320100": "3010",
    "320500": "3050",
    "330100": "3310",
    "330200": "3320",
    "340100": "3610",
    "440100": "5810",
    "440300": "5840",
}
"""T-Union's city codes by division code (GB/T 2260), as validators have them."""

CITY_UNION_CITY: Mapping[str, str] = {"310000": "2000", "320583": "2153", "320500": "2150"}
"""CityUnion's city codes, which follow the postcode."""

RECORD_OF_JOURNEY: Codes = {
    "2701": Text("rail", "轨道交通"),
    "2702": Text("bus", "公共汽电车"),
    "2703": Text("ferry", "轮渡"),
    "270D": Text("discount information", "优惠信息"),
}
"""Identifiers of the records of file 1A."""
