"""The C halves of json and hashlib, without their Python halves, whose imports cost almost an inference.

The results are those of json and hashlib: what the C half is missing from, or objects to, they do.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WHITESPACE = " \t\n\r"
_CONSTANTS = {"-Infinity": float("-inf"), "Infinity": float("inf"), "NaN": float("nan")}


class _Decoding:
    """What json.JSONDecoder() tells its C half."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int, parse_constant = float, int, _CONSTANTS.__getitem__


def parse_json(text: str | bytes) -> Any:
    """`json.loads`.

    Raises:
        ValueError: it is no JSON.
        RecursionError: it is nested too deeply.
    """
    try:
        from _json import make_scanner

        stripped = (text.decode() if isinstance(text, bytes) else text).strip(_WHITESPACE)
        scan: Any = make_scanner(_Decoding)  # type: ignore[arg-type] # typeshed wants a JSONDecoder
        value, end = scan(stripped, 0)
        if end == len(stripped):
            return value
    except (ImportError, AttributeError, StopIteration, ValueError):
        pass
    import json

    return json.loads(text)


def dump_json(value: object, *, compact: bool = False) -> str:
    """`json.dumps`; compact: with sorted keys and without spaces."""
    item, key = (",", ":") if compact else (", ", ": ")
    try:
        from _json import encode_basestring_ascii, make_encoder

        encode = make_encoder({}, _refuse, encode_basestring_ascii, None, key, item, compact, False, True)
        return "".join(encode(value, 0))
    except (ImportError, TypeError):
        import json

        return json.dumps(value, sort_keys=compact, separators=(item, key))


def sha256_hex(data: bytes) -> str:
    """`hashlib.sha256(data).hexdigest()`."""
    try:
        from _hashlib import openssl_sha256 as sha256
    except ImportError:
        from hashlib import sha256
    return sha256(data).hexdigest()


def _refuse(value: object) -> object:
    raise TypeError(f"found {type(value).__name__}, wanted what JSON has")
