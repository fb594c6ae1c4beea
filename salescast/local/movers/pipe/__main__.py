import sys

from salescast.local.movers.pipe.service import main

sys.exit(main())
