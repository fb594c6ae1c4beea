import sys

from salescast.local.movers.job.service import main

sys.exit(main())
