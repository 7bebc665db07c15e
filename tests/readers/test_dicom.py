"""DICOM ECG waveforms: the rhythm group in mV by lead code, age and sex without the dates, and what is refused."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest

from benchmarks.written_files.plain import in_four_groups
from ecgkt.domain import Domain
from ecgkt.readers import read_upload
from ecgkt.readers.dicom import recognises


def upload(content):
    return read_upload([("ecg", content)])


def rhythm(dataset):
    return dataset.WaveformSequence[1]


def first_channel(dataset):
    return rhythm(dataset).ChannelDefinitionSequence[0]


def test_the_rhythm_group_is_read_and_not_the_median_beat(dicom_bytes, millivolts):
    record = upload(dicom_bytes())
    np.testing.assert_allclose(record.signal, millivolts, atol=1e-6)
    assert (record.fs, record.source, record.domain) == (500.0, "DICOM", Domain.UNKNOWN)


def test_the_longest_of_several_recordings_is_read(dicom_bytes):
    def edit(dataset):
        short = deepcopy(rhythm(dataset))
        short.NumberOfWaveformSamples, short.SamplingFrequency = 600, 1000
        dataset.WaveformSequence = [short, *dataset.WaveformSequence]

    record = upload(dicom_bytes(edit=edit))
    assert (record.fs, record.signal.shape) == (500.0, (12, 1000))


def test_leads_in_groups_of_their_own_stand_at_their_time_with_gaps(dicom_bytes, millivolts):
    record = upload(dicom_bytes(edit=in_four_groups(100, 600, 1100, 1600)))
    for place in range(4):
        leads, part = slice(3 * place, 3 * place + 3), slice(250 * place, 250 * (place + 1))
        np.testing.assert_allclose(record.signal[leads, part], millivolts[leads, part], atol=1e-6)
        assert np.isnan(np.delete(record.signal[leads], np.r_[part], axis=1)).all()
    assert record.notes == ("leads were recorded one after the other, with gaps between",)


def test_groups_that_do_not_say_when_they_begin_are_refused_and_never_called_missing(dicom_bytes, refusal):
    content = dicom_bytes(edit=in_four_groups(0, 500, None, 1500))
    assert "say when they begin" in refusal(lambda: upload(content))


@pytest.mark.parametrize("begin", [132, None])
def test_a_file_without_its_preamble_is_read(dicom_bytes, millivolts, begin):
    """Some archives leave out the 128 bytes and DICM, some the elements of group 2 that follow, too."""
    content = dicom_bytes()
    content = content[begin or content.index(b"\x08\x00\x16\x00") :]
    np.testing.assert_allclose(upload(content).signal, millivolts, atol=1e-6)


@pytest.mark.parametrize(
    ("low", "high", "notch", "said"),
    [
        ("0.05", "150", "60", "0.05-150 Hz, notch 60 Hz"),
        ("0.05", "150", "0", "0.05-150 Hz"),
        (None, "40", None, "low-pass 40 Hz"),
        ("0.5", None, None, "high-pass 0.5 Hz"),
        (None, None, None, None),
    ],
)
def test_the_filters_that_the_file_states_are_kept_where_all_leads_agree(dicom_bytes, low, high, notch, said):
    stated = {"FilterLowFrequency": low, "FilterHighFrequency": high, "NotchFilterFrequency": notch}

    def edit(dataset):
        for channel in rhythm(dataset).ChannelDefinitionSequence:
            for keyword, value in stated.items():
                if value is not None:
                    setattr(channel, keyword, value)

    def edit_one_lead(dataset):
        edit(dataset)
        first_channel(dataset).FilterHighFrequency = "33"

    assert upload(dicom_bytes(edit=edit)).filters == said
    assert upload(dicom_bytes(edit=edit_one_lead)).filters is None


@pytest.mark.parametrize(
    ("unit", "units_per_millivolt", "sensitivity"),
    [("uV", 1000, 1.0), ("mV", 1, 0.001), ("V", 0.001, 1e-6), ("UV", 1000, 1.25), ("µV", 1000, 2.5)],
)
def test_every_unit_gives_the_same_millivolts(dicom_bytes, millivolts, unit, units_per_millivolt, sensitivity):
    edit = _nothing if unit.isascii() else _in_latin_1
    content = dicom_bytes(unit=unit, units_per_millivolt=units_per_millivolt, sensitivity=sensitivity, edit=edit)
    grid = sensitivity / units_per_millivolt
    np.testing.assert_allclose(upload(content).signal, millivolts, atol=grid / 2 + 1e-6)


def _nothing(dataset):
    pass


def _in_latin_1(dataset):
    dataset.SpecificCharacterSet = "ISO_IR 100"


def test_correction_factor_and_baseline_follow_the_standard(dicom_bytes, millivolts):
    def edit(dataset):
        first_channel(dataset).ChannelSensitivityCorrectionFactor = 2
        first_channel(dataset).ChannelBaseline = 50

    lead_one = upload(dicom_bytes(edit=edit)).lead("I")
    np.testing.assert_allclose(lead_one, millivolts[0] * 2 + 0.050, atol=1e-6)


def test_leads_are_named_by_code_where_the_meaning_is_empty(dicom_bytes, millivolts):
    def edit(dataset):
        for channel, number in zip(
            rhythm(dataset).ChannelDefinitionSequence, (1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8), strict=True
        ):
            channel.ChannelSourceSequence[0].CodeMeaning = ""
            channel.ChannelSourceSequence[0].CodeValue = f"5.6.3-9-{number}"

    np.testing.assert_allclose(upload(dicom_bytes(edit=edit)).signal, millivolts, atol=1e-6)


def test_leads_are_named_by_meaning_where_the_code_is_private(dicom_bytes, millivolts):
    def edit(dataset):
        for channel in rhythm(dataset).ChannelDefinitionSequence:
            channel.ChannelSourceSequence[0].CodeValue = "X-1"

    np.testing.assert_allclose(upload(dicom_bytes(edit=edit)).signal, millivolts, atol=1e-6)


def test_a_padding_value_is_a_gap_unless_it_is_zero(dicom_bytes, millivolts):
    millivolts[2, 5:9] = -30.0

    def padded_with(value):
        return lambda dataset: rhythm(dataset).add_new("WaveformPaddingValue", "OW", np.array([value], "<i2").tobytes())

    assert np.isnan(upload(dicom_bytes(millivolts, edit=padded_with(-30000))).signal[2, 5:9]).all()
    assert np.isfinite(upload(dicom_bytes(millivolts, edit=padded_with(0))).signal).all()


@pytest.mark.parametrize(
    ("fields", "age"),
    [
        ({"PatientAge": "042Y"}, 42.0),
        ({"PatientAge": "018M"}, 1.5),
        ({"PatientAge": "", "PatientBirthDate": "19710123", "StudyDate": "20130122"}, 41.0),
        ({"PatientBirthDate": "19710123", "StudyDate": "20130123"}, 42.0),
        ({"PatientBirthDate": "19710123", "AcquisitionDateTime": "20130125105919"}, 42.0),
        ({"PatientAge": "999Y"}, None),
        ({"PatientBirthDate": "18000101", "StudyDate": "20130122"}, None),
        ({"PatientBirthDate": "20140101", "StudyDate": "20130122"}, None),
        ({"PatientBirthDate": "19710123"}, None),
        ({}, None),
    ],
)
def test_the_age_is_stated_or_follows_from_the_dates(dicom_bytes, fields, age):
    record = upload(dicom_bytes(edit=lambda dataset: _set(dataset, fields)))
    assert record.age == age


def _set(dataset, fields):
    for keyword, value in fields.items():
        setattr(dataset, keyword, value)


@pytest.mark.parametrize(("spelled", "sex"), [("F", "female"), ("M", "male"), ("O", None), ("", None)])
def test_the_sex_is_read_or_unknown(dicom_bytes, spelled, sex):
    assert upload(dicom_bytes(edit=lambda dataset: _set(dataset, {"PatientSex": spelled}))).sex == sex


def _no_unit(dataset):
    del first_channel(dataset).ChannelSensitivityUnitsSequence


def _no_sensitivity(dataset):
    del first_channel(dataset).ChannelSensitivity


def _no_rate(dataset):
    del rhythm(dataset).SamplingFrequency


def _no_data(dataset):
    del rhythm(dataset).WaveformData


def _no_waveform(dataset):
    del dataset.WaveformSequence


def _median_only(dataset):
    del dataset.WaveformSequence[1]


def _a_billion_samples(dataset):
    rhythm(dataset).NumberOfWaveformSamples = 10**9


def _too_many_samples(dataset):
    rhythm(dataset).NumberOfWaveformSamples = 1001


def _no_samples(dataset):
    rhythm(dataset).NumberOfWaveformSamples = 0


def _mu_law(dataset):
    rhythm(dataset).WaveformBitsAllocated, rhythm(dataset).WaveformSampleInterpretation = 8, "MB"


def _two_names(dataset):
    first_channel(dataset).ChannelSourceSequence[0].CodeMeaning = "Lead V6"


def _one_channel_less(dataset):
    del rhythm(dataset).ChannelDefinitionSequence[11]


def _twice(dataset):
    source = rhythm(dataset).ChannelDefinitionSequence[1].ChannelSourceSequence[0]
    source.CodeValue, source.CodeMeaning = "2:1", "Lead I"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (_no_unit, "a unit for every lead"),
        (_no_sensitivity, "a sensitivity for every lead"),
        (_no_rate, "a sampling frequency"),
        (_no_data, "a waveform of 24,000 bytes"),
        (_no_waveform, "a DICOM file with a waveform"),
        (_median_only, "only derived beats"),
        (_a_billion_samples, "at most 20,000,000 samples"),
        (_too_many_samples, "a waveform of 24,024 bytes"),
        (_no_samples, "at least one sample"),
        (_mu_law, "linear samples"),
        (_two_names, "code of I and the name of V6"),
        (_one_channel_less, "one definition per channel"),
        (_twice, "I twice"),
    ],
)
def test_a_file_that_leaves_something_to_guess_is_refused(dicom_bytes, refusal, edit, said):
    content = dicom_bytes(edit=edit)
    assert said in refusal(lambda: upload(content))


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.4.50"])
def test_compressed_and_big_endian_files_are_refused_unopened(dicom_bytes, refusal, syntax):
    content = dicom_bytes().replace(b"1.2.840.10008.1.2.1\x00", syntax.encode().ljust(20, b"\x00"))
    assert "transfer syntax" in refusal(lambda: upload(content))


def test_a_deflated_file_cannot_pass_for_a_plain_one(dicom_bytes, refusal):
    plain, deflated = b"UI\x14\x001.2.840.10008.1.2.1\x00", b"UI\x16\x001.2.840.10008.1.2.1.99"
    content = dicom_bytes()
    assert content.count(plain) == 1
    content = content.replace(plain, deflated)
    decoy = b"\x02\x00\x10\x00" + plain
    private = b"\x02\x00\x02\x01OB\x00\x00" + len(decoy).to_bytes(4, "little") + decoy
    assert "transfer syntax" in refusal(lambda: upload(content[:132] + private + content[132:]))


def test_a_dicom_file_cut_anywhere_is_refused(dicom_bytes, refusal):
    content = dicom_bytes()
    for end in [*range(132, 3000, 61), len(content) // 2, len(content) - 1]:
        refusal(lambda end=end: upload(content[:end]))


def test_garbage_behind_a_dicom_start_is_refused(refusal):
    garbage = b"\0" * 128 + b"DICM" + np.random.default_rng(0).bytes(5000)
    assert recognises(garbage)
    refusal(lambda: upload(garbage))
