"""What a cohort's source folders hold, told before a long job: all problems at once, one sentence each."""

from ecgkt.data.check.everything import check_sources
from ecgkt.data.check.findings import Findings

__all__ = ["Findings", "check_sources"]
