"""How values of requests are described in JSON Schema, where what is accepted depends on more than their type.

A test holds each of these to what the models accept.
"""

from typing import Any

Schema = dict[str, Any]

# White space is that of ASCII, and is spelled out: what \s matches is not the same in JavaScript, Python and Rust, and
# programs in any language read the contract.
WHITE_SPACE = " \t\n\v\f\r"
_WHITE = r"[\t-\r ]*"
_VISIBLE = r"[^\x00-\x20\x7f-\x9f]"
# A visible character at each end of at most 255, and white space around them.
_TEXT = rf"{_WHITE}{_VISIBLE}(?:[^\x00-\x1f\x7f-\x9f]{{0,253}}{_VISIBLE})?{_WHITE}"
_ID = "[0-9A-Za-z_-]{1,64}"

NOT_BLANK: Schema = {"type": "string", "pattern": r"[^\t-\r ]"}
NULLABLE: Schema = {"type": ["string", "null"]}
SECRET: Schema = {"format": "password", "writeOnly": True}

TEXT: Schema = {"type": "string", "pattern": f"^{_TEXT}$"}
OPTIONAL_TEXT: Schema = NULLABLE | {"pattern": f"^(?:{_TEXT}|{_WHITE})$"}
# The rest of what makes a URL good is in urls.py. No pattern could say it that a person can read.
AUTH_URL: Schema = {
    "type": "string",
    "maxLength": 255,
    "pattern": rf"^{_WHITE}[Hh][Tt][Tt][Pp][Ss]?://[0-9A-Za-z._\[\]:-]+(?:/[0-9A-Za-z._~/-]*)?{_WHITE}$",
}
OPTIONAL_ID: Schema = NULLABLE | {"pattern": f"^(?:{_ID}|{_WHITE})$"}
LOGIN: Schema = {"type": "string", "maxLength": 256, "pattern": r"^[0-9A-Za-z._-]{1,255}\n?$"}
NEW_PASSWORD: Schema = NOT_BLANK | SECRET | {"maxLength": 128}
OPTIONAL_PASSWORD: Schema = NULLABLE | SECRET | {"maxLength": 128}


def unless(given: str, *required: str) -> Schema:
    """Returns that these fields are required and must not be blank, unless the field `given` is there and not blank."""
    return {
        "if": {"required": [given], "properties": {given: NOT_BLANK}},
        "else": {"required": [*required], "properties": dict.fromkeys(required, NOT_BLANK)},
    }
