"""`python -m nodesmith.cli`, for where the script is not on the path."""

import sys

from nodesmith.cli.main import main

sys.exit(main())
