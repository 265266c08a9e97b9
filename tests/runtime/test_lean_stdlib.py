"""json's and hashlib's C halves give what json and hashlib give."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ressq_runtime.lean_stdlib import dump_json, parse_json, sha256_hex

CARD = (Path(__file__).parent.parent / "golden" / "card.json").read_bytes()
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(values)
def test_what_is_written_is_jsons(value: object) -> None:
    assert dump_json(value) == json.dumps(value)
    assert dump_json(value, compact=True) == json.dumps(value, sort_keys=True, separators=(",", ":"))
    for indent in (None, 1):
        text = json.dumps(value, ensure_ascii=False, indent=indent)
        assert parse_json(text) == parse_json(text.encode("utf-8", "surrogatepass")) == value


def test_a_card_is_read_as_json_reads_it() -> None:
    assert parse_json(CARD) == json.loads(CARD)


@pytest.mark.parametrize(
    "text",
    [b"", b" ", b"{", b"{}x", b"[1,]", b"nul", b'"\t"', b"\xff", b"[NaN, -Infinity]", b"1e999", b"\xef\xbb\xbf[1]",
     b"[\x001\x00]\x00", b'{"a": 1, "a": 2}', b" \n[1.0, 10]\r\t", b"[1]\x0c", b'"\\ud800"'],
)  # fmt: skip
def test_odd_text_is_read_or_refused_in_jsons_words(text: bytes) -> None:
    def outcome(parse: object) -> str:
        try:
            return repr(parse(text))  # type: ignore[operator]
        except ValueError as error:
            return f"{type(error).__name__}: {error}"

    assert outcome(parse_json) == outcome(json.loads)


def test_deep_nesting_is_an_error_and_no_crash() -> None:
    with pytest.raises((RecursionError, ValueError)):
        parse_json(b"[" * 1_000_000)


def test_what_json_has_no_word_for_is_refused() -> None:
    with pytest.raises(TypeError, match="Object of type bytes is not JSON serializable"):
        dump_json([b"bytes"])


def test_without_the_c_halves_json_and_hashlib_answer() -> None:
    code = (
        "import sys; sys.modules['_json'] = sys.modules['_hashlib'] = None\n"
        "from ressq_runtime.lean_stdlib import dump_json, parse_json, sha256_hex\n"
        "print(dump_json([1, 'ä'], compact=True), parse_json('[2]'), sha256_hex(b'abc'))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ['[1,"\\u00e4"]', "[2]", hashlib.sha256(b"abc").hexdigest()]
    assert sha256_hex(b"abc") == hashlib.sha256(b"abc").hexdigest()
