"""`python -m ecgkt COMMAND`."""

import sys

from ecgkt.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
