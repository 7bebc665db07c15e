"""EDF, EDF+ and BDF files written by hand from the specification, so that no library stands between test and bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

_PATIENT = "MCH-0234567 F 02-MAY-1951 Doe_Jane"
_RECORDING = "Startdate 02-MAR-2002 EMG561 BK/JOP Sony."


@dataclass
class EdfFile:
    """`signals` are integers by label; `annotations` gives the onset of each record and makes the file EDF+D."""

    signals: Mapping[str, np.ndarray]
    fs: float = 500
    seconds: float = 1
    unit: str = "uV"
    units: Mapping[str, str] = field(default_factory=dict)
    physical: tuple[float, float] = (-3276.8, 3276.7)
    digital: tuple[int, int] = (-32768, 32767)
    prefilter: str = ""
    patient: str = _PATIENT
    recording: str = _RECORDING
    reserved: str = "EDF+C"
    onsets: Sequence[float] | None = None
    per_record: Mapping[str, int] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    bits: int = 16

    def content(self) -> bytes:
        """Return the whole file."""
        labels = list(self.signals)
        per_record = [self.per_record.get(label, round(self.fs * self.seconds)) for label in labels]
        records = len(self.signals[labels[0]]) // per_record[0]
        timed = self.onsets is not None or self.reserved.startswith(("EDF+", "BDF+"))
        kind = "EDF" if self.bits == 16 else "BDF"
        if timed:
            labels.append(f"{kind} Annotations")
            per_record.append(30)
        body = b""
        for record in range(records):
            for label, count in zip(labels, per_record, strict=True):
                if label.endswith("Annotations"):
                    onset = self.onsets[record] if self.onsets is not None else record * self.seconds
                    text = f"{onset:+.10g}\x14\x14\0{onset:+.10g}\x1510\x14Doe, Jane fainted\x14\0".encode()
                    body += text.ljust(count * self.bits // 8, b"\0")[: count * self.bits // 8]
                else:
                    part = np.asarray(self.signals[label][record * count : (record + 1) * count], dtype="<i4")
                    body += part.astype("<i2").tobytes() if self.bits == 16 else _three_bytes(part)
        return self._header(labels, per_record, records) + body

    def _header(self, labels: Sequence[str], per_record: Sequence[int], records: int) -> bytes:
        count = len(labels)
        fixed = {
            "patient": self.patient, "recording": self.recording, "date": "02.03.02", "time": "08.44.00",
            "size": str(256 * (count + 1)), "reserved": self.reserved, "records": str(records),
            "seconds": f"{self.seconds:g}", "signals": str(count),
        } | dict(self.fields)  # fmt: skip
        widths = (80, 80, 8, 8, 8, 44, 8, 8, 4)
        out = b"0       " if self.bits == 16 else b"\xffBIOSEMI"
        out += b"".join(
            value.ljust(width)[:width].encode() for value, width in zip(fixed.values(), widths, strict=True)
        )
        columns = [
            (list(labels), 16),
            (["Doe Jane"] * count, 80),
            ([self.units.get(label, self.unit) for label in labels], 8),
            ([f"{self.physical[0]:g}"] * count, 8),
            ([f"{self.physical[1]:g}"] * count, 8),
            ([str(self.digital[0])] * count, 8),
            ([str(self.digital[1])] * count, 8),
            ([self.prefilter] * count, 80),
            ([str(number) for number in per_record], 8),
            (["Doe"] * count, 32),
        ]
        return out + b"".join(value.ljust(width)[:width].encode() for values, width in columns for value in values)


def _three_bytes(samples: np.ndarray) -> bytes:
    return b"".join(int(value).to_bytes(3, "little", signed=True) for value in samples)
