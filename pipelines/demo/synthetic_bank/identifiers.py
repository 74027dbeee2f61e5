"""Names, documents, cards and addresses of people who do not exist."""

import numpy as np

from pipelines.demo.synthetic_bank.seasons import stream

# Each is written, then romanised.
_SURNAMES = """
王Wang 李Li 张Zhang 刘Liu 陈Chen 杨Yang 赵Zhao 黄Huang 周Zhou 吴Wu 徐Xu 孙Sun 胡Hu 朱Zhu
高Gao 林Lin 何He 郭Guo 马Ma 罗Luo 梁Liang 宋Song 郑Zheng 谢Xie 韩Han 唐Tang 冯Feng 于Yu
董Dong 萧Xiao 程Cheng 曹Cao 袁Yuan 邓Deng 傅Fu 沈Shen 曾Zeng 彭Peng 吕Lü 苏Su 卢Lu
蒋Jiang 蔡Cai 贾Jia 丁Ding 魏Wei 欧阳Ouyang 慕容Murong 司马Sima 上官Shangguan
"""
# No two sound the same, so that a romanised name is as distinct as a written one.
_GIVEN = """
安an 柏bai 岑cen 澄cheng 楚chu 丹dan 朵duo 帆fan 枫feng 谷gu 晗han 禾he 桦hua 嘉jia
锦jin 菁jing 珂ke 岚lan 磊lei 莉li 霖lin 露lu 曼man 萌meng 沐mu 楠nan 宁ning 沛pei
琪qi 芊qian 秋qiu 冉ran 蓉rong 瑞rui 珊shan 诗shi 朔shuo 松song 棠tang 彤tong 婉wan
薇wei 溪xi 夏xia 翔xiang 晓xiao 欣xin 轩xuan 雅ya 彦yan 怡yi 音yin 瑛ying 悠you 语yu
媛yuan 悦yue 云yun 泽ze 哲zhe 真zhen 芝zhi 舟zhou 卓zhuo 梓zi
"""
_CITIES = ("云澜", "澜州", "霁城", "溯阳", "璃江", "雾川", "珂宁", "槐安")
_ROADS = (
    "桂花",
    "梧桐",
    "听雨",
    "望江",
    "文昌",
    "银杏",
    "长乐",
    "和平",
    "明珠",
    "翠微",
)
_WRITTEN_SHARE = 0.67
_MAIL_DOMAINS = ("example.com", "example.org", "example.net")


def number_customers(size: int) -> list[str]:
    """Name the customers in their order.

    Examples
    --------
    >>> number_customers(2)
    ['C0000001', 'C0000002']
    """
    return [f"C{number:07d}" for number in range(1, size + 1)]


def build_names(seed: int, size: int) -> tuple[list[str], list[str]]:
    """Make up full names, two in three written in Chinese, and a login for each.

    Nobody shares a name until all combinations are used up (about 200,000), and nobody
    ever shares a login.
    """
    rng = stream(seed, "names")
    surnames = [_split(name) for name in _SURNAMES.split()]
    given = [_split(name) for name in _GIVEN.split()]
    shape = (len(surnames), len(given), len(given))
    chosen = np.resize(rng.permutation(np.prod(shape)), size)
    is_written = rng.random(size) < _WRITTEN_SHARE
    names, logins = [], []
    suffixes = scatter(np.arange(size), 10**6, key=seed + 4)
    for (a, b, c), written, suffix in zip(
        np.transpose(np.unravel_index(chosen, shape)), is_written, suffixes, strict=True
    ):
        family, first, second = surnames[a], given[b], given[c]
        romanised = f"{family[1]} {first[1].title()}-{second[1].title()}"
        names.append(family[0] + first[0] + second[0] if written else romanised)
        stem = f"{first[1]}{second[1]}.{family[1]}".lower().replace("ü", "v")
        logins.append(f"{stem}{suffix:06d}")
    return names, logins


def build_documents(births: np.ndarray, genders: np.ndarray) -> np.ndarray:
    """Make up resident identity numbers with a right check character (ISO 7064).

    Parameters
    ----------
    births : ndarray of datetime64, shape (n_customers,)
    genders : ndarray of shape (n_customers,)
        1 for male, whose sequence number is odd; anything else is even.

    Returns
    -------
    ndarray of str, shape (n_customers,)
        All different. They begin with 79, which is no province, so they are nobody's.
    """
    years = births.astype("datetime64[Y]").astype(int) + 1970
    months = births.astype("datetime64[M]").astype(int) % 12 + 1
    days = (births - births.astype("datetime64[M]")).astype(int) + 1
    dates = years * 10_000 + months * 100 + days
    # Count those who share day of birth and parity; a district holds 500 of them.
    parity = genders == 1
    order = np.lexsort((parity, dates))
    groups = dates[order] * 2 + parity[order]
    begins = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    lengths = np.diff(np.r_[begins, len(groups)])
    rank = np.empty(len(groups), dtype=np.int64)
    rank[order] = np.arange(len(groups)) - np.repeat(begins, lengths)
    spread = scatter(rank + dates % 9_973, 10_000 * 500, key=7)
    district, sequence = spread // 500, spread % 500 * 2 + parity
    bodies = (790_000 + district) * 10**11 + dates * 1000 + sequence
    return append_document_check(bodies)


