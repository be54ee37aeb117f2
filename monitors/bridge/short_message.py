"""The length of a short message: 160 characters of the GSM alphabet, or 70 of UCS-2.

Source: 3GPP TS 23.038, section 6.2.1 (alphabet and extension table); 23.040, section 9.2.3.24.
"""

# In the order of their codes; the character at ESCAPE begins one of the extension.
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPE = 0x1B
EXTENSION = {
    **{"^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E},
    **{"|": 0x40, "€": 0x65},
}
SEPTETS = {
    **{character: bytes((code,)) for code, character in enumerate(BASIC) if code != ESCAPE},
    **{character: bytes((ESCAPE, code)) for character, code in EXTENSION.items()},
}
LONGEST_GSM, LONGEST_UCS2 = 160, 70
CUT = "..."


def is_gsm(text: str) -> bool:
    """Whether the GSM alphabet has every character."""
    return all(character in SEPTETS for character in text)


def gsm(text: str) -> bytes:
    """Return a text in the GSM alphabet, a septet an octet; KeyError for what it does not have."""
    return b"".join(SEPTETS[character] for character in text)


def ucs2(text: str) -> bytes:
    """Return a text in UCS-2, the high octet first; what needs two units is sent as two."""
    return text.encode("utf-16-be", errors="replace")


def fits(text: str) -> bool:
    """Whether a text is no longer than one short message."""
    if is_gsm(text):
        return len(gsm(text)) <= LONGEST_GSM
    return len(ucs2(text)) // 2 <= LONGEST_UCS2


def cut(text: str) -> str:
    """Return a text that fits, cut after a word where there is one."""
    if fits(text):
        return text
    words = text.split(" ")
    while len(words) > 1:
        words.pop()
        shorter = " ".join(words).rstrip(",;:") + CUT
        if fits(shorter):
            return shorter
    (word,) = words
    while not fits(word + CUT):
        word = word[:-1]
    return word + CUT
