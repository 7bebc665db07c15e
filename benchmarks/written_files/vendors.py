"""Vendors' files written on the spot, of an invented patient: GE MUSE XML, HL7 aECG, Philips Sierra XML and CSV."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecgkt.domain import LEADS
from ecgkt.domain.records import STORED_LEADS

IDENTIFIERS = ("Doe", "Jane", "1970", "A1234567", "Main Street", "Elsewhere", "0102", "Smith", "dizzy")
Signal = NDArray[np.float64]


def waves(samples: int = 3000, fs: float = 500) -> Signal:
    """Return (12, samples) in mV that obey Einthoven and Goldberger, in the order of LEADS, on a grid of 10 uV."""
    seconds = np.arange(samples) / fs
    eight = {
        lead: np.round(np.sin(2 * np.pi * (1 + place / 5) * seconds + place) * (0.4 + place / 10), 2)
        for place, lead in enumerate(STORED_LEADS)
    }
    i, ii = eight["I"], eight["II"]
    limb = {"III": ii - i, "aVR": -(i + ii) / 2, "aVL": i - ii / 2, "aVF": ii - i / 2}
    return np.stack([{**eight, **limb}[lead] for lead in LEADS])


def muse_xml(
    signal: Signal,
    *,
    fs: str = "<SampleBase>500</SampleBase><SampleExponent>0</SampleExponent>",
    leads: Sequence[str] = STORED_LEADS,
    step: str = "5",
    unit: str = "MICROVOLTS",
    units_per_millivolt: float = 1000,
    kind: str = "Rhythm",
    diagnosis: str = "",
    encoding: str = "ISO-8859-1",
) -> bytes:
    """Write a MUSE export with a median beat before the rhythm, every field for a person filled in."""
    steps = np.round(signal * units_per_millivolt / float(step.replace(",", "."))).astype("<i2")
    rows = {lead: steps[LEADS.index(lead)] for lead in leads}
    median = "".join(_muse_lead(lead, row[:300], step, unit) for lead, row in rows.items())
    rhythm = "".join(_muse_lead(lead, row, step, unit) for lead, row in rows.items())
    original = _muse_diagnosis("OriginalDiagnosis", ("Normal sinus rhythm", "Normal ECG"))
    text = f"""<?xml version="1.0" encoding="{encoding}"?>
<!DOCTYPE RestingECG SYSTEM "restecg.dtd">
<RestingECG>
<MuseInfo><MuseVersion>9.0</MuseVersion></MuseInfo>
<PatientDemographics><PatientID>A1234567</PatientID><PatientAge>54</PatientAge><AgeUnits>YEARS</AgeUnits>
<DateofBirth>01-02-1970</DateofBirth><Gender>FEMALE</Gender><PatientLastName>Doe</PatientLastName>
<PatientFirstName>Jane</PatientFirstName></PatientDemographics>
<TestDemographics><DataType>RESTING</DataType><SiteName>Saint Elsewhere</SiteName><Status>CONFIRMED</Status>
<AcquisitionDate>03-04-2024</AcquisitionDate><OverreaderLastName>Smith</OverreaderLastName></TestDemographics>
<Order><ReasonForTest>dizzy, Jane Doe</ReasonForTest></Order>
<RestingECGMeasurements><VentricularRate>99</VentricularRate></RestingECGMeasurements>
<OriginalRestingECGMeasurements><VentricularRate>72</VentricularRate><PRInterval>160</PRInterval>
<QRSDuration>92</QRSDuration><QTInterval>400</QTInterval><QTCorrected>438</QTCorrected><PAxis>50</PAxis>
<RAxis>300</RAxis><TAxis>29999</TAxis></OriginalRestingECGMeasurements>
{diagnosis or original}
{_muse_diagnosis("Diagnosis", ("Normal ECG of Jane Doe", "Confirmed by Smith, John (7) on 1/2/1970"))}
<Waveform><WaveformType>Median</WaveformType>{fs}{median}</Waveform>
<Waveform><WaveformType>{kind}</WaveformType>{fs}<HighPassFilter>5</HighPassFilter>
<LowPassFilter>150</LowPassFilter><ACFilter>50</ACFilter>{rhythm}</Waveform>
<ExtraQuestions><ExtraQuestion><Question>COMMENT</Question><Answer>Jane felt dizzy</Answer></ExtraQuestion>
</ExtraQuestions>
</RestingECG>
"""
    return text.encode(encoding)


def _muse_diagnosis(tag: str, lines: Sequence[str]) -> str:
    told = "".join(
        f"<DiagnosisStatement><StmtFlag>ENDSLINE</StmtFlag><StmtText>{line}</StmtText></DiagnosisStatement>"
        for line in lines
    )
    return f"<{tag}><Modality>RESTING</Modality>{told}</{tag}>"


def _muse_lead(lead: str, steps: NDArray[np.int16], step: str, unit: str) -> str:
    payload = steps.tobytes()
    wrapped = base64.encodebytes(payload).decode()
    return f"""<LeadData><LeadByteCountTotal>{len(payload)}</LeadByteCountTotal><LeadTimeOffset>0</LeadTimeOffset>