def append_document_check(bodies: np.ndarray) -> np.ndarray:
    """Append the check character of ISO 7064 MOD 11-2 to 17-digit numbers.

    Examples
    --------
    >>> append_document_check(np.array([11010519491231002]))
    array(['11010519491231002X'], dtype='<U18')
    """
    weights = 2 ** np.arange(17, 0, -1) % 11
    remainder = (_split_digits(bodies, 17) * weights).sum(axis=1) % 11
    check = np.array(list("10X98765432"))[remainder]
    return np.strings.add(bodies.astype("U17"), check)


def append_luhn_digit(bodies: np.ndarray) -> np.ndarray:
    """Append the Luhn check digit to 15-digit numbers.

    Examples
    --------
    >>> append_luhn_digit(np.array([411111111111111]))
    array(['4111111111111111'], dtype='<U16')
    """
    digits = _split_digits(bodies, 15)
    digits[:, ::2] *= 2
    total = (digits // 10 + digits % 10).sum(axis=1)
    return (bodies * 10 + -total % 10).astype("U16")


def build_cards(numbers: np.ndarray, seed: int) -> np.ndarray:
    """Make up a card number for each whole number from 0 on, all different."""
    return append_luhn_digit(620_000 * 10**9 + scatter(numbers, 10**9, key=seed + 1))


def build_account_numbers(numbers: np.ndarray, seed: int) -> np.ndarray:
    """Make up an account number for each whole number from 0 on, all different."""
    return (scatter(numbers, 10**11, key=seed + 2) + 300_100 * 10**11).astype("U17")


def build_phones(numbers: np.ndarray, seed: int) -> np.ndarray:
    """Make up a mobile number for each whole number from 0 on, all different."""
    spread = scatter(numbers, 6 * 10**8, key=seed + 3)
    prefix = np.array([160, 161, 163, 164, 168, 169])[spread // 10**8]
    return (prefix * 10**8 + spread % 10**8).astype("U11")


def build_emails(logins: list[str]) -> list[str]:
    """Put each login at a domain reserved for examples."""
    domains = _MAIL_DOMAINS
    return [f"{login}@{domains[len(login) % len(domains)]}" for login in logins]


def build_addresses(seed: int, size: int, name: str) -> list[str]:
    """Make up postal addresses in made-up towns; another name gives others."""
    rng = stream(seed, "addresses", name)
    parts = zip(
        rng.integers(0, len(_CITIES), size),
        rng.integers(0, len(_ROADS), size),
        rng.integers(1, 1000, size),
        rng.integers(1, 34, size) * 100 + rng.integers(1, 9, size),
        strict=True,
    )
    return [
        f"{_CITIES[c]}市{_ROADS[r]}路{house}号{room}室" for c, r, house, room in parts
    ]


def misspell(names: list[str], is_misspelt: np.ndarray, seed: int) -> list[str]:
    """Write some names as a hurried clerk would: a letter or a character wrong.

    Examples
    --------
    >>> misspell(["Wang Dan-Xia"], np.array([True]), seed=0)
    ['Wang Dan-ia']
    """
    rng = stream(seed, "typos", len(names))
    places, others = rng.random(len(names)), rng.integers(0, 10**6, len(names))
    given = [_split(name)[0] for name in _GIVEN.split()]
    written = []
    for name, wrong, place, other in zip(
        names, is_misspelt, places, others, strict=True
    ):
        if wrong and name.isascii() and " " in name:
            begins = name.index(" ") + 2
            cut = begins + int(place * (len(name) - begins))
            written.append(name[:cut] + name[cut + 1 :])
        elif wrong:
            # The last character, by one that is not the same.
            (new,) = [c for c in (given * 2)[other % 64 :][:2] if c != name[-1]][:1]
            written.append(name[:-1] + new)
        else:
            written.append(name)
    return written


def build_households(numbers: np.ndarray, seed: int) -> np.ndarray:
    """Make up a household number for each whole number from 0 on, all different."""
    return (scatter(numbers, 10**8, key=seed + 5) + 5 * 10**8).astype("U9")


def scatter(numbers: np.ndarray, modulus: int, *, key: int) -> np.ndarray:
    """Spread whole numbers over ``[0, modulus)``, no two onto the same place.

    Examples
    --------
    >>> scatter(np.arange(4), 1000, key=0)
    array([  0, 619, 238, 857])
    """
    step = int(modulus * 0.6180339887) // 10 * 10 + 9
    while np.gcd(step, modulus) != 1:
        step += 10
    return (numbers * step + key * 7_919) % modulus


def _split(name: str) -> tuple[str, str]:
    romanised = "".join(c for c in name if c.lower() != c.upper())
    return name.removesuffix(romanised), romanised


def _split_digits(numbers: np.ndarray, count: int) -> np.ndarray:
    return numbers[:, None] // 10 ** np.arange(count - 1, -1, -1) % 10
