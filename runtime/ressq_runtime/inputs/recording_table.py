"""A table of numbers as loggers and spreadsheets save it: text between commas, semicolons or tabs, with a header."""

from __future__ import annotations

from ressq_runtime.errors import RecordingError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_BYTES = 1_000_000_000
_SEPARATORS = ",;\t"
_PICKLE = ("a pickle, which may run a program", "in the program that made it: frame.to_csv('x.csv', index=False)")
_OTHERS = {
    b"PAR1": ("a Parquet file", "pandas.read_parquet('x.parquet').to_csv('x.csv', index=False)"),
    b"\x93NUM": ("a NumPy array", "numpy.savetxt('x.csv', a, delimiter=',', header='ax,ay', comments='')"),
    b"MATL": ("a MATLAB file", "in MATLAB: writetable(array2table(x), 'x.csv')"),
    b"\x89HDF": ("an HDF5 or MATLAB 7.3 file", "pandas.read_hdf('x.h5').to_csv('x.csv', index=False)"),
    b"PK\x03\x04": ("a spreadsheet or an archive", "save the sheet as CSV, or take the files out of the archive"),
    b"\x80\x02": _PICKLE, b"\x80\x03": _PICKLE, b"\x80\x04": _PICKLE, b"\x80\x05": _PICKLE,
}  # fmt: skip


class Table:
    """Cells as text.

    path: of the file; header: names of the columns as they stand; rows: as many cells each as the header;
    lines: the line of each row in the file, counted from 1; decimal_comma: numbers are written 1,5.
    """

    __slots__ = ("decimal_comma", "header", "lines", "path", "rows")

    def __init__(
        self, path: str, header: Sequence[str], rows: list[list[str]], lines: Sequence[int], decimal_comma: bool
    ) -> None:
        self.path = path
        self.header = [name.strip() for name in header]
        self.rows = rows
        self.lines = lines
        self.decimal_comma = decimal_comma


def read_table(path: str) -> Table:
    """The table in a file: UTF-8, UTF-16 with its mark, or Windows-1252.

    Raises:
        RecordingError: it can't be read, is no text or has no header, or a row is longer or shorter than that.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}; check the path and its permissions") from error
    return parse_table(path, content)


def parse_table(path: str, content: bytes) -> Table:
    """As `read_table`, of a file's bytes."""
    text = _decode(path, content)
    quoted = '"' in text
    lines = text.replace("\r", "").split("\n")
    if not lines[-1]:
        lines.pop()
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise RecordingError(f"{path}: found no line, wanted a header and rows of numbers; give another file")
    separator = next((one for one in _SEPARATORS if one in lines[first]), ",")
    split = _split_quoted if quoted else _split_plain
    header = split(lines[first], separator)
    _check_header(path, header, first + 1)
    rows = [split(line, separator) for line in lines[first + 1 :]]
    numbers: Sequence[int] = range(first + 2, len(lines) + 1)
    if set(map(len, rows)) != {len(header)}:
        rows, numbers = _take_full(path, rows, len(header), first + 2)
    if not rows:
        raise RecordingError(f"{path}: found a header alone, wanted rows of numbers below it; give another file")
    comma = separator != "," and "," in text
    return Table(path, header, rows, numbers, comma)


def _take_full(path: str, rows: list[list[str]], width: int, first: int) -> tuple[list[list[str]], list[int]]:
    """The rows of this width and their lines, without empty ones; `first`: the line of the first.

    Raises:
        RecordingError: a row is longer or shorter.
    """
    found, lines = [], []
    for line, cells in enumerate(rows, first):
        if cells in ([], [""]):
            continue
        if len(cells) != width:
            raise RecordingError(
                f"{path}: found {len(cells)} cells in line {line}, wanted {width} as in the header; "
                "mend the line, or cut the file there"
            )
        found.append(cells)
        lines.append(line)
    return found, lines


def split_line(line: str, separator: str) -> list[str]:
    """The cells of one line."""
    return (_split_quoted if '"' in line else _split_plain)(line, separator)


def _decode(path: str, content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise RecordingError(f"{path}: found more than {MOST_BYTES // 10**9} GB, wanted a recording; cut it into parts")
    for magic, (kind, advice) in _OTHERS.items():
        if content.startswith(magic):
            raise RecordingError(f"{path}: found {kind}, wanted CSV or WAV; {advice}")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError as error:
            raise RecordingError(f"{path}: found broken UTF-16 ({error.reason}), wanted text; save it again") from error
    if b"\0" in content[:4096]:
        raise RecordingError(f"{path}: found a file that is no text, wanted CSV or WAV; export it as CSV")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")  # a unit's degree sign, say: names alone can be hurt


def _split_plain(line: str, separator: str) -> list[str]:
    return line.split(separator)


def _split_quoted(line: str, separator: str) -> list[str]:
    from csv import reader

    return next(reader([line], delimiter=separator), [])


def _check_header(path: str, header: Sequence[str], line: int) -> None:
    names = [name.strip() for name in header]
    if any(map(is_number, names)):
        raise RecordingError(
            f"{path}: found numbers in line {line}, wanted a header with the names of the columns; add one"
        )
    if "" in names:
        raise RecordingError(f"{path}: found a column without a name in line {line}, wanted one for each; name it")
    twice = [name for number, name in enumerate(names) if name in names[:number]]
    if twice:
        raise RecordingError(f"{path}: found the column {twice[0]} twice, wanted it once; rename one of them")


def is_number(text: str) -> bool:
    """Whether the text is a number, with a point or a comma."""
    try:
        float(text.replace(",", ".", 1))
    except ValueError:
        return False
    return True
