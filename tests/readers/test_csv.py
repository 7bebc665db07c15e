"""CSV: whatever is stated is read, in any dialect; whatever is not is refused with what to add."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.written_files.vendors import csv_text, waves
from ecgkt.domain import LEADS
from ecgkt.domain.records import STORED_LEADS
from ecgkt.errors import UnreadableRecord
from ecgkt.readers import read_upload

MILLIVOLTS = [f"{lead} (mV)" for lead in LEADS]


def read(text: str | bytes):
    return read_upload([("x", text.encode() if isinstance(text, str) else text)])


@pytest.mark.parametrize(
    "above",
    [
        "# fs = 500 Hz\n# unit = mV\n",
        "# sampling rate: 500 hertz\n# units: millivolts\n",
        "Sample Rate,500 Hz\nUnit,mV\nName,Jane Doe\nDate of Birth,1970-01-02\n",
        "sampling_rate_hz: 500\nunit;mV\n",
        "# Sampling frequency (Hz): 500\n# amplitude unit = mV\n",
        "% fs = 0.5 kHz\n% units = mV\n\n",
        "# 500 samples\n# fs = 500 samples per second\n# unit = mV\n# Jane Doe, dizzy\n",
    ],
)
def test_rate_and_unit_stand_above_the_headings_in_many_words(above):
    signal = waves()
    record = read(csv_text(signal, above=above))
    np.testing.assert_allclose(record.signal, signal, atol=1e-4)
    assert (record.fs, record.source, record.notes) == (500, "CSV", ())


@pytest.mark.parametrize("form", ["{} (mV)", "{}_mV", "{} [mV]", "{}/mV", "Lead {} (MilliVolt)", '"{} (mV)"'])
def test_the_unit_stands_in_the_headings(form):
    record = read(csv_text(waves(), above="# fs = 500 Hz\n", headings=[form.format(lead) for lead in LEADS]))
    np.testing.assert_allclose(record.signal, waves(), atol=1e-4)


def test_the_unit_stands_in_a_line_below_the_headings():
    text = csv_text(waves(), above="", headings=["'time'", *LEADS], times=[f"{2 * place}" for place in range(3000)])
    headings, numbers = text.split("\n", 1)
    record = read(f"{headings}\nms,{','.join(['mV'] * 12)}\n{numbers}")
    np.testing.assert_allclose(record.signal, waves(), atol=1e-4)
    assert record.fs == 500


def test_other_columns_are_left_out_and_counted_and_a_running_number_is_not():
    above, numbers = "# fs = 500 Hz\n# unit = mV\n", csv_text(waves(), above="").split("\n", 1)[1].splitlines()
    headings = ",".join(["sample", *LEADS, "Resp", "SpO2"])
    rows = [f"{place},{row},1,2" for place, row in enumerate(numbers)]
    record = read(above + "\n".join([headings, *rows]))
    np.testing.assert_allclose(record.signal, waves(), atol=1e-4)
    assert record.notes == ("2 other columns of the CSV were left out",)


def test_microvolts_are_converted_per_column():
    signal = waves() * np.array([1000] + [1] * 11)[:, None]
    record = read(csv_text(signal, above="# fs = 500 Hz\n", headings=["I (\u00b5V)", *MILLIVOLTS[1:]]))
    np.testing.assert_allclose(record.signal, waves(), atol=1e-4)


@pytest.mark.parametrize(
    ("heading", "per_sample", "fs"),
    [("time (s)", 0.002, 500), ("t [ms]", 2, 500), ("Time_ms", 4, 250), ("Zeit (s)", 1 / 300, 300), ("s", 0.001, 1000)],
)
def test_a_column_of_times_gives_the_rate(heading, per_sample, fs):
    times = [f"{place * per_sample:.3f}" for place in range(3000)]
    record = read(csv_text(waves(), above="", headings=[heading, *MILLIVOLTS], times=times))
    assert record.fs == fs and record.notes == ()


@pytest.mark.parametrize(("form", "hours"), [("'{}:{:06.3f}'", None), ("{}:{:02d}:{:06.3f}", 10)])
def test_times_as_on_a_clock_give_the_rate(form, hours):
    """As PhysioNet's rdsamp writes them: 'Elapsed time' over 'hh:mm:ss.mmm', then '0:00.002'."""
    clock = [] if hours is None else [hours]
    times = [form.format(*clock, place // 30_000 + 59, place / 500 % 60) for place in range(3000)]
    named = ["'Elapsed time'", *(f"'{lead}'" for lead in LEADS)]
    text = csv_text(waves(), above="", headings=named, times=times)
    units = ",".join(["'hh:mm:ss.mmm'", *["'mV'"] * 12])
    record = read(text.replace("\n", f"\n{units}\n", 1))
    np.testing.assert_allclose(record.signal, waves(), atol=1e-4)
    assert record.fs == 500
    assert read(text.replace("'Elapsed time'", "# unit = mV\nTime")).fs == 500


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_decimal_commas_are_read_between_other_delimiters(delimiter):
    record = read(csv_text(waves(), delimiter=delimiter, decimal=","))
    np.testing.assert_allclose(record.signal, waves(), atol=1e-4)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "latin-1"])
