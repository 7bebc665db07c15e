"""The Case page tells a map in a reader's terms: a sentence at once, shares on a click, the map on median beats."""

from __future__ import annotations

import base64
import re

from streamlit.testing.v1 import AppTest

from ecgkt.dashboard import paper, samples, state


def said(page: AppTest) -> str:
    return " ".join(part.proto.body for part in page.get("html"))


def explained(page: AppTest, title: str) -> AppTest:
    page.selectbox(state.SAMPLE).set_value(title).run()
    row = next(button for button in page.button if str(button.key).startswith("row-"))
    row.click().run()
    assert not page.exception
    return page


def svg_of(page: AppTest, kind: str) -> tuple[str, str]:
    """Return the drawing of that class and its text alternative."""
    found = re.search(rf'class="{kind}" alt="([^"]*)" src="data:image/svg\+xml;base64,([^"]*)"', said(page))
    return base64.b64decode(found[2]).decode(), found[1]


def test_a_chosen_target_is_told_by_its_waves_and_leads(case_page):
    page = explained(case_page(), samples.titles()[0])
    told = said(page)
    assert re.search(r"<b>(\d+% of the map lies on|No wave stands out:)", told)
    assert "map misses" in told and "A map is no cause" in told
    assert [box.label for box in page.expander if "by wave and lead" in box.label]
    for lead in ("I", "aVR", "V6"):
        assert f'<th scope="row">{lead}</th>' in told
    (all_leads,) = re.findall(r'<th scope="row">All leads</th>(.*?)</tr>', told)
    shares = [int(cell) for cell in re.findall(r"<td>(\d+)</td>", all_leads)]
    assert shares[-1] == 100
    assert abs(sum(shares[:-1]) - 100) <= 4


def test_atrial_fibrillation_has_no_p_wave_and_says_why(case_page):
    told = said(explained(case_page(), "Atrial fibrillation (simulated)"))
    assert '<th scope="row">P wave</th><td colspan="6" class="none">none was found</td>' in told
    assert "No P wave was found (by rules: atrial fibrillation)" in told
    assert "TQ interval" in told


def test_the_median_beats_carry_the_map_of_the_chosen_target(case_page):
    page = case_page()
    page.segmented_control(paper.TOOL).set_value(paper.BEATS).run()
    plain, alternative = svg_of(page, "ecgkt-beats")
    assert "<image" not in plain and "saliency" not in alternative
    page = explained(page, samples.titles()[0])
    drawn, alternative = svg_of(page, "ecgkt-beats")
    assert drawn.count("<image data-lead=") == 12
    assert "the map&#x27;s mean over them" in drawn and "lowers" in drawn and "raises" in drawn
    assert "saliency of" in alternative and "mean over the beats" in alternative


def test_what_a_layout_hides_of_a_map_is_said_on_the_sheet_and_to_who_cannot_see_it(case_page):
    page = explained(case_page(), samples.titles()[0])
    drawn, alternative = svg_of(page, "ecgkt-sheet")
    (share,) = set(re.findall(r"(\d+)% of the map lies outside the seconds shown of each lead", drawn))
    assert f"{share}% of the map lies outside" in alternative
    page.selectbox(paper.LAYOUT).set_value("12x1").run()
    assert "outside" not in svg_of(page, "ecgkt-sheet")[1]
