.PHONY: setup
PYTHON ?= $(firstword $(shell command -v python3.11) $(shell command -v python3))
CRM_HOME ?= var
