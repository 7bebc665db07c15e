"""The words of the lab bridge, without a page."""

from __future__ import annotations

import re

from ecgkt.dashboard.bridge_words import bars, signed, title
from ecgkt.explain.surrogate import Shares


def test_a_change_that_rounds_to_zero_has_no_sign_and_minus_is_a_minus():
    assert [signed(value) for value in (0.004, -0.004, 1.5, -0.25)] == ["0.00", "0.00", "+1.50", "−0.25"]


def test_a_lab_within_a_sentence_keeps_its_capitals_where_they_are_its_own():
    assert title("potassium_high") == "potassium high"
    assert title("tsh_high").startswith("TSH") and title("ph_low").startswith("pH")
    assert title("nt_probnp_high").startswith("NT-proBNP")


def test_bars_show_the_largest_first_and_the_sum_of_the_rest_and_lose_nothing():
    shares = Shares((("potassium_high", 0.5), ("age", -2.0), ("male", 0.1), ("sodium_low", 0.2)), 0.0, -1.2, "nothing")
    drawn = bars(shares, shown=2)
    assert re.findall(r'class="(raises|lowers)"', drawn) == ["lowers", "raises", "raises"]
    assert [float(one.replace("−", "-")) for one in re.findall(r"<td>([+−][\d.]+)</td>", drawn)] == [-2.0, 0.5, 0.3]
    assert drawn.index("Age") < drawn.index("Potassium high") < drawn.index("2 further inputs")