def test_the_encoding_is_found(encoding):
    content = csv_text(waves(), above="# fs = 500 Hz\n# Ger\u00e4t: x\n# unit = \u00b5V\n").encode(encoding)
    np.testing.assert_allclose(read(content).signal, waves() / 1000, atol=1e-6)


def test_eight_leads_in_any_order_are_enough():
    order = STORED_LEADS[::-1]
    signal = waves()[[LEADS.index(lead) for lead in order]]
    record = read(csv_text(signal, headings=order))
    np.testing.assert_allclose(record.signal, waves(), atol=2e-4)
    assert record.notes == ("III, aVR, aVL, aVF derived from I and II",)


def test_empty_cells_and_nan_are_gaps():
    lines = csv_text(waves(), delimiter=";").splitlines()
    for place, gap in ((100, ""), (101, "NaN"), (102, "NA"), (103, " ")):
        cells = lines[place].split(";")
        lines[place] = ";".join([*cells[:-1], gap])
    record = read("\n".join(lines))
    assert np.flatnonzero(np.isnan(record.lead("V6"))).tolist() == [97, 98, 99, 100]
    assert not np.isnan(record.signal[:-1]).any()


def test_age_and_sex_are_read_and_nothing_else_that_stands_above():
    record = read(csv_text(waves(), above="# name: Jane Doe\n# age: 54\n# sex: F\n# fs = 500 Hz\n# unit = mV\n"))
    assert (record.age, record.sex) == (54, "female") and "Jane" not in repr(record)


TIMES = [f"{place * 2}" for place in range(3000)]
JUMP = [*TIMES[:1500], *(f"{place * 2 + 40}" for place in range(1500, 3000))]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (csv_text(waves(), above=""), 'add the lines "# fs = 500 Hz" and "# unit = mV"'),
        (csv_text(waves(), above="# unit = mV\n"), 'add a line "# fs = 500 Hz"'),
        (csv_text(waves(), above="# unit = mV\n# fs = 500\n"), "no rate with its unit"),
        (csv_text(waves(), above="", headings=["time", *MILLIVOLTS], times=TIMES), "times without a unit"),
        (csv_text(waves(), above="# fs = 500 Hz\n"), 'add a line "# unit = mV"'),
        (csv_text(waves(), above="# fs = 500 Hz\n", headings=[*LEADS[:11], "V6 (mV)"]), "the unit of every lead"),
        (csv_text(waves(), above="# fs = 500 Hz\n# unit = adu\n"), "V, mV or uV"),
        (csv_text(waves(), above="# fs = 5 Hz\n# unit = mV\n"), "between 50 and 20,000 Hz"),
        (csv_text(waves(), headings=[*LEADS[:11], "V5"]), "V5 twice"),
        (csv_text(waves(), decimal=","), "12 cells in every row"),
        (csv_text(waves()) + "Jane;Doe\n", "12 cells in every row"),
        (csv_text(waves()) + ",".join(["Jane"] * 12), "other text"),
        (csv_text(waves()) + ",".join(["1-2"] * 12), "other text"),
        (csv_text(waves()[:, :0]), "at least one sample"),
        (csv_text(waves(), above="", headings=["t (ms)", *MILLIVOLTS], times=JUMP), "even times"),
        (csv_text(waves(), above="", headings=["t (ms)", *MILLIVOLTS], times=TIMES[::-1]), "that rise"),
        (csv_text(waves(), above="#fs=250 Hz\n", headings=["t (ms)", *MILLIVOLTS], times=TIMES), "contradict"),
        ("\n".join(csv_text(waves(), above="").splitlines()[1:]), "lead names in the CSV"),
    ],
)  # fmt: skip
def test_nothing_is_guessed(text, told, refusal):
    assert told in refusal(lambda: read(text))


@pytest.mark.parametrize(
    "text",
    [
        "The leads I, II, III, aVR, aVL and aVF\nare those of the limbs.\n",
        "name,age,sex\nJane,54,F\n",
        "1,2,3\n4,5,6\n",
        "subject_id,ecg_time,rr_interval,p_onset\n1,2,3,4\n",
    ],
)
def test_other_text_is_no_csv_of_an_ecg(text, refusal):
    assert "no such format" in refusal(lambda: read(text))


def test_one_lead_is_read_where_rate_and_unit_are_stated_and_is_no_ecg_where_they_are_not():
    signal = waves()[1]
    numbers = "\n".join(f"{value:.4f}" for value in signal)
    record = read(f"# fs = 500 Hz\n# unit = mV\nII\n{numbers}\n")
    np.testing.assert_allclose(record.signal[1], signal, atol=1e-4)
    assert np.isnan(np.delete(record.signal, 1, axis=0)).all()
    timed = "\n".join(f"{2 * place};{value:.4f}" for place, value in enumerate(signal))
    assert read(f"time (ms);II (mV)\n{timed}\n").fs == 500
    for text in (f"II\n{numbers}\n", f"# fs = 500 Hz\nII\n{numbers}\n", f"# unit = mV\nII\n{numbers}\n"):
        with pytest.raises(UnreadableRecord, match="Wanted an ECG as"):
            read(text)
