#!/usr/bin/env bash
# Runs all tests: tools/test.sh PYTEST [ARGUMENT ...]. A test of real parts (marked `real`) that failed is played once more,
# alone: with two workers a PBX, a server and browsers of each share the machine, and what hangs on that is not the program's
# fault. It fails the run if it fails again; it is named at the end in any case. Any other test has one chance.
set -euo pipefail
pytest="$1"
shift
most=5 # more than that is no chance any more

code=0
"${pytest}" "$@" || code=$?
[ "${code}" = 1 ] || exit "${code}" # 1: all were run, some failed

failed() { "${pytest}" --last-failed --last-failed-no-failures none --collect-only -q -m "$1" 2>/dev/null | grep '::' || true; }
pure="$(failed 'not real')"
real="$(failed real)"
if [ -n "${pure}" ] || [ -z "${real}" ] || [ "$(wc -l <<<"${real}")" -gt "${most}" ]; then
  exit 1
fi
echo "once more, alone:" "${real}"
"${pytest}" --last-failed --last-failed-no-failures none -m real
echo "failed beside other tests and passed alone (look into it):" "${real}"
