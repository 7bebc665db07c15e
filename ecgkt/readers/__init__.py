"""Clinical files in, `Record` out. Formats are recognised by content; heavy libraries load at the first read."""

from ecgkt.readers.local_files import find_records, read_record
from ecgkt.readers.uploads import read_upload

__all__ = ["find_records", "read_record", "read_upload"]