<LeadSampleCountTotal>{len(steps)}</LeadSampleCountTotal><LeadAmplitudeUnitsPerBit>{step}</LeadAmplitudeUnitsPerBit>
<LeadAmplitudeUnits>{unit}</LeadAmplitudeUnits><LeadID>{lead}</LeadID><LeadSampleSize>2</LeadSampleSize>
<LeadOff>FALSE</LeadOff><LeadDataCRC32>{zlib.crc32(payload)}</LeadDataCRC32>
<WaveFormData>{wrapped}</WaveFormData></LeadData>
"""


def aecg_xml(
    signal: Signal,
    *,
    sets: Sequence[Sequence[str]] = (LEADS,),
    times: Sequence[str] = ('<head value="20240304101500"/><increment value="0.002" unit="s"/>',),
    code: str = "TIME_ABSOLUTE",
    origin: str = '<origin value="0" unit="uV"/>',
    scale: str = '<scale value="5" unit="uV"/>',
    steps_per_millivolt: float = 200,
    series_code: str = "RHYTHM",
    annotations: str = "",
    further: str = "",
) -> bytes:
    """Write an annotated ECG with a representative beat beside it, every field for a person filled in."""
    digits = np.round(signal * steps_per_millivolt).astype(int)
    body = "".join(
        _aecg_set(digits, leads, times[place % len(times)], code, origin, scale) for place, leads in enumerate(sets)
    )
    beat = _aecg_set(digits[:, :300], LEADS, times[0], code, origin, scale)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<!-- Jane Doe, A1234567 -->
<AnnotatedECG xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" type="Observation">
<id root="1.2.3" extension="A1234567"/><code code="93000"/>
<effectiveTime><low value="20240304101500"/><high value="20240304101510"/></effectiveTime>
<componentOf><timepointEvent><componentOf><subjectAssignment><subject><trialSubject><id extension="A1234567"/>
<subjectDemographicPerson><name>Jane Doe</name><administrativeGenderCode code="F"/><birthTime value="19700102"/>
<addr><streetAddressLine>Main Street</streetAddressLine></addr></subjectDemographicPerson></trialSubject></subject>
</subjectAssignment></componentOf></timepointEvent></componentOf>
<location><testingSite><location><name>Saint Elsewhere</name></location></testingSite></location>
<pertainsTo><subjectFindingComment><text>Jane felt dizzy</text></subjectFindingComment></pertainsTo>
<component><series><id root="1.2"/><code code="{series_code}"/>
<controlVariable><controlVariable><code code="MDC_ECG_CTL_VBL_ATTR_FILTER_LOW_PASS"/><component><controlVariable>
<code code="MDC_ECG_CTL_VBL_ATTR_FILTER_CUTOFF_FREQ"/><value xsi:type="PQ" value="40" unit="Hz"/></controlVariable>
</component></controlVariable></controlVariable>
<component>{body}</component>
{annotations}
<derivation><derivedSeries><code code="REPRESENTATIVE_BEAT"/><component>{beat}</component></derivedSeries></derivation>
</series></component>{further}
</AnnotatedECG>
""".encode()


def aecg_annotations(*annotations: str, author: str = "assignedDevice") -> str:
    """Return an annotation set by a device, or by a person."""
    who = "<assignedPerson><name>Smith</name></assignedPerson>" if author == "assignedPerson" else f"<{author}/>"
    told = "".join(f"<component>{annotation}</component>" for annotation in annotations)
    return f"""<subjectOf><annotationSet><author><assignedEntity><assignedAuthorType>{who}</assignedAuthorType>
</assignedEntity></author>{told}</annotationSet></subjectOf>"""


