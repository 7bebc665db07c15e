"""Guard rails beside a map: checks that a map must pass before one looks at it for long."""

from ecgkt.explain.guards.checking import Stopped, check, check_quickly
from ecgkt.explain.guards.rails import Guard, GuardRails, State

__all__ = ["Guard", "GuardRails", "State", "Stopped", "check", "check_quickly"]
