#!/bin/sh
# The `kartenwart` command of the installed agent; -I: nothing of the caller's environment changes what is run.
exec /opt/kartenwart/current/bin/python -I -c \
  'import sys; sys.argv[0] = "kartenwart"; from kartenwart.__main__ import main; main()' "$@"
