"""A table out of a file, whatever it was saved as: CSV, Parquet, Excel, Stata, R."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwinds.contracts.missing_file import no_file
from headwinds.errors import DataError, EncodingError, HeadwindsError, SettingsError
from headwinds.explain.sources.delimited import read_delimited, refuse_repeated

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

EXCEL, STATA, R_DATA = (".xlsx",), (".dta",), (".rda", ".rdata", ".rds")


def read_table(
    path: Path,
    *,
    sheets: Sequence[str] = (),
    header: int = 0,
    skip_lines: int = 0,
    rows: int | None = None,
) -> pd.DataFrame:
    """The table of a file, by the ending of its name.

    Parameters
    ----------
    path
        .csv (also .csv.xz, .csv.gz, ...), .tsv or .tab (between tabs), .parquet, .xlsx, .dta (Stata), .rda, .RData or
        .rds (R: needs the extra `r-data`). Fields of a CSV file come as text, so that a bad one can be shown as it stands.
    sheets
        Of an Excel file: the first of these that it has, else its first sheet.
    header
        Of an Excel file: the row with the names, counted from 0.
    skip_lines
        Of a CSV file: lines above the one with the names.
    rows
        Of a CSV file: how many rows to read; None for all.

    Raises
    ------
    DataError
        There is no such file, it cannot be read, or two of its columns have one name.
    SettingsError
        The file needs a package that is not installed.
    """
    import pandas as pd

    if not path.is_file():
        raise no_file(path)
    ending = path.suffix.lower()
    try:
        if ending == ".parquet":
            return pd.read_parquet(path)
        if ending in EXCEL:
            return _excel(path, sheets, header)
        if ending in STATA:
            return _stata(path)
        if ending in R_DATA:
            return _r_data(path)
        return read_delimited(path, skip_lines, rows)
    except UnicodeDecodeError as error:
        raise EncodingError(
            f"{path.name}: not UTF-8 at byte {error.start} ({error.reason}).",
            remedy="Save the file as UTF-8.",
        ) from error
    except (HeadwindsError, MemoryError):
        raise
    except Exception as error:  # whatever the parsers and unpackers of so many formats raise on damaged bytes
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(f"{path.name}: cannot be read as a table ({first}).") from error


def sheet_names(path: Path) -> list[str]:
    """The sheets of an Excel file.

    Raises
    ------
    DataError
        There is no such file, or it is no Excel file.
    """
    if not path.is_file():
        raise no_file(path)
    import pandas as pd

    try:
        with pd.ExcelFile(path, engine="openpyxl") as book:
            return [str(name) for name in book.sheet_names]
    except MemoryError:
        raise
    except Exception as error:  # of a damaged archive, or of the XML in it
        raise DataError(f"{path.name}: cannot be read as an Excel file ({error}).") from error


def _excel(path: Path, sheets: Sequence[str], header: int) -> pd.DataFrame:
    import pandas as pd

    there = sheet_names(path)
    chosen = next((name for name in sheets if name in there), there[0])
    names = pd.read_excel(path, sheet_name=chosen, header=None, skiprows=header, nrows=1, engine="openpyxl")
    refuse_repeated(
        [str(name).strip() for name in names.iloc[0] if name == name] if len(names) else [], path.name
    )
    # A cell of an Excel file is a number or a text; "NA" is Namibia until a column of numbers says otherwise.
    table: pd.DataFrame = pd.read_excel(
        path, sheet_name=chosen, header=header, engine="openpyxl", keep_default_na=False, na_values=[""]
    )
    return table.rename(columns=lambda name: name.strip() if isinstance(name, str) else name)


def _stata(path: Path) -> pd.DataFrame:
    import pandas as pd

    # Labels of values may repeat, and a repeated label is an error in pandas; the codes are enough.
    return pd.read_stata(path, convert_categoricals=False)


def _r_data(path: Path) -> pd.DataFrame:
    try:
        import rdata
    except ImportError:
        raise SettingsError(
            f"{path.name} is a file of R; reading it needs the package rdata.",
            remedy="pip install 'headwinds[r-data]', or save the table as CSV.",
        ) from None
    import pandas as pd

    try:
        with warnings.catch_warnings():
            # It warns of classes of R that it does not know; the columns are there all the same.
            warnings.simplefilter("ignore")
            found: Any = rdata.read_rds(path) if path.suffix.lower() == ".rds" else rdata.read_rda(path)
    except Exception as error:  # whatever a parser of binary data raises on damaged bytes
        raise DataError(
            f"{path.name}: cannot be read as a file of R ({type(error).__name__}: {error})."
        ) from error
    tables = (
        {path.stem: found}
        if isinstance(found, pd.DataFrame)
        else {name: value for name, value in dict(found).items() if isinstance(value, pd.DataFrame)}
    )
    if len(tables) != 1:
        raise DataError(
            f"{path.name}: holds {len(tables)} tables ({', '.join(sorted(tables)) or 'none'}), expected one.",
            remedy="Save the one table that is meant.",
        )
    table: pd.DataFrame = next(iter(tables.values()))
    factors = [name for name in table.columns if isinstance(table[name].dtype, pd.CategoricalDtype)]
    return table.astype(dict.fromkeys(factors, "string")).reset_index(drop=True)