def aecg_measured(code: str, value: float, unit: str, inside: str = "") -> str:
    """Return an annotation with a physical quantity."""
    return f'<annotation><code code="{code}"/><value xsi:type="PQ" value="{value}" unit="{unit}"/>{inside}</annotation>'


def aecg_interpretation(*lines: str, comment: str = "Jane felt dizzy, sinus rhythm") -> str:
    """Return an interpretation of statements and a comment."""
    told = "".join(
        f'<component><annotation><code code="MDC_ECG_INTERPRETATION_{kind}"/><value xsi:type="ST">{line}</value>'
        "</annotation></component>"
        for kind, line in [*(("STATEMENT", line) for line in lines), ("COMMENT", comment)]
    )
    return f'<annotation><code code="MDC_ECG_INTERPRETATION"/>{told}</annotation>'


def _aecg_set(digits: NDArray[np.int_], leads: Sequence[str], time: str, code: str, origin: str, scale: str) -> str:
    kind = "GLIST_TS" if code == "TIME_ABSOLUTE" else "GLIST_PQ"
    parts = [f'<sequence><code code="{code}"/><value xsi:type="{kind}">{time}</value></sequence>']
    for lead in leads:
        spelled = " ".join(map(str, digits[LEADS.index(lead) if lead in LEADS else 0]))
        parts.append(
            f'<sequence><code code="MDC_ECG_LEAD_{lead.upper()}"/><value xsi:type="SLIST_PQ">{origin}{scale}'
            f"<digits>{spelled}</digits></value></sequence>"
        )
    return f"<sequenceSet>{''.join(f'<component>{part}</component>' for part in parts)}</sequenceSet>"


def sierra_xml(
    signal: Signal,
    *,
    version: str = "1.04",
    coding: str = "XLI",
    extra_channels: int = 0,
    attributes: str | None = None,
    interpretation: str = "",
    encoding: str = "utf-16",
) -> bytes:
    """Write a cart's export in steps of 5 uV at 500 Hz, every field for a person filled in."""
    steps = np.round(signal * 200).astype(np.int64)
    if coding == "XLI":
        rows = [*limb_differences(steps), *[np.zeros(steps.shape[1], np.int64)] * extra_channels]
        text = base64.encodebytes(b"".join(pack_xli(row) for row in rows)).decode()
    elif coding == "Base64":
        text = base64.encodebytes(steps.astype("<i2").tobytes()).decode()
    else:
        text = "\n".join(" ".join(map(str, row)) for row in steps)
    data = "Plain" if coding == "Plain" else "Base64"
    if attributes is None and version.startswith("1.03"):
        packed = 'compressflag="True" compressmethod="XLI"' if coding == "XLI" else 'compressflag="False"'
        attributes = f'{packed} durationperchannel="{steps.shape[1] * 2}" nbitspersample="16"'
    elif attributes is None:
        attributes = (
            f'compression="{coding if coding == "XLI" else "Uncompressed"}" numberofleads="12" '
            f'leadlabels="{" ".join(LEADS)}" durationperchannel="{steps.shape[1] * 2}" samplespersecond="500" '
            'resolution="5" signaloffset="0" signalsigned="True" bitspersample="16" hipass="0.05" lowpass="150"'
        )
    old = version.startswith("1.03")
    resolution = "<signalresolution>5</signalresolution>" if old else "<resolution>5</resolution>"
    band = "<signalbandwidth>0.05-150</signalbandwidth>" if old else "<hipass>0.05</hipass><lowpass>150</lowpass>"
    document = f"""<?xml version="1.0" encoding="{encoding}"?>
<restingecgdata xmlns="http://www3.medical.philips.com">
<documentinfo><documentname>Jane_Doe.xml</documentname><documenttype>PhilipsECG</documenttype>
<documentversion>{version}</documentversion><comments>Jane felt dizzy</comments></documentinfo>
<userdefines><userdefine><label>MRN</label><value>A1234567</value></userdefine></userdefines>
<orderinfo><reasonfororder>dizzy</reasonfororder></orderinfo>
<dataacquisition date="2024-03-04" time="10:15:00"><acquirer><operator id="Smith"/>
<institutionname>Saint Elsewhere</institutionname></acquirer>
<signalcharacteristics><samplingrate>500</samplingrate>{resolution}{band}<acsetting>50</acsetting><notchfiltered>True</notchfiltered>
<acquisitiontype>STD-12</acquisitiontype><bitspersample>16</bitspersample><signaloffset>0</signaloffset>
<signalsigned>True</signalsigned><numberchannelsallocated>12</numberchannelsallocated></signalcharacteristics>
</dataacquisition>
<measurements><globalmeasurements><meanprint>151</meanprint><meanqtc>393</meanqtc><pfrontaxis>66</pfrontaxis>
</globalmeasurements></measurements>
<patient><generalpatientdata><patientid>A1234567</patientid><name><lastname>Doe</lastname>
<firstname>Jane</firstname></name><age defaultage="50"><dateofbirth>1970-01-02</dateofbirth></age>
<sex>Female</sex></generalpatientdata></patient>
<interpretations>{interpretation or SIERRA_INTERPRETATION}</interpretations>
<waveforms><parsedwaveforms dataencoding="{data}" {attributes}>{text}</parsedwaveforms></waveforms>
</restingecgdata>
"""
    return document.encode(encoding)


