import sys

from salescast.local.movers.crawler.service import main

sys.exit(main())
