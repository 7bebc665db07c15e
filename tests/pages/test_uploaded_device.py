"""An uploaded file that carries what its machine measured and stated: both stand beside what is computed here."""

from __future__ import annotations

from ecgkt.dashboard import state


def test_the_device_column_and_its_statements_come_from_an_uploaded_file(case_page, real_data):
    path = sorted((real_data / "vendor" / "philips-sierra").rglob("*.xml"))[0]
    page = case_page()
    page.file_uploader[0].set_value([("ecg.xml", path.read_bytes(), "application/xml")])
    page.run()
    page.toggle(state.ALL_ROWS).set_value(True).run()
    assert not page.exception and page.session_state[state.CASE].title == "Uploaded ECG"
    told = " ".join(part.proto.body for part in page.get("html"))
    assert '<th scope="row">PR</th><td>144 ms</td>' in told
    assert "QTc <small>Bazett</small></th><td>417 ms</td>" in told
    assert "The device states: SINUS RHYTHM; PROBABLE LEFT VENTRICULAR HYPERTROPHY" in told
    assert "the calibration pulse at the end (0.4 s) is cut off" in told
    assert "ZZDEMO" not in told and "EKG1715" not in told
