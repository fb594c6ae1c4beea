import sys

from salescast.local.movers.firehose.service import main

sys.exit(main())
