"""The flow as SVG: all that it says is in its boxes and in its words, and the boxes do not lie on each other."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from ecgkt.figures.flow import WIDTH, Flow, draw_flow

SVG = "{http://www.w3.org/2000/svg}"


def made(reasons: int) -> Flow:
    excluded = tuple((f"reason <{number}>", f"{number}") for number in range(reasons))
    parts = (("Training", "20 ECGs"), ("Tuning", "5 ECGs"), ("Held out", "<10"))
    return Flow("33 ECGs", excluded, "25 ECGs of 20 patients", parts, "SIMULATED patients · notice")


@pytest.mark.parametrize("reasons", [0, 1, 9])
def test_every_word_is_drawn_and_told(reasons):
    flow = made(reasons)
    drawn = [text.text for text in ET.fromstring(draw_flow(flow)).iter(f"{SVG}text")]
    wanted = [flow.listed, flow.kept, flow.mark, *(word for part in flow.parts for word in part)]
    wanted += [f"{reason}: {count}" for reason, count in flow.excluded] or ["none"]
    assert set(wanted) <= set(drawn)
    for word in (flow.listed, flow.kept, flow.mark, *(reason for reason, _ in flow.excluded)):
        assert word in flow.told
    assert ET.fromstring(draw_flow(flow)).find(f"{SVG}title").text == flow.told


@pytest.mark.parametrize("reasons", [0, 1, 9])
def test_boxes_lie_inside_and_apart(reasons):
    root = ET.fromstring(draw_flow(made(reasons)))
    height = float(root.get("viewBox").split()[3])
    boxes = [
        tuple(float(box.get(key)) for key in ("x", "y", "width", "height")) for box in list(root.iter(f"{SVG}rect"))[1:]
    ]
    assert len(boxes) == 6
    for place, (x, y, width, tall) in enumerate(boxes):
        assert x >= 0 and x + width <= WIDTH and y >= 0 and y + tall <= height
        for other_x, other_y, other_width, other_tall in boxes[place + 1 :]:
            apart = (
                x + width <= other_x or other_x + other_width <= x or y + tall <= other_y or other_y + other_tall <= y
            )
            assert apart
