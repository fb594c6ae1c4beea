from salescast.local.emulator.server import main

main()
