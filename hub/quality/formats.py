"""How telephone numbers and e-mail addresses are written once they are in standard form.

Belongs here: one expression per form, in the part of the syntax that RE2, PostgreSQL and Python share. Not here:
bringing a value into that form (hub/cleansing/phone.py).
"""

from __future__ import annotations

_EXTENSION = "(-[0-9]{1,6})?"
# ITU-T E.164: + and at most fifteen digits; blanks and hyphens between groups.
_ABROAD = rf"[+][1-9]([ -]?[0-9]){{6,14}}{_EXTENSION}"
_MOBILE = "1[3-9][0-9]{9}"
_FIXED = rf"0(10|2[0-9]|[3-9][0-9]{{2}})-[2-9][0-9]{{6,7}}{_EXTENSION}"
_SERVICE = rf"[48]00[0-9]{{7}}{_EXTENSION}"
_HOTLINE = "(9[56][0-9]{3,4}|12[0-9]{3}|1[01][0-9])"
_ATOM = "[0-9A-Za-z!#$%&'*+/=?^_`{|}~-]+"
_LABEL = "[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?"

FORMATS = {
    "mobile": f"{_MOBILE}|{_ABROAD}",
    "phone": f"{_MOBILE}{_EXTENSION}|{_FIXED}|{_SERVICE}|{_HOTLINE}|{_ABROAD}",
    # RFC 5321 without quoted local parts and address literals, which nobody in a plant has.
    "email": rf"{_ATOM}([.]{_ATOM})*@({_LABEL}[.])+([A-Za-z]{{2,63}}|xn--[0-9A-Za-z-]{{1,59}})",
}
LONGEST = {"email": 254}