SIERRA_INTERPRETATION = """<interpretation><interpretationdatastructure><statementcomponents>
<codedstatement source="Analysis program"><unparsedstatement code="SR"/></codedstatement>
<codedstatement source="Editor"><unparsedstatement code="FREE"/></codedstatement></statementcomponents>
</interpretationdatastructure>
<globalmeasurements><heartrate editedflag="False">84</heartrate><print editedflag="True">144</print>
<qrsdur>90</qrsdur><qtint>352</qtint><qtcb>417</qtcb><qtcf>394</qtcf><qrsfrontaxis>78</qrsfrontaxis>
</globalmeasurements><mdsignatureline>Confirmed by: Smith, John</mdsignatureline>
<severity>- ABNORMAL ECG -</severity>
<statement editedflag="False"><statementcode>SR</statementcode><leftstatement>SINUS RHYTHM</leftstatement></statement>
<statement editedflag="True"><statementcode>SB</statementcode><leftstatement>SINUS PAUSE</leftstatement></statement>
<statement editedflag="False"><statementcode>FREE</statementcode><leftstatement>ECG OF JANE DOE</leftstatement>
</statement></interpretation>"""


def limb_differences(steps: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Return the rows as XLI stores them: of III, aVR, aVL and aVF what I and II do not predict."""
    i, ii, iii, avr, avl, avf = steps[:6]
    return [i, ii, ii - i - iii, -((i + ii) // 2) - avr, (i - iii) // 2 - avl, (ii + iii) // 2 - avf, *steps[6:]]


def pack_xli(row: NDArray[np.int64]) -> bytes:
    """Compress one channel: second differences, high bytes before low bytes, LZW."""
    bends = row[2:] - 2 * row[1:-1] + row[:-2]
    stored = np.concatenate((row[:2], 64 - bends[1:], [64])).astype(">i2")
    plain = np.frombuffer(stored.tobytes(), np.uint8).reshape(-1, 2).T.tobytes()
    codes = pack_lzw(plain)
    return struct.pack("<ihh", len(codes), 0, int(-bends[0])) + codes


def pack_lzw(plain: bytes) -> bytes:
    """Compress by LZW with codes of 10 bits, the table full at 1023 entries and never cleared."""
    table = {bytes([byte]): byte for byte in range(256)}
    codes, entry = [], b""
    for byte in plain:
        longer = entry + bytes([byte])
        if longer in table:
            entry = longer
            continue
        codes.append(table[entry])
        if len(table) < 1023:
            table[longer] = len(table)
        entry = bytes([byte])
    codes += [table[entry], 1023]
    bits = "".join(f"{code:010b}" for code in codes)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def csv_text(
    signal: Signal,
    *,
    above: str = "# fs = 500 Hz\n# unit = mV\n",
    headings: Sequence[str] = LEADS,
    delimiter: str = ",",
    decimal: str = ".",
    times: Sequence[str] | None = None,
) -> str:
    """Write a CSV; `times` is a first column, headed by the first of `headings`."""
    lines = [delimiter.join(headings)]
    for place, row in enumerate(signal.T):
        cells = [f"{value:.4f}".replace(".", decimal) for value in row]
        lines.append(delimiter.join([*([times[place]] if times else []), *cells]))
    return above + "\n".join(lines) + "\n"
