from __future__ import annotations

from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from ecgkt import NOTICE
from ecgkt.domain import LEADS, Domain, Explanation, Record
from ecgkt.errors import InvalidValue
from ecgkt.figures.ecg import draw_ecg
from ecgkt.figures.paper import lay_out
from ecgkt.figures.print import DOTS_PER_INCH, FOOT_MM, HEAD_MM, MM_PER_INCH, write_png
from ecgkt.figures.saliency import LEVELS, palette, shade


def record(domain: Domain = Domain.REAL, millivolt: float = 0.0) -> Record:
    return Record(np.full((12, 5000), millivolt, np.float32), 500, "test", domain)


def explanation(lead: str | None = None, seconds: float = 10.0, sign: float = 1.0) -> Explanation:
    attribution = np.zeros((12, round(100 * seconds)), np.float32)
    if lead is not None:
        attribution[LEADS.index(lead)] = sign
    scores = {"score": 1.0, "baseline_score": 0.0, "residual": 0.0, "checkpoint_id": "abc"}
    return Explanation(attribution, 100.0, "integrated gradients", "x", "zero signal", **scores)


def words(figure) -> str:
    return " ".join(annotation.text for annotation in figure.layout.annotations)


def test_the_figure_keeps_equal_millimetres_and_its_squares_cover_the_sheet():
    figure, paper = draw_ecg(record()), lay_out()
    assert (figure.layout.yaxis.scaleanchor, figure.layout.yaxis.scaleratio) == ("x", 1)
    assert tuple(figure.layout.xaxis.range) == (0, paper.width_mm)
    (squares,) = (image for image in figure.layout.images if image.name == "squares")
    assert (squares.x, squares.y, squares.xanchor, squares.yanchor) == (0, 0, "left", "bottom")
    assert (squares.sizex, squares.sizey) == (paper.width_mm, paper.height_mm)
    assert squares.layer == "below"


def test_every_lead_is_drawn_under_its_name():
    figure = draw_ecg(record())
    ink = [trace for trace in figure.data if trace.mode == "lines" and trace.name in LEADS]
    names = next(trace for trace in figure.data if trace.name == "lead names")
    for trace, x, y, text in zip(ink, names.x, names.y, names.text, strict=True):
        assert text == f"<b>{trace.name}</b>"
        assert x == pytest.approx(trace.x0 + 1)
        assert y == pytest.approx(float(trace.y[0]) + 9.5)


def test_the_footer_says_scale_filter_what_the_model_saw_and_the_notice():
    said = words(draw_ecg(record(), model_saw="100 Hz"))
    for part in ("10 mm/mV relative to the grid", "raw signal, no display filter", "the model saw 100 Hz", NOTICE):
        assert part in said


def test_a_simulated_ecg_is_marked_and_another_is_not():
    assert "SIMULATED" in words(draw_ecg(record(Domain.SIMULATED)))
    for domain in (Domain.REAL, Domain.UNKNOWN):
        assert "SIMULATED" not in words(draw_ecg(record(domain)))


@pytest.mark.parametrize("lead", LEADS)
def test_a_map_colours_the_lead_that_it_belongs_to_and_no_other(lead):
    overlay = shade(explanation(lead), record(), lay_out())
    coloured = {patch.cell.lead for patch in overlay.patches if patch.levels.any()}
    assert coloured == {lead}


def test_the_colour_lies_behind_its_own_cell_and_its_sign_is_kept():
    paper = lay_out()
    for sign in (1.0, -1.0):
        for patch in shade(explanation("aVF", sign=sign), record(), paper).patches:
            if patch.cell.lead == "aVF":
                assert np.sign(patch.levels.astype(int).sum()) == sign
                assert patch.x_mm == patch.cell.x_mm
                assert patch.width_mm == pytest.approx(62.5)
                assert patch.bottom_mm < patch.cell.baseline_mm < patch.bottom_mm + patch.height_mm


def test_overlay_images_lie_below_the_ink_with_a_legend():
    figure = draw_ecg(record(), explanation=explanation("V2"), target_title="LBBB")
    assert [image.layer for image in figure.layout.images].count("below") == 14
    assert "<b>LBBB</b>: lowers" in words(figure)
    assert NOTICE in words(figure)


def test_the_two_colours_of_a_sign_are_told_apart_without_red_and_green():
    colours = palette().astype(int)
    lowers, raises = colours[0, :3], colours[-1, :3]
    assert lowers[2] > raises[2] + 100
    assert raises[0] > lowers[0] + 100
    assert colours[LEVELS, 3] == 0


def test_what_a_sheet_does_not_show_of_a_map_is_said():
    assert shade(explanation("V1"), record(), lay_out()).hidden_share == pytest.approx(0.75)
    assert "75% of the map lies outside" in shade(explanation("V1"), record(), lay_out()).note
    assert shade(explanation("II"), record(), lay_out()).note == ""


def test_a_map_of_another_recording_is_refused():
    with pytest.raises(InvalidValue, match="explain this recording"):
        shade(explanation("II", seconds=5), record(), lay_out())


def test_a_png_is_drawn_at_true_scale(tmp_path: Path):
    """A step of 1 mV on lead I is found ten millimetres above the baseline in the pixels."""
    paper, signal = lay_out(), np.zeros((12, 5000), np.float32)
    signal[0, 600:900] = 1.0
    write_png(Record(signal, 500, "test"), tmp_path / "x.png", title="Test")
    pixels = matplotlib.image.imread(tmp_path / "x.png")
    per_mm = DOTS_PER_INCH / MM_PER_INCH
    assert pixels.shape[1] / per_mm == pytest.approx(paper.width_mm, abs=0.5)
    assert pixels.shape[0] / per_mm == pytest.approx(paper.height_mm + HEAD_MM + FOOT_MM, abs=0.5)
    cell = paper.cells[0]
    column = round((cell.x_mm + 1.5 * 25) * per_mm)
    ink = np.flatnonzero(pixels[:, column, :3].max(axis=1) < 0.4)
    heights = (pixels.shape[0] - ink) / per_mm - FOOT_MM
    lead = heights[np.abs(heights - (cell.baseline_mm + 10)) < 1]
    assert lead.mean() == pytest.approx(cell.baseline_mm + 10, abs=0.2)
