# How `sam build` makes a function's package (BuildMethod: makefile): its modules, and its pinned libraries as wheels for the
# runtime and the architecture it will run on, which need not be those of this machine. SAM hands over ARTIFACTS_DIR and
# nothing of the template, so two environment variables say the rest; their defaults are the template's (a test compares).
PYTHON_RUNTIME ?= python3.13
ARCHITECTURE ?= arm64
PYTHON ?= python3

version := $(patsubst python%,%,$(PYTHON_RUNTIME))
machine := $(if $(filter arm64,$(ARCHITECTURE)),aarch64,x86_64)
# Runtimes from Python 3.12 on run on Amazon Linux 2023, with glibc 2.34.
platforms := $(foreach glibc,2_34 2_31 2_28 2_27 2_26 2_24 2_17,--platform manylinux_$(glibc)_$(machine)) \
  --platform manylinux2014_$(machine)
# PLATFORM=native builds for the interpreter that runs here: for laptops, whatever their system.
wheels := $(if $(filter native,$(PLATFORM)),,$(platforms) --python-version $(version) --implementation cp)

build-%:
	cp *.py $(wildcard *.yaml) "$(ARTIFACTS_DIR)/"
	for folder in */; do [ ! -e "$$folder/__init__.py" ] || (mkdir -p "$(ARTIFACTS_DIR)/$$folder" && cp "$$folder"*.py "$(ARTIFACTS_DIR)/$$folder"); done
	"$(PYTHON)" -m pip install --quiet --disable-pip-version-check --no-input --root-user-action ignore --no-compile --no-deps \
	  --only-binary=:all: $(wheels) --target "$(ARTIFACTS_DIR)" --requirement requirements.txt
	rm -rf "$(ARTIFACTS_DIR)/bin"
	find "$(ARTIFACTS_DIR)" -type d -name tests -prune -exec rm -rf {} +  # NumPy ships 8 MB of its own
